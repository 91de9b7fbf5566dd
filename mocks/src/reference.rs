//! The reference gateway: the whole contract in the plainest form, and its named defects.
//!
//! It serves two ends: it is what the harness judges when nobody names a subject, and each of its
//! defects proves that some check can fail. Its sources are the same documents the checks cite.

pub mod defect;
mod faults;
pub mod gateway;
mod submission;
mod urls;
mod vendor_trouble;
