//! Receivers on trial: the kind of subject that vendors call back.
//!
//! The receiver's own target, context and checks live below this room; choosing, running and reporting
//! are shared with gateways.

pub mod chapters;
pub mod context;
pub mod discovery;
pub mod edits;
pub mod effects;
pub mod origin;
pub mod preconditions;
pub mod schedules;
pub mod secrecy;
pub mod stage;
pub mod subject;
pub mod target;
pub mod task;
pub mod vectors;

use std::convert::Infallible;

use ringback_reference::receiver::Receiver as Reference;

use crate::run::requirement::{self, Chapter, Kind};
use context::ReceiverContext;

/// A receiver of callbacks.
#[derive(Clone, Copy, Debug)]
pub struct Receiver;

/// A precondition of a verdict about a receiver, decided before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiverPrecondition {
    /// A genuine callback of the vendor is acknowledged (RX-ACK-001).
    Acks,
    /// What the receiver did can be seen, and moves as it should (RX-IDEM-001).
    Effects,
    /// The receiver submits jobs of its own when asked to (RX-LOSS-001).
    Starts,
    /// The receiver asks the gateway that we play.
    Gateway,
    /// Bytes reach the receiver as we write them: plain HTTP.
    PlainHttp,
    /// The receiver has a hook for each vendor under one root.
    Hooks,
    /// A challenge is echoed (RX-CHAL-001).
    Challenges,
}

impl Kind for Receiver {
    const NAME: &'static str = "receiver";
    const CHAPTERS: &'static [Chapter<Self>] = CHAPTERS;
    type Context = ReceiverContext;
    type Precondition = ReceiverPrecondition;
    type Reference = Reference;
    type Knob = Infallible;

    fn precondition_phrase(need: ReceiverPrecondition) -> &'static str {
        match need {
            ReceiverPrecondition::Acks => "a genuine callback that is acknowledged (RX-ACK-001)",
            ReceiverPrecondition::Effects => {
                "a probe of what the receiver did, which moves as it should (--effects; RX-IDEM-001)"
            }
            ReceiverPrecondition::Starts => "a way to make the receiver submit a job (--start; RX-LOSS-001)",
            ReceiverPrecondition::Gateway => {
                "our gateway in the place of the receiver's (RINGBACK_GATEWAY_URL)"
            }
            ReceiverPrecondition::PlainHttp => "a receiver reached over plain HTTP",
            ReceiverPrecondition::Hooks => "a receiver started with --exec",
            ReceiverPrecondition::Challenges => "a challenge that is echoed (RX-CHAL-001)",
        }
    }

    fn knob_name(knob: Infallible) -> &'static str {
        match knob {}
    }
}

/// The chapters about receivers, in the order they are reported. Adding one is its file and one line here.
const CHAPTERS: &[Chapter<Receiver>] = &[
    Chapter { name: "acknowledgement", tables: &[chapters::acknowledgement::REQUIREMENTS] },
    Chapter {
        name: "tolerance",
        tables: &[chapters::tolerance::REQUIREMENTS, chapters::tolerance::spelling::REQUIREMENTS],
    },
    Chapter { name: "minimax-challenge", tables: &[chapters::challenge::REQUIREMENTS] },
    Chapter { name: "signatures", tables: &[chapters::signatures::REQUIREMENTS] },
    Chapter { name: "unsigned-vendors", tables: &[chapters::unsigned::REQUIREMENTS] },
    Chapter { name: "idempotency", tables: &[chapters::idempotency::REQUIREMENTS] },
    Chapter { name: "order", tables: &[chapters::order::REQUIREMENTS] },
    Chapter { name: "loss", tables: &[chapters::loss::REQUIREMENTS] },
    Chapter {
        name: "hostility",
        tables: &[chapters::hostility::REQUIREMENTS, chapters::hostility::records::REQUIREMENTS],
    },
    Chapter { name: "schedules", tables: &[chapters::schedules::REQUIREMENTS] },
];

const _: () = requirement::assert_complete(CHAPTERS);
