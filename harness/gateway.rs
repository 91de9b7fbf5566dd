//! Gateways on trial: the kind of subject that hands a customer's `callback_url` to the vendors.
//!
//! What is peculiar to a gateway lives below this room, its peer is `receiver`; choosing, running and reporting are
//! the same for every kind of subject and live in `run` and `report`.

pub mod chapters;
pub mod context;
pub mod discovery;
pub mod inputs;
pub mod knob;
pub mod preconditions;
pub mod stage;
pub mod subject;
pub mod submit;
pub mod target;

use ringback_reference::gateway::Gateway as Reference;

use crate::run::requirement::{self, Chapter, Kind};
use context::GatewayContext;
use knob::Knob;

/// A gateway, between a client and the vendors.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

impl Kind for Gateway {
    const NAME: &'static str = "gateway";
    const CHAPTERS: &'static [Chapter<Self>] = CHAPTERS;
    type Context = GatewayContext;
    type Precondition = GatewayPrecondition;
    type Reference = Reference;
    type Knob = Knob;

    fn precondition_phrase(need: GatewayPrecondition) -> &'static str {
        match need {
            GatewayPrecondition::Witness => "our mock in the vendor's place",
            GatewayPrecondition::OtherKey => "a second client's key",
            GatewayPrecondition::Accepts => "a minimal job that is accepted (GW-SUB-001)",
            GatewayPrecondition::Forwards => "a plain callback_url that arrives (GW-CB-001)",
            GatewayPrecondition::Receiver => {
                "a callback address that the vendor can reach (--advertise on a deployed gateway)"
            }
            GatewayPrecondition::Status => "a status that can be read (GW-ST-001)",
        }
    }

    fn knob_name(knob: Knob) -> &'static str {
        knob.row().name
    }
}

/// A precondition of a verdict, decided before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayPrecondition {
    /// Our mock stands where the vendor would, so that we see what the gateway sent.
    Witness,
    /// A second client's key that the gateway knows.
    OtherKey,
    /// The gateway accepts a minimal job for the vendor (GW-SUB-001).
    Accepts,
    /// A plain callback URL reaches the vendor (GW-CB-001).
    Forwards,
    /// The status of an accepted job can be read (GW-ST-001).
    Status,
    /// The vendor's callbacks can reach our inbox.
    Receiver,
}

/// The chapters about gateways, in the order they are reported. Adding one is its file and one line here.
const CHAPTERS: &[Chapter<Gateway>] = &[
    Chapter { name: "submit", tables: &[chapters::submit::REQUIREMENTS] },
    Chapter { name: "errors", tables: &[chapters::errors::REQUIREMENTS] },
    Chapter { name: "mistakes", tables: &[chapters::mistakes::REQUIREMENTS] },
    Chapter { name: "authentication", tables: &[chapters::authentication::REQUIREMENTS] },
    Chapter { name: "races", tables: &[chapters::races::REQUIREMENTS] },
    Chapter { name: "concurrency", tables: &[chapters::concurrency::REQUIREMENTS] },
    Chapter { name: "placement", tables: &[chapters::placement::REQUIREMENTS] },
    Chapter { name: "callback-url", tables: &[chapters::callback_url::REQUIREMENTS] },
    Chapter { name: "callback-url-kinds", tables: &[chapters::url_kinds::REQUIREMENTS] },
    Chapter { name: "pass-through", tables: &[chapters::pass_through::REQUIREMENTS] },
    Chapter { name: "every-job", tables: &[chapters::every_job::REQUIREMENTS] },
    Chapter { name: "polling-only", tables: &[chapters::polling::REQUIREMENTS] },
    Chapter { name: "upstream", tables: &[chapters::upstream::REQUIREMENTS] },
    Chapter { name: "leaks", tables: &[chapters::leaks::REQUIREMENTS] },
    Chapter { name: "status", tables: &[chapters::status::REQUIREMENTS] },
    Chapter { name: "life", tables: &[chapters::life::REQUIREMENTS] },
    Chapter { name: "times", tables: &[chapters::times::REQUIREMENTS] },
    Chapter { name: "live", tables: &[chapters::live::REQUIREMENTS] },
    Chapter { name: "vendor-trouble", tables: &[chapters::vendor_trouble::REQUIREMENTS] },
    Chapter { name: "vendor-queries", tables: &[chapters::vendor_queries::REQUIREMENTS] },
    Chapter { name: "vendor-silence", tables: &[chapters::vendor_silence::REQUIREMENTS] },
];

const _: () = requirement::assert_complete(CHAPTERS);
