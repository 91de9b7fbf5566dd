//! What joins the fields of a legacy body: choices that exclude each other, sums, and what a model lacks.
//!
//! Each field has been checked by the tables before. Sentences marked observed are the vendor's; the
//! rest are in their manner.

use serde_json::{Map, Value};

use super::super::fields::is_given;

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

pub(super) fn length(body: &Map<String, Value>, key: &str) -> usize {
    list(body, key).len()
}

/// Exactly one of two texts.
pub(super) fn either(body: &Map<String, Value>, one: &str, other: &str) -> Result<(), String> {
    match (text(body, one), text(body, other)) {
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (None, None) => Err(format!("{one} and {other} can not both be empty")),
        _ => Err(format!("{one} and {other} can not both be set")),
    }
}

/// Whether the body tells its film shot by shot, each with a prompt of its own.
fn told_in_shots(body: &Map<String, Value>) -> bool {
    body.get("multi_shot") == Some(&Value::Bool(true)) && text(body, "shot_type") == Some("customize")
}

/// What is asked for in words: the prompt, or where shots stand in for it, theirs.
pub(super) fn words(body: &Map<String, Value>) -> String {
    if !told_in_shots(body) {
        return text(body, "prompt").unwrap_or_default().to_owned();
    }
    let prompts = list(body, "multi_prompt").iter().filter_map(|shot| shot["prompt"].as_str());
    prompts.collect::<Vec<_>>().join("\n")
}

/// Documented for version 3: the prompt must be there unless shots stand in for it.
pub(super) fn prompt_or_shots(body: &Map<String, Value>) -> Result<(), String> {
    shots(body)?;
    if told_in_shots(body) || text(body, "prompt").is_some() {
        return Ok(());
    }
    let what = if is_given(body.get("prompt")) { "empty" } else { "null" };
    Err(format!("prompt can not be {what}"))
}

/// Documented for version 3: several shots are either planned by the model or told one by one, up to
/// six, and together as long as the film. Without `multi_shot` the other two fields mean nothing.
pub(super) fn shots(body: &Map<String, Value>) -> Result<(), String> {
    if body.get("multi_shot") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    match text(body, "shot_type") {
        None => return Err("shot_type can not be null".to_owned()),
        Some("intelligence") => return Ok(()),
        Some("customize") => {}
        Some(_) => return Err("shot_type value is invalid".to_owned()),
    }
    let shots = list(body, "multi_prompt");
    if shots.is_empty() {
        return Err("multi_prompt can not be empty".to_owned());
    }
    let seconds =
        |shot: &Value| shot["duration"].as_str()?.parse::<u32>().ok().filter(|seconds| *seconds > 0);
    let total = shots.iter().map(seconds).try_fold(0_u32, |sum, shot| sum.checked_add(shot?));
    match total {
        None => Err("multi_prompt duration value is invalid".to_owned()),
        Some(total) if text(body, "duration").unwrap_or("5").parse() != Ok(total) => {
            Err("The sum of multi_prompt durations must equal duration".to_owned())
        }
        Some(_) => Ok(()),
    }
}

pub(super) fn camera(body: &Map<String, Value>) -> Result<(), String> {
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

pub(super) fn first_frame(body: &Map<String, Value>) -> Result<(), String> {
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

pub(super) fn omni_video(body: &Map<String, Value>, model: &str) -> Result<(), String> {
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

pub(super) fn lip_sync(body: &Map<String, Value>) -> Result<(), String> {
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

pub(super) fn face_choose(body: &Map<String, Value>) -> Result<(), String> {
    for face in list(body, "face_choose").iter().filter_map(Value::as_object) {
        either(face, "audio_id", "sound_file")?;
        let at = |key: &str| face.get(key).and_then(Value::as_i64).unwrap_or(0);
        if at("sound_end_time").saturating_sub(at("sound_start_time")) < 2_000 {
            return Err("the cropped sound can not be shorter than 2 seconds".to_owned());
        }
    }
    Ok(())
}

pub(super) fn effects(body: &Map<String, Value>) -> Result<(), String> {
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
pub(super) fn expansion(body: &Map<String, Value>) -> Result<(), String> {
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
    Limit { product: "videos/text2video", field: "multi_shot", models: &["kling-v3"] },
    Limit { product: "videos/image2video", field: "multi_shot", models: &["kling-v3"] },
    Limit { product: "videos/omni-video", field: "multi_shot", models: &["kling-v3-omni"] },
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
        Some(Value::Bool(wanted)) => *wanted,
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
