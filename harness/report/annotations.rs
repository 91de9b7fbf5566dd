//! Workflow commands of GitHub Actions: the worst of a report beside the job, and where the rest is.

use std::fmt::Write as _;

use super::wording::{self, Standing, summary, unknown};
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
    let mut closing = format!("{}, exit code {}", wording::denominators(report), report.verdict.exit_code());
    for (all, name) in [(&errors, "errors"), (&warnings, "warnings")] {
        if let Some(more @ 1..) = all.len().checked_sub(SHOWN) {
            let _ = write!(closing, "; {more} more {name} are only in the report");
        }
    }
    text.push_str(&line("notice", &format!("Ringback: {}", wording::verdict(report)), &closing));
    text
}

type Told = (String, String);

/// What is wrong with the run as a whole.
fn run_errors(report: &Report) -> impl Iterator<Item = Told> {
    let missing = wording::missing(report).map(|what| ("Ringback".to_owned(), what));
    let unknown = report
        .unknown_expectations()
        .map(|one| ("Stale expectation".to_owned(), unknown(&one.pattern, &one.reason)));
    missing.into_iter().chain(unknown)
}

fn cases(report: &Report, wanted: fn(&CaseReport) -> bool) -> impl Iterator<Item = Told> {
    report.cases.iter().filter(move |case| wanted(case)).map(|case| {
        let message =
            format!("{}\n{}\n{}", case.sentence, shortened(&summary(case), LONGEST), wording::replay(case));
        (format!("{} {}", case.requirement, case.name), message)
    })
}

fn is_error(case: &CaseReport) -> bool {
    matches!(Standing::of(case), Standing::Violated | Standing::Stale) || case.outcome == Outcome::Error
}

fn is_warning(case: &CaseReport) -> bool {
    !is_error(case) && matches!(Standing::of(case), Standing::Warned | Standing::Undecided)
}

fn line(command: &str, title: &str, message: &str) -> String {
    let message = message.lines().map(wording::visible).collect::<Vec<_>>().join("\n");
    format!("::{command} title={}::{}\n", property(&wording::visible(title)), data(&message))
}

/// A message, as the runner's toolkit escapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value; those two characters would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
