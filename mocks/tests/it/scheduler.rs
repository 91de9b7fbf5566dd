//! Are attempts made when, as often and in the order the schedule promises? All on virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::delivery_faults::DeliveryFaults;
use ringback_mocks::dispatcher::{Attempt, DeliveryScheduler};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use rstest::rstest;

const HOUR: Duration = Duration::from_secs(3600);
const WORDS: &[&str] = &["submitted", "processing", "rendering", "succeed"];

fn start() -> Timestamp {
    Timestamp::from_second(1_781_080_794).expect("in range")
}

fn after(from: Timestamp, time: Duration) -> Timestamp {
    from.checked_add(SignedDuration::try_from(time).expect("short")).expect("in range")
}

/// Event number `event` of `of` in a task.
fn delivery(task: usize, event: usize, of: usize, retries: &[Duration], trouble: &str) -> Delivery {
    Delivery {
        id: format!("{task}-{event}"),
        vendor: Vendor::named("vidu").expect("the registry has it"),
        task: format!("task-{task}"),
        state: WORDS[event.min(WORDS.len()) - 1],
        terminal: event == of,
        url: "https://hooks.example.com/c?a=1".to_owned(),
        content_type: "application/json",
        body: Bytes::from_static(br#"{"id":"812841849562607616"}"#),
        signer: Signer::ViduHmac(Secret::new("vda_key")),
        timeout: Duration::from_secs(5),
        retries: retries.to_vec(),
        delivery_faults: Some(Arc::new(trouble.parse().expect("trouble"))),
    }
}

/// An attempt as it was made.
struct Made {
    attempt: Attempt,
    done: Timestamp,
    status: Option<u16>,
}

impl Made {
    fn id(&self) -> &str {
        &self.attempt.prepared.delivery.id
    }

    fn is_acknowledged(&self) -> bool {
        matches!(self.status, Some(200..=299))
    }
}

/// Plays a schedule through to its end: `arrivals` in order of time, and what becomes of each attempt.
fn play(
    seed: u64,
    arrivals: Vec<(Timestamp, Delivery)>,
    answer: impl Fn(&Attempt) -> (Option<u16>, Duration),
) -> (Vec<Made>, DeliveryScheduler) {
    let mut schedule = DeliveryScheduler::seeded(seed);
    let mut arrivals = arrivals.into_iter().peekable();
    let mut flying: BTreeMap<(Timestamp, usize), usize> = BTreeMap::new();
    let mut made: Vec<Made> = Vec::new();
    loop {
        let arrival = arrivals.peek().map(|(at, _)| *at);
        let landing = flying.keys().next().map(|(at, _)| *at);
        let Some(now) = [arrival, landing, schedule.due()].into_iter().flatten().min() else { break };
        while let Some((_, delivery)) = arrivals.next_if(|(at, _)| *at <= now) {
            schedule.add(delivery, now);
        }
        while let Some(entry) = flying.first_entry().filter(|entry| entry.key().0 <= now) {
            let one = &made[entry.remove()];
            schedule.report(one.attempt.id, one.status, now);
        }
        while let Some(attempt) = schedule.take(now) {
            let (status, takes) = answer(&attempt);
            let done = after(now, takes);
            flying.insert((done, made.len()), made.len());
            made.push(Made { attempt, done, status });
        }
    }
    (made, schedule)
}

/// One task whose events all arrive at once, every attempt answered a second later: the
/// attempts as `event#attempt@second`, in the order of leaving.
fn one_task(events: usize, trouble: &str, status: u16) -> String {
    let retries = [Duration::from_secs(60)];
    let arrivals =
        (1..=events).map(|event| (start(), delivery(1, event, events, &retries, trouble))).collect();
    let (made, schedule) = play(1, arrivals, |_| (Some(status), Duration::from_secs(1)));
    assert!(schedule.is_empty(), "{schedule:?}");
    let name = |one: &Made| {
        let seconds = one.attempt.at.as_second() - start().as_second();
        let (_, event) = one.id().split_once('-').expect("an id of ours");
        format!("{event}#{}@{seconds}", one.attempt.number)
    };
    made.iter().map(name).collect::<Vec<_>>().join(" ")
}

#[rstest]
#[case::none("none", "1#1@0 2#1@1 3#1@2")]
#[case::delay("delay=10s@2", "1#1@0 2#1@11 3#1@12")]
#[case::delay_everywhere("delay=10s", "1#1@10 2#1@21 3#1@32")]
#[case::duplicate("duplicate=2@2", "1#1@0 2#1@1 2#2@2 2#3@3 3#1@4")]
#[case::reorder_first("reorder@first", "2#1@0 1#1@1 3#1@2")]
#[case::reorder_all("reorder", "3#1@0 2#1@1 1#1@2")]
#[case::nothing_overtakes_the_last("reorder@terminal", "1#1@0 2#1@1 3#1@2")]
#[case::a_late_copy("duplicate=1@2 reorder@2#2", "1#1@0 2#1@1 3#1@2 2#2@3")]
#[case::a_word("reorder@processing", "1#1@0 3#1@1 2#1@2")]
#[case::burst("burst", "1#1@0 2#1@0 3#1@0")]
#[case::burst_of_two("burst=2", "1#1@0 2#1@0 3#1@0")]
#[case::burst_with_copies("burst duplicate=1@first", "1#1@0 1#2@0 2#1@0 3#1@0")]
#[case::burst_of_the_last("reorder burst@terminal", "2#1@0 3#1@0 1#1@1")]
#[case::burst_of_some("burst@2", "1#1@0 2#1@0 3#1@1")]
#[case::ack_lost("ack-lost@2", "1#1@0 2#1@1 3#1@2 2#2@62")]
#[case::ack_lost_twice("ack-lost@2 ack-lost@2#2", "1#1@0 2#1@1 3#1@2 2#2@62")]
fn events_leave_as_the_trouble_says(#[case] trouble: &str, #[case] expected: &str) {
    assert_eq!(one_task(3, trouble, 200), expected);
}

#[rstest]
#[case::repeated("none", 500, "1#1@0 2#1@1 1#2@61 2#2@62")]
#[case::copies_are_not("duplicate=1", 500, "1#1@0 1#2@1 2#1@2 2#2@3 1#3@61 2#3@63")]
#[case::a_redirect_is_no_acknowledgement("none", 302, "1#1@0 2#1@1 1#2@61 2#2@62")]
#[case::created_is("none", 201, "1#1@0 2#1@1")]
#[case::a_late_repetition("delay=5s#2", 500, "1#1@0 2#1@1 1#2@66 2#2@67")]
fn what_is_not_acknowledged_is_repeated(#[case] trouble: &str, #[case] status: u16, #[case] expected: &str) {
    assert_eq!(one_task(2, trouble, status), expected);
}

#[test]
fn a_plan_of_seventy_two_hours_takes_no_time() {
    let pauses: Vec<Duration> = (0..72).map(|_| HOUR).collect();
    let plan = vec![(start(), delivery(1, 1, 1, &pauses, "none"))];
    let (made, schedule) = play(1, plan, |_| (None, Duration::ZERO));
    assert_eq!(made.len(), 73);
    assert_eq!(made[72].attempt.at, after(start(), 72 * HOUR));
    assert!(schedule.is_empty());
}

#[test]
fn an_answer_is_taken_once_and_only_for_what_was_taken() {
    let mut schedule = DeliveryScheduler::seeded(1);
    schedule.add(delivery(1, 1, 1, &[HOUR], "none"), start());
    let attempt = schedule.take(start()).expect("it is due");
    schedule.report(attempt.id, Some(500), start());
    schedule.report(attempt.id, Some(200), start());
    assert_eq!(schedule.due(), Some(after(start(), HOUR)));
    assert!(schedule.take(start()).is_none());
    let again = schedule.take(after(start(), HOUR)).expect("it is due again");
    schedule.report(again.id, None, after(start(), HOUR));
    schedule.report(again.id, None, after(start(), HOUR));
    assert!(schedule.is_empty());
}

#[rstest]
#[case::overtaken("reorder")]
#[case::together("burst")]
fn what_waits_for_further_events_can_be_let_go(#[case] trouble: &str) {
    let mut schedule = DeliveryScheduler::seeded(1);
    schedule.add(delivery(1, 1, 2, &[], trouble), start());
    assert_eq!(schedule.due(), None);
    schedule.release(start());
    let attempt = schedule.take(start()).expect("it leaves");
    schedule.report(attempt.id, Some(200), start());
    assert!(schedule.is_empty());
}

#[test]
fn a_plan_beyond_the_end_of_time_is_kept_and_never_made() {
    let forever = Duration::MAX;
    let mut schedule = DeliveryScheduler::seeded(1);
    schedule.add(delivery(1, 1, 1, &[forever], "none"), start());
    let attempt = schedule.take(start()).expect("it is due");
    schedule.report(attempt.id, None, start());
    assert_eq!(schedule.due(), Some(Timestamp::MAX));
}

#[derive(Clone, Debug)]
struct Plan {
    /// Per task, per event: time since the event before, in milliseconds.
    tasks: Vec<Vec<u64>>,
    retries: Vec<u64>,
    seed: u64,
}

fn plans() -> impl Strategy<Value = Plan> {
    let tasks = prop::collection::vec(prop::collection::vec(0..5000_u64, 1..=4), 1..=4);
    let retries = prop::collection::vec(0..260_000_000_u64, 0..=4);
    (tasks, retries, any::<u64>()).prop_map(|(tasks, retries, seed)| Plan { tasks, retries, seed })
}

impl Plan {
    fn pauses(&self) -> Vec<Duration> {
        self.retries.iter().map(|pause| Duration::from_millis(*pause)).collect()
    }

    fn arrivals(&self, trouble: &str) -> Vec<(Timestamp, Delivery)> {
        let mut all = Vec::new();
        for (task, gaps) in self.tasks.iter().enumerate() {
            let mut at = start();
            for (event, gap) in gaps.iter().enumerate() {
                at = after(at, Duration::from_millis(*gap));
                all.push((at, delivery(task, event + 1, gaps.len(), &self.pauses(), trouble)));
            }
        }
        all.sort_by_key(|(at, _)| *at);
        all
    }

    /// What a receiver answers, and after what time, drawn from the seed for each attempt.
    fn play(&self, trouble: &str) -> (Vec<Made>, DeliveryScheduler) {
        play(self.seed, self.arrivals(trouble), |attempt| {
            let id = attempt.prepared.delivery.id.bytes().map(u64::from).fold(7, |sum, byte| sum * 31 + byte);
            let mut rng = fastrand::Rng::with_seed(self.seed ^ id ^ (u64::from(attempt.number) << 40));
            let status = rng.choice([None, Some(200), Some(204), Some(301), Some(404), Some(500)]);
            (status.flatten(), Duration::from_millis(rng.u64(0..3000)))
        })
    }
}

proptest! {
    /// Nothing lost, nothing doubled, nothing after an acknowledgement, each repetition in its time.
    #[test]
    fn undisturbed_deliveries_keep_to_their_plan(plan in plans()) {
        let (made, schedule) = plan.play("none");
        prop_assert!(schedule.is_empty());
        let pauses = plan.pauses();
        for (arrived, delivery) in plan.arrivals("none") {
            let own: Vec<&Made> = made.iter().filter(|one| one.id() == delivery.id).collect();
            prop_assert!((1..=1 + pauses.len()).contains(&own.len()));
            let acknowledged = own.iter().position(|one| one.is_acknowledged());
            prop_assert_eq!(acknowledged.map_or(1 + pauses.len(), |at| at + 1), own.len());
            prop_assert!(own[0].attempt.at >= arrived);
            for (pair, pause) in own.windows(2).zip(&pauses) {
                prop_assert_eq!(pair[1].attempt.at, after(pair[0].done, *pause));
                prop_assert_eq!(pair[1].attempt.number, pair[0].attempt.number + 1);
            }
        }
    }

    /// The first attempts of a task leave in the order of its events, and no later than they must.
    #[test]
    fn first_attempts_keep_the_order_of_events(plan in plans()) {
        let (made, _) = plan.play("none");
        let firsts: BTreeMap<&str, &Made> =
            made.iter().filter(|one| one.attempt.number == 1).map(|one| (one.id(), one)).collect();
        let mut before: BTreeMap<String, Timestamp> = BTreeMap::new();
        for (arrived, delivery) in plan.arrivals("none") {
            let first = firsts[delivery.id.as_str()];
            let free = before.insert(delivery.task, first.done).unwrap_or(arrived);
            prop_assert_eq!(first.attempt.at, arrived.max(free));
        }
    }

    /// Copies are exactly as many as asked for, and change nothing for the delivery itself.
    #[test]
    fn duplicates_are_exactly_as_many_as_asked_for(plan in plans(), more in 1..6_u32) {
        let (made, schedule) = plan.play(&format!("duplicate={more}"));
        prop_assert!(schedule.is_empty());
        for (_, delivery) in plan.arrivals("none") {
            let (copies, own): (Vec<&Made>, Vec<&Made>) =
                made.iter().filter(|one| one.id() == delivery.id).partition(|one| one.attempt.copy);
            prop_assert_eq!(copies.len(), more as usize);
            let acknowledged = own.iter().position(|one| one.is_acknowledged());
            prop_assert_eq!(acknowledged.map_or(1 + plan.retries.len(), |at| at + 1), own.len());
            let numbers: BTreeSet<u32> = copies.iter().chain(&own).map(|one| one.attempt.number).collect();
            prop_assert_eq!(numbers.len(), copies.len() + own.len(), "every attempt has a number of its own");
        }
    }

    /// Whatever the trouble: tasks that end leave nothing behind, no delivery exceeds its plan, and
    /// the same seed sends the same bytes at the same times.
    #[test]
    fn any_trouble_ends_and_replays(plan in plans(), seed in any::<u64>()) {
        let trouble = DeliveryFaults::random(seed).to_string();
        let (made, schedule) = plan.play(&trouble);
        prop_assert!(schedule.is_empty(), "{}: {:?}", trouble, schedule);
        for (_, delivery) in plan.arrivals("none") {
            let own = made.iter().filter(|one| one.id() == delivery.id && !one.attempt.copy).count();
            prop_assert!((1..=1 + plan.retries.len()).contains(&own), "{}", trouble);
        }
        let (again, _) = plan.play(&trouble);
        prop_assert_eq!(made.len(), again.len());
        for (one, other) in made.iter().zip(&again) {
            let (first, second) = (one.attempt.outgoing(), other.attempt.outgoing());
            prop_assert_eq!(one.attempt.at, other.attempt.at);
            prop_assert!(first.request == second.request && first.wire == second.wire);
        }
    }
}
