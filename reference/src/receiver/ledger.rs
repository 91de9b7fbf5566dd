//! What is known of each job, and which event of it does the work: the first that says it has ended.
//!
//! Pure. The key is the job, never job and state or a delivery's id; what has ended stays as it ended. Looking and writing
//! are one step, so that of two reports at the same moment one is the first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use ringback_mocks::vendor::Phase;

use super::delivery::Arrival;

/// Jobs kept; a demonstration receiver forgets everything when it fills up.
const JOBS_KEPT: usize = 100_000;

/// Every job there is.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    jobs: Mutex<HashMap<String, JobRecord>>,
}

/// What is known of a job.
#[derive(Debug, Default)]
pub(crate) struct JobRecord {
    /// How it ended.
    pub(crate) end: Option<End>,
    /// The state believed.
    pub(crate) state: Option<JobState>,
    /// How often the work was done.
    pub(crate) count: u32,
}

/// How a job ended, by the first report that said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// In what.
    pub(crate) phase: Phase,
    /// Whether a callback told it; otherwise the gateway did.
    pub(crate) is_called_back: bool,
    /// When it was told.
    pub(crate) at: Timestamp,
}

/// A state of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobState {
    /// The word for it, as it was told.
    pub(crate) word: String,
    /// What it means.
    pub(crate) phase: Phase,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Whether the work is to be done now.
    pub(crate) work: bool,
    /// How the job had ended before.
    pub(crate) end_before: Option<End>,
}

/// What was done for a job, and what is believed of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// How often the work was done.
    pub(crate) count: u32,
    /// The state believed.
    pub(crate) state: Option<JobState>,
}

impl Ledger {
    /// Notes an event of a job and decides whether it does the work. A word that nobody announced says nothing.
    pub(crate) fn record(&self, arrival: &Arrival) -> Recorded {
        let Arrival { key, event, now, .. } = arrival;
        let Some(phase) = event.phase else { return Recorded::default() };
        self.update(key, |job| {
            let end_before = job.end;
            if end_before.is_some() {
                return Recorded { work: false, end_before };
            }
            if phase.is_terminal() {
                job.end = Some(End { phase, is_called_back: arrival.is_callback(), at: *now });
            }
            if job.state.as_ref().is_none_or(|known| known.phase.rank() <= phase.rank()) {
                job.state = Some(JobState { word: event.word.clone(), phase });
            }
            Recorded { work: phase.is_terminal(), end_before }
        })
    }

    /// Notes that the work for a job is done.
    pub(crate) fn note_work(&self, key: &str) {
        self.update(key, |job| job.count += 1);
    }

    /// How a job has ended, if it has.
    pub(crate) fn end_of(&self, key: &str) -> Option<End> {
        self.look(key, |job| job.end).flatten()
    }

    /// What was done for a job; none if nothing is known of it.
    pub(crate) fn effects_of(&self, key: &str) -> Option<Effects> {
        self.look(key, |job| Effects { count: job.count, state: job.state.clone() })
    }

    /// Changes what is known of a job, in one step.
    pub(crate) fn update<R>(&self, key: &str, change: impl FnOnce(&mut JobRecord) -> R) -> R {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= JOBS_KEPT {
            jobs.clear();
        }
        change(jobs.entry(key.to_owned()).or_default())
    }

    fn look<R>(&self, key: &str, look: impl FnOnce(&JobRecord) -> R) -> Option<R> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).get(key).map(look)
    }
}
