//! One received callback, examined: whose it is, whether its signature holds, whether its body is
//! what that vendor sends. Bytes and time in, a receipt out; receiving is the command line's.

use jiff::Timestamp;
use ringback_mocks::signature::{self, SignatureError};
use ringback_mocks::vendor::{Dialect, Document, Signing, Vendor};
use ringback_mocks::wire::{Request, Secret};
use serde_json::Value;

use crate::schema::{self, Violation};

/// What a callback turned out to be.
#[derive(Debug)]
pub struct CallbackInspection {
    /// The dialect it is most like.
    pub dialect: Option<&'static Dialect>,
    /// The id of the task.
    pub task: Option<String>,
    /// The state word.
    pub state: Option<String>,
    /// The signature.
    pub signature: Signature,
    /// How the body differs from the dialect's schema.
    pub violations: Vec<Violation>,
    /// The value to echo, if this is MiniMax's challenge.
    pub challenge: Option<Value>,
}

/// What became of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It was checked and holds.
    Verified,
    /// It was checked and does not hold.
    Wrong(SignatureError),
    /// There is one, and no secret to check it with; the variable that would hold it.
    Unchecked(String),
    /// There is none, and the vendor sends none.
    None,
    /// There is none, although the vendor signs.
    Missing,
}

impl Signature {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Verified => "signature holds".to_owned(),
            Self::Wrong(error) => format!("SIGNATURE DOES NOT HOLD: {error}"),
            Self::Unchecked(variable) => format!("signature not checked: set {variable}"),
            Self::None => "unsigned, as this vendor sends it".to_owned(),
            Self::Missing => "no signature".to_owned(),
        }
    }
}

impl CallbackInspection {
    /// Whether something about it is wrong.
    pub fn is_bad(&self) -> bool {
        matches!(self.signature, Signature::Wrong(_))
            || !self.violations.is_empty()
            || (self.dialect.is_none() && self.challenge.is_none())
    }
}

/// Examines a callback. `secrets` gives those of a vendor, none where there are none.
pub fn examine(
    request: &Request,
    secrets: impl Fn(Vendor) -> Vec<Secret>,
    now: Timestamp,
) -> CallbackInspection {
    let body = request.json();
    let challenge = body.as_ref().and_then(challenge_in);
    let guess =
        if challenge.is_some() { None } else { body.as_ref().and_then(|body| recognise(request, body)) };
    let record = |body: &Value| body.get("task").cloned().unwrap_or_else(|| body.clone());
    let text = |names: &[&str]| {
        let record = record(body.as_ref()?);
        names.iter().find_map(|name| record[*name].as_str().map(str::to_owned))
    };
    let (task, state) = (text(&["task_id", "id"]), text(&["task_status", "status", "state"]));
    match guess {
        Some((vendor, dialect, violations)) => CallbackInspection {
            dialect: Some(dialect),
            task,
            state,
            signature: signed(request, vendor, dialect, &secrets(vendor), now),
            violations,
            challenge,
        },
        None => CallbackInspection {
            dialect: None,
            task,
            state,
            signature: Signature::None,
            violations: Vec::new(),
            challenge,
        },
    }
}

/// A body that holds a challenge and nothing else.
fn challenge_in(body: &Value) -> Option<Value> {
    let object = body.as_object().filter(|object| object.len() == 1)?;
    object.get("challenge").cloned()
}

/// The dialect that knows most of the body's keys, and among equals the one whose schema it violates
/// least; a vendor's name in the path keeps it to that vendor.
fn recognise(request: &Request, body: &Value) -> Option<(Vendor, &'static Dialect, Vec<Violation>)> {
    let named = Vendor::all().find(|vendor| request.path().split('/').any(|part| part == vendor.name()));
    let keys: Vec<&str> = body.as_object()?.keys().map(String::as_str).collect();
    let guesses = Vendor::all()
        .filter(|vendor| named.is_none_or(|named| named == *vendor))
        .flat_map(|vendor| vendor.dialects().iter().map(move |dialect| (vendor, *dialect)))
        .filter_map(|(vendor, dialect)| {
            let known = schema::document_fields(dialect, Document::Callback)?;
            let foreign = keys.iter().filter(|key| !known.contains(**key)).count();
            let violations = schema::document_violations(dialect, Document::Callback, body)?;
            Some((foreign, vendor, dialect, violations))
        });
    let (foreign, vendor, dialect, violations) =
        guesses.min_by_key(|(foreign, .., violations)| (*foreign, violations.len()))?;
    // A body of mostly foreign keys is nobody's, unless the path says whose.
    (named.is_some() || foreign * 2 < keys.len()).then_some((vendor, dialect, violations))
}

fn signed(
    request: &Request,
    vendor: Vendor,
    dialect: &Dialect,
    secrets: &[Secret],
    now: Timestamp,
) -> Signature {
    let (header, variable) = match dialect.callbacks.signing {
        Signing::Unsigned => return Signature::None,
        Signing::StandardWebhooks => ("webhook-signature", vendor.variable("SECRET")),
        Signing::ViduHmac => ("x-hmac-signature", vendor.variable("SECRET")),
    };
    match (request.headers.get(header), secrets) {
        (None, []) => Signature::Missing,
        (None, _) => Signature::Wrong(SignatureError::Missing),
        (Some(_), []) => Signature::Unchecked(variable),
        (Some(_), secrets) => {
            let held = match dialect.callbacks.signing {
                Signing::ViduHmac => secrets
                    .iter()
                    .map(|key| {
                        signature::verify_vidu(key, &request.method, &request.target, &request.headers)
                    })
                    .find(Result::is_ok)
                    .unwrap_or(Err(SignatureError::Mismatch)),
                _ => signature::verify_standard_webhooks(secrets, &request.headers, &request.body, now),
            };
            held.map_or_else(Signature::Wrong, |()| Signature::Verified)
        }
    }
}
