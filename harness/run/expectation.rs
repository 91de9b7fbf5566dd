//! Expectations: known failures, each with its reason. A second axis beside the outcome.
//!
//! An expected failure still runs. It is confirmed by a violation and refuted by a pass; a case that
//! could not be judged does neither. What is refuted, or names nothing, fails the run: a list of known
//! failures that nobody prunes hides the next one. Pure functions over reports.

use std::sync::Arc;

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
    /// Why they fail, for readers of the report.
    pub reason: String,
}

/// The known failures of a run, each with whether its pattern names a case at all.
///
/// That is asked of every case there can be, of any kind of subject, and not of what a run selects or can reach: one
/// configuration serves runs about both kinds.
#[derive(Clone, Debug, Default)]
pub struct Expectations(Arc<[(Expectation, bool)]>);

impl Expectations {
    /// Known failures among cases, given by id and name.
    pub fn among(given: Vec<Expectation>, cases: &[(&str, String)]) -> Self {
        let names = |pattern: &str| cases.iter().any(|(id, name)| plan::names(pattern, id, name));
        Self(
            given
                .into_iter()
                .map(|one| {
                    let known = names(&one.pattern);
                    (one, known)
                })
                .collect(),
        )
    }

    /// Marks the cases that expectations are about; where several are, the first counts.
    pub fn apply(&self, cases: &mut [CaseReport]) {
        for case in cases {
            let mut all = self.0.iter().map(|(one, _)| one);
            let about = all.find(|one| plan::names(&one.pattern, &case.requirement, &case.name));
            case.expectation = about.map(|one| CaseExpectation {
                pattern: one.pattern.clone(),
                reason: one.reason.clone(),
                state: ExpectationState::of(case.outcome),
            });
        }
    }

    /// The expectations for a report.
    pub fn reports(&self) -> Vec<ExpectationReport> {
        let report = |(one, known): &(Expectation, bool)| ExpectationReport {
            pattern: one.pattern.clone(),
            reason: one.reason.clone(),
            known: *known,
        };
        self.0.iter().map(report).collect()
    }
}
