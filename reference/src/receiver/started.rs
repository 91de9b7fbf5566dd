//! Jobs that the receiver itself has submitted: their secrets, their submit requests, and what the
//! gateway says of them. Pure.
//!
//! The secret is in the callback URL before anybody knows an id, so a callback that comes before the
//! submit's answer finds its job all the same.

use std::collections::HashMap;

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

use super::defect::Defect;
use super::oddity::Oddity;
use ringback_mocks::signature;
use ringback_mocks::vendor::{Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};

/// Characters of a secret, each worth four bits.
const SECRET: usize = 32;
const SECRET_LONG: usize = 128;

/// The gateway's words for the status of a job.
const WORDS: &[(&str, Phase)] = &[
    ("not_started", Phase::Submitted),
    ("running", Phase::Running),
    ("finished", Phase::Succeeded),
    ("failed", Phase::Failed),
];

/// What the gateway says of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Its status.
    Status(String, Phase),
    /// It knows no such job.
    Unknown,
    /// Nothing that can be understood.
    Nothing,
}

/// Reads an answer to Get Task Status.
pub(super) fn says(answer: Option<&Response>) -> Says {
    let Some(answer) = answer else { return Says::Nothing };
    if answer.status == 404 {
        return Says::Unknown;
    }
    let body = answer.value().filter(|_| answer.is_success());
    let word = body.as_ref().and_then(|body| body.pointer("/data/status")?.as_str());
    let row = word.and_then(|word| WORDS.iter().find(|(known, _)| *known == word));
    row.map_or(Says::Nothing, |(word, phase)| Says::Status((*word).to_owned(), *phase))
}

/// The call for a job's status.
pub(super) fn status_call(id: &str, key: &Secret) -> Request {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    Request::get(format!("/api/generate/status/{}", id.replace('+', "%20")))
        .header("authorization", format!("Bearer {}", key.expose()))
}

#[derive(Debug)]
struct Job {
    vendor: Vendor,
    gateway_id: Option<String>,
    /// The vendor's id in the first callback.
    vendor_id: Option<String>,
    submitted: bool,
}

/// Every job the receiver has started.
#[derive(Debug)]
pub(super) struct Jobs {
    root: String,
    key: Secret,
    defect: Option<Defect>,
    oddity: Option<Oddity>,
    all: Vec<Job>,
    by_secret: HashMap<String, usize>,
    by_gateway_id: HashMap<String, usize>,
}

impl Jobs {
    pub(super) fn new(root: String, key: Secret, defect: Option<Defect>, oddity: Option<Oddity>) -> Self {
        let (by_secret, by_gateway_id) = (HashMap::new(), HashMap::new());
        Self { root, key, defect, oddity, all: Vec::new(), by_secret, by_gateway_id }
    }

    /// Begins a job: its number, and the submit to send for it.
    pub(super) fn begin(&mut self, request: &Request) -> Option<(usize, Request)> {
        let wish = request.json()?;
        let text = |name: &str| wish.get(name).and_then(Value::as_str);
        let vendor = Vendor::named(text("vendor")?)?;
        let (model, prompt) = (text("model")?, text("prompt")?);
        let ticket = self.all.len();
        let secret = self.secret(ticket);
        let callback_url = if self.oddity == Some(Oddity::SecretInQuery) {
            format!("{}/hooks/{vendor}?secret={secret}", self.root)
        } else {
            format!("{}/hooks/{vendor}/{secret}", self.root)
        };
        self.by_secret.insert(secret, ticket);
        self.all.push(Job { vendor, gateway_id: None, vendor_id: None, submitted: false });
        let input = if self.defect == Some(Defect::CallbackMisplaced) {
            json!({"prompt": prompt, "callback_url": callback_url})
        } else {
            json!({"prompt": prompt, "metadata": {"callback_url": callback_url}})
        };
        let submit = Request::post("/api/generate/submit", &json!({"model": model, "input": input}))
            .header("authorization", format!("Bearer {}", self.key.expose()));
        Some((ticket, submit))
    }

    /// Notes the gateway's answer to a submit; the answer to who started the job.
    pub(super) fn submitted(&mut self, ticket: usize, answer: Option<&Response>) -> (Response, bool) {
        let id = answer
            .filter(|answer| answer.is_success())
            .and_then(Response::value)
            .and_then(|body| body.pointer("/data/task_id").and_then(Value::as_str).map(str::to_owned));
        if let Some(job) = self.all.get_mut(ticket) {
            job.submitted = true;
            job.gateway_id.clone_from(&id);
        }
        let Some(id) = id else {
            return (Response::json(502, &json!({"error": "the gateway did not take the job"})), false);
        };
        self.by_gateway_id.insert(id.clone(), ticket);
        let status = match self.oddity {
            Some(Oddity::Job201) => 201,
            Some(Oddity::Job202) => 202,
            _ => 200,
        };
        let shown = if self.defect == Some(Defect::OwnTaskId) { format!("job-{ticket}") } else { id };
        (Response::json(status, &json!({"task_id": shown})), true)
    }

    /// The job that a secret belongs to.
    pub(super) fn with_secret(&self, vendor: Vendor, secret: &str) -> Option<usize> {
        let ticket = *self.by_secret.get(secret)?;
        self.all.get(ticket).filter(|job| job.vendor == vendor).map(|_| ticket)
    }

    /// Whether a job is of the vendor of that name.
    pub(super) fn is_of(&self, ticket: usize, vendor: &str) -> bool {
        self.all.get(ticket).is_some_and(|job| job.vendor.name() == vendor)
    }

    /// Whether the gateway has answered the submit.
    pub(super) fn is_submitted(&self, ticket: usize) -> bool {
        self.all.get(ticket).is_some_and(|job| job.submitted)
    }

    /// Whether an id is not the one that the job's first callback named.
    pub(super) fn is_other(&mut self, ticket: usize, vendor_id: &str) -> bool {
        let Some(job) = self.all.get_mut(ticket) else { return false };
        job.vendor_id.get_or_insert_with(|| vendor_id.to_owned()) != vendor_id
    }

    /// The call for a job's status; none as long as its id is unknown.
    pub(super) fn status_call(&self, ticket: usize) -> Option<Request> {
        let id = self.all.get(ticket)?.gateway_id.as_ref()?;
        Some(status_call(id, &self.key))
    }

    /// The call that confirms a callback nobody signed.
    pub(super) fn confirming_call(&self, id: &str) -> Request {
        status_call(id, &self.key)
    }

    /// The ledger's key of a started job.
    pub(super) fn key(ticket: usize) -> String {
        format!("started {ticket}")
    }

    /// The ledger's key of a gateway's id, if the job was started here.
    pub(super) fn key_of(&self, gateway_id: &str) -> Option<String> {
        self.by_gateway_id.get(gateway_id).map(|ticket| Self::key(*ticket))
    }

    /// A secret that cannot be guessed without the key that it is made with.
    fn secret(&self, ticket: usize) -> String {
        if self.defect == Some(Defect::SecretCountsUp) {
            return format!("job{}", 1_000 + ticket);
        }
        let length = if self.oddity == Some(Oddity::LongSecret) { SECRET_LONG } else { SECRET };
        let mut digits = String::new();
        while digits.len() < length {
            let mac =
                signature::vidu(&self.key, &format!("{ticket} {} {}", digits.len(), fastrand::u128(..)));
            digits.push_str(&HEXLOWER.encode(&BASE64.decode(mac.as_bytes()).unwrap_or_default()));
        }
        digits.truncate(length);
        digits
    }
}
