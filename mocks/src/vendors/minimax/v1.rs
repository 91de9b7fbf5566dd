//! MiniMax Hailuo, API v1: business errors inside HTTP 200, other state words in callbacks than in
//! queries, and a file id between a task and its video.
//!
//! Read 2026-11-24: the create pages (`…/docs/api-reference/video-generation-t2v`, `-i2v`, `-fl2v`,
//! `-s2v`), `…/video-generation-query.md`, `…/video-generation-download`, `…/errorcode.md`,
//! `…/video-agent-create`, `…/video-agent-query`. What a create takes is `parameters`, what a task
//! looks like is `task`, what a client makes of the answers is `client`.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CHALLENGE, Stranger, caller, text};
use crate::account::AccountConfig;
use crate::api::{Api, Call, Routed};
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

/// API v1.
pub(super) static V1: Dialect = Dialect {
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
    endings: ENDINGS,
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
    // A template's video lasts nine hours; one dialect has one expiry, so it too goes after an hour.
    expiry: Expiry { result: ONE_HOUR, cover: ONE_HOUR, evidence: Documented },
    schemas: &[
        (Document::CreateRequest, ringback_schemas::file("vendors/minimax-v1/create-request.schema.json")),
        (Document::CreateResponse, ringback_schemas::file("vendors/minimax-v1/create-response.schema.json")),
        (Document::QueryResponse, ringback_schemas::file("vendors/minimax-v1/query-response.schema.json")),
        (Document::Callback, ringback_schemas::file("vendors/minimax-v1/callback.schema.json")),
        (Document::Error, ringback_schemas::file("vendors/minimax-v1/error.schema.json")),
        (
            Document::Other("file-response"),
            ringback_schemas::file("vendors/minimax-v1/file-response.schema.json"),
        ),
    ],
    creates: CREATES,
    sample: Sample { duration: 6, option: ("prompt_optimizer", OptionValue::Bool(false)) },
    read_create: |request| {
        (request.method == "POST" && [CREATE, TEMPLATE].contains(&request.path()))
            .then(|| CreateSeen::from_flat(request, "model", "/callback_url"))
    },
    client: client::CLIENT,
};

const ONE_HOUR: Duration = Duration::from_secs(3_600);
const CREATE: &str = "/v1/video_generation";
const QUERY: &str = "/v1/query/video_generation";
const RETRIEVE: &str = "/v1/files/retrieve";
const CONTENT: &str = "/v1/files/retrieve_content";
const TEMPLATE: &str = "/v1/video_template_generation";
const TEMPLATE_QUERY: &str = "/v1/query/video_template_generation";
const VIDEO: &str = "video";
const FROM_TEMPLATE: &str = "template";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route::row("POST", CREATE, Purpose::Create, VIDEO, Documented, "https://platform.minimax.io/docs/api-reference/video-generation-t2v"),
    Route::row("GET", QUERY, Purpose::Query, VIDEO, Documented, "https://platform.minimax.io/docs/api-reference/video-generation-query.md"),
    Route::row("GET", RETRIEVE, Purpose::File, VIDEO, Documented, "https://platform.minimax.io/docs/api-reference/video-generation-download"),
    // Gives other files as they are; for a video it refuses.
    Route::row("GET", CONTENT, Purpose::File, VIDEO, Observed, "a client's test in a public repository"),
    Route::row("POST", TEMPLATE, Purpose::Create, FROM_TEMPLATE, Documented, "https://platform.minimax.io/docs/api-reference/video-agent-create"),
    Route::row("GET", TEMPLATE_QUERY, Purpose::Query, FROM_TEMPLATE, Documented, "https://platform.minimax.io/docs/api-reference/video-agent-query"),
];

/// No `Fail` body was ever captured. The query page lists 1026 and 1027 among its codes; third
/// parties' tests have `Fail` with 1027 and with 0.
const ENDINGS: &[Ending] = &[
    Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
    Ending::row("moderated", Phase::Failed, "1027", "output new_sensitive", Observed),
    Ending::row("input-moderated", Phase::Failed, "1026", "input new_sensitive", Assumed),
    Ending::row("failed", Phase::Failed, "", "", Observed),
];

/// The error table: every code of the general page and of the video pages. `route` has no code: what
/// the vendor says of an unknown path is not known, and most Go servers say this.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::row("unknown", 200, "1000", "", "unknown error", Documented),
    Refusal::row("timeout", 200, "1001", "", "request timeout", Documented),
    Refusal::row("rate-limit", 200, "1002", "", "rate limit", Documented),
    Refusal::row("unauthorized", 200, "1004", "", "login fail: Please carry the API secret key in the 'Authorization' field of the request header", Observed),
    Refusal::row("balance", 200, "1008", "", "insufficient balance", Documented),
    Refusal::row("service", 200, "1013", "", "internal service error", Documented),
    Refusal::row("internal", 200, "1024", "", "internal error", Documented),
    Refusal::row("moderation", 200, "1026", "", "input new_sensitive", Documented),
    Refusal::row("output-moderation", 200, "1027", "", "output new_sensitive", Documented),
    Refusal::row("system", 200, "1033", "", "system error", Documented),
    Refusal::row("token-limit", 200, "1039", "", "token limit", Documented),
    Refusal::row("connection-limit", 200, "1041", "", "conn limit", Documented),
    Refusal::row("invisible-characters", 200, "1042", "", "invisible character ratio limit", Documented),
    Refusal::row("invalid", 200, "2013", "", "invalid params", Documented),
    Refusal::row("callback-unreachable", 200, "2013", "", "invalid params, fail to check callback url", Observed),
    Refusal::row("growth-limit", 200, "2045", "", "rate growth limit", Documented),
    Refusal::row("invalid-key", 200, "2049", "", "invalid API key", Documented),
    Refusal::row("usage-limit", 200, "2056", "", "usage limit exceeded", Documented),
    Refusal::row("route", 404, "", "", "404 page not found", Assumed),
];

#[rustfmt::skip]
const OPTIONS: &[VendorOption] = &[
    VendorOption::row("capital-callback-words", "callbacks carry the words of queries", Takes::Switch, "off", Documented,
        "the create pages list processing, success and failed; the sample on the template page has Success"),
    VendorOption::row("size-in-callback", "a success callback carries video_width and video_height", Takes::Switch, "off", Documented,
        "pushes are said to have the structure of the query answer; the sample has neither field"),
    VendorOption::row("template-callback", "how the success callback of a template names its result", Takes::OneOf(&["video_url", "file_id"]), "video_url", Documented,
        "pushes are said to have the structure of the query answer, which has video_url; the page's sample has file_id"),
    VendorOption::row("fail-code", "whether the query answer of a failed task carries its code (1027, in moderation) or 0", Takes::OneOf(&["1027", "0"]), "1027", Observed,
        "both stand in third parties' tests; no such answer was ever captured"),
    VendorOption::row("rate-limit-http", "HTTP status of code 1002", Takes::OneOf(&["200", "429"]), "200", Assumed,
        "the OpenAPI text has 200 only; MiniMax's own CLI has a branch for a bare 429"),
    VendorOption::row("file-id-before-success", "file_id of a task without a file", Takes::OneOf(&["absent", "empty"]), "absent", Assumed,
        "documented as returned on success; clients accept both"),
    VendorOption::row("unknown-task", "the code for a task that is not there", Takes::OneOf(&["2013", "1000"]), "2013", Assumed,
        "not documented; a client author reports a base_resp and an empty status"),
    VendorOption::row("wrong-key", "the code for a key that is not valid", Takes::OneOf(&["1004", "2049"]), "1004", Documented,
        "the create pages list both; only a missing key was measured"),
    VendorOption::row("challenge", "when a callback URL is examined", Takes::OneOf(&["per-submit", "once-per-url"]), "per-submit", Assumed,
        "both sightings were at a submit; nobody says whether a URL that passed is remembered"),
];

const CREATES: &[(&str, &str)] = &[
    (CREATE, r#"{"model":"MiniMax-Hailuo-02","prompt":"A paper boat"}"#),
    (
        CREATE,
        r#"{"model":"MiniMax-Hailuo-2.3","prompt":"A paper boat","prompt_optimizer":false,
            "fast_pretreatment":true,"duration":6,"resolution":"1080P","aigc_watermark":true}"#,
    ),
    (
        CREATE,
        r#"{"model":"MiniMax-Hailuo-02","first_frame_image":"https://images.example.com/boat.jpeg",
            "prompt":"A paper boat","duration":10,"resolution":"512P"}"#,
    ),
    (
        CREATE,
        r#"{"model":"MiniMax-Hailuo-02","first_frame_image":"https://images.example.com/boat.jpeg",
            "last_frame_image":"data:image/png;base64,iVBORw0KGgo=","resolution":"1080P"}"#,
    ),
    (
        CREATE,
        r#"{"model":"S2V-01","prompt":"A sailor",
            "subject_reference":[{"type":"character","image":["https://images.example.com/sailor.jpeg"]}]}"#,
    ),
    (TEMPLATE, r#"{"template_id":"393769180141805569"}"#),
    (
        TEMPLATE,
        r#"{"template_id":"393769180141805569","text_inputs":[{"value":"Lion"}],
            "media_inputs":[{"value":"https://images.example.com/cat.jpeg"}]}"#,
    ),
];

/// How the dialect answers.
#[derive(Debug)]
pub(super) struct MiniMax;

impl Api for MiniMax {
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, _segment: &str) -> Routed {
        let key = match caller(call, &V1) {
            Ok(key) => key,
            Err(stranger) => {
                let wrong = matches!(stranger, Stranger::WrongKey);
                let other = wrong && call.settings.options.get(&V1, "wrong-key") == "2049";
                let name = if other { "invalid-key" } else { "unauthorized" };
                return turned_away(call, route, name, None);
            }
        };
        match route.purpose {
            Purpose::Create => match draft(call.request, route, key) {
                Ok(draft) => Routed::Create(Box::new(draft)),
                Err(detail) => turned_away(call, route, "invalid", Some(&detail)),
            },
            Purpose::Query => asked_for_task(call, route),
            _ => asked_for_file(call, route),
        }
    }

    fn unrouted(&self, call: &mut Call<'_>) -> Response {
        call.refuse("route", None)
    }

    fn created(&self, task: &Task, _settings: &AccountConfig, ids: &mut Ids) -> Response {
        answer(200, &json!({"task_id": task.id, "base_resp": task::base_resp(0, "success")}), ids)
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        settings: &AccountConfig,
        ids: &mut Ids,
    ) -> Response {
        let Ok(code) = refusal.code.parse() else {
            return Response::text(refusal.http, refusal.message);
        };
        let bare = refusal.name == "rate-limit" && settings.options.get(&V1, "rate-limit-http") == "429";
        let message = detail.unwrap_or(refusal.message);
        let body = json!({"task_id": "", "base_resp": task::base_resp(code, message)});
        answer(if bare { 429 } else { refusal.http }, &body, ids)
    }

    /// A create's empty `task_id` is joined by an empty `status` in a query and goes from a file's
    /// answer, which never had one.
    fn refused_elsewhere(&self, refused: Response, purpose: Purpose, ids: &mut Ids) -> Response {
        let Some(Value::Object(mut body)) = refused.value().filter(|_| purpose != Purpose::Create) else {
            return refused;
        };
        let base = body.remove("base_resp").unwrap_or(Value::Null);
        let form = match purpose {
            Purpose::Query => json!({"task_id": "", "status": "", "base_resp": base}),
            _ => json!({"base_resp": base}),
        };
        answer(refused.status, &form, ids)
    }

    fn callback(&self, task: &Task, word: &str, settings: &AccountConfig) -> Bytes {
        wire::bytes_of(&task::pushed(task, word, settings))
    }

    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String {
        // Digits only; the vendor's own callback sample has an 18-digit id above 2^53.
        format!("{}{:06}", now.as_millisecond() / 10, ids.serial() % 1_000_000)
    }

    fn callback_word(&self, word: &'static Word, settings: &AccountConfig) -> Option<&'static str> {
        let capital = settings.options.is_on(&V1, "capital-callback-words");
        word.callback.map(|callback| if capital { word.query } else { callback })
    }

    fn asks_again(&self, settings: &AccountConfig) -> bool {
        settings.options.get(&V1, "challenge") == "per-submit"
    }
}

/// An answer with the field that both official MCP clients print beside an error. Nobody shows what
/// is in it: 32 hexadecimal digits are our choice.
fn answer(status: u16, body: &Value, ids: &mut Ids) -> Response {
    let mut response = Response::json(status, body);
    response.headers.push("trace-id", ids.hex(32));
    response
}

fn draft(request: &Request, route: &'static Route, key: Secret) -> Result<Draft, String> {
    let Some(body @ Value::Object(_)) = request.json() else {
        return Err("invalid params, the body is not a JSON object".to_owned());
    };
    match route.product {
        VIDEO => parameters::video(&body),
        _ => parameters::template(&body),
    }?;
    Ok(Draft {
        dialect: &V1,
        product: route.product,
        model: text(&body, "model").unwrap_or_default(),
        prompt: text(&body, "prompt").unwrap_or_default(),
        callback_url: text(&body, "callback_url"),
        external_id: None,
        body: body.into(),
        key,
    })
}

/// Refuses in the form of the route.
fn turned_away(call: &mut Call<'_>, route: &Route, name: &str, detail: Option<&str>) -> Routed {
    let refused = call.refuse(name, detail);
    Routed::answer(call.api.refused_elsewhere(refused, route.purpose, call.ids))
}

fn asked_for_task(call: &mut Call<'_>, route: &'static Route) -> Routed {
    let Some(id) = call.request.query("task_id").filter(|id| !id.is_empty()) else {
        return turned_away(call, route, "invalid", Some(&parameters::missing("task_id")));
    };
    let Some(task) = call.tasks.get(&id).filter(|task| task.draft.product == route.product) else {
        return if call.settings.options.get(&V1, "unknown-task") == "1000" {
            turned_away(call, route, "unknown", None)
        } else {
            turned_away(call, route, "invalid", Some("invalid params, invalid task_id"))
        };
    };
    let response = answer(200, &task::queried(task, call.settings), call.ids);
    Routed::Answer { task: Some(id), response }
}

fn asked_for_file(call: &mut Call<'_>, route: &'static Route) -> Routed {
    let Some(id) = call.request.query("file_id").filter(|id| !id.is_empty()) else {
        return turned_away(call, route, "invalid", Some(&parameters::missing("file_id")));
    };
    // A 64-bit number, as in the answer.
    let number = id.parse::<i64>().ok();
    let task = number.and_then(|number| task::of_file(&number.to_string()));
    let task = task
        .and_then(|task| call.tasks.get(&task))
        .filter(|task| task.phase == Phase::Succeeded && task.draft.dialect.name == V1.name);
    let Some((task, number)) = task.zip(number) else {
        return turned_away(call, route, "invalid", Some("invalid params, invalid file_id"));
    };
    if route.path == CONTENT {
        return turned_away(call, route, "invalid", Some("invalid params, invalid file purpose"));
    }
    let response = answer(200, &task::file(task, number, call.settings), call.ids);
    Routed::Answer { task: Some(task.id.clone()), response }
}
