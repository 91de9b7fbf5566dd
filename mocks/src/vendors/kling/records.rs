//! What a task looks like from outside: the record of each generation, for queries and callbacks.
//!
//! A task of either generation has both shapes, because `/tasks` also shows what the legacy paths
//! made. Units that a task costs are plausible, not a price list.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::whole;
use super::legacy::parameters as legacy;
use super::makes::Makes;
use super::v2::parameters as new;
use super::{LEGACY_WORDS, V2_NAME, V2_WORDS, id_at};
use crate::account::AccountConfig;
use crate::dialect::{Phase, Word};
use crate::tasks::Task;

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    /// The answer to a query.
    Query,
    /// A callback, which says less.
    Callback,
}

/// Key under which a task remembers the video it goes on from.
pub(super) const PARENT: &str = "parent_video";
/// Length of a video that was asked for without one; the sample of the extend page.
pub(super) const SECONDS: &str = "5.1";
const EXTEND: &str = "videos/video-extend";
/// Observed: 2.4 units for 3 s at 720p.
const TENTHS_720P: u64 = 8;
const TENTHS_1080P: u64 = 10;
/// Observed: 8 units for one image.
const TENTHS_IMAGE: u64 = 80;
/// Tells a video from its task, whose id may have the same time in it.
const VIDEO_BIT: u64 = 1 << 21;

fn is_new(task: &Task) -> bool {
    task.draft.dialect.name == V2_NAME
}

fn makes(task: &Task) -> Makes {
    let makes = if is_new(task) {
        new::offer(task.draft.product, &task.draft.model).map(|offer| offer.makes)
    } else {
        legacy::product(task.draft.product).map(|product| product.makes)
    };
    makes.unwrap_or(Makes::Video)
}

/// How many images a body asks for; none where the product makes videos.
pub(super) fn images(body: &Map<String, Value>, makes: Makes) -> u32 {
    let number = |key: &str, otherwise: u32| {
        let asked = body.get(key).and_then(Value::as_number).and_then(whole);
        asked.and_then(|number| u32::try_from(number).ok()).unwrap_or(otherwise)
    };
    match makes {
        Makes::OmniImage if body.get("result_type") == Some(&json!("series")) => number("series_amount", 4),
        Makes::Images | Makes::OmniImage => number("n", 1),
        Makes::TryOn | Makes::Image => 1,
        _ => 0,
    }
}

fn images_of(task: &Task) -> u32 {
    task.draft.body.as_object().map_or(0, |body| images(body, makes(task)))
}

/// How many of the account's places a task takes.
pub(super) fn places(task: &Task) -> u32 {
    images_of(task).max(1)
}

/// The kind of a task as the filters of `POST /tasks` know it.
pub(super) fn kind(task: &Task) -> &'static str {
    match makes(task) {
        Makes::TryOn => "try_on",
        _ if images_of(task) > 0 => "image",
        _ => "video",
    }
}

/// A result of a task.
pub(super) fn file(task: &Task, settings: &AccountConfig, extension: &str) -> String {
    settings.result(format_args!("{}.{extension}", task.id))
}

/// A further result of a task, or a copy of it.
fn variant(task: &Task, settings: &AccountConfig, what: &str, extension: &str) -> String {
    settings.result(format_args!("{}-{what}.{extension}", task.id))
}

fn whole_seconds(task: &Task) -> u64 {
    let body = &task.draft.body;
    let asked = if is_new(task) { &body["settings"]["duration"] } else { &body["duration"] };
    match asked {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64(),
    }
    .unwrap_or(5)
}

/// The length of a task's video as its record says it, a little over what was asked.
pub(super) fn seconds(task: &Task) -> String {
    // Observed `3.041` at the new generation; the legacy page's sample is `5.1`.
    if is_new(task) { format!("{}.041", whole_seconds(task)) } else { format!("{}.1", whole_seconds(task)) }
}

fn video_id(task: &Task) -> String {
    let low = task.id.parse::<u128>().map_or(0, |id| u64::try_from(id & u128::from(u32::MAX)).unwrap_or(0));
    id_at(task.updated, low ^ VIDEO_BIT)
}

/// Whether the task made the video of this id.
pub(super) fn made_video(task: &Task, id: &str) -> bool {
    task.phase == Phase::Succeeded && kind(task) == "video" && video_id(task) == id
}

fn watermarked(task: &Task) -> bool {
    let body = &task.draft.body;
    let options = if is_new(task) { &body["options"] } else { body };
    ["watermark_info", "watermark"].iter().any(|key| options[*key]["enabled"] == true)
}

fn units(task: &Task) -> String {
    let images = u64::from(images_of(task));
    let seconds = whole_seconds(task);
    let tenths = match task.draft.body["settings"]["resolution"].as_str() {
        _ if images > 0 => images * TENTHS_IMAGE,
        _ if !is_new(task) => seconds.saturating_mul(2),
        None | Some("720p") => seconds.saturating_mul(TENTHS_720P),
        Some(_) => seconds.saturating_mul(TENTHS_1080P),
    };
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// The legacy answer to a create.
pub(super) fn legacy_created(task: &Task) -> impl Serialize {
    #[derive(Serialize)]
    struct Answer<'j> {
        task_id: &'j str,
        task_status: &'static str,
        task_info: Value,
        created_at: i64,
        updated_at: i64,
    }
    Answer {
        task_id: &task.id,
        task_status: Word::of(LEGACY_WORDS, task.phase).query,
        task_info: task_info(task, Channel::Query),
        created_at: task.created.as_millisecond(),
        updated_at: task.updated.as_millisecond(),
    }
}

/// The legacy record.
pub(super) fn legacy(task: &Task, settings: &AccountConfig, channel: Channel) -> Value {
    let mut data = Map::new();
    let mut put = |key: &str, value: Value| data.insert(key.to_owned(), value);
    put("task_id", json!(task.id));
    put("task_status", json!(Word::of(LEGACY_WORDS, task.phase).query));
    put("task_status_msg", json!(task.ending.map_or("", |ending| ending.message)));
    put("task_info", task_info(task, channel));
    match task.phase {
        Phase::Succeeded => {
            // The query has watermark fields; the documented callback does not.
            if channel == Channel::Query && makes(task) != Makes::TryOn {
                put("watermark_info", json!({"enabled": watermarked(task)}));
            }
            put("task_result", legacy_result(task, settings, channel));
            put("final_unit_deduction", json!(units(task)));
            put("final_balance_deduction", json!({"quota": "0", "list_price": "0"}));
        }
        Phase::Failed => {
            put("task_result", json!({}));
        }
        _ => {}
    }
    put("created_at", json!(task.created.as_millisecond()));
    put("updated_at", json!(task.updated.as_millisecond()));
    Value::Object(data)
}

fn task_info(task: &Task, channel: Channel) -> Value {
    let mut info = Map::new();
    // Callbacks of other products than extend have no parent.
    if let Some(parent) = task.draft.body.get(PARENT)
        && (channel == Channel::Query || task.draft.product == EXTEND)
    {
        info.insert(PARENT.to_owned(), parent.clone());
    }
    if let Some(id) = &task.draft.external_id {
        info.insert("external_task_id".to_owned(), json!(id));
    }
    Value::Object(info)
}

fn legacy_result(task: &Task, settings: &AccountConfig, channel: Channel) -> Value {
    let makes = makes(task);
    let with_copy = channel == Channel::Query && makes != Makes::TryOn;
    if images_of(task) == 0 {
        let mut video = json!({"id": video_id(task), "url": file(task, settings, "mp4")});
        if makes != Makes::Effect {
            video["duration"] = json!(seconds(task));
        }
        if with_copy {
            video["watermark_url"] = copy(task, settings, "mp4");
        }
        return json!({"videos": [video]});
    }
    let images: Vec<Value> = pictures(task, settings)
        .into_iter()
        .enumerate()
        .map(|(index, (url, marked))| {
            let mut image = json!({"index": index, "url": url});
            if with_copy {
                image["watermark_url"] = marked;
            }
            image
        })
        .collect();
    let series = makes == Makes::OmniImage && task.draft.body["result_type"] == "series";
    match (makes, channel) {
        // Only the query page of this product has these keys.
        (Makes::OmniImage, Channel::Query) if series => {
            json!({"result_type": "series", "images": [], "series_images": images})
        }
        (Makes::OmniImage, Channel::Query) => json!({"result_type": "single", "images": images}),
        _ => json!({"images": images}),
    }
}

/// URL of each image, and of its watermarked copy.
fn pictures(task: &Task, settings: &AccountConfig) -> Vec<(String, Value)> {
    (0..images_of(task))
        .map(|index| match index {
            0 => (file(task, settings, "png"), copy(task, settings, "png")),
            _ => {
                let marked = watermarked(task).then(|| variant(task, settings, &format!("wm{index}"), "png"));
                (variant(task, settings, &index.to_string(), "png"), json!(marked.unwrap_or_default()))
            }
        })
        .collect()
}

/// URL of the watermarked copy, empty where none was asked for.
fn copy(task: &Task, settings: &AccountConfig, extension: &str) -> Value {
    if watermarked(task) { json!(variant(task, settings, "wm", extension)) } else { json!("") }
}

/// The new generation's answer to a create.
pub(super) fn new_created(task: &Task) -> Value {
    let mut data = json!({
        "id": task.id,
        "status": Word::of(V2_WORDS, task.phase).query,
        "create_time": task.created.as_millisecond(),
        "update_time": task.updated.as_millisecond(),
    });
    if let Some(id) = &task.draft.external_id {
        data["external_id"] = json!(id);
    }
    data
}

/// The new generation's record, the same in queries and callbacks, of a task of either generation.
pub(super) fn new(task: &Task, settings: &AccountConfig) -> Value {
    let mut data = json!({
        "id": task.id,
        "status": Word::of(V2_WORDS, task.phase).query,
        "message": task.ending.map_or("", |ending| ending.message),
        "create_time": task.created.as_millisecond(),
        "update_time": task.updated.as_millisecond(),
    });
    if let Some(id) = &task.draft.external_id {
        data["external_id"] = json!(id);
    }
    let done = task.phase == Phase::Succeeded;
    data["outputs"] = json!(if done { outputs(task, settings) } else { Vec::new() });
    if done {
        let package = if images_of(task) > 0 { "image" } else { "video" };
        data["billing"] = json!([{"charge_type": "unit", "amount": units(task), "package_type": package}]);
    }
    data
}

fn outputs(task: &Task, settings: &AccountConfig) -> Vec<Value> {
    let url = |extension: &str| file(task, settings, extension);
    match makes(task) {
        Makes::Video | Makes::Effect => vec![json!({
            "type": "video", "id": video_id(task), "url": url("mp4"), "watermark_url": copy(task, settings, "mp4"),
            "duration": seconds(task),
        })],
        Makes::Film => vec![json!({
            "type": "video", "url": url("mp4"), "watermark_url": copy(task, settings, "mp4"), "duration": seconds(task),
        })],
        Makes::Subtitles => vec![
            json!({"type": "subbed_video", "url": url("mp4"), "duration": seconds(task)}),
            json!({"type": "srt", "url": url("srt")}),
            json!({"type": "ass", "url": url("ass")}),
        ],
        Makes::Clothes => {
            let picture = |kind: &str| {
                let url = variant(task, settings, kind, "png");
                json!({"type": kind, "url": url, "watermark_url": copy(task, settings, "png")})
            };
            vec![
                picture("product_image"),
                picture("model_images"),
                json!({"type": "product_video", "url": url("mp4"), "watermark_url": copy(task, settings, "mp4")}),
            ]
        }
        Makes::Images | Makes::OmniImage | Makes::TryOn | Makes::Image => pictures(task, settings)
            .into_iter()
            .map(|(url, marked)| json!({"type": "image", "url": url, "watermark_url": marked}))
            .collect(),
    }
}

/// A path segment without its percent signs; bytes that make no text stay as they came.
pub(super) fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits
            .filter(|digits| *first == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}
