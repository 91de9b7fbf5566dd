//! Every body Vidu sends: the echo of a create, a task's record, its creations, the credits.
//!
//! The task is called `task_id` in the answer to a create and `id` everywhere else. Shapes from the
//! pages in `page`, completed by captures; nothing here decides, it only says.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::products::{CORNERS, product};
use super::{creation_id, models};
use crate::account::AccountConfig;
use crate::api::Call;
use crate::dialect::Phase;
use crate::tasks::Task;

/// What a task costs; prices are by model and length, and change.
const CREDITS: u64 = 4;
/// "Each task consumes an additional 10 credits" when Vidu writes the prompt.
const CREDITS_FOR_PROMPT: u64 = 10;
/// A captured seed, standing for the random one.
const SEED: i64 = 1_430_777_683;
const FRAMES_PER_SECOND: u64 = 24;
/// "Each organization can use up to 5 concurrent tasks."
const CONCURRENCY: u32 = 5;
const CREDITS_BOUGHT: u64 = 100_000;

/// The answer to an accepted create: the product's fields, as the request gave them or by default.
pub(super) fn created(task: &Task, settings: &AccountConfig) -> Echo {
    let Some(product) = product(task.draft.product) else { return Echo(Vec::new()) };
    let captured =
        product.kind.is_some() && settings.options.get(task.draft.dialect, "create-echo") == "captured";
    let told = |name: &str| match name {
        "type" => product.kind.is_some(),
        "bgm" => !captured,
        _ => true,
    };
    let echo = product.echo.iter().filter(|name| told(name));
    let mut body = Echo(echo.map(|name| (*name, echoed(task, name))).collect());
    // In the pages' tables, not in their examples.
    for name in ["audio", "watermark"] {
        if let Some(value) = task.draft.body.get(name) {
            body.put(name, value.clone());
        }
    }
    if captured {
        for name in CAPTURED_ECHO {
            body.put(name, echoed(task, name));
        }
    }
    body
}

/// Fields in order. A list, because there are a score of them at most and each is written once.
#[derive(Debug)]
pub(super) struct Echo(Vec<(&'static str, Value)>);

impl Echo {
    fn put(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Serialize for Echo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// What a relay's capture of 2026 has besides.
const CAPTURED_ECHO: &[&str] = &[
    "cus_priority",
    "watermark",
    "is_rec",
    "wm_position",
    "wm_url",
    "meta_data",
    "client_request_id",
    "audio_type",
];

fn echoed(task: &Task, name: &str) -> Value {
    let given = &task.draft.body;
    let text = |default: &str| given[name].as_str().filter(|text| !text.is_empty()).unwrap_or(default).into();
    match name {
        "task_id" => json!(task.id),
        "type" => json!(product(task.draft.product).and_then(|product| product.kind)),
        "state" => json!(task.draft.dialect.word(task.phase).query),
        "model" => json!(task.draft.model),
        "prompt" => json!(task.draft.prompt),
        "style" => text("general"),
        "images" => Value::from(images(task)),
        "duration" => json!(made(task).0),
        "seed" => json!(given["seed"].as_i64().filter(|seed| *seed != 0).unwrap_or(SEED)),
        "aspect_ratio" => text(product(task.draft.product).map_or("", |product| product.ratio)),
        "resolution" => json!(made(task).1),
        "movement_amplitude" => text("auto"),
        "audio_type" => text("all"),
        "wm_position" => json!(corner(&given[name])),
        "cus_priority" => json!(0),
        "credits" => json!(credits(task)),
        "created_at" => json!(format!("{:.9}", task.created)),
        "bgm" | "off_peak" | "watermark" | "is_rec" => json!(given[name].as_bool().unwrap_or(false)),
        "image_settings" => given[name].clone(),
        _ => text(""),
    }
}

fn corner(given: &Value) -> &str {
    let number = given.as_u64().and_then(|corner| usize::try_from(corner).ok()).unwrap_or(3);
    given.as_str().or_else(|| CORNERS.get(number.wrapping_sub(1)).copied()).unwrap_or("bottom_right")
}

/// The pictures of a task, wherever its request holds them.
fn images(task: &Task) -> Vec<Value> {
    let given = &task.draft.body;
    let lists = |list: &str, field: &str| -> Vec<Value> {
        let items = given[list].as_array().into_iter().flatten();
        items
            .filter_map(|item| item.get(field))
            .flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]))
            .collect()
    };
    let plain = given["images"].as_array().cloned().unwrap_or_default();
    let start = given.get("start_image").cloned();
    let all = plain.into_iter().chain(start);
    all.chain(lists("subjects", "images")).chain(lists("image_settings", "key_image")).collect()
}

/// Length and resolution of what is made. Templates fix their own; the words stand for them.
fn made(task: &Task) -> (u64, &str) {
    let given = &task.draft.body;
    let range = models::model(task.draft.product, &task.draft.model).map(|model| model.range);
    let frames = given["image_settings"]
        .as_array()
        .map(|frames| frames.iter().map(|frame| frame["duration"].as_u64().unwrap_or(5)).sum::<u64>());
    let length = frames.or_else(|| given["duration"].as_u64());
    let length = length.unwrap_or_else(|| range.map_or(4, |range| range.length));
    let default = range.and_then(|range| range.clip(length)).map_or("720p", |clip| clip.default);
    (length, given["resolution"].as_str().filter(|word| !word.is_empty()).unwrap_or(default))
}

/// The resolution of what is made.
pub(super) fn resolution(task: &Task) -> &str {
    made(task).1
}

fn credits(task: &Task) -> u64 {
    let cost = CREDITS + if task.draft.body["is_rec"] == true { CREDITS_FOR_PROMPT } else { 0 };
    // Failed and cancelled tasks cost nothing.
    if task.phase == Phase::Failed { 0 } else { cost }
}

/// What a query, and with it every callback, says of a task.
pub(super) fn record(task: &Task, settings: &AccountConfig) -> Value {
    let mut body = record_with(task, settings, settings.options.is_on(task.draft.dialect, "creation-video"));
    let early = task.phase != Phase::Succeeded;
    if early && settings.options.get(task.draft.dialect, "creations-before-success") == "absent" {
        body.shift_remove("creations");
    }
    Value::Object(body)
}

fn record_with(task: &Task, settings: &AccountConfig, with_video: bool) -> Map<String, Value> {
    let creations =
        if task.phase == Phase::Succeeded { vec![creation(task, settings, with_video)] } else { Vec::new() };
    Map::from_iter(
        [
            ("id", json!(task.id)),
            ("state", json!(task.draft.dialect.word(task.phase).query)),
            ("err_code", json!(task.ending.map_or("", |ending| ending.code))),
            ("credits", json!(credits(task))),
            ("payload", echoed(task, "payload")),
            ("bgm", echoed(task, "bgm")),
            ("off_peak", echoed(task, "off_peak")),
            ("creations", Value::from(creations)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

fn creation(task: &Task, settings: &AccountConfig, with_video: bool) -> Value {
    let url = |ending| settings.result(format_args!("{}{ending}", task.id));
    let marked = if task.draft.body["watermark"] == true { url("-wm.mp4") } else { String::new() };
    let mut creation = json!({
        "id": creation_id(&task.id),
        "url": url(".mp4"),
        "cover_url": url(".jpeg"),
        "watermarked_url": marked,
    });
    if with_video {
        let (length, resolution) = made(task);
        let (width, height) = size(resolution, echoed(task, "aspect_ratio").as_str().unwrap_or_default());
        #[expect(clippy::cast_precision_loss, reason = "seconds of a clip are few")]
        let length = length as f64;
        creation["video"] = json!({
            "duration": length,
            "fps": FRAMES_PER_SECOND,
            "resolution": {"width": width, "height": height},
        });
    }
    creation
}

/// Pixels of a resolution word, which names the shorter side.
fn size(resolution: &str, ratio: &str) -> (u64, u64) {
    let short: u64 = resolution.trim_end_matches('p').parse().unwrap_or(720);
    let sides = ratio.split_once(':').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    let (w, h): (u64, u64) = sides.unwrap_or((16, 9));
    if w >= h { (short * w / h, short) } else { (short, short * h / w) }
}

/// What the list says of a task. The page's table is known down to the video's width; `state` is
/// from a client that reads it, and the rest follows the query.
pub(super) fn listed(task: &Task, settings: &AccountConfig) -> Value {
    let mut entry = Map::new();
    entry.insert("id".to_owned(), json!(task.id));
    entry.insert("key_id".to_owned(), json!(key_id(task, settings)));
    // "Returned only" for templates.
    for name in ["template", "story"] {
        if let Some(value) = task.draft.body.get(name) {
            entry.insert(name.to_owned(), value.clone());
        }
    }
    for name in ["model", "prompt", "images", "duration", "resolution", "aspect_ratio", "created_at"] {
        entry.insert(name.to_owned(), echoed(task, name));
    }
    entry.extend(record_with(task, settings, true));
    Value::Object(entry)
}

/// A number for the key that made a task: its place in the account, never anything of the key.
fn key_id(task: &Task, settings: &AccountConfig) -> String {
    let place = settings.api_keys.iter().position(|key| *key == task.draft.key);
    format!("{}", 2_000_000_000_000_000 + place.map_or(0, |place| place + 1))
}

/// The account's credits, with the packages they come from if asked.
pub(super) fn account(call: &Call<'_>, with_packages: bool) -> Value {
    let limit = call.settings.limits.concurrent.unwrap_or(CONCURRENCY);
    let in_phase = |wanted: &[Phase]| call.tasks.newest().filter(|task| wanted.contains(&task.phase)).count();
    let remains = json!([{
        "type": "metered",
        "credit_remain": CREDITS_BOUGHT,
        "concurrency_limit": limit,
        "current_concurrency": in_phase(&[Phase::Running]),
        "queue_count": in_phase(&[Phase::Submitted, Phase::Queued]),
    }]);
    let package = json!({
        "id": "812000000000000001",
        "name": "Credits",
        "type": "metered",
        "concurrency": limit,
        "credit_amount": CREDITS_BOUGHT,
        "credit_remain": CREDITS_BOUGHT,
        "created_at": "2026-01-01T00:00:00Z",
        "purchase_at": "2026-01-01T00:00:00Z",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": "2028-01-01T00:00:00Z",
    });
    let packages = if with_packages { vec![package] } else { Vec::new() };
    let field = call.settings.options.get(call.dialect, "credits-field");
    json!({ field: remains, "packages": packages })
}
