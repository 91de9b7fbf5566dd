//! What a report says about known failures: the expectations of a run, and what became of each in a case.
//!
//! Configuring and applying them is `run::expectation`.

use serde::{Deserialize, Serialize};

use crate::run::outcome::Outcome;

/// A known failure in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectationReport {
    /// Cases it is about.
    pub pattern: String,
    /// Why they fail.
    pub reason: String,
    /// Whether the catalogue has such a case at all.
    pub known: bool,
}

/// What a case has to do with the expectation about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseExpectation {
    /// The pattern that matched.
    pub pattern: String,
    /// Why it should fail.
    pub reason: String,
    /// What became of that.
    pub state: ExpectationState,
}

/// What became of an expectation in one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectationState {
    /// The case was violated, as expected.
    Confirmed,
    /// The case passed.
    Refuted,
    /// The case was not judged, which says nothing.
    Unjudged,
}

impl ExpectationState {
    /// What an outcome means for whoever expected a violation.
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fail | Outcome::Warn => Self::Confirmed,
            Outcome::Pass => Self::Refuted,
            Outcome::NotApplicable | Outcome::NotTestable | Outcome::Inconclusive | Outcome::Error => {
                Self::Unjudged
            }
        }
    }
}
