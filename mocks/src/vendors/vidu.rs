//! Vidu: `/ent/v2`, keys after the word `Token`, callbacks signed without their body.
//!
//! Sources: <https://platform.vidu.com/docs/text-to-video>, `…/image-to-video`, `…/get-generation`,
//! `…/callback-signature`, <https://platform.vidu.cn/docs/error-code>, all read 2026-11-24. The task
//! is called `task_id` in the answer to a create and `id` everywhere else.

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

/// Vidu in the registry.
pub const PROFILE: Profile = Profile { name: "vidu", title: "Vidu", dialects: &[&ENT_V2] };

/// The enterprise API, version 2.
pub static ENT_V2: Dialect = Dialect {
    name: "vidu",
    model: "viduq1",
    auth: AuthScheme::Token,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: &[
        // Pushes for `created` and `queueing` were seen by one receiver and are not documented.
        Word::row(Phase::Submitted, "created", None, Assumed),
        Word::row(Phase::Queued, "queueing", None, Assumed),
        Word::row(Phase::Running, "processing", Some("processing"), Documented),
        Word::row(Phase::Succeeded, "success", Some("success"), Documented),
        Word::row(Phase::Failed, "failed", Some("failed"), Documented),
    ],
    endings: &[
        Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
        Ending::row(
            "moderated",
            Phase::Failed,
            "CreationPolicyViolation",
            "creation policy violation",
            Documented,
        ),
        Ending::row("cancelled", Phase::Failed, "UserCancelled", "user cancelled", Observed),
    ],
    refusals: REFUSALS,
    callbacks: CallbackRules {
        signing: Signing::ViduHmac,
        content_type: "application/json",
        timeout: "5s",
        timeout_evidence: Assumed,
        // "Retry three times", read as one plus three; timeout and spacing are not stated.
        retries: "1s,5s,25s",
        retries_evidence: Assumed,
        source: "https://platform.vidu.com/docs/image-to-video",
    },
    knobs: &[],
    expiry: Expiry { result: ONE_DAY, cover: ONE_HOUR, evidence: Documented },
    schemas: &[],
    creates: &[
        ("/ent/v2/text2video", r#"{"model":"viduq1","prompt":"A paper boat"}"#),
        (
            "/ent/v2/img2video",
            r#"{"model":"viduq1","prompt":"A paper boat","images":["https://img.example.com/boat.png"]}"#,
        ),
    ],
    sample: Sample { duration: 5, option: ("seed", OptionValue::Integer(7)) },
    read_create: |request| {
        product_of(request).filter(|_| request.method == "POST")?;
        Some(CreateSeen::from_flat(request, "model", "/callback_url"))
    },
    client: Client { create, created, query, queried },
    api: &Vidu,
};

const ONE_HOUR: Duration = Duration::from_secs(3_600);
const ONE_DAY: Duration = Duration::from_secs(24 * 3_600);

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", "/ent/v2/text2video", Purpose::Create, "text2video", Documented, "https://platform.vidu.com/docs/text-to-video"),
    Route::row("POST", "/ent/v2/img2video", Purpose::Create, "img2video", Documented, "https://platform.vidu.com/docs/image-to-video"),
    Route::row("GET", "/ent/v2/tasks/{id}/creations", Purpose::Query, "", Documented, "https://platform.vidu.com/docs/get-generation"),
];

/// The error table.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::row("unauthorized", 401, "Unauthorized", "", "unauthorized", Documented),
    Refusal::row("lacking", 400, "FieldLacking", "", "field is missing or empty", Documented),
    Refusal::row("unwanted", 400, "FieldUnwanted", "", "unwanted field", Documented),
    Refusal::row("invalid", 400, "FieldInvalid", "", "invalid field", Documented),
    Refusal::row("bad-request", 400, "BadRequest", "", "bad request", Documented),
    Refusal::row("moderation", 400, "TaskPromptPolicyViolation", "", "prompt policy violation", Documented),
    Refusal::row("balance", 400, "CreditInsufficient", "", "insufficient credits", Documented),
    Refusal::row("model", 400, "ModelUnavailable", "", "model unavailable", Documented),
    Refusal::row("task", 404, "TaskNotFound", "", "task not found", Documented),
    Refusal::row("route", 404, "NotFound", "", "not found", Documented),
    Refusal::row("rate-limit", 429, "TooManyRequests", "", "too many requests", Documented),
    Refusal::row("quota", 429, "QuotaExceeded", "", "quota exceeded", Documented),
    Refusal::row("internal", 500, "InternalServiceFailure", "", "internal service failure", Documented),
];

const ROOT: &str = "/ent/v2/";
/// Product, the `type` it is echoed as, and how many images it takes.
const PRODUCTS: &[(&str, &str, std::ops::RangeInclusive<usize>)] =
    &[("text2video", "text2video", 0..=0), ("img2video", "img2video", 1..=1)];
const PROMPT_MAX: usize = 5_000;
const CREDITS: u64 = 4;

type Fits = fn(&Value) -> bool;

/// Every request field of these routes; any other is `FieldUnwanted`.
const FIELDS: &[(&str, Fits)] = &[
    ("model", Value::is_string),
    ("prompt", Value::is_string),
    ("images", |value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string))),
    ("duration", Value::is_u64),
    ("seed", Value::is_i64),
    ("aspect_ratio", Value::is_string),
    ("resolution", Value::is_string),
    ("movement_amplitude", Value::is_string),
    ("style", Value::is_string),
    ("bgm", Value::is_boolean),
    ("audio", Value::is_boolean),
    ("audio_type", Value::is_string),
    ("voice_id", Value::is_string),
    ("is_rec", Value::is_boolean),
    ("off_peak", Value::is_boolean),
    ("watermark", Value::is_boolean),
    ("wm_position", Value::is_u64),
    ("wm_url", Value::is_string),
    ("meta_data", Value::is_string),
    ("payload", Value::is_string),
    ("callback_url", Value::is_string),
];

struct Vidu;

impl Api for Vidu {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let Some(key) = authenticate(call) else {
            return Routed::answer(call.refuse(&ENT_V2, "unauthorized", None));
        };
        if route.purpose == Purpose::Create {
            let images =
                PRODUCTS.iter().find(|(product, ..)| *product == route.product).map(|(.., images)| images);
            return match draft(call.request, route.product, images.unwrap_or(&(0..=0)), key) {
                Ok(draft) => Routed::Create(Box::new(draft)),
                Err((name, detail)) => Routed::answer(call.refuse(&ENT_V2, name, Some(&detail))),
            };
        }
        match call.jobs.get(segment) {
            Some(job) => Routed::Answer {
                task: Some(job.id.clone()),
                response: Response::json(200, &record(job, call.settings)),
            },
            None => Routed::answer(call.refuse(&ENT_V2, "task", None)),
        }
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        let name = if authenticate(call).is_some() { "route" } else { "unauthorized" };
        call.refuse(&ENT_V2, name, None)
    }

    fn created(&self, job: &Job, _settings: &Settings, _ids: &mut Ids) -> Response {
        let given = &job.draft.body;
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("task_id", json!(job.id));
        put("type", json!(job.draft.product));
        put("state", json!(ENT_V2.word(job.phase).query));
        put("model", json!(job.draft.model));
        put("style", json!(given["style"].as_str().unwrap_or("general")));
        put("prompt", json!(job.draft.prompt));
        put("images", given["images"].as_array().map_or_else(|| json!([]), |images| json!(images)));
        put("duration", json!(given["duration"].as_u64().unwrap_or(5)));
        put("seed", json!(given["seed"].as_i64().unwrap_or(1_430_777_683)));
        put("aspect_ratio", json!(given["aspect_ratio"].as_str().unwrap_or("16:9")));
        put("resolution", json!(given["resolution"].as_str().unwrap_or("1080p")));
        put("movement_amplitude", json!(given["movement_amplitude"].as_str().unwrap_or("auto")));
        put("payload", json!(given["payload"].as_str().unwrap_or("")));
        put("bgm", json!(given["bgm"].as_bool().unwrap_or(false)));
        put("off_peak", json!(given["off_peak"].as_bool().unwrap_or(false)));
        put("credits", json!(CREDITS));
        put("created_at", json!(format!("{:.9}", job.created)));
        Response::json(200, &Value::Object(body))
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
            &json!({
                "code": refusal.http,
                "reason": refusal.code,
                "message": message,
                "metadata": {"trace_id": ids.hex(32)},
            }),
        )
    }

    fn callback(&self, job: &Job, _word: &str, settings: &Settings) -> Bytes {
        Bytes::from(record(job, settings).to_string())
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        // 18 digits, above 2^53, growing with time as the captured ids do.
        format!("{}{:05}", now.as_millisecond(), ids.serial() % 100_000)
    }
}

fn product_of(request: &Request) -> Option<(&'static str, &'static std::ops::RangeInclusive<usize>)> {
    let name = request.path().strip_prefix(ROOT)?;
    PRODUCTS.iter().find(|(product, ..)| *product == name).map(|(_, kind, images)| (*kind, images))
}

fn authenticate(call: &Call<'_>) -> Option<Secret> {
    let key = ENT_V2.auth.key(call.request.headers.get("authorization")?)?;
    call.settings.knows(key).then(|| Secret::new(key))
}

fn draft(
    request: &Request,
    product: &'static str,
    images: &std::ops::RangeInclusive<usize>,
    key: Secret,
) -> Result<Draft, (&'static str, String)> {
    let Some(Value::Object(body)) = request.json() else {
        return Err(("bad-request", "the body is not a JSON object".to_owned()));
    };
    for (field, value) in &body {
        match FIELDS.iter().find(|(name, _)| name == field) {
            None => return Err(("unwanted", format!("unwanted field: {field}"))),
            Some((_, fits)) if !value.is_null() && !fits(value) => {
                return Err(("invalid", format!("invalid field: {field}")));
            }
            Some(_) => {}
        }
    }
    let text = |field: &str| body.get(field).and_then(Value::as_str).map(str::to_owned);
    let lacking = |field: &str| ("lacking", format!("field is missing or empty: {field}"));
    let model = text("model").filter(|model| !model.is_empty()).ok_or_else(|| lacking("model"))?;
    if !model.starts_with("vidu") {
        return Err(("model", "model unavailable".to_owned()));
    }
    let given = body.get("images").and_then(Value::as_array).map_or(0, Vec::len);
    if given < *images.start() {
        return Err(lacking("images"));
    }
    if !images.contains(&given) {
        return Err(("invalid", "invalid field: images".to_owned()));
    }
    let prompt = text("prompt").unwrap_or_default();
    if prompt.is_empty() && *images.start() == 0 {
        return Err(lacking("prompt"));
    }
    if prompt.chars().count() > PROMPT_MAX {
        return Err(("invalid", "invalid field: prompt".to_owned()));
    }
    let callback_url = text("callback_url");
    Ok(Draft {
        dialect: &ENT_V2,
        product,
        model,
        prompt,
        callback_url,
        external_id: None,
        body: Value::Object(body).into(),
        key,
    })
}

fn record(job: &Job, settings: &Settings) -> Value {
    let given = &job.draft.body;
    let creations = if job.phase == Phase::Succeeded {
        let url = format!("{}/{}", settings.results, job.id);
        json!([{
            "id": format!("{}9", &job.id[..job.id.len() - 1]),
            "url": format!("{url}.mp4"),
            "cover_url": format!("{url}.jpeg"),
            "watermarked_url": "",
        }])
    } else {
        json!([])
    };
    json!({
        "id": job.id,
        "state": ENT_V2.word(job.phase).query,
        "err_code": job.ending.map_or("", |ending| ending.code),
        "credits": if job.phase == Phase::Failed { 0 } else { CREDITS },
        "payload": given["payload"].as_str().unwrap_or(""),
        "bgm": given["bgm"].as_bool().unwrap_or(false),
        "off_peak": given["off_peak"].as_bool().unwrap_or(false),
        "creations": creations,
    })
}

fn create(wish: &Wish) -> Request {
    let mut body =
        Map::from_iter([("model".to_owned(), json!(wish.model)), ("prompt".to_owned(), json!(wish.prompt))]);
    let product = if let Some(image) = wish.images.first() {
        body.insert("images".to_owned(), json!([image]));
        "img2video"
    } else {
        "text2video"
    };
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration));
    }
    body.extend(wish.options.clone());
    Request::post(format!("{ROOT}{product}"), &Value::Object(body))
}

fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    if response.is_success()
        && let Some(id) = body["task_id"].as_str()
    {
        return Ok(id.to_owned());
    }
    let blame = match (response.status, body["reason"].as_str()) {
        (400, Some("CreditInsufficient")) => Blame::Operator,
        (400, _) => Blame::Request,
        (429, _) => Blame::Load,
        _ => Blame::Operator,
    };
    Err(Declined { blame, message: body["message"].as_str().unwrap_or("unreadable answer").to_owned() })
}

fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("{ROOT}tasks/{id}/creations"))
}

fn queried(body: &Value) -> Sighting {
    let word = body["state"].as_str().unwrap_or_default();
    match ENT_V2.phase(word) {
        Some(Phase::Succeeded) => Sighting::Done(
            body["creations"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|creation| creation["url"].as_str().map(str::to_owned))
                .collect(),
        ),
        Some(Phase::Failed) => Sighting::Failed(body["err_code"].as_str().unwrap_or("failed").to_owned()),
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
