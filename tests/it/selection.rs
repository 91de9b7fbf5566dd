//! Which cases run: filters, shards, replays, and stored reports put together again.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use ringback::catalogue;
use ringback::gateway::Gateway;
use ringback::gateway::stage as gateway_stage;
use ringback::gateway::target::GatewayTarget;
use ringback::report::{Report, Verdict};
use ringback::run::case::Input;
use ringback::run::outcome::{Level, Outcome};
use ringback::run::plan::{Case, Selection, SelectionError, Shard};
use ringback::run::replay::{Replay, ReplayError};
use ringback::run::requirement::{self, Scope};
use ringback::run::session::RunOptions;
use ringback_mocks::vendor::Vendor;
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway::{Gateway as Reference, mutants};
use rstest::rstest;

/// Every case there can be, as a plan holds them.
fn every_case() -> Vec<Case<Gateway>> {
    let mut names = catalogue::every_case_name();
    requirement::all::<Gateway>()
        .flat_map(|(chapter, requirement)| {
            let vendors: Vec<Vendor> = match requirement.terms.scope {
                Scope::Once => Vendor::all().take(1).collect(),
                Scope::EachVendor => Vendor::all().collect(),
                Scope::EachOf(names) => names.iter().filter_map(|name| Vendor::named(name)).collect(),
                Scope::Only(name) => Vendor::named(name).into_iter().collect(),
            };
            vendors.into_iter().map(move |vendor| (chapter, requirement, vendor))
        })
        .map(|(chapter, requirement, vendor)| Case {
            name: names.next().expect("as many names as cases").1,
            chapter: chapter.name,
            requirement,
            vendor,
            about_vendor: requirement.terms.scope != Scope::Once,
            untestable: None,
            input: None,
        })
        .collect()
}

fn names(cases: &[Case<Gateway>]) -> Vec<&str> {
    cases.iter().map(|case| case.name.as_str()).collect()
}

fn patterns(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

proptest! {
    /// Every selected case is in exactly one shard, each shard in the order of the selection.
    #[test]
    fn shards_are_a_partition(of in 1_usize..60, level in 0_usize..3, skip in any::<bool>()) {
        let level = [None, Some(Level::Must), Some(Level::Should)][level];
        let skip = if skip { patterns(&["gateway/pass-through/*", "GW-CB-001"]) } else { Vec::new() };
        let selection = Selection { level, skip, ..Selection::default() };
        let (whole, selected) = selection.choose(every_case()).expect("something is left");
        prop_assert_eq!(whole.len(), selected);
        prop_assume!(of <= selected);
        let mut seen = BTreeSet::new();
        for index in 1..=of {
            let shard = Some(Shard { index, of });
            let (part, counted) =
                Selection { shard, ..selection.clone() }.choose(every_case()).expect("no shard is empty");
            prop_assert_eq!(counted, selected);
            prop_assert!(part.len().abs_diff(selected / of) <= 1, "the shards are of one size");
            let positions: Vec<usize> =
                part.iter().filter_map(|case| whole.iter().position(|one| one.name == case.name)).collect();
            prop_assert!(positions.is_sorted());
            for case in part {
                prop_assert!(seen.insert(case.name.clone()), "{} is in two shards", case.name);
            }
        }
        prop_assert_eq!(seen.len(), selected);
    }

    /// An id says what it was made of.
    #[test]
    fn replay_ids_come_back(
        number in 0..catalogue::entries().count(),
        vendor in 0_usize..4,
        seed in any::<u64>(),
        input in proptest::option::of((1_usize..=ringback::run::replay::INPUTS_MAX, proptest::collection::vec(any::<bool>(), 0..80))),
    ) {
        let requirement = catalogue::entries().nth(number).expect("in range");
        let vendor = match requirement.scope {
            Scope::Only(name) => Vendor::named(name).expect("a vendor"),
            Scope::EachOf(names) => Vendor::named(names[vendor % names.len()]).expect("a vendor"),
            _ => Vendor::all().nth(vendor).expect("four"),
        };
        // The last value kept is always a wrong one.
        let input = input.map(|(at, mut path)| {
            if let Some(last) = path.last_mut() { *last = true; }
            Input { at, path }
        });
        let id = Replay { requirement: requirement.clone(), vendor, seed, input: input.clone() }.to_string();
        prop_assert!(id.chars().all(|one| one.is_ascii_alphanumeric() || one == '-'), "{}", id);
        prop_assert!(id.len() < 90, "{}", id);
        let read: Replay = catalogue::replay(&id).expect("its own id");
        prop_assert_eq!((read.requirement.id, read.vendor, read.seed), (requirement.id, vendor, seed));
        prop_assert_eq!(read.input, input);
    }

    /// Nothing that anybody pastes breaks the reader.
    #[test]
    fn any_text_is_an_id_or_one_sentence(text in "\\PC{0,80}|GW-[A-Z]{2,4}-00[0-9]-(kling|vidu|x)(-[sipv][a-z0-9]{0,8}){0,5}") {
        if let Err(error) = catalogue::replay(&text) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}

#[rstest]
#[case::id(&["GW-CB-001"], &[], 4)]
#[case::case_of_one_vendor(&["gateway/callback-url/forwarded[vidu]"], &[], 1)]
#[case::case_of_every_vendor(&["gateway/callback-url/forwarded"], &[], 4)]
#[case::wildcard(&["GW-LV-*"], &[], 9)]
#[case::less_one_vendor(&["GW-LV-*"], &["*[minimax]"], 6)]
#[case::twice_the_same(&["GW-CB-001", "gateway/callback-url/forwarded"], &[], 4)]
fn only_and_skip(#[case] only: &[&str], #[case] skip: &[&str], #[case] left: usize) {
    let selection = Selection { only: patterns(only), skip: patterns(skip), ..Selection::default() };
    let (chosen, _) = selection.choose(every_case()).expect("something is left");
    assert_eq!(chosen.len(), left, "{:?}", names(&chosen));
}

/// Only `*` means more than itself; the vendor of a case stands in brackets.
#[rstest]
#[case::name("gateway/a/b[kling]", true)]
#[case::every_vendor("gateway/a/b", true)]
#[case::id("GW-A-001", true)]
#[case::chapter("gateway/a/*", true)]
#[case::one_vendor("*[kling]", true)]
#[case::stars_side_by_side("gateway**b[kling]", true)]
#[case::nothing_under_a_star("*GW-A-001*", true)]
#[case::half_a_name("gateway/a", false)]
#[case::class_of_letters("gateway/a/[b]*", false)]
#[case::any_one_letter("GW-A-00?", false)]
#[case::alternatives("{GW-A-001,x}", false)]
#[case::other_case("gw-a-001", false)]
#[case::nothing("", false)]
fn a_pattern_is_literal_but_for_stars(#[case] pattern: &str, #[case] named: bool) {
    assert_eq!(ringback::run::plan::names(pattern, "GW-A-001", "gateway/a/b[kling]"), named);
}

/// Trying every way to share a text among that many stars would not end.
#[test]
fn a_pattern_of_many_stars_is_decided() {
    let name = "a".repeat(10_000);
    let pattern = "*a".repeat(30);
    assert!(ringback::run::plan::names(&pattern, "GW-A-001", &name));
    assert!(!ringback::run::plan::names(&format!("{pattern}*b"), "GW-A-001", &name));
}

#[rstest]
#[case::typo_in_only(&["gateway/callback-url/forwardd"], &[], None, "no case matches `gateway/callback-url/forwardd`; did you mean `gateway/callback-url/forwarded`?")]
#[case::typo_in_skip(&[], &["GW-CB-0O1"], None, "no case matches `GW-CB-0O1`; did you mean `GW-CB-001`?")]
#[case::nothing_like_it(&["zzzzzzzzzzzzzzzz"], &[], None, "no case matches `zzzzzzzzzzzzzzzz`")]
#[case::all_skipped(&["GW-CB-001"], &["GW-CB-001"], None, "--only GW-CB-001, --skip GW-CB-001 together leave no case; drop one of them")]
#[case::other_level(&["GW-CB-001"], &[], Some(Level::Should), "--only GW-CB-001, --level should together leave no case; drop one of them")]
fn a_filter_that_leaves_nothing_is_an_error(
    #[case] only: &[&str],
    #[case] skip: &[&str],
    #[case] level: Option<Level>,
    #[case] says: &str,
) {
    let selection = Selection { only: patterns(only), skip: patterns(skip), level, shard: None };
    let error = selection.choose(every_case()).expect_err("nothing is left");
    assert_eq!(error.to_string(), says);
}

#[test]
fn more_shards_than_cases_are_an_error_for_every_shard() {
    for index in [1, 5] {
        let shard = Some(Shard { index, of: 5 });
        let selection = Selection { only: patterns(&["GW-CB-001"]), shard, ..Selection::default() };
        let error = selection.choose(every_case()).expect_err("one shard would be empty");
        assert!(matches!(error, SelectionError::TooManyShards { cases: 4, .. }), "{error}");
    }
}

#[rstest]
#[case("1/1", true)]
#[case("2/4", true)]
#[case("0/4", false)]
#[case("5/4", false)]
#[case("1/0", false)]
#[case("-1/4", false)]
#[case("1", false)]
#[case("1/2/3", false)]
#[case("", false)]
fn shards_are_written_so(#[case] text: &str, #[case] right: bool) {
    assert_eq!(text.parse::<Shard>().is_ok(), right);
}

#[rstest]
#[case::empty("", "is not a replay id")]
#[case::a_case_name("gateway/callback-url/forwarded", "is not a replay id")]
#[case::no_seed("GW-CB-001-kling-x7-v0000", "is not a replay id")]
#[case::huge_seed("GW-CB-001-kling-s99999999999999999999-v0000", "is not a replay id")]
#[case::input_zero("GW-CB-001-kling-s7-i0-v0000", "is not a replay id")]
#[case::input_beyond("GW-CB-001-kling-s7-i100000-v0000", "is not a replay id")]
#[case::odd_path("GW-CB-001-kling-s7-i1-p0189-v0000", "is not a replay id")]
#[case::cut("GW-PASS-010-kling-s7-i3-pae", "is not a replay id")]
#[case::unknown_case("GW-CB-999-kling-s7-v0000", "GW-CB-999, which is not in this catalogue")]
#[case::unknown_vendor("GW-CB-001-sora-s7-v0000", "is about `sora`, for which GW-CB-001 is not a case")]
#[case::other_vendor("GW-LV-003-kling-s7-v0000", "is about `kling`, for which GW-LV-003 is not a case")]
#[case::other_catalogue("GW-CB-001-kling-s7-v0000", "was made by another version of the catalogue")]
fn a_wrong_replay_id_says_what_is_wrong(#[case] id: &str, #[case] says: &str) {
    let error: ReplayError = catalogue::replay(id).expect_err("it is wrong");
    assert!(error.to_string().contains(says), "{error}");
}

async fn judged(mutant: Option<Mutant<Reference>>, options: RunOptions) -> Report {
    gateway_stage::judge(GatewayTarget::embedded(mutant.as_slice()), &options)
        .await
        .expect("the reference can be judged")
}

fn only(list: &[&str]) -> RunOptions {
    RunOptions {
        selection: Selection { only: patterns(list), ..Selection::default() },
        ..RunOptions::default()
    }
}

fn id_of(replay: &str) -> Replay {
    let id = replay.rsplit("--replay ").next().expect("an id").trim();
    catalogue::replay(id).expect("a report's own id")
}

/// Generated or not: the id leads to the same case, vendor and input, and that input comes first.
#[rstest]
#[case::plain(mutants::ESCAPES_UPPERCASED, "GW-PASS-002")]
#[case::once(mutants::CREATED_TIME_MISSING, "GW-SUB-002")]
#[case::generated_url(mutants::ESCAPES_UPPERCASED, "GW-PASS-010")]
#[case::generated_key(mutants::INPUT_DENYLIST, "GW-SUB-007")]
#[case::generated_placement(mutants::PLACEMENT_UNCHECKED_WITH_IMAGES, "GW-CB-013")]
#[tokio::test]
async fn a_replay_repeats_the_failure(#[case] mutant: Mutant<Reference>, #[case] id: &str) {
    let first = judged(Some(mutant), RunOptions { seed: 11, ..only(&[id]) }).await;
    for failed in first.cases.iter().filter(|case| case.outcome == Outcome::Fail) {
        let replay = id_of(&failed.replay);
        assert_eq!(replay.seed, 11);
        let generated = replay.input.is_some();
        let again = judged(Some(mutant), RunOptions { replay: Some(replay), ..RunOptions::default() }).await;
        let [case] = again.cases.as_slice() else { panic!("one case, not {}", again.cases.len()) };
        assert_eq!((case.name.as_str(), case.outcome), (failed.name.as_str(), Outcome::Fail));
        assert_eq!(case.replay.rsplit(' ').next(), failed.replay.rsplit(' ').next(), "the id is stable");
        if generated {
            // Two judgements of the minimal input, and whatever the case needs besides.
            let submits = case.transcript.iter().filter(|one| one.leg == "client").count();
            assert!(submits <= 4, "{submits} submits: the minimal input was not the first");
        }
    }
    assert_eq!(first.verdict, Verdict::Violations);
}

#[tokio::test]
async fn a_replay_passes_once_the_fault_is_mended() {
    let first = judged(Some(mutants::ESCAPES_UPPERCASED), only(&["GW-PASS-010"])).await;
    let replay = id_of(&first.cases[0].replay);
    let again = judged(None, RunOptions { replay: Some(replay), ..RunOptions::default() }).await;
    assert_eq!(again.verdict, Verdict::Conforms);
    let creates = again.cases[0].transcript.iter().filter(|one| one.leg == "upstream").count();
    assert_eq!(creates, 25, "the minimal input, and all the others too");
}

fn ringback(folder: &Path, arguments: &[&str]) -> Output {
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

fn stored(folder: &Path, file: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(folder.join(file)).expect("the report is there");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn shards_of_a_run_go_together_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let few = ["test", "gateway", "--only", "GW-SUB-001,GW-SUB-004,GW-SUB-005,GW-LV-001"];
    for shard in ["1", "2", "3"] {
        let (part, path) = (format!("{shard}/3"), format!("json={shard}.json"));
        let output = ringback(folder, &[&few[..], &["--shard", &part, "--report", &path]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains(&format!("shard {shard} of 3, 13 cases in all")), "{}", said(&output));
    }
    let output = ringback(folder, &[&few[..], &["--report", "json=whole.json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));

    // In whatever order they are named.
    let merge = ["report", "--from", "3.json", "1.json", "2.json", "--report", "json=merged.json"];
    let output = ringback(folder, &merge);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("13 cases: 13 passed"), "{}", said(&output));
    let (whole, merged) = (stored(folder, "whole.json"), stored(folder, "merged.json"));
    for key in ["counts", "verdict", "complete", "selection", "target", "seed"] {
        assert_eq!(whole[key], merged[key], "{key}");
    }
    let order = |report: &serde_json::Value| {
        let cases = report["cases"].as_array().expect("cases");
        cases.iter().map(|case| case["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(order(&whole), order(&merged));
    let output = ringback(folder, &["report", "--from", "merged.json", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON"), merged);

    // A shard that is missing is not a success.
    let output = ringback(folder, &["report", "--from", "3.json", "1.json"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("INCOMPLETE: shard 2 of 3 is missing"), "{}", said(&output));

    for (arguments, says) in [
        (&["1.json", "1.json"][..], "shard 1 of 3 is in 1.json and in an earlier report"),
        (&["1.json", "whole.json"], "are not shards of one run"),
    ] {
        let output = ringback(folder, &[&["report", "--from"][..], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(says) && said(&output).lines().count() == 1, "{}", said(&output));
    }
}

/// Every way a stored file can be wrong is one sentence and exit 2.
#[test]
fn a_file_that_is_no_report_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let output = ringback(folder, &["test", "gateway", "--only", "GW-SUB-002", "--report", "json=run.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = std::fs::read_to_string(folder.join("run.json")).expect("the report is there");
    let newer = text.replacen("ringback.report/1", "ringback.report/9", 1);
    let odd = text.replacen("\"verdict\": \"conforms\"", "\"verdict\": \"fine\"", 1);
    let deep = "[".repeat(100_000);
    for (content, says) in [
        (&text.as_bytes()[..text.len() / 2], "is cut short"),
        (b"", "is cut short"),
        (b"# notes", "is not JSON"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (deep.as_bytes(), "is not JSON"),
        (b"{\"total\": 12}", "is not a Ringback report"),
        (b"[1, 2]", "is not a Ringback report"),
        (newer.as_bytes(), "another format: ringback.report/9"),
        (odd.as_bytes(), "is not a valid report: /verdict"),
    ] {
        std::fs::write(folder.join("odd.json"), content).expect("it can be written");
        let output = ringback(folder, &["report", "--from", "odd.json"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(says), "{says}: {}", said(&output));
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
    }

    // What a report says of itself does not count; its cases do.
    let lying = text.replacen("\"outcome\": \"pass\"", "\"outcome\": \"inconclusive\"", 1);
    let lying = lying.replacen("\"reason\": null", "\"reason\": \"cut off\"", 1);
    std::fs::write(folder.join("lying.json"), lying).expect("it can be written");
    let output = ringback(folder, &["report", "--from", "lying.json"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("1 undecided"), "{}", said(&output));
}

#[test]
fn reports_of_different_runs_do_not_go_together() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    for (file, extra) in [
        ("base", &["--shard", "1/2", "--seed", "7"][..]),
        ("seed", &["--shard", "2/2", "--seed", "8"]),
        ("parts", &["--shard", "2/3", "--seed", "7"]),
        ("vendors", &["--shard", "2/2", "--seed", "7", "--vendor", "kling,vidu"]),
        ("filter", &["--shard", "2/2", "--seed", "7", "--skip", "GW-SUB-002"]),
    ] {
        let path = format!("json={file}.json");
        let few = ["test", "gateway", "--only", "GW-SUB-*", "--report", &path];
        let output = ringback(folder, &[&few[..], extra].concat());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    for (file, differ) in
        [("seed", "seeds"), ("parts", "numbers of shards"), ("vendors", "targets"), ("filter", "selections")]
    {
        let output = ringback(folder, &["report", "--from", "base.json", &format!("{file}.json")]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(&format!("their {differ} differ")), "{}", said(&output));
    }
}

#[rstest]
#[case::with_filter(&["--replay", "GW-CB-001-kling-s7-v24f7", "--only", "GW-CB-001"])]
#[case::with_seed(&["--replay", "GW-CB-001-kling-s7-v24f7", "--seed", "3"])]
#[case::malformed(&["--replay", "GW-CB-001"])]
#[case::bad_level(&["--level", "may"])]
#[case::bad_shard(&["--shard", "0/4"])]
#[case::no_rate(&["--rate", "0"])]
#[case::endless_rate(&["--rate", "inf"])]
#[case::no_requests(&["--max-requests", "0"])]
#[case::bind_alone(&["--bind", "127.0.0.1:0"])]
#[case::advertise_beside_mocks(&["--advertise", "https://me.example.net"])]
fn a_wrong_choice_is_exit_2(#[case] flags: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &[&["test", "gateway"][..], flags].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_replay_of_a_vendor_left_out_is_exit_2() {
    let requirement = catalogue::by_id("GW-CB-001").expect("it is there");
    let vendor = Vendor::named("kling").expect("it is there");
    let id = Replay { requirement, vendor, seed: 7, input: None }.to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &["test", "gateway", "--vendor", "vidu", "--replay", &id]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("about kling, which --vendor leaves out"), "{}", said(&output));
}

/// The file and the environment can say what the flags can.
#[test]
fn filters_come_from_file_and_environment_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = "[run]\nonly = [\"GW-SUB-001\", \"GW-SUB-003\", \"GW-SUB-012\"]\nskip = [\"GW-SUB-001\"]\nlevel = \"should\"\nshard = \"1/2\"\n";
    std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
    let output = ringback(folder.path(), &["test"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("shard 1 of 2, 2 cases in all"), "{}", said(&output));
    let output = Command::new(env!("CARGO_BIN_EXE_ringback"))
        .arg("test")
        .current_dir(folder.path())
        .env_clear()
        .envs([("RINGBACK_SHARD", "1/1"), ("RINGBACK_LEVEL", "must"), ("RINGBACK_SKIP", "GW-SUB-003")])
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("shard 1 of 1, 4 cases in all"), "{}", said(&output));
}
