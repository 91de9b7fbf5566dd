//! `ringback report`: stored runs, put together and shown again.

use std::io::Read as _;
use std::path::PathBuf;

use crate::config::run::OutputSettings;
use crate::config::{Environment, Sources};
use crate::report::stored;

use super::output::Destinations;
use super::{Problem, usage};

/// What to show.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// JSON reports of one run: the whole, or its shards
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    from: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputSettings,
}

/// Longest report read; a run's own is a few megabytes.
const LONGEST: u64 = 256 * 1024 * 1024;

pub(super) fn run(arguments: &Arguments) -> Result<u8, Problem> {
    let Arguments { from, output } = arguments;
    let sources = Sources::without_file(Environment::of_this_process());
    let destinations = Destinations::open(&sources.output(output.clone()).map_err(usage)?)?;
    let parts = from
        .iter()
        .map(|path| {
            let name = path.display().to_string();
            let cannot = |why: String| usage(format!("cannot read {name}: {why}"));
            // A pipe or a device has no length beforehand.
            let mut bytes = Vec::new();
            std::fs::File::open(path)
                .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
                .map_err(|error| cannot(error.to_string()))?;
            if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
                return Err(cannot(format!("it is longer than {} MiB", LONGEST / 1024 / 1024)));
            }
            let text = String::from_utf8(bytes)
                .map_err(|_| usage(format!("{name} is not JSON: it is not UTF-8")))?;
            stored::read(&name, &text).map(|report| (name, report)).map_err(usage)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let report = stored::merged(parts).map_err(usage)?;
    destinations.deliver(&report)
}
