//! Does every report format say the same, can its readers parse it, and do a subject's words stay words in it?
//!
//! `formats/everything.json` is a report with every outcome, expectations of each state, and hostile text.

use std::path::Path;
use std::process::Output;

use proptest::{prop_assert, prop_assert_eq, proptest};
use pulldown_cmark::{Event, Options, Parser, Tag};
use ringback::report::format::{FORMATS, named};
use ringback::report::{Report, Verdict, stored};
use ringback::run::outcome::Outcome;
use rstest::rstest;
use serde_json::Value;

use crate::command::command;

const EVERYTHING: &str = include_str!("../formats/everything.json");

fn everything() -> Report {
    let report = stored::read("everything.json", EVERYTHING).expect("the fixture keeps the schema");
    let conclusion = (report.counts, report.verdict);
    let report = report.concluded();
    assert_eq!((report.counts, report.verdict), conclusion, "the fixture is consistent");
    report
}

/// The report with nothing but passes, complete.
fn conforming() -> Report {
    let mut report = everything();
    report.cases.truncate(1);
    report.expectations.clear();
    report.complete = true;
    report.concluded()
}

fn rendered(format: &str, report: &Report) -> String {
    (named(format).expect("it is registered").render)(report, ringback::catalogue::by_id)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

#[rstest]
#[case::ndjson("ndjson")]
#[case::junit("junit")]
#[case::sarif("sarif")]
#[case::md("md")]
#[case::annotations("annotations")]
#[case::badge("badge")]
fn a_format_is_as_reviewed(#[case] format: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/reports"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format, rendered(format, &everything())));
}

/// Every format, the ones that others add too.
#[test]
fn no_format_lets_control_characters_out() {
    for format in FORMATS {
        let text = (format.render)(&everything(), ringback::catalogue::by_id);
        let bad = text.chars().find(|one| one.is_control() && *one != '\n');
        assert_eq!(bad, None, "{} lets {bad:?} out", format.name);
    }
}

#[test]
fn the_stream_is_the_report_in_lines() {
    let report = everything();
    let lines: Vec<Value> = rendered("ndjson", &report).lines().map(json).collect();
    let events: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(events.len(), report.cases.len() + 2);
    assert_eq!((events[0], events[1], *events.last().expect("lines")), ("run", "case", "verdict"));
    let mut whole = serde_json::to_value(&report).expect("a report is JSON");
    let cases = whole["cases"].as_array_mut().expect("cases");
    for (line, case) in lines[1..].iter().zip(cases) {
        case["event"] = "case".into();
        assert_eq!(line, case);
    }
    assert_eq!(lines[lines.len() - 1]["exit_code"], 1);
}

/// What Jenkins' xunit schema allows: element, its attributes, its children.
const JUNIT: &[(&str, &[&str], &[&str])] = &[
    ("testsuites", &["name", "time", "tests", "failures", "disabled", "errors"], &["testsuite"]),
    (
        "testsuite",
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
        ],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name", "time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err", "properties"],
    ),
    ("failure", &["type", "message"], &[]),
    ("error", &["type", "message"], &[]),
    ("skipped", &["type", "message"], &[]),
    ("system-out", &[], &[]),
];

fn keeps_junit(text: &str) -> Result<(), String> {
    let document = roxmltree::Document::parse(text).map_err(|error| error.to_string())?;
    if document.root_element().tag_name().name() != "testsuites" {
        return Err("the root is not testsuites".to_owned());
    }
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let (_, attributes, children) =
            JUNIT.iter().find(|row| row.0 == name).ok_or_else(|| format!("{name} is unknown"))?;
        if let Some(odd) = node.attributes().find(|one| !attributes.contains(&one.name())) {
            return Err(format!("{name} has {}", odd.name()));
        }
        if let Some(odd) =
            node.children().find(|one| one.is_element() && !children.contains(&one.tag_name().name()))
        {
            return Err(format!("{name} holds {}", odd.tag_name().name()));
        }
        let count = |what: &str| node.descendants().filter(|one| one.has_tag_name(what)).count().to_string();
        for (attribute, element) in
            [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
        {
            if node.attribute(attribute).is_some_and(|said| said != count(element)) {
                return Err(format!("{attribute} of {name} do not add up"));
            }
        }
        if name == "testcase" && (!node.has_attribute("name") || !node.has_attribute("classname")) {
            return Err("a testcase has no name".to_owned());
        }
    }
    Ok(())
}

#[test]
fn junit_is_what_ci_servers_accept() {
    for report in [everything(), conforming()] {
        assert_eq!(keeps_junit(&rendered("junit", &report)), Ok(()));
    }
}

#[rstest]
#[case::kept("forwarded[kling]", None)]
#[case::violated("escapes[kling]", Some("failure"))]
#[case::warned("error-type", Some("system-out"))]
#[case::not_applicable("no-channel[doubao]", Some("skipped"))]
#[case::not_testable("from-outside", Some("skipped"))]
#[case::inconclusive("rate-limited", Some("error"))]
#[case::ours("harness", Some("error"))]
#[case::expected("known[vidu]", Some("skipped"))]
#[case::stale("healed[vidu]", Some("failure"))]
#[case::incomplete("complete", Some("error"))]
#[case::unknown_expectation("expectation gateway/gone/*", Some("failure"))]
fn junit_marks_each_outcome(#[case] test: &str, #[case] mark: Option<&str>) {
    let text = rendered("junit", &everything());
    let document = roxmltree::Document::parse(&text).expect("it is XML");
    let node = document
        .descendants()
        .find(|node| node.has_tag_name("testcase") && node.attribute("name") == Some(test))
        .expect("the test is there");
    assert_eq!(node.first_element_child().map(|child| child.tag_name().name()), mark);
}

/// A run that is not whole, or judged nothing, is red wherever red can be shown.
#[rstest]
#[case::cut_short(false, 1, Verdict::Undecided)]
#[case::empty(true, 0, Verdict::NothingRan)]
fn nothing_unfinished_reads_as_green(#[case] complete: bool, #[case] cases: usize, #[case] verdict: Verdict) {
    let mut report = conforming();
    report.complete = complete;
    report.cases.truncate(cases);
    let report = report.concluded();
    assert_eq!(report.verdict, verdict);
    assert!(rendered("junit", &report).contains("<error "));
    assert_eq!(json(&rendered("sarif", &report))["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let badge = json(&rendered("badge", &report));
    assert_ne!(badge["color"], "brightgreen");
    assert_eq!(badge["isError"], true);
    assert!(!rendered("md", &report).contains("CONFORMS"));
}

#[test]
fn a_conforming_run_is_green_everywhere() {
    let report = conforming();
    let badge = json(&rendered("badge", &report));
    assert_eq!((&badge["message"], &badge["color"]), (&"conforms 1/1 MUST".into(), &"brightgreen".into()));
    assert_eq!(json(&rendered("sarif", &report))["runs"][0]["invocations"][0]["executionSuccessful"], true);
    assert!(!rendered("junit", &report).contains("<error"));
    assert!(!rendered("annotations", &report).contains("::error"));
}

#[rstest]
#[case::not_testable(&|report: &mut Report| report.cases[1].outcome = Outcome::NotTestable, "yellow")]
#[case::known_failure(&|_: &mut Report| {}, "yellow")]
#[case::selected(&|report: &mut Report| {
    report.cases.truncate(1);
    report.selection.as_mut().expect("a selection").only.push("GW-CB-*".to_owned());
}, "yellow")]
#[case::violated(&|report: &mut Report| report.cases[1].expectation = None, "red")]
fn a_badge_is_green_only_for_everything(#[case] change: &dyn Fn(&mut Report), #[case] color: &str) {
    let mut report = conforming();
    // The expected failure.
    report.cases.push(everything().cases.swap_remove(7));
    change(&mut report);
    assert_eq!(json(&rendered("badge", &report.concluded()))["color"], color);
}

/// What SARIF 2.1.0 and code scanning demand: a place, and what must be there.
const SARIF: &[(&str, &[&str])] = &[
    ("", &["version", "runs", "$schema"]),
    ("/runs/0", &["tool", "results", "invocations"]),
    ("/runs/0/tool/driver", &["name", "version", "rules"]),
    (
        "/runs/0/tool/driver/rules/*",
        &["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    ),
    ("/runs/0/tool/driver/rules/*/help", &["text"]),
    ("/runs/0/results/*", &["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"]),
    ("/runs/0/results/*/message", &["text"]),
    ("/runs/0/results/*/locations/*/physicalLocation/artifactLocation", &["uri"]),
    ("/runs/0/results/*/partialFingerprints", &["primaryLocationLineHash"]),
    ("/runs/0/invocations/*", &["executionSuccessful", "startTimeUtc", "endTimeUtc"]),
];

fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    path.split('/').skip(1).fold(vec![value], |found, step| match step {
        "*" => found.into_iter().flat_map(|one| one.as_array().into_iter().flatten()).collect(),
        step => found.into_iter().filter_map(|one| one.pointer(&format!("/{step}"))).collect(),
    })
}

#[test]
fn sarif_has_what_code_scanning_needs() {
    let log = json(&rendered("sarif", &everything()));
    for (path, required) in SARIF {
        let found = at(&log, path);
        assert!(!found.is_empty(), "nothing at {path}");
        for (one, name) in found.iter().flat_map(|one| required.iter().map(move |name| (one, name))) {
            assert!(one.get(name).is_some_and(|value| !value.is_null()), "{path} lacks {name}: {one}");
        }
    }
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    // SARIF makes links of that, even in plain text.
    let messages = at(&log, "/runs/0/results/*/message/text");
    assert!(messages.iter().all(|text| !text.to_string().contains("](")), "{messages:?}");
    let mut prints: Vec<String> = results.iter().map(|one| one["partialFingerprints"].to_string()).collect();
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), results.len(), "fingerprints tell results apart");
    let suppressed = results.iter().filter(|one| one.get("suppressions").is_some()).count();
    assert_eq!((results.len(), suppressed), (6, 1));
}

#[test]
fn annotations_stop_where_github_stops_showing() {
    let mut report = everything();
    let failed = report.cases[1].clone();
    report.cases.extend((0..30).map(|_| failed.clone()));
    let text = rendered("annotations", &report.concluded());
    assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), 10);
    assert_eq!(text.lines().filter(|line| line.starts_with("::notice ")).count(), 1);
    assert!(text.contains("more errors are only in the report"), "{text}");
}

#[test]
fn a_summary_stays_below_githubs_limit_and_says_so() {
    let mut report = everything();
    let mut failed = report.cases[1].clone();
    failed.findings[0].actual = "x".repeat(10_000);
    report.cases.extend((0..300).map(|_| failed.clone()));
    let text = rendered("md", &report.concluded());
    assert!(text.len() < 1024 * 1024, "{}", text.len());
    assert!(text.contains("entries are left out here"));
    let named = text.lines().filter(|line| line.starts_with("- ` gateway/pass-through/escapes")).count();
    assert_eq!(named, 301, "every failure is named");
}

/// What a browser would be given that we did not write: links, images, headings, elements.
fn injected(markdown: &str) -> Vec<String> {
    let ours = ["Ringback", "Failed", "Failures", "Stale", "Undecided", "Warned", "Expected", "Not judged"];
    let mut odd = Vec::new();
    let mut heading = false;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = true,
            Event::Text(text) if heading => {
                heading = false;
                if !ours.iter().any(|name| text.starts_with(name)) {
                    odd.push(text.into_string());
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                odd.push(dest_url.into_string());
            }
            Event::InlineHtml(html) => odd.push(html.into_string()),
            Event::Html(html) => {
                let tags = html.matches('<').count();
                let known = ["<details>", "<summary>", "</summary>", "<code>", "</code>", "</details>"];
                if known.iter().map(|tag| html.matches(tag).count()).sum::<usize>() != tags {
                    odd.push(html.into_string());
                }
            }
            _ => {}
        }
    }
    odd
}

#[test]
fn markdown_of_a_hostile_subject_is_ours() {
    assert_eq!(injected(&rendered("md", &everything())), Vec::<String>::new());
}

proptest! {
    /// Whatever a subject says, every format is read by its own parser, and its words stay words.
    #[test]
    fn arbitrary_text_parses(text in ".{0,40}", nasty in "[\\x00-\\x20`<>&\"'\\]%:,#*|\\[(/~-]{0,40}") {
        let mut report = everything();
        let said = format!("{text}{nasty}");
        for case in &mut report.cases {
            case.name = format!("{}{said}", case.name);
            case.sentence = said.clone();
            case.reason = case.reason.take().map(|_| said.clone());
            for finding in &mut case.findings {
                finding.actual = said.clone();
                finding.curl = Some(said.clone());
            }
        }
        report.expectations[1].pattern = said;
        let report = report.concluded();
        prop_assert_eq!(keeps_junit(&rendered("junit", &report)), Ok(()));
        for format in ["json", "sarif", "badge"] {
            prop_assert!(serde_json::from_str::<Value>(&rendered(format, &report)).is_ok(), "{}", format);
        }
        prop_assert!(rendered("ndjson", &report).lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
        prop_assert_eq!(injected(&rendered("md", &report)), Vec::<String>::new());
        for line in rendered("annotations", &report).lines() {
            let title = ["::error title=", "::warning title=", "::notice title="].iter().find_map(|start| line.strip_prefix(start));
            let (title, _) = title.and_then(|rest| rest.split_once("::")).expect("a command with a title");
            prop_assert!(!title.contains([':', ',']), "{}", line);
        }
    }
}

fn ringback(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    std::fs::write(folder.join("stored.json"), EVERYTHING).expect("the report is written");
    let arguments = [&["report", "--from", "stored.json"], arguments].concat();
    command(folder, &arguments, variables).output().expect("the binary runs")
}

#[test]
fn a_stored_report_becomes_every_format_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wanted: Vec<String> = FORMATS.iter().map(|one| format!("{0}=out.{0}", one.name)).collect();
    let output = ringback(folder.path(), &["--report", &wanted.join(",")], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    for format in FORMATS {
        let written = std::fs::read_to_string(folder.path().join(format!("out.{}", format.name)));
        let printed = ringback(folder.path(), &["--format", format.name], &[]);
        assert_eq!(
            String::from_utf8_lossy(&printed.stdout),
            written.expect("it is written"),
            "{}",
            format.name
        );
    }
}

#[rstest]
#[case::at_home(&[], &[], false)]
#[case::on_github(&[("GITHUB_ACTIONS", "true")], &[], true)]
#[case::not_quite(&[("GITHUB_ACTIONS", "false")], &[], false)]
#[case::for_a_program(&[("GITHUB_ACTIONS", "true")], &["--format", "json"], false)]
fn github_is_told_beside_the_text(
    #[case] variables: &[(&str, &str)],
    #[case] arguments: &[&str],
    #[case] annotated: bool,
) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), arguments, variables);
    let text = String::from_utf8_lossy(&output.stdout);
    let annotations = rendered("annotations", &everything());
    assert_eq!(text.ends_with(&annotations), annotated, "{text}");
    assert_eq!(text.contains("\n::"), annotated, "{text}");
}

/// docs/reports.md tells whoever wires CI what there is.
#[test]
fn the_docs_list_the_formats() {
    let docs = include_str!("../../docs/reports.md");
    let listed: Vec<&str> =
        docs.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    assert_eq!(listed, names);
}
