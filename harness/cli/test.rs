//! `ringback test`: judges a subject, prints the report, writes it where it is wanted.

use crate::config::receiver::{self, ReceiverFlags};
use crate::config::{self, GatewayFlags, Secrets, from_environment};
use crate::gateway::stage as gateway_stage;
use crate::receiver::stage as receiver_stage;
use crate::report::Report;
use crate::run::progress::Progress;
use crate::run::session::RunError;
use crate::snapshots::{self, Taken, Update};
use clap::Subcommand;

use super::output::Output;
use super::{Problem, UNDECIDED, block_on, interrupted, print, progress, usage};

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
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
        flags: Box<GatewayFlags>,
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

/// Judges, prints and writes; the exit code is the verdict's.
pub(super) fn run(arguments: Arguments) -> Result<u8, Problem> {
    let Arguments { subject, output } = arguments;
    let secrets = Secrets::read(|name| std::env::var(name).ok());
    match subject {
        Some(Subject::Gateway { flags, output: own }) => gateway(*flags, secrets, own.or(output)),
        Some(Subject::Receiver { flags, output: own }) => receiver(*flags, &secrets, own.or(output)),
        None => configured(secrets, output),
    }
}

/// `ringback test` alone judges what the environment and the file name, and the references where they name
/// nothing.
fn configured(secrets: Secrets, output: Output) -> Result<u8, Problem> {
    let named = config::named().map_err(usage)?;
    if named.gateway || named.selection && !named.receiver {
        return gateway(from_environment().map_err(usage)?, secrets, output);
    }
    if named.receiver {
        return receiver(from_environment().map_err(usage)?, &secrets, output);
    }
    let flags: GatewayFlags = from_environment().map_err(usage)?;
    let whole = output.clone().over(config::output(flags.run.config.as_deref()).map_err(usage)?)?;
    if whole.is_about_one_subject() {
        return Err(usage(
            "two subjects are judged, and a report is about one; say `ringback test gateway` or `ringback test receiver`",
        ));
    }
    let receiver_flags = from_environment().map_err(usage)?;
    let first = gateway(flags, secrets.clone(), output.clone())?;
    print("\n")?;
    let second = receiver(receiver_flags, &secrets, output)?;
    // Violations count more than what could not be judged.
    Ok(if first == 1 || second == 1 { 1 } else { first.max(second) })
}

fn receiver(flags: ReceiverFlags, secrets: &Secrets, output: Output) -> Result<u8, Problem> {
    let output = output.over(config::output(flags.run.config.as_deref()).map_err(usage)?)?;
    let (target, options) = receiver::resolve(flags, secrets).map_err(usage)?;
    judged(receiver_stage::judge(target, &options), &options.progress, &output)
}

fn gateway(flags: GatewayFlags, secrets: Secrets, output: Output) -> Result<u8, Problem> {
    let output = output.over(config::output(flags.run.config.as_deref()).map_err(usage)?)?;
    let (folder, accept) = (flags.snapshots().map_err(usage)?, flags.accept);
    let (target, options) = config::resolve(flags, secrets).map_err(usage)?;
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
    output: &Output,
) -> Result<u8, Problem> {
    let destinations = output.destinations()?;
    // Dropping the run ends the subject that it started, and its whole process group.
    let report = block_on(async {
        tokio::select! {
            report = judging => Ok(report),
            never = progress::show(progress), if !output.is_quiet() => match never {},
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
