//! Asking a vendor about a task, and what its answers mean.
//!
//! A query without a readable answer says nothing new; a task that the vendor denies several times is lost; a caller who
//! says how long it would wait (`Prefer: wait`, RFC 7240) is not kept longer.

use std::time::Duration;

use serde_json::Value;

use super::routing::Reply;
use super::service::{Context, Route};
use super::status::Look;
use super::task::{Outcome, Task};
use ringback_mocks::client::Sighting;
use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::{Request, Response};

/// How long a vendor may take; longer than MiniMax's challenge inside its submit.
pub(super) const VENDOR_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Denials in a row after which a task is lost; one may come from a replica that lags.
const DENIALS: u32 = 3;
/// Calls that a look takes at most: the answer, and where it points to for the file.
const CALLS: usize = 2;
/// MiniMax's code for a request it does not accept.
const INVALID: i64 = 2013;

/// A query about a task that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) route: Route,
    pub(super) task: Task,
}

/// An answer to a query, if one came, and the task it is about.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) route: Route,
    pub(super) task: Task,
    pub(super) answer: Option<Response>,
    /// Whether the query asked for the file of a job that has ended.
    pub(super) is_about_file: bool,
}

/// What an answer to a query is.
#[derive(Clone, Debug)]
pub(super) enum Hearing {
    /// Nothing that can be read.
    Nothing,
    /// The vendor does not know the task.
    Denial,
    /// A report about the task.
    Report(Sighting),
}

/// A report of a vendor's about a task.
#[derive(Clone, Debug)]
pub(super) struct Sighted {
    pub(super) task: Task,
    pub(super) sighting: Sighting,
}

pub(super) async fn look(service: Context, Look { mut task, request }: Look) -> Result<Task, Reply> {
    let stages = &service.stages;
    let Some(route) = task.route else { return Ok(task) };
    let within = stages.query_patience.run(&service, request);
    let mut call = stages.query_call.run(&service, Query { route, task: task.clone() });
    for number in 0..CALLS {
        let answer = service.call(&route, call, within).await;
        let heard = Heard { route, task: task.clone(), answer, is_about_file: number > 0 };
        let sighting = match stages.hear.run(&service, heard)? {
            Hearing::Nothing => return Ok(task),
            Hearing::Denial => return Ok(denied(task)),
            Hearing::Report(sighting) => sighting,
        };
        task.polls.denied = 0;
        call = match sighting {
            Sighting::DoneAt(next) => next,
            sighting => {
                task.last = stages.interpret.run(&service, Sighted { task: task.clone(), sighting })?;
                return Ok(task);
            }
        };
    }
    Ok(task)
}

/// The task after one more denial.
fn denied(mut task: Task) -> Task {
    task.polls.denied += 1;
    if task.polls.denied >= DENIALS {
        task.last = Outcome::Failed("the vendor no longer knows this job".to_owned());
    }
    task
}

pub(super) fn query_call(Query { route, task }: &Query) -> Request {
    (route.dialect.client.query)(&task.wish, &task.vendor_id)
}

/// How long the caller of `request` would wait for a vendor.
pub(super) fn patience(request: &Request) -> Duration {
    let wait = request.headers.get("prefer").and_then(|value| value.strip_prefix("wait="));
    wait.and_then(|seconds| seconds.trim().parse().ok())
        .map_or(VENDOR_ANSWERS_WITHIN, |seconds| Duration::from_secs(seconds).min(VENDOR_ANSWERS_WITHIN))
}

pub(super) fn hear(Heard { route, answer, .. }: &Heard) -> Hearing {
    let Some(answer) = answer else { return Hearing::Nothing };
    if answer.status >= 500 || answer.status == 429 {
        return Hearing::Nothing;
    }
    let Some(body) = answer.value() else { return Hearing::Nothing };
    // Our queries are well made, so a vendor that complains about one does not know the task.
    let complains = matches!(answer.status, 400 | 404) && body.is_object();
    if complains || business_code(&body) == INVALID {
        return Hearing::Denial;
    }
    Hearing::Report((route.dialect.client.queried)(&body))
}

/// MiniMax's code inside HTTP 200; zero where there is none.
pub(super) fn business_code(body: &Value) -> i64 {
    body["base_resp"]["status_code"].as_i64().unwrap_or(0)
}

pub(super) fn interpret(service: &Context, Sighted { task, sighting }: Sighted) -> Outcome {
    match sighting {
        Sighting::At(Phase::Running) => Outcome::Running,
        Sighting::At(_) => Outcome::Waiting,
        Sighting::Done(files) => Outcome::Finished(files),
        Sighting::Failed(message) => Outcome::Failed(service.stages.reason.run(service, message)),
        // A word we do not know says nothing new.
        Sighting::Unknown(_) | Sighting::DoneAt(_) => task.last,
    }
}

/// The reason given for a job that ended badly.
pub(super) fn reason(message: String) -> String {
    if message.trim().is_empty() { "the vendor gave no reason".to_owned() } else { message }
}
