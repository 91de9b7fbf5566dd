//! A badge: the JSON that a shields.io endpoint badge is drawn from.
//!
//! Green is a claim made to strangers. It is made only for a whole, unfiltered run in which every case that
//! exists for the subject was judged and none was excused. Written by hand: shields.io reads five fields of JSON.

use serde_json::json;

use super::wording::{coverage, incomplete};
use super::{Report, Verdict};
use crate::run::outcome::Level;

/// Writes the report.
pub fn render(report: &Report) -> String {
    let (message, color) = claim(report);
    let badge = json!({
        "schemaVersion": 1,
        "label": format!("ringback {}", report.subject),
        "message": message,
        "color": color,
        "isError": report.verdict != Verdict::Conforms || !report.complete,
    });
    format!("{badge:#}\n")
}

fn claim(report: &Report) -> (String, &'static str) {
    let (level, (kept, all)) = match coverage(report, Level::Must) {
        (_, 0) => (Level::Should, coverage(report, Level::Should)),
        musts => (Level::Must, musts),
    };
    let share = format!("{kept}/{all} {}", level.word());
    let counts = &report.counts;
    match report.verdict {
        Verdict::Violations => {
            let violated = counts.fail.saturating_sub(report.expected_failures());
            let stale = report.stale_cases().count() + report.unknown_expectations().count();
            let what = if violated > 0 {
                format!("{violated} violations")
            } else {
                format!("{stale} stale expectations")
            };
            (format!("{what}, {share} judged"), "red")
        }
        Verdict::Undecided if !report.complete => (format!("incomplete, {share} judged"), "orange"),
        Verdict::Undecided => (format!("undecided, {share} judged"), "orange"),
        Verdict::NothingRan => ("nothing judged".to_owned(), "lightgrey"),
        Verdict::Conforms => match reservation(report, level) {
            None => (format!("conforms {share}"), "brightgreen"),
            Some(but) => (format!("conforms {share}, {but}"), "yellow"),
        },
    }
}

/// What a conforming run does not show.
fn reservation(report: &Report, level: Level) -> Option<String> {
    let counts = &report.counts;
    let filtered = report.selection.as_ref().is_some_and(|selection| {
        !selection.only.is_empty()
            || !selection.skip.is_empty()
            || selection.level.is_some()
            || selection.replay.is_some()
            || selection.shards.is_some()
    });
    // Expected recommendations are excuses too.
    let excused = report.cases.iter().filter(|case| case.is_expected()).count();
    if let Some(what) = incomplete(report) {
        Some(what)
    } else if counts.not_testable > 0 {
        Some(format!("{} not testable", counts.not_testable))
    } else if excused > 0 {
        Some(format!("{excused} known failures"))
    } else if filtered || level != Level::Must {
        Some("only a selection".to_owned())
    } else {
        None
    }
}
