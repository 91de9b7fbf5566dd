//! What the page says without its script: the verdict, the counts, and every case that needs attention.
//!
//! Words and numbers as the template takes them. Elements are the template's, escaping is the engine's; neither may
//! be here.

use minijinja::{Value, context};

use crate::report::wording::{self, CaseStatus};
use crate::report::{FindingReport, Report, Verdict};
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

/// Everything that the template names, but for what the page is made of.
pub(super) fn values(report: &Report) -> Value {
    context! {
        subject => &report.subject,
        verdict => verdict(report),
        incomplete => wording::incomplete(report),
        facts => facts(report),
        bar => bar(report),
        levels => levels(report),
        counts => counts(report),
        stale_cases => stale_cases(report),
        unknown_expectations => unknown_expectations(report),
        cases => cases(report),
    }
}

/// The verdict's colour, its sign and words, and what it means. Only what was judged as a whole is green.
fn verdict(report: &Report) -> Value {
    let [class, sign, words, meaning] = match report.verdict {
        Verdict::Violations => {
            ["violations", "✕", "Violations", "At least one MUST, or an expectation, is violated."]
        }
        Verdict::Undecided => {
            ["undecided", "?", "Undecided", "Not everything could be judged; this is not a success."]
        }
        Verdict::NothingRan => {
            ["nothing", "∅", "Nothing ran", "No case could be judged; this is not a success."]
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
    };
    context! { class, sign, words, meaning, exit_code => report.verdict.exit_code() }
}

/// What was judged, how.
fn facts(report: &Report) -> Value {
    let mode = match report.mode {
        Mode::Embedded => "embedded: our mocks stand for the vendors",
        Mode::Loopback => "loopback: our mocks stand for the vendors",
        Mode::Deployed => "deployed: only what is visible from outside can be judged",
    };
    let took = std::time::Duration::from_millis(report.duration_ms).as_secs_f64();
    let mut facts = vec![
        fact("Judged", report.target["description"].as_str().unwrap_or(&report.subject)),
        fact("Mode", mode),
        fact("Started", &moment(&report.started)),
        fact("Took", &format!("{took:.2} s")),
        fact("Seed", &report.seed.to_string()),
    ];
    facts.extend(settings(report).iter().map(|(name, value)| fact(name, value)));
    facts.push(fact("Tool", &format!("{} {}", report.tool.name, report.tool.version)));
    facts.into()
}

fn fact(name: &str, value: &str) -> Value {
    context! { name, value, code => false }
}

/// A command, which is shown in the type of code.
fn command(name: &str, value: &str) -> Value {
    context! { name, value, code => true }
}

/// A moment to the second; what is not a moment stays as it is.
fn moment(text: &str) -> String {
    text.parse().map_or_else(
        |_| text.to_owned(),
        |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// What was chosen for the run, where it is not the default.
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

/// How many cases of each level were judged.
fn levels(report: &Report) -> Value {
    let levels = [Level::Must, Level::Should].into_iter().map(|level| {
        let (judged, all) = wording::coverage(report, level);
        context! { judged, all, word => level.word(), unjudged => all - judged }
    });
    levels.collect()
}

fn counts(report: &Report) -> Value {
    let counts = OUTCOMES.into_iter().map(|(outcome, class, word, sign)| {
        let expected = if outcome == Outcome::Fail { report.expected_failures() } else { 0 };
        context! { class, word, sign, count => report.counts.get(outcome), expected }
    });
    counts.collect()
}

/// The counts, each where the one before it ends.
fn bar(report: &Report) -> Value {
    let mut from = 0;
    let mut parts = Vec::new();
    for (outcome, class, _, _) in OUTCOMES {
        let count = report.counts.get(outcome);
        if count > 0 {
            parts.push(context! { class, from, count });
        }
        from += count;
    }
    context! { length => report.cases.len().max(1), parts }
}

/// Expectations that no longer hold; each of them fails the run.
fn stale_cases(report: &Report) -> Value {
    let stale = report.stale_cases().map(|(case, expectation)| {
        context! { case => &case.name, reason => &expectation.reason, pattern => &expectation.pattern }
    });
    stale.collect()
}

/// Expectations about cases that do not exist; each of them fails the run.
fn unknown_expectations(report: &Report) -> Value {
    let unknown =
        report.unknown_expectations().map(|one| context! { pattern => &one.pattern, reason => &one.reason });
    unknown.collect()
}

/// Cases that did not simply pass, as text: all there is without the script, and what is printed. A case that
/// is what one hopes for is only in the list of all.
fn cases(report: &Report) -> Value {
    let by_outcome = OUTCOMES.into_iter().flat_map(|(outcome, class, word, sign)| {
        let cases = report.cases.iter().filter(move |case| case.outcome == outcome);
        cases.map(move |case| (case, class, word, sign))
    });
    by_outcome
        .filter(|(case, ..)| CaseStatus::of(case) != CaseStatus::Passed)
        .map(|(case, class, word, sign)| {
            context! {
                class, word, sign,
                name => &case.name,
                requirement => &case.requirement,
                level => case.level.word(),
                sentence => &case.sentence,
                source => &case.source.page,
                link => web_address(&case.source.url),
                read => &case.source.read,
                reason => case.reason.as_ref(),
                expected => case.expectation.as_ref().map(|expectation| &expectation.reason),
                findings => case.findings.iter().map(finding).collect::<Value>(),
                replay => wording::replay_command(case),
            }
        })
        .collect()
}

/// Only web addresses become links, whatever a stored report says.
fn web_address(url: &str) -> Option<&str> {
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

fn finding(finding: &FindingReport) -> Value {
    let expected = finding.expected.iter().enumerate();
    let mut facts: Vec<Value> =
        expected.map(|(at, text)| fact(if at == 0 { "Expected" } else { "or" }, text)).collect();
    facts.push(fact("Actual", &finding.actual));
    let pointer = finding.pointer.as_deref().filter(|pointer| !pointer.is_empty());
    facts.extend(pointer.map(|pointer| fact("At", pointer)));
    facts.extend(finding.curl.as_deref().map(|curl| command("Again", curl)));
    facts.into()
}
