//! Words that several formats share: the status of a case, its details, what a run comes to.
//!
//! Plain text whose only line breaks are ours, whatever a subject wrote. Escaping it for XML, Markdown or a
//! log is each format's own business.

use std::fmt::Write as _;

use super::{AnswerReport, CaseReport, ExchangeReport, FindingReport, Report, ShardsReport, Verdict};
use crate::report::expectation::ExpectationState;
use crate::run::excerpt::shortened;
use crate::run::outcome::{Level, Outcome};

/// Characters of a body shown as evidence; the JSON report has more.
const EVIDENCE_BODY: usize = 600;
/// Missing shards named.
const SHARDS_LISTED: usize = 20;
/// Characters of a repeating command.
const CURL: usize = 3_000;

/// What a case counts as in a report: its outcome, seen with what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaseStatus {
    /// The requirement is kept.
    Passed,
    /// A SHOULD is violated.
    Warned,
    /// A MUST is violated.
    Failed,
    /// Violated, as an expectation said.
    ExpectedFailure,
    /// Kept, though an expectation says that it is violated.
    StaleExpectation,
    /// Not applicable or not testable.
    Skipped,
    /// Neither kept nor violated, because of the environment or of the harness.
    Undecided,
}

impl CaseStatus {
    pub(super) fn of(case: &CaseReport) -> Self {
        let state = case.expectation.as_ref().map(|expectation| expectation.state);
        match (case.outcome, state) {
            (_, Some(ExpectationState::Refuted)) => Self::StaleExpectation,
            (Outcome::Fail | Outcome::Warn, Some(ExpectationState::Confirmed)) => Self::ExpectedFailure,
            (Outcome::Pass, _) => Self::Passed,
            (Outcome::Warn, _) => Self::Warned,
            (Outcome::Fail, _) => Self::Failed,
            (Outcome::NotApplicable | Outcome::NotTestable, _) => Self::Skipped,
            (Outcome::Inconclusive | Outcome::Error, _) => Self::Undecided,
        }
    }
}

/// Text on one line that can steer nothing: controls, and what turns or breaks lines unseen, stand as escapes;
/// so does `##[`, which the log of GitHub Actions takes for a command wherever it stands.
pub(crate) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut seen, one| {
        if one == '[' && seen.ends_with("##") {
            seen.push_str("\\u{5b}");
        } else if one.is_control() || is_unseen(one) {
            seen.extend(one.escape_default());
        } else {
            seen.push(one);
        }
        seen
    })
}

/// Text for an element or a double-quoted attribute of HTML. Controls are made [visible] first.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut written, one| {
        match one {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            other => written.push(other),
        }
        written
    })
}

/// Line and paragraph separators, marks that reverse text, and what XML cannot hold.
const fn is_unseen(one: char) -> bool {
    matches!(one, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Everything about a case, one fact a line.
pub(super) fn case_details(case: &CaseReport) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<10}{}", visible(value));
    };
    line("case", &case.name);
    line("demanded", &format!("{} ({} {})", case.sentence, case.requirement, case.level.word()));
    line("source", &format!("{}, {} (read {})", case.source.page, case.source.url, case.source.read));
    if let Some(reason) = &case.reason {
        line("reason", reason);
    }
    if let Some(expectation) = &case.expectation {
        line("known", &format!("{} (pattern {})", expectation.reason, expectation.pattern));
    }
    for finding in &case.findings {
        write_finding(&mut line, case, finding);
    }
    line("replay", &replay_command(case));
    text
}

fn write_finding(line: &mut impl FnMut(&str, &str), case: &CaseReport, finding: &FindingReport) {
    for (at, expected) in finding.expected.iter().enumerate() {
        line(if at == 0 { "expected" } else { "or" }, expected);
    }
    line("actual", &finding.actual);
    if let Some(pointer) = finding.pointer.as_ref().filter(|pointer| !pointer.is_empty()) {
        line("at", pointer);
    }
    if let Some(exchange) = finding.evidence.and_then(|at| case.transcript.get(at)) {
        write_evidence(line, case, exchange);
    }
    if let Some(curl) = &finding.curl {
        line("repeat", &shortened(curl, CURL));
    }
}

fn write_evidence(line: &mut impl FnMut(&str, &str), case: &CaseReport, exchange: &ExchangeReport) {
    let request = &exchange.request;
    line("evidence", &exchange_line(case, exchange));
    if let Some(sent) = request.body.as_ref().and_then(|body| body.text.as_deref()) {
        line("sent", &shortened(sent, EVIDENCE_BODY));
    }
    match &exchange.answer {
        AnswerReport::Response { status, body, .. } => {
            let body = body.as_ref().and_then(|body| body.text.as_deref()).unwrap_or("");
            line("answered", &format!("HTTP {status} {}", shortened(body, EVIDENCE_BODY)));
        }
        AnswerReport::Error { error } => line("answered", &format!("not at all: {error}")),
    }
}

/// An exchange in one line: the parties, the method and the target.
pub(super) fn exchange_line(case: &CaseReport, exchange: &ExchangeReport) -> String {
    let vendor = exchange.vendor.as_deref().unwrap_or("vendor");
    let parties = match exchange.leg.as_str() {
        "client" => format!("client → {}", subject(case)),
        "gateway" => "receiver → gateway".to_owned(),
        "upstream" => format!("gateway → {vendor}"),
        "callback" => format!("{vendor} → receiver"),
        _ => "somebody → receiver".to_owned(),
    };
    format!("{parties}: {} {}", exchange.request.method, exchange.request.target)
}

/// The command that runs one case again.
pub(super) fn replay_command(case: &CaseReport) -> String {
    format!("ringback test {} {}", subject(case), case.replay)
}

/// The kind of subject that a case is about: the first part of its name.
fn subject(case: &CaseReport) -> &str {
    case.name.split('/').next().unwrap_or_default()
}

/// A case in one line: what was seen, or why nothing was, or what an expectation said of it.
pub(super) fn summary(case: &CaseReport) -> String {
    let reason = || case.reason.clone().unwrap_or_default();
    let expected =
        || case.expectation.as_ref().map_or_else(String::new, |expectation| expectation.reason.clone());
    let seen = || case.findings.first().map_or_else(reason, |finding| finding.actual.clone());
    visible(&match CaseStatus::of(case) {
        CaseStatus::Passed => String::new(),
        CaseStatus::Warned | CaseStatus::Failed => seen(),
        CaseStatus::ExpectedFailure => format!("expected failure: {}", expected()),
        CaseStatus::StaleExpectation => {
            format!("was expected to fail and did not ({}); remove the expectation", expected())
        }
        CaseStatus::Skipped | CaseStatus::Undecided => {
            format!("{}: {}", case.outcome.word().replace('_', " "), reason())
        }
    })
}

/// What is wrong with an expectation that names no case.
pub(super) fn unknown_expectation(pattern: &str, reason: &str) -> String {
    visible(&format!("expectation `{pattern}` ({reason}) matches no case; remove the expectation"))
}

/// Why a report is not whole, if it is not.
pub(super) fn incomplete(report: &Report) -> Option<String> {
    if report.complete {
        return None;
    }
    let shards = report.selection.as_ref().and_then(|selection| selection.shards.as_ref());
    // A stored report may claim any number of shards.
    let missing = shards.into_iter().flat_map(ShardsReport::missing).take(SHARDS_LISTED);
    let missing: Vec<String> = missing.map(|index| index.to_string()).collect();
    let what = match missing.as_slice() {
        [] => "the run was cut short".to_owned(),
        some => format!("shard {} of {} is missing", some.join(", "), shards.map_or(0, |shards| shards.of)),
    };
    Some(format!("incomplete: {what}; an absent case proves nothing"))
}

/// How many cases of a level were judged, and how many there are.
pub(super) fn coverage(report: &Report, level: Level) -> (usize, usize) {
    let of_level = || report.cases.iter().filter(move |case| case.level == level);
    let judged = |case: &&CaseReport| matches!(case.outcome, Outcome::Pass | Outcome::Fail | Outcome::Warn);
    (of_level().filter(judged).count(), of_level().count())
}

/// How many cases were judged, of how many, in words.
pub(super) fn coverage_line(report: &Report) -> String {
    let (must, musts) = coverage(report, Level::Must);
    let (should, shoulds) = coverage(report, Level::Should);
    format!("judged {must} of {musts} MUST, {should} of {shoulds} SHOULD cases")
}

/// The verdict in words, never more favourable than it is.
pub(super) fn verdict(report: &Report) -> String {
    let words = match report.verdict {
        Verdict::Conforms if report.counts.not_testable > 0 => "CONFORMS as far as it could be judged",
        Verdict::Conforms => "CONFORMS",
        Verdict::Violations => "VIOLATIONS",
        Verdict::Undecided => "UNDECIDED: not everything could be judged",
        Verdict::NothingRan => "NOTHING RAN: no case could be judged",
    };
    let aside = if report.verdict == Verdict::Conforms && report.expected_failures() > 0 {
        ", expected failures aside"
    } else {
        ""
    };
    format!("{words}{aside}")
}
