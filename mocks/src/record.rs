//! An exchange as one JSON line, for the journal of a running mock: who, when, what, and what came
//! of it. Keys in header fields are masked, signatures are not; bodies are text, cut where they are very
//! long.

use serde_json::{Map, Value, json};

use crate::journal::{Exchange, Leg};
use crate::wire::{Headers, Request, Response};

/// Longest body written out, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// What the name of a header field contains whose value is a secret.
const SECRET: &[&str] = &["authorization", "cookie", "api-key", "apikey", "token", "secret"];
/// Schemes of `Authorization`; another first word may be a key.
const SCHEMES: &[&str] = &["bearer", "token", "basic", "digest", "apikey", "key"];

/// The exchange as a JSON object.
pub fn json(exchange: &Exchange) -> Value {
    let (from, to) = parties(exchange.leg);
    let mut line = json!({
        "seq": exchange.seq,
        "at_ms": u64::try_from(exchange.at.as_millis()).unwrap_or(u64::MAX),
        "took_ms": u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
        "from": from,
        "to": to,
        "request": request(&exchange.request),
    });
    match &exchange.answer {
        Ok(answer) => line["answer"] = response(answer),
        Err(why) => line["no_answer"] = json!(why),
    }
    line
}

fn parties(leg: Leg) -> (&'static str, &'static str) {
    match leg {
        Leg::Client => ("client", "gateway"),
        Leg::Upstream(vendor) => ("caller", vendor.name()),
        Leg::Callback(vendor) => (vendor.name(), "receiver"),
        Leg::Inbox => ("anybody", "inbox"),
        Leg::Gateway => ("receiver", "gateway"),
    }
}

/// A request as a JSON object.
pub fn request(request: &Request) -> Value {
    json!({
        "method": request.method,
        "target": request.target,
        "headers": headers(&request.headers),
        "body": text(&request.body),
    })
}

fn response(response: &Response) -> Value {
    json!({
        "status": response.status,
        "headers": headers(&response.headers),
        "body": text(&response.body),
    })
}

/// Repeated fields become a list, so that none is lost.
fn headers(headers: &Headers) -> Value {
    let mut all = Map::new();
    for (name, value) in headers.iter() {
        let name = name.to_ascii_lowercase();
        let value = if SECRET.iter().any(|part| name.contains(part)) { masked(value) } else { json!(value) };
        match all.get_mut(&name) {
            None => {
                all.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(one) => *one = json!([one.clone(), value]),
        }
    }
    Value::Object(all)
}

/// The scheme stays readable, because a wrong one is what people look for.
fn masked(value: &str) -> Value {
    match value.split_once(' ') {
        Some((scheme, _)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => {
            json!(format!("{scheme} <secret>"))
        }
        _ => json!("<secret>"),
    }
}

fn text(body: &[u8]) -> String {
    let cut = &body[..body.len().min(BODY_MAX)];
    let text = String::from_utf8_lossy(cut).into_owned();
    if cut.len() < body.len() { format!("{text}… ({} bytes)", body.len()) } else { text }
}
