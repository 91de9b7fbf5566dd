//! `ringback doctor`: can this machine, configuration and target be judged at all?

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::config::gateway::GatewayFlags;
use crate::config::receiver::ReceiverFlags;
use crate::config::{self, ConfigError, Environment, Secrets, Sources};
use crate::doctor::{Configured, Diagnosis, Machine, Seen, probe};
use crate::gateway::target::GatewayTarget;
use crate::receiver::target::ReceiverTarget;
use crate::run::session::RunOptions;
use clap::Subcommand;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Problem, UNDECIDED, print, usage};

/// The longest it looks, whatever does not answer; five seconds are promised for all of it.
const LOOKS_FOR: Duration = Duration::from_millis(4_500);
/// How much of that the configuration may take: there may be names in it, which are resolved.
const CONFIGURED_WITHIN: Duration = Duration::from_millis(1_500);

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    subject: Option<Subject>,
    /// How to print
    #[arg(long, value_enum, default_value = "text", env = "RINGBACK_FORMAT", global = true)]
    format: Format,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Look at what `ringback test gateway` with the same flags would rest on
    Gateway {
        #[command(flatten)]
        flags: Box<GatewayFlags>,
    },
    /// Look at what `ringback test receiver` with the same flags would rest on
    Receiver {
        #[command(flatten)]
        flags: Box<ReceiverFlags>,
    },
}

/// A subject whose configuration is valid.
enum Resolved {
    Gateway(GatewayTarget, RunOptions),
    Receiver(ReceiverTarget, RunOptions),
}

/// Looks and tells; exit code 0 can be judged, 2 wrong configuration, 3 cannot be judged. `command` is the
/// whole command line, which knows the variables of its flags.
pub(super) fn run(arguments: Arguments, command: &clap::Command) -> Result<u8, Problem> {
    let ends = Instant::now() + LOOKS_FOR;
    let environment = Environment::of_this_process();
    let secrets = Secrets::of(&environment);
    let flag = arguments.subject.as_ref().and_then(Subject::config);
    let file = flag.clone().or_else(|| environment.config()).unwrap_or_else(|| PathBuf::from(config::FILE));
    let sources = Sources::read(flag.as_deref(), environment.clone());
    let (subjects, wrong) = match (arguments.subject, &sources) {
        (Some(subject), _) => (vec![subject], None),
        (None, Ok(sources)) => (subjects(sources)?, None),
        // What is wrong with the file that says which subjects there are is one thing to tell among others.
        (None, Err(wrong)) => (Vec::new(), Some(wrong.to_string())),
    };
    let machine = Machine { wrong, ..probe::machine(&file, &variables(command)) };
    let resolved: Vec<_> = subjects.into_iter().map(|subject| resolve(subject, &sources, &secrets)).collect();
    let looks = resolved.into_iter().map(|(name, resolved)| look(name, resolved, &secrets, ends));
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Problem { code: UNDECIDED, message: format!("cannot start a runtime: {error}") })?;
    let seen = runtime.block_on(join_all(looks));
    // A name that is still being resolved has a thread that cannot be ended, and is not waited for.
    runtime.shutdown_background();
    let diagnosis = Diagnosis::of(&machine, seen);
    match arguments.format {
        Format::Text => print(&diagnosis.text())?,
        Format::Json => print(&format!("{:#}\n", diagnosis.json()))?,
    }
    Ok(diagnosis.exit_code())
}

/// The subjects that `ringback test` would judge.
fn subjects(sources: &Sources) -> Result<Vec<Subject>, Problem> {
    let gateway = || Subject::Gateway { flags: Box::default() };
    let receiver = || Subject::Receiver { flags: Box::default() };
    let named = sources.named().map_err(usage)?;
    Ok(if named.gateway || named.selection && !named.receiver {
        vec![gateway()]
    } else if named.receiver {
        vec![receiver()]
    } else {
        vec![gateway(), receiver()]
    })
}

type Answer = Option<Result<Resolved, ConfigError>>;

/// Resolves the configuration on a thread of its own, because a name that resolves slowly cannot be
/// interrupted; nothing if the time is up before.
fn resolve(
    subject: Subject,
    sources: &Result<Sources, ConfigError>,
    secrets: &Secrets,
) -> (&'static str, Answer) {
    let name = subject.name();
    let sources = match sources {
        Ok(sources) => sources.clone(),
        Err(wrong) => return (name, Some(Err(wrong.clone()))),
    };
    let (sender, resolved) = mpsc::channel();
    let secrets = secrets.clone();
    thread::spawn(move || {
        let resolved = match subject {
            Subject::Gateway { flags } => {
                sources.gateway(*flags, secrets).map(|(target, options)| Resolved::Gateway(target, options))
            }
            Subject::Receiver { flags } => sources
                .receiver(*flags, &secrets)
                .map(|(target, options)| Resolved::Receiver(target, options)),
        };
        // Nobody listens any more when the time is up.
        let _ = sender.send(resolved);
    });
    (name, resolved.recv_timeout(CONFIGURED_WITHIN).ok())
}

async fn look(name: &'static str, resolved: Answer, secrets: &Secrets, ends: Instant) -> Seen {
    match resolved {
        Some(Ok(Resolved::Gateway(target, options))) => {
            probe::gateway(&target, &options, secrets, ends).await
        }
        Some(Ok(Resolved::Receiver(target, options))) => {
            probe::receiver(&target, &options, secrets, ends).await
        }
        Some(Err(wrong)) => Seen::without_target(name, Configured::Wrong(wrong.to_string()), secrets),
        None => Seen::without_target(name, Configured::Slow(CONFIGURED_WITHIN), secrets),
    }
}

impl Subject {
    const fn name(&self) -> &'static str {
        match self {
            Self::Gateway { .. } => "gateway",
            Self::Receiver { .. } => "receiver",
        }
    }

    fn config(&self) -> Option<PathBuf> {
        match self {
            Self::Gateway { flags } => flags.config.clone(),
            Self::Receiver { flags } => flags.config.clone(),
        }
    }
}

/// The variables of settings, and of what only the command line takes.
fn variables(command: &clap::Command) -> Vec<String> {
    fn own(command: &clap::Command) -> Vec<String> {
        let here = command.get_arguments().filter_map(|one| Some(one.get_env()?.to_str()?.to_owned()));
        here.chain(command.get_subcommands().flat_map(own)).collect()
    }
    let mut all = config::variables();
    all.extend(own(command));
    all
}
