//! Whether a signature holds, with every way to get that wrong. Pure: the clock is an argument.
//!
//! What a signature is, is `signature`; here is only which requests a receiver accepts.

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;

use super::defect::Defect;
use ringback_mocks::signature;
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::{Headers, Request, Secret, unescaped};

/// Secrets of the vendors that sign.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// `whsec_…` of Kling's console; several while one replaces another.
    pub kling: Vec<Secret>,
    /// The Vidu API key that creates tasks.
    pub vidu: Secret,
}

/// The tolerance of the defect that has a tight one, in seconds.
const TIGHT: i64 = 60;
/// How far ahead a timestamp may be at the receiver that wants none ahead, in seconds.
const AHEAD: i64 = 30;

/// Whether a vendor signs its callbacks.
pub(super) fn signs(vendor: Vendor) -> bool {
    vendor.main_dialect().callbacks.signing != Signing::Unsigned
}

/// Whether the signature of a request holds.
pub(super) fn holds(
    vendor: Vendor,
    secrets: &Secrets,
    request: &Request,
    now: Timestamp,
    defect: Option<Defect>,
) -> bool {
    match vendor.main_dialect().callbacks.signing {
        Signing::Unsigned => true,
        Signing::StandardWebhooks => {
            let Some(secret) = secrets.kling.last() else { return false };
            (standard_webhooks(&secrets.kling, request, now, defect))
                || defect.is_some_and(|defect| kling_excuse(secret, request, now, defect))
        }
        Signing::ViduHmac => {
            vidu(&secrets.vidu, request, defect)
                || defect.is_some_and(|defect| vidu_excuse(&secrets.vidu, request, now, defect))
        }
    }
}

/// Standard Webhooks as it should be, but for what a defect refuses.
fn standard_webhooks(secrets: &[Secret], request: &Request, now: Timestamp, defect: Option<Defect>) -> bool {
    let headers = &request.headers;
    let seconds: Option<i64> = headers.get("webhook-timestamp").and_then(|text| text.parse().ok());
    let apart = seconds.map(|seconds| seconds.saturating_sub(now.as_second()));
    let signatures = headers.get("webhook-signature").unwrap_or_default();
    let mut body = request.body.to_vec();
    let mut used = headers.clone();
    match defect {
        Some(Defect::Reserialises) => body = compact(&body),
        Some(Defect::TrimsBody) => body = body.trim_ascii().to_vec(),
        Some(Defect::NumericWebhookId)
            if !headers.get("webhook-id").unwrap_or_default().bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            return false;
        }
        Some(Defect::VersionsRefused) if !signatures.split(' ').all(|part| part.starts_with("v1,")) => {
            return false;
        }
        Some(Defect::ToleranceTight) if apart.is_some_and(|apart| apart.abs() > TIGHT) => return false,
        Some(Defect::FutureRefused) if apart.is_some_and(|apart| apart > AHEAD) => return false,
        Some(Defect::FirstSignatureOnly) => {
            used = with(headers, "webhook-signature", signatures.split(' ').next().unwrap_or_default());
        }
        Some(Defect::LastSignatureOnly) => {
            used = with(headers, "webhook-signature", signatures.rsplit(' ').next().unwrap_or_default());
        }
        _ => {}
    }
    signature::verify_standard_webhooks(secrets, &used, &body, now).is_ok()
}

/// What a defect takes for a signature of Kling's.
fn kling_excuse(secret: &Secret, request: &Request, now: Timestamp, defect: Defect) -> bool {
    let headers = &request.headers;
    let (id, time) = (headers.get("webhook-id"), headers.get("webhook-timestamp"));
    let Some(offered) = headers.get("webhook-signature") else {
        return without_signature(secret, request, defect)
            || (defect == Defect::SchemesMixed
                && signature::verify_vidu(secret, &request.method, &request.target, headers).is_ok());
    };
    match defect {
        Defect::MissingTimestampAccepted => return time.is_none() && id.is_some(),
        Defect::MissingIdAccepted => return id.is_none() && time.is_some(),
        _ => {}
    }
    let (Some(id), Some(seconds)) = (id, time.and_then(|time| time.parse::<i64>().ok())) else {
        return false;
    };
    let right = |key: &Secret, body: &[u8]| {
        signature::standard_webhooks(key, id, seconds, body)
            .is_ok_and(|made| offered.split(' ').any(|part| part == made))
    };
    let apart = seconds.saturating_sub(now.as_second());
    match defect {
        Defect::StaleAccepted if apart < 0 => return right(secret, &request.body),
        Defect::FutureAccepted if apart > 0 => return right(secret, &request.body),
        _ => {}
    }
    if apart.abs() > signature::STANDARD_WEBHOOKS_TOLERANCE {
        return false;
    }
    let Ok(made) = signature::standard_webhooks(secret, id, seconds, &request.body) else { return false };
    let made = made.trim_start_matches("v1,");
    let text = offered.strip_prefix("v1,").unwrap_or_default();
    match defect {
        Defect::BareAccepted => offered == made,
        Defect::VersionIgnored => offered.split_once(',').is_some_and(|(_, text)| text == made),
        Defect::UndecodedKeyAccepted => {
            let whole = secret.expose();
            let part = whole.trim_start_matches("whsec_");
            [whole, part].iter().any(|key| right(&webhook_secret(key.as_bytes()), &request.body))
        }
        Defect::EmptyKeyAccepted => right(&webhook_secret(b""), &request.body),
        Defect::ReserialisedAccepted => right(secret, &compact(&request.body)),
        Defect::EmptySignatureAccepted => matches!(offered, "" | "v1," | "v1"),
        _ => excused_form(text, made, defect),
    }
}

/// Vidu's scheme as it should be, but for what a defect refuses.
fn vidu(key: &Secret, request: &Request, defect: Option<Defect>) -> bool {
    let headers = &request.headers;
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let listed = headers.get("x-hmac-signed-headers").unwrap_or_default();
    let mut used = headers.clone();
    let mut target = request.target.clone();
    match defect {
        Some(Defect::QuerySorted) => target = joined(path, &sorted(query)),
        Some(Defect::QueryDecoded) => target = joined(path, &unescaped(query)),
        Some(Defect::QueryDropped) => path.clone_into(&mut target),
        Some(Defect::HeaderOrderFixed) if !listed.is_empty() => {
            used = with(headers, "x-hmac-signed-headers", "Date;x-request-nonce");
        }
        Some(Defect::ExtraHeaderRefused) if listed.split(';').count() > 2 => return false,
        Some(Defect::NonceMustBeUuid)
            if headers.get("x-request-nonce").is_none_or(|text| text.len() != 36) =>
        {
            return false;
        }
        _ => {}
    }
    signature::verify_vidu(key, &request.method, &target, &used).is_ok()
}

/// What a defect takes for a signature of Vidu's.
fn vidu_excuse(key: &Secret, request: &Request, now: Timestamp, defect: Defect) -> bool {
    let headers = &request.headers;
    let Some(offered) = headers.get("x-hmac-signature") else {
        let as_webhook = || {
            let key = webhook_secret(key.expose().as_bytes());
            signature::verify_standard_webhooks(&[key], headers, &request.body, now).is_ok()
        };
        return without_signature(key, request, defect) || (defect == Defect::SchemesMixed && as_webhook());
    };
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let verified = |method: &str, target: &str, headers: &Headers| {
        signature::verify_vidu(key, method, target, headers).is_ok()
    };
    let same = |headers: &Headers| verified(&request.method, &request.target, headers);
    match defect {
        Defect::MissingAlgorithmAccepted => {
            return headers.get("x-hmac-algorithm").is_none()
                && same(&with(headers, "x-hmac-algorithm", "hmac-sha256"));
        }
        Defect::AlgorithmIgnored => {
            return headers.get("x-hmac-algorithm").is_some()
                && same(&with(headers, "x-hmac-algorithm", "hmac-sha256"));
        }
        Defect::QueryUnsigned => return verified(&request.method, path, headers),
        Defect::SortedQueryAccepted => {
            return verified(&request.method, &joined(path, &sorted(query)), headers);
        }
        Defect::DecodedQueryAccepted => {
            return verified(&request.method, &joined(path, &unescaped(query)), headers);
        }
        Defect::MethodUnsigned => {
            let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
            return methods.iter().any(|method| verified(method, &request.target, headers));
        }
        Defect::PathUnsigned => {
            return ["/", "/vidu/callback"]
                .iter()
                .any(|path| verified(&request.method, &joined(path, query), headers));
        }
        Defect::EmptyKeyAccepted => {
            let key = Secret::new("");
            return signature::verify_vidu(&key, &request.method, &request.target, headers).is_ok();
        }
        _ => {}
    }
    let field = |name: &str| headers.get(name).unwrap_or_default();
    let (date, listed) = (field("date"), field("x-hmac-signed-headers"));
    let access = field("x-hmac-access-key");
    let pairs: Vec<(&str, &str)> = listed.split(';').map(|name| (name, field(name))).collect();
    let lower = listed.to_ascii_lowercase();
    let lower_pairs: Vec<(&str, &str)> = lower.split(';').map(|name| (name, field(name))).collect();
    let string = signature::vidu_signing_string(&request.method, path, query, date, &pairs);
    let made = signature::vidu(key, &string);
    let named = [date, listed].iter().all(|text| !text.is_empty())
        && pairs.iter().all(|(_, value)| !value.is_empty())
        && field("x-hmac-algorithm") == "hmac-sha256";
    match defect {
        Defect::AccessKeyIgnored => {
            let other = string.replacen("\nvidu\n", &format!("\n{access}\n"), 1);
            named && !access.is_empty() && (offered == made || offered == signature::vidu(key, &other))
        }
        _ if !named || access != "vidu" => false,
        Defect::NewlineOptional => offered == signature::vidu(key, string.trim_end_matches('\n')),
        Defect::LowerCaseNamesAccepted => {
            let string = signature::vidu_signing_string(&request.method, path, query, date, &lower_pairs);
            offered == signature::vidu(key, &string)
        }
        Defect::EmptySignatureAccepted => offered.is_empty(),
        _ => excused_form(offered, &made, defect),
    }
}

/// What counts instead of a signature when there is none.
fn without_signature(secret: &Secret, request: &Request, defect: Defect) -> bool {
    let bearer = request.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match defect {
        Defect::UnsignedAccepted => true,
        Defect::JwtAccepted => bearer.is_some_and(|token| token.split('.').count() == 3),
        Defect::BearerSecretAccepted => bearer == Some(secret.expose()),
        _ => false,
    }
}

/// Whether a defect takes `offered` for the base64 text `made`.
fn excused_form(offered: &str, made: &str, defect: Defect) -> bool {
    let mac = BASE64.decode(made.as_bytes()).unwrap_or_default();
    match defect {
        Defect::PrefixCompared => !offered.is_empty() && made.starts_with(offered),
        Defect::CaseIgnored => offered.eq_ignore_ascii_case(made),
        Defect::HexAccepted => offered.eq_ignore_ascii_case(&HEXLOWER.encode(&mac)),
        Defect::MacUnchecked => {
            let long_enough = BASE64.decode(offered.as_bytes()).is_ok_and(|bytes| bytes.len() == mac.len());
            // A signature without capitals is none that anybody made.
            long_enough && offered.bytes().any(|byte| byte.is_ascii_uppercase())
        }
        _ => false,
    }
}

fn webhook_secret(key: &[u8]) -> Secret {
    Secret::new(format!("whsec_{}", BASE64.encode(key)))
}

/// The fields with one of them replaced.
fn with(headers: &Headers, name: &str, value: &str) -> Headers {
    let mut changed: Headers =
        headers.iter().filter(|(field, _)| !field.eq_ignore_ascii_case(name)).collect();
    changed.push(name, value);
    changed
}

/// A body as this program would write it.
fn compact(body: &[u8]) -> Vec<u8> {
    let document = serde_json::from_slice::<serde_json::Value>(body);
    document.and_then(|document| serde_json::to_vec(&document)).unwrap_or_else(|_| body.to_vec())
}

fn joined(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn sorted(query: &str) -> String {
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.sort_unstable();
    parts.join("&")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors(text: &str) -> Value {
        serde_json::from_str(text).expect("the vectors are JSON")
    }

    fn text<'v>(value: &'v Value, name: &str) -> &'v str {
        value[name].as_str().expect("a text")
    }

    fn secrets(kling: &str, vidu: &str) -> Secrets {
        Secrets { kling: vec![Secret::new(kling)], vidu: Secret::new(vidu) }
    }

    #[test]
    fn the_published_kling_vectors_hold_and_no_other_body_does() {
        let file = vectors(ringback_schemas::file("vectors/kling.json"));
        let kling = Vendor::named("kling").expect("it is registered");
        for vector in file["good"].as_array().expect("vectors") {
            let seconds = vector["timestamp"].as_i64().expect("a time");
            let now = Timestamp::from_second(seconds + 7).expect("a time");
            let body = text(vector, "body").to_owned();
            let signed = Request { body: body.clone().into(), ..Request::post("/hooks/kling", &Value::Null) }
                .header("webhook-id", text(vector, "id"))
                .header("webhook-timestamp", seconds.to_string())
                .header("webhook-signature", text(vector, "signature"));
            let secrets = secrets(text(vector, "secret"), "");
            assert!(holds(kling, &secrets, &signed, now, None), "{}", vector["name"]);
            let other = Request { body: format!("{body} ").into(), ..signed.clone() };
            assert!(!holds(kling, &secrets, &other, now, None));
            let late = Timestamp::from_second(seconds + 301).expect("a time");
            assert!(!holds(kling, &secrets, &signed, late, None));
        }
    }

    #[test]
    fn the_published_vidu_vectors_hold_and_the_bad_ones_do_not() {
        let file = vectors(ringback_schemas::file("vectors/vidu.json"));
        let vidu = Vendor::named("vidu").expect("it is registered");
        let secrets = secrets("whsec_", text(&file, "secret"));
        let now = Timestamp::UNIX_EPOCH;
        let request = |string: &str, listed: &str, signature: &str| {
            let mut lines = string.lines().skip(1);
            let (path, query) = (lines.next().expect("a path"), lines.next().expect("a query"));
            Request::post(joined(path, query), &Value::Null)
                .header("date", text(&file, "date"))
                .header("x-request-nonce", text(&file, "nonce"))
                .header("x-hmac-signed-headers", listed)
                .header("x-hmac-algorithm", "hmac-sha256")
                .header("x-hmac-access-key", "vidu")
                .header("x-hmac-signature", signature)
        };
        let good = file["good"].as_array().expect("vectors");
        for vector in good {
            let (string, listed) = (text(vector, "signing_string"), text(vector, "signed_headers"));
            let signed = request(string, listed, text(vector, "signature"));
            assert!(holds(vidu, &secrets, &signed, now, None), "{}", vector["name"]);
        }
        for bad in file["bad_for_official_example"].as_array().expect("vectors") {
            let (string, listed) = (text(&good[0], "signing_string"), text(&good[0], "signed_headers"));
            let signed = request(string, listed, text(bad, "signature"));
            assert!(!holds(vidu, &secrets, &signed, now, None), "{}", bad["name"]);
        }
    }
}
