//! The client's end of v2: honest HTTP codes, and the result in the query's answer.

use serde_json::{Map, Value, json};

use super::{CREATE, QUERY, V2};
use crate::client::{Blame, Client, Declined, Sighting, Wish};
use crate::dialect::Phase;
use crate::wire::{Request, Response};

/// How a client speaks v2.
pub(super) const CLIENT: Client = Client { create, created, query, queried };

/// What a wish leaves open, the vendor requires.
const DURATION: u64 = 5;

fn create(wish: &Wish) -> Request {
    let mut content = vec![json!({"type": "text", "text": wish.prompt})];
    let mut body = Map::from_iter([
        ("model".to_owned(), json!(wish.model)),
        ("resolution".to_owned(), json!("768P")),
        ("duration".to_owned(), json!(wish.duration.unwrap_or(DURATION))),
    ]);
    match wish.images.first() {
        Some(image) => {
            content.push(json!({"type": "image_url", "image_url": {"url": image}, "role": "first_frame"}));
        }
        None => {
            body.insert("ratio".to_owned(), json!("16:9"));
        }
    }
    body.insert("content".to_owned(), json!(content));
    body.extend(wish.options.clone());
    Request::post(CREATE, &Value::Object(body))
}

fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    if response.is_success()
        && let Some(id) = body["task_id"].as_str().filter(|id| !id.is_empty())
    {
        return Ok(id.to_owned());
    }
    let blame = match response.status {
        400 | 422 => Blame::Request,
        429 | 529 => Blame::Load,
        _ => Blame::Operator,
    };
    let message = body["error"]["message"].as_str().unwrap_or("unreadable answer").to_owned();
    Err(Declined { blame, message })
}

fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("{QUERY}/{id}"))
}

fn queried(body: &Value) -> Sighting {
    let task = &body["task"];
    let word = task["status"].as_str().unwrap_or_default();
    match V2.phase(word) {
        Some(Phase::Succeeded) => {
            Sighting::Done(task["content"]["url"].as_str().map(str::to_owned).into_iter().collect())
        }
        Some(phase) if phase.is_terminal() => Sighting::Failed(
            task["error"]["message"].as_str().map_or_else(|| format!("the task is {word}"), str::to_owned),
        ),
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
