//! MiniMax Hailuo, API v1: business errors inside HTTP 200, and a challenge inside the submit.
//!
//! Sources: <https://platform.minimax.io/docs/api-reference/video-generation-t2v> (create, callback
//! text), `…/video-generation-query.md`, `…/video-generation-download`, `…/errorcode.md`, all read
//! 2026-11-24. Callbacks use other state words than queries.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::account::Settings;
use crate::client::{Blame, Client, Declined, Sighting, Wish};
use crate::ids::Ids;
use crate::jobs::Job;
use crate::machine::{Api, Call, ChallengeRule, Draft, Routed};
use crate::vendor::{
    AuthScheme, CallbackRules, CreateSeen, Dialect, Ending, Evidence, Expiry, OptionValue, Phase, Profile,
    Purpose, Refusal, Route, Sample, Signing, Word,
};
use crate::wire::{Request, Response, Secret};

use Evidence::{Assumed, Documented, Observed};

/// MiniMax in the registry.
pub const PROFILE: Profile = Profile { name: "minimax", title: "MiniMax Hailuo", dialects: &[&V1] };

/// API v1.
pub static V1: Dialect = Dialect {
    name: "minimax-v1",
    model: "MiniMax-Hailuo-02",
    auth: AuthScheme::Bearer,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: &[
        Word::row(Phase::Submitted, "Preparing", None, Documented),
        Word::row(Phase::Queued, "Queueing", None, Documented),
        Word::row(Phase::Running, "Processing", Some("processing"), Documented),
        Word::row(Phase::Succeeded, "Success", Some("success"), Documented),
        Word::row(Phase::Failed, "Fail", Some("failed"), Documented),
    ],
    endings: &[
        Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
        // No `Fail` body was ever captured; the query page lists 1027 among its codes.
        Ending::row("moderated", Phase::Failed, "1027", "output new_sensitive", Assumed),
    ],
    refusals: REFUSALS,
    callbacks: CallbackRules {
        signing: Signing::Unsigned,
        content_type: "application/json",
        // Neither a timeout nor a retry is documented for status pushes.
        timeout: "5s",
        timeout_evidence: Assumed,
        retries: "",
        retries_evidence: Assumed,
        source: "nothing is documented about status pushes beyond their body",
    },
    knobs: &[],
    expiry: Expiry { result: ONE_HOUR, cover: ONE_HOUR, evidence: Documented },
    schemas: &[],
    creates: &[(CREATE, r#"{"model":"MiniMax-Hailuo-02","prompt":"A paper boat"}"#)],
    sample: Sample { duration: 6, option: ("prompt_optimizer", OptionValue::Bool(false)) },
    read_create: |request| {
        (request.method == "POST" && request.path() == CREATE)
            .then(|| CreateSeen::from_flat(request, "model", "/callback_url"))
    },
    client: Client { create, created, query, queried },
    api: &MiniMax,
};

const ONE_HOUR: Duration = Duration::from_secs(3_600);

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", CREATE, Purpose::Create, "video", Documented, "https://platform.minimax.io/docs/api-reference/video-generation-t2v"),
    Route::row("GET", QUERY, Purpose::Query, "video", Documented, "https://platform.minimax.io/docs/api-reference/video-generation-query.md"),
    Route::row("GET", RETRIEVE, Purpose::File, "video", Documented, "https://platform.minimax.io/docs/api-reference/video-generation-download"),
];

/// The error table.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::row("unauthorized", 200, "1004", "", "login fail: Please carry the API secret key in the 'Authorization' field of the request header", Observed),
    Refusal::row("rate-limit", 200, "1002", "", "rate limit", Documented),
    Refusal::row("balance", 200, "1008", "", "insufficient balance", Documented),
    Refusal::row("moderation", 200, "1026", "", "input new_sensitive", Documented),
    Refusal::row("invalid", 200, "2013", "", "invalid params", Documented),
    Refusal::row("callback-unreachable", 200, "2013", "", "invalid params, fail to check callback url", Observed),
    Refusal::row("internal", 200, "1024", "", "internal error", Documented),
    Refusal::row("route", 404, "", "", "404 page not found", Assumed),
];

const CREATE: &str = "/v1/video_generation";
const QUERY: &str = "/v1/query/video_generation";
const RETRIEVE: &str = "/v1/files/retrieve";
const PROMPT_MAX: usize = 2_000;
const CHALLENGE: ChallengeRule =
    ChallengeRule { field: "challenge", within: Duration::from_secs(3), refusal: "callback-unreachable" };

/// What a model takes besides a prompt.
const MODELS: &[(&str, Takes)] = &[
    ("MiniMax-Hailuo-2.3", Takes { text: true, image: true, subject: false }),
    ("MiniMax-Hailuo-2.3-Fast", Takes { text: false, image: true, subject: false }),
    ("MiniMax-Hailuo-02", Takes { text: true, image: true, subject: false }),
    ("T2V-01-Director", Takes { text: true, image: false, subject: false }),
    ("T2V-01", Takes { text: true, image: false, subject: false }),
    ("I2V-01-Director", Takes { text: false, image: true, subject: false }),
    ("I2V-01-live", Takes { text: false, image: true, subject: false }),
    ("I2V-01", Takes { text: false, image: true, subject: false }),
    ("S2V-01", Takes { text: false, image: false, subject: true }),
];

struct Takes {
    text: bool,
    image: bool,
    subject: bool,
}

struct MiniMax;

impl Api for MiniMax {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, _segment: &str) -> Routed {
        let key = call.request.headers.get("authorization").and_then(|value| V1.auth.key(value));
        let Some(key) = key.filter(|key| call.settings.knows(key)).map(Secret::new) else {
            return Routed::answer(call.refuse(&V1, "unauthorized", None));
        };
        let answered = |job: &Job, body: &Value| Routed::Answer {
            task: Some(job.id.clone()),
            response: Response::json(200, body),
        };
        let detail = match route.purpose {
            Purpose::Create => match draft(call.request, key) {
                Ok(draft) => return Routed::Create(Box::new(draft)),
                Err(detail) => detail,
            },
            Purpose::Query => {
                let id = call.request.query("task_id").unwrap_or_default();
                match call.jobs.get(&id) {
                    Some(job) => return answered(job, &query_answer(job)),
                    None => "invalid params, invalid task_id".to_owned(),
                }
            }
            _ => {
                let id = call.request.query("file_id").unwrap_or_default();
                match task_of_file(&id).and_then(|task| call.jobs.get(&task)) {
                    Some(job) if job.phase == Phase::Succeeded => {
                        return answered(job, &file_answer(job, call.settings));
                    }
                    _ => "invalid params, invalid file_id".to_owned(),
                }
            }
        };
        Routed::answer(call.refuse(&V1, "invalid", Some(&detail)))
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        call.refuse(&V1, "route", None)
    }

    fn created(&self, job: &Job, _settings: &Settings, _ids: &mut Ids) -> Response {
        Response::json(200, &json!({"task_id": job.id, "base_resp": base_resp(0, "success")}))
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        _settings: &Settings,
        _ids: &mut Ids,
    ) -> Response {
        match refusal.code.parse() {
            Ok(code) => {
                let message = detail.unwrap_or(refusal.message);
                Response::json(200, &json!({"task_id": "", "base_resp": base_resp(code, message)}))
            }
            Err(_) => Response::text(refusal.http, refusal.message),
        }
    }

    fn callback(&self, job: &Job, word: &str, _settings: &Settings) -> Bytes {
        let mut body =
            Map::from_iter([("task_id".to_owned(), json!(job.id)), ("status".to_owned(), json!(word))]);
        if job.phase.is_terminal() {
            let file = if job.phase == Phase::Succeeded { file_of_task(&job.id) } else { String::new() };
            body.insert("file_id".to_owned(), json!(file));
        }
        body.insert("base_resp".to_owned(), ending_resp(job));
        Bytes::from(Value::Object(body).to_string())
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        // Digits only; the vendor's own callback sample has an 18-digit id above 2^53.
        format!("{}{:06}", now.as_millisecond() / 10, ids.serial() % 1_000_000)
    }

    fn challenge(&self) -> Option<ChallengeRule> {
        Some(CHALLENGE)
    }
}

fn draft(request: &Request, key: Secret) -> Result<Draft, String> {
    let Some(body @ Value::Object(_)) = request.json() else {
        return Err("invalid params, the body is not a JSON object".to_owned());
    };
    let text = |field: &str| match &body[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(format!("invalid params, {field} must be a string")),
    };
    let missing =
        |field: &str| format!("invalid params, binding: expr_path={field}, cause=missing required parameter");
    let model = text("model")?.ok_or_else(|| missing("model"))?;
    let Some((_, takes)) = MODELS.iter().find(|(name, _)| *name == model) else {
        return Err(format!("invalid params, unknown model {model}"));
    };
    let prompt = text("prompt")?.unwrap_or_default();
    if prompt.chars().count() > PROMPT_MAX {
        return Err("invalid params, prompt is longer than 2000 characters".to_owned());
    }
    let framed = text("first_frame_image")?.is_some() || text("last_frame_image")?.is_some();
    match () {
        () if takes.subject && !body["subject_reference"].is_array() => {
            return Err(missing("subject_reference"));
        }
        () if framed && !takes.image => {
            return Err(format!("model {model} does not support Image-to-Video mode"));
        }
        () if !framed && !takes.subject && !takes.text => {
            return Err(format!("model {model} does not support Text-to-Video mode"));
        }
        () if !framed && !takes.subject && prompt.is_empty() => return Err(missing("prompt")),
        () => {}
    }
    if !matches!(body["duration"].as_u64(), None | Some(6 | 10))
        || !(body["duration"].is_null() || body["duration"].is_u64())
    {
        return Err("invalid params, duration must be 6 or 10".to_owned());
    }
    for flag in ["prompt_optimizer", "fast_pretreatment", "aigc_watermark"] {
        if !(body[flag].is_null() || body[flag].is_boolean()) {
            return Err(format!("invalid params, {flag} must be a boolean"));
        }
    }
    text("resolution")?;
    let callback_url = text("callback_url")?;
    Ok(Draft {
        dialect: &V1,
        product: "video",
        model,
        prompt,
        callback_url,
        external_id: None,
        body: body.into(),
        key,
    })
}

fn query_answer(job: &Job) -> Value {
    let mut body = Map::from_iter([
        ("task_id".to_owned(), json!(job.id)),
        ("status".to_owned(), json!(V1.word(job.phase).query)),
    ]);
    if job.phase == Phase::Succeeded {
        // A string here, a number in files/retrieve.
        body.insert("file_id".to_owned(), json!(file_of_task(&job.id)));
        body.insert("video_width".to_owned(), json!(1366));
        body.insert("video_height".to_owned(), json!(768));
    }
    body.insert("base_resp".to_owned(), ending_resp(job));
    Value::Object(body)
}

fn file_answer(job: &Job, settings: &Settings) -> Value {
    json!({
        "file": {
            "file_id": file_of_task(&job.id).parse::<u64>().unwrap_or(0),
            "bytes": 0,
            "created_at": job.updated.as_second(),
            "filename": "output_aigc.mp4",
            "purpose": "video_generation",
            "download_url": format!("{}/{}.mp4", settings.results, job.id),
        },
        "base_resp": base_resp(0, "success"),
    })
}

/// File ids live in a number space of their own; ours differ from the task's by the first digit.
fn file_of_task(task: &str) -> String {
    format!("2{task}")
}

fn task_of_file(file: &str) -> Option<String> {
    file.strip_prefix('2').map(str::to_owned)
}

fn base_resp(code: u64, message: &str) -> Value {
    json!({"status_code": code, "status_msg": message})
}

fn ending_resp(job: &Job) -> Value {
    match job.ending.and_then(|ending| Some((ending.code.parse().ok()?, ending.message))) {
        Some((code, message)) => base_resp(code, message),
        None => base_resp(0, "success"),
    }
}

fn create(wish: &Wish) -> Request {
    let mut body =
        Map::from_iter([("model".to_owned(), json!(wish.model)), ("prompt".to_owned(), json!(wish.prompt))]);
    if let Some(image) = wish.images.first() {
        body.insert("first_frame_image".to_owned(), json!(image));
    }
    if let Some(duration) = wish.duration {
        body.insert("duration".to_owned(), json!(duration));
    }
    body.extend(wish.options.clone());
    Request::post(CREATE, &Value::Object(body))
}

fn created(response: &Response) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    let base = &body["base_resp"];
    if base["status_code"] == 0
        && let Some(id) = body["task_id"].as_str().filter(|id| !id.is_empty())
    {
        return Ok(id.to_owned());
    }
    let blame = match base["status_code"].as_u64() {
        Some(1026 | 2013) => Blame::Request,
        Some(1002 | 1039 | 1041) => Blame::Load,
        _ => Blame::Operator,
    };
    Err(Declined { blame, message: base["status_msg"].as_str().unwrap_or("unreadable answer").to_owned() })
}

fn query(_wish: &Wish, id: &str) -> Request {
    Request::get(format!("{QUERY}?task_id={id}"))
}

/// Reads both hops: a query answer, and the answer of files/retrieve.
fn queried(body: &Value) -> Sighting {
    if let Some(url) = body["file"]["download_url"].as_str() {
        return Sighting::Done(vec![url.to_owned()]);
    }
    let word = body["status"].as_str().unwrap_or_default();
    match V1.phase(word) {
        Some(Phase::Succeeded) => match body["file_id"].as_str() {
            Some(file) => Sighting::DoneAt(Request::get(format!("{RETRIEVE}?file_id={file}"))),
            None => Sighting::Unknown(word.to_owned()),
        },
        Some(Phase::Failed) => {
            Sighting::Failed(body["base_resp"]["status_msg"].as_str().unwrap_or("failed").to_owned())
        }
        Some(phase) => Sighting::At(phase),
        None => Sighting::Unknown(word.to_owned()),
    }
}
