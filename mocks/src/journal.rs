//! The record of everything that crossed a wire, and waiting for it.
//!
//! Every verdict rests on these records. An exchange belongs to a *token*: an unguessable string
//! that travels in a job's prompt and callback URL, so that many jobs run at once and a late
//! request cannot be counted for another job. No HTTP and no judgement lives here.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::vendor::Vendor;
use crate::wire::{Request, Response};

/// Length of the random part of a token, after the run's prefix.
const TOKEN_TAIL: usize = 12;
/// Exchanges that belong to no token kept at most; older ones go first. They are only evidence of
/// strays, and a hostile peer must not be able to fill the memory with them.
const STRAYS_KEPT: usize = 256;

/// Which two parties an exchange was between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// Client to subject.
    Client,
    /// Gateway to vendor.
    Upstream(Vendor),
    /// Vendor to receiver, as the vendor's courier saw it.
    Callback(Vendor),
    /// Anybody to our inbox, as the inbox saw it.
    Inbox,
}

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Position in the journal, unique in a run.
    pub seq: u64,
    /// The parties.
    pub leg: Leg,
    /// When it began, since the journal was opened.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// The request.
    pub request: Request,
    /// The response, or why there was none.
    pub answer: Result<Response, String>,
}

/// What a recorder knows of an exchange; the journal adds its position.
#[derive(Debug)]
pub struct Entry {
    /// The parties.
    pub leg: Leg,
    /// When it began.
    pub began: Instant,
    /// The request.
    pub request: Request,
    /// The response, or why there was none.
    pub answer: Result<Response, String>,
    /// The vendor's task the exchange is about, which ties a later query to the token of its create.
    pub task: Option<String>,
}

/// An in-memory, shared record of exchanges.
pub struct Journal {
    prefix: String,
    opened: Instant,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    by_token: HashMap<String, Vec<Arc<Exchange>>>,
    token_of_task: HashMap<String, String>,
    strays: Vec<Arc<Exchange>>,
    rng: fastrand::Rng,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal({} exchanges)", self.lock().next)
    }
}

impl Journal {
    /// Opens an empty journal. Tokens are random even under a fixed seed: a stray of an earlier
    /// run with the same seed must not be mistaken for evidence of this one.
    pub fn open() -> Arc<Self> {
        let mut rng = fastrand::Rng::new();
        let prefix = format!("rb{}", random_tail(&mut rng, 6));
        Arc::new(Self {
            prefix,
            opened: Instant::now(),
            inner: Mutex::new(Inner { rng, ..Inner::default() }),
            changed: watch::Sender::new(0),
        })
    }

    /// A new token of this run.
    pub fn token(&self) -> String {
        let tail = random_tail(&mut self.lock().rng, TOKEN_TAIL);
        format!("{}{tail}", self.prefix)
    }

    /// The first token of this run that occurs in `text`.
    pub fn token_in<'t>(&self, text: &'t [u8]) -> Option<&'t str> {
        let prefix = self.prefix.as_bytes();
        let length = prefix.len() + TOKEN_TAIL;
        text.windows(length)
            .find(|window| window.starts_with(prefix) && window.iter().all(u8::is_ascii_alphanumeric))
            .and_then(|window| std::str::from_utf8(window).ok())
    }

    /// Records an exchange under the token found in its request, or the one of its task.
    pub fn record(&self, entry: Entry) -> Arc<Exchange> {
        let found = self
            .token_in(entry.request.target.as_bytes())
            .or_else(|| self.token_in(&entry.request.body))
            .map(str::to_owned);
        self.record_for(found, entry)
    }

    /// Records an exchange under a token the recorder already knows.
    pub fn record_for(&self, token: Option<String>, entry: Entry) -> Arc<Exchange> {
        let mut inner = self.lock();
        let token =
            token.or_else(|| entry.task.as_ref().and_then(|task| inner.token_of_task.get(task).cloned()));
        if let (Some(token), Some(task)) = (&token, entry.task) {
            inner.token_of_task.insert(task, token.clone());
        }
        let exchange = Arc::new(Exchange {
            seq: inner.next,
            leg: entry.leg,
            at: entry.began.saturating_duration_since(self.opened),
            took: entry.began.elapsed(),
            request: entry.request,
            answer: entry.answer,
        });
        inner.next += 1;
        if let Some(token) = token {
            inner.by_token.entry(token).or_default().push(Arc::clone(&exchange));
        } else {
            if inner.strays.len() == STRAYS_KEPT {
                inner.strays.remove(0);
            }
            inner.strays.push(Arc::clone(&exchange));
        }
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
        exchange
    }

    /// Everything recorded under a token so far, in order of recording.
    pub fn of(&self, token: &str) -> Vec<Arc<Exchange>> {
        self.lock().by_token.get(token).cloned().unwrap_or_default()
    }

    /// Exchanges that carried no token of this run, the newest 256.
    pub fn strays(&self) -> Vec<Arc<Exchange>> {
        self.lock().strays.clone()
    }

    /// The newest exchanges, in order of recording.
    pub fn newest(&self) -> Vec<Arc<Exchange>> {
        let inner = self.lock();
        let mut all: Vec<_> = inner.by_token.values().flatten().chain(&inner.strays).cloned().collect();
        all.sort_by_key(|exchange| exchange.seq);
        all
    }

    /// Forgets every exchange.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.by_token.clear();
        inner.token_of_task.clear();
        inner.strays.clear();
    }

    /// Removes and returns what was recorded under a token, to bound memory over a long run.
    pub fn take(&self, token: &str) -> Vec<Arc<Exchange>> {
        let mut inner = self.lock();
        inner.token_of_task.retain(|_, of| of != token);
        inner.by_token.remove(token).unwrap_or_default()
    }

    /// Waits until `found` sees what it looks for among a token's exchanges, or `within` is over.
    pub async fn wait<T>(
        &self,
        token: &str,
        within: Duration,
        mut found: impl FnMut(&[Arc<Exchange>]) -> Option<T>,
    ) -> Option<T> {
        let mut changed = self.changed.subscribe();
        let deadline = tokio::time::Instant::now() + within;
        loop {
            if let Some(hit) = found(&self.of(token)) {
                return Some(hit);
            }
            // The sender lives as long as `self`, so only the deadline can end this wait.
            if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
                return found(&self.of(token));
            }
        }
    }

    /// The same over every exchange there is.
    pub async fn wait_any<T>(
        &self,
        within: Duration,
        mut found: impl FnMut(&[Arc<Exchange>]) -> Option<T>,
    ) -> Option<T> {
        let mut changed = self.changed.subscribe();
        let deadline = tokio::time::Instant::now() + within;
        loop {
            if let Some(hit) = found(&self.newest()) {
                return Some(hit);
            }
            if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
                return found(&self.newest());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere cannot leave a half-made record: every mutation here is one push.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random_tail(rng: &mut fastrand::Rng, length: usize) -> String {
    (0..length)
        .map(|_| {
            let digit = rng.u8(0..36);
            char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 })
        })
        .collect()
}
