//! What the page says without its script: the verdict, the counts, and every case that needs attention.
//!
//! Markup only, and every word that comes from a subject passes `escaped`.

use std::fmt::Write as _;

use super::escaped;
use crate::report::wording::{self, Standing};
use crate::report::{CaseReport, FindingReport, Report, Verdict};
use crate::run::mode::Mode;
use crate::run::outcome::{Level, Outcome};

/// Outcomes with their word and their sign, in the order of how much they ask for.
const OUTCOMES: [(Outcome, &str, &str, &str); 7] = [
    (Outcome::Fail, "fail", "failed", "✕"),
    (Outcome::Error, "error", "harness errors", "!"),
    (Outcome::Inconclusive, "inconclusive", "undecided", "?"),
    (Outcome::Warn, "warn", "warned", "▲"),
    (Outcome::NotTestable, "not_testable", "not testable", "◌"),
    (Outcome::NotApplicable, "not_applicable", "not applicable", "–"),
    (Outcome::Pass, "pass", "passed", "✓"),
];

/// The page's title: the verdict first, because that is what a browser tab has room for.
pub(super) fn title(report: &Report) -> String {
    format!("{} · {} · Ringback", verdict(report)[2], escaped(&report.subject))
}

/// How the verdict is dressed, its sign and words, and what it means. Only what was judged as a whole is green.
fn verdict(report: &Report) -> [&'static str; 4] {
    match report.verdict {
        Verdict::Violations => {
            ["violations", "✕", "Violations", "At least one MUST, or an expectation, is violated."]
        }
        Verdict::Undecided => {
            ["undecided", "?", "Undecided", "Not everything could be judged; this is no success."]
        }
        Verdict::NothingRan => {
            ["nothing", "∅", "Nothing ran", "No case could be judged; this is no success."]
        }
        Verdict::Conforms if report.counts.not_testable > 0 => [
            "partly",
            "◐",
            "Conforms, as far as it could be judged",
            "No MUST is violated, but some could not be tested and are not known to be kept.",
        ],
        Verdict::Conforms if report.expected_failures() > 0 => [
            "partly",
            "◐",
            "Conforms, expected failures aside",
            "Only MUSTs that are known to be violated are violated.",
        ],
        Verdict::Conforms => ["conforms", "✓", "Conforms", "No MUST is violated."],
    }
}

/// The verdict, and what was judged, how.
pub(super) fn head(report: &Report) -> String {
    let mut page = String::new();
    let [class, sign, words, meaning] = verdict(report);
    let code = report.verdict.exit_code();
    let _ = write!(
        page,
        "<header class=\"top {class}\"><p class=\"brand\"><strong>Ringback</strong> conformance of AI-media callbacks</p>\
         <h1><span class=\"sign\" aria-hidden=\"true\">{sign}</span> {words} <span class=\"code\">exit code {code}</span></h1>\
         <p class=\"meaning\">{meaning}</p>"
    );
    if let Some(missing) = wording::missing(report) {
        let _ = write!(page, "<p class=\"loud\"><strong>{}</strong></p>", escaped(&missing));
    }
    page.push_str("<dl class=\"facts\">");
    let mode = match report.mode {
        Mode::Embedded => "embedded: our mocks stand for the vendors",
        Mode::Loopback => "loopback: our mocks stand for the vendors",
        Mode::Deployed => "deployed: only what is visible from outside can be judged",
    };
    let took = std::time::Duration::from_millis(report.duration_ms).as_secs_f64();
    fact(&mut page, "Judged", report.target["description"].as_str().unwrap_or(&report.subject));
    fact(&mut page, "Mode", mode);
    fact(&mut page, "Started", &moment(&report.started));
    fact(&mut page, "Took", &format!("{took:.2} s"));
    fact(&mut page, "Seed", &report.seed.to_string());
    for (name, value) in settings(report) {
        fact(&mut page, name, &value);
    }
    fact(&mut page, "Tool", &format!("{} {}", report.tool.name, report.tool.version));
    page.push_str("</dl></header>");
    page
}

/// A moment to the second; what is no moment stays as it is.
fn moment(text: &str) -> String {
    text.parse().map_or_else(
        |_| text.to_owned(),
        |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn fact(page: &mut String, name: &str, value: &str) {
    let _ = write!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(value));
}

/// What is not as it is when nobody chooses anything.
fn settings(report: &Report) -> Vec<(&'static str, String)> {
    let mut settings = Vec::new();
    let knobs: Vec<String> = report.target["knobs"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    if !knobs.is_empty() {
        settings.push(("Knobs", knobs.join(", ")));
    }
    if let Some(traffic) = report.traffic.filter(|_| report.mode == Mode::Deployed) {
        settings.push(("Sent", format!("{} requests, {} jobs", traffic.requests, traffic.jobs)));
    }
    let Some(selection) = &report.selection else { return settings };
    let listed = [("Only", selection.only.join(", ")), ("Without", selection.skip.join(", "))];
    settings.extend(listed.into_iter().filter(|(_, patterns)| !patterns.is_empty()));
    settings.extend(selection.level.map(|level| ("Level", level.word().to_owned())));
    settings.extend(selection.replay.iter().map(|replay| ("Replay of", replay.clone())));
    if let Some(shards) = &selection.shards {
        let held: Vec<String> = shards.held.iter().map(ToString::to_string).collect();
        settings.push(("Shard", format!("{} of {}", held.join(", "), shards.of)));
    }
    settings
}

/// The denominators, and expectations that no longer hold.
pub(super) fn counts(report: &Report) -> String {
    let mut page = String::new();
    denominators(&mut page, report);
    stale(&mut page, report);
    page
}

fn denominators(page: &mut String, report: &Report) {
    page.push_str("<section class=\"denominators\" aria-labelledby=\"judged\"><h2 id=\"judged\">Judged</h2>");
    bar(page, report);
    page.push_str("<ul class=\"levels\">");
    for level in [Level::Must, Level::Should] {
        let (judged, all) = wording::judged(report, level);
        let _ = write!(page, "<li><strong>{judged}</strong> of {all} {} cases judged", level.word());
        if judged < all {
            let _ = write!(page, ", <em>{} not judged</em>", all - judged);
        }
        page.push_str("</li>");
    }
    page.push_str("</ul><ul class=\"counts\">");
    let expected = report.expected_failures();
    for (outcome, class, word, sign) in OUTCOMES {
        let count = report.counts.get(outcome);
        let none = if count == 0 { " nil" } else { "" };
        let _ = write!(
            page,
            "<li class=\"{class}{none}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span> <strong>{count}</strong> {word}"
        );
        if outcome == Outcome::Fail && expected > 0 {
            let _ = write!(page, " <em>({expected} expected)</em>");
        }
        page.push_str("</li>");
    }
    page.push_str("</ul></section>");
}

/// The counts as lengths. It says nothing that the list below it does not.
fn bar(page: &mut String, report: &Report) {
    let _ = write!(
        page,
        "<svg class=\"bar\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
        report.cases.len().max(1)
    );
    let mut from = 0;
    for (outcome, class, _, _) in OUTCOMES {
        let count = report.counts.get(outcome);
        if count > 0 {
            let _ = write!(page, "<rect class=\"{class}\" x=\"{from}\" width=\"{count}\" height=\"1\"/>");
        }
        from += count;
    }
    page.push_str("</svg>");
}

/// Expectations that no longer hold; each of them fails the run.
fn stale(page: &mut String, report: &Report) {
    for (case, expectation) in report.stale_cases() {
        let _ = write!(
            page,
            "<p class=\"loud\"><strong>Stale expectation:</strong> {} passed and was expected to fail ({}). Remove <code>{}</code>.</p>",
            escaped(&case.name),
            escaped(&expectation.reason),
            escaped(&expectation.pattern)
        );
    }
    for expectation in report.unknown_expectations() {
        let _ = write!(
            page,
            "<p class=\"loud\"><strong>Stale expectation:</strong> <code>{}</code> ({}) matches no case. Remove it.</p>",
            escaped(&expectation.pattern),
            escaped(&expectation.reason)
        );
    }
}

/// Cases that did not simply pass, as text: all there is without the script, and what is printed.
pub(super) fn attention(report: &Report) -> String {
    let mut page = String::from(
        "<section id=\"plain\"><h2>Everything that did not simply pass</h2>\
         <p id=\"why\">The list of all cases, with their diagrams and bodies, needs JavaScript.</p>",
    );
    let mut none = true;
    for (outcome, class, word, sign) in OUTCOMES {
        for case in report.cases.iter().filter(|case| case.outcome == outcome && is_listed(case)) {
            none = false;
            let _ = write!(
                page,
                "<article class=\"{class}\"><h3><span class=\"sign\" aria-hidden=\"true\">{sign}</span> {word}: {}</h3>",
                escaped(&case.name)
            );
            told(&mut page, case);
            page.push_str("</article>");
        }
    }
    if none {
        page.push_str("<p>None.</p>");
    }
    page.push_str("</section>");
    page
}

/// A case that is what one hopes for is only in the list of all.
fn is_listed(case: &CaseReport) -> bool {
    Standing::of(case) != Standing::Kept
}

fn told(page: &mut String, case: &CaseReport) {
    let _ = write!(
        page,
        "<p><strong>{} {}</strong> {}</p><p>Source: {}, read {}</p>",
        escaped(&case.requirement),
        case.level.word(),
        escaped(&case.sentence),
        link(&case.source.url, &case.source.page),
        escaped(&case.source.read)
    );
    if let Some(reason) = &case.reason {
        let _ = write!(page, "<p>{}</p>", escaped(reason));
    }
    if let Some(expectation) = &case.expectation {
        let _ = write!(page, "<p>Expected to fail: {}</p>", escaped(&expectation.reason));
    }
    for finding in &case.findings {
        write_finding(page, finding);
    }
    let _ = write!(page, "<p><code>{}</code></p>", escaped(&wording::replay(case)));
}

/// Only web addresses become links, whatever a stored report says.
fn link(url: &str, words: &str) -> String {
    if url.starts_with("https://") || url.starts_with("http://") {
        format!("<a href=\"{}\" rel=\"noopener noreferrer\">{}</a>", escaped(url), escaped(words))
    } else {
        escaped(words)
    }
}

fn write_finding(page: &mut String, finding: &FindingReport) {
    page.push_str("<dl>");
    for (at, expected) in finding.expected.iter().enumerate() {
        let label = if at == 0 { "Expected" } else { "or" };
        let _ = write!(page, "<dt>{label}</dt><dd>{}</dd>", escaped(expected));
    }
    let _ = write!(page, "<dt>Actual</dt><dd>{}</dd>", escaped(&finding.actual));
    if let Some(pointer) = finding.pointer.as_ref().filter(|pointer| !pointer.is_empty()) {
        let _ = write!(page, "<dt>At</dt><dd>{}</dd>", escaped(pointer));
    }
    if let Some(curl) = &finding.curl {
        let _ = write!(page, "<dt>Again</dt><dd><code>{}</code></dd>", escaped(curl));
    }
    page.push_str("</dl>");
}
