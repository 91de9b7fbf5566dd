//! One case while it runs: what the kernel can ask of its context, and what it leaves behind.
//!
//! The verbs that checks are written in belong to a kind of subject, and live in its own `context`.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use ringback_mocks::journal::Exchange;

use crate::run::outcome::Finding;

/// Inputs tried for each generated case, unless its context says otherwise.
pub const INPUTS: usize = 24;

/// One generated input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Its number, from 1.
    pub at: usize,
    /// How it was made smaller: for each smaller value tried, whether it was wrong too. The last is.
    pub path: Vec<bool>,
}

/// What a check can ask of its case, whatever kind of subject it is about.
pub trait CaseContext: Debug + Send + Sync + 'static {
    /// Seed of generated inputs.
    fn seed(&self) -> u64;
    /// The generated input to judge first, when a case is replayed.
    fn input(&self) -> Option<Input>;
    /// Notes which generated input was found wrong, for the case's replay id.
    fn found(&self, input: Input);
    /// How many inputs a generated case tries.
    fn inputs(&self) -> usize {
        INPUTS
    }
    /// How many of them are judged side by side.
    fn abreast(&self) -> usize {
        1
    }
    /// Ends the case and hands over what it left.
    fn records(&self) -> Records;
}

/// What a case leaves behind.
#[derive(Debug)]
pub struct Records {
    /// Violations noted along the way.
    pub findings: Vec<Finding>,
    /// Every exchange of its jobs, in order of time.
    pub exchanges: Vec<Arc<Exchange>>,
    /// Whether the subject answered anything at all.
    pub answered: bool,
    /// The generated input that was found wrong.
    pub input: Option<Input>,
    /// Names of the knobs that the check asked.
    pub knobs: BTreeSet<&'static str>,
}
