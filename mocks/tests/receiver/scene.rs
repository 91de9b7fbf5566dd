//! A reference receiver with the gateway it asks, genuine callbacks for it, and what can be seen of it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use ringback_mocks::account::Settings;
use ringback_mocks::counterpart::{Counterpart, Standing};
use ringback_mocks::http::{HttpClient, LOOPBACK};
use ringback_mocks::journal::Journal;
use ringback_mocks::receiver::defect::Defect;
use ringback_mocks::receiver::oddity::Oddity;
use ringback_mocks::receiver::{Pace, ReferenceReceiver, Secrets, Setup};
use ringback_mocks::rehearsal;
use ringback_mocks::signature::{http_date, standard_webhooks, vidu, vidu_signing_string};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Headers, Request, Response, Secret};
use serde_json::Value;

pub(crate) const KLING_SECRET: &str = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=";
pub(crate) const VIDU_KEY: &str = "vda_test_secret_0123456789";
pub(crate) const API_KEY: &str = "sk-receiver";
pub(crate) const UUID: &str = "123e4567-e89b-12d3-a456-426614174000";
/// Longer than any answer of a sound receiver takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(12);
/// How long effects may take to settle.
const SETTLE: Duration = Duration::from_millis(1_500);
/// How long nothing must happen for "it did not happen".
pub(crate) const QUIET: Duration = Duration::from_millis(120);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The main dialect of each vendor.
pub(crate) const MAIN: [&str; 4] = ["kling-legacy", "ark", "minimax-v1", "vidu"];
/// Every dialect.
pub(crate) const ALL: [&str; 6] = ["kling-legacy", "kling-v2", "ark", "minimax-v1", "minimax-v2", "vidu"];
/// Those of vendors that sign.
pub(crate) const SIGNED: [&str; 2] = ["kling-legacy", "vidu"];
/// Those of vendors that do not.
pub(crate) const UNSIGNED: [&str; 2] = ["ark", "minimax-v1"];

/// What is wrong with a receiver.
#[derive(Debug, Default)]
pub(crate) struct Log(pub(crate) Vec<String>);

impl Log {
    #[expect(clippy::needless_pass_by_value, reason = "what is compared is made for it")]
    pub(crate) fn same<T: PartialEq + Debug>(&mut self, what: &str, expected: T, actual: T) {
        if expected != actual {
            self.0.push(format!("{what}: expected {expected:?}, saw {actual:?}"));
        }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn holds(&mut self, what: &str, holds: bool) {
        if !holds {
            self.0.push(what.to_owned());
        }
    }
}

pub(crate) struct Scene {
    pub(crate) receiver: ReferenceReceiver,
    pub(crate) gateway: Counterpart,
    pub(crate) journal: Arc<Journal>,
    pub(crate) http: HttpClient,
    made: AtomicU64,
}

impl Scene {
    pub(crate) async fn open(defect: Option<Defect>, oddity: Option<Oddity>) -> Self {
        let journal = Journal::open();
        let gateway =
            Counterpart::start(Arc::clone(&journal), Secret::new(API_KEY)).await.expect("a free port");
        let secrets = Secrets { kling: vec![Secret::new(KLING_SECRET)], vidu: Secret::new(VIDU_KEY) };
        let setup = Setup {
            secrets,
            gateway: gateway.url(),
            key: Secret::new(API_KEY),
            defect,
            oddity,
            pace: Pace { poll: Duration::from_millis(50) },
        };
        let receiver = ReferenceReceiver::start(setup, LOOPBACK).await.expect("a free port");
        Self { receiver, gateway, journal, http: HttpClient::new(), made: AtomicU64::new(1) }
    }

    /// A job out of the blue that will succeed, as the gateway confirms.
    pub(crate) fn job(&self, dialect: &'static str) -> Job {
        self.job_at(dialect, Standing::Finished)
    }

    pub(crate) fn failing(&self, dialect: &'static str) -> Job {
        self.job_at(dialect, Standing::Failed)
    }

    pub(crate) fn job_at(&self, dialect: &'static str, standing: Standing) -> Job {
        let job = self.unbacked(dialect);
        self.gateway.set(&job.id, standing);
        job
    }

    pub(crate) fn unbacked(&self, dialect: &'static str) -> Job {
        let seed = self.made.fetch_add(1, Ordering::Relaxed);
        let digits = |length: usize| -> String { (0..length).map(|_| fastrand::char('1'..='9')).collect() };
        let id = match dialect {
            "ark" => format!("cgt-{}-{}", digits(14), digits(5)),
            _ => digits(18),
        };
        Job { vendor: vendor_of(dialect), dialect, id, seed, told: AtomicU64::new(0) }
    }

    /// The status of the answer to a callback; 0 for none.
    pub(crate) async fn post(&self, message: &Message) -> u16 {
        self.answer(message).await.map_or(0, |answer| answer.status)
    }

    pub(crate) async fn answer(&self, message: &Message) -> Option<Response> {
        self.send(&message.request()).await
    }

    pub(crate) async fn send(&self, request: &Request) -> Option<Response> {
        self.http.send(&self.receiver.url(), request, PATIENCE).await.ok()
    }

    /// All at once, each on a connection of its own.
    pub(crate) async fn burst(&self, messages: &[Message]) -> Vec<u16> {
        let http = HttpClient::unpooled();
        let root = self.receiver.url();
        join_all(messages.iter().map(|message| {
            let (http, root) = (&http, &root);
            async move {
                let answer = http.send(root, &message.request(), PATIENCE).await;
                answer.map_or(0, |answer| answer.status)
            }
        }))
        .await
    }

    /// What the receiver has done for an id, and the class of the state it believes.
    pub(crate) async fn effects(&self, id: &str) -> (u64, &'static str) {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let answer = self.send(&Request::get(format!("/effects/{}", id.replace('+', "%20")))).await;
        let Some(body) = answer.filter(Response::is_success).and_then(|answer| answer.value()) else {
            return (0, "");
        };
        let state = body["state"].as_str().unwrap_or_default().to_lowercase();
        let class = match state.as_str() {
            "succeed" | "succeeded" | "success" | "finished" | "completed" => "success",
            "failed" | "fail" | "expired" | "cancelled" | "error" => "failure",
            "" => "",
            _ => "running",
        };
        (body["count"].as_u64().unwrap_or_default(), class)
    }

    /// What the effects of an id come to.
    pub(crate) async fn settled(&self, id: &str, expected: (u64, &'static str)) -> (u64, &'static str) {
        let deadline = tokio::time::Instant::now() + SETTLE;
        loop {
            let seen = self.effects(id).await;
            // Work that was done too often is not undone.
            if seen == expected || seen.0 > expected.0 || tokio::time::Instant::now() > deadline {
                return seen;
            }
            // Nobody announces effects.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What they come to and stay at.
    pub(crate) async fn stays(&self, id: &str, expected: (u64, &'static str)) -> (u64, &'static str) {
        let seen = self.settled(id, expected).await;
        if seen != expected {
            return seen;
        }
        tokio::time::sleep(QUIET).await;
        self.effects(id).await
    }

    /// Proves that nothing has happened for these ids: a later job works, and they still have not.
    pub(crate) async fn nothing(&self, log: &mut Log, what: &str, ids: &[&str]) {
        let twin = self.job("kling-legacy");
        self.post(&twin.success()).await;
        log.same("the twin", (1, "success"), self.settled(&twin.id, (1, "success")).await);
        tokio::time::sleep(QUIET).await;
        for id in ids {
            log.same(&format!("{what}: work for {id}"), 0, self.effects(id).await.0);
        }
    }

    /// Starts a job through the receiver: its token. The answer to the submit is held if asked.
    pub(crate) async fn start(&self, dialect: &'static str) -> Started<'_> {
        let token = self.journal.token();
        self.begin(dialect, &token).await
    }

    pub(crate) async fn begin(&self, dialect: &'static str, token: &str) -> Started<'_> {
        let vendor = vendor_of(dialect);
        let body = serde_json::json!({
            "vendor": vendor.name(), "model": vendor.main_dialect().model, "prompt": format!("{token} a boat"),
        });
        let (root, http) = (self.receiver.url(), self.http.clone());
        let asking =
            tokio::spawn(
                async move { http.send(&root, &Request::post("/jobs", &body), PATIENCE).await.ok() },
            );
        let submitted = self.gateway.submit(token, PATIENCE).await.expect("a submit");
        let job = self.unbacked(dialect);
        Started { scene: self, gateway_id: submitted.id.clone(), submitted, job, asking }
    }
}

/// A job that the receiver itself has submitted.
pub(crate) struct Started<'s> {
    scene: &'s Scene,
    pub(crate) gateway_id: String,
    pub(crate) submitted: ringback_mocks::counterpart::Submitted,
    pub(crate) job: Job,
    pub(crate) asking: tokio::task::JoinHandle<Option<Response>>,
}

impl Started<'_> {
    /// Path and query of the callback URL.
    pub(crate) fn target(&self) -> String {
        let url = self.submitted.callback_url.clone().unwrap_or_default();
        url.strip_prefix(&self.scene.receiver.url()).unwrap_or("/hooks/none").to_owned()
    }

    /// An event of the job, on its way to its callback URL.
    pub(crate) fn event(&self, word: &str) -> Message {
        Message { target: self.target(), ..self.job.event(word) }
    }

    pub(crate) fn success(&self) -> Message {
        Message { target: self.target(), ..self.job.success() }
    }

    pub(crate) async fn answered(&mut self) -> Option<Response> {
        (&mut self.asking).await.expect("no panic")
    }
}

/// A job at a vendor.
pub(crate) struct Job {
    pub(crate) vendor: Vendor,
    pub(crate) dialect: &'static str,
    pub(crate) id: String,
    seed: u64,
    told: AtomicU64,
}

impl Job {
    /// The callback of a state word, a second later than the one before.
    pub(crate) fn event(&self, word: &str) -> Message {
        let told = self.told.fetch_add(1, Ordering::Relaxed);
        self.event_at(word, told)
    }

    pub(crate) fn event_at(&self, word: &str, second: u64) -> Message {
        let settings = Settings {
            api_keys: vec![Secret::new(VIDU_KEY)],
            webhook_secrets: vec![Secret::new(KLING_SECRET)],
            seed: self.seed,
            ..Settings::default()
        };
        let now = Timestamp::now() + SignedDuration::from_secs(i64::try_from(second).unwrap_or(0));
        let target = format!("/hooks/{}", self.vendor);
        let url = format!("http://127.0.0.1{target}");
        let sent = rehearsal::delivery(self.vendor, Some(self.dialect), word, &url, settings, now)
            .expect("the vendor sends that");
        let body = String::from_utf8(sent.body.to_vec()).expect("text").replace(&sent.task, &self.id);
        Message {
            vendor: self.vendor,
            method: "POST",
            target,
            delivery: format!(
                "{}{}",
                self.seed,
                sent.id.chars().filter(char::is_ascii_digit).collect::<String>()
            ),
            nonce: UUID.to_owned(),
            at: 0,
            kind: sent.content_type.to_owned(),
            body: body.into_bytes(),
        }
    }

    pub(crate) fn success(&self) -> Message {
        self.event(succeeded(self.dialect))
    }

    pub(crate) fn failure(&self) -> Message {
        self.event("failed")
    }

    pub(crate) fn running(&self) -> Message {
        self.event(running(self.dialect))
    }
}

/// A callback as it will be sent; headers are made when it is.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) vendor: Vendor,
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) delivery: String,
    pub(crate) nonce: String,
    /// Seconds from now at which it is signed.
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn request(&self) -> Request {
        let mut headers = Headers::from_iter([("content-type", self.kind.as_str())]);
        for (name, value) in self.signature().iter() {
            headers.push(name, value);
        }
        let body = self.body.clone().into();
        Request { method: self.method.to_owned(), target: self.target.clone(), headers, body }
    }

    /// The signature headers alone.
    pub(crate) fn signature(&self) -> Headers {
        let now = Timestamp::now();
        match self.vendor.name() {
            "kling" => {
                let seconds = now.as_second() + self.at;
                let secret = Secret::new(KLING_SECRET);
                let made = standard_webhooks(&secret, &self.delivery, seconds, &self.body).expect("a secret");
                Headers::from_iter([
                    ("webhook-id", self.delivery.clone()),
                    ("webhook-timestamp", seconds.to_string()),
                    ("webhook-signature", made),
                ])
            }
            "vidu" => {
                let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
                let date = http_date(now);
                let listed = [("Date", date.as_str()), ("x-request-nonce", self.nonce.as_str())];
                let text = vidu_signing_string(self.method, path, query, &date, &listed);
                vidu_headers(&date, &self.nonce, "Date;x-request-nonce", &vidu(&Secret::new(VIDU_KEY), &text))
            }
            _ => Headers::new(),
        }
    }

    /// The same callback with its record changed.
    pub(crate) fn record(&self, edit: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).expect("JSON");
        let wrapped = body.get("task").is_some();
        let place = if wrapped { &mut body["task"] } else { &mut body };
        edit(place.as_object_mut().expect("a record"));
        self.bytes(serde_json::to_vec(&body).expect("JSON"))
    }

    pub(crate) fn bytes(&self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}

pub(crate) fn vidu_headers(date: &str, nonce: &str, listed: &str, signature: &str) -> Headers {
    Headers::from_iter([
        ("date", date),
        ("x-request-nonce", nonce),
        ("x-hmac-signed-headers", listed),
        ("x-hmac-algorithm", "hmac-sha256"),
        ("x-hmac-access-key", "vidu"),
        ("x-hmac-signature", signature),
    ])
}

pub(crate) fn vendor_of(dialect: &str) -> Vendor {
    let has = |vendor: &Vendor| vendor.dialects().iter().any(|one| one.name == dialect);
    Vendor::all().find(has).expect("a dialect")
}

/// The word for success in a dialect's callbacks.
pub(crate) fn succeeded(dialect: &str) -> &'static str {
    match dialect {
        "kling-legacy" => "succeed",
        "minimax-v1" | "vidu" => "success",
        _ => "succeeded",
    }
}

pub(crate) fn running(dialect: &str) -> &'static str {
    match dialect {
        "ark" | "minimax-v2" => "running",
        _ => "processing",
    }
}

/// The words of progress that lead to success, in order.
pub(crate) fn progress(dialect: &str) -> &'static [&'static str] {
    match dialect {
        "ark" | "minimax-v2" => &["queued", "running"],
        _ => &["processing"],
    }
}
