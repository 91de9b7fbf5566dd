//! The `content` list of a create: its parts, which may stand together, and what the prompt says
//! about parameters.
//!
//! Sentences in quotes of evidence were seen by third parties (2026-08); the others are ours.

use serde_json::{Map, Value};

use super::models::{Able, Model};
use super::refusals::Fault;

/// What kind of video is asked for, as the vendor calls it in its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// From text alone.
    Text,
    /// From a first frame, and perhaps a last one.
    Frames,
    /// From references.
    References,
}

impl Mode {
    /// The vendor's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Text => "t2v",
            Self::Frames => "i2v",
            Self::References => "r2v",
        }
    }
}

/// What the list says.
#[derive(Debug)]
pub(super) struct Content {
    /// All text.
    pub(super) prompt: String,
    /// The kind of video.
    pub(super) mode: Mode,
    /// The draft to make a video of.
    pub(super) draft_task: Option<String>,
    /// Parameters written into the prompt.
    pub(super) inline: Map<String, Value>,
}

/// A kind of part: the roles it takes and the URLs it takes besides `http(s)` and `asset`.
struct Kind {
    name: &'static str,
    roles: &'static [&'static str],
    data: &'static str,
    what: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "image_url",
        roles: &["first_frame", "last_frame", "reference_image"],
        data: "data:image/",
        what: "image",
    },
    Kind { name: "video_url", roles: &["reference_video"], data: "", what: "video" },
    Kind { name: "audio_url", roles: &["reference_audio"], data: "data:audio/", what: "audio" },
];

const TYPES: &str = "supported values are: `text`, `image_url`, `audio_url`, `video_url`, `draft_task`";

/// Counts of what was found.
#[derive(Default)]
struct Found {
    texts: Vec<String>,
    draft_task: Option<String>,
    first: usize,
    last: usize,
    /// Images that say no role.
    plain: usize,
    images: usize,
    videos: usize,
    audios: usize,
}

/// Reads the list, or says what is wrong with it.
pub(super) fn read(content: &Value, model: &Model, model_name: &str) -> Result<Content, Fault> {
    let parts = match content {
        Value::Null => return Err(Fault::missing("content")),
        Value::Array(parts) if !parts.is_empty() => parts,
        _ => return Err(Fault::invalid("content", "")),
    };
    let mut found = Found::default();
    let mut inline = Map::new();
    for (at, part) in parts.iter().enumerate() {
        one(at, part, &mut found)?;
        if let Some(text) = part["text"].as_str().filter(|_| part["type"] == "text") {
            in_text(at, text, model, model_name, &mut inline)?;
        }
    }
    let mode = together(&found, model, model_name)?;
    Ok(Content { prompt: found.texts.join("\n"), mode, draft_task: found.draft_task, inline })
}

/// All text of a list, whether or not the list is valid.
pub(super) fn prompt(content: &Value) -> Option<String> {
    let texts: Vec<&str> = content
        .as_array()?
        .iter()
        .filter(|part| part["type"] == "text")
        .filter_map(|part| part["text"].as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn one(at: usize, part: &Value, found: &mut Found) -> Result<(), Fault> {
    let place = |field: &str| format!("content[{at}].{field}");
    if !part.is_object() {
        return Err(Fault::invalid(format!("content[{at}]"), ""));
    }
    let kind = match &part["type"] {
        Value::Null => return Err(Fault::missing(place("type"))),
        Value::String(kind) => kind.as_str(),
        _ => return Err(Fault::invalid(place("type"), "")),
    };
    match kind {
        "text" => found.texts.push(text_in(&part["text"], &place("text"))?.to_owned()),
        "draft_task" => {
            let id = inner(part, "draft_task", "id", &place("draft_task"))?;
            found.draft_task = Some(id.to_owned());
        }
        _ => {
            let Some(kind) = KINDS.iter().find(|row| row.name == kind) else {
                return Err(Fault::invalid(
                    place("type"),
                    &format!("invalid value: `{}`, {TYPES}", short(kind)),
                ));
            };
            media(at, part, kind, found)?;
        }
    }
    Ok(())
}

fn media(at: usize, part: &Value, kind: &Kind, found: &mut Found) -> Result<(), Fault> {
    let place = format!("content[{at}].{}", kind.name);
    let url = inner(part, kind.name, "url", &place)?;
    let data = !kind.data.is_empty() && url.starts_with(kind.data);
    if !data && !["http://", "https://", "asset://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Fault::invalid(place, "the URL is not supported"));
    }
    let role = match &part["role"] {
        Value::Null => None,
        Value::String(role) => Some(role.as_str()),
        _ => return Err(Fault::invalid(format!("content[{at}].role"), "")),
    };
    match (role, kind.name) {
        (Some(role), _) if !kind.roles.contains(&role) => {
            let why = format!("invalid role specified for {} content", kind.what);
            return Err(Fault::invalid("content", &why));
        }
        (Some("first_frame"), _) => found.first += 1,
        (Some("last_frame"), _) => found.last += 1,
        (None, "image_url") => found.plain += 1,
        (_, "image_url") => found.images += 1,
        (_, "video_url") => found.videos += 1,
        _ => found.audios += 1,
    }
    Ok(())
}

/// What may stand together. How many references are too many is documented (9 and 3, 30 and 10),
/// but 64 were seen to pass at creation, so they are not counted here.
fn together(found: &Found, model: &Model, model_name: &str) -> Result<Mode, Fault> {
    let wrong = |why: &str| Err(Fault::invalid("content", why));
    let frames = found.first + found.last + found.plain;
    if found.plain > 0 && frames + found.images > 1 {
        return wrong("role must be specified for image contents");
    }
    for (count, what) in [(found.first, "first"), (found.last, "last")] {
        if count > 1 {
            return wrong(&format!(
                "expected at most one {what} frame image content but got {count} instead"
            ));
        }
    }
    let references = found.images + found.videos + found.audios;
    if frames > 0 && references > 0 {
        return wrong("first/last frame content cannot be mixed with reference media content");
    }
    if found.last > 0 && found.first == 0 {
        return wrong("a last frame image content needs a first frame image content");
    }
    if found.draft_task.is_some() && !model.can(Able::Draft) {
        return Err(Fault::unfit("draft_task", model_name, Mode::Text.word()));
    }
    if found.last > 0 && !model.can(Able::LastFrame) {
        return Err(Fault::unfit("content", model_name, Mode::Frames.word()));
    }
    let refused = (found.images > 0 && !model.can(Able::Images))
        || (found.videos + found.audios > 0 && !model.can(Able::Media))
        || (found.audios > 0 && found.images + found.videos == 0 && !model.can(Able::AudioAlone));
    if refused {
        return Err(Fault::unfit("content", model_name, Mode::References.word()));
    }
    Ok(match (frames, references) {
        (0, 0) => Mode::Text,
        (0, _) => Mode::References,
        _ => Mode::Frames,
    })
}

/// A text that must be there; an empty one counts as not there, as at Ark's other APIs.
fn text_in<'v>(value: &'v Value, place: &str) -> Result<&'v str, Fault> {
    match value {
        Value::Null => Err(Fault::missing(place)),
        Value::String(text) if text.is_empty() => Err(Fault::missing(place)),
        Value::String(text) => Ok(text),
        _ => Err(Fault::invalid(place, "")),
    }
}

fn inner<'v>(part: &'v Value, object: &str, field: &str, place: &str) -> Result<&'v str, Fault> {
    match &part[object] {
        Value::Null => Err(Fault::missing(place)),
        Value::Object(_) => text_in(&part[object][field], &format!("{place}.{field}")),
        _ => Err(Fault::invalid(place, "")),
    }
}

/// As much of a caller's word as fits into a sentence.
pub(super) fn short(word: &str) -> String {
    word.chars().take(64).collect()
}

/// Words for parameters in a prompt, and the parameter each stands for.
const INLINE: &[(&str, &str)] = &[
    ("rs", "resolution"),
    ("resolution", "resolution"),
    ("rt", "ratio"),
    ("ratio", "ratio"),
    ("dur", "duration"),
    ("duration", "duration"),
    ("frames", "frames"),
    ("seed", "seed"),
    ("cf", "camera_fixed"),
    ("camerafixed", "camera_fixed"),
    ("camera_fixed", "camera_fixed"),
    ("wm", "watermark"),
    ("watermark", "watermark"),
    // Ignored, as in the body.
    ("fps", "framespersecond"),
    ("framespersecond", "framespersecond"),
];

/// Parameters in a prompt are weakly checked: resolution and duration are refused when the model does
/// not have them, everything else that does not fit is as if it were not there (observed).
fn in_text(
    at: usize,
    text: &str,
    model: &Model,
    model_name: &str,
    inline: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix("--") else { continue };
        let Some((_, parameter)) = INLINE.iter().find(|(short, _)| *short == name) else { continue };
        let Some(value) = words.next() else { break };
        let refused = |what: &str| {
            let place = format!("contents[{at}].text.{what}");
            Err(Fault::invalid(
                place,
                &format!("the specified {what} is not supported for model {model_name}"),
            ))
        };
        let value = match *parameter {
            "resolution" if !model.resolutions.iter().any(|one| one.eq_ignore_ascii_case(value)) => {
                return refused("resolution");
            }
            "duration" => match value.parse().ok().filter(|seconds| model.takes_duration(*seconds)) {
                Some(seconds) => Value::from(seconds),
                None => return refused("duration"),
            },
            "resolution" | "ratio" => Value::from(value),
            "frames" | "seed" => match value.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => continue,
            },
            "camera_fixed" | "watermark" => match value {
                "true" => Value::from(true),
                "false" => Value::from(false),
                _ => continue,
            },
            _ => continue,
        };
        inline.insert((*parameter).to_owned(), value);
    }
    Ok(())
}
