//! The storm: its plan is what was asked for, its counting is true, and it goes nowhere uninvited.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

use proptest::prelude::*;
use ringback::load::drive::effects;
use ringback::load::{Effects, LoadOutcome, Share, Shot, Storm};
use rstest::rstest;

fn share(percent: f64) -> Share {
    format!("{percent}%").parse().expect("a share")
}

fn storm(rate: f64, seconds: u64, duplicates: f64, disorder: f64, seed: u64) -> Storm {
    Storm {
        rate,
        lasts: Duration::from_secs(seconds),
        duplicates: share(duplicates),
        disorder: share(disorder),
        seed,
    }
}

proptest! {
    /// As many shots as rate and time make, evenly due; each job's two events, a duplicate only after its
    /// first.
    #[test]
    fn a_plan_is_what_was_asked_for(
        rate in 1.0_f64..2_000.0,
        seconds in 1_u64..4,
        duplicates in 0.0_f64..=100.0,
        disorder in 0.0_f64..=100.0,
        seed in any::<u64>(),
    ) {
        let storm = storm(rate, seconds, duplicates, disorder, seed);
        let shots: Vec<Shot> = storm.plan().collect();
        prop_assert_eq!(shots.len(), storm.total());
        prop_assert!(shots.is_sorted_by_key(|shot| shot.due));
        prop_assert!(shots.iter().all(|shot| shot.due < storm.lasts + Duration::from_secs(1)));
        let mut seen: BTreeMap<(usize, bool), usize> = BTreeMap::new();
        for shot in &shots {
            let times = seen.entry((shot.job, shot.end)).or_default();
            prop_assert_eq!(shot.again, *times > 0);
            *times += 1;
            prop_assert!(*times <= 2);
        }
        prop_assert_eq!(storm.plan().collect::<Vec<_>>(), shots, "a seed gives one plan");
    }
}

#[rstest]
#[case::none(0.0, 0.0, 0.0)]
#[case::all(100.0, 100.0, 1.0)]
fn shares_are_kept_at_their_ends(#[case] duplicates: f64, #[case] disorder: f64, #[case] early: f64) {
    let shots: Vec<Shot> = storm(1_000.0, 2, duplicates, disorder, 7).plan().collect();
    let again = shots.iter().filter(|shot| shot.again).count();
    assert_eq!(again, if duplicates > 0.0 { shots.len() / 2 } else { 0 });
    let first_is_end = shots.iter().filter(|shot| !shot.again).step_by(2).filter(|shot| shot.end).count();
    let jobs = shots.iter().filter(|shot| !shot.again).count() / 2;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = first_is_end as f64 / jobs as f64;
    assert!((share - early).abs() < f64::EPSILON, "{share}");
}

#[test]
fn counting_tells_late_refused_and_unanswered_apart() {
    let shot = Shot { due: Duration::ZERO, job: 0, end: true, again: false };
    let mut outcome = LoadOutcome::new(Duration::from_secs(5));
    assert!(outcome.is_clean());
    outcome.count(shot, Some(200), Duration::from_millis(3));
    outcome.count(Shot { again: true, ..shot }, Some(204), Duration::from_millis(4));
    assert!(outcome.is_clean());
    outcome.count(shot, Some(200), Duration::from_millis(5_001));
    outcome.count(shot, Some(500), Duration::from_millis(1));
    outcome.count(shot, None, Duration::from_secs(10));
    assert!(!outcome.is_clean());
    let told = outcome.json();
    let of = |name: &str| told[name].as_u64().expect("a number");
    assert_eq!((of("sent"), of("duplicates"), of("acknowledged")), (5, 1, 3));
    assert_eq!((of("refused"), of("unanswered"), of("late")), (1, 1, 1));
    assert!(outcome.text().contains("3 acknowledged, 1 refused, 1 without an answer, 1 later than the 5 s"));
}

#[test]
fn effects_are_lost_once_or_doubled() {
    let seen = effects([1, 1, 0, 2, 3]);
    assert_eq!(seen, Effects { looked: 5, once: 2, lost: 1, doubled: 2 });
    let clean = LoadOutcome { effects: Some(effects([1, 1])), ..LoadOutcome::new(Duration::from_secs(5)) };
    assert!(clean.is_clean());
    assert!(!LoadOutcome { effects: Some(seen), ..clean }.is_clean());
}

fn ringback(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringback"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RINGBACK_")) {
        command.env_remove(name);
    }
    command.args(arguments).output().expect("it runs")
}

#[rstest]
#[case::another_machine(&["https://api.example.com/hook", "--vendor", "doubao"], "ringback: api.example.com is not this machine; if you may storm it, say so with --allow api.example.com\n")]
#[case::odd_share(&["--duplicates", "ten"], "error: invalid value 'ten' for '--duplicates <SHARE>': `ten` is no share; write 10%")]
#[case::no_rate(&["--rate", "0"], "ringback: --rate takes callbacks a second, above 0 and at most 100000\n")]
#[case::nothing(&["--rate", "0.1", "--for", "1s"], "ringback: that rate sends nothing in that time\n")]
#[case::odd_time(&["--for", "soon"], "ringback: `soon` is no time for --for; write 10s or 2m\n")]
fn a_wrong_call_is_a_sentence_and_exit_2(#[case] arguments: &[&str], #[case] said: &str) {
    let output = ringback(&[&["storm", "receiver"][..], arguments].concat());
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.starts_with(said), "{stderr}");
}

#[rstest]
#[case::signed("kling")]
#[case::unsigned("doubao")]
fn the_reference_receiver_stands_a_storm(#[case] vendor: &str) {
    let output = ringback(&[
        "storm",
        "receiver",
        "--vendor",
        vendor,
        "--rate",
        "300",
        "--for",
        "1s",
        "--duplicates",
        "20%",
        "--disorder",
        "20%",
        "--format",
        "json",
    ]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(told["sent"], 300);
    assert_eq!(told["acknowledged"], 300);
    assert_eq!((&told["effects"]["lost"], &told["effects"]["doubled"]), (&0.into(), &0.into()));
    assert!(told["effects"]["once"].as_u64().expect("a number") > 80, "{told}");
}

#[test]
fn nobody_there_is_told() {
    let output = ringback(&[
        "storm",
        "receiver",
        "http://127.0.0.1:1/hook",
        "--vendor",
        "doubao",
        "--rate",
        "50",
        "--for",
        "1s",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("0 acknowledged, 0 refused, 50 without an answer"), "{told}");
    assert!(told.contains("not seen: no effects probe is named"), "{told}");
}
