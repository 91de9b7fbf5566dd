//! The kernel: what is the same for every kind of subject, from a requirement to a session that judges.
//!
//! Nothing here imports a gateway or a receiver; what is peculiar to one of them is a `Kind` and a `Stage` of its own.

pub mod case;
pub mod excerpt;
pub mod exec;
pub mod expectation;
pub mod guard;
pub mod mask;
pub mod mode;
pub mod outcome;
pub mod plan;
pub mod progress;
pub mod replay;
pub mod requirement;
pub mod runner;
pub mod search;
pub mod session;
pub mod source;
pub mod suggest;
