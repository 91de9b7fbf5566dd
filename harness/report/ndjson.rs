//! A stream of events, one JSON object a line: the run, each case, the verdict. For `jq` and log stores.
//!
//! A reader that sees no `verdict` line has not seen the whole report. Written by hand: one line is one call of
//! `serde_json`, and a library would only add the line break.

use serde::Serialize;
use serde_json::Value;

use super::{Counts, Report, SelectionReport, Tool, TrafficReport, Verdict};
use crate::report::expectation::ExpectationReport;
use crate::run::mode::Mode;

/// Writes the report.
pub fn render(report: &Report) -> String {
    let mut text = line("run", &head(report));
    for case in &report.cases {
        text.push_str(&line("case", case));
    }
    text.push_str(&line(
        "verdict",
        &End {
            counts: report.counts,
            expected_failures: report.expected_failures(),
            stale_expectations: report.stale_cases().count() + report.unknown_expectations().count(),
            verdict: report.verdict,
            exit_code: report.verdict.exit_code(),
            complete: report.complete,
        },
    ));
    text
}

#[derive(Serialize)]
struct StreamEvent<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    of: &'a T,
}

/// What is known before any case.
#[derive(Serialize)]
struct Head<'a> {
    schema: &'a str,
    tool: &'a Tool,
    subject: &'a str,
    mode: Mode,
    target: &'a Value,
    seed: u64,
    selection: Option<&'a SelectionReport>,
    traffic: Option<TrafficReport>,
    started: &'a str,
    duration_ms: u64,
    expectations: &'a [ExpectationReport],
}

#[derive(Serialize)]
struct End {
    counts: Counts,
    expected_failures: usize,
    stale_expectations: usize,
    verdict: Verdict,
    exit_code: u8,
    complete: bool,
}

fn head(report: &Report) -> Head<'_> {
    Head {
        schema: &report.schema,
        tool: &report.tool,
        subject: &report.subject,
        mode: report.mode,
        target: &report.target,
        seed: report.seed,
        selection: report.selection.as_ref(),
        traffic: report.traffic,
        started: &report.started,
        duration_ms: report.duration_ms,
        expectations: &report.expectations,
    }
}

fn line(event: &'static str, of: &impl Serialize) -> String {
    // Fails only for maps whose keys are not strings; the tree has none.
    let text = serde_json::to_string(&StreamEvent { event, of }).unwrap_or_default();
    format!("{text}\n")
}
