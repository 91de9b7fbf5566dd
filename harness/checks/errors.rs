//! Errors: the envelope, the status, and that a failure is never dressed as a success.

use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::{check, note_schema};
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::{As, Reply};
use crate::knob::{Choice, Knob};
use crate::outcome::{Finding, Level, Stop};
use crate::schema::{self, Schema};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-ERR-001",
        slug: "envelope",
        level: Level::Must,
        sentence: "A refused submit answers {code, error: {message, type}}.",
        source: Source::REFERENCE,
        why: "Clients show error.message; without the envelope they show nothing, or the wrong software's words.",
        remedy: "Translate every error, those of the software behind the gateway too, into the envelope.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[],
        jobs: 0,
        generated: false,
        defects: &[mutants::ERRORS_AS_TEXT, mutants::NATIVE_ERRORS],
        check: check!(envelope),
    },
    Requirement {
        id: "GW-ERR-002",
        slug: "no-error-in-200",
        level: Level::Must,
        sentence: "An error is not carried by an HTTP 2xx status.",
        source: Source::REFERENCE.shown(),
        why: "Clients, proxies and retries decide by the HTTP status; an error in a 200 counts as a job that runs.",
        remedy: "Answer errors with the HTTP status that their code says.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[],
        jobs: 0,
        generated: false,
        defects: &[mutants::ERRORS_IN_200, mutants::UNKNOWN_TASK_RUNS],
        check: check!(no_error_in_200),
    },
    Requirement {
        id: "GW-ERR-003",
        slug: "code-mirrors-status",
        level: Level::Should,
        sentence: "The code of an error equals its HTTP status.",
        source: Source::REFERENCE.shown(),
        why: "Every documented example mirrors it, and clients that only keep the body rely on it.",
        remedy: "Put the HTTP status into code.",
        scope: Scope::Once,
        knobs: &[Knob::ErrorCode],
        needs: &[],
        jobs: 0,
        generated: false,
        defects: &[mutants::ERROR_CODE_DIFFERS, mutants::ERRORS_IN_200],
        check: check!(code_mirrors_status),
    },
    Requirement {
        id: "GW-ERR-004",
        slug: "bad-request-type",
        level: Level::Should,
        sentence: "The type of a bad request is invalid_request_error.",
        source: Source::REFERENCE.shown(),
        why: "It is the one error type the documentation shows for a client's mistake.",
        remedy: "Use invalid_request_error for requests that the client must change.",
        scope: Scope::Once,
        knobs: &[Knob::ErrorType],
        needs: &[],
        jobs: 0,
        generated: false,
        defects: &[mutants::ERROR_TYPE_ODD],
        check: check!(bad_request_type),
    },
    Requirement {
        id: "GW-ERR-005",
        slug: "unknown-task-404",
        level: Level::Must,
        sentence: "The status of an unknown task is HTTP 404 with the error envelope.",
        source: Source::STATUS,
        why: "A client that polls a lost id must learn that it is lost.",
        remedy: "Answer 404 {\"code\":404,\"error\":{\"message\":\"task not found\",\"type\":\"not_found\"}}.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[],
        jobs: 0,
        generated: false,
        defects: &[
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
        level: Level::Must,
        sentence: "Whatever is wrong with a submit, the refusal has the error envelope.",
        source: Source::REFERENCE,
        why: "One validator that answers in its own words is enough to leave a client without a message.",
        remedy: "Let every refusal leave through the one place that builds the envelope.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[Need::Accepts],
        jobs: 5,
        generated: false,
        defects: &[mutants::PLACEMENT_ERROR_AS_TEXT, mutants::ERRORS_AS_TEXT, mutants::NATIVE_ERRORS],
        check: check!(envelope_for_every_mistake),
    },
];

/// An id in the documented form that no gateway has given out.
const UNKNOWN_TASK: &str = "task_00000000000000000000000000";

/// A request that cannot be billed even by a gateway that takes it: there is no such model.
async fn bad_request(bench: &Bench) -> Result<Reply, Stop> {
    let job = bench.job().root("model", "no-such-model-9f3").without_input("prompt");
    let reply = bench.submit(&job).await?;
    if reply.accepted().is_some() {
        return Err(Stop::NotTestable(format!(
            "a submit without prompt for an unknown model was accepted, see GW-SUB-011: {}",
            reply.gist()
        )));
    }
    Ok(reply)
}

/// The bad request's answer, if its envelope can be read.
async fn readable(bench: &Bench) -> Result<(Reply, Value), Stop> {
    let reply = bad_request(bench).await?;
    let body = reply.body.clone().filter(|body| schema::violations(Schema::ErrorResponse, body).is_empty());
    match body {
        Some(body) => Ok((reply, body)),
        None => Err(Stop::NotTestable(format!(
            "the error envelope cannot be read, see GW-ERR-001: {}",
            reply.gist()
        ))),
    }
}

async fn envelope(bench: &Bench) -> Result<(), Stop> {
    let reply = bad_request(bench).await?;
    note_schema(bench, &reply, Schema::ErrorResponse);
    Ok(())
}

async fn envelope_for_every_mistake(bench: &Bench) -> Result<(), Stop> {
    let misplaced = bench.job();
    let url = Bench::hook(&misplaced.token);
    let mistakes = [
        misplaced.input("callback_url", url),
        bench.job().input("resolution", "1080p"),
        bench.job().input("prompt", " "),
        bench.job().root("input", "a paper boat"),
        bench.job().root("model", ""),
    ];
    let mut refused = 0;
    for job in mistakes {
        let reply = bench.submit(&job).await?;
        // A mistake that is not refused at all is its own requirement's business.
        if reply.status >= 400 {
            refused += 1;
            note_schema(bench, &reply, Schema::ErrorResponse);
        }
    }
    if refused == 0 {
        return Err(Stop::NotTestable(
            "none of the mistakes was refused, see GW-SUB-006 to GW-CB-002".into(),
        ));
    }
    Ok(())
}

async fn no_error_in_200(bench: &Bench) -> Result<(), Stop> {
    let bad = bad_request(bench).await?;
    let job = bench.job();
    let unknown = bench.status_as(As::Client, &job.token, UNKNOWN_TASK).await?;
    // Neither request can succeed, so whatever a 2xx carries here is an error, envelope or not.
    for (what, reply) in [("a submit without prompt for an unknown model", bad), ("an unknown task", unknown)]
    {
        if (200..300).contains(&reply.status) {
            bench.note(
                Finding::new(format!("an error status, 4xx, for {what}"), reply.gist())
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn code_mirrors_status(bench: &Bench) -> Result<(), Stop> {
    let (reply, body) = readable(bench).await?;
    if body["code"] != reply.status && bench.knob(Knob::ErrorCode) == Choice::Mirrors {
        bench.note(
            Finding::new(format!("code {}", reply.status), format!("code {}", body["code"]))
                .at("/code")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn bad_request_type(bench: &Bench) -> Result<(), Stop> {
    let (reply, body) = readable(bench).await?;
    let kind = &body["error"]["type"];
    if kind != "invalid_request_error" && bench.knob(Knob::ErrorType) == Choice::Documented {
        bench.note(
            Finding::new("type \"invalid_request_error\"", format!("type {kind}"))
                .at("/error/type")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn unknown_task_404(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let reply = bench.status_as(As::Client, &job.token, UNKNOWN_TASK).await?;
    if reply.status != 404 {
        return Err(Finding::new("HTTP 404", reply.gist()).seen_in(&reply.exchange).into());
    }
    note_schema(bench, &reply, Schema::ErrorResponse);
    Ok(())
}
