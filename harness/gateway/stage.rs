//! A run that judges a gateway: its stage, and how it comes up.
//!
//! Choosing, running and reporting are the same for every kind of subject and live in `run`.

use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::journal::Leg;
use ringback_mocks::world::World;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::gateway::context::GatewayContext;
use crate::gateway::discovery::GatewayDiscovery;
use crate::gateway::subject::GatewaySubject;
use crate::gateway::target::{GatewayReach, GatewayTarget};
use crate::report::{Addressee, Report, TrafficReport};
use crate::run::excerpt::quoted;
use crate::run::guard::Traffic;
use crate::run::mask::Mask;
use crate::run::mode::Mode;
use crate::run::plan::{self, Case};
use crate::run::replay::Replay;
use crate::run::runner::Stage;
use crate::run::session::{Beginning, RunError, RunOptions, Session};

/// Everything a case about a gateway needs to run.
#[derive(Clone, Debug)]
pub struct GatewayStage {
    /// The target.
    pub target: Arc<GatewayTarget>,
    /// The running subject.
    pub subject: Arc<GatewaySubject>,
    /// The world around it.
    pub world: Arc<World>,
    /// Seed of generated inputs.
    pub seed: u64,
    /// Whether a violated SHOULD fails.
    pub strict: bool,
}

/// Starts a gateway and chooses the cases.
///
/// # Errors
/// When there is nothing to judge, or the selection makes no sense.
pub fn open(
    mut target: GatewayTarget,
    options: &RunOptions,
) -> BoxFuture<'_, Result<Session<GatewayStage>, RunError>> {
    // Boxed: a run is compiled once, in this crate, and not again in each that awaits it.
    Box::pin(async move {
        let beginning = Beginning::now();
        let (seed, vendors) = crate::run::session::inputs::<Gateway>(options, &target.vendors)?;
        target.vendors = vendors;
        let target = Arc::new(target);
        let (subject, world) = GatewaySubject::start(&target, seed).await?;
        let subject = Arc::new(subject);
        let discovery = GatewayDiscovery::explore(&target, &subject, &world).await?;
        let cases =
            plan::cases(&target.vendors, |need, vendor| discovery.holds(need, vendor).map_err(str::to_owned));
        let stage = GatewayStage { target, subject, world, seed, strict: options.strict };
        let mut session = Session::choose(stage, cases, options, beginning)?;
        if session.stage.target.mode() == Mode::Deployed {
            plan::afford(&mut session.cases, session.stage.target.spend);
        }
        Ok(session)
    })
}

/// Judges a gateway.
///
/// # Errors
/// When there is nothing to judge, or the selection makes no sense.
pub fn judge(target: GatewayTarget, options: &RunOptions) -> BoxFuture<'_, Result<Report, RunError>> {
    // Boxed: a run is compiled once, in this crate, and not again in each that awaits it.
    Box::pin(async move { Ok(open(target, options).await?.judge().await) })
}

impl Stage for GatewayStage {
    type Kind = Gateway;

    fn context(&self, case: &Case<Gateway>) -> GatewayContext {
        let context = GatewayContext::new(
            Arc::clone(&self.target),
            Arc::clone(&self.subject),
            Arc::clone(&self.world),
            case.vendor,
            self.seed,
        );
        context.replaying(case.input.clone())
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

    fn replay(&self, case: &Case<Gateway>) -> String {
        let requirement = case.requirement.entry(case.chapter);
        let spend = match (self.target.mode(), requirement.jobs) {
            (Mode::Deployed, jobs @ 1..) => format!("--spend {jobs} "),
            _ => String::new(),
        };
        let id = Replay { requirement, vendor: case.vendor, seed: self.seed, input: case.input.clone() };
        format!("{}{spend}--replay {id}", self.target.arguments())
    }

    fn addressee(&self) -> Addressee {
        let address = match self.target.reach {
            GatewayReach::Url { .. } => quoted(self.subject.root()),
            GatewayReach::Embedded { .. } | GatewayReach::Exec { .. } => "\"$GATEWAY\"".to_owned(),
        };
        Addressee { address, sent: |leg| leg == Leg::Client }
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn mode(&self) -> Mode {
        self.target.mode()
    }

    fn target(&self) -> Value {
        let target = &self.target;
        let vendors: Vec<&str> = target.vendors.iter().map(|vendor| vendor.name()).collect();
        json!({
            "description": self.mask().text(&target.describe()),
            "vendors": vendors,
            "knobs": target.settings().into_iter().collect::<BTreeMap<_, _>>(),
            "spend": target.spend,
        })
    }

    fn traffic(&self) -> TrafficReport {
        let Traffic { requests, jobs } = self.subject.traffic();
        TrafficReport { requests, jobs: u64::from(jobs) }
    }

    async fn end(self) {
        if let Ok(subject) = Arc::try_unwrap(self.subject) {
            subject.end().await;
        }
    }
}
