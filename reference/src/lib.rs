//! Reference subjects: a gateway and a receiver that do everything right, the mutants that each do one thing wrong, and
//! the variants that do something unusual and allowed.
//!
//! The harness judges them when nobody names a subject, and is proved with them: each mutant shows that some check can
//! fail, each variant that no check fails for what is legal. This crate knows nothing of checks, verdicts or reports.

pub mod deviation;
mod framing;
pub mod gateway;
mod memory;
pub mod receiver;
pub mod stage;
