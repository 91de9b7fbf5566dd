//! What the page says without its script: the verdict, the counts, and every case that needs attention.
//!
//! Markup only, and every word that comes from a subject passes `escaped`.

use std::fmt::Write as _;

use super::escaped;
use crate::outcome::{Level, Outcome};
use crate::report::{CaseReport, FindingReport, Report, ShardsReport, Verdict};
use crate::target::Mode;

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
    format!("{} · {} · Ringback", verdict(report).1, escaped(&report.subject))
}

/// The part above the list of cases, and the cases themselves as far as they need attention.
pub(super) fn markup(report: &Report) -> String {
    let mut page = String::new();
    head(&mut page, report);
    incomplete(&mut page, report);
    denominators(&mut page, report);
    stale(&mut page, report);
    attention(&mut page, report);
    page
}

/// How the verdict is dressed, what it is, and what that means. Only what was judged as a whole is green.
fn verdict(report: &Report) -> (&'static str, &'static str, &'static str) {
    match report.verdict {
        Verdict::Violations => {
            ("violations", "Violations", "At least one MUST, or an expectation, is violated.")
        }
        Verdict::Undecided => {
            ("undecided", "Undecided", "Not everything could be judged; this is no success.")
        }
        Verdict::NothingRan => ("nothing", "Nothing ran", "No case could be judged; this is no success."),
        Verdict::Conforms if report.counts.not_testable > 0 => (
            "partly",
            "Conforms, as far as it could be judged",
            "No MUST is violated, but some could not be tested and are not known to be kept.",
        ),
        Verdict::Conforms if report.expected_failures() > 0 => (
            "partly",
            "Conforms, expected failures aside",
            "Only MUSTs that are known to be violated are violated.",
        ),
        Verdict::Conforms => ("conforms", "Conforms", "No MUST is violated."),
    }
}

fn head(page: &mut String, report: &Report) {
    let (class, word, meaning) = verdict(report);
    let target = report.target["description"].as_str().unwrap_or(&report.subject);
    let code = report.verdict.exit_code();
    let _ = write!(
        page,
        "<header class=\"top {class}\"><p class=\"brand\">Ringback <span>conformance of AI-media callbacks</span></p>\
         <h1><span class=\"word\">{word}</span> <span class=\"code\">exit code {code}</span></h1>\
         <p class=\"meaning\">{meaning}</p><dl class=\"facts\">"
    );
    let mode = match report.mode {
        Mode::Embedded => "embedded: our mocks stand for the vendors",
        Mode::Loopback => "loopback: our mocks stand for the vendors",
        Mode::Deployed => "deployed: only what is visible from outside can be judged",
    };
    let took = std::time::Duration::from_millis(report.duration_ms).as_secs_f64();
    fact(page, "Judged", target);
    fact(page, "Mode", mode);
    fact(page, "Seed", &report.seed.to_string());
    fact(page, "Started", &report.started);
    fact(page, "Took", &format!("{took:.2} s"));
    for (name, value) in settings(report) {
        fact(page, name, &value);
    }
    fact(page, "Tool", &format!("{} {}", report.tool.name, report.tool.version));
    page.push_str("</dl></header>");
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

fn incomplete(page: &mut String, report: &Report) {
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
    let _ = write!(
        page,
        "<p class=\"loud\" role=\"alert\"><strong>Incomplete:</strong> {what}; an absent case proves nothing.</p>"
    );
}

fn denominators(page: &mut String, report: &Report) {
    page.push_str("<section class=\"denominators\" aria-labelledby=\"judged\"><h2 id=\"judged\">Judged</h2><ul class=\"levels\">");
    for level in [Level::Must, Level::Should] {
        let of_level = || report.cases.iter().filter(move |case| case.level == level);
        let judged =
            |case: &&CaseReport| matches!(case.outcome, Outcome::Pass | Outcome::Fail | Outcome::Warn);
        let (judged, all) = (of_level().filter(judged).count(), of_level().count());
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
        let none = if count == 0 { " none" } else { "" };
        let _ = write!(
            page,
            "<li class=\"{class}{none}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span><strong>{count}</strong> {word}"
        );
        if outcome == Outcome::Fail && expected > 0 {
            let _ = write!(page, " <em>({expected} expected)</em>");
        }
        page.push_str("</li>");
    }
    page.push_str("</ul></section>");
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

/// Cases that are not green, as text; the script puts its list in their place.
fn attention(page: &mut String, report: &Report) {
    page.push_str("<section id=\"plain\" class=\"plain\"><h2>Cases that need attention</h2><p>The list of all cases with their diagrams needs JavaScript and a browser that can inflate data.</p>");
    for (outcome, class, word, sign) in OUTCOMES {
        for case in report.cases.iter().filter(|case| case.outcome == outcome && outcome != Outcome::Pass) {
            let _ = write!(
                page,
                "<article class=\"{class}\"><h3><span class=\"sign\" aria-hidden=\"true\">{sign}</span> {word}: {}</h3><p><b>{} {}</b> {}</p>",
                escaped(&case.name),
                escaped(&case.requirement),
                case.level.word(),
                escaped(&case.sentence)
            );
            if let Some(reason) = &case.reason {
                let _ = write!(page, "<p>{}</p>", escaped(reason));
            }
            if let Some(expectation) = &case.expectation {
                let _ = write!(page, "<p>Expected: {}</p>", escaped(&expectation.reason));
            }
            for finding in &case.findings {
                write_finding(page, finding);
            }
            let _ = write!(
                page,
                "<p><code>ringback test {} {}</code></p></article>",
                escaped(&report.subject),
                escaped(&case.replay)
            );
        }
    }
    page.push_str("</section>");
}

fn write_finding(page: &mut String, finding: &FindingReport) {
    page.push_str("<dl>");
    for (at, expected) in finding.expected.iter().enumerate() {
        let label = if at == 0 { "expected" } else { "or" };
        let _ = write!(page, "<dt>{label}</dt><dd>{}</dd>", escaped(expected));
    }
    let _ = write!(page, "<dt>actual</dt><dd>{}</dd>", escaped(&finding.actual));
    if let Some(pointer) = finding.pointer.as_ref().filter(|pointer| !pointer.is_empty()) {
        let _ = write!(page, "<dt>at</dt><dd>{}</dd>", escaped(pointer));
    }
    page.push_str("</dl>");
}
