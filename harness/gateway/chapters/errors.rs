//! Errors: the envelope, the status, and that a failure is never dressed as a success.

use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::{check, note_schema};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{Caller, GatewayReply};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;
use crate::schema::{self, Schema};

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::REFERENCE.shown(),
    scope: Scope::Once,
    knobs: &[],
    preconditions: &[],
    jobs: 0,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-ERR-001",
        slug: "envelope",
        sentence: "A refused submit answers {code, error: {message, type}}.",
        why: "Clients show error.message; without the envelope they show nothing, or the wrong software's words.",
        remedy: "Translate every error, those of the software behind the gateway too, into the envelope.",
        terms: Terms { source: Source::REFERENCE, ..TERMS },
        mutants: &[mutants::ERRORS_AS_TEXT, mutants::NATIVE_ERRORS],
        check: check!(envelope),
    },
    Requirement {
        id: "GW-ERR-002",
        slug: "no-error-in-200",
        sentence: "An error is not carried by an HTTP 2xx status.",
        why: "Clients, proxies and retries decide by the HTTP status; an error in a 200 counts as a job that runs.",
        remedy: "Answer errors with the HTTP status that their code says.",
        terms: TERMS,
        mutants: &[mutants::ERRORS_IN_200, mutants::UNKNOWN_TASK_RUNS],
        check: check!(no_error_in_200),
    },
    Requirement {
        id: "GW-ERR-003",
        slug: "code-mirrors-status",
        sentence: "The code of an error equals its HTTP status.",
        why: "Every documented example mirrors it, and clients that only keep the body rely on it.",
        remedy: "Put the HTTP status into code.",
        terms: Terms { level: Level::Should, knobs: &[Knob::ErrorCode], ..TERMS },
        mutants: &[mutants::ERROR_CODE_DIFFERS, mutants::ERRORS_IN_200],
        check: check!(code_mirrors_status),
    },
    Requirement {
        id: "GW-ERR-004",
        slug: "bad-request-type",
        sentence: "The type of a bad request is invalid_request_error.",
        why: "It is the one error type the documentation shows for a client's mistake.",
        remedy: "Use invalid_request_error for requests that the client must change.",
        terms: Terms { level: Level::Should, knobs: &[Knob::ErrorType], ..TERMS },
        mutants: &[mutants::ERROR_TYPE_ODD],
        check: check!(bad_request_type),
    },
    Requirement {
        id: "GW-ERR-005",
        slug: "unknown-task-404",
        sentence: "The status of an unknown task is HTTP 404 with the error envelope.",
        why: "A client that polls a lost id must learn that it is lost.",
        remedy: "Answer 404 {\"code\":404,\"error\":{\"message\":\"task not found\",\"type\":\"not_found\"}}.",
        terms: Terms { source: Source::STATUS, ..TERMS },
        mutants: &[
            mutants::UNKNOWN_TASK_IS_400,
            mutants::UNKNOWN_TASK_RUNS,
            mutants::ERRORS_AS_TEXT,
            mutants::ERRORS_IN_200,
        ],
        check: check!(unknown_task_404),
    },
    Requirement {
        id: "GW-ERR-006",
        slug: "envelope-for-every-mistake",
        sentence: "Whatever is wrong with a submit, the refusal has the error envelope.",
        why: "One validator that answers in its own words is enough to leave a client without a message.",
        remedy: "Let every refusal leave through the one place that builds the envelope.",
        terms: Terms {
            source: Source::REFERENCE,
            preconditions: &[GatewayPrecondition::Accepts],
            jobs: 5,
            ..TERMS
        },
        mutants: &[mutants::PLACEMENT_ERROR_AS_TEXT, mutants::ERRORS_AS_TEXT, mutants::NATIVE_ERRORS],
        check: check!(envelope_for_every_mistake),
    },
];

/// An id in the documented form that no gateway has given out.
const UNKNOWN_TASK: &str = "task_00000000000000000000000000";

/// A request that cannot be billed even by a gateway that takes it: there is no such model.
async fn bad_request(context: &GatewayContext) -> Result<GatewayReply, Stop> {
    let job = context.job().root("model", "no-such-model-9f3").without_input("prompt");
    let reply = context.submit(&job).await?;
    if reply.accepted().is_some() {
        return Err(Stop::NotTestable(format!(
            "a submit without prompt for an unknown model was accepted, see GW-SUB-011: {}",
            reply.summary()
        )));
    }
    Ok(reply)
}

/// The bad request's answer, if its envelope can be read.
async fn readable(context: &GatewayContext) -> Result<(GatewayReply, Value), Stop> {
    let reply = bad_request(context).await?;
    let body = reply.body.clone().filter(|body| schema::violations(Schema::ErrorResponse, body).is_empty());
    match body {
        Some(body) => Ok((reply, body)),
        None => Err(Stop::NotTestable(format!(
            "the error envelope cannot be read, see GW-ERR-001: {}",
            reply.summary()
        ))),
    }
}

async fn envelope(context: &GatewayContext) -> Result<(), Stop> {
    let reply = bad_request(context).await?;
    note_schema(context, &reply, Schema::ErrorResponse);
    Ok(())
}

async fn envelope_for_every_mistake(context: &GatewayContext) -> Result<(), Stop> {
    let misplaced = context.job();
    let url = GatewayContext::hook(&misplaced.token);
    let mistakes = [
        misplaced.input("callback_url", url),
        context.job().input("resolution", "1080p"),
        context.job().input("prompt", " "),
        context.job().root("input", "a paper boat"),
        context.job().root("model", ""),
    ];
    let mut refused = 0;
    for job in mistakes {
        let reply = context.submit(&job).await?;
        // A mistake that is not refused at all is its own requirement's business.
        if reply.status >= 400 {
            refused += 1;
            note_schema(context, &reply, Schema::ErrorResponse);
        }
    }
    if refused == 0 {
        return Err(Stop::NotTestable(
            "none of the mistakes was refused, see GW-SUB-006 to GW-CB-002".into(),
        ));
    }
    Ok(())
}

async fn no_error_in_200(context: &GatewayContext) -> Result<(), Stop> {
    let bad = bad_request(context).await?;
    let job = context.job();
    let unknown = context.status_as(Caller::Client, &job.token, UNKNOWN_TASK).await?;
    // Neither request can succeed, so whatever a 2xx carries here is an error, envelope or not.
    for (what, reply) in [("a submit without prompt for an unknown model", bad), ("an unknown task", unknown)]
    {
        if (200..300).contains(&reply.status) {
            context.note(
                Finding::new(format!("an error status, 4xx, for {what}"), reply.summary())
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn code_mirrors_status(context: &GatewayContext) -> Result<(), Stop> {
    let (reply, body) = readable(context).await?;
    if body["code"] != reply.status && context.knob(Knob::ErrorCode) == Choice::Mirrors {
        context.note(
            Finding::new(format!("code {}", reply.status), format!("code {}", body["code"]))
                .at("/code")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn bad_request_type(context: &GatewayContext) -> Result<(), Stop> {
    let (reply, body) = readable(context).await?;
    let kind = &body["error"]["type"];
    if kind != "invalid_request_error" && context.knob(Knob::ErrorType) == Choice::Documented {
        context.note(
            Finding::new("type \"invalid_request_error\"", format!("type {kind}"))
                .at("/error/type")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn unknown_task_404(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let reply = context.status_as(Caller::Client, &job.token, UNKNOWN_TASK).await?;
    if reply.status != 404 {
        return Err(Finding::new("HTTP 404", reply.summary()).seen_in(&reply.exchange).into());
    }
    note_schema(context, &reply, Schema::ErrorResponse);
    Ok(())
}
