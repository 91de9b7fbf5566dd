//! ByteDance Doubao Seedance on Volcengine Ark (and BytePlus ModelArk, same paths and shapes).
//!
//! Sources: <https://www.volcengine.com/docs/82379/1520757> (create and callbacks), `…/1521309`
//! (query), `…/1299023` (errors), all read 2026-11-24. Callbacks have the body of the query answer
//! and carry no signature.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value, json};

use crate::account::Settings;
use crate::client::{Blame, Client, Declined, Sighting, Wish};
use crate::ids::Ids;
use crate::jobs::Job;
use crate::machine::{Api, Call, Draft, Routed};
use crate::vendor::{
    AuthScheme, CallbackRules, CreateSeen, Dialect, Ending, Evidence, Expiry, OptionValue, Phase, Profile,
    Purpose, Refusal, Route, Sample, Signing, Word,
};
use crate::wire::{Request, Response, Secret};

use Evidence::{Assumed, Documented, Observed};

/// Doubao in the registry.
pub const PROFILE: Profile = Profile { name: "doubao", title: "ByteDance Doubao", dialects: &[&ARK] };

/// The Ark task API.
pub static ARK: Dialect = Dialect {
    name: "ark",
    model: "doubao-seedance-1-0-pro-250528",
    auth: AuthScheme::Bearer,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: &[
        Word::row(Phase::Queued, "queued", Some("queued"), Documented),
        Word::row(Phase::Running, "running", Some("running"), Documented),
        Word::row(Phase::Succeeded, "succeeded", Some("succeeded"), Documented),
        Word::row(Phase::Failed, "failed", Some("failed"), Documented),
        Word::row(Phase::Expired, "expired", Some("expired"), Documented),
        // Not among the states the callback paragraph lists.
        Word::row(Phase::Cancelled, "cancelled", None, Assumed),
    ],
    endings: &[
        Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
        Ending::row(
            "moderated",
            Phase::Failed,
            "OutputVideoSensitiveContentDetected",
            "The request failed because the output video may contain sensitive information.",
            Observed,
        ),
        Ending::row("expired", Phase::Expired, "", "", Documented),
        Ending::row("cancelled", Phase::Cancelled, "", "", Documented),
    ],
    refusals: REFUSALS,
    callbacks: CallbackRules {
        signing: Signing::Unsigned,
        content_type: "application/json",
        timeout: "5s",
        timeout_evidence: Documented,
        // "Three times" for succeeded and failed, read as three in all; the spacing is not stated.
        retries: "5s,5s",
        retries_evidence: Assumed,
        source: CREATE_PAGE,
    },
    knobs: &[],
    expiry: Expiry { result: ONE_DAY, cover: ONE_DAY, evidence: Documented },
    schemas: &[],
    creates: &[(
        TASKS,
        r#"{"model":"doubao-seedance-1-0-pro-250528","content":[{"type":"text","text":"A paper boat"}]}"#,
    )],
    sample: Sample { duration: 5, option: ("seed", OptionValue::Integer(7)) },
    read_create: |request| {
        (request.method == "POST" && request.path() == TASKS).then(|| {
            let body = request.json().unwrap_or(Value::Null);
            CreateSeen {
                model: body["model"].as_str().map(str::to_owned),
                prompt: prompt_of(&body),
                callback_url: body.get("callback_url").cloned(),
            }
        })
    },
    client: Client { create, created, query, queried },
    api: &Ark,
};

const ONE_DAY: Duration = Duration::from_secs(24 * 3_600);
const CREATE_PAGE: &str = "https://www.volcengine.com/docs/82379/1520757";
const QUERY_PAGE: &str = "https://www.volcengine.com/docs/82379/1521309";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", TASKS, Purpose::Create, "video", Documented, CREATE_PAGE),
    Route::row("GET", "/api/v3/contents/generations/tasks/{id}", Purpose::Query, "video", Documented, QUERY_PAGE),
];

/// The error table.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::row("unauthorized", 401, "AuthenticationError", "Unauthorized", "The API key doesn't exist.", Observed),
    Refusal::row("missing", 400, "MissingParameter", "BadRequest", "The request failed because it is missing a required parameter.", Documented),
    Refusal::row("invalid", 400, "InvalidParameter", "BadRequest", "A parameter specified in the request is not valid.", Documented),
    Refusal::row("moderation", 400, "InputTextSensitiveContentDetected", "BadRequest", "The request failed because the input text may contain sensitive information.", Documented),
    Refusal::row("balance", 403, "AccountOverdueError", "Forbidden", "The account has an overdue balance.", Documented),
    Refusal::row("model", 404, "InvalidEndpointOrModel.NotFound", "NotFound", "The model or endpoint does not exist or you do not have access to it.", Documented),
    // The exact body for an unknown task id is not documented.
    Refusal::row("task", 404, "ResourceNotFound", "NotFound", "The specified task is not found.", Assumed),
    Refusal::row("route", 404, "NotFound", "NotFound", "The requested path is not found.", Assumed),
    Refusal::row("rate-limit", 429, "ModelAccountRpmRateLimitExceeded", "TooManyRequests", "The requests per minute limit of the model has been exceeded.", Documented),
    Refusal::row("quota", 429, "QuotaExceeded", "TooManyRequests", "The request has exceeded the quota.", Documented),
    Refusal::row("internal", 500, "InternalServiceError", "InternalServerError", "The service encountered an unexpected internal error.", Documented),
];

const TASKS: &str = "/api/v3/contents/generations/tasks";
/// Families a model or endpoint id starts with; versions come and go within them.
const MODELS: &[&str] = &["doubao-seedance-", "seedance-", "dreamina-seedance-", "ep-"];
const EXECUTION_EXPIRES_AFTER_S: u64 = 172_800;
const UTC_PLUS_8: Offset = Offset::constant(8);
const FRAMES_PER_SECOND: u64 = 24;

struct Ark;

impl Api for Ark {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let Some(key) = authenticate(call) else {
            return Routed::answer(call.refuse(&ARK, "unauthorized", None));
        };
        if route.purpose == Purpose::Create {
            return match draft(call.request, key) {
                Ok(draft) => Routed::Create(Box::new(draft)),
                Err((name, detail)) => Routed::answer(call.refuse(&ARK, name, Some(&detail))),
            };
        }
        match call.jobs.get(segment) {
            Some(job) => Routed::Answer {
                task: Some(job.id.clone()),
                response: Response::json(200, &record(job, call.settings)),
            },
            None => Routed::answer(call.refuse(&ARK, "task", None)),
        }
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        let name = if authenticate(call).is_some() { "route" } else { "unauthorized" };
        call.refuse(&ARK, name, None)
    }

    fn created(&self, job: &Job, _settings: &Settings, _ids: &mut Ids) -> Response {
        Response::json(200, &json!({"id": job.id}))
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        _settings: &Settings,
        ids: &mut Ids,
    ) -> Response {
        let message = detail.unwrap_or(refusal.message);
        Response::json(
            refusal.http,
            &json!({"error": {
                "code": refusal.code,
                "message": format!("{message} Request id: 02{}", ids.hex(30)),
                "param": "",
                "type": refusal.kind,
            }}),
        )
    }

    fn callback(&self, job: &Job, _word: &str, settings: &Settings) -> Bytes {
        Bytes::from(record(job, settings).to_string())
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        // Ids carry the time in UTC+8, in every region.
        let local = UTC_PLUS_8.to_datetime(now);
        format!("cgt-{}-{}", local.strftime("%Y%m%d%H%M%S"), unique_tail(ids))
    }
}

fn authenticate(call: &Call<'_>) -> Option<Secret> {
    let key = ARK.auth.key(call.request.headers.get("authorization")?)?;
    call.settings.knows(key).then(|| Secret::new(key))
}

/// Five characters that never repeat within one second's worth of ids: base 36 of a serial number,
/// scattered by a multiplier that shares no factor with 36^5.
fn unique_tail(ids: &mut Ids) -> String {
    const SPACE: u64 = 36_u64.pow(5);
    let mut rest = ids.serial().wrapping_mul(25_214_903) % SPACE;
    let mut tail = String::new();
    for _ in 0..5 {
        let digit = u32::try_from(rest % 36).unwrap_or(0);
        tail.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
    }
    tail
}

fn prompt_of(body: &Value) -> Option<String> {
    body["content"]
        .as_array()?
        .iter()
        .find(|part| part["type"] == "text")
        .and_then(|part| part["text"].as_str())
        .map(str::to_owned)
}

fn draft(request: &Request, key: Secret) -> Result<Draft, (&'static str, String)> {
    let Some(body @ Value::Object(_)) = request.json() else {
        return Err(("invalid", "The request body is not a JSON object.".to_owned()));
    };
    let invalid =
        |field: &str| ("invalid", format!("The parameter `{field}` specified in the request is not valid."));
    let model = match &body["model"] {
        Value::Null => return Err(("missing", "The request is missing the parameter `model`.".to_owned())),
        Value::String(model) => model.clone(),
        _ => return Err(invalid("model")),
    };
    if !MODELS.iter().any(|family| model.starts_with(family)) {
        return Err((
            "model",
            format!("The model or endpoint {model} does not exist or you do not have access to it."),
        ));
    }
    let content = match &body["content"] {
        Value::Null => return Err(("missing", "The request is missing the parameter `content`.".to_owned())),
        Value::Array(parts) if !parts.is_empty() => parts,
        _ => return Err(invalid("content")),
    };
    for part in content {
        let known = match part["type"].as_str() {
            Some("text") => part["text"].is_string(),
            Some(kind @ ("image_url" | "video_url" | "audio_url")) => part[kind]["url"].is_string(),
            Some("draft_task") => part["draft_task"]["id"].is_string(),
            _ => false,
        };
        if !known {
            return Err(invalid("content"));
        }
    }
    for (field, fits) in FIELD_TYPES {
        if body.get(field).is_some_and(|value| !value.is_null() && !fits(value)) {
            return Err(invalid(field));
        }
    }
    let callback_url = body["callback_url"].as_str().map(str::to_owned);
    let prompt = prompt_of(&body).unwrap_or_default();
    Ok(Draft {
        dialect: &ARK,
        product: "video",
        model,
        prompt,
        callback_url,
        external_id: None,
        body: body.into(),
        key,
    })
}

type Fits = fn(&Value) -> bool;

/// Types of the optional parameters; `null` counts as absent, as real clients send it.
const FIELD_TYPES: &[(&str, Fits)] = &[
    ("callback_url", Value::is_string),
    ("return_last_frame", Value::is_boolean),
    ("service_tier", Value::is_string),
    ("execution_expires_after", Value::is_i64),
    ("resolution", Value::is_string),
    ("ratio", Value::is_string),
    ("duration", Value::is_i64),
    ("frames", Value::is_i64),
    ("seed", Value::is_i64),
    ("camera_fixed", Value::is_boolean),
    ("watermark", Value::is_boolean),
    ("generate_audio", Value::is_boolean),
];

fn record(job: &Job, settings: &Settings) -> Value {
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| record.insert(key.to_owned(), value);
    put("id", json!(job.id));
    put("model", json!(job.draft.model));
    put("status", json!(ARK.word(job.phase).query));
    if let Some(ending) = job.ending.filter(|ending| !ending.code.is_empty()) {
        put("error", json!({"code": ending.code, "message": ending.message}));
    }
    let duration = job.draft.body["duration"].as_u64().unwrap_or(5);
    if job.phase == Phase::Succeeded {
        put("content", json!({"video_url": format!("{}/{}.mp4", settings.results, job.id)}));
        let tokens = duration * FRAMES_PER_SECOND * 400;
        put("usage", json!({"completion_tokens": tokens, "total_tokens": tokens}));
    }
    put("created_at", json!(job.created.as_second()));
    put("updated_at", json!(job.updated.as_second()));
    if job.phase == Phase::Succeeded {
        put("seed", json!(job.draft.body["seed"].as_i64().unwrap_or(17_918)));
        put("resolution", json!(job.draft.body["resolution"].as_str().unwrap_or("1080p")));
        put("ratio", json!(job.draft.body["ratio"].as_str().unwrap_or("16:9")));
        put("duration", json!(duration));
        put("framespersecond", json!(FRAMES_PER_SECOND));
    }
    if job.phase.is_terminal() {
        put("service_tier", json!("default"));
        put("execution_expires_after", json!(EXECUTION_EXPIRES_AFTER_S));
    }
    Value::Object(record)
}

fn create(wish: &Wish) -> Request {
    let mut content = vec![json!({"type": "text", "text": wish.prompt})];
    if let Some(image) = wish.images.first() {
        content.push(json!({"type": "image_url", "image_url": {"url": image}, "role": "first_frame"}));
    }
    let mut body =
        Map::from_iter([("model".to_owned(), json!(wish.model)), ("content".to_owned(), json!(content))]);
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration));
    }
    body.extend(wish.options.clone());
    Request::post(TASKS, &Value::Object(body))
}

fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    if response.is_success()
        && let Some(id) = body["id"].as_str()
    {
        return Ok(id.to_owned());
    }
    let blame = match response.status {
        400 | 404 => Blame::Request,
        429 => Blame::Load,
        _ => Blame::Operator,
    };
    let message = body["error"]["message"].as_str().unwrap_or("unreadable answer").to_owned();
    Err(Declined { blame, message })
}

fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("{TASKS}/{id}"))
}

fn queried(body: &Value) -> Sighting {
    let word = body["status"].as_str().unwrap_or_default();
    match ARK.phase(word) {
        Some(Phase::Succeeded) => {
            Sighting::Done(body["content"]["video_url"].as_str().map(str::to_owned).into_iter().collect())
        }
        Some(phase) if phase.is_terminal() => Sighting::Failed(
            body["error"]["message"].as_str().map_or_else(|| format!("the task is {word}"), str::to_owned),
        ),
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
