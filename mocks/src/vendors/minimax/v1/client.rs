//! The client's end of v1: business errors hide in HTTP 200, and the result takes a second call.

use serde_json::{Map, Value, json};

use super::{CREATE, QUERY, RETRIEVE, V1};
use crate::client::{Blame, Client, Declined, Sighting, Wish};
use crate::dialect::Phase;
use crate::wire::{Request, Response};

/// How a client speaks v1.
pub(super) const CLIENT: Client = Client { create, created, query, queried };

fn create(wish: &Wish) -> Request {
    let mut body =
        Map::from_iter([("model".to_owned(), json!(wish.model)), ("prompt".to_owned(), json!(wish.prompt))]);
    if let Some(image) = wish.images.first() {
        body.insert("first_frame_image".to_owned(), json!(image));
    }
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration));
    }
    body.extend(wish.options.clone());
    Request::post(CREATE, &Value::Object(body))
}

fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    let base = &body["base_resp"];
    if base["status_code"] == 0
        && let Some(id) = body["task_id"].as_str().filter(|id| !id.is_empty())
    {
        return Ok(id.to_owned());
    }
    let blame = match base["status_code"].as_u64() {
        Some(1026 | 1042 | 2013) => Blame::Request,
        Some(1002 | 1039 | 1041 | 2045 | 2056) => Blame::Load,
        _ if response.status == 429 => Blame::Load,
        _ => Blame::Operator,
    };
    Err(Declined { blame, message: base["status_msg"].as_str().unwrap_or("unreadable answer").to_owned() })
}

fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("{QUERY}?task_id={id}"))
}

/// Reads both hops: a query answer, and the answer of files/retrieve.
fn queried(body: &Value) -> Sighting {
    if let Some(url) = body["file"]["download_url"].as_str() {
        return Sighting::Done(vec![url.to_owned()]);
    }
    let word = body["status"].as_str().unwrap_or_default();
    match V1.phase(word) {
        Some(Phase::Succeeded) => match body["file_id"].as_str() {
            Some(file) => Sighting::DoneAt(Request::get(format!("{RETRIEVE}?file_id={file}"))),
            None => Sighting::Unknown(word.to_owned()),
        },
        Some(Phase::Failed) => {
            Sighting::Failed(body["base_resp"]["status_msg"].as_str().unwrap_or("failed").to_owned())
        }
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
