//! Mutants that are confused by the order in which a job's events come.

use std::time::Duration;

use super::idempotency::repeat;
use super::memory::Memory;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::Arrival;
use crate::receiver::ledger::{End, JobState, Recorded};
use crate::receiver::machine::ReceiverMachine;
use crate::receiver::reaction::{Act, Deferred, Reaction};
use crate::receiver::stages::ReceiverStages;
use crate::receiver::trust;

deviations! {
    Mutant of Receiver;
    DEDUPES_BY_ID "dedupes-by-id" "takes the end for a repetition of the progress" => dedupes_by_id;
    REGRESSES "regresses" "lets late progress overwrite the end" => regresses;
    REOPENS "reopens" "lets late progress reopen a job" => reopens;
    EACH_END_WORKS "each-end-works" "does the work for every different end of a job" => each_end_works;
    LATER_END_WINS "later-end-wins" "lets a later end overwrite the first" => later_end_wins;
    LOST_UPDATE "lost-update" "writes progress over what was written meanwhile" => lost_update;
    EQUAL_TIMES_DROPPED "equal-times-dropped" "drops a callback that is not newer than the progress before it" => equal_times_dropped;
}

/// The moment between reading and writing.
const READ: Duration = Duration::from_millis(100);

fn dedupes_by_id(stages: &mut ReceiverStages) {
    hide_end(
        stages,
        |has_progressed: &mut bool, told| *has_progressed |= told.event.is_progress(),
        |has_progressed, _| *has_progressed,
    );
}

fn equal_times_dropped(stages: &mut ReceiverStages) {
    hide_end(
        stages,
        |last: &mut Option<i64>, told| {
            if told.event.is_progress() {
                *last = told.event.time;
            }
        },
        |last, end| last.is_some() && end.event.time == *last,
    );
}

/// Does not notice a job's end told by a callback where that is hidden by what callbacks have told so far, the one with the
/// end among them.
pub(super) fn hide_end<V: Default + Send + 'static>(
    stages: &mut ReceiverStages,
    note: impl Fn(&mut V, &Arrival) + Send + Sync + 'static,
    is_hidden: impl Fn(&V, &Arrival) -> bool + Send + Sync + 'static,
) {
    let told = Memory::<V>::default();
    stages.record.around(move |next, machine, arrival| {
        let is_hidden = arrival.is_callback()
            && told.with(&arrival.key, |noted| {
                note(noted, &arrival);
                is_hidden(noted, &arrival)
            });
        if is_hidden && machine.is_first_end(&arrival) {
            return Recorded::default();
        }
        next.run(machine, arrival)
    });
}

fn regresses(stages: &mut ReceiverStages) {
    overwrite_after_end(stages, |arrival| arrival.event.is_progress());
}

fn later_end_wins(stages: &mut ReceiverStages) {
    overwrite_after_end(stages, |arrival| arrival.event.is_end());
}

/// Lets some events overwrite the state of a job that has ended.
fn overwrite_after_end(stages: &mut ReceiverStages, when: fn(&Arrival) -> bool) {
    stages.record.around(move |next, machine, arrival| {
        let recorded = next.run(machine, arrival.clone());
        if recorded.end_before.is_some() && when(&arrival) {
            overwrite(machine, &arrival);
        }
        recorded
    });
}

/// Shows what an event says, whatever was shown before.
fn overwrite(machine: &ReceiverMachine, arrival: &Arrival) {
    if let Some(phase) = arrival.event.phase {
        let word = arrival.event.word.clone();
        machine.ledger.update(&arrival.key, |job| job.state = Some(JobState { word, phase }));
    }
}

fn each_end_works(stages: &mut ReceiverStages) {
    repeat(stages, |arrival, end| arrival.event.phase != Some(end.phase));
}

fn reopens(stages: &mut ReceiverStages) {
    reopen(stages, |_| true);
}

/// Does the work again for the first end told after late progress, where the progress reopens a job that had ended so.
pub(super) fn reopen(stages: &mut ReceiverStages, when: fn(End) -> bool) {
    let reopened = Memory::<bool>::default();
    stages.record.around(move |next, machine, arrival| {
        let (key, is_end) = (arrival.key.clone(), arrival.event.is_end());
        let mut recorded = next.run(machine, arrival);
        match recorded.end_before {
            Some(_) if is_end => recorded.work |= reopened.with(&key, std::mem::take),
            Some(end) if when(end) => _ = reopened.mark(&key),
            _ => {}
        }
        recorded
    });
}

fn lost_update(stages: &mut ReceiverStages) {
    stages.accept.around(|next, machine, arrival| {
        let is_open = arrival.event.is_progress() && machine.ledger.end_of(&arrival.key).is_none();
        let is_signed = arrival.delivery.as_ref().is_some_and(|delivery| trust::signs(delivery.vendor));
        if !(is_open && is_signed && arrival.started.is_none()) {
            return next.run(machine, arrival);
        }
        let write = Deferred::new(READ, move |machine, now| {
            machine.stages.record.run(machine, Arrival { now, ..arrival.clone() });
            overwrite(machine, &arrival);
            Vec::new()
        });
        Reaction::from(machine.acknowledged()).after(Act::Deferred(write))
    });
}
