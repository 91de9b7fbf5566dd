//! The checks, one file a chapter: each entry of the catalogue beside the function that decides it.
//!
//! What several chapters need to judge lives here; a check itself belongs into its chapter.

pub mod authentication;
pub mod callback_url;
pub mod errors;
pub mod pass_through;
pub mod placement;
pub mod status;
pub mod submit;
pub mod upstream;
pub mod vendor_queries;
pub mod vendor_trouble;

use serde_json::Value;

use crate::bench::Bench;
use crate::job::{Create, Job, Reply};
use crate::outcome::{Finding, Stop};
use crate::schema::{self, Schema};

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

/// Notes a finding unless the reply refuses with HTTP 400.
fn note_unless_400(bench: &Bench, reply: &Reply, what: &str) {
    if reply.status == 400 {
        return;
    }
    let actual = match reply.accepted() {
        Some(_) => format!("the job was accepted with {what}: {}", reply.gist()),
        None => format!("{what}: {}", reply.gist()),
    };
    bench.note(Finding::new("HTTP 400", actual).seen_in(&reply.exchange));
}

/// Submits requests that must be refused with 400, and `twin`, which differs from them only in what
/// is wrong and must be accepted: a gateway that refuses everything proves nothing.
async fn refused_with_400(bench: &Bench, wrong: &[(&str, Job)], twin: &Job) -> Result<(), Stop> {
    bench.accept(twin).await?;
    for (what, job) in wrong {
        let reply = bench.submit(job).await?;
        note_unless_400(bench, &reply, what);
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
async fn forwarded(bench: &Bench, job: Job, url: &str, optional: Option<&str>) -> Result<(), Stop> {
    let job = job.callback(url);
    let reply = bench.submit(&job).await?;
    if reply.accepted().is_none() {
        return Err(match optional {
            Some(kind) if (400..500).contains(&reply.status) => Stop::NotApplicable(format!(
                "the gateway refuses {kind}, which the contract leaves to it: {}",
                reply.gist()
            )),
            _ => Finding::new(format!("a job with callback_url {url} is accepted"), reply.gist())
                .seen_in(&reply.exchange)
                .into(),
        });
    }
    let create = bench.create(&job).await?;
    if create.seen.callback_url.as_ref().and_then(Value::as_str) != Some(url) {
        bench.note(wrong_callback(&create, Some(url)));
    }
    Ok(())
}
