//! SARIF 2.1.0, for code scanning: a rule for each requirement, a result for each violation.
//!
//! What was not judged is not a result; what kept us from judging is a notification of the invocation, which then
//! says that it did not succeed. Written by hand: the types of a SARIF crate are more code than this file.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::format::Lookup;
use super::wording::{self, CaseStatus, case_details, summary, unknown_expectation, visible};
use super::{CaseReport, Report, Verdict};
use crate::run::outcome::{Level, Outcome};

/// The version's published schema.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The file that results are shown at. Code scanning drops what has no place in the repository; a violation
/// seen on the wire has none, so it stands at the one file that says what is judged, whether it exists or not.
const PLACE: &str = "ringback.toml";
/// The rule for expectations that nothing bears out. Those really are lines of [`PLACE`].
const STALE: &str = "stale-expectation";

/// Writes the report.
pub fn render(report: &Report, lookup: Lookup) -> String {
    let rules = rules(report, lookup);
    let stale = report.unknown_expectations().map(|one| {
        let about = place(&one.pattern);
        result(
            STALE,
            "error",
            &unknown_expectation(&one.pattern, &one.reason),
            &about,
            &visible(&one.pattern),
        )
    });
    let mut results: Vec<Value> = report.cases.iter().filter_map(of_case).chain(stale).collect();
    for result in &mut results {
        let index = rules.iter().position(|rule| rule["id"] == result["ruleId"]);
        result["ruleIndex"] = json!(index);
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": visible(&report.tool.name),
                "version": visible(&report.tool.version),
                "rules": rules,
            }},
            // Gateways and receivers are different analyses; without this a second upload closes the first one's alerts.
            "automationDetails": {"id": visible(&format!("ringback/{}/", report.subject))},
            "invocations": [invocation(report)],
            "results": results,
            "properties": {"verdict": report.verdict, "complete": report.complete, "counts": report.counts},
        }],
    });
    format!("{log:#}\n")
}

fn rules(report: &Report, lookup: Lookup) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    let mut rules: Vec<Value> = report
        .cases
        .iter()
        .filter(|case| seen.insert(case.requirement.as_str()))
        .map(|case| rule(case, lookup))
        .collect();
    let text = "An expected failure fails, and names a case.";
    rules.push(json!({
        "id": STALE,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": "Remove the expectation, or correct its pattern."},
        "defaultConfiguration": {"level": "error"},
    }));
    rules
}

fn rule(case: &CaseReport, lookup: Lookup) -> Value {
    let sentence = visible(&case.sentence);
    let source = visible(&format!("{}, {} (read {})", case.source.page, case.source.url, case.source.read));
    // A stored report may name requirements that this build does not know.
    let help = lookup(&case.requirement).map_or_else(
        || source.clone(),
        |entry| format!("{} Why: {} Source: {source}", entry.remedy, entry.why),
    );
    let mut rule = json!({
        "id": visible(&case.requirement),
        "shortDescription": {"text": sentence},
        "fullDescription": {"text": format!("{sentence} ({})", case.level.word())},
        "help": {"text": help},
        "defaultConfiguration": {"level": if case.level == Level::Must { "error" } else { "warning" }},
        "properties": {"tags": [visible(&case.chapter), case.level.word()]},
    });
    if let Ok(url) = url::Url::parse(&case.source.url)
        && matches!(url.scheme(), "http" | "https")
    {
        rule["helpUri"] = json!(url.as_str());
    }
    rule
}

fn of_case(case: &CaseReport) -> Option<Value> {
    let name = visible(&case.name);
    let about = place(&case.name);
    let status = CaseStatus::of(case);
    let level = if case.outcome == Outcome::Fail { "error" } else { "warning" };
    match status {
        CaseStatus::Failed | CaseStatus::Warned | CaseStatus::ExpectedFailure => {
            let actual = case.findings.first().map_or_else(String::new, |finding| visible(&finding.actual));
            let text = format!("{}\n{actual}\n\n{}", visible(&case.sentence), case_details(case));
            let mut result = result(&visible(&case.requirement), level, &text, &about, &name);
            if let Some(expectation) =
                case.expectation.as_ref().filter(|_| status == CaseStatus::ExpectedFailure)
            {
                result["suppressions"] = json!([{
                    "kind": "external",
                    "status": "accepted",
                    "justification": visible(&expectation.reason),
                }]);
            }
            Some(result)
        }
        CaseStatus::StaleExpectation => Some(result(
            STALE,
            "error",
            &format!("{name} {}", summary(case)),
            &about,
            &format!("stale {name}"),
        )),
        CaseStatus::Passed | CaseStatus::Skipped | CaseStatus::Undecided => None,
    }
}

fn result(rule: &str, level: &str, text: &str, place: &Value, identity: &str) -> Value {
    json!({
        "ruleId": rule,
        "kind": "fail",
        "level": level,
        "message": {"text": message(text)},
        "locations": [place],
        // All results share a line, so only these tell them apart from run to run; the second is GitHub's own.
        "partialFingerprints": {"ringbackCase/v1": identity, "primaryLocationLineHash": identity},
    })
}

/// Text of a message. SARIF makes a link of `[words](address)` even in plain text, so none is left.
fn message(text: &str) -> String {
    text.replace("](", "]\\(")
}

fn place(case: &str) -> Value {
    json!({
        "physicalLocation": {"artifactLocation": {"uri": PLACE}, "region": {"startLine": 1}},
        "logicalLocations": [{"fullyQualifiedName": visible(case), "kind": "member"}],
    })
}

fn invocation(report: &Report) -> Value {
    let undecided = report.cases.iter().filter(|case| CaseStatus::of(case) == CaseStatus::Undecided);
    let notes = wording::incomplete(report)
        .into_iter()
        .chain(undecided.map(|case| visible(&format!("{}: {}", case.name, summary(case)))))
        .map(|text| json!({"level": "error", "message": {"text": message(&text)}}))
        .collect::<Vec<_>>();
    let decided = matches!(report.verdict, Verdict::Conforms | Verdict::Violations);
    let mut invocation = json!({
        "executionSuccessful": report.complete && decided && notes.is_empty(),
        "exitCode": report.verdict.exit_code(),
        "exitCodeDescription": wording::verdict(report),
        "toolExecutionNotifications": notes,
    });
    if let Ok(start) = report.started.parse::<Timestamp>() {
        invocation["startTimeUtc"] = json!(start.to_string());
        let took = SignedDuration::from_millis(i64::try_from(report.duration_ms).unwrap_or(i64::MAX));
        if let Ok(end) = start.checked_add(took) {
            invocation["endTimeUtc"] = json!(end.to_string());
        }
    }
    invocation
}
