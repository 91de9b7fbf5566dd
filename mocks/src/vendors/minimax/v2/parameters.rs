//! What a v2 create takes: a list of text and media whose roles decide what is made, and few fields
//! beside it.
//!
//! The tables stand first; the checks below only walk them. One text is the vendor's, that a prompt is
//! needed; the others are ours after `invalid params, `.

use serde_json::Value;

use super::super::{Shape, absent, first_fault, names_media, text};
use super::{CONTEXT_IR, GENERATION, REGENERATION};

/// The model that does everything; its sibling only generates.
pub(super) const H3: &str = "MiniMax-H3";

const PROMPT_MAX: usize = 7_000;
const BODY_BYTES: usize = 64 * 1024 * 1024;
/// No limit is documented for the rest.
const ANY: usize = usize::MAX;
const ADAPTIVE: &str = "adaptive";

/// Fields of a create, whatever it makes; what is not listed is ignored.
const FIELDS: &[(&str, Shape)] = &[
    ("model", Shape::Text(ANY)),
    ("content", Shape::List),
    ("resolution", Shape::Text(ANY)),
    ("duration", Shape::Whole),
    ("ratio", Shape::OneOf(&[ADAPTIVE, "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"])),
    ("callback_url", Shape::Text(ANY)),
    ("aigc_watermark", Shape::Flag),
    ("extra", Shape::Object),
    ("source_task_id", Shape::Text(ANY)),
];

/// What each kind of task cannot do without; what replaces content in a regeneration is examined apart.
const REQUIRED: &[(&str, &[&str])] = &[
    (GENERATION, &["model", "content", "resolution", "duration"]),
    (CONTEXT_IR, &["model", "content", "duration"]),
    (REGENERATION, &["model", "resolution"]),
];

/// What a model takes for a kind of task.
struct Model {
    name: &'static str,
    task: &'static str,
    resolutions: &'static [&'static str],
    /// Seconds, both included.
    durations: (i64, i64),
    /// Whether it takes `extra`.
    extra: bool,
}

#[rustfmt::skip]
const MODELS: &[Model] = &[
    Model { name: H3, task: GENERATION, resolutions: &["768P", "2K"], durations: (4, 15), extra: false },
    Model { name: "MiniMax-H3-Max", task: GENERATION, resolutions: &["480P", "768P"], durations: (5, 15), extra: true },
    Model { name: H3, task: CONTEXT_IR, resolutions: &[], durations: (4, 15), extra: false },
    Model { name: H3, task: REGENERATION, resolutions: &["2K"], durations: (4, 15), extra: false },
];

const EXPANSIONS: &[&str] = &["disabled", "balanced", "quality"];

/// Which part a medium plays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Frame,
    Reference,
    Base,
}

struct Role {
    name: &'static str,
    kind: &'static str,
    part: Part,
    most: usize,
}

const fn role(name: &'static str, kind: &'static str, part: Part, most: usize) -> Role {
    Role { name, kind, part, most }
}

const ROLES: &[Role] = &[
    role("first_frame", "image_url", Part::Frame, 1),
    role("last_frame", "image_url", Part::Frame, 1),
    role("reference_image", "image_url", Part::Reference, 9),
    role("reference_video", "video_url", Part::Reference, 3),
    role("reference_audio", "audio_url", Part::Reference, 3),
    role("base_video", "video_url", Part::Base, 1),
];

/// How each kind of media may be named.
const MEDIA: &[(&str, &[&str])] = &[
    ("image_url", &["http://", "https://", "mm_file://", "data:image/"]),
    ("video_url", &["http://", "https://", "mm_file://", "data:video/mp4;base64,"]),
    ("audio_url", &["http://", "https://", "mm_file://", "data:audio/"]),
];

/// Examines a create of a kind of task.
pub(super) fn examine(task: &str, body: &Value, length: usize) -> Result<(), String> {
    if length > BODY_BYTES {
        return Err("the body must not be larger than 64 MB".to_owned());
    }
    let required = REQUIRED.iter().find(|(name, _)| *name == task).map_or(&[][..], |(_, fields)| fields);
    if let Some(field) = required.iter().find(|field| **field != "content" && absent(&body[**field])) {
        return Err(format!("{field} is required"));
    }
    if let Some(fault) = first_fault(FIELDS, body) {
        return Err(fault);
    }
    let named = body["model"].as_str().unwrap_or_default();
    let Some(model) = MODELS.iter().find(|model| model.name == named && model.task == task) else {
        return Err(format!("model {named} is not supported"));
    };
    match (task == REGENERATION, absent(&body["content"]), absent(&body["source_task_id"])) {
        (true, true, true) => return Err("content or source_task_id is required".to_owned()),
        (true, false, false) => {
            return Err("content and source_task_id must not be given together".to_owned());
        }
        (true, true, false) => {}
        _ => content(task, body)?,
    }
    numbers(model, body)?;
    ratio_fits(task, body)?;
    extra(model, &body["extra"])
}

/// The prompt: the first text that is not empty.
pub(super) fn prompt(body: &Value) -> Option<String> {
    items(body).iter().filter(|item| item["type"] == "text").find_map(|item| text(item, "text"))
}

/// How many media of a kind there are.
pub(super) fn count(body: &Value, kind: &str) -> usize {
    items(body).iter().filter(|item| item["type"] == kind && item["role"] != "base_video").count()
}

/// The ratio a task says: frames decide it themselves, and a regeneration has none.
pub(super) fn ratio(task: &str, body: &Value) -> String {
    match task {
        REGENERATION => String::new(),
        _ if parts(body).contains(&Part::Frame) => ADAPTIVE.to_owned(),
        _ => text(body, "ratio").unwrap_or_else(|| ADAPTIVE.to_owned()),
    }
}

fn items(body: &Value) -> &[Value] {
    body["content"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The role of a medium. Only a single image may leave it out: it is the first frame.
fn role_of(item: &Value, body: &Value) -> Option<&'static Role> {
    let name = match item["role"].as_str() {
        Some(name) if !name.is_empty() => name,
        _ if !absent(&item["role"]) => return None,
        _ if item["type"] == "image_url" && count(body, "image_url") == 1 => "first_frame",
        _ => return None,
    };
    ROLES.iter().find(|role| role.name == name && item["type"] == role.kind)
}

fn parts(body: &Value) -> Vec<Part> {
    items(body).iter().filter_map(|item| role_of(item, body)).map(|role| role.part).collect()
}

fn content(task: &str, body: &Value) -> Result<(), String> {
    let mut played: Vec<&Role> = Vec::new();
    for item in items(body) {
        if item["type"] == "text" {
            if let Some(fault) = first_fault(&[("text", Shape::Text(PROMPT_MAX))], item) {
                return Err(format!("content {fault}"));
            }
            continue;
        }
        played.push(medium(item, body)?);
    }
    // In a regeneration one copy of the page has the text beside the video and the other has not.
    if prompt(body).is_none() && task != REGENERATION {
        return Err("content must include a non-empty text item (prompt is required)".to_owned());
    }
    for role in ROLES {
        let found = played.iter().filter(|one| one.name == role.name).count();
        let most = if role.part == Part::Base && task != REGENERATION { 0 } else { role.most };
        if found > most {
            return Err(format!("content must not include more than {most} {}", role.name));
        }
    }
    let plays = |part: Part| played.iter().any(|role| role.part == part);
    if task == REGENERATION && !plays(Part::Base) {
        return Err("content must include one base_video".to_owned());
    }
    if plays(Part::Frame) && plays(Part::Reference) {
        return Err("content must not mix frame roles and reference roles".to_owned());
    }
    let heard = |role: &&&Role| role.name == "reference_audio";
    if played.iter().any(|role| heard(&role)) && played.iter().all(|role| heard(&role)) {
        return Err("content must not include reference_audio alone".to_owned());
    }
    Ok(())
}

fn medium(item: &Value, body: &Value) -> Result<&'static Role, String> {
    let kind = item["type"].as_str().unwrap_or_default();
    let Some((kind, prefixes)) = MEDIA.iter().find(|(name, _)| *name == kind) else {
        return Err("content type must be one of text, image_url, video_url, audio_url".to_owned());
    };
    if !names_media(&item[*kind]["url"], prefixes) {
        return Err(format!("content {kind} must have a url that is public, mm_file:// or a data URI"));
    }
    role_of(item, body).ok_or_else(|| format!("content role of {kind} is missing or not one of its roles"))
}

fn numbers(model: &Model, body: &Value) -> Result<(), String> {
    if let Some(wanted) = text(body, "resolution")
        && !model.resolutions.is_empty()
        && !model.resolutions.contains(&wanted.as_str())
    {
        return Err(format!("resolution of {} must be one of {}", model.name, model.resolutions.join(", ")));
    }
    let (shortest, longest) = model.durations;
    // A regeneration is as long as its source.
    if model.task != REGENERATION
        && !body["duration"].as_i64().is_some_and(|wanted| (shortest..=longest).contains(&wanted))
    {
        return Err(format!("duration of {} must be between {shortest} and {longest}", model.name));
    }
    Ok(())
}

fn ratio_fits(task: &str, body: &Value) -> Result<(), String> {
    if task == REGENERATION || !parts(body).is_empty() {
        return Ok(());
    }
    match text(body, "ratio").as_deref() {
        None => Err("ratio is required for text-to-video".to_owned()),
        Some(ADAPTIVE) => Err("ratio must not be adaptive for text-to-video".to_owned()),
        Some(_) => Ok(()),
    }
}

fn extra(model: &Model, value: &Value) -> Result<(), String> {
    let Some(fields) = value.as_object() else { return Ok(()) };
    if !model.extra {
        return Err(format!("extra is not supported by {}", model.name));
    }
    let known = |(name, value): (&String, &Value)| {
        name == "prompt_expansion_mode"
            && (value.is_null() || value.as_str().is_some_and(|mode| EXPANSIONS.contains(&mode)))
    };
    if fields.iter().all(known) {
        return Ok(());
    }
    Err(format!("extra takes prompt_expansion_mode only, one of {}", EXPANSIONS.join(", ")))
}
