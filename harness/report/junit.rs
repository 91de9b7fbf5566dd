//! `JUnit` XML, as CI servers draw tests from it: a suite for each chapter, a test for each case.
//!
//! Kept to what Jenkins' xunit schema, GitLab, Surefire's readers and GitHub's test reporters agree on; the
//! table of it is in the tests. What is wrong with the run as a whole is a test too, so that nobody's green
//! depends on noticing an absence.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::wording::{self, Standing, explanation, markup, summary, unknown, visible};
use super::{CaseReport, Report, Verdict};
use crate::run::excerpt::shortened;

/// Characters of a message; the text of the element has everything.
const MESSAGE: usize = 500;

/// Writes the report.
pub fn render(report: &Report) -> String {
    let suites = suites(report);
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    // Jenkins' schema has no `skipped` here, and readers add up the suites themselves.
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">\n",
        markup(&visible(&format!("ringback {}", report.subject))),
        sum(|suite| suite.tests.len()),
        sum(|suite| suite.count(Mark::Failure)),
        sum(|suite| suite.count(Mark::Error)),
        seconds(report.duration_ms),
    );
    let started = started(report);
    for suite in &suites {
        suite.write(&mut text, &started);
    }
    text.push_str("</testsuites>\n");
    text
}

struct Suite {
    name: String,
    tests: Vec<Test>,
}

struct Test {
    name: String,
    took_ms: u64,
    mark: Mark,
    /// Kind, one line and the whole of what is marked.
    kind: String,
    message: String,
    body: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Passed,
    /// Passed, with something to say.
    Noted,
    Failure,
    Error,
    Skipped,
}

fn suites(report: &Report) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for case in &report.cases {
        let (chapter, _) = split(&case.name);
        let name = visible(chapter);
        let at = suites.iter().position(|suite| suite.name == name).unwrap_or_else(|| {
            suites.push(Suite { name, tests: Vec::new() });
            suites.len() - 1
        });
        suites[at].tests.push(test(case));
    }
    let tests = of_the_run(report);
    if !tests.is_empty() {
        suites.push(Suite { name: visible(&format!("{}/run", report.subject)), tests });
    }
    suites
}

/// `gateway/submit/slug[vendor]` as its chapter and the rest.
fn split(name: &str) -> (&str, &str) {
    let end = name.match_indices('/').nth(1).map(|(at, _)| at);
    end.map_or(("ringback", name), |at| (&name[..at], &name[at + 1..]))
}

fn test(case: &CaseReport) -> Test {
    let mark = match Standing::of(case) {
        Standing::Kept => Mark::Passed,
        Standing::Warned => Mark::Noted,
        Standing::Violated | Standing::Stale => Mark::Failure,
        Standing::Expected | Standing::Skipped => Mark::Skipped,
        Standing::Undecided => Mark::Error,
    };
    let body = match mark {
        Mark::Passed | Mark::Skipped => String::new(),
        Mark::Noted => {
            format!(
                "A SHOULD was left aside; this warns and does not fail (--strict makes it fail).\n{}",
                explanation(case)
            )
        }
        Mark::Failure | Mark::Error => explanation(case),
    };
    Test {
        name: visible(split(&case.name).1),
        took_ms: case.duration_ms,
        mark,
        kind: visible(&case.requirement),
        message: summary(case),
        body,
    }
}

/// What no case can say: that some are missing, that none was judged, that an expectation names none.
fn of_the_run(report: &Report) -> Vec<Test> {
    let test = |name: &str, mark, message: String| Test {
        name: name.to_owned(),
        took_ms: 0,
        mark,
        kind: "ringback".to_owned(),
        body: message.clone(),
        message,
    };
    let missing = wording::missing(report).map(|what| test("complete", Mark::Error, what));
    let nothing = (report.verdict == Verdict::NothingRan)
        .then(|| test("something-judged", Mark::Error, wording::verdict(report)));
    let unknown = report.unknown_expectations().map(|one| {
        test(
            &visible(&format!("expectation {}", one.pattern)),
            Mark::Failure,
            unknown(&one.pattern, &one.reason),
        )
    });
    missing.into_iter().chain(nothing).chain(unknown).collect()
}

impl Suite {
    fn count(&self, mark: Mark) -> usize {
        self.tests.iter().filter(|test| test.mark == mark).count()
    }

    fn write(&self, text: &mut String, started: &str) {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"{started}>",
            markup(&self.name),
            self.tests.len(),
            self.count(Mark::Failure),
            self.count(Mark::Error),
            self.count(Mark::Skipped),
            seconds(self.tests.iter().fold(0, |sum: u64, test| sum.saturating_add(test.took_ms))),
        );
        // Readers make packages and classes of what stands between dots.
        let class = markup(&self.name.replace('/', "."));
        for test in &self.tests {
            test.write(text, &class);
        }
        text.push_str("  </testsuite>\n");
    }
}

impl Test {
    fn write(&self, text: &mut String, class: &str) {
        let _ = write!(
            text,
            "    <testcase classname=\"{class}\" name=\"{}\" time=\"{}\"",
            markup(&self.name),
            seconds(self.took_ms)
        );
        let element = match self.mark {
            Mark::Passed => return text.push_str("/>\n"),
            Mark::Noted => {
                let _ = writeln!(text, "><system-out>{}</system-out></testcase>", markup(&self.body));
                return;
            }
            Mark::Failure => "failure",
            Mark::Error => "error",
            Mark::Skipped => "skipped",
        };
        let _ = writeln!(
            text,
            "><{element} message=\"{}\" type=\"{}\">{}</{element}></testcase>",
            markup(&shortened(&self.message, MESSAGE)),
            markup(&self.kind),
            markup(&self.body)
        );
    }
}

/// The beginning as an attribute, in the form that Surefire writes.
fn started(report: &Report) -> String {
    report
        .started
        .parse::<Timestamp>()
        .map_or_else(|_| String::new(), |at| format!(" timestamp=\"{}\"", at.strftime("%Y-%m-%dT%H:%M:%S")))
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}
