//! A task as Ark describes it: the answer to a query, an item of a list, and the body of a callback.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::account::AccountConfig;
use crate::dialect::Phase;
use crate::tasks::Task;

/// Seeds that the vendor chose were all below this in the captures.
const SEEDS: u64 = 100_000;
const FRAMES_PER_SECOND: u64 = 24;
const KEPT: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3_600);
const CANCELLED_KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// Whether the vendor still has the record: seven days from creation, a day after a cancellation.
pub(super) fn is_kept(task: &Task, settings: &AccountConfig, now: Timestamp) -> bool {
    let within = |since: Timestamp, time: std::time::Duration| {
        let time = SignedDuration::try_from(settings.scaled(time)).unwrap_or(SignedDuration::MAX);
        now.duration_since(since) <= time
    };
    within(task.created, KEPT) && (task.phase != Phase::Cancelled || within(task.updated, CANCELLED_KEPT))
}

/// The record, with the fields that its state has and in the order of the captures.
pub(super) fn record(task: &Task, settings: &AccountConfig) -> Value {
    let order = &task.draft.body;
    let mut record = Map::new();
    record.insert("id".to_owned(), json!(task.id));
    record.insert("model".to_owned(), order["model"].clone());
    record.insert("status".to_owned(), json!(task.draft.dialect.word(task.phase).query));
    if let Some(ending) = task.ending.filter(|ending| !ending.code.is_empty()) {
        record.insert("error".to_owned(), json!({"code": ending.code, "message": ending.message}));
    } else if task.phase == Phase::Succeeded && settings.options.is_on(task.draft.dialect, "error-null") {
        record.insert("error".to_owned(), Value::Null);
    }
    if task.phase == Phase::Succeeded {
        record.insert("content".to_owned(), content(task, settings));
        let tokens = &order["tokens"];
        let mut usage = json!({"completion_tokens": tokens, "total_tokens": tokens});
        if order["tools"].is_array() {
            // How often the model searched; ours always does once.
            usage["tool_usage"] = json!({"web_search": 1});
        }
        record.insert("usage".to_owned(), usage);
    }
    record.insert("created_at".to_owned(), json!(task.created.as_second()));
    record.insert("updated_at".to_owned(), json!(task.updated.as_second()));
    if task.phase == Phase::Succeeded {
        record.insert("seed".to_owned(), json!(seed(task)));
        copy(order, &["resolution", "ratio", "duration", "frames"], &mut record);
        record.insert("framespersecond".to_owned(), json!(FRAMES_PER_SECOND));
    }
    if task.phase.is_terminal() {
        copy(order, &["service_tier", "execution_expires_after"], &mut record);
    }
    if task.phase == Phase::Succeeded {
        let rest = [
            "generate_audio",
            "draft",
            "draft_task_id",
            "priority",
            "output_format",
            "tools",
            "safety_identifier",
        ];
        copy(order, &rest, &mut record);
    }
    Value::Object(record)
}

/// Result files are MP4 whatever the format; a mock has no other.
fn content(task: &Task, settings: &AccountConfig) -> Value {
    let mut content = json!({"video_url": settings.result(format_args!("{}.mp4", task.id))});
    if task.draft.body["return_last_frame"] == json!(true) {
        let extension = settings.options.get(task.draft.dialect, "last-frame");
        content["last_frame_url"] = json!(settings.result(format_args!("{}-frame.{extension}", task.id)));
    }
    content
}

/// The caller's seed, or one that depends on the id's tail alone, so that every answer says the same.
pub(super) fn seed(task: &Task) -> u64 {
    let tail = task.id.rsplit('-').next().unwrap_or_default();
    task.draft.body["seed"].as_u64().unwrap_or_else(|| {
        tail.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) % SEEDS
    })
}

fn copy(order: &Value, names: &[&str], record: &mut Map<String, Value>) {
    for name in names {
        if let Some(value) = order.get(*name) {
            record.insert((*name).to_owned(), value.clone());
        }
    }
}
