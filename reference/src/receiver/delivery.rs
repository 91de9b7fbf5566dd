//! What comes in, as values: a request at a hook, a challenge in it, an event of a job on its way into the ledger.

use jiff::Timestamp;
use ringback_mocks::vendor::{Phase, Vendor};
use ringback_mocks::wire::Request;
use serde_json::Value;

/// A request and when it came.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    /// The request.
    pub(crate) request: Request,
    /// When it came.
    pub(crate) now: Timestamp,
}

/// The address of a hook: `/hooks/{vendor}`, or with the secret of a started job behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    /// The vendor's name, or what stands in its place.
    pub(crate) vendor: String,
    /// What should be the secret of a started job.
    pub(crate) secret: Option<String>,
}

/// One delivery: a request at the hook of a vendor.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// Whose hook it is.
    pub(crate) vendor: Vendor,
    /// The request, as received.
    pub(crate) request: Request,
    /// When it came.
    pub(crate) now: Timestamp,
    /// The secret in its URL.
    pub(crate) secret: Option<String>,
    /// The started job whose secret that is.
    pub(crate) started: Option<usize>,
}

impl Delivery {
    /// The media type as declared, in lower case.
    pub(crate) fn media_type(&self) -> String {
        self.request.headers.get("content-type").unwrap_or_default().to_ascii_lowercase()
    }

    /// A header field; empty if there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.request.headers.get(name).unwrap_or_default()
    }
}

/// A challenge of MiniMax's.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    /// The delivery that it is.
    pub(crate) delivery: Delivery,
    /// What is to be echoed.
    pub(crate) value: Value,
    /// How many members the document around it has.
    pub(crate) members: usize,
}

/// An event of a job, as somebody told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobEvent {
    /// The vendor's id of the job.
    pub(crate) id: String,
    /// Name of the dialect; empty where the gateway told it.
    pub(crate) dialect: &'static str,
    /// The state word as written.
    pub(crate) word: String,
    /// What it means; none for a word that nobody announced.
    pub(crate) phase: Option<Phase>,
    /// The record's own time of change.
    pub(crate) time: Option<i64>,
    /// The first result it names.
    pub(crate) result: Option<String>,
    /// Whether it carries something of the customer's own.
    pub(crate) has_payload: bool,
}

impl JobEvent {
    /// Whether it says that the job has ended.
    pub(crate) fn is_end(&self) -> bool {
        self.phase.is_some_and(Phase::is_terminal)
    }

    /// Whether it says that the job goes on.
    pub(crate) fn is_progress(&self) -> bool {
        self.phase.is_some_and(|phase| !phase.is_terminal())
    }
}

/// An event on its way into the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The job in the ledger.
    pub(crate) key: String,
    /// The event.
    pub(crate) event: JobEvent,
    /// The started job that it is about.
    pub(crate) started: Option<usize>,
    /// The delivery that told it; none where the gateway was asked.
    pub(crate) delivery: Option<Delivery>,
    /// When it is taken.
    pub(crate) now: Timestamp,
}

impl Arrival {
    /// Whether a vendor told it, not the gateway.
    pub(crate) const fn is_callback(&self) -> bool {
        self.delivery.is_some()
    }
}
