//! Mutants that do the work of a job twice, or of one job for another, or not at all.

use std::collections::HashSet;
use std::time::Duration;

use ringback_mocks::vendor::Phase;

use super::memory::{Endings, Memory, family_of};
use super::tolerance::overlook;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::{Arrival, Delivery};
use crate::receiver::ledger::End;
use crate::receiver::machine::ReceiverMachine;
use crate::receiver::polling::{Next, Says};
use crate::receiver::reaction::{Act, Deferred, Reaction};
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    IGNORES_VIDU "ignores-vidu" "acknowledges Vidu's callbacks and does nothing for its jobs, whoever tells their end" => ignores_vidu;
    NO_DEDUPE "no-dedupe" "does the work for every callback that reports an end" => no_dedupe;
    DEDUPES_BY_NONCE "dedupes-by-nonce" "knows Vidu's repetitions by their nonce" => dedupes_by_nonce;
    DEDUPES_BY_BODY "dedupes-by-body" "knows repetitions by their exact bytes" => dedupes_by_body;
    DEDUPES_BY_DELIVERY "dedupes-by-delivery" "knows Kling's repetitions by their webhook-id" => dedupes_by_delivery;
    DEDUPES_LAST_ONLY "dedupes-last-only" "remembers only the last job of a family" => dedupes_last_only;
    CHECK_THEN_ACT "check-then-act" "looks whether the work is done and does it a moment later" => check_then_act;
    DEDUPES_FOR_A_MOMENT "dedupes-for-a-moment" "remembers a job that has ended for two seconds" => dedupes_for_a_moment;
    WORK_DIES_WITH_CONNECTION "work-dies-with-connection" "marks a callback as seen and loses its work when the sender hangs up" => work_dies_with_connection;
    SMALL_MEMORY "small-memory" "remembers the last hundred jobs of a family" => small_memory;
    FAILURE_NOT_DEDUPED "failure-not-deduped" "does the work of a failure for every report of it" => failure_not_deduped;
    DEDUPES_BY_RESULT "dedupes-by-result" "takes jobs with the same result for the same job" => dedupes_by_result;
}

/// Jobs of a family that a small memory remembers.
const SMALL: u64 = 100;
/// How long a job is remembered where it is forgotten, in milliseconds.
const REMEMBERED: i64 = 2_000;
/// The moments between looking and doing.
const CHECKED: Duration = Duration::from_millis(100);
const SEEN: Duration = Duration::from_millis(150);

fn ignores_vidu(stages: &mut ReceiverStages) {
    overlook(stages, |event| event.dialect == "vidu");
    stages.polled.around(|next, machine, polled| {
        let vendor = machine.started.vendor_of(polled.ticket);
        let is_vidu = vendor.is_some_and(|vendor| vendor.name() == "vidu");
        let has_ended = matches!(&polled.says, Says::Status(_, phase) if phase.is_terminal());
        if is_vidu && has_ended { Next::again(false) } else { next.run(machine, polled) }
    });
}

// by what it knows a repetition

fn no_dedupe(stages: &mut ReceiverStages) {
    repeat(stages, |_, end| end.is_called_back);
}

fn failure_not_deduped(stages: &mut ReceiverStages) {
    repeat(stages, |_, end| end.phase != Phase::Succeeded);
}

/// Does the work again for some callbacks that tell of an end after the first.
pub(super) fn repeat(
    stages: &mut ReceiverStages,
    when: impl Fn(&Arrival, End) -> bool + Send + Sync + 'static,
) {
    stages.record.around(move |next, machine, arrival| {
        let mut recorded = next.run(machine, arrival.clone());
        if let Some(end) = recorded.end_before.filter(|_| arrival.is_callback() && arrival.event.is_end()) {
            recorded.work |= when(&arrival, end);
        }
        recorded
    });
}

fn dedupes_by_nonce(stages: &mut ReceiverStages) {
    dedupe_by(stages, |delivery| delivery.field("x-request-nonce").as_bytes());
}

fn dedupes_by_body(stages: &mut ReceiverStages) {
    dedupe_by(stages, |delivery| &delivery.request.body);
}

fn dedupes_by_delivery(stages: &mut ReceiverStages) {
    dedupe_by(stages, |delivery| delivery.field("webhook-id").as_bytes());
}

/// Knows repetitions by a part of the delivery, where it has that part.
fn dedupe_by(stages: &mut ReceiverStages, part: fn(&Delivery) -> &[u8]) {
    let known = Memory::<HashSet<Vec<u8>>>::default();
    stages.record.around(move |next, machine, arrival| {
        let mut recorded = next.run(machine, arrival.clone());
        let Some(delivery) = arrival.delivery.filter(|_| arrival.event.is_end()) else { return recorded };
        let part = part(&delivery);
        let is_new = known.with(&arrival.key, |known| known.insert(part.to_vec()));
        let was_called_back = recorded.end_before.is_some_and(|end| end.is_called_back);
        recorded.work |= was_called_back && is_new && !part.is_empty();
        recorded
    });
}

fn dedupes_by_result(stages: &mut ReceiverStages) {
    let results = Memory::<bool>::default();
    stages.record.around(move |next, machine, arrival| {
        let result = arrival.event.result.clone().filter(|_| arrival.event.is_end());
        let mut recorded = next.run(machine, arrival);
        if let Some(result) = result.filter(|_| recorded.end_before.is_none()) {
            recorded.work &= results.mark(&result);
        }
        recorded
    });
}

// how much it remembers

fn dedupes_last_only(stages: &mut ReceiverStages) {
    let last = Memory::<String>::default();
    stages.record.around(move |next, machine, arrival| {
        let (key, is_end) = (arrival.key.clone(), arrival.event.is_end());
        let mut recorded = next.run(machine, arrival);
        if is_end {
            let before = last.with(&family_of(&key), |last| std::mem::replace(last, key.clone()));
            recorded.work |= recorded.end_before.is_some() && before != key;
        }
        recorded
    });
}

fn small_memory(stages: &mut ReceiverStages) {
    let endings = Endings::default();
    stages.record.around(move |next, machine, arrival| {
        let (key, is_end) = (arrival.key.clone(), arrival.event.is_end());
        let mut recorded = next.run(machine, arrival);
        match recorded.end_before {
            Some(_) if is_end => recorded.work |= endings.since(&key) > SMALL,
            None if is_end => endings.note(&key),
            _ => {}
        }
        recorded
    });
}

fn dedupes_for_a_moment(stages: &mut ReceiverStages) {
    let (endings, worked_at) = (Endings::default(), Memory::<i64>::default());
    stages.record.around(move |next, machine, arrival| {
        let (key, now, is_end) = (arrival.key.clone(), arrival.now.as_millisecond(), arrival.event.is_end());
        let mut recorded = next.run(machine, arrival);
        if !is_end {
            return recorded;
        }
        match recorded.end_before {
            // Whatever company there was, it is the time alone that it forgets by.
            Some(end) if end.is_called_back && endings.since(&key) == 0 => {
                recorded.work |= worked_at.with(&key, |at| now - *at > REMEMBERED);
            }
            Some(_) => {}
            None => endings.note(&key),
        }
        if recorded.work || recorded.end_before.is_none() {
            worked_at.with(&key, |at| *at = now);
        }
        recorded
    });
}

// when it does the work

fn check_then_act(stages: &mut ReceiverStages) {
    stages.accept.around(|next, machine, arrival| {
        if !is_open_end(machine, &arrival) {
            return next.run(machine, arrival);
        }
        Reaction::from(machine.acknowledged()).after(Act::Deferred(work_later(CHECKED, arrival)))
    });
}

fn work_dies_with_connection(stages: &mut ReceiverStages) {
    let seen = Memory::<bool>::default();
    stages.accept.around(move |next, machine, arrival| {
        if !is_open_end(machine, &arrival) {
            return next.run(machine, arrival);
        }
        let acknowledged = Reaction::from(machine.acknowledged());
        if !seen.mark(&arrival.key) {
            return acknowledged;
        }
        let work = Deferred { is_fragile: true, ..work_later(SEEN, arrival) };
        acknowledged.after(Act::Deferred(work))
    });
}

/// Whether an event is the first that ends its job, and nobody asks the gateway about the job: what that says within the
/// moment would be another story.
fn is_open_end(machine: &ReceiverMachine, arrival: &Arrival) -> bool {
    machine.is_first_end(arrival) && arrival.started.is_none()
}

/// Notes an event after a pause and does its work, whatever was noted meanwhile.
fn work_later(pause: Duration, arrival: Arrival) -> Deferred {
    Deferred::new(pause, move |machine, now| {
        let key = arrival.key.clone();
        machine.stages.record.run(machine, Arrival { now, ..arrival });
        vec![machine.work(key)]
    })
}
