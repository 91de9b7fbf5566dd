//! What can be said about any run, by flag, variable or the sections `[run]`, `[patience]` and `[output]` of the file.

use std::path::PathBuf;

use super::section::{Section as _, section};
use super::{ConfigError, Sources};
use crate::catalogue;
use crate::run::expectation::Expectation;
use crate::run::outcome::Level;
use crate::run::plan::{Selection, Shard};
use crate::run::progress::Progress;
use crate::run::session::{DEFAULT_SEED, RunOptions};
use crate::run::suggest::hint;

section! {
    /// Which cases, and how.
    #[command(next_help_heading = "Cases")]
    pub struct RunSettings("") {
        /// Run these cases only
        ///
        /// Names or requirement ids, * for any text; several with commas.
        #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
        only: Vec<String>,
        /// Leave these cases out
        ///
        /// Names or requirement ids, * for any text; several with commas.
        #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
        skip: Vec<String>,
        /// Judge requirements of this level only: must or should
        #[arg(long, value_name = "LEVEL", hide_short_help = true)]
        level: Option<String>,
        /// Run part I of N of the selected cases
        ///
        /// `ringback report --from` puts the reports together.
        #[arg(long, value_name = "I/N", hide_short_help = true)]
        shard: Option<String>,
        /// Run one case again with the same inputs
        ///
        /// The id is printed with each failure.
        #[serde(skip)]
        #[arg(long, value_name = "ID", conflicts_with_all = ["only", "skip", "level", "shard", "seed"])]
        replay: Option<String>,
        /// Seed of generated inputs [default: 7]
        #[arg(long, value_name = "N", hide_short_help = true)]
        seed: Option<u64>,
        /// A violated SHOULD fails the run
        #[arg(long, num_args = 0, default_missing_value = "true")]
        strict: Option<bool>,
        /// Cases at once [default: 48; 4 elsewhere]
        #[arg(long, value_name = "N", hide_short_help = true)]
        jobs: Option<usize>,
        /// Where reviewed payloads of a gateway are; only a command about gateways has a flag for it.
        #[arg(skip)]
        snapshots: Option<PathBuf>,
    }
}

section! {
    /// How long we wait for a gateway, and for a receiver where it says nothing of its own.
    #[command(next_help_heading = "What is right, and how soon")]
    pub struct PatienceSettings("") {
        /// The knob settle: how long the status may lag behind the vendor [default: 60s]
        #[arg(long, value_name = "TIME", hide_short_help = true)]
        settle: Option<String>,
        /// How long a live job may take until it ends [default: 15m]
        #[arg(long, value_name = "TIME", hide_short_help = true)]
        finish: Option<String>,
        /// The knob hang: how long a client may wait for a silent vendor [default: 60s]
        #[arg(long, value_name = "TIME", hide_short_help = true)]
        hang: Option<String>,
        /// How long one answer may take [default: 10s; 30s deployed]
        #[arg(long, value_name = "TIME", hide_short_help = true)]
        answer: Option<String>,
        /// How long --exec may take until it listens [default: 30s]
        #[arg(long, value_name = "TIME", hide_short_help = true)]
        ready: Option<String>,
    }
}

section! {
    /// Where the reports of a run go, and how the one on the terminal looks. Whether that is possible is decided where
    /// they are written.
    #[command(next_help_heading = "Output")]
    pub struct OutputSettings("") one of (quiet, verbose) {
        /// Write reports: junit=out.xml,json=run.json
        #[arg(long, value_name = "FORMAT=PATH", value_delimiter = ',')]
        report: Vec<String>,
        /// What to print [default: text]
        #[arg(long, value_name = "FORMAT", value_parser = crate::cli::output::names())]
        format: Option<String>,
        /// Print a line for each violation
        #[arg(short, long, num_args = 0, default_missing_value = "true", overrides_with = "verbose")]
        quiet: Option<bool>,
        /// Print every case, and violations whole
        #[arg(short, long, num_args = 0, default_missing_value = "true", overrides_with = "quiet")]
        verbose: Option<bool>,
        /// When the text is coloured: always, never, or on a terminal that wants it [default: auto]
        #[arg(long, value_name = "WHEN", hide_short_help = true)]
        color: Option<String>,
    }
}

impl RunSettings {
    /// Whether it chooses among the cases.
    pub(super) fn selects(&self) -> bool {
        !self.only.is_empty() || !self.skip.is_empty() || self.level.is_some() || self.shard.is_some()
    }
}

impl OutputSettings {
    fn contradicts_itself(&self) -> bool {
        self.quiet == Some(true) && self.verbose == Some(true)
    }
}

impl Sources {
    /// The options of a run, with so many cases at once if nobody says otherwise.
    pub(super) fn options(&self, flags: RunSettings, jobs: usize) -> Result<RunOptions, ConfigError> {
        let said = flags.over(self.environment.section()?);
        if said.replay.is_some() && (said.selects() || said.seed.is_some()) {
            return Err(ConfigError(
                "--replay runs one case with its own seed; unset what selects other cases, or their seed"
                    .into(),
            ));
        }
        let run = said.over(self.file.run.clone());
        Ok(RunOptions {
            selection: Selection {
                only: run.only,
                skip: run.skip,
                level: run.level.as_deref().map(level).transpose()?,
                shard: run.shard.as_deref().map(shard).transpose()?,
            },
            seed: run.seed.unwrap_or(DEFAULT_SEED),
            strict: run.strict.unwrap_or(false),
            jobs: run.jobs.unwrap_or(jobs),
            expectations: expectations(&self.file.expect)?,
            replay: run
                .replay
                .map(|id| catalogue::replay(&id).map_err(|error| ConfigError(error.to_string())))
                .transpose()?,
            progress: Progress::default(),
        })
    }

    /// Where reports go, and how the one on the terminal looks.
    ///
    /// # Errors
    /// When variables or the file want it both quiet and verbose; of two flags the last one counts.
    pub fn output(&self, flags: OutputSettings) -> Result<OutputSettings, ConfigError> {
        if self.environment.section::<OutputSettings>()?.contradicts_itself() {
            return Err(ConfigError("RINGBACK_QUIET and RINGBACK_VERBOSE are both set; unset one".into()));
        }
        if self.file.output.contradicts_itself() {
            return Err(ConfigError("[output] is quiet or verbose, not both".into()));
        }
        self.merged(flags, &self.file.output)
    }
}

fn level(text: &str) -> Result<Level, ConfigError> {
    [Level::Must, Level::Should]
        .into_iter()
        .find(|level| level.word().eq_ignore_ascii_case(text))
        .ok_or_else(|| ConfigError(format!("there is no level `{text}`; {}", hint(text, ["must", "should"]))))
}

fn shard(text: &str) -> Result<Shard, ConfigError> {
    text.parse().map_err(|()| {
        ConfigError(format!("`{text}` is no shard; write 2/4 for the second of four, counted from 1"))
    })
}

/// An expectation without a reason would be a skip with a better name.
fn expectations(given: &[Expectation]) -> Result<Vec<Expectation>, ConfigError> {
    match given.iter().find(|one| one.pattern.trim().is_empty() || one.reason.trim().is_empty()) {
        Some(one) => Err(ConfigError(format!(
            "an [[expect]] needs a pattern and a reason, and one has `{}` and `{}`",
            one.pattern, one.reason
        ))),
        None => Ok(given.to_vec()),
    }
}
