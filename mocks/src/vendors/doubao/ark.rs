//! The Ark task API: its tables, and what becomes of a call.
//!
//! Sources: the pages that `doubao` lists, in their Volcengine and BytePlus copies, read 2026-11-24,
//! and what third parties captured at the vendor, each where it is used. Callbacks have the body of
//! the query answer and carry no signature.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::models::Model;
use super::parameters::Order;
use super::record::{is_kept, record, seed};
use super::refusals::{self, Fault, REFUSALS};
use super::tables::{CANCEL, CREATES, OPTIONS, TASKS, WORDS};
use super::{CREATE_PAGE, DELETE_PAGE, LIST_PAGE, QUERY_PAGE, client, content, list};
use crate::account::AccountConfig;
use crate::api::{Act, Api, Call, Routed};
use crate::client::Client;
use crate::dialect::{
    AuthScheme, CallbackRules, CreateSeen, Dialect, Document, Ending, Evidence, Expiry, OptionValue, Phase,
    Purpose, Refusal, Route, Sample, Signing, Word,
};
use crate::draft::Draft;
use crate::ids::Ids;
use crate::tasks::Task;
use crate::wire::{self, Request, Response, Secret};

use Evidence::{Assumed, Documented, Observed};

/// The Ark task API.
pub(super) static ARK: Dialect = Dialect {
    name: "ark",
    model: "doubao-seedance-1-0-pro-250528",
    auth: AuthScheme::Bearer,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: WORDS,
    endings: ENDINGS,
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
    challenge: None,
    options: OPTIONS,
    expiry: Expiry { result: ONE_DAY, cover: ONE_DAY, evidence: Documented },
    schemas: SCHEMAS,
    creates: CREATES,
    sample: Sample { duration: 5, option: ("seed", OptionValue::Integer(7)) },
    read_create,
    client: Client {
        create: client::create,
        created: client::created,
        query: client::query,
        queried: client::queried,
    },
};

const TASK: &str = "/api/v3/contents/generations/tasks/{id}";
const STOP: &str = "/api/v3/contents/generations/tasks/{id}/stop";
const ONE_DAY: Duration = Duration::from_secs(24 * 3_600);
const UTC_PLUS_8: Offset = Offset::constant(8);
const ENDPOINT: &str = "ep-";
const FALLS_THROUGH: &str = "a third party's note of calls made 2026-08-09";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", TASKS, Purpose::Create, "video", Documented, CREATE_PAGE),
    Route::row("GET", TASKS, Purpose::List, "video", Documented, LIST_PAGE),
    Route::row("GET", TASK, Purpose::Query, "video", Documented, QUERY_PAGE),
    Route::row("DELETE", TASK, Purpose::Delete, "video", Documented, DELETE_PAGE),
    // There is no such call: it falls through to the create handler.
    Route::row("POST", CANCEL, Purpose::Create, "video", Observed, FALLS_THROUGH),
    Route::row("POST", STOP, Purpose::Create, "video", Observed, FALLS_THROUGH),
];

#[rustfmt::skip]
const ENDINGS: &[Ending] = &[
    Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
    Ending::row("moderated", Phase::Failed, "OutputVideoSensitiveContentDetected",
        "The request failed because the output video may contain sensitive information.", Observed),
    Ending::row("moderated-audio", Phase::Failed, "OutputAudioSensitiveContentDetected",
        "The request failed because the output audio may contain sensitive information.", Observed),
    Ending::row("copyright", Phase::Failed, "OutputVideoSensitiveContentDetected.PolicyViolation",
        "The request failed because the output video may be related to copyright restrictions.", Documented),
    Ending::row("copyright-audio", Phase::Failed, "OutputAudioSensitiveContentDetected.PolicyViolation",
        "The request failed because the output audio may be related to copyright restrictions.", Documented),
    // The codes are documented as reasons of failed 2.5 tasks; the sentences are ours.
    Ending::row("constraint", Phase::Failed, "InvalidParameter.TaskTypeConstraint",
        "The parameters specified in the request do not fit the task type.", Assumed),
    Ending::row("mismatch", Phase::Failed, "InvalidParameter.TaskTypeMismatch",
        "The task type specified in the request does not match the input.", Assumed),
    // A row of the error table; that a task can end so is assumed.
    Ending::row("internal", Phase::Failed, "InternalServiceError",
        "The service encountered an unexpected internal error. Please retry later.", Assumed),
    // Whether it carries an error is not documented.
    Ending::row("expired", Phase::Expired, "", "", Documented),
    Ending::row("cancelled", Phase::Cancelled, "", "", Documented),
];

#[rustfmt::skip]
const SCHEMAS: &[(Document, &str)] = &[
    (Document::CreateRequest, ringback_schemas::file("vendors/ark/create-request.schema.json")),
    (Document::CreateResponse, ringback_schemas::file("vendors/ark/create-response.schema.json")),
    (Document::QueryResponse, ringback_schemas::file("vendors/ark/query-response.schema.json")),
    (Document::Callback, ringback_schemas::file("vendors/ark/callback.schema.json")),
    (Document::Error, ringback_schemas::file("vendors/ark/error.schema.json")),
    (Document::Other("list-response"), ringback_schemas::file("vendors/ark/list-response.schema.json")),
    (Document::Other("delete-response"), ringback_schemas::file("vendors/ark/delete-response.schema.json")),
];

/// How the dialect answers.
#[derive(Debug)]
pub(super) struct Ark;

impl Api for Ark {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let key = match authenticate(call) {
            Ok(key) => key,
            Err(row) => return Routed::answer(call.refuse(row, None)),
        };
        match route.purpose {
            Purpose::Create => match draft(call, key) {
                Ok(draft) => Routed::Create(Box::new(draft)),
                Err(fault) => Routed::answer(refused(call, &fault)),
            },
            Purpose::List => Routed::answer(match list::list(call) {
                Ok(page) => refusals::answer(&page, call.ids),
                Err(fault) => refused(call, &fault),
            }),
            _ => {
                let tasks = call.tasks;
                let task = tasks.get(segment).filter(|task| is_kept(task, call.settings, call.now));
                match task {
                    None => Routed::answer(unknown(call, segment)),
                    Some(task) if route.purpose == Purpose::Delete => delete(call, task),
                    Some(task) => Routed::Answer {
                        task: Some(task.id.clone()),
                        response: refusals::answer(&record(task, call.settings), call.ids),
                    },
                }
            }
        }
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        let row = authenticate(call).err().unwrap_or("route");
        call.refuse(row, None)
    }

    fn created(&self, task: &Task, _settings: &AccountConfig, ids: &mut Ids) -> Response {
        let mut body = json!({"id": task.id});
        if let Some(user) = task.draft.body.get("safety_identifier") {
            body["safety_identifier"] = user.clone();
        }
        refusals::answer(&body, ids)
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        _settings: &AccountConfig,
        ids: &mut Ids,
    ) -> Response {
        refusals::refuse(refusal, detail.unwrap_or(refusal.message), "", ids)
    }

    fn callback(&self, task: &Task, _word: &str, settings: &AccountConfig) -> Bytes {
        wire::bytes_of(&record(task, settings))
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        // Ids carry the time in UTC+8, in every region.
        let local = UTC_PLUS_8.to_datetime(now);
        format!("cgt-{}-{}", local.strftime("%Y%m%d%H%M%S"), unique_tail(ids))
    }

    fn callback_word(&self, word: &'static Word, settings: &AccountConfig) -> Option<&'static str> {
        let cancelled = word.phase == Phase::Cancelled && settings.options.is_on(&ARK, "callback-cancelled");
        word.callback.or_else(|| cancelled.then_some(word.query))
    }

    /// The page promises more calls for these two only.
    fn repeats(&self, phase: Phase) -> bool {
        matches!(phase, Phase::Succeeded | Phase::Failed)
    }

    fn deadline(&self, draft: &Draft) -> Option<(Duration, &'static Ending)> {
        let seconds = draft.body["execution_expires_after"].as_u64()?;
        Some((Duration::from_secs(seconds), ARK.ending("expired")?))
    }

    /// `QuotaExceeded` is for too many tasks in the queue; what runs is counted here as well.
    fn limits(&self) -> (&'static str, &'static str) {
        ("quota", "rate-limit")
    }
}

fn read_create(request: &Request) -> Option<CreateSeen> {
    let path = request.path();
    let create = |route: &&Route| route.purpose == Purpose::Create && route.segment(path).is_some();
    if request.method != "POST" || !ROUTES.iter().any(|route| create(&route)) {
        return None;
    }
    let body = request.json().unwrap_or(Value::Null);
    Some(CreateSeen {
        model: body["model"].as_str().map(str::to_owned),
        prompt: content::prompt(&body["content"]),
        callback_url: body.get("callback_url").cloned(),
    })
}

/// The key, or the row that refuses it. Keys are UUIDs, or `ark-` and more.
fn authenticate(call: &Call<'_>) -> Result<Secret, &'static str> {
    let authorization = call.request.headers.get("authorization").unwrap_or_default();
    let key = ARK.auth.key(authorization).ok_or("unauthorized-missing")?;
    if call.settings.knows(key) {
        return Ok(Secret::new(key));
    }
    let uuid = key.len() == 36 && key.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    Err(if uuid || key.starts_with("ark-") { "unauthorized" } else { "unauthorized-format" })
}

/// Answers with a fault, its parameter in the code or beside it.
fn refused(call: &mut Call<'_>, fault: &Fault) -> Response {
    let dotted = call.settings.options.get(&ARK, "parameter-codes") == "dotted" && !fault.param.is_empty();
    let (row, message) = match fault.row {
        "missing" if dotted => ("missing-x", format!("The required parameter {} is missing.", fault.param)),
        "invalid" if dotted => ("invalid-x", format!("The specified parameter {} is invalid.", fault.param)),
        row => (row, fault.message.clone()),
    };
    let Some(refusal) = ARK.refusal(row) else { return call.refuse("invalid", None) };
    call.refused = Some(refusal);
    refusals::refuse(refusal, &message, &fault.param, call.ids)
}

fn unknown(call: &mut Call<'_>, id: &str) -> Response {
    if call.settings.options.get(&ARK, "unknown-task") == "resource-not-found" {
        return call.refuse("task", None);
    }
    let message = format!("The specified task {} is not found.", content::short(id));
    refused(call, &Fault { row: "task-x", message, param: "id".to_owned() })
}

/// What DELETE does in each state; `{}` when it does anything.
fn delete(call: &mut Call<'_>, task: &Task) -> Routed {
    let act = match task.phase {
        Phase::Submitted | Phase::Queued => {
            ARK.ending("cancelled").map_or(Err("ended"), |ending| Ok(Act::End(ending)))
        }
        Phase::Running => Err("running"),
        Phase::Cancelled => Err("ended"),
        Phase::Succeeded | Phase::Failed | Phase::Expired => Ok(Act::Forget),
    };
    match act {
        Ok(act) => {
            Routed::Act { task: task.id.clone(), act, response: refusals::answer(&json!({}), call.ids) }
        }
        Err(row) => {
            let running = format!("Cannot delete task `{}` because it is currently running.", task.id);
            let detail = (row == "running").then_some(running.as_str());
            let response = call.refuse(row, detail);
            Routed::Answer { response, task: Some(task.id.clone()) }
        }
    }
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

fn draft(call: &Call<'_>, key: Secret) -> Result<Draft, Fault> {
    let Some(Value::Object(body)) = call.request.json() else {
        // Seen at another API of Ark.
        let message = "A parameter specified in the request is not valid: request".to_owned();
        return Err(Fault { row: "invalid", message, param: "request".to_owned() });
    };
    let asked = match body.get("model") {
        None | Some(Value::Null) => return Err(Fault::missing("model")),
        Some(Value::String(model)) if model.is_empty() => return Err(Fault::missing("model")),
        Some(Value::String(model)) => model.as_str(),
        Some(_) => return Err(Fault::invalid("model", "")),
    };
    let id = if asked.len() > ENDPOINT.len() && asked.starts_with(ENDPOINT) {
        call.settings.options.get(&ARK, "endpoint-model")
    } else {
        asked
    };
    let Some(model) = Model::named(id) else {
        let asked = content::short(asked);
        let message =
            format!("The model or endpoint {asked} does not exist or you do not have access to it.");
        return Err(Fault { row: "model", message, param: String::new() });
    };
    let name = id.rsplit_once('-').map_or(id, |(name, _)| name);
    let list = content::read(body.get("content").unwrap_or(&Value::Null), model, name)?;
    let strict = call.settings.options.get(&ARK, "unsupported-parameters") == "refuse";
    let reused = draft_of(call, &list)?;
    let order = Order { model, name, content: &list, strict, draft: reused.as_ref() };
    let mut settled = order.settle(&body)?;
    settled["model"] = json!(id);
    Ok(Draft {
        dialect: &ARK,
        product: "video",
        model: asked.to_owned(),
        prompt: list.prompt,
        callback_url: body.get("callback_url").and_then(Value::as_str).map(str::to_owned),
        external_id: None,
        body: settled.into(),
        key,
    })
}

/// What the draft was made with. One that this mock does not know may be older than the mock; one
/// that it knows must be a draft, and ready.
fn draft_of(call: &Call<'_>, list: &content::Content) -> Result<Option<Value>, Fault> {
    let Some(task) = list.draft_task.as_ref().and_then(|id| call.tasks.get(id)) else { return Ok(None) };
    let mut made_with = task.draft.body.value();
    if task.phase != Phase::Succeeded || made_with["draft"] != json!(true) {
        return Err(Fault::invalid("content.draft_task", "the task is not a draft that succeeded"));
    }
    made_with["seed"] = json!(seed(task));
    Ok(Some(made_with))
}
