//! What does the command say and return: flags, configuration, exit codes, wording?

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes its expectations so")]

use std::path::Path;
use std::process::{Command, Output};

use ringback_mocks::http::LOOPBACK;
use ringback_mocks::reference::gateway::{ReferenceGateway, Setup};
use ringback_mocks::wire::Secret;
use rstest::rstest;
use snapbox::assert_data_eq;
use snapbox::str;

/// Runs the command in an empty folder, with no environment but what is given.
fn ringback(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(variables.iter().copied())
        .output()
        .expect("the binary runs")
}

fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    ringback(folder.path(), arguments, &[])
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_embedded_reference_conforms() {
    let output = run(&["test"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_data_eq!(
        stdout(&output),
        str![[r#"
Judged the embedded reference gateway
  embedded: our mocks stand for the vendors; seed 7

320 cases: 320 passed, 0 failed, 0 warned, 0 not applicable, 0 not testable, 0 undecided, 0 harness errors
Judged: 289 of 289 MUST, 31 of 31 SHOULD cases; [..] s
Verdict: CONFORMS (exit code 0)

"#]]
    );
}

#[rstest]
#[case::unknown_vendor(&["test", "gateway", "--vendor", "klong"], "ringback: there is no vendor `klong`; there are kling, doubao, minimax, vidu\n")]
#[case::two_subjects(&["test", "gateway", "http://127.0.0.1:1", "--exec", "true"], "ringback: name one subject: a URL or --exec, not both\n")]
#[case::no_key(&["test", "gateway", "http://127.0.0.1:1"], "ringback: set RINGBACK_API_KEY to a key that the gateway accepts\n")]
#[case::no_address(&["test", "gateway", "localhost:80"], "ringback: `localhost:80` is not a gateway address: it must begin with http:// or https://\n")]
#[case::odd_time(&["test", "gateway", "--settle", "soon"], "ringback: `soon` is no time for settle; write 500ms, 10s or 2m, at most 1h\n")]
#[case::odd_report(&["test", "--report", "yaml=x"], "ringback: --report takes json=PATH, not `yaml=x`\n")]
#[case::lonely_upstream(&["test", "gateway", "--upstream", "kling=127.0.0.1:1"], "ringback: --upstream belongs to a gateway URL: with --exec the mocks choose their own addresses\n")]
#[case::unknown_id(&["explain", "GW-CB-999"], "ringback: there is no requirement `GW-CB-999`; GW-CB-001, [..]\n")]
#[case::typo(&["test", "gateway", "--only", "gateway/callback-url/forwardd"], "ringback: no case matches `gateway/callback-url/forwardd`; did you mean `gateway/callback-url/forwarded`?\n")]
#[case::no_config(&["test", "gateway", "--config", "absent.toml"], "ringback: cannot read absent.toml: No such file or directory (os error 2)\n")]
fn a_wrong_call_is_one_sentence_and_exit_2(#[case] arguments: &[&str], #[case] sentence: &str) {
    let output = run(arguments);
    assert_data_eq!(stderr(&output), sentence);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
}

#[test]
fn an_unknown_flag_is_exit_2_and_suggests() {
    let output = run(&["test", "gateway", "--exek", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--exec"), "{}", stderr(&output));
}

#[rstest]
#[case::unknown_key("[gateway]\nurll = \"http://127.0.0.1:1\"\n", "unknown field `urll`")]
#[case::wrong_type("[run]\nseed = \"seven\"\n", "invalid type")]
#[case::no_toml("gateway = [", "ringback.toml is not valid")]
#[case::unknown_vendor("[gateway]\nvendors = [\"sora\"]\n", "there is no vendor `sora`")]
fn a_wrong_file_is_exit_2_and_says_where(#[case] text: &str, #[case] says: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("ringback.toml"), text).expect("it can be written");
    let output = ringback(folder.path(), &["test"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(stderr(&output).contains(says), "{}", stderr(&output));
}

#[test]
fn flags_win_over_environment_over_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = "[run]\nseed = 1\nonly = [\"GW-SUB-002\"]\n[gateway]\nvendors = [\"vidu\"]\n";
    std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
    let seed = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = ringback(folder.path(), arguments, variables);
        stdout(&output).lines().nth(1).unwrap_or_default().to_owned()
    };
    let variable = [("RINGBACK_SEED", "2")];
    assert!(seed(&["test"], &[]).ends_with("seed 1"));
    assert!(seed(&["test"], &variable).ends_with("seed 2"));
    assert!(seed(&["test", "gateway", "--seed", "3"], &variable).ends_with("seed 3"));
}

#[test]
fn a_json_report_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &["test", "--report", "json=run.json"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("run.json")).expect("the report is there");
    let report: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(report["verdict"], "conforms");
    let output = ringback(folder.path(), &["test", "--report", "json=absent/run.json"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("ringback: cannot write absent/run.json"), "{}", stderr(&output));
}

#[test]
fn list_and_explain_speak_of_every_requirement() {
    let listed: serde_json::Value =
        serde_json::from_str(&stdout(&run(&["list", "--format", "json"]))).expect("it is JSON");
    let entries = listed["requirements"].as_array().expect("a list");
    assert!(entries.len() >= 110);
    for entry in entries {
        let id = entry["id"].as_str().expect("an id");
        assert!(ringback::listing::explain(id).is_some_and(|text| text.contains("Remedy")), "{id}");
    }
    assert!(stdout(&run(&["explain", "gw-cb-001"])).contains("input.metadata"));
}

#[test]
fn the_printed_catalogue_is_the_documented_one() {
    let printed = stdout(&run(&["list", "--format", "md"]));
    let documented = include_str!("../docs/requirements.md");
    let (_, table) = documented.split_once("\n\n| id |").expect("a heading, then the table");
    let wanted = format!("| id |{table}");
    assert!(
        printed == wanted,
        "docs/requirements.md is stale; put the output of `ringback list --format md` below its heading"
    );
}

/// A gateway that is just there, with a vendor's door that is closed: what a deployed one looks like.
async fn deployed() -> ReferenceGateway {
    let setup = Setup { clients: vec![Secret::new("sk-live-key")], upstreams: Vec::new(), defect: None };
    ReferenceGateway::start(setup, LOOPBACK).await.expect("the reference starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_gateway_is_judged_from_outside_and_never_billed() {
    let gateway = deployed().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let variables = [("RINGBACK_API_KEY", "sk-live-key")];
    let output = ringback(folder.path(), &["test", "gateway", &gateway.url()], &variables);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("CONFORMS as far as it could be judged"), "{text}");
    assert!(text.contains("0 of --spend 0 are left"), "{text}");
    assert!(text.contains("only the vendor sees this"), "{text}");
    assert!(!text.contains("sk-live-key"), "{text}");

    let only = ["test", "gateway", &gateway.url(), "--only", "GW-CB-001"];
    let output = ringback(folder.path(), &only, &variables);
    assert_eq!(output.status.code(), Some(4), "{}", stdout(&output));
    assert!(stdout(&output).contains("NOTHING RAN"), "{}", stdout(&output));

    let output =
        ringback(folder.path(), &["test", "gateway", &gateway.url()], &[("RINGBACK_API_KEY", "sk-wrong")]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("does not accept the key in RINGBACK_API_KEY"), "{}", stderr(&output));
}
