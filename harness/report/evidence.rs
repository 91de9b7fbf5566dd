//! Exchanges as they stand in a report: masked, bounded, and as a `curl` line that repeats one.

use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::BASE64;
use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::wire::Headers;
use serde::{Deserialize, Serialize};

use crate::run::excerpt::quoted;
use crate::run::mask::Mask;
use crate::run::outcome::Finding;

/// Bytes of a body kept in a report; the length of a cut one is told.
const BODY_KEPT: usize = 16 * 1024;

/// One exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExchangeReport {
    /// Position in the run's journal.
    pub seq: u64,
    /// The parties.
    pub leg: String,
    /// The vendor, if it was one of them.
    pub vendor: Option<String>,
    /// When it began, since the run began.
    pub at_ms: f64,
    /// How long it took.
    pub took_ms: f64,
    /// The request.
    pub request: RequestReport,
    /// What came back.
    pub answer: AnswerReport,
}

/// A request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestReport {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, if any.
    pub body: Option<BodyReport>,
}

/// What came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnswerReport {
    /// A response.
    Response {
        /// Status code.
        status: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// The body, if any.
        body: Option<BodyReport>,
    },
    /// None, and why.
    Error {
        /// Why.
        error: String,
    },
}

/// A body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BodyReport {
    /// The body or its beginning, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body or its beginning otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Bytes in all, when only the beginning is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<usize>,
}

impl ExchangeReport {
    /// An exchange without its secrets.
    pub fn new(exchange: &Exchange, mask: &Mask) -> Self {
        let (leg, vendor) = match exchange.leg {
            Leg::Client => ("client", None),
            Leg::Upstream(vendor) => ("upstream", Some(vendor)),
            Leg::Callback(vendor) => ("callback", Some(vendor)),
            Leg::Inbox => ("inbox", None),
            Leg::Gateway => ("gateway", None),
        };
        let request = &exchange.request;
        Self {
            seq: exchange.seq,
            leg: leg.to_owned(),
            vendor: vendor.map(|vendor| vendor.name().to_owned()),
            at_ms: exchange.at.as_secs_f64() * 1_000.0,
            took_ms: exchange.took.as_secs_f64() * 1_000.0,
            request: RequestReport {
                method: mask.text(&request.method),
                target: mask.text(&request.target),
                headers: headers(&request.headers, mask),
                body: body(&request.body, mask),
            },
            answer: match &exchange.answer {
                Ok(response) => AnswerReport::Response {
                    status: response.status,
                    headers: headers(&response.headers, mask),
                    body: body(&response.body, mask),
                },
                Err(error) => AnswerReport::Error { error: mask.text(error) },
            },
        }
    }
}

/// Whom a `curl` line is addressed to.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The subject's root, quoted for a shell, or a variable that stands for it.
    pub address: String,
    /// Whether requests of a leg are ours, to the subject.
    pub sent: fn(Leg) -> bool,
}

/// Our request behind a finding, as a `curl` line with keys in variables.
pub(super) fn curl(
    finding: &Finding,
    exchanges: &[Arc<Exchange>],
    addressee: &Addressee,
    mask: &Mask,
) -> Option<String> {
    let seen = finding.evidence.as_ref()?;
    let ours = |exchange: &&Arc<Exchange>| (addressee.sent)(exchange.leg);
    let request = if ours(&seen) {
        &seen.request
    } else {
        // What others saw followed from the latest submit that began before it.
        let mut before = exchanges.iter().filter(ours).filter(|one| one.at <= seen.at);
        &before.rfind(|one| one.request.method == "POST")?.request
    };
    let address = &addressee.address;
    let mut line = format!("curl -sS -X {} {address}{}", request.method, quoted(&request.target));
    for (name, value) in request.headers.iter() {
        let _ = write!(line, " -H \"{name}: {}\"", mask.shell(value));
    }
    if !request.body.is_empty() {
        let _ = write!(line, " --data-raw {}", quoted(&String::from_utf8_lossy(&request.body)));
    }
    Some(line)
}

fn headers(headers: &Headers, mask: &Mask) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (mask.text(name), mask.header(name, value))).collect()
}

fn body(bytes: &[u8], mask: &Mask) -> Option<BodyReport> {
    if bytes.is_empty() {
        return None;
    }
    let kept = &bytes[..mask.cut(bytes, BODY_KEPT)];
    let truncated = (kept.len() < bytes.len()).then_some(bytes.len());
    // A cut may fall inside a character; that alone does not make a body binary.
    let text = match std::str::from_utf8(kept) {
        Ok(text) => Some(text),
        Err(error) if truncated.is_some() && error.error_len().is_none() => {
            std::str::from_utf8(&kept[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    Some(match text {
        Some(text) => BodyReport { text: Some(mask.text(text)), base64: None, truncated },
        // Secrets inside binary bodies are hidden too, by their readable parts.
        None => BodyReport { text: None, base64: Some(BASE64.encode(&mask.bytes(kept))), truncated },
    })
}
