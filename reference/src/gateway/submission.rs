//! Reading a submit request: the allow-list, the types, and the placement of `callback_url`.
//!
//! Pure: bytes in, a submission or a mistake out. Nothing is sent from here.

use serde_json::{Map, Value};

use super::defect::Defect;
use super::urls;
use ringback_mocks::vendor::Vendor;

/// A request that keeps the contract.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) images: Vec<String>,
    pub(super) duration: Option<u64>,
    /// The options for the vendor, `callback_url` included when one is to be forwarded.
    pub(super) options: Map<String, Value>,
    /// The callback URL as given.
    pub(super) callback_url: Option<String>,
}

/// Why a request was refused.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub(super) status: u16,
    pub(super) message: String,
    /// What would have been submitted, for defects that act before they refuse.
    pub(super) otherwise: Option<Box<Submission>>,
}

/// Keys allowed at the top of `input`.
const ALLOWED: &[&str] = &["prompt", "size", "image", "images", "duration", "seconds", "metadata"];
/// Keys the documentation names as examples of what is not allowed there.
const NAMED: &[&str] =
    &["quality", "resolution", "n", "mask_url", "aspectRatio", "negativePrompt", "callback_url"];
/// Keys of metadata that are never passed on as options.
const RESERVED: &[&str] = &["callback_url", "model", "prompt"];

pub(super) fn read(body: &[u8], defect: Option<Defect>) -> Result<Submission, Mistake> {
    let is = |candidate| defect == Some(candidate);
    let root = match serde_json::from_slice(body) {
        Ok(Value::Object(root)) => root,
        Ok(Value::Array(list)) if is(Defect::ArrayBodyUnwrapped) => match list.into_iter().next() {
            Some(Value::Object(root)) => root,
            _ => return Err(mistake("the body must be a JSON object")),
        },
        Ok(_) if is(Defect::NonObjectIs500) => return Err(crash()),
        _ => return Err(mistake("the body must be a JSON object")),
    };
    let model = match root.get("model") {
        Some(Value::String(model)) if !model.is_empty() => model.clone(),
        None if is(Defect::ModelOptional) => "kling-v1".to_owned(),
        Some(other) if is(Defect::ModelTypeIs500) && !other.is_string() => return Err(crash()),
        _ => return Err(mistake("model is required")),
    };
    let filled_in;
    let input = match root.get("input") {
        Some(Value::Object(input)) => input,
        _ if is(Defect::InputOptional) => {
            filled_in = Map::from_iter([("prompt".to_owned(), Value::from("untitled"))]);
            &filled_in
        }
        _ => return Err(mistake("input is required and must be an object")),
    };
    if is(Defect::NullIs500) && input.values().any(Value::is_null) {
        return Err(crash());
    }
    let prompt = prompt(input.get("prompt"), defect)?;
    let fields = Fields::read(input, defect)?;
    let (callback_url, mut forwarded) = callback(&root, &fields.metadata, defect)?;
    if is(Defect::JsonEscapesKept) && forwarded.is_some() {
        forwarded = as_written(body).or(forwarded);
    }
    let options = options(&fields.metadata, forwarded, defect);
    let submission =
        Submission { model, prompt, images: fields.images, duration: fields.duration, options, callback_url };
    check_placement(&root, input, defect)
        .map_err(|refused| Mistake { otherwise: Some(Box::new(submission.clone())), ..refused })?;
    Ok(submission)
}

fn prompt(value: Option<&Value>, defect: Option<Defect>) -> Result<String, Mistake> {
    match value {
        Some(Value::String(prompt)) if !prompt.trim().is_empty() => Ok(prompt.clone()),
        Some(Value::String(prompt)) if defect == Some(Defect::BlankPromptAccepted) && !prompt.is_empty() => {
            Ok(prompt.clone())
        }
        Some(Value::String(prompt)) if defect == Some(Defect::SourcePathShown) && !prompt.is_empty() => {
            Err(mistake("/srv/gateway/src/routes/submit.py:118: prompt.strip() is empty"))
        }
        None if defect == Some(Defect::PromptOptional) => Ok("untitled".to_owned()),
        Some(Value::String(_)) | None => Err(mistake("input.prompt is required")),
        Some(other) if defect == Some(Defect::PromptCoerced) => Ok(other.to_string()),
        Some(_) => Err(mistake("input.prompt must be a string")),
    }
}

/// The allow-listed fields besides the prompt.
struct Fields {
    images: Vec<String>,
    duration: Option<u64>,
    metadata: Map<String, Value>,
}

impl Fields {
    fn read(input: &Map<String, Value>, defect: Option<Defect>) -> Result<Self, Mistake> {
        let lenient = defect == Some(Defect::TypesUnchecked);
        let wrong = |field: &str| {
            if lenient { Ok(()) } else { Err(mistake(&format!("input.{field} has the wrong type"))) }
        };
        for field in ["size", "image", "seconds"] {
            if input.get(field).is_some_and(|value| !value.is_string()) {
                wrong(field)?;
            }
        }
        if input.contains_key("seconds") && defect == Some(Defect::SecondsRefused) {
            return Err(mistake("input.seconds is not supported"));
        }
        let mut images: Vec<String> =
            input.get("image").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
        match input.get("images") {
            None => {}
            Some(Value::Array(urls)) if urls.iter().all(Value::is_string) => {
                images.extend(urls.iter().filter_map(|url| url.as_str().map(str::to_owned)));
            }
            Some(_) => wrong("images")?,
        }
        let duration = input.get("duration").and_then(Value::as_u64);
        if input.contains_key("duration") && duration.is_none() {
            wrong("duration")?;
        }
        let seconds = input.get("seconds").and_then(Value::as_str);
        let seconds = match seconds.map(str::parse) {
            Some(Err(_)) if !lenient => return Err(mistake("input.seconds must be a number in a string")),
            Some(Ok(seconds)) if defect != Some(Defect::SecondsDropped) => Some(seconds),
            _ => None,
        };
        let metadata = match input.get("metadata") {
            Some(Value::Object(metadata)) => {
                if let Some(key) =
                    metadata.keys().find(|key| defect == Some(Defect::MetadataClosed) && !known(key))
                {
                    return Err(mistake(&format!("input.metadata.{key} is not known")));
                }
                metadata.clone()
            }
            None => Map::new(),
            Some(_) => {
                wrong("metadata")?;
                Map::new()
            }
        };
        Ok(Self { images, duration: duration.or(seconds), metadata })
    }
}

/// The callback URL as given, and as it is to be forwarded.
fn callback(
    root: &Map<String, Value>,
    metadata: &Map<String, Value>,
    defect: Option<Defect>,
) -> Result<(Option<String>, Option<String>), Mistake> {
    let is = |candidate| defect == Some(candidate);
    let mut given = metadata.get("callback_url").cloned();
    if is(Defect::FindsNestedCallback) {
        given = given.or_else(|| nested(metadata));
    }
    if is(Defect::MetadataCaseInsensitive) {
        given = given.or_else(|| {
            metadata.iter().find(|(key, _)| like_callback_url(key)).map(|(_, value)| value.clone())
        });
    }
    let at_root = root.get("callback_url").cloned();
    if is(Defect::RootCallbackForwarded) || (is(Defect::RootCallbackWins) && given.is_some()) {
        given = at_root.or(given);
    }
    if is(Defect::InputCallbackForwarded) {
        given = given.or_else(|| root["input"].get("callback_url").cloned());
    }
    let url = match given {
        None | Some(Value::Null) if is(Defect::DefaultCallback) => {
            return Ok((None, Some("https://operator.example.com/hook".to_owned())));
        }
        None | Some(Value::Null) => return Ok((None, None)),
        Some(Value::String(url)) => url,
        Some(number @ Value::Number(_)) if is(Defect::CallbackCoerced) => number.to_string(),
        Some(_) if is(Defect::WrongTypeIs500) => return Err(crash()),
        Some(_) => return Err(mistake("input.metadata.callback_url must be a string")),
    };
    if url.is_empty() && !is(Defect::EmptyCallbackForwarded) {
        return Ok((None, None));
    }
    if is(Defect::PrivateHostIs500) && urls::is_private(&url) {
        return Err(Mistake { status: 500, message: "internal error".to_owned(), otherwise: None });
    }
    let forwarded = urls::rewrite(defect, &url);
    Ok((Some(url), Some(forwarded)))
}

fn check_placement(
    root: &Map<String, Value>,
    input: &Map<String, Value>,
    defect: Option<Defect>,
) -> Result<(), Mistake> {
    let is = |candidate| defect == Some(candidate);
    let vidu = || root.get("model").and_then(Value::as_str).is_some_and(|model| model.starts_with("vidu"));
    if is(Defect::PlacementUncheckedWithImages) && input.contains_key("images")
        || is(Defect::PlacementUncheckedForVidu) && vidu()
    {
        return Ok(());
    }
    let in_metadata = input.get("metadata").is_some_and(|metadata| metadata.get("callback_url").is_some());
    for key in input.keys().filter(|key| !ALLOWED.contains(&key.as_str())) {
        let tolerated = match key.as_str() {
            "callback_url" => {
                is(Defect::InputCallbackIgnored)
                    || is(Defect::InputCallbackForwarded)
                    || (is(Defect::TwoPlacesAccepted) && in_metadata)
                    || (is(Defect::EmptyInputCallbackAccepted) && input[key] == "")
            }
            key => {
                is(Defect::InputOpen)
                    || (is(Defect::InputDenylist) && !NAMED.contains(&key))
                    || (is(Defect::InputCaseVariantsAccepted) && like_callback_url(key))
            }
        };
        if !tolerated {
            let status = if is(Defect::PlacementIs422) && key == "callback_url" { 422 } else { 400 };
            let message = format!("input.{key} is not allowed; put it under input.metadata");
            return Err(Mistake { status, message, otherwise: None });
        }
    }
    let root_tolerated = is(Defect::RootCallbackIgnored)
        || is(Defect::RootCallbackForwarded)
        || (is(Defect::RootCallbackWins) && in_metadata);
    if root.contains_key("callback_url") && !root_tolerated {
        return Err(mistake("callback_url belongs under input.metadata"));
    }
    Ok(())
}

fn options(
    metadata: &Map<String, Value>,
    forwarded: Option<String>,
    defect: Option<Defect>,
) -> Map<String, Value> {
    let is = |candidate| defect == Some(candidate);
    let mut options: Map<String, Value> = metadata
        .iter()
        .filter(|(key, _)| !RESERVED.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let dropped = is(Defect::CallbackDropped) || (is(Defect::DroppedWithOptions) && !options.is_empty());
    if let Some(url) = forwarded.filter(|_| !dropped) {
        let field = if is(Defect::CallbackFieldRenamed) { "notify_url" } else { "callback_url" };
        options.insert(field.to_owned(), Value::from(url));
    }
    if is(Defect::MetadataModelWins)
        && let Some(model) = metadata.get("model")
    {
        options.insert("model".to_owned(), model.clone());
        options.insert("model_name".to_owned(), model.clone());
    }
    options
}

/// The first callback URL in a JSON text, escapes and all.
fn as_written(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"callback_url\":\"")?;
    rest.split('"').next().map(str::to_owned)
}

fn like_callback_url(key: &str) -> bool {
    key != "callback_url" && key.replace('_', "").eq_ignore_ascii_case("callbackurl")
}

fn nested(value: &Map<String, Value>) -> Option<Value> {
    value.values().find_map(|value| match value {
        Value::Object(inner) => inner.get("callback_url").cloned().or_else(|| nested(inner)),
        _ => None,
    })
}

/// Options of the vendors' documented samples and what every gateway knows.
fn known(key: &str) -> bool {
    RESERVED.contains(&key)
        || Vendor::all()
            .flat_map(|vendor| vendor.dialects().iter())
            .any(|dialect| dialect.sample.option.0 == key)
}

/// A client's mistake that this software takes for its own.
fn crash() -> Mistake {
    Mistake { status: 500, message: "build_request_failed".to_owned(), otherwise: None }
}

fn mistake(message: &str) -> Mistake {
    Mistake { status: 400, message: message.to_owned(), otherwise: None }
}
