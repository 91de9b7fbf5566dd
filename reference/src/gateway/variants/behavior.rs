//! Variants of what the gateway does: the ids it gives, when it calls the vendor and how, what it remembers of requests.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::response::escaped;
use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::routing::Endpoint;
use crate::gateway::service::Context;
use crate::gateway::stages::Stages;
use crate::gateway::task::{self, Accepted, Outcome};
use crate::gateway::vendor_answers::VENDOR_ANSWERS_WITHIN;
use crate::memory::Memory;
use ringback_mocks::client::{Blame, Declined};
use ringback_mocks::ids::Ids;
use ringback_mocks::vendor::{Dialect, Document};
use ringback_mocks::wire::{Request, Response};

deviations! { Variant of Gateway;
    // ids
    ULID_IDS "ulid-ids" "gives ids of 26 characters that sort by time" =>
        |stages| give_ids(stages, |ids| format!("task_01HF{}", ids.alphanumeric(22).to_ascii_uppercase())),
        excludes ["bare-ids", "uuid-ids", "punctuated-ids", "long-ids"];
    BARE_IDS "bare-ids" "gives ids of 32 hexadecimal digits without a prefix" =>
        |stages| give_ids(stages, |ids| ids.hex(32)), excludes ["uuid-ids", "punctuated-ids", "long-ids"];
    UUID_IDS "uuid-ids" "gives UUIDs" =>
        |stages| give_ids(stages, Ids::uuid), excludes ["punctuated-ids", "long-ids"];
    PUNCTUATED_IDS "punctuated-ids" "gives ids with dots, colons and a tilde" =>
        |stages| give_ids(stages, |ids| format!("eu.west:{}~v1.0", ids.alphanumeric(24))), excludes ["long-ids"];
    LONG_IDS "long-ids" "gives ids of 200 characters" =>
        |stages| give_ids(stages, |ids| format!("task_{}", ids.alphanumeric(195)));
    // requests
    QUEUES_CREATES "queues-creates" "answers a submit before it calls the vendor" => queues_creates;
    RETRIES_WHEN_LIMITED "retries-when-limited" "asks again when the vendor limits the rate" => retries_when_limited;
    LIMITS_THE_RATE "limits-the-rate" "answers 429 to some requests that come for the first time" => limits_the_rate;
    DEDUPLICATES "deduplicates" "answers the same request twice with the same task" => deduplicates;
    LAGS_BEHIND "lags-behind" "looks at the vendor every half second only, and later than it is asked" => lags_behind;
    // calls to the vendor
    DROPS_UNKNOWN_OPTIONS "drops-unknown-options" "passes on only those metadata keys that the vendor documents" =>
        drops_unknown_options;
    ESCAPES_UPSTREAM "escapes-upstream" "escapes slashes and everything that is not ASCII in what it sends to the vendor" =>
        escapes_upstream;
    TAGS_UPSTREAM "tags-upstream" "adds tracing headers to its calls to the vendor" => tags_upstream;
    PROBES_UPSTREAM "probes-upstream" "looks whether the vendor is there before each create" => probes_upstream;
}

/// How often a gateway that lags behind looks at the vendor.
const LAG: Duration = Duration::from_millis(500);
/// How long a gateway that queues takes before it calls the vendor.
const QUEUE: Duration = Duration::from_millis(40);
/// Tries of a create that meets the vendor's limit, and the pause before each further one.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(60);
/// Entries kept for requests that come again; a demonstration forgets all of them when it is full.
const KEPT: usize = 20_000;

fn give_ids(stages: &mut Stages, make: fn(&mut Ids) -> String) {
    stages.task_id.around(move |_, _, _| make(&mut Ids::seeded(fastrand::u64(..))));
}

/// Remembers something, and forgets everything else when there is too much.
fn keep<K: Eq + Hash, V>(kept: &Memory<HashMap<K, V>>, key: K, value: V) {
    let mut kept = kept.open();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(key, value);
}

/// What makes two requests equal.
fn key_of(request: &Request) -> Bytes {
    let who = request.headers.get("authorization").unwrap_or_default();
    Bytes::from([who.as_bytes(), b"\n", request.target.as_bytes(), b"\n", &request.body].concat())
}

fn queues_creates(stages: &mut Stages) {
    stages.carry_out.around_async(|_, service, order| async move {
        let accepted = Accepted::new(order.clone(), String::new());
        let task = service.stages.accept.run(&service, accepted);
        let (id, reply) = (task.id.clone(), task::announce(&service, task));
        tokio::spawn(async move {
            tokio::time::sleep(QUEUE).await;
            let created = service.stages.create.run(&service, order).await;
            settle(&service, &id, created.result);
        });
        reply
    });
}

/// Notes what came of a create after its job was accepted.
fn settle(service: &Context, id: &str, result: Result<String, Declined>) {
    if let Some(task) = service.tasks().get_mut(id) {
        match result {
            Ok(vendor_id) => task.vendor_id = vendor_id,
            Err(declined) => task.last = Outcome::Failed(declined.message),
        }
    }
}

fn retries_when_limited(stages: &mut Stages) {
    stages.create.around_async(|next, service, order| async move {
        let mut created = next.run(&service, order.clone()).await;
        let mut tries = 1;
        while created.result.as_ref().is_err_and(|declined| declined.blame == Blame::Load) && tries < TRIES {
            tries += 1;
            tokio::time::sleep(PAUSE).await;
            created = next.run(&service, order.clone()).await;
        }
        created
    });
}

fn limits_the_rate(stages: &mut Stages) {
    let refused = Memory::<HashSet<Bytes>>::default();
    stages.serve.around_async(move |next, service, request| {
        let key = key_of(&request);
        // Some, and always the same ones: a sum is as good as a die here.
        let sum = key.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31) ^ u32::from(*byte));
        let is_refused = sum.is_multiple_of(4) && is_new(&refused, key);
        async move {
            if !is_refused {
                return next.run(&service, request).await;
            }
            let reply = service.error(429, "rate_limit_error", "too many requests");
            let Response { status, mut headers, body } = service.stages.write.run(&service, reply);
            headers.push("retry-after", "0");
            Response { status, headers, body }
        }
    });
}

/// Notes a request; whether it was not noted before.
fn is_new(noted: &Memory<HashSet<Bytes>>, key: Bytes) -> bool {
    let mut noted = noted.open();
    if noted.len() >= KEPT {
        noted.clear();
    }
    noted.insert(key)
}

fn deduplicates(stages: &mut Stages) {
    let answers = Memory::<HashMap<Bytes, Response>>::default();
    stages.serve.around_async(move |next, service, request| {
        let answers = answers.clone();
        async move {
            if Endpoint::of(&request) != Some(Endpoint::Submit) {
                return next.run(&service, request).await;
            }
            let key = key_of(&request);
            let known = answers.open().get(&key).cloned();
            if let Some(known) = known {
                return known;
            }
            let response = next.run(&service, request).await;
            if response.is_success() {
                keep(&answers, key, response.clone());
            }
            response
        }
    });
}

/// It waits even with the first look.
fn lags_behind(stages: &mut Stages) {
    let looks = Memory::<HashMap<String, Instant>>::default();
    stages.asks_vendor.around(move |next, service, task| {
        let (id, now) = (task.id.clone(), Instant::now());
        if !next.run(service, task) {
            return false;
        }
        let last = looks.open().get(&id).copied();
        let is_due = last.is_some_and(|last| now.duration_since(last) >= LAG);
        if is_due || last.is_none() {
            keep(&looks, id, now);
        }
        is_due
    });
}

fn drops_unknown_options(stages: &mut Stages) {
    stages.create_call.around(|next, service, order| {
        let known = documented(order.route.dialect);
        let call = next.run(service, order);
        let Some(Value::Object(fields)) = call.json() else { return call };
        let kept: Map<String, Value> = fields.into_iter().filter(|(name, _)| known.contains(name)).collect();
        Request { body: Bytes::from(Value::Object(kept).to_string()), ..call }
    });
}

/// The fields that a vendor documents for a create.
fn documented(dialect: &Dialect) -> Vec<String> {
    let schema = dialect.schemas.iter().find(|(document, _)| *document == Document::CreateRequest);
    let schema = schema.and_then(|(_, text)| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    let mut names = Vec::new();
    gather(&schema, &mut names);
    names
}

/// Names of properties at any depth: a schema may tell forms of a body apart.
fn gather(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                if let (true, Some(fields)) = (key == "properties", value.as_object()) {
                    names.extend(fields.keys().cloned());
                }
                gather(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        _ => {}
    }
}

fn escapes_upstream(stages: &mut Stages) {
    stages.send_create.before(|_, mut sending| {
        if let Some(body) = sending.call.json() {
            sending.call.body = Bytes::from(escaped(&body.to_string()));
        }
        sending
    });
}

fn tags_upstream(stages: &mut Stages) {
    stages.create_call.after(|_, call| {
        call.header("x-request-id", "5f0c")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .header("user-agent", "reference/1.0")
    });
}

fn probes_upstream(stages: &mut Stages) {
    stages.create.before_async(|service, order| async move {
        // Whatever it answers, it is there.
        let _ = service.call(&order.route, Request::get("/healthz"), VENDOR_ANSWERS_WITHIN).await;
        order
    });
}
