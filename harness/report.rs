//! The result tree of a run: what was judged, what came of it, and the evidence.
//!
//! Plain values in the shape of `schemas/report.schema.json`. Every writer is a pure function of
//! this tree. Secrets are masked when a case enters it.

pub mod annotations;
pub mod badge;
pub mod evidence;
pub mod expectation;
pub mod format;
pub mod html;
pub mod json;
pub mod junit;
pub mod md;
pub mod ndjson;
pub mod sarif;
pub mod stored;
pub mod style;
pub mod terminal;
pub(crate) mod wording;

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::journal::Exchange;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use evidence::{Addressee, AnswerReport, BodyReport, ExchangeReport};

use crate::run::excerpt::shortened;
use crate::run::mask::Mask;
use crate::run::mode::Mode;
use crate::run::outcome::{Finding, Level, Outcome};
use crate::run::plan::Case;
use crate::run::requirement::Kind;
use expectation::{CaseExpectation, ExpectationReport, ExpectationState};

/// Name and version of the report's format.
pub const FORMAT: &str = "ringback.report/1";
/// Longest `actual` of a finding, in characters; the whole is in the transcript.
const ACTUAL_MAX: usize = 2_000;

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Always [`FORMAT`].
    pub schema: String,
    /// Who judged.
    pub tool: Tool,
    /// `gateway` or `receiver`.
    pub subject: String,
    /// How the subject was reached.
    pub mode: Mode,
    /// What was judged, in words and settings.
    pub target: Value,
    /// Seed of generated inputs.
    pub seed: u64,
    /// Which cases were wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<SelectionReport>,
    /// What was sent to the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<TrafficReport>,
    /// When it began, RFC 3339.
    pub started: String,
    /// How long it took.
    pub duration_ms: u64,
    /// Cases by outcome.
    pub counts: Counts,
    /// Every case, judged or not.
    pub cases: Vec<CaseReport>,
    /// Known failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<ExpectationReport>,
    /// What follows from the counts and the expectations.
    pub verdict: Verdict,
    /// Whether every case that was wanted is here.
    pub complete: bool,
}

impl Report {
    /// Computes counts and verdict from the cases. Whoever changes those calls this, once, before
    /// anything is rendered.
    #[must_use]
    pub fn concluded(mut self) -> Self {
        self.counts = Counts::of(self.cases.iter().map(|case| case.outcome));
        let violated = self.counts.fail - self.expected_failures() + self.stale_cases().count();
        self.verdict = if violated + self.unknown_expectations().count() > 0 {
            Verdict::Violations
        } else if self.counts.inconclusive + self.counts.error > 0 || !self.complete {
            Verdict::Undecided
        } else if self.counts.pass + self.counts.warn + self.counts.fail == 0 {
            Verdict::NothingRan
        } else {
            Verdict::Conforms
        };
        self
    }

    /// How many failures were expected.
    pub fn expected_failures(&self) -> usize {
        self.cases.iter().filter(|case| case.outcome == Outcome::Fail && case.is_expected()).count()
    }

    /// Cases that were expected to fail and passed.
    pub fn stale_cases(&self) -> impl Iterator<Item = (&CaseReport, &CaseExpectation)> {
        self.cases
            .iter()
            .filter_map(|case| Some((case, case.expectation.as_ref()?)))
            .filter(|(_, expectation)| expectation.state == ExpectationState::Refuted)
    }

    /// Expectations about cases that do not exist.
    pub fn unknown_expectations(&self) -> impl Iterator<Item = &ExpectationReport> {
        self.expectations.iter().filter(|expectation| !expectation.known)
    }
}

/// Which cases were wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectionReport {
    /// Patterns of cases to run; empty for all.
    pub only: Vec<String>,
    /// Patterns of cases to leave out.
    pub skip: Vec<String>,
    /// The level asked for.
    pub level: Option<Level>,
    /// The case that was replayed.
    pub replay: Option<String>,
    /// How many cases that selects, in all shards.
    pub cases: usize,
    /// The part of them that is here.
    pub shards: Option<ShardsReport>,
}

/// The shards that a report holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardsReport {
    /// How many there are.
    pub of: usize,
    /// Which are here, from 1, in order.
    pub held: Vec<usize>,
}

impl ShardsReport {
    /// Those that are not in the report.
    pub fn missing(&self) -> impl Iterator<Item = usize> {
        (1..=self.of).filter(|index| !self.held.contains(index))
    }
}

/// What was sent to the subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficReport {
    /// Requests in all.
    pub requests: u64,
    /// Jobs that were accepted or may have been; counted on deployed gateways only.
    pub jobs: u64,
}

/// The judging program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tool {
    /// `ringback`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Cases by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Kept.
    pub pass: usize,
    /// MUST violated.
    pub fail: usize,
    /// SHOULD violated.
    pub warn: usize,
    /// Not there to be judged.
    pub not_applicable: usize,
    /// A prerequisite is missing.
    pub not_testable: usize,
    /// The environment was in the way.
    pub inconclusive: usize,
    /// The harness failed.
    pub error: usize,
}

impl Counts {
    /// Counts outcomes.
    pub fn of(outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            *counts.slot(outcome) += 1;
        }
        counts
    }

    /// The count of one outcome.
    pub fn get(mut self, outcome: Outcome) -> usize {
        *self.slot(outcome)
    }

    const fn slot(&mut self, outcome: Outcome) -> &mut usize {
        match outcome {
            Outcome::Pass => &mut self.pass,
            Outcome::Fail => &mut self.fail,
            Outcome::Warn => &mut self.warn,
            Outcome::NotApplicable => &mut self.not_applicable,
            Outcome::NotTestable => &mut self.not_testable,
            Outcome::Inconclusive => &mut self.inconclusive,
            Outcome::Error => &mut self.error,
        }
    }
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No violation, as far as could be judged.
    Conforms,
    /// At least one MUST violated.
    Violations,
    /// No violation, but not everything could be decided.
    Undecided,
    /// Nothing was judged.
    NothingRan,
}

impl Verdict {
    /// The exit code of a run.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Conforms => 0,
            Self::Violations => 1,
            Self::Undecided => 3,
            Self::NothingRan => 4,
        }
    }
}

/// One case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseReport {
    /// `<subject>/<chapter>/<slug>[<vendor>]`.
    pub name: String,
    /// The requirement's id.
    pub requirement: String,
    /// The chapter.
    pub chapter: String,
    /// The vendor, if the case is about one.
    pub vendor: Option<String>,
    /// How binding.
    pub level: Level,
    /// The requirement.
    pub sentence: String,
    /// Who says so.
    pub source: SourceReport,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it was not judged.
    pub reason: Option<String>,
    /// The known failure that it is, or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectation: Option<CaseExpectation>,
    /// What was violated, how.
    pub findings: Vec<FindingReport>,
    /// What crossed the wire.
    pub transcript: Vec<ExchangeReport>,
    /// Arguments of `ringback test` that run this case alone with the same inputs.
    pub replay: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// Where a requirement comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceReport {
    /// Title of the page.
    pub page: String,
    /// Its address.
    pub url: String,
    /// When it was read.
    pub read: String,
}

/// One violation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingReport {
    /// Everything that would have been right.
    pub expected: Vec<String>,
    /// What was seen.
    pub actual: String,
    /// Where in the evidence's body.
    pub pointer: Option<String>,
    /// Index into the transcript.
    pub evidence: Option<usize>,
    /// A command that sends the same request again.
    pub curl: Option<String>,
}

impl CaseReport {
    /// Whether it was violated and known to be.
    pub fn is_expected(&self) -> bool {
        self.expectation.as_ref().is_some_and(|expectation| expectation.state == ExpectationState::Confirmed)
    }

    /// A case that was not run; `replay` are the arguments that run it alone.
    pub fn unjudged<K: Kind>(case: &Case<K>, replay: String, outcome: Outcome, reason: String) -> Self {
        let source = case.requirement.source;
        Self {
            name: case.name.clone(),
            requirement: case.requirement.id.to_owned(),
            chapter: case.chapter.to_owned(),
            vendor: case.about_vendor.then(|| case.vendor.name().to_owned()),
            level: case.requirement.level,
            sentence: case.requirement.sentence.to_owned(),
            source: SourceReport {
                page: source.page.to_owned(),
                url: source.url.to_owned(),
                read: source.read.to_owned(),
            },
            outcome,
            reason: Some(reason),
            expectation: None,
            findings: Vec::new(),
            transcript: Vec::new(),
            replay,
            duration_ms: 0,
        }
    }

    /// A case that was run.
    #[expect(clippy::too_many_arguments, reason = "this is the one seam between a run and its report")]
    pub fn judged<K: Kind>(
        case: &Case<K>,
        replay: String,
        outcome: Outcome,
        reason: Option<String>,
        findings: &[Finding],
        exchanges: &[Arc<Exchange>],
        mask: &Mask,
        took: Duration,
        addressee: &Addressee,
    ) -> Self {
        let findings = findings
            .iter()
            .map(|finding| {
                let at = |wanted: &Arc<Exchange>| exchanges.iter().position(|one| one.seq == wanted.seq);
                FindingReport {
                    expected: finding.expected.iter().map(|text| mask.text(text)).collect(),
                    actual: shortened(&mask.text(&finding.actual), ACTUAL_MAX),
                    pointer: finding.pointer.as_deref().map(|pointer| mask.text(pointer)),
                    evidence: finding.evidence.as_ref().and_then(at),
                    curl: evidence::curl(finding, exchanges, addressee, mask).map(|line| mask.text(&line)),
                }
            })
            .collect();
        Self {
            outcome,
            reason: reason.map(|reason| mask.text(&reason)),
            findings,
            transcript: exchanges.iter().map(|exchange| ExchangeReport::new(exchange, mask)).collect(),
            duration_ms: millis(took),
            ..Self::unjudged(case, replay, outcome, String::new())
        }
    }
}

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
