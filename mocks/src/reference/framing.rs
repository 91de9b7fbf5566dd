//! Oddities of how the reference gateway puts an answer on the wire: HTTP/1 written by hand.
//!
//! It reads as much of a request as the harness sends, and writes the answer in a legal form that
//! the ordinary server never chooses. What the answer says is not decided here.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::gateway::Gateway;
use super::oddity::Oddity;
use crate::http::REQUEST_MAX;
use crate::wire::{Headers, Request, Response};

/// Bytes of a chunk; small enough that every answer has several.
const CHUNK: usize = 29;
/// Pieces of an answer that trickles, and the pause between them.
const PIECES: usize = 8;
const PAUSE: Duration = Duration::from_millis(3);

/// Whether an oddity is one of the wire, and this server has to do the serving.
pub(super) const fn is_framing(oddity: Oddity) -> bool {
    matches!(
        oddity,
        Oddity::ChunkedBodies
            | Oddity::LoudHeaders
            | Oddity::ConnectionClose
            | Oddity::EndsByClosing
            | Oddity::Http10
            | Oddity::NoReasonPhrase
            | Oddity::EarlyHints
            | Oddity::Trickles
    )
}

/// A running server; it stops when dropped.
#[derive(Debug)]
pub(super) struct OddServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl OddServer {
    /// Serves a gateway at an address.
    pub(super) async fn bind(address: SocketAddr, gateway: Arc<Gateway>, oddity: Oddity) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let gateway = Arc::clone(&gateway);
                // A peer that breaks off has ended its own connection and nothing else.
                tokio::spawn(async move { drop(serve(stream, &gateway, oddity).await) });
            }
        });
        Ok(Self { address, task })
    }

    /// `http://` and the address, no slash at the end.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for OddServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, gateway: &Arc<Gateway>, oddity: Oddity) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let mut read = BytesMut::new();
    while let Some(request) = next(&mut stream, &mut read).await? {
        let last = request.headers.get("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let response = gateway.answer(request).await;
        let (head, body) = framed(oddity, &response, last);
        let text = [head.as_bytes(), &body].concat();
        let size = if oddity == Oddity::Trickles { text.len().div_ceil(PIECES) } else { text.len() };
        for (at, piece) in text.chunks(size.max(1)).enumerate() {
            if at > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            stream.write_all(piece).await?;
        }
        if last || closes(oddity) {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

const fn closes(oddity: Oddity) -> bool {
    matches!(oddity, Oddity::ConnectionClose | Oddity::EndsByClosing | Oddity::Http10)
}

/// The next request on a connection, or none when the peer is done.
async fn next(stream: &mut TcpStream, read: &mut BytesMut) -> io::Result<Option<Request>> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let (line, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
            let headers: Headers = fields
                .split("\r\n")
                .filter_map(|field| field.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0_usize);
            if length > REQUEST_MAX {
                return Ok(None);
            }
            if read.len() >= end + 4 + length {
                let mut parts = line.split(' ');
                let (Some(method), Some(target)) = (parts.next(), parts.next()) else { return Ok(None) };
                let (method, target) = (method.to_owned(), target.to_owned());
                let mut whole = read.split_to(end + 4 + length);
                let body = whole.split_off(end + 4).freeze();
                return Ok(Some(Request { method, target, headers, body }));
            }
        } else if read.len() > REQUEST_MAX {
            return Ok(None);
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

/// Head and body of an answer, in the form of an oddity.
fn framed(oddity: Oddity, response: &Response, last: bool) -> (String, Bytes) {
    let status = response.status;
    let reason = ::http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    let mut head = match oddity {
        Oddity::Http10 => format!("HTTP/1.0 {status} {}\r\n", reason.unwrap_or_default()),
        Oddity::NoReasonPhrase => format!("HTTP/1.1 {status} \r\n"),
        Oddity::EarlyHints => format!(
            "HTTP/1.1 103 Early Hints\r\nlink: </docs>; rel=help\r\n\r\nHTTP/1.1 {status} {}\r\n",
            reason.unwrap_or_default()
        ),
        _ => format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default()),
    };
    let mut field = |name: &str, value: &str| {
        let name = if oddity == Oddity::LoudHeaders { name.to_ascii_uppercase() } else { name.to_owned() };
        let _ = write!(head, "{name}: {value}\r\n");
    };
    for (name, value) in response.headers.iter() {
        field(name, value);
    }
    if last || closes(oddity) {
        field("connection", "close");
    }
    let body = match oddity {
        Oddity::ChunkedBodies => {
            field("transfer-encoding", "chunked");
            field("trailer", "x-checksum");
            chunked(&response.body)
        }
        Oddity::EndsByClosing => response.body.clone(),
        _ => {
            field("content-length", &response.body.len().to_string());
            response.body.clone()
        }
    };
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
