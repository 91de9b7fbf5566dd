//! Trouble on the way: what happens to callbacks between vendor and receiver, on one line.

use std::fmt;
use std::str::FromStr;

/// A schedule of trouble for the callbacks of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trouble {}

/// Why a schedule of trouble cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TroubleError(String);

impl FromStr for Trouble {
    type Err = TroubleError;

    fn from_str(text: &str) -> Result<Self, TroubleError> {
        if text.is_empty() { Ok(Self {}) } else { Err(TroubleError(format!("unknown trouble `{text}`"))) }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
