//! The record of everything that crossed a wire, and waiting for it.
//!
//! Every verdict rests on these records. An exchange belongs to a *token*: an unguessable string
//! that travels in a job's prompt and callback URL, so that many jobs run at once and a late
//! request cannot be counted for another job. No HTTP and no judgement lives here.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use memchr::memmem::Finder;
use tokio::sync::watch;

use crate::vendor::Vendor;
use crate::wire::{Request, Response};

/// Length of the random part of a token, after the run's prefix.
const TOKEN_TAIL: usize = 12;
/// Exchanges that belong to no token kept at most; older ones go first. They are only evidence of
/// strays, and a hostile peer must not be able to fill the memory with them.
const STRAYS_KEPT: usize = 256;
/// Bytes of bodies of those exchanges kept at most.
const STRAY_BYTES_KEPT: usize = 32 * 1024 * 1024;
/// Longest part of a body that is kept; vendors are sent media inside bodies, and no verdict rests on
/// those.
const BODY_KEPT: usize = 1024 * 1024;

/// Which two parties an exchange was between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// Client to subject.
    Client,
    /// Gateway to vendor.
    Upstream(Vendor),
    /// Vendor to receiver, as the vendor's dispatcher saw it.
    Callback(Vendor),
    /// Anybody to our inbox, as the inbox saw it.
    Inbox,
    /// Receiver to the gateway that we play.
    Gateway,
}

impl Leg {
    /// The vendor that is one of the parties.
    pub const fn vendor(self) -> Option<Vendor> {
        match self {
            Self::Upstream(vendor) | Self::Callback(vendor) => Some(vendor),
            Self::Client | Self::Inbox | Self::Gateway => None,
        }
    }
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

impl Exchange {
    fn bytes(&self) -> usize {
        self.request.body.len() + self.answer.as_ref().map_or(0, |answer| answer.body.len())
    }
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
    prefix: Finder<'static>,
    /// Whether a token was ever given out; until then there is none to look for.
    given: AtomicBool,
    opened: Instant,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    observer: OnceLock<Observer>,
}

type Observer = Box<dyn Fn(&Arc<Exchange>) + Send + Sync>;

#[derive(Default)]
struct Inner {
    next: u64,
    by_token: HashMap<String, Vec<Arc<Exchange>>>,
    /// By the vendor's name and its id: two vendors may make the same id of the same moment.
    token_of_task: HashMap<(&'static str, String), String>,
    strays: VecDeque<Arc<Exchange>>,
    /// Bytes of the bodies among them.
    stray_bytes: usize,
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
            prefix: Finder::new(&prefix).into_owned(),
            given: AtomicBool::new(false),
            opened: Instant::now(),
            inner: Mutex::new(Inner { rng, ..Inner::default() }),
            changed: watch::Sender::new(0),
            observer: OnceLock::new(),
        })
    }

    /// Shows every exchange from now on to `observer`, once each; those recorded at the same moment may
    /// come in another order than their positions. Only the first observer counts.
    pub fn observe(&self, observer: impl Fn(&Arc<Exchange>) + Send + Sync + 'static) {
        let _ = self.observer.set(Box::new(observer));
    }

    /// A new token of this run.
    pub fn token(&self) -> String {
        self.given.store(true, Ordering::Relaxed);
        let tail = random_tail(&mut self.lock().rng, TOKEN_TAIL);
        let mut token = String::from_utf8_lossy(self.prefix.needle()).into_owned();
        token.push_str(&tail);
        token
    }

    /// The first token of this run that occurs in `text`.
    pub fn token_in<'t>(&self, text: &'t [u8]) -> Option<&'t str> {
        if !self.given.load(Ordering::Relaxed) {
            return None;
        }
        let length = self.prefix.needle().len() + TOKEN_TAIL;
        self.prefix
            .find_iter(text)
            .filter_map(|at| text.get(at..at + length))
            .find(|token| token.iter().all(u8::is_ascii_alphanumeric))
            .and_then(|token| std::str::from_utf8(token).ok())
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
    pub fn record_for(&self, token: Option<String>, mut entry: Entry) -> Arc<Exchange> {
        cut(&mut entry.request.body);
        if let Ok(answer) = &mut entry.answer {
            cut(&mut answer.body);
        }
        let mut exchange = Exchange {
            seq: 0,
            leg: entry.leg,
            at: entry.began.saturating_duration_since(self.opened),
            took: entry.began.elapsed(),
            request: entry.request,
            answer: entry.answer,
        };
        let mut inner = self.lock();
        exchange.seq = inner.next;
        inner.next += 1;
        let exchange = Arc::new(exchange);
        let task = entry.task.map(|task| (exchange.leg.vendor().map_or("", Vendor::name), task));
        let token = token.or_else(|| inner.token_of_task.get(task.as_ref()?).cloned());
        let mut forgotten = Vec::new();
        if let Some(token) = token {
            if let Some(task) = task {
                inner.token_of_task.insert(task, token.clone());
            }
            inner.by_token.entry(token).or_default().push(Arc::clone(&exchange));
        } else {
            inner.stray_bytes += exchange.bytes();
            inner.strays.push_back(Arc::clone(&exchange));
            while inner.strays.len() > STRAYS_KEPT || inner.stray_bytes > STRAY_BYTES_KEPT {
                let Some(oldest) = inner.strays.pop_front() else { break };
                inner.stray_bytes -= oldest.bytes();
                forgotten.push(oldest);
            }
        }
        // Freeing what is forgotten must not keep other recorders waiting.
        drop(inner);
        drop(forgotten);
        // Who waits subscribes before it looks, so a record it has not seen finds it subscribed.
        if self.changed.receiver_count() > 0 {
            self.changed.send_modify(|count| *count += 1);
        }
        if let Some(observer) = self.observer.get() {
            observer(&exchange);
        }
        exchange
    }

    /// Everything recorded under a token so far, in order of recording.
    pub fn of(&self, token: &str) -> Vec<Arc<Exchange>> {
        self.lock().by_token.get(token).cloned().unwrap_or_default()
    }

    /// Exchanges that carried no token of this run, the newest 256.
    pub fn strays(&self) -> Vec<Arc<Exchange>> {
        self.lock().strays.iter().cloned().collect()
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
        inner.stray_bytes = 0;
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

    /// Waits until something is found in all exchanges that are kept, whatever their token; `None` if it is
    /// not found in time.
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

fn cut(body: &mut Bytes) {
    if body.len() > BODY_KEPT {
        // A copy: a part of the bytes would keep all of them.
        *body = Bytes::copy_from_slice(&body[..BODY_KEPT]);
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
