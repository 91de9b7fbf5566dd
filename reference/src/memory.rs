//! What a mutant or a variant remembers between requests.
//!
//! It belongs to the closures that wrap the stages; the plain subjects know nothing of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value that the closures of one mutant or variant share.
#[derive(Debug, Default)]
pub(crate) struct Memory<T>(Arc<Mutex<T>>);

impl<T> Memory<T> {
    /// The value, for as long as nobody waits.
    pub(crate) fn open(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Memory<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
