//! `ringback init`: writes a `ringback.toml` to begin with.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use crate::config;
use crate::config::template::{self, Reader};

use super::{Problem, print, usage};

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only what this subject is judged by; without it, every setting there is
    #[arg(value_enum)]
    subject: Option<Subject>,
    /// Where to write it
    #[arg(long, value_name = "PATH", env = "RINGBACK_CONFIG", default_value = config::FILE)]
    config: PathBuf,
    /// Replace the file that is there
    #[arg(long)]
    force: bool,
    /// Print it instead
    #[arg(long, conflicts_with = "force")]
    print: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    Gateway,
    Receiver,
}

/// Writes; exit code 2 when it may not.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Problem> {
    let Arguments { subject, config, force, print: is_printed } = arguments;
    let text = template::text(subject.map(|subject| match subject {
        Subject::Gateway => Reader::Gateway,
        Subject::Receiver => Reader::Receiver,
    }));
    if *is_printed {
        return print(&text).map(|()| 0);
    }
    let shown = config.display();
    let mut options = OpenOptions::new();
    // Asked of the file system, so that no file that appears meanwhile is lost.
    let options = if *force { options.create(true).truncate(true) } else { options.create_new(true) };
    match options.write(true).open(config).and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => {
            print(&format!(
                "wrote {shown}; set in it what you need, and see with `ringback doctor` what comes of it\n"
            ))?;
            Ok(0)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(usage(format!(
            "{shown} is there already; --force replaces it, --print shows what would be written"
        ))),
        Err(error) => Err(usage(format!("cannot write {shown}: {error}"))),
    }
}
