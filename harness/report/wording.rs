//! What the formats for other programs tell alike: how a case stands, what is said of it, what a run comes to.
//!
//! Plain text whose only line breaks are ours, whatever a subject wrote. Escaping it for XML, Markdown or a
//! log is each format's own business.

use std::fmt::Write as _;

use super::{AnswerReport, CaseReport, ExchangeReport, FindingReport, Report, ShardsReport, Verdict};
use crate::report::expectation::State;
use crate::run::excerpt::shortened;
use crate::run::outcome::{Level, Outcome};

/// Characters of a body shown as evidence; the JSON report has more.
const EVIDENCE_BODY: usize = 600;
/// Missing shards named.
const SHARDS_LISTED: usize = 20;
/// Characters of a repeating command.
const CURL: usize = 3_000;

/// How a case counts for whoever only knows green, red and skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Kept.
    Kept,
    /// A recommendation left aside.
    Warned,
    /// Violated.
    Violated,
    /// Violated, and known to be.
    Expected,
    /// Said to be violated, and it is not.
    Stale,
    /// Not there to be judged, or out of reach.
    Skipped,
    /// The environment or we were in the way.
    Undecided,
}

impl Standing {
    pub(super) fn of(case: &CaseReport) -> Self {
        let state = case.expectation.as_ref().map(|expectation| expectation.state);
        match (case.outcome, state) {
            (_, Some(State::Refuted)) => Self::Stale,
            (Outcome::Fail | Outcome::Warn, Some(State::Confirmed)) => Self::Expected,
            (Outcome::Pass, _) => Self::Kept,
            (Outcome::Warn, _) => Self::Warned,
            (Outcome::Fail, _) => Self::Violated,
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

/// Text of an element or a quoted attribute. Controls must be [visible] already, because XML 1.0 has no way to
/// write them.
pub(super) fn markup(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, one| {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
        escaped
    })
}

/// Line and paragraph separators, marks that reverse text, and what XML has no place for.
const fn is_unseen(one: char) -> bool {
    matches!(one, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Everything about a violated case, one fact a line.
pub(super) fn explanation(case: &CaseReport) -> String {
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
        tell(&mut line, case, finding);
    }
    line("replay", &replay(case));
    text
}

fn tell(line: &mut impl FnMut(&str, &str), case: &CaseReport, finding: &FindingReport) {
    for (at, expected) in finding.expected.iter().enumerate() {
        line(if at == 0 { "expected" } else { "or" }, expected);
    }
    line("actual", &finding.actual);
    if let Some(pointer) = finding.pointer.as_ref().filter(|pointer| !pointer.is_empty()) {
        line("at", pointer);
    }
    if let Some(exchange) = finding.evidence.and_then(|at| case.transcript.get(at)) {
        evidence(line, case, exchange);
    }
    if let Some(curl) = &finding.curl {
        line("repeat", &shortened(curl, CURL));
    }
}

fn evidence(line: &mut impl FnMut(&str, &str), case: &CaseReport, exchange: &ExchangeReport) {
    let request = &exchange.request;
    line("evidence", &happened(case, exchange));
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

/// Who asked whom for what.
pub(super) fn happened(case: &CaseReport, exchange: &ExchangeReport) -> String {
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
pub(super) fn replay(case: &CaseReport) -> String {
    format!("ringback test {} {}", subject(case), case.replay)
}

/// The kind of subject that a case is about: the first part of its name.
fn subject(case: &CaseReport) -> &str {
    case.name.split('/').next().unwrap_or_default()
}

/// A case in one line: what was seen, or why nothing was, or why it is no news.
pub(super) fn summary(case: &CaseReport) -> String {
    let reason = || case.reason.clone().unwrap_or_default();
    let expected =
        || case.expectation.as_ref().map_or_else(String::new, |expectation| expectation.reason.clone());
    let seen = || case.findings.first().map_or_else(reason, |finding| finding.actual.clone());
    visible(&match Standing::of(case) {
        Standing::Kept => String::new(),
        Standing::Warned | Standing::Violated => seen(),
        Standing::Expected => format!("expected failure: {}", expected()),
        Standing::Stale => {
            format!("was expected to fail and did not ({}); remove the expectation", expected())
        }
        Standing::Skipped | Standing::Undecided => {
            format!("{}: {}", case.outcome.word().replace('_', " "), reason())
        }
    })
}

/// What an expectation that names no case is told.
pub(super) fn unknown(pattern: &str, reason: &str) -> String {
    visible(&format!("expectation `{pattern}` ({reason}) matches no case; remove the expectation"))
}

/// What keeps a report from being whole.
pub(super) fn missing(report: &Report) -> Option<String> {
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
pub(super) fn judged(report: &Report, level: Level) -> (usize, usize) {
    let of_level = || report.cases.iter().filter(move |case| case.level == level);
    let judged = |case: &&CaseReport| matches!(case.outcome, Outcome::Pass | Outcome::Fail | Outcome::Warn);
    (of_level().filter(judged).count(), of_level().count())
}

/// The denominators in words.
pub(super) fn denominators(report: &Report) -> String {
    let (must, musts) = judged(report, Level::Must);
    let (should, shoulds) = judged(report, Level::Should);
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
