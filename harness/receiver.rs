//! Receivers on trial: the kind of subject that vendors call back.
//!
//! The receiver's own target, bench and checks live below this room; choosing, running and reporting
//! are shared with gateways.

pub mod bench;
pub mod callback;
pub mod checks;
pub mod discovery;
pub mod edits;
pub mod effects;
pub mod schedule;
pub mod secrecy;
pub mod subject;
pub mod target;
pub mod vectors;

use ringback_reference::deviation::Mutant;
use ringback_reference::receiver::Receiver as Reference;

use crate::catalogue::{self, Chapter, Fault, Kind};
use bench::Bench;

/// A receiver of callbacks.
#[derive(Clone, Copy, Debug)]
pub struct Receiver;

/// A precondition of a verdict about a receiver, decided before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
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
    type Bench = Bench;
    type Need = Need;
    type Defect = Mutant<Reference>;

    fn need_word(need: Need) -> &'static str {
        match need {
            Need::Acks => "a genuine callback that is acknowledged (RX-ACK-001)",
            Need::Effects => {
                "a probe of what the receiver did, which moves as it should (--effects; RX-IDEM-001)"
            }
            Need::Starts => "a way to make the receiver submit a job (--start; RX-LOSS-001)",
            Need::Gateway => "our gateway in the place of the receiver's (RINGBACK_GATEWAY_URL)",
            Need::PlainHttp => "a receiver reached over plain HTTP",
            Need::Hooks => "a receiver started with --exec",
            Need::Challenges => "a challenge that is echoed (RX-CHAL-001)",
        }
    }
}

impl Fault for Mutant<Reference> {
    fn name(self) -> &'static str {
        self.name
    }

    fn about(self) -> &'static str {
        self.about
    }
}

/// The chapters about receivers, in the order they are reported. Adding one is its file and one line here.
const CHAPTERS: &[Chapter<Receiver>] = &[
    Chapter { name: "acknowledgement", requirements: checks::acknowledgement::REQUIREMENTS },
    Chapter { name: "tolerance", requirements: checks::tolerance::REQUIREMENTS },
    Chapter { name: "tolerance", requirements: checks::spelling::REQUIREMENTS },
    Chapter { name: "minimax-challenge", requirements: checks::challenge::REQUIREMENTS },
    Chapter { name: "signatures", requirements: checks::signatures::REQUIREMENTS },
    Chapter { name: "unsigned-vendors", requirements: checks::unsigned::REQUIREMENTS },
    Chapter { name: "idempotency", requirements: checks::idempotency::REQUIREMENTS },
    Chapter { name: "order", requirements: checks::order::REQUIREMENTS },
    Chapter { name: "loss", requirements: checks::loss::REQUIREMENTS },
    Chapter { name: "hostility", requirements: checks::hostility::REQUIREMENTS },
    Chapter { name: "hostility", requirements: checks::hostile_records::REQUIREMENTS },
    Chapter { name: "schedules", requirements: checks::schedules::REQUIREMENTS },
];

const _: () = catalogue::assert_complete(CHAPTERS);
