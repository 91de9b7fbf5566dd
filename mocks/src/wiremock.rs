//! A vendor on a `wiremock::MockServer` that a test already has (feature `wiremock`).
//!
//! ```
//! use ringback_mocks::vendor::Vendor;
//! use ringback_mocks::wiremock::mount;
//!
//! # #[tokio::main]
//! # async fn main() {
//! let server = wiremock::MockServer::builder().start().await;
//! let vidu = mount(Vendor::named("vidu").unwrap(), &server).await;
//!
//! // Your code, pointed at `server.uri()`, creates a job.
//! # use ringback_mocks::{http::HttpClient, wire::Request};
//! # let body = serde_json::json!({"model": "viduq1", "prompt": "A paper boat"});
//! # let create = Request::post("/ent/v2/text2video", &body).header("authorization", "Token any");
//! # HttpClient::new().send(&server.uri(), &create, std::time::Duration::from_secs(5)).await.unwrap();
//!
//! let task = vidu.with_machine(|machine| machine.tasks().newest().next().unwrap().id.clone());
//! assert!(vidu.advance(&task, Vendor::named("vidu").unwrap().main_dialect().step("success").unwrap()));
//! # }
//! ```
//!
//! Only requests on the vendor's own paths are taken, so other mocks can stand beside it. Two things are
//! wiremock's to decide: it answers one request at a time, so a receiver that must answer MiniMax's
//! challenge has to be another server; and it reads whole bodies, however long. Where that matters, use
//! [`crate::started`].

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use wiremock::{Match, Mock, MockServer, Respond, ResponseTemplate};

use crate::account::AccountConfig;
use crate::dispatcher::{Dispatcher, Routes};
use crate::http::Answer;
use crate::journal::Journal;
use crate::mock::VendorService;
use crate::results;
use crate::vendor::Vendor;
use crate::wire::{Headers, Request};

/// Longest wait for an answer, the challenge of a slow receiver included.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Mounts a vendor with an account that accepts any key; its tasks stay where they are until they are
/// moved. What it returns is the vendor: keep it to move tasks and to look at them.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn mount(vendor: Vendor, server: &MockServer) -> Arc<VendorService> {
    mount_with(vendor, AccountConfig::default(), server).await
}

/// Mounts a vendor with an account of your own.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn mount_with(
    vendor: Vendor,
    mut settings: AccountConfig,
    server: &MockServer,
) -> Arc<VendorService> {
    if settings.results.is_empty() {
        settings.results = format!("{}/results", server.uri());
    }
    let journal = Journal::open();
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    let service = VendorService::open(vendor, settings, journal, dispatcher);
    let responder = Mounted { service: Arc::clone(&service), runtime: Handle::current() };
    Mock::given(Belongs(vendor)).respond_with(responder).mount(server).await;
    service
}

/// Matches what the vendor has a route for, and its result files.
#[derive(Debug)]
struct Belongs(Vendor);

impl Match for Belongs {
    fn matches(&self, request: &wiremock::Request) -> bool {
        let path = request.url.path();
        path.starts_with(results::PREFIX)
            || self
                .0
                .dialects()
                .iter()
                .any(|dialect| dialect.routes.iter().any(|route| route.segment(path).is_some()))
    }
}

#[derive(Debug)]
struct Mounted {
    service: Arc<VendorService>,
    runtime: Handle,
}

impl Respond for Mounted {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let request = read(request);
        let service = Arc::clone(&self.service);
        // A responder cannot wait for a future, so a task of the test's runtime does the work.
        let (sender, answer) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            let _ = sender.send(service.serve(request).await);
        });
        match answer.recv_timeout(ANSWERS_WITHIN) {
            // The server that a test has cannot end a connection early.
            Ok(Answer::Whole(response) | Answer::Half(response)) => {
                let template = ResponseTemplate::new(response.status).set_body_bytes(response.body.to_vec());
                response
                    .headers
                    .iter()
                    .fold(template, |template, (name, value)| template.insert_header(name, value))
            }
            Ok(Answer::Cut) | Err(_) => {
                ResponseTemplate::new(500).set_body_string("the mounted vendor gave no answer")
            }
        }
    }
}

fn read(request: &wiremock::Request) -> Request {
    let target = &request.url[url::Position::BeforePath..url::Position::AfterQuery];
    let fields = request.headers.iter();
    let headers: Headers = fields
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Request {
        method: request.method.to_string(),
        target: target.to_owned(),
        headers,
        body: request.body.clone().into(),
    }
}
