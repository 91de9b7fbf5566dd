//! Reports that were written earlier: read with suspicion, put together where they are shards of one
//! run. Text in, a report or one sentence out; files are the command line's.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{FORMAT, FindingReport, Report, SelectionReport, ShardsReport};
use crate::schema::{self, Schema};

/// Why stored reports cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoredError(String);

/// Reads one report; `name` is how errors call it.
pub fn read(name: &str, text: &str) -> Result<Report, StoredError> {
    let wrong = |why: String| StoredError(format!("{name} {why}"));
    let value: Value = serde_json::from_str(text).map_err(|error| {
        wrong(if error.is_eof() {
            "is cut short: the JSON ends too early".to_owned()
        } else {
            format!("is not JSON: {error}")
        })
    })?;
    match value.get("schema").and_then(Value::as_str) {
        Some(FORMAT) => {}
        Some(other) if other.starts_with("ringback.report/") => {
            return Err(wrong(format!(
                "is a report of another format: {other}, where this tool reads {FORMAT}"
            )));
        }
        _ => return Err(wrong("is not a Ringback report".to_owned())),
    }
    if let Some(violation) = schema::violations(Schema::Report, &value).first() {
        return Err(wrong(format!("is not a valid report: {violation}")));
    }
    let report: Report =
        serde_json::from_value(value).map_err(|error| wrong(format!("is not a valid report: {error}")))?;
    match contradiction(&report) {
        Some(why) => Err(wrong(format!("contradicts itself: {why}"))),
        None => Ok(report),
    }
}

/// What no run writes, though the schema cannot forbid it.
fn contradiction(report: &Report) -> Option<String> {
    let mut names = BTreeSet::new();
    for case in &report.cases {
        if !names.insert(case.name.as_str()) {
            return Some(format!("{} is there twice", case.name));
        }
        let beyond =
            |finding: &&FindingReport| finding.evidence.is_some_and(|at| at >= case.transcript.len());
        if case.findings.iter().any(|finding| beyond(&finding)) {
            return Some(format!("the evidence of {} is not in its transcript", case.name));
        }
    }
    let ShardsReport { of, held } = shards(report)?;
    // Shards beyond the cases would be empty, and are refused when a run is made.
    let cases = report.selection.as_ref().map_or(0, |selection| selection.cases);
    if *of > cases.max(1) || held.iter().any(|index| index > of || *index == 0) {
        return Some(format!("{of} shards of {cases} cases, of which it holds {held:?}"));
    }
    None
}

/// One report of several, whose names errors use. Counts and verdict follow from the cases, whatever
/// the parts said of themselves.
pub fn merged(mut parts: Vec<(String, Report)>) -> Result<Report, StoredError> {
    parts.sort_by_key(|(_, part)| first_shard(part));
    let mut parts = parts.into_iter();
    let Some((first_name, mut whole)) = parts.next() else {
        return Err(StoredError("no report is named".into()));
    };
    let rest: Vec<(String, Report)> = parts.collect();
    let mut dealt = vec![positions(&whole)];
    for (name, part) in rest {
        check_same_run(&first_name, &whole, &name, &part)?;
        if let Some(twice) =
            part.cases.iter().find(|case| whole.cases.iter().any(|other| other.name == case.name))
        {
            return Err(StoredError(format!(
                "{name} and an earlier report both judged {}; only shards of one run go together",
                twice.name
            )));
        }
        dealt.push(positions(&part));
        join(&mut whole, part);
    }
    // Back into the order of the catalogue, from which the shards were dealt.
    let mut cases: Vec<_> = dealt.into_iter().flatten().zip(std::mem::take(&mut whole.cases)).collect();
    cases.sort_by_key(|(position, _)| *position);
    whole.cases = cases.into_iter().map(|(_, case)| case).collect();
    if let Some(selection) = &whole.selection {
        let shards_missing =
            selection.shards.as_ref().is_some_and(|shards| shards.missing().next().is_some());
        whole.complete &= !shards_missing && selection.cases == whole.cases.len();
    }
    if let Some(selection) = whole.selection.as_mut().filter(|_| whole.complete) {
        selection.shards = None;
    }
    Ok(whole.concluded())
}

fn join(whole: &mut Report, part: Report) {
    if part.started < whole.started {
        whole.started = part.started;
    }
    whole.duration_ms = whole.duration_ms.saturating_add(part.duration_ms);
    whole.complete &= part.complete;
    if let (Some(ours), Some(theirs)) = (&mut whole.traffic, part.traffic) {
        ours.requests = ours.requests.saturating_add(theirs.requests);
        ours.jobs = ours.jobs.saturating_add(theirs.jobs);
    }
    if let (Some(ours), Some(theirs)) = (shards_mut(whole), part.selection.and_then(|one| one.shards)) {
        ours.held.extend(theirs.held);
        ours.held.sort_unstable();
    }
    whole.cases.extend(part.cases);
}

/// Refuses a report that cannot be part of the run of another: all that decides what a case means must be equal.
fn check_same_run(first: &str, whole: &Report, name: &str, part: &Report) -> Result<(), StoredError> {
    let differ = |what: &str| {
        StoredError(format!("{name} and {first} are not shards of one run: their {what} differ"))
    };
    if whole.tool.name != part.tool.name || whole.tool.version != part.tool.version {
        return Err(differ("tool versions"));
    }
    if whole.subject != part.subject || whole.mode != part.mode || whole.target != part.target {
        return Err(differ("targets"));
    }
    if whole.seed != part.seed {
        return Err(differ("seeds"));
    }
    if whole.expectations != part.expectations {
        return Err(differ("expectations"));
    }
    let (Some(ours), Some(theirs)) = (&whole.selection, &part.selection) else {
        return Err(differ("selections"));
    };
    if filters(ours) != filters(theirs) {
        return Err(differ("selections"));
    }
    let (Some(held), Some(more)) = (&ours.shards, &theirs.shards) else {
        return Err(StoredError(format!("{name} and {first} are not shards of one run: one is not a shard")));
    };
    if held.of != more.of {
        return Err(differ("numbers of shards"));
    }
    match more.held.iter().find(|index| held.held.contains(index)) {
        Some(twice) => {
            Err(StoredError(format!("shard {twice} of {} is in {name} and in an earlier report", held.of)))
        }
        None => Ok(()),
    }
}

/// What a selection asks for, the shard aside.
fn filters(selection: &SelectionReport) -> SelectionReport {
    SelectionReport { shards: None, ..selection.clone() }
}

/// Where the cases of a report stood before they were dealt to shards.
fn positions(report: &Report) -> Vec<usize> {
    let one_shard = shards(report).filter(|shards| shards.held.len() == 1);
    let (first, step) =
        one_shard.map_or((0, 1), |shards| (shards.held[0].saturating_sub(1), shards.of.max(1)));
    (0..report.cases.len()).map(|at| at.saturating_mul(step).saturating_add(first)).collect()
}

fn first_shard(report: &Report) -> usize {
    shards(report).and_then(|shards| shards.held.first().copied()).unwrap_or(0)
}

fn shards(report: &Report) -> Option<&ShardsReport> {
    report.selection.as_ref()?.shards.as_ref()
}

fn shards_mut(report: &mut Report) -> Option<&mut ShardsReport> {
    report.selection.as_mut()?.shards.as_mut()
}
