//! Does the client do only what it is asked to?

use std::time::Duration;

use ringback_mocks::http::HttpClient;
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

#[rstest]
#[case::moved(301)]
#[case::same_method(307)]
#[case::for_good(308)]
#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed(#[case] status: u16) {
    let server = MockServer::start().await;
    let elsewhere = format!("{}/elsewhere", server.uri());
    let redirect = ResponseTemplate::new(status).insert_header("location", elsewhere.as_str());
    Mock::given(matchers::any()).respond_with(redirect).mount(&server).await;
    let request = Request::post("/hook", &json!({}));
    let answer = HttpClient::new().send(&server.uri(), &request, Duration::from_secs(20)).await;
    assert_eq!(answer.expect("an answer").status, status);
    assert_eq!(server.received_requests().await.expect("recording is on").len(), 1);
}
