//! HTTP/1 written by hand: legal forms of an answer that the ordinary server never chooses, for the
//! oddities of the reference subjects, and a few ways to read a request wrongly, for their defects.
//!
//! It reads as much of a request as the harness sends. What an answer says is not decided here.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::{JoinHandle, JoinSet};

use ringback_mocks::http::REQUEST_MAX;
use ringback_mocks::wire::{Headers, Request, Response};

/// Bytes of a chunk; small enough that every answer has several.
const CHUNK: usize = 29;
/// Pieces of an answer that trickles, and the pause between them.
const PIECES: usize = 8;
const PAUSE: Duration = Duration::from_millis(3);
/// The interim answer before an answer.
const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nlink: </docs>; rel=help\r\n\r\n";

/// The form of answers, or the way of reading requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Bodies in chunks, with extensions and a trailer.
    ChunkedBodies,
    /// Header names in capitals.
    LoudHeaders,
    /// The connection closed after each answer.
    ConnectionClose,
    /// A body ended by closing the connection.
    EndsByClosing,
    /// HTTP/1.0.
    Http10,
    /// A status line without reason phrase.
    NoReasonPhrase,
    /// An interim answer before each answer.
    EarlyHints,
    /// Small pieces with pauses.
    Trickles,
    /// An ordinary form; header names are handed on as they were written.
    NamesAsWritten,
    /// An ordinary form; of requests with equal request lines one is read at a time.
    OneAtATime,
}

/// Every form that answers take at once, and how much of a request is read.
#[derive(Clone, Debug)]
pub(crate) struct Framings {
    /// What is unusual; nothing where everything is ordinary. Not all of them go together.
    pub(crate) all: Vec<Framing>,
    /// Longest body that is read.
    pub(crate) body_max: usize,
}

impl Framings {
    fn has(&self, framing: Framing) -> bool {
        self.all.contains(&framing)
    }

    fn closes(&self) -> bool {
        [Framing::ConnectionClose, Framing::EndsByClosing, Framing::Http10].iter().any(|one| self.has(*one))
    }
}

impl From<Framing> for Framings {
    fn from(framing: Framing) -> Self {
        Self { all: vec![framing], body_max: REQUEST_MAX }
    }
}

/// A running server; it stops when dropped.
#[derive(Debug)]
pub(crate) struct OddServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl OddServer {
    /// Serves every request on `listener` with `answer`.
    pub(crate) fn start<A, F>(
        listener: TcpListener,
        framings: impl Into<Framings>,
        answer: A,
    ) -> io::Result<Self>
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let framings = Arc::new(framings.into());
        let task = tokio::spawn(async move {
            let reading = Arc::new(Reading::default());
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, reading, framings) =
                    (answer.clone(), Arc::clone(&reading), Arc::clone(&framings));
                // A peer that breaks off has ended its own connection and nothing else.
                connections.spawn(async move { drop(serve(stream, answer, &framings, &reading).await) });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, task })
    }

    /// `http://` and the address, no slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for OddServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<A, F>(
    mut stream: TcpStream,
    answer: A,
    framings: &Framings,
    reading: &Reading,
) -> io::Result<()>
where
    A: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    let _ = stream.set_nodelay(true);
    let mut read = BytesMut::new();
    while let Some(read) = next(&mut stream, &mut read, framings, reading).await? {
        let (last, response) = match read {
            Read::Whole(request) => {
                let close = request.headers.get("connection");
                let last = close.is_some_and(|value| value.eq_ignore_ascii_case("close"));
                (last, answer(request).await)
            }
            Read::TooLong(left) => {
                discard(&mut stream, left).await?;
                (true, Response::text(413, "the request body is too long"))
            }
        };
        let (head, body) = framed(framings, &response, last);
        let text = [head.as_bytes(), &body].concat();
        let size = if framings.has(Framing::Trickles) { text.len().div_ceil(PIECES) } else { text.len() };
        for (at, piece) in text.chunks(size.max(1)).enumerate() {
            if at > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            stream.write_all(piece).await?;
        }
        if last || framings.closes() {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

/// What came of reading a request.
enum Read {
    Whole(Request),
    /// So many bytes of a body that is not read are still to come.
    TooLong(usize),
}

/// Whose turn it is to be read, for each request line.
#[derive(Default)]
struct Reading(std::sync::Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl Reading {
    async fn turn(&self, line: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lines.entry(line.to_owned()).or_default())
        };
        turn.lock_owned().await
    }
}

/// Throws away the rest of a body, so that its sender, who may not look before it is done, gets an answer.
async fn discard(stream: &mut TcpStream, mut left: usize) -> io::Result<()> {
    let mut sink = BytesMut::with_capacity(64 * 1024);
    while left > 0 {
        sink.clear();
        match stream.read_buf(&mut sink).await? {
            0 => return Ok(()),
            some => left = left.saturating_sub(some),
        }
    }
    Ok(())
}

/// The next request on a connection, or none when the peer is done.
async fn next(
    stream: &mut TcpStream,
    read: &mut BytesMut,
    framings: &Framings,
    reading: &Reading,
) -> io::Result<Option<Read>> {
    let mut turn = None;
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let (line, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
            if framings.has(Framing::OneAtATime) && turn.is_none() {
                turn = Some(reading.turn(line).await);
            }
            let as_written = framings.has(Framing::NamesAsWritten);
            let cased = |name: &str| if as_written { name.to_owned() } else { name.to_ascii_lowercase() };
            let headers: Headers = fields
                .split("\r\n")
                .filter_map(|field| field.split_once(':'))
                .map(|(name, value)| (cased(name), value.trim().to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0_usize);
            if length > framings.body_max {
                let left = length.saturating_sub(read.len() - end - 4);
                read.clear();
                return Ok(Some(Read::TooLong(left)));
            }
            if read.len() >= end + 4 + length {
                let mut parts = line.split(' ');
                let (Some(method), Some(target)) = (parts.next(), parts.next()) else { return Ok(None) };
                let (method, target) = (method.to_owned(), target.to_owned());
                let mut whole = read.split_to(end + 4 + length);
                let body = whole.split_off(end + 4).freeze();
                return Ok(Some(Read::Whole(Request { method, target, headers, body })));
            }
        } else if read.len() > framings.body_max {
            return Ok(None);
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

/// Head and body of an answer, in the form of the framings.
fn framed(framings: &Framings, response: &Response, last: bool) -> (String, Bytes) {
    let status = response.status;
    let version = if framings.has(Framing::Http10) { "1.0" } else { "1.1" };
    let reason = http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    let reason = reason.filter(|_| !framings.has(Framing::NoReasonPhrase)).unwrap_or_default();
    let hints = if framings.has(Framing::EarlyHints) { HINTS } else { "" };
    let mut head = format!("{hints}HTTP/{version} {status} {reason}\r\n");
    let loud = framings.has(Framing::LoudHeaders);
    let mut field = |name: &str, value: &str| {
        let name = if loud { name.to_ascii_uppercase() } else { name.to_owned() };
        let _ = write!(head, "{name}: {value}\r\n");
    };
    for (name, value) in response.headers.iter() {
        field(name, value);
    }
    if last || framings.closes() {
        field("connection", "close");
    }
    let mut body = response.body.clone();
    if framings.has(Framing::ChunkedBodies) {
        field("transfer-encoding", "chunked");
        field("trailer", "x-checksum");
        body = chunked(&body);
    } else if !framings.has(Framing::EndsByClosing) {
        field("content-length", &body.len().to_string());
    }
    head.push_str("\r\n");
    (head, body)
}

fn chunked(body: &[u8]) -> Bytes {
    let mut text = Vec::new();
    for chunk in body.chunks(CHUNK) {
        text.extend_from_slice(format!("{:X};part=yes\r\n", chunk.len()).as_bytes());
        text.extend_from_slice(chunk);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"0\r\nx-checksum: none\r\n\r\n");
    Bytes::from(text)
}
