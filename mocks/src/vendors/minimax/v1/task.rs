//! The task as v1 shows it: in queries and callbacks, which differ in words and fields, and as a file.

use serde_json::{Map, Value, json};

use super::{FROM_TEMPLATE, V1, VIDEO, parameters};
use crate::account::Settings;
use crate::dialect::Phase;
use crate::jobs::Job;

/// The answer to a query.
pub(super) fn queried(job: &Job, settings: &Settings) -> Value {
    // A template's states are four; nothing says what waiting in a queue looks like there.
    let phase = match job.phase {
        Phase::Queued if job.draft.product == FROM_TEMPLATE => Phase::Submitted,
        phase => phase,
    };
    let mut body = Map::from_iter([
        ("task_id".to_owned(), json!(job.id)),
        ("status".to_owned(), json!(V1.word(phase).query)),
    ]);
    result_fields(&mut body, job, settings, true, false);
    let silent = settings.knobs.get(&V1, "fail-code") == "0";
    body.insert("base_resp".to_owned(), if silent { base_resp(0, "success") } else { ending_resp(job) });
    Value::Object(body)
}

/// The body of a callback. No failed one was captured: its empty `file_id` is assumed.
pub(super) fn pushed(job: &Job, word: &str, settings: &Settings) -> Value {
    let mut body =
        Map::from_iter([("task_id".to_owned(), json!(job.id)), ("status".to_owned(), json!(word))]);
    let sized = settings.knobs.is_on(&V1, "size-in-callback");
    let filed = settings.knobs.get(&V1, "template-callback") == "file_id";
    result_fields(&mut body, job, settings, sized, filed);
    if job.phase == Phase::Failed && job.draft.product == VIDEO {
        body.insert("file_id".to_owned(), json!(""));
    }
    body.insert("base_resp".to_owned(), ending_resp(job));
    Value::Object(body)
}

/// What a task that succeeded adds, and what stands there before: with its size if `sized`, and even a
/// template's as a file if `filed`.
fn result_fields(body: &mut Map<String, Value>, job: &Job, settings: &Settings, sized: bool, filed: bool) {
    let mut put = |field: &str, value: Value| body.insert(field.to_owned(), value);
    match (job.draft.product, job.phase) {
        (FROM_TEMPLATE, Phase::Succeeded) if filed => {
            put("file_id", json!(file_of(&job.id)));
        }
        (FROM_TEMPLATE, Phase::Succeeded) => {
            put("video_url", json!(result_url(job, settings)));
        }
        (FROM_TEMPLATE, _) => {}
        (_, Phase::Succeeded) => {
            // A string here, a number in files/retrieve.
            put("file_id", json!(file_of(&job.id)));
            if sized {
                let (width, height) = parameters::size(&job.draft.body);
                put("video_width", json!(width));
                put("video_height", json!(height));
            }
        }
        _ if settings.knobs.get(&V1, "file-id-before-success") == "empty" => {
            put("file_id", json!(""));
        }
        _ => {}
    }
}

/// The answer about a file.
pub(super) fn file(job: &Job, file: i64, settings: &Settings) -> Value {
    json!({
        "file": {
            "file_id": file,
            "bytes": 0,
            "created_at": job.updated.as_second(),
            "filename": "output_aigc.mp4",
            "purpose": "video_generation",
            "download_url": result_url(job, settings),
        },
        "base_resp": base_resp(0, "success"),
    })
}

fn result_url(job: &Job, settings: &Settings) -> String {
    settings.result(format_args!("{}.mp4", job.id))
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

fn ending_resp(job: &Job) -> Value {
    match job.ending.and_then(|ending| Some((ending.code.parse().ok()?, ending.message))) {
        Some((code, message)) => base_resp(code, message),
        None => base_resp(0, "success"),
    }
}
