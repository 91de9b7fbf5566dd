//! What mutants remember beside the receiver's own ledger: something of each job, and how many jobs of a family have ended.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Entries kept; a memory that fills up forgets everything, like the receiver itself.
const KEPT: usize = 100_000;
/// How many last characters of an id its family does not have.
const FAMILY_TAIL: usize = 6;

/// Something of each job.
#[derive(Debug, Default)]
pub(super) struct Memory<V>(Mutex<HashMap<String, V>>);

impl<V: Default> Memory<V> {
    /// Looks at what is remembered of a job and changes it, in one step.
    pub(super) fn with<R>(&self, key: &str, change: impl FnOnce(&mut V) -> R) -> R {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.clear();
        }
        change(all.entry(key.to_owned()).or_default())
    }
}

impl Memory<bool> {
    /// Marks a job; whether it was not marked.
    pub(super) fn mark(&self, key: &str) -> bool {
        self.with(key, |is_marked| !std::mem::replace(is_marked, true))
    }

    /// Whether a job is marked.
    pub(super) fn is_marked(&self, key: &str) -> bool {
        self.with(key, |is_marked| *is_marked)
    }
}

/// How many jobs of each family have ended, and how many had when a job ended.
#[derive(Debug, Default)]
pub(super) struct Endings {
    families: Memory<u64>,
    jobs: Memory<u64>,
}

impl Endings {
    /// Notes that a job has ended.
    pub(super) fn note(&self, key: &str) {
        let count = self.families.with(&family_of(key), |count| {
            *count += 1;
            *count
        });
        self.jobs.with(key, |own| *own = count);
    }

    /// How many jobs of the family have ended after a job.
    pub(super) fn since(&self, key: &str) -> u64 {
        let count = self.families.with(&family_of(key), |count| *count);
        count.saturating_sub(self.jobs.with(key, |own| *own))
    }
}

/// An id without its last characters. A job that was started here has no relatives.
pub(super) fn family_of(id: &str) -> String {
    if id.starts_with("started ") {
        return id.to_owned();
    }
    let length = id.chars().count();
    id.chars().take(length.saturating_sub(FAMILY_TAIL)).collect()
}
