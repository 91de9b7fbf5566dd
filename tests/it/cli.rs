//! What does the command say and return: flags, configuration, exit codes, wording?

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes its expectations so")]

use std::path::Path;
use std::process::{Command, Output};

use ringback_mocks::http::LOOPBACK;
use ringback_mocks::wire::Secret;
use ringback_reference::gateway::{GatewaySetup, ReferenceGateway};
use rstest::rstest;
use snapbox::assert_data_eq;
use snapbox::str;

use crate::command::command;

/// Runs the command in an empty folder, with no environment but what is given.
fn ringback(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments, variables).output().expect("the binary runs")
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

/// A variable for a flag without a value is said the ways people say it; an empty one says nothing.
#[rstest]
#[case::one("1", 1)]
#[case::truth("true", 1)]
#[case::zero("0", 0)]
#[case::no("no", 0)]
#[case::empty("", 0)]
fn a_flag_without_a_value_has_a_variable(#[case] value: &str, #[case] code: i32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/everything.json");
    let output = ringback(
        folder.path(),
        &["report", "--from", report],
        &[("RINGBACK_QUIET", value), ("COLUMNS", "80")],
    );
    assert_eq!(i32::from(!stdout(&output).starts_with("Judged ")), code, "{}", stdout(&output));
}

/// A screen is 80 by 24.
#[rstest]
#[case::all(&["--help"])]
#[case::gateway(&["test", "gateway", "-h"])]
#[case::receiver(&["test", "receiver", "-h"])]
fn help_fits_one_screen(#[case] arguments: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), arguments, &[("COLUMNS", "80")]);
    let text = stdout(&output);
    assert!(text.contains("Usage: ringback") && text.lines().count() <= 24, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn the_embedded_reference_conforms() {
    let output = run(&["test", "gateway"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_data_eq!(
        stdout(&output),
        str![[r#"
Judged the embedded reference gateway
  embedded: our mocks stand for the vendors; seed 7

420 cases: 420 passed, 0 failed, 0 warned, 0 not applicable, 0 not testable, 0 undecided, 0 harness errors
Judged: 356 of 356 MUST, 64 of 64 SHOULD cases; [..] s
Verdict: CONFORMS (exit code 0)

"#]]
    );
}

#[rstest]
#[case::unknown_vendor(&["test", "gateway", "--vendor", "klong"], "ringback: there is no vendor `klong`; did you mean `kling`?\n")]
#[case::two_subjects(&["test", "gateway", "http://127.0.0.1:1", "--exec", "true"], "ringback: name one subject: a URL or --exec, not both\n")]
#[case::no_key(&["test", "gateway", "http://127.0.0.1:1"], "ringback: set RINGBACK_API_KEY to a key that the gateway accepts\n")]
#[case::no_address(&["test", "gateway", "localhost:80"], "ringback: `localhost:80` is not a gateway address: it must begin with http:// or https://\n")]
#[case::key_in_address(&["test", "gateway", "https://me:sk-hidden@api.example.com"], "ringback: a gateway address carries no user or password: it is printed; set RINGBACK_API_KEY\n")]
#[case::odd_advertise(&["test", "gateway", "--advertise", "me.example.net"], "ringback: --advertise belongs to a deployed gateway: our mocks reach our inbox by themselves\n")]
#[case::odd_replay(&["test", "gateway", "--replay", "GW-CB-001"], "ringback: `GW-CB-001` is not a replay id; one looks like GW-PASS-010-kling-s7-i3-pae-v5d0c\n")]
#[case::odd_shard(&["test", "gateway", "--shard", "5/4"], "ringback: `5/4` is no shard; write 2/4 for the second of four, counted from 1\n")]
#[case::too_many_shards(&["test", "gateway", "--only", "GW-CB-001", "--shard", "1/9"], "ringback: --shard 1/9 splits 4 cases; use at most 4 shards\n")]
#[case::odd_level(&["test", "gateway", "--level", "may"], "ringback: there is no level `may`; there are must, should\n")]
#[case::no_stored_report(&["report", "--from", "absent.json"], "ringback: cannot read absent.json: No such file or directory (os error 2)\n")]
#[case::odd_time(&["test", "gateway", "--settle", "soon"], "ringback: `soon` is no time for settle; write 500ms, 10s or 2m, at most 1h\n")]
#[case::report_about_two(&["test", "--report", "json=x"], "ringback: two subjects are judged, and a report is about one; say `ringback test gateway` or `ringback test receiver`\n")]
#[case::receiver_without_vendor(&["test", "receiver", "http://127.0.0.1:1/hook"], "ringback: say whose callbacks go to http://127.0.0.1:1/hook with --vendor NAME, or write {vendor} where the name stands\n")]
#[case::receiver_without_secret(&["test", "receiver", "http://127.0.0.1:1/hook", "--vendor", "kling"], "ringback: set RINGBACK_KLING_SECRET to the secret that the receiver verifies Kling's callbacks with\n")]
#[case::receiver_twice(&["test", "receiver", "http://127.0.0.1:1/hook", "--exec", "true"], "ringback: name one subject: a URL or --exec, not both\n")]
#[case::replay_of_the_other(&["test", "receiver", "--replay", "GW-CB-001-kling-s7-v24f7"], "ringback: the case to replay is about a gateway; replay it with `ringback test gateway`\n")]
#[case::odd_report(&["test", "gateway", "--report", "yaml=x"], "ringback: --report takes FORMAT=PATH, with a format of text, json[..]; not `yaml=x`\n")]
#[case::lonely_upstream(&["test", "gateway", "--upstream", "kling=127.0.0.1:1"], "ringback: --upstream belongs to a gateway URL: with --exec the mocks choose their own addresses\n")]
#[case::unknown_id(&["explain", "GW-CB-999"], "ringback: there is no requirement `GW-CB-999`; there are GW-CB-001, [..]\n")]
#[case::typo(&["test", "gateway", "--only", "gateway/callback-url/forwardd"], "ringback: no case matches `gateway/callback-url/forwardd`; did you mean `gateway/callback-url/forwarded`?\n")]
#[case::unknown_knob(&["test", "gateway", "--knob", "root=ignore"], "ringback: there is no knob `root`; did you mean `root_callback`?\n")]
#[case::knob_without_value(&["test", "gateway", "--knob", "root_callback"], "ringback: --knob takes NAME=VALUE, not `root_callback`\n")]
#[case::knob_value(&["test", "gateway", "--knob", "bad_token_status=404"], "ringback: the knob bad_token_status is either or 401 or 403, not `404`\n")]
#[case::root_callback(&["test", "gateway", "--root-callback", "maybe"], "ringback: the knob root_callback is reject or ignore or accept, not `maybe`\n")]
#[case::knob_time(&["test", "gateway", "--knob", "settle=soon"], "ringback: `soon` is no time for settle; write 500ms, 10s or 2m, at most 1h\n")]
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

/// An id in the documentation that nobody can replay would teach the wrong thing.
#[test]
fn the_documented_replay_ids_are_right() {
    let help = stdout(&run(&["test", "gateway", "--help"]));
    for text in [include_str!("../../README.md"), help.as_str()] {
        let ids: Vec<&str> =
            text.split("--replay ").skip(1).filter_map(|tail| tail.split_whitespace().next()).collect();
        let ids: Vec<&&str> = ids.iter().filter(|id| id.starts_with("GW-")).collect();
        assert!(!ids.is_empty());
        for id in ids {
            ringback::catalogue::replay(id).expect("it is of this catalogue");
        }
    }
}

#[test]
fn a_known_failure_is_listed_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let toml = "[run]\nonly = [\"GW-SUB-002\", \"GW-SUB-003\"]\n\
                [[expect]]\npattern = \"GW-SUB-003\"\nreason = \"it is mended\"\n\
                [[expect]]\npattern = \"GW-SUB-0O3\"\nreason = \"a typo\"\n";
    std::fs::write(folder.path().join("ringback.toml"), toml).expect("it can be written");
    let output = ringback(folder.path(), &["test"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_data_eq!(
        stdout(&output),
        str![[r#"
Judged the embedded reference gateway
  embedded: our mocks stand for the vendors; seed 7

STALE gateway/submit/starts-not-started  GW-SUB-003
      passed, and was expected to fail (it is mended); remove the expectation `GW-SUB-003`

STALE expectation `GW-SUB-0O3` (a typo)
      matches no case; remove the expectation

2 cases: 2 passed, 0 failed, 0 warned, 0 not applicable, 0 not testable, 0 undecided, 0 harness errors
Judged: 1 of 1 MUST, 1 of 1 SHOULD cases; [..] s
Verdict: VIOLATIONS (exit code 1)

"#]]
    );
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

/// Every way to set a knob, and that the report says which one is set.
#[rstest]
#[case::flag("", &["--knob", "bad_token_status=403"], &[], Some("403"))]
#[case::variable("", &[], &[("RINGBACK_KNOB", "root_callback=ignore,bad_token_status=403")], Some("403"))]
#[case::file("[gateway.knobs]\nbad_token_status = \"403\"\n", &[], &[], Some("403"))]
#[case::flag_over_file("[gateway.knobs]\nbad_token_status = \"403\"\n", &["--knob", "bad_token_status=401"], &[], Some("401"))]
#[case::default_said("", &["--knob", "bad_token_status=either"], &[], None)]
fn a_knob_is_set_by_flag_environment_or_file(
    #[case] file: &str,
    #[case] flags: &[&str],
    #[case] variables: &[(&str, &str)],
    #[case] wanted: Option<&str>,
) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
    let arguments = [&["test", "gateway", "--only", "GW-AUTH-001", "--format", "json"][..], flags].concat();
    let output = ringback(folder.path(), &arguments, variables);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("a report");
    assert_eq!(report["target"]["knobs"].get("bad_token_status").and_then(|value| value.as_str()), wanted);
    let outcome = if wanted == Some("403") { "fail" } else { "pass" };
    assert_eq!(report["cases"][0]["outcome"], outcome);
    let replayed = report["cases"][0]["replay"].as_str().expect("a replay");
    assert_eq!(replayed.contains("--knob bad_token_status="), wanted.is_some(), "{replayed}");
}

#[test]
fn a_json_report_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &["test", "gateway", "--report", "json=run.json"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("run.json")).expect("the report is there");
    let report: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(report["verdict"], "conforms");
    let output = ringback(folder.path(), &["test", "gateway", "--report", "json=absent/run.json"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("ringback: cannot write absent/run.json"), "{}", stderr(&output));
}

#[rstest]
#[case::subcommands("ringback self", "selftest")]
#[case::doctor("ringback doctor gateway --advert", "--advertise")]
#[case::init("ringback init --pr", "--print")]
#[case::flags("ringback test gateway --snap", "--snapshots")]
#[case::formats("ringback report --format juni", "junit")]
fn bash_completes(#[case] typed: &str, #[case] wanted: &str) {
    let script = stdout(&run(&["completions", "bash"]));
    // What bash does when somebody presses the key.
    let pressed = format!(
        "COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _ringback ringback \"${{COMP_WORDS[COMP_CWORD]}}\" \
         \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &format!("{script}\n{pressed}")])
        .output()
        .expect("bash is there");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), wanted, "{}", stderr(&output));
}

#[test]
fn the_manual_page_names_every_subcommand() {
    let page = stdout(&run(&["man"]));
    assert!(page.contains(".TH ringback 1"), "{page}");
    for name in [
        "test", "mock", "trigger", "storm", "listen", "report", "list", "explain", "selftest", "doctor",
        "init",
    ] {
        assert!(page.contains(&format!("ringback\\-{name}")), "{name} is not in the page");
    }
}

#[test]
fn list_and_explain_speak_of_every_requirement() {
    let listed: serde_json::Value =
        serde_json::from_str(&stdout(&run(&["list", "--format", "json"]))).expect("it is JSON");
    let entries = listed["requirements"].as_array().expect("a list");
    assert!(entries.len() >= 60);
    for entry in entries {
        let id = entry["id"].as_str().expect("an id");
        assert!(ringback::listing::explain(id).is_some_and(|text| text.contains("Remedy")), "{id}");
    }
    assert!(stdout(&run(&["explain", "gw-cb-001"])).contains("input.metadata"));
}

#[test]
fn the_printed_catalogue_is_the_documented_one() {
    let printed = stdout(&run(&["list", "--format", "md"]));
    let documented = include_str!("../../docs/requirements.md");
    let (_, table) = documented.split_once("\n\n| id |").expect("a heading, then the table");
    let wanted = format!("| id |{table}");
    assert!(
        printed == wanted,
        "docs/requirements.md is stale; put the output of `ringback list --format md` below its heading"
    );
}

/// A gateway that is just there, with a vendor's door that is closed: what a deployed one looks like.
async fn deployed() -> ReferenceGateway {
    let setup = GatewaySetup {
        clients: vec![Secret::new("sk-live-key")],
        upstreams: Vec::new(),
        mutants: Vec::new(),
        variants: Vec::new(),
    };
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
