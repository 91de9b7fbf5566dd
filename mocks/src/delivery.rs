//! A callback to be sent, as a value, and how each attempt of it is signed.
//!
//! An event of a vendor becomes one delivery; a delivery is attempts on a retry schedule. Who sends
//! them and when is the dispatcher's business.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use jiff::Timestamp;

use crate::delivery_faults::DeliveryFaults;
use crate::signature;
use crate::vendor::Vendor;
use crate::wire::{Headers, Secret};

/// One event on its way to one receiver.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Delivery id, the same for every attempt (`webhook-id` where the vendor sends one).
    pub id: String,
    /// The sender.
    pub vendor: Vendor,
    /// The vendor's task.
    pub task: String,
    /// The state word in the body.
    pub state: &'static str,
    /// Whether nothing follows it in its task.
    pub terminal: bool,
    /// The receiver's URL as the customer wrote it.
    pub url: String,
    /// `Content-Type` of the body.
    pub content_type: &'static str,
    /// The body; every attempt sends these bytes.
    pub body: Bytes,
    /// The signature to make.
    pub signer: Signer,
    /// How long an attempt waits for an answer.
    pub timeout: Duration,
    /// Pauses before each further attempt after a failed one.
    pub retries: Vec<Duration>,
    /// What happens to it on the way.
    pub delivery_faults: Option<Arc<DeliveryFaults>>,
}

impl Delivery {
    /// The header fields of one undisturbed attempt: content type, and a signature made for `now`.
    pub fn headers(&self, now: Timestamp, nonce: &str) -> Headers {
        let (path, query) = path_and_query(&self.url);
        let mut headers = Headers::new();
        headers.push("content-type", self.content_type);
        let signed = Signed { id: &self.id, path: &path, query: &query, body: &self.body };
        self.signer.sign(&signed, now, nonce, &mut headers);
        headers
    }
}

/// What a signature may cover.
#[derive(Debug)]
pub(crate) struct Signed<'s> {
    pub(crate) id: &'s str,
    /// Path and query as a standard URL parser gives them.
    pub(crate) path: &'s str,
    pub(crate) query: &'s str,
    pub(crate) body: &'s [u8],
}

/// Which signature a delivery carries, and with which secret.
#[derive(Clone, Debug)]
pub enum Signer {
    /// None.
    Unsigned,
    /// Standard Webhooks; each secret adds one signature, as during a rotation.
    StandardWebhooks(Vec<Secret>),
    /// Vidu's scheme, with the API key that created the task.
    ViduHmac(Secret),
}

/// Keys that no account has.
const FORGED_SECRET: &str = "whsec_Zm9yZ2VkIGJ5IHRoZSBtb2Nr";
const FORGED_KEY: &str = "vda_forged_by_the_mock";

impl Signer {
    /// This scheme with a wrong key.
    pub(crate) fn forged(&self) -> Self {
        match self {
            Self::Unsigned => Self::Unsigned,
            Self::StandardWebhooks(_) => Self::StandardWebhooks(vec![Secret::new(FORGED_SECRET)]),
            Self::ViduHmac(_) => Self::ViduHmac(Secret::new(FORGED_KEY)),
        }
    }

    /// Another vendor's scheme, with the same key where there is one: what is wrong is the scheme.
    pub(crate) fn foreign(&self) -> Self {
        match self {
            Self::Unsigned => Self::StandardWebhooks(vec![Secret::new(FORGED_SECRET)]),
            Self::StandardWebhooks(secrets) => {
                Self::ViduHmac(secrets.last().cloned().unwrap_or_else(|| Secret::new(FORGED_KEY)))
            }
            Self::ViduHmac(key) => Self::StandardWebhooks(vec![Secret::new(format!(
                "whsec_{}",
                BASE64.encode(key.expose().as_bytes())
            ))]),
        }
    }

    pub(crate) fn sign(&self, signed: &Signed<'_>, now: Timestamp, nonce: &str, headers: &mut Headers) {
        match self {
            Self::Unsigned => {}
            Self::StandardWebhooks(secrets) => {
                let seconds = now.as_second();
                let signatures: Vec<String> = secrets
                    .iter()
                    .filter_map(|secret| {
                        signature::standard_webhooks(secret, signed.id, seconds, signed.body).ok()
                    })
                    .collect();
                headers.push("webhook-id", signed.id);
                headers.push("webhook-timestamp", seconds.to_string());
                headers.push("webhook-signature", signatures.join(" "));
            }
            Self::ViduHmac(key) => {
                let date = signature::http_date(now);
                let listed = [("Date", date.as_str()), ("x-request-nonce", nonce)];
                let text = signature::vidu_signing_string("POST", signed.path, signed.query, &date, &listed);
                let signature = signature::vidu(key, &text);
                headers.push("date", date);
                headers.push("x-request-nonce", nonce);
                headers.push("x-hmac-signed-headers", "Date;x-request-nonce");
                headers.push("x-hmac-algorithm", "hmac-sha256");
                headers.push("x-hmac-access-key", "vidu");
                headers.push("x-hmac-signature", signature);
            }
        }
    }
}

/// Path and query as a standard URL parser reads them; an unreadable URL signs as the root.
fn path_and_query(url: &str) -> (String, String) {
    url::Url::parse(url).map_or_else(
        |_| ("/".to_owned(), String::new()),
        |url| (url.path().to_owned(), url.query().unwrap_or_default().to_owned()),
    )
}
