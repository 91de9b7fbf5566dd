//! Vidu's error table, and the sentence a row is answered with.
//!
//! Sources: <https://platform.vidu.com/docs/error-code> and <https://platform.vidu.cn/docs/error-code>,
//! read 2026-11-24. Rows only; who is refused with which is `validation` and `ent_v2`.

use crate::dialect::{Evidence, Refusal};

use Evidence::Documented;

/// The place in a sentence where the vendor names the fields.
const FIELDS: &str = "{fields}";

/// A row by name, and what its sentence says: the fields where it names fields, else all of it.
pub(super) type Fault = (&'static str, Option<String>);

/// A fault about one field.
pub(super) fn about(row: &'static str, field: &str) -> Fault {
    (row, Some(field.to_owned()))
}

/// The sentence of a row. A row that names fields names `prompt` when a rule, not a request, chose it.
pub(super) fn sentence(refusal: &Refusal, detail: Option<&str>) -> String {
    if refusal.message.contains(FIELDS) {
        refusal.message.replace(FIELDS, detail.unwrap_or("prompt"))
    } else {
        detail.unwrap_or(refusal.message).to_owned()
    }
}

/// The error table. `moderation` stands on the Chinese page only; the three image checks came with
/// later copies, in the vendor's own spelling (one copy has `mage` for `Image`). The same reasons
/// appear as a task's `err_code`.
#[rustfmt::skip]
pub(super) const REFUSALS: &[Refusal] = &[
    Refusal::row("unauthorized", 401, "Unauthorized", "", "unauthorized", Documented),
    Refusal::row("bad-request", 400, "BadRequest", "", "bad request", Documented),
    Refusal::row("lacking", 400, "FieldLacking", "", "field is missing or empty: {fields}", Documented),
    Refusal::row("unwanted", 400, "FieldUnwanted", "", "unwanted field: {fields}", Documented),
    Refusal::row("invalid", 400, "FieldInvalid", "", "invalid field: {fields}", Documented),
    Refusal::row("item-count", 400, "FieldItemCountOutOfRange", "", "field item count out of range: {fields}", Documented),
    // The page is the image: its bytes, format and aspect.
    Refusal::row("image-size", 400, "PageSizeOutOfRange", "", "page size out of range", Documented),
    Refusal::row("image-download", 400, "ImageDownloadFailure", "", "image download failure", Documented),
    Refusal::row("image-format", 400, "ImageFormatInvalid", "", "invalid image format", Documented),
    Refusal::row("in-process", 400, "OperationInProcess", "", "operation in process, please retry later", Documented),
    Refusal::row("moderation", 400, "TaskPromptPolicyViolation", "", "prompt policy violation", Documented),
    Refusal::row("audit", 400, "AuditSubmitIllegal", "", "submit is illegal", Documented),
    Refusal::row("creation-policy", 400, "CreationPolicyViolation", "", "creation policy violation", Documented),
    Refusal::row("balance", 400, "CreditInsufficient", "", "insufficient credits", Documented),
    Refusal::row("model", 400, "ModelUnavailable", "", "model unavailable", Documented),
    Refusal::row("user-cancelled", 400, "UserCancelled", "", "user cancelled", Documented),
    Refusal::row("body-joints", 400, "ImageCheckBodyJointsFailed", "", "Image Check Body Joins Failed", Documented),
    Refusal::row("face", 400, "ImageCheckFaceFailed", "", "Image Check Face Failed", Documented),
    Refusal::row("occlusion", 400, "ImageObjectsUndetected", "", "Image BodyJoins or Face Too Much Occlusion", Documented),
    Refusal::row("forbidden", 403, "Forbidden", "", "forbidden", Documented),
    Refusal::row("task", 404, "TaskNotFound", "", "task not found", Documented),
    Refusal::row("creation", 404, "CreationNotFound", "", "creation not found", Documented),
    Refusal::row("route", 404, "NotFound", "", "not found", Documented),
    Refusal::row("conflict", 409, "Conflict", "", "resource conflict", Documented),
    // Of concurrency; rates have the next row.
    Refusal::row("quota", 429, "QuotaExceeded", "", "quota exceeded", Documented),
    Refusal::row("rate-limit", 429, "TooManyRequests", "", "too many requests", Documented),
    Refusal::row("throttled", 429, "SystemThrottling", "", "system is throttling", Documented),
    Refusal::row("client-cancelled", 499, "Canceled", "", "request canceled by client", Documented),
    Refusal::row("internal", 500, "InternalServiceFailure", "", "internal service failure", Documented),
];
