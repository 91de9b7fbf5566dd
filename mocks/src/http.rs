//! The one inert HTTP client, and the one way to serve: everything that touches sockets for HTTP.
//!
//! The client does nothing a caller did not ask for: no redirects, retries, proxies, cookies or
//! decompression, because each of them can hide what the other side really did. Bodies are bounded
//! in size and time on both sides.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::wire::{Headers, Request, Response};

/// Longest answer read. Gateways and vendors of this field answer with a few kilobytes; what is
/// kept of many answers at once must fit into little memory, whatever a hostile peer sends.
pub const ANSWER_MAX: usize = 256 * 1024;
/// Longest request body read by a server of this crate. The largest any vendor documents is
/// MiniMax's 64 MB of inline media, which no check sends.
pub const REQUEST_MAX: usize = 1024 * 1024;

/// A client that does nothing on its own.
#[derive(Clone, Debug)]
pub struct HttpClient(reqwest::Client);

/// Why a request got no complete response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No connection came about: refused, unknown host, unreachable.
    #[error("could not connect: {0}")]
    Connect(String),
    /// Nothing complete came within the time allowed.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// The connection ended before the response did.
    #[error("the connection broke before the answer was complete: {0}")]
    Broken(String),
    /// The body is longer than [`ANSWER_MAX`].
    #[error("the answer is longer than {} KiB and was not read on", ANSWER_MAX / 1024)]
    TooLong,
}

impl NoAnswer {
    /// Whether not even a connection came about, which says nothing about how the peer behaves.
    pub const fn is_unreached(&self) -> bool {
        matches!(self, Self::Connect(_))
    }
}

impl HttpClient {
    /// Builds a client that keeps connections.
    pub fn new() -> Self {
        Self::keeping(usize::MAX)
    }

    /// Builds a client that opens a connection for each request: a server may close an idle one at any
    /// moment, and a request that runs into that would look like the server's refusal to answer.
    pub fn unpooled() -> Self {
        Self::keeping(0)
    }

    fn keeping(idle: usize) -> Self {
        // Fails only if a provider is already installed, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(idle)
            .build()
            .expect("the fixed client configuration is valid");
        Self(client)
    }

    /// Sends `request` to `root` + target and reads the whole answer within `within`.
    pub async fn send(&self, root: &str, request: &Request, within: Duration) -> Result<Response, NoAnswer> {
        match tokio::time::timeout(within, self.exchange(root, request)).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer::TimedOut(within)),
        }
    }

    async fn exchange(&self, root: &str, request: &Request) -> Result<Response, NoAnswer> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(connect)?;
        let mut call = self.0.request(method, format!("{root}{}", request.target));
        for (name, value) in request.headers.iter() {
            call = call.header(name, value);
        }
        let answer = call.body(request.body.clone()).send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() { connect(&error) } else { broken(&error) }
        })?;
        let status = answer.status().as_u16();
        let headers = headers_of(answer.headers());
        let mut body = BytesMut::new();
        let mut stream = answer.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| broken(&error))?;
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(NoAnswer::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.freeze() })
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves every request on `listener` with `answer`.
    pub fn start<A, F>(listener: TcpListener, answer: A) -> io::Result<Self>
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        use axum::serve::ListenerExt as _;

        let address = listener.local_addr()?;
        let app = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let answer = answer.clone();
            async move {
                match read(request).await {
                    Ok(request) => written(answer(request).await),
                    Err(response) => written(response),
                }
            }
        });
        let listener = listener.tap_io(|stream| {
            // Small answers must not wait for the peer's delayed acknowledgement.
            let _ = stream.set_nodelay(true);
        });
        let task = tokio::spawn(async move {
            // Serving ends with the task; a failing accept is retried inside.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, task })
    }

    /// Binds an address and serves on it.
    pub async fn bind<A, F>(address: SocketAddr, answer: A) -> io::Result<Self>
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        Self::start(TcpListener::bind(address).await?, answer)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and the address, no slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A free loopback port for anything we start.
pub const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn read(request: axum::extract::Request) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, REQUEST_MAX)
        .await
        .map_err(|_| Response::text(413, "the request body is too long or incomplete"))?;
    let target = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    Ok(Request { method: parts.method.to_string(), target, headers: headers_of(&parts.headers), body })
}

fn written(response: Response) -> axum::response::Response {
    let mut answer = axum::response::Response::new(Body::from(response.body));
    *answer.status_mut() = axum::http::StatusCode::from_u16(response.status)
        .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers.iter() {
        if let (Ok(name), Ok(value)) =
            (axum::http::HeaderName::try_from(name), axum::http::HeaderValue::try_from(value))
        {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

fn headers_of(headers: &axum::http::HeaderMap) -> Headers {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn connect(error: impl std::error::Error) -> NoAnswer {
    NoAnswer::Connect(cause(&error))
}

fn broken(error: &reqwest::Error) -> NoAnswer {
    NoAnswer::Broken(cause(error))
}

/// The innermost cause, which is the part a person can act on; the outer ones repeat the URL.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// An empty body, for answers that have none.
pub const NO_BODY: Bytes = Bytes::new();
