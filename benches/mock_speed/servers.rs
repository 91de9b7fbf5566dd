//! The contenders, each a process: the bare axum program, and mocks as a user starts them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Method, Request, header};
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use ringback_mocks::account::AccountConfig;
use ringback_mocks::dispatcher::{Dispatcher, Routes};
use ringback_mocks::http::LOOPBACK;
use ringback_mocks::journal::Journal;
use ringback_mocks::mock::MockVendor;
use ringback_mocks::rules::TaskPlan;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;

use crate::load::Create;

/// The create every Kling row and the yardstick are sent.
pub(crate) const KLING: &Create = &Create {
    path: "/v1/videos/text2video",
    authorization: "Bearer api-key-kling-0123456789abcdef",
    model: ("model_name", "kling-v1"),
};
/// The create of the Vidu rows.
pub(crate) const VIDU: &Create = &Create {
    path: "/ent/v2/text2video",
    authorization: "Token vda_0123456789abcdef0123456789",
    model: ("model", "viduq1"),
};

const ANSWER: &str = r#"{"code":0,"message":"SUCCEED","request_id":"0a1b2c3d-0a1b-4c3d-8a1b-0a1b2c3d4e5f","data":{"task_id":"851207000000000001","task_status":"submitted","task_info":{},"created_at":1795900000000,"updated_at":1795900000000}}"#;
const CALLBACK: &str = r#"{"task_id":"851207000000000001","task_status":"succeed","task_status_msg":"","task_info":{},"task_result":{"videos":[{"id":"851207000000000002","url":"http://127.0.0.1/results/851207000000000001.mp4","duration":"5.1"}]},"created_at":1795900000000,"updated_at":1795900000000}"#;

/// Serves as told until the process is ended: `yardstick CALLBACKS [SINKS]`, `VENDOR COURSE [SINKS]`.
pub(crate) fn serve(arguments: &[String]) {
    let argument = |at: usize| arguments.get(at).map_or("", String::as_str);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        if argument(0) == "yardstick" {
            let sinks = argument(2).split(',').filter_map(|sink| sink.parse().ok()).collect();
            yardstick(argument(1).parse().expect("a number of callbacks"), sinks).await;
        } else {
            mock(argument(0), argument(1)).await;
        }
    });
}

async fn yardstick(callbacks: usize, sinks: Vec<SocketAddr>) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let turn = Arc::new(AtomicUsize::new(0));
    let targets: Arc<[String]> = sinks.iter().map(|sink| format!("http://{sink}/constant")).collect();
    let app = axum::Router::new().route(
        KLING.path,
        axum::routing::post(move || {
            for _ in 0..callbacks {
                let target = &targets[turn.fetch_add(1, Ordering::Relaxed) % targets.len()];
                let callback = Request::builder()
                    .method(Method::POST)
                    .uri(target)
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(Full::new(Bytes::from_static(CALLBACK.as_bytes())))
                    .expect("a valid request");
                let sending = client.request(callback);
                tokio::spawn(async move {
                    let answer = sending.await.expect("the sink answers");
                    answer.into_body().collect().await.expect("the whole answer comes");
                });
            }
            async { ([(header::CONTENT_TYPE, "application/json")], ANSWER) }
        }),
    );
    let listener = tokio::net::TcpListener::bind(LOOPBACK).await.expect("a free port");
    listening(listener.local_addr().expect("it is bound"));
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await.expect("serving goes on");
}

async fn mock(vendor: &str, course: &str) {
    let vendor = Vendor::named(vendor).expect("a vendor of the registry");
    let create = if vendor.name() == "vidu" { VIDU } else { KLING };
    let (_, key) = create.authorization.split_once(' ').expect("scheme and key");
    let mut settings = AccountConfig {
        api_keys: vec![Secret::new(key)],
        webhook_secrets: vec![Secret::new("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")],
        plan: course_of(course),
        ..AccountConfig::default()
    };
    if course == "repeat" {
        settings.options.set("vidu.callback-retries", "1h").expect("a knob every dialect has");
    }
    let journal = Journal::open();
    let courier = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    let mock = MockVendor::start(vendor, settings, LOOPBACK, journal, courier).await.expect("a free port");
    listening(mock.url().trim_start_matches("http://").parse().expect("an address"));
    std::future::pending::<()>().await;
}

fn course_of(word: &str) -> TaskPlan {
    let run = |queue, work| TaskPlan::Run { ending: "succeeded".to_owned(), queue, work };
    let hours = Duration::from_secs(10 * 3_600);
    match word {
        "stay" => TaskPlan::Stay,
        "later" => run(hours, hours),
        // `now`; `repeat`: refused on the way, each delivery waits for its repetition.
        _ => run(Duration::ZERO, Duration::ZERO),
    }
}

#[expect(clippy::print_stdout, reason = "this is how the parent learns the address")]
fn listening(address: SocketAddr) {
    println!("{address}");
}
