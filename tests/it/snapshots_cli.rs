//! What do reviewed payloads look like from the command line: first run, same, changed, accepted, CI?

use std::fs;
use std::path::Path;
use std::process::Output;

use rstest::rstest;
use snapbox::assert_data_eq;
use snapbox::str;

use crate::command::command;

/// Runs the command in a folder, with no environment but what is given.
fn test_gateway(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let chosen = ["test", "gateway", "--only", "GW-SUB-002", "--vendor", "vidu"];
    command(folder, &[&chosen, arguments].concat(), variables).output().expect("the binary runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with reviewed payloads, of which one was another once.
fn reviewed() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = test_gateway(folder.path(), &["--snapshots", "snaps"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = folder.path().join("snaps/vidu/client.snap");
    let text = fs::read_to_string(&file).expect("it was written");
    assert!(text.contains("\"progress\": 42"), "{text}");
    fs::write(&file, text.replace("\"progress\": 42", "\"progress\": 41")).expect("it can be written");
    (folder, file)
}

#[test]
fn a_first_run_writes_and_a_second_compares() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = test_gateway(folder.path(), &["--snapshots", "snaps"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_data_eq!(
        stderr(&output),
        "Snapshots in snaps: 6 written for the first time; read them, then commit them\n"
    );
    for way in [vec![("CI", "true")], vec![("INSTA_UPDATE", "no")], vec![]] {
        let output = test_gateway(folder.path(), &["--snapshots", "snaps"], &way);
        assert_eq!(output.status.code(), Some(0));
        assert_data_eq!(stderr(&output), "Snapshots in snaps: 6 as reviewed\n");
    }
}

#[test]
fn a_changed_payload_fails_and_says_how_to_accept_it() {
    let (folder, file) = reviewed();
    let output = test_gateway(folder.path(), &["--snapshots", "snaps"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_data_eq!(
        stderr(&output),
        str![[r#"
CHANGED snaps/vidu/client.snap
--- reviewed
+++ now
@@ -[..] +[..] @@
   "data": {
     "task_id": "<task-id>",
     "status": "running",
-    "progress": 41,
+    "progress": 42,
     "created_time": "<time dddd-dd-ddTdd:dd:dd>",
     "error_message": null
   }

Snapshots in snaps: 1 not as reviewed, 5 as reviewed
To accept them: cargo insta review, ringback test with --accept, or INSTA_UPDATE=always

"#]]
    );
    assert!(file.with_extension("snap.new").exists());
    // The environment says where, too.
    let output = test_gateway(folder.path(), &["--accept"], &[("RINGBACK_SNAPSHOTS", "snaps")]);
    assert_eq!(output.status.code(), Some(0));
    assert_data_eq!(stderr(&output), "Snapshots in snaps: 1 accepted, 5 as reviewed\n");
    assert!(!file.with_extension("snap.new").exists());
    // And the file does.
    fs::write(folder.path().join("ringback.toml"), "[run]\nsnapshots = \"snaps\"\n").expect("writable");
    assert_data_eq!(stderr(&test_gateway(folder.path(), &[], &[])), "Snapshots in snaps: 6 as reviewed\n");
}

#[rstest]
#[case(("CI", "1"))]
#[case(("INSTA_UPDATE", "no"))]
fn ci_writes_nothing(#[case] variable: (&str, &str)) {
    let (folder, file) = reviewed();
    fs::remove_file(folder.path().join("snaps/vidu/upstream.snap")).expect("it was there");
    let output = test_gateway(folder.path(), &["--snapshots", "snaps"], &[variable]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("NEW     snaps/vidu/upstream.snap\n"), "{}", stderr(&output));
    assert!(!file.with_extension("snap.new").exists());
    let output = test_gateway(folder.path(), &["--snapshots", "empty"], &[variable]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!folder.path().join("empty").exists());
}

#[test]
fn a_payload_that_is_gone_fails_until_it_is_accepted() {
    let (folder, _) = reviewed();
    let old = folder.path().join("snaps/vidu/older.snap");
    fs::write(&old, "---\nsource: ringback\n---\nan older payload\n").expect("writable");
    let output = test_gateway(folder.path(), &["--snapshots", "snaps"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let gone = "GONE    snaps/vidu/older.snap: there is no such payload any more\n";
    assert!(stderr(&output).contains(gone), "{}", stderr(&output));
    assert!(old.exists());
    let output = test_gateway(folder.path(), &["--snapshots", "snaps", "--accept"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!old.exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("snaps"), "a file").expect("writable");
    let output = test_gateway(folder.path(), &["--snapshots", "snaps"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert_data_eq!(stderr(&output), "ringback: cannot read snaps/vidu: Not a directory (os error 20)\n");
}

#[rstest]
#[case(&["http://127.0.0.1:1", "--snapshots", "snaps"], "ringback: --snapshots needs our mock vendors behind the gateway; start it with --exec, or name them with --upstream\n")]
#[case(&["--accept"], "ringback: --accept belongs to --snapshots DIR\n")]
fn a_wrong_call_is_one_sentence(#[case] arguments: &[&str], #[case] sentence: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = test_gateway(folder.path(), arguments, &[("RINGBACK_API_KEY", "sk-live")]);
    assert_eq!(output.status.code(), Some(2));
    assert_data_eq!(stderr(&output), sentence);
}
