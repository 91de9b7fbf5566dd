//! The scripts of this repository's own pipeline: is each of them run, here in sequence and there side by side, and does
//! each begin as all do? What they find is theirs to say.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use super::workspace::{read, repository, yaml};

/// Sourced by all, and the one that calls them.
const NOT_STEPS: [&str; 2] = ["begin", "run"];
/// Needs an engine or root, and so is the workflow's alone.
const ELSEWHERE: [&str; 1] = ["container"];
/// The README's second command stands for both in `.ci/run`.
const HALVES: [&str; 2] = ["proofs", "test"];

fn scripts() -> BTreeSet<String> {
    let entries = fs::read_dir(repository(".ci")).expect("the folder is there");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn steps() -> BTreeSet<String> {
    scripts().into_iter().filter(|name| !NOT_STEPS.contains(&name.as_str())).collect()
}

#[test]
fn each_begins_as_all_do() {
    for name in scripts() {
        let path = repository(".ci").join(&name);
        let checked = Command::new("bash").arg("-n").arg(&path).output().expect("bash is there");
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
        if name == "begin" {
            continue;
        }
        let text = read(&format!(".ci/{name}"));
        assert!(text.starts_with("#!/usr/bin/env bash\n# "), "{name} says not what it is");
        let first = text.lines().find(|line| !line.starts_with('#'));
        assert_eq!(first, Some(". \"$(dirname \"$0\")/begin\""), "{name}");
        let mode = fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{name} cannot be run");
    }
}

/// What is configured outside is hidden from all that is run.
#[test]
fn a_subject_configured_outside_is_not_seen() {
    let script = format!(". '{}'; env", repository(".ci/begin").display());
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("RINGBACK_GATEWAY_URL", "https://example.com")
        .env("RINGBACK_API_KEY", "sk-live")
        .output()
        .expect("bash is there");
    assert!(output.status.success());
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!seen.contains("RINGBACK_"), "{seen}");
}

#[test]
fn every_script_is_run_in_sequence() {
    let text = read(".ci/run");
    let called: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.trim_start_matches("if_here ").strip_prefix(".ci/"))
        .map(str::to_owned)
        .collect();
    let wanted: BTreeSet<String> = steps()
        .into_iter()
        .filter(|name| !ELSEWHERE.contains(&name.as_str()) && !HALVES.contains(&name.as_str()))
        .collect();
    assert_eq!(called, wanted);
    assert_eq!(text.lines().last(), Some("cargo test --locked"), "the log ends with the runner's lines");
}

#[test]
fn every_script_is_a_job() {
    let workflow = yaml(".github/workflows/ci.yml");
    let mut run = BTreeSet::new();
    let mut parts = BTreeSet::new();
    for job in workflow["jobs"].as_object().expect("jobs").values() {
        let matrix = &job["strategy"]["matrix"];
        let names = matrix["script"].as_array().into_iter().flatten();
        let more = matrix["include"].as_array().into_iter().flatten();
        run.extend(names.chain(more.clone().map(|row| &row["script"])).map(text));
        parts.extend(more.map(|row| text(&row["argument"])));
        for step in job["steps"].as_array().expect("steps") {
            run.extend(step["run"].as_str().and_then(|line| line.strip_prefix(".ci/")).map(str::to_owned));
        }
    }
    run.remove("$SCRIPT $ARGUMENT");
    assert_eq!(run, steps());
    // Without a name `.ci/proofs` runs all of them.
    let all = read(".ci/proofs");
    let all = all.lines().find_map(|line| line.split_once("|| set -- ")).expect("the default").1;
    assert_eq!(parts, all.split(' ').map(str::to_owned).collect());
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// What `.ci/test` leaves out is what `.ci/proofs` runs.
#[test]
fn the_halves_are_a_whole() {
    let skipped: Vec<String> = read(".ci/test")
        .split("--skip ")
        .skip(1)
        .map(|rest| rest.split_whitespace().next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(skipped, ["mutant/", "variant/"]);
    for (target, kinds) in [
        ("proofs", ["mutant/"].as_slice()),
        ("receivers", &["mutant/", "variant/"]),
        ("oddities", &["variant/"]),
    ] {
        let source = read(&format!("tests/{target}.rs"));
        for kind in kinds {
            assert!(source.contains(&format!("format!(\"{kind}{{}}\"")), "{target} has no trials {kind}…");
        }
    }
}
