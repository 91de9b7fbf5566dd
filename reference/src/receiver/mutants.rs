//! The deliberate faults of the reference receiver, in tables by subject matter.
//!
//! A mutant is named after what it does, and its function wraps the stages that it is about. Which requirement must catch it
//! is the catalogue's business. What a mutant remembers is its own: `memory`.

use super::Receiver;
use crate::deviation::tables;

mod memory;

tables! {
    Mutant of Receiver:
    acknowledgement, tolerance, challenge, signatures, kling, vidu, unsigned, idempotency, order, loss, hostility, schedules,
}
