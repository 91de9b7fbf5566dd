//! Does Ark behave as documented and as captured? Here: keys, request ids, and what a task looks like
//! in each state. Deletion and lists, callbacks and knobs, and refusals have rooms of their own.

use jiff::{SignedDuration, Timestamp};
use ringback_mocks::account::AccountConfig;
use ringback_mocks::delivery::Delivery;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Dialect, Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use rstest::rstest;
use serde_json::{Value, json};

mod callbacks;
mod tasks;
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
    let mut settings = AccountConfig {
        api_keys: vec![Secret::new("key")],
        results: "https://results.example.com".to_owned(),
        seed: 1,
        ..AccountConfig::default()
    };
    for (name, value) in knobs {
        settings.options.set(&format!("ark.{name}"), value).expect("a knob");
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
