//! Plain HTTP/1.1 connections that are used again: what thousands of callbacks a second go through.
//!
//! Little more than hyper's connection and a short list of idle ones. No TLS and no names of
//! schemes: the general client has those. By hand until `hyper_util`'s legacy client, which can do all of
//! this, has been measured to carry as many callbacks a second.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::http::header::{ACCEPT, HOST, HeaderName, HeaderValue};
use ::http::{Method, Uri};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::headers_of;
use super::no_answer::{NoAnswer, add, cause};
use crate::wire::{Request, Response};

/// Idle connections kept, whatever they lead to; as many as the dispatcher has attempts under way.
const IDLE_MAX: usize = 256;
/// How long an idle connection is trusted. Servers close idle ones after two seconds and more
/// (Apache: 5 s, Node: 5 s, gunicorn: 2 s); a request that meets the close would be lost.
const IDLE_TIME: Duration = Duration::from_secs(1);

pub(super) type Call = ::http::Request<Full<Bytes>>;

/// Idle connections, the one used last at the end.
#[derive(Default)]
pub(super) struct Pool(Mutex<VecDeque<Idle>>);

struct Idle {
    authority: String,
    since: Instant,
    sender: SendRequest<Full<Bytes>>,
}

impl Pool {
    /// The request in hyper's terms, unless it has parts that only the general client can put right.
    pub(super) fn call(authority: &str, request: &Request) -> Option<Call> {
        let mut call = Call::new(Full::new(request.body.clone()));
        *call.method_mut() = Method::from_bytes(request.method.as_bytes()).ok()?;
        *call.uri_mut() =
            Uri::try_from(request.target.as_str()).ok().filter(|uri| uri.authority().is_none())?;
        let headers = call.headers_mut();
        headers.reserve(8);
        for (name, value) in request.headers.iter() {
            headers.append(HeaderName::try_from(name).ok()?, HeaderValue::from_str(value).ok()?);
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, HeaderValue::from_str(authority).ok()?);
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        Some(call)
    }

    /// Sends a call and reads the whole answer.
    pub(super) async fn exchange(&self, authority: &str, mut call: Call) -> Result<Response, NoAnswer> {
        while let Some(mut sender) = self.take(authority) {
            // Its last answer is complete, so it becomes ready as soon as its task has noticed.
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(call).await {
                Ok(answer) => return self.finish(authority, sender, answer).await,
                // Closed before any of it was written: nobody has seen this request.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => call = unsent,
                    None => return Err(NoAnswer::Broken(cause(&error.into_error()))),
                },
            }
        }
        let mut sender = connect(authority).await?;
        let answer = sender.send_request(call).await.map_err(|error| NoAnswer::Broken(cause(&error)))?;
        self.finish(authority, sender, answer).await
    }

    async fn finish(
        &self,
        authority: &str,
        sender: SendRequest<Full<Bytes>>,
        answer: ::http::Response<Incoming>,
    ) -> Result<Response, NoAnswer> {
        let (head, mut body) = answer.into_parts();
        let mut read = BytesMut::new();
        while !body.is_end_stream()
            && let Some(frame) = body.frame().await
        {
            let frame = frame.map_err(|error| NoAnswer::Broken(cause(&error)))?;
            if let Ok(piece) = frame.into_data() {
                add(&mut read, &piece)?;
            }
        }
        drop(body);
        if !sender.is_closed() {
            self.keep(authority, sender);
        }
        let (status, headers) = (head.status.as_u16(), headers_of(&head.headers));
        Ok(Response { status, headers, body: read.freeze() })
    }

    fn take(&self, authority: &str) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle();
        let at = idle.iter().rposition(|one| one.authority == authority)?;
        let one = idle.remove(at)?;
        drop(idle);
        (one.since.elapsed() < IDLE_TIME).then_some(one.sender)
    }

    fn keep(&self, authority: &str, sender: SendRequest<Full<Bytes>>) {
        let one = Idle { authority: authority.to_owned(), since: Instant::now(), sender };
        let mut idle = self.idle();
        while idle.front().is_some_and(|oldest| idle.len() >= IDLE_MAX || oldest.since.elapsed() >= IDLE_TIME)
        {
            idle.pop_front();
        }
        idle.push_back(one);
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        // A list of connections is whole between any two of its operations.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} idle)", self.idle().len())
    }
}

async fn connect(authority: &str) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
    let unreached = |error: &dyn std::error::Error| NoAnswer::Connect(cause(error));
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    let stream = if has_port {
        TcpStream::connect(authority).await
    } else {
        TcpStream::connect(format!("{authority}:80")).await
    };
    let stream = stream.map_err(|error| unreached(&error))?;
    // Small requests must not wait for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreached(&error))?;
    // Ends when the sender is dropped or the peer closes; errors reach whoever waits for an answer.
    tokio::spawn(connection);
    Ok(sender)
}
