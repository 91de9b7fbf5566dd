//! Signatures for another implementation to check, and a check of signatures it made.
//!
//! ```text
//! cargo run -q -p ringback-mocks --example sign_samples            # prints samples, one JSON a line
//! cargo run -q -p ringback-mocks --example sign_samples -- --verify  # reads such lines, judges each
//! ```
//!
//! A sample says what is expected of it, `accept` or `reject`; the time is the present, because
//! verifiers refuse what is older than five minutes. `mocks/tests/signature_oracle.py` is the other
//! side.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::dispatcher::DeliveryScheduler;
use ringback_mocks::signature::{verify_standard_webhooks, verify_vidu};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Headers, Request, Secret};
use serde_json::{Value, json};

/// Secrets that sign together, as during a rotation; with padding of every length, and the symbols
/// in which base64 has variants.
const SECRETS: &[&[&str]] = &[
    &["whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="],
    &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    &["whsec_+/+/+/+/+/+/+/+/+/+/+/+/+/+/+w=="],
    &["whsec_b2xkIHNlY3JldA==", "whsec_bmV3IHNlY3JldA=="],
];
const KEYS: &[&str] = &["vda_test_secret_0123456789", "vda_ключ_✓", "k"];
const BODIES: &[&str] = &[
    r#"{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802}"#,
    r#"{"id":"1","prompt":"кот 猫 🐈 é e\u0301","status":"failed"}"#,
    "{ \"spaced\" : [ 1 ,\t2.50, 1e3 ] }\r\n",
    "",
    "\u{0}\u{1}\u{7f}\u{80}\u{7ff}\u{ffff}\u{10ffff} not JSON at all \u{2028}",
    r#"{"url":"https://cdn.example.com/a.mp4?x=1&y=%2F+","nested":{"a":{"b":[null,true,{}]}}}"#,
];
const URLS: &[&str] = &[
    "https://hooks.example.com/vidu/callback?name=james&age=36",
    "https://hooks.example.com",
    "http://hooks.example.com:8080/a%2Fb/%E7%8C%AB?cb=a%2Fb%20c&&empty=&plus=+",
    "https://hooks.example.com/c?",
    "https://hooks.example.com/кот?q=猫",
];
/// What an attempt suffers, and what a verifier must say to it.
const TROUBLES: &[(&str, &str)] = &[
    ("none", "accept"),
    ("truncate=5", "accept"),
    ("stale=4m", "accept"),
    ("future=4m", "accept"),
    ("forged", "reject"),
    ("corrupt", "reject"),
    ("stale=6m", "reject"),
    ("future=6m", "reject"),
];
const VIDU_TROUBLES: &[(&str, &str)] = &[
    ("none", "accept"),
    ("corrupt", "accept"),
    ("nonce=reuse", "accept"),
    ("forged", "reject"),
    ("query=x=1", "reject"),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("--verify") {
        return verify();
    }
    let mut out = io::stdout().lock();
    for sample in samples() {
        writeln!(out, "{sample}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn samples() -> Vec<Value> {
    let mut samples = Vec::new();
    for (at, body) in BODIES.iter().enumerate() {
        for (turn, secrets) in SECRETS.iter().enumerate() {
            let signer = Signer::StandardWebhooks(secrets.iter().copied().map(Secret::new).collect());
            let (trouble, expect) = TROUBLES[(at * SECRETS.len() + turn) % TROUBLES.len()];
            let sent = sent("kling", URLS[0], body, signer, trouble);
            samples.extend(secrets.iter().map(|secret| webhook(secret, &sent, expect)));
        }
    }
    for (at, url) in URLS.iter().enumerate() {
        for (turn, key) in KEYS.iter().enumerate() {
            let (trouble, expect) = VIDU_TROUBLES[(at + turn) % VIDU_TROUBLES.len()];
            let sent = sent("vidu", url, BODIES[at], Signer::ViduHmac(Secret::new(*key)), trouble);
            samples.push(vidu(key, url, &sent, expect));
        }
    }
    samples
}

/// The request that the dispatcher would send at this moment.
fn sent(vendor: &str, url: &str, body: &'static str, signer: Signer, trouble: &str) -> Request {
    let mut schedule = DeliveryScheduler::seeded(fastrand::u64(..));
    let now = Timestamp::now();
    schedule.add(
        Delivery {
            id: "8674665223082153551".to_owned(),
            vendor: Vendor::named(vendor).expect("the registry has it"),
            task: "task-1".to_owned(),
            state: "success",
            terminal: true,
            url: url.to_owned(),
            content_type: "application/json",
            body: Bytes::from_static(body.as_bytes()),
            signer,
            timeout: Duration::ZERO,
            retries: Vec::new(),
            delivery_faults: Some(trouble.parse().map(std::sync::Arc::new).expect("trouble of the table")),
        },
        now,
    );
    schedule.take(now).expect("it is due").outgoing().request
}

fn webhook(secret: &str, sent: &Request, expect: &str) -> Value {
    let field = |name: &str| sent.headers.get(name).unwrap_or_default();
    json!({
        "scheme": "standard-webhooks",
        "secret": secret,
        "id": field("webhook-id"),
        "timestamp": field("webhook-timestamp"),
        "signature": field("webhook-signature"),
        "body": String::from_utf8_lossy(&sent.body),
        "expect": expect,
    })
}

fn vidu(key: &str, url: &str, sent: &Request, expect: &str) -> Value {
    let headers: serde_json::Map<String, Value> =
        sent.headers.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "scheme": "vidu",
        "secret": key,
        "url": url,
        "method": sent.method,
        "target": sent.target,
        "headers": headers,
        "expect": expect,
    })
}

fn verify() -> Result<ExitCode, Box<dyn Error>> {
    let (mut judged, mut wrong) = (0_u32, 0_u32);
    for line in io::stdin().lock().lines() {
        let line = line?;
        let sample: Value = serde_json::from_str(&line)?;
        let text = |key: &str| sample[key].as_str().unwrap_or_default();
        let secret = Secret::new(text("secret"));
        let verdict = if text("scheme") == "vidu" {
            let fields = sample["headers"].as_object().into_iter().flatten();
            let headers: Headers =
                fields.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect();
            verify_vidu(&secret, text("method"), text("target"), &headers)
        } else {
            let names = [
                ("webhook-id", "id"),
                ("webhook-timestamp", "timestamp"),
                ("webhook-signature", "signature"),
            ];
            let headers: Headers = names.into_iter().map(|(name, key)| (name, text(key))).collect();
            verify_standard_webhooks(&[secret], &headers, text("body").as_bytes(), Timestamp::now())
        };
        judged += 1;
        if verdict.is_ok() != (text("expect") == "accept") {
            wrong += 1;
            writeln!(io::stderr().lock(), "expected {}, found {verdict:?}: {line}", text("expect"))?;
        }
    }
    writeln!(io::stdout().lock(), "{judged} signatures judged, {wrong} wrongly")?;
    Ok(if judged > 0 && wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
