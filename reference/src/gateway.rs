//! The reference gateway: the whole contract in the plainest form, and what can be done to it from outside.
//!
//! A request goes through small stages, put together in `stages`. The plain ones live in the files beside it and know of
//! nothing that is wrong or unusual. Each of the [`mutants`] wraps a stage and proves that some check can fail; each of the
//! [`variants`] proves that no check fails for what the contract leaves open. The sources are the same documents the
//! checks cite.

mod forwarding;
pub mod mutants;
mod placement;
mod polling;
mod private_hosts;
mod routing;
mod service;
mod stages;
mod status;
mod submission;
mod task;
pub mod variants;
mod vendor_answers;

use crate::deviation::Subject;

pub use service::{GatewayPipeline, GatewaySetup, ReferenceGateway, Upstream};

/// The reference gateway, as a subject of mutants and variants.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

impl Subject for Gateway {
    type Stages = stages::Stages;
}
