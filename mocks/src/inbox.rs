//! A place for callbacks to arrive: answers as a well-behaved receiver does, and records.
//!
//! It echoes a challenge, acknowledges everything else, and can be told to refuse a token's
//! challenge. It judges nothing.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{self, Server};
use crate::journal::{Entry, Journal, Leg};
use crate::wire::{Request, Response};

/// A running inbox.
#[derive(Debug)]
pub struct Inbox {
    server: Server,
    refusing: Arc<Mutex<HashSet<String>>>,
    slow: Arc<Mutex<HashMap<String, Duration>>>,
}

impl Inbox {
    /// Starts an inbox on a free loopback port.
    pub async fn start(journal: Arc<Journal>) -> io::Result<Self> {
        Self::bind(journal, http::LOOPBACK).await
    }

    /// Starts an inbox where somebody else expects it.
    pub async fn bind(journal: Arc<Journal>, address: SocketAddr) -> io::Result<Self> {
        let refusing = Arc::new(Mutex::new(HashSet::new()));
        let tokens = Arc::clone(&refusing);
        let slow = Arc::new(Mutex::new(HashMap::<String, Duration>::new()));
        let delays = Arc::clone(&slow);
        let server = Server::bind(address, move |request| {
            let (journal, tokens) = (Arc::clone(&journal), Arc::clone(&tokens));
            let delay = journal
                .token_in(request.target.as_bytes())
                .and_then(|token| delays.lock().unwrap_or_else(PoisonError::into_inner).get(token).copied());
            async move {
                let response = answer(&journal, &tokens, request);
                if let Some(delay) = delay {
                    tokio::time::sleep(delay).await;
                }
                response
            }
        })
        .await?;
        Ok(Self { server, refusing, slow })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// From now on answers requests for `token` only after a while.
    pub fn delay_challenge(&self, token: &str, by: Duration) {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), by);
    }

    /// From now on fails the challenge of callback URLs that carry `token`.
    pub fn refuse_challenge(&self, token: &str) {
        self.refusing.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned());
    }
}

fn answer(journal: &Journal, refusing: &Mutex<HashSet<String>>, request: Request) -> Response {
    let began = Instant::now();
    let token = journal
        .token_in(request.target.as_bytes())
        .or_else(|| journal.token_in(&request.body))
        .map(str::to_owned);
    let refused = token
        .as_ref()
        .is_some_and(|token| refusing.lock().unwrap_or_else(PoisonError::into_inner).contains(token));
    let challenge = request.json().and_then(|body| body.get("challenge").cloned());
    let response = match challenge {
        Some(_) if refused => Response::json(404, &json!({"error": "no such hook"})),
        Some(challenge) => Response::json(200, &json!({"challenge": challenge})),
        None => Response::json(200, &json!({"received": Value::Bool(true)})),
    };
    let entry = Entry { leg: Leg::Inbox, began, request, answer: Ok(response.clone()), task: None };
    journal.record_for(token, entry);
    response
}
