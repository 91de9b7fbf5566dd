//! The world of one case: the verbs a check is written in.
//!
//! A check asks, waits and says what it saw; it opens no socket, never sleeps and prints nothing.
//! Each job carries a token of its own, so cases run side by side without mistaking each other.

pub mod live;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ringback_mocks::http::NoAnswer;
use ringback_mocks::journal::Exchange;
use ringback_mocks::rules::Rule;
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Dialect, Vendor};
use ringback_mocks::wire::{Request, Response};
use ringback_mocks::world::World;
use serde_json::json;

use crate::gateway::knob::{Choice, Knob};
use crate::gateway::subject::{GatewaySubject, NotSent};
use crate::gateway::submit::{Caller, GatewayReply, SubmitRequest, SubmittedJob};
use crate::gateway::target::GatewayTarget;
use crate::run::case::Input;
use crate::run::case::{CaseContext, Records};
use crate::run::outcome::{Finding, Stop};

mod arrivals;
mod odd;
mod status;
mod vendor;
mod witness;

/// Tries of a request that meets a rate limit, and the pause after the first.
const RATE_TRIES: u32 = 6;
const RATE_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause, whatever `Retry-After` says: a case has a deadline.
const RATE_PAUSE_MAX: Duration = Duration::from_secs(10);

/// A case's view of the world around a gateway.
#[derive(Debug)]
pub struct GatewayContext {
    /// The target judged.
    pub target: Arc<GatewayTarget>,
    /// The vendor whose model is used.
    pub vendor: Vendor,
    /// Seed of generated inputs.
    pub seed: u64,
    /// The generated input to judge first, when a case is replayed.
    pub input: Option<Input>,
    subject: Arc<GatewaySubject>,
    world: Arc<World>,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    tokens: BTreeSet<String>,
    findings: Vec<Finding>,
    answered: bool,
    input: Option<Input>,
    knobs: BTreeSet<Knob>,
}

impl GatewayContext {
    /// A context for one case.
    pub fn new(
        target: Arc<GatewayTarget>,
        subject: Arc<GatewaySubject>,
        world: Arc<World>,
        vendor: Vendor,
        seed: u64,
    ) -> Self {
        Self { target, vendor, seed, input: None, subject, world, notes: Mutex::default() }
    }

    /// This context for a case that is replayed with a generated input.
    #[must_use]
    pub fn replaying(self, input: Option<Input>) -> Self {
        Self { input, ..self }
    }

    /// A minimal job for the vendor's model.
    pub fn job(&self) -> SubmitRequest {
        let token = self.world.journal.token();
        let prompt = format!("{token} A paper boat on a pond");
        self.notes().tokens.insert(token.clone());
        SubmitRequest {
            token,
            body: json!({"model": self.target.model(self.vendor), "input": {"prompt": prompt}}),
        }
    }

    /// The dialect that the vendor's model speaks.
    pub fn dialect(&self) -> &'static Dialect {
        self.target.dialect(self.vendor)
    }

    /// The time.
    pub fn now() -> Timestamp {
        Timestamp::now()
    }

    /// What a knob is set to. Asking is recorded: the requirement has to say that it depends on it.
    pub fn knob(&self, knob: Knob) -> Choice {
        self.notes().knobs.insert(knob);
        self.target.knobs.get(knob)
    }

    /// A plain callback URL for a token.
    pub fn hook(token: &str) -> String {
        format!("https://hooks.example.com/c/{token}")
    }

    /// The callback URL for a token at the inbox's real address.
    pub fn inbox_url(&self, token: &str) -> String {
        format!("{}/c/{token}", self.world.inbox.url())
    }

    /// From now on the receiver fails the challenge of this token's URL.
    pub fn refuse_challenge(&self, token: &str) {
        self.world.inbox.refuse_challenge(token);
    }

    /// Whether the client's key occurs anywhere in a request; the key itself never leaves the context.
    pub fn client_key_in(&self, exchange: &Exchange) -> bool {
        let key = self.subject.key().expose();
        let request = &exchange.request;
        let has = |text: &[u8]| text.windows(key.len()).any(|window| window == key.as_bytes());
        has(request.target.as_bytes())
            || has(&request.body)
            || request.headers.iter().any(|(_, value)| has(value.as_bytes()))
    }

    /// Submits a job with the client's key.
    pub async fn submit(&self, job: &SubmitRequest) -> Result<GatewayReply, Stop> {
        self.submit_as(Caller::Client, job).await
    }

    /// Submits a job once, taking a 429 for the answer: the vendor's limit may be behind it.
    pub async fn submit_once(&self, job: &SubmitRequest) -> Result<GatewayReply, Stop> {
        self.ask_once(&job.token, Caller::Client, Request::post("/api/generate/submit", &job.body)).await
    }

    /// Submits a job as that caller.
    pub async fn submit_as(&self, who: Caller<'_>, job: &SubmitRequest) -> Result<GatewayReply, Stop> {
        self.ask(&job.token, who, Request::post("/api/generate/submit", &job.body)).await
    }

    /// Submits a job that the case needs accepted to be able to judge.
    pub async fn accept(&self, job: &SubmitRequest) -> Result<SubmittedJob, Stop> {
        let reply = self.submit(job).await?;
        match reply.accepted() {
            Some(id) => Ok(SubmittedJob { token: job.token.clone(), task_id: id.to_owned(), reply }),
            None => Err(Stop::NotTestable(format!(
                "a job that this case builds on was not accepted: {}",
                reply.summary()
            ))),
        }
    }

    /// Length of the quiet window, for findings and reasons.
    pub fn quiet(&self) -> Duration {
        self.target.timeouts.quiet
    }

    /// Decides what the vendor does with creates of a job, before it is submitted.
    pub fn script(&self, job: &SubmitRequest, refuse: Option<&'static str>, notify: bool) {
        if let Some(mock) = self.world.mock(self.vendor) {
            let refuse = refuse.map(str::to_owned);
            mock.add_rule(Rule { refuse, silent: !notify, ..Rule::about(&job.token) });
        }
    }

    /// Moves the vendor's task of an accepted job on. If the gateway created several, all of them: we
    /// cannot know which one it watches, and that it made several is another requirement's business.
    pub async fn advance(&self, job: &SubmitRequest, step: Step) -> Result<(), Stop> {
        self.create(job).await?;
        let mut moved = false;
        for create in self.creates(&job.token).iter().filter(|create| create.vendor == self.vendor) {
            let Ok(task) =
                create.exchange.answer.as_ref().map_or(Err(()), |answer| {
                    (create.dialect.client.created)(answer).map_err(|_declined| ())
                })
            else {
                continue;
            };
            moved |= self.world.mock(self.vendor).is_some_and(|mock| mock.advance(&task, step));
        }
        if moved {
            Ok(())
        } else {
            Err(Stop::NotTestable("the vendor has no task of this job that could go on".into()))
        }
    }

    /// Notes a violation and goes on.
    pub fn note(&self, finding: Finding) {
        self.notes().findings.push(finding);
    }

    /// Asks, and asks again after a pause when the gateway limits the rate: that is its right, and no
    /// answer to the question.
    async fn ask(&self, token: &str, who: Caller<'_>, request: Request) -> Result<GatewayReply, Stop> {
        let mut pause = RATE_PAUSE;
        for _ in 0..RATE_TRIES {
            let reply = self.ask_once(token, who, request.clone()).await?;
            if reply.status != 429 {
                return Ok(reply);
            }
            tokio::time::sleep(reply.retry_after().unwrap_or(pause).min(RATE_PAUSE_MAX)).await;
            pause *= 2;
        }
        Err(limited())
    }

    /// An answer, read as the run's settings say.
    fn read(&self, exchange: Arc<Exchange>, response: &Response) -> GatewayReply {
        let synonyms = self.target.knobs.get(Knob::StatusWords) == Choice::Synonyms;
        GatewayReply::new(exchange, response, synonyms)
    }

    async fn ask_once(&self, token: &str, who: Caller<'_>, request: Request) -> Result<GatewayReply, Stop> {
        let request = self.signed(who, request);
        let asked = self.subject.ask(token, request, self.target.timeouts.answer).await;
        self.replied(asked)
    }

    fn signed(&self, who: Caller<'_>, request: Request) -> Request {
        let token_value = match who {
            Caller::Client => Some(format!("Bearer {}", self.subject.key().expose())),
            Caller::OtherClient => self.subject.other_key().map(|key| format!("Bearer {}", key.expose())),
            Caller::Nobody => None,
            Caller::Stranger(token) => Some(format!("Bearer {token}")),
            Caller::Saying(value) => Some(value.to_owned()),
        };
        match token_value {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    }

    fn replied(&self, asked: Asked) -> Result<GatewayReply, Stop> {
        let (exchange, went) = asked.map_err(|unasked| match unasked {
            NotSent::Gone(words) => Stop::Inconclusive(words),
            NotSent::Spent => Stop::NotTestable(format!(
                "a job might be billed, and the {} of --spend have been accepted, or may have been",
                self.target.spend
            )),
            NotSent::Capped => Stop::Inconclusive(
                "as many requests have been sent as --max-requests allows; raise it, or judge fewer cases with --only"
                    .into(),
            ),
        })?;
        self.notes().answered = true;
        match (&exchange.answer, went) {
            (Ok(response), _) => Ok(self.read(Arc::clone(&exchange), response)),
            (Err(_), Err(cause)) => Err(no_answer(&cause, &exchange)),
            (Err(cause), Ok(())) => Err(Stop::HarnessError(cause.clone())),
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limited() -> Stop {
    Stop::Inconclusive(format!(
        "the gateway limits the rate (HTTP 429, {RATE_TRIES} times); try fewer cases at once with --jobs"
    ))
}

type Asked = Result<(Arc<Exchange>, Result<(), NoAnswer>), NotSent>;

/// A connection came about and no answer: that is the gateway's doing, and never a valid refusal.
fn no_answer(cause: &NoAnswer, exchange: &Arc<Exchange>) -> Stop {
    Finding::new("an HTTP answer", cause.to_string()).seen_in(exchange).into()
}

impl CaseContext for GatewayContext {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn input(&self) -> Option<Input> {
        self.input.clone()
    }

    fn found(&self, input: Input) {
        self.notes().input = Some(input);
    }

    fn records(&self) -> Records {
        let mut notes = self.notes();
        let mut exchanges: Vec<Arc<Exchange>> = Vec::new();
        for token in &notes.tokens {
            exchanges.extend(self.world.journal.take(token));
            for vendor in &self.target.vendors {
                if let Some(mock) = self.world.mock(*vendor) {
                    mock.forget_rules(|rule| rule.when.prompt.as_ref() == Some(token));
                }
            }
        }
        exchanges.sort_by_key(|exchange| (exchange.at, exchange.seq));
        Records {
            findings: std::mem::take(&mut notes.findings),
            exchanges,
            answered: notes.answered,
            input: notes.input.take(),
            knobs: std::mem::take(&mut notes.knobs).into_iter().map(|knob| knob.row().name).collect(),
        }
    }
}
