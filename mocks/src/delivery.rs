//! A callback to be sent, as a value, and how each attempt of it is signed.
//!
//! An event of a vendor becomes one delivery; a delivery is attempts on a retry schedule. Who sends
//! them and when is the courier's business.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::signature;
use crate::trouble::Trouble;
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
    pub trouble: Option<Arc<Trouble>>,
}

impl Delivery {
    /// The header fields of one attempt: content type, and a signature made for `now`.
    pub fn headers(&self, now: Timestamp, nonce: &str) -> Headers {
        let mut headers = Headers::new();
        headers.push("content-type", self.content_type);
        for (name, value) in self.signer.sign(self, now, nonce) {
            headers.push(name, value);
        }
        headers
    }
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

impl Signer {
    fn sign(&self, delivery: &Delivery, now: Timestamp, nonce: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Unsigned => Vec::new(),
            Self::StandardWebhooks(secrets) => {
                let seconds = now.as_second();
                let signatures: Vec<String> = secrets
                    .iter()
                    .filter_map(|secret| {
                        signature::standard_webhooks(secret, &delivery.id, seconds, &delivery.body).ok()
                    })
                    .collect();
                vec![
                    ("webhook-id", delivery.id.clone()),
                    ("webhook-timestamp", seconds.to_string()),
                    ("webhook-signature", signatures.join(" ")),
                ]
            }
            Self::ViduHmac(key) => {
                let (path, query) = path_and_query(&delivery.url);
                let date = signature::http_date(now);
                let signed = [("Date", date.as_str()), ("x-request-nonce", nonce)];
                let text = signature::vidu_signing_string("POST", &path, &query, &date, &signed);
                vec![
                    ("date", date.clone()),
                    ("x-request-nonce", nonce.to_owned()),
                    ("x-hmac-signed-headers", "Date;x-request-nonce".to_owned()),
                    ("x-hmac-algorithm", "hmac-sha256".to_owned()),
                    ("x-hmac-access-key", "vidu".to_owned()),
                    ("x-hmac-signature", signature::vidu(key, &text)),
                ]
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
