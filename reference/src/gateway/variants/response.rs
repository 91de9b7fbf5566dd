//! Variants of what the gateway says: the answer in other words, fields or formats.
//!
//! Nothing here changes what a job does.

use std::fmt::Write as _;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value, json};

use crate::deviation::deviations;
use crate::gateway::forwarding::unavailable;
use crate::gateway::routing::Reply;
use crate::gateway::stages::Stages;
use crate::gateway::task::written;
use crate::gateway::{Gateway, polling};
use ringback_mocks::wire::{Headers, Response};

deviations! { Variant of Gateway;
    // the JSON and its headers
    CHARSET_NAMED "charset-named" "names the charset in the content type" =>
        |stages| set_content_type(stages, "application/json; charset=utf-8"), excludes ["plain-content-type"];
    PLAIN_CONTENT_TYPE "plain-content-type" "calls its JSON text/plain" =>
        |stages| set_content_type(stages, "text/plain");
    MANY_HEADERS "many-headers" "adds cookies, cache, rate-limit and tracing headers, Retry-After on errors" =>
        |stages| rewrite(stages, add_headers);
    EXTRA_FIELDS "extra-fields" "adds fields of its own to every object" => |stages| edit_body(stages, extend);
    OTHER_KEY_ORDER "other-key-order" "writes keys in the reverse order" => |stages| edit_body(stages, reverse);
    PRETTY_PRINTED "pretty-printed" "indents its JSON and ends it with a line break" =>
        |stages| rewrite(stages, |response| {
            let text = response.value().map(|body| format!("{body:#}\r\n"));
            response.body = text.map_or(Bytes::new(), Bytes::from);
        }), excludes ["escaped-json"];
    ESCAPED_JSON "escaped-json" "escapes slashes and everything that is not ASCII in its JSON" =>
        |stages| rewrite(stages, |response| response.body = Bytes::from(escaped(&String::from_utf8_lossy(&response.body))));
    UNIFORM_ENVELOPE "uniform-envelope" "has data, error and message in every body, null where they do not apply" =>
        |stages| edit_body(stages, fill_envelope);
    // submit
    CREATED_201 "created-201" "answers an accepted submit with HTTP 201 and code 200" =>
        |stages| answer_submits_with(stages, 201), excludes ["accepted-202"];
    ACCEPTED_202 "accepted-202" "answers an accepted submit with HTTP 202 and code 200" =>
        |stages| answer_submits_with(stages, 202);
    NULL_ERROR_ON_SUBMIT "null-error-on-submit" "has error_message null in the submit answer" =>
        null_error_on_submit;
    // times
    OFFSET_TIMES "offset-times" "gives times with the offset +08:00" =>
        |stages| write_times(stages, |instant| format!("{}+08:00", in_shanghai(instant))),
        excludes ["zulu-times", "fractional-times", "local-times"];
    ZULU_TIMES "zulu-times" "gives times with a Z" =>
        |stages| write_times(stages, |instant| format!("{}Z", written(instant))),
        excludes ["fractional-times", "local-times"];
    FRACTIONAL_TIMES "fractional-times" "gives times with microseconds" =>
        |stages| write_times(stages, |instant| format!("{}.123456", written(instant))), excludes ["local-times"];
    LOCAL_TIMES "local-times" "gives the time of Shanghai without saying so" =>
        |stages| write_times(stages, in_shanghai);
    // status
    NO_ERROR_MESSAGE "no-error-message" "has error_message only in failed statuses" =>
        |stages| edit_status(stages, |word, data| if word != "failed" { data.shift_remove("error_message"); });
    NO_PROGRESS "no-progress" "shows no progress" =>
        |stages| edit_status(stages, |_, data| drop(data.shift_remove("progress"))),
        excludes ["null-progress", "float-progress", "coarse-progress", "progress-stops"];
    NULL_PROGRESS "null-progress" "shows progress null until a job has ended" =>
        |stages| edit_status(stages, |word, data| if !has_ended(word) { set(data, "progress", Value::Null); }),
        excludes ["coarse-progress"];
    FLOAT_PROGRESS "float-progress" "writes progress as 42.0" => |stages| edit_status(stages, |_, data| {
        if let Some(progress) = data.get("progress").and_then(Value::as_f64) {
            set(data, "progress", json!(progress));
        }
    });
    COARSE_PROGRESS "coarse-progress" "knows no progress but 10, 30 and 100" =>
        |stages| edit_status(stages, |word, data| match word {
            "not_started" => set(data, "progress", json!(10)),
            "running" => set(data, "progress", json!(30)),
            _ => {}
        });
    PROGRESS_STOPS "progress-stops" "leaves the progress of a failed job where it was" =>
        |stages| edit_status(stages, |word, data| if word == "failed" { set(data, "progress", json!(42)); });
    EMPTY_FILES "empty-files" "shows an empty list of files until a job has finished" =>
        |stages| edit_status(stages, |word, data| if word != "finished" { set(data, "files", json!([])); }),
        excludes ["null-files"];
    NULL_FILES "null-files" "shows files null until a job has finished" =>
        |stages| edit_status(stages, |word, data| if word != "finished" { set(data, "files", Value::Null); });
    VIDEO_FILES "video-files" "says file_type video" =>
        |stages| edit_files(stages, |files| files.iter_mut().for_each(|file| file["file_type"] = json!("video")));
    DETAILED_FILES "detailed-files" "adds size, format and expiry to each file" =>
        |stages| edit_files(stages, |files| files.iter_mut().for_each(add_details));
    COVER_FILES "cover-files" "lists a cover image after each result" => |stages| edit_files(stages, add_covers);
    SKIPS_RUNNING "skips-running" "says not_started until a job has ended" =>
        |stages| edit_status(stages, |word, data| if word == "running" {
            set(data, "status", json!("not_started"));
            set(data, "progress", json!(0));
        }), excludes ["runs-at-once"];
    RUNS_AT_ONCE "runs-at-once" "says running as soon as it is asked" =>
        |stages| edit_status(stages, |word, data| if word == "not_started" { set(data, "status", json!("running")); });
    // refusals
    FORBIDDEN_403 "forbidden-403" "answers 403 to a missing or unknown key" => forbidden_403;
    FOREIGN_TASK_403 "foreign-task-403" "answers 403 for another client's task" => foreign_task_403;
    UNKNOWN_MODEL_404 "unknown-model-404" "answers 404 for a model that does not exist" => unknown_model_404;
    DETAILED_ERRORS "detailed-errors" "adds param, code and request_id to every error" => detailed_errors;
    LONG_MESSAGES "long-messages" "writes messages of 4,000 characters" =>
        |stages| say(stages, || "this went wrong and is told at length; ".repeat(103)),
        excludes ["foreign-messages"];
    FOREIGN_MESSAGES "foreign-messages" "writes messages in Chinese, with emoji and line breaks" =>
        |stages| say(stages, || "请求参数无效 🛶\n\t«\"\\ null \u{2028}» ".to_owned());
}

/// A request's name, as a gateway shows it that traces them.
const REQUEST_ID: &str = "req_01HF8Z3KQX2A6Y4N3R8M5W7V9P";

/// Changes every JSON document as a whole.
fn edit_body(stages: &mut Stages, edit: fn(&mut Value)) {
    stages.answer.then(move |_, mut reply| {
        if let Reply::Json { body, .. } = &mut reply {
            edit(body);
        }
        reply
    });
}

/// Changes how JSON is written as HTTP.
fn rewrite(stages: &mut Stages, rewrite: fn(&mut Response)) {
    stages.write.around(move |next, service, reply| {
        let is_json = matches!(reply, Reply::Json { .. });
        let mut response = next.run(service, reply);
        if is_json {
            rewrite(&mut response);
        }
        response
    });
}

fn set_content_type(stages: &mut Stages, kind: &'static str) {
    stages.write.around(move |next, service, reply| {
        let is_json = matches!(reply, Reply::Json { .. });
        let mut response = next.run(service, reply);
        if is_json {
            let others = response.headers.iter().filter(|(name, _)| *name != "content-type");
            response.headers = [("content-type", kind)].into_iter().chain(others).collect();
        }
        response
    });
}

fn add_headers(response: &mut Response) {
    let fields = [
        ("cache-control", "no-store"),
        ("etag", "W/\"5f0c\""),
        ("set-cookie", "route=a1; Path=/; HttpOnly"),
        ("set-cookie", "seen=1"),
        ("x-ratelimit-remaining", "0"),
        ("x-request-id", REQUEST_ID),
        ("vary", "accept-encoding, authorization"),
    ];
    let retry = (!response.is_success()).then_some(("retry-after", "120"));
    let headers: Headers = response.headers.iter().chain(fields).chain(retry).collect();
    response.headers = headers;
}

fn extend(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(extend);
            object.insert("x_trace".to_owned(), json!({"id": "5f0c", "hops": [1, 2]}));
            object.entry("message").or_insert_with(|| json!("ok"));
            object.insert("success".to_owned(), Value::Null);
        }
        Value::Array(items) => items.iter_mut().for_each(extend),
        _ => {}
    }
}

fn reverse(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(reverse);
            *object = std::mem::take(object).into_iter().rev().collect();
        }
        Value::Array(items) => items.iter_mut().for_each(reverse),
        _ => {}
    }
}

fn fill_envelope(body: &mut Value) {
    for key in ["data", "error", "message"] {
        if body.get(key).is_none() {
            body[key] = Value::Null;
        }
    }
}

/// JSON text in ASCII, with slashes escaped: other bytes, the same value.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::new();
    // Outside of strings JSON has neither slashes nor anything beyond ASCII.
    for unit in json.chars() {
        match unit {
            '/' => text.push_str("\\/"),
            unit if unit.is_ascii() => text.push(unit),
            unit => {
                for half in unit.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{half:04x}");
                }
            }
        }
    }
    text
}

fn answer_submits_with(stages: &mut Stages, other: u16) {
    stages.submit.then(move |_, reply| match reply {
        Reply::Json { status: 200, body } => Reply::Json { status: other, body },
        reply => reply,
    });
}

fn null_error_on_submit(stages: &mut Stages) {
    stages.submit_data.after(|_, mut data| {
        data["error_message"] = Value::Null;
        data
    });
}

fn write_times(stages: &mut Stages, write: fn(Timestamp) -> String) {
    stages.created_time.around(move |_, _, instant| write(instant));
}

fn in_shanghai(instant: Timestamp) -> String {
    Offset::constant(8).to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Changes the fields of a status, which has this word.
fn edit_status(stages: &mut Stages, edit: fn(&str, &mut Map<String, Value>)) {
    stages.status_data.after(move |_, mut data| {
        let word = data["status"].as_str().unwrap_or_default().to_owned();
        if let Some(fields) = data.as_object_mut() {
            edit(&word, fields);
        }
        data
    });
}

fn edit_files(stages: &mut Stages, edit: fn(&mut Vec<Value>)) {
    stages.status_data.after(move |_, mut data| {
        if let Some(files) = data.get_mut("files").and_then(Value::as_array_mut) {
            edit(files);
        }
        data
    });
}

fn set(data: &mut Map<String, Value>, key: &str, value: Value) {
    data.insert(key.to_owned(), value);
}

fn has_ended(word: &str) -> bool {
    matches!(word, "finished" | "failed")
}

fn add_details(file: &mut Value) {
    file["file_size"] = json!(1_048_576);
    file["format"] = json!("mp4");
    file["expires_at"] = json!("2026-06-17T10:30:00.000001");
    file["width"] = Value::Null;
}

fn add_covers(files: &mut Vec<Value>) {
    let cover = json!({"file_url": "https://media.gateway.example.com/cover.jpeg", "file_type": "image"});
    *files = files.drain(..).flat_map(|file| [file, cover.clone()]).collect();
}

fn forbidden_403(stages: &mut Stages) {
    stages.error.before(|_, mut refusal| {
        if refusal.status == 401 {
            refusal.status = 403;
        }
        refusal
    });
}

fn foreign_task_403(stages: &mut Stages) {
    stages.miss_task.around(|next, service, query| {
        let exists = service.tasks().contains_key(&query.id);
        if exists {
            return service.error(403, "permission_denied", "this task is another client's");
        }
        next.run(service, query)
    });
}

fn unknown_model_404(stages: &mut Stages) {
    stages.start.around_async(|next, service, job| async move {
        let model = &job.submission.model;
        if model != polling::MODEL && service.route(model).is_none() {
            return service.error(404, "invalid_request_error", unavailable(model));
        }
        next.run(&service, job).await
    });
}

fn detailed_errors(stages: &mut Stages) {
    stages.error.after(|_, mut reply| {
        if let Reply::Json { body, .. } = &mut reply {
            body["error"]["param"] = Value::Null;
            body["error"]["code"] = json!("bad_request");
            body["request_id"] = json!(REQUEST_ID);
        }
        reply
    });
}

fn say(stages: &mut Stages, message: fn() -> String) {
    stages.error.before(move |_, mut refusal| {
        refusal.message = message();
        refusal
    });
}
