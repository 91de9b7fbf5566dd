//! Ark's error table, and the form in which it refuses.
//!
//! Rows, sentences included, from the error page (`82379/1299023`), read 2026-11-24, without its
//! rows for chat, files, contexts, fine-tuning and subscription plans, which this API cannot meet.
//! Rows that only third parties report, or that nobody does, say so.

use serde_json::json;

use crate::dialect::{Evidence, Refusal};
use crate::ids::Ids;
use crate::wire::Response;

use Evidence::{Assumed, Documented, Observed};

/// Every row. A code that ends in a point is completed with the name of the parameter.
#[rustfmt::skip]
pub(super) const REFUSALS: &[Refusal] = &[
    Refusal::row("unauthorized", 401, "AuthenticationError", "Unauthorized", "The API key doesn't exist.", Observed),
    Refusal::row("unauthorized-format", 401, "AuthenticationError", "Unauthorized", "The API key format is incorrect.", Observed),
    Refusal::row("unauthorized-missing", 401, "AuthenticationError", "Unauthorized", "The API key or AK/SK in the request is missing or invalid.", Documented),
    Refusal::row("account", 401, "InvalidAccountStatus", "Forbidden", "There is an issue with your account status. If you need assistance, please contact the platform administrators.", Documented),
    Refusal::row("missing", 400, "MissingParameter", BAD, "The request failed because it is missing one or multiple required parameters.", Documented),
    Refusal::row("missing-x", 400, "MissingParameter.", BAD, "The required parameter is missing.", Documented),
    Refusal::row("invalid", 400, "InvalidParameter", BAD, "One or more parameters specified in the request are not valid.", Documented),
    Refusal::row("invalid-x", 400, "InvalidParameter.", BAD, "The specified parameter is invalid.", Documented),
    Refusal::row("unsupported", 400, "InvalidParameter.UnsupportedParameter", BAD, "The parameters specified in the request are not supported by this endpoint.", Documented),
    // The codes are documented; the sentences are not.
    Refusal::row("constraint", 400, "InvalidParameter.TaskTypeConstraint", BAD, "The parameters specified in the request do not fit the task type.", Assumed),
    Refusal::row("mismatch", 400, "InvalidParameter.TaskTypeMismatch", BAD, "The task type specified in the request does not match the input.", Assumed),
    Refusal::row("image-empty", 400, "InvalidImageURL.EmptyURL", BAD, "Empty base64 image url", Documented),
    Refusal::row("image-format", 400, "InvalidImageURL.InvalidFormat", BAD, "Invalid base64 image url", Documented),
    Refusal::row("closed", 400, "InvalidEndpoint.ClosedEndpoint", BAD, "The request targeted an endpoint that is currently closed or temporarily unavailable.", Documented),
    Refusal::row("moderation", 400, "InputTextSensitiveContentDetected", BAD, "The request failed because the input text may contain sensitive information.", Documented),
    Refusal::row("moderation-image", 400, "InputImageSensitiveContentDetected", BAD, "The request failed because the input image may contain sensitive information.", Documented),
    Refusal::row("moderation-video", 400, "InputVideoSensitiveContentDetected", BAD, "The request failed because the input video may contain sensitive information.", Documented),
    Refusal::row("moderation-audio", 400, "InputAudioSensitiveContentDetected", BAD, "The request failed because the input audio may contain sensitive information.", Documented),
    Refusal::row("copyright", 400, "InputTextSensitiveContentDetected.PolicyViolation", BAD, "The request failed because the input text may be related to copyright restrictions.", Documented),
    Refusal::row("copyright-image", 400, "InputImageSensitiveContentDetected.PolicyViolation", BAD, "The request failed because the input image may be related to copyright restrictions.", Documented),
    Refusal::row("copyright-video", 400, "InputVideoSensitiveContentDetected.PolicyViolation", BAD, "The request failed because the input video may be related to copyright restrictions.", Documented),
    Refusal::row("copyright-audio", 400, "InputAudioSensitiveContentDetected.PolicyViolation", BAD, "The request failed because the input audio may be related to copyright restrictions.", Documented),
    Refusal::row("person-image", 400, "InputImageSensitiveContentDetected.PrivacyInformation", BAD, "The request failed because the input image may contain real person.", Documented),
    Refusal::row("person-video", 400, "InputVideoSensitiveContentDetected.PrivacyInformation", BAD, "The request failed because the input video may contain real person.", Documented),
    // Documented as refusals, seen inside failed tasks only.
    Refusal::row("output-video", 400, "OutputVideoSensitiveContentDetected", BAD, "The request failed because the output video may contain sensitive information.", Documented),
    Refusal::row("output-audio", 400, "OutputAudioSensitiveContentDetected", BAD, "The request failed because the output audio may contain sensitive information.", Documented),
    Refusal::row("output-video-copyright", 400, "OutputVideoSensitiveContentDetected.PolicyViolation", BAD, "The request failed because the output video may be related to copyright restrictions.", Documented),
    Refusal::row("output-audio-copyright", 400, "OutputAudioSensitiveContentDetected.PolicyViolation", BAD, "The request failed because the output audio may be related to copyright restrictions.", Documented),
    Refusal::row("sensitive", 400, "SensitiveContentDetected", BAD, "The request failed because the input text may contain sensitive information.", Documented),
    Refusal::row("severe", 400, "SensitiveContentDetected.SevereViolation", BAD, "The request failed because the input text may contain severe violation information.", Documented),
    Refusal::row("violence", 400, "SensitiveContentDetected.Violence", BAD, "The request failed because the input text may contain violence information.", Documented),
    Refusal::row("risk-text", 400, "InputTextRiskDetection", BAD, "The request could not be processed because the input text includes sensitive content that violates ContentSecurityDetection.", Documented),
    Refusal::row("risk-image", 400, "InputImageRiskDetection", BAD, "The request could not be processed because the input image includes sensitive content that violates ContentSecurityDetection.", Documented),
    Refusal::row("risk-service", 400, "ContentSecurityDetectionError", BAD, "Internal error.", Documented),
    Refusal::row("balance", 403, "AccountOverdueError", "Forbidden", "The request failed because your account has an overdue balance.", Documented),
    Refusal::row("denied", 403, "AccessDenied", "Forbidden", "The request failed because you do not have access to the requested resource.", Documented),
    Refusal::row("not-open", 403, "OperationDenied.ServiceNotOpen", "Forbidden", "Operation is denied because the model service is unavailable, please go to the Volcano Ark console activation management page to activate the corresponding model service, or submit a work order to contact us.", Documented),
    Refusal::row("overdue", 403, "OperationDenied.ServiceOverdue", "Forbidden", "Operation is denied because your account balance is overdue, please go to the Volc Trading Center to recharge in order to continue using the service.", Documented),
    // A documented row; that it answers a DELETE of a cancelled task is our choice.
    Refusal::row("ended", 403, "OperationDenied.UnsupportedPhase", "Forbidden", "Operation is denied because operation is not supported while the target is in its current phase.", Assumed),
    Refusal::row("model", 404, "InvalidEndpointOrModel.NotFound", "NotFound", "The model or endpoint does not exist or you do not have access to it.", Documented),
    Refusal::row("model-id", 404, "InvalidEndpointOrModel.ModelIDAccessDisabled", "NotFound", "Accessing the model via Model ID is not allowed for your account. Please use a custom endpoint ID instead.", Documented),
    Refusal::row("model-not-open", 404, "ModelNotOpen", "NotFound", "Your account 2100000000 has not activated the model. Please activate the model service in the Ark Console.", Documented),
    // What an unknown task is answered with is not documented; third parties' fakes have this.
    Refusal::row("task", 404, "ResourceNotFound", "NotFound", "The specified resource is not found.", Assumed),
    Refusal::row("task-x", 404, "NotFound.", "NotFound", "The specified task is not found.", Documented),
    Refusal::row("route", 404, "NotFound", "NotFound", "The requested path is not found.", Assumed),
    // The code and the sentence were seen; the type was not.
    Refusal::row("running", 409, "InvalidAction.RunningTaskDeletion", "Conflict", "Cannot delete task because it is currently running.", Observed),
    Refusal::row("rate-limit", 429, "ModelAccountRpmRateLimitExceeded", BUSY, "RPM (Requests Per Minute) limit of the model is exceeded.", Documented),
    Refusal::row("token-limit", 429, "ModelAccountTpmRateLimitExceeded", BUSY, "TPM (Tokens Per Minute) limit of the model is exceeded.", Documented),
    Refusal::row("endpoint-rate", 429, "RateLimitExceeded.EndpointRPMExceeded", BUSY, "The Requests Per Minute (RPM) limit of the associated endpoint for your account has been exceeded.", Documented),
    Refusal::row("endpoint-tokens", 429, "RateLimitExceeded.EndpointTPMExceeded", BUSY, "The Tokens Per Minute (TPM) limit of the associated endpoint for your account has been exceeded.", Documented),
    Refusal::row("api-rate", 429, "APIAccountRpmRateLimitExceeded", BUSY, "The RPM (Requests Per Minute) limit for the API on your account has been exceeded.", Documented),
    Refusal::row("account-rate", 429, "AccountRateLimitExceeded", BUSY, "Requests are too frequent. Please reduce your request frequency, wait a short moment, and retry your request.", Documented),
    Refusal::row("overloaded", 429, "ServerOverloaded", BUSY, "The service is currently unable to handle additional requests due to server overload. Please retry later.", Documented),
    Refusal::row("burst", 429, "RequestBurstTooFast", BUSY, "System protection triggered by request burst. Please slow down traffic growth and increase requests gradually before retrying.", Documented),
    Refusal::row("in-flight", 429, "InflightBatchsizeExceeded", BUSY, "The Inflight Batchsize limit has been exceeded.", Documented),
    Refusal::row("set-limit", 429, "SetLimitExceeded", BUSY, "Your account [2100000000] has reached the set inference limit for the model, and the model service has been paused. To continue using this model, please visit the Model Activation page to adjust or close the \"Safe Experience Mode\".", Documented),
    // Too many tasks in the queue.
    Refusal::row("quota", 429, "QuotaExceeded", BUSY, "The request has exceeded the quota.", Documented),
    Refusal::row("quota-trial", 429, "QuotaExceeded", BUSY, "Your account [2100000000] has exhausted its free trial quota for the model.", Documented),
    Refusal::row("quota-plan", 429, "QuotaExceeded", BUSY, "You have exceeded the 5-hour/weekly/monthly usage quota. It will reset at 2026-12-01 00:00:00 +0800 CST.", Documented),
    Refusal::row("internal", 500, "InternalServiceError", "InternalServerError", "The service encountered an unexpected internal error. Please retry later.", Documented),
];

const BAD: &str = "BadRequest";
const BUSY: &str = "TooManyRequests";
/// The parameter that a rule's refusal names when the code wants one.
const ANY_PARAMETER: &str = "content";

/// What is wrong with a request.
#[derive(Debug)]
pub(super) struct Fault {
    /// Name of the row.
    pub(super) row: &'static str,
    /// The sentence, without the request id.
    pub(super) message: String,
    /// The parameter.
    pub(super) param: String,
}

impl Fault {
    /// A parameter is not there. The sentence was seen at other APIs of Ark.
    pub(super) fn missing(param: impl Into<String>) -> Self {
        let param = param.into();
        let message = format!("The request failed because it is missing `{param}` parameter.");
        Self { row: "missing", message, param }
    }

    /// A parameter is wrong in itself; `why` may be empty.
    pub(super) fn invalid(param: impl Into<String>, why: &str) -> Self {
        let param = param.into();
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let message = format!("The parameter `{param}` specified in the request is not valid{why}.");
        Self { row: "invalid", message, param }
    }

    /// A parameter is wrong for the model and what it is asked to do. Seen in this form, without
    /// quotes and without a full stop.
    pub(super) fn unfit(param: &str, model: &str, mode: &str) -> Self {
        let message = format!(
            "the parameter {param} specified in the request is not valid for model {model} in {mode}"
        );
        Self { row: "invalid", message, param: param.to_owned() }
    }
}

/// A refusal on the wire.
pub(super) fn refuse(refusal: &Refusal, message: &str, param: &str, ids: &mut Ids) -> Response {
    let completed = refusal.code.ends_with('.');
    let param = if completed && param.is_empty() { ANY_PARAMETER } else { param };
    let code = if completed { format!("{}{param}", refusal.code) } else { refusal.code.to_owned() };
    let id = request_id(ids);
    let body = json!({"error": {
        "code": code,
        "message": format!("{message} Request id: {id}"),
        "param": param,
        "type": refusal.kind,
    }});
    identified(Response::json(refusal.http, &body), id)
}

/// A good answer on the wire.
pub(super) fn answer(body: &serde_json::Value, ids: &mut Ids) -> Response {
    let id = request_id(ids);
    identified(Response::json(200, body), id)
}

/// Adds the field in which the official SDK looks for the request id; that it carries the id of the
/// message is assumed.
fn identified(mut response: Response, id: String) -> Response {
    response.headers.push("x-request-id", id);
    response
}

/// `02`, milliseconds, an IPv4 address written as IPv6 without colons, and six digits: the form of
/// a captured id.
fn request_id(ids: &mut Ids) -> String {
    format!("02{:013}{:020}ffffc00002{}{}", ids.milliseconds().max(0), 0, ids.hex(2), ids.hex(6))
}
