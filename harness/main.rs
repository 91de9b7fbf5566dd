//! The `ringback` command: parses, calls the library, maps verdicts to exit codes. Nothing else.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use ringback::config::{self, Flags, Secrets};
use ringback::listing;
use ringback::report::{Report, terminal};
use ringback::selftest;
use ringback::session;
use ringback_mocks::reference::defect::Defect;
use ringback_mocks::reference::oddity::Oddity;

mod cli;
use cli::{Problem, UNDECIDED, USAGE, block_on, interrupted, print, usage};

const EXAMPLES: &str = "\
Examples:
  ringback test                                       the embedded reference gateway
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
  ringback explain GW-CB-001                          one requirement

Exit codes: 0 conforms, 1 violations, 2 usage or configuration, 3 could not judge, 4 nothing ran";

/// Judges gateways that hand a callback URL to Kling, Doubao, MiniMax and Vidu.
#[derive(Debug, Parser)]
#[command(name = "ringback", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a subject; with nothing named, the embedded reference gateway
    Test {
        #[command(subcommand)]
        subject: Option<TestSubject>,
        #[command(flatten)]
        output: Output,
    },
    /// Run the mock vendors until Ctrl-C
    Mock(cli::mock::Arguments),
    /// Send one realistic callback, signed as that vendor signs
    Trigger(cli::trigger::Arguments),
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
    Selftest {
        /// Only these defects
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        defect: Vec<String>,
        /// Only these oddities
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        oddity: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
enum TestSubject {
    /// Judge a gateway
    Gateway {
        #[command(flatten)]
        flags: Box<Flags>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Clone, Debug, Default, clap::Args)]
struct Output {
    /// Write reports: json=PATH (several with commas)
    #[arg(long, value_name = "FORMAT=PATH", env = "RINGBACK_REPORT", value_delimiter = ',')]
    report: Vec<String>,
    /// What to print
    #[arg(long, value_enum, env = "RINGBACK_FORMAT")]
    format: Option<RunFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RunFormat {
    /// For people
    Text,
    /// The report's JSON
    Json,
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
        Command::Test { subject, output } => {
            let (flags, output) = match subject {
                Some(TestSubject::Gateway { flags, output: own }) => (*flags, merged(output, own)),
                None => (from_environment(), output),
            };
            test(flags, &output)
        }
        Command::Mock(arguments) => cli::mock::run(arguments),
        Command::Trigger(arguments) => cli::trigger::run(&arguments),
        Command::Listen(arguments) => cli::listen::run(&arguments),
        Command::Report(arguments) => cli::report::run(&arguments),
        Command::List { format } => list(format),
        Command::Explain { id } => explain(&id),
        Command::Selftest { defect, oddity } => prove(&defect, &oddity),
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

fn merged(outer: Output, inner: Output) -> Output {
    Output {
        report: if inner.report.is_empty() { outer.report } else { inner.report },
        format: inner.format.or(outer.format),
    }
}

/// `ringback test` alone takes what the environment says.
fn from_environment() -> Flags {
    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        flags: Flags,
    }
    Alone::try_parse_from(["ringback"]).map(|alone| alone.flags).unwrap_or_default()
}

fn test(flags: Flags, output: &Output) -> Result<u8, Problem> {
    let secrets = Secrets::read(|name| std::env::var(name).ok());
    let (target, options) = config::resolve(flags, secrets).map_err(usage)?;
    let written = output.report.iter().map(|report| destination(report)).collect::<Result<Vec<_>, _>>()?;
    // Dropping the run ends the gateway that it started, and its whole process group.
    let report = block_on(async {
        tokio::select! {
            report = session::judge(target, &options) => Ok(report),
            code = interrupted() => Err(Problem { code, message: "interrupted".to_owned() }),
        }
    })??;
    let report = match report {
        Err(error) if error.is_usage() => return Err(usage(error)),
        Err(error) => return Err(Problem { code: UNDECIDED, message: format!("could not judge: {error}") }),
        Ok(report) => report,
    };
    // Decided once, before anything is rendered.
    let code = report.verdict.exit_code();
    match output.format {
        Some(RunFormat::Json) => print(&json(&report)?)?,
        _ => print(&terminal::render(&report))?,
    }
    for path in written {
        write_whole(&path, &json(&report)?)?;
    }
    Ok(code)
}

fn destination(report: &str) -> Result<PathBuf, Problem> {
    match report.split_once('=') {
        Some(("json", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(usage(format!("--report takes json=PATH, not `{report}`"))),
    }
}

fn json(report: &Report) -> Result<String, Problem> {
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Problem { code: UNDECIDED, message: format!("cannot write the report: {error}") })?;
    Ok(format!("{text}\n"))
}

/// Writes beside the destination first, so that no half a report is ever found there.
fn write_whole(path: &PathBuf, text: &str) -> Result<(), Problem> {
    let mut part = path.clone().into_os_string();
    part.push(".part");
    fs::write(&part, text).and_then(|()| fs::rename(&part, path)).map_err(|error| {
        let _ = fs::remove_file(&part);
        Problem { code: USAGE, message: format!("cannot write {}: {error}", path.display()) }
    })
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

fn prove(defects: &[String], oddities: &[String]) -> Result<u8, Problem> {
    let everything = defects.is_empty() && oddities.is_empty();
    let defects = chosen(defects, "defect", Defect::named)?;
    let oddities = chosen(oddities, "oddity", Oddity::named)?;
    let (defects, oddities) =
        if everything { (Defect::ALL, Oddity::ALL) } else { (&defects[..], &oddities[..]) };
    let could_not = |error: session::RunError| Problem { code: UNDECIDED, message: error.to_string() };
    let blemishes = block_on(selftest::blemishes())?.map_err(could_not)?;
    for blemish in &blemishes {
        print(&format!("WRONG   the reference: {blemish}\n"))?;
    }
    let mut uncaught = 0;
    for defect in defects {
        let kill = block_on(selftest::kill(*defect))?.map_err(could_not)?;
        uncaught += usize::from(!kill.is_exact());
        print(&format!("{}\n", selftest::line(&kill)))?;
    }
    let mut accused = 0;
    for oddity in oddities {
        let acceptance = block_on(selftest::accept(*oddity))?.map_err(could_not)?;
        accused += usize::from(!acceptance.is_whole());
        print(&format!("{}\n", selftest::acceptance_line(&acceptance)))?;
    }
    print(&format!("{} defects, {uncaught} not caught exactly as named\n", defects.len()))?;
    print(&format!("{} oddities, {accused} not accepted\n", oddities.len()))?;
    Ok(u8::from(blemishes.len() + uncaught + accused > 0))
}

/// What was asked for by name.
fn chosen<T>(names: &[String], kind: &str, named: fn(&str) -> Option<T>) -> Result<Vec<T>, Problem> {
    names
        .iter()
        .map(|name| named(name).ok_or_else(|| usage(format!("there is no {kind} `{name}`"))))
        .collect()
}
