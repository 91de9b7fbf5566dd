//! `ringback mock`: runs the mock vendors until somebody stops them.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::config::mock::MockFlags;
use crate::config::{Environment, Sources};
use crate::listing;
use clap::ValueEnum;
use ringback_mocks::journal::Journal;
use ringback_mocks::standalone::{Setup, Standalone};
use serde_json::json;

use super::{Format, Problem, UNDECIDED, block_on, interrupted, journal, print, usage};

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    flags: Box<MockFlags>,
    /// Say what the mocks do, and how each point is known, instead of running them
    #[arg(long, value_name = "FORMAT", value_enum)]
    describe: Option<DescribeFormat>,
    /// How to say that they are ready
    #[arg(long, value_enum, default_value = "text", env = "RINGBACK_FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DescribeFormat {
    /// Tables
    Md,
    /// For programs
    Json,
}

/// Runs the mocks; stopping them is how they end, so that is a success.
pub(super) fn run(arguments: Arguments) -> Result<u8, Problem> {
    match arguments.describe {
        Some(DescribeFormat::Md) => return print(&listing::mocks::markdown()).map(|()| 0),
        Some(DescribeFormat::Json) => return print(&format!("{:#}\n", listing::mocks::json())).map(|()| 0),
        None => {}
    }
    let MockFlags { mock, config } = *arguments.flags;
    let sources = Sources::read(config.as_deref(), Environment::of_this_process()).map_err(usage)?;
    let setup = sources.mocks(mock).map_err(usage)?;
    let journal = Journal::open();
    let failure = match &setup.journal {
        None => None,
        Some(path) => {
            let cannot = |error| usage(format!("cannot write the journal {}: {error}", path.display()));
            Some(journal::write(&journal, path).map_err(cannot)?)
        }
    };
    let start = Setup {
        vendors: setup.vendors,
        control: Some(setup.control),
        routes: setup.routes,
        rules: setup.rules,
        journal: Arc::clone(&journal),
    };
    block_on(async {
        let running = Standalone::start(start)
            .await
            .map_err(|error| Problem { code: UNDECIDED, message: error.to_string() })?;
        print(&ready(&running, arguments.format))?;
        let stopped_writing = async {
            match failure {
                Some(failure) => failure.await.ok(),
                None => None,
            }
        };
        tokio::select! {
            _ = interrupted() => Ok(0),
            Some(error) = stopped_writing => {
                let message = format!("the journal can no longer be written: {error}");
                Err(Problem { code: UNDECIDED, message })
            }
        }
    })?
}

fn ready(running: &Standalone, format: Format) -> String {
    let control = running.control().unwrap_or_default();
    if format == Format::Json {
        let urls: serde_json::Map<String, serde_json::Value> =
            running.mocks().iter().map(|mock| (mock.vendor().name().to_owned(), json!(mock.url()))).collect();
        return format!("{}\n", json!({"ready": true, "vendors": urls, "control": control}));
    }
    let mut text = String::new();
    for mock in running.mocks() {
        let _ = writeln!(text, "{:<8} {}", mock.vendor().name(), mock.url());
    }
    let _ = writeln!(text, "{:<8} {control}", "control");
    text.push_str("ready; Ctrl-C ends it\n");
    text
}
