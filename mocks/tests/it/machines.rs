//! Do the vendors behave as documented? Pure machines: no sockets, and time is given.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ringback_mocks::account::AccountConfig;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::rules::Rule;
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use rstest::rstest;
use serde_json::{Value, json};

fn machine(vendor: &str) -> Machine {
    let settings = AccountConfig {
        api_keys: vec![Secret::new("key")],
        results: "https://results.example.com".to_owned(),
        seed: 1,
        ..AccountConfig::default()
    };
    Machine::new(Vendor::named(vendor).expect("the registry has it"), settings)
}

fn now() -> Timestamp {
    Timestamp::from_second(1_787_869_631).expect("in range")
}

fn authorized(vendor: &str, request: Request) -> Request {
    let scheme = Vendor::named(vendor).expect("the registry has it").main_dialect().auth.word();
    request.header("authorization", format!("{scheme} key"))
}

/// Path and body of a minimal create.
fn create_of(vendor: &str) -> (&'static str, Value) {
    match vendor {
        "kling" => ("/v1/videos/text2video", json!({"model_name": "kling-v1", "prompt": "a boat"})),
        "doubao" => (
            "/api/v3/contents/generations/tasks",
            json!({"model": "doubao-seedance-1-0-pro-250528", "content": [{"type": "text", "text": "a boat"}]}),
        ),
        "minimax" => ("/v1/video_generation", json!({"model": "MiniMax-Hailuo-02", "prompt": "a boat"})),
        _ => ("/ent/v2/text2video", json!({"model": "viduq1", "prompt": "a boat"})),
    }
}

fn answered(turn: Turn) -> (Response, Option<String>) {
    match turn.reply {
        Reply::Response(response) => (response, turn.task),
        Reply::Ask(_) => panic!("no question was expected"),
    }
}

fn create(machine: &mut Machine, change: impl FnOnce(&mut Value)) -> Turn {
    let vendor = machine.vendor().name();
    let (path, mut body) = create_of(vendor);
    change(&mut body);
    machine.handle(&authorized(vendor, Request::post(path, &body)), now())
}

fn accepted(machine: &mut Machine) -> String {
    let (response, task) = answered(create(machine, |_| {}));
    assert_eq!(response.status, 200, "{response:?}");
    task.expect("a task was made")
}

/// What the vendor says of a task now.
fn queried(machine: &mut Machine, task: &str) -> Value {
    let vendor = machine.vendor().name();
    let target = match vendor {
        "kling" => format!("/v1/videos/text2video/{task}"),
        "doubao" => format!("/api/v3/contents/generations/tasks/{task}"),
        "minimax" => format!("/v1/query/video_generation?task_id={task}"),
        _ => format!("/ent/v2/tasks/{task}/creations"),
    };
    let (response, _) = answered(machine.handle(&authorized(vendor, Request::get(target)), now()));
    response.value().expect("JSON")
}

const STATE: [(&str, &str); 4] =
    [("kling", "/data/task_status"), ("doubao", "/status"), ("minimax", "/status"), ("vidu", "/state")];

#[rstest]
#[case::kling_none("kling", None, 401, "/code", json!(1001))]
#[case::kling_wrong("kling", Some("Bearer other"), 401, "/code", json!(1002))]
#[case::kling_scheme("kling", Some("Token key"), 401, "/code", json!(1002))]
#[case::ark_none("doubao", None, 401, "/error/code", json!("AuthenticationError"))]
#[case::ark_wrong("doubao", Some("Bearer other"), 401, "/error/type", json!("Unauthorized"))]
#[case::minimax_none("minimax", None, 200, "/base_resp/status_code", json!(1004))]
#[case::minimax_wrong("minimax", Some("Bearer other"), 200, "/base_resp/status_code", json!(1004))]
#[case::vidu_none("vidu", None, 401, "/reason", json!("Unauthorized"))]
#[case::vidu_bearer("vidu", Some("Bearer key"), 401, "/reason", json!("Unauthorized"))]
fn a_missing_or_wrong_key_is_refused(
    #[case] vendor: &str,
    #[case] authorization: Option<&str>,
    #[case] status: u16,
    #[case] pointer: &str,
    #[case] code: Value,
) {
    let (path, body) = create_of(vendor);
    let request = Request::post(path, &body);
    let request = match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    let mut machine = machine(vendor);
    let (response, _) = answered(machine.handle(&request, now()));
    assert_eq!(response.status, status);
    assert_eq!(response.value().expect("JSON").pointer(pointer), Some(&code));
    assert!(machine.tasks().is_empty());
}

#[rstest]
#[case::kling("kling", 404)]
#[case::doubao("doubao", 404)]
#[case::minimax("minimax", 404)]
#[case::vidu("vidu", 404)]
fn unsupported_routes_are_never_a_silent_200(#[case] vendor: &str, #[case] status: u16) {
    let (path, body) = create_of(vendor);
    let odd = [
        Request::get("/"),
        Request::get("/v9/nothing?x=1"),
        Request::post(format!("{path}/extra/deep"), &body),
        Request { method: "DELETE".to_owned(), ..Request::post(path, &body) },
        Request { method: "OPTIONS".to_owned(), ..Request::get("*") },
    ];
    let mut machine = machine(vendor);
    for request in odd {
        let (response, _) = answered(machine.handle(&authorized(vendor, request.clone()), now()));
        assert_eq!(response.status, status, "{request:?}");
    }
}

#[rstest]
#[case::kling("kling", "/data/task_id")]
#[case::doubao("doubao", "/id")]
#[case::minimax("minimax", "/task_id")]
#[case::vidu("vidu", "/task_id")]
fn ids_have_the_vendors_form_and_are_unique(#[case] vendor: &str, #[case] pointer: &str) {
    let mut machine = machine(vendor);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        let (response, _) = answered(create(&mut machine, |_| {}));
        let body = response.value().expect("JSON");
        let id = body.pointer(pointer).and_then(Value::as_str).expect("a string").to_owned();
        let fits = match vendor {
            // UTC+8 of 1787869631.
            "doubao" => id.starts_with("cgt-20260828062711-") && id.len() == 24,
            _ => id.len() == 18 && id.bytes().all(|byte| byte.is_ascii_digit()),
        };
        assert!(fits, "{id}");
        assert!(seen.insert(id));
    }
}

#[rstest]
#[case::kling("kling", &["negative_prompt", "callback_url", "external_task_id", "duration"])]
#[case::doubao("doubao", &["callback_url", "seed", "duration", "resolution", "watermark"])]
#[case::minimax("minimax", &["callback_url", "duration", "resolution", "prompt_optimizer"])]
#[case::vidu("vidu", &["callback_url", "seed", "duration", "payload", "bgm"])]
fn explicit_nulls_count_as_unset(#[case] vendor: &str, #[case] fields: &[&str]) {
    let mut machine = machine(vendor);
    let turn = create(&mut machine, |body| {
        for field in fields {
            body[*field] = Value::Null;
        }
    });
    assert!(answered(turn).1.is_some(), "the job is accepted");
}

#[rstest]
#[case::kling("kling", 400, "/code", json!(1201))]
#[case::doubao("doubao", 400, "/error/code", json!("InvalidParameter"))]
#[case::minimax("minimax", 200, "/base_resp/status_code", json!(2013))]
#[case::vidu("vidu", 400, "/reason", json!("FieldInvalid"))]
fn a_wrong_type_is_the_vendors_own_error(
    #[case] vendor: &str,
    #[case] status: u16,
    #[case] pointer: &str,
    #[case] code: Value,
) {
    for wrong in [json!(7), json!(["https://hooks.example.com"]), json!({})] {
        let mut machine = machine(vendor);
        let (response, task) = answered(create(&mut machine, |body| body["callback_url"] = wrong.clone()));
        assert_eq!((response.status, task), (status, None));
        assert_eq!(response.value().expect("JSON").pointer(pointer), Some(&code));
    }
}

#[test]
fn vidu_refuses_fields_it_does_not_know() {
    let mut machine = machine("vidu");
    let (response, _) = answered(create(&mut machine, |body| body["notify_url"] = json!("x")));
    assert_eq!(response.value().expect("JSON")["reason"], "FieldUnwanted");
}

#[rstest]
fn every_ending_is_reached_said_in_the_vendors_words_and_final(
    #[values("kling", "doubao", "minimax", "vidu")] vendor: &str,
) {
    let pointer = STATE.iter().find(|(name, _)| *name == vendor).expect("listed").1;
    let dialect = Vendor::named(vendor).expect("the registry has it").main_dialect();
    for ending in dialect.endings {
        let mut machine = machine(vendor);
        let task = accepted(&mut machine);
        let first = dialect.words[0].query;
        assert_eq!(queried(&mut machine, &task).pointer(pointer), Some(&json!(first)));
        assert!(machine.advance(&task, Step::To(Phase::Running), now()).is_some());
        let running = dialect.word(Phase::Running).query;
        assert_eq!(queried(&mut machine, &task).pointer(pointer), Some(&json!(running)));
        assert!(machine.advance(&task, Step::End(ending), now()).is_some());
        let word = dialect.word(ending.phase).query;
        let body = queried(&mut machine, &task);
        assert_eq!(body.pointer(pointer), Some(&json!(word)), "{}", ending.name);
        assert!(ending.code.is_empty() || body.to_string().contains(ending.code), "{body}");
        for other in dialect.endings {
            assert!(machine.advance(&task, Step::End(other), now()).is_none(), "an end is final");
        }
    }
}

#[rstest]
#[case::kling("kling", &["processing", "succeed"])]
#[case::doubao("doubao", &["queued", "running", "succeeded"])]
#[case::vidu("vidu", &["processing", "success"])]
fn documented_changes_and_no_others_are_called_back(#[case] vendor: &str, #[case] words: &[&str]) {
    let mut machine = machine(vendor);
    let url = json!("https://hooks.example.com/x");
    let turn = create(&mut machine, |body| body["callback_url"] = url.clone());
    let mut states: Vec<&str> = turn.deliveries.iter().map(|delivery| delivery.state).collect();
    let task = turn.task.expect("a task was made");
    let ending = machine.vendor().main_dialect().ending("succeeded").expect("a good end");
    for step in [Step::To(Phase::Running), Step::End(ending)] {
        for delivery in machine.advance(&task, step, now()).expect("it moves") {
            let body: Value = serde_json::from_slice(&delivery.body).expect("JSON");
            states.push(delivery.state);
            match vendor {
                "kling" => {
                    assert!(
                        body.get("data").is_none() && body["task_id"].is_string(),
                        "a bare record: {body}"
                    );
                    assert!(!body.to_string().contains("watermark"), "{body}");
                }
                "doubao" => assert_eq!(body, queried(&mut machine, &task), "the body of the query"),
                _ => assert!(body["id"].is_string() && body["state"].is_string(), "{body}"),
            }
        }
    }
    assert_eq!(states, words);
}

#[test]
fn nothing_is_called_back_without_a_url_or_when_a_rule_says_so() {
    let mut machine = machine("doubao");
    assert!(create(&mut machine, |_| {}).deliveries.is_empty());
    machine.add_rule("prompt=boat: stay; silent".parse().expect("a rule"));
    let turn = create(&mut machine, |body| body["callback_url"] = json!("https://hooks.example.com/x"));
    assert!(turn.deliveries.is_empty());
}

#[rstest]
#[case::echoed(Some(Response::json(200, &json!({"challenge": "?"}))), true)]
#[case::echoed_with_201(Some(Response::json(201, &json!({"challenge": "?"}))), true)]
#[case::other_value(Some(Response::json(200, &json!({"challenge": "other"}))), false)]
#[case::not_json(Some(Response::text(200, "?")), false)]
#[case::error_status(Some(Response::json(500, &json!({"challenge": "?"}))), false)]
#[case::silence(None, false)]
fn minimax_asks_the_receiver_before_any_task_exists(#[case] answer: Option<Response>, #[case] passes: bool) {
    let mut machine = machine("minimax");
    let turn = create(&mut machine, |body| body["callback_url"] = json!("https://hooks.example.com/x"));
    let Reply::Ask(question) = turn.reply else { panic!("a question was expected") };
    assert!(machine.tasks().is_empty());
    assert_eq!(question.within, Duration::from_secs(3));
    let asked: Value = serde_json::from_slice(&question.body).expect("JSON");
    let value = asked["challenge"].as_str().expect("an opaque value").to_owned();
    let answer = answer.map(|answer| Response {
        body: String::from_utf8_lossy(&answer.body).replace('?', &value).into(),
        ..answer
    });
    let (response, task) = answered(machine.challenged(*question, answer.as_ref(), now()));
    let body = response.value().expect("JSON");
    assert_eq!(task.is_some(), passes);
    assert_eq!(body["base_resp"]["status_code"], if passes { 0 } else { 2013 });
    assert_eq!(machine.tasks().len(), usize::from(passes));
}

#[test]
fn minimax_file_ids_are_strings_in_the_query_and_numbers_in_retrieve() {
    let mut machine = machine("minimax");
    let task = accepted(&mut machine);
    let ending = machine.vendor().main_dialect().ending("succeeded").expect("a good end");
    machine.advance(&task, Step::End(ending), now()).expect("it moves");
    let file = queried(&mut machine, &task)["file_id"].as_str().expect("a string").to_owned();
    let retrieve = Request::get(format!("/v1/files/retrieve?file_id={file}"));
    let (response, _) = answered(machine.handle(&authorized("minimax", retrieve), now()));
    let body = response.value().expect("JSON");
    assert_eq!(body["file"]["file_id"].as_u64().map(|id| id.to_string()), Some(file));
}

#[test]
fn seventy_two_hours_of_plan_take_no_time() {
    let mut machine = machine("vidu");
    machine.add_rule("prompt=boat: succeeded after 24h+48h".parse().expect("a rule"));
    let task = create(&mut machine, |body| body["callback_url"] = json!("https://hooks.example.com/x")).task;
    let task = task.expect("a task was made");
    let later = |hours: i64| now() + SignedDuration::from_hours(hours);
    assert!(machine.tick(later(23)).is_empty());
    assert_eq!(machine.due(), Some(later(24)));
    let states: Vec<&str> = machine.tick(later(72)).iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, ["processing", "success"]);
    assert_eq!(machine.tasks().get(&task).expect("it is kept").updated, later(72));
    assert_eq!(machine.due(), None);
}

#[rstest]
fn a_rule_refuses_with_the_row_it_names(#[values("kling", "doubao", "minimax", "vidu")] vendor: &str) {
    for refusal in ["moderation", "balance", "rate-limit"] {
        let mut machine = machine(vendor);
        let row = machine.vendor().main_dialect().refusal(refusal).expect("every vendor has it");
        machine.add_rule(Rule { refuse: Some(refusal.to_owned()), ..Rule::about("boat") });
        let (response, task) = answered(create(&mut machine, |_| {}));
        assert_eq!((response.status, task), (row.http, None));
        assert!(String::from_utf8_lossy(&response.body).contains(row.code), "{vendor} {refusal}");
    }
}

fn step() -> impl Strategy<Value = Phase> {
    prop::sample::select(vec![Phase::Submitted, Phase::Queued, Phase::Running])
}

proptest! {
    /// Whatever is asked of a task, it moves forward only and its times are ordered.
    #[test]
    fn tasks_never_move_back(
        vendor in prop::sample::select(vec!["kling", "doubao", "minimax", "vidu"]),
        steps in prop::collection::vec((step(), -3_i64..10, any::<bool>()), 0..12),
    ) {
        let mut machine = machine(vendor);
        let task = accepted(&mut machine);
        let endings = machine.vendor().main_dialect().endings;
        let mut last = (0, false);
        for (phase, seconds, end) in steps {
            let step = if end { Step::End(&endings[0]) } else { Step::To(phase) };
            machine.advance(&task, step, now() + SignedDuration::from_secs(seconds));
            let job = machine.tasks().get(&task).expect("it is kept");
            let rank = match job.phase { Phase::Submitted => 0, Phase::Queued => 1, Phase::Running => 2, _ => 3 };
            prop_assert!(rank >= last.0 && (!last.1 || rank == last.0));
            prop_assert!(job.updated >= job.created);
            last = (rank, job.phase.is_terminal());
        }
    }

    /// No bytes and no target make a vendor panic, hang or blame itself.
    #[test]
    fn no_request_breaks_a_vendor(
        vendor in prop::sample::select(vec!["kling", "doubao", "minimax", "vidu"]),
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]),
        route in 0_usize..3,
        tail in "[ -~]{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut machine = machine(vendor);
        let (path, _) = create_of(vendor);
        let target = match route { 0 => path.to_owned(), 1 => format!("{path}/{tail}"), _ => format!("/{tail}") };
        let request = Request { method: method.to_owned(), body: body.into(), ..Request::get(target) };
        let (response, _) = answered(machine.handle(&authorized(vendor, request), now()));
        prop_assert!(response.status < 500);
    }
}
