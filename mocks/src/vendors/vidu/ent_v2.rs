//! Vidu's enterprise API, version 2: its tables, and who is answered with what.
//!
//! Keys come after the word `Token`; callbacks have the body of the query answer and are signed
//! without it. There is no cancelled state: a cancelled task has failed, at no cost.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::errors::{Fault, REFUSALS, sentence};
use super::{WORDS, answers, authenticate, client, listing, page, products, samples, validation};
use crate::account::AccountConfig;
use crate::api::{Act, Api, Call, Routed};
use crate::dialect::{
    AuthScheme, CallbackRules, CreateSeen, Dialect, Document, Ending, Evidence, Expiry, OptionValue, Phase,
    Purpose, Refusal, Route, Sample, Signing, Takes, VendorOption, Word,
};
use crate::ids::Ids;
use crate::tasks::Task;
use crate::wire::{self, Response, Secret};

use Evidence::{Assumed, Documented, Observed};

/// The enterprise API, version 2.
pub(super) static ENT_V2: Dialect = Dialect {
    name: "vidu",
    model: "viduq1",
    auth: AuthScheme::Token,
    callback_url: "/callback_url",
    routes: ROUTES,
    words: WORDS,
    endings: ENDINGS,
    refusals: REFUSALS,
    callbacks: CallbackRules {
        signing: Signing::ViduHmac,
        content_type: "application/json",
        timeout: "5s",
        timeout_evidence: Assumed,
        // "Retry three times", read as one plus three; timeout and spacing are not stated.
        retries: "1s,5s,25s",
        retries_evidence: Assumed,
        source: page::IMAGE,
    },
    challenge: None,
    options: OPTIONS,
    // A day for the video is documented; signed cover addresses were seen to last an hour.
    expiry: Expiry { result: ONE_DAY, cover: ONE_HOUR, evidence: Observed },
    schemas: &[
        (Document::CreateRequest, ringback_schemas::file("vendors/vidu/create-request.schema.json")),
        (Document::CreateResponse, ringback_schemas::file("vendors/vidu/create-response.schema.json")),
        (Document::QueryResponse, ringback_schemas::file("vendors/vidu/query-response.schema.json")),
        (Document::Callback, ringback_schemas::file("vendors/vidu/callback.schema.json")),
        (Document::Error, ringback_schemas::file("vendors/vidu/error.schema.json")),
        (Document::Other("list-response"), ringback_schemas::file("vendors/vidu/list-response.schema.json")),
        (
            Document::Other("cancel-response"),
            ringback_schemas::file("vendors/vidu/cancel-response.schema.json"),
        ),
        (
            Document::Other("account-response"),
            ringback_schemas::file("vendors/vidu/account-response.schema.json"),
        ),
    ],
    creates: samples::CREATES,
    sample: Sample { duration: 5, option: ("seed", OptionValue::Integer(7)) },
    read_create: |request| {
        let creates = |route: &&Route| route.purpose == Purpose::Create && route.path == request.path();
        ROUTES.iter().find(creates).filter(|route| route.method == request.method)?;
        Some(CreateSeen::from_flat(request, "model", "/callback_url"))
    },
    client: client::CLIENT,
};

const ONE_HOUR: Duration = Duration::from_secs(3_600);
const ONE_DAY: Duration = Duration::from_secs(24 * 3_600);

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", "/ent/v2/text2video", Purpose::Create, "text2video", Documented, page::TEXT),
    Route::row("POST", "/ent/v2/img2video", Purpose::Create, "img2video", Documented, page::IMAGE),
    Route::row("POST", "/ent/v2/start-end2video", Purpose::Create, "start-end2video", Documented, page::START_END),
    Route::row("POST", "/ent/v2/reference2video", Purpose::Create, "reference2video", Documented, page::REFERENCE),
    Route::row("POST", "/ent/v2/multiframe", Purpose::Create, "multiframe", Documented, page::FRAMES),
    // Newer copies of the page have this path, older ones and the vendor's MCP client the next.
    Route::row("POST", "/ent/v2/template", Purpose::Create, "template", Documented, page::TEMPLATE),
    Route::row("POST", "/ent/v2/template2video", Purpose::Create, "template", Documented, "older copies of https://platform.vidu.com/docs/template; https://github.com/shengshu-ai/vidu-mcp posts there"),
    Route::row("POST", "/ent/v2/template-story", Purpose::Create, "template-story", Documented, page::STORY),
    Route::row("GET", "/ent/v2/tasks/{id}/creations", Purpose::Query, "", Documented, page::QUERY),
    Route::row("POST", "/ent/v2/tasks/{id}/cancel", Purpose::Cancel, "", Documented, page::CANCEL),
    Route::row("GET", "/ent/v2/tasks", Purpose::List, "", Documented, page::LIST),
    Route::row("GET", "/ent/v2/credits", Purpose::Account, "", Documented, page::CREDITS),
];

/// The reasons of the error table that a task can end with.
#[rustfmt::skip]
const ENDINGS: &[Ending] = &[
    Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
    Ending::row("moderated", Phase::Failed, "CreationPolicyViolation", "creation policy violation", Documented),
    Ending::row("cancelled", Phase::Failed, "UserCancelled", "user cancelled", Observed),
    Ending::row("prompt-moderated", Phase::Failed, "TaskPromptPolicyViolation", "prompt policy violation", Documented),
    Ending::row("audit-failed", Phase::Failed, "AuditSubmitIllegal", "submit is illegal", Documented),
    Ending::row("image-unreachable", Phase::Failed, "ImageDownloadFailure", "image download failure", Documented),
    Ending::row("image-unreadable", Phase::Failed, "ImageFormatInvalid", "invalid image format", Documented),
    Ending::row("body-not-found", Phase::Failed, "ImageCheckBodyJointsFailed", "Image Check Body Joins Failed", Documented),
    Ending::row("face-not-found", Phase::Failed, "ImageCheckFaceFailed", "Image Check Face Failed", Documented),
    Ending::row("occluded", Phase::Failed, "ImageObjectsUndetected", "Image BodyJoins or Face Too Much Occlusion", Documented),
    Ending::row("model-unavailable", Phase::Failed, "ModelUnavailable", "model unavailable", Documented),
    Ending::row("internal-failure", Phase::Failed, "InternalServiceFailure", "internal service failure", Documented),
    // That unfinished off-peak tasks end after 48 hours, refunded, is documented; with which code is not.
    Ending::row("off-peak-expired", Phase::Failed, "Canceled", "request canceled by client", Assumed),
];

#[rustfmt::skip]
const OPTIONS: &[VendorOption] = &[
    VendorOption::row("callback-early", "whether `created` and `queueing` are called back too", Takes::Switch, "off", Documented, "the create pages name processing, success and failed; one receiver in the wild handles `created`"),
    VendorOption::row("callback-cancel", "whether a cancelled task is called back as failed", Takes::Switch, "on", Assumed, "the cancel page says nothing; a cancelled task is a failed one"),
    VendorOption::row("creations-before-success", "what stands for the creations of a task that has none", Takes::OneOf(&["empty", "absent"]), "empty", Assumed, "the query page shows a finished task only"),
    VendorOption::row("creation-video", "whether a creation in a query or callback says its length, rate and size", Takes::Switch, "off", Documented, "https://platform.vidu.com/docs/get-generation lacks it, the list page has it, and a receiver in the wild reads it from callbacks"),
    VendorOption::row("create-echo", "which fields the answer to a create has", Takes::OneOf(&["documented", "captured"]), "documented", Documented, "a relay's capture of 2026 has eight more and no `bgm`, the corner of the watermark being a word"),
    VendorOption::row("credits-field", "what the credits are called", Takes::OneOf(&["remains", "remaining_credits"]), "remains", Documented, "https://platform.vidu.com/docs/get-account-info: `remains` in the example, `remaining_credits` in the table"),
    VendorOption::row("cancel-state-word", "how a refused cancel calls a task at work", Takes::OneOf(&["scheduled", "processing"]), "scheduled", Documented, "https://platform.vidu.com/docs/cancel-generation shows a word that is no state"),
    VendorOption::row("unwanted-fields", "whether an option of another route is an unwanted field", Takes::OneOf(&["unknown", "route"]), "unknown", Assumed, "the error is documented, its reach is not; ComfyUI sends `aspect_ratio` to every route"),
    VendorOption::row("wrong-model", "the error for a model the route does not take", Takes::OneOf(&["ModelUnavailable", "FieldInvalid"]), "ModelUnavailable", Assumed, "both texts fit: https://platform.vidu.com/docs/error-code"),
];

/// How the dialect answers.
#[derive(Debug)]
pub(super) struct Vidu;

impl Api for Vidu {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed {
        let Some(key) = authenticate(call) else {
            return Routed::answer(call.refuse("unauthorized", None));
        };
        let decided = match route.purpose {
            Purpose::Create => create(call, route.product, key),
            Purpose::Cancel => cancel(call, segment),
            Purpose::List => listing::list(call).map(|body| Routed::answer(Response::json(200, &body))),
            Purpose::Account => account(call),
            _ => query(call, segment),
        };
        decided.unwrap_or_else(|(name, detail)| Routed::Answer {
            response: call.refuse(name, detail.as_deref()),
            task: call.tasks.get(segment).map(|task| task.id.clone()),
        })
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        let name = if authenticate(call).is_some() { "route" } else { "unauthorized" };
        call.refuse(name, None)
    }

    fn created(&self, task: &Task, settings: &AccountConfig, _ids: &mut Ids) -> Response {
        Response::json(200, &answers::created(task, settings))
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        _settings: &AccountConfig,
        ids: &mut Ids,
    ) -> Response {
        Response::json(
            refusal.http,
            &json!({
                "code": refusal.http,
                "reason": refusal.code,
                "message": sentence(refusal, detail),
                "metadata": {"trace_id": ids.hex(32)},
            }),
        )
    }

    fn callback(&self, task: &Task, _word: &str, settings: &AccountConfig) -> Bytes {
        wire::bytes_of(&answers::record(task, settings))
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        // 18 digits, above 2^53, growing with time as the captured ids do.
        format!("{}{:05}", now.as_millisecond(), ids.serial() % 100_000)
    }

    fn callback_word(&self, word: &'static Word, settings: &AccountConfig) -> Option<&'static str> {
        let early = settings.options.is_on(&ENT_V2, "callback-early");
        word.callback.or_else(|| early.then_some(word.query))
    }

    fn calls_back(&self, task: &Task, settings: &AccountConfig) -> bool {
        task.ending.is_none_or(|ending| ending.name != "cancelled")
            || settings.options.is_on(&ENT_V2, "callback-cancel")
    }

    fn limits(&self) -> (&'static str, &'static str) {
        ("quota", "rate-limit")
    }
}

fn create(call: &Call<'_>, product: &str, key: Secret) -> Result<Routed, Fault> {
    let product = products::product(product).ok_or(("route", None))?;
    validation::draft(call, product, key).map(|draft| Routed::Create(Box::new(draft)))
}

fn query(call: &Call<'_>, id: &str) -> Result<Routed, Fault> {
    let task = call.tasks.get(id).ok_or(("task", None))?;
    let response = Response::json(200, &answers::record(task, call.settings));
    Ok(Routed::Answer { response, task: Some(task.id.clone()) })
}

/// Only what has not begun can be cancelled. The id in the body is documented as required and not
/// needed in practice; the one in the path counts.
fn cancel(call: &Call<'_>, id: &str) -> Result<Routed, Fault> {
    let body = &call.request.body;
    if !body.is_empty() && !call.request.json().is_some_and(|body| matches!(body, Value::Object(_))) {
        return Err(("bad-request", None));
    }
    let task = call.tasks.get(id).ok_or(("task", None))?;
    let ending = ENT_V2.ending("cancelled").ok_or(("internal", None))?;
    if matches!(task.phase, Phase::Submitted | Phase::Queued) {
        let response = Response::json(200, &json!({}));
        return Ok(Routed::Act { task: task.id.clone(), act: Act::End(ending), response });
    }
    let word = if task.phase == Phase::Running {
        call.settings.options.get(&ENT_V2, "cancel-state-word")
    } else {
        ENT_V2.word(task.phase).query
    };
    Err(("bad-request", Some(format!("task state is {word}, can not cancel"))))
}

/// `show_detail` is documented as required, and with a default.
fn account(call: &Call<'_>) -> Result<Routed, Fault> {
    let detail = match call.request.query("show_detail").as_deref() {
        None | Some("" | "false") => false,
        Some("true") => true,
        Some(_) => return Err(super::errors::about("invalid", "show_detail")),
    };
    Ok(Routed::answer(Response::json(200, &answers::account(call, detail))))
}
