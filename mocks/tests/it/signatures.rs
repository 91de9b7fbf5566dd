//! Do the signature schemes reproduce the published vectors, and refuse what differs in one thing?

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::dispatcher::DeliveryScheduler;
use ringback_mocks::signature::{
    STANDARD_WEBHOOKS_TOLERANCE, SignatureError, http_date, standard_webhooks, verify_standard_webhooks,
    verify_vidu, vidu, vidu_signing_string,
};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Headers, Request, Secret};
use rstest::rstest;
use serde_json::Value;

const KLING: &str = ringback_schemas::file("vectors/kling.json");
const VIDU: &str = ringback_schemas::file("vectors/vidu.json");

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("the vectors are JSON")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("the vector has {key}"))
}

#[test]
fn the_vendors_standard_webhooks_vector_holds() {
    let file = parsed(KLING);
    for vector in file["good"].as_array().expect("good vectors") {
        let secret = Secret::new(text(vector, "secret"));
        let seconds = vector["timestamp"].as_i64().expect("a timestamp");
        let made = standard_webhooks(&secret, text(vector, "id"), seconds, text(vector, "body").as_bytes());
        assert_eq!(made.as_deref(), Ok(text(vector, "signature")));
    }
}

#[test]
fn every_vidu_vector_holds_and_every_bad_one_differs() {
    let file = parsed(VIDU);
    let key = Secret::new(text(&file, "secret"));
    let good = file["good"].as_array().expect("good vectors");
    for vector in good {
        assert_eq!(
            vidu(&key, text(vector, "signing_string")),
            text(vector, "signature"),
            "{}",
            vector["name"]
        );
    }
    for bad in file["bad_for_official_example"].as_array().expect("bad vectors") {
        assert_ne!(vidu(&key, text(&good[0], "signing_string")), text(bad, "signature"), "{}", bad["name"]);
    }
}

#[rstest]
#[case::official("/vidu/callback", "name=james&age=36", &["Date", "x-request-nonce"], 0)]
#[case::no_query("/vidu/callback", "", &["Date", "x-request-nonce"], 1)]
#[case::empty_path("", "", &["Date", "x-request-nonce"], 2)]
#[case::other_order("/vidu/callback", "name=james&age=36", &["x-request-nonce", "Date"], 3)]
#[case::raw_query("/vidu/callback", "cb=a%2Fb%20c", &["Date", "x-request-nonce"], 4)]
fn the_vidu_signing_string_is_built_as_published(
    #[case] path: &str,
    #[case] query: &str,
    #[case] names: &[&str],
    #[case] vector: usize,
) {
    let file = parsed(VIDU);
    let (date, nonce) = (text(&file, "date"), text(&file, "nonce"));
    let signed: Vec<(&str, &str)> =
        names.iter().map(|name| (*name, if *name == "Date" { date } else { nonce })).collect();
    let built = vidu_signing_string("POST", path, query, date, &signed);
    assert_eq!(built, text(&file["good"][vector], "signing_string"));
}

#[test]
fn an_http_date_is_written_as_in_the_example() {
    let moment: Timestamp = "2025-05-06T12:09:42Z".parse().expect("a time");
    assert_eq!(http_date(moment), "Tue, 06 May 2025 12:09:42 GMT");
}

/// The vendor's vector as a request, each header replaceable.
fn webhook(id: &str, timestamp: &str, signature: Option<&str>) -> Headers {
    let mut headers = Headers::new();
    headers.push("Webhook-Id", id);
    headers.push("Webhook-Timestamp", timestamp);
    if let Some(signature) = signature {
        headers.push("Webhook-Signature", signature);
    }
    headers
}

const SENT: i64 = 1_781_080_794;
const RIGHT: &str = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=";
const WRONG: &str = "v1,AAKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=";
const BODY: &str = r#"{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}"#;
const SECRET: &str = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=";

#[rstest]
#[case::as_published(0, "9876543210", Some(RIGHT), BODY, Ok(()))]
#[case::at_the_edge(STANDARD_WEBHOOKS_TOLERANCE, "9876543210", Some(RIGHT), BODY, Ok(()))]
#[case::stale(STANDARD_WEBHOOKS_TOLERANCE + 1, "9876543210", Some(RIGHT), BODY, Err(SignatureError::Stale))]
#[case::future(-STANDARD_WEBHOOKS_TOLERANCE - 1, "9876543210", Some(RIGHT), BODY, Err(SignatureError::Stale))]
#[case::other_body(0, "9876543210", Some(RIGHT), "{}", Err(SignatureError::Mismatch))]
#[case::other_id(0, "9876543211", Some(RIGHT), BODY, Err(SignatureError::Mismatch))]
#[case::absent(0, "9876543210", None, BODY, Err(SignatureError::Missing))]
#[case::empty(0, "9876543210", Some(""), BODY, Err(SignatureError::Malformed))]
#[case::other_version(
    0,
    "9876543210",
    Some("v2,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="),
    BODY,
    Err(SignatureError::Malformed)
)]
#[case::truncated(0, "9876543210", Some("v1,UsKlJP00XoQyOn41"), BODY, Err(SignatureError::Mismatch))]
#[case::wrong_one(0, "9876543210", Some(WRONG), BODY, Err(SignatureError::Mismatch))]
fn standard_webhooks_are_verified(
    #[case] later: i64,
    #[case] id: &str,
    #[case] signature: Option<&str>,
    #[case] body: &str,
    #[case] expected: Result<(), SignatureError>,
) {
    let now = Timestamp::from_second(SENT + later).expect("in range");
    let headers = webhook(id, &SENT.to_string(), signature);
    let secrets = [Secret::new(SECRET)];
    assert_eq!(verify_standard_webhooks(&secrets, &headers, body.as_bytes(), now), expected);
}

#[test]
fn rotation_needs_one_right_signature_and_one_right_secret() {
    let now = Timestamp::from_second(SENT).expect("in range");
    let headers = webhook("9876543210", &SENT.to_string(), Some(&format!("{WRONG} {RIGHT}")));
    let secrets = [Secret::new("whsec_b3RoZXI="), Secret::new(SECRET)];
    assert_eq!(verify_standard_webhooks(&secrets, &headers, BODY.as_bytes(), now), Ok(()));
    assert_eq!(
        verify_standard_webhooks(&secrets[..1], &headers, BODY.as_bytes(), now),
        Err(SignatureError::Mismatch)
    );
}

/// Vidu's official example as a request.
fn vidu_headers(skip: &str, change: (&str, &str)) -> Headers {
    let all = [
        ("date", "Tue, 06 May 2025 12:09:42 GMT"),
        ("x-request-nonce", "123e4567-e89b-12d3-a456-426614174000"),
        ("x-hmac-signed-headers", "Date;x-request-nonce"),
        ("x-hmac-algorithm", "hmac-sha256"),
        ("x-hmac-access-key", "vidu"),
        ("x-hmac-signature", "FvvEf55v3gpHXf+aUl10dERNKS6OvfpYgELDpU6YDGg="),
    ];
    all.into_iter()
        .filter(|(name, _)| *name != skip)
        .map(|(name, value)| (name, if name == change.0 { change.1 } else { value }))
        .collect()
}

const TARGET: &str = "/vidu/callback?name=james&age=36";

#[rstest]
#[case::as_published("POST", TARGET, "", ("", ""), Ok(()))]
#[case::other_method("PUT", TARGET, "", ("", ""), Err(SignatureError::Mismatch))]
#[case::other_path("POST", "/vidu/callbacks?name=james&age=36", "", ("", ""), Err(SignatureError::Mismatch))]
#[case::sorted_query("POST", "/vidu/callback?age=36&name=james", "", ("", ""), Err(SignatureError::Mismatch))]
#[case::no_nonce("POST", TARGET, "x-request-nonce", ("", ""), Err(SignatureError::Missing))]
#[case::no_signature("POST", TARGET, "x-hmac-signature", ("", ""), Err(SignatureError::Missing))]
#[case::other_date("POST", TARGET, "", ("date", "Tue, 06 May 2025 12:09:43 GMT"), Err(SignatureError::Mismatch))]
#[case::no_algorithm("POST", TARGET, "", ("x-hmac-algorithm", "none"), Err(SignatureError::Malformed))]
#[case::other_access_key("POST", TARGET, "", ("x-hmac-access-key", "vidi"), Err(SignatureError::Malformed))]
#[case::hexadecimal("POST", TARGET, "", ("x-hmac-signature", "16fbc47f"), Err(SignatureError::Mismatch))]
fn vidu_signatures_are_verified(
    #[case] method: &str,
    #[case] target: &str,
    #[case] skip: &str,
    #[case] change: (&str, &str),
    #[case] expected: Result<(), SignatureError>,
) {
    let key = Secret::new("vda_test_secret_0123456789");
    assert_eq!(verify_vidu(&key, method, target, &vidu_headers(skip, change)), expected);
}

#[test]
fn secrets_do_not_print() {
    let request = Request::get("/x").header("authorization", "Bearer sk-canary");
    let printed = format!("{:?} {request:?} {:?}", Secret::new("sk-canary"), request.headers);
    assert!(!printed.contains("canary"), "{printed}");
}

proptest! {
    /// What is signed verifies, and any changed byte of the body does not.
    #[test]
    fn a_flipped_byte_is_noticed(body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let secret = Secret::new(SECRET);
        let signature = standard_webhooks(&secret, "1", SENT, &body).expect("the secret is well formed");
        let headers = webhook("1", &SENT.to_string(), Some(&signature));
        let now = Timestamp::from_second(SENT).expect("in range");
        prop_assert_eq!(verify_standard_webhooks(std::slice::from_ref(&secret), &headers, &body, now), Ok(()));
        let mut other = body.clone();
        let at = at.index(other.len());
        other[at] ^= 1 << bit;
        prop_assert_eq!(verify_standard_webhooks(&[secret], &headers, &other, now), Err(SignatureError::Mismatch));
    }

    /// What the dispatcher signs for Vidu is what a receiver sees of the request, whatever the URL; and
    /// what the receiver sees changed is noticed.
    #[test]
    fn a_vidu_signature_holds_for_any_url(tail in "(/[ -~é猫]{0,20})?(\\?[ -~é猫]{0,20})?", at in any::<prop::sample::Index>()) {
        let secret = Secret::new("vda_key");
        let delivery = Delivery {
            id: "1".to_owned(),
            vendor: Vendor::named("vidu").expect("the registry has it"),
            task: "1".to_owned(),
            state: "success",
            terminal: true,
            url: format!("https://hooks.example.com{tail}"),
            content_type: "application/json",
            body: Bytes::new(),
            signer: Signer::ViduHmac(secret.clone()),
            timeout: Duration::ZERO,
            retries: Vec::new(),
            delivery_faults: None,
        };
        let now = Timestamp::from_second(SENT).expect("in range");
        let mut schedule = DeliveryScheduler::seeded(1);
        schedule.add(delivery, now);
        let sent = schedule.take(now).expect("it is due").outgoing().request;
        prop_assert_eq!(verify_vidu(&secret, "POST", &sent.target, &sent.headers), Ok(()), "{}", sent.target);
        let mut other = sent.target.into_bytes();
        let at = at.index(other.len());
        // A letter for another: a question mark for a letter would move path into query.
        other[at] = if other[at] == b'a' { b'b' } else { b'a' };
        let other = String::from_utf8(other).expect("ASCII");
        prop_assert!(verify_vidu(&secret, "POST", &other, &sent.headers).is_err(), "{}", other);
    }
}
