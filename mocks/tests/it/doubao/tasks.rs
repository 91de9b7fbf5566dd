//! What becomes of tasks when they are deleted, grow old, or are listed.

use jiff::SignedDuration;
use proptest::prelude::*;
use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    HOOK, TASKS, ark, ask, ask_at, code, delete, later, machine, made, now, query, response, to, with,
};

#[rstest]
#[case::queued("queued", 200, "", Some("cancelled"))]
#[case::running("running", 409, "InvalidAction.RunningTaskDeletion", Some("running"))]
#[case::succeeded("succeeded", 200, "", None)]
#[case::failed("moderated", 200, "", None)]
#[case::expired("expired", 200, "", None)]
#[case::cancelled("cancelled", 403, "OperationDenied.UnsupportedPhase", Some("cancelled"))]
fn what_delete_does_depends_on_the_state(
    #[case] word: &str,
    #[case] status: u16,
    #[case] refused: &str,
    #[case] then: Option<&str>,
    #[values(true, false)] with_body: bool,
) {
    let mut machine = machine(&[]);
    let task = made(&mut machine, &json!({}));
    to(&mut machine, &task, word);
    let mut call = delete(&task);
    if !with_body {
        call.body = bytes::Bytes::new();
    }
    let (answered, body) = ask(&mut machine, call);
    assert_eq!((answered, code(&body)), (status, refused), "{body}");
    if refused.is_empty() {
        assert_eq!(body, json!({}));
    }
    if word == "running" {
        let message = body["error"]["message"].as_str().expect("a string");
        assert!(
            message.starts_with(&format!("Cannot delete task `{task}` because it is currently running."))
        );
    }
    let (status, body) = ask(&mut machine, query(&task));
    match then {
        Some(state) => assert_eq!((status, &body["status"]), (200, &json!(state))),
        None => assert_eq!((status, code(&body)), (404, "ResourceNotFound")),
    }
    if then.is_none() {
        assert_eq!(ask(&mut machine, delete(&task)).0, 404, "gone is gone");
    }
}

#[test]
fn records_last_seven_days_and_cancelled_ones_a_day_from_then() {
    let mut machine = machine(&[]);
    let kept = made(&mut machine, &json!({}));
    let cancelled = made(&mut machine, &json!({}));
    let ended = ask_at(&mut machine, delete(&cancelled), later(2));
    assert_eq!(response(&ended).status, 200);
    let mut status = |id: &str, at| response(&ask_at(&mut machine, query(id), at)).status;
    assert_eq!((status(&cancelled, later(26)), status(&cancelled, later(27))), (200, 404));
    assert_eq!((status(&kept, later(7 * 24)), status(&kept, later(7 * 24 + 1))), (200, 404));
    machine.settings_mut().speed = 24.0;
    assert_eq!(response(&ask_at(&mut machine, query(&kept), later(8))).status, 404, "days pass faster");
    let listed = ask_at(&mut machine, Request::get(TASKS), later(8));
    assert_eq!(response(&listed).value().expect("JSON"), json!({"total": 0, "items": []}));
}

#[rstest]
fn a_post_to_cancel_or_stop_makes_another_task(#[values("cancel", "stop")] word: &str) {
    let mut machine = machine(&[]);
    let task = made(&mut machine, &json!({}));
    let (status, body) = ask(&mut machine, Request::post(format!("{TASKS}/{task}/{word}"), &json!({})));
    assert_eq!((status, code(&body), &body["error"]["param"]), (400, "MissingParameter", &json!("model")));
    let (status, body) =
        ask(&mut machine, Request::post(format!("{TASKS}/{task}/{word}"), &with(&json!({}))));
    assert_eq!(status, 200);
    assert_ne!(body["id"], json!(task));
    assert_eq!(ask(&mut machine, query(&task)).1["status"], "queued");
}

#[rstest]
#[case::all("", 4, &["flexible", "cut", "second", "first"], "any")]
#[case::default_tier("", 3, &["cut", "second", "first"], "default")]
#[case::tier("filter.service_tier=flex", 1, &["flexible"], "default")]
#[case::status("filter.status=cancelled", 1, &["cut"], "any")]
#[case::expired("filter.status=expired", 0, &[], "any")]
#[case::endpoint("filter.model=ep-1", 1, &["second"], "any")]
#[case::page("page_num=2&page_size=3", 4, &["first"], "any")]
#[case::beyond("page_num=500&page_size=500", 4, &[], "any")]
#[case::empty_values("filter.status=&page_num=&filter.model=", 4, &["flexible", "cut", "second", "first"], "any")]
fn lists_are_filtered_and_paged(
    #[case] query: &str,
    #[case] total: u64,
    #[case] names: &[&str],
    #[case] tier: &str,
) {
    let mut machine = machine(&[("list-tier", tier)]);
    let tasks = [
        ("first", json!({})),
        ("second", json!({"model": "ep-1"})),
        ("cut", json!({})),
        ("flexible", json!({"service_tier": "flex"})),
    ];
    let ids: Vec<(&str, String)> =
        tasks.iter().map(|(name, more)| (*name, made(&mut machine, more))).collect();
    ask(&mut machine, delete(&ids[2].1));
    let (status, body) = ask(&mut machine, Request::get(format!("{TASKS}?{query}")));
    assert_eq!((status, body["total"].as_u64()), (200, Some(total)), "{body}");
    let listed: Vec<&str> = body["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| ids.iter().find(|(_, id)| item["id"] == json!(id)).map(|(name, _)| *name))
        .collect();
    assert_eq!(listed, names);
}

#[test]
fn a_list_of_several_ids_has_those_tasks_as_a_query_shows_them() {
    let mut machine = machine(&[]);
    let tasks: Vec<String> = (0..12).map(|_| made(&mut machine, &json!({}))).collect();
    to(&mut machine, &tasks[3], "succeeded");
    let target =
        format!("{TASKS}?filter.task_ids={}&filter.task_ids={}&filter.task_ids=nobody", tasks[3], tasks[0]);
    let (_, body) = ask(&mut machine, Request::get(target));
    let shown = [ask(&mut machine, query(&tasks[3])).1, ask(&mut machine, query(&tasks[0])).1];
    assert_eq!(body, json!({"total": 2, "items": shown}));
    let (_, body) = ask(&mut machine, Request::get(TASKS));
    assert_eq!((&body["total"], body["items"].as_array().map(Vec::len)), (&json!(12), Some(10)));
}

#[rstest]
fn a_list_refuses_what_is_out_of_range(
    #[values(
        ("page_num", "0"), ("page_num", "501"), ("page_num", "-1"), ("page_num", "x"), ("page_size", "0"),
        ("page_size", "501"), ("page_size", "99999999999999999999999"), ("filter.status", "done"),
        ("filter.service_tier", "fast")
    )]
    bad: (&str, &str),
) {
    let (name, value) = bad;
    let (status, body) = ask(&mut machine(&[]), Request::get(format!("{TASKS}?{name}={value}")));
    assert_eq!((status, code(&body), &body["error"]["param"]), (400, "InvalidParameter", &json!(name)));
}

#[rstest]
#[case::usual(json!({}), 48)]
#[case::asked(json!({"execution_expires_after": 3_600}), 1)]
fn a_task_that_takes_too_long_expires_by_itself(#[case] more: Value, #[case] hours: i64) {
    let mut machine = machine(&[]);
    let mut body = with(&more);
    body["callback_url"] = json!(HOOK);
    let task = ask_at(&mut machine, Request::post(TASKS, &body), now()).task.expect("a task was made");
    to(&mut machine, &task, "running");
    let done = made(&mut machine, &json!({}));
    to(&mut machine, &done, "succeeded");
    assert!(machine.tick(later(hours) - SignedDuration::from_secs(1)).is_empty());
    let states: Vec<&str> = machine.tick(later(hours)).iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, ["expired"]);
    assert_eq!(ask(&mut machine, query(&task)).1["updated_at"], json!(later(hours).as_second()));
    assert_eq!(ask(&mut machine, query(&done)).1["status"], "succeeded");
}

proptest! {
    /// Any target under the API, any method, any bytes: refused in the vendor's form or accepted.
    #[test]
    fn no_request_breaks_it(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]),
        tail in "[/?a-z0-9=&._%-]{0,40}",
        text in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut machine = machine(&[]);
        made(&mut machine, &json!({}));
        let call = Request { method: method.to_owned(), body: text.into(), ..Request::get(format!("{TASKS}{tail}")) };
        let turn = ask_at(&mut machine, call, now());
        let answer = response(&turn);
        prop_assert!(answer.status < 500 && answer.value().is_some());
    }

    /// Whatever is asked of a task by DELETE and by time, its end stays its end.
    #[test]
    fn ends_are_final(steps in prop::collection::vec(0_usize..4, 1..10)) {
        let mut machine = machine(&[]);
        let task = made(&mut machine, &json!({}));
        let mut end: Option<Value> = None;
        for step in steps {
            match step {
                0 => { ask(&mut machine, delete(&task)); }
                1 => { machine.advance(&task, Step::To(Phase::Running), now()); }
                2 => { machine.advance(&task, Step::End(ark().ending("succeeded").expect("it is there")), now()); }
                _ => { machine.advance(&task, Step::End(ark().ending("expired").expect("it is there")), now()); }
            }
            let (status, body) = ask(&mut machine, query(&task));
            if let Some(end) = &end {
                prop_assert!(status == 404 || body["status"] == *end);
            }
            if status == 404 {
                break;
            }
            if ark().phase(body["status"].as_str().unwrap_or_default()).is_some_and(Phase::is_terminal) {
                end = Some(body["status"].clone());
            }
        }
    }
}
