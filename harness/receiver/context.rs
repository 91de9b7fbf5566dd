//! The world of one case about a receiver: the verbs its check is written in.
//!
//! A check makes jobs, delivers callbacks, looks at effects and says what it saw; it opens no socket,
//! never sleeps and prints nothing. What it sends and sees is filed under one token a case.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ringback_mocks::http::NoAnswer;
use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::stub_gateway::{StubGateway, StubStatus};
use ringback_mocks::vendor::{Dialect, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use serde_json::Value;
use tokio::sync::SemaphorePermit;

use super::effects::Class;
use super::origin::JobOrigin;
use super::subject::ReceiverSubject;
use super::target::ReceiverTarget;
use super::task::{Callback, CallbackState, VendorTask};
use crate::run::case::Input;
use crate::run::case::{CaseContext, Records};
use crate::run::excerpt::shortened;
use crate::run::guard::Permit;
use crate::run::outcome::{Finding, Stop};

mod converge;
mod look;
mod raw;
mod signed;
mod start;
mod vectors;
pub use converge::{HANGS_UP, ScheduleRun};
pub use start::Started;
pub use vectors::asked_with;

/// A case's view of a receiver.
#[derive(Debug)]
pub struct ReceiverContext {
    /// The target judged.
    pub target: Arc<ReceiverTarget>,
    /// The vendor whose callbacks are sent.
    pub vendor: Vendor,
    /// Seed of generated inputs.
    pub seed: u64,
    /// The generated input to judge first, when a case is replayed.
    pub input: Option<Input>,
    /// What the case's exchanges are filed under.
    pub token: String,
    subject: Arc<ReceiverSubject>,
    way: JobOrigin,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    tokens: BTreeSet<String>,
    findings: Vec<Finding>,
    answered: bool,
    input: Option<Input>,
    /// Requests whose turn has come already, because they go together.
    saved: usize,
    /// Tokens of the scene within the case that is kept.
    scene: BTreeSet<String>,
}

/// What the receiver answered.
#[derive(Clone, Debug)]
pub struct ReceiverReply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: bytes::Bytes,
    /// From the first byte sent to the last received.
    pub took: Duration,
    /// The exchange.
    pub exchange: Arc<Exchange>,
}

impl ReceiverReply {
    /// Whether it acknowledges: 2xx.
    pub const fn is_ack(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The answer in a few words.
    pub fn summary(&self) -> String {
        let body = match self.body.len() {
            0 => "with an empty body".to_owned(),
            _ => shortened(&String::from_utf8_lossy(&self.body), 300),
        };
        format!("HTTP {} {body}", self.status)
    }

    fn of(exchange: Arc<Exchange>, response: &Response) -> Self {
        Self { status: response.status, body: response.body.clone(), took: exchange.took, exchange }
    }
}

impl ReceiverContext {
    /// A context for one case.
    pub fn new(
        target: Arc<ReceiverTarget>,
        subject: Arc<ReceiverSubject>,
        vendor: Vendor,
        way: JobOrigin,
        seed: u64,
        input: Option<Input>,
    ) -> Self {
        let token = subject.journal.token();
        let tokens = BTreeSet::from([token.clone()]);
        let notes = Mutex::new(Notes { tokens, ..Notes::default() });
        Self { target, vendor, seed, input, token, subject, way, notes }
    }

    /// The time.
    pub fn now() -> Timestamp {
        Timestamp::now()
    }

    /// The vendor's main dialect.
    pub fn main(&self) -> &'static Dialect {
        self.vendor.main_dialect()
    }

    /// Every dialect of the vendor.
    pub fn dialects(&self) -> &'static [&'static Dialect] {
        self.vendor.dialects()
    }

    /// The gateway that the receiver asks.
    pub fn gateway(&self) -> &StubGateway {
        &self.subject.gateway
    }

    /// Secrets that the receiver verifies the vendor's callbacks with; none for one that does not sign.
    pub fn secrets(&self) -> Vec<Secret> {
        self.subject.secrets_of(self.vendor)
    }

    /// The key that the receiver uses at its gateway.
    pub fn api_key(&self) -> &Secret {
        self.subject.key()
    }

    /// Whether jobs of this case are started by the receiver itself: it trusts no others of this vendor.
    pub fn starts_jobs(&self) -> bool {
        self.way == JobOrigin::Started
    }

    /// A job of the main dialect, the way the receiver takes callbacks of this vendor.
    pub async fn job(&self) -> Result<VendorTask, Stop> {
        self.job_in(self.main()).await
    }

    /// A job of a dialect.
    pub async fn job_in(&self, dialect: &'static Dialect) -> Result<VendorTask, Stop> {
        match self.way {
            JobOrigin::Unsolicited => self.unsolicited_task(dialect),
            JobOrigin::Started => Ok(self.start_in(dialect).await?.job),
        }
    }

    /// A job that the receiver knows nothing of; its callbacks go to the hook.
    pub fn unsolicited_task(&self, dialect: &'static Dialect) -> Result<VendorTask, Stop> {
        let hook = self.hook()?.to_owned();
        Ok(VendorTask::fresh(dialect, self.vendor, hook, &self.secrets(), Self::now()))
    }

    /// Path and query of the vendor's hook.
    pub fn hook(&self) -> Result<&str, Stop> {
        self.place().map(|(_, path)| path)
    }

    fn place(&self) -> Result<(&str, &str), Stop> {
        let none = || Stop::NotTestable(format!("no hook is named for {}", self.vendor.title()));
        self.subject.hook(self.vendor).ok_or_else(none)
    }

    /// From now on the gateway says this of a job.
    pub fn set_gateway_status(&self, job: &VendorTask, standing: StubStatus) {
        self.gateway().set(&job.key, standing);
    }

    /// Delivers the genuine callback that says so, after the gateway was told the same.
    pub async fn deliver(&self, job: &VendorTask, says: CallbackState) -> Result<ReceiverReply, Stop> {
        let callback = job.callback(says)?;
        self.set_gateway_status(job, standing(job, &callback));
        self.send(&callback).await
    }

    /// Sends a callback, signed now. What the gateway says is left as it is.
    pub async fn send(&self, callback: &Callback) -> Result<ReceiverReply, Stop> {
        self.post(callback.request(Self::now())).await
    }

    /// Sends a request to the receiver, as it is; that no answer comes is a violation.
    pub async fn post(&self, request: Request) -> Result<ReceiverReply, Stop> {
        self.post_within(request, self.target.timeouts.answer).await
    }

    /// Sends a request to the receiver, as it is; that no answer comes within this time is a violation.
    pub async fn post_within(&self, request: Request, within: Duration) -> Result<ReceiverReply, Stop> {
        match self.attempt(request, within).await? {
            Ok(reply) => Ok(reply),
            Err((why, exchange)) => Err(Finding::new("an answer", why).seen_in(&exchange).into()),
        }
    }

    /// Sends a request that the receiver may leave without an answer; why there was none, otherwise.
    pub async fn attempt(
        &self,
        request: Request,
        within: Duration,
    ) -> Result<Result<ReceiverReply, (String, Arc<Exchange>)>, Stop> {
        let (root, _) = self.place()?;
        let leg = Leg::Callback(self.vendor);
        let leave = self.leave().await?;
        let (exchange, went) = self.subject.send(leg, &self.token, root, request, within, leave).await;
        match (&exchange.answer, went) {
            (Ok(response), _) => {
                self.notes().answered = true;
                Ok(Ok(ReceiverReply::of(Arc::clone(&exchange), response)))
            }
            (Err(_), Err(NoAnswer::Connect(cause))) => {
                Err(Stop::Inconclusive(format!("{} ({cause})", self.subject.exit_summary())))
            }
            (Err(why), _) => {
                // A connection came about, so what follows is the receiver's doing.
                self.notes().answered = true;
                Ok(Err((why.clone(), Arc::clone(&exchange))))
            }
        }
    }

    /// Waits until that many requests may go at one moment, where a receiver is not to be hurried.
    pub async fn save(&self, requests: usize) {
        self.subject.guard.save(requests).await;
        self.notes().saved += requests;
    }

    /// Permit to send one request.
    pub(super) async fn leave(&self) -> Result<Permit<'_>, Stop> {
        let saved = {
            let mut notes = self.notes();
            let left = notes.saved.checked_sub(1);
            notes.saved = left.unwrap_or(0);
            left.is_some()
        };
        self.subject.leave(saved).await
    }

    /// Waits until no other case needs much memory; none will, as long as this is held.
    pub async fn with_memory(&self) -> Result<SemaphorePermit<'_>, Stop> {
        self.subject.memory.acquire().await.map_err(|error| Stop::HarnessError(error.to_string()))
    }

    /// Notes a violation and goes on.
    pub fn note(&self, finding: Finding) {
        self.notes().findings.push(finding);
    }

    /// Notes a finding unless the reply acknowledges.
    pub fn note_unless_acked(&self, reply: &ReceiverReply, what: &str) {
        if !reply.is_ack() {
            self.note(Finding::new(format!("HTTP 2xx for {what}"), reply.summary()).seen_in(&reply.exchange));
        }
    }

    /// Notes a finding if the reply acknowledges.
    pub fn note_if_acked(&self, reply: &ReceiverReply, what: &str) {
        if reply.is_ack() {
            let expected = format!("HTTP 4xx for {what}");
            self.note(Finding::new(expected, reply.summary()).seen_in(&reply.exchange));
        }
    }

    /// Notes a finding if the receiver blames itself: 5xx.
    pub fn note_if_5xx(&self, reply: &ReceiverReply, what: &str) {
        if reply.status >= 500 {
            let expected = format!("no HTTP 5xx for {what}");
            self.note(Finding::new(expected, reply.summary()).seen_in(&reply.exchange));
        }
    }

    /// A genuine callback that must be acknowledged for the case to be able to judge: the accepted control.
    pub async fn control(&self, callback: &Callback) -> Result<ReceiverReply, Stop> {
        let reply = self.send(callback).await?;
        if reply.is_ack() {
            return Ok(reply);
        }
        Err(Stop::NotTestable(format!("the control of this case is refused: {}", reply.summary())))
    }

    /// Proves that the receiver is alive: a genuine callback of a fresh job is acknowledged. Notes a finding
    /// if not.
    pub async fn note_unless_alive(&self, after: &str) -> Result<(), Stop> {
        let job = self.job().await?;
        match self.deliver(&job, CallbackState::SUCCESS).await {
            Ok(reply) => self.note_unless_acked(&reply, &format!("a genuine callback after {after}")),
            Err(Stop::Inconclusive(gone)) => {
                self.note(Finding::new(format!("a receiver that is alive after {after}"), gone));
            }
            Err(stop) => return Err(stop),
        }
        Ok(())
    }

    pub(super) fn subject(&self) -> &ReceiverSubject {
        &self.subject
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a gateway that knows the truth says when a callback says this.
pub fn standing(job: &VendorTask, callback: &Callback) -> StubStatus {
    match Class::of(&callback.word) {
        Class::Success => StubStatus::Finished,
        Class::Failure => StubStatus::Failed,
        Class::Other if job.dialect.words.is_empty() => StubStatus::Unknown,
        Class::Other => StubStatus::Running,
    }
}

impl CaseContext for ReceiverContext {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn input(&self) -> Option<Input> {
        self.input.clone()
    }

    fn found(&self, input: Input) {
        self.notes().input = Some(input);
    }

    fn inputs(&self) -> usize {
        self.target.schedules
    }

    fn abreast(&self) -> usize {
        self.breadth()
    }

    fn records(&self) -> Records {
        let mut notes = self.notes();
        let journal = &self.subject.journal;
        let mut exchanges: Vec<Arc<Exchange>> =
            notes.tokens.iter().chain(&notes.scene).flat_map(|token| journal.take(token)).collect();
        exchanges.sort_by_key(|exchange| (exchange.at, exchange.seq));
        Records {
            findings: std::mem::take(&mut notes.findings),
            exchanges,
            answered: notes.answered,
            input: notes.input.take(),
            knobs: BTreeSet::new(),
        }
    }
}
