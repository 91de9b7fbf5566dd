//! Do callbacks really leave, as documented, over real sockets? The receivers are wiremock's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::dispatcher::{CONCURRENT, Dispatcher, Routes};
use ringback_mocks::http::{HttpClient, LOOPBACK, Server};
use ringback_mocks::journal::{Exchange, Journal, Leg};
use ringback_mocks::signature::{verify_standard_webhooks, verify_vidu};
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Phase, Vendor};
use ringback_mocks::wire::{Headers, Request, Response, Secret};
use ringback_mocks::world::World;
use rstest::rstest;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

const SOON: Duration = Duration::from_secs(20);
const PAUSES: &[Duration] = &[Duration::from_millis(10); 3];

/// Not from wiremock's pool, which gives a dropped server's port to the next test.
async fn receiver() -> MockServer {
    MockServer::builder().start().await
}

fn delivery(vendor: &str, url: String, signer: Signer) -> Delivery {
    Delivery {
        id: "8674665223082153551".to_owned(),
        vendor: Vendor::named(vendor).expect("the registry has it"),
        task: "task-1".to_owned(),
        state: "success",
        terminal: true,
        url,
        content_type: "application/json",
        body: Bytes::from_static(br#"{"id":"812841849562607616","state":"success"}"#),
        signer,
        timeout: Duration::from_secs(5),
        retries: PAUSES.to_vec(),
        delivery_faults: None,
    }
}

/// Waits until `count` callbacks of a token were attempted.
async fn attempts(journal: &Journal, token: &str, count: usize) -> Vec<Arc<Exchange>> {
    let attempted = |all: &[Arc<Exchange>]| {
        let callbacks: Vec<_> =
            all.iter().filter(|one| matches!(one.leg, Leg::Callback(_))).cloned().collect();
        (callbacks.len() >= count).then_some(callbacks)
    };
    journal.wait(token, SOON, attempted).await.expect("the attempts are made")
}

async fn refuses_twice(server: &MockServer) {
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).up_to_n_times(2).mount(server).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).expect(1).mount(server).await;
}

fn headers_of(request: &wiremock::Request) -> Headers {
    request.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII"))).collect()
}

#[tokio::test]
async fn a_vidu_delivery_is_repeated_until_acknowledged_and_signed_anew() {
    let server = receiver().await;
    refuses_twice(&server).await;
    let journal = Journal::open();
    let token = journal.token();
    let key = Secret::new("vda_key");
    let url = format!("{}/hook/{token}?name=james&age=36", server.uri());
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    dispatcher.send(vec![delivery("vidu", url, Signer::ViduHmac(key.clone()))]);
    attempts(&journal, &token, 3).await;
    let received = server.received_requests().await.expect("recording is on");
    assert_eq!(received.len(), 3);
    let mut nonces: Vec<String> = Vec::new();
    for request in &received {
        let headers = headers_of(request);
        let target = format!("{}?{}", request.url.path(), request.url.query().unwrap_or_default());
        assert_eq!(verify_vidu(&key, "POST", &target, &headers), Ok(()));
        assert_eq!(request.body, received[0].body);
        nonces.push(headers.get("x-request-nonce").expect("a nonce").to_owned());
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 3, "each attempt has a nonce of its own");
    server.verify().await;
}

#[tokio::test]
async fn a_kling_delivery_keeps_its_webhook_id_across_attempts() {
    let server = receiver().await;
    refuses_twice(&server).await;
    let journal = Journal::open();
    let token = journal.token();
    let secrets = vec![Secret::new("whsec_b2xk"), Secret::new("whsec_bmV3")];
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    let url = format!("{}/{token}", server.uri());
    dispatcher.send(vec![delivery("kling", url, Signer::StandardWebhooks(secrets.clone()))]);
    attempts(&journal, &token, 3).await;
    for request in server.received_requests().await.expect("recording is on") {
        let headers = headers_of(&request);
        assert_eq!(headers.get("webhook-id"), Some("8674665223082153551"));
        for secret in &secrets {
            let now = jiff::Timestamp::now();
            let one = std::slice::from_ref(secret);
            assert_eq!(
                verify_standard_webhooks(one, &headers, &request.body, now),
                Ok(()),
                "during a rotation"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_no_acknowledgement() {
    let server = receiver().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(5));
    Mock::given(method("POST")).respond_with(slow).up_to_n_times(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let journal = Journal::open();
    let token = journal.token();
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    let url = format!("{}/{token}", server.uri());
    let timeout = Duration::from_millis(100);
    dispatcher.send(vec![Delivery { timeout, ..delivery("doubao", url, Signer::Unsigned) }]);
    let attempts = attempts(&journal, &token, 2).await;
    assert!(attempts[0].answer.is_err());
    assert!(attempts[1].answer.as_ref().is_ok_and(|answer| answer.status == 200));
}

#[rstest]
#[case::public("https://hooks.example.org/c/")]
#[case::lookalike("https://notexample.com/c/")]
#[case::private("http://10.0.0.1/c/")]
#[case::metadata_service("http://169.254.169.254/c/")]
#[case::no_url("not a url ")]
#[tokio::test]
async fn nothing_is_sent_beyond_loopback(#[case] prefix: &str) {
    let journal = Journal::open();
    let token = journal.token();
    let routes = Routes::default().map("example.com", "127.0.0.1:9".parse().expect("an address"));
    let dispatcher = Dispatcher::new(routes, Arc::clone(&journal));
    let refused =
        Delivery { retries: Vec::new(), ..delivery("kling", format!("{prefix}{token}"), Signer::Unsigned) };
    dispatcher.send(vec![refused]);
    let attempts = attempts(&journal, &token, 1).await;
    let why = attempts[0].answer.as_ref().expect_err("it is refused");
    assert!(why.contains("not allowed") || why.contains("not a URL"), "{why}");
}

#[tokio::test]
async fn a_host_is_allowed_by_name_and_with_it_https() {
    let listener = TcpListener::bind(LOOPBACK).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let journal = Journal::open();
    let token = journal.token();
    let dispatcher = Dispatcher::new(Routes::default().allow("LOCALHOST"), Arc::clone(&journal));
    let secure = |host: &str| Delivery {
        retries: Vec::new(),
        ..delivery("kling", format!("https://{host}:{port}/{token}"), Signer::Unsigned)
    };
    dispatcher.send(vec![secure("localhost")]);
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut first = [0];
    stream.read_exact(&mut first).await.expect("a byte");
    assert_eq!(first, [0x16], "a TLS handshake begins");
    drop(stream);
    attempts(&journal, &token, 1).await;
    dispatcher.send(vec![secure("below.localhost"), secure("127.0.0.1")]);
    for refused in &attempts(&journal, &token, 3).await[1..] {
        assert!(refused.answer.as_ref().is_err_and(|why| why.contains("not allowed")), "{refused:?}");
    }
}

/// A receiver that answers nobody before as many requests are open as the dispatcher allows itself.
struct Crowd {
    open: AtomicUsize,
    most: AtomicUsize,
    gate: watch::Sender<bool>,
}

#[tokio::test]
async fn attempts_under_way_are_bounded_and_the_rest_waits_its_turn() {
    let crowd = Arc::new(Crowd { open: 0.into(), most: 0.into(), gate: watch::Sender::new(false) });
    let shared = Arc::clone(&crowd);
    let server = Server::bind(LOOPBACK, move |_| {
        let crowd = Arc::clone(&shared);
        async move {
            let open = crowd.open.fetch_add(1, Ordering::SeqCst) + 1;
            crowd.most.fetch_max(open, Ordering::SeqCst);
            if open == CONCURRENT {
                crowd.gate.send_replace(true);
            }
            crowd.gate.subscribe().wait_for(|open| *open).await.expect("the gate stays");
            crowd.open.fetch_sub(1, Ordering::SeqCst);
            Response::text(500, "not yet")
        }
    })
    .await
    .expect("a server");
    let journal = Journal::open();
    let token = journal.token();
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    let many = 2 * CONCURRENT + 7;
    let one = |task| Delivery {
        task: format!("task-{task}"),
        timeout: SOON,
        retries: vec![Duration::from_secs(3600)],
        ..delivery("doubao", format!("{}/{token}", server.url()), Signer::Unsigned)
    };
    dispatcher.send((0..many).map(one).collect());
    attempts(&journal, &token, many).await;
    assert_eq!(crowd.most.load(Ordering::SeqCst), CONCURRENT);
    assert_eq!(dispatcher.pending(), many, "every one waits for its repetition");
}

fn create(vendor: Vendor, body: &serde_json::Value) -> Request {
    let path = match vendor.name() {
        "kling" => "/v1/videos/text2video",
        "doubao" => "/api/v3/contents/generations/tasks",
        "minimax" => "/v1/video_generation",
        _ => "/ent/v2/text2video",
    };
    let scheme = vendor.main_dialect().auth.word();
    Request::post(path, body).header("authorization", format!("{scheme} key-{vendor}"))
}

#[rstest]
#[case::kling("kling", json!({"model_name": "kling-v1", "prompt": "P", "callback_url": "U"}), &["processing", "succeed"])]
#[case::doubao("doubao", json!({"model": "doubao-seedance-1-0-pro-250528", "content": [{"type": "text", "text": "P"}], "callback_url": "U"}), &["queued", "running", "succeeded"])]
#[case::minimax("minimax", json!({"model": "MiniMax-Hailuo-02", "prompt": "P", "callback_url": "U"}), &["challenge", "processing", "success"])]
#[case::vidu("vidu", json!({"model": "viduq1", "prompt": "P", "callback_url": "U"}), &["processing", "success"])]
#[tokio::test]
async fn every_documented_change_is_called_back_in_order(
    #[case] vendor: &str,
    #[case] body: serde_json::Value,
    #[case] words: &[&str],
) {
    let vendor = Vendor::named(vendor).expect("the registry has it");
    let placements = World::everywhere(|vendor| Secret::new(format!("key-{vendor}")));
    let world = World::start(&placements, 1).await.expect("the world starts");
    let token = world.journal.token();
    let url = format!("https://hooks.example.com:8443/c/{token}?a=%2F");
    let body =
        body.to_string().replace("\"P\"", &format!("\"{token}\"")).replace("\"U\"", &format!("\"{url}\""));
    let body = serde_json::from_str(&body).expect("it is still JSON");
    let mock = world.mock(vendor).expect("it stands in this world");
    let answer = HttpClient::new().send(&mock.url(), &create(vendor, &body), SOON).await.expect("an answer");
    let task = (vendor.main_dialect().client.created)(&answer).expect("the job is accepted");
    let ending = vendor.main_dialect().ending("succeeded").expect("a good end");
    assert!(mock.advance(&task, Step::To(Phase::Running)));
    assert!(mock.advance(&task, Step::End(ending)));
    assert!(!mock.advance(&task, Step::To(Phase::Running)), "an end is final");
    let arrived = |all: &[Arc<Exchange>]| {
        let inbox: Vec<_> = all.iter().filter(|one| one.leg == Leg::Inbox).cloned().collect();
        (inbox.len() >= words.len()).then_some(inbox)
    };
    let inbox = world.journal.wait(&token, SOON, arrived).await.expect("the callbacks arrive");
    for (exchange, word) in inbox.iter().zip(words) {
        let text = String::from_utf8_lossy(&exchange.request.body).into_owned();
        assert!(text.contains(&format!("\"{word}\"")), "expected {word} in {text}");
        assert_eq!(exchange.request.target, format!("/c/{token}?a=%2F"));
        if vendor.name() == "vidu" {
            let key = Secret::new("key-vidu");
            let (target, headers) = (&exchange.request.target, &exchange.request.headers);
            assert_eq!(verify_vidu(&key, "POST", target, headers), Ok(()));
        }
    }
}

#[tokio::test]
async fn minimax_creates_nothing_when_the_receiver_fails_its_challenge() {
    let vendor = Vendor::named("minimax").expect("the registry has it");
    let placements = World::everywhere(|vendor| Secret::new(format!("key-{vendor}")));
    let world = World::start(&placements, 1).await.expect("the world starts");
    let token = world.journal.token();
    world.inbox.refuse_challenge(&token);
    let url = format!("https://hooks.example.com/{token}");
    let body = json!({"model": "MiniMax-Hailuo-02", "prompt": "a boat", "callback_url": url});
    let mock = world.mock(vendor).expect("it stands in this world");
    let answer = HttpClient::new().send(&mock.url(), &create(vendor, &body), SOON).await.expect("an answer");
    let body = answer.value().expect("JSON");
    assert_eq!(answer.status, 200);
    assert_eq!(body["task_id"], "");
    assert_eq!(body["base_resp"]["status_code"], 2013);
    assert_eq!(body["base_resp"]["status_msg"], "invalid params, fail to check callback url");
}
