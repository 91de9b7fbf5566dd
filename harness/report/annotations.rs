//! Workflow commands of GitHub Actions: the worst of a report beside the job, and where the rest is.
//!
//! Written by hand: the runner's toolkit is JavaScript, and its escaping is five replacements.

use std::fmt::Write as _;

use super::wording::{self, CaseStatus, summary, unknown_expectation};
use super::{CaseReport, Report};
use crate::run::excerpt::shortened;
use crate::run::outcome::Outcome;

/// What GitHub shows of one step, for each kind.
const SHOWN: usize = 10;
/// Characters of one message, before it is escaped.
const LONGEST: usize = 1_000;

/// Writes the report.
pub fn render(report: &Report) -> String {
    let errors = run_errors(report).chain(cases(report, is_error)).collect::<Vec<_>>();
    let warnings = cases(report, is_warning).collect::<Vec<_>>();
    let mut text = String::new();
    for (command, all) in [("error", &errors), ("warning", &warnings)] {
        for (title, message) in all.iter().take(SHOWN) {
            text.push_str(&line(command, title, message));
        }
    }
    let mut closing = format!("{}, exit code {}", wording::coverage_line(report), report.verdict.exit_code());
    for (all, name) in [(&errors, "errors"), (&warnings, "warnings")] {
        if let Some(more @ 1..) = all.len().checked_sub(SHOWN) {
            let _ = write!(closing, "; {more} more {name} are only in the report");
        }
    }
    text.push_str(&line("notice", &format!("Ringback: {}", wording::verdict(report)), &closing));
    text
}

/// Title and message.
type Annotation = (String, String);

/// What is wrong with the run as a whole.
fn run_errors(report: &Report) -> impl Iterator<Item = Annotation> {
    let missing = wording::incomplete(report).map(|what| ("Ringback".to_owned(), what));
    let unknown = report
        .unknown_expectations()
        .map(|one| ("Stale expectation".to_owned(), unknown_expectation(&one.pattern, &one.reason)));
    missing.into_iter().chain(unknown)
}

fn cases(report: &Report, wanted: fn(&CaseReport) -> bool) -> impl Iterator<Item = Annotation> {
    report.cases.iter().filter(move |case| wanted(case)).map(|case| {
        let message = format!(
            "{}\n{}\n{}",
            case.sentence,
            shortened(&summary(case), LONGEST),
            wording::replay_command(case)
        );
        (format!("{} {}", case.requirement, case.name), message)
    })
}

fn is_error(case: &CaseReport) -> bool {
    matches!(CaseStatus::of(case), CaseStatus::Failed | CaseStatus::StaleExpectation)
        || case.outcome == Outcome::Error
}

fn is_warning(case: &CaseReport) -> bool {
    !is_error(case) && matches!(CaseStatus::of(case), CaseStatus::Warned | CaseStatus::Undecided)
}

fn line(command: &str, title: &str, message: &str) -> String {
    let message = message.lines().map(wording::visible).collect::<Vec<_>>().join("\n");
    format!("::{command} title={}::{}\n", escaped_property(&wording::visible(title)), escaped_data(&message))
}

/// A message, as the runner's toolkit escapes it.
fn escaped_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value; those two characters would end it.
fn escaped_property(text: &str) -> String {
    escaped_data(text).replace(':', "%3A").replace(',', "%2C")
}
