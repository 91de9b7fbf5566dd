//! The task as v1 shows it: in queries and callbacks, which differ in words and fields, and as a file.

use serde_json::{Map, Value, json};

use super::{FROM_TEMPLATE, V1, VIDEO, parameters};
use crate::account::AccountConfig;
use crate::dialect::Phase;
use crate::tasks::Task;

/// The answer to a query.
pub(super) fn queried(task: &Task, settings: &AccountConfig) -> Value {
    // A template's states are four; nothing says what waiting in a queue looks like there.
    let phase = match task.phase {
        Phase::Queued if task.draft.product == FROM_TEMPLATE => Phase::Submitted,
        phase => phase,
    };
    let mut body = Map::from_iter([
        ("task_id".to_owned(), json!(task.id)),
        ("status".to_owned(), json!(V1.word(phase).query)),
    ]);
    result_fields(&mut body, task, settings, true, false);
    let silent = settings.options.get(&V1, "fail-code") == "0";
    body.insert("base_resp".to_owned(), if silent { base_resp(0, "success") } else { ending_resp(task) });
    Value::Object(body)
}

/// The body of a callback. No failed one was captured: its empty `file_id` is assumed.
pub(super) fn pushed(task: &Task, word: &str, settings: &AccountConfig) -> Value {
    let mut body =
        Map::from_iter([("task_id".to_owned(), json!(task.id)), ("status".to_owned(), json!(word))]);
    let sized = settings.options.is_on(&V1, "size-in-callback");
    let filed = settings.options.get(&V1, "template-callback") == "file_id";
    result_fields(&mut body, task, settings, sized, filed);
    if task.phase == Phase::Failed && task.draft.product == VIDEO {
        body.insert("file_id".to_owned(), json!(""));
    }
    body.insert("base_resp".to_owned(), ending_resp(task));
    Value::Object(body)
}

/// What a task that succeeded adds, and what stands there before: with its size if `sized`, and even a
/// template's as a file if `filed`.
fn result_fields(
    body: &mut Map<String, Value>,
    task: &Task,
    settings: &AccountConfig,
    sized: bool,
    filed: bool,
) {
    let mut put = |field: &str, value: Value| body.insert(field.to_owned(), value);
    match (task.draft.product, task.phase) {
        (FROM_TEMPLATE, Phase::Succeeded) if filed => {
            put("file_id", json!(file_of(&task.id)));
        }
        (FROM_TEMPLATE, Phase::Succeeded) => {
            put("video_url", json!(result_url(task, settings)));
        }
        (FROM_TEMPLATE, _) => {}
        (_, Phase::Succeeded) => {
            // A string here, a number in files/retrieve.
            put("file_id", json!(file_of(&task.id)));
            if sized {
                let (width, height) = parameters::size(&task.draft.body);
                put("video_width", json!(width));
                put("video_height", json!(height));
            }
        }
        _ if settings.options.get(&V1, "file-id-before-success") == "empty" => {
            put("file_id", json!(""));
        }
        _ => {}
    }
}

/// The answer about a file.
pub(super) fn file(task: &Task, file: i64, settings: &AccountConfig) -> Value {
    json!({
        "file": {
            "file_id": file,
            "bytes": 0,
            "created_at": task.updated.as_second(),
            "filename": "output_aigc.mp4",
            "purpose": "video_generation",
            "download_url": result_url(task, settings),
        },
        "base_resp": base_resp(0, "success"),
    })
}

fn result_url(task: &Task, settings: &AccountConfig) -> String {
    settings.result(format_args!("{}.mp4", task.id))
}

/// File ids live in a number space of their own; ours differ from the task's by the first digit.
fn file_of(task: &str) -> String {
    format!("2{task}")
}

/// The task that a file is of.
pub(super) fn of_file(file: &str) -> Option<String> {
    file.strip_prefix('2').map(str::to_owned)
}

/// The part that says how a call went.
pub(super) fn base_resp(code: u64, message: &str) -> Value {
    json!({"status_code": code, "status_msg": message})
}

fn ending_resp(task: &Task) -> Value {
    match task.ending.and_then(|ending| Some((ending.code.parse().ok()?, ending.message))) {
        Some((code, message)) => base_resp(code, message),
        None => base_resp(0, "success"),
    }
}
