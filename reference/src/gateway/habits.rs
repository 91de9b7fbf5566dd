//! Oddities of what the reference gateway does: when it calls the vendor, what it remembers, which
//! callback URLs it declines. How an answer looks is `dress`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value};
use url::Url;

use super::dress::{self, Asked};
use super::oddity::Oddity;
use super::service::{Gateway, Outcome, SUBMIT, VENDOR_ANSWERS_WITHIN};
use super::submission::Submission;
use super::{polling, urls};
use ringback_mocks::client::{Blame, Declined, Wish};
use ringback_mocks::ids::Ids;
use ringback_mocks::vendor::{Dialect, Document};
use ringback_mocks::wire::{Request, Response};

/// How often a gateway that lags behind looks at the vendor.
const LAG: Duration = Duration::from_millis(500);
/// How long a gateway that queues takes before it calls the vendor.
const QUEUE: Duration = Duration::from_millis(40);
/// How long a slow gateway takes for an answer.
const SLOW: Duration = Duration::from_millis(200);
/// Tries of a create that meets the vendor's limit, and the pause before each further one.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(60);
/// Longest callback URL of a gateway that refuses long ones.
const LONGEST: usize = 2_048;
/// Answers kept for requests that come again; a demonstration forgets all of them when it is full.
const KEPT: usize = 20_000;

/// What an odd gateway remembers of requests.
#[derive(Debug, Default)]
pub(super) struct Memory {
    answers: Mutex<HashMap<Bytes, Response>>,
    looks: Mutex<HashMap<String, Instant>>,
}

impl Memory {
    fn answers(&self) -> MutexGuard<'_, HashMap<Bytes, Response>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &Bytes) -> Option<Response> {
        self.answers().get(key).cloned()
    }

    fn put(&self, key: Bytes, response: Response) {
        let mut answers = self.answers();
        if answers.len() >= KEPT {
            answers.clear();
        }
        answers.insert(key, response);
    }
}

/// What makes two requests the same.
fn key_of(request: &Request) -> Bytes {
    let who = request.headers.get("authorization").unwrap_or_default();
    Bytes::from([who.as_bytes(), b"\n", request.target.as_bytes(), b"\n", &request.body].concat())
}

impl Gateway {
    /// Answers as a gateway with an oddity does.
    pub(super) async fn answer_oddly(self: &Arc<Self>, oddity: Oddity, request: Request) -> Response {
        let asked = if request.path() == SUBMIT { Asked::Submit } else { Asked::Status };
        let key = key_of(&request);
        match (oddity, asked) {
            (Oddity::SlowAnswers, _) => tokio::time::sleep(SLOW).await,
            (Oddity::Deduplicates, Asked::Submit) => {
                if let Some(known) = self.memory.get(&key) {
                    return known;
                }
            }
            // Some, and always the same ones: a sum is as good as a die here.
            (Oddity::LimitsTheRate, _)
                if key.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31) ^ u32::from(*byte)) % 4 == 0
                    && self.memory.get(&key).is_none() =>
            {
                let refusal = self.error(429, "rate_limit_error", "too many requests");
                self.memory.put(key, refusal.clone());
                return Response { headers: limited(&refusal), ..refusal };
            }
            _ => {}
        }
        let response = dress::dressed(oddity, asked, self.answer_plainly(overlooked(oddity, request)).await);
        if response.is_success() && oddity == Oddity::Deduplicates {
            self.memory.put(key, response.clone());
        }
        response
    }

    /// Whether the vendor is asked about a task now; one that lags behind waits even with the first look.
    pub(super) fn looks_now(&self, id: &str) -> bool {
        if self.setup.oddity != Some(Oddity::LagsBehind) {
            return true;
        }
        let now = Instant::now();
        let mut looks = self.memory.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= KEPT {
            looks.clear();
        }
        let last = looks.entry(id.to_owned()).or_insert(now);
        let due = now.duration_since(*last) >= LAG;
        if due {
            *last = now;
        }
        due
    }

    /// Why a gateway with an oddity refuses a request that the plain one accepts.
    pub(super) fn declines(&self, body: &[u8], submission: &Submission) -> Option<&'static str> {
        let url = submission.callback_url.as_deref();
        let parsed = || url.and_then(|url| Url::parse(url).ok());
        let given = || serde_json::from_slice::<Value>(body).ok()?.pointer(CALLBACK).cloned();
        match self.setup.oddity? {
            Oddity::RefusesNullCallback if given() == Some(Value::Null) => {
                Some("callback_url must not be null")
            }
            Oddity::RefusesEmptyCallback if given() == Some(Value::from("")) => {
                Some("callback_url must not be empty")
            }
            Oddity::RefusesPlainHttp if url?.starts_with("http://") => Some("callback_url must be https"),
            Oddity::RefusesUserInfo if !parsed()?.username().is_empty() => {
                Some("callback_url must not hold credentials")
            }
            Oddity::RefusesNonAscii if !url?.is_ascii() => Some("callback_url must be ASCII"),
            Oddity::RefusesHostDot if parsed()?.host_str()?.ends_with('.') => {
                Some("callback_url must not end its host with a dot")
            }
            Oddity::RefusesPollingCallback if submission.model == polling::MODEL && url.is_some() => {
                Some("this model sends no callbacks")
            }
            Oddity::RefusesPrivateHosts if urls::is_private(url?) => Some("callback_url must be public"),
            Oddity::RefusesLongUrls if url?.len() > LONGEST => Some("callback_url is too long"),
            Oddity::RefusesNonUrls if parsed().is_none_or(|url| !url.has_host()) && url.is_some() => {
                Some("callback_url must be a URL")
            }
            _ => None,
        }
    }

    /// An id for a new task.
    pub(super) fn new_id(&self) -> String {
        let mut ids = Ids::seeded(fastrand::u64(..));
        match self.setup.oddity {
            Some(Oddity::UlidIds) => format!("task_01HF{}", ids.alphanumeric(22).to_ascii_uppercase()),
            Some(Oddity::BareIds) => ids.hex(32),
            Some(Oddity::UuidIds) => ids.uuid(),
            Some(Oddity::PunctuatedIds) => format!("eu.west:{}~v1.0", ids.alphanumeric(24)),
            Some(Oddity::LongIds) => format!("task_{}", ids.alphanumeric(195)),
            _ => format!("task_{}", ids.alphanumeric(32)),
        }
    }

    /// A create call in the words of a gateway with an oddity.
    pub(super) fn phrased(&self, call: Request, dialect: &Dialect) -> Request {
        let Some(body) = call.json() else { return call };
        match self.setup.oddity {
            Some(Oddity::DropsUnknownOptions) => {
                let Value::Object(fields) = body else { return call };
                let known = documented(dialect);
                let kept: Map<String, Value> =
                    fields.into_iter().filter(|(name, _)| known.contains(name)).collect();
                Request { body: Bytes::from(Value::Object(kept).to_string()), ..call }
            }
            Some(Oddity::EscapesUpstream) => Request { body: Bytes::from(dress::escaped(&body)), ..call },
            Some(Oddity::TagsUpstream) => call
                .header("x-request-id", "5f0c")
                .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .header("user-agent", "reference/1.0"),
            _ => call,
        }
    }

    /// What a gateway with an oddity does before it creates a job.
    pub(super) async fn prepares(&self, upstream: usize, dialect: &Dialect) {
        if self.setup.oddity == Some(Oddity::ProbesUpstream) {
            let _ = self.call(upstream, dialect, Request::get("/healthz"), VENDOR_ANSWERS_WITHIN).await;
        }
    }

    /// Whether a gateway with an oddity asks once more after the vendor declined, and when.
    pub(super) async fn asks_again(&self, tries: u32, declined: &Declined) -> bool {
        let again = self.setup.oddity == Some(Oddity::RetriesWhenLimited)
            && declined.blame == Blame::Load
            && tries < TRIES;
        if again {
            tokio::time::sleep(PAUSE).await;
        }
        again
    }

    /// Accepts a job and creates it at the vendor later.
    pub(super) fn queue(
        self: &Arc<Self>,
        client: usize,
        (upstream, dialect): (usize, &'static Dialect),
        wish: Wish,
        submission: &Submission,
        request: &Request,
    ) -> Response {
        let response = self.accepted(client, upstream, wish.clone(), String::new(), submission);
        let id = response.value().and_then(|body| body["data"]["task_id"].as_str().map(str::to_owned));
        let (gateway, request) = (Arc::clone(self), request.clone());
        tokio::spawn(async move {
            tokio::time::sleep(QUEUE).await;
            let (created, _) = gateway.create(upstream, dialect, &wish, &request).await;
            if let Some(task) = gateway.tasks().get_mut(&id.unwrap_or_default()) {
                match created {
                    Ok(vendor_id) => task.vendor_id = vendor_id,
                    Err(declined) => task.last = Outcome::Failed(declined.message),
                }
            }
        });
        response
    }
}

/// Where a callback URL belongs.
const CALLBACK: &str = "/input/metadata/callback_url";

fn limited(refusal: &Response) -> ringback_mocks::wire::Headers {
    let mut headers = refusal.headers.clone();
    headers.push("retry-after", "0");
    headers
}

/// The request as a gateway takes it that overlooks a callback URL of the wrong type.
fn overlooked(oddity: Oddity, request: Request) -> Request {
    if oddity != Oddity::IgnoresWrongType {
        return request;
    }
    let Some(mut body) = request.json() else { return request };
    match body.pointer_mut(CALLBACK) {
        Some(url) if !url.is_string() => *url = Value::Null,
        _ => return request,
    }
    Request { body: Bytes::from(body.to_string()), ..request }
}

/// The fields that a vendor documents for a create.
fn documented(dialect: &Dialect) -> Vec<String> {
    let schema = dialect.schemas.iter().find(|(document, _)| *document == Document::CreateRequest);
    let schema = schema.and_then(|(_, text)| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    let mut names = Vec::new();
    gather(&schema, &mut names);
    names
}

/// Names of properties at any depth: a schema may tell variants of a body apart.
fn gather(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                if let (true, Some(fields)) = (key == "properties", value.as_object()) {
                    names.extend(fields.keys().cloned());
                }
                gather(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        _ => {}
    }
}
