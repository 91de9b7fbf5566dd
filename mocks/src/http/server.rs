//! The server: hyper's HTTP/1.1 connection and bounds on everything a peer could use up.
//!
//! One task accepts and, once a second, ends connections whose peer has kept us waiting too long. It
//! does so itself because hyper's `header_read_timeout` knows heads only: a body that never ends and an
//! answer that is never taken have their time here too. Bodies are counted here because
//! `http_body_util::Limited` would end one that is too long before its sender has seen the 413. A
//! framework's router would only stand between hyper and the one handler there is.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ::http::header::{EXPECT, HeaderName, HeaderValue};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use super::{NO_BODY, REQUEST_MAX, headers_of};
use crate::wire::{Request, Response};

/// What a server grants its peers.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Open connections; more wait in the listener's queue.
    pub connections: usize,
    /// Bytes of one request body; a longer one is answered with 413.
    pub body: usize,
    /// Bytes of all long bodies being read or answered at once; further ones wait for their turn.
    pub bodies: usize,
    /// Time for an idle connection to bring its next head, and to take the answer before it.
    pub head_within: Duration,
    /// Time for a body, once its head is there.
    pub body_within: Duration,
}

impl Bounds {
    /// What receivers of small JSON need.
    pub const RECEIVER: Self = Self {
        connections: 4_096,
        body: REQUEST_MAX,
        bodies: 256 * 1024 * 1024,
        head_within: Duration::from_secs(60),
        body_within: Duration::from_secs(60),
    };
    /// What a vendor needs: the largest body that one documents is MiniMax's 64 MB of inline media.
    pub const VENDOR: Self = Self { body: 64 * 1024 * 1024, ..Self::RECEIVER };
}

/// Longest request head, and the most that is read ahead of what is being answered.
const BUFFER_MAX: usize = 64 * 1024;
/// A body up to this length is read without asking for a share of [`Bounds::bodies`].
const SHORT: usize = 64 * 1024;
/// Up to this length a body is copied: keeping the bytes would keep the whole read buffer.
const COPIED: usize = 16 * 1024;
/// How much of a body that is too long is read and thrown away, so that its sender, who may not look
/// for an answer before it is done, gets to see one.
const DISCARDED: usize = 256 * 1024 * 1024;
/// How often connections are looked at.
const ROUND: Duration = Duration::from_secs(1);
/// A pause after a failed accept: out of files, and only time brings more.
const BREATH: Duration = Duration::from_millis(20);

/// What is sent for a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This response.
    Whole(Response),
    /// Its head and half of its body; then the connection ends.
    Half(Response),
    /// Nothing: the connection ends.
    Cut,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Whole(response)
    }
}

/// A running server; it and its connections end when it is dropped.
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
        F: Future<Output: Into<Answer>> + Send + 'static,
    {
        Self::start_within(Bounds::RECEIVER, listener, answer)
    }

    /// Serves every request on `listener` with `answer`, within `bounds`.
    pub fn start_within<A, F>(bounds: Bounds, listener: TcpListener, answer: A) -> io::Result<Self>
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output: Into<Answer>> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(Arc::new(Shared::new(bounds, answer)), listener));
        Ok(Self { address, task })
    }

    /// Binds an address and serves on it.
    pub async fn bind<A, F>(address: SocketAddr, answer: A) -> io::Result<Self>
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output: Into<Answer>> + Send + 'static,
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

/// What all connections of a server share.
struct Shared<A> {
    bounds: Bounds,
    answer: A,
    /// Shares of [`Bounds::bodies`], each of [`SHORT`] bytes.
    shares: Arc<Semaphore>,
    opened: Instant,
}

/// When the peer of a connection must have done its part, in milliseconds since the server began;
/// `u64::MAX` while the next move is ours.
type Deadline = AtomicU64;

async fn accept<A, F>(shared: Arc<Shared<A>>, listener: TcpListener)
where
    A: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Answer>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut watched: Vec<(AbortHandle, Arc<Deadline>)> = Vec::new();
    let mut round = tokio::time::interval(ROUND);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < shared.bounds.connections => {
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(BREATH).await;
                    continue;
                };
                let deadline = Arc::new(Deadline::new(shared.after(shared.bounds.head_within)));
                let handle = connections.spawn(connection(Arc::clone(&shared), stream, Arc::clone(&deadline)));
                watched.push((handle, deadline));
            }
            Some(_) = connections.join_next() => {}
            _ = round.tick(), if !watched.is_empty() => {
                let now = shared.after(Duration::ZERO);
                watched.retain(|(handle, deadline)| {
                    if deadline.load(Ordering::Relaxed) < now {
                        handle.abort();
                    }
                    !handle.is_finished()
                });
            }
        }
    }
}

async fn connection<A, F>(shared: Arc<Shared<A>>, stream: TcpStream, deadline: Arc<Deadline>)
where
    A: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Answer>> + Send + 'static,
{
    // Small answers must not wait for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let (shared, deadline) = (&shared, &deadline);
        async move {
            deadline.store(shared.after(shared.bounds.body_within), Ordering::Relaxed);
            let read = shared.read(request).await;
            deadline.store(u64::MAX, Ordering::Relaxed);
            let answer = match read {
                // The share of a long body is held until its answer is made.
                Ok((request, _share)) => shared.answered(request).await,
                Err(response) => response.into(),
            };
            deadline.store(shared.after(shared.bounds.head_within), Ordering::Relaxed);
            written(answer)
        }
    });
    // An error is the peer's: it went away or does not speak HTTP, and hyper has answered what it could.
    let _ =
        http1::Builder::new().max_buf_size(BUFFER_MAX).serve_connection(TokioIo::new(stream), service).await;
}

impl<A, F> Shared<A>
where
    A: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Answer>> + Send + 'static,
{
    fn new(bounds: Bounds, answer: A) -> Self {
        let shares = Arc::new(Semaphore::new(bounds.bodies / SHORT));
        Self { bounds, answer, shares, opened: Instant::now() }
    }

    fn after(&self, time: Duration) -> u64 {
        u64::try_from((self.opened.elapsed() + time).as_millis()).unwrap_or(u64::MAX)
    }

    /// A fault of the handler is answered as one, and costs nobody else their connection.
    async fn answered(&self, request: Request) -> Answer {
        let answer = AssertUnwindSafe(async { (self.answer)(request).await.into() }).catch_unwind().await;
        answer.unwrap_or_else(|_| Response::text(500, "the server met a fault of its own").into())
    }

    async fn read(
        &self,
        request: ::http::Request<Incoming>,
    ) -> Result<(Request, Option<OwnedSemaphorePermit>), Response> {
        let (parts, body) = request.into_parts();
        let (body, share) = self.body(body, parts.headers.contains_key(EXPECT)).await?;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let method = parts.method.as_str().to_owned();
        Ok((Request { method, target, headers: headers_of(&parts.headers), body }, share))
    }

    async fn body(
        &self,
        mut body: Incoming,
        asks_first: bool,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Response> {
        let too_long = || Response::text(413, "the request body is too long");
        if body.is_end_stream() {
            return Ok((NO_BODY, None));
        }
        let announced = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced.is_some_and(|length| length > self.bounds.body) {
            if !asks_first {
                discard(body).await;
            }
            return Err(too_long());
        }
        let mut share = None;
        if let Some(length) = announced.filter(|length| *length > SHORT) {
            share = Some(self.share(length).await?);
        }
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(Response::text(400, "the request body is incomplete"));
            };
            let Ok(piece) = frame.into_data() else { continue };
            if read.is_empty() && announced == Some(piece.len()) {
                let whole = if piece.len() <= COPIED { Bytes::copy_from_slice(&piece) } else { piece };
                return Ok((whole, share));
            }
            if read.len() + piece.len() > self.bounds.body {
                drop(read);
                discard(body).await;
                return Err(too_long());
            }
            if share.is_none() && read.len() + piece.len() > SHORT {
                // An unannounced length counts as the longest: asked for bit by bit, two bodies could
                // wait for each other.
                share = Some(self.share(self.bounds.body).await?);
            }
            if read.is_empty() {
                read.reserve(announced.unwrap_or(0));
            }
            read.extend_from_slice(&piece);
        }
        Ok((read.freeze(), share))
    }

    async fn share(&self, length: usize) -> Result<OwnedSemaphorePermit, Response> {
        let shares = u32::try_from(length.div_ceil(SHORT)).unwrap_or(u32::MAX);
        let share = Arc::clone(&self.shares).acquire_many_owned(shares).await;
        share.map_err(|_| Response::text(503, "the server is closing"))
    }
}

async fn discard(mut body: Incoming) {
    let mut left = DISCARDED;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

/// An error makes hyper end the connection.
fn written(answer: Answer) -> Result<::http::Response<Either<Full<Bytes>, Broken>>, Cut> {
    let (response, whole) = match answer {
        Answer::Whole(response) => (response, true),
        Answer::Half(response) => (response, false),
        Answer::Cut => return Err(Cut),
    };
    let body = if whole {
        Either::Left(Full::new(response.body))
    } else {
        Either::Right(Broken::of(&response.body))
    };
    let mut answer = ::http::Response::new(body);
    *answer.status_mut() =
        ::http::StatusCode::from_u16(response.status).unwrap_or(::http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers.iter() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    Ok(answer)
}

/// The end of a connection on purpose.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection was to end here")]
struct Cut;

/// A body that announces more than it has.
struct Broken {
    half: Option<Bytes>,
    announced: u64,
}

impl Broken {
    fn of(body: &Bytes) -> Self {
        let announced = u64::try_from(body.len()).unwrap_or(u64::MAX).max(1);
        Self { half: Some(body.slice(..body.len() / 2)), announced }
    }
}

impl hyper::body::Body for Broken {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.half.take() {
            // One round later, so that the half has left when the connection ends.
            Some(half) => {
                context.waker().wake_by_ref();
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            None => Poll::Ready(Some(Err(Cut))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
