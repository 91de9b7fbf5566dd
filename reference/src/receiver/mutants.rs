//! The deliberate faults of the reference receiver, in tables by subject matter.
//!
//! A mutant is named after what it does, and its function wraps the stages that it is about. Which requirement must catch it
//! is the catalogue's business. What a mutant remembers is its own: `memory`.

mod acknowledgement;
mod challenge;
mod hostility;
mod idempotency;
mod kling;
mod loss;
mod memory;
mod order;
mod schedules;
mod signatures;
mod tolerance;
mod unsigned;
mod vidu;

use super::Receiver;
use crate::deviation::tables;

tables! {
    Mutant of Receiver:
    acknowledgement,
    tolerance,
    challenge,
    signatures,
    kling,
    vidu,
    unsigned,
    idempotency,
    order,
    loss,
    hostility,
    schedules,
}
