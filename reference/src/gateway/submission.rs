//! Reading a submit request: the body, the types of its fields, and what is forwarded of it.
//!
//! Bytes in, a submission or a mistake out. Nothing is sent from here; where keys may stand is `placement`.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::routing::Reply;
use super::service::Context;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// A request that keeps the contract.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) images: Vec<String>,
    pub(super) duration: Option<u64>,
    /// The options for the vendor, `callback_url` included when one is to be forwarded.
    pub(super) options: Object,
    /// The callback URL as given.
    pub(super) callback_url: Option<String>,
}

/// Why a submit was refused.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub(super) status: u16,
    /// The error's type.
    pub(super) kind: &'static str,
    pub(super) message: String,
    /// Whether it is about a key where none may stand.
    pub(super) is_misplacement: bool,
}

impl Mistake {
    /// A mistake of the client's.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { status: 400, kind: "invalid_request_error", message: message.into(), is_misplacement: false }
    }
}

/// The body of a submit: as it came, and its two levels as JSON.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) text: Bytes,
    pub(super) root: Arc<Object>,
    pub(super) input: Object,
}

impl Body {
    /// `input.metadata`, if it is an object.
    pub(super) fn metadata(&self) -> Option<&Object> {
        self.input.get("metadata")?.as_object()
    }
}

/// The allow-listed fields besides the prompt.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) images: Vec<String>,
    pub(super) duration: Option<u64>,
    pub(super) metadata: Object,
}

/// A callback URL as given, and the body it was found in.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) body: Arc<Body>,
    pub(super) url: String,
}

/// What the options for the vendor are made of.
#[derive(Clone, Debug)]
pub(super) struct Forwarding {
    pub(super) metadata: Object,
    /// The callback URL to forward.
    pub(super) url: Option<String>,
}

/// Keys of metadata that are never passed on as options.
pub(super) const RESERVED: &[&str] = &["callback_url", "model", "prompt"];

pub(super) fn read(service: &Context, text: Bytes) -> Result<Submission, Mistake> {
    let body = body(service, text)?;
    let submission = service.stages.understand.run(service, Arc::clone(&body))?;
    service.stages.placement.run(service, body)?;
    Ok(submission)
}

/// The body of a submit, if it has the two levels that every submit has.
pub(super) fn body(service: &Context, text: Bytes) -> Result<Arc<Body>, Mistake> {
    let root = Arc::new(service.stages.root.run(service, text.clone())?);
    let input = service.stages.input.run(service, Arc::clone(&root))?;
    Ok(Arc::new(Body { text, root, input }))
}

pub(super) fn root(text: &[u8]) -> Result<Object, Mistake> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(root)) => Ok(root),
        _ => Err(Mistake::new("the body must be a JSON object")),
    }
}

pub(super) fn input(root: &Object) -> Result<Object, Mistake> {
    match root.get("input") {
        Some(Value::Object(input)) => Ok(input.clone()),
        _ => Err(Mistake::new("input is required and must be an object")),
    }
}

pub(super) fn understand(service: &Context, body: Arc<Body>) -> Result<Submission, Mistake> {
    let stages = &service.stages;
    let model = stages.model.run(service, Arc::clone(&body))?;
    let prompt = stages.prompt.run(service, body.input.get("prompt").cloned())?;
    let Fields { images, duration, metadata } = stages.fields.run(service, body.input.clone())?;
    let found = stages.find_callback.run(service, Arc::clone(&body));
    let callback_url = stages.check_callback.run(service, found)?;
    let url = callback_url.clone().map(|url| stages.forward_callback.run(service, Given { body, url }));
    let options = stages.options.run(service, Forwarding { metadata, url });
    Ok(Submission { model, prompt, images, duration, options, callback_url })
}

pub(super) fn model(body: &Body) -> Result<String, Mistake> {
    match body.root.get("model") {
        Some(Value::String(model)) if !model.is_empty() => Ok(model.clone()),
        _ => Err(Mistake::new("model is required")),
    }
}

pub(super) fn prompt(value: Option<Value>) -> Result<String, Mistake> {
    match value {
        Some(Value::String(prompt)) if !prompt.trim().is_empty() => Ok(prompt),
        Some(Value::String(_)) | None => Err(Mistake::new("input.prompt is required")),
        Some(_) => Err(Mistake::new("input.prompt must be a string")),
    }
}

pub(super) fn fields(input: &Object) -> Result<Fields, Mistake> {
    if let Some(field) = wrong_types(input).next() {
        return Err(Mistake::new(format!("input.{field} has the wrong type")));
    }
    let text = |field: &str| input.get(field).and_then(Value::as_str);
    let seconds = match text("seconds").map(str::parse) {
        Some(Err(_)) => return Err(Mistake::new("input.seconds must be a number in a string")),
        Some(Ok(seconds)) => Some(seconds),
        None => None,
    };
    let more = input.get("images").and_then(Value::as_array).into_iter().flatten();
    let images = text("image").into_iter().chain(more.filter_map(Value::as_str)).map(str::to_owned).collect();
    let duration = input.get("duration").and_then(Value::as_u64).or(seconds);
    let metadata = input.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    Ok(Fields { images, duration, metadata })
}

/// The allow-listed fields that have the wrong type.
pub(super) fn wrong_types(input: &Object) -> impl Iterator<Item = &'static str> {
    let texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    let is = |field: &str, kind: fn(&Value) -> bool| input.get(field).is_none_or(kind);
    let rules = [
        ("size", is("size", Value::is_string)),
        ("image", is("image", Value::is_string)),
        ("seconds", is("seconds", Value::is_string)),
        ("images", is("images", texts)),
        ("duration", is("duration", Value::is_u64)),
        ("metadata", is("metadata", Value::is_object)),
    ];
    rules.into_iter().filter_map(|(field, is_right)| (!is_right).then_some(field))
}

pub(super) fn check_callback(value: Option<Value>) -> Result<Option<String>, Mistake> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(url)) => Ok(Some(url).filter(|url| !url.is_empty())),
        Some(_) => Err(Mistake::new("input.metadata.callback_url must be a string")),
    }
}

pub(super) fn options(Forwarding { metadata, url }: Forwarding) -> Object {
    let mut options: Object =
        metadata.into_iter().filter(|(key, _)| !RESERVED.contains(&key.as_str())).collect();
    options.extend(url.map(|url| ("callback_url".to_owned(), Value::from(url))));
    options
}

pub(super) fn refuse(service: &Context, Mistake { status, kind, message, .. }: Mistake) -> Reply {
    service.error(status, kind, message)
}
