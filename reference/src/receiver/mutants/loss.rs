//! Mutants that lose a job: submitted wrongly, never asked about, not found again.

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::Response;
use serde_json::{Map, Value, json};

use super::idempotency::repeat;
use super::memory::Memory;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::{Arrival, Delivery};
use crate::receiver::polling::{Next, Polled, Question, Says};
use crate::receiver::reaction::Act;
use crate::receiver::stages::ReceiverStages;
use crate::receiver::started::StartedJobs;

deviations! {
    Mutant of Receiver;
    CALLBACK_MISPLACED "callback-misplaced" "submits callback_url at the top of input" => callback_misplaced;
    OWN_TASK_ID "own-task-id" "gives a started job an id of its own" => own_task_id;
    CALLBACK_UNLINKED "callback-unlinked" "does not link a job's callback to the job" => callback_unlinked;
    NEVER_POLLS "never-polls" "never asks for a status" => never_polls;
    POLLS_ONCE "polls-once" "asks for a status once, right after the submit" => polls_once;
    POLL_KNOWS_NO_FAILURE "poll-knows-no-failure" "takes failed in a status for still running" => poll_knows_no_failure;
    POLL_WORKS_TOO "poll-works-too" "does the work again when polling sees the end" => poll_works_too;
    CALLBACK_AFTER_POLL_WORKS "callback-after-poll-works" "does the work again when the callback comes after polling saw the end" => callback_after_poll_works;
    EARLY_CALLBACK_REFUSED "early-callback-refused" "refuses a job's callback until it knows the task's id" => early_callback_refused;
    POLL_STOPS_AT_ERROR "poll-stops-at-error" "stops polling at the first error" => poll_stops_at_error;
    POLLS_FOREVER "polls-forever" "goes on polling when the job has ended" => polls_forever;
    POLLS_HOT "polls-hot" "polls without a pause once a job takes long" => polls_hot;
    POLL_STOPS_AFTER_PROGRESS "poll-stops-after-progress" "stops polling once a callback has come" => poll_stops_after_progress;
}

/// How much later than polling a callback must come to be worked on, in milliseconds.
const AFTER_POLL: i64 = 100;
/// Questions with a pause before there is none any more: a job that ends soon is not in its way.
const COOL_POLLS: u32 = 5;

// the submit

fn callback_misplaced(stages: &mut ReceiverStages) {
    stages.submit_body.after(|_, mut body| {
        let input = body.get_mut("input").and_then(Value::as_object_mut);
        if let Some(input) = input
            && let Some(Value::Object(metadata)) = input.remove("metadata")
        {
            input.extend::<Map<_, _>>(metadata);
        }
        body
    });
}

fn own_task_id(stages: &mut ReceiverStages) {
    stages.submitted.around(|next, machine, submitted| {
        let own = json!({"task_id": format!("job-{}", submitted.ticket)});
        next.run(machine, submitted).answering(|response| {
            if response.is_success() { Response::json(response.status, &own) } else { response }
        })
    });
}

// the callback

fn callback_unlinked(stages: &mut ReceiverStages) {
    stages.recognise.after(|_, recognised| {
        recognised.map(|delivery| Delivery { secret: None, started: None, ..delivery })
    });
}

fn early_callback_refused(stages: &mut ReceiverStages) {
    stages.recognise.around(|next, machine, delivery| {
        if delivery.started.is_some_and(|ticket| !machine.started.is_submitted(ticket)) {
            return Err(Response::text(404, "no such hook"));
        }
        next.run(machine, delivery)
    });
}

fn callback_after_poll_works(stages: &mut ReceiverStages) {
    let worked = Memory::<bool>::default();
    repeat(stages, move |arrival, end| {
        let is_late = arrival.now.as_millisecond() - end.at.as_millisecond() > AFTER_POLL;
        !end.is_called_back && is_late && worked.mark(&arrival.key)
    });
}

// polling

fn never_polls(stages: &mut ReceiverStages) {
    stages.submitted.after(|_, mut reaction| {
        reaction.acts.retain(|act| !matches!(act, Act::Poll { .. }));
        reaction
    });
}

fn polls_once(stages: &mut ReceiverStages) {
    ask_at_once(stages, |asked| asked == 0);
    stages.polled.after(|_, next| Next { again: false, ..next });
}

fn polls_hot(stages: &mut ReceiverStages) {
    ask_at_once(stages, |asked| asked >= COOL_POLLS);
}

/// Leaves out the pause before some questions for a status.
fn ask_at_once(stages: &mut ReceiverStages, when: fn(u32) -> bool) {
    stages.pause.around(move |next, machine, question| match question {
        Question::Status(asked) if when(asked) => Duration::ZERO,
        question => next.run(machine, question),
    });
}

fn poll_knows_no_failure(stages: &mut ReceiverStages) {
    stages.polled.before(|_, polled| match polled.says {
        Says::Status(_, Phase::Failed) => {
            Polled { says: Says::Status("running".to_owned(), Phase::Running), ..polled }
        }
        _ => polled,
    });
}

fn poll_works_too(stages: &mut ReceiverStages) {
    let worked = Arc::new(Memory::<bool>::default());
    let polled = Arc::clone(&worked);
    stages.record.around(move |next, machine, arrival| {
        let (key, is_poll) = (arrival.key.clone(), !arrival.is_callback());
        let mut recorded = next.run(machine, arrival);
        if is_poll && recorded.end_before.is_some_and(|end| end.is_called_back) {
            recorded.work |= polled.mark(&key);
        }
        recorded
    });
    stages.is_settled.around(move |next, machine, ticket| {
        let key = StartedJobs::key(ticket);
        let was_called_back = machine.ledger.end_of(&key).is_some_and(|end| end.is_called_back);
        next.run(machine, ticket) && (!was_called_back || worked.is_marked(&key))
    });
}

fn poll_stops_at_error(stages: &mut ReceiverStages) {
    stages.polled.around(|next, machine, polled| match polled.says {
        Says::Unknown | Says::Nothing => Next::again(false),
        Says::Status(..) => next.run(machine, polled),
    });
}

fn polls_forever(stages: &mut ReceiverStages) {
    stages.is_settled.after(|_, _| false);
}

fn poll_stops_after_progress(stages: &mut ReceiverStages) {
    stop_polling(stages, |has_come: &mut bool, _| *has_come = true, |has_come| *has_come);
}

/// Stops polling when some progress has been told.
pub(super) fn stop_polling<V: Default + Send + 'static>(
    stages: &mut ReceiverStages,
    note: impl Fn(&mut V, &Arrival) + Send + Sync + 'static,
    stops: impl Fn(&V) -> bool + Send + Sync + 'static,
) {
    let told = Arc::new(Memory::<V>::default());
    let progress = Arc::clone(&told);
    stages.record.before(move |_, arrival| {
        if arrival.event.is_progress() {
            told.with(&arrival.key, |noted| note(noted, &arrival));
        }
        arrival
    });
    stages.is_settled.around(move |next, machine, ticket| {
        progress.with(&StartedJobs::key(ticket), |noted| stops(noted)) || next.run(machine, ticket)
    });
}
