//! Rust that pages quote. What stands here is compiled with these tests, and run where it is a test itself.

mod conformance {
    #[expect(dead_code, reason = "the main of another target: it is here to be compiled and quoted")]
    // guide: conformance
    fn main() -> std::process::ExitCode {
        ringback::test_target::main()
    }
    // end
}

mod payloads {
    #[expect(dead_code, reason = "the main of another target: it is here to be compiled and quoted")]
    // guide: payloads
    fn main() -> std::process::ExitCode {
        ringback::snapshots::main("snapshots/my-gateway")
    }
    // end
}

/// Stands for the code of whoever reads the page: it submits one job.
async fn your_code(root: &str) {
    use ringback_mocks::http::HttpClient;
    use ringback_mocks::wire::Request;
    let body = serde_json::json!({"model_name": "kling-v1", "prompt": "A paper boat on a pond"});
    let request = Request::post("/v1/videos/text2video", &body).header("authorization", "Bearer key");
    let within = std::time::Duration::from_secs(10);
    HttpClient::new().send(root, &request, within).await.expect("the mock answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_in_a_test() {
    // guide: mock
    let kling = ringback_mocks::Kling::start().await;
    kling.on("prompt=storm: refuse moderation");
    your_code(kling.url()).await;
    let task = kling.created().await; // waits, with a deadline
    kling.advance(&task.id, "succeed");
    kling.assert_creates(1);
    // end
}
