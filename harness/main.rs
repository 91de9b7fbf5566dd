//! The `ringback` command: parses, calls the library, maps verdicts to exit codes. Nothing else.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use ringback::listing;

mod cli;
use cli::{Problem, print, usage};

const EXAMPLES: &str = "\
Examples:
  ringback test                                       both embedded reference subjects
  ringback test gateway --exec 'python3 gateway.py'   a gateway that we start and end
  ringback test gateway http://127.0.0.1:8080 --upstream kling=127.0.0.1:9101
                                                      a gateway that already points at our mocks
  ringback test gateway https://api.example.com       a deployed gateway, from outside
  ringback test gateway https://api.example.com --spend 9 --only 'GW-LV-*' --advertise https://me.example.net
                                                      live jobs, followed through real callbacks
  ringback test gateway --shard 1/4 --report json=1.json
                                                      a quarter of the cases; then: ringback report --from *.json
  ringback test gateway --replay GW-CB-001-kling-s7-v24f7
                                                      one failure again, with the same inputs
  ringback test receiver --exec 'python3 receiver.py' a receiver that we start and end
  ringback test receiver https://me.example.com/hooks/kling --vendor kling
                                                      a receiver that runs already
  ringback explain GW-CB-001                          one requirement

Exit codes: 0 conforms, 1 violations, 2 usage or configuration, 3 could not judge, 4 nothing ran";

/// Judges gateways that hand a callback URL to Kling, Doubao, MiniMax and Vidu, and receivers of their callbacks.
#[derive(Debug, Parser)]
#[command(name = "ringback", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a subject; with nothing named, both embedded reference subjects
    Test(cli::test::Arguments),
    /// Run the mock vendors until Ctrl-C
    Mock(cli::mock::Arguments),
    /// Send one realistic callback, signed as that vendor signs
    Trigger(cli::trigger::Arguments),
    /// Send many callbacks at a steady rate, and count what becomes of them
    Storm(cli::storm::Arguments),
    /// Receive callbacks: verify, validate, print, keep
    Listen(cli::listen::Arguments),
    /// Show stored JSON reports again; shards of one run are put together
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
    },
    /// Prove the checks: the reference passes, every defect is caught by those that name it, and no
    /// legal oddity is accused
    Selftest(cli::selftest::Arguments),
    /// Print what makes a shell complete this command's words
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
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Test(arguments) => cli::test::run(arguments),
        Command::Mock(arguments) => cli::mock::run(arguments),
        Command::Trigger(arguments) => cli::trigger::run(&arguments),
        Command::Storm(arguments) => cli::storm::run(arguments),
        Command::Listen(arguments) => cli::listen::run(&arguments),
        Command::Report(arguments) => cli::report::run(&arguments),
        Command::List { format } => list(format),
        Command::Explain { id } => explain(&id),
        Command::Selftest(arguments) => cli::selftest::run(&arguments),
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

fn list(format: ListFormat) -> Result<u8, Problem> {
    match format {
        ListFormat::Text => print(&listing::text()),
        ListFormat::Md => print(&listing::markdown()),
        ListFormat::Json => print(&format!("{:#}\n", listing::json())),
    }?;
    Ok(0)
}

fn explain(id: &str) -> Result<u8, Problem> {
    match listing::explain(id) {
        Some(text) => print(&text).map(|()| 0),
        None => {
            let like = listing::ids_like(id);
            let hint = if like.is_empty() { "`ringback list` shows all".to_owned() } else { like.join(", ") };
            Err(usage(format!("there is no requirement `{id}`; {hint}")))
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<u8, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ringback", &mut script);
    print(&String::from_utf8_lossy(&script)).map(|()| 0)
}

fn man() -> Result<u8, Problem> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(|error| Problem {
        code: cli::UNDECIDED,
        message: format!("cannot write the page: {error}"),
    })?;
    print(&String::from_utf8_lossy(&page)).map(|()| 0)
}
