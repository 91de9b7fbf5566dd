//! The legacy products as tables: models, body fields, what they make, and the rules that join fields.
//!
//! Sources: the pages of <https://kling.ai/document-api/api/> for image products, avatar, lip sync and
//! effects (September 2026), and of `…/document-api/apiReference/model/` for the video products (early
//! 2026, before their pages moved to the new generation); read 2026-11-24.

use serde_json::{Map, Value};

use super::super::fields::{Field, Kind, TEXT, WATERMARK, is_given, may, must};
use super::super::records::Makes;

use Kind::{Any, File, Group, Id, Link, Many, Number, Text, Whole, WholeOr, Word};

/// One product: a path of its own.
pub(crate) struct Product {
    /// What follows `/v1/`.
    pub(crate) name: &'static str,
    /// Models, the default first; empty where the product has none to choose.
    pub(crate) models: &'static [&'static str],
    /// Its own body fields, besides [`COMMON`].
    pub(crate) fields: &'static [Field],
    /// What joins fields.
    pub(crate) rule: fn(&Map<String, Value>, &str) -> Result<(), String>,
    /// What a task ends with.
    pub(crate) makes: Makes,
}

/// Fields of every product.
pub(crate) const COMMON: &[Field] = &[
    may("model_name", TEXT),
    may("model", TEXT),
    may("callback_url", TEXT),
    may("external_task_id", TEXT),
    may("watermark_info", WATERMARK),
];

const PROMPT: Kind = Text(2_500);
const ON_OFF: Kind = Word(&["on", "off"]);
const YES_NO: Kind = Word(&["yes", "no"]);
const MODE: Kind = Word(&["std", "pro", "4k"]);
const SHORT_OR_LONG: Kind = Word(&["5", "10"]);
/// What any video model can be asked for; which model has which is [`limits`].
const SECONDS: Kind = Word(&["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]);
const VIDEO_RATIO: Kind = Word(&["16:9", "9:16", "1:1"]);
const IMAGE_RATIO: Kind = Word(&["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]);
const IMAGE_RATIO_OR_AUTO: Kind = Word(&["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "auto"]);
/// Documented size limit of the legacy generation's files, in megabytes.
const IMAGE: Kind = File(10);
const SOUND: Kind = File(5);
const STRENGTH: Kind = Number(0.0, 1.0);
const TURN: Kind = Number(-10.0, 10.0);
const CAMERA: Kind = Group(&[
    may("type", Word(&["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"])),
    may(
        "config",
        Group(&[
            may("horizontal", TURN),
            may("vertical", TURN),
            may("pan", TURN),
            may("tilt", TURN),
            may("roll", TURN),
            may("zoom", TURN),
        ]),
    ),
]);
const ELEMENTS: Kind = Many(0, 10, &Group(&[must("element_id", Id)]));
const COUNT: Kind = Whole(1, 9);
/// Fields that version 3 added to both main products.
const SHOTS: [Field; 4] = [
    may("multi_shot", Kind::Flag),
    may("shot_type", TEXT),
    may("multi_prompt", Any),
    may("element_list", ELEMENTS),
];

/// Every product.
#[rustfmt::skip]
pub(crate) const PRODUCTS: &[Product] = &[
    Product {
        name: "videos/text2video",
        models: &["kling-v1", "kling-v1-6", "kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3"],
        fields: &[
            must("prompt", PROMPT), may("negative_prompt", PROMPT), may("sound", ON_OFF), may("cfg_scale", STRENGTH),
            may("mode", MODE), may("camera_control", CAMERA), may("aspect_ratio", VIDEO_RATIO), may("duration", SECONDS),
            may("voice_list", VOICES), SHOTS[0], SHOTS[1], SHOTS[2], SHOTS[3],
        ],
        rule: |body, _| camera(body),
        makes: Makes::Video,
    },
    Product {
        name: "videos/image2video",
        models: &["kling-v1", "kling-v1-5", "kling-v1-6", "kling-v2-master", "kling-v2-1", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3"],
        fields: &[
            may("image", IMAGE), may("image_tail", IMAGE), may("prompt", PROMPT), may("negative_prompt", PROMPT),
            may("voice_list", VOICES), may("sound", ON_OFF), may("cfg_scale", STRENGTH), may("mode", MODE),
            may("static_mask", IMAGE), may("dynamic_masks", MASKS), may("camera_control", CAMERA),
            may("aspect_ratio", VIDEO_RATIO), may("duration", SECONDS),
            SHOTS[0], SHOTS[1], SHOTS[2], SHOTS[3],
        ],
        rule: |body, _| first_frame(body),
        makes: Makes::Video,
    },
    Product {
        name: "videos/multi-image2video",
        models: &["kling-v1-6"],
        fields: &[
            must("image_list", Many(1, 4, &Group(&[must("image", IMAGE)]))), must("prompt", PROMPT),
            may("negative_prompt", PROMPT), may("mode", Word(&["std", "pro"])), may("duration", SHORT_OR_LONG),
            may("aspect_ratio", VIDEO_RATIO),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Video,
    },
    Product {
        name: "videos/omni-video",
        models: &["kling-video-o1", "kling-v3-omni"],
        fields: &[
            must("prompt", PROMPT),
            may("image_list", Many(0, 7, &Group(&[must("image_url", IMAGE), may("type", Word(&["first_frame", "end_frame"]))]))),
            may("element_list", Many(0, 7, &Group(&[must("element_id", Id)]))),
            may("video_list", Many(0, 1, &Group(&[must("video_url", Link), may("refer_type", Word(&["feature", "base"])), may("keep_original_sound", YES_NO)]))),
            may("mode", MODE), may("aspect_ratio", VIDEO_RATIO), may("duration", SECONDS), may("sound", ON_OFF),
            SHOTS[0], SHOTS[1], SHOTS[2],
        ],
        rule: omni_video,
        makes: Makes::Video,
    },
    Product {
        name: "videos/motion-control",
        models: &["kling-v2-6", "kling-v3"],
        fields: &[
            must("image_url", IMAGE), must("video_url", Link), may("prompt", PROMPT), may("keep_original_sound", YES_NO),
            must("character_orientation", Word(&["image", "video"])), must("mode", Word(&["std", "pro"])),
            may("element_list", Many(0, 1, &Group(&[must("element_id", Id)]))),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Video,
    },
    Product {
        name: "videos/video-extend",
        models: &[],
        fields: &[must("video_id", TEXT), may("prompt", PROMPT), may("negative_prompt", PROMPT), may("cfg_scale", STRENGTH)],
        rule: |_, _| Ok(()),
        makes: Makes::Video,
    },
    Product {
        name: "videos/lip-sync",
        models: &[],
        fields: &[must("input", Group(&[
            may("video_id", TEXT), may("video_url", Link), must("mode", Word(&["text2video", "audio2video"])),
            may("text", Text(120)), may("voice_id", TEXT), may("voice_language", Word(&["zh", "en"])),
            may("voice_speed", Number(0.8, 2.0)), may("audio_type", Word(&["file", "url"])), may("audio_file", SOUND),
            may("audio_url", Link),
        ]))],
        rule: |body, _| lip_sync(body),
        makes: Makes::Video,
    },
    Product {
        name: "videos/advanced-lip-sync",
        models: &[],
        fields: &[
            must("session_id", TEXT),
            // One person at a time.
            must("face_choose", Many(1, 1, &Group(&[
                must("face_id", TEXT), may("audio_id", TEXT), may("sound_file", SOUND), must("sound_start_time", MOMENT),
                must("sound_end_time", MOMENT), must("sound_insert_time", MOMENT), may("sound_volume", Number(0.0, 2.0)),
                may("original_audio_volume", Number(0.0, 2.0)),
            ]))),
        ],
        rule: |body, _| face_choose(body),
        makes: Makes::Video,
    },
    Product {
        name: "videos/effects",
        models: &[],
        fields: &[must("effect_scene", TEXT), must("input", Group(&[
            may("image", IMAGE), may("images", Many(2, 2, &IMAGE)), may("duration", SHORT_OR_LONG),
            may("model_name", TEXT), may("mode", Word(&["std", "pro"])),
        ]))],
        rule: |body, _| effects(body),
        makes: Makes::Effect,
    },
    Product {
        name: "videos/avatar/image2video",
        models: &[],
        fields: &[
            must("image", IMAGE), may("audio_id", TEXT), may("sound_file", SOUND), may("prompt", PROMPT),
            may("mode", Word(&["std", "pro"])),
        ],
        rule: |body, _| either(body, "audio_id", "sound_file"),
        makes: Makes::Video,
    },
    Product {
        name: "images/generations",
        // The newest page makes kling-v3 the default in its table and the first version in its text.
        models: &["kling-v1", "kling-v1-5", "kling-v2", "kling-v2-new", "kling-v2-1", "kling-v3"],
        fields: &[
            must("prompt", PROMPT), may("negative_prompt", PROMPT), may("image", IMAGE),
            may("image_reference", Word(&["subject", "face"])), may("image_fidelity", STRENGTH), may("human_fidelity", STRENGTH),
            may("element_list", ELEMENTS), may("resolution", Word(&["1k", "2k"])), may("n", COUNT), may("aspect_ratio", IMAGE_RATIO),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Images,
    },
    Product {
        name: "images/omni-image",
        models: &["kling-image-o1", "kling-v3-omni"],
        fields: &[
            must("prompt", PROMPT), may("image_list", Many(0, 10, &Group(&[must("image", IMAGE)]))), may("element_list", ELEMENTS),
            may("resolution", Word(&["1k", "2k", "4k"])), may("result_type", Word(&["single", "series"])), may("n", COUNT),
            may("series_amount", WholeOr(2, 9, "auto")), may("aspect_ratio", IMAGE_RATIO_OR_AUTO),
        ],
        rule: |body, _| match length(body, "image_list") + length(body, "element_list") {
            0..=10 => Ok(()),
            _ => Err("The sum of reference elements and reference images can not exceed 10".to_owned()),
        },
        makes: Makes::OmniImage,
    },
    Product {
        name: "images/multi-image2image",
        // The newest page has kling-v2-1 only.
        models: &["kling-v2-1", "kling-v2"],
        fields: &[
            may("prompt", PROMPT), must("subject_image_list", Many(1, 4, &Group(&[must("subject_image", IMAGE)]))),
            may("scene_image", IMAGE), may("style_image", IMAGE), may("n", COUNT), may("aspect_ratio", IMAGE_RATIO),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Images,
    },
    Product {
        name: "images/editing/expand",
        models: &[],
        fields: &[
            must("image", IMAGE), may("up_expansion_ratio", GROWTH), may("down_expansion_ratio", GROWTH),
            may("left_expansion_ratio", GROWTH), may("right_expansion_ratio", GROWTH), may("prompt", PROMPT), may("n", COUNT),
        ],
        rule: |body, _| expansion(body),
        makes: Makes::Images,
    },
    Product {
        name: "images/kolors-virtual-try-on",
        models: &["kolors-virtual-try-on-v1", "kolors-virtual-try-on-v1-5"],
        fields: &[must("human_image", IMAGE), must("cloth_image", IMAGE)],
        rule: |_, _| Ok(()),
        makes: Makes::TryOn,
    },
];

const VOICES: Kind = Many(0, 2, &Group(&[must("voice_id", TEXT)]));
const MOMENT: Kind = Whole(0, i64::MAX);
const GROWTH: Kind = Number(0.0, 2.0);
const MASKS: Kind = Many(
    0,
    6,
    &Group(&[
        must("mask", IMAGE),
        must(
            "trajectories",
            Many(
                2,
                77,
                &Group(&[must("x", Number(f64::MIN, f64::MAX)), must("y", Number(f64::MIN, f64::MAX))]),
            ),
        ),
    ]),
);

/// Effects of two people, which take two pictures.
const OF_TWO: &[&str] = &[
    "pet_skateboard",
    "daily_ootd",
    "toss_run",
    "switch_to_silk",
    "studio_look",
    "french_elegance",
    "finger_swipe",
    "smooth_transition",
    "kiss_pro",
    "snow_night_kiss",
    "eternal_kiss",
    "cheers_2026",
    "fight_pro",
    "hug_pro",
    "heart_gesture_pro",
    "hug",
    "kiss",
    "fight",
    "heart_gesture",
];

fn text<'b>(body: &'b Map<String, Value>, key: &str) -> Option<&'b str> {
    body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn list<'b>(body: &'b Map<String, Value>, key: &str) -> &'b [Value] {
    body.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn length(body: &Map<String, Value>, key: &str) -> usize {
    list(body, key).len()
}

/// Exactly one of two texts.
fn either(body: &Map<String, Value>, one: &str, other: &str) -> Result<(), String> {
    match (text(body, one), text(body, other)) {
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (None, None) => Err(format!("{one} and {other} can not both be empty")),
        _ => Err(format!("{one} and {other} can not both be set")),
    }
}

fn camera(body: &Map<String, Value>) -> Result<(), String> {
    let Some(control) = body.get("camera_control").and_then(Value::as_object) else { return Ok(()) };
    let set = control.get("config").and_then(Value::as_object).map_or(0, |config| {
        config.values().filter(|value| value.as_f64().is_some_and(|number| number != 0.0)).count()
    });
    match (text(control, "type"), set) {
        // Choose one of six.
        (Some("simple"), 2..) => Err("camera_control.config can have one non-zero value only".to_owned()),
        (Some("simple"), _) if !is_given(control.get("config")) => {
            Err("camera_control.config can not be null".to_owned())
        }
        _ => Ok(()),
    }
}

fn first_frame(body: &Map<String, Value>) -> Result<(), String> {
    if text(body, "image").is_none() && text(body, "image_tail").is_none() {
        // Observed, to the letter.
        return Err("image can not be null".to_owned());
    }
    let masks = text(body, "static_mask").is_some() || length(body, "dynamic_masks") > 0;
    let ways = [text(body, "image_tail").is_some(), masks, is_given(body.get("camera_control"))];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err(
            "image_tail, dynamic_masks/static_mask and camera_control can not be used together".to_owned()
        );
    }
    camera(body)
}

/// Sentence observed for both generations.
pub(crate) const FIVE_OR_TEN: &str = "Duration only supports 5 or 10 seconds when no refer_image is provided";

fn omni_video(body: &Map<String, Value>, model: &str) -> Result<(), String> {
    let images = list(body, "image_list");
    let is = |kind: &str| images.iter().filter(|image| image["type"] == kind).count();
    let (first, last) = (is("first_frame"), is("end_frame"));
    if last > 0 && first == 0 {
        return Err("end_frame needs a first_frame".to_owned());
    }
    if first > 1 || last > 1 || (last > 0 && images.len() > 2) {
        return Err("image_list can not have an end_frame beside more than 2 images".to_owned());
    }
    let videos = list(body, "video_list");
    let edits = videos.iter().any(|video| video["refer_type"] != "feature");
    if edits && first > 0 {
        return Err("first_frame can not be used with a base video".to_owned());
    }
    let most = if videos.is_empty() { 7 } else { 4 };
    let references = images.len() + length(body, "element_list");
    if references > most {
        return Err(format!("The sum of reference elements and reference images can not exceed {most}"));
    }
    let seconds = text(body, "duration").unwrap_or("5");
    let free = videos.len() + references > first + last;
    match model {
        "kling-video-o1" if !free && !matches!(seconds, "5" | "10") => Err(FIVE_OR_TEN.to_owned()),
        "kling-video-o1" if seconds.parse::<u32>().is_ok_and(|seconds| seconds > 10) => {
            Err("duration value is invalid".to_owned())
        }
        _ => Ok(()),
    }
}

fn lip_sync(body: &Map<String, Value>) -> Result<(), String> {
    let Some(input) = body.get("input").and_then(Value::as_object) else { return Ok(()) };
    either(input, "video_id", "video_url")?;
    let wanted: &[&str] = match (text(input, "mode"), text(input, "audio_type")) {
        (Some("text2video"), _) => &["text", "voice_id"],
        (_, None) => &["audio_type"],
        (_, Some("file")) => &["audio_file"],
        _ => &["audio_url"],
    };
    match wanted.iter().find(|key| text(input, key).is_none()) {
        Some(key) => Err(format!("input.{key} can not be null")),
        None => Ok(()),
    }
}

fn face_choose(body: &Map<String, Value>) -> Result<(), String> {
    for face in list(body, "face_choose").iter().filter_map(Value::as_object) {
        either(face, "audio_id", "sound_file")?;
        let at = |key: &str| face.get(key).and_then(Value::as_i64).unwrap_or(0);
        if at("sound_end_time").saturating_sub(at("sound_start_time")) < 2_000 {
            return Err("the cropped sound can not be shorter than 2 seconds".to_owned());
        }
    }
    Ok(())
}

fn effects(body: &Map<String, Value>) -> Result<(), String> {
    let Some(input) = body.get("input").and_then(Value::as_object) else { return Ok(()) };
    let (one, two) = (text(input, "image").is_some(), length(input, "images") > 0);
    let of_two = text(body, "effect_scene").is_some_and(|scene| OF_TWO.contains(&scene));
    match (of_two, one, two) {
        (true, _, false) => Err("input.images can not be null".to_owned()),
        (false, false, _) => Err("input.image can not be null".to_owned()),
        _ => Ok(()),
    }
}

/// Documented: the new picture is at most three times the old one.
fn expansion(body: &Map<String, Value>) -> Result<(), String> {
    let grows =
        |side: &str| body.get(&format!("{side}_expansion_ratio")).and_then(Value::as_f64).unwrap_or(0.0);
    let area = (1.0 + grows("up") + grows("down")) * (1.0 + grows("left") + grows("right"));
    if area > 3.0 {
        Err("the new image can not exceed 3 times the original image".to_owned())
    } else {
        Ok(())
    }
}

/// An option that only some models have.
struct Limit {
    product: &'static str,
    field: &'static str,
    models: &'static [&'static str],
}

const FIRST: &[&str] = &["kling-v1", "kling-v1-5", "kling-v1-6", "kling-v3"];
const WITH_SOUND: &[&str] = &["kling-v2-6", "kling-v3", "kling-video-o1", "kling-v3-omni"];

#[rustfmt::skip]
const LIMITS: &[Limit] = &[
    Limit { product: "videos/text2video", field: "sound", models: WITH_SOUND },
    Limit { product: "videos/image2video", field: "sound", models: WITH_SOUND },
    Limit { product: "videos/image2video", field: "voice_list", models: WITH_SOUND },
    // Documented as not supported by 2.x.
    Limit { product: "videos/text2video", field: "cfg_scale", models: FIRST },
    Limit { product: "videos/image2video", field: "cfg_scale", models: FIRST },
    Limit { product: "images/generations", field: "image_reference", models: &["kling-v1-5", "kling-v2-1"] },
];

/// What the model does not have, of what is asked for.
pub(crate) fn limits(product: &str, model: &str, body: &Map<String, Value>) -> Result<(), String> {
    let asked = |field: &str| match body.get(field) {
        Some(Value::String(word)) => word != "off" && !word.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        value => is_given(value),
    };
    let off =
        |limit: &&Limit| limit.product == product && asked(limit.field) && !limit.models.contains(&model);
    if let Some(limit) = LIMITS.iter().find(off) {
        return Err(format!("model({model}) is not supported with {}", limit.field));
    }
    let mode = text(body, "mode").unwrap_or("std");
    if mode == "4k" && !matches!(model, "kling-v3" | "kling-v3-omni") {
        return Err(format!("model/mode({model}/{mode}) is not supported"));
    }
    if matches!(product, "videos/text2video" | "videos/image2video") {
        let seconds = text(body, "duration").unwrap_or("5");
        if model != "kling-v3" && !matches!(seconds, "5" | "10") {
            return Err("duration value is invalid".to_owned());
        }
        let tail = match model {
            "kling-v1" => seconds == "5",
            "kling-v2-master" | "kling-v2-1-master" => false,
            "kling-v3" => true,
            _ => mode == "pro",
        };
        if text(body, "image_tail").is_some() && text(body, "image").is_some() && !tail {
            // Observed, to the letter.
            return Err(format!(
                "model/mode/duration({model}/{mode}/{seconds}) is not supported with image_tail"
            ));
        }
        if length(body, "voice_list") > 0 && text(body, "sound") != Some("on") {
            return Err("sound must be on when voice_list is set".to_owned());
        }
    }
    Ok(())
}
