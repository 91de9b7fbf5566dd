//! The client's end of Vidu, as the reference gateway speaks it.

use serde_json::{Map, Value, json};

use super::WORDS;
use crate::client::{Blame, Client, Declined, Sighting, Wish};
use crate::dialect::{Phase, Word};
use crate::wire::{Request, Response};

/// How a client speaks the dialect.
pub(super) const CLIENT: Client = Client { create, created, query, queried };

fn create(wish: &Wish) -> Request {
    let mut body =
        Map::from_iter([("model".to_owned(), json!(wish.model)), ("prompt".to_owned(), json!(wish.prompt))]);
    if !wish.images.is_empty() {
        body.insert("images".to_owned(), json!(wish.images));
    }
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration));
    }
    body.extend(wish.options.clone());
    // First frame, first and last frame, or more pictures than frames can be.
    let product = match wish.images.len() {
        0 => "text2video",
        1 => "img2video",
        2 => "start-end2video",
        _ => "reference2video",
    };
    Request::post(format!("/ent/v2/{product}"), &Value::Object(body))
}

fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    if response.is_success()
        && let Some(id) = body["task_id"].as_str()
    {
        return Ok(id.to_owned());
    }
    let blame = match (response.status, body["reason"].as_str()) {
        (400, Some("CreditInsufficient")) => Blame::Operator,
        (400, _) => Blame::Request,
        (429, _) => Blame::Load,
        _ => Blame::Operator,
    };
    Err(Declined { blame, message: body["message"].as_str().unwrap_or("unreadable answer").to_owned() })
}

fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("/ent/v2/tasks/{id}/creations"))
}

fn queried(body: &Value) -> Sighting {
    let word = body["state"].as_str().unwrap_or_default();
    match Word::phase_of(WORDS, word) {
        Some(Phase::Succeeded) => Sighting::Done(
            body["creations"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|creation| creation["url"].as_str().map(str::to_owned))
                .collect(),
        ),
        Some(Phase::Failed) => Sighting::Failed(body["err_code"].as_str().unwrap_or("failed").to_owned()),
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
