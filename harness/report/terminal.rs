//! The report for people: what was judged, what is wrong and how to see it again, and an honest end.
//!
//! A pure function of the report; no colour, no cursor, the same text in a file and on a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{
    AnswerReport, CaseReport, ExchangeReport, FindingReport, Report, SelectionReport, ShardsReport,
    TrafficReport, Verdict,
};
use crate::job::shortened;
use crate::outcome::{Level, Outcome};
use crate::target::Mode;

/// Characters of a body shown as evidence; the JSON report has more.
const EVIDENCE_BODY: usize = 600;
/// Names listed under one reason.
const NAMES_LISTED: usize = 4;

/// Writes the report.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    head(&mut text, report);
    for outcome in [Outcome::Fail, Outcome::Warn, Outcome::Error, Outcome::Inconclusive] {
        for group in groups(report, outcome) {
            match outcome {
                Outcome::Fail | Outcome::Warn => violation(&mut text, &group),
                _ => undecided(&mut text, &group),
            }
        }
    }
    expectations(&mut text, report);
    not_judged(&mut text, report, Outcome::NotApplicable, "Not applicable");
    not_judged(&mut text, report, Outcome::NotTestable, "Not testable");
    foot(&mut text, report);
    text
}

/// One case alone, as a test's failure message.
pub fn case(case: &CaseReport, target: &str) -> String {
    let mut text = format!("judged {target}\n\n");
    match case.outcome {
        Outcome::Fail | Outcome::Warn => violation(&mut text, &[case]),
        _ => undecided(&mut text, &[case]),
    }
    text
}

fn head(text: &mut String, report: &Report) {
    let target = report.target["description"].as_str().unwrap_or("a gateway");
    let mode = match report.mode {
        Mode::Embedded => "embedded: our mocks stand for the vendors",
        Mode::Loopback => "loopback: our mocks stand for the vendors",
        Mode::Deployed => "deployed: only what is visible from outside can be judged",
    };
    let _ = writeln!(text, "Judged {target}\n  {mode}; seed {}", report.seed);
    let knobs = report.target["knobs"].as_object().into_iter().flatten();
    let knobs: Vec<String> =
        knobs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    if !knobs.is_empty() {
        let _ = writeln!(text, "  knobs: {}", plain(&knobs.join(", ")));
    }
    if let Some(selection) = &report.selection {
        part(text, selection);
    }
    text.push('\n');
}

/// Which part of a selection this is, where it is one.
fn part(text: &mut String, selection: &SelectionReport) {
    let cases = selection.cases;
    if let Some(replay) = &selection.replay {
        let _ = writeln!(text, "  replay of {}", plain(replay));
    }
    let Some(shards) = &selection.shards else { return };
    let listed = |indices: &mut dyn Iterator<Item = usize>| {
        indices.map(|index| index.to_string()).collect::<Vec<_>>().join(", ")
    };
    let held = listed(&mut shards.held.iter().copied());
    let _ = writeln!(text, "  shard {held} of {}, {cases} cases in all", shards.of);
}

/// Text that cannot steer a terminal or forge a line of this report, whoever wrote it.
fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|one| if one.is_control() { one.escape_default().collect() } else { vec![one] })
        .collect()
}

/// Cases of an outcome, together where they are about the same requirement.
fn groups(report: &Report, outcome: Outcome) -> Vec<Vec<&CaseReport>> {
    let mut groups: Vec<Vec<&CaseReport>> = Vec::new();
    for case in report.cases.iter().filter(|case| case.outcome == outcome && !case.is_expected()) {
        match groups.last_mut() {
            Some(group) if group[0].requirement == case.requirement => group.push(case),
            _ => groups.push(vec![case]),
        }
    }
    groups
}

fn violation(text: &mut String, group: &[&CaseReport]) {
    let case = group[0];
    let word = if case.outcome == Outcome::Fail { "FAIL" } else { "WARN" };
    let _ = writeln!(text, "{word}  {}  {} {}", case.name, case.requirement, case.level.word());
    let _ = writeln!(text, "      {}", case.sentence);
    let _ =
        writeln!(text, "      Source: {}, {} (read {})", case.source.page, case.source.url, case.source.read);
    for finding in &case.findings {
        write_finding(text, case, finding);
    }
    for other in &group[1..] {
        let actual = other.findings.first().map_or("", |finding| finding.actual.as_str());
        let _ = writeln!(text, "      also {}: {}", other.name, shortened(&plain(actual), 160));
    }
    let _ = writeln!(text, "      replay    ringback test {} {}", subject(case), case.replay);
    let _ = writeln!(text, "      explain   ringback explain {}\n", case.requirement);
}

/// The kind of subject that a case is about: the first part of its name.
fn subject(case: &CaseReport) -> &str {
    case.name.split('/').next().unwrap_or_default()
}

fn write_finding(text: &mut String, case: &CaseReport, finding: &FindingReport) {
    for (at, expected) in finding.expected.iter().enumerate() {
        let label = if at == 0 { "expected" } else { "or" };
        let _ = writeln!(text, "    · {label:<9} {}", plain(expected));
    }
    let _ = writeln!(text, "      actual    {}", plain(&finding.actual));
    if let Some(pointer) = finding.pointer.as_ref().filter(|pointer| !pointer.is_empty()) {
        let _ = writeln!(text, "      at        {}", plain(pointer));
    }
    if let Some(exchange) = finding.evidence.and_then(|at| case.transcript.get(at)) {
        evidence(text, case, exchange);
    }
    if let Some(curl) = &finding.curl {
        let _ = writeln!(text, "      repeat    {}", shortened(&plain(curl), 3_000));
    }
}

fn evidence(text: &mut String, case: &CaseReport, exchange: &ExchangeReport) {
    let vendor = exchange.vendor.as_deref().unwrap_or("vendor");
    let parties = match exchange.leg.as_str() {
        "client" => format!("client → {}", subject(case)),
        "gateway" => "receiver → gateway".to_owned(),
        "upstream" => format!("gateway → {vendor}"),
        "callback" => format!("{vendor} → receiver"),
        _ => "somebody → receiver".to_owned(),
    };
    let request = &exchange.request;
    let sent = request.body.as_ref().and_then(|body| body.text.as_deref()).unwrap_or("");
    let _ =
        writeln!(text, "      evidence  {parties}: {} {}", plain(&request.method), plain(&request.target));
    if !sent.is_empty() {
        let _ = writeln!(text, "                {}", shortened(&plain(sent), EVIDENCE_BODY));
    }
    let _ = match &exchange.answer {
        AnswerReport::Response { status, body, .. } => {
            let body = body.as_ref().and_then(|body| body.text.as_deref()).unwrap_or("");
            writeln!(
                text,
                "                answered HTTP {status} {}",
                shortened(&plain(body), EVIDENCE_BODY)
            )
        }
        AnswerReport::Error { error } => writeln!(text, "                no answer: {}", plain(error)),
    };
}

fn undecided(text: &mut String, group: &[&CaseReport]) {
    for case in group {
        let word = if case.outcome == Outcome::Error { "ERROR (ours)" } else { "UNDECIDED" };
        let reason = plain(case.reason.as_deref().unwrap_or(""));
        let _ = writeln!(text, "{word}  {}  {}\n      {reason}\n", case.name, case.requirement);
    }
}

/// Known failures: those that are still there, those that are not, and those that never were.
fn expectations(text: &mut String, report: &Report) {
    let confirmed: Vec<_> = report.cases.iter().filter(|case| case.is_expected()).collect();
    if !confirmed.is_empty() {
        let _ = writeln!(text, "Expected failures ({}):", confirmed.len());
        for case in confirmed {
            let reason = case.expectation.as_ref().map_or("", |expectation| expectation.reason.as_str());
            let _ = writeln!(text, "      {}  {}: {}", case.name, case.requirement, plain(reason));
        }
        text.push('\n');
    }
    for (case, expectation) in report.stale_cases() {
        let _ = writeln!(
            text,
            "STALE {}  {}\n      passed, and was expected to fail ({}); remove the expectation `{}`\n",
            case.name,
            case.requirement,
            plain(&expectation.reason),
            plain(&expectation.pattern)
        );
    }
    for expectation in report.unknown_expectations() {
        let _ = writeln!(
            text,
            "STALE expectation `{}` ({})\n      matches no case; remove the expectation\n",
            plain(&expectation.pattern),
            plain(&expectation.reason)
        );
    }
}

fn not_judged(text: &mut String, report: &Report, outcome: Outcome, title: &str) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in report.cases.iter().filter(|case| case.outcome == outcome) {
        by_reason.entry(case.reason.as_deref().unwrap_or("")).or_default().push(&case.name);
    }
    for (reason, names) in by_reason {
        let _ = writeln!(text, "{title} ({}): {}", names.len(), plain(reason));
        let listed = names.iter().take(NAMES_LISTED).copied().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMES_LISTED);
        let tail = if more > 0 { format!(", and {more} more") } else { String::new() };
        let _ = writeln!(text, "      {listed}{tail}\n");
    }
}

fn foot(text: &mut String, report: &Report) {
    let repeats = |variable: &str| {
        let says =
            |finding: &FindingReport| finding.curl.as_ref().is_some_and(|line| line.contains(variable));
        report.cases.iter().any(|case| case.findings.iter().any(says))
    };
    if repeats("$GATEWAY") {
        let _ = writeln!(
            text,
            "In the curl lines, GATEWAY is the address of your running gateway and RINGBACK_API_KEY a key it accepts.\n"
        );
    }
    if repeats("$RECEIVER") {
        let _ = writeln!(
            text,
            "In the curl lines, RECEIVER is the address of your running receiver; a signature is only good for minutes.\n"
        );
    }
    let counts = &report.counts;
    let judged = |level: Level| {
        let of_level = || report.cases.iter().filter(move |case| case.level == level);
        let judged = of_level()
            .filter(|case| matches!(case.outcome, Outcome::Pass | Outcome::Fail | Outcome::Warn))
            .count();
        format!("{judged} of {} {}", of_level().count(), level.word())
    };
    let expected = match report.expected_failures() {
        0 => String::new(),
        count => format!("{count} failed as expected, "),
    };
    let _ = writeln!(
        text,
        "{} cases: {} passed, {} failed, {expected}{} warned, {} not applicable, {} not testable, {} undecided, {} harness errors",
        report.cases.len(),
        counts.pass,
        counts.fail - report.expected_failures(),
        counts.warn,
        counts.not_applicable,
        counts.not_testable,
        counts.inconclusive,
        counts.error
    );
    let _ = writeln!(
        text,
        "Judged: {}, {} cases; {:.2} s",
        judged(Level::Must),
        judged(Level::Should),
        std::time::Duration::from_millis(report.duration_ms).as_secs_f64()
    );
    if let Some(TrafficReport { requests, jobs }) = report.traffic.filter(|_| report.mode == Mode::Deployed) {
        let spend = &report.target["spend"];
        let _ = writeln!(
            text,
            "Sent: {requests} requests; {jobs} jobs of --spend {spend} were, or may have been, accepted"
        );
    }
    missing(text, report);
    let as_expected = if report.verdict == Verdict::Conforms && report.expected_failures() > 0 {
        ", expected failures aside"
    } else {
        ""
    };
    let verdict = match report.verdict {
        Verdict::Conforms if counts.not_testable > 0 => "CONFORMS as far as it could be judged",
        Verdict::Conforms => "CONFORMS",
        Verdict::Violations => "VIOLATIONS",
        Verdict::Undecided => "UNDECIDED: not everything could be judged",
        Verdict::NothingRan => "NOTHING RAN: no case could be judged",
    };
    let _ = writeln!(text, "Verdict: {verdict}{as_expected} (exit code {})", report.verdict.exit_code());
}

/// What keeps a report from being whole.
fn missing(text: &mut String, report: &Report) {
    if report.complete {
        return;
    }
    let shards = report.selection.as_ref().and_then(|selection| selection.shards.as_ref());
    let missing: Vec<String> =
        shards.into_iter().flat_map(ShardsReport::missing).map(|index| index.to_string()).collect();
    let what = match missing.as_slice() {
        [] => "the run was cut short".to_owned(),
        some => format!("shard {} of {} is missing", some.join(", "), shards.map_or(0, |shards| shards.of)),
    };
    let _ = writeln!(text, "INCOMPLETE: {what}; an absent case proves nothing");
}
