//! Requests that no proper client would send: cut within the body, or sent byte by byte.
//!
//! HTTP/1.1 written by hand on a connection of its own, in plain HTTP, because no client writes what
//! these are for. `httparse` reads the answer, as far as the record needs it; nothing more lives here.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use crate::delivery_faults::Wire;
use crate::http::{ANSWER_MAX, unchunked};
use crate::wire::{Headers, Request, Response};

/// How many pieces a second a slow body is sent in, if it has as many bytes.
const PIECES: u32 = 20;
/// Longest head of an answer that is read.
const HEAD_MAX: usize = 64 * 1024;
/// Most header fields of an answer that is read.
const FIELDS_MAX: usize = 256;

/// Sends `request` as `wire` says; `within` is the time for the answer, after everything was sent.
pub async fn send(root: &str, request: &Request, wire: Wire, within: Duration) -> Result<Response, String> {
    let url = Url::parse(root).map_err(|error| format!("not a URL: {error}"))?;
    if url.scheme() != "http" {
        return Err("a body can be cut or slowed down over plain HTTP only".to_owned());
    }
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        None => return Err("the URL has no host".to_owned()),
    };
    let port = url.port_or_known_default().unwrap_or(80);
    let late = |_| format!("no complete answer within {within:?}");
    let mut stream = timeout(within, TcpStream::connect((host, port)))
        .await
        .map_err(late)?
        .map_err(|error| format!("could not connect: {error}"))?;
    // Pieces must leave one by one.
    let _ = stream.set_nodelay(true);
    let (mut reading, mut writing) = stream.split();
    let body = &request.body[..wire.cut.unwrap_or(request.body.len()).min(request.body.len())];
    let answer = answer_from(&mut reading);
    tokio::pin!(answer);
    tokio::select! {
        biased;
        sent = write(&mut writing, request, body, wire.rate) => match sent {
            Ok(()) if wire.cut.is_some() => {
                let _ = writing.shutdown().await;
                return Err(format!(
                    "cut after {} of {} bytes of the body, as its trouble says",
                    body.len(),
                    request.body.len()
                ));
            }
            // A receiver may have answered before it closed.
            Ok(()) | Err(_) => {}
        },
        // Answered, or closed, before everything was sent.
        early = &mut answer => return early,
    }
    timeout(within, answer).await.map_err(late)?
}

async fn write<W: AsyncWrite + Unpin>(
    to: &mut W,
    request: &Request,
    body: &[u8],
    rate: Option<u32>,
) -> io::Result<()> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (name, value) in request.headers.iter() {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", request.body.len());
    to.write_all(head.as_bytes()).await?;
    let Some(rate) = rate.filter(|rate| *rate > 0) else { return to.write_all(body).await };
    let size = rate.div_ceil(PIECES);
    let mut beat = tokio::time::interval(Duration::from_secs(1) * size / rate);
    for piece in body.chunks(usize::try_from(size).unwrap_or(usize::MAX)) {
        beat.tick().await;
        to.write_all(piece).await?;
    }
    Ok(())
}

async fn answer_from<R: AsyncRead + Unpin>(from: &mut R) -> Result<Response, String> {
    let mut read = BytesMut::new();
    loop {
        if let Some(answer) = parsed(&read, false)? {
            return Ok(answer);
        }
        let more = from.read_buf(&mut read).await.map_err(|error| broken(&error.to_string()))?;
        if more == 0 {
            return parsed(&read, true)?.ok_or_else(|| broken("it was closed"));
        }
        if read.len() > HEAD_MAX + ANSWER_MAX {
            return Err(format!("the answer is longer than {} KiB and was not read on", ANSWER_MAX / 1024));
        }
    }
}

/// The answer in `read`, if it is complete; `over` when nothing can follow.
fn parsed(mut read: &[u8], over: bool) -> Result<Option<Response>, String> {
    // A loop: how many interim answers come before the real one is the receiver's choice.
    let (status, headers, rest) = loop {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        let parsed = head.parse(read).map_err(|error| broken(&format!("it is not HTTP ({error})")))?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let (status, rest) = (head.code.unwrap_or_default(), &read[length..]);
        if !(100..200).contains(&status) {
            break (status, headers_of(head.headers), rest);
        }
        read = rest;
    };
    let chunked = headers.get("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
    let length = headers.get("content-length").and_then(|length| length.parse::<usize>().ok());
    let body = match length {
        _ if chunked => unchunked(rest).map_err(|error| broken(&error.to_string()))?.map(|(body, _)| body),
        _ if matches!(status, 204 | 304) => Some(Bytes::new()),
        Some(length) => rest.get(..length).map(Bytes::copy_from_slice),
        None => over.then(|| Bytes::copy_from_slice(rest)),
    };
    Ok(body.map(|body| Response { status, headers, body }))
}

fn headers_of(fields: &[httparse::Header<'_>]) -> Headers {
    fields
        .iter()
        .map(|field| (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value)))
        .collect()
}

fn broken(why: &str) -> String {
    format!("the connection broke before the answer was complete: {why}")
}
