//! Expectations: known failures, each with its reason. A second axis beside the outcome.
//!
//! An expected failure still runs. It is confirmed by a violation and refuted by a pass; a case that
//! could not be judged does neither. What is refuted, or names nothing, fails the run: a list of known
//! failures that nobody prunes hides the next one. Pure functions over reports.

use serde::Deserialize;

use crate::report::CaseReport;
use crate::report::expectation::{CaseExpectation, ExpectationReport, ExpectationState};
use crate::run::plan;

/// A known failure, as configured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Cases it is about: names or requirement ids, `*` for any text.
    pub pattern: String,
    /// Why they fail, for whoever reads the report.
    pub reason: String,
}

/// Marks the cases that expectations are about; where several are, the first counts.
pub fn apply(expectations: &[Expectation], cases: &mut [CaseReport]) {
    for case in cases {
        let about = expectations.iter().find(|one| plan::names(&one.pattern, &case.requirement, &case.name));
        case.expectation = about.map(|one| CaseExpectation {
            pattern: one.pattern.clone(),
            reason: one.reason.clone(),
            state: ExpectationState::of(case.outcome),
        });
    }
}

/// The expectations for a report. Whether a pattern names anything is asked of the whole catalogue, not
/// of what this run selected or could reach.
pub fn reports(expectations: &[Expectation]) -> Vec<ExpectationReport> {
    expectations
        .iter()
        .map(|one| ExpectationReport {
            pattern: one.pattern.clone(),
            reason: one.reason.clone(),
            known: plan::every_name().any(|(id, name)| plan::names(&one.pattern, id, &name)),
        })
        .collect()
}
