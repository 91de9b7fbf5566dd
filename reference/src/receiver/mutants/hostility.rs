//! Mutants that break on what no vendor sends, or accept it.

use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Response;
use serde_json::{Deserializer, Map, Value};

use super::tolerance::refuse_deliveries;
use crate::deviation::deviations;
use crate::framing::Framing;
use crate::receiver::Receiver;
use crate::receiver::callback::{BODY_MAX, Record, SHAPES, Unreadable};
use crate::receiver::delivery::{Arrival, Delivery};
use crate::receiver::machine::ReceiverMachine;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    MALFORMED_IS_500 "malformed-is-500" "answers 500 to what is not JSON" => malformed_is_500;
    UTF8_IS_500 "utf8-is-500" "answers 500 to what is not UTF-8" => utf8_is_500;
    NESTING_IS_500 "nesting-is-500" "answers 500 to deep nesting" => nesting_is_500;
    DUPLICATE_KEYS_WORK_TWICE "duplicate-keys-work-twice" "does the work for each of two ids in one record" => duplicate_keys_work_twice;
    HUGE_IS_500 "huge-is-500" "answers 500 to a body beyond its limit" => huge_is_500;
    SLOW_BODY_BLOCKS "slow-body-blocks" "reads one callback of a URL at a time" => slow_body_blocks;
    PUT_WORKS "put-works" "takes PUT for POST" => put_works;
    GET_IS_500 "get-is-500" "answers 500 to a GET" => get_is_500;
    FORM_ACCEPTED "form-accepted" "understands forms as well" => form_accepted;
    XML_IS_500 "xml-is-500" "answers 500 to XML" => xml_is_500;
    ARRAY_IS_500 "array-is-500" "answers 500 to JSON that is no object" => array_is_500;
    MISSING_ID_IS_500 "missing-id-is-500" "answers 500 to a record without id" => missing_id_is_500;
    STATE_NUMBER_IS_500 "state-number-is-500" "answers 500 to a state that is a number" => state_number_is_500;
    EMPTY_IS_500 "empty-is-500" "answers 500 to an empty body" => empty_is_500;
    MALFORMED_ACKED "malformed-acked" "acknowledges what is not JSON" => malformed_acked, excludes ["malformed-is-500", "utf8-is-500", "nesting-is-500", "array-is-500", "empty-is-500"];
    MISSING_ID_ACKED "missing-id-acked" "acknowledges a record without id" => missing_id_acked, excludes ["missing-id-is-500"];
    UNKNOWN_HOOK_ACKED "unknown-hook-acked" "acknowledges callbacks at paths it does not serve" => unknown_hook_acked;
    ODD_ID_IS_500 "odd-id-is-500" "answers 500 to an id with a control character" => odd_id_is_500;
    TRAILING_DATA_ACCEPTED "trailing-data-accepted" "reads the first document of a body and ignores the rest" => trailing_data_accepted;
}

/// What is read of a body where one beyond the ordinary limit is an accident.
const BODY_READ: usize = 16 * 1024 * 1024;
/// Deepest nesting that the parser follows.
const DEPTH_MAX: usize = 128;

// what it cannot read

fn malformed_is_500(stages: &mut ReceiverStages) {
    fail(stages, |why, delivery| {
        let body = &delivery.request.body;
        // What is empty, deep or no JSON by its own account is the business of other mutants.
        let is_ordinary = !body.is_empty() && delivery.media_type().contains("json") && !is_deep(body);
        why == Unreadable::NotJson && is_ordinary
    });
}

fn utf8_is_500(stages: &mut ReceiverStages) {
    fail(stages, |why, _| why == Unreadable::NotText);
}

fn nesting_is_500(stages: &mut ReceiverStages) {
    fail(stages, |why, delivery| why == Unreadable::NotJson && is_deep(&delivery.request.body));
}

fn array_is_500(stages: &mut ReceiverStages) {
    fail(stages, |why, _| why == Unreadable::NotAnObject);
}

fn missing_id_is_500(stages: &mut ReceiverStages) {
    fail(stages, |why, _| why == Unreadable::NoRecord);
}

fn empty_is_500(stages: &mut ReceiverStages) {
    fail(stages, |_, delivery| delivery.request.body.is_empty());
}

/// Answers 500 to some deliveries that it cannot read.
fn fail(stages: &mut ReceiverStages, when: fn(Unreadable, &Delivery) -> bool) {
    answer_unreadable(stages, when, |_| Response::text(500, "out of order"));
}

fn malformed_acked(stages: &mut ReceiverStages) {
    use Unreadable::{NotAnObject, NotJson, NotText};
    let is_malformed = |why, _: &Delivery| matches!(why, NotText | NotJson | NotAnObject);
    answer_unreadable(stages, is_malformed, ReceiverMachine::acknowledged);
}

fn missing_id_acked(stages: &mut ReceiverStages) {
    answer_unreadable(stages, |why, _| why == Unreadable::NoRecord, ReceiverMachine::acknowledged);
}

/// Answers some deliveries that it cannot read in its own way.
fn answer_unreadable(
    stages: &mut ReceiverStages,
    when: fn(Unreadable, &Delivery) -> bool,
    answer: fn(&ReceiverMachine) -> Response,
) {
    stages.unreadable.around(move |next, machine, (delivery, why)| {
        if when(why, &delivery) { answer(machine) } else { next.run(machine, (delivery, why)) }
    });
}

/// Whether brackets go deeper than the parser follows, roughly: those inside of strings count too.
fn is_deep(body: &[u8]) -> bool {
    let (mut deepest, mut depth) = (0_usize, 0_usize);
    for byte in body {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest > DEPTH_MAX
}

// what it reads and breaks on

fn xml_is_500(stages: &mut ReceiverStages) {
    refuse_deliveries(stages, 500, |delivery| delivery.media_type().contains("xml"));
}

fn state_number_is_500(stages: &mut ReceiverStages) {
    break_on(stages, |record| record.fields.get(record.shape.state).is_some_and(Value::is_number));
}

fn odd_id_is_500(stages: &mut ReceiverStages) {
    break_on(stages, |record| {
        let id = record.fields.get(record.shape.id).and_then(Value::as_str).unwrap_or_default();
        id.chars().any(char::is_control)
    });
}

/// Answers 500 to some records.
fn break_on(stages: &mut ReceiverStages, when: fn(&Record) -> bool) {
    stages.event.around(move |next, machine, record| {
        if when(&record) {
            return Err(Response::text(500, "out of order"));
        }
        next.run(machine, record)
    });
}

// what it reads otherwise

fn duplicate_keys_work_twice(stages: &mut ReceiverStages) {
    stages.report.around(|next, machine, arrival| {
        let ids = every_id(&arrival);
        let mut reaction = next.run(machine, arrival.clone());
        for id in ids.into_iter().filter(|id| *id != arrival.event.id) {
            let key = if arrival.started.is_some() { arrival.key.clone() } else { id.clone() };
            let mut other = Arrival { key, ..arrival.clone() };
            other.event.id = id;
            reaction = reaction.and(next.run(machine, other).acts);
        }
        reaction
    });
}

/// Every id in the body of a callback, were its record to have more than one.
fn every_id(arrival: &Arrival) -> Vec<String> {
    let shape = SHAPES.iter().find(|shape| shape.dialect == arrival.event.dialect);
    let (Some(shape), Some(delivery)) = (shape, &arrival.delivery) else { return Vec::new() };
    let member = format!("\"{}\":", shape.id);
    String::from_utf8_lossy(&delivery.request.body)
        .split(&member)
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next().map(str::to_owned))
        .collect()
}

fn form_accepted(stages: &mut ReceiverStages) {
    stages.document.around(|next, machine, text| {
        if text.delivery.media_type().contains("form") {
            let fields = url::form_urlencoded::parse(text.text.as_bytes());
            let fields = fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
            return Ok(fields.collect::<Map<_, _>>());
        }
        next.run(machine, text)
    });
}

fn trailing_data_accepted(stages: &mut ReceiverStages) {
    stages.document.before(|_, mut text| {
        let mut documents = Deserializer::from_str(&text.text).into_iter::<Value>();
        if let Some(Ok(_)) = documents.next() {
            let end = documents.byte_offset();
            text.text.truncate(end);
        }
        text
    });
}

// methods, paths and the wire

fn put_works(stages: &mut ReceiverStages) {
    stages.door.before(|_, mut delivery| {
        if delivery.request.method == "PUT" {
            "POST".clone_into(&mut delivery.request.method);
        }
        delivery
    });
}

fn get_is_500(stages: &mut ReceiverStages) {
    stages.door.around(|next, machine, delivery| {
        if delivery.request.method == "GET" {
            return Some(Response::text(500, "out of order"));
        }
        next.run(machine, delivery)
    });
}

fn unknown_hook_acked(stages: &mut ReceiverStages) {
    stages.handle.around(|next, machine, incoming| {
        let hook = machine.stages.hook.run(machine, incoming.request.clone());
        if hook.is_some_and(|hook| Vendor::named(&hook.vendor).is_none()) {
            return machine.acknowledged().into();
        }
        next.run(machine, incoming)
    });
}

fn huge_is_500(stages: &mut ReceiverStages) {
    stages.wire.body_max = BODY_READ;
    stages.door.around(|next, machine, delivery| {
        let is_huge = delivery.request.body.len() > BODY_MAX;
        next.run(machine, delivery).or_else(|| is_huge.then(|| Response::text(500, "out of memory")))
    });
}

fn slow_body_blocks(stages: &mut ReceiverStages) {
    stages.wire.all.push(Framing::OneAtATime);
}
