//! Are the tables of signature vectors right? Judged by the verifiers of the mocks, by the vendors' published
//! vectors, and by the rules that a table of vectors must keep.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;
use ringback::receiver::task::{CallbackState, VendorTask};
use ringback::receiver::vectors::{self, Genuine, Vector, VectorVerdict};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use rstest::rstest;
use serde_json::Value;

const KLING: &str = ringback_schemas::file("vectors/kling.json");
const VIDU: &str = ringback_schemas::file("vectors/vidu.json");

fn vendor(name: &str) -> Vendor {
    Vendor::named(name).expect("a vendor")
}

fn secret(name: &str) -> Secret {
    Secret::new(match name {
        "kling" => "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=",
        _ => "vda_test_secret_0123456789",
    })
}

/// A genuine success, in the dialect that a vector wants.
fn genuine(name: &str, vector: &Vector) -> Genuine {
    let (vendor, now) = (vendor(name), Timestamp::now());
    let wanted = vector.dialect().and_then(|name| vendor.dialects().iter().find(|one| one.name == name));
    let dialect = wanted.copied().unwrap_or_else(|| vendor.main_dialect());
    let job = VendorTask::fresh(dialect, vendor, format!("/hooks/{name}"), &[secret(name)], now);
    Genuine::of(&job.callback(CallbackState::SUCCESS).expect("a callback"), &secret(name), now)
}

#[rstest]
fn a_table_keeps_the_rules(#[values("kling", "vidu")] name: &str) {
    let all = vectors::of(vendor(name));
    let good = all.iter().filter(|vector| vector.is_good()).count();
    assert!(good >= 12 && all.len() - good >= 30, "{good} good and {} bad vectors", all.len() - good);
    let names: BTreeSet<&str> = all.iter().map(|vector| vector.name).collect();
    assert_eq!(names.len(), all.len(), "names are unique");
    for vector in all {
        let VectorVerdict::Refused { control } = vector.verdict else { continue };
        let control =
            vectors::named(vendor(name), control).unwrap_or_else(|| panic!("a control of {}", vector.name));
        assert!(control.is_good(), "{}", vector.name);
    }
}

#[rstest]
fn the_verifiers_agree_with_a_table(#[values("kling", "vidu")] name: &str) {
    for vector in vectors::of(vendor(name)) {
        let genuine = genuine(name, vector);
        let request = vector.request(&genuine);
        assert_eq!(
            vector.holds(&request, &secret(name), genuine.now),
            vector.is_good(),
            "{} with {:?}",
            vector.name,
            request.headers.iter().collect::<Vec<_>>()
        );
    }
}

#[rstest]
fn a_bad_vector_differs_from_its_twin(#[values("kling", "vidu")] name: &str) {
    for vector in vectors::of(vendor(name)) {
        let VectorVerdict::Refused { control } = vector.verdict else { continue };
        let genuine = genuine(name, vector);
        let control = vectors::named(vendor(name), control).expect("a control").request(&genuine);
        assert_ne!(vector.request(&genuine), control, "{}", vector.name);
    }
}

#[rstest]
fn every_good_body_still_says_success(#[values("kling", "vidu")] name: &str) {
    for vector in vectors::of(vendor(name)).iter().filter(|vector| vector.is_good()) {
        let genuine = genuine(name, vector);
        let sent: Value = serde_json::from_slice(&vector.request(&genuine).body).expect(vector.name);
        let was: Value = serde_json::from_slice(&genuine.body).expect("JSON");
        for member in ["id", "task_id", "state", "status", "task_status"] {
            assert_eq!(sent.get(member), was.get(member), "{}", vector.name);
        }
    }
}

#[test]
fn the_vendors_own_vector_is_made_by_klings_table() {
    let file: Value = serde_json::from_str(KLING).expect("JSON");
    let text = |row: &Value, key: &str| row[key].as_str().expect(key).to_owned();
    let plain = &vectors::of(vendor("kling"))[0];
    for row in file["good"].as_array().expect("good vectors") {
        let seconds = row["timestamp"].as_i64().expect("a timestamp");
        let body = Bytes::from(text(row, "body"));
        let request = plain.request(&Genuine {
            delivery_id: text(row, "id"),
            body: body.clone(),
            secret: Secret::new(text(row, "secret")),
            now: Timestamp::from_second(seconds).expect("a time"),
            ..genuine("kling", plain)
        });
        assert_eq!(request.headers.get("webhook-signature"), Some(text(row, "signature").as_str()));
        assert_eq!(request.body, body);
    }
}

/// The published inputs, and which vector of ours must come to the published signature with them.
#[rstest]
#[case("good", "official-example", "/vidu/callback", "the query name=james&age=36")]
#[case("good", "no-query", "/vidu/callback", "a callback as Vidu signs it")]
#[case("good", "empty-path", "/", "a callback as Vidu signs it")]
#[case("good", "percent-encoded-query-kept-raw", "/vidu/callback", "the query cb=a%2Fb%20c")]
#[case(
    "good",
    "header-order-reversed",
    "/vidu/callback?name=james&age=36",
    "the signed headers x-request-nonce;Date"
)]
#[case(
    "bad_for_official_example",
    "query-sorted",
    "/vidu/callback",
    "a signature made with the query sorted"
)]
#[case(
    "bad_for_official_example",
    "no-final-newline",
    "/vidu/callback",
    "a signature made without the final newline"
)]
#[case(
    "bad_for_official_example",
    "lower-case-date-header-name",
    "/vidu/callback",
    "a signature made with `date` for `Date`"
)]
fn published_vectors_are_made_by_vidus_table(
    #[case] list: &str,
    #[case] name: &str,
    #[case] hook: &str,
    #[case] ours: &str,
) {
    let file: Value = serde_json::from_str(VIDU).expect("JSON");
    let row = file[list].as_array().expect("vectors").iter().find(|row| row["name"] == name).expect("a row");
    let vector = vectors::named(vendor("vidu"), ours).expect("a vector");
    let now: Timestamp = "2025-05-06T12:09:42Z".parse().expect("a time");
    let request = vector.request(&Genuine {
        hook: hook.to_owned(),
        nonce: file["nonce"].as_str().expect("a nonce").to_owned(),
        secret: Secret::new(file["secret"].as_str().expect("a secret")),
        now,
        ..genuine("vidu", vector)
    });
    assert_eq!(request.headers.get("date"), file["date"].as_str());
    assert_eq!(request.headers.get("x-hmac-signature"), row["signature"].as_str());
    assert_eq!(vector.is_good(), list == "good");
}

#[test]
fn every_published_vector_is_judged() {
    let file: Value = serde_json::from_str(VIDU).expect("JSON");
    let count = |list: &str| file[list].as_array().map_or(0, Vec::len);
    assert_eq!((count("good"), count("bad_for_official_example")), (5, 3), "see the cases above");
}
