//! `ringback test`: judges a subject, prints the report, writes it where it is wanted.

use std::fs;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use ringback::config::receiver::{self, ReceiverFlags};
use ringback::config::{self, Flags, Secrets};
use ringback::report::{Report, terminal};
use ringback::session::{self, RunError};

use super::{Problem, UNDECIDED, USAGE, block_on, interrupted, print, usage};

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    subject: Option<Subject>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Judge a gateway
    Gateway {
        #[command(flatten)]
        flags: Box<Flags>,
        #[command(flatten)]
        output: Output,
    },
    /// Judge a receiver of callbacks
    Receiver {
        #[command(flatten)]
        flags: Box<ReceiverFlags>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Output {
    /// Write reports: json=PATH (several with commas)
    #[arg(long, value_name = "FORMAT=PATH", env = "RINGBACK_REPORT", value_delimiter = ',')]
    pub(super) report: Vec<String>,
    /// What to print
    #[arg(long, value_enum, env = "RINGBACK_FORMAT")]
    pub(super) format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// The report's JSON
    Json,
}

/// Judges, prints and writes; the exit code is the verdict's.
pub(crate) fn run(arguments: Arguments) -> Result<u8, Problem> {
    let Arguments { subject, output } = arguments;
    let secrets = Secrets::read(|name| std::env::var(name).ok());
    match subject {
        Some(Subject::Gateway { flags, output: own }) => gateway(*flags, secrets, &merged(output, own)),
        Some(Subject::Receiver { flags, output: own }) => {
            let (target, options) = receiver::resolve(*flags, &secrets).map_err(usage)?;
            judged(session::receiver::judge(target, &options), &merged(output, own))
        }
        None => configured(secrets, &output),
    }
}

/// `ringback test` alone judges what the environment and the file name, and the references where they name
/// nothing.
fn configured(secrets: Secrets, output: &Output) -> Result<u8, Problem> {
    let (flags, receiver_flags) = (from_environment::<Flags>(), from_environment::<ReceiverFlags>());
    let named = config::named().map_err(usage)?;
    if named.gateway || named.selection && !named.receiver {
        return gateway(flags, secrets, output);
    }
    if named.receiver {
        let (target, options) = receiver::resolve(receiver_flags, &secrets).map_err(usage)?;
        return judged(session::receiver::judge(target, &options), output);
    }
    if !output.report.is_empty() || output.format == Some(Format::Json) {
        return Err(usage(
            "two subjects are judged, and a report is about one; say `ringback test gateway` or `ringback test receiver`",
        ));
    }
    let first = gateway(flags, secrets.clone(), output)?;
    print("\n")?;
    let (target, options) = receiver::resolve(receiver_flags, &secrets).map_err(usage)?;
    let second = judged(session::receiver::judge(target, &options), output)?;
    // Violations count more than what could not be judged.
    Ok(if first == 1 || second == 1 { 1 } else { first.max(second) })
}

fn gateway(flags: Flags, secrets: Secrets, output: &Output) -> Result<u8, Problem> {
    let (target, options) = config::resolve(flags, secrets).map_err(usage)?;
    judged(session::judge(target, &options), output)
}

fn merged(outer: Output, inner: Output) -> Output {
    Output {
        report: if inner.report.is_empty() { outer.report } else { inner.report },
        format: inner.format.or(outer.format),
    }
}

fn from_environment<F: clap::Args + Default>() -> F {
    #[derive(Parser)]
    struct Alone<F: clap::Args> {
        #[command(flatten)]
        flags: F,
    }
    Alone::<F>::try_parse_from(["ringback"]).map(|alone| alone.flags).unwrap_or_default()
}

fn judged(judging: impl Future<Output = Result<Report, RunError>>, output: &Output) -> Result<u8, Problem> {
    let written = output.report.iter().map(|report| destination(report)).collect::<Result<Vec<_>, _>>()?;
    // Dropping the run ends the subject that it started, and its whole process group.
    let report = block_on(async {
        tokio::select! {
            report = judging => Ok(report),
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
        Some(Format::Json) => print(&json(&report)?)?,
        _ => print(&terminal::render(&report))?,
    }
    for path in written {
        write_whole(&path, &json(&report)?)?;
    }
    Ok(code)
}

pub(super) fn destination(report: &str) -> Result<PathBuf, Problem> {
    match report.split_once('=') {
        Some(("json", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(usage(format!("--report takes json=PATH, not `{report}`"))),
    }
}

pub(super) fn json(report: &Report) -> Result<String, Problem> {
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Problem { code: UNDECIDED, message: format!("cannot write the report: {error}") })?;
    Ok(format!("{text}\n"))
}

/// Writes beside the destination first, so that no half a report is ever found there.
pub(super) fn write_whole(path: &PathBuf, text: &str) -> Result<(), Problem> {
    let mut part = path.clone().into_os_string();
    part.push(".part");
    fs::write(&part, text).and_then(|()| fs::rename(&part, path)).map_err(|error| {
        let _ = fs::remove_file(&part);
        Problem { code: USAGE, message: format!("cannot write {}: {error}", path.display()) }
    })
}
