//! Jobs that the receiver itself has submitted: their secrets, their submit requests, and the gateway's answers to these.
//! Pure.
//!
//! The secret is in the callback URL before anybody knows an id, so a callback that comes before the submit's answer finds
//! its job all the same.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::{BASE64, HEXLOWER};
use ringback_mocks::signature;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response};
use serde_json::{Value, json};

use super::machine::ReceiverMachine;
use super::reaction::{Act, Reaction};

/// Characters of a secret, each worth four bits.
const SECRET: usize = 32;

/// Every job the receiver has started. A ticket is a job's number in it.
#[derive(Debug, Default)]
pub(crate) struct StartedJobs {
    jobs: Mutex<Jobs>,
}

#[derive(Debug, Default)]
struct Jobs {
    all: Vec<StartedJob>,
    by_secret: HashMap<String, usize>,
    by_gateway_id: HashMap<String, usize>,
}

#[derive(Debug)]
struct StartedJob {
    vendor: Vendor,
    gateway_id: Option<String>,
    is_submitted: bool,
}

/// Where the callbacks of a started job go.
#[derive(Clone, Debug)]
pub(crate) struct Return {
    pub(crate) vendor: Vendor,
    pub(crate) secret: String,
}

/// What is submitted.
#[derive(Clone, Debug)]
pub(crate) struct Submit {
    pub(crate) model: String,
    pub(crate) prompt: String,
    pub(crate) callback_url: String,
}

/// The gateway's answer to a submit, or none.
#[derive(Clone, Debug)]
pub(crate) struct Submitted {
    pub(crate) ticket: usize,
    pub(crate) answer: Option<Response>,
}

/// Starts the job that a request wishes for.
pub(crate) fn start(machine: &ReceiverMachine, request: &Request) -> Reaction {
    if request.method != "POST" {
        return Response::text(405, "only POST").into();
    }
    match begin(machine, request) {
        Some((ticket, submit)) => Reaction::submit(ticket, submit),
        None => Response::json(400, &json!({"error": "vendor, model and prompt are needed"})).into(),
    }
}

fn begin(machine: &ReceiverMachine, request: &Request) -> Option<(usize, Request)> {
    let wish = request.json()?;
    let text = |name: &str| wish.get(name).and_then(Value::as_str);
    let vendor = Vendor::named(text("vendor")?)?;
    let (model, prompt) = (text("model")?.to_owned(), text("prompt")?.to_owned());
    let stages = &machine.stages;
    let ticket = machine.started.add(vendor);
    let secret = stages.secret.run(machine, ticket);
    machine.started.tie(&secret, ticket);
    let callback_url = stages.callback_url.run(machine, Return { vendor, secret });
    let body = stages.submit_body.run(machine, Submit { model, prompt, callback_url });
    let submit = Request::post("/api/generate/submit", &body)
        .header("authorization", format!("Bearer {}", machine.key.expose()));
    Some((ticket, submit))
}

/// A secret that cannot be guessed without the key that it is made with.
pub(crate) fn secret(machine: &ReceiverMachine, ticket: usize) -> String {
    let mac = signature::vidu(&machine.key, &format!("{ticket} {}", fastrand::u128(..)));
    let mut digits = HEXLOWER.encode(&BASE64.decode(mac.as_bytes()).unwrap_or_default());
    digits.truncate(SECRET);
    digits
}

/// The URL of a started job's callbacks: only who was told it knows it.
pub(crate) fn callback_url(machine: &ReceiverMachine, to: &Return) -> String {
    format!("{}/hooks/{}/{}", machine.root, to.vendor, to.secret)
}

/// The body of a submit.
pub(crate) fn submit_body(_: &ReceiverMachine, submit: Submit) -> Value {
    let Submit { model, prompt, callback_url } = submit;
    json!({"model": model, "input": {"prompt": prompt, "metadata": {"callback_url": callback_url}}})
}

/// Notes the gateway's answer to a submit, answers who started the job, and begins to ask for its status.
pub(crate) fn submitted(machine: &ReceiverMachine, submitted: Submitted) -> Reaction {
    let Submitted { ticket, answer } = submitted;
    let body = answer.filter(Response::is_success).and_then(|answer| answer.value());
    let id = body.as_ref().and_then(|body| body.pointer("/data/task_id")?.as_str());
    machine.started.submitted(ticket, id);
    match id {
        Some(id) => Reaction::from(Response::json(200, &json!({"task_id": id}))).and([Act::Poll { ticket }]),
        None => Response::json(502, &json!({"error": "the gateway did not take the job"})).into(),
    }
}

impl StartedJobs {
    /// The ledger's key of a started job.
    pub(crate) fn key(ticket: usize) -> String {
        format!("started {ticket}")
    }

    /// The ledger's key of a gateway's id, if the job was started here.
    pub(crate) fn key_of(&self, gateway_id: &str) -> Option<String> {
        self.jobs().by_gateway_id.get(gateway_id).map(|ticket| Self::key(*ticket))
    }

    /// The job that a secret belongs to.
    pub(crate) fn with_secret(&self, vendor: Vendor, secret: &str) -> Option<usize> {
        let jobs = self.jobs();
        let ticket = *jobs.by_secret.get(secret)?;
        jobs.all.get(ticket).filter(|job| job.vendor == vendor).map(|_| ticket)
    }

    /// The vendor that a job was submitted to.
    pub(crate) fn vendor_of(&self, ticket: usize) -> Option<Vendor> {
        self.jobs().all.get(ticket).map(|job| job.vendor)
    }

    /// The gateway's id of a job; none as long as it is unknown.
    pub(crate) fn gateway_id_of(&self, ticket: usize) -> Option<String> {
        self.jobs().all.get(ticket)?.gateway_id.clone()
    }

    /// Whether the gateway has answered the submit.
    pub(crate) fn is_submitted(&self, ticket: usize) -> bool {
        self.jobs().all.get(ticket).is_some_and(|job| job.is_submitted)
    }

    fn add(&self, vendor: Vendor) -> usize {
        let mut jobs = self.jobs();
        jobs.all.push(StartedJob { vendor, gateway_id: None, is_submitted: false });
        jobs.all.len() - 1
    }

    fn tie(&self, secret: &str, ticket: usize) {
        self.jobs().by_secret.insert(secret.to_owned(), ticket);
    }

    fn submitted(&self, ticket: usize, gateway_id: Option<&str>) {
        let mut jobs = self.jobs();
        if let Some(job) = jobs.all.get_mut(ticket) {
            job.is_submitted = true;
            job.gateway_id = gateway_id.map(str::to_owned);
        }
        if let Some(id) = gateway_id {
            jobs.by_gateway_id.insert(id.to_owned(), ticket);
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // A panic ends one request; what is known stays usable.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
