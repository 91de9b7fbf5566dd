//! The command as a user has it: a folder, arguments, and no environment but what is given. What it says is judged elsewhere.

use std::path::Path;
use std::process::Command;

/// The command in a folder.
pub(crate) fn command(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringback"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(variables.iter().copied());
    command
}
