//! MiniMax API v2 (H3 and H3-Max): honest HTTP codes with an OpenAI-style body, one task object for
//! everything, and the challenge of v1 inside the submit.
//!
//! Read 2026-11-24: `…/docs/api-reference/video-generation-v2-create`, `-v2-query`, `-v2-list`,
//! `-v2-delete`, `-v2-h3-context-ir`, `-v2-regeneration`. What a create takes is `parameters`, what a
//! task looks like is `task`, what a client makes of it is `client`.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CHALLENGE, caller, text};
use crate::account::AccountConfig;
use crate::api::{Act, Api, Call, Routed};
use crate::dialect::{
    AuthScheme, CallbackRules, CreateSeen, Dialect, Document, Ending, Evidence, Expiry, OptionValue, Phase,
    Purpose, Refusal, Route, Sample, Signing, Takes, VendorOption, Word,
};
use crate::draft::Draft;
use crate::ids::Ids;
use crate::tasks::Task;
use crate::wire::{self, Request, Response, Secret};

use Evidence::{Assumed, Documented, Observed};

mod client;
mod parameters;
mod task;

/// API v2.
pub(super) static V2: Dialect = Dialect {
    name: "minimax-v2",
    model: parameters::H3,
    auth: AuthScheme::Bearer,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: &[
        Word::row(Phase::Queued, "queued", Some("queued"), Documented),
        Word::row(Phase::Running, "running", Some("running"), Documented),
        Word::row(Phase::Succeeded, "succeeded", Some("succeeded"), Documented),
        Word::row(Phase::Failed, "failed", Some("failed"), Documented),
        Word::row(Phase::Cancelled, "cancelled", Some("cancelled"), Documented),
        // Gone from the present pages; an older copy had it, and published clients still know it.
        Word::row(Phase::Expired, "expired", Some("expired"), Observed),
    ],
    endings: &[
        Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
        Ending::row(
            "moderated",
            Phase::Failed,
            "1026",
            "video description contains sensitive content",
            Documented,
        ),
        Ending::row("failed", Phase::Failed, "1000", "internal error", Assumed),
        Ending::row("cancelled", Phase::Cancelled, "", "", Documented),
        Ending::row("expired", Phase::Expired, "", "", Observed),
    ],
    refusals: REFUSALS,
    callbacks: CallbackRules {
        signing: Signing::Unsigned,
        content_type: "application/json",
        timeout: "5s",
        timeout_evidence: Assumed,
        retries: "",
        retries_evidence: Assumed,
        source: "nothing is documented about status pushes beyond when they come and what is in them",
    },
    challenge: Some(CHALLENGE),
    options: OPTIONS,
    // "Time-limited" on the page; a third party's server says about nine hours.
    expiry: Expiry { result: NINE_HOURS, cover: NINE_HOURS, evidence: Observed },
    schemas: &[
        (Document::CreateRequest, ringback_schemas::file("vendors/minimax-v2/create-request.schema.json")),
        (Document::CreateResponse, ringback_schemas::file("vendors/minimax-v2/create-response.schema.json")),
        (Document::QueryResponse, ringback_schemas::file("vendors/minimax-v2/query-response.schema.json")),
        (Document::Callback, ringback_schemas::file("vendors/minimax-v2/callback.schema.json")),
        (Document::Error, ringback_schemas::file("vendors/minimax-v2/error.schema.json")),
        (
            Document::Other("list-response"),
            ringback_schemas::file("vendors/minimax-v2/list-response.schema.json"),
        ),
        (
            Document::Other("delete-response"),
            ringback_schemas::file("vendors/minimax-v2/delete-response.schema.json"),
        ),
    ],
    creates: CREATES,
    sample: Sample { duration: 5, option: ("aigc_watermark", OptionValue::Bool(false)) },
    read_create: |request| {
        let creates = request.method == "POST" && [CREATE, IR, REGENERATE].contains(&request.path());
        creates.then(|| {
            let body = request.json().unwrap_or(Value::Null);
            CreateSeen {
                model: body["model"].as_str().map(str::to_owned),
                prompt: parameters::prompt(&body),
                callback_url: body.get("callback_url").cloned(),
            }
        })
    },
    client: client::CLIENT,
};

const NINE_HOURS: Duration = Duration::from_secs(9 * 3_600);
/// How long a task can be asked about.
const WINDOW: Duration = Duration::from_secs(7 * 24 * 3_600);
const CREATE: &str = "/v2/video_generation";
const QUERY: &str = "/v2/query/video_generation";
const IR: &str = "/v2/h3_context_ir";
const REGENERATE: &str = "/v2/video_regeneration";
/// Kinds of task, as `task_type` says them.
const GENERATION: &str = "generation";
const CONTEXT_IR: &str = "h3_context_ir";
const REGENERATION: &str = "regeneration";

/// Queries, lists and removals are about every kind of task.
#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", CREATE, Purpose::Create, GENERATION, Documented, "https://platform.minimax.io/docs/api-reference/video-generation-v2-create"),
    Route::row("POST", IR, Purpose::Create, CONTEXT_IR, Documented, "https://platform.minimax.io/docs/api-reference/video-generation-v2-h3-context-ir"),
    Route::row("POST", REGENERATE, Purpose::Create, REGENERATION, Documented, "https://platform.minimax.io/docs/api-reference/video-generation-v2-regeneration"),
    Route::row("GET", "/v2/query/video_generation/{task_id}", Purpose::Query, "", Documented, "https://platform.minimax.io/docs/api-reference/video-generation-v2-query.md"),
    Route::row("GET", QUERY, Purpose::List, "", Documented, "https://platform.minimax.io/docs/api-reference/video-generation-v2-list"),
    Route::row("DELETE", "/v2/video_generation/{task_id}", Purpose::Delete, "", Documented, "https://platform.minimax.io/docs/api-reference/video-generation-v2-delete.md"),
];

/// The error table. Limits are documented for H3 as 300 requests a minute and 30 tasks in flight, both
/// with the row `rate-limit`. `overloaded` stands in the list of types only. The two APIs share a host,
/// so an unknown path is answered alike.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::row("invalid", 400, "2013", "bad_request_error", "invalid params", Documented),
    Refusal::row("callback-unreachable", 400, "2013", "bad_request_error", "invalid params, fail to check callback url", Assumed),
    Refusal::row("task", 400, "2013", "bad_request_error", "invalid params, invalid task_id", Observed),
    // Seen for an id that is no number, without its HTTP status.
    Refusal::row("record", 400, "1000", "bad_request_error", "record not found", Observed),
    Refusal::row("state", 400, "2013", "bad_request_error", "invalid params, the task can neither be cancelled nor deleted in its state", Assumed),
    Refusal::row("unauthorized", 401, "1004", "authorized_error", "login fail: Please carry the API secret key in the 'Authorization' field of the request header", Documented),
    Refusal::row("balance", 402, "1008", "insufficient_balance_error", "insufficient balance", Documented),
    Refusal::row("moderation", 422, "1026", "unprocessable_entity_error", "video description contains sensitive content", Documented),
    Refusal::row("rate-limit", 429, "1002", "rate_limit_error", "rate limit, please retry later", Documented),
    Refusal::row("internal", 500, "1000", "server_error", "internal error", Documented),
    Refusal::row("overloaded", 529, "", "overloaded_error", "the service is overloaded, please retry later", Assumed),
    Refusal::row("route", 404, "", "", "404 page not found", Assumed),
];

#[rustfmt::skip]
const OPTIONS: &[VendorOption] = &[
    VendorOption::row("usage-before-success", "usage of a task that has not succeeded", Takes::OneOf(&["empty", "zeros", "absent"]), "empty", Documented,
        "{} in the list page's examples and in later copies of the query page, zeros in an earlier one; its text says on success only"),
    VendorOption::row("usage-tokens", "usage carries token counts and seconds of audio", Takes::Switch, "off", Documented,
        "in the example of the query page's later copies, not in the create page's"),
    VendorOption::row("modality", "a task says its modality", Takes::Switch, "on", Documented,
        "in the query page's examples, not in its schema's own nor in the list page's"),
    VendorOption::row("delete-words", "how the answer to a removal says what was done", Takes::OneOf(&["done", "deed"]), "done", Documented,
        "cancelled and deleted on the present page; cancel and delete in an older Chinese copy"),
    VendorOption::row("lost-answer", "a create is carried out and answered as if it had failed", Takes::OneOf(&["off", "504", "error-in-200"]), "off", Observed,
        "a relay's author saw HTTP 504, and HTTP 200 with an error of 504 in it, for tasks that existed"),
    VendorOption::row("challenge", "when a callback URL is examined", Takes::OneOf(&["per-submit", "once-per-url"]), "per-submit", Assumed,
        "both sightings were at a submit; nobody says whether a URL that passed is remembered"),
];

const CREATES: &[(&str, &str)] = &[
    (
        CREATE,
        r#"{"model":"MiniMax-H3","content":[{"type":"text","text":"A paper boat"}],"resolution":"768P",
            "duration":5,"ratio":"16:9"}"#,
    ),
    (
        CREATE,
        r#"{"model":"MiniMax-H3","content":[{"type":"text","text":"A paper boat"},
            {"type":"image_url","image_url":{"url":"https://images.example.com/boat.jpeg"}}],
            "resolution":"2K","duration":15,"ratio":"9:16","aigc_watermark":true}"#,
    ),
    (
        CREATE,
        r#"{"model":"MiniMax-H3-Max","content":[{"type":"text","text":"A paper boat"},
            {"type":"image_url","image_url":{"url":"mm_file://205258526306433"},"role":"first_frame"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="},"role":"last_frame"}],
            "resolution":"480P","duration":5,"extra":{"prompt_expansion_mode":"quality"}}"#,
    ),
    (
        CREATE,
        r#"{"model":"MiniMax-H3","content":[{"type":"text","text":"A paper boat"},
            {"type":"image_url","image_url":{"url":"https://images.example.com/boat.jpeg"},"role":"reference_image"},
            {"type":"video_url","video_url":{"url":"https://videos.example.com/boat.mp4"},"role":"reference_video"},
            {"type":"audio_url","audio_url":{"url":"https://sounds.example.com/boat.mp3"},"role":"reference_audio"}],
            "resolution":"2K","duration":4,"ratio":"adaptive"}"#,
    ),
    (
        IR,
        r#"{"model":"MiniMax-H3","content":[{"type":"text","text":"A paper boat"}],"duration":5,"ratio":"1:1"}"#,
    ),
    (
        REGENERATE,
        r#"{"model":"MiniMax-H3","content":[{"type":"text","text":"A paper boat"},
            {"type":"video_url","video_url":{"url":"https://videos.example.com/boat.mp4"},"role":"base_video"}],
            "resolution":"2K","aigc_watermark":false}"#,
    ),
];

/// How the dialect answers.
#[derive(Debug)]
pub(super) struct MiniMax;

impl Api for MiniMax {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let Ok(key) = caller(call, &V2) else {
            return Routed::answer(call.refuse("unauthorized", None));
        };
        match route.purpose {
            Purpose::Create => match draft(call, route, key) {
                Ok(draft) => Routed::Create(Box::new(draft)),
                Err(fault) => invalid(call, &fault),
            },
            Purpose::List => match task::listed(call) {
                Ok(page) => Routed::answer(Response::json(200, &page)),
                Err(fault) => invalid(call, &fault),
            },
            Purpose::Delete => remove(call, segment),
            _ => match task::found(call.tasks, segment, call.settings, call.now) {
                Some(task) => Routed::Answer {
                    task: Some(task.id.clone()),
                    response: Response::json(200, &json!({"task": task::shown(task, call.settings)})),
                },
                None => unknown(call, segment),
            },
        }
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        call.refuse("route", None)
    }

    fn created(&self, task: &Task, settings: &AccountConfig, ids: &mut Ids) -> Response {
        let status = match settings.options.get(&V2, "lost-answer") {
            "504" => 504,
            "error-in-200" => 200,
            _ => return Response::json(200, &json!({"task_id": task.id})),
        };
        // Only `http_code` was reported of the body.
        Response::json(status, &error_body("server_error", "gateway timeout", 504, ids))
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        _settings: &AccountConfig,
        ids: &mut Ids,
    ) -> Response {
        if refusal.kind.is_empty() {
            return Response::text(refusal.http, refusal.message);
        }
        let sentence = detail.unwrap_or(refusal.message);
        let message = match refusal.code {
            "" => sentence.to_owned(),
            code => format!("{sentence} ({code})"),
        };
        Response::json(refusal.http, &error_body(refusal.kind, &message, refusal.http, ids))
    }

    fn callback(&self, task: &Task, _word: &str, settings: &AccountConfig) -> Bytes {
        wire::bytes_of(&json!({"task": task::shown(task, settings)}))
    }

    fn new_id(&self, ids: &mut Ids, _now: Timestamp) -> String {
        // Fifteen digits. The multiplier shares no factor with the space, so no number comes twice.
        const SPACE: u128 = 10_000_000_000_000;
        let scattered = u128::from(ids.serial()) * 7_368_787_619 % SPACE;
        format!("42{scattered:013}")
    }

    fn asks_again(&self, settings: &AccountConfig) -> bool {
        settings.options.get(&V2, "challenge") == "per-submit"
    }
}

fn error_body(kind: &str, message: &str, http: u16, ids: &mut Ids) -> Value {
    json!({
        "type": "error",
        "error": {"type": kind, "message": message, "http_code": http.to_string()},
        "request_id": format!("02{}", ids.hex(30)),
    })
}

fn invalid(call: &mut Call<'_>, fault: &str) -> Routed {
    Routed::answer(call.refuse("invalid", Some(&format!("invalid params, {fault}"))))
}

fn unknown(call: &mut Call<'_>, id: &str) -> Routed {
    let number = id.bytes().all(|byte| byte.is_ascii_digit());
    Routed::answer(call.refuse(if number { "task" } else { "record" }, None))
}

fn draft(call: &Call<'_>, route: &'static Route, key: Secret) -> Result<Draft, String> {
    let request: &Request = call.request;
    let Some(mut body @ Value::Object(_)) = request.json() else {
        return Err("the body is not a JSON object".to_owned());
    };
    parameters::examine(route.product, &body, request.body.len())?;
    let mut prompt = parameters::prompt(&body).unwrap_or_default();
    if route.product == REGENERATION {
        // As long as its source; how long a video at a URL is, nobody looks.
        body["duration"] = Value::Null;
        if let Some(id) = text(&body, "source_task_id") {
            let source = source(call, &id).ok_or("invalid source_task_id")?;
            prompt.clone_from(&source.draft.prompt);
            body["duration"] = source.draft.body["duration"].clone();
        }
    }
    Ok(Draft {
        dialect: &V2,
        product: route.product,
        model: text(&body, "model").unwrap_or_default(),
        prompt,
        callback_url: text(&body, "callback_url"),
        external_id: None,
        body: body.into(),
        key,
    })
}

/// The video to be made again: one that H3 made in 768P, and no longer ago than can be asked about.
fn source<'c>(call: &'c Call<'_>, id: &str) -> Option<&'c Task> {
    task::found(call.tasks, id, call.settings, call.now).filter(|task| {
        task.phase == Phase::Succeeded
            && task.draft.product == GENERATION
            && task.draft.model == parameters::H3
            && task.draft.body["resolution"] == "768P"
    })
}

/// Cancels what waits and forgets what has ended; the rest can be neither.
fn remove(call: &mut Call<'_>, id: &str) -> Routed {
    let Some(task) = task::found(call.tasks, id, call.settings, call.now) else {
        return unknown(call, id);
    };
    let (act, done, deed) = match (task.phase, V2.ending("cancelled")) {
        (Phase::Queued, Some(ending)) => (Act::End(ending), "cancelled", "cancel"),
        (Phase::Succeeded | Phase::Failed, _) => (Act::Forget, "deleted", "delete"),
        _ => return Routed::answer(call.refuse("state", None)),
    };
    let action = if call.settings.options.get(&V2, "delete-words") == "deed" { deed } else { done };
    let response = Response::json(200, &json!({"task_id": id, "action": action, "status": done}));
    Routed::Act { task: id.to_owned(), act, response }
}
