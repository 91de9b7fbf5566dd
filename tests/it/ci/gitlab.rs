//! The job for GitLab: its script is taken out of the file and run as GitLab's runner would.

use std::ffi::OsStr;
use std::fs;

use rstest::rstest;
use serde_json::Value;

use super::workspace::{Workspace, gateway, read, stdout, yaml};

const FILE: &str = "ci/gitlab.yml";

/// Its lines, one after the other in one shell that stops at the first that fails.
fn script() -> String {
    let job = &yaml(FILE)[".ringback"];
    let lines = |name: &str| -> Vec<String> {
        let lines = job[name].as_array().unwrap_or_else(|| panic!("{FILE} has no {name}"));
        lines.iter().map(|line| line.as_str().expect("a line").to_owned()).collect()
    };
    format!("set -eo pipefail\n{}", [lines("before_script"), lines("script")].concat().join("\n"))
}

fn run(workspace: &Workspace, variables: &[(&str, &str)]) -> std::process::Output {
    let script = script();
    let all = [&[("CI", "true"), ("GITLAB_CI", "true")], variables].concat();
    workspace.bash(&[OsStr::new("-c"), OsStr::new(&script)], &all)
}

#[rstest]
#[case::conforms(&gateway(), "GW-SUB-002", 0)]
#[case::usage(&gateway(), "GW-SUB-0O2", 2)]
#[case::never_listens("exit 1", "GW-SUB-002", 3)]
fn its_script_ends_as_the_tool_does(#[case] exec: &str, #[case] only: &str, #[case] code: i32) {
    let workspace = Workspace::new();
    let variables = [("RINGBACK_SUBJECT", "gateway"), ("RINGBACK_EXEC", exec), ("RINGBACK_ONLY", only)];
    let output = run(&workspace, &variables);
    assert_eq!(output.status.code(), Some(code), "{}", stdout(&output));
    if code == 0 {
        for file in artifacts() {
            assert!(workspace.path(&file).exists(), "{file} was not written");
        }
        assert!(workspace.read("ringback.xml").contains("<testsuite"), "no JUnit");
    }
}

#[test]
fn a_broken_gateway_fails_it() {
    let workspace = Workspace::new();
    let source = read("examples/gateway.py");
    let broken = source.replace("= order.callback_url\n", "= order.callback_url.replace(\"%2F\", \"/\")\n");
    assert_ne!(source, broken, "the line to break is gone");
    fs::write(workspace.path("gateway.py"), broken).expect("it can be written");
    let variables = [
        ("RINGBACK_SUBJECT", "gateway"),
        ("RINGBACK_EXEC", "exec python3 gateway.py"),
        ("RINGBACK_ONLY", "GW-PASS-002"),
    ];
    let output = run(&workspace, &variables);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(workspace.read("ringback.xml").contains("<failure"), "{}", workspace.read("ringback.xml"));
}

#[test]
fn nothing_named_fails_it() {
    let workspace = Workspace::new();
    let output = run(&workspace, &[("RINGBACK_SUBJECT", "gateway")]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
}

#[test]
fn failures_keep_their_reports() {
    assert_eq!(yaml(FILE)[".ringback"]["artifacts"]["when"], "always");
}

fn artifacts() -> Vec<String> {
    let artifacts = &yaml(FILE)[".ringback"]["artifacts"];
    let paths = artifacts["paths"].as_array().expect("paths").iter().filter_map(Value::as_str);
    paths.chain(artifacts["reports"]["junit"].as_str()).map(str::to_owned).collect()
}
