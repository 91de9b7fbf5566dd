//! Do mocks that stand by themselves do what the control API says? Over real sockets.

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::account::AccountConfig;
use ringback_mocks::dispatcher::Routes;
use ringback_mocks::http::{self, HttpClient};
use ringback_mocks::journal::Journal;
use ringback_mocks::standalone::{Setup, Standalone};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response};
use rstest::rstest;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

async fn running(rules: &[&str]) -> Standalone {
    let vendors = Vendor::all()
        .map(|vendor| {
            (vendor, http::LOOPBACK, AccountConfig { results: String::new(), ..AccountConfig::default() })
        })
        .collect();
    let setup = Setup {
        vendors,
        control: Some(http::LOOPBACK),
        routes: Routes::default(),
        rules: rules.iter().map(|rule| rule.parse().expect(rule)).collect(),
        journal: Journal::open(),
    };
    Standalone::start(setup).await.expect("free ports")
}

async fn ask(root: &str, request: Request) -> Response {
    HttpClient::unpooled().send(root, &request, SOON).await.expect("an answer")
}

async fn control(mocks: &Standalone, request: Request) -> (u16, Value) {
    let answer = ask(&mocks.control().expect("it was asked for"), request).await;
    (answer.status, answer.value().unwrap_or_else(|| Value::from(String::from_utf8_lossy(&answer.body))))
}

fn text(method: &str, target: &str, body: &str) -> Request {
    Request { method: method.to_owned(), body: body.to_owned().into(), ..Request::get(target) }
}

async fn kling_task(mocks: &Standalone, prompt: &str) -> (u16, Option<String>) {
    let create = Request::post("/v1/videos/text2video", &json!({"prompt": prompt}))
        .header("authorization", "Bearer k");
    let answer = ask(&mocks.mocks()[0].url(), create).await;
    let id = answer.value().and_then(|body| body["data"]["task_id"].as_str().map(str::to_owned));
    (answer.status, id)
}

#[tokio::test]
async fn everybody_is_there_and_healthy() {
    let mocks = running(&[]).await;
    assert_eq!(control(&mocks, Request::get("/healthz")).await, (200, json!({"status": "ok"})));
    let (_, vendors) = control(&mocks, Request::get("/vendors")).await;
    let names: Vec<&str> =
        vendors.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["kling", "doubao", "minimax", "vidu"]);
}

#[tokio::test]
async fn a_task_is_listed_advanced_and_its_result_fetched() {
    let mocks = running(&[]).await;
    let (_, id) = kling_task(&mocks, "a boat").await;
    let id = id.expect("it is accepted");
    let (_, tasks) = control(&mocks, Request::get("/tasks?vendor=kling")).await;
    assert_eq!(tasks[0]["id"], json!(id));
    assert_eq!(tasks[0]["state"], "submitted");
    let advance = |to: &str| Request::post(format!("/tasks/{id}/advance"), &json!({"to": to}));
    assert_eq!(control(&mocks, advance("processing")).await.0, 200);
    assert_eq!(control(&mocks, advance("succeed")).await.0, 200);
    assert_eq!(control(&mocks, advance("processing")).await.0, 409);
    let query = Request::get(format!("/v1/videos/text2video/{id}")).header("authorization", "Bearer k");
    let body = ask(&mocks.mocks()[0].url(), query).await.value().expect("JSON");
    let url = body["data"]["task_result"]["videos"][0]["url"].as_str().expect("a URL").to_owned();
    let root = mocks.mocks()[0].url();
    let target = url.strip_prefix(&root).expect("the result is at the mock");
    let file = ask(&root, Request::get(target)).await;
    assert_eq!((file.status, file.headers.get("content-type")), (200, Some("video/mp4")));
}

#[tokio::test]
async fn rules_come_and_go_and_a_reset_brings_back_the_first_ones() {
    let mocks = running(&["prompt=flood: refuse balance"]).await;
    let add = text("POST", "/rules", "kling prompt=storm: refuse moderation\nany: stay\n");
    assert_eq!(control(&mocks, add).await, (200, json!({"added": 2})));
    assert_eq!(kling_task(&mocks, "a storm").await, (400, None));
    let (_, rules) = control(&mocks, Request::get("/rules")).await;
    let rules = rules.as_str().expect("text").to_owned();
    assert!(rules.contains("kling prompt=storm: refuse moderation\n"), "{rules}");
    assert!(!rules.contains("vidu prompt=storm"), "{rules}");
    assert_eq!(control(&mocks, text("POST", "/reset", "")).await.0, 200);
    assert!(kling_task(&mocks, "a storm").await.1.is_some());
    assert_eq!(kling_task(&mocks, "a flood").await, (429, None));
    let (_, journal) = control(&mocks, Request::get("/journal")).await;
    let lines = journal.as_str().expect("text").lines().count();
    assert_eq!(lines, 2, "what was before the reset is gone");
}

#[rstest]
#[case::rule(text("POST", "/rules", "any: refuse moderaton"), 400, "moderaton")]
#[case::no_rule(text("POST", "/rules", "whatever"), 400, "WHEN: WHAT")]
#[case::knob(text("POST", "/knobs", r#"{"ark.colour": "red"}"#), 400, "no knob `colour`")]
#[case::knob_value(text("POST", "/knobs", r#"{"ark.callback-timeout": "soon"}"#), 400, "a time such as 5s")]
#[case::no_task(
    text("POST", "/tasks/nobody/advance", r#"{"to": "processing"}"#),
    404,
    "no vendor here has a task"
)]
#[case::no_word(text("POST", "/tasks/nobody/advance", "{}"), 400, "say where to")]
#[case::no_call(text("GET", "/elsewhere", ""), 404, "no such call")]
#[tokio::test]
async fn what_cannot_be_done_says_why(#[case] request: Request, #[case] status: u16, #[case] why: &str) {
    let mocks = running(&[]).await;
    let (answered, body) = control(&mocks, request).await;
    assert_eq!(answered, status, "{body}");
    assert!(body["error"].as_str().expect("a sentence").contains(why), "{body}");
}

#[tokio::test]
async fn the_journal_has_both_legs_and_no_key() {
    let mocks = running(&["any: succeeded after 0s"]).await;
    let receiver = wiremock::MockServer::builder().start().await;
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(wiremock::ResponseTemplate::new(200))
        .mount(&receiver)
        .await;
    let url = format!("{}/hook", receiver.uri());
    let body = json!({"model": "viduq1", "prompt": "a boat", "callback_url": url});
    let create =
        Request::post("/ent/v2/text2video", &body).header("authorization", "Token vda_secret_canary");
    assert_eq!(ask(&mocks.mocks()[3].url(), create).await.status, 200);
    let journal = Arc::clone(mocks.journal());
    journal
        .wait_any(SOON, |all| {
            let sent = all.iter().filter(|one| matches!(one.leg, ringback_mocks::journal::Leg::Callback(_)));
            (sent.count() == 2).then_some(())
        })
        .await
        .expect("processing and success are called back");
    let (_, lines) = control(&mocks, Request::get("/journal")).await;
    let lines = lines.as_str().expect("text").to_owned();
    assert!(lines.contains(r#""from":"vidu","to":"receiver""#), "{lines}");
    assert!(!lines.contains("vda_secret_canary"), "{lines}");
    assert!(lines.contains("Token <secret>"), "{lines}");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr().map(|at| (one, at)));
    let (_held, address) = taken.expect("a port");
    let setup = Setup {
        vendors: vec![(Vendor::named("vidu").expect("known"), address, AccountConfig::default())],
        control: None,
        routes: Routes::default(),
        rules: Vec::new(),
        journal: Journal::open(),
    };
    let error = Standalone::start(setup).await.expect_err("the port is taken").to_string();
    assert!(error.contains("mock vidu cannot listen on"), "{error}");
}
