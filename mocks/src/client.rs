//! The client's end of a dialect: how a gateway asks for a job and reads what became of it.
//!
//! Each vendor file fills one `Client` in; the reference gateway speaks to every vendor through it.

use serde_json::{Map, Value};

// Not by way of the dialect, which has a client itself.
use crate::dialect::tables::Phase;
use crate::wire::{Request, Response};

/// How a client speaks a dialect.
#[derive(Debug)]
pub struct Client {
    /// The create call of a job.
    pub create: fn(&Wish) -> Request,
    /// The task id in the answer to a create, or why there is none.
    pub created: fn(&Response) -> Result<String, Declined>,
    /// The query call of a task, given the job it was created for.
    pub query: fn(&Wish, &str) -> Request,
    /// What an answer to a query says.
    pub queried: fn(&Value) -> Sighting,
}

/// A job as a gateway's client asked for it, before it is put into a vendor's words.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Model name.
    pub model: String,
    /// Prompt.
    pub prompt: String,
    /// Image URLs, first frame first.
    pub images: Vec<String>,
    /// Duration in seconds.
    pub duration: Option<u64>,
    /// Vendor options to add to the body as they are, `callback_url` among them.
    pub options: Map<String, Value>,
}

/// Why a vendor declined a create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// Whose doing it is.
    pub blame: Blame,
    /// The vendor's sentence.
    pub message: String,
}

/// Whose doing a declined create is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The request: parameters or content.
    Request,
    /// Too much at once.
    Load,
    /// The operator's account, or the vendor itself.
    Operator,
}

/// What a client learns from a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// In this phase, not ended.
    At(Phase),
    /// Ended well, with these result URLs.
    Done(Vec<String>),
    /// Ended well; the result URL takes one more call.
    DoneAt(Request),
    /// Ended without result.
    Failed(String),
    /// A word the client does not know.
    Unknown(String),
}
