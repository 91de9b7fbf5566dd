//! `JUnit` XML, as CI servers draw tests from it: a suite for each chapter, a test for each case.
//!
//! Kept to what Jenkins' xunit schema, GitLab, Surefire's readers and GitHub's test reporters agree on; the
//! table of it is in the tests. What is wrong with the run as a whole is a test too, so that nobody's green
//! depends on noticing an absence.

use std::time::Duration;

use jiff::Timestamp;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::wording::{self, CaseStatus, case_details, summary, unknown_expectation, visible};
use super::{CaseReport, Report, Verdict};
use crate::run::excerpt::shortened;

/// Characters of a message; the text of the element has everything.
const MESSAGE: usize = 500;

/// Writes the report.
pub fn render(report: &Report) -> String {
    let mut document = Document::new(visible(&format!("ringback {}", report.subject)));
    document.set_time(Duration::from_millis(report.duration_ms));
    document.add_test_suites(suites(report));
    // Fails only if memory does not take the bytes.
    let text = document.to_string().unwrap_or_default();
    // Jenkins' schema has no such attribute on the root and its plugin refuses the file for it; readers add up
    // the suites themselves. Only the name stands before it, and a quotation mark of that is escaped.
    text.replacen(&format!(" skipped=\"{}\"", document.skipped), "", 1)
}

fn suites(report: &Report) -> Vec<TestSuite> {
    let mut suites: Vec<TestSuite> = Vec::new();
    for case in &report.cases {
        let (chapter, _) = split(&case.name);
        let name = visible(chapter);
        let at = suites.iter().position(|suite| suite.name.as_str() == name).unwrap_or_else(|| {
            suites.push(TestSuite::new(name));
            suites.len() - 1
        });
        suites[at].add_test_case(test_of_case(case));
    }
    let tests = tests_of_run(report);
    if !tests.is_empty() {
        let mut suite = TestSuite::new(visible(&format!("{}/run", report.subject)));
        suite.add_test_cases(tests);
        suites.push(suite);
    }
    let started = started(report);
    for suite in &mut suites {
        finish(suite, started.as_deref());
    }
    suites
}

/// Gives a suite what follows from its tests and its run.
fn finish(suite: &mut TestSuite, started: Option<&str>) {
    // Readers make packages and classes of what stands between dots.
    let class = suite.name.as_str().replace('/', ".");
    let mut took = Duration::ZERO;
    for test in &mut suite.test_cases {
        test.set_classname(class.as_str());
        took = took.saturating_add(test.time.unwrap_or_default());
    }
    suite.set_time(took);
    if let Some(started) = started {
        suite.extra.insert("timestamp".into(), started.into());
    }
}

/// `gateway/submit/slug[vendor]` as its chapter and the rest.
fn split(name: &str) -> (&str, &str) {
    let end = name.match_indices('/').nth(1).map(|(at, _)| at);
    end.map_or(("ringback", name), |at| (&name[..at], &name[at + 1..]))
}

fn test_of_case(case: &CaseReport) -> TestCase {
    let status = CaseStatus::of(case);
    let mut shown = match status {
        CaseStatus::Passed | CaseStatus::Warned => TestCaseStatus::success(),
        CaseStatus::Failed | CaseStatus::StaleExpectation => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        CaseStatus::Undecided => TestCaseStatus::non_success(NonSuccessKind::Error),
        CaseStatus::ExpectedFailure | CaseStatus::Skipped => TestCaseStatus::skipped(),
    };
    shown.set_message(shortened(&summary(case), MESSAGE)).set_type(visible(&case.requirement));
    if matches!(shown, TestCaseStatus::NonSuccess { .. }) {
        shown.set_description(case_details(case));
    }
    let mut test = TestCase::new(visible(split(&case.name).1), shown);
    test.set_time(Duration::from_millis(case.duration_ms));
    if status == CaseStatus::Warned {
        test.set_system_out(format!(
            "A SHOULD was left aside; this warns and does not fail (--strict makes it fail).\n{}",
            case_details(case)
        ));
    }
    test
}

/// What no case can say: that some are missing, that none was judged, that an expectation names none.
fn tests_of_run(report: &Report) -> Vec<TestCase> {
    let test = |name: &str, kind, message: String| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(shortened(&message, MESSAGE)).set_type("ringback").set_description(message);
        let mut test = TestCase::new(name, status);
        test.set_time(Duration::ZERO);
        test
    };
    let missing = wording::incomplete(report).map(|what| test("complete", NonSuccessKind::Error, what));
    let nothing = (report.verdict == Verdict::NothingRan)
        .then(|| test("something-judged", NonSuccessKind::Error, wording::verdict(report)));
    let unknown = report.unknown_expectations().map(|one| {
        test(
            &visible(&format!("expectation {}", one.pattern)),
            NonSuccessKind::Failure,
            unknown_expectation(&one.pattern, &one.reason),
        )
    });
    missing.into_iter().chain(nothing).chain(unknown).collect()
}

/// When the run began, in the form that Surefire writes.
fn started(report: &Report) -> Option<String> {
    let at: Timestamp = report.started.parse().ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}
