//! Is somebody who mistypes a name told which one was meant, and nobody sent to a name that has nothing to do with it?

use std::process::Command;

use proptest::prelude::*;
use ringback::run::suggest::{hint, nearest, unknown_key};
use rstest::rstest;
use snapbox::assert_data_eq;

use crate::command::command;

const NAMES: &[&str] = &[
    "kling",
    "doubao",
    "minimax",
    "vidu",
    "root_callback",
    "GW-CB-001",
    "GW-CB-010",
    "403",
    "404",
    "4xx",
    "os",
];

/// Each beside a control that is not near enough.
#[rstest]
#[case::missing_letter("klng", Some("kling"))]
#[case::added_letter("klingg", Some("kling"))]
#[case::wrong_letter("klong", Some("kling"))]
#[case::two_wrong_letters("kolng", None)]
#[case::swapped_letters("duobao", Some("doubao"))]
#[case::capitals("KLING", Some("kling"))]
#[case::dashes("root-callback", Some("root_callback"))]
#[case::beginning("root", Some("root_callback"))]
#[case::beginning_of_two("GW-CB-0", None)]
#[case::beginning_too_short("ro", None)]
#[case::short_name("is", None)]
#[case::something_else("sora", None)]
#[case::nothing("", None)]
#[case::leading_zero("GW-CB-01", Some("GW-CB-001"))]
#[case::letter_for_zero("GW-CB-0O1", Some("GW-CB-001"))]
#[case::no_dashes("gwcb001", Some("GW-CB-001"))]
#[case::other_number("GW-CB-002", None)]
#[case::other_status("405", None)]
#[case::itself("404", None)]
fn what_is_near_is_found_and_nothing_else(#[case] given: &str, #[case] meant: Option<&str>) {
    assert_eq!(nearest(given, NAMES.iter().copied()), meant);
}

#[rstest]
#[case::near("klng", "did you mean `kling`?")]
#[case::far("sora", "there are kling, vidu")]
fn a_hint_is_the_name_or_all_names(#[case] given: &str, #[case] said: &str) {
    assert_eq!(hint(given, ["kling", "vidu"]), said);
}

#[rstest]
#[case::near(
    "unknown field `urll`, expected one of `url`, `exec`",
    "unknown field `urll`; did you mean `url`?"
)]
#[case::far(
    "unknown field `zz`, expected `pattern` or `reason`",
    "unknown field `zz`; there are pattern, reason"
)]
#[case::other("invalid type: string \"seven\", expected u64", "invalid type: string \"seven\", expected u64")]
#[case::odd("unknown field", "unknown field")]
fn what_serde_says_of_a_key_is_said_with_a_hint(#[case] message: &str, #[case] said: &str) {
    assert_eq!(unknown_key(message), said);
}

proptest! {
    /// One slip in a name of some length is always forgiven, and leads back to that name or to a nearer one.
    #[test]
    fn one_slip_is_forgiven(letters in "[a-z]{3,24}", at in any::<prop::sample::Index>(), letter in "[a-z]") {
        let at = at.index(letters.len());
        let slipped = format!("{}{letter}{}", &letters[..at], &letters[at + 1..]);
        prop_assume!(slipped != letters);
        prop_assert_eq!(nearest(&slipped, [letters.as_str()]), Some(letters.as_str()));
    }

    /// Whatever somebody types is survived, and what comes of it is one of the names.
    #[test]
    fn anything_can_be_typed(given in any::<String>()) {
        if let Some(name) = nearest(&given, NAMES.iter().copied()) {
            prop_assert!(NAMES.contains(&name));
        }
        let _ = unknown_key(&given);
    }
}

/// Every list of names that the command has, with a slip and with something else.
#[rstest]
#[case::id(&["explain", "GW-CB-01"], "ringback: there is no requirement `GW-CB-01`; did you mean `GW-CB-001`?\n")]
#[case::other_id(&["explain", "GW-CB-999"], "ringback: there is no requirement `GW-CB-999`; there are GW-CB-001, GW-CB-002, [..]\n")]
#[case::no_id(&["explain", "sora"], "ringback: there is no requirement `sora`; `ringback list` shows all\n")]
#[case::vendor(&["trigger", "vidoo", "success", "--to", "http://127.0.0.1:1/"], "ringback: there is no vendor `vidoo`; there are kling, doubao, minimax, vidu\n")]
#[case::near_vendor(&["trigger", "vido", "success", "--to", "http://127.0.0.1:1/"], "ringback: there is no vendor `vido`; did you mean `vidu`?\n")]
#[case::state(&["trigger", "kling", "suceed", "--to", "http://127.0.0.1:1/"], "ringback: kling has no state `suceed`; [..]; did you mean `succeed`?\n")]
#[case::other_state(&["trigger", "kling", "exploded", "--to", "http://127.0.0.1:1/"], "ringback: kling has no state `exploded`; [..], and its endings are [..]\n")]
#[case::dialect(&["trigger", "kling", "succeed", "--dialect", "kling-v3x", "--to", "http://127.0.0.1:1/"], "ringback: kling has no such dialect; there are kling-legacy, kling-v2\n")]
#[case::near_dialect(&["trigger", "kling", "succeed", "--dialect", "kling_v2", "--to", "http://127.0.0.1:1/"], "ringback: kling has no such dialect; there are kling-legacy, kling-v2; did you mean `kling-v2`?\n")]
#[case::pattern(&["test", "gateway", "--only", "gateway/callback/forwarded"], "ringback: no case matches `gateway/callback/forwarded`; did you mean `gateway/callback-url/forwarded`?\n")]
#[case::chapter(&["test", "gateway", "--skip", "gw-cbb-*"], "ringback: no case matches `gw-cbb-*`; did you mean `GW-CB-*`?\n")]
#[case::lower_case(&["test", "gateway", "--only", "gw-cb-001"], "ringback: no case matches `gw-cb-001`; did you mean `GW-CB-001`?\n")]
#[case::other_pattern(&["test", "gateway", "--only", "sora/*"], "ringback: no case matches `sora/*`\n")]
#[case::level(&["test", "gateway", "--level", "shuold"], "ringback: there is no level `shuold`; did you mean `should`?\n")]
#[case::knob(&["test", "gateway", "--knob", "bad-token-statuss=401"], "ringback: there is no knob `bad-token-statuss`; did you mean `bad_token_status`?\n")]
#[case::mock_knob(&["mock", "--knob", "ark.callback-retry=5s"], "ringback: ark has no knob `callback-retry`; did you mean `ark.callback-retries`?\n")]
#[case::mock_dialect(&["mock", "--knob", "arc.callback-retries=5s"], "ringback: there is no dialect `arc`; did you mean `ark.callback-retries`?\n")]
#[case::other_mock_knob(&["mock", "--knob", "ark.colour=red"], "ringback: ark has no knob `colour`\n")]
#[case::mock_knob_value(&["mock", "--knob", "ark.callback-retries=often"], "ringback: ark.callback-retries takes times such as 1s,5s,25s, not `often`\n")]
#[case::mutant(&["selftest", "--defect", "blank-prompt-acepted"], "ringback: there is no defect `blank-prompt-acepted`; did you mean `blank-prompt-accepted`?\n")]
#[case::other_defect(&["selftest", "--defect", "zzzzzz"], "ringback: there is no defect `zzzzzz`\n")]
#[case::other_oddity(&["selftest", "--oddity", "zzzzzz"], "ringback: there is no oddity `zzzzzz`\n")]
#[case::format(&["test", "gateway", "--report", "juint=x"], "ringback: --report takes [..]; not `juint=x`; did you mean `junit`?\n")]
#[case::other_format(&["test", "gateway", "--report", "yaml=x"], "ringback: --report takes [..]; not `yaml=x`\n")]
#[case::format_alone(&["test", "gateway", "--report", "json"], "ringback: --report takes [..]; not `json`\n")]
#[case::subcommand(&["docter"], "error: unrecognized subcommand 'docter'\n\n  tip: a similar subcommand exists: 'doctor'\n[..]\n[..]\n\n[..]\n")]
fn a_name_that_does_not_exist_is_exit_2_and_one_sentence(#[case] arguments: &[&str], #[case] says: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = command(folder.path(), arguments, &[]).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    assert_data_eq!(String::from_utf8_lossy(&output.stderr).into_owned(), says.to_owned());
}

/// The slip that is made of each name is one that a hint undoes.
#[test]
fn every_defect_and_oddity_is_found_by_a_slip() {
    let mutants = ringback_reference::gateway::mutants::ALL.iter().map(|one| one.name);
    let variants = ringback_reference::gateway::variants::ALL.iter().map(|one| one.name);
    for all in [mutants.collect::<Vec<_>>(), variants.collect()] {
        for name in &all {
            let swapped: String = name[..1].chars().chain("x".chars()).chain(name[1..].chars()).collect();
            assert_eq!(nearest(&swapped, all.iter().copied()), Some(*name), "{swapped}");
        }
    }
}

#[test]
fn explain_takes_any_case_and_prints_json() {
    let output = Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(["explain", "gw-cb-001", "--format", "json"])
        .output()
        .expect("the binary runs");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(told["id"], "GW-CB-001");
    assert!(told["remedy"].as_str().is_some_and(|text| !text.is_empty()));
}
