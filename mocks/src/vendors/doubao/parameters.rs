//! The parameters of a create beside model and content: a table of what each takes, the rules
//! between them, and what they come to.
//!
//! What is refused, and by which sentence; how a refusal looks on the wire is `refusals`.

use serde_json::{Map, Value, json};

use super::content::{Content, Mode, short};
use super::models::{Able, Model};
use super::refusals::Fault;

/// What a parameter takes.
enum Takes {
    Text,
    /// At most so many characters.
    Short(usize),
    Flag,
    OneOf(&'static [&'static str]),
    /// A whole number between these.
    Whole(i64, i64),
    Tools,
}

/// A parameter: name, what it takes, and what a model must be able to do for any value but the usual
/// one, which is what the parameter means when it is not there.
struct Field(&'static str, Takes, Option<(Able, Usual)>);

/// The value that asks for nothing.
enum Usual {
    False,
    Zero,
    Word(&'static str),
    None,
}

use Takes::{Flag, OneOf, Short, Text, Tools, Whole};

/// Every parameter of the create page. `seed` is the wider of the two pages' ranges, and for all
/// models, because answers of models that the page leaves out have one. Unknown keys and
/// `framespersecond` are ignored (observed).
#[rustfmt::skip]
const FIELDS: &[Field] = &[
    Field("callback_url", Text, None),
    Field("return_last_frame", Flag, None),
    Field("service_tier", OneOf(&["default", "flex"]), Some((Able::Flex, Usual::Word("default")))),
    Field("execution_expires_after", Whole(3_600, 259_200), None),
    Field("priority", Whole(0, 9), Some((Able::Priority, Usual::Zero))),
    Field("generate_audio", Flag, Some((Able::Audio, Usual::False))),
    Field("draft", Flag, Some((Able::Draft, Usual::False))),
    Field("resolution", OneOf(&["480p", "720p", "1080p", "4k", "4K"]), None),
    Field("ratio", OneOf(RATIOS), None),
    Field("duration", Whole(i64::MIN, i64::MAX), None),
    Field("frames", Whole(29, 289), Some((Able::Frames, Usual::None))),
    Field("seed", Whole(-1, 4_294_967_295), None),
    Field("camera_fixed", Flag, Some((Able::CameraFixed, Usual::False))),
    Field("watermark", Flag, None),
    Field("output_format", OneOf(&["mp4", "mov"]), Some((Able::OutputFormat, Usual::Word("mp4")))),
    Field("omni_reference_task_type", OneOf(&["auto", "reference", "edit", "extend"]), Some((Able::TaskType, Usual::Word("auto")))),
    Field("safety_identifier", Short(64), None),
    Field("tools", Tools, Some((Able::Tools, Usual::None))),
];

const RATIOS: &[&str] = &["16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"];
const ADAPTIVE: &str = "adaptive";
const WIDE: &str = "16:9";
const USUAL_SECONDS: i64 = 5;
const EXPIRES_AFTER_S: i64 = 172_800;
const FRAMES_PER_SECOND: u64 = 24;
const PIXELS_PER_TOKEN: u64 = 1_024;
/// What a final video takes over from its draft.
const REUSED: &[&str] = &["seed", "ratio", "duration", "generate_audio", "camera_fixed"];

/// Whose parameters are checked.
pub(super) struct Order<'o> {
    /// The model.
    pub(super) model: &'static Model,
    /// Its name without version, as errors say it.
    pub(super) name: &'o str,
    /// What the content list says.
    pub(super) content: &'o Content,
    /// Whether a parameter that the model does not have is refused, or as if it were not there.
    pub(super) strict: bool,
    /// What the draft was made with, when it is one of ours.
    pub(super) draft: Option<&'o Value>,
}

impl Order<'_> {
    /// The settled parameters of a create, or the first fault in them.
    pub(super) fn settle(&self, body: &Map<String, Value>) -> Result<Value, Fault> {
        let mut given = Map::new();
        for field in FIELDS {
            // Real clients send null for what is not set.
            let Some(value) = body.get(field.0).filter(|value| !value.is_null()) else { continue };
            check(field, value)?;
            if let Some((able, usual)) = &field.2
                && !self.model.can(*able)
                && !usual.is(value)
            {
                if self.strict {
                    return Err(unsupported(field.0));
                }
                continue;
            }
            given.insert(field.0.to_owned(), value.clone());
        }
        self.between(&given)?;
        // What the body says counts before what the prompt says.
        for (name, value) in &self.content.inline {
            if !given.contains_key(name) && self.would_take(name, value) {
                given.insert(name.clone(), value.clone());
            }
        }
        for name in self.draft.into_iter().flat_map(|_| REUSED) {
            if let Some(value) = self.draft.and_then(|draft| draft.get(*name)) {
                given.insert((*name).to_owned(), value.clone());
            }
        }
        Ok(self.come_to(&given))
    }

    fn unfit(&self, name: &str) -> Fault {
        Fault::unfit(name, self.name, self.content.mode.word())
    }

    /// The rules between parameters, the model and the content.
    fn between(&self, given: &Map<String, Value>) -> Result<(), Fault> {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let is_on = |name: &str| given.get(name).and_then(Value::as_bool) == Some(true);
        let (resolution, ratio) = (text("resolution"), text("ratio"));
        let mode = self.content.mode;
        // References were an early extra of one model of the first generation.
        let early = mode == Mode::References && self.model.is_first();
        if let Some(resolution) = resolution {
            let has = self.model.resolutions.iter().any(|one| one.eq_ignore_ascii_case(resolution));
            if !has || (early && resolution == "1080p") {
                return Err(self.unfit("resolution"));
            }
        }
        let adaptive = ratio == Some(ADAPTIVE);
        if adaptive && (early || (mode == Mode::Text && !self.model.can(Able::AdaptiveText))) {
            return Err(self.unfit("ratio"));
        }
        if given
            .get("duration")
            .and_then(Value::as_i64)
            .is_some_and(|seconds| !self.model.takes_duration(seconds))
        {
            return Err(self.unfit("duration"));
        }
        if given.get("frames").and_then(Value::as_i64).is_some_and(|frames| (frames - 25) % 4 != 0) {
            return Err(self.unfit("frames"));
        }
        if is_on("camera_fixed") && mode == Mode::References {
            return Err(self.unfit("camera_fixed"));
        }
        if is_on("draft") {
            let other = resolution.filter(|resolution| *resolution != "480p").map(|_| "resolution");
            let frame = is_on("return_last_frame").then_some("return_last_frame");
            let flex = (text("service_tier") == Some("flex")).then_some("service_tier");
            if let Some(name) = other.or(frame).or(flex) {
                return Err(Fault::invalid(name, "it is not supported in draft mode"));
            }
        }
        self.task(given, ratio)
    }

    /// What a 2.5 task type demands; only 2.5 knows types, and its frames keep their own ratio.
    fn task(&self, given: &Map<String, Value>, ratio: Option<&str>) -> Result<(), Fault> {
        if !self.model.can(Able::TaskType) {
            return Ok(());
        }
        let kind = given.get("omni_reference_task_type").and_then(Value::as_str).unwrap_or("auto");
        let frames = self.content.mode == Mode::Frames;
        let constrained = frames || matches!(kind, "edit" | "extend");
        let broken = |name: &str, why: &str| {
            let message = format!("The parameter `{name}` specified in the request is not valid. {why}");
            Err(Fault { row: "constraint", message, param: name.to_owned() })
        };
        if constrained && ratio.is_some_and(|ratio| ratio != ADAPTIVE) {
            return broken(
                "ratio",
                if frames {
                    // Seen.
                    "For first-frame or first-last-frame generation, the output ratio follows the first-frame image."
                } else {
                    "For video editing and extension, the output ratio follows the input video."
                },
            );
        }
        if kind == "edit" && given.get("duration").is_some_and(|duration| *duration != json!(-1)) {
            return broken("duration", "For video editing, the output duration follows the input video.");
        }
        Ok(())
    }

    /// Whether a parameter of the prompt counts: the model has it, and the value is one of its own.
    fn would_take(&self, name: &str, value: &Value) -> bool {
        let Some(field) = FIELDS.iter().find(|field| field.0 == name) else { return false };
        check(field, value).is_ok()
            && field.2.as_ref().is_none_or(|(able, usual)| self.model.can(*able) || usual.is(value))
            && (name != "frames" || value.as_i64().is_some_and(|frames| (frames - 25) % 4 == 0))
    }

    /// What the parameters come to: everything that an answer says about the task.
    fn come_to(&self, given: &Map<String, Value>) -> Value {
        let or = |name: &str, usual: Value| given.get(name).cloned().unwrap_or(usual);
        let draft = or("draft", json!(false));
        let usual = if draft == json!(true) {
            "480p"
        } else if self.model.is_first() && self.content.mode == Mode::References {
            "720p"
        } else {
            self.model.usual_resolution()
        };
        let resolution = or("resolution", json!(usual));
        // What "adaptive" comes to depends on the input; a mock does not look at it.
        let ratio = given.get("ratio").filter(|ratio| **ratio != json!(ADAPTIVE));
        let ratio = ratio.and_then(Value::as_str).unwrap_or(WIDE);
        let mut settled = json!({
            "resolution": resolution,
            "ratio": ratio,
            "service_tier": or("service_tier", json!("default")),
            "execution_expires_after": or("execution_expires_after", json!(EXPIRES_AFTER_S)),
            "draft": draft,
            "priority": or("priority", json!(0)),
            "output_format": or("output_format", json!("mp4")),
            "return_last_frame": or("return_last_frame", json!(false)),
        });
        let frames = if let Some(frames) = given.get("frames").and_then(Value::as_u64) {
            settled["frames"] = json!(frames);
            frames
        } else {
            let asked = given.get("duration").and_then(Value::as_i64).filter(|seconds| *seconds > 0);
            let seconds = asked.unwrap_or(USUAL_SECONDS);
            settled["duration"] = json!(seconds);
            // One frame more than the seconds come to: the captured bills of 1.0 and 2.0 say so.
            seconds.unsigned_abs() * FRAMES_PER_SECOND + 1
        };
        let pixels = self.model.pixels(resolution.as_str().unwrap_or_default(), ratio);
        settled["tokens"] = json!(pixels * frames / PIXELS_PER_TOKEN);
        if self.model.can(Able::Audio) {
            settled["generate_audio"] = or("generate_audio", json!(true));
        }
        for name in ["seed", "camera_fixed", "safety_identifier", "tools"] {
            if let Some(value) = given.get(name) {
                settled[name] = value.clone();
            }
        }
        if let Some(task) = &self.content.draft_task {
            settled["draft_task_id"] = json!(task);
        }
        settled
    }
}

/// Seen for `output_format`; assumed for the others.
fn unsupported(name: &str) -> Fault {
    Fault::invalid(name, &format!("the parameter `{name}` is not supported by the current model"))
}

impl Usual {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::False => *value == json!(false),
            Self::Zero => *value == json!(0),
            Self::Word(word) => *value == json!(word),
            Self::None => false,
        }
    }
}

fn check(Field(name, takes, _): &Field, value: &Value) -> Result<(), Fault> {
    let wrong = |why: &str| Err(Fault::invalid(*name, why));
    match (takes, value) {
        (Short(most), Value::String(text)) if text.chars().count() > *most => {
            wrong(&format!("string too long, expected at most {most} characters"))
        }
        (OneOf(words), Value::String(word)) if !words.contains(&word.as_str()) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            wrong(&format!("invalid value: `{}`, supported values are: {}", short(word), words.join(", ")))
        }
        (Text | Short(_) | OneOf(_), Value::String(_)) | (Flag, Value::Bool(_)) => Ok(()),
        (Whole(least, most), Value::Number(number)) => match number.as_i64() {
            Some(number) if number > *most => wrong(&format!(
                "integer above maximum value, expected a value <= {most}, but got {number} instead"
            )),
            Some(number) if number < *least => wrong(&format!(
                "integer below minimum value, expected a value >= {least}, but got {number} instead"
            )),
            Some(_) => Ok(()),
            None => wrong("expected an integer"),
        },
        (Tools, Value::Array(tools)) if tools.iter().all(|tool| tool["type"] == "web_search") => Ok(()),
        _ => wrong(""),
    }
}
