//! `ringback test`: judges a subject, prints the report, writes it where it is wanted.

use crate::config::gateway::GatewayFlags;
use crate::config::receiver::ReceiverFlags;
use crate::config::run::OutputSettings;
use crate::config::section::Section as _;
use crate::config::{Environment, Sources};
use crate::gateway::stage as gateway_stage;
use crate::receiver::stage as receiver_stage;
use crate::report::Report;
use crate::run::progress::Progress;
use crate::run::session::RunError;
use crate::snapshots::{self, Taken, Update};
use std::path::PathBuf;

use clap::Subcommand;

use super::output::{Destinations, is_about_one_subject};
use super::{Problem, UNDECIDED, block_on, interrupted, print, progress, usage};

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    subject: Option<Subject>,
    #[command(flatten)]
    output: OutputSettings,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Judge a gateway
    Gateway {
        #[command(flatten)]
        flags: Box<GatewayFlags>,
        #[command(flatten)]
        output: OutputSettings,
    },
    /// Judge a receiver of callbacks
    Receiver {
        #[command(flatten)]
        flags: Box<ReceiverFlags>,
        #[command(flatten)]
        output: OutputSettings,
    },
}

/// Judges, prints and writes; the exit code is the verdict's.
pub(super) fn run(arguments: Arguments) -> Result<u8, Problem> {
    let Arguments { subject, output } = arguments;
    let sources = |config: Option<&PathBuf>| {
        Sources::read(config.map(PathBuf::as_path), Environment::of_this_process()).map_err(usage)
    };
    // Of flags before the subject and behind it, those behind it count.
    match subject {
        Some(Subject::Gateway { flags, output: own }) => {
            gateway(&sources(flags.config.as_ref())?, *flags, own.over(output))
        }
        Some(Subject::Receiver { flags, output: own }) => {
            receiver(&sources(flags.config.as_ref())?, *flags, own.over(output))
        }
        None => configured(&sources(None)?, output),
    }
}

/// `ringback test` alone judges what the environment and the file name, and the references where they name
/// nothing.
fn configured(sources: &Sources, output: OutputSettings) -> Result<u8, Problem> {
    let named = sources.named().map_err(usage)?;
    if named.gateway || named.selection && !named.receiver {
        return gateway(sources, GatewayFlags::default(), output);
    }
    if named.receiver {
        return receiver(sources, ReceiverFlags::default(), output);
    }
    if is_about_one_subject(&sources.output(output.clone()).map_err(usage)?) {
        return Err(usage(
            "two subjects are judged, and a report is about one; say `ringback test gateway` or `ringback test receiver`",
        ));
    }
    let first = gateway(sources, GatewayFlags::default(), output.clone())?;
    print("\n")?;
    let second = receiver(sources, ReceiverFlags::default(), output)?;
    // Violations count more than what could not be judged.
    Ok(if first == 1 || second == 1 { 1 } else { first.max(second) })
}

fn receiver(sources: &Sources, flags: ReceiverFlags, output: OutputSettings) -> Result<u8, Problem> {
    let output = sources.output(output).map_err(usage)?;
    let (target, options) = sources.receiver(flags, &sources.secrets()).map_err(usage)?;
    judged(receiver_stage::judge(target, &options), &options.progress, &output)
}

fn gateway(sources: &Sources, flags: GatewayFlags, output: OutputSettings) -> Result<u8, Problem> {
    let output = sources.output(output).map_err(usage)?;
    let (folder, accept) = (sources.snapshots(&flags).map_err(usage)?, flags.accept);
    let (target, options) = sources.gateway(flags, sources.secrets()).map_err(usage)?;
    let Some(folder) = folder else {
        return judged(gateway_stage::judge(target, &options), &options.progress, &output);
    };
    snapshots::possible(&target).map_err(usage)?;
    let mut taken = Taken::default();
    let judging = async {
        let session = gateway_stage::open(target, &options).await?;
        taken = snapshots::take(&session.stage).await;
        Ok(session.judge().await)
    };
    let code = judged(judging, &options.progress, &output)?;
    let update = if accept { Update::Always } else { Update::named(|name| std::env::var(name).ok()) };
    let review = snapshots::review(&folder, &taken, update).map_err(usage)?;
    // On stderr: what is printed may be a report for programs.
    eprint(&review.text());
    Ok(if review.is_accepted() { code } else { 1 })
}

fn eprint(text: &str) {
    use std::io::Write as _;
    // Nowhere is left to complain to when this fails.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn judged(
    judging: impl Future<Output = Result<Report, RunError>>,
    progress: &Progress,
    output: &OutputSettings,
) -> Result<u8, Problem> {
    let destinations = Destinations::open(output)?;
    // Dropping the run ends the subject that it started, and its whole process group.
    let report = block_on(async {
        tokio::select! {
            report = judging => Ok(report),
            never = progress::show(progress), if !destinations.is_quiet() => match never {},
            code = interrupted() => Err(Problem { code, message: "interrupted".to_owned() }),
        }
    })??;
    let report = match report {
        Err(error) if error.is_usage() => return Err(usage(error)),
        Err(error) => return Err(Problem { code: UNDECIDED, message: format!("could not judge: {error}") }),
        Ok(report) => report,
    };
    destinations.deliver(&report)
}
