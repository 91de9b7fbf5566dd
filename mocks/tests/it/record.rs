//! What the journal shows of a message: no key, wherever a caller puts it, and not the whole of a long body.

use std::time::Instant;

use ringback_mocks::journal::{Entry, Journal, Leg};
use ringback_mocks::record;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::bearer("authorization", "Bearer CANARY", "Bearer <secret>")]
#[case::other_case("Authorization", "TOKEN CANARY", "TOKEN <secret>")]
#[case::no_scheme("authorization", "CANARY", "<secret>")]
#[case::a_short_key_with_something_behind("authorization", "CANARY x", "<secret>")]
#[case::as_other_vendors_take_it("x-api-key", "CANARY", "<secret>")]
#[case::as_a_token("X-Auth-Token", "CANARY", "<secret>")]
#[case::session("cookie", "session=CANARY", "<secret>")]
#[case::proxy("proxy-authorization", "Basic CANARY", "Basic <secret>")]
fn no_key_is_written(#[case] name: &str, #[case] value: &str, #[case] shown: &str) {
    let request = Request::post("/v1/videos/text2video", &json!({})).header(name, value).header(name, value);
    let answer = Response::json(200, &json!({}));
    let mut with_cookie = answer.clone();
    with_cookie.headers.push("set-cookie", "session=CANARY");
    let entry = Entry {
        leg: Leg::Upstream(Vendor::named("kling").expect("known")),
        began: Instant::now(),
        request,
        answer: Ok(with_cookie),
        task: None,
    };
    let line = record::json(&Journal::open().record(entry));
    assert!(!line.to_string().contains("CANARY"), "{line}");
    assert_eq!(line["request"]["headers"][name.to_ascii_lowercase()], json!([shown, shown]));
}

#[test]
fn a_signature_is_shown_because_it_is_what_people_look_for() {
    let request = Request::post("/hook", &json!({})).header("webhook-signature", "v1,abc=");
    assert_eq!(record::request(&request)["headers"]["webhook-signature"], "v1,abc=");
}

#[test]
fn a_long_body_is_cut_in_the_journal_and_its_length_told() {
    let request = Request { body: vec![b'x'; 200_000].into(), ..Request::get("/") };
    let entry = Entry {
        leg: Leg::Upstream(Vendor::named("vidu").expect("known")),
        began: Instant::now(),
        request,
        answer: Ok(Response::json(200, &json!({}))),
        task: None,
    };
    let line = record::json(&Journal::open().record(entry));
    let body = line["request"]["body"].as_str().expect("text");
    assert!(body.len() < 70_000, "{}", body.len());
    assert!(body.ends_with("… (200000 bytes)"));
}
