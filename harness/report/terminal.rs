//! The report for people: what was judged, what is wrong and how to see it again, and an honest end.
//!
//! A pure function of the report and of how it should look; layout is in [`look`](super::style).

use std::collections::BTreeMap;

use super::style::{Detail, Look, Role, Sheet};
use super::wording::{self, Standing};
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
    draw(report, &Look::default())
}

/// Writes the report as it should look.
pub fn draw(report: &Report, look: &Look) -> String {
    let mut sheet = Sheet::new(*look);
    if look.detail == Detail::Quiet {
        gists(&mut sheet, report);
    } else {
        head(&mut sheet, report);
        for outcome in [Outcome::Fail, Outcome::Warn, Outcome::Error, Outcome::Inconclusive] {
            for group in groups(report, outcome) {
                match outcome {
                    Outcome::Fail | Outcome::Warn => violation(&mut sheet, &group),
                    _ => undecided(&mut sheet, &group),
                }
            }
        }
        expectations(&mut sheet, report);
        not_judged(&mut sheet, report, Outcome::NotApplicable, "Not applicable");
        not_judged(&mut sheet, report, Outcome::NotTestable, "Not testable");
        if look.detail == Detail::Verbose {
            every_case(&mut sheet, report);
        }
        how_to_repeat(&mut sheet, report);
    }
    foot(&mut sheet, report);
    sheet.into_text()
}

/// One case alone, as a test's failure message.
pub fn case(case: &CaseReport, target: &str) -> String {
    let mut sheet = Sheet::new(Look::default());
    sheet.line(0, &format!("judged {target}\n"));
    match case.outcome {
        Outcome::Fail | Outcome::Warn => violation(&mut sheet, &[case]),
        _ => undecided(&mut sheet, &[case]),
    }
    sheet.into_text()
}

/// What is wrong, a line each.
fn gists(sheet: &mut Sheet, report: &Report) {
    for case in &report.cases {
        let standing = Standing::of(case);
        if matches!(standing, Standing::Warned | Standing::Violated | Standing::Stale | Standing::Undecided) {
            let word = word(sheet, case, standing);
            let gist = shortened(&wording::gist(case), 160);
            sheet.line(0, &format!("{word}  {}: {gist}", named(case)));
        }
    }
    for expectation in report.unknown_expectations() {
        let stale = sheet.paint(Role::Bad, "STALE");
        sheet.line(0, &format!("{stale} {}", wording::unknown(&expectation.pattern, &expectation.reason)));
    }
}

/// A case and its requirement; a stored report may call them anything.
fn named(case: &CaseReport) -> String {
    wording::visible(&format!("{}  {}", case.name, case.requirement))
}

/// How a case stands, in one word.
fn word(sheet: &Sheet, case: &CaseReport, standing: Standing) -> String {
    let (role, word) = match standing {
        Standing::Kept => (Role::Good, "pass"),
        Standing::Warned => (Role::Doubtful, "WARN"),
        Standing::Violated => (Role::Bad, "FAIL"),
        Standing::Expected => (Role::Doubtful, "expected"),
        Standing::Stale => (Role::Bad, "STALE"),
        Standing::Skipped if case.outcome == Outcome::NotApplicable => (Role::Label, "not applicable"),
        Standing::Skipped => (Role::Label, "not testable"),
        Standing::Undecided if case.outcome == Outcome::Error => (Role::Doubtful, "ERROR (ours)"),
        Standing::Undecided => (Role::Doubtful, "UNDECIDED"),
    };
    sheet.paint(role, word)
}

fn head(sheet: &mut Sheet, report: &Report) {
    let target = report.target["description"].as_str().unwrap_or("a gateway");
    let mode = match report.mode {
        Mode::Embedded => "embedded: our mocks stand for the vendors",
        Mode::Loopback => "loopback: our mocks stand for the vendors",
        Mode::Deployed => "deployed: only what is visible from outside can be judged",
    };
    let judged = sheet.paint(Role::Strong, "Judged");
    sheet.line(0, &format!("{judged} {}", wording::visible(target)));
    sheet.line(2, &format!("{mode}; seed {}", report.seed));
    let knobs = report.target["knobs"].as_object().into_iter().flatten();
    let knobs: Vec<String> =
        knobs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    if !knobs.is_empty() {
        sheet.line(2, &format!("knobs: {}", wording::visible(&knobs.join(", "))));
    }
    if let Some(selection) = &report.selection {
        part(sheet, selection);
    }
    sheet.blank();
}

/// Which part of a selection this is, where it is one.
fn part(sheet: &mut Sheet, selection: &SelectionReport) {
    let cases = selection.cases;
    if let Some(replay) = &selection.replay {
        sheet.line(2, &format!("replay of {}", wording::visible(replay)));
    }
    let Some(shards) = &selection.shards else { return };
    let held: Vec<String> = shards.held.iter().map(usize::to_string).collect();
    sheet.line(2, &format!("shard {} of {}, {cases} cases in all", held.join(", "), shards.of));
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

fn violation(sheet: &mut Sheet, group: &[&CaseReport]) {
    let case = group[0];
    let (role, word) =
        if case.outcome == Outcome::Fail { (Role::Bad, "FAIL") } else { (Role::Doubtful, "WARN") };
    let (word, name) = (sheet.paint(role, word), sheet.paint(Role::Strong, &named(case)));
    sheet.line(0, &format!("{word}  {name} {}", case.level.word()));
    sheet.line(6, &wording::visible(&case.sentence));
    let source = &case.source;
    sheet.line(
        6,
        &wording::visible(&format!("Source: {}, {} (read {})", source.page, source.url, source.read)),
    );
    let verbose = sheet.detail() == Detail::Verbose;
    for finding in &case.findings {
        write_finding(sheet, case, finding, !verbose);
    }
    if verbose {
        for exchange in &case.transcript {
            evidence(sheet, "exchange", case, exchange);
        }
    }
    for other in &group[1..] {
        let actual = other.findings.first().map_or("", |finding| finding.actual.as_str());
        sheet.line(6, &wording::visible(&format!("also {}: {}", other.name, shortened(actual, 160))));
    }
    sheet.exact("replay", &wording::replay(case));
    sheet.exact("explain", &format!("ringback explain {}", case.requirement));
    sheet.blank();
}

fn write_finding(sheet: &mut Sheet, case: &CaseReport, finding: &FindingReport, with_evidence: bool) {
    for (at, expected) in finding.expected.iter().enumerate() {
        sheet.marked(if at == 0 { "expected" } else { "or" }, expected);
    }
    sheet.value("actual", &finding.actual);
    if let Some(pointer) = finding.pointer.as_ref().filter(|pointer| !pointer.is_empty()) {
        sheet.value("at", pointer);
    }
    let exchange = finding.evidence.and_then(|at| case.transcript.get(at));
    if let Some(exchange) = exchange.filter(|_| with_evidence) {
        evidence(sheet, "evidence", case, exchange);
    }
    if let Some(curl) = &finding.curl {
        sheet.exact("repeat", &shortened(curl, CURL));
    }
}

/// One exchange. Each line begins with a label of ours: a log reads some of those that do not as commands.
fn evidence(sheet: &mut Sheet, label: &str, case: &CaseReport, exchange: &ExchangeReport) {
    sheet.exact(label, &wording::happened(case, exchange));
    let sent = exchange.request.body.as_ref().and_then(|body| body.text.as_deref()).unwrap_or("");
    if !sent.is_empty() {
        sheet.exact("sent", &shortened(sent, EVIDENCE_BODY));
    }
    match &exchange.answer {
        AnswerReport::Response { status, body, .. } => {
            let body = body.as_ref().and_then(|body| body.text.as_deref()).unwrap_or("");
            sheet.exact("answered", &format!("HTTP {status} {}", shortened(body, EVIDENCE_BODY)));
        }
        AnswerReport::Error { error } => sheet.exact("answered", &format!("not at all: {error}")),
    }
}

fn undecided(sheet: &mut Sheet, group: &[&CaseReport]) {
    for case in group {
        let word = if case.outcome == Outcome::Error { "ERROR (ours)" } else { "UNDECIDED" };
        let (word, name) = (sheet.paint(Role::Doubtful, word), sheet.paint(Role::Strong, &named(case)));
        sheet.line(0, &format!("{word}  {name}"));
        sheet.line(6, &wording::visible(case.reason.as_deref().unwrap_or("")));
        sheet.blank();
    }
}

/// Known failures: those that are still there, those that are not, and those that never were.
fn expectations(sheet: &mut Sheet, report: &Report) {
    let confirmed: Vec<_> = report.cases.iter().filter(|case| case.is_expected()).collect();
    if !confirmed.is_empty() {
        sheet.line(0, &format!("Expected failures ({}):", confirmed.len()));
        for case in confirmed {
            let reason = case.expectation.as_ref().map_or("", |expectation| expectation.reason.as_str());
            sheet.line(6, &format!("{}: {}", named(case), wording::visible(reason)));
        }
        sheet.blank();
    }
    let stale = sheet.paint(Role::Bad, "STALE");
    for (case, expectation) in report.stale_cases() {
        sheet.line(0, &format!("{stale} {}", named(case)));
        let (reason, pattern) =
            (wording::visible(&expectation.reason), wording::visible(&expectation.pattern));
        sheet.line(
            6,
            &format!("passed, and was expected to fail ({reason}); remove the expectation `{pattern}`"),
        );
        sheet.blank();
    }
    for expectation in report.unknown_expectations() {
        let (reason, pattern) =
            (wording::visible(&expectation.reason), wording::visible(&expectation.pattern));
        sheet.line(0, &format!("{stale} expectation `{pattern}` ({reason})"));
        sheet.line(6, "matches no case; remove the expectation");
        sheet.blank();
    }
}

fn not_judged(sheet: &mut Sheet, report: &Report, outcome: Outcome, title: &str) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in report.cases.iter().filter(|case| case.outcome == outcome) {
        by_reason.entry(case.reason.as_deref().unwrap_or("")).or_default().push(&case.name);
    }
    for (reason, names) in by_reason {
        let title = sheet.paint(Role::Strong, title);
        sheet.line(0, &format!("{title} ({}): {}", names.len(), wording::visible(reason)));
        let listed = names.iter().take(NAMES_LISTED).copied().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMES_LISTED);
        let tail = if more > 0 { format!(", and {more} more") } else { String::new() };
        sheet.line(6, &wording::visible(&format!("{listed}{tail}")));
        sheet.blank();
    }
}

/// Every case and how long it took.
fn every_case(sheet: &mut Sheet, report: &Report) {
    for case in &report.cases {
        let word = word(sheet, case, Standing::of(case));
        sheet.line(0, &format!("{word}  {}  {} ms", named(case), case.duration_ms));
    }
    sheet.blank();
}

/// What the variables in the curl lines stand for, where there are any.
fn how_to_repeat(sheet: &mut Sheet, report: &Report) {
    let repeats = |variable: &str| {
        let says =
            |finding: &FindingReport| finding.curl.as_ref().is_some_and(|line| line.contains(variable));
        report.cases.iter().any(|case| case.findings.iter().any(says))
    };
    if repeats("$GATEWAY") {
        sheet.line(
            0,
            "In the curl lines, GATEWAY is the address of your running gateway and RINGBACK_API_KEY a key it accepts.",
        );
        sheet.blank();
    }
    if repeats("$RECEIVER") {
        sheet.line(
            0,
            "In the curl lines, RECEIVER is the address of your running receiver; a signature is only good for minutes.",
        );
        sheet.blank();
    }
}

fn foot(sheet: &mut Sheet, report: &Report) {
    let counts = &report.counts;
    let judged = |level: Level| {
        let (judged, all) = wording::judged(report, level);
        format!("{judged} of {all} {}", level.word())
    };
    let expected = match report.expected_failures() {
        0 => String::new(),
        count => format!("{count} failed as expected, "),
    };
    sheet.line(
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
    sheet.line(
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
        sheet.line(
            0,
            &format!(
                "Sent: {requests} requests; {jobs} jobs of --spend {spend} were, or may have been, accepted"
            ),
        );
    }
    if let Some(missing) = wording::missing(report) {
        let incomplete = sheet.paint(Role::Bad, "INCOMPLETE");
        sheet.line(0, &missing.replacen("incomplete", &incomplete, 1));
    }
    let role = match report.verdict {
        Verdict::Conforms => Role::Good,
        Verdict::Violations => Role::Bad,
        Verdict::Undecided | Verdict::NothingRan => Role::Doubtful,
    };
    let verdict = sheet.paint(role, &wording::verdict(report));
    sheet.line(0, &format!("Verdict: {verdict} (exit code {})", report.verdict.exit_code()));
}
