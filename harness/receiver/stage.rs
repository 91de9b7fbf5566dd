//! A run that judges a receiver: its stage, and how it comes up.
//!
//! Choosing, running and reporting are the same for every kind of subject and live in `run`.

use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::journal::Leg;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::receiver::context::ReceiverContext;
use crate::receiver::discovery::ReceiverDiscovery;
use crate::receiver::subject::ReceiverSubject;
use crate::receiver::target::ReceiverTarget;
use crate::report::{Addressee, Report, TrafficReport};
use crate::run::mask::Mask;
use crate::run::mode::Mode;
use crate::run::plan::{self, Case};
use crate::run::replay::Replay;
use crate::run::runner::Stage;
use crate::run::session::{Beginning, RunError, RunOptions, Session};

/// Everything a case about a receiver needs to run.
#[derive(Clone, Debug)]
pub struct ReceiverStage {
    /// The target.
    pub target: Arc<ReceiverTarget>,
    /// The running subject.
    pub subject: Arc<ReceiverSubject>,
    /// What it can do.
    pub discovery: Arc<ReceiverDiscovery>,
    /// Seed of generated inputs.
    pub seed: u64,
    /// Whether a violated SHOULD fails.
    pub strict: bool,
}

/// Starts a receiver and chooses the cases.
///
/// # Errors
/// When there is nothing to judge, or the selection makes no sense.
pub fn open(
    mut target: ReceiverTarget,
    options: &RunOptions,
) -> BoxFuture<'_, Result<Session<ReceiverStage>, RunError>> {
    // Boxed: a run is compiled once, in this crate, and not again in each that awaits it.
    Box::pin(async move {
        let beginning = Beginning::now();
        let (seed, vendors) = crate::run::session::inputs::<Receiver>(options, &target.vendors)?;
        target.vendors = vendors;
        let target = Arc::new(target);
        let subject = Arc::new(ReceiverSubject::start(&target).await?);
        let discovery = Arc::new(ReceiverDiscovery::explore(&target, &subject).await);
        let cases =
            plan::cases(&target.vendors, |need, vendor| discovery.holds(need, vendor).map_err(str::to_owned));
        let stage = ReceiverStage { target, subject, discovery, seed, strict: options.strict };
        Session::choose(stage, cases, options, beginning)
    })
}

/// Judges a receiver.
pub fn judge(target: ReceiverTarget, options: &RunOptions) -> BoxFuture<'_, Result<Report, RunError>> {
    // Boxed: a run is compiled once, in this crate, and not again in each that awaits it.
    Box::pin(async move { Ok(open(target, options).await?.judge().await) })
}

impl Stage for ReceiverStage {
    type Kind = Receiver;

    fn context(&self, case: &Case<Receiver>) -> ReceiverContext {
        ReceiverContext::new(
            Arc::clone(&self.target),
            Arc::clone(&self.subject),
            case.vendor,
            self.discovery.way(case.vendor),
            self.seed,
            case.input.clone(),
        )
    }

    fn mask(&self) -> Mask {
        Mask::new(self.subject.masked())
    }

    fn strict(&self) -> bool {
        self.strict
    }

    fn deadline(&self) -> Duration {
        self.target.timeouts.case
    }

    fn replay(&self, case: &Case<Receiver>) -> String {
        let requirement = case.requirement.entry(case.chapter);
        let id = Replay { requirement, vendor: case.vendor, seed: self.seed, input: case.input.clone() };
        format!("{}--replay {id}", self.target.arguments())
    }

    fn addressee(&self) -> Addressee {
        let sent = |leg| matches!(leg, Leg::Client | Leg::Callback(_));
        Addressee { address: "\"$RECEIVER\"".to_owned(), sent }
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn mode(&self) -> Mode {
        self.target.mode()
    }

    fn target(&self) -> Value {
        let vendors: Vec<&str> = self.target.vendors.iter().map(|vendor| vendor.name()).collect();
        json!({"description": self.mask().text(&self.target.describe()), "vendors": vendors, "knobs": {}, "spend": 0})
    }

    fn traffic(&self) -> TrafficReport {
        TrafficReport { requests: self.subject.requests(), jobs: 0 }
    }

    async fn end(self) {
        if let Ok(subject) = Arc::try_unwrap(self.subject) {
            subject.end().await;
        }
    }
}
