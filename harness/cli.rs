//! The `ringback` command: parses, calls the library, maps verdicts to exit codes. One file for each verb.
//!
//! Behind the feature `cli`. What another crate could want has no place here.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::listing;

mod doctor;
mod help;
mod init;
mod journal;
mod listen;
mod mock;
pub(crate) mod output;
mod progress;
mod report;
mod secrets;
mod selftest;
mod storm;
mod test;
mod trigger;

/// Judges gateways that pass a callback URL to AI vendors, and its receivers
#[derive(Debug, Parser)]
#[command(name = "ringback", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a gateway or a receiver; none named: both references
    Test(test::Arguments),
    /// Run the mock vendors until Ctrl-C
    Mock(mock::Arguments),
    /// Send one realistic callback, signed as that vendor signs
    Trigger(trigger::Arguments),
    /// Send many callbacks at a steady rate, count what happens
    Storm(storm::Arguments),
    /// Receive callbacks: verify, validate, print, keep
    Listen(listen::Arguments),
    /// Show stored JSON reports again, in any format
    Report(report::Arguments),
    /// The requirement catalogue
    List {
        /// How to print it
        #[arg(long, value_enum, default_value = "text")]
        format: ListFormat,
    },
    /// One requirement: sentence, source, why, how to fix, its proof
    Explain {
        /// Such as GW-CB-001
        id: String,
        /// How to print it
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Prove the checks: every defect caught, no legal oddity accused
    Selftest(selftest::Arguments),
    /// Look whether this machine, settings and target can be judged
    Doctor(doctor::Arguments),
    /// Write a ringback.toml with every setting, commented out
    Init(init::Arguments),
    /// Print what makes a shell complete commands and flags
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for `man -l`
    Man,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// One line each
    Text,
    /// For programs
    Json,
    /// A table
    Md,
}

/// The whole command: reads the arguments of this process, does what they say, and gives the exit code.
///
/// It is neither async nor generic, so that everything below it is compiled once, here, and not again in the
/// binary that calls it.
pub fn main() -> ExitCode {
    let parsed = match CommandLine::from_arg_matches(&command().get_matches()) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    let done = match parsed.command {
        Command::Test(arguments) => test::run(arguments),
        Command::Mock(arguments) => mock::run(arguments),
        Command::Trigger(arguments) => trigger::run(&arguments),
        Command::Storm(arguments) => storm::run(arguments),
        Command::Listen(arguments) => listen::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::List { format } => list(format),
        Command::Explain { id, format } => explain(&id, format),
        Command::Selftest(arguments) => selftest::run(&arguments),
        Command::Doctor(arguments) => doctor::run(arguments, &command()),
        Command::Init(arguments) => init::run(&arguments),
        Command::Completions { shell } => completions(shell),
        Command::Man => man(),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(Problem { code, message }) => {
            // Nowhere is left to complain to when this fails.
            let _ = writeln!(io::stderr(), "ringback: {message}");
            ExitCode::from(code)
        }
    }
}

/// The command line, its help laid out.
fn command() -> clap::Command {
    help::arranged(CommandLine::command())
}

fn list(format: ListFormat) -> Result<u8, Problem> {
    match format {
        ListFormat::Text => print(&listing::text()),
        ListFormat::Md => print(&listing::markdown()),
        ListFormat::Json => print(&format!("{:#}\n", listing::json())),
    }?;
    Ok(0)
}

fn explain(id: &str, format: Format) -> Result<u8, Problem> {
    let told = match format {
        Format::Text => listing::explain(id),
        Format::Json => listing::explain_json(id).map(|entry| format!("{entry}\n")),
    };
    match told {
        Some(text) => print(&text).map(|()| 0),
        None => Err(usage(format!("there is no requirement `{id}`; {}", listing::ids_like(id)))),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<u8, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "ringback", &mut script);
    print(&String::from_utf8_lossy(&script)).map(|()| 0)
}

fn man() -> Result<u8, Problem> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command())
        .render(&mut page)
        .map_err(|error| Problem { code: UNDECIDED, message: format!("cannot write the page: {error}") })?;
    print(&String::from_utf8_lossy(&page)).map(|()| 0)
}

/// Usage or configuration.
const USAGE: u8 = 2;
/// No verdict could be reached.
const UNDECIDED: u8 = 3;

/// How to print what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: a JSON object a line
    Json,
}

/// One sentence and an exit code.
#[derive(Debug)]
struct Problem {
    code: u8,
    message: String,
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
fn usage(message: impl ToString) -> Problem {
    Problem { code: USAGE, message: message.to_string() }
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Problem { code: UNDECIDED, message: format!("cannot start a runtime: {error}") })?;
    Ok(runtime.block_on(work))
}

/// Prints to stdout; a reader that has gone away (`| head`) is not our failure.
fn print(text: &str) -> Result<(), Problem> {
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
async fn interrupted() -> u8 {
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
async fn interrupted() -> u8 {
    let _ = tokio::signal::ctrl_c().await;
    130
}
