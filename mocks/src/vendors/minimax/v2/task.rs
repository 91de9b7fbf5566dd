//! The task as v2 shows it, in queries, lists and callbacks alike, and who is on a list.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{CONTEXT_IR, REGENERATION, V2, WINDOW, parameters};
use crate::account::AccountConfig;
use crate::api::Call;
use crate::dialect::Phase;
use crate::tasks::{Task, TaskStore};

/// Seconds that a reference clip is taken to last: a mock does not open it, and the vendor takes 2 to
/// 15, together no more than 15.
const CLIP_SECONDS: usize = 5;
const CLIPS_AT_MOST: usize = 15;
/// Output tokens of a second, as in the documented example of five.
const TOKENS_PER_SECOND: u64 = 260_390 / 5;
const PAGE_SIZE: usize = 20;

/// A task of this API, if it is young enough to be asked about.
pub(super) fn found<'j>(
    tasks: &'j TaskStore,
    id: &str,
    settings: &AccountConfig,
    now: Timestamp,
) -> Option<&'j Task> {
    tasks.get(id).filter(|task| visible(task, settings, now))
}

fn visible(task: &Task, settings: &AccountConfig, now: Timestamp) -> bool {
    let window = SignedDuration::try_from(settings.scaled(WINDOW)).unwrap_or(SignedDuration::MAX);
    task.draft.dialect.name == V2.name && now.duration_since(task.created) <= window
}

/// How long the video of a task is.
fn seconds(task: &Task) -> u64 {
    task.draft.body["duration"].as_u64().unwrap_or(5)
}

/// The task object.
pub(super) fn shown(task: &Task, settings: &AccountConfig) -> Value {
    let (draft, kind) = (&task.draft, task.draft.product);
    let mut shown = Map::new();
    let mut put = |field: &str, value: Value| shown.insert(field.to_owned(), value);
    put("id", json!(task.id));
    put("model", json!(draft.model));
    put("status", json!(V2.word(task.phase).query));
    if let Some(ending) = task.ending.filter(|ending| ending.phase == Phase::Failed) {
        put("error", json!({"code": ending.code, "message": ending.message}));
    }
    put("created_at", json!(task.created.as_second()));
    put("updated_at", json!(task.updated.as_second()));
    if task.phase == Phase::Succeeded {
        put("content", content(task, settings));
    }
    if kind != CONTEXT_IR {
        put("resolution", json!(draft.body["resolution"].as_str().unwrap_or_default()));
    }
    put("duration", json!(seconds(task)));
    if let Some(usage) = usage(task, settings) {
        put("usage", usage);
    }
    put("ratio", json!(parameters::ratio(kind, &draft.body)));
    put("task_type", json!(kind));
    if settings.options.is_on(&V2, "modality") {
        put("modality", json!(if kind == CONTEXT_IR { "text" } else { "video" }));
    }
    Value::Object(shown)
}

fn content(task: &Task, settings: &AccountConfig) -> Value {
    if task.draft.product == CONTEXT_IR {
        return json!({"prompt": format!("integrated_multimodal_description: [Shot 1] {}", task.draft.prompt)});
    }
    json!({"url": settings.result(format_args!("{}.mp4", task.id))})
}

/// What the task used; before success, and without it, what the copy of the page says that is chosen.
fn usage(task: &Task, settings: &AccountConfig) -> Option<Value> {
    if task.phase != Phase::Succeeded {
        return match settings.options.get(&V2, "usage-before-success") {
            "absent" => None,
            "zeros" if task.draft.product != CONTEXT_IR => Some(json!({
                "total_seconds": 0, "input_seconds": 0, "output_seconds": 0, "input_image_count": 0,
            })),
            _ => Some(json!({})),
        };
    }
    let body = &task.draft.body;
    let characters = u64::try_from(task.draft.prompt.chars().count()).unwrap_or(0);
    if task.draft.product == CONTEXT_IR {
        let (asked, answered) = (characters + 1, characters + 64);
        return Some(json!({
            "total_tokens": asked + answered, "prompt_tokens": asked, "completion_tokens": answered,
        }));
    }
    let lasting = |kind| (parameters::count(body, kind) * CLIP_SECONDS).min(CLIPS_AT_MOST);
    let (input, output) = (lasting("video_url") as u64, seconds(task));
    let mut usage = json!({
        "total_seconds": input + output,
        "input_seconds": input,
        "output_seconds": output,
        "input_image_count": parameters::count(body, "image_url"),
    });
    if settings.options.is_on(&V2, "usage-tokens") {
        let heard = lasting("audio_url");
        if heard > 0 && task.draft.product != REGENERATION {
            usage["input_audio_seconds"] = json!(heard);
        }
        let (asked, answered) = (input * TOKENS_PER_SECOND, output * TOKENS_PER_SECOND);
        usage["total_tokens"] = json!(asked + answered);
        usage["prompt_tokens"] = json!(asked);
        usage["completion_tokens"] = json!(answered);
    }
    Some(usage)
}

/// One page of the tasks that the filters let through, the newest first, and how many there are.
pub(super) fn listed(call: &Call<'_>) -> Result<Value, String> {
    let number = |name: &str, default: usize| match call.request.query(name) {
        None => Ok(default),
        Some(text) if text.is_empty() => Ok(default),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{name} must be a positive integer")),
        },
    };
    let (page, size) = (number("page_num", 1)?, number("page_size", PAGE_SIZE)?);
    let one = |name: &str| call.request.query(name).filter(|text| !text.is_empty());
    let (status, model, kind) = (one("filter.status"), one("filter.model"), one("filter.task_type"));
    if let Some(word) = status.as_deref().filter(|word| V2.phase(word).is_none()) {
        return Err(format!("filter.status {word} is unknown"));
    }
    if let Some(word) = kind.as_deref().filter(|word| V2.routes.iter().all(|route| route.product != *word)) {
        return Err(format!("filter.task_type {word} is unknown"));
    }
    let ids = ids(call.request.target.as_str());
    let chosen = |task: &&Task| {
        visible(task, call.settings, call.now)
            && status.as_ref().is_none_or(|word| V2.word(task.phase).query == word)
            && model.as_ref().is_none_or(|name| task.draft.model == *name)
            && kind.as_ref().is_none_or(|name| task.draft.product == name)
            && (ids.is_empty() || ids.contains(&task.id))
    };
    let all: Vec<&Task> = call.tasks.newest().filter(chosen).collect();
    let items: Vec<Value> = all
        .iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .map(|task| shown(task, call.settings))
        .collect();
    Ok(json!({"items": items, "total": all.len()}))
}

/// The ids of `filter.task_ids`, which may be repeated; commas within one are taken as well.
fn ids(target: &str) -> Vec<String> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "filter.task_ids")
        .flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter(|id| !id.is_empty())
        .collect()
}
