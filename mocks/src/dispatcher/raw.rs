//! Requests that no proper client would send: cut within the body, or sent byte by byte.
//!
//! HTTP/1.1 written by hand on a connection of its own, in plain HTTP. It reads the answer as far as
//! the record needs it, and nothing more of the protocol lives here.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use crate::delivery_faults::Wire;
use crate::http::ANSWER_MAX;
use crate::wire::{Headers, Request, Response};

/// How many pieces a second a slow body is sent in, if it has as many bytes.
const PIECES: u32 = 20;
/// Longest head of an answer that is read.
const HEAD_MAX: usize = 64 * 1024;

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
    let (status, head, rest) = loop {
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let head = String::from_utf8_lossy(&read[..end]);
        let status = head
            .split("\r\n")
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1."))
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse::<u16>().ok())
            .ok_or_else(|| broken("it is not HTTP"))?;
        let rest = &read[end + 4..];
        if !(100..200).contains(&status) {
            break (status, head, rest);
        }
        read = rest;
    };
    let lines = head.split("\r\n").skip(1);
    let headers: Headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    let chunked = headers.get("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
    let length = headers.get("content-length").and_then(|length| length.parse::<usize>().ok());
    let body = match length {
        _ if chunked => unchunked(rest),
        _ if matches!(status, 204 | 304) => Some(Bytes::new()),
        Some(length) => rest.get(..length).map(Bytes::copy_from_slice),
        None => over.then(|| Bytes::copy_from_slice(rest)),
    };
    Ok(body.map(|body| Response { status, headers, body }))
}

/// The body in chunks, if the last one is there.
fn unchunked(mut rest: &[u8]) -> Option<Bytes> {
    let mut body = BytesMut::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body.freeze());
        }
        let from = end + 2;
        let to = from.checked_add(size)?;
        body.extend_from_slice(rest.get(from..to)?);
        rest = rest.get(to.checked_add(2)?..)?;
    }
}

fn broken(why: &str) -> String {
    format!("the connection broke before the answer was complete: {why}")
}
