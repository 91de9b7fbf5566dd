//! A vendor as a pure state machine: requests and time in, answers and deliveries out.
//!
//! Nothing here opens a socket, reads a clock or draws from a global source of randomness: `now`
//! is an argument and ids come from a seeded generator, so a transport, a test and a replay all
//! drive the same machine. What the answers *look like* is each dialect's `Api`.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use crate::account::AccountConfig;
use crate::api::{Act, Call, Routed};
use crate::delivery::{Delivery, Signer};
use crate::dialect::{ChallengeRule, Dialect, Document, Purpose, Refusal, Signing, Step};
use crate::draft::Draft;
use crate::ids::Ids;
use crate::response_faults::ResponseMode;
use crate::results;
use crate::rules::Rule;
use crate::tasks::{Exceeded, Task, TaskStore};
use crate::vendor::Vendor;
use crate::wire::{Request, Response};

mod faults;
pub use faults::Held;

/// What follows from one request.
#[derive(Debug)]
pub struct Turn {
    /// The answer, or a question that must be asked first.
    pub reply: Reply,
    /// The task the request was about.
    pub task: Option<String>,
    /// Callbacks to send.
    pub deliveries: Vec<Delivery>,
    /// Which of the dialect's documents the response is; `None` for a result file.
    pub document: Option<(&'static Dialect, Document)>,
    /// The row of the error table it was refused with.
    pub refused: Option<&'static Refusal>,
    /// How the answer is brought.
    pub mode: ResponseMode,
    /// What an answer that hangs waits for.
    pub held: Option<Held>,
}

impl Turn {
    const fn of(response: Response) -> Self {
        Self {
            reply: Reply::Response(response),
            task: None,
            deliveries: Vec::new(),
            document: None,
            refused: None,
            mode: ResponseMode::Whole,
            held: None,
        }
    }
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
    draft: Box<Draft>,
    rule: Option<Rule>,
    request: Request,
    value: String,
}

/// Most callback URLs remembered as examined; a vendor that forgets one only asks again.
const VOUCHED_MAX: usize = 10_000;

/// One vendor, all its tasks, and what it will do next.
#[derive(Debug)]
pub struct Machine {
    vendor: Vendor,
    settings: AccountConfig,
    tasks: TaskStore,
    ids: Ids,
    /// Callback URLs that passed, where a dialect does not ask again.
    vouched: HashSet<String>,
}

impl Machine {
    /// A vendor without tasks.
    pub fn new(vendor: Vendor, settings: AccountConfig) -> Self {
        let ids = Ids::seeded(settings.seed);
        Self { vendor, settings, tasks: TaskStore::default(), ids, vouched: HashSet::new() }
    }

    /// The vendor played.
    pub const fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// The tasks.
    pub const fn tasks(&self) -> &TaskStore {
        &self.tasks
    }

    /// The account.
    pub const fn settings(&self) -> &AccountConfig {
        &self.settings
    }

    /// Changes the account from now on.
    pub const fn settings_mut(&mut self) -> &mut AccountConfig {
        &mut self.settings
    }

    /// Decides beforehand what becomes of creates that a rule is about; the first that fits counts.
    pub fn add_rule(&mut self, rule: Rule) {
        self.tasks.add_rule(rule);
    }

    /// Drops the rules that `unwanted` points out.
    pub fn forget_rules(&mut self, unwanted: impl Fn(&Rule) -> bool) {
        self.tasks.remove_rules(unwanted);
    }

    /// Forgets every task and everything planned; rules and the order of ids stay.
    pub fn reset(&mut self) {
        self.tasks.clear();
        self.vouched.clear();
    }

    /// Handles one request.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Turn {
        self.ids.at(now.as_millisecond());
        if let Some(response) = results::serve(request, &self.tasks, &self.settings, now) {
            return Turn::of(response);
        }
        let routing = self.vendor.routing(request);
        let (settings, ids) = (&self.settings, &mut self.ids);
        let dialect = routing.dialect;
        let api = self.vendor.api(dialect);
        let mut call = Call { dialect, api, request, tasks: &self.tasks, settings, ids, now, refused: None };
        let Some(route) = routing.route else {
            let response = api.unrouted(&mut call);
            let refused = call.refused;
            return Turn { document: Some((dialect, Document::Error)), refused, ..Turn::of(response) };
        };
        let routed = api.handle(&mut call, route, routing.segment);
        let refused = call.refused;
        let document = if refused.is_some() { Document::Error } else { route.answered_with() };
        let document = Some((dialect, document));
        match routed {
            Routed::Answer { response, task } => {
                match &task {
                    Some(task) => self.tasks.rest(task),
                    None if route.purpose == Purpose::List => self.tasks.rest_all(),
                    None => {}
                }
                let turn = Turn { task, document, refused, ..Turn::of(response) };
                match turn.task.as_deref().and_then(|task| self.tasks.fault(task, route.purpose)) {
                    Some(fault) => self.meet_fault(turn, route.purpose, request, &fault, now),
                    None => turn,
                }
            }
            Routed::Create(draft) => self.create(draft, request, now),
            Routed::Act { task, act, response } => {
                let deliveries = match act {
                    Act::End(ending) => self.advance(&task, Step::End(ending), now).unwrap_or_default(),
                    Act::Forget => {
                        self.tasks.forget(&task);
                        Vec::new()
                    }
                };
                Turn { task: Some(task), deliveries, document, ..Turn::of(response) }
            }
        }
    }

    /// Goes on with a create after the receiver was asked; `answer` is what it said, if anything.
    pub fn challenged(&mut self, question: Question, answer: Option<&Response>, now: Timestamp) -> Turn {
        self.ids.at(now.as_millisecond());
        let Question { draft, rule, request, value, .. } = question;
        let Some(challenge) = draft.dialect.challenge else {
            return self.accept(*draft, rule, &request, now);
        };
        if !echoes(challenge, &value, answer) {
            return self.turn_away(draft.dialect, challenge.refusal);
        }
        if !self.vendor.api(draft.dialect).asks_again(&self.settings) {
            if self.vouched.len() >= VOUCHED_MAX {
                self.vouched.clear();
            }
            self.vouched.extend(draft.callback_url.clone());
        }
        self.accept(*draft, rule, &request, now)
    }

    /// Moves a task on by hand; `None` if there is no such task or it has ended.
    pub fn advance(&mut self, task: &str, step: Step, now: Timestamp) -> Option<Vec<Delivery>> {
        let job = self.tasks.enter(task, step, now)?;
        let delivery = delivery_of(self.vendor, &self.settings, &mut self.ids, job);
        self.tasks.rest(task);
        Some(delivery.into_iter().collect())
    }

    /// When the next planned step is due.
    pub fn due(&self) -> Option<Timestamp> {
        self.tasks.due()
    }

    /// Takes every planned step that is due by `now`, in order of time.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.tick_some(now, usize::MAX)
    }

    /// Takes planned steps that are due by `now`, at most so many: more may be due afterwards.
    pub fn tick_some(&mut self, now: Timestamp, most: usize) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for _ in 0..most {
            let Some((serial, step, at)) = self.tasks.next_due(now) else { break };
            if let Some(job) = self.tasks.enter_at(serial, step, at) {
                deliveries.extend(delivery_of(self.vendor, &self.settings, &mut self.ids, job));
            }
            self.tasks.rest_at(serial);
        }
        deliveries
    }

    fn create(&mut self, draft: Box<Draft>, request: &Request, now: Timestamp) -> Turn {
        let rule = self.tasks.decide(&draft);
        if let Some(turn) = rule.as_ref().and_then(|rule| self.meet_fault_instead(&draft, rule, request)) {
            return turn;
        }
        if let Some(refusal) = rule.as_ref().and_then(|rule| rule.refuse.as_deref()) {
            return self.turn_away(draft.dialect, refusal);
        }
        if let Err(exceeded) = self.tasks.within(&self.settings, now) {
            let (concurrent, rate) = self.vendor.api(draft.dialect).limits();
            let name = if exceeded == Exceeded::Concurrent { concurrent } else { rate };
            return self.turn_away(draft.dialect, name);
        }
        match (&draft.callback_url, draft.dialect.challenge) {
            (Some(url), Some(challenge))
                if self.vendor.api(draft.dialect).asks_again(&self.settings)
                    || !self.vouched.contains(url) =>
            {
                let value = self.ids.hex(32);
                let question = Question {
                    url: url.clone(),
                    body: Bytes::from(json!({ challenge.field: value }).to_string()),
                    within: self.settings.challenge_within.unwrap_or(challenge.within),
                    draft,
                    rule,
                    request: request.clone(),
                    value,
                };
                let document = Some((question.draft.dialect, Document::CreateResponse));
                Turn {
                    reply: Reply::Ask(Box::new(question)),
                    document,
                    ..Turn::of(Response::json(200, &json!({})))
                }
            }
            _ => self.accept(*draft, rule, request, now),
        }
    }

    fn accept(&mut self, draft: Draft, rule: Option<Rule>, request: &Request, now: Timestamp) -> Turn {
        let (dialect, api) = (draft.dialect, self.vendor.api(draft.dialect));
        let met =
            rule.as_ref().and_then(|rule| Some((rule.when.clone(), rule.response_faults.create.clone()?)));
        let id = api.new_id(&mut self.ids, now);
        let deadline = api.deadline(&draft);
        let job = self.tasks.add(id.clone(), draft, deadline, rule, &self.settings, now);
        let response = api.created(job, &self.settings, &mut self.ids);
        let deliveries = delivery_of(self.vendor, &self.settings, &mut self.ids, job).into_iter().collect();
        let document = Some((dialect, Document::CreateResponse));
        self.tasks.rest(&id);
        let turn = Turn { task: Some(id), deliveries, document, ..Turn::of(response) };
        match met {
            Some((when, fault)) => self.meet_create_fault(turn, dialect, request, when, &fault),
            None => turn,
        }
    }

    fn turn_away(&mut self, dialect: &'static Dialect, name: &str) -> Turn {
        let refused = dialect.refusal(name);
        let response = match refused {
            Some(refusal) => self.vendor.api(dialect).refuse(refusal, None, &self.settings, &mut self.ids),
            None => Response::text(500, "the rule names a refusal this dialect does not have"),
        };
        Turn { document: Some((dialect, Document::Error)), refused, ..Turn::of(response) }
    }
}

/// Whether an answer to a challenge echoes its value.
pub fn echoes(rule: ChallengeRule, value: &str, answer: Option<&Response>) -> bool {
    let body = answer.filter(|answer| answer.is_success()).and_then(Response::value);
    body.is_some_and(|body| body.get(rule.field).and_then(serde_json::Value::as_str) == Some(value))
}

fn delivery_of(vendor: Vendor, settings: &AccountConfig, ids: &mut Ids, job: &Task) -> Option<Delivery> {
    let draft = &job.draft;
    let dialect = draft.dialect;
    let api = vendor.api(dialect);
    let url = draft.callback_url.as_ref().filter(|url| job.notify && !url.is_empty())?;
    let word = api.task_word(job, dialect.word(job.phase), settings)?;
    if !api.calls_back(job, settings) {
        return None;
    }
    let signer = match dialect.callbacks.signing {
        Signing::Unsigned => Signer::Unsigned,
        _ if !api.signs(job, settings) => Signer::Unsigned,
        Signing::StandardWebhooks if settings.webhook_secrets.is_empty() => Signer::Unsigned,
        Signing::StandardWebhooks => Signer::StandardWebhooks(settings.webhook_secrets.clone()),
        Signing::ViduHmac => Signer::ViduHmac(draft.key.clone()),
    };
    let retries = if api.repeats(job.phase) {
        settings
            .options
            .times(dialect, "callback-retries")
            .into_iter()
            .map(|pause| settings.scaled(pause))
            .collect()
    } else {
        Vec::new()
    };
    Some(Delivery {
        id: ids.decimal(19),
        vendor,
        task: job.id.clone(),
        state: word,
        terminal: job.phase.is_terminal(),
        url: url.clone(),
        content_type: dialect.callbacks.content_type,
        body: api.callback(job, word, settings),
        signer,
        timeout: settings.options.time(dialect, "callback-timeout"),
        retries,
        delivery_faults: job.delivery_faults.clone(),
    })
}
