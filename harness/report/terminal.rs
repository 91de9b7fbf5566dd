//! The report for people: what was judged, what is wrong and how to see it again, and an honest end.
//!
//! A pure function of the report and of how it should look; layout is in [`style`](super::style).
//! Written by hand: no library lays out a report like this one, and wrapping and colours are libraries already.

use std::collections::BTreeMap;

use super::style::{Detail, Printer, Role, TerminalStyle};
use super::wording::{self, CaseStatus};
use super::{
    AnswerReport, CaseReport, ExchangeReport, FindingReport, Report, SelectionReport, TrafficReport, Verdict,
};
use crate::run::excerpt::shortened;
use crate::run::mode::Mode;
use crate::run::outcome::{Level, Outcome};

/// Characters of a body shown as evidence; the JSON report has more.
const EVIDENCE_BODY: usize = 600;
/// Characters of a repeating command.
const CURL: usize = 3_000;
/// Names listed under one reason.
const NAMES_LISTED: usize = 4;

/// Writes the report as it stands in a file.
pub fn render(report: &Report) -> String {
    draw(report, &TerminalStyle::default())
}

/// Writes the report in a style.
pub fn draw(report: &Report, style: &TerminalStyle) -> String {
    let mut printer = Printer::new(*style);
    if style.detail == Detail::Quiet {
        summaries(&mut printer, report);
    } else {
        head(&mut printer, report);
        for outcome in [Outcome::Fail, Outcome::Warn, Outcome::Error, Outcome::Inconclusive] {
            for group in groups(report, outcome) {
                match outcome {
                    Outcome::Fail | Outcome::Warn => violation(&mut printer, &group),
                    _ => undecided(&mut printer, &group),
                }
            }
        }
        expectations(&mut printer, report);
        not_judged(&mut printer, report, Outcome::NotApplicable, "Not applicable");
        not_judged(&mut printer, report, Outcome::NotTestable, "Not testable");
        if style.detail == Detail::Verbose {
            every_case(&mut printer, report);
        }
        how_to_repeat(&mut printer, report);
    }
    foot(&mut printer, report);
    printer.into_text()
}

/// One case alone, as a test's failure message.
pub fn case(case: &CaseReport, target: &str) -> String {
    let mut printer = Printer::new(TerminalStyle::default());
    printer.line(0, &format!("judged {target}\n"));
    match case.outcome {
        Outcome::Fail | Outcome::Warn => violation(&mut printer, &[case]),
        _ => undecided(&mut printer, &[case]),
    }
    printer.into_text()
}

/// What is wrong, a line each.
fn summaries(printer: &mut Printer, report: &Report) {
    for case in &report.cases {
        let status = CaseStatus::of(case);
        if matches!(
            status,
            CaseStatus::Warned | CaseStatus::Failed | CaseStatus::StaleExpectation | CaseStatus::Undecided
        ) {
            let word = word(printer, case, status);
            let summary = shortened(&wording::summary(case), 160);
            printer.line(0, &format!("{word}  {}: {summary}", title_of(case)));
        }
    }
    for expectation in report.unknown_expectations() {
        let stale = printer.paint(Role::Bad, "STALE");
        printer.line(
            0,
            &format!("{stale} {}", wording::unknown_expectation(&expectation.pattern, &expectation.reason)),
        );
    }
}

/// A case and its requirement; a stored report may call them anything.
fn title_of(case: &CaseReport) -> String {
    wording::visible(&format!("{}  {}", case.name, case.requirement))
}

/// How a case stands, in one word.
fn word(printer: &Printer, case: &CaseReport, status: CaseStatus) -> String {
    let (role, word) = match status {
        CaseStatus::Passed => (Role::Good, "pass"),
        CaseStatus::Warned => (Role::Doubtful, "WARN"),
        CaseStatus::Failed => (Role::Bad, "FAIL"),
        CaseStatus::ExpectedFailure => (Role::Doubtful, "expected"),
        CaseStatus::StaleExpectation => (Role::Bad, "STALE"),
        CaseStatus::Skipped if case.outcome == Outcome::NotApplicable => (Role::Label, "not applicable"),
        CaseStatus::Skipped => (Role::Label, "not testable"),
        CaseStatus::Undecided if case.outcome == Outcome::Error => (Role::Doubtful, "ERROR (ours)"),
        CaseStatus::Undecided => (Role::Doubtful, "UNDECIDED"),
    };
    printer.paint(role, word)
}

fn head(printer: &mut Printer, report: &Report) {
    let target = report.target["description"].as_str().unwrap_or("a gateway");
    let mode = match report.mode {
        Mode::Embedded => "embedded: our mocks stand for the vendors",
        Mode::Loopback => "loopback: our mocks stand for the vendors",
        Mode::Deployed => "deployed: only what is visible from outside can be judged",
    };
    let judged = printer.paint(Role::Strong, "Judged");
    printer.line(0, &format!("{judged} {}", wording::visible(target)));
    printer.line(2, &format!("{mode}; seed {}", report.seed));
    let knobs = report.target["knobs"].as_object().into_iter().flatten();
    let knobs: Vec<String> =
        knobs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    if !knobs.is_empty() {
        printer.line(2, &format!("knobs: {}", wording::visible(&knobs.join(", "))));
    }
    if let Some(selection) = &report.selection {
        part(printer, selection);
    }
    printer.blank();
}

/// Which part of a selection this is, where it is one.
fn part(printer: &mut Printer, selection: &SelectionReport) {
    let cases = selection.cases;
    if let Some(replay) = &selection.replay {
        printer.line(2, &format!("replay of {}", wording::visible(replay)));
    }
    let Some(shards) = &selection.shards else { return };
    let held: Vec<String> = shards.held.iter().map(usize::to_string).collect();
    printer.line(2, &format!("shard {} of {}, {cases} cases in all", held.join(", "), shards.of));
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

fn violation(printer: &mut Printer, group: &[&CaseReport]) {
    let case = group[0];
    let (role, word) =
        if case.outcome == Outcome::Fail { (Role::Bad, "FAIL") } else { (Role::Doubtful, "WARN") };
    let (word, name) = (printer.paint(role, word), printer.paint(Role::Strong, &title_of(case)));
    printer.line(0, &format!("{word}  {name} {}", case.level.word()));
    printer.line(6, &wording::visible(&case.sentence));
    let source = &case.source;
    printer.line(
        6,
        &wording::visible(&format!("Source: {}, {} (read {})", source.page, source.url, source.read)),
    );
    let verbose = printer.detail() == Detail::Verbose;
    for finding in &case.findings {
        write_finding(printer, case, finding, !verbose);
    }
    if verbose {
        for exchange in &case.transcript {
            evidence(printer, "exchange", case, exchange);
        }
    }
    for other in &group[1..] {
        let actual = other.findings.first().map_or("", |finding| finding.actual.as_str());
        printer.line(6, &wording::visible(&format!("also {}: {}", other.name, shortened(actual, 160))));
    }
    printer.exact("replay", &wording::replay_command(case));
    printer.exact("explain", &format!("ringback explain {}", case.requirement));
    printer.blank();
}

fn write_finding(printer: &mut Printer, case: &CaseReport, finding: &FindingReport, with_evidence: bool) {
    for (at, expected) in finding.expected.iter().enumerate() {
        printer.marked(if at == 0 { "expected" } else { "or" }, expected);
    }
    printer.value("actual", &finding.actual);
    if let Some(pointer) = finding.pointer.as_ref().filter(|pointer| !pointer.is_empty()) {
        printer.value("at", pointer);
    }
    let exchange = finding.evidence.and_then(|at| case.transcript.get(at));
    if let Some(exchange) = exchange.filter(|_| with_evidence) {
        evidence(printer, "evidence", case, exchange);
    }
    if let Some(curl) = &finding.curl {
        printer.exact("repeat", &shortened(curl, CURL));
    }
}

/// One exchange. Each line begins with a label of ours: a log reads some of those that do not as commands.
fn evidence(printer: &mut Printer, label: &str, case: &CaseReport, exchange: &ExchangeReport) {
    printer.exact(label, &wording::exchange_line(case, exchange));
    let sent = exchange.request.body.as_ref().and_then(|body| body.text.as_deref()).unwrap_or("");
    if !sent.is_empty() {
        printer.exact("sent", &shortened(sent, EVIDENCE_BODY));
    }
    match &exchange.answer {
        AnswerReport::Response { status, body, .. } => {
            let body = body.as_ref().and_then(|body| body.text.as_deref()).unwrap_or("");
            printer.exact("answered", &format!("HTTP {status} {}", shortened(body, EVIDENCE_BODY)));
        }
        AnswerReport::Error { error } => printer.exact("answered", &format!("not at all: {error}")),
    }
}

fn undecided(printer: &mut Printer, group: &[&CaseReport]) {
    for case in group {
        let word = if case.outcome == Outcome::Error { "ERROR (ours)" } else { "UNDECIDED" };
        let (word, name) =
            (printer.paint(Role::Doubtful, word), printer.paint(Role::Strong, &title_of(case)));
        printer.line(0, &format!("{word}  {name}"));
        printer.line(6, &wording::visible(case.reason.as_deref().unwrap_or("")));
        printer.blank();
    }
}

/// Known failures: those that are still there, those that are not, and those that never were.
fn expectations(printer: &mut Printer, report: &Report) {
    let confirmed: Vec<_> = report.cases.iter().filter(|case| case.is_expected()).collect();
    if !confirmed.is_empty() {
        printer.line(0, &format!("Expected failures ({}):", confirmed.len()));
        for case in confirmed {
            let reason = case.expectation.as_ref().map_or("", |expectation| expectation.reason.as_str());
            printer.line(6, &format!("{}: {}", title_of(case), wording::visible(reason)));
        }
        printer.blank();
    }
    let stale = printer.paint(Role::Bad, "STALE");
    for (case, expectation) in report.stale_cases() {
        printer.line(0, &format!("{stale} {}", title_of(case)));
        let (reason, pattern) =
            (wording::visible(&expectation.reason), wording::visible(&expectation.pattern));
        printer.line(
            6,
            &format!("passed, and was expected to fail ({reason}); remove the expectation `{pattern}`"),
        );
        printer.blank();
    }
    for expectation in report.unknown_expectations() {
        let (reason, pattern) =
            (wording::visible(&expectation.reason), wording::visible(&expectation.pattern));
        printer.line(0, &format!("{stale} expectation `{pattern}` ({reason})"));
        printer.line(6, "matches no case; remove the expectation");
        printer.blank();
    }
}

fn not_judged(printer: &mut Printer, report: &Report, outcome: Outcome, title: &str) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in report.cases.iter().filter(|case| case.outcome == outcome) {
        by_reason.entry(case.reason.as_deref().unwrap_or("")).or_default().push(&case.name);
    }
    for (reason, names) in by_reason {
        let title = printer.paint(Role::Strong, title);
        printer.line(0, &format!("{title} ({}): {}", names.len(), wording::visible(reason)));
        let listed = names.iter().take(NAMES_LISTED).copied().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMES_LISTED);
        let tail = if more > 0 { format!(", and {more} more") } else { String::new() };
        printer.line(6, &wording::visible(&format!("{listed}{tail}")));
        printer.blank();
    }
}

/// Every case and how long it took.
fn every_case(printer: &mut Printer, report: &Report) {
    for case in &report.cases {
        let word = word(printer, case, CaseStatus::of(case));
        printer.line(0, &format!("{word}  {}  {} ms", title_of(case), case.duration_ms));
    }
    printer.blank();
}

/// What the variables in the curl lines stand for, where there are any.
fn how_to_repeat(printer: &mut Printer, report: &Report) {
    let repeats = |variable: &str| {
        let says =
            |finding: &FindingReport| finding.curl.as_ref().is_some_and(|line| line.contains(variable));
        report.cases.iter().any(|case| case.findings.iter().any(says))
    };
    if repeats("$GATEWAY") {
        printer.line(
            0,
            "In the curl lines, GATEWAY is the address of your running gateway and RINGBACK_API_KEY a key it accepts.",
        );
        printer.blank();
    }
    if repeats("$RECEIVER") {
        printer.line(
            0,
            "In the curl lines, RECEIVER is the address of your running receiver; a signature is only good for minutes.",
        );
        printer.blank();
    }
}

fn foot(printer: &mut Printer, report: &Report) {
    let counts = &report.counts;
    let judged = |level: Level| {
        let (judged, all) = wording::coverage(report, level);
        format!("{judged} of {all} {}", level.word())
    };
    let expected = match report.expected_failures() {
        0 => String::new(),
        count => format!("{count} failed as expected, "),
    };
    printer.line(
        0,
        &format!(
            "{} cases: {} passed, {} failed, {expected}{} warned, {} not applicable, {} not testable, {} undecided, {} harness errors",
            report.cases.len(),
            counts.pass,
            counts.fail - report.expected_failures(),
            counts.warn,
            counts.not_applicable,
            counts.not_testable,
            counts.inconclusive,
            counts.error
        ),
    );
    printer.line(
        0,
        &format!(
            "Judged: {}, {} cases; {:.2} s",
            judged(Level::Must),
            judged(Level::Should),
            std::time::Duration::from_millis(report.duration_ms).as_secs_f64()
        ),
    );
    if let Some(TrafficReport { requests, jobs }) = report.traffic.filter(|_| report.mode == Mode::Deployed) {
        let spend = &report.target["spend"];
        printer.line(
            0,
            &format!(
                "Sent: {requests} requests; {jobs} jobs of --spend {spend} were, or may have been, accepted"
            ),
        );
    }
    if let Some(missing) = wording::incomplete(report) {
        let incomplete = printer.paint(Role::Bad, "INCOMPLETE");
        printer.line(0, &missing.replacen("incomplete", &incomplete, 1));
    }
    let role = match report.verdict {
        Verdict::Conforms => Role::Good,
        Verdict::Violations => Role::Bad,
        Verdict::Undecided | Verdict::NothingRan => Role::Doubtful,
    };
    let verdict = printer.paint(role, &wording::verdict(report));
    printer.line(0, &format!("Verdict: {verdict} (exit code {})", report.verdict.exit_code()));
}
