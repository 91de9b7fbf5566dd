//! What a callback says: from bytes to an event, or why it cannot be read.
//!
//! Pure. Where each dialect keeps what is a table; which words there are is the vendors' own table. Whether a callback is to
//! be believed is not decided here.

use ringback_mocks::vendor::{Phase, Vendor};
use ringback_mocks::wire::Response;
use serde_json::{Map, Value, json};

use super::delivery::{Challenge, Delivery, JobEvent};
use super::machine::ReceiverMachine;

/// Longest body that is read.
pub(crate) const BODY_MAX: usize = ringback_mocks::http::REQUEST_MAX;

/// Why a delivery cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Its body is too long.
    TooLong,
    /// Its body is not UTF-8.
    NotText,
    /// Its body is not JSON, or too deep.
    NotJson,
    /// Its body is JSON and not an object.
    NotAnObject,
    /// There is no id where a dialect of the vendor has it.
    NoRecord,
    /// The id or the state is not what it should be.
    BadRecord,
}

/// The text of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) delivery: Delivery,
    pub(crate) text: String,
}

/// The record of a job in a delivery.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) delivery: Delivery,
    pub(crate) shape: &'static Shape,
    pub(crate) fields: Map<String, Value>,
}

/// A state word of a dialect.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) vendor: Vendor,
    pub(crate) dialect: &'static str,
    pub(crate) text: String,
}

/// Where a dialect's callbacks keep what a receiver needs.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) dialect: &'static str,
    /// The member around the record; none where the record is the body.
    wrapper: Option<&'static str>,
    pub(crate) id: &'static str,
    pub(crate) state: &'static str,
    pub(crate) time: Option<&'static str>,
}

impl Shape {
    const fn row(
        dialect: &'static str,
        wrapper: Option<&'static str>,
        id: &'static str,
        state: &'static str,
        time: Option<&'static str>,
    ) -> Self {
        Self { dialect, wrapper, id, state, time }
    }
}

#[rustfmt::skip]
pub(crate) const SHAPES: &[Shape] = &[
    Shape::row("kling-legacy", None,         "task_id", "task_status", Some("updated_at")),
    Shape::row("kling-v2",     None,         "id",      "status",      Some("update_time")),
    Shape::row("ark",          None,         "id",      "status",      Some("updated_at")),
    Shape::row("minimax-v2",   Some("task"), "id",      "status",      Some("updated_at")),
    Shape::row("minimax-v1",   None,         "task_id", "status",      None),
    Shape::row("vidu",         None,         "id",      "state",       None),
];

/// The challenge in a delivery of MiniMax's, whatever else is in it.
pub(crate) fn challenge(delivery: &Delivery) -> Option<Challenge> {
    if delivery.vendor.name() != "minimax" {
        return None;
    }
    let document: Map<String, Value> = serde_json::from_slice(&delivery.request.body).ok()?;
    let value = document.get("challenge")?.clone();
    Some(Challenge { delivery: delivery.clone(), value, members: document.len() })
}

/// What a delivery says.
pub(crate) fn read(machine: &ReceiverMachine, delivery: Delivery) -> Result<JobEvent, Response> {
    let unreadable = |why| machine.unreadable(&delivery, why);
    let body = &delivery.request.body;
    if body.len() > BODY_MAX {
        return Err(unreadable(Unreadable::TooLong));
    }
    let text = std::str::from_utf8(body).map_err(|_| unreadable(Unreadable::NotText))?.to_owned();
    let document = machine.stages.document.run(machine, Text { delivery: delivery.clone(), text })?;
    let (shape, fields) =
        shaped(delivery.vendor, &document).ok_or_else(|| unreadable(Unreadable::NoRecord))?;
    machine.stages.event.run(machine, Record { delivery, shape, fields })
}

/// The document in a text.
pub(crate) fn document(machine: &ReceiverMachine, text: Text) -> Result<Map<String, Value>, Response> {
    let Text { delivery, text } = text;
    match serde_json::from_str(&text) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err(machine.unreadable(&delivery, Unreadable::NotAnObject)),
        Err(_) => Err(machine.unreadable(&delivery, Unreadable::NotJson)),
    }
}

/// The event that a record tells of.
pub(crate) fn event(machine: &ReceiverMachine, record: Record) -> Result<JobEvent, Response> {
    let Record { delivery, shape, fields } = record;
    let bad = || machine.unreadable(&delivery, Unreadable::BadRecord);
    let id = match fields.get(shape.id) {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        Some(Value::Number(id)) if id.is_u64() => id.to_string(),
        _ => return Err(bad()),
    };
    let word = fields.get(shape.state).and_then(Value::as_str).ok_or_else(bad)?.to_owned();
    let (vendor, dialect) = (delivery.vendor, shape.dialect);
    let payload = fields.get("payload").and_then(Value::as_str);
    Ok(JobEvent {
        id,
        dialect,
        phase: machine.stages.meaning.run(machine, Word { vendor, dialect, text: word.clone() }),
        word,
        time: shape.time.and_then(|time| fields.get(time)?.as_i64()),
        result: result_in(&fields),
        has_payload: payload.is_some_and(|payload| !payload.is_empty()),
    })
}

/// What a state word of a vendor means: its callbacks' words, and those of its queries, which some of its pages print in
/// callbacks too.
pub(crate) fn meaning(_: &ReceiverMachine, word: Word) -> Option<Phase> {
    let Word { vendor, dialect, text } = word;
    let own = vendor.dialects().iter().filter(|one| one.name == dialect);
    let others = vendor.dialects().iter().filter(|one| one.name != dialect);
    own.chain(others)
        .flat_map(|one| one.words)
        .find(|row| row.callback == Some(text.as_str()) || row.query == text)
        .map(|row| row.phase)
}

/// The answer to a delivery that cannot be read.
pub(crate) fn unreadable(_: &ReceiverMachine, (_, why): (Delivery, Unreadable)) -> Response {
    let status = if why == Unreadable::TooLong { 413 } else { 400 };
    Response::json(status, &json!({"error": "this is not a callback"}))
}

/// The dialect a document is in, and its record: the first that has an id where that dialect keeps it.
fn shaped(vendor: Vendor, document: &Map<String, Value>) -> Option<(&'static Shape, Map<String, Value>)> {
    let spoken = |shape: &&Shape| vendor.dialects().iter().any(|one| one.name == shape.dialect);
    let record = |shape: &Shape| -> Option<&Map<String, Value>> {
        let record = match shape.wrapper {
            Some(wrapper) => document.get(wrapper)?.as_object()?,
            None => document,
        };
        record.get(shape.id).filter(|id| !id.is_null()).map(|_| record)
    };
    SHAPES.iter().filter(spoken).find_map(|shape| Some((shape, record(shape)?.clone())))
}

/// The first result a record names, a URL or the id of a file.
fn result_in(record: &Map<String, Value>) -> Option<String> {
    record.iter().find_map(|(name, value)| match value {
        Value::String(text) if text.starts_with("http") || (name == "file_id" && !text.is_empty()) => {
            Some(text.clone())
        }
        Value::Object(inner) => result_in(inner),
        Value::Array(items) => items.iter().filter_map(Value::as_object).find_map(result_in),
        _ => None,
    })
}
