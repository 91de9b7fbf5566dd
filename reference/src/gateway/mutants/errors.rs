//! Mutants of refusals: the shape of an error, its status, and clients' mistakes that the gateway takes for its own.

use serde_json::{Value, json};

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::forwarding::Decline;
use crate::gateway::routing::Reply;
use crate::gateway::service::Context;
use crate::gateway::stages::Stages;
use crate::gateway::submission::Mistake;
use ringback_mocks::client::Blame;
use ringback_mocks::wire::{Headers, Request, Response};

deviations! { Mutant of Gateway;
    ERRORS_AS_TEXT "errors-as-text" "answers errors in plain text" => errors_as_text, excludes ["native-errors"];
    NATIVE_ERRORS "native-errors" "answers submit errors in the shape of the software behind it" => native_errors;
    PLACEMENT_ERROR_AS_TEXT "placement-error-as-text" "answers a misplaced key in plain text" =>
        placement_error_as_text, excludes ["placement-code-differs"];
    ERRORS_IN_200 "errors-in-200" "carries errors in HTTP 200" => errors_in_200;
    ERROR_CODE_DIFFERS "error-code-differs" "puts a number of its own into the error's code" => error_code_differs;
    ERROR_TYPE_ODD "error-type-odd" "names the error type of a bad request differently" => error_type_odd;
    UNKNOWN_TASK_IS_400 "unknown-task-is-400" "answers 400 for an unknown task" =>
        unknown_task_is_400, excludes ["unknown-task-runs"];
    UNKNOWN_TASK_RUNS "unknown-task-runs" "reports any task id as running" => unknown_task_runs;
    ARRAY_BODY_UNWRAPPED "array-body-unwrapped" "takes the first element of a body that is a list" =>
        array_body_unwrapped, excludes ["non-object-is-500"];
    NON_OBJECT_IS_500 "non-object-is-500" "answers 500 when the body is JSON but no object" => non_object_is_500;
    MALFORMED_IS_500 "malformed-is-500" "answers 500 when the body is no JSON" =>
        |stages| forestall(stages, |service, request| malformed(request).map(|_| crash(service))),
        excludes ["malformed-is-html", "stack-trace-shown"];
    MALFORMED_IS_HTML "malformed-is-html" "answers an HTML page when the body is no JSON" =>
        |stages| forestall(stages, |_, request| malformed(request).map(|_| html(400, "Bad Request"))),
        excludes ["stack-trace-shown"];
    STACK_TRACE_SHOWN "stack-trace-shown" "shows a stack trace when the body is no JSON" =>
        |stages| forestall(stages, stack_trace);
    SOURCE_PATH_SHOWN "source-path-shown" "names the place in its source when a prompt is blank" =>
        source_path_shown, excludes ["blank-prompt-accepted"];
    DEEP_NESTING_IS_500 "deep-nesting-is-500" "answers 500 when the body is nested deeply" =>
        |stages| forestall(stages, |service, request| is_deep(&request.body).then(|| crash(service)));
    MODEL_TYPE_IS_500 "model-type-is-500" "answers 500 when model is no string" => model_type_is_500;
    NULL_IS_500 "null-is-500" "answers 500 for an explicit null at the top of input" => null_is_500;
    PLACEMENT_CODE_DIFFERS "placement-code-differs" "puts code 4001 into the answer to a misplaced key" =>
        placement_code_differs;
    VENDOR_REFUSAL_IN_200 "vendor-refusal-in-200" "answers HTTP 200 with an error when the vendor refuses" =>
        vendor_refusal_in_200;
}

/// A page as a web server shows it that stands before the gateway.
pub(super) fn html(status: u16, title: &str) -> Reply {
    let page = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    let headers = Headers::from_iter([("content-type", "text/html")]);
    Reply::Page(Response { status, headers, body: page.into() })
}

/// A client's mistake that the gateway takes for its own.
pub(super) fn own_mistake() -> Mistake {
    Mistake { status: 500, ..Mistake::new("build_request_failed") }
}

fn crash(service: &Context) -> Reply {
    service.error(500, "internal_error", "internal error")
}

/// Answers some submits before they are read in earnest.
fn forestall(stages: &mut Stages, told: fn(&Context, &Request) -> Option<Reply>) {
    stages.submit.around_async(move |next, service, asked| async move {
        match told(&service, &asked.request) {
            Some(reply) => reply,
            None => next.run(&service, asked).await,
        }
    });
}

fn malformed(request: &Request) -> Option<serde_json::Error> {
    serde_json::from_slice::<Value>(&request.body).err()
}

fn stack_trace(service: &Context, request: &Request) -> Option<Reply> {
    let error = malformed(request)?;
    let message = format!(
        "SyntaxError: {error}\n    at JSON.parse (<anonymous>)\n    at parse (/srv/gateway/node_modules/body-parser/lib/types/json.js:92:19)"
    );
    Some(service.error(400, "invalid_request_error", message))
}

fn is_deep(body: &[u8]) -> bool {
    body.windows(64).any(|text| text == [b'['; 64])
}

fn errors_as_text(stages: &mut Stages) {
    stages.error.after(|_, reply| plain_text(&reply));
}

fn plain_text(reply: &Reply) -> Reply {
    Reply::Page(Response::text(reply.status(), "Bad Request"))
}

fn native_errors(stages: &mut Stages) {
    stages.error.around(|next, service, refusal| {
        let reply = next.run(service, refusal.clone());
        if refusal.kind != "invalid_request_error" {
            return reply;
        }
        let body = json!({"code": "invalid_request", "message": refusal.message, "data": Value::Null});
        Reply::Json { status: reply.status(), body }
    });
}

fn placement_error_as_text(stages: &mut Stages) {
    stages.refuse.around(|next, service, mistake| {
        let is_misplacement = mistake.is_misplacement;
        let reply = next.run(service, mistake);
        if is_misplacement { plain_text(&reply) } else { reply }
    });
}

fn placement_code_differs(stages: &mut Stages) {
    stages.refuse.around(|next, service, mistake| {
        let reply = next.run(service, mistake.clone());
        if !mistake.is_misplacement {
            return reply;
        }
        let error = json!({"message": mistake.message, "type": "invalid_request_error"});
        Reply::Json { status: reply.status(), body: json!({"code": 4001, "error": error}) }
    });
}

fn errors_in_200(stages: &mut Stages) {
    stages.error.after(|_, reply| if reply.status() == 401 { reply } else { reply.with_status(200) });
}

fn error_code_differs(stages: &mut Stages) {
    stages.error.after(|_, mut reply| {
        if let Reply::Json { body, .. } = &mut reply {
            body["code"] = json!(1001);
        }
        reply
    });
}

fn error_type_odd(stages: &mut Stages) {
    stages.error.before(|_, mut refusal| {
        if refusal.status == 400 {
            refusal.kind = "bad_request";
        }
        refusal
    });
}

fn unknown_task_is_400(stages: &mut Stages) {
    stages.miss_task.around(|_, service, _| service.error(400, "not_found", "task not found"));
}

fn unknown_task_runs(stages: &mut Stages) {
    stages.miss_task.around(|_, _, query| {
        let data = json!({
            "task_id": query.id,
            "status": "running",
            "progress": 42,
            "created_time": "2026-06-14T10:30:00",
            "error_message": Value::Null,
        });
        Reply::Json { status: 200, body: json!({"code": 200, "data": data}) }
    });
}

fn array_body_unwrapped(stages: &mut Stages) {
    stages.root.around(|next, service, text| match serde_json::from_slice(&text) {
        Ok(Value::Array(list)) => match list.into_iter().next() {
            Some(Value::Object(root)) => Ok(root),
            _ => next.run(service, text),
        },
        _ => next.run(service, text),
    });
}

fn non_object_is_500(stages: &mut Stages) {
    stages.root.around(|next, service, text| match serde_json::from_slice(&text) {
        Ok(value) if !Value::is_object(&value) => Err(own_mistake()),
        _ => next.run(service, text),
    });
}

fn source_path_shown(stages: &mut Stages) {
    stages.prompt.around(|next, service, prompt| match &prompt {
        Some(Value::String(blank)) if !blank.is_empty() && blank.trim().is_empty() => {
            Err(Mistake::new("/srv/gateway/src/routes/submit.py:118: prompt.strip() is empty"))
        }
        _ => next.run(service, prompt),
    });
}

fn model_type_is_500(stages: &mut Stages) {
    stages.model.around(|next, service, body| match body.root.get("model") {
        Some(other) if !other.is_string() => Err(own_mistake()),
        _ => next.run(service, body),
    });
}

fn null_is_500(stages: &mut Stages) {
    stages.input.after(|_, input| {
        input
            .and_then(|input| if input.values().any(Value::is_null) { Err(own_mistake()) } else { Ok(input) })
    });
}

fn vendor_refusal_in_200(stages: &mut Stages) {
    stages.decline.around(|_, _, Decline { declined, .. }| {
        let code = if declined.blame == Blame::Request { 400 } else { 502 };
        let error = json!({"message": declined.message, "type": "upstream_error"});
        Reply::Json { status: 200, body: json!({"code": code, "error": error}) }
    });
}
