//! Schedules of trouble as values: their notation comes back, enumeration is complete, and shrinking ends at
//! something small that is still wrong.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use ringback::receiver::schedules::{Event, Random, Schedule, Shrinking, Step, enumerated, is_usual};
use ringback::receiver::stage as receiver_stage;
use ringback::receiver::target::ReceiverTarget;
use ringback::report::CaseReport;
use ringback::run::outcome::Outcome;
use ringback::run::plan::Selection;
use ringback::run::session::RunOptions;
use ringback_reference::deviation::Mutant;
use ringback_reference::receiver::{Receiver, mutants};
use rstest::rstest;

const EVENTS: &[Event] = &[Event::Queued, Event::Running, Event::Success, Event::Failure];

fn step() -> impl Strategy<Value = Step> {
    (select(EVENTS), select(EVENTS), 0_u8..6, 1_u8..4).prop_map(|(one, other, kind, times)| match kind {
        0 => Step::AckLost(one),
        1 => Step::AtOnce(one, other),
        2 => Step::Lost(one),
        3 => Step::Poll(one),
        _ => Step::Deliver(one, times),
    })
}

fn schedule() -> impl Strategy<Value = Schedule> {
    vec(step(), 1..10).prop_map(Schedule::new)
}

fn read(text: &str) -> Schedule {
    text.parse().expect("a schedule")
}

/// Shrinks as a search does: judged by `wrong`, in at most `most` steps.
fn shrunk(schedule: Schedule, end: Event, most: usize, wrong: impl Fn(&Schedule) -> bool) -> Schedule {
    let mut best = schedule.clone();
    let mut tree = Shrinking::new(schedule, end);
    let mut moved = tree.simplify();
    for _ in 0..most {
        if !moved {
            break;
        }
        let smaller = tree.current();
        moved = if wrong(&smaller) {
            best = smaller;
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    best
}

proptest! {
    /// What is printed is read as the same.
    #[test]
    fn notation_comes_back(schedule in schedule()) {
        let text = schedule.to_string();
        prop_assert!(!text.contains('\n'));
        prop_assert_eq!(&read(&text), &schedule, "{}", text);
        // Spaces do not matter.
        prop_assert_eq!(read(&text.replace(", ", " ,  ").replace(" & ", "&")), schedule);
    }

    /// Nothing that anybody types breaks the reader, and what it reads is in its normal form.
    #[test]
    fn any_text_is_a_schedule_or_one_sentence(text in "\\PC{0,40}|(running|success|poll says|x2|&|\\(ack lost\\)|,| ){0,12}") {
        match text.parse::<Schedule>() {
            Ok(schedule) => prop_assert_eq!(read(&schedule.to_string()), schedule),
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }

    /// Every move makes a schedule smaller and keeps what must be told, so shrinking ends.
    #[test]
    fn moves_are_smaller(schedule in schedule(), end in select(EVENTS)) {
        let smaller = schedule.smaller(end);
        for one in &smaller {
            prop_assert!(one.size() < schedule.size(), "{one} is not smaller than {schedule}");
            prop_assert!(one.tells(end), "{one} does not tell {end}");
        }
        let distinct: BTreeSet<_> = smaller.iter().collect();
        prop_assert_eq!(distinct.len(), smaller.len(), "no move is tried twice");
    }

    /// Random schedules are long and tell the end; the same runner draws the same.
    #[test]
    fn random_ones_are_long(end in select(&[Event::Success, Event::Failure][..]), ark in any::<bool>()) {
        let progress = if ark { vec![Event::Queued, Event::Running] } else { vec![Event::Running] };
        let random = Random { progress, end };
        let one = random.new_tree(&mut TestRunner::deterministic()).expect("a schedule").current();
        let same = random.new_tree(&mut TestRunner::deterministic()).expect("a schedule").current();
        prop_assert_eq!(&one, &same);
        let mut runner = TestRunner::default();
        for _ in 0..20 {
            let drawn = random.new_tree(&mut runner).expect("a schedule").current();
            prop_assert!((5..=12).contains(&drawn.deliveries()), "{}", drawn);
            prop_assert!(drawn.tells(end), "{}", drawn);
        }
    }

    /// A fault that needs so many callbacks before the end is shrunk to one line of few steps, from wherever
    /// it was found.
    #[test]
    fn shrinking_finds_the_core(seed in any::<[u8; 32]>(), needed in 1_usize..7) {
        let random = Random { progress: vec![Event::Queued, Event::Running], end: Event::Success };
        let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
        let found = random.new_tree(&mut runner).expect("a schedule").current();
        let wrong = |schedule: &Schedule| before_end(schedule) >= needed;
        prop_assume!(wrong(&found));
        let core = shrunk(found.clone(), Event::Success, 80, wrong);
        prop_assert!(wrong(&core));
        prop_assert_eq!(core.deliveries(), needed + 1, "{} came of {}", core, found);
        prop_assert!(core.steps().len() <= 6, "{} came of {}", core, found);
    }

    /// The same for a fault of order: the end, something late, and the end again.
    #[test]
    fn shrinking_keeps_the_order(seed in any::<[u8; 32]>()) {
        let random = Random { progress: vec![Event::Running], end: Event::Failure };
        let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
        let found = random.new_tree(&mut runner).expect("a schedule").current();
        prop_assume!(reopened(&found));
        let core = shrunk(found, Event::Failure, 80, reopened);
        prop_assert_eq!(core.to_string(), "failure, running, failure");
    }
}

/// The deliveries of a schedule one by one, as if what happens at once happened in order.
fn told(schedule: &Schedule) -> Vec<Event> {
    let each = |step: &Step| match *step {
        Step::Deliver(event, times) => vec![event; usize::from(times)],
        Step::AckLost(event) => vec![event],
        Step::AtOnce(one, other) => vec![one, other],
        Step::Lost(_) | Step::Poll(_) => Vec::new(),
    };
    schedule.steps().iter().flat_map(each).collect()
}

fn before_end(schedule: &Schedule) -> usize {
    told(schedule).iter().take_while(|event| !event.is_end()).count()
}

fn reopened(schedule: &Schedule) -> bool {
    let told = told(schedule);
    let first = told.iter().position(|event| event.is_end());
    let late =
        first.and_then(|first| told[first..].iter().position(|event| !event.is_end()).map(|at| first + at));
    late.is_some_and(|late| told[late..].iter().any(|event| event.is_end()))
}

#[rstest]
#[case::all("running, success (ack lost), success x2, running")]
#[case::at_once("running & success")]
#[case::polled("queued x3, success (lost), poll says success")]
fn reads_what_people_write(#[case] text: &str) {
    assert_eq!(read(text).to_string(), text);
}

#[rstest]
#[case::repeated("success, success", "success x2")]
#[case::counted("success x2, success x3", "success x5")]
#[case::ordered("success & running", "running & success")]
fn has_one_form(#[case] text: &str, #[case] normal: &str) {
    assert_eq!(read(text).to_string(), normal);
}

#[rstest]
#[case::nothing("", "`` is not a step of a schedule")]
#[case::typo("running, sucess", "`sucess` is not a step of a schedule")]
#[case::never("running x0", "`running x0` is not a step of a schedule")]
#[case::many("running x65", "a schedule has at most 64 deliveries, this one 65")]
#[case::three("running & running & success", "is not a step")]
fn says_what_is_wrong(#[case] text: &str, #[case] said: &str) {
    let error = text.parse::<Schedule>().expect_err("no schedule").to_string();
    assert!(error.contains(said), "{error}");
}

/// Sequences that repeat, reorder and lose number 2ⁿ − 1 and 3ⁿ − 2ⁿ for n deliveries that tell the end.
#[rstest]
#[case::two_words(&[Event::Running, Event::Success], 1 + 3 + 7 + 15)]
#[case::three_words(&[Event::Queued, Event::Running, Event::Success], 1 + 5 + 19 + 65)]
fn enumeration_is_complete(#[case] events: &[Event], #[case] plain: usize) {
    let all = enumerated(events, Some(Event::Success), 1..=4);
    assert_eq!(all.iter().filter(|one| one.troubles() == 0).count(), plain);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "each is there once");
    assert!(all.iter().all(|one| one.tells(Event::Success) && (1..=4).contains(&one.deliveries())));
    assert!(all.is_sorted_by_key(Schedule::deliveries), "the shortest come first");
    let usual = all.iter().filter(|one| is_usual(one, 4));
    assert!(usual.clone().any(|one| one.to_string() == "running, success (ack lost), success"));
    assert!(usual.count() > plain);
}

#[test]
fn what_a_lost_ack_told_is_not_demanded() {
    assert!(!read("running, success (ack lost)").tells(Event::Success));
    assert!(read("success (ack lost), success").tells(Event::Success));
    assert!(read("success (lost), poll says success").tells(Event::Success));
}

/// A schedule that breaks a receiver is found, small, told in one line, and found again by its replay id.
#[rstest]
#[case::enumerated(mutants::DOUBLE_PROGRESS_HIDES_END, "RX-SCH-001")]
#[case::random(mutants::MANY_PROGRESS_HIDES_END, "RX-SCH-002")]
#[case::polled(mutants::DUPLICATE_STOPS_POLL, "RX-SCH-003")]
#[case::failing(mutants::FAILURE_REOPENS, "RX-SCH-004")]
fn a_breaking_schedule_is_small_and_replayable(#[case] mutant: Mutant<Receiver>, #[case] id: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let judged = |options: RunOptions| {
        let target = ReceiverTarget::embedded(&[mutant]);
        runtime.block_on(receiver_stage::judge(target, &options)).expect("a report")
    };
    let selection = Selection { only: vec![id.to_owned()], ..Selection::default() };
    let report = judged(RunOptions { selection, ..RunOptions::default() });
    let broken: Vec<&CaseReport> = report.cases.iter().filter(|case| case.outcome == Outcome::Fail).collect();
    assert!(!broken.is_empty(), "{} is not caught", mutant.name);
    for case in broken {
        let schedule = schedule_in(case);
        assert!(schedule.steps().len() <= 6, "{schedule}");
        let replay = case.replay.split_whitespace().last().expect("an id");
        let replay = Some(ringback::catalogue::replay(replay).expect("a replay id"));
        let again = judged(RunOptions { replay, ..RunOptions::default() });
        assert_eq!(schedule_in(&again.cases[0]), schedule, "{}", case.replay);
    }
}

/// The schedule that a case's finding names.
fn schedule_in(case: &CaseReport) -> Schedule {
    let expected = case.findings.first().expect("a finding").expected.join(" or ");
    read(expected.split('`').nth(1).expect("a schedule in the finding"))
}
