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

use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{GatewayReply, SubmitRequest, UpstreamCreate, synonym};
use crate::run::excerpt::shortened;
use crate::run::outcome::{Finding, Stop};
use crate::schema::{self, Schema, Violation};

/// Boxes an `async fn` into the catalogue's function type.
macro_rules! check {
    ($function:ident) => {
        |context| Box::pin($function(context))
    };
}
use check;

/// Notes every violation of a schema by a reply's body.
fn note_schema(context: &GatewayContext, reply: &GatewayReply, schema: Schema) {
    let Some(body) = &reply.body else {
        context.note(Finding::new("a JSON body", reply.summary()).seen_in(&reply.exchange));
        return;
    };
    for violation in schema::violations(schema, body) {
        if tolerated(context, body, &violation) {
            continue;
        }
        context.note(
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
fn tolerated(context: &GatewayContext, body: &Value, violation: &Violation) -> bool {
    let value = body.pointer(&violation.pointer).unwrap_or(&Value::Null);
    let is_enum = violation.rule.ends_with("/enum");
    match violation.pointer.as_str() {
        "/data/progress" if violation.rule.ends_with("/type") => {
            value.as_f64().is_some_and(|progress| (0.0..=100.0).contains(&progress))
                && context.knob(Knob::ProgressType) == Choice::Number
        }
        "/data/status" if is_enum => {
            value.as_str().and_then(synonym).is_some() && context.knob(Knob::StatusWords) == Choice::Synonyms
        }
        pointer if pointer.ends_with("/file_type") && is_enum => {
            value.as_str().is_some_and(|word| !word.is_empty()) && context.knob(Knob::FileType) == Choice::Any
        }
        _ => false,
    }
}

/// Whether an HTTP status refuses a submit as it should.
fn is_refusal(context: &GatewayContext, status: u16) -> bool {
    match context.knob(Knob::RefusalStatus) {
        Choice::Status4xx => (400..500).contains(&status) && !matches!(status, 401 | 403 | 404 | 429),
        _ => status == 400,
    }
}

/// What [`is_refusal`] asks for, in words.
fn refusal(context: &GatewayContext) -> &'static str {
    match context.knob(Knob::RefusalStatus) {
        Choice::Status4xx => "HTTP 4xx that blames the request",
        _ => "HTTP 400",
    }
}

/// Notes a finding unless the reply refuses the request.
fn note_unless_refused(context: &GatewayContext, reply: &GatewayReply, what: &str) {
    if is_refusal(context, reply.status) {
        return;
    }
    let actual = match reply.accepted() {
        Some(_) => format!("the job was accepted with {what}: {}", reply.summary()),
        None => format!("{what}: {}", reply.summary()),
    };
    context.note(Finding::new(refusal(context), actual).seen_in(&reply.exchange));
}

/// Submits requests that must be refused, and `control`, which differs from them only in what
/// is wrong and must be accepted: a gateway that refuses everything proves nothing.
async fn refused_beside_control(
    context: &GatewayContext,
    wrong: &[(&str, SubmitRequest)],
    control: &SubmitRequest,
) -> Result<(), Stop> {
    context.accept(control).await?;
    for (what, job) in wrong {
        let reply = context.submit(job).await?;
        note_unless_refused(context, &reply, what);
    }
    Ok(())
}

/// The finding that a create carries a callback URL other than the expected one.
fn wrong_callback(create: &UpstreamCreate, expected: Option<&str>) -> Finding {
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
async fn forwarded(context: &GatewayContext, job: SubmitRequest, url: &str) -> Result<(), Stop> {
    let job = job.callback(url);
    let reply = context.submit(&job).await?;
    if reply.accepted().is_none() {
        return Err(Finding::new(format!("a job with callback_url {url} is accepted"), reply.summary())
            .seen_in(&reply.exchange)
            .into());
    }
    arrived(context, &job, url).await
}

/// Notes unless a URL of a kind that the contract leaves to the gateway is forwarded or refused, as a knob decides.
/// A refusal must be one: no 5xx, and no task at the vendor.
async fn forwarded_or_refused(
    context: &GatewayContext,
    knob: Knob,
    job: SubmitRequest,
    url: &str,
) -> Result<(), Stop> {
    let job = job.callback(url);
    let choice = context.knob(knob);
    let reply = context.submit(&job).await?;
    let summary = || shortened(&reply.summary(), 300);
    // A vendor that was asked and refused has received it; what becomes of that is GW-ST-010's business.
    let passed_on = context.creates(&job.token).iter().any(|create| {
        !made_task(create) && create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url)
    });
    if passed_on && choice != Choice::Reject {
        return Ok(());
    }
    let as_set = format!("as the knob {} says", knob.row().name);
    if reply.accepted().is_some() {
        if choice == Choice::Reject {
            let wanted = format!("{} for {}, {as_set}", refusal(context), shortened(url, 100));
            context.note(Finding::new(wanted, summary()).seen_in(&reply.exchange));
            return Ok(());
        }
        return arrived(context, &job, url).await;
    }
    if choice == Choice::Forward {
        let wanted = format!("a job with callback_url {} is accepted, {as_set}", shortened(url, 100));
        context.note(Finding::new(wanted, summary()).seen_in(&reply.exchange));
    } else if !is_client_error(context, choice, reply.status) {
        let wanted = if choice == Choice::Reject { refusal(context) } else { "an HTTP 4xx status" };
        let finding = Finding::new(wanted, summary()).seen_in(&reply.exchange);
        context.note(if choice == Choice::Either { finding.or("an accepted job") } else { finding });
    }
    note_task_of_refused(context, &job);
    Ok(())
}

/// Whether a status refuses: strictly where refusing is demanded, with any 4xx where it is a liberty.
fn is_client_error(context: &GatewayContext, choice: Choice, status: u16) -> bool {
    match choice {
        Choice::Reject => is_refusal(context, status),
        _ => (400..500).contains(&status),
    }
}

/// Notes a task that a vendor made for a refused job. A create that the vendor refused is none: it may
/// be the reason.
fn note_task_of_refused(context: &GatewayContext, job: &SubmitRequest) {
    if let Some(create) = context.creates(&job.token).into_iter().find(made_task) {
        context.note(
            Finding::new(
                "no task at any vendor for a refused job",
                format!("{} made one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
}

/// Whether the vendor made a task.
fn made_task(create: &UpstreamCreate) -> bool {
    create.exchange.answer.as_ref().is_ok_and(|answer| (create.dialect.client.created)(answer).is_ok())
}

/// Compares what the vendor received with the URL that was submitted.
async fn arrived(context: &GatewayContext, job: &SubmitRequest, url: &str) -> Result<(), Stop> {
    let create = context.create(job).await?;
    if create.seen.callback_url.as_ref().and_then(Value::as_str) != Some(url) {
        context.note(wrong_callback(&create, Some(url)));
    }
    Ok(())
}
