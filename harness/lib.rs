//! Ringback judges gateways that hand a customer's `callback_url` to AI-media vendors.
//!
//! The gateway under test (the *subject*) takes `POST /api/generate/submit` and
//! `GET /api/generate/status/{task_id}`. Ringback stands on both sides of it: it is the client that
//! submits, and it is the vendors, so a verdict rests on what the mock vendors really received and
//! never on what the subject says about itself.
//!
//! ```no_run
//! # async fn example() -> Result<(), ringback::session::RunError> {
//! use ringback::{session, target::Target};
//!
//! let report = session::judge(Target::embedded(&[]), &session::Options::default()).await?;
//! assert_eq!(report.counts.fail, 0, "{}", ringback::report::terminal::render(&report));
//! # Ok(())
//! # }
//! ```
//!
//! Data flows one way: [`config`] → [`target`] → [`subject`] → [`discovery`] → [`plan`] → [`runner`]
//! (checks on a [`mod@bench`]) → [`report`] → writers. [`session`] is that line from end to end.

pub mod bench;
pub mod catalogue;
pub mod checks;
pub mod config;
pub mod discovery;
pub mod doctor;
pub mod exec;
pub mod expect;
pub mod foresight;
pub mod generate;
pub mod guard;
pub mod job;
pub mod knob;
pub mod listing;
pub mod normalize;
pub mod outcome;
pub mod plan;
pub mod progress;
pub mod receipt;
pub mod receiver;
pub mod replay;
pub mod report;
pub mod runner;
pub mod schema;
pub mod selftest;
pub mod session;
pub mod snapshots;
pub mod spelling;
pub mod starter;
pub mod storm;
pub mod subject;
pub mod target;
pub mod test_target;
