//! Whether a delivery is genuine. Pure: the clock is in the delivery.
//!
//! What a signature is, is `signature` of the mocks; here is only which deliveries a receiver believes.

use ringback_mocks::signature;
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::{Response, Secret};
use serde_json::json;

use super::delivery::{Arrival, Delivery};
use super::machine::ReceiverMachine;
use super::reaction::Reaction;

/// Secrets of the vendors that sign.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// `whsec_…` of Kling's console; several while one replaces another.
    pub kling: Vec<Secret>,
    /// The Vidu API key that creates tasks.
    pub vidu: Secret,
}

/// Whether a vendor signs its callbacks.
pub(crate) fn signs(vendor: Vendor) -> bool {
    vendor.main_dialect().callbacks.signing != Signing::Unsigned
}

/// Whether the signature of a delivery holds, where its vendor signs.
pub(crate) fn is_genuine(machine: &ReceiverMachine, delivery: Delivery) -> bool {
    match delivery.vendor.main_dialect().callbacks.signing {
        Signing::Unsigned => true,
        Signing::StandardWebhooks => machine.stages.standard_webhooks.run(machine, delivery),
        Signing::ViduHmac => machine.stages.vidu_hmac.run(machine, delivery),
    }
}

/// Whether a delivery is signed as Kling does, with one of the secrets.
pub(crate) fn standard_webhooks(machine: &ReceiverMachine, delivery: Delivery) -> bool {
    let Delivery { request, now, .. } = delivery;
    // The bytes as received: the same document in other bytes has another signature.
    signature::verify_standard_webhooks(&machine.secrets.kling, &request.headers, &request.body, now).is_ok()
}

/// Whether a delivery is signed as Vidu does.
pub(crate) fn vidu_hmac(machine: &ReceiverMachine, delivery: Delivery) -> bool {
    let request = delivery.request;
    signature::verify_vidu(&machine.secrets.vidu, &request.method, &request.target, &request.headers).is_ok()
}

/// The answer to a signature that does not hold. Nothing happens.
pub(crate) fn refuse(_: &ReceiverMachine, _: Delivery) -> Reaction {
    Response::json(401, &json!({"error": "the signature does not hold"})).into()
}

/// Lets a delivery in, unless it has a secret in its URL and no job was started with that.
pub(crate) fn recognise(_: &ReceiverMachine, delivery: Delivery) -> Result<Delivery, Response> {
    if delivery.secret.is_some() && delivery.started.is_none() {
        return Err(Response::text(404, "no such hook"));
    }
    Ok(delivery)
}

/// Whether an event needs no confirmation: it is signed, or came to a URL that only its vendor was told.
pub(crate) fn is_believed(_: &ReceiverMachine, arrival: Arrival) -> bool {
    arrival.delivery.is_some_and(|delivery| signs(delivery.vendor) || delivery.secret.is_some())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use ringback_mocks::wire::Request;
    use serde_json::Value;

    use super::super::machine::ReceiverMachine;
    use super::super::service::{Pace, ReceiverSetup};
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

    fn holds(vendor: Vendor, secrets: &Secrets, request: &Request, now: Timestamp) -> bool {
        let (gateway, key, pace) = (String::new(), Secret::new("sk"), Pace::default());
        let (mutants, variants) = (Vec::new(), Vec::new());
        let setup = ReceiverSetup { secrets: secrets.clone(), gateway, key, mutants, variants, pace };
        let machine = ReceiverMachine::new(&setup, String::new()).expect("nothing excludes nothing");
        let request = request.clone();
        is_genuine(&machine, Delivery { vendor, request, now, secret: None, started: None })
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
            assert!(holds(kling, &secrets, &signed, now), "{}", vector["name"]);
            let other = Request { body: format!("{body} ").into(), ..signed.clone() };
            assert!(!holds(kling, &secrets, &other, now));
            let late = Timestamp::from_second(seconds + 301).expect("a time");
            assert!(!holds(kling, &secrets, &signed, late));
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
            Request::post(format!("{path}?{query}").trim_end_matches('?'), &Value::Null)
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
            assert!(holds(vidu, &secrets, &signed, now), "{}", vector["name"]);
        }
        for bad in file["bad_for_official_example"].as_array().expect("vectors") {
            let (string, listed) = (text(&good[0], "signing_string"), text(&good[0], "signed_headers"));
            let signed = request(string, listed, text(bad, "signature"));
            assert!(!holds(vidu, &secrets, &signed, now), "{}", bad["name"]);
        }
    }
}
