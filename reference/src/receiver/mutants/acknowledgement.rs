//! Mutants that answer callbacks wrongly or late.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::Response;

use super::memory::family_of;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::JobEvent;
use crate::receiver::ledger::Recorded;
use crate::receiver::reaction::Act;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    REFUSES_VIDU "refuses-vidu" "answers 404 to every callback of Vidu" => refuses_vidu;
    FAILURE_IS_500 "failure-is-500" "answers 500 to a callback that reports a failed job" => failure_is_500;
    PROGRESS_IS_400 "progress-is-400" "answers 400 to a callback that reports progress" => progress_is_400;
    EXPIRED_ACKED_LATE "expired-acked-late" "answers Ark's word expired after more than five seconds" => expired_acked_late;
    WORKS_BEFORE_ACK "works-before-ack" "does the work of Vidu's jobs with a payload before it answers" => works_before_ack;
    REDIRECTS_QUERIES "redirects-queries" "redirects Kling's callbacks whose URL has a query" => redirects_queries;
    CONFIRMS_BEFORE_ACK "confirms-before-ack" "answers only when the gateway has confirmed the callback" => confirms_before_ack;
    DUPLICATE_IS_409 "duplicate-is-409" "answers 409 to a repeated callback" => duplicate_is_409;
    LATE_IS_409 "late-is-409" "answers 409 to progress of a job that has ended" => late_is_409;
    BUSY_IS_503 "busy-is-503" "answers 503 when many callbacks of one family come within a moment" => busy_is_503;
}

/// Longer than Ark waits.
const BEYOND_ARK: Duration = Duration::from_millis(5_400);
const LONG_WORK: Duration = Duration::from_millis(1_300);
/// Jobs of a family in a short while that are too many, and that while in milliseconds.
const BUSY: usize = 24;
const BUSY_WITHIN: i64 = 2_000;

fn refuses_vidu(stages: &mut ReceiverStages) {
    stages.door.around(|next, machine, delivery| {
        let is_vidu = delivery.vendor.name() == "vidu";
        next.run(machine, delivery).or_else(|| is_vidu.then(|| Response::text(404, "no such hook")))
    });
}

fn failure_is_500(stages: &mut ReceiverStages) {
    answers(stages, |event, _| event.phase == Some(Phase::Failed), 500);
}

fn progress_is_400(stages: &mut ReceiverStages) {
    answers(stages, |event, _| event.is_progress(), 400);
}

fn duplicate_is_409(stages: &mut ReceiverStages) {
    let is_same = |event: &JobEvent, recorded: &Recorded| {
        event.is_end() && recorded.end_before.is_some_and(|end| event.phase == Some(end.phase))
    };
    answers(stages, is_same, 409);
}

fn late_is_409(stages: &mut ReceiverStages) {
    answers(stages, |event, recorded| event.is_progress() && recorded.end_before.is_some(), 409);
}

/// Answers some events with a status of its own.
fn answers(stages: &mut ReceiverStages, when: fn(&JobEvent, &Recorded) -> bool, status: u16) {
    stages.answer.around(move |next, machine, (event, recorded)| {
        if when(&event, &recorded) {
            return Response::text(status, "not now");
        }
        next.run(machine, (event, recorded))
    });
}

fn expired_acked_late(stages: &mut ReceiverStages) {
    stages.report.around(|next, machine, arrival| {
        let is_expired = arrival.event.phase == Some(Phase::Expired);
        let reaction = next.run(machine, arrival);
        if is_expired { reaction.delayed(BEYOND_ARK) } else { reaction }
    });
}

fn works_before_ack(stages: &mut ReceiverStages) {
    stages.accept.around(|next, machine, arrival| {
        let is_long = machine.is_first_end(&arrival) && arrival.event.has_payload;
        let reaction = next.run(machine, arrival);
        if is_long { reaction.delayed(LONG_WORK) } else { reaction }
    });
}

fn redirects_queries(stages: &mut ReceiverStages) {
    stages.door.around(|next, machine, delivery| {
        let mut redirection = Response::text(308, "over there");
        redirection.headers.push("location", delivery.request.path());
        let is_moved = delivery.vendor.name() == "kling" && delivery.request.target.contains('?');
        next.run(machine, delivery).or_else(|| is_moved.then_some(redirection))
    });
}

fn confirms_before_ack(stages: &mut ReceiverStages) {
    stages.report.after(|_, mut reaction| {
        let (confirming, others) = reaction.acts.into_iter().partition(|act| matches!(act, Act::Confirm(_)));
        reaction.acts = others;
        reaction.before.extend::<Vec<_>>(confirming);
        reaction
    });
}

fn busy_is_503(stages: &mut ReceiverStages) {
    let families = Mutex::<HashMap<String, Vec<(String, Timestamp)>>>::default();
    stages.read.around(move |next, machine, delivery| {
        let now = delivery.now;
        let event = next.run(machine, delivery)?;
        let mut families = families.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = families.entry(family_of(&event.id)).or_default();
        recent.retain(|(_, at)| now.as_millisecond() - at.as_millisecond() < BUSY_WITHIN);
        if !recent.iter().any(|(known, _)| *known == event.id) {
            recent.push((event.id.clone(), now));
        }
        if recent.len() > BUSY { Err(Response::text(503, "too busy")) } else { Ok(event) }
    });
}
