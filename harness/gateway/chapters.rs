//! The checks, one file a chapter: each entry of the catalogue beside the function that decides it.
//!
//! What several chapters need to judge lives here; a check itself belongs into its chapter.

pub mod authentication;
pub mod callback_url;
pub mod concurrency;
pub mod errors;
pub mod every_job;
pub mod leaks;
pub mod life;
pub mod live;
pub mod mistakes;
pub mod pass_through;
pub mod placement;
pub mod polling;
pub mod races;
pub mod status;
pub mod submit;
pub mod times;
pub mod upstream;
pub mod url_kinds;
pub mod vendor_queries;
pub mod vendor_silence;
pub mod vendor_trouble;

use serde_json::Value;

use crate::gateway::context::Bench;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{Create, Job, Reply, synonym};
use crate::run::excerpt::shortened;
use crate::run::outcome::{Finding, Stop};
use crate::schema::{self, Schema, Violation};

/// Boxes an `async fn` into the catalogue's function type.
macro_rules! check {
    ($function:ident) => {
        |bench| Box::pin($function(bench))
    };
}
use check;

/// Notes every violation of a schema by a reply's body.
fn note_schema(bench: &Bench, reply: &Reply, schema: Schema) {
    let Some(body) = &reply.body else {
        bench.note(Finding::new("a JSON body", reply.gist()).seen_in(&reply.exchange));
        return;
    };
    for violation in schema::violations(schema, body) {
        if tolerated(bench, body, &violation) {
            continue;
        }
        bench.note(
            Finding::new(
                format!("a body valid against {} ({})", schema.file_name(), violation.rule),
                violation.message,
            )
            .at(violation.pointer)
            .seen_in(&reply.exchange),
        );
    }
}

/// Whether a knob allows what a schema does not: the schemas hold the defaults.
fn tolerated(bench: &Bench, body: &Value, violation: &Violation) -> bool {
    let value = body.pointer(&violation.pointer).unwrap_or(&Value::Null);
    let is_enum = violation.rule.ends_with("/enum");
    match violation.pointer.as_str() {
        "/data/progress" if violation.rule.ends_with("/type") => {
            value.as_f64().is_some_and(|progress| (0.0..=100.0).contains(&progress))
                && bench.knob(Knob::ProgressType) == Choice::Number
        }
        "/data/status" if is_enum => {
            value.as_str().and_then(synonym).is_some() && bench.knob(Knob::StatusWords) == Choice::Synonyms
        }
        pointer if pointer.ends_with("/file_type") && is_enum => {
            value.as_str().is_some_and(|word| !word.is_empty()) && bench.knob(Knob::FileType) == Choice::Any
        }
        _ => false,
    }
}

/// Whether an HTTP status refuses a submit as it should.
fn is_refusal(bench: &Bench, status: u16) -> bool {
    match bench.knob(Knob::RefusalStatus) {
        Choice::Status4xx => (400..500).contains(&status) && !matches!(status, 401 | 403 | 404 | 429),
        _ => status == 400,
    }
}

/// What [`is_refusal`] asks for, in words.
fn refusal(bench: &Bench) -> &'static str {
    match bench.knob(Knob::RefusalStatus) {
        Choice::Status4xx => "HTTP 4xx that blames the request",
        _ => "HTTP 400",
    }
}

/// Notes a finding unless the reply refuses the request.
fn note_unless_refused(bench: &Bench, reply: &Reply, what: &str) {
    if is_refusal(bench, reply.status) {
        return;
    }
    let actual = match reply.accepted() {
        Some(_) => format!("the job was accepted with {what}: {}", reply.gist()),
        None => format!("{what}: {}", reply.gist()),
    };
    bench.note(Finding::new(refusal(bench), actual).seen_in(&reply.exchange));
}

/// Submits requests that must be refused, and `twin`, which differs from them only in what
/// is wrong and must be accepted: a gateway that refuses everything proves nothing.
async fn refused_beside_control(bench: &Bench, wrong: &[(&str, Job)], control: &Job) -> Result<(), Stop> {
    bench.accept(control).await?;
    for (what, job) in wrong {
        let reply = bench.submit(job).await?;
        note_unless_refused(bench, &reply, what);
    }
    Ok(())
}

/// The finding that a create carries a callback URL other than the expected one.
fn wrong_callback(create: &Create, expected: Option<&str>) -> Finding {
    let field = create.dialect.callback_url;
    let want = expected.map_or_else(
        || format!("no {field} in the create call at {}", create.vendor.title()),
        |url| format!("{} receives {field} = {}", create.vendor.title(), Value::from(url)),
    );
    let got = create
        .seen
        .callback_url
        .as_ref()
        .map_or_else(|| format!("the create call has no {field}"), |value| format!("it received {value}"));
    Finding::new(want, got).at(field).seen_in(&create.exchange)
}

/// Submits a job with a callback URL and compares what the vendor received, as decoded strings.
async fn forwarded(bench: &Bench, job: Job, url: &str) -> Result<(), Stop> {
    let job = job.callback(url);
    let reply = bench.submit(&job).await?;
    if reply.accepted().is_none() {
        return Err(Finding::new(format!("a job with callback_url {url} is accepted"), reply.gist())
            .seen_in(&reply.exchange)
            .into());
    }
    arrived(bench, &job, url).await
}

/// The same for a kind of URL that the contract leaves to the gateway, and a knob decides. A refusal
/// must be one: no 5xx, and no task at the vendor.
async fn forwarded_or_refused(bench: &Bench, knob: Knob, job: Job, url: &str) -> Result<(), Stop> {
    let job = job.callback(url);
    let choice = bench.knob(knob);
    let reply = bench.submit(&job).await?;
    let gist = || shortened(&reply.gist(), 300);
    // A vendor that was asked and refused has received it; what becomes of that is GW-ST-010's business.
    let passed_on = bench.creates(&job.token).iter().any(|create| {
        !made_task(create) && create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url)
    });
    if passed_on && choice != Choice::Reject {
        return Ok(());
    }
    let as_set = format!("as the knob {} says", knob.row().name);
    if reply.accepted().is_some() {
        if choice == Choice::Reject {
            let wanted = format!("{} for {}, {as_set}", refusal(bench), shortened(url, 100));
            bench.note(Finding::new(wanted, gist()).seen_in(&reply.exchange));
            return Ok(());
        }
        return arrived(bench, &job, url).await;
    }
    if choice == Choice::Forward {
        let wanted = format!("a job with callback_url {} is accepted, {as_set}", shortened(url, 100));
        bench.note(Finding::new(wanted, gist()).seen_in(&reply.exchange));
    } else if !is_client_error(bench, choice, reply.status) {
        let wanted = if choice == Choice::Reject { refusal(bench) } else { "an HTTP 4xx status" };
        let finding = Finding::new(wanted, gist()).seen_in(&reply.exchange);
        bench.note(if choice == Choice::Either { finding.or("an accepted job") } else { finding });
    }
    note_task_of_refused(bench, &job);
    Ok(())
}

/// Whether a status refuses: strictly where refusing is demanded, with any 4xx where it is a liberty.
fn is_client_error(bench: &Bench, choice: Choice, status: u16) -> bool {
    match choice {
        Choice::Reject => is_refusal(bench, status),
        _ => (400..500).contains(&status),
    }
}

/// Notes a task that a vendor made for a refused job. A create that the vendor refused is none: it may
/// be the reason.
fn note_task_of_refused(bench: &Bench, job: &Job) {
    if let Some(create) = bench.creates(&job.token).into_iter().find(made_task) {
        bench.note(
            Finding::new(
                "no task at any vendor for a refused job",
                format!("{} made one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
}

/// Whether the vendor made a task.
fn made_task(create: &Create) -> bool {
    create.exchange.answer.as_ref().is_ok_and(|answer| (create.dialect.client.created)(answer).is_ok())
}

/// Compares what the vendor received with the URL that was submitted.
async fn arrived(bench: &Bench, job: &Job, url: &str) -> Result<(), Stop> {
    let create = bench.create(job).await?;
    if create.seen.callback_url.as_ref().and_then(Value::as_str) != Some(url) {
        bench.note(wrong_callback(&create, Some(url)));
    }
    Ok(())
}
