//! The dispatcher: sends deliveries, attempt by attempt, and asks challenges.
//!
//! It owns real time and sockets so that vendors need neither; what is sent when is decided by
//! [`DeliveryScheduler`]. It calls only loopback addresses, names that are mapped to one, and hosts that were
//! allowed by name, whatever URL a customer put into a job.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;
use url::{Position, Url};

use crate::delivery::Delivery;
use crate::delivery_faults::Wire;
use crate::http::HttpClient;
use crate::journal::{Entry, Journal, Leg};
use crate::vendor::Vendor;
use crate::wire::{Headers, Request, Response};

mod attempt;
pub mod raw;
mod routes;
mod schedule;
pub use attempt::{Attempt, DeliveryId, Outgoing, PreparedDelivery};
use routes::Destination;
pub use routes::Routes;
pub use schedule::DeliveryScheduler;

/// Attempts under way at most. A receiver that hangs occupies one until its time is over, so this is
/// far more than the cores could use, and few enough for any limit on open files.
pub const CONCURRENT: usize = 256;

/// Callbacks and copies that wait at most, whatever they wait for: receivers that hang or refuse must not
/// fill the memory.
pub const WAITING: usize = 250_000;

/// Sends callbacks for the vendors of one world; what is pending ends with it.
pub struct Dispatcher {
    core: Arc<Core>,
}

struct Core {
    client: HttpClient,
    routes: Routes,
    journal: Arc<Journal>,
    state: Mutex<State>,
    /// Told when the timer has a new time to wait for.
    wake: Notify,
}

#[derive(Default)]
struct State {
    schedule: DeliveryScheduler,
    /// Workers, each with at most one attempt under way.
    workers: usize,
    /// What the timer waits for; none while nothing is due later, or workers are at it.
    armed: Option<Timestamp>,
    has_timer: bool,
    closed: bool,
}

impl Dispatcher {
    /// A dispatcher that records into `journal`.
    pub fn new(routes: Routes, journal: Arc<Journal>) -> Arc<Self> {
        let state = State { schedule: DeliveryScheduler::seeded(fastrand::u64(..)), ..State::default() };
        let core = Core {
            client: HttpClient::new(),
            routes,
            journal,
            state: Mutex::new(state),
            wake: Notify::new(),
        };
        Arc::new(Self { core: Arc::new(core) })
    }

    /// Sends deliveries in the background, in order for each task. While [`WAITING`] are not over, a
    /// further one is only recorded, as not sent.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn send(self: &Arc<Self>, deliveries: Vec<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        // URLs are read before anybody has to wait.
        let deliveries: Vec<PreparedDelivery> = deliveries.into_iter().map(PreparedDelivery::from).collect();
        let mut state = self.core.state();
        let now = Timestamp::now();
        let mut unsent = Vec::new();
        for delivery in deliveries {
            if state.schedule.len() < WAITING {
                state.schedule.add(delivery, now);
            } else {
                unsent.push(delivery);
            }
        }
        self.core.settle(&mut state, now);
        drop(state);
        for delivery in unsent {
            self.core.turn_away(&Arc::new(delivery), now);
        }
    }

    /// Says that no further event will come: what waits for one leaves now.
    pub fn release(&self) {
        let mut state = self.core.state();
        let now = Timestamp::now();
        state.schedule.release(now);
        self.core.settle(&mut state, now);
    }

    /// Forgets what is not over: attempts under way end by themselves and are not repeated.
    pub fn forget(&self) {
        self.core.state().schedule.clear();
    }

    /// How many deliveries are not over.
    pub fn pending(&self) -> usize {
        self.core.state().schedule.len()
    }

    /// Posts a challenge and returns what the receiver said within the time allowed.
    pub async fn ask(&self, vendor: Vendor, url: &str, body: Bytes, within: Duration) -> Option<Response> {
        let began = Instant::now();
        let parsed = Url::parse(url);
        let mut headers = Headers::new();
        let mut target = url.to_owned();
        if let Ok(url) = &parsed {
            headers.push("host", &url[Position::BeforeHost..Position::AfterPort]);
            url[Position::BeforePath..Position::AfterQuery].clone_into(&mut target);
        }
        headers.push("content-type", "application/json");
        let request = Request { method: "POST".into(), target, headers, body };
        let destination = parsed.as_ref().map(Destination::of).map_err(|error| *error);
        let answer = self.core.exchange(destination, &request, Wire::default(), within).await;
        self.core.record(
            url,
            Entry { leg: Leg::Callback(vendor), began, request, answer: answer.clone(), task: None },
        );
        answer.ok()
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Courier({} pending)", self.pending())
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        let mut state = self.core.state();
        state.closed = true;
        state.schedule = DeliveryScheduler::default();
        drop(state);
        self.core.wake.notify_one();
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        // Held for moments only, never across an await; a panic in between would be a defect of the
        // schedule, and the deliveries it still knows are better sent than not.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that somebody looks when the next attempt is due: a worker now, or the timer later.
    fn settle(self: &Arc<Self>, state: &mut State, now: Timestamp) {
        let Some(due) = state.schedule.due().filter(|_| !state.closed) else { return };
        if due <= now {
            // Each worker starts the next while more is due; with all at work, one that is done looks.
            if state.workers < CONCURRENT {
                state.workers += 1;
                tokio::spawn(Arc::clone(self).work());
            }
        } else if state.armed.is_none_or(|armed| due < armed) {
            state.armed = Some(due);
            if !std::mem::replace(&mut state.has_timer, true) {
                tokio::spawn(Arc::clone(self).keep_time());
            }
            self.wake.notify_one();
        }
    }

    /// Makes attempts for as long as some are due.
    async fn work(self: Arc<Self>) {
        let mut done = None;
        while let Some(attempt) = self.next(done) {
            let status = self.perform(&attempt).await;
            done = Some((attempt.id, status));
        }
    }

    /// Reports an attempt and takes the next; none ends the worker.
    fn next(self: &Arc<Self>, done: Option<(DeliveryId, Option<u16>)>) -> Option<Attempt> {
        let mut state = self.state();
        let now = Timestamp::now();
        if let Some((id, status)) = done {
            state.schedule.report(id, status, now);
        }
        let attempt = state.schedule.take(now);
        if attempt.is_none() {
            state.workers -= 1;
        }
        self.settle(&mut state, now);
        attempt
    }

    /// Starts a worker whenever something becomes due; the only task that waits for time.
    async fn keep_time(self: Arc<Self>) {
        loop {
            let wait = {
                let mut state = self.state();
                if state.closed {
                    return;
                }
                let now = Timestamp::now();
                if state.armed.is_some_and(|armed| armed <= now) {
                    state.armed = None;
                    self.settle(&mut state, now);
                }
                state.armed.map(|armed| Duration::try_from(armed.duration_since(now)).unwrap_or_default())
            };
            match wait {
                // Woken early when something is due sooner.
                Some(wait) => drop(tokio::time::timeout(wait, self.wake.notified()).await),
                None => self.wake.notified().await,
            }
        }
    }

    async fn perform(&self, attempt: &Attempt) -> Option<u16> {
        let began = Instant::now();
        let delivery = &attempt.prepared.delivery;
        let Outgoing { request, wire } = attempt.outgoing();
        if wire.lost {
            // The record is of what crossed a wire.
            return None;
        }
        let answer = self.exchange(attempt.prepared.destination(), &request, wire, delivery.timeout).await;
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let task = Some(delivery.task.clone());
        let entry = Entry { leg: Leg::Callback(delivery.vendor), began, request, answer, task };
        self.record(&delivery.url, entry);
        status
    }

    fn turn_away(&self, delivery: &Arc<PreparedDelivery>, now: Timestamp) {
        let attempt = Attempt {
            id: DeliveryId(u64::MAX),
            prepared: Arc::clone(delivery),
            event: 1,
            number: 1,
            copy: false,
            at: now,
            seed: 0,
        };
        let delivery = &delivery.delivery;
        let entry = Entry {
            leg: Leg::Callback(delivery.vendor),
            began: Instant::now(),
            request: attempt.outgoing().request,
            answer: Err(format!("not sent: {WAITING} callbacks wait already")),
            task: Some(delivery.task.clone()),
        };
        self.record(&delivery.url, entry);
    }

    async fn exchange(
        &self,
        destination: Result<Destination<'_>, url::ParseError>,
        request: &Request,
        wire: Wire,
        within: Duration,
    ) -> Result<Response, String> {
        let destination = destination.map_err(|error| format!("not a URL: {error}"))?;
        let root = self.routes.root(destination)?;
        if !wire.is_plain() {
            return raw::send(&root, request, wire, within).await;
        }
        self.client.send(&root, request, within).await.map_err(|error| error.to_string())
    }

    fn record(&self, url: &str, entry: Entry) {
        let token = self.journal.token_in(url.as_bytes()).map(str::to_owned);
        self.journal.record_for(token, entry);
    }
}
