//! Callbacks as values: genuine ones as our machines make them, and what a check changes about them.
//!
//! Pure: a job, a state word and a time give bytes and headers. Sending is the context's.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use ringback_mocks::account::AccountConfig;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::ids::Ids;
use ringback_mocks::sample_callback;
use ringback_mocks::vendor::{Dialect, Phase, Signing, Vendor};
use ringback_mocks::wire::{Headers, Request, Secret};
use serde_json::Value;

use crate::run::outcome::Stop;

/// A job at a vendor, as far as its callbacks are concerned.
#[derive(Clone, Debug)]
pub struct VendorTask {
    /// The vendor.
    pub vendor: Vendor,
    /// The dialect its callbacks are written in.
    pub dialect: &'static Dialect,
    /// The vendor's id, in the callbacks.
    pub id: String,
    /// The id that the effects probe is asked for: the same, or the gateway's for a job that the receiver
    /// started.
    pub key: String,
    /// Where its callbacks go: path and query at the receiver.
    pub hook: String,
    /// Whether the receiver started it.
    pub started: bool,
    seed: u64,
    secrets: Vec<Secret>,
    born: Timestamp,
}

/// What a callback says about its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackState {
    /// The state of a phase.
    Phase(Phase),
    /// An ending by our name for it.
    Ending(&'static str),
}

impl CallbackState {
    /// Ended well.
    pub const SUCCESS: Self = Self::Phase(Phase::Succeeded);
    /// Ended without a result.
    pub const FAILURE: Self = Self::Phase(Phase::Failed);
    /// On its way.
    pub const RUNNING: Self = Self::Phase(Phase::Running);
}

/// One callback, ready to be signed and sent.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The sender.
    pub vendor: Vendor,
    /// The vendor's id of the job.
    pub id: String,
    /// The state word in the body.
    pub word: String,
    /// The body.
    pub body: Bytes,
    /// `Content-Type`.
    pub content_type: String,
    /// Path and query.
    pub hook: String,
    /// `webhook-id` where there is one.
    pub delivery_id: String,
    /// How far from the clock its signature is dated.
    pub skew: SignedDuration,
    signer: Signer,
}

impl VendorTask {
    /// A job with a fresh id.
    pub fn fresh(
        dialect: &'static Dialect,
        vendor: Vendor,
        hook: String,
        secrets: &[Secret],
        now: Timestamp,
    ) -> Self {
        let seed = fastrand::u64(..);
        let id = fresh_id(dialect, seed);
        Self {
            vendor,
            dialect,
            key: id.clone(),
            id,
            hook,
            started: false,
            seed,
            secrets: secrets.to_vec(),
            born: now,
        }
    }

    /// This job as one that the receiver started: the gateway's id is what its effects are asked by.
    #[must_use]
    pub fn started_as(self, gateway_id: &str) -> Self {
        Self { key: gateway_id.to_owned(), started: true, ..self }
    }

    /// This job by another id of the vendor's, which the probe is asked for too.
    #[must_use]
    pub fn named(self, id: impl Into<String>) -> Self {
        let id = id.into();
        Self { key: if self.started { self.key } else { id.clone() }, id, ..self }
    }

    /// This job with another hook.
    #[must_use]
    pub fn at(self, hook: impl Into<String>) -> Self {
        Self { hook: hook.into(), ..self }
    }

    /// This job with a hook that has this query; whatever it had is replaced.
    #[must_use]
    pub fn query(self, query: &str) -> Self {
        let path = self.hook.split('?').next().unwrap_or_default();
        Self { hook: format!("{path}?{query}"), ..self }
    }

    /// The genuine callback that says so, or why there is none.
    pub fn callback(&self, says: CallbackState) -> Result<Callback, Stop> {
        self.callback_at(says, 0)
    }

    /// The genuine callback of an event that many seconds after the job began, or why there is none.
    pub fn callback_at(&self, says: CallbackState, seconds: i64) -> Result<Callback, Stop> {
        let word = match says {
            CallbackState::Ending(name) => name,
            CallbackState::Phase(phase) => {
                let row = self.dialect.words.iter().find(|row| row.phase == phase);
                row.and_then(|row| row.callback).ok_or_else(|| {
                    Stop::HarnessError(format!("{} has no callback for {phase:?}", self.dialect.name))
                })?
            }
        };
        let mut settings = AccountConfig { seed: self.seed, ..AccountConfig::default() };
        match self.dialect.callbacks.signing {
            Signing::StandardWebhooks => settings.webhook_secrets.clone_from(&self.secrets),
            Signing::ViduHmac => settings.api_keys.clone_from(&self.secrets),
            Signing::Unsigned => {}
        }
        let url = format!("http://receiver.example.com{}", self.hook);
        let at = self.born + SignedDuration::from_secs(seconds);
        let delivery =
            sample_callback::delivery(self.vendor, Some(self.dialect.name), word, &url, settings, at)
                .map_err(|cause| Stop::HarnessError(cause.to_string()))?;
        let Delivery { id: delivery_id, task, state, body, content_type, signer, .. } = delivery;
        // The id as text wherever it occurs, so that every other byte stays the machine's.
        let text = String::from_utf8_lossy(&body).replace(&task, &self.id);
        Ok(Callback {
            vendor: self.vendor,
            id: self.id.clone(),
            word: state.to_owned(),
            body: Bytes::from(text),
            content_type: content_type.to_owned(),
            hook: self.hook.clone(),
            // Unique for an event of a job, whatever the machine's own numbering is.
            delivery_id: format!("{}{delivery_id}", self.seed % 1_000_000),
            skew: SignedDuration::ZERO,
            signer,
        })
    }

    /// Words for progress that its callbacks use, in order.
    pub fn progress(&self) -> Vec<CallbackState> {
        let on_the_way = |phase: &Phase| !phase.is_terminal();
        self.said().filter(on_the_way).map(CallbackState::Phase).collect()
    }

    /// Words for ends without a result that its callbacks use.
    pub fn failures(&self) -> Vec<CallbackState> {
        let failed = |phase: &Phase| phase.is_terminal() && *phase != Phase::Succeeded;
        self.said().filter(failed).map(CallbackState::Phase).collect()
    }

    fn said(&self) -> impl Iterator<Item = Phase> {
        self.dialect.words.iter().filter(|row| row.callback.is_some()).map(|row| row.phase)
    }
}

impl Callback {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// This callback with other bytes.
    #[must_use]
    pub fn bytes(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// This callback with its JSON changed, written compactly.
    #[must_use]
    pub fn edited(self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut value = self.json();
        edit(&mut value);
        self.bytes(value.to_string())
    }

    /// This callback with its signature dated that far from the clock.
    #[must_use]
    pub fn skewed(self, seconds: i64) -> Self {
        Self { skew: SignedDuration::from_secs(seconds), ..self }
    }

    /// Another delivery of the same words, as a vendor that repeats an event under a new id would make.
    #[must_use]
    pub fn redelivered(self) -> Self {
        Self { delivery_id: Ids::seeded(fastrand::u64(..)).decimal(18), ..self }
    }

    /// This callback about another job, by its id, in a delivery of its own.
    #[must_use]
    pub fn about(&self, id: &str, delivery: &str) -> Self {
        let body = String::from_utf8_lossy(&self.body).replace(&self.id, id);
        Self { id: id.to_owned(), body: Bytes::from(body), delivery_id: delivery.to_owned(), ..self.clone() }
    }

    /// The request, signed as the vendor signs, at this time with a fresh nonce.
    pub fn request(&self, now: Timestamp) -> Request {
        self.signed_for("POST", now)
    }

    /// This callback signed by another key of its scheme.
    #[must_use]
    pub fn keyed(self, secret: &Secret) -> Self {
        let signer = match self.signer {
            Signer::Unsigned => Signer::Unsigned,
            Signer::StandardWebhooks(_) => Signer::StandardWebhooks(vec![secret.clone()]),
            Signer::ViduHmac(_) => Signer::ViduHmac(secret.clone()),
        };
        Self { signer, ..self }
    }

    /// A request of another method. (Vidu's signature is made for POST all the same.)
    pub fn signed_for(&self, method: &str, now: Timestamp) -> Request {
        Request {
            method: method.to_owned(),
            target: self.hook.clone(),
            headers: self.headers(now),
            body: self.body.clone(),
        }
    }

    fn headers(&self, now: Timestamp) -> Headers {
        let delivery = Delivery {
            id: self.delivery_id.clone(),
            vendor: self.vendor,
            task: self.id.clone(),
            state: "",
            terminal: false,
            url: format!("http://receiver.example.com{}", self.hook),
            content_type: "application/json",
            body: self.body.clone(),
            signer: self.signer.clone(),
            timeout: std::time::Duration::ZERO,
            retries: Vec::new(),
            delivery_faults: None,
        };
        let nonce = Ids::seeded(fastrand::u64(..)).uuid();
        let made = delivery.headers(now + self.skew, &nonce);
        made.iter()
            .map(|(name, value)| {
                (name, if name == "content-type" { self.content_type.as_str() } else { value })
            })
            .collect()
    }
}

/// An id as the dialect's machine would give it, in a space of its own.
fn fresh_id(dialect: &Dialect, seed: u64) -> String {
    let mut ids = Ids::seeded(seed);
    if dialect.name == "ark" {
        let letters: String = (0..5).map(|_| char::from(b'a' + fastrand::u8(0..26))).collect();
        return format!("cgt-{}-{letters}", ids.decimal(14));
    }
    // No leading zero: a receiver may well read it as a number.
    format!("{}{}", fastrand::u8(1..=8), ids.decimal(17))
}
