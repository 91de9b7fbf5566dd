//! What the reference gateway makes of a vendor that misbehaves, and what it would make of it with a
//! defect.
//!
//! The rules are few: a create without a readable answer is declined and never repeated; a query without
//! a readable answer says nothing new; a task that the vendor denies several times is lost; a caller who
//! says how long it would wait (`Prefer: wait`, RFC 7240) is not kept longer; and what the vendor, or
//! whatever stands before it, says about itself stays here.

use std::time::Duration;

use serde_json::Value;

use super::defect::Defect;
use super::service::{Gateway, Outcome, Task, VENDOR_ANSWERS_WITHIN};
use ringback_mocks::client::{Blame, Declined, Wish};
use ringback_mocks::wire::{Request, Response};

/// Denials in a row after which a task is lost; one may come from a replica that lags.
const DENIALS: u32 = 3;
/// No limit, for the defects that have none.
const FOR_EVER: Duration = Duration::from_secs(3_600);
/// What most people see of a vendor that cannot be reached.
const OPERATOR: &str = "the vendor did not accept the job";

/// What a task's queries have told besides its state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doubt {
    /// How often in a row the vendor has denied that there is such a task.
    denied: u32,
    /// Whether it is asked no more; only by a defect.
    pub(super) given_up: bool,
}

/// An answer that is no answer of the vendor's API.
fn is_unreadable(answer: &Response) -> bool {
    answer.is_success() && answer.value().is_none()
}

/// How long the caller of `request` would wait for a vendor.
fn preferred(request: &Request) -> Duration {
    let wait = request.headers.get("prefer").and_then(|value| value.strip_prefix("wait="));
    wait.and_then(|seconds| seconds.trim().parse().ok())
        .map_or(VENDOR_ANSWERS_WITHIN, |seconds| Duration::from_secs(seconds).min(VENDOR_ANSWERS_WITHIN))
}

impl Gateway {
    /// How long a create may take.
    pub(super) fn create_within(&self, from: &Request) -> Duration {
        if self.is(Defect::SubmitWaitsForEver) { FOR_EVER } else { preferred(from) }
    }

    /// How long a query may take.
    pub(super) fn query_within(&self, from: &Request) -> Duration {
        if self.is(Defect::StatusWaitsForEver) { FOR_EVER } else { preferred(from) }
    }

    /// Whether a create with this answer is sent again; the conforming gateway never does that.
    pub(super) fn repeats(&self, answer: Option<&Response>) -> bool {
        match answer {
            None => self.is(Defect::RepeatsLostCreate),
            Some(answer) if answer.status >= 500 => self.is(Defect::RepeatsFailedCreate),
            Some(answer) => is_unreadable(answer) && self.is(Defect::RepeatsUnreadableCreate),
        }
    }

    /// Whether a create with this answer is taken for accepted, without an id to ask for.
    pub(super) fn takes_for_accepted(&self, answer: Option<&Response>) -> bool {
        match answer {
            None => self.is(Defect::LostCreateAccepted),
            Some(answer) if answer.status >= 500 => self.is(Defect::FailedCreateAccepted),
            Some(answer) if answer.status == 429 => {
                answer.value().is_none() && self.is(Defect::LimitedCreateAccepted)
            }
            Some(answer) => is_unreadable(answer) && self.is(Defect::UnreadableCreateAccepted),
        }
    }

    /// What a defect answers to a submit whose create had no good answer.
    pub(super) fn betray(
        &self,
        upstream: usize,
        declined: &Declined,
        answer: Option<&Response>,
    ) -> Option<Response> {
        let error = |message: &str| Some(self.error(502, "upstream_error", message));
        match answer {
            None if self.is(Defect::AddressNamed) => {
                let root = &self.setup.upstreams[upstream].root;
                error(&format!("error sending request for url ({root}/v1/videos)"))
            }
            Some(answer) if answer.status >= 500 && self.is(Defect::PagePassedOn) => Some(answer.clone()),
            Some(answer) if answer.body.is_empty() && self.is(Defect::EmptyBodyCrashes) => {
                Some(Response::text(500, "panicked: EOF while parsing a value at line 1 column 0"))
            }
            Some(answer) if answer.value().is_none() && self.is(Defect::BodyQuoted) => error(&format!(
                "{OPERATOR}: HTTP {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            )),
            Some(answer)
                if matches!(answer.status, 401 | 403) && self.is(Defect::VendorUnauthorizedPassedOn) =>
            {
                Some(self.error(answer.status, "authentication_error", OPERATOR))
            }
            _ if declined.blame == Blame::Operator && self.is(Defect::VendorSentenceQuoted) => {
                error(&format!("{OPERATOR}: {}", declined.message))
            }
            _ if declined.blame == Blame::Operator && self.is(Defect::OutageBlamedOnClient) => {
                Some(self.error(400, "invalid_request_error", OPERATOR))
            }
            _ => None,
        }
    }

    /// What an answer to a query means that is no report about the task; `None` if it may be one.
    pub(super) fn unheard(
        &self,
        task: &mut Task,
        answer: Option<&Response>,
        for_file: bool,
    ) -> Option<Result<Outcome, Response>> {
        let fails = match answer {
            None => self.is(Defect::LostQueryFails),
            Some(answer) if answer.status >= 500 => self.is(Defect::FailedQueryFails),
            Some(answer) if answer.status == 429 => self.is(Defect::LimitedQueryFails),
            Some(answer) if is_unreadable(answer) => self.is(Defect::UnreadableQueryFails),
            Some(answer) => return self.denied(task, answer).map(Ok),
        };
        if fails {
            return Some(Ok(Outcome::Failed("the vendor could not be asked".to_owned())));
        }
        if self.is(Defect::GivesUpAfterBadQuery) {
            task.doubt.given_up = true;
        }
        let empty = answer.is_some_and(|answer| answer.is_success() && answer.body.is_empty());
        if (for_file && self.is(Defect::FinishesWithoutFile))
            || (empty && self.is(Defect::EmptyQueryFinishes))
        {
            return Some(Ok(Outcome::Finished(Vec::new())));
        }
        let down = answer.is_none_or(|answer| answer.status >= 500);
        if down && self.is(Defect::TroubleIs404) {
            return Some(Err(self.error(404, "not_found", "task not found")));
        }
        if let Some(page) = answer.filter(|answer| answer.status >= 500)
            && self.is(Defect::StatusPagePassedOn)
        {
            return Some(Err(page.clone()));
        }
        Some(Ok(task.last.clone()))
    }

    /// What a readable answer says, if it denies that there is such a task.
    fn denied(&self, task: &mut Task, answer: &Response) -> Option<Outcome> {
        let body = answer.value().unwrap_or(Value::Null);
        let business = body["base_resp"]["status_code"].as_i64().unwrap_or(0);
        let stateless = body["status"].as_str().unwrap_or_default().is_empty();
        if business != 0 && stateless && self.is(Defect::BusinessErrorFails) {
            return Some(Outcome::Failed("the vendor reported an error".to_owned()));
        }
        // Our queries are well made, so a vendor that complains about one does not know the task.
        let complains = matches!(answer.status, 400 | 404) && body.is_object();
        if !complains && business != 2013 {
            task.doubt.denied = 0;
            return None;
        }
        task.doubt.denied += 1;
        if task.doubt.denied < DENIALS || self.is(Defect::VanishedStaysRunning) {
            return Some(task.last.clone());
        }
        Some(Outcome::Failed("the vendor no longer knows this job".to_owned()))
    }

    /// What a word that nobody knows means: nothing new.
    pub(super) fn unknown_word(&self, task: &Task, word: &str) -> Result<Outcome, Response> {
        if word.is_empty() {
            return Ok(task.last.clone());
        }
        if self.is(Defect::UnknownWordFinishes) {
            return Ok(Outcome::Finished(Vec::new()));
        }
        if self.is(Defect::UnknownWordFails) {
            return Ok(Outcome::Failed(format!("unknown state {word}")));
        }
        if self.is(Defect::UnknownWordCrashes) {
            return Err(self.error(500, "internal_error", "unexpected state"));
        }
        Ok(task.last.clone())
    }

    /// Held by defects that serve one caller at a time while a vendor is asked.
    pub(super) async fn take_turn(
        &self,
        wish: &Wish,
        defect: Defect,
    ) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        // Only jobs with a duration, so that the other cases of a run do not stand in the queue.
        if self.is(defect) && wish.duration.is_some() { Some(self.one_at_a_time.lock().await) } else { None }
    }

    /// The reason given for a job that ended badly.
    pub(super) fn reason(&self, message: String) -> String {
        let lower = message.to_lowercase();
        let odd = lower.ends_with("expired") || lower.ends_with("cancelled");
        if odd && self.is(Defect::OddEndsUnexplained) {
            return String::new();
        }
        if message.trim().is_empty() { "the vendor gave no reason".to_owned() } else { message }
    }
}
