//! What keeps a run polite: the budget of billable jobs, the pace, the cap, and the circuit breaker.
//!
//! Every request to the subject passes here, whoever sends it: discovery, generated inputs, retries
//! after a 429. It decides on what was really sent and answered, not on what a plan foresaw.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ringback_mocks::http::NoAnswer;
use ringback_mocks::wire::Response;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Answers missing in a row, over all cases, after which nothing more is asked.
pub const BREAKER: u32 = 3;

/// What a run may send.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Jobs that may be accepted, where jobs are billed.
    pub spend: Option<u32>,
    /// Requests a second.
    pub rate: Option<f64>,
    /// Requests in all.
    pub max_requests: Option<u64>,
    /// When missing answers end the run.
    pub breaker: Breaker,
}

/// When answers that are missing in a row end a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Breaker {
    /// Never.
    #[default]
    Never,
    /// Until a late answer comes after all.
    Heals,
    /// For good, whatever a late answer says.
    Stays,
}

/// Why a request must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Every job that may be accepted has been.
    BudgetExhausted,
    /// The cap on requests is reached.
    Capped,
    /// The subject does not answer.
    Silent,
}

/// The guard of a run.
#[derive(Debug)]
pub struct Guard {
    /// `None` where nobody is billed.
    budget: Option<Mutex<Budget>>,
    returned: Notify,
    pause: Option<Duration>,
    next: Mutex<Option<Instant>>,
    cap: Option<u64>,
    sent: AtomicU64,
    silent: AtomicU32,
    breaker: Breaker,
}

#[derive(Debug)]
struct Budget {
    left: u32,
    in_flight: u32,
    spent: u32,
}

/// What a run has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests in all.
    pub requests: u64,
    /// Jobs that were accepted, or may have been; counted on deployed gateways only.
    pub jobs: u32,
}

/// Permit to send one request. One that is dropped without its answer counts as a job that may have
/// been accepted.
#[derive(Debug)]
pub struct Permit<'g> {
    guard: &'g Guard,
    billable: bool,
}

impl Guard {
    /// A guard that keeps these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            budget: limits.spend.map(|left| Mutex::new(Budget { left, in_flight: 0, spent: 0 })),
            returned: Notify::new(),
            pause: limits.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
            next: Mutex::new(None),
            cap: limits.max_requests,
            sent: AtomicU64::new(0),
            silent: AtomicU32::new(0),
            breaker: limits.breaker,
        }
    }

    /// Waits until a request may be sent. `billable` is whether a job may come of it.
    pub async fn admit(&self, billable: bool) -> Result<Permit<'_>, Denied> {
        if self.is_silent() {
            return Err(Denied::Silent);
        }
        let billable = billable && self.budget.is_some();
        if billable {
            self.take().await?;
        }
        let leave = Permit { guard: self, billable };
        self.pace(1).await;
        // While we waited another case may have found out that nothing answers.
        let admitted = if self.is_silent() { Err(Denied::Silent) } else { self.count() };
        match admitted {
            Ok(()) => Ok(leave),
            Err(denied) => {
                leave.unsent();
                Err(denied)
            }
        }
    }

    /// Waits until that many requests may be sent at one moment; each is then admitted by
    /// [`admit_saved`](Self::admit_saved).
    pub async fn save(&self, requests: usize) {
        self.pace(requests).await;
    }

    /// Permit to send a request whose turn was [saved](Self::save). No job comes of it.
    pub fn admit_saved(&self) -> Result<Permit<'_>, Denied> {
        if self.is_silent() {
            return Err(Denied::Silent);
        }
        self.count().map(|()| Permit { guard: self, billable: false })
    }

    /// What has been sent so far.
    pub fn traffic(&self) -> Traffic {
        let jobs = self.budget.as_ref().map_or(0, |budget| {
            let budget = locked(budget);
            budget.spent + budget.in_flight
        });
        Traffic { requests: self.sent.load(Ordering::Relaxed), jobs }
    }

    fn is_silent(&self) -> bool {
        self.breaker != Breaker::Never && self.silent.load(Ordering::Relaxed) >= BREAKER
    }

    /// Takes one job out of the budget, waiting for those under way: one that is refused comes back.
    async fn take(&self) -> Result<(), Denied> {
        let Some(budget) = &self.budget else { return Ok(()) };
        loop {
            let returned = self.returned.notified();
            tokio::pin!(returned);
            // Registered before looking, so that a return in between is not missed.
            returned.as_mut().enable();
            {
                let mut budget = locked(budget);
                if budget.left > 0 {
                    budget.left -= 1;
                    budget.in_flight += 1;
                    return Ok(());
                }
                if budget.in_flight == 0 {
                    return Err(Denied::BudgetExhausted);
                }
            }
            returned.await;
        }
    }

    async fn pace(&self, requests: usize) {
        let Some(pause) = self.pause else { return };
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        let at = {
            let mut next = locked(&self.next);
            let now = Instant::now();
            let at = next.map_or(now, |next| next.max(now));
            // Those that go together are paid for before the next one.
            *next = Some(at + pause.saturating_mul(requests));
            at
        };
        tokio::time::sleep_until(at).await;
    }

    fn count(&self) -> Result<(), Denied> {
        let within = |sent: u64| self.cap.is_none_or(|cap| sent < cap).then_some(sent + 1);
        self.sent
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
            .map(|_| ())
            .map_err(|_| Denied::Capped)
    }

    fn heard(&self, answered: bool) {
        let step = |silent: u32| match (answered, silent >= BREAKER && self.breaker == Breaker::Stays) {
            (_, true) => None,
            (true, false) => Some(0),
            (false, false) => Some(silent.saturating_add(1)),
        };
        let _ = self.silent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
    }

    fn give_back(&self, unused: bool) {
        if let Some(budget) = &self.budget {
            let mut budget = locked(budget);
            budget.in_flight -= 1;
            if unused {
                budget.left += 1;
            } else {
                budget.spent += 1;
            }
        }
        self.returned.notify_waiters();
    }
}

impl Permit<'_> {
    /// Says what came of the request. Only a 4xx answer, or no connection at all, shows that no job
    /// came of it; a 5xx or a lost answer may hide one. Where no answer was to be had in time, its absence
    /// does not tell that the subject is gone.
    pub fn answered(mut self, answer: &Result<Response, NoAnswer>, telling: bool) {
        if telling || !matches!(answer, Err(NoAnswer::TimedOut(_))) {
            self.guard.heard(matches!(answer, Ok(_) | Err(NoAnswer::TooLong)));
        }
        let refused = match answer {
            Ok(response) => (400..500).contains(&response.status),
            Err(cause) => cause.is_unreached(),
        };
        self.settle(refused);
    }

    fn unsent(mut self) {
        self.settle(true);
    }

    fn settle(&mut self, unused: bool) {
        if std::mem::take(&mut self.billable) {
            self.guard.give_back(unused);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.settle(false);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is a few assignments; none can be left half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
