//! The signature schemes of callbacks, over bytes, with time as an argument.
//!
//! Pure functions: making and checking signatures and nothing else. Sources: Kling
//! <https://kling.ai/document-api/api/get-started/callbacks> (Standard Webhooks, since 2026-08-07),
//! Vidu <https://platform.vidu.com/docs/callback-signature>; both read 2026-11-24.

use std::fmt::Write as _;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use sha2::Sha256;

use crate::wire::{Headers, Secret};

/// How far a `webhook-timestamp` may be from the receiver's clock, in seconds (Kling: 5 minutes).
pub const STANDARD_WEBHOOKS_TOLERANCE: i64 = 300;

/// Why a signature cannot be made or does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The secret is not `whsec_` and base64.
    #[error("the secret is not whsec_ followed by base64")]
    Secret,
    /// A required header field is missing.
    #[error("a signature header is missing")]
    Missing,
    /// A header field cannot be read.
    #[error("a signature header is malformed")]
    Malformed,
    /// The timestamp is outside the tolerance.
    #[error("the timestamp is outside the tolerance")]
    Stale,
    /// No signature matches.
    #[error("no signature matches")]
    Mismatch,
}

/// Whether a secret can sign Standard Webhooks: `whsec_` and base64.
pub fn is_webhook_secret(secret: &Secret) -> bool {
    webhook_key(secret).is_some_and(|key| !key.is_empty())
}

/// One Standard Webhooks signature, `v1,<base64>`, over `"{id}.{seconds}.{body}"`.
pub fn standard_webhooks(
    secret: &Secret,
    id: &str,
    seconds: i64,
    body: &[u8],
) -> Result<String, SignatureError> {
    let mac = standard_webhooks_mac(secret, id, seconds, body)?;
    Ok(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
}

/// Checks the Standard Webhooks header fields of a request against any of `secrets`.
pub fn verify_standard_webhooks(
    secrets: &[Secret],
    headers: &Headers,
    body: &[u8],
    now: Timestamp,
) -> Result<(), SignatureError> {
    let field = |name| headers.get(name).ok_or(SignatureError::Missing);
    let (id, sent, signatures) =
        (field("webhook-id")?, field("webhook-timestamp")?, field("webhook-signature")?);
    let seconds: i64 = sent.parse().map_err(|_| SignatureError::Malformed)?;
    if now.as_second().abs_diff(seconds) > STANDARD_WEBHOOKS_TOLERANCE.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    let offered: Vec<Vec<u8>> = signatures
        .split(' ')
        .filter_map(|part| part.strip_prefix("v1,"))
        .filter_map(|part| BASE64.decode(part.as_bytes()).ok())
        .collect();
    if offered.is_empty() {
        return Err(SignatureError::Malformed);
    }
    for secret in secrets {
        let mac = standard_webhooks_mac(secret, id, seconds, body)?;
        if offered.iter().any(|offer| mac.clone().verify_slice(offer).is_ok()) {
            return Ok(());
        }
    }
    Err(SignatureError::Mismatch)
}

/// The text Vidu signs. `path` and `query` are the URL's as a standard parser gives them, never
/// sorted or decoded; `signed` are the listed headers in order. It ends in a newline.
pub fn vidu_signing_string(
    method: &str,
    path: &str,
    query: &str,
    date: &str,
    signed: &[(&str, &str)],
) -> String {
    let path = if path.is_empty() { "/" } else { path };
    let mut text = format!("{method}\n{path}\n{query}\nvidu\n{date}\n");
    for (name, value) in signed {
        let _ = writeln!(text, "{name}:{value}");
    }
    text
}

/// Vidu's signature of a signing string, base64.
pub fn vidu(key: &Secret, signing_string: &str) -> String {
    let mac = keyed(key.expose().as_bytes()).chain_update(signing_string.as_bytes());
    BASE64.encode(&mac.finalize().into_bytes())
}

/// Checks Vidu's header fields of a request. The body is not covered by this scheme, and no
/// freshness window is documented, so none is applied.
pub fn verify_vidu(
    key: &Secret,
    method: &str,
    target: &str,
    headers: &Headers,
) -> Result<(), SignatureError> {
    let field = |name| headers.get(name).ok_or(SignatureError::Missing);
    let date = field("date")?;
    let names = field("x-hmac-signed-headers")?;
    let offered =
        BASE64.decode(field("x-hmac-signature")?.as_bytes()).map_err(|_| SignatureError::Malformed)?;
    if field("x-hmac-algorithm")? != "hmac-sha256" || field("x-hmac-access-key")? != "vidu" {
        return Err(SignatureError::Malformed);
    }
    let signed: Vec<(&str, &str)> =
        names.split(';').map(|name| Ok((name, field(name)?))).collect::<Result<_, SignatureError>>()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let text = vidu_signing_string(method, path, query, date, &signed);
    keyed(key.expose().as_bytes())
        .chain_update(text.as_bytes())
        .verify_slice(&offered)
        .map_err(|_| SignatureError::Mismatch)
}

/// A time as an HTTP `Date` value, `Tue, 06 May 2025 12:09:42 GMT`.
pub fn http_date(now: Timestamp) -> String {
    // Fails before the year 0 only.
    DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default()
}

/// The bytes of HMAC-SHA256 over `text`, which both schemes are made of: for signatures that are wrong on
/// purpose.
pub fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    keyed(key).chain_update(text).finalize().into_bytes().to_vec()
}

/// The key in a Standard Webhooks secret; none if it is not `whsec_` and base64.
pub fn webhook_key(secret: &Secret) -> Option<Vec<u8>> {
    let text = secret.expose().strip_prefix("whsec_")?;
    BASE64.decode(text.as_bytes()).ok()
}

fn standard_webhooks_mac(
    secret: &Secret,
    id: &str,
    seconds: i64,
    body: &[u8],
) -> Result<Hmac<Sha256>, SignatureError> {
    let key = webhook_key(secret).ok_or(SignatureError::Secret)?;
    let head = format!("{id}.{seconds}.");
    Ok(keyed(&key).chain_update(head.as_bytes()).chain_update(body))
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}
