//! The client: it does nothing a caller did not ask for.
//!
//! No redirects, retries, proxies, cookies or decompression, because each of them can hide what the
//! other side really did. Bodies are bounded in size and time.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt as _;

use super::headers_of;
use super::no_answer::{NoAnswer, add, cause};
use super::pool::Pool;
use crate::wire::{Request, Response};

/// A client that does nothing on its own.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// For anything a plain connection of the pool is not enough for. Made when first needed: it
    /// reads certificates, and a mock that only calls loopback should not wait for that.
    general: Arc<OnceLock<reqwest::Client>>,
    pool: Option<Arc<Pool>>,
}

impl HttpClient {
    /// Builds a client that keeps connections.
    pub fn new() -> Self {
        Self { general: Arc::default(), pool: Some(Arc::default()) }
    }

    /// Builds a client that opens a connection for each request: a server may close an idle one at any
    /// moment, and a request that runs into that would look like the server's refusal to answer.
    pub fn unpooled() -> Self {
        Self { general: Arc::default(), pool: None }
    }

    /// Sends `request` to `root` + target and reads the whole answer within `within`.
    pub async fn send(&self, root: &str, request: &Request, within: Duration) -> Result<Response, NoAnswer> {
        match tokio::time::timeout(within, self.exchange(root, request)).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer::TimedOut(within)),
        }
    }

    async fn exchange(&self, root: &str, request: &Request) -> Result<Response, NoAnswer> {
        if let (Some(pool), Some(authority)) = (&self.pool, root.strip_prefix("http://"))
            && let Some(call) = Pool::call(authority, request)
        {
            return pool.exchange(authority, call).await;
        }
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .map_err(|error| NoAnswer::Connect(cause(&error)))?;
        let mut call = self.general().request(method, format!("{root}{}", request.target));
        for (name, value) in request.headers.iter() {
            call = call.header(name, value);
        }
        let answer = call.body(request.body.clone()).send().await.map_err(|error| {
            let why = cause(&error);
            let unreached = error.is_connect() || error.is_builder();
            if unreached { NoAnswer::Connect(why) } else { NoAnswer::Broken(why) }
        })?;
        let status = answer.status().as_u16();
        let headers = headers_of(answer.headers());
        let mut body = BytesMut::new();
        let mut stream = answer.bytes_stream();
        while let Some(chunk) = stream.next().await {
            add(&mut body, &chunk.map_err(|error| NoAnswer::Broken(cause(&error)))?)?;
        }
        Ok(Response { status, headers, body: body.freeze() })
    }

    fn general(&self) -> &reqwest::Client {
        self.general.get_or_init(|| {
            // Fails only if a provider is already installed, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let inert = |client: reqwest::ClientBuilder| {
                client
                    .redirect(reqwest::redirect::Policy::none())
                    .retry(reqwest::retry::never())
                    .no_proxy()
                    .tcp_nodelay(true)
                    .pool_max_idle_per_host(if self.pool.is_some() { usize::MAX } else { 0 })
                    .build()
            };
            // A machine without certificates to trust, such as an empty container, still reaches whatever needs none.
            inert(reqwest::Client::builder())
                .or_else(|_| inert(reqwest::Client::builder().tls_backend_preconfigured(trusting_nobody())))
                .expect("the fixed client configuration is valid")
        })
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// TLS that ends every handshake with a certificate nobody vouches for.
fn trusting_nobody() -> rustls::ClientConfig {
    rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}
