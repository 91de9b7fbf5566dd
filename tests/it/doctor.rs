//! Does `ringback doctor` say before a run what the run would stumble over: where, why, and what to do?

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes its expectations so")]

mod servers;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use ringback_mocks::http::LOOPBACK;
use ringback_mocks::wire::Secret;
use ringback_reference::gateway::{GatewaySetup, ReferenceGateway};
use rstest::rstest;
use serde_json::Value;
use snapbox::assert_data_eq;
use snapbox::str;

use servers::server;

use crate::command::command;

const KEY: (&str, &str) = ("RINGBACK_API_KEY", "sk-never-shown");
fn doctor_in(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    ringback(folder, &[&["doctor"], arguments].concat(), variables)
}

fn ringback(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments, variables).output().expect("the binary runs")
}

/// Exit code and what was printed.
fn doctor(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    told(&doctor_in(folder.path(), arguments, variables))
}

fn told(output: &Output) -> (i32, String) {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn with_nothing_named_both_references_can_be_judged() {
    let (code, text) = doctor(&[], &[]);
    assert_data_eq!(
        text,
        str![[r#"
This machine
  ok       settings  flags, then no RINGBACK_ variable, then no ringback.toml
  ok       clock     [..] UTC
  ok       temporary [..] can be written to

The gateway
  ok       target    the embedded reference gateway
  ok       port      127.0.0.1 gives free ports, for the mock vendors and the inbox
  ok       cases     [..] cases can be judged, of [..] requirements, as far as is known without trying

The receiver
  ok       target    the embedded reference receiver
  ok       port      127.0.0.1 gives free ports, for the gateway that we play
  ok       cases     [..] cases can be judged, of [..] requirements, as far as is known without trying

READY: `ringback test` with the same flags can judge this (exit code 0)

"#]]
    );
    assert_eq!(code, 0);
}

#[test]
fn a_deployed_gateway_is_told_what_is_missing_and_which_flag_adds_it() {
    let (address, _) = server("HTTP/1.1 401 Unauthorized".to_owned());
    let (code, text) = doctor(&["gateway", &format!("http://{address}"), "--vendor", "vidu"], &[KEY]);
    assert_data_eq!(
        text,
        str![[r#"
This machine
  ok       settings  flags, then RINGBACK_API_KEY, then no ringback.toml
  ok       clock     [..] UTC
  ok       temporary [..] can be written to

The gateway
  ok       target    the gateway at http://127.0.0.1:[..]
  ok       reach     the gateway at http://127.0.0.1:[..] answers (HTTP 401 without a key)
  note     secrets   RINGBACK_API_KEY (a client's key, not sent now) is set; RINGBACK_OTHER_API_KEY (another client's, for isolation) is not set
  ok       cases     [..] of [..] cases can be judged, of [..] of [..] requirements, as far as is known without trying
  note     cases     of these, those that submit something which must be refused cannot, either:
                     nothing is submitted with --spend 0; --spend 1 lets them, and a refusal costs nothing
  note     cases     [..] cannot, of [..] more:
                     only the vendor sees this; start the gateway with --exec, or point it at our mocks and name them with --upstream
  note     cases     [..] cannot, of [..] more:
                     jobs could be billed, and --spend allows 0; --spend [..] is enough for all
  note     cases     2 cannot, of GW-LV-001, GW-LV-002:
                     no callback of a real vendor can reach us; give a public address that leads here with --advertise (and --bind), and allow jobs with --spend
  note     cases     1 cannot, of GW-AUTH-005:
                     no second client's key; set RINGBACK_OTHER_API_KEY

READY: `ringback test` with the same flags can judge this (exit code 0)

"#]]
    );
    assert_eq!(code, 0);
}

/// What is foretold is what a run says: the same cases for the same reasons.
#[rstest]
#[case::nothing_submitted("0", "errors")]
#[case::one_job("1", "")]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_agrees(#[case] spend: &str, #[case] also: &str) {
    let setup = GatewaySetup {
        clients: vec![Secret::new(KEY.1)],
        upstreams: Vec::new(),
        mutants: Vec::new(),
        variants: Vec::new(),
    };
    let gateway = ReferenceGateway::start(setup, LOOPBACK).await.expect("the reference starts");
    let url = gateway.url();
    let flags = [&url, "--vendor", "kling", "--spend", spend, "--rate", "1000"];
    let (code, text) = doctor(&[&["gateway", "--format", "json"][..], &flags].concat(), &[KEY]);
    assert_eq!(code, 0, "{text}");
    let told: Value = serde_json::from_str(&text).expect("it is JSON");
    let missing = told["subjects"][0]["missing"].as_array().expect("a list");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output =
        ringback(folder.path(), &[&["test", "gateway", "--format", "json"][..], &flags].concat(), &[KEY]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let cases = report["cases"].as_array().expect("a list");
    assert_eq!(told["subjects"][0]["cases"].as_u64(), Some(cases.len() as u64));
    let reason = |case: &Value| case["reason"].as_str().unwrap_or_default().to_owned();
    for one in missing {
        let (why, count) = (one["why"].as_str().expect("a reason"), one["cases"].as_u64().expect("a number"));
        let is_billed = why.starts_with("jobs could be billed");
        let same = |case: &&Value| {
            let reason = reason(case);
            reason == why || is_billed && reason.contains("jobs could be billed")
        };
        assert_eq!(cases.iter().filter(same).count() as u64, count, "{why}");
    }
    // What it says only in general is in this chapter, and nowhere without it.
    let unforetold = cases.iter().filter(|case| reason(case).contains("a job might be billed"));
    let chapters: BTreeSet<&str> =
        unforetold.filter_map(|case| case["name"].as_str()?.split('/').nth(1)).collect();
    assert_eq!(chapters, also.split_whitespace().collect());
}

/// The number that it names is enough, and one less is not.
#[test]
fn the_jobs_it_asks_for_are_enough() {
    let (address, _) = server("HTTP/1.1 401 Unauthorized".to_owned());
    let url = format!("http://{address}");
    let with = |spend: &str| doctor(&["gateway", &url, "--spend", spend], &[KEY]).1;
    let text = with("0");
    let jobs: u32 = text
        .split("jobs could be billed, and --spend allows 0; --spend ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .and_then(|number| number.parse().ok())
        .expect("it names a number");
    assert!(!with(&jobs.to_string()).contains("jobs could be billed"));
    assert!(with(&(jobs - 1).to_string()).contains("jobs could be billed"));
}

#[rstest]
#[case::deployed(&["--vendor", "kling"], &["start the receiver with --exec", "--effects URL", "--gateway ADDRESS"], &["plain HTTP"])]
#[case::seen(&["--vendor", "kling", "--effects", "EFFECTS"], &["--gateway ADDRESS"], &["--effects URL"])]
fn a_receiver_is_told_what_is_missing(
    #[case] flags: &[&str],
    #[case] said: &[&str],
    #[case] unsaid: &[&str],
) {
    let (address, _) = server("HTTP/1.1 405 Method Not Allowed".to_owned());
    let (hook, effects) = (
        format!("http://{address}/hooks/kling?token=not-for-eyes"),
        format!("http://{address}/effects/{{id}}"),
    );
    let flags = flags.iter().map(|flag| if *flag == "EFFECTS" { effects.as_str() } else { *flag });
    let arguments: Vec<&str> = ["receiver", &hook].into_iter().chain(flags).collect();
    let secret = ("RINGBACK_KLING_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let (code, text) = doctor(&arguments, &[secret]);
    assert_eq!(code, 0, "{text}");
    for words in said {
        assert!(text.contains(words), "{words}: {text}");
    }
    for words in unsaid {
        assert!(!text.contains(words), "{words}: {text}");
    }
    for hidden in [secret.1, "not-for-eyes"] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert!(text.contains("RINGBACK_KLING_SECRET (signs its callbacks) is set"), "{text}");
}

/// Each with what is in the way, and a word of what to do about it; what else there is to say is said, too.
#[rstest]
#[case::closed_port(&["http://127.0.0.1:1"], 3, "BLOCKED  reach     the gateway at http://127.0.0.1:1: no connection: Connection refused", "start it")]
#[case::no_such_name(&["https://nowhere.invalid"], 3, "BLOCKED  reach     the gateway at https://nowhere.invalid: its name does not resolve", "spelling of the host")]
#[case::no_program(&["--exec", "no-such-program --serve"], 3, "BLOCKED  command   `no-such-program --serve` cannot start: there is no no-such-program on the PATH", "install it")]
#[case::no_program_there(&["--exec", "PORT=1 exec ./gateway"], 3, "cannot start: ./gateway is not there, or may not be run", "as seen from this folder")]
#[case::no_script(&["--exec", "sh gateway.sh"], 3, "cannot start: there is no file gateway.sh", "as seen from this folder")]
#[case::no_upstream_free(&["http://127.0.0.1:1", "--upstream", "kling=BUSY"], 3, "cannot be listened on, for the mock of Kling: Address already in use", "with --upstream")]
fn what_is_in_the_way_is_said_with_a_remedy(
    #[case] flags: &[&str],
    #[case] code: i32,
    #[case] says: &str,
    #[case] remedy: &str,
) {
    let busy = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = busy.local_addr().expect("it is bound").to_string();
    let flags: Vec<String> = flags.iter().map(|flag| flag.replace("BUSY", &address)).collect();
    let arguments: Vec<&str> = ["gateway"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let (exit, text) = doctor(&arguments, &[KEY]);
    assert_eq!(exit, code, "{text}");
    assert!(text.contains(says), "{text}");
    assert!(text.contains(remedy), "{text}");
    assert!(text.contains("cases can be judged"), "{text}");
    assert!(text.ends_with("CANNOT BE JUDGED: mend what is marked BLOCKED (exit code 3)\n"), "{text}");
}

/// What cannot be told without starting it is not accused.
#[rstest]
#[case::program("sh -c 'exec cat'")]
#[case::builtin("cd / && ./serve")]
#[case::assignment("A=1 B=2 sh")]
#[case::quoted("'a program' x")]
#[case::variable("$HOME/serve")]
#[case::other_path("PATH=/opt/bin serve")]
#[case::script_elsewhere("cd examples && sh gateway.sh")]
fn a_command_that_may_start_is_not_accused(#[case] command: &str) {
    let (code, text) = doctor(&["gateway", "--exec", command], &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("`{command}`: its program is there")), "{text}");
}

#[rstest]
#[case::vendor(&["gateway", "--vendor", "klong"], "there is no vendor `klong`; did you mean `kling`?")]
#[case::no_key(&["gateway", "http://127.0.0.1:1"], "set RINGBACK_API_KEY to a key that the gateway accepts")]
#[case::filter(&["gateway", "--only", "GW-CB-01"], "no case matches `GW-CB-01`; did you mean `GW-CB-001`?")]
#[case::replay(&["receiver", "--replay", "GW-CB-001-kling-s7-v24f7"], "the case to replay is about a gateway")]
#[case::file(&["gateway", "--config", "absent.toml"], "cannot read absent.toml")]
fn a_wrong_configuration_is_exit_2(#[case] arguments: &[&str], #[case] says: &str) {
    let (code, text) = doctor(arguments, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains(&format!("WRONG    target    {says}")), "{text}");
    assert!(text.ends_with("NOT CONFIGURED: mend what is marked WRONG (exit code 2)\n"), "{text}");
}

#[test]
fn a_wrong_file_is_told_once_beside_everything_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("ringback.toml"), "[gateway]\nurll = \"x\"\n")
        .expect("it can be written");
    let (code, text) = told(&doctor_in(folder.path(), &[], &[]));
    assert_data_eq!(
        text,
        str![[r#"
This machine
  ok       settings  flags, then no RINGBACK_ variable, then ringback.toml (gateway.urll)
  WRONG    settings  ringback.toml is not valid: line 2: unknown field `urll`; did you mean `url`?
                     `ringback init --print` shows what there is
  ok       clock     [..] UTC
  ok       temporary [..] can be written to

NOT CONFIGURED: mend what is marked WRONG (exit code 2)

"#]]
    );
    assert_eq!(code, 2);
}

/// What environment and file name is looked at, as `ringback test` would judge it.
#[rstest]
#[case::file("[receiver]\nexec = \"sh\"\n", &[], &["receiver"], "ringback.toml (receiver.exec)")]
#[case::variable("", &[("RINGBACK_EXEC", "sh")], &["gateway"], "RINGBACK_EXEC")]
#[case::selection("[run]\nonly = [\"GW-CB-001\"]\n", &[], &["gateway"], "run.only")]
#[case::nothing("", &[], &["gateway", "receiver"], "which sets nothing")]
fn what_is_named_is_looked_at(
    #[case] file: &str,
    #[case] variables: &[(&str, &str)],
    #[case] wanted: &[&str],
    #[case] settings: &str,
) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
    let (code, text) = told(&doctor_in(folder.path(), &["--format", "json"], variables));
    assert_eq!(code, 0, "{text}");
    let told: Value = serde_json::from_str(&text).expect("it is JSON");
    let subjects: Vec<&str> =
        told["subjects"].as_array().into_iter().flatten().filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!(subjects, wanted, "{text}");
    assert!(told["machine"][0]["says"].as_str().is_some_and(|says| says.contains(settings)), "{text}");
}

#[test]
fn json_says_the_same() {
    let (code, text) = doctor(&["gateway", "http://127.0.0.1:1", "--format", "json"], &[KEY]);
    let told: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!((code, told["exit_code"].as_i64(), told["ready"].as_bool()), (3, Some(3), Some(false)));
    let gateway = &told["subjects"][0];
    let number = |value: &Value| value.as_u64().expect("a number");
    let missing: u64 =
        gateway["missing"].as_array().expect("a list").iter().map(|one| number(&one["cases"])).sum();
    assert_eq!(number(&gateway["cases"]), number(&gateway["judgeable"]) + missing);
    assert!(missing > 0);
    let blocked = |line: &&Value| line["mark"] == "blocked";
    let lines = gateway["lines"].as_array().expect("a list");
    let reach = lines.iter().find(blocked).expect("a line");
    assert_eq!(reach["what"], "reach");
    assert!(reach["remedy"].is_string());
}

#[rstest]
#[case::near("RINGBACK_SPNED", Some("did you mean RINGBACK_SPEND?"))]
#[case::one_letter("RINGBACK_MODELS", Some("did you mean RINGBACK_MODEL?"))]
#[case::somebody_elses("RINGBACK_HOME_OFFICE", None)]
#[case::read("RINGBACK_KLING_URL", None)]
fn a_variable_that_nobody_reads_is_told_if_it_looks_like_one(
    #[case] name: &str,
    #[case] remedy: Option<&str>,
) {
    let (code, text) = doctor(&["gateway"], &[(name, "3")]);
    assert_eq!(code, 0, "{text}");
    let stray = format!("WARN     settings  {name} is set, and nothing reads it");
    assert_eq!(text.contains(&stray), remedy.is_some(), "{text}");
    assert!(remedy.is_none_or(|remedy| text.contains(remedy)), "{text}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told() {
    let (code, text) = doctor(&["gateway"], &[("TMPDIR", "/no/such/folder")]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("WARN     temporary /no/such/folder cannot be written to"), "{text}");
    assert!(text.contains("TMPDIR"), "{text}");
}

/// `ringback test` alone would judge something else than was asked for.
#[rstest]
#[case::doctor("doctor")]
#[case::test("test")]
fn a_variable_with_a_wrong_value_is_no_silent_default(#[case] verb: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &[verb], &[("RINGBACK_SEED", "seven")]);
    assert_eq!(output.status.code(), Some(2));
    assert_data_eq!(
        String::from_utf8_lossy(&output.stderr).into_owned(),
        "ringback: in the environment: invalid value 'seven' for '--seed <N>': invalid digit found in string\n"
    );
}
