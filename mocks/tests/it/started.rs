//! Is the one-line start for Rust tests as pleasant as it looks, and does it fail tests that should fail?

use std::time::Duration;

use ringback_mocks::account::AccountConfig;
use ringback_mocks::http::HttpClient;
use ringback_mocks::wire::{Request, Response, Secret};
use ringback_mocks::{Doubao, Kling, MiniMax, Vidu};
use rstest::rstest;
use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn post(root: &str, target: &str, authorization: &str, body: &serde_json::Value) -> Response {
    let request = Request::post(target, body).header("authorization", authorization);
    HttpClient::unpooled().send(root, &request, Duration::from_secs(10)).await.expect("an answer")
}

async fn receiver() -> MockServer {
    let server = MockServer::builder().start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    server
}

#[tokio::test]
async fn tasks_come_in_order_and_are_called_back() {
    let receiver = receiver().await;
    let vidu = Vidu::start().await;
    for prompt in ["one", "two"] {
        let body = json!({"model": "viduq1", "prompt": prompt, "callback_url": receiver.uri()});
        assert_eq!(post(vidu.url(), "/ent/v2/text2video", "Token k", &body).await.status, 200);
    }
    let (first, second) = (vidu.created().await, vidu.created().await);
    assert_eq!((first.prompt.as_str(), second.prompt.as_str()), ("one", "two"));
    vidu.advance(&second.id, "success");
    let body = vidu.called_back(&second.id, "success").await;
    assert_eq!(body["id"], json!(second.id));
    assert_eq!(vidu.state(&first.id).as_deref(), Some("created"));
    vidu.assert_creates(2);
}

#[tokio::test]
async fn an_account_has_keys_and_a_webhook_secret() {
    let settings = AccountConfig {
        api_keys: vec![Secret::new("right")],
        webhook_secrets: vec![Secret::new("whsec_c2VjcmV0")],
        ..AccountConfig::default()
    };
    let kling = Kling::with(settings).await;
    let receiver = receiver().await;
    let body = json!({"prompt": "a boat", "callback_url": receiver.uri()});
    assert_eq!(post(kling.url(), "/v1/videos/text2video", "Bearer wrong", &body).await.status, 401);
    kling.assert_creates(0);
    assert_eq!(post(kling.url(), "/v1/videos/text2video", "Bearer right", &body).await.status, 200);
    let task = kling.created().await;
    kling.advance(&task.id, "failed");
    kling.called_back(&task.id, "failed").await;
    let received = receiver.received_requests().await.expect("recording is on");
    assert!(received[0].headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn minimax_asks_the_receiver_first() {
    let silent = MockServer::builder().start().await;
    let minimax = MiniMax::start().await;
    let body = json!({"model": "MiniMax-Hailuo-02", "prompt": "a boat", "callback_url": silent.uri()});
    let answer = post(minimax.url(), "/v1/video_generation", "Bearer k", &body).await;
    assert_eq!(answer.value().expect("JSON")["base_resp"]["status_code"], 2013);
    minimax.assert_creates(0);
}

#[rstest]
#[case::rule("any: refuse everything", "no dialect here has the refusal")]
#[case::no_rule("nonsense", "a rule is `WHEN: WHAT`")]
#[tokio::test]
async fn a_wrong_rule_fails_the_test(#[case] rule: &'static str, #[case] why: &str) {
    let doubao = Doubao::start().await;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| doubao.on(rule)));
    let words = panicked.expect_err("it panics");
    let words = words.downcast_ref::<String>().expect("a sentence");
    assert!(words.contains(why), "{words}");
}

#[tokio::test]
#[should_panic(expected = "there is no task nobody")]
async fn a_task_that_is_not_there_fails_the_test() {
    Doubao::start().await.advance("nobody", "running");
}
