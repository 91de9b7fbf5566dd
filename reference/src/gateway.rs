//! The reference gateway: the whole contract in the plainest form, its named defects, its oddities.
//!
//! It serves two ends: it is what the harness judges when nobody names a subject, each of its
//! defects proves that some check can fail, and each of its oddities that no check fails for what
//! the contract leaves open. Its sources are the same documents the checks cite.

mod crossing;
pub mod defect;
mod dress;
mod faults;
mod habits;
pub mod oddity;
mod polling;
mod service;
mod status;
mod submission;
mod tales;
mod urls;
mod vendor_trouble;

pub use service::{ReferenceGateway, Setup, Upstream};
