//! Does Ark behave as documented and as captured? States, deletion, lists, callbacks, knobs, limits.
//! Which creates are refused, and how, is `doubao/validation.rs`.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ringback_mocks::account::Settings;
use ringback_mocks::delivery::Delivery;
use ringback_mocks::jobs::Step;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::vendor::{Dialect, Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use rstest::rstest;
use serde_json::{Value, json};

#[path = "doubao/validation.rs"]
mod validation;

const TASKS: &str = "/api/v3/contents/generations/tasks";
const HOOK: &str = "https://hooks.example.com/x";
const PRO: &str = "doubao-seedance-1-0-pro-250528";

fn vendor() -> Vendor {
    Vendor::named("doubao").expect("the registry has it")
}

fn ark() -> &'static Dialect {
    vendor().main_dialect()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_787_869_631).expect("in range")
}

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// An account with one key and with knobs set.
fn machine(knobs: &[(&str, &str)]) -> Machine {
    let mut settings = Settings {
        api_keys: vec![Secret::new("key")],
        results: "https://results.example.com".to_owned(),
        seed: 1,
        ..Settings::default()
    };
    for (name, value) in knobs {
        settings.knobs.set(&format!("ark.{name}"), value).expect("a knob");
    }
    Machine::new(vendor(), settings)
}

fn ask_at(machine: &mut Machine, request: Request, at: Timestamp) -> Turn {
    machine.handle(&request.header("authorization", "Bearer key"), at)
}

fn response(turn: &Turn) -> &Response {
    match &turn.reply {
        Reply::Response(response) => response,
        Reply::Ask(_) => panic!("Ark asks nothing"),
    }
}

fn ask(machine: &mut Machine, request: Request) -> (u16, Value) {
    let turn = ask_at(machine, request, now());
    let response = response(&turn);
    (response.status, response.value().expect("JSON"))
}

fn with(more: &Value) -> Value {
    let mut body = json!({"model": PRO, "content": [{"type": "text", "text": "a boat"}]});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn made(machine: &mut Machine, more: &Value) -> String {
    let turn = ask_at(machine, Request::post(TASKS, &with(more)), now());
    turn.task.clone().unwrap_or_else(|| panic!("refused {more}: {:?}", response(&turn).value()))
}

fn query(id: &str) -> Request {
    Request::get(format!("{TASKS}/{id}"))
}

fn delete(id: &str) -> Request {
    Request { method: "DELETE".to_owned(), ..Request::post(format!("{TASKS}/{id}"), &json!({})) }
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

fn keys(body: &Value) -> Vec<&str> {
    body.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn to(machine: &mut Machine, task: &str, word: &str) -> Vec<Delivery> {
    let step = match word {
        "queued" => return Vec::new(),
        "running" => Step::To(Phase::Running),
        ending => Step::End(ark().ending(ending).expect("an ending")),
    };
    machine.advance(task, step, now()).expect("it moves")
}

#[rstest]
#[case::none(None, "missing or invalid")]
#[case::scheme(Some("Token key"), "missing or invalid")]
#[case::empty(Some("Bearer "), "missing or invalid")]
#[case::uuid(Some("Bearer 6f1c2d3e-4a5b-4c6d-8e9f-0a1b2c3d9914"), "doesn't exist")]
#[case::new_form(Some("Bearer ark-6f1c2d3e-4a5b-4c6d-8e9f-0a1b2c3d9914-x"), "doesn't exist")]
#[case::other_form(Some("Bearer other"), "format is incorrect")]
fn every_call_wants_the_key(#[case] authorization: Option<&str>, #[case] says: &str) {
    let calls = [
        Request::post(TASKS, &with(&json!({}))),
        query("x"),
        delete("x"),
        Request::get(TASKS),
        Request::get("/"),
    ];
    for call in calls {
        let call = match authorization {
            Some(value) => call.header("authorization", value),
            None => call,
        };
        let turn = machine(&[]).handle(&call, now());
        let body = response(&turn).value().expect("JSON");
        assert_eq!((response(&turn).status, code(&body)), (401, "AuthenticationError"));
        assert_eq!(body["error"]["type"], "Unauthorized");
        assert!(body["error"]["message"].as_str().is_some_and(|text| text.contains(says)), "{body}");
    }
}

#[test]
fn errors_carry_a_request_id_in_the_captured_form_also_as_a_header() {
    let mut machine = machine(&[]);
    let turn = ask_at(&mut machine, query("nobody"), now());
    let body = response(&turn).value().expect("JSON");
    assert_eq!(keys(&body["error"]), ["code", "message", "param", "type"]);
    let message = body["error"]["message"].as_str().expect("a string");
    let id = message.rsplit_once(" Request id: ").expect("an id").1;
    assert!(id.starts_with("021787869631000") && id.len() == 53, "{id}");
    assert_eq!(response(&turn).headers.get("x-request-id"), Some(id));
    let turn = ask_at(&mut machine, Request::get(TASKS), now());
    assert!(response(&turn).headers.get("x-request-id").is_some_and(|other| other != id));
}

#[test]
fn a_succeeded_task_has_the_captured_fields_in_the_captured_order() {
    let mut machine = machine(&[]);
    let task = made(
        &mut machine,
        &json!({"model": "seedance-1-0-pro-250528", "duration": 2, "resolution": "480p", "seed": 17_918, "return_last_frame": true}),
    );
    to(&mut machine, &task, "succeeded");
    let (_, body) = ask(&mut machine, query(&task));
    let captured = json!({
        "id": task, "model": "seedance-1-0-pro-250528", "status": "succeeded",
        "content": {
            "video_url": format!("https://results.example.com/{task}.mp4"),
            "last_frame_url": format!("https://results.example.com/{task}-frame.png"),
        },
        "usage": {"completion_tokens": 19_845, "total_tokens": 19_845},
        "created_at": 1_787_869_631, "updated_at": 1_787_869_631,
        "seed": 17_918, "resolution": "480p", "ratio": "16:9", "duration": 2, "framespersecond": 24,
        "service_tier": "default", "execution_expires_after": 172_800,
        "draft": false, "priority": 0, "output_format": "mp4",
    });
    assert_eq!(body, captured);
    assert_eq!(keys(&body), keys(&captured));
}

#[rstest]
#[case::queued("queued", &["id", "model", "status", "created_at", "updated_at"])]
#[case::running("running", &["id", "model", "status", "created_at", "updated_at"])]
#[case::failed("moderated", &["id", "model", "status", "error", "created_at", "updated_at", "service_tier", "execution_expires_after"])]
#[case::expired("expired", &["id", "model", "status", "created_at", "updated_at", "service_tier", "execution_expires_after"])]
#[case::cancelled("cancelled", &["id", "model", "status", "created_at", "updated_at", "service_tier", "execution_expires_after"])]
fn every_state_has_its_fields(#[case] word: &str, #[case] fields: &[&str]) {
    let mut machine = machine(&[]);
    let task = made(&mut machine, &json!({}));
    to(&mut machine, &task, word);
    let (status, body) = ask(&mut machine, query(&task));
    assert_eq!((status, keys(&body).as_slice()), (200, fields));
}

#[rstest]
#[case::sound(json!({"model": "doubao-seedance-1-5-pro-251215"}), json!({"generate_audio": true, "resolution": "720p"}))]
#[case::silent(json!({"model": "dreamina-seedance-2-5-260628", "generate_audio": false}), json!({"generate_audio": false}))]
#[case::mute_model(json!({}), json!({"generate_audio": null, "resolution": "1080p"}))]
#[case::frames(json!({"frames": 57}), json!({"frames": 57, "duration": null}))]
#[case::frames_before_duration(json!({"frames": 57, "duration": 5}), json!({"frames": 57, "duration": null}))]
#[case::own_length(json!({"model": "doubao-seedance-2-0-260128", "duration": -1}), json!({"duration": 5}))]
#[case::bill_of_2_0(json!({"model": "doubao-seedance-2-0-260128"}), json!({"usage": {"completion_tokens": 108_900, "total_tokens": 108_900}}))]
#[case::in_the_prompt(json!({"content": [{"type": "text", "text": "boat --rs 720p --rt 9:16 --dur 7 --seed 11"}]}),
    json!({"resolution": "720p", "ratio": "9:16", "duration": 7, "seed": 11}))]
#[case::body_before_prompt(json!({"duration": 3, "content": [{"type": "text", "text": "boat --dur 7"}]}), json!({"duration": 3}))]
#[case::nonsense_in_the_prompt(json!({"content": [{"type": "text", "text": "boat --rt 5:1 --seed x --cf maybe --fps 9 --frames 30 --zoom 2 --wm"}]}),
    json!({"ratio": "16:9", "duration": 5}))]
#[case::ignored(json!({"framespersecond": 999, "unheard_of": {}}), json!({"framespersecond": 24}))]
#[case::draft(json!({"model": "doubao-seedance-1-5-pro-251215", "draft": true}), json!({"draft": true, "resolution": "480p"}))]
#[case::of_a_draft(json!({"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "draft_task", "draft_task": {"id": "cgt-20260828062711-hj94q"}}]}),
    json!({"draft": false, "draft_task_id": "cgt-20260828062711-hj94q"}))]
#[case::endpoint(json!({"model": "ep-20260828062711-hj94q"}), json!({"model": PRO}))]
#[case::tools(json!({"model": "doubao-seedance-2-0-260128", "tools": [{"type": "web_search"}]}), json!({"tools": [{"type": "web_search"}]}))]
#[case::rest(json!({"model": "dreamina-seedance-2-5-260628", "priority": 9, "output_format": "mov", "safety_identifier": "u", "execution_expires_after": 3_600}),
    json!({"priority": 9, "output_format": "mov", "safety_identifier": "u", "execution_expires_after": 3_600}))]
fn what_was_asked_for_is_answered(#[case] asked: Value, #[case] answered: Value) {
    let mut machine = machine(&[]);
    let task = made(&mut machine, &asked);
    to(&mut machine, &task, "succeeded");
    let (_, body) = ask(&mut machine, query(&task));
    for (field, value) in answered.as_object().expect("an object") {
        assert_eq!(body.get(field).unwrap_or(&Value::Null), value, "{field} of {body}");
    }
}

#[test]
fn a_seed_of_the_vendors_own_choice_stays_the_same() {
    let mut machine = machine(&[]);
    let seeds: Vec<Value> = [json!({}), json!({"seed": -1}), json!({"seed": null})]
        .iter()
        .map(|more| {
            let task = made(&mut machine, more);
            to(&mut machine, &task, "succeeded");
            let once = ask(&mut machine, query(&task)).1["seed"].clone();
            assert_eq!(once, ask(&mut machine, query(&task)).1["seed"]);
            once
        })
        .collect();
    assert!(
        seeds.iter().all(|seed| seed.as_u64().is_some_and(|seed| seed < 100_000)) && seeds[0] != seeds[1]
    );
}

#[test]
fn a_final_video_takes_over_what_its_draft_was_made_with() {
    let mut machine = machine(&[]);
    let model = "doubao-seedance-1-5-pro-251215";
    let draft = made(
        &mut machine,
        &json!({"model": model, "draft": true, "ratio": "1:1", "duration": 9, "generate_audio": false}),
    );
    let of = |id: &str| json!({"model": model, "resolution": "720p", "content": [{"type": "draft_task", "draft_task": {"id": id}}]});
    let (status, early) = ask(&mut machine, Request::post(TASKS, &of(&draft)));
    assert_eq!((status, code(&early)), (400, "InvalidParameter"), "the draft is not ready");
    to(&mut machine, &draft, "succeeded");
    let task = made(&mut machine, &of(&draft));
    to(&mut machine, &task, "succeeded");
    let (drafted, body) = (ask(&mut machine, query(&draft)).1, ask(&mut machine, query(&task)).1);
    for field in ["seed", "ratio", "duration", "generate_audio"] {
        assert_eq!(body[field], drafted[field], "{field}");
    }
    assert_eq!((&body["draft"], &body["draft_task_id"]), (&json!(false), &json!(draft)));
    assert_eq!(body["resolution"], "720p");
}

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
        machine.rule(format!("any: refuse {}", row.name).parse().expect("a rule"));
        let (status, body) = ask(&mut machine, Request::post(TASKS, &with(&json!({}))));
        assert_eq!((status, &body["error"]["type"]), (row.http, &json!(row.kind)), "{}", row.name);
        assert!(code(&body).starts_with(row.code) && !code(&body).ends_with('.'), "{body}");
    }
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
