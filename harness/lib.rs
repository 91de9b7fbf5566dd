//! Ringback judges gateways that hand a customer's `callback_url` to AI-media vendors.
//!
//! The gateway under test (the *subject*) takes `POST /api/generate/submit` and
//! `GET /api/generate/status/{task_id}`. Ringback stands on both sides of it: it is the client that
//! submits, and it is the vendors, so a verdict rests on what the mock vendors really received and
//! never on what the subject says about itself.
//!
//! ```no_run
//! # async fn example() -> Result<(), ringback::run::session::RunError> {
//! use ringback::gateway::{stage, target::GatewayTarget};
//! use ringback::run::session::RunOptions;
//!
//! let report = stage::judge(GatewayTarget::embedded(&[]), &RunOptions::default()).await?;
//! assert_eq!(report.counts.fail, 0, "{}", ringback::report::terminal::render(&report));
//! # Ok(())
//! # }
//! ```
//!
//! The kernel is [`run`]: requirements, cases, a plan, the runner, a session from end to end. Its two peers are
//! [`gateway`] and [`receiver`]; what they judge becomes a [`report`], which has one writer for each format.

pub mod catalogue;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod doctor;
pub mod gateway;
pub mod inspection;
pub mod listing;
pub mod load;
pub mod receiver;
pub mod report;
pub mod run;
pub mod schema;
pub mod selftest;
pub mod snapshots;
pub mod test_target;
