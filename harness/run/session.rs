//! A run from start to verdict: start the world, look around, choose, judge, report.
//!
//! The command line, `cargo test` and the self-test all judge through here, so they cannot disagree. What
//! is peculiar to a kind of subject is its stage.

use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringback_mocks::vendor::Vendor;

use crate::report::{
    CaseReport, Counts, FORMAT, Report, SelectionReport, ShardsReport, Tool, Verdict, millis,
};
use crate::run::exec::StartError;
use crate::run::expectation::Expectations;
use crate::run::plan::{Case, Selection, SelectionError, Shard};
use crate::run::progress::Progress;
use crate::run::replay::Replay;
use crate::run::requirement::Kind;
use crate::run::runner::{self, Stage};

/// How a run is made.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Which cases.
    pub selection: Selection,
    /// Seed of generated inputs.
    pub seed: u64,
    /// Whether a violated SHOULD fails.
    pub strict: bool,
    /// Cases at once.
    pub jobs: usize,
    /// Known failures.
    pub expectations: Expectations,
    /// The one case to run again, instead of a selection.
    pub replay: Option<Replay>,
    /// Where the run notes how far it is.
    pub progress: Progress,
}

/// The seed when none is given: fixed, so that two runs judge the same inputs.
pub const DEFAULT_SEED: u64 = 7;
/// Cases at once on this machine. They mostly wait, for a gateway or for a quiet window.
pub const DEFAULT_JOBS: usize = 48;

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            seed: DEFAULT_SEED,
            strict: false,
            jobs: DEFAULT_JOBS,
            expectations: Expectations::default(),
            replay: None,
            progress: Progress::default(),
        }
    }
}

/// Why nothing can be judged.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A mock or the reference gateway cannot listen.
    #[error("{0}")]
    World(#[from] io::Error),
    /// The command did not become a gateway.
    #[error("{0}")]
    Start(#[from] StartError),
    /// The gateway cannot be reached or does not answer.
    #[error("{0}")]
    Unreachable(String),
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The subject or the world did not come up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The selection makes no sense.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The case to be replayed is about a vendor that is not judged.
    #[error("the case to replay is about {0}, which --vendor leaves out")]
    OtherVendor(Vendor),
    /// The case to be replayed is about another kind of subject.
    #[error("the case to replay is about a {0}; replay it with `ringback test {0}`")]
    OtherSubject(&'static str),
}

impl RunError {
    /// Whether the call was wrong, not the subject or the world.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Selection(_) | Self::OtherVendor(_) | Self::OtherSubject(_))
    }
}

/// A subject that is up, and the cases chosen for it.
#[derive(Debug)]
pub struct Session<S: Stage> {
    /// Where the cases take place.
    pub stage: S,
    /// The chosen cases.
    pub cases: Vec<Case<S::Kind>>,
    selection: SelectionReport,
    expectations: Expectations,
    beginning: Beginning,
    jobs: usize,
    progress: Progress,
}

/// When a run began, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    at: Timestamp,
    since: Instant,
}

impl Beginning {
    /// Now.
    pub fn now() -> Self {
        Self { at: Timestamp::now(), since: Instant::now() }
    }
}

/// The seed of a run and its vendors: a replay brings its own.
pub fn inputs<K: Kind>(options: &RunOptions, vendors: &[Vendor]) -> Result<(u64, Vec<Vendor>), RunError> {
    let Some(Replay { requirement, vendor, seed, .. }) = &options.replay else {
        return Ok((options.seed, vendors.to_vec()));
    };
    if requirement.subject != K::NAME {
        return Err(RunError::OtherSubject(requirement.subject));
    }
    if !vendors.contains(vendor) {
        return Err(RunError::OtherVendor(*vendor));
    }
    // A case that any vendor would do for takes the one it was judged with.
    Ok((*seed, vec![*vendor]))
}

impl<S: Stage> Session<S> {
    /// Chooses among the cases of a subject that is up.
    pub fn choose(
        stage: S,
        mut cases: Vec<Case<S::Kind>>,
        options: &RunOptions,
        beginning: Beginning,
    ) -> Result<Self, RunError> {
        let selection = if let Some(replay) = &options.replay {
            cases.retain(|case| case.requirement.id == replay.requirement.id);
            for case in &mut cases {
                case.input.clone_from(&replay.input);
            }
            SelectionReport {
                replay: Some(replay.to_string()),
                cases: cases.len(),
                ..SelectionReport::default()
            }
        } else {
            let Selection { only, skip, level, shard } = &options.selection;
            let all;
            (cases, all) = options.selection.choose(cases)?;
            SelectionReport {
                only: only.clone(),
                skip: skip.clone(),
                level: *level,
                shards: shard.map(|Shard { index, of }| ShardsReport { of, held: vec![index] }),
                cases: all,
                ..SelectionReport::default()
            }
        };
        let (expectations, progress) = (options.expectations.clone(), options.progress.clone());
        Ok(Self { stage, cases, selection, expectations, beginning, jobs: options.jobs, progress })
    }

    /// Runs the cases, ends the subject and reports.
    pub async fn judge(self) -> Report {
        let Self { stage, cases, selection, expectations, beginning, jobs, progress } = self;
        let mut reports = runner::run(&stage, cases, jobs, &progress).await;
        expectations.apply(&mut reports);
        let report = Report {
            selection: Some(selection),
            expectations: expectations.reports(),
            ..report(&stage, beginning.at, beginning.since.elapsed(), reports)
        }
        .concluded();
        stage.end().await;
        report
    }
}

fn report<S: Stage>(stage: &S, started: Timestamp, took: Duration, cases: Vec<CaseReport>) -> Report {
    Report {
        schema: FORMAT.to_owned(),
        tool: Tool { name: "ringback".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        subject: S::Kind::NAME.to_owned(),
        mode: stage.mode(),
        target: stage.target(),
        seed: stage.seed(),
        started: started.to_string(),
        duration_ms: millis(took),
        selection: None,
        traffic: Some(stage.traffic()),
        counts: Counts::default(),
        cases,
        expectations: Vec::new(),
        verdict: Verdict::NothingRan,
        complete: true,
    }
}
