//! Oddities of what the reference gateway says: the same answer in other words, fields or formats.
//!
//! Pure: a finished answer in, the odd one out. Nothing here changes what a job does.

use std::fmt::Write as _;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value, json};

use super::oddity::Oddity;
use ringback_mocks::wire::{Headers, Response};

/// What was asked, as far as the dress depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Submit,
    Status,
}

/// The answer as a gateway with this oddity gives it.
pub(super) fn dressed(oddity: Oddity, asked: Asked, response: Response) -> Response {
    let Some(mut body) = response.value() else { return response };
    let status = recoded(oddity, asked, &mut body, response.status);
    let accepted = (200..300).contains(&status);
    if accepted {
        if let Some(Value::Object(data)) = body.get_mut("data") {
            retimed(oddity, data);
            match asked {
                Asked::Submit => submitted(oddity, data),
                Asked::Status => reported(oddity, data),
            }
        }
    } else {
        refused(oddity, &mut body);
    }
    reshaped(oddity, &mut body);
    Response { status, headers: headed(oddity, response.headers, accepted), body: written(oddity, &body) }
}

/// The HTTP status, which the contract does not fix everywhere.
fn recoded(oddity: Oddity, asked: Asked, body: &mut Value, status: u16) -> u16 {
    let other = match (oddity, asked, status) {
        (Oddity::Created201, Asked::Submit, 200) => return 201,
        (Oddity::Accepted202, Asked::Submit, 200) => return 202,
        (Oddity::Forbidden403, _, 401) => 403,
        (Oddity::UnknownModel404, Asked::Submit, 400)
            if body["error"]["message"].as_str().is_some_and(|text| text.ends_with("is not available")) =>
        {
            404
        }
        _ => return status,
    };
    body["code"] = json!(other);
    other
}

fn retimed(oddity: Oddity, data: &mut Map<String, Value>) {
    let Some(time) = data.get("created_time").and_then(Value::as_str) else { return };
    // The plain gateway gives UTC without saying so.
    let Ok(instant) = format!("{time}Z").parse::<Timestamp>() else { return };
    let shanghai = Offset::constant(8).to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let other = match oddity {
        Oddity::OffsetTimes => format!("{shanghai}+08:00"),
        Oddity::ZuluTimes => format!("{time}Z"),
        Oddity::FractionalTimes => format!("{time}.123456"),
        Oddity::LocalTimes => shanghai,
        _ => return,
    };
    data.insert("created_time".to_owned(), Value::from(other));
}

fn submitted(oddity: Oddity, data: &mut Map<String, Value>) {
    if oddity == Oddity::NullErrorOnSubmit {
        data.insert("error_message".to_owned(), Value::Null);
    }
}

fn reported(oddity: Oddity, data: &mut Map<String, Value>) {
    let word = data.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (finished, failed) = (word == "finished", word == "failed");
    let ended = finished || failed;
    let mut set = |key: &str, value: Value| drop(data.insert(key.to_owned(), value));
    match oddity {
        Oddity::NullProgress if !ended => set("progress", Value::Null),
        Oddity::CoarseProgress if word == "not_started" => set("progress", json!(10)),
        Oddity::CoarseProgress if word == "running" => set("progress", json!(30)),
        Oddity::ProgressStops if failed => set("progress", json!(42)),
        Oddity::EmptyFiles if !finished => set("files", json!([])),
        Oddity::NullFiles if !finished => set("files", Value::Null),
        Oddity::SkipsRunning if word == "running" => {
            set("status", json!("not_started"));
            set("progress", json!(0));
        }
        Oddity::RunsAtOnce if word == "not_started" => set("status", json!("running")),
        Oddity::NoErrorMessage if !failed => drop(data.shift_remove("error_message")),
        Oddity::NoProgress => drop(data.shift_remove("progress")),
        Oddity::FloatProgress => {
            let progress = data.get("progress").and_then(Value::as_f64).unwrap_or_default();
            data.insert("progress".to_owned(), json!(progress));
        }
        Oddity::VideoFiles | Oddity::DetailedFiles | Oddity::CoverFiles => {
            if let Some(Value::Array(files)) = data.get_mut("files") {
                *files = files.drain(..).flat_map(|file| filed(oddity, file)).collect();
            }
        }
        _ => {}
    }
}

fn filed(oddity: Oddity, mut file: Value) -> Vec<Value> {
    match oddity {
        Oddity::VideoFiles => file["file_type"] = json!("video"),
        Oddity::DetailedFiles => {
            file["file_size"] = json!(1_048_576);
            file["format"] = json!("mp4");
            file["expires_at"] = json!("2026-06-17T10:30:00.000001");
            file["width"] = Value::Null;
        }
        _ => {
            let cover =
                json!({"file_url": "https://media.gateway.example.com/cover.jpeg", "file_type": "image"});
            return vec![file, cover];
        }
    }
    vec![file]
}

fn refused(oddity: Oddity, body: &mut Value) {
    let Some(Value::Object(error)) = body.get_mut("error") else { return };
    let message = match oddity {
        Oddity::DetailedErrors => {
            error.insert("param".to_owned(), Value::Null);
            error.insert("code".to_owned(), json!("bad_request"));
            body["request_id"] = json!("req_01HF8Z3KQX2A6Y4N3R8M5W7V9P");
            return;
        }
        Oddity::LongMessages => "this went wrong and is told at length; ".repeat(103),
        Oddity::ForeignMessages => "请求参数无效 🛶\n\t«\"\\ null \u{2028}» ".to_owned(),
        _ => return,
    };
    error.insert("message".to_owned(), Value::from(message));
}

/// What concerns the whole body, whatever it says.
fn reshaped(oddity: Oddity, body: &mut Value) {
    match oddity {
        Oddity::ExtraFields => extended(body),
        Oddity::OtherKeyOrder => reversed(body),
        Oddity::UniformEnvelope => {
            for key in ["data", "error", "message"] {
                if body.get(key).is_none() {
                    body[key] = Value::Null;
                }
            }
        }
        _ => {}
    }
}

fn extended(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(extended);
            object.insert("x_trace".to_owned(), json!({"id": "5f0c", "hops": [1, 2]}));
            object.insert("message".to_owned(), object.get("message").cloned().unwrap_or(json!("ok")));
            object.insert("success".to_owned(), Value::Null);
        }
        Value::Array(items) => items.iter_mut().for_each(extended),
        _ => {}
    }
}

fn reversed(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(reversed);
            *object = std::mem::take(object).into_iter().rev().collect();
        }
        Value::Array(items) => items.iter_mut().for_each(reversed),
        _ => {}
    }
}

fn headed(oddity: Oddity, headers: Headers, accepted: bool) -> Headers {
    let kind = match oddity {
        Oddity::CharsetNamed => "application/json; charset=utf-8",
        Oddity::PlainContentType => "text/plain",
        Oddity::ManyHeaders => {
            let mut headers = headers;
            headers.push("cache-control", "no-store");
            headers.push("etag", "W/\"5f0c\"");
            headers.push("set-cookie", "route=a1; Path=/; HttpOnly");
            headers.push("set-cookie", "seen=1");
            headers.push("x-ratelimit-remaining", "0");
            headers.push("x-request-id", "req_01HF8Z3KQX2A6Y4N3R8M5W7V9P");
            headers.push("vary", "accept-encoding, authorization");
            if !accepted {
                headers.push("retry-after", "120");
            }
            return headers;
        }
        _ => return headers,
    };
    Headers::from_iter([("content-type", kind)])
}

fn written(oddity: Oddity, body: &Value) -> Bytes {
    Bytes::from(match oddity {
        Oddity::PrettyPrinted => format!("{body:#}\r\n"),
        Oddity::EscapedJson => escaped(body),
        _ => body.to_string(),
    })
}

/// JSON in ASCII, with slashes escaped: other bytes, the same value.
pub(super) fn escaped(value: &Value) -> String {
    let mut text = String::new();
    // Outside of strings JSON has neither slashes nor anything beyond ASCII.
    for unit in value.to_string().chars() {
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
