//! The verbs about a vendor that misbehaves: making it do so, and watching the gateway meanwhile.

use std::time::Duration;

use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::mock::MockVendor;
use ringback_mocks::response_faults::ResponseFault;
use ringback_mocks::vendor::Purpose;
use ringback_mocks::wire::Request;

use super::status::LOOKS;
use super::{GatewayContext, RATE_PAUSE, RATE_PAUSE_MAX, RATE_TRIES, limited};
use crate::gateway::knob::Knob;
use crate::gateway::submit::{Caller, GatewayReply, SubmitRequest, SubmittedJob, creates_in};
use crate::run::outcome::Stop;

/// What we ask for where a gateway may know how long its caller would wait (RFC 7240, section 4.3). A
/// gateway that does not look at it loses nothing: it has the whole of `GatewayTimeouts::hang`.
const WAIT: (&str, &str) = ("prefer", "wait=1");

/// A task that a vendor made of a job.
#[derive(Clone, Debug)]
pub struct UpstreamTask {
    /// The vendor's id.
    pub id: String,
    /// Where it calls back.
    pub callback_url: Option<String>,
}

impl GatewayContext {
    /// Lets something go wrong with the creates of a job, before it is submitted; written as in a rule.
    pub fn upset_create(&self, job: &SubmitRequest, mishap: &str) -> Result<(), Stop> {
        let rule = format!("prompt={}: stay; silent; create {mishap}", job.token).parse();
        self.mock()?.add_rule(rule.map_err(|error| Stop::HarnessError(format!("{error}")))?);
        Ok(())
    }

    /// Lets something go wrong with queries of a job, from now on.
    pub fn upset_query(&self, job: &SubmitRequest, mishap: &str) -> Result<(), Stop> {
        self.upset(job, Purpose::Query, mishap)
    }

    /// Lets something go wrong with calls for the address of a job's result, from now on.
    pub fn upset_file(&self, job: &SubmitRequest, mishap: &str) -> Result<(), Stop> {
        self.upset(job, Purpose::File, mishap)
    }

    fn upset(&self, job: &SubmitRequest, purpose: Purpose, mishap: &str) -> Result<(), Stop> {
        let mishap: ResponseFault = mishap.parse().map_err(|error| Stop::HarnessError(format!("{error}")))?;
        for task in self.vendor_tasks(job)? {
            self.mock()?.disturb(&task.id, purpose, Some(mishap.clone()));
        }
        Ok(())
    }

    /// Lets nothing more go wrong with a job, and releases those that hang because of it.
    pub fn calm(&self, job: &SubmitRequest) -> Result<(), Stop> {
        for task in self.vendor_tasks(job)? {
            for purpose in [Purpose::Query, Purpose::File] {
                self.mock()?.disturb(&task.id, purpose, None);
            }
        }
        self.mock()?.forget_rules(|rule| rule.when.prompt.as_ref() == Some(&job.token));
        Ok(())
    }

    /// The tasks that the vendor has made of a job.
    pub fn vendor_tasks(&self, job: &SubmitRequest) -> Result<Vec<UpstreamTask>, Stop> {
        Ok(self.mock()?.with_machine(|machine| {
            let made = machine.tasks().newest().filter(|made| made.draft.prompt.contains(&job.token));
            made.map(|made| UpstreamTask {
                id: made.id.clone(),
                callback_url: made.draft.callback_url.clone(),
            })
            .collect()
        }))
    }

    /// Looks at a status once; any answer is one.
    pub async fn look(&self, of: &SubmittedJob) -> Result<GatewayReply, Stop> {
        self.ask_once(&of.token, Caller::Client, status_of(of)).await
    }

    /// Looks at a status until the gateway has asked the vendor about it once more, and then once more;
    /// every answer. A gateway may ask on its own schedule, so this takes up to the settle window.
    pub async fn look_until_asked(&self, of: &SubmittedJob) -> Result<Vec<GatewayReply>, Stop> {
        let before = self.asked(&of.token);
        let (timeouts, within) = (&self.target.timeouts, self.settle_window());
        let deadline = tokio::time::Instant::now() + within;
        let mut pause = timeouts.poll;
        let mut looks = Vec::new();
        loop {
            looks.push(self.look(of).await?);
            if self.asked(&of.token) > before {
                looks.push(self.look(of).await?);
                return Ok(looks);
            }
            if looks.len() >= LOOKS && tokio::time::Instant::now() >= deadline {
                return Err(Stop::NotTestable(format!(
                    "the gateway did not ask the vendor about the job within {within:?}"
                )));
            }
            tokio::time::sleep(pause).await;
            pause = self.next_pause(pause, deadline);
        }
    }

    /// Waits until the gateway has asked the vendor about a job more than that many times; while another client
    /// looks at its status, that takes the settle window or one answer.
    pub async fn asked_more_than(&self, of: &SubmittedJob, times: usize) -> bool {
        let seen = |all: &[std::sync::Arc<Exchange>]| (queries_in(all) > times).then_some(());
        self.world
            .journal
            .wait(&of.token, self.settle_window().max(self.target.timeouts.answer), seen)
            .await
            .is_some()
    }

    /// Waits until the create of a job has reached its vendor, while its submit is under way.
    pub async fn sent(&self, job: &SubmitRequest) -> bool {
        let within = self.target.timeouts.create.max(self.target.timeouts.answer);
        let seen = |all: &[std::sync::Arc<Exchange>]| (!creates_in(all).is_empty()).then_some(());
        self.world.journal.wait(&job.token, within, seen).await.is_some()
    }

    /// How often the gateway has asked the vendor about a job.
    pub fn asked(&self, token: &str) -> usize {
        queries_in(&self.world.journal.of(token))
    }

    /// Submits a job whose vendor misbehaves, once; any answer is one, but the gateway's own limit.
    pub async fn submit_upset(&self, job: &SubmitRequest) -> Result<GatewayReply, Stop> {
        self.ask_expecting_silence(&job.token, submit_of(job), self.target.timeouts.answer).await
    }

    /// Submits a job whose vendor does not answer, and says that we would not wait long.
    pub async fn submit_in_vain(&self, job: &SubmitRequest) -> Result<GatewayReply, Stop> {
        let request = submit_of(job).header(WAIT.0, WAIT.1);
        self.ask_expecting_silence(&job.token, request, self.hang()).await
    }

    /// Looks at a status while the vendor does not answer, and says that we would not wait long.
    pub async fn look_in_vain(&self, of: &SubmittedJob) -> Result<GatewayReply, Stop> {
        let request = status_of(of).header(WAIT.0, WAIT.1);
        self.ask_expecting_silence(&of.token, request, self.hang()).await
    }

    /// Submits a job that will be let go: no answer in time says nothing.
    pub async fn submit_held(&self, job: &SubmitRequest) -> Result<GatewayReply, Stop> {
        self.ask_expecting_silence(&job.token, submit_of(job), self.held_for()).await
    }

    /// Looks at a status that will be let go: no answer in time says nothing.
    pub async fn look_held(&self, of: &SubmittedJob) -> Result<GatewayReply, Stop> {
        self.ask_expecting_silence(&of.token, status_of(of), self.held_for()).await
    }

    /// Submits a job while a vendor keeps another client waiting; not answered in time is a violation.
    pub async fn submit_meanwhile(&self, job: &SubmitRequest) -> Result<GatewayReply, Stop> {
        self.ask_expecting_silence(&job.token, submit_of(job), self.meanwhile()).await
    }

    /// Looks at a status while a vendor keeps another client waiting; not answered in time is a violation.
    pub async fn look_meanwhile(&self, of: &SubmittedJob) -> Result<GatewayReply, Stop> {
        self.ask_expecting_silence(&of.token, status_of(of), self.meanwhile()).await
    }

    fn settle_window(&self) -> Duration {
        self.notes().knobs.insert(Knob::Settle);
        self.target.timeouts.settle
    }

    fn hang(&self) -> Duration {
        self.notes().knobs.insert(Knob::Hang);
        self.target.timeouts.hang
    }

    fn meanwhile(&self) -> Duration {
        self.target.timeouts.answer.min(self.hang())
    }

    /// Longer than a holder waits for a create or a query, and then for another client.
    fn held_for(&self) -> Duration {
        let timeouts = &self.target.timeouts;
        timeouts.create.max(timeouts.settle).max(timeouts.answer) + self.meanwhile() + timeouts.answer
    }

    /// Asks, and asks again after a pause when the gateway limits the rate before it has asked the
    /// vendor. A limit of the vendor's that it hands on is an answer.
    async fn ask_expecting_silence(
        &self,
        token: &str,
        request: Request,
        within: Duration,
    ) -> Result<GatewayReply, Stop> {
        let request = self.signed(Caller::Client, request);
        let mut pause = RATE_PAUSE;
        for _ in 0..RATE_TRIES {
            let before = self.called(token);
            let reply =
                self.replied(self.subject.ask_expecting_silence(token, request.clone(), within).await)?;
            if reply.status != 429 || self.called(token) > before {
                return Ok(reply);
            }
            tokio::time::sleep(reply.retry_after().unwrap_or(pause).min(RATE_PAUSE_MAX)).await;
            pause *= 2;
        }
        Err(limited())
    }

    fn called(&self, token: &str) -> usize {
        let all = self.world.journal.of(token);
        all.iter().filter(|exchange| matches!(exchange.leg, Leg::Upstream(_))).count()
    }

    fn mock(&self) -> Result<&MockVendor, Stop> {
        let none = || Stop::HarnessError(format!("there is no mock of {}", self.vendor.title()));
        self.world.mock(self.vendor).ok_or_else(none)
    }
}

fn submit_of(job: &SubmitRequest) -> Request {
    Request::post("/api/generate/submit", &job.body)
}

fn status_of(of: &SubmittedJob) -> Request {
    Request::get(format!("/api/generate/status/{}", of.task_id))
}

/// Calls to a vendor other than creates.
fn queries_in(all: &[std::sync::Arc<Exchange>]) -> usize {
    let calls = all.iter().filter(|exchange| matches!(exchange.leg, Leg::Upstream(_))).count();
    calls - creates_in(all).len()
}
