//! Known failures: expected, still run, and noticed when they are gone.

use std::path::Path;
use std::process::{Command, Output};

use ringback::catalogue;
use ringback::gateway::stage as gateway_stage;
use ringback::gateway::target::GatewayTarget;
use ringback::report::expectation::ExpectationState;
use ringback::report::{Report, Verdict, stored, terminal};
use ringback::run::expectation::Expectation;
use ringback::run::outcome::Outcome;
use ringback::run::plan::Selection;
use ringback::run::session::RunOptions;
use ringback::schema::{Schema, violations};
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway::{Gateway, mutants};
use rstest::rstest;

async fn judged(mutant: Option<Mutant<Gateway>>, only: &[&str], expected: &[&str], strict: bool) -> Report {
    let selection =
        Selection { only: only.iter().map(ToString::to_string).collect(), ..Selection::default() };
    let expectations = expected
        .iter()
        .map(|pattern| Expectation { pattern: (*pattern).to_owned(), reason: "issue 12".to_owned() })
        .collect();
    let expectations = catalogue::expectations(expectations);
    let options = RunOptions { selection, expectations, strict, ..RunOptions::default() };
    gateway_stage::judge(GatewayTarget::embedded(mutant.as_slice()), &options)
        .await
        .expect("the reference can be judged")
}

const DROPPED: Option<Mutant<Gateway>> = Some(mutants::CALLBACK_DROPPED_FOR_VIDU);

#[rstest]
#[case::unexpected(DROPPED, &["GW-CB-001"], &[], Verdict::Violations)]
#[case::expected(DROPPED, &["GW-CB-001"], &["gateway/callback-url/forwarded[vidu]"], Verdict::Conforms)]
#[case::too_wide(DROPPED, &["GW-CB-001"], &["GW-CB-001"], Verdict::Violations)]
#[case::only_one_of_two(DROPPED, &["GW-CB-001", "GW-LV-001"], &["gateway/callback-url/forwarded[vidu]"], Verdict::Violations)]
#[case::both(DROPPED, &["GW-CB-001", "GW-LV-001"], &["gateway/*[vidu]"], Verdict::Conforms)]
#[case::mended(None, &["GW-CB-001"], &["gateway/callback-url/forwarded[vidu]"], Verdict::Violations)]
#[case::no_such_case(None, &["GW-CB-001"], &["GW-CB-777"], Verdict::Violations)]
#[case::not_selected(None, &["GW-CB-001"], &["GW-SUB-001"], Verdict::Conforms)]
#[case::could_not_be_judged(DROPPED, &["GW-CB-001[vidu]", "GW-PASS-001"], &["gateway/pass-through/query[vidu]", "gateway/callback-url/forwarded[vidu]"], Verdict::Conforms)]
#[tokio::test]
async fn the_verdict_knows_what_was_expected(
    #[case] mutant: Option<Mutant<Gateway>>,
    #[case] only: &[&str],
    #[case] expected: &[&str],
    #[case] verdict: Verdict,
) {
    let only: Vec<&str> = only.iter().map(|name| name.split("[vidu]").next().unwrap_or(name)).collect();
    let report = judged(mutant, &only, expected, false).await;
    assert_eq!(report.verdict, verdict, "{}", terminal::render(&report));
    let value = serde_json::to_value(&report).expect("a report is JSON");
    let wrong = violations(Schema::Report, &value);
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Stored and read again, nothing changes.
    let again = stored::read("run.json", &value.to_string()).expect("its own report");
    let again = stored::merged(vec![("run.json".to_owned(), again)]).expect("one report");
    assert_eq!(serde_json::to_value(&again).expect("JSON"), value);
}

#[tokio::test]
async fn a_case_that_was_not_judged_neither_confirms_nor_refutes() {
    let report = judged(DROPPED, &["GW-PASS-001"], &["gateway/pass-through/query[vidu]"], false).await;
    let case = report.cases.iter().find(|case| case.vendor.as_deref() == Some("vidu")).expect("it ran");
    assert_eq!(case.outcome, Outcome::NotTestable);
    assert_eq!(case.expectation.as_ref().map(|one| one.state), Some(ExpectationState::Unjudged));
    assert_eq!(report.expected_failures(), 0);
    assert_eq!(report.verdict, Verdict::Conforms, "as without the expectation");
}

/// A warning is a violation of a SHOULD: it confirms, and with --strict it is excused like a failure.
#[rstest]
#[case(false, Outcome::Warn)]
#[case(true, Outcome::Fail)]
#[tokio::test]
async fn a_warning_confirms_too(#[case] strict: bool, #[case] outcome: Outcome) {
    let report = judged(Some(mutants::STARTS_RUNNING), &["GW-SUB-003"], &["GW-SUB-003"], strict).await;
    assert_eq!(report.cases[0].outcome, outcome);
    assert!(report.cases[0].is_expected());
    assert_eq!(report.verdict, Verdict::Conforms);
}

#[tokio::test]
async fn the_report_for_people_keeps_them_apart() {
    let report =
        judged(DROPPED, &["GW-CB-001", "GW-LV-001"], &["gateway/callback-url/forwarded[vidu]"], false).await;
    let text = terminal::render(&report);
    assert!(
        text.contains(
            "Expected failures (1):\n      gateway/callback-url/forwarded[vidu]  GW-CB-001: issue 12\n"
        ),
        "{text}"
    );
    assert_eq!(text.matches("FAIL  ").count(), 1, "{text}");
    assert!(text.contains("8 cases: 6 passed, 1 failed, 1 failed as expected, 0 warned"), "{text}");
    assert_eq!(report.counts.fail, 2, "the count of outcomes is not bent");
}

fn ringback(folder: &Path, toml: &str, arguments: &[&str]) -> Output {
    std::fs::write(folder.join("ringback.toml"), toml).expect("it can be written");
    Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("the binary runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[rstest]
#[case::passed(
    "GW-SUB-002",
    1,
    "passed, and was expected to fail (flaky upstream); remove the expectation `GW-SUB-002`"
)]
#[case::no_such("GW-SUB-0O2", 1, "matches no case; remove the expectation")]
#[case::elsewhere("GW-CB-001", 0, "CONFORMS (exit code 0)")]
fn a_stale_expectation_fails_the_run(#[case] pattern: &str, #[case] code: i32, #[case] says: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let toml = format!("[[expect]]\npattern = \"{pattern}\"\nreason = \"flaky upstream\"\n");
    let output = ringback(folder.path(), &toml, &["test", "gateway", "--only", "GW-SUB-002"]);
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    assert!(said(&output).contains(says), "{}", said(&output));
}

#[rstest]
#[case::no_reason("[[expect]]\npattern = \"GW-SUB-002\"\n", "missing field `reason`")]
#[case::blank_reason(
    "[[expect]]\npattern = \"GW-SUB-002\"\nreason = \" \"\n",
    "needs a pattern and a reason"
)]
#[case::unknown_key(
    "[[expect]]\npattern = \"GW-SUB-002\"\nreason = \"x\"\nuntil = \"2027\"\n",
    "unknown field `until`"
)]
#[case::no_list("[expect]\npattern = \"GW-SUB-002\"\nreason = \"x\"\n", "invalid type")]
fn a_wrong_expectation_is_exit_2(#[case] toml: &str, #[case] says: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), toml, &["test", "gateway", "--only", "GW-SUB-002"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains(says), "{}", said(&output));
}
