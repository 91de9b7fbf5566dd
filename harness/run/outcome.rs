//! What a check can conclude: levels, outcomes, findings, and the ways to stop early.
//!
//! A finding is about the subject; an error is about us. They are different types on purpose, so
//! that `?` cannot turn one into the other.

use std::sync::Arc;

use ringback_mocks::journal::Exchange;
use serde::{Deserialize, Serialize};

/// How binding a requirement is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Violating it fails the run.
    Must,
    /// Violating it warns; with `--strict` it fails.
    Should,
}

impl Level {
    /// The word of RFC 2119.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The requirement was exercised and kept.
    Pass,
    /// A MUST was violated.
    Fail,
    /// A SHOULD was violated.
    Warn,
    /// The subject or the vendor does not have what the requirement is about.
    NotApplicable,
    /// A prerequisite is missing.
    NotTestable,
    /// The environment prevented a judgement.
    Inconclusive,
    /// The harness failed.
    Error,
}

impl Outcome {
    /// Every outcome, in the order they are counted.
    pub const ALL: [Self; 7] = [
        Self::Pass,
        Self::Fail,
        Self::Warn,
        Self::NotApplicable,
        Self::NotTestable,
        Self::Inconclusive,
        Self::Error,
    ];

    /// The word used in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::NotApplicable => "not_applicable",
            Self::NotTestable => "not_testable",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
        }
    }
}

/// One observed violation.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Everything that would have been right.
    pub expected: Vec<String>,
    /// What was seen instead.
    pub actual: String,
    /// Where in the body of the evidence (JSON Pointer).
    pub pointer: Option<String>,
    /// The exchange that shows it.
    pub evidence: Option<Arc<Exchange>>,
}

impl Finding {
    /// A finding without a place yet.
    pub fn new(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { expected: vec![expected.into()], actual: actual.into(), pointer: None, evidence: None }
    }

    /// Adds another behaviour that would have been right.
    #[must_use]
    pub fn or(mut self, expected: impl Into<String>) -> Self {
        self.expected.push(expected.into());
        self
    }

    /// Says where in the evidence's body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Names the exchange that shows it.
    #[must_use]
    pub fn seen_in(mut self, exchange: &Arc<Exchange>) -> Self {
        self.evidence = Some(Arc::clone(exchange));
        self
    }
}

/// Why a check ended before its last line.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The subject violated the requirement, and there is nothing more to ask.
    Violation(Box<Finding>),
    /// The subject does not have what the requirement is about.
    NotApplicable(String),
    /// A prerequisite turned out to be missing.
    NotTestable(String),
    /// The environment prevented a judgement.
    Inconclusive(String),
    /// We failed.
    HarnessError(String),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Violation(Box::new(finding))
    }
}
