//! Kling: the registry entry, and what its two API generations share: error table, endings, options,
//! ids, envelope.
//!
//! What only one generation has is in `kling/legacy` and `kling/v2`; who may call is `kling/auth`;
//! what a task looks like from outside is `kling/records`; what the account has is `kling/account`. Sources, unless a row says otherwise:
//! <https://kling.ai/document-api/api/get-started/error-codes>, `…/authentication`, `…/callbacks`,
//! `…/concurrency-rules`, read 2026-11-24; *observed* is what third parties report of the live API.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::account::AccountConfig;
use crate::api::Call;
use crate::client::{Blame, Declined};
use crate::dialect::{
    CallbackRules, Dialect, Ending, Evidence, Expiry, Phase, Refusal, Signing, Takes, VendorOption, Word,
};
use crate::ids::Ids;
use crate::tasks::Task;
use crate::vendor::Profile;
use crate::wire::Response;

use Evidence::{Assumed, Documented, Observed};

mod account;
mod auth;
mod fields;
mod legacy;
mod makes;
mod records;
mod v2;

/// Kling in the registry.
pub const PROFILE: Profile = Profile {
    name: "kling",
    title: "Kling",
    dialects: &[&legacy::LEGACY, &v2::V2],
    apis: &[&legacy::Legacy, &v2::New],
};

const CALLBACK_PAGE: &str = "https://kling.ai/document-api/api/get-started/callbacks";
const AUTHENTICATION_PAGE: &str = "https://kling.ai/document-api/api/get-started/authentication";

const THIRTY_DAYS: Duration = Duration::from_secs(30 * 24 * 3_600);
const EXPIRY: Expiry = Expiry { result: THIRTY_DAYS, cover: THIRTY_DAYS, evidence: Documented };

const CALLBACKS: CallbackRules = CallbackRules {
    signing: Signing::StandardWebhooks,
    content_type: "application/json; charset=utf-8",
    // Timeout and retries are undocumented; a single attempt is what is certain.
    timeout: "5s",
    timeout_evidence: Assumed,
    retries: "",
    retries_evidence: Assumed,
    source: "the callback page says nothing about timeout, retries or order",
};

/// The state words of the legacy generation.
const LEGACY_WORDS: &[Word] = &[
    // Whether `submitted` is called back is not stated: a option.
    Word::row(Phase::Submitted, "submitted", None, Assumed),
    Word::row(Phase::Running, "processing", Some("processing"), Documented),
    Word::row(Phase::Succeeded, "succeed", Some("succeed"), Documented),
    Word::row(Phase::Failed, "failed", Some("failed"), Documented),
];

/// Name of the new generation's dialect.
const V2_NAME: &str = "kling-v2";
/// The state words of the new generation.
const V2_WORDS: &[Word] = &[
    // Whether `submitted` is called back is not stated: a option.
    Word::row(Phase::Submitted, "submitted", None, Assumed),
    Word::row(Phase::Running, "processing", Some("processing"), Documented),
    Word::row(Phase::Succeeded, "succeeded", Some("succeeded"), Documented),
    Word::row(Phase::Failed, "failed", Some("failed"), Documented),
];

/// How a task ends; there is no code beside the sentence.
#[rustfmt::skip]
const ENDINGS: &[Ending] = &[
    Ending::row("succeeded", Phase::Succeeded, "", "", Documented),
    Ending::row("moderated", Phase::Failed, "", "Failure to pass the risk control system", Observed),
    Ending::row("image-invalid", Phase::Failed, "", "The resolution or aspect ratio of the input image is invalid. Please ensure it meets the required specifications.", Observed),
    Ending::row("source-format", Phase::Failed, "", "The source video format is not supported. Please provide a decodable video file (MP4 recommended).", Documented),
    Ending::row("source-size", Phase::Failed, "", "The source video exceeds the 500MB size limit.", Documented),
    Ending::row("source-duration", Phase::Failed, "", "The source video exceeds the 300-second duration limit.", Documented),
    Ending::row("source-track", Phase::Failed, "", "No valid audio or video track detected in the source video.", Documented),
    Ending::row("internal", Phase::Failed, "", "Internal error, please contact Kling customer service.", Documented),
];

/// How many of the endings every product can have; the rest belong to one solution.
const GENERAL_ENDINGS: usize = 3;

/// The whole error table, the same for both generations. The sentences of rows that are not marked
/// observed are the table's explanations; what the live API says there has not been seen.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::row("authentication", 401, "1000", "", "Authentication failed", Documented),
    Refusal::row("authorization-empty", 401, "1001", "", "Authorization is empty", Documented),
    Refusal::row("unauthorized", 401, "1002", "", "Authorization is invalid", Documented),
    Refusal::row("authorization-early", 401, "1003", "", "Authorization is not yet valid", Documented),
    Refusal::row("authorization-expired", 401, "1004", "", "Authorization has expired", Documented),
    Refusal::row("account", 429, "1100", "", "Abnormal account status", Documented),
    Refusal::row("arrears", 429, "1101", "", "Account in arrears (postpaid scenario)", Documented),
    Refusal::row("balance", 429, "1102", "", "Account balance not enough", Observed),
    Refusal::row("permission", 403, "1103", "", "Unauthorized access to requested resource", Documented),
    Refusal::row("parameters", 400, "1200", "", "Invalid request parameters", Documented),
    Refusal::row("invalid", 400, "1201", "", "Invalid parameters", Documented),
    Refusal::row("route", 404, "1202", "", "The requested method is invalid", Documented),
    Refusal::row("model", 404, "1203", "", "The requested resource does not exist", Documented),
    Refusal::row("policy", 400, "1300", "", "Request blocked by platform policy", Documented),
    Refusal::row("moderation", 400, "1301", "", "The request triggered the content security policy", Documented),
    Refusal::row("rate-limit", 429, "1302", "", "Too many requests; rate limit exceeded", Documented),
    Refusal::row(CONCURRENCY, 429, "1303", "", "parallel task over resource pack limit", Observed),
    Refusal::row("ip-whitelist", 429, "1304", "", "Trigger the platform's IP whitelist policy", Documented),
    Refusal::row("internal", 500, "5000", "", "Server internal error", Documented),
    Refusal::row("maintenance", 503, "5001", "", "Server temporarily unavailable, usually due to maintenance", Documented),
    Refusal::row("timeout", 504, "5002", "", "Server internal timeout, usually due to a backlog", Documented),
];

const CONCURRENCY: &str = "concurrency";

const CALLBACK_SUBMITTED: VendorOption = VendorOption::row(
    "callback-submitted",
    "whether the state a task starts in is called back too",
    Takes::Switch,
    "off",
    Assumed,
    "the callback page lists the state and says only that changes are notified",
);
const ERROR_DATA: VendorOption = VendorOption::row(
    "error-data",
    "what a refusal carries as `data`; the one for concurrency never has any",
    Takes::OneOf(&["absent", "null", "empty"]),
    "absent",
    Observed,
    "captured refusals have none; the pages show `data` in the envelope of every answer",
);
const INVALID_STATUS: VendorOption = VendorOption::row(
    "invalid-status",
    "the HTTP status of codes 1200 and 1201",
    Takes::OneOf(&["table", "200"]),
    "table",
    Documented,
    "the error table says 400; one third party's test expects 200 with the code in the body",
);
const UNKNOWN_FIELDS: VendorOption = VendorOption::row(
    "unknown-fields",
    "what becomes of body fields no page knows",
    Takes::OneOf(&["ignore", "refuse"]),
    "ignore",
    Assumed,
    "the error table calls an incorrect key a case of 1201; clients are seen sending extra fields",
);
const MODEL_LIMITS: VendorOption = VendorOption::row(
    "model-limits",
    "whether an option that the model does not have is refused",
    Takes::Switch,
    "on",
    Observed,
    "seen for image_tail: `model/mode/duration(…) is not supported with image_tail`",
);

/// Start of the id clock: the two captured ids decode to their creation times with it.
const ID_EPOCH_MS: i64 = 1_568_028_518_778;
/// Bits of an id below its time.
const ID_LOW_BITS: u32 = 22;

/// An id of the form all Kling ids have: milliseconds, then a number that tells equal ones apart.
fn id_at(time: Timestamp, low: u64) -> String {
    let since = u128::try_from(time.as_millisecond().saturating_sub(ID_EPOCH_MS)).unwrap_or(0);
    ((since << ID_LOW_BITS) | u128::from(low & ((1 << ID_LOW_BITS) - 1))).to_string()
}

fn new_id(ids: &mut Ids, now: Timestamp) -> String {
    id_at(now, ids.serial())
}

/// The answer around `data`, written without a copy of it.
fn envelope(data: &impl Serialize, ids: &mut Ids) -> Response {
    #[derive(Serialize)]
    struct Envelope<'d, D> {
        code: u32,
        message: &'static str,
        request_id: String,
        data: &'d D,
    }
    Response::json(200, &Envelope { code: 0, message: "SUCCEED", request_id: ids.uuid(), data })
}

fn refuse(
    dialect: &'static Dialect,
    refusal: &Refusal,
    detail: Option<&str>,
    settings: &AccountConfig,
    ids: &mut Ids,
) -> Response {
    let code: u64 = refusal.code.parse().unwrap_or(5000);
    let message = detail.unwrap_or(refusal.message);
    let mut body = json!({"code": code, "message": message, "request_id": ids.uuid()});
    match settings.options.get(dialect, "error-data") {
        _ if refusal.name == CONCURRENCY => {}
        "null" => body["data"] = Value::Null,
        "empty" => body["data"] = json!({}),
        _ => {}
    }
    let as_200 = matches!(code, 1200 | 1201) && settings.options.get(dialect, "invalid-status") == "200";
    Response::json(if as_200 { 200 } else { refusal.http }, &body)
}

/// A refusal by name, with the sentence that replaces the row's.
type Fault = (&'static str, String);

fn invalid(message: impl Into<String>) -> Fault {
    ("invalid", message.into())
}

/// The request body; anything but an object is no parameters at all.
fn object_of(call: &Call<'_>) -> Result<serde_json::Map<String, Value>, Fault> {
    match call.request.json() {
        Some(Value::Object(body)) => Ok(body),
        _ => Err(("parameters", "The request body is not a JSON object".to_owned())),
    }
}

/// Text that a caller may also leave empty, as the pages' own samples do.
fn given(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The id a caller chose must be new to the account, whichever generation took it.
fn unused(call: &Call<'_>, external_id: Option<String>) -> Result<Option<String>, Fault> {
    match external_id {
        Some(id) if call.tasks.by_external_id(&id).is_some() => {
            Err(invalid(format!("External_task_id {} already exists", shown(&id))))
        }
        id => Ok(id),
    }
}

/// Documented: a task takes one of the account's places until it ends, an image task as many as it
/// makes images. The core counts tasks; this looks at what the images need beyond that.
fn has_room(call: &Call<'_>, wanted: u32) -> Result<(), Fault> {
    let Some(most) = call.settings.limits.concurrent else { return Ok(()) };
    let tasks = u64::from(call.tasks.active());
    let held: u64 = call
        .tasks
        .newest()
        .filter(|task| !task.phase.is_terminal())
        .map(|task| u64::from(records::places(task)))
        .sum();
    let images = held > tasks || wanted > 1;
    if images && held + u64::from(wanted) > u64::from(most) {
        return Err((CONCURRENCY, "parallel task over resource pack limit".to_owned()));
    }
    Ok(())
}

/// What a caller sent, for use inside a sentence.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

/// The word of a callback when a task enters a phase: the table's, or the option's.
fn callback_word(
    dialect: &'static Dialect,
    word: &'static Word,
    settings: &AccountConfig,
) -> Option<&'static str> {
    let first = word.phase == Phase::Submitted && settings.options.is_on(dialect, "callback-submitted");
    if first { Some(word.query) } else { word.callback }
}

/// A task by either of its two ids.
fn found<'c>(call: &Call<'c>, id: &str) -> Option<&'c Task> {
    call.tasks.get(id).or_else(|| call.tasks.by_external_id(id))
}

/// What a client makes of an answer to a create.
fn created(response: &Response, id: &str) -> Result<String, Declined> {
    let body = response.value().unwrap_or(Value::Null);
    if body["code"] == 0
        && let Some(id) = body["data"][id].as_str()
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
