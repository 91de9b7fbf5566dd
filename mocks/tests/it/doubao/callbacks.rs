//! Callbacks word by word, what the knobs decide, limits, and the error table.

use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::{HOOK, TASKS, ark, ask, ask_at, code, delete, machine, made, now, query, response, to, with};

#[rstest]
#[case::succeeded(&["running", "succeeded"], &["queued", "running", "succeeded"], 2)]
#[case::failed(&["running", "moderated"], &["queued", "running", "failed"], 2)]
#[case::failed_in_the_queue(&["moderated-audio"], &["queued", "failed"], 2)]
#[case::expired(&["running", "expired"], &["queued", "running", "expired"], 0)]
#[case::cancelled(&["cancelled"], &["queued"], 0)]
fn callbacks_are_the_query_answers_and_only_two_states_are_repeated(
    #[case] steps: &[&str],
    #[case] states: &[&str],
    #[case] repeated: usize,
) {
    let mut machine = machine(&[]);
    let turn = ask_at(&mut machine, Request::post(TASKS, &with(&json!({"callback_url": HOOK}))), now());
    let task = turn.task.clone().expect("a task was made");
    let mut deliveries = turn.deliveries;
    let mut bodies = vec![ask(&mut machine, query(&task)).1];
    for word in steps {
        let moved = to(&mut machine, &task, word);
        bodies.extend(moved.iter().map(|_| ask(&mut machine, query(&task)).1));
        deliveries.extend(moved);
    }
    let sent: Vec<&str> = deliveries.iter().map(|delivery| delivery.state).collect();
    assert_eq!(sent, states);
    for (delivery, body) in deliveries.iter().zip(bodies) {
        assert_eq!(serde_json::from_slice::<Value>(&delivery.body).expect("JSON"), body);
        assert_eq!((delivery.content_type, delivery.timeout.as_secs()), ("application/json", 5));
        let headers = delivery.headers(now(), "nonce");
        assert_eq!(headers.iter().count(), 1, "no signature");
        let again = if matches!(delivery.state, "succeeded" | "failed") { repeated } else { 0 };
        assert_eq!(delivery.retries.len(), again, "{}", delivery.state);
    }
}

#[test]
fn knobs_decide_what_the_pages_leave_open() {
    let mut null = machine(&[("error-null", "on")]);
    let task = made(&mut null, &json!({}));
    assert_eq!(ask(&mut null, query(&task)).1.get("error"), None, "only a good answer has it");
    to(&mut null, &task, "succeeded");
    assert_eq!(ask(&mut null, query(&task)).1.get("error"), Some(&Value::Null));

    let mut loud = machine(&[("callback-cancelled", "on")]);
    let task = made(&mut loud, &json!({"callback_url": HOOK}));
    let turn = ask_at(&mut loud, delete(&task), now());
    let states: Vec<&str> = turn.deliveries.iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, ["cancelled"]);
    assert!(turn.deliveries[0].retries.is_empty());

    let mut jpeg =
        machine(&[("last-frame", "jpeg"), ("callback-retries", "1s,2s,3s"), ("callback-timeout", "1s")]);
    let task = made(&mut jpeg, &json!({"return_last_frame": true, "callback_url": HOOK}));
    let sent = to(&mut jpeg, &task, "succeeded");
    assert_eq!((sent[0].retries.len(), sent[0].timeout.as_secs()), (3, 1), "one and three more");
    let url = ask(&mut jpeg, query(&task)).1["content"]["last_frame_url"].as_str().map(str::to_owned);
    let path = url.as_deref().and_then(|url| url.strip_prefix("https://results.example.com")).expect("a URL");
    let turn = jpeg.handle(&Request::get(format!("/results{path}")), now());
    assert_eq!(response(&turn).headers.get("content-type"), Some("image/jpeg"));

    let (status, body) = ask(&mut machine(&[("unknown-task", "not-found")]), query("nobody"));
    assert_eq!((status, code(&body)), (404, "NotFound.id"));

    let mut other = machine(&[("endpoint-model", "doubao-seedance-2-5-260628")]);
    let task = made(&mut other, &json!({"model": "ep-1", "duration": 30}));
    assert_eq!(ask(&mut other, query(&task)).1["model"], "doubao-seedance-2-5-260628");
}

#[test]
fn too_many_tasks_and_too_many_creates_are_told_apart() {
    let mut machine = machine(&[]);
    machine.settings_mut().limits.concurrent = Some(1);
    let task = made(&mut machine, &json!({}));
    let (status, body) = ask(&mut machine, Request::post(TASKS, &with(&json!({}))));
    assert_eq!(
        (status, code(&body), &body["error"]["type"]),
        (429, "QuotaExceeded", &json!("TooManyRequests"))
    );
    ask(&mut machine, delete(&task));
    machine.settings_mut().limits.per_minute = Some(1);
    made(&mut machine, &json!({}));
    machine.settings_mut().limits.concurrent = None;
    let (status, body) = ask(&mut machine, Request::post(TASKS, &with(&json!({}))));
    assert_eq!((status, code(&body)), (429, "ModelAccountRpmRateLimitExceeded"));
}

#[test]
fn every_row_is_reached_by_a_rule_and_says_its_code() {
    for row in ark().refusals {
        let mut machine = machine(&[]);
        machine.add_rule(format!("any: refuse {}", row.name).parse().expect("a rule"));
        let (status, body) = ask(&mut machine, Request::post(TASKS, &with(&json!({}))));
        assert_eq!((status, &body["error"]["type"]), (row.http, &json!(row.kind)), "{}", row.name);
        assert!(code(&body).starts_with(row.code) && !code(&body).ends_with('.'), "{body}");
    }
}
