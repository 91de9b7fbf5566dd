//! Kling: the legacy API (`/v1/videos/*`), as documented and as observed.
//!
//! Sources: <https://kling.ai/document-api/api/get-started/authentication>, `…/error-codes`,
//! `…/callbacks`, `…/apiReference/model/textToVideo`, all read 2026-11-24. The callback body is the
//! bare task record, without the `{code, message, data}` envelope of a query.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
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

/// Kling in the registry.
pub const PROFILE: Profile = Profile { name: "kling", title: "Kling", dialects: &[&LEGACY] };

/// The legacy dialect: the model is a body field, the good end is `succeed`.
pub static LEGACY: Dialect = Dialect {
    name: "kling-legacy",
    model: "kling-v1",
    auth: AuthScheme::Bearer,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: &[
        // Whether `submitted` is called back is not stated; off by default.
        Word::row(Phase::Submitted, "submitted", None, Assumed),
        Word::row(Phase::Running, "processing", Some("processing"), Documented),
        Word::row(Phase::Succeeded, "succeed", Some("succeed"), Documented),
        Word::row(Phase::Failed, "failed", Some("failed"), Documented),
    ],
    endings: &[
        Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
        Ending::row("moderated", Phase::Failed, "", "Failure to pass the risk control system", Observed),
    ],
    refusals: REFUSALS,
    callbacks: CallbackRules {
        signing: Signing::StandardWebhooks,
        content_type: "application/json; charset=utf-8",
        // Timeout and retries are undocumented; a single attempt is what is certain.
        timeout: "5s",
        timeout_evidence: Assumed,
        retries: "",
        retries_evidence: Assumed,
        source: "the callback page says nothing about timeout, retries or order",
    },
    knobs: &[],
    expiry: Expiry { result: THIRTY_DAYS, cover: THIRTY_DAYS, evidence: Documented },
    schemas: &[],
    creates: &[
        ("/v1/videos/text2video", r#"{"model_name":"kling-v1","prompt":"A paper boat"}"#),
        (
            "/v1/videos/image2video",
            r#"{"model_name":"kling-v1","prompt":"A paper boat","image":"https://img.example.com/boat.png"}"#,
        ),
    ],
    sample: Sample { duration: 5, option: ("negative_prompt", OptionValue::Text("rain")) },
    read_create: |request| {
        product_of(request).filter(|_| request.method == "POST")?;
        Some(CreateSeen::from_flat(request, "model_name", "/callback_url"))
    },
    client: Client { create, created, query, queried },
    api: &Kling,
};

const THIRTY_DAYS: Duration = Duration::from_secs(30 * 24 * 3_600);
const TEXT_TO_VIDEO: &str = "https://kling.ai/document-api/apiReference/model/textToVideo";
const IMAGE_TO_VIDEO: &str = "https://kling.ai/document-api/apiReference/model/imageToVideo";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", "/v1/videos/text2video", Purpose::Create, "text2video", Documented, TEXT_TO_VIDEO),
    Route::row("GET", "/v1/videos/text2video/{id}", Purpose::Query, "text2video", Documented, TEXT_TO_VIDEO),
    Route::row("POST", "/v1/videos/image2video", Purpose::Create, "image2video", Documented, IMAGE_TO_VIDEO),
    Route::row("GET", "/v1/videos/image2video/{id}", Purpose::Query, "image2video", Documented, IMAGE_TO_VIDEO),
];

/// The error table.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::row("authorization-empty", 401, "1001", "", "Authorization is empty", Documented),
    Refusal::row("unauthorized", 401, "1002", "", "Authorization is invalid", Documented),
    Refusal::row("balance", 429, "1102", "", "Account balance not enough", Observed),
    Refusal::row("parameters", 400, "1200", "", "Invalid request parameters", Documented),
    Refusal::row("invalid", 400, "1201", "", "Invalid parameters", Documented),
    Refusal::row("route", 404, "1202", "", "The requested method is invalid", Documented),
    Refusal::row("model", 404, "1203", "", "The requested resource does not exist", Documented),
    Refusal::row("moderation", 400, "1301", "", "The request triggered the content security policy", Documented),
    Refusal::row("rate-limit", 429, "1302", "", "Too many requests, rate limit exceeded", Documented),
    Refusal::row("concurrency", 429, "1303", "", "parallel task over resource pack limit", Observed),
    Refusal::row("internal", 500, "5000", "", "Internal server error", Documented),
];

const MODELS: &[&str] = &[
    "kling-v1",
    "kling-v1-5",
    "kling-v1-6",
    "kling-v2-master",
    "kling-v2-1",
    "kling-v2-1-master",
    "kling-v2-5-turbo",
    "kling-v2-6",
    "kling-v3",
];
/// Documented maximum of `prompt`, in characters.
const PROMPT_MAX: usize = 2_500;
const PRODUCTS: &[&str] = &["text2video", "image2video"];
/// Start of the id clock: the two captured ids decode to their creation times with it.
const SNOWFLAKE_EPOCH_MS: i64 = 1_568_028_518_778;

struct Kling;

impl Api for Kling {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let key = match authenticate(call) {
            Ok(key) => key,
            Err(name) => return Routed::answer(call.refuse(&LEGACY, name, None)),
        };
        if route.purpose == Purpose::Create {
            return match draft(call.request, route.product, key) {
                Ok(draft) => Routed::Create(Box::new(draft)),
                Err((name, detail)) => Routed::answer(call.refuse(&LEGACY, name, Some(&detail))),
            };
        }
        match call.jobs.get(segment).filter(|job| job.draft.product == route.product) {
            Some(job) => Routed::Answer {
                task: Some(job.id.clone()),
                response: envelope(&record(job, call.settings, Channel::Query), call.ids),
            },
            // Observed: not 404 and not 1203.
            None => {
                let detail = format!("Task not found by id/external id: {segment}");
                Routed::answer(call.refuse(&LEGACY, "invalid", Some(&detail)))
            }
        }
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        let name = authenticate(call).err().unwrap_or("route");
        call.refuse(&LEGACY, name, None)
    }

    fn created(&self, job: &Job, _settings: &Settings, ids: &mut Ids) -> Response {
        let data = json!({
            "task_id": job.id,
            "task_status": LEGACY.word(job.phase).query,
            "task_info": task_info(job),
            "created_at": job.created.as_millisecond(),
            "updated_at": job.updated.as_millisecond(),
        });
        envelope(&data, ids)
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        _settings: &Settings,
        ids: &mut Ids,
    ) -> Response {
        let code: u64 = refusal.code.parse().unwrap_or(5000);
        let message = detail.unwrap_or(refusal.message);
        Response::json(refusal.http, &json!({"code": code, "message": message, "request_id": ids.uuid()}))
    }

    fn callback(&self, job: &Job, _word: &str, settings: &Settings) -> Bytes {
        Bytes::from(record(job, settings, Channel::Callback).to_string())
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        let since = now.as_millisecond() - SNOWFLAKE_EPOCH_MS;
        ((since << 22) + i64::try_from(ids.serial() & 0x3f_ffff).unwrap_or(0)).to_string()
    }
}

fn authenticate(call: &Call<'_>) -> Result<Secret, &'static str> {
    match call.request.headers.get("authorization") {
        None | Some("") => Err("authorization-empty"),
        Some(value) => match LEGACY.auth.key(value) {
            Some(key) if call.settings.knows(key) => Ok(Secret::new(key)),
            _ => Err("unauthorized"),
        },
    }
}

/// The product and what follows it, of `/v1/videos/{product}[/{id}]`.
fn product_of(request: &Request) -> Option<(&'static str, &str)> {
    let rest = request.path().strip_prefix("/v1/videos/")?;
    let (name, id) = rest.split_once('/').unwrap_or((rest, ""));
    PRODUCTS.iter().find(|product| **product == name).map(|product| (*product, id))
}

fn draft(request: &Request, product: &'static str, key: Secret) -> Result<Draft, (&'static str, String)> {
    let Some(Value::Object(body)) = request.json() else {
        return Err(("parameters", "The request body is not a JSON object".to_owned()));
    };
    let invalid = |detail: &str| ("invalid", detail.to_owned());
    let text = |field: &str| match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(&format!("{field} must be a string"))),
    };
    // `model` is the documented old alias.
    let model = text("model_name")?.or(text("model")?).unwrap_or_else(|| "kling-v1".to_owned());
    if !MODELS.contains(&model.as_str()) {
        return Err(("model", format!("model {model} does not exist")));
    }
    let prompt = text("prompt")?.unwrap_or_default();
    if prompt.chars().count() > PROMPT_MAX {
        return Err(invalid("prompt is longer than 2500 characters"));
    }
    match product {
        "text2video" if prompt.is_empty() => return Err(invalid("prompt can not be empty")),
        "image2video" if text("image")?.is_none() && text("image_tail")?.is_none() => {
            return Err(invalid("image can not be null"));
        }
        _ => {}
    }
    if let Some(duration) = text("duration")?
        && !matches!(duration.as_str(), "5" | "10")
    {
        return Err(invalid("Duration only supports 5 or 10 seconds when no refer_image is provided"));
    }
    for field in ["negative_prompt", "mode", "aspect_ratio", "external_task_id"] {
        text(field)?;
    }
    let callback_url = text("callback_url")?;
    let external_id = text("external_task_id")?;
    Ok(Draft {
        dialect: &LEGACY,
        product,
        model,
        prompt,
        callback_url,
        external_id,
        body: Value::Object(body).into(),
        key,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Query,
    Callback,
}

fn record(job: &Job, settings: &Settings, channel: Channel) -> Value {
    let mut data = Map::new();
    let mut put = |key: &str, value: Value| data.insert(key.to_owned(), value);
    put("task_id", json!(job.id));
    put("task_status", json!(LEGACY.word(job.phase).query));
    put("task_status_msg", json!(job.ending.map_or("", |ending| ending.message)));
    put("task_info", task_info(job));
    match job.phase {
        Phase::Succeeded => {
            let mut video = json!({
                "id": format!("{}1", &job.id[..job.id.len() - 1]),
                "url": format!("{}/{}.mp4", settings.results, job.id),
                "duration": job.draft.body.get("duration").and_then(Value::as_str).unwrap_or("5.1"),
            });
            // The query has these two; the documented callback does not.
            if channel == Channel::Query {
                video["watermark_url"] = json!("");
                put("watermark_info", json!({"enabled": false}));
            }
            put("task_result", json!({"videos": [video]}));
            put("final_unit_deduction", json!("1"));
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

fn task_info(job: &Job) -> Value {
    match job.draft.body.get("external_task_id") {
        Some(Value::String(id)) => json!({"external_task_id": id}),
        _ => json!({}),
    }
}

fn envelope(data: &Value, ids: &mut Ids) -> Response {
    Response::json(200, &json!({"code": 0, "message": "SUCCEED", "request_id": ids.uuid(), "data": data}))
}

fn create(wish: &Wish) -> Request {
    let mut body = Map::from_iter([
        ("model_name".to_owned(), json!(wish.model)),
        ("prompt".to_owned(), json!(wish.prompt)),
    ]);
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration.to_string()));
    }
    if let Some(image) = wish.images.first() {
        body.insert("image".to_owned(), json!(image));
    }
    body.extend(wish.options.clone());
    Request::post(format!("/v1/videos/{}", product_for(wish)), &Value::Object(body))
}

fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    if body["code"] == 0
        && let Some(id) = body["data"]["task_id"].as_str()
    {
        return Ok(id.to_owned());
    }
    let blame = match body["code"].as_u64() {
        Some(1200 | 1201 | 1203 | 1300 | 1301) => Blame::Request,
        Some(1302 | 1303) => Blame::Load,
        _ => Blame::Operator,
    };
    Err(Declined { blame, message: body["message"].as_str().unwrap_or("unreadable answer").to_owned() })
}

fn query(wish: &Wish, id: &str) -> Request {
    Request::get(format!("/v1/videos/{}/{id}", product_for(wish)))
}

const fn product_for(wish: &Wish) -> &'static str {
    if wish.images.is_empty() { "text2video" } else { "image2video" }
}

fn queried(body: &Value) -> Sighting {
    let data = &body["data"];
    let word = data["task_status"].as_str().unwrap_or_default();
    match LEGACY.phase(word) {
        Some(Phase::Succeeded) => Sighting::Done(
            data["task_result"]["videos"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|video| video["url"].as_str().map(str::to_owned))
                .collect(),
        ),
        Some(Phase::Failed) => {
            Sighting::Failed(data["task_status_msg"].as_str().unwrap_or("failed").to_owned())
        }
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
