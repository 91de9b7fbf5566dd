//! Markdown for a job's summary page: the verdict first, every violation folded, and what was not judged.
//!
//! What others wrote stands only in code, where Markdown means nothing, or as HTML text; no word of a subject
//! becomes a link, an element or a heading.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::wording::{self, CaseStatus, case_details, escaped, summary, unknown_expectation, visible};
use super::{CaseReport, Report};
use crate::run::excerpt::shortened;
use crate::run::outcome::Outcome;

/// GitHub refuses a summary of more than 1 MiB, all steps of a job together; this leaves room for others.
const LIMIT: usize = 700 * 1024;
/// Characters of a reason or a one-line account.
const LINE: usize = 400;
/// Names listed under one reason.
const NAMES_LISTED: usize = 4;

/// Writes the report.
pub fn render(report: &Report) -> String {
    let mut page = Page { text: head(report), left_out: 0 };
    let failed = [CaseStatus::Failed, CaseStatus::StaleExpectation];
    // Each failure in a line before any in full: what is cut for want of room is detail, not names.
    page.section("Failed", cases(report, &failed).map(item));
    page.section("Failures in full", cases(report, &failed).map(folded));
    page.section(
        "Stale expectations",
        report.unknown_expectations().map(|one| {
            format!("- {}\n", code(&shortened(&unknown_expectation(&one.pattern, &one.reason), LINE)))
        }),
    );
    page.section("Undecided", cases(report, &[CaseStatus::Undecided]).map(item));
    page.section("Warned", cases(report, &[CaseStatus::Warned]).map(folded));
    page.section("Expected failures", cases(report, &[CaseStatus::ExpectedFailure]).map(item));
    page.section("Not judged, and why", not_judged(report).into_iter());
    if page.left_out > 0 {
        let _ = writeln!(
            page.text,
            "\n**{} entries are left out here**, because a summary may not be longer; the JSON report has them all.",
            page.left_out
        );
    }
    page.text
}

/// A page that stays below its limit and counts what it had no room for.
struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    fn section(&mut self, title: &str, entries: impl Iterator<Item = String>) {
        let mut titled = false;
        for entry in entries {
            if self.text.len() + title.len() + entry.len() > LIMIT {
                self.left_out += 1;
                continue;
            }
            if !titled {
                let _ = writeln!(self.text, "\n### {title}\n");
                titled = true;
            }
            self.text.push_str(&entry);
        }
    }
}

fn head(report: &Report) -> String {
    let target = report.target["description"].as_str().unwrap_or(&report.subject);
    let mut text = format!("## Ringback: {}\n\n", wording::verdict(report));
    let _ = writeln!(
        text,
        "{} {}; {:.2} s; exit code {}.\n",
        code(&shortened(target, LINE)),
        wording::coverage_line(report),
        Duration::from_millis(report.duration_ms).as_secs_f64(),
        report.verdict.exit_code()
    );
    if let Some(missing) = wording::incomplete(report) {
        let _ = writeln!(text, "**{missing}**\n");
    }
    let (counts, expected) = (&report.counts, report.expected_failures());
    let columns = [
        ("cases", report.cases.len()),
        ("passed", counts.pass),
        ("failed", counts.fail.saturating_sub(expected)),
        ("failed as expected", expected),
        ("warned", counts.warn),
        ("not applicable", counts.not_applicable),
        ("not testable", counts.not_testable),
        ("undecided", counts.inconclusive),
        ("harness errors", counts.error),
    ];
    let row = |cell: &dyn Fn(&(&str, usize)) -> String| {
        format!("| {} |\n", columns.iter().map(cell).collect::<Vec<_>>().join(" | "))
    };
    text.push_str(&row(&|(name, _)| (*name).to_owned()));
    text.push_str(&row(&|_| "---".to_owned()));
    text.push_str(&row(&|(_, count)| count.to_string()));
    text
}

fn cases<'a>(report: &'a Report, wanted: &'a [CaseStatus]) -> impl Iterator<Item = &'a CaseReport> {
    report.cases.iter().filter(|case| wanted.contains(&CaseStatus::of(case)))
}

/// A case that opens to everything about it.
fn folded(case: &CaseReport) -> String {
    let text = format!("{}\n{}", visible(&shortened(&summary(case), LINE)), case_details(case));
    let fence = fence(&text, 3);
    format!(
        "<details><summary><code>{}</code> {}: {}</summary>\n\n{fence}text\n{}\n{fence}\n\n</details>\n\n",
        html(&case.name),
        html(&case.requirement),
        html(&case.sentence),
        text.trim_end(),
    )
}

/// A case in one line.
fn item(case: &CaseReport) -> String {
    format!("- {} {}\n", code(&case.name), code(&shortened(&summary(case), LINE)))
}

fn not_judged(report: &Report) -> Vec<String> {
    let mut by_reason: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for case in report.cases.iter().filter(|case| {
        matches!(case.outcome, Outcome::NotApplicable | Outcome::NotTestable)
            && CaseStatus::of(case) == CaseStatus::Skipped
    }) {
        let reason = case.reason.as_deref().unwrap_or("");
        by_reason.entry((case.outcome.word(), reason)).or_default().push(&case.name);
    }
    by_reason
        .into_iter()
        .map(|((outcome, reason), names)| {
            let listed: Vec<String> = names.iter().take(NAMES_LISTED).map(|name| code(name)).collect();
            let more = names.len().saturating_sub(NAMES_LISTED);
            let tail = if more > 0 { format!(", and {more} more") } else { String::new() };
            let (outcome, reason) = (outcome.replace('_', " "), code(&shortened(reason, LINE)));
            format!("- {} {outcome}: {reason}: {}{tail}\n", names.len(), listed.join(", "))
        })
        .collect()
}

/// Text as a code span, which no text can end early or span lines.
fn code(text: &str) -> String {
    let text = visible(text);
    let fence = fence(&text, 1);
    // The blanks are dropped again; without them a backtick at either end would belong to the fence.
    format!("{fence} {text} {fence}")
}

/// More backticks than stand together anywhere in the text.
fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|one| one != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

/// Text between tags; what follows a blank line would be Markdown again, so there is none.
fn html(text: &str) -> String {
    escaped(&visible(text))
}
