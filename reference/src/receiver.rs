//! The reference receiver: what a receiver of callbacks should be.
//!
//! The plain receiver is a pure machine, `machine`, made of small stages, `stages`, behind a socket, `service`. None of
//! these knows a fault: what goes wrong or is unusual wraps a stage from outside, in `mutants` and `variants`.

mod callback;
mod delivery;
mod ledger;
mod machine;
pub mod mutants;
mod polling;
mod reaction;
mod service;
mod stages;
mod started;
mod trust;
pub mod variants;

pub use machine::ReceiverMachine;
pub use reaction::Reaction;
pub use service::{Pace, ReceiverSetup, ReferenceReceiver};
pub use trust::Secrets;

use crate::deviation::Subject;

/// The reference receiver as a subject: what its mutants and variants are of.
#[derive(Clone, Copy, Debug)]
pub struct Receiver;

impl Subject for Receiver {
    type Stages = stages::ReceiverStages;
}
