//! A run from start to verdict: start the world, look around, choose, judge, report.
//!
//! The command line, `cargo test` and the self-test all judge through here, so they cannot disagree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::discovery::Discovery;
use crate::plan::{self, Case, Selection};
use crate::report::{CaseReport, Counts, FORMAT, Mask, Report, Tool, millis};
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
}

/// The seed when nobody gives one: fixed, so that two runs judge the same inputs.
pub const DEFAULT_SEED: u64 = 7;
/// Cases at once on this machine. They mostly wait, for a gateway or for a quiet window.
pub const DEFAULT_JOBS: usize = 48;

impl Default for Options {
    fn default() -> Self {
        Self { selection: Selection::default(), seed: DEFAULT_SEED, strict: false, jobs: DEFAULT_JOBS }
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The subject or the world did not come up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A pattern matches no case.
    #[error("no case matches `{pattern}`{}", suggestion.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Unmatched {
        /// The pattern.
        pattern: String,
        /// The nearest name.
        suggestion: Option<String>,
    },
}

/// A subject that is up, and the cases chosen for it.
#[derive(Debug)]
pub struct Session {
    /// Everything the cases need.
    pub stage: Stage,
    /// The chosen cases.
    pub cases: Vec<Case>,
    began: Instant,
    started: Timestamp,
    jobs: usize,
}

impl Session {
    /// Starts the subject and chooses the cases.
    pub async fn open(target: Target, options: &Options) -> Result<Self, RunError> {
        let (began, started) = (Instant::now(), Timestamp::now());
        let target = Arc::new(target);
        let (subject, world) = Subject::start(&target, options.seed).await?;
        let subject = Arc::new(subject);
        let discovery = Discovery::explore(&target, &subject, &world).await?;
        let mut cases = plan::cases(&target, &discovery);
        if let Some(pattern) = options.selection.unmatched(&cases) {
            let suggestion = nearest(pattern, &cases);
            return Err(RunError::Unmatched { pattern: pattern.to_owned(), suggestion });
        }
        cases.retain(|case| options.selection.wants(case));
        let stage = Stage { target, subject, world, seed: options.seed, strict: options.strict };
        Ok(Self { stage, cases, began, started, jobs: options.jobs })
    }

    /// Runs the cases, ends the subject and reports.
    pub async fn judge(self) -> Report {
        let Self { stage, cases, began, started, jobs } = self;
        let reports = runner::run(&stage, cases, jobs).await;
        let report = report(&stage, started, began.elapsed(), reports);
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
    let counts = Counts::of(cases.iter().map(|case| case.outcome));
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
        verdict: counts.verdict(),
        counts,
        cases,
        complete: true,
    }
}

/// The name or id most like a pattern, if any is like it at all.
fn nearest(pattern: &str, cases: &[Case]) -> Option<String> {
    cases
        .iter()
        .flat_map(|case| [case.name.split('[').next().unwrap_or(&case.name), case.requirement.id])
        .map(|name| (distance(pattern, name), name))
        .min()
        .filter(|(distance, name)| *distance * 2 < name.len())
        .map(|(_, name)| name.to_owned())
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (to, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[to + 1];
            row[to + 1] = substituted.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[b.len()]
}
