//! Running cases: side by side, each with a deadline, none able to take the others down.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use ringback_mocks::world::World;
use tokio::task::JoinError;

use crate::bench::{Bench, Records};
use crate::outcome::{Finding, Level, Outcome, Stop};
use crate::plan::Case;
use crate::report::{CaseReport, Mask};
use crate::subject::Subject;
use crate::target::Target;

/// Everything a case needs to run.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The target.
    pub target: Arc<Target>,
    /// The running subject.
    pub subject: Arc<Subject>,
    /// The world around it.
    pub world: Arc<World>,
    /// Seed of generated inputs.
    pub seed: u64,
    /// Whether a violated SHOULD fails.
    pub strict: bool,
}

/// Runs cases, at most `jobs` at once; the reports are in the order of the cases.
pub async fn run(stage: &Stage, cases: Vec<Case>, jobs: usize) -> Vec<CaseReport> {
    futures_util::stream::iter(cases)
        .map(|case| run_case(stage.clone(), case))
        .buffered(jobs.max(1))
        .collect()
        .await
}

/// Runs one case.
pub async fn run_case(stage: Stage, case: Case) -> CaseReport {
    let began = Instant::now();
    let mask = Mask::new(stage.subject.secrets());
    if let Some(reason) = &case.untestable {
        return CaseReport::unjudged(
            &case,
            &stage.target,
            stage.seed,
            Outcome::NotTestable,
            mask.text(reason),
        );
    }
    let bench = Arc::new(
        Bench::new(
            Arc::clone(&stage.target),
            Arc::clone(&stage.subject),
            Arc::clone(&stage.world),
            case.vendor,
            stage.seed,
        )
        .replaying(case.input.clone()),
    );
    let (check, working) = (case.requirement.check, Arc::clone(&bench));
    let task = tokio::spawn(async move { check(&working).await });
    let abort = task.abort_handle();
    let deadline = stage.target.patience.case;
    let ended = match tokio::time::timeout(deadline, task).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(died)) => Err(Stop::Broken(format!("the check panicked: {}", last_words(died)))),
        Err(_) => {
            abort.abort();
            Err(Stop::Inconclusive(format!("the case did not end within {deadline:?}")))
        }
    };
    let records = bench.records();
    let (outcome, reason, findings) = judge(&case, ended, &records, stage.strict);
    let case = Case { input: records.input.clone(), ..case };
    let mut report = CaseReport::judged(
        &case,
        stage.seed,
        outcome,
        reason,
        &findings,
        &records.exchanges,
        &mask,
        began.elapsed(),
        &stage.target,
        stage.subject.root(),
    );
    report.replay = mask.text(&report.replay);
    report
}

/// Turns how a check ended into an outcome. What was seen of the subject counts even when the check
/// could not go on; only our own failure hides it.
fn judge(
    case: &Case,
    ended: Result<(), Stop>,
    records: &Records,
    strict: bool,
) -> (Outcome, Option<String>, Vec<Finding>) {
    let violated = match case.requirement.level {
        Level::Should if !strict => Outcome::Warn,
        Level::Should | Level::Must => Outcome::Fail,
    };
    if let Some(knob) = records.knobs.iter().find(|knob| !case.requirement.knobs.contains(*knob)) {
        let cause =
            format!("the check asked the knob {}, which its requirement does not name", knob.row().name);
        return (Outcome::Error, Some(cause), Vec::new());
    }
    let mut findings = records.findings.clone();
    let unjudged = match ended {
        Ok(()) => None,
        Err(Stop::Violation(finding)) => {
            findings.push(*finding);
            None
        }
        Err(Stop::Broken(cause)) => return (Outcome::Error, Some(cause), Vec::new()),
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

fn last_words(died: JoinError) -> String {
    match died.try_into_panic() {
        Ok(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "without a message".to_owned()),
        Err(died) => died.to_string(),
    }
}
