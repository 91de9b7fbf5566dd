//! The account's resource packs, which clients ask for to try their key.

use rstest::rstest;

use super::*;

const WEEK_MS: i64 = 7 * 24 * 3_600 * 1_000;

fn costs(machine: &mut Machine, query: &str) -> (u16, Value) {
    ask(machine, Request::get(format!("/account/costs?{query}")))
}

fn packs(machine: &mut Machine, query: &str) -> usize {
    let (status, body) = costs(machine, query);
    assert_eq!((status, &body["code"], &body["data"]["code"]), (200, &json!(0), &json!(0)), "{body}");
    body["data"]["resource_pack_subscribe_infos"].as_array().expect("a list").len()
}

#[test]
fn a_pack_has_its_quantities_and_its_times_in_milliseconds() {
    let (_, body) = costs(&mut machine(), "start_time=0&end_time=9999999999999");
    let pack = &body["data"]["resource_pack_subscribe_infos"][0];
    assert_eq!(
        (&pack["status"], &pack["resource_pack_type"]),
        (&json!("online"), &json!("decreasing_total"))
    );
    assert!(
        pack["total_quantity"].is_f64() && pack["total_quantity"] == pack["remaining_quantity"],
        "{pack}"
    );
    let at = |key: &str| pack[key].as_i64().expect("a number");
    assert!(at("purchase_time") <= at("effective_time"), "{pack}");
    assert!((at("effective_time")..at("invalid_time")).contains(&now().as_millisecond()), "{pack}");
}

/// Packs are chosen by when they were bought, unless the knob says that all are shown.
#[rstest]
#[case::bought("bought", 0)]
#[case::all("all", 1)]
fn what_a_time_span_shows_is_a_knob(#[case] knob: &str, #[case] wanted: usize) {
    let mut machine = machine_with(&[("kling-legacy.pack-window", knob)]);
    let end = now().as_millisecond();
    assert_eq!(packs(&mut machine, &format!("start_time={}&end_time={end}", end - 1_000)), wanted);
    assert_eq!(packs(&mut machine, &format!("start_time={}&end_time={end}", end - 2 * WEEK_MS)), 1);
}

#[test]
fn a_name_shows_its_pack_only() {
    let mut machine = machine();
    let all = "start_time=0&end_time=9999999999999&resource_pack_name=";
    assert_eq!(packs(&mut machine, &format!("{all}Video%20Generation%20-%2010000%20units")), 1);
    assert_eq!(packs(&mut machine, &format!("{all}another")), 0);
    assert_eq!(packs(&mut machine, all), 1, "an empty name is none");
}

#[rstest]
#[case::no_start("end_time=1")]
#[case::no_end("start_time=1")]
#[case::empty("start_time=&end_time=1")]
#[case::words("start_time=yesterday&end_time=1")]
#[case::huge("start_time=99999999999999999999&end_time=1")]
fn both_times_must_be_there_and_numbers(#[case] query: &str) {
    refused(&costs(&mut machine(), query), 400, 1201);
}

#[test]
fn a_wrong_key_sees_nothing() {
    let request = Request::get("/account/costs?start_time=0&end_time=1").header("authorization", "Bearer no");
    let response = response(machine().handle(&request, now()));
    assert_eq!((response.status, &response.value().expect("JSON")["code"]), (401, &json!(1002)));
}
