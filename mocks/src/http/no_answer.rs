//! Why a client got no answer, and the bound on those it reads.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::ANSWER_MAX;

/// Why a request got no complete response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No connection came about: refused, unknown host, unreachable.
    #[error("could not connect: {0}")]
    Connect(String),
    /// Nothing complete came within the time allowed.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// The connection ended before the response did.
    #[error("the connection broke before the answer was complete: {0}")]
    Broken(String),
    /// The body is longer than [`ANSWER_MAX`].
    #[error("the answer is longer than {} KiB and was not read on", ANSWER_MAX / 1024)]
    TooLong,
}

impl NoAnswer {
    /// Whether not even a connection came about, which says nothing about how the peer behaves.
    pub const fn is_unreached(&self) -> bool {
        matches!(self, Self::Connect(_))
    }
}

/// Appends a piece of an answer, unless that makes it longer than we read.
pub(super) fn add(body: &mut BytesMut, piece: &Bytes) -> Result<(), NoAnswer> {
    if body.len() + piece.len() > ANSWER_MAX {
        return Err(NoAnswer::TooLong);
    }
    body.extend_from_slice(piece);
    Ok(())
}

/// The innermost cause, which is the part a person can act on; the outer ones repeat the URL.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
