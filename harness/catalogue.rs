//! Every requirement there is, of every kind of subject: the one place that knows all kinds.
//!
//! What a requirement is, is `run::requirement`; the entries live beside their checks.

use crate::gateway::Gateway;
use crate::receiver::Receiver;
use crate::run::replay::{Replay, ReplayError};
use crate::run::requirement::{Entry, entries_of};

/// Every requirement there is, in words.
pub fn entries() -> impl Iterator<Item = Entry> {
    entries_of::<Gateway>().chain(entries_of::<Receiver>())
}

/// A requirement by its id, in any case.
pub fn by_id(id: &str) -> Option<Entry> {
    entries().find(|entry| entry.id.eq_ignore_ascii_case(id))
}

/// Reads a replay id.
///
/// # Errors
/// When it has another form, or names what is not in this catalogue.
pub fn replay(id: &str) -> Result<Replay, ReplayError> {
    Replay::read(id, by_id)
}
