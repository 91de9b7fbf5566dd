//! Mistakes below the level of fields: bodies that are no object or no JSON, odd values, and what every
//! refusal has in common, whatever it refuses.
//!
//! The contract says nothing about bodies that are no JSON, so what is asked of them is a SHOULD; that a
//! client's mistake is no fault of the server holds for all.

use ringback_reference::gateway::mutants;
use serde_json::{Value, json};

use super::{check, note_schema};
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::{As, Job, Reply};
use crate::knob::{Choice, Knob};
use crate::outcome::{Finding, Level, Stop};
use crate::schema::{self, Schema};

/// What most entries of this chapter have in common.
const COMMON: Requirement = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::REFERENCE.inferred(),
    why: "A 5xx tells the client to try again and wakes the operator; a client's mistake deserves neither.",
    remedy: "Check the request before anything is done with it, and answer what is wrong with 400 and the error envelope.",
    scope: Scope::Once,
    knobs: &[],
    needs: &[Need::Accepts],
    jobs: 8,
    generated: false,
    defects: &[],
    check: check!(body_no_object),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-ERR-007",
        slug: "body-no-object",
        sentence: "A body that is JSON but no object is refused with a 4xx status and the error envelope.",
        defects: &[
            mutants::ARRAY_BODY_UNWRAPPED,
            mutants::NON_OBJECT_IS_500,
            mutants::ERRORS_AS_TEXT,
            mutants::NATIVE_ERRORS,
            mutants::ERRORS_IN_200,
        ],
        ..COMMON
    },
    Requirement {
        id: "GW-ERR-008",
        slug: "malformed-json",
        level: Level::Should,
        sentence: "A body that is no JSON is refused with a 4xx status and the error envelope.",
        why: "It is the commonest mistake of all, and the one that frameworks answer in words of their own.",
        remedy: "Translate the parser's error, as any other, into the envelope.",
        defects: &[
            mutants::MALFORMED_IS_500,
            mutants::MALFORMED_IS_HTML,
            mutants::ERRORS_AS_TEXT,
            mutants::NATIVE_ERRORS,
            mutants::ERRORS_IN_200,
        ],
        check: check!(malformed_json),
        ..COMMON
    },
    Requirement {
        id: "GW-ERR-009",
        slug: "odd-values-no-5xx",
        level: Level::Should,
        sentence: "Deep nesting, huge numbers, duplicate keys, lone surrogates, NUL and broken UTF-8 lead to no 5xx.",
        remedy: "Bound the depth, read numbers with care, and let whatever the parser says become a 400.",
        needs: &[Need::Witness, Need::Accepts],
        jobs: 10,
        defects: &[mutants::DEEP_NESTING_IS_500, mutants::MALFORMED_IS_500],
        check: check!(odd_values_no_5xx),
        ..COMMON
    },
    Requirement {
        id: "GW-ERR-010",
        slug: "any-type-no-5xx",
        sentence: "Whatever JSON type stands in a field of a submit, the answer is no 5xx.",
        remedy: "Check the types of all fields before the vendor's structures are filled.",
        needs: &[Need::Witness, Need::Accepts],
        jobs: 60,
        defects: &[mutants::MODEL_TYPE_IS_500, mutants::NULL_IS_500],
        check: check!(any_type_no_5xx),
        ..COMMON
    },
    Requirement {
        id: "GW-ERR-011",
        slug: "no-html",
        level: Level::Should,
        sentence: "No refusal is an HTML page.",
        why: "Clients parse JSON; a page means that some proxy or framework answered in the gateway's place.",
        remedy: "Set the error pages of everything in front of the gateway to the envelope.",
        defects: &[mutants::AUTH_ERROR_IS_HTML, mutants::MALFORMED_IS_HTML],
        check: check!(no_html),
        ..COMMON
    },
    Requirement {
        id: "GW-ERR-012",
        slug: "no-internals",
        sentence: "No refusal shows a stack trace or a file of the server's software.",
        why: "It tells an attacker which software runs where, and a client nothing.",
        remedy: "Log the trace; answer with a sentence about the request.",
        defects: &[mutants::STACK_TRACE_SHOWN, mutants::SOURCE_PATH_SHOWN],
        check: check!(no_internals),
        ..COMMON
    },
    Requirement {
        id: "GW-ERR-013",
        slug: "every-code-mirrors-status",
        level: Level::Should,
        sentence: "Whatever is refused, the code of the error equals the HTTP status.",
        source: Source::REFERENCE.shown(),
        why: "Every documented example mirrors it, and clients that only keep the body rely on it.",
        remedy: "Fill code from the HTTP status in the one place that builds the envelope.",
        knobs: &[Knob::ErrorCode],
        defects: &[mutants::ERROR_CODE_DIFFERS, mutants::PLACEMENT_CODE_DIFFERS],
        check: check!(every_code_mirrors_status),
        ..COMMON
    },
    Requirement {
        id: "GW-ERR-014",
        slug: "no-refusal-in-2xx",
        sentence: "Whatever is refused, the vendor's refusals too, is not answered with a 2xx status.",
        source: Source::REFERENCE.shown(),
        why: "Clients, proxies and retries decide by the HTTP status; an error in a 200 counts as a job that runs.",
        remedy: "Answer errors with the HTTP status that their code says.",
        needs: &[Need::Witness, Need::Accepts],
        defects: &[mutants::ERRORS_IN_200, mutants::VENDOR_REFUSAL_IN_200],
        check: check!(no_refusal_in_2xx),
        ..COMMON
    },
];

/// An id in the documented form that no gateway has given out.
const UNKNOWN_TASK: &str = "task_00000000000000000000000001";
/// Deeper than any parser's usual bound, and far from a real request.
const DEPTH: usize = 2_000;

async fn refused_as_written(bench: &Bench, bodies: &[(&str, String)]) -> Result<(), Stop> {
    bench.accept(&bench.job()).await?;
    for (what, body) in bodies {
        let reply = bench.submit_bytes(&bench.job().token, body.clone()).await?;
        if (400..500).contains(&reply.status) {
            note_schema(bench, &reply, Schema::ErrorResponse);
        } else {
            bench.note(
                Finding::new(format!("a 4xx status for {what}"), reply.gist()).seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn body_no_object(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let bodies = [
        ("an empty list", "[]".to_owned()),
        ("a job in a list", json!([job.body]).to_string()),
        ("a job in a string", Value::from(job.body.to_string()).to_string()),
        ("a number", "7".to_owned()),
        ("null", "null".to_owned()),
        ("true", "true".to_owned()),
    ];
    refused_as_written(bench, &bodies).await
}

async fn malformed_json(bench: &Bench) -> Result<(), Stop> {
    let text = bench.job().body.to_string();
    let bodies = [
        ("no body", String::new()),
        ("a body cut short", text[..text.len() - 2].to_owned()),
        ("a comma before the last brace", format!("{},}}", &text[..text.len() - 1])),
        ("two bodies in one", format!("{text}{text}")),
        ("single quotes", text.replace('"', "'")),
        ("a form", "model=kling-v1&prompt=a+paper+boat".to_owned()),
    ];
    refused_as_written(bench, &bodies).await
}

/// Notes a 5xx, unless a vendor was asked: then it may be the vendor's refusal that is reported.
fn note_5xx(bench: &Bench, token: &str, reply: &Reply, what: &str) {
    if reply.status >= 500 && bench.creates(token).is_empty() {
        bench.note(Finding::new(format!("no 5xx for {what}"), reply.gist()).seen_in(&reply.exchange));
    }
}

/// What makes odd bytes of a good body.
type Spoil = fn(&str) -> Vec<u8>;

async fn odd_values_no_5xx(bench: &Bench) -> Result<(), Stop> {
    bench.works().await?;
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
        ("bytes that are no UTF-8", |text| {
            let mut bytes = text.as_bytes().to_vec();
            if let Some(at) = text.find("boat") {
                bytes[at] = 0xff;
            }
            bytes
        }),
    ];
    for (what, spoil) in odd {
        let job = bench.job();
        let reply = bench.submit_bytes(&job.token, spoil(&job.body.to_string())).await?;
        note_5xx(bench, &job.token, &reply, what);
    }
    Ok(())
}

async fn any_type_no_5xx(bench: &Bench) -> Result<(), Stop> {
    bench.works().await?;
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
    let mut jobs: Vec<(String, Job)> = Vec::new();
    for value in &values {
        for field in fields {
            jobs.push((format!("input.{field} = {value}"), bench.job().input(field, value.clone())));
        }
        for field in ["model", "input"] {
            jobs.push((format!("{field} = {value}"), bench.job().root(field, value.clone())));
        }
    }
    let submits = jobs.iter().map(|(what, job)| async move { (what, job, bench.submit(job).await) });
    for (what, job, reply) in futures_util::future::join_all(submits).await {
        note_5xx(bench, &job.token, &reply?, what);
    }
    Ok(())
}

/// What a gateway must refuse, each in another layer of it, with what it answered.
async fn refusals(bench: &Bench) -> Result<Vec<(&'static str, Reply)>, Stop> {
    let misplaced = bench.job();
    let url = Bench::hook(&misplaced.token);
    let jobs = [
        ("a blank prompt", bench.job().input("prompt", " ")),
        ("a misplaced callback_url", misplaced.input("callback_url", url)),
        ("an unknown key in input", bench.job().input("resolution", "1080p")),
        ("an input of the wrong type", bench.job().root("input", "a paper boat")),
        ("an unknown model", bench.job().root("model", "no-such-model-9f3")),
    ];
    let mut all = Vec::new();
    for (what, job) in &jobs {
        all.push((*what, bench.submit(job).await?));
    }
    all.push(("a body that is no JSON", bench.submit_bytes(&bench.job().token, "{\"model\":").await?));
    all.push(("a submit without a key", bench.submit_as(As::Nobody, &bench.job()).await?));
    let token = bench.job().token;
    all.push(("an unknown task", bench.status_as(As::Client, &token, UNKNOWN_TASK).await?));
    all.push(("a status without a key", bench.status_as(As::Nobody, &token, UNKNOWN_TASK).await?));
    Ok(all)
}

/// Those that were refused indeed. That something was not is another requirement's business.
async fn refused(bench: &Bench) -> Result<Vec<(&'static str, Reply)>, Stop> {
    bench.accept(&bench.job()).await?;
    let mut all = refusals(bench).await?;
    all.retain(|(_, reply)| reply.status >= 400);
    if all.is_empty() {
        return Err(Stop::NotTestable("nothing was refused, see GW-ERR-014".into()));
    }
    Ok(all)
}

async fn no_html(bench: &Bench) -> Result<(), Stop> {
    for (what, reply) in refused(bench).await? {
        let Ok(answer) = &reply.exchange.answer else { continue };
        let kind = answer.headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
        if kind.contains("html") || answer.body.trim_ascii_start().starts_with(b"<") {
            bench.note(
                Finding::new(format!("JSON for {what}"), format!("{kind}: {}", reply.gist()))
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

async fn no_internals(bench: &Bench) -> Result<(), Stop> {
    for (what, reply) in refused(bench).await? {
        let Ok(answer) = &reply.exchange.answer else { continue };
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(trace) = trace_in(&text) {
            bench.note(
                Finding::new(
                    format!("nothing of the server's software in the answer to {what}"),
                    format!("it contains {}: {}", Value::from(trace), reply.gist()),
                )
                .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn every_code_mirrors_status(bench: &Bench) -> Result<(), Stop> {
    let mut judged = false;
    for (what, reply) in refused(bench).await? {
        // An envelope that cannot be read is another requirement's business.
        let readable = |body: &&Value| schema::violations(Schema::ErrorResponse, body).is_empty();
        let Some(body) = reply.body.as_ref().filter(readable) else { continue };
        judged = true;
        if body["code"] != reply.status && bench.knob(Knob::ErrorCode) == Choice::Mirrors {
            bench.note(
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

async fn no_refusal_in_2xx(bench: &Bench) -> Result<(), Stop> {
    bench.works().await?;
    let declined = bench.job();
    bench.script(&declined, Some("moderation"), true);
    let mut all = refusals(bench).await?;
    all.push(("a job that the vendor refuses", bench.submit_once(&declined).await?));
    let mut judged = false;
    for (what, reply) in all {
        // What is accepted is no refusal; that it was accepted is another requirement's business.
        let granted = reply.accepted().is_some() || reply.word().is_some();
        if (200..300).contains(&reply.status) && !granted {
            bench.note(Finding::new(format!("no 2xx for {what}"), reply.gist()).seen_in(&reply.exchange));
        }
        judged |= !granted;
    }
    if judged { Ok(()) } else { Err(Stop::NotTestable("nothing was refused, see GW-SUB-006".into())) }
}
