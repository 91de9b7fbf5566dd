//! How far a run has come: written while cases run, read by what shows it. Nothing is shown here.

use std::sync::Arc;

use tokio::sync::watch;

use crate::report::CaseReport;
use crate::run::outcome::Outcome;

/// What a run has come to so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases that were chosen; 0 until they are.
    pub of: usize,
    /// Cases that have ended.
    pub done: usize,
    /// Of these, how many found something: a MUST or a SHOULD.
    pub found: usize,
    /// Names of the cases that are under way, the longest running first.
    pub running: Vec<String>,
}

/// Where a run notes its progress.
#[derive(Clone, Debug)]
pub struct Progress(Arc<watch::Sender<Tally>>);

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl Progress {
    /// The tally, now and whenever it changes.
    pub fn subscribe(&self) -> watch::Receiver<Tally> {
        self.0.subscribe()
    }

    /// How many cases were chosen.
    pub(crate) fn chosen(&self, of: usize) {
        self.0.send_replace(Tally { of, ..Tally::default() });
    }

    /// A case begins.
    pub(crate) fn begins(&self, name: &str) {
        self.0.send_modify(|tally| tally.running.push(name.to_owned()));
    }

    /// A case has ended.
    pub(crate) fn ended(&self, case: &CaseReport) {
        self.0.send_modify(|tally| {
            tally.running.retain(|name| *name != case.name);
            tally.done += 1;
            tally.found += usize::from(matches!(case.outcome, Outcome::Fail | Outcome::Warn));
        });
    }
}
