//! How much of a subject is seen: in this process, with our mocks around it, or from outside only.

use serde::{Deserialize, Serialize};

/// How much of a subject is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In this process.
    Embedded,
    /// Its vendors are our mocks.
    Loopback,
    /// Seen from outside only.
    Deployed,
}
