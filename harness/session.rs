//! A run from start to verdict: start the world, look around, choose, judge, report.
//!
//! The command line, `cargo test` and the self-test all judge through here, so they cannot disagree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringback_mocks::vendor::Vendor;
use serde_json::json;

use crate::discovery::Discovery;
use crate::expect::{self, Expectation};
use crate::guard::Traffic;
use crate::plan::{self, Case, Selection, SelectionError, Shard};
use crate::replay::Replay;
use crate::report::{
    CaseReport, Counts, FORMAT, Mask, Report, SelectionReport, ShardsReport, Tool, TrafficReport, Verdict,
    millis,
};
use crate::runner::{self, Stage};
use crate::subject::{SetupError, Subject};
use crate::target::Target;

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which cases.
    pub selection: Selection,
    /// Seed of generated inputs.
    pub seed: u64,
    /// Whether a violated SHOULD fails.
    pub strict: bool,
    /// Cases at once.
    pub jobs: usize,
    /// Known failures.
    pub expectations: Vec<Expectation>,
    /// The one case to run again, instead of a selection.
    pub replay: Option<Replay>,
}

/// The seed when nobody gives one: fixed, so that two runs judge the same inputs.
pub const DEFAULT_SEED: u64 = 7;
/// Cases at once on this machine. They mostly wait, for a gateway or for a quiet window.
pub const DEFAULT_JOBS: usize = 48;

impl Default for Options {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            seed: DEFAULT_SEED,
            strict: false,
            jobs: DEFAULT_JOBS,
            expectations: Vec::new(),
            replay: None,
        }
    }
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
}

impl RunError {
    /// Whether the call was wrong, not the subject or the world.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Selection(_) | Self::OtherVendor(_))
    }
}

/// A subject that is up, and the cases chosen for it.
#[derive(Debug)]
pub struct Session {
    /// Everything the cases need.
    pub stage: Stage,
    /// The chosen cases.
    pub cases: Vec<Case>,
    selection: SelectionReport,
    expectations: Vec<Expectation>,
    began: Instant,
    started: Timestamp,
    jobs: usize,
}

impl Session {
    /// Starts the subject and chooses the cases.
    pub async fn open(mut target: Target, options: &Options) -> Result<Self, RunError> {
        let (began, started) = (Instant::now(), Timestamp::now());
        let seed = options.replay.as_ref().map_or(options.seed, |replay| replay.seed);
        if let Some(Replay { vendor, .. }) = &options.replay {
            if !target.vendors.contains(vendor) {
                return Err(RunError::OtherVendor(*vendor));
            }
            // A case that any vendor would do for takes the one it was judged with.
            target.vendors = vec![*vendor];
        }
        let target = Arc::new(target);
        let (subject, world) = Subject::start(&target, seed).await?;
        let subject = Arc::new(subject);
        let discovery = Discovery::explore(&target, &subject, &world).await?;
        let mut cases = plan::cases(&target, &discovery);
        let mut selection = SelectionReport {
            only: options.selection.only.clone(),
            skip: options.selection.skip.clone(),
            level: options.selection.level,
            shards: options.selection.shard.map(|Shard { index, of }| ShardsReport { of, held: vec![index] }),
            ..SelectionReport::default()
        };
        if let Some(replay) = &options.replay {
            cases.retain(|case| case.requirement.id == replay.requirement.id);
            for case in &mut cases {
                case.input.clone_from(&replay.input);
            }
            selection = SelectionReport {
                replay: Some(replay.to_string()),
                cases: cases.len(),
                ..SelectionReport::default()
            };
        } else {
            (cases, selection.cases) = options.selection.choose(cases)?;
        }
        plan::afford(&mut cases, &target);
        let stage = Stage { target, subject, world, seed, strict: options.strict };
        let expectations = options.expectations.clone();
        Ok(Self { stage, cases, selection, expectations, began, started, jobs: options.jobs })
    }

    /// Runs the cases, ends the subject and reports.
    pub async fn judge(self) -> Report {
        let Self { stage, cases, selection, expectations, began, started, jobs } = self;
        let mut reports = runner::run(&stage, cases, jobs).await;
        expect::apply(&expectations, &mut reports);
        let report = Report {
            selection: Some(selection),
            expectations: expect::reports(&expectations),
            ..report(&stage, started, began.elapsed(), reports)
        }
        .concluded();
        if let Ok(subject) = Arc::try_unwrap(stage.subject) {
            subject.end().await;
        }
        report
    }
}

/// Judges a target.
pub async fn judge(target: Target, options: &Options) -> Result<Report, RunError> {
    Ok(Session::open(target, options).await?.judge().await)
}

fn report(stage: &Stage, started: Timestamp, took: Duration, cases: Vec<CaseReport>) -> Report {
    let target = &stage.target;
    let Traffic { requests, jobs } = stage.subject.traffic();
    let vendors: Vec<&str> = target.vendors.iter().map(|vendor| vendor.name()).collect();
    Report {
        schema: FORMAT.to_owned(),
        tool: Tool { name: "ringback".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        subject: "gateway".to_owned(),
        mode: target.mode(),
        target: json!({
            "description": Mask::new(stage.subject.secrets()).text(&target.describe()),
            "vendors": vendors,
            "knobs": target.settings().into_iter().collect::<BTreeMap<_, _>>(),
            "spend": target.spend,
        }),
        seed: stage.seed,
        started: started.to_string(),
        duration_ms: millis(took),
        selection: None,
        traffic: Some(TrafficReport { requests, jobs: u64::from(jobs) }),
        counts: Counts::default(),
        cases,
        expectations: Vec::new(),
        verdict: Verdict::NothingRan,
        complete: true,
    }
}
