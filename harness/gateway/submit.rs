//! What a check submits and what it gets back: jobs, replies, and the creates a vendor received.
//!
//! Values only; asking and waiting is `context`.

use std::sync::Arc;

use crate::run::excerpt::shortened;
use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::vendor::{CreateSeen, Dialect, Vendor};
use ringback_mocks::wire::Response;
use serde_json::Value;

/// A submit request under construction.
#[derive(Clone, Debug)]
pub struct SubmitRequest {
    /// Travels in prompt and callback URL.
    pub token: String,
    /// The request body.
    pub body: Value,
}

impl SubmitRequest {
    /// Sets `input.metadata.callback_url`.
    #[must_use]
    pub fn callback(self, url: impl Into<Value>) -> Self {
        self.metadata("callback_url", url)
    }

    /// Sets a key of `input.metadata`.
    #[must_use]
    pub fn metadata(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body["input"]["metadata"][key] = value.into();
        self
    }

    /// Sets a key at the top of `input`.
    #[must_use]
    pub fn input(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body["input"][key] = value.into();
        self
    }

    /// Sets a key at the root of the body.
    #[must_use]
    pub fn root(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body[key] = value.into();
        self
    }

    /// Removes a key at the top of `input`.
    #[must_use]
    pub fn without_input(mut self, key: &str) -> Self {
        if let Some(input) = self.body["input"].as_object_mut() {
            input.shift_remove(key);
        }
        self
    }
}

/// Whose key a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'k> {
    /// The client's.
    Client,
    /// The second client's.
    OtherClient,
    /// None.
    Nobody,
    /// This token, which the gateway cannot know.
    Stranger(&'k str),
    /// This whole value of the header `Authorization`.
    Saying(&'k str),
}

/// An answer of the gateway.
#[derive(Clone, Debug)]
pub struct GatewayReply {
    /// The exchange it came in.
    pub exchange: Arc<Exchange>,
    /// HTTP status.
    pub status: u16,
    /// The body, if it is JSON.
    pub body: Option<Value>,
    /// Whether synonyms of the status words are understood (knob `status_words`).
    synonyms: bool,
}

/// Words for a status that similar gateways use, and the documented one each of them means.
const SYNONYMS: &[(&str, &str)] = &[
    ("pending", "not_started"),
    ("queued", "not_started"),
    ("submitted", "not_started"),
    ("processing", "running"),
    ("in_progress", "running"),
    ("success", "finished"),
    ("succeeded", "finished"),
    ("completed", "finished"),
    ("failure", "failed"),
    ("error", "failed"),
];

/// The documented word that a synonym means.
pub fn synonym(word: &str) -> Option<&'static str> {
    SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, documented)| *documented)
}

impl GatewayReply {
    pub(crate) fn new(exchange: Arc<Exchange>, response: &Response, synonyms: bool) -> Self {
        Self { status: response.status, body: response.value(), exchange, synonyms }
    }

    /// The task id, if the job was accepted: HTTP 2xx, `code` 200 and an id.
    pub fn accepted(&self) -> Option<&str> {
        let body = self.body.as_ref().filter(|_| (200..300).contains(&self.status))?;
        body["data"]["task_id"].as_str().filter(|id| body["code"] == 200 && !id.is_empty())
    }

    /// The status word, if this is a readable status.
    pub fn word(&self) -> Option<&str> {
        let body = self.body.as_ref().filter(|_| (200..300).contains(&self.status))?;
        let word = body["data"]["status"].as_str()?;
        Some(synonym(word).filter(|_| self.synonyms).unwrap_or(word))
    }

    /// What `Retry-After` asks for, in its form of seconds.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        let response = self.exchange.answer.as_ref().ok()?;
        response.headers.get("retry-after")?.parse().ok().map(std::time::Duration::from_secs)
    }

    /// The answer in a few words.
    pub fn summary(&self) -> String {
        let body = match &self.exchange.answer {
            Ok(response) if response.body.is_empty() => "with an empty body".to_owned(),
            Ok(response) => shortened(&String::from_utf8_lossy(&response.body), 300),
            Err(error) => error.clone(),
        };
        format!("HTTP {} {body}", self.status)
    }
}

/// A create the vendor received.
#[derive(Clone, Debug)]
pub struct UpstreamCreate {
    /// The vendor.
    pub vendor: Vendor,
    /// The dialect it came in.
    pub dialect: &'static Dialect,
    /// What it carried.
    pub seen: CreateSeen,
    /// The exchange.
    pub exchange: Arc<Exchange>,
}

/// An accepted job.
#[derive(Clone, Debug)]
pub struct SubmittedJob {
    /// Its token.
    pub token: String,
    /// The gateway's id.
    pub task_id: String,
    /// The answer to the submit.
    pub reply: GatewayReply,
}

/// The creates among exchanges, in order.
pub(crate) fn creates_in(exchanges: &[Arc<Exchange>]) -> Vec<UpstreamCreate> {
    exchanges
        .iter()
        .filter_map(|exchange| {
            let Leg::Upstream(vendor) = exchange.leg else { return None };
            let (dialect, seen) = vendor
                .dialects()
                .iter()
                .find_map(|dialect| Some((*dialect, (dialect.read_create)(&exchange.request)?)))?;
            Some(UpstreamCreate { vendor, dialect, seen, exchange: Arc::clone(exchange) })
        })
        .collect()
}
