//! Can the control API be driven by a web page, do half a thing, or forget half of what a reset promises?

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::account::AccountConfig;
use ringback_mocks::control::ControlApi;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::dispatcher::{Dispatcher, Routes};
use ringback_mocks::http::{self, HttpClient};
use ringback_mocks::journal::Journal;
use ringback_mocks::rules::Rule;
use ringback_mocks::standalone::{Setup, Standalone};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response};
use rstest::rstest;
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

const SOON: Duration = Duration::from_secs(20);

async fn running(rules: &[&str]) -> Standalone {
    let setup = Setup {
        vendors: Vendor::all().map(|vendor| (vendor, http::LOOPBACK, AccountConfig::default())).collect(),
        control: Some(http::LOOPBACK),
        routes: Routes::default(),
        rules: rules.iter().map(|rule| rule.parse::<Rule>().expect(rule)).collect(),
        journal: Journal::open(),
    };
    Standalone::start(setup).await.expect("free ports")
}

async fn ask(root: &str, request: Request) -> Response {
    HttpClient::unpooled().send(root, &request, SOON).await.expect("an answer")
}

async fn control(mocks: &Standalone, request: Request) -> Response {
    ask(&mocks.control().expect("it was asked for"), request).await
}

async fn kling(mocks: &Standalone, prompt: &str) -> Response {
    let create = Request::post("/v1/videos/text2video", &json!({"prompt": prompt}));
    ask(&mocks.mocks()[0].url(), create.header("authorization", "Bearer k")).await
}

fn post(target: &str, body: &str) -> Request {
    Request { method: "POST".to_owned(), body: body.to_owned().into(), ..Request::get(target) }
}

#[rstest]
#[case::from_a_form(post("/reset", "").header("origin", "https://evil.example"), 403)]
#[case::from_a_file(post("/reset", "").header("origin", "null"), 403)]
#[case::without_origin(post("/reset", "").header("sec-fetch-site", "cross-site"), 403)]
#[case::rebound(Request::get("/journal").header("host", "evil.example.com:9100"), 403)]
#[case::rebound_with_a_dot(Request::get("/journal").header("host", "evil.example.com."), 403)]
#[case::looks_like_loopback(Request::get("/journal").header("host", "127.0.0.1.evil.com"), 403)]
#[case::looks_like_localhost(Request::get("/journal").header("host", "localhost.evil.com"), 403)]
#[case::a_program(post("/reset", ""), 200)]
#[case::by_name(post("/reset", "").header("host", "localhost:9100"), 200)]
#[case::on_the_other_loopback(post("/reset", "").header("host", "[::1]:9100"), 200)]
#[case::from_a_container(post("/reset", "").header("host", "host.docker.internal:9100"), 200)]
#[case::in_a_compose_file(post("/reset", "").header("host", "ringback"), 200)]
#[case::typed_into_a_browser(Request::get("/journal").header("sec-fetch-site", "none"), 200)]
#[case::health(Request::get("/healthz").header("host", "mocks.example.com"), 200)]
#[tokio::test]
async fn web_pages_are_turned_away_and_programs_are_not(#[case] request: Request, #[case] status: u16) {
    let mocks = running(&[]).await;
    assert_eq!(control(&mocks, request).await.status, status);
}

#[tokio::test]
async fn a_page_that_is_turned_away_changes_nothing() {
    let mocks = running(&[]).await;
    let add = post("/rules", "any: refuse balance").header("origin", "https://evil.example");
    assert_eq!(control(&mocks, add).await.status, 403);
    assert_eq!(kling(&mocks, "a boat").await.status, 200);
}

/// `quota` is a name of Ark and Vidu, not of Kling.
#[rstest]
#[case::of_the_start(true)]
#[case::added(false)]
#[tokio::test]
async fn a_rule_is_for_the_vendors_that_have_its_names(#[case] from_the_start: bool) {
    let rule = "any: refuse quota";
    let rules: &[&str] = if from_the_start { &[rule] } else { &[] };
    let mocks = running(rules).await;
    if !from_the_start {
        assert_eq!(control(&mocks, post("/rules", rule)).await.status, 200);
    }
    assert_eq!(kling(&mocks, "a boat").await.status, 200);
    let body = json!({"model": "viduq1", "prompt": "a boat"});
    let create = Request::post("/ent/v2/text2video", &body).header("authorization", "Token k");
    assert_eq!(ask(&mocks.mocks()[3].url(), create).await.status, 429);
}

#[tokio::test]
async fn of_several_knobs_all_are_set_or_none() {
    let mocks = running(&[]).await;
    let both = r#"{"ark.callback-timeout": "9s", "ark.error-null": "perhaps"}"#;
    assert_eq!(control(&mocks, post("/knobs", both)).await.status, 400);
    let ark = Vendor::named("doubao").expect("known").main_dialect();
    let timeout =
        || mocks.mocks()[1].with_machine(|machine| machine.settings().options.time(ark, "callback-timeout"));
    assert_ne!(timeout(), Duration::from_secs(9));
    assert_eq!(control(&mocks, post("/knobs", r#"{"ark.callback-timeout": "9s"}"#)).await.status, 200);
    assert_eq!(timeout(), Duration::from_secs(9));
    assert_eq!(control(&mocks, post("/reset", "")).await.status, 200);
    assert_ne!(timeout(), Duration::from_secs(9), "a reset goes back to the knobs of the start");
}

#[tokio::test]
async fn after_a_reset_nothing_is_repeated() {
    let receiver = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(ResponseTemplate::new(500)).mount(&receiver).await;
    let journal = Journal::open();
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    dispatcher.send(vec![Delivery {
        id: "1".to_owned(),
        vendor: Vendor::named("vidu").expect("known"),
        task: "1".to_owned(),
        state: "success",
        terminal: true,
        url: receiver.uri(),
        content_type: "application/json",
        body: "{}".into(),
        signer: Signer::Unsigned,
        timeout: SOON,
        retries: vec![Duration::from_secs(3600)],
        delivery_faults: None,
    }]);
    journal.wait_any(SOON, |all| (!all.is_empty()).then_some(())).await.expect("it is sent");
    assert_eq!(dispatcher.pending(), 1, "it will be repeated");
    let desk = ControlApi {
        mocks: &[],
        journal: &journal,
        dispatcher: &dispatcher,
        rules: &[],
        options: &[],
        is_local: true,
    };
    assert_eq!(desk.answer(&post("/reset", "")).status, 200);
    assert_eq!(dispatcher.pending(), 0);
    assert!(journal.newest().is_empty());
}
