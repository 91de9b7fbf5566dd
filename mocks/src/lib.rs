#![doc = include_str!("../README.md")]
//!
//! # What lives here
//!
//! The world around the subject of a test: the vendors, the dispatcher that carries their callbacks, an
//! inbox to receive them, and a journal of both. The crate knows nothing of checks, verdicts or reports,
//! so that a gateway team can depend on it alone.

pub mod account;
pub mod api;
pub mod client;
pub mod control;
pub mod delivery;
pub mod delivery_faults;
pub mod dialect;
pub mod dispatcher;
pub mod draft;
pub mod duration;
pub mod http;
pub mod ids;
pub mod inbox;
pub mod journal;
pub mod machine;
pub mod mock;
pub mod record;
pub mod response_faults;
pub mod results;
pub mod rules;
pub mod sample_callback;
pub mod signature;
pub mod standalone;
pub mod started;
pub mod stub_gateway;
pub mod tasks;
pub mod vendor;
pub mod vendors;
pub mod wire;
#[cfg(feature = "wiremock")]
pub mod wiremock;
pub mod world;

pub use started::{Doubao, Kling, MiniMax, Vidu};
