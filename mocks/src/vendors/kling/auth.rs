//! Who may call Kling: an API key, or, at the legacy generation, a token signed with a key pair.
//!
//! Source: <https://kling.ai/document-api/api/get-started/authentication>. The claims of the vendor's
//! own samples are `iss`, `exp` and `nbf`; real clients add `iat`, so others are let pass.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

use super::Fault;
use crate::api::Call;
use crate::dialect::{AuthScheme, Evidence, Takes, VendorOption};
use crate::wire::Secret;

/// The options of signed tokens.
pub(super) const TOLERANCE: VendorOption = VendorOption::row(
    "jwt-tolerance",
    "how far `exp` and `nbf` of a token may be off the server's clock",
    Takes::Time,
    "0s",
    Evidence::Assumed,
    super::AUTHENTICATION_PAGE,
);
pub(super) const NEEDS_EXPIRY: VendorOption = VendorOption::row(
    "jwt-needs-exp",
    "whether a token without `exp` is invalid",
    Takes::Switch,
    "on",
    Evidence::Assumed,
    "every sample of the authentication page has the claim; nothing says what happens without it",
);

/// What the new generation says to any key it does not take, a signed token among them (observed).
const NO_PAIRS: &str = "Authentication error. The current API does not support AK/SK; please go to the console \
     (https://kling.ai/dev/api-key) to create API key.";

/// Who calls an API that takes keys and signed tokens.
pub(super) fn key_or_token(call: &Call<'_>) -> Result<Secret, Fault> {
    let key = bearer(call)?.ok_or_else(|| row("unauthorized", "Authorization is invalid"))?;
    let (settings, parts) = (call.settings, key.split('.').count());
    if settings.api_keys.iter().any(|known| known.expose() == key) {
        return Ok(Secret::new(key));
    }
    let checked = parts == 3 && !(settings.access_keys.is_empty() && settings.api_keys.is_empty());
    if checked {
        let tolerance = settings.options.time(call.dialect, TOLERANCE.name).as_secs_f64();
        let needs_expiry = settings.options.is_on(call.dialect, NEEDS_EXPIRY.name);
        verify(key, &settings.access_keys, call.now, tolerance, needs_expiry)?;
    } else if !settings.api_keys.is_empty() {
        // Observed for a key without dots; the other counts are those of the library that says so.
        let got = match parts {
            1 => "0",
            2 => "2",
            _ => "> 3",
        };
        return Err(("unauthorized", format!("The token was expected to have 3 parts, but got {got}")));
    }
    Ok(Secret::new(key))
}

/// Who calls an API that takes keys only.
pub(super) fn key_only(call: &Call<'_>) -> Result<Secret, Fault> {
    let key = bearer(call)?.ok_or_else(|| row("unauthorized", NO_PAIRS))?;
    let settings = call.settings;
    let known = settings.api_keys.iter().any(|known| known.expose() == key);
    if known || (settings.api_keys.is_empty() && key.split('.').count() != 3) {
        return Ok(Secret::new(key));
    }
    Err(row("unauthorized", NO_PAIRS))
}

/// The token after `Bearer `; `None` if the field has another form.
fn bearer<'c>(call: &Call<'c>) -> Result<Option<&'c str>, Fault> {
    match call.request.headers.get("authorization").map(str::trim) {
        None | Some("") => Err(row("authorization-empty", "Authorization is empty")),
        Some(value) => Ok(AuthScheme::Bearer.key(value)),
    }
}

fn row(name: &'static str, message: &str) -> Fault {
    (name, message.to_owned())
}

/// Checks a token of three parts: form, then signature, then times.
fn verify(
    token: &str,
    pairs: &[(String, Secret)],
    now: Timestamp,
    tolerance: f64,
    needs_expiry: bool,
) -> Result<(), Fault> {
    let malformed = || row("unauthorized", "Authorization is invalid");
    let unknown = || row("authentication", "Authentication failed");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    let object = |part: &str| {
        let value: Value = serde_json::from_slice(&decode(part)?).ok()?;
        value.is_object().then_some(value)
    };
    let header = object(header).ok_or_else(malformed)?;
    let claims = object(claims).ok_or_else(malformed)?;
    let signature = decode(signature).ok_or_else(malformed)?;
    if header["alg"] != "HS256" {
        return Err(malformed());
    }
    let issuer = claims["iss"].as_str().ok_or_else(unknown)?;
    let (_, secret) = pairs.iter().find(|(access, _)| access == issuer).ok_or_else(unknown)?;
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .map_err(|_| unknown())?
        .chain_update(signed);
    mac.verify_slice(&signature).map_err(|_| unknown())?;
    // Clients also send fractions of a second.
    let seconds = |claim: &str| match &claims[claim] {
        Value::Null => Ok(None),
        value => value.as_f64().map(Some).ok_or_else(malformed),
    };
    let now = now.as_duration().as_secs_f64();
    if seconds("nbf")?.is_some_and(|since| since > now + tolerance) {
        return Err(row("authorization-early", "Authorization is not yet valid"));
    }
    match seconds("exp")? {
        Some(until) if until < now - tolerance => {
            Err(row("authorization-expired", "Authorization has expired"))
        }
        None if needs_expiry => Err(malformed()),
        _ => Ok(()),
    }
}
