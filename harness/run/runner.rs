//! Running cases: side by side, each with a deadline, none able to take the others down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::task::JoinError;

use crate::report::{Addressee, CaseReport, TrafficReport};
use crate::run::case::{CaseContext as _, Records};
use crate::run::mask::Mask;
use crate::run::mode::Mode;
use crate::run::outcome::{Finding, Level, Outcome, Stop};
use crate::run::plan::Case;
use crate::run::progress::Progress;
use crate::run::requirement::Kind;

/// Where the cases of a run take place: a running subject and what is around it.
pub trait Stage: Clone + Send + Sync + 'static {
    /// The kind of subject.
    type Kind: Kind;

    /// A context for one case.
    fn context(&self, case: &Case<Self::Kind>) -> <Self::Kind as Kind>::Context;
    /// What hides the run's secrets.
    fn mask(&self) -> Mask;
    /// Whether a violated SHOULD fails.
    fn strict(&self) -> bool;
    /// How long one case may take.
    fn deadline(&self) -> Duration;
    /// Arguments of `ringback test <subject>` that run a case alone, with its inputs.
    fn replay(&self, case: &Case<Self::Kind>) -> String;
    /// Whom curl lines are addressed to.
    fn addressee(&self) -> Addressee;
    /// Seed of generated inputs.
    fn seed(&self) -> u64;
    /// How the subject is reached.
    fn mode(&self) -> Mode;
    /// What is judged, in words and settings.
    fn target(&self) -> Value;
    /// What was sent to the subject so far.
    fn traffic(&self) -> TrafficReport;
    /// Ends the subject and waits until it is gone.
    fn end(self) -> impl Future<Output = ()> + Send;
}

/// Runs cases, at most `jobs` at once; the reports are in the order of the cases.
pub async fn run<S: Stage>(
    stage: &S,
    cases: Vec<Case<S::Kind>>,
    jobs: usize,
    progress: &Progress,
) -> Vec<CaseReport> {
    progress.chosen(cases.len());
    // As they end, not in order: a slow case must not hold back the next ones.
    let mut reports: Vec<(usize, CaseReport)> = futures_util::stream::iter(cases.into_iter().enumerate())
        .map(|(at, case)| {
            let stage = stage.clone();
            async move {
                progress.begins(&case.name);
                let report = run_case(stage, case).await;
                progress.ended(&report);
                (at, report)
            }
        })
        .buffer_unordered(jobs.max(1))
        .collect()
        .await;
    reports.sort_unstable_by_key(|(at, _)| *at);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// Runs one case.
pub async fn run_case<S: Stage>(stage: S, case: Case<S::Kind>) -> CaseReport {
    let began = Instant::now();
    let mask = stage.mask();
    if let Some(reason) = &case.untestable {
        let replay = mask.text(&stage.replay(&case));
        return CaseReport::unjudged(&case, replay, Outcome::NotTestable, mask.text(reason));
    }
    let context = Arc::new(stage.context(&case));
    let (check, working) = (case.requirement.check, Arc::clone(&context));
    let task = tokio::spawn(async move { check(&working).await });
    let abort = task.abort_handle();
    let deadline = stage.deadline();
    let ended = match tokio::time::timeout(deadline, task).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(died)) => Err(Stop::HarnessError(format!("the check panicked: {}", panic_message(died)))),
        Err(_) => {
            abort.abort();
            Err(Stop::Inconclusive(format!("the case did not end within {deadline:?}")))
        }
    };
    let records = context.records();
    let (outcome, reason, findings) = judge(&case, ended, &records, stage.strict());
    let case = Case { input: records.input.clone(), ..case };
    CaseReport::judged(
        &case,
        mask.text(&stage.replay(&case)),
        outcome,
        reason,
        &findings,
        &records.exchanges,
        &mask,
        began.elapsed(),
        &stage.addressee(),
    )
}

/// Turns how a check ended into an outcome. What was seen of the subject counts even when the check
/// could not go on; only our own failure hides it.
fn judge<K: Kind>(
    case: &Case<K>,
    ended: Result<(), Stop>,
    records: &Records,
    strict: bool,
) -> (Outcome, Option<String>, Vec<Finding>) {
    let violated = match case.requirement.terms.level {
        Level::Should if !strict => Outcome::Warn,
        Level::Should | Level::Must => Outcome::Fail,
    };
    let named = |asked: &str| case.requirement.terms.knobs.iter().any(|knob| K::knob_name(*knob) == asked);
    if let Some(knob) = records.knobs.iter().find(|knob| !named(knob)) {
        let cause = format!("the check asked the knob {knob}, which its requirement does not name");
        return (Outcome::Error, Some(cause), Vec::new());
    }
    let mut findings = records.findings.clone();
    let unjudged = match ended {
        Ok(()) => None,
        Err(Stop::Violation(finding)) => {
            findings.push(*finding);
            None
        }
        Err(Stop::HarnessError(cause)) => return (Outcome::Error, Some(cause), Vec::new()),
        Err(Stop::NotApplicable(why)) => Some((Outcome::NotApplicable, why)),
        Err(Stop::NotTestable(why)) => Some((Outcome::NotTestable, why)),
        Err(Stop::Inconclusive(why)) => Some((Outcome::Inconclusive, why)),
    };
    match unjudged {
        _ if !findings.is_empty() => (violated, None, findings),
        Some((outcome, why)) => (outcome, Some(why), findings),
        // A check that asked nothing has proved nothing.
        None if !records.answered => {
            (Outcome::Error, Some("the check ended without an answer of the subject".into()), findings)
        }
        None => (Outcome::Pass, None, findings),
    }
}

fn panic_message(died: JoinError) -> String {
    match died.try_into_panic() {
        Ok(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "without a message".to_owned()),
        Err(died) => died.to_string(),
    }
}
