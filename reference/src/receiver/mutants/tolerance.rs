//! Mutants that know less of what vendors may write, or understand it wrongly.

use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::Response;
use serde_json::Value;

use super::memory::Memory;
use crate::deviation::deviations;
use crate::framing::Framing;
use crate::receiver::Receiver;
use crate::receiver::callback::Record;
use crate::receiver::delivery::{Delivery, JobEvent};
use crate::receiver::ledger::Recorded;
use crate::receiver::stages::ReceiverStages;
use crate::receiver::trust;

deviations! {
    Mutant of Receiver;
    EXPIRED_IS_400 "expired-is-400" "refuses Ark's word expired" => expired_is_400;
    SUCCEEDED_UNKNOWN "succeeded-unknown" "does not know the success word of Kling's API 2.0" => succeeded_unknown;
    FAILURE_IGNORED "failure-ignored" "acknowledges failed jobs and forgets them" => failure_ignored;
    EXPIRED_IGNORED "expired-ignored" "takes Ark's expired for nothing new" => expired_ignored;
    CANCELLED_IGNORED "cancelled-ignored" "takes MiniMax's cancelled for nothing new" => cancelled_ignored;
    FAILURE_BELIEVED_SUCCESS "failure-believed-success" "takes every end of a job for a success" => failure_believed_success;
    PROGRESS_DOES_WORK "progress-does-work" "does the work when a job is reported as running" => progress_does_work;
    QUEUED_DOES_WORK "queued-does-work" "does the work when a job is reported as queued" => queued_does_work;
    UNKNOWN_FIELDS_REFUSED "unknown-fields-refused" "refuses callbacks with fields it does not know" => unknown_fields_refused;
    TIMES_REQUIRED "times-required" "refuses callbacks of Kling, Ark and MiniMax without their times" => times_required;
    PAYLOAD_REQUIRED "payload-required" "refuses callbacks of Vidu without payload" => payload_required;
    ERROR_REQUIRED "error-required" "refuses failures of Ark without error" => error_required;
    NULLS_ARE_500 "nulls-are-500" "answers 500 when a field is null" => nulls_are_500;
    KLING_V2_UNKNOWN "kling-v2-unknown" "refuses the callbacks of Kling's API 2.0" => kling_v2_unknown;
    MINIMAX_WRAPPER_UNKNOWN "minimax-wrapper-unknown" "refuses the callbacks of MiniMax's API v2" => minimax_wrapper_unknown;
    CONTENT_TYPE_LITERAL "content-type-literal" "answers 415 unless the content type is written as in the documentation" => content_type_literal;
    HEADER_CASE_COUNTS "header-case-counts" "finds Kling's signature headers only in lower case" => header_case_counts;
    IDS_AS_FLOATS "ids-as-floats" "reads ids of digits as floating-point numbers" => ids_as_floats;
    SMALL_BODY_LIMIT "small-body-limit" "answers 413 to bodies of more than 64 KiB" => small_body_limit;
    ASCII_ONLY "ascii-only" "refuses bodies with bytes beyond ASCII" => ascii_only;
    FIRST_FIELD_IS_ID "first-field-is-id" "refuses records whose first field is not the id" => first_field_is_id;
    UNKNOWN_WORD_IS_500 "unknown-word-is-500" "answers 500 to a state word it does not know" => unknown_word_is_500;
    UNKNOWN_WORD_DOES_WORK "unknown-word-does-work" "takes a state word it does not know for the end" => unknown_word_does_work;
    CAPITALS_UNKNOWN "capitals-unknown" "does not know the words of MiniMax's query in a callback" => capitals_unknown;
}

/// The limit of a small body.
const BODY_SMALL: usize = 64 * 1024;

// what it refuses

fn expired_is_400(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, event| {
        record.shape.dialect == "ark" && event.phase == Some(Phase::Expired)
    });
}

fn unknown_fields_refused(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, _| record.fields.keys().any(|name| name.starts_with("x_")));
}

fn times_required(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, _| {
        record.shape.time.is_some_and(|time| !record.fields.contains_key(time))
    });
}

fn payload_required(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, _| {
        record.shape.dialect == "vidu" && !record.fields.contains_key("payload")
    });
}

fn error_required(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, event| {
        let has_failed = record.shape.dialect == "ark" && event.phase == Some(Phase::Failed);
        has_failed && !record.fields.contains_key("error")
    });
}

fn nulls_are_500(stages: &mut ReceiverStages) {
    refuse_events(stages, 500, |record, _| record.fields.values().any(Value::is_null));
}

fn kling_v2_unknown(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, _| record.shape.dialect == "kling-v2");
}

fn minimax_wrapper_unknown(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, _| record.shape.dialect == "minimax-v2");
}

fn first_field_is_id(stages: &mut ReceiverStages) {
    refuse_events(stages, 400, |record, _| {
        record.fields.keys().next().is_none_or(|first| first != record.shape.id)
    });
}

fn unknown_word_is_500(stages: &mut ReceiverStages) {
    refuse_events(stages, 500, |_, event| event.phase.is_none());
}

fn small_body_limit(stages: &mut ReceiverStages) {
    refuse_deliveries(stages, 413, |delivery| delivery.request.body.len() > BODY_SMALL);
}

fn ascii_only(stages: &mut ReceiverStages) {
    refuse_deliveries(stages, 400, |delivery| !delivery.request.body.is_ascii());
}

fn content_type_literal(stages: &mut ReceiverStages) {
    stages.door.around(|next, machine, delivery| {
        let literal = ["application/json", "application/json; charset=utf-8"];
        let is_literal = literal.contains(&delivery.field("content-type"));
        let refusal = || Response::text(415, "only JSON");
        next.run(machine, delivery).or_else(|| (!is_literal).then(refusal))
    });
}

fn header_case_counts(stages: &mut ReceiverStages) {
    stages.wire.all.push(Framing::NamesAsWritten);
    stages.handle.before(|_, mut incoming| {
        let is_lower = |name: &str| !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let is_found = |name: &str| is_lower(name) || !name.to_ascii_lowercase().starts_with("webhook-");
        let headers = incoming.request.headers.iter().filter(|(name, _)| is_found(name)).collect();
        incoming.request.headers = headers;
        incoming
    });
}

/// Refuses some events that it has understood.
fn refuse_events(stages: &mut ReceiverStages, status: u16, when: fn(&Record, &JobEvent) -> bool) {
    stages.event.around(move |next, machine, record| {
        let event = next.run(machine, record.clone())?;
        if when(&record, &event) { Err(Response::text(status, "not like this")) } else { Ok(event) }
    });
}

/// Refuses some deliveries before it reads them.
pub(super) fn refuse_deliveries(stages: &mut ReceiverStages, status: u16, when: fn(&Delivery) -> bool) {
    stages.read.around(move |next, machine, delivery| {
        if when(&delivery) {
            return Err(Response::text(status, "not like this"));
        }
        next.run(machine, delivery)
    });
}

// what it overlooks

fn succeeded_unknown(stages: &mut ReceiverStages) {
    overlook(stages, |event| event.dialect == "kling-v2" && event.phase == Some(Phase::Succeeded));
}

fn failure_ignored(stages: &mut ReceiverStages) {
    overlook(stages, |event| event.phase == Some(Phase::Failed) && !event.dialect.is_empty());
}

fn expired_ignored(stages: &mut ReceiverStages) {
    overlook(stages, |event| event.dialect == "ark" && event.phase == Some(Phase::Expired));
}

fn cancelled_ignored(stages: &mut ReceiverStages) {
    overlook(stages, |event| event.dialect == "minimax-v2" && event.phase == Some(Phase::Cancelled));
}

/// Does not note some events.
pub(super) fn overlook(stages: &mut ReceiverStages, when: fn(&JobEvent) -> bool) {
    stages.record.around(move |next, machine, arrival| {
        if when(&arrival.event) {
            return Recorded::default();
        }
        next.run(machine, arrival)
    });
}

// what it misunderstands

fn failure_believed_success(stages: &mut ReceiverStages) {
    stages.record.before(|_, mut arrival| {
        if arrival.event.is_end() {
            arrival.event.phase = Some(Phase::Succeeded);
            "succeeded".clone_into(&mut arrival.event.word);
        }
        arrival
    });
}

fn unknown_word_does_work(stages: &mut ReceiverStages) {
    stages.record.before(|_, mut arrival| {
        arrival.event.phase = arrival.event.phase.or(Some(Phase::Succeeded));
        arrival
    });
}

fn capitals_unknown(stages: &mut ReceiverStages) {
    stages.meaning.around(|next, machine, word| {
        let mut rows = word.vendor.dialects().iter().flat_map(|dialect| dialect.words);
        let is_of_callbacks = rows.any(|row| row.callback == Some(word.text.as_str()));
        next.run(machine, word).filter(|_| is_of_callbacks)
    });
}

fn progress_does_work(stages: &mut ReceiverStages) {
    work_early(stages, Phase::Running);
}

fn queued_does_work(stages: &mut ReceiverStages) {
    work_early(stages, Phase::Queued);
}

/// Does the work of a job at a phase before its end, and not at the end any more.
fn work_early(stages: &mut ReceiverStages, early: Phase) {
    let worked = Memory::<bool>::default();
    stages.record.around(move |next, machine, arrival| {
        let (key, phase) = (arrival.key.clone(), arrival.event.phase);
        let mut recorded = next.run(machine, arrival);
        if recorded.end_before.is_none() {
            if phase == Some(early) {
                recorded.work = worked.mark(&key);
            } else {
                recorded.work &= !worked.is_marked(&key);
            }
        }
        recorded
    });
}

fn ids_as_floats(stages: &mut ReceiverStages) {
    stages.event.around(|next, machine, record| {
        // Who confirms by id needs the very one.
        let is_signed = trust::signs(record.delivery.vendor);
        let mut event = next.run(machine, record)?;
        if is_signed {
            event.id = as_float(&event.id);
        }
        Ok(event)
    });
    stages.effects.around(|next, machine, id| {
        let float = as_float(&id);
        next.run(machine, id).or_else(|| next.run(machine, float))
    });
}

/// An id of digits as a floating-point number has it.
fn as_float(id: &str) -> String {
    match id.parse::<f64>() {
        Ok(number) if id.bytes().all(|byte| byte.is_ascii_digit()) => format!("{number:.0}"),
        _ => id.to_owned(),
    }
}
