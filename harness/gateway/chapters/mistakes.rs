//! Mistakes below the level of fields: bodies that are not an object or not JSON, odd values, and what every
//! refusal has in common, whatever it refuses.
//!
//! The contract says nothing about bodies that are not JSON, so what is asked of them is a SHOULD; that a
//! client's mistake is not a fault of the server holds for all.

use ringback_reference::gateway::mutants;
use serde_json::{Value, json};

use super::{check, note_schema};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{Caller, GatewayReply, SubmitRequest};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;
use crate::schema::{self, Schema};

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str =
    "A 5xx tells the client to try again and wakes the operator; a client's mistake deserves neither.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::REFERENCE.inferred(),
    scope: Scope::Once,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Accepts],
    jobs: 8,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-ERR-007",
        slug: "body-no-object",
        sentence: "A body that is JSON but no object is refused with a 4xx status and the error envelope.",
        why: WHY,
        remedy: "Check the request before anything is done with it, and answer what is wrong with 400 and the error envelope.",
        terms: TERMS,
        mutants: &[
            mutants::ARRAY_BODY_UNWRAPPED,
            mutants::NON_OBJECT_IS_500,
            mutants::ERRORS_AS_TEXT,
            mutants::NATIVE_ERRORS,
            mutants::ERRORS_IN_200,
        ],
        check: check!(body_no_object),
    },
    Requirement {
        id: "GW-ERR-008",
        slug: "malformed-json",
        sentence: "A body that is no JSON is refused with a 4xx status and the error envelope.",
        why: "It is the commonest mistake of all, and the one that frameworks answer in words of their own.",
        remedy: "Translate the parser's error, as any other, into the envelope.",
        terms: Terms { level: Level::Should, ..TERMS },
        mutants: &[
            mutants::MALFORMED_IS_500,
            mutants::MALFORMED_IS_HTML,
            mutants::ERRORS_AS_TEXT,
            mutants::NATIVE_ERRORS,
            mutants::ERRORS_IN_200,
        ],
        check: check!(malformed_json),
    },
    Requirement {
        id: "GW-ERR-009",
        slug: "odd-values-no-5xx",
        sentence: "Deep nesting, huge numbers, duplicate keys, lone surrogates, NUL and broken UTF-8 lead to no 5xx.",
        why: WHY,
        remedy: "Bound the depth, read numbers with care, and let whatever the parser says become a 400.",
        terms: Terms {
            level: Level::Should,
            preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
            jobs: 10,
            ..TERMS
        },
        mutants: &[mutants::DEEP_NESTING_IS_500, mutants::MALFORMED_IS_500],
        check: check!(odd_values_no_5xx),
    },
    Requirement {
        id: "GW-ERR-010",
        slug: "any-type-no-5xx",
        sentence: "Whatever JSON type stands in a field of a submit, the answer is no 5xx.",
        why: WHY,
        remedy: "Check the types of all fields before the vendor's structures are filled.",
        terms: Terms {
            preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
            jobs: 60,
            ..TERMS
        },
        mutants: &[mutants::MODEL_TYPE_IS_500, mutants::NULL_IS_500],
        check: check!(any_type_no_5xx),
    },
    Requirement {
        id: "GW-ERR-011",
        slug: "no-html",
        sentence: "No refusal is an HTML page.",
        why: "Clients parse JSON; a page means that some proxy or framework answered in the gateway's place.",
        remedy: "Set the error pages of everything in front of the gateway to the envelope.",
        terms: Terms { level: Level::Should, ..TERMS },
        mutants: &[mutants::AUTH_ERROR_IS_HTML, mutants::MALFORMED_IS_HTML],
        check: check!(no_html),
    },
    Requirement {
        id: "GW-ERR-012",
        slug: "no-internals",
        sentence: "No refusal shows a stack trace or a file of the server's software.",
        why: "It tells an attacker which software runs where, and a client nothing.",
        remedy: "Log the trace; answer with a sentence about the request.",
        terms: TERMS,
        mutants: &[mutants::STACK_TRACE_SHOWN, mutants::SOURCE_PATH_SHOWN],
        check: check!(no_internals),
    },
    Requirement {
        id: "GW-ERR-013",
        slug: "every-code-mirrors-status",
        sentence: "Whatever is refused, the code of the error equals the HTTP status.",
        why: "Every documented example mirrors it, and clients that only keep the body rely on it.",
        remedy: "Fill code from the HTTP status in the one place that builds the envelope.",
        terms: Terms {
            level: Level::Should,
            source: Source::REFERENCE.shown(),
            knobs: &[Knob::ErrorCode],
            ..TERMS
        },
        mutants: &[mutants::ERROR_CODE_DIFFERS, mutants::PLACEMENT_CODE_DIFFERS],
        check: check!(every_code_mirrors_status),
    },
    Requirement {
        id: "GW-ERR-014",
        slug: "no-refusal-in-2xx",
        sentence: "Whatever is refused, the vendor's refusals too, is not answered with a 2xx status.",
        why: "Clients, proxies and retries decide by the HTTP status; an error in a 200 counts as a job that runs.",
        remedy: "Answer errors with the HTTP status that their code says.",
        terms: Terms {
            source: Source::REFERENCE.shown(),
            preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
            ..TERMS
        },
        mutants: &[mutants::ERRORS_IN_200, mutants::VENDOR_REFUSAL_IN_200],
        check: check!(no_refusal_in_2xx),
    },
];

/// An id in the documented form that no gateway has given out.
const UNKNOWN_TASK: &str = "task_00000000000000000000000001";
/// Deeper than any parser's usual bound, and far from a real request.
const DEPTH: usize = 2_000;

async fn refused_as_written(context: &GatewayContext, bodies: &[(&str, String)]) -> Result<(), Stop> {
    context.accept(&context.job()).await?;
    for (what, body) in bodies {
        let reply = context.submit_bytes(&context.job().token, body.clone()).await?;
        if (400..500).contains(&reply.status) {
            note_schema(context, &reply, Schema::ErrorResponse);
        } else {
            context.note(
                Finding::new(format!("a 4xx status for {what}"), reply.summary()).seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn body_no_object(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let bodies = [
        ("an empty list", "[]".to_owned()),
        ("a job in a list", json!([job.body]).to_string()),
        ("a job in a string", Value::from(job.body.to_string()).to_string()),
        ("a number", "7".to_owned()),
        ("null", "null".to_owned()),
        ("true", "true".to_owned()),
    ];
    refused_as_written(context, &bodies).await
}

async fn malformed_json(context: &GatewayContext) -> Result<(), Stop> {
    let text = context.job().body.to_string();
    let bodies = [
        ("no body", String::new()),
        ("a body cut short", text[..text.len() - 2].to_owned()),
        ("a comma before the last brace", format!("{},}}", &text[..text.len() - 1])),
        ("two bodies in one", format!("{text}{text}")),
        ("single quotes", text.replace('"', "'")),
        ("a form", "model=kling-v1&prompt=a+paper+boat".to_owned()),
    ];
    refused_as_written(context, &bodies).await
}

/// Notes a 5xx, unless a vendor was asked: then it may be the vendor's refusal that is reported.
fn note_5xx(context: &GatewayContext, token: &str, reply: &GatewayReply, what: &str) {
    if reply.status >= 500 && context.creates(token).is_empty() {
        context.note(Finding::new(format!("no 5xx for {what}"), reply.summary()).seen_in(&reply.exchange));
    }
}

/// What makes odd bytes of a good body.
type Spoil = fn(&str) -> Vec<u8>;

async fn odd_values_no_5xx(context: &GatewayContext) -> Result<(), Stop> {
    context.works().await?;
    let odd: [(&str, Spoil); 8] = [
        ("metadata nested 2,000 deep", |text| {
            let nested = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
            text.replacen("\"prompt\"", &format!("\"metadata\":{{\"deep\":{nested}}},\"prompt\""), 1).into()
        }),
        ("a duration of 1e400", |text| {
            text.replacen("\"prompt\"", "\"duration\":1e400,\"prompt\"", 1).into()
        }),
        ("a duration of 30 digits", |text| {
            text.replacen("\"prompt\"", &format!("\"duration\":{},\"prompt\"", "9".repeat(30)), 1).into()
        }),
        ("the prompt twice", |text| text.replacen("\"prompt\"", "\"prompt\":\"\",\"prompt\"", 1).into()),
        ("half a surrogate pair in the prompt", |text| text.replacen("boat", "boat \\ud800", 1).into()),
        ("NUL in the prompt", |text| text.replacen("boat", "boat \\u0000", 1).into()),
        ("a byte order mark", |text| format!("\u{feff}{text}").into()),
        ("bytes that are not UTF-8", |text| {
            let mut bytes = text.as_bytes().to_vec();
            if let Some(at) = text.find("boat") {
                bytes[at] = 0xff;
            }
            bytes
        }),
    ];
    for (what, spoil) in odd {
        let job = context.job();
        let reply = context.submit_bytes(&job.token, spoil(&job.body.to_string())).await?;
        note_5xx(context, &job.token, &reply, what);
    }
    Ok(())
}

async fn any_type_no_5xx(context: &GatewayContext) -> Result<(), Stop> {
    context.works().await?;
    let values = [
        Value::Null,
        json!(true),
        json!(7),
        json!(-0.5),
        json!("x"),
        json!([]),
        json!([{}]),
        json!({"a": 1}),
    ];
    let fields = ["prompt", "size", "image", "images", "duration", "seconds", "metadata"];
    let mut jobs: Vec<(String, SubmitRequest)> = Vec::new();
    for value in &values {
        for field in fields {
            jobs.push((format!("input.{field} = {value}"), context.job().input(field, value.clone())));
        }
        for field in ["model", "input"] {
            jobs.push((format!("{field} = {value}"), context.job().root(field, value.clone())));
        }
    }
    let submits = jobs.iter().map(|(what, job)| async move { (what, job, context.submit(job).await) });
    for (what, job, reply) in futures_util::future::join_all(submits).await {
        note_5xx(context, &job.token, &reply?, what);
    }
    Ok(())
}

/// What a gateway must refuse, each in another layer of it, with what it answered.
async fn refusals(context: &GatewayContext) -> Result<Vec<(&'static str, GatewayReply)>, Stop> {
    let misplaced = context.job();
    let url = GatewayContext::hook(&misplaced.token);
    let jobs = [
        ("a blank prompt", context.job().input("prompt", " ")),
        ("a misplaced callback_url", misplaced.input("callback_url", url)),
        ("an unknown key in input", context.job().input("resolution", "1080p")),
        ("an input of the wrong type", context.job().root("input", "a paper boat")),
        ("an unknown model", context.job().root("model", "no-such-model-9f3")),
    ];
    let mut all = Vec::new();
    for (what, job) in &jobs {
        all.push((*what, context.submit(job).await?));
    }
    all.push(("a body that is not JSON", context.submit_bytes(&context.job().token, "{\"model\":").await?));
    all.push(("a submit without a key", context.submit_as(Caller::Nobody, &context.job()).await?));
    let token = context.job().token;
    all.push(("an unknown task", context.status_as(Caller::Client, &token, UNKNOWN_TASK).await?));
    all.push(("a status without a key", context.status_as(Caller::Nobody, &token, UNKNOWN_TASK).await?));
    Ok(all)
}

/// Those that were refused indeed. That something was not is another requirement's business.
async fn refused(context: &GatewayContext) -> Result<Vec<(&'static str, GatewayReply)>, Stop> {
    context.accept(&context.job()).await?;
    let mut all = refusals(context).await?;
    all.retain(|(_, reply)| reply.status >= 400);
    if all.is_empty() {
        return Err(Stop::NotTestable("nothing was refused, see GW-ERR-014".into()));
    }
    Ok(all)
}

async fn no_html(context: &GatewayContext) -> Result<(), Stop> {
    for (what, reply) in refused(context).await? {
        let Ok(answer) = &reply.exchange.answer else { continue };
        let kind = answer.headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
        if kind.contains("html") || answer.body.trim_ascii_start().starts_with(b"<") {
            context.note(
                Finding::new(format!("JSON for {what}"), format!("{kind}: {}", reply.summary()))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

/// What only traces of software contain; none of it stands in anything the harness sends.
const TRACES: &[&str] = &[
    "Traceback (most recent call last)",
    "/site-packages/",
    "/node_modules/",
    "\n    at ",
    "\\n    at ",
    "goroutine ",
    "panicked at ",
    "stack backtrace",
    "\tat java.",
    "org.springframework.",
    "System.NullReferenceException",
    "#0 /",
];
/// Endings of source files; shown with a line number, they are places in the server's software.
const SOURCES: &[&str] = &[".py", ".js", ".ts", ".go", ".rs", ".java", ".php", ".rb", ".cs", ".kt"];

/// A trace of the server's software in a text.
fn trace_in(text: &str) -> Option<&str> {
    let place = |ending: &&str| {
        text.match_indices(*ending).find_map(|(at, _)| {
            let after = text[at + ending.len()..].strip_prefix(':')?;
            after.starts_with(|next: char| next.is_ascii_digit()).then(|| {
                let from = text[..at].rfind([' ', '"', '(', '\n']).map_or(0, |from| from + 1);
                &text[from..at + ending.len()]
            })
        })
    };
    TRACES.iter().find(|trace| text.contains(**trace)).copied().or_else(|| SOURCES.iter().find_map(place))
}

async fn no_internals(context: &GatewayContext) -> Result<(), Stop> {
    for (what, reply) in refused(context).await? {
        let Ok(answer) = &reply.exchange.answer else { continue };
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(trace) = trace_in(&text) {
            context.note(
                Finding::new(
                    format!("nothing of the server's software in the answer to {what}"),
                    format!("it contains {}: {}", Value::from(trace), reply.summary()),
                )
                .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn every_code_mirrors_status(context: &GatewayContext) -> Result<(), Stop> {
    let mut judged = false;
    for (what, reply) in refused(context).await? {
        // An envelope that cannot be read is another requirement's business.
        let readable = |body: &&Value| schema::violations(Schema::ErrorResponse, body).is_empty();
        let Some(body) = reply.body.as_ref().filter(readable) else { continue };
        judged = true;
        if body["code"] != reply.status && context.knob(Knob::ErrorCode) == Choice::Mirrors {
            context.note(
                Finding::new(format!("code {} for {what}", reply.status), format!("code {}", body["code"]))
                    .at("/code")
                    .seen_in(&reply.exchange),
            );
        }
    }
    if judged {
        Ok(())
    } else {
        Err(Stop::NotTestable("no error envelope can be read, see GW-ERR-001".into()))
    }
}

async fn no_refusal_in_2xx(context: &GatewayContext) -> Result<(), Stop> {
    context.works().await?;
    let declined = context.job();
    context.script(&declined, Some("moderation"), true);
    let mut all = refusals(context).await?;
    all.push(("a job that the vendor refuses", context.submit_once(&declined).await?));
    let mut judged = false;
    for (what, reply) in all {
        // What is accepted is not a refusal; that it was accepted is another requirement's business.
        let granted = reply.accepted().is_some() || reply.word().is_some();
        if (200..300).contains(&reply.status) && !granted {
            context
                .note(Finding::new(format!("no 2xx for {what}"), reply.summary()).seen_in(&reply.exchange));
        }
        judged |= !granted;
    }
    if judged { Ok(()) } else { Err(Stop::NotTestable("nothing was refused, see GW-SUB-006".into())) }
}
