//! What the subcommands of the `ringback` command share: problems, printing, the runtime.

use std::io::{self, Write as _};

pub(crate) mod doctor;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod journal;
pub(crate) mod listen;
pub(crate) mod mock;
pub(crate) mod output;
mod progress;
pub(crate) mod report;
mod secrets;
pub(crate) mod selftest;
pub(crate) mod storm;
pub(crate) mod test;
pub(crate) mod trigger;

/// Usage or configuration.
pub(crate) const USAGE: u8 = 2;
/// No verdict could be reached.
pub(crate) const UNDECIDED: u8 = 3;

/// How to print what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: a JSON object a line
    Json,
}

/// One sentence and an exit code.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: u8,
    pub(crate) message: String,
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
pub(crate) fn usage(message: impl ToString) -> Problem {
    Problem { code: USAGE, message: message.to_string() }
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Problem { code: UNDECIDED, message: format!("cannot start a runtime: {error}") })?;
    Ok(runtime.block_on(work))
}

/// Prints to stdout; a reader that has gone away (`| head`) is not our failure.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem { code: UNDECIDED, message: format!("cannot write to stdout: {error}") })
        }
        _ => Ok(()),
    }
}

/// Waits for somebody to stop us; the exit code is the shell's custom, 128 and the signal.
#[cfg(unix)]
pub(crate) async fn interrupted() -> u8 {
    use tokio::signal;
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = signal::ctrl_c() => 130,
        _ = terminated => 143,
    }
}

/// Waits for somebody to stop us.
#[cfg(not(unix))]
pub(crate) async fn interrupted() -> u8 {
    let _ = tokio::signal::ctrl_c().await;
    130
}
