//! The `ringback` command: parses, calls the library, maps verdicts to exit codes. Nothing else.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use ringback::listing;

mod cli;
use cli::{Problem, print, usage};

/// Judges gateways that pass a callback URL to AI vendors, and its receivers
#[derive(Debug, Parser)]
#[command(name = "ringback", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a gateway or a receiver; none named: both references
    Test(cli::test::Arguments),
    /// Run the mock vendors until Ctrl-C
    Mock(cli::mock::Arguments),
    /// Send one realistic callback, signed as that vendor signs
    Trigger(cli::trigger::Arguments),
    /// Send many callbacks at a steady rate, count what happens
    Storm(cli::storm::Arguments),
    /// Receive callbacks: verify, validate, print, keep
    Listen(cli::listen::Arguments),
    /// Show stored JSON reports again, in any format
    Report(cli::report::Arguments),
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
        format: cli::Format,
    },
    /// Prove the checks: every defect caught, no legal oddity accused
    Selftest(cli::selftest::Arguments),
    /// Look whether this machine, settings and target can be judged
    Doctor(cli::doctor::Arguments),
    /// Write a ringback.toml with every setting, commented out
    Init(cli::init::Arguments),
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

fn main() -> ExitCode {
    let cli = match Cli::from_arg_matches(&command().get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let done = match cli.command {
        Command::Test(arguments) => cli::test::run(arguments),
        Command::Mock(arguments) => cli::mock::run(arguments),
        Command::Trigger(arguments) => cli::trigger::run(&arguments),
        Command::Storm(arguments) => cli::storm::run(arguments),
        Command::Listen(arguments) => cli::listen::run(&arguments),
        Command::Report(arguments) => cli::report::run(&arguments),
        Command::List { format } => list(format),
        Command::Explain { id, format } => explain(&id, format),
        Command::Selftest(arguments) => cli::selftest::run(&arguments),
        Command::Doctor(arguments) => cli::doctor::run(arguments, &command()),
        Command::Init(arguments) => cli::init::run(&arguments),
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
    cli::help::arranged(Cli::command())
}

fn list(format: ListFormat) -> Result<u8, Problem> {
    match format {
        ListFormat::Text => print(&listing::text()),
        ListFormat::Md => print(&listing::markdown()),
        ListFormat::Json => print(&format!("{:#}\n", listing::json())),
    }?;
    Ok(0)
}

fn explain(id: &str, format: cli::Format) -> Result<u8, Problem> {
    let told = match format {
        cli::Format::Text => listing::explain(id),
        cli::Format::Json => listing::explain_json(id).map(|entry| format!("{entry}\n")),
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
    clap_mangen::Man::new(command()).render(&mut page).map_err(|error| Problem {
        code: cli::UNDECIDED,
        message: format!("cannot write the page: {error}"),
    })?;
    print(&String::from_utf8_lossy(&page)).map(|()| 0)
}
