//! A vendor as a pure state machine: requests and time in, answers and deliveries out.
//!
//! Nothing here opens a socket, reads a clock or draws from a global source of randomness: `now`
//! is an argument and ids come from a seeded generator, so a transport, a test and a replay all
//! drive the same machine. What the answers *look like* is each vendor's `Api`.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use crate::delivery::{Delivery, Signer};
use crate::jobs::{Ids, Job, Jobs, Rule, Step};
use crate::vendor::{Dialect, Refusal, Signing, Vendor};
use crate::wire::{Request, Response, Secret};

/// How a vendor's account is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Keys that authenticate; empty accepts any key of the right form.
    pub api_keys: Vec<Secret>,
    /// Webhook secrets that sign, the newest last; empty leaves callbacks unsigned where the
    /// vendor makes signing optional.
    pub webhook_secrets: Vec<Secret>,
    /// Root of result URLs, without a slash at the end.
    pub results: String,
    /// Seed of ids.
    pub seed: u64,
}

impl Settings {
    /// Whether `key` authenticates.
    pub fn knows(&self, key: &str) -> bool {
        self.api_keys.is_empty() || self.api_keys.iter().any(|known| known.expose() == key)
    }
}

/// A vendor's side of its API: bodies, routes and words.
pub trait Api: Send {
    /// Decides a request, without changing anything.
    fn route(&self, call: &mut Call<'_>) -> Routed;
    /// Answers a create that was accepted.
    fn created(&self, job: &Job, ids: &mut Ids) -> Response;
    /// Answers with a row of the error table; `detail` replaces the row's sentence.
    fn refuse(&self, refusal: &Refusal, detail: Option<&str>, ids: &mut Ids) -> Response;
    /// The body posted when `job` enters its phase, the word being `word`.
    fn callback(&self, job: &Job, word: &str, settings: &Settings) -> Bytes;
    /// An id for a new job.
    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String;
    /// How the vendor examines a callback URL inside the create call, if it does.
    fn challenge(&self) -> Option<ChallengeRule> {
        None
    }
}

/// A request together with everything the answer may depend on.
#[derive(Debug)]
pub struct Call<'c> {
    /// The request.
    pub request: &'c Request,
    /// The tasks of the account.
    pub jobs: &'c Jobs,
    /// The account.
    pub settings: &'c Settings,
    /// Source of request ids.
    pub ids: &'c mut Ids,
    /// The present.
    pub now: Timestamp,
}

/// What a request turned out to be.
#[derive(Debug)]
pub enum Routed {
    /// A valid create; what becomes of it depends on scripts and challenges.
    Create(Draft),
    /// Anything else, answered at once.
    Answer {
        /// The answer.
        response: Response,
        /// The task it is about.
        task: Option<String>,
    },
}

impl Routed {
    /// An answer that is about no task.
    pub const fn answer(response: Response) -> Self {
        Self::Answer { response, task: None }
    }
}

/// A create that passed validation.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The dialect it came in.
    pub dialect: &'static Dialect,
    /// The product, for vendors whose query path depends on it.
    pub product: &'static str,
    /// Model asked for.
    pub model: String,
    /// Prompt, empty where the product needs none.
    pub prompt: String,
    /// Where to call back.
    pub callback_url: Option<String>,
    /// The request body, for vendors that echo it.
    pub body: serde_json::Value,
    /// The key that created it.
    pub key: Secret,
}

/// How a vendor examines a callback URL.
#[derive(Clone, Copy, Debug)]
pub struct ChallengeRule {
    /// Field that carries the opaque value both ways.
    pub field: &'static str,
    /// How long the receiver has.
    pub within: Duration,
    /// The refusal when it fails.
    pub refusal: &'static str,
}

/// What follows from one request.
#[derive(Debug)]
pub struct Turn {
    /// The answer, or a question that must be asked first.
    pub reply: Reply,
    /// The task the request was about.
    pub task: Option<String>,
    /// Callbacks to send.
    pub deliveries: Vec<Delivery>,
}

/// The answer to a request.
#[derive(Debug)]
pub enum Reply {
    /// This response.
    Response(Response),
    /// First ask the receiver, then call [`Machine::challenged`] with what it said.
    Ask(Box<Question>),
}

/// A question to a receiver that stands between a create and its answer.
#[derive(Debug)]
pub struct Question {
    /// Where to post.
    pub url: String,
    /// What to post.
    pub body: Bytes,
    /// How long to wait.
    pub within: Duration,
    draft: Draft,
    value: String,
}

/// One vendor, all its tasks, and what it will do next.
pub struct Machine {
    vendor: Vendor,
    api: Box<dyn Api>,
    settings: Settings,
    jobs: Jobs,
    ids: Ids,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("vendor", &self.vendor)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

impl Machine {
    /// A vendor without tasks.
    pub fn new(vendor: Vendor, settings: Settings) -> Self {
        let ids = Ids::seeded(settings.seed);
        Self { vendor, api: vendor.api(), settings, jobs: Jobs::default(), ids }
    }

    /// The vendor played.
    pub const fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// The tasks.
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Decides beforehand what becomes of creates whose prompt contains the rule's text.
    pub fn rule(&mut self, rule: Rule) {
        self.jobs.add_rule(rule);
    }

    /// Drops the rule for `text`.
    pub fn forget_rule(&mut self, text: &str) {
        self.jobs.remove_rule(text);
    }

    /// Handles one request.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Turn {
        let mut call = Call { request, jobs: &self.jobs, settings: &self.settings, ids: &mut self.ids, now };
        match self.api.route(&mut call) {
            Routed::Answer { response, task } => {
                Turn { reply: Reply::Response(response), task, deliveries: Vec::new() }
            }
            Routed::Create(draft) => self.create(draft, now),
        }
    }

    /// Goes on with a create after the receiver was asked; `answer` is what it said, if anything.
    pub fn challenged(&mut self, question: Question, answer: Option<&Response>, now: Timestamp) -> Turn {
        let Question { draft, value, .. } = question;
        let passed = self.api.challenge().is_none_or(|rule| {
            answer.filter(|answer| answer.is_success()).and_then(Response::value).is_some_and(|body| {
                body.get(rule.field).and_then(serde_json::Value::as_str) == Some(value.as_str())
            })
        });
        if passed {
            return self.accept(draft, now);
        }
        let name = self.api.challenge().map_or("invalid", |rule| rule.refusal);
        self.turn_away(draft.dialect, name)
    }

    /// Moves a task on by hand; `None` if there is no such task or it has ended.
    pub fn advance(&mut self, task: &str, step: Step, now: Timestamp) -> Option<Vec<Delivery>> {
        let job = self.jobs.enter(task, step, now)?;
        Some(deliveries_of(self.vendor, self.api.as_ref(), &self.settings, &mut self.ids, job))
    }

    /// When the next planned step is due.
    pub fn due(&self) -> Option<Timestamp> {
        self.jobs.due()
    }

    /// Takes every planned step that is due by `now`, in order of time.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        while let Some((task, step, at)) = self.jobs.next_due(now) {
            if let Some(job) = self.jobs.enter(&task, step, at) {
                deliveries.extend(deliveries_of(
                    self.vendor,
                    self.api.as_ref(),
                    &self.settings,
                    &mut self.ids,
                    job,
                ));
            }
        }
        deliveries
    }

    fn create(&mut self, draft: Draft, now: Timestamp) -> Turn {
        if let Some(refusal) = self.jobs.refusal_for(&draft.prompt) {
            return self.turn_away(draft.dialect, refusal);
        }
        match (&draft.callback_url, self.api.challenge()) {
            (Some(url), Some(rule)) => {
                let value = self.ids.hex(32);
                let question = Question {
                    url: url.clone(),
                    body: Bytes::from(json!({ rule.field: value }).to_string()),
                    within: rule.within,
                    draft,
                    value,
                };
                Turn { reply: Reply::Ask(Box::new(question)), task: None, deliveries: Vec::new() }
            }
            _ => self.accept(draft, now),
        }
    }

    fn accept(&mut self, draft: Draft, now: Timestamp) -> Turn {
        let id = self.api.new_id(&mut self.ids, now);
        let job = self.jobs.add(id.clone(), draft, now);
        let response = self.api.created(job, &mut self.ids);
        let deliveries = deliveries_of(self.vendor, self.api.as_ref(), &self.settings, &mut self.ids, job);
        Turn { reply: Reply::Response(response), task: Some(id), deliveries }
    }

    fn turn_away(&mut self, dialect: &'static Dialect, name: &str) -> Turn {
        let response = match dialect.refusal(name) {
            Some(refusal) => self.api.refuse(refusal, None, &mut self.ids),
            None => Response::text(500, "the script names a refusal this vendor does not have"),
        };
        Turn { reply: Reply::Response(response), task: None, deliveries: Vec::new() }
    }
}

fn deliveries_of(
    vendor: Vendor,
    api: &dyn Api,
    settings: &Settings,
    ids: &mut Ids,
    job: &Job,
) -> Vec<Delivery> {
    let draft = &job.draft;
    let (Some(url), Some(word)) = (&draft.callback_url, draft.dialect.word(job.phase).callback) else {
        return Vec::new();
    };
    if !job.notify || url.is_empty() {
        return Vec::new();
    }
    let rules = &draft.dialect.callbacks;
    let signer = match rules.signing {
        Signing::Unsigned => Signer::Unsigned,
        Signing::StandardWebhooks if settings.webhook_secrets.is_empty() => Signer::Unsigned,
        Signing::StandardWebhooks => Signer::StandardWebhooks(settings.webhook_secrets.clone()),
        Signing::ViduHmac => Signer::ViduHmac(draft.key.clone()),
    };
    vec![Delivery {
        id: ids.decimal(19),
        vendor,
        task: job.id.clone(),
        state: word,
        url: url.clone(),
        content_type: rules.content_type,
        body: api.callback(job, word, settings),
        signer,
        timeout: rules.timeout,
        retries: if job.phase.is_terminal() { rules.retries } else { &[] },
    }]
}
