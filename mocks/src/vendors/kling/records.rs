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
use crate::account::Settings;
use crate::dialect::{Phase, Word};
use crate::jobs::Job;

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

fn is_new(job: &Job) -> bool {
    job.draft.dialect.name == V2_NAME
}

fn makes(job: &Job) -> Makes {
    let makes = if is_new(job) {
        new::offer(job.draft.product, &job.draft.model).map(|offer| offer.makes)
    } else {
        legacy::product(job.draft.product).map(|product| product.makes)
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

fn images_of(job: &Job) -> u32 {
    job.draft.body.as_object().map_or(0, |body| images(body, makes(job)))
}

/// How many of the account's places a task takes.
pub(super) fn places(job: &Job) -> u32 {
    images_of(job).max(1)
}

/// The kind of a task as the filters of `POST /tasks` know it.
pub(super) fn kind(job: &Job) -> &'static str {
    match makes(job) {
        Makes::TryOn => "try_on",
        _ if images_of(job) > 0 => "image",
        _ => "video",
    }
}

/// A result of a task.
pub(super) fn file(job: &Job, settings: &Settings, extension: &str) -> String {
    settings.result(format_args!("{}.{extension}", job.id))
}

/// A further result of a task, or a copy of it.
fn variant(job: &Job, settings: &Settings, what: &str, extension: &str) -> String {
    settings.result(format_args!("{}-{what}.{extension}", job.id))
}

fn whole_seconds(job: &Job) -> u64 {
    let body = &job.draft.body;
    let asked = if is_new(job) { &body["settings"]["duration"] } else { &body["duration"] };
    match asked {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64(),
    }
    .unwrap_or(5)
}

/// The length of a task's video as its record says it, a little over what was asked.
pub(super) fn seconds(job: &Job) -> String {
    // Observed `3.041` at the new generation; the legacy page's sample is `5.1`.
    if is_new(job) { format!("{}.041", whole_seconds(job)) } else { format!("{}.1", whole_seconds(job)) }
}

fn video_id(job: &Job) -> String {
    let low = job.id.parse::<u128>().map_or(0, |id| u64::try_from(id & u128::from(u32::MAX)).unwrap_or(0));
    id_at(job.updated, low ^ VIDEO_BIT)
}

/// Whether the task made the video of this id.
pub(super) fn made_video(job: &Job, id: &str) -> bool {
    job.phase == Phase::Succeeded && kind(job) == "video" && video_id(job) == id
}

fn watermarked(job: &Job) -> bool {
    let body = &job.draft.body;
    let options = if is_new(job) { &body["options"] } else { body };
    ["watermark_info", "watermark"].iter().any(|key| options[*key]["enabled"] == true)
}

fn units(job: &Job) -> String {
    let images = u64::from(images_of(job));
    let seconds = whole_seconds(job);
    let tenths = match job.draft.body["settings"]["resolution"].as_str() {
        _ if images > 0 => images * TENTHS_IMAGE,
        _ if !is_new(job) => seconds.saturating_mul(2),
        None | Some("720p") => seconds.saturating_mul(TENTHS_720P),
        Some(_) => seconds.saturating_mul(TENTHS_1080P),
    };
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// The legacy answer to a create.
pub(super) fn legacy_created(job: &Job) -> impl Serialize {
    #[derive(Serialize)]
    struct Answer<'j> {
        task_id: &'j str,
        task_status: &'static str,
        task_info: Value,
        created_at: i64,
        updated_at: i64,
    }
    Answer {
        task_id: &job.id,
        task_status: Word::of(LEGACY_WORDS, job.phase).query,
        task_info: task_info(job, Channel::Query),
        created_at: job.created.as_millisecond(),
        updated_at: job.updated.as_millisecond(),
    }
}

/// The legacy record.
pub(super) fn legacy(job: &Job, settings: &Settings, channel: Channel) -> Value {
    let mut data = Map::new();
    let mut put = |key: &str, value: Value| data.insert(key.to_owned(), value);
    put("task_id", json!(job.id));
    put("task_status", json!(Word::of(LEGACY_WORDS, job.phase).query));
    put("task_status_msg", json!(job.ending.map_or("", |ending| ending.message)));
    put("task_info", task_info(job, channel));
    match job.phase {
        Phase::Succeeded => {
            // The query has watermark fields; the documented callback does not.
            if channel == Channel::Query && makes(job) != Makes::TryOn {
                put("watermark_info", json!({"enabled": watermarked(job)}));
            }
            put("task_result", legacy_result(job, settings, channel));
            put("final_unit_deduction", json!(units(job)));
            put("final_balance_deduction", json!({"quota": "0", "list_price": "0"}));
        }
        Phase::Failed => {
            put("task_result", json!({}));
        }
        _ => {}
    }
    put("created_at", json!(job.created.as_millisecond()));
    put("updated_at", json!(job.updated.as_millisecond()));
    Value::Object(data)
}

fn task_info(job: &Job, channel: Channel) -> Value {
    let mut info = Map::new();
    // Callbacks of other products than extend have no parent.
    if let Some(parent) = job.draft.body.get(PARENT)
        && (channel == Channel::Query || job.draft.product == EXTEND)
    {
        info.insert(PARENT.to_owned(), parent.clone());
    }
    if let Some(id) = &job.draft.external_id {
        info.insert("external_task_id".to_owned(), json!(id));
    }
    Value::Object(info)
}

fn legacy_result(job: &Job, settings: &Settings, channel: Channel) -> Value {
    let makes = makes(job);
    let with_copy = channel == Channel::Query && makes != Makes::TryOn;
    if images_of(job) == 0 {
        let mut video = json!({"id": video_id(job), "url": file(job, settings, "mp4")});
        if makes != Makes::Effect {
            video["duration"] = json!(seconds(job));
        }
        if with_copy {
            video["watermark_url"] = copy(job, settings, "mp4");
        }
        return json!({"videos": [video]});
    }
    let images: Vec<Value> = pictures(job, settings)
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
    let series = makes == Makes::OmniImage && job.draft.body["result_type"] == "series";
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
fn pictures(job: &Job, settings: &Settings) -> Vec<(String, Value)> {
    (0..images_of(job))
        .map(|index| match index {
            0 => (file(job, settings, "png"), copy(job, settings, "png")),
            _ => {
                let marked = watermarked(job).then(|| variant(job, settings, &format!("wm{index}"), "png"));
                (variant(job, settings, &index.to_string(), "png"), json!(marked.unwrap_or_default()))
            }
        })
        .collect()
}

/// URL of the watermarked copy, empty where none was asked for.
fn copy(job: &Job, settings: &Settings, extension: &str) -> Value {
    if watermarked(job) { json!(variant(job, settings, "wm", extension)) } else { json!("") }
}

/// The new generation's answer to a create.
pub(super) fn new_created(job: &Job) -> Value {
    let mut data = json!({
        "id": job.id,
        "status": Word::of(V2_WORDS, job.phase).query,
        "create_time": job.created.as_millisecond(),
        "update_time": job.updated.as_millisecond(),
    });
    if let Some(id) = &job.draft.external_id {
        data["external_id"] = json!(id);
    }
    data
}

/// The new generation's record, the same in queries and callbacks, of a task of either generation.
pub(super) fn new(job: &Job, settings: &Settings) -> Value {
    let mut data = json!({
        "id": job.id,
        "status": Word::of(V2_WORDS, job.phase).query,
        "message": job.ending.map_or("", |ending| ending.message),
        "create_time": job.created.as_millisecond(),
        "update_time": job.updated.as_millisecond(),
    });
    if let Some(id) = &job.draft.external_id {
        data["external_id"] = json!(id);
    }
    let done = job.phase == Phase::Succeeded;
    data["outputs"] = json!(if done { outputs(job, settings) } else { Vec::new() });
    if done {
        let package = if images_of(job) > 0 { "image" } else { "video" };
        data["billing"] = json!([{"charge_type": "unit", "amount": units(job), "package_type": package}]);
    }
    data
}

fn outputs(job: &Job, settings: &Settings) -> Vec<Value> {
    let url = |extension: &str| file(job, settings, extension);
    match makes(job) {
        Makes::Video | Makes::Effect => vec![json!({
            "type": "video", "id": video_id(job), "url": url("mp4"), "watermark_url": copy(job, settings, "mp4"),
            "duration": seconds(job),
        })],
        Makes::Film => vec![json!({
            "type": "video", "url": url("mp4"), "watermark_url": copy(job, settings, "mp4"), "duration": seconds(job),
        })],
        Makes::Subtitles => vec![
            json!({"type": "subbed_video", "url": url("mp4"), "duration": seconds(job)}),
            json!({"type": "srt", "url": url("srt")}),
            json!({"type": "ass", "url": url("ass")}),
        ],
        Makes::Clothes => {
            let picture = |kind: &str| {
                let url = variant(job, settings, kind, "png");
                json!({"type": kind, "url": url, "watermark_url": copy(job, settings, "png")})
            };
            vec![
                picture("product_image"),
                picture("model_images"),
                json!({"type": "product_video", "url": url("mp4"), "watermark_url": copy(job, settings, "mp4")}),
            ]
        }
        Makes::Images | Makes::OmniImage | Makes::TryOn | Makes::Image => pictures(job, settings)
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
