//! Do reports arrive whole or not at all, wherever they are sent, and does nothing hide a verdict?
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rstest::rstest;
use serde_json::{Value, json};
use snapbox::assert_data_eq;

/// Judges a little in a folder.
fn judge(folder: &Path, report: &str) -> Output {
    run(folder, &["test", "gateway", "--only", "GW-SUB-002", "--report", report])
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let variables = std::env::vars().filter(|(name, _)| name.starts_with("RINGBACK_")).map(|(name, _)| name);
    let mut command = Command::new(snapbox::cmd::cargo_bin("ringback"));
    for name in variables {
        command.env_remove(name);
    }
    command.env_remove("GITHUB_ACTIONS").current_dir(folder).args(arguments);
    command.output().expect("the command runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Found out before anything is judged: nothing is printed and nothing written.
#[rstest]
#[case::folder_absent(
    "json=absent/run.json",
    "ringback: cannot write absent/run.json: there is no folder absent\n"
)]
#[case::a_folder("json=.", "ringback: cannot write .: it is a folder\n")]
#[case::twice("json=run.json,md=./run.json", "ringback: --report names ./run.json twice\n")]
fn a_place_that_cannot_be_is_one_sentence(#[case] report: &str, #[case] sentence: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = judge(folder.path(), report);
    assert_data_eq!(stderr(&output), sentence);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_keeps_no_other_report_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = judge(folder.path(), "md=/dev/full,json=run.json");
    assert_data_eq!(
        stderr(&output),
        "ringback: cannot write /dev/full: No space left on device (os error 28)\n"
    );
    assert_eq!(output.status.code(), Some(3), "what was judged is sound, and not all of it was delivered");
    assert_eq!(names(folder.path()), ["run.json"]);
    serde_json::from_slice::<Value>(&fs::read(folder.path().join("run.json")).expect("it is there"))
        .expect("it is whole");
}

#[test]
fn a_link_still_leads_where_it_led() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("real.json"), "old").expect("it can be written");
    std::os::unix::fs::symlink("real.json", folder.path().join("link.json")).expect("a link");
    let output = judge(folder.path(), "json=link.json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(folder.path().join("link.json").is_symlink());
    assert!(fs::read_to_string(folder.path().join("real.json")).expect("it is there").contains("verdict"));
    assert_eq!(names(folder.path()), ["link.json", "real.json"]);
}

/// What the schema cannot forbid, and no run writes.
#[rstest]
#[case::a_case_twice(|report: &mut Value| {
    let case = report["cases"][0].clone();
    report["cases"].as_array_mut().expect("cases").push(case);
}, "is there twice")]
#[case::evidence_of_nothing(|report: &mut Value| {
    report["cases"][0]["findings"] = json!([{"expected": ["a"], "actual": "b", "pointer": null, "evidence": 99, "curl": null}]);
    report["cases"][0]["outcome"] = json!("fail");
}, "is not in its transcript")]
#[case::shards_without_end(|report: &mut Value| {
    report["selection"]["shards"] = json!({"of": 4_000_000_000_000_u64, "held": [1]});
}, "4000000000000 shards of")]
fn a_report_that_contradicts_itself_is_refused(#[case] spoil: fn(&mut Value), #[case] says: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(judge(folder.path(), "json=run.json").status.code(), Some(0));
    let path = folder.path().join("run.json");
    let mut report: Value =
        serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("it is JSON");
    spoil(&mut report);
    fs::write(&path, report.to_string()).expect("it can be written");
    let output = run(folder.path(), &["report", "--from", "run.json"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(stderr(&output).contains(says), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
}

/// The shell's limit on the size of files is a full disk to us, not the end by a signal.
#[test]
fn a_file_limit_is_a_full_disk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let line = format!(
        "ulimit -f 1; exec '{}' test gateway --only GW-SUB-002 --report json=run.json,badge=badge.json",
        snapbox::cmd::cargo_bin("ringback").display()
    );
    let output = Command::new("sh").args(["-c", &line]).current_dir(folder.path()).output().expect("a shell");
    assert_data_eq!(stderr(&output), "ringback: cannot write run.json: File too large (os error 27)\n");
    assert_eq!(output.status.code(), Some(3), "it conforms, and the report is missing");
    assert_eq!(names(folder.path()), ["badge.json"], "no half file, and the other report arrives");
}

/// Whoever stops reading, as `head` does, changes no verdict and hears no complaint.
#[rstest]
#[case::conforms(&["test", "gateway", "--only", "GW-SUB-002", "--verbose"], 0)]
#[case::nothing_ran(&["test", "gateway", "--only", "GW-CB-001", "--model", "kling=none", "--vendor", "kling"], 4)]
#[case::violations(&["report", "--from", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/everything.json")], 1)]
#[case::list(&["list"], 0)]
#[case::man(&["man"], 0)]
fn a_closed_pipe_changes_no_verdict(#[case] arguments: &[&str], #[case] code: i32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = Command::new(snapbox::cmd::cargo_bin("ringback"))
        .args(arguments)
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_data_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(code));
}
