//! The client's end of the Ark API, as the reference gateway speaks it.

use serde_json::{Map, Value, json};

use super::tables::{TASKS, WORDS};
use crate::client::{Blame, Declined, Sighting, Wish};
use crate::dialect::{Phase, Word};
use crate::wire::{Request, Response};

/// The create call of a job.
pub(super) fn create(wish: &Wish) -> Request {
    let mut content = vec![json!({"type": "text", "text": wish.prompt})];
    if let Some(image) = wish.images.first() {
        content.push(json!({"type": "image_url", "image_url": {"url": image}, "role": "first_frame"}));
    }
    let mut body =
        Map::from_iter([("model".to_owned(), json!(wish.model)), ("content".to_owned(), json!(content))]);
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration));
    }
    body.extend(wish.options.clone());
    Request::post(TASKS, &Value::Object(body))
}

/// The task id in the answer, or whose doing it is that there is none.
pub(super) fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    if response.is_success()
        && let Some(id) = body["id"].as_str()
    {
        return Ok(id.to_owned());
    }
    let blame = match response.status {
        400 | 404 => Blame::Request,
        429 => Blame::Load,
        _ => Blame::Operator,
    };
    let message = body["error"]["message"].as_str().unwrap_or("unreadable answer").to_owned();
    Err(Declined { blame, message })
}

/// The query call of a task.
pub(super) fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("{TASKS}/{id}"))
}

/// What an answer to a query says.
pub(super) fn queried(body: &Value) -> Sighting {
    let word = body["status"].as_str().unwrap_or_default();
    match Word::phase_of(WORDS, word) {
        Some(Phase::Succeeded) => {
            Sighting::Done(body["content"]["video_url"].as_str().map(str::to_owned).into_iter().collect())
        }
        Some(phase) if phase.is_terminal() => Sighting::Failed(
            body["error"]["message"].as_str().map_or_else(|| format!("the task is {word}"), str::to_owned),
        ),
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
