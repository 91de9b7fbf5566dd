//! What a receiver can do, found out before any case is chosen.
//!
//! For each vendor: is a genuine callback acknowledged, does its effect show, and does the receiver trust
//! callbacks out of the blue or only those of jobs it has started. The answers only decide what can be
//! judged; each question is also a case of its own, so nothing that is broken disappears here.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::vendor::Vendor;
use serde_json::json;

use super::ReceiverPrecondition;
use super::context::ReceiverContext;
use super::effects::Class;
use super::origin::JobOrigin;
use super::preconditions;
use super::subject::ReceiverSubject;
use super::target::ReceiverTarget;
use super::task::{CallbackState, VendorTask};
use crate::run::outcome::Stop;

/// What was found out.
#[derive(Debug)]
pub struct ReceiverDiscovery {
    gateway: Result<(), String>,
    plain_http: Result<(), String>,
    hooks: Result<(), String>,
    vendors: BTreeMap<&'static str, VendorFacts>,
}

#[derive(Debug)]
struct VendorFacts {
    way: JobOrigin,
    acks: Result<(), String>,
    effects: Result<(), String>,
    starts: Result<(), String>,
    challenges: Result<(), String>,
}

impl ReceiverDiscovery {
    /// Looks at a receiver.
    pub async fn explore(target: &Arc<ReceiverTarget>, subject: &Arc<ReceiverSubject>) -> Self {
        let known = |need| match target.vendors.first() {
            Some(vendor) => preconditions::check(target, need, *vendor),
            None => Ok(()),
        };
        let gateway = known(ReceiverPrecondition::Gateway);
        let plain_http = known(ReceiverPrecondition::PlainHttp);
        let hooks = known(ReceiverPrecondition::Hooks);
        let looks = target.vendors.iter().map(|vendor| {
            let facts = VendorFacts::explore(target, subject, *vendor, &gateway);
            async move { (vendor.name(), facts.await) }
        });
        let vendors = futures_util::future::join_all(looks).await.into_iter().collect();
        Self { gateway, plain_http, hooks, vendors }
    }

    /// How the receiver takes callbacks of a vendor.
    pub fn way(&self, vendor: Vendor) -> JobOrigin {
        self.vendors.get(vendor.name()).map_or(JobOrigin::Unsolicited, |facts| facts.way)
    }

    /// Whether a precondition holds for a vendor, and if not, why.
    pub fn holds(&self, need: ReceiverPrecondition, vendor: Vendor) -> Result<(), &str> {
        let facts = self.vendors.get(vendor.name());
        let fact = match (need, facts) {
            (ReceiverPrecondition::Gateway, _) => &self.gateway,
            (ReceiverPrecondition::PlainHttp, _) => &self.plain_http,
            (ReceiverPrecondition::Hooks, _) => &self.hooks,
            (_, None) => return Err("the vendor is not chosen"),
            (ReceiverPrecondition::Acks, Some(facts)) => &facts.acks,
            (ReceiverPrecondition::Effects, Some(facts)) => &facts.effects,
            (ReceiverPrecondition::Starts, Some(facts)) => &facts.starts,
            (ReceiverPrecondition::Challenges, Some(facts)) => &facts.challenges,
        };
        fact.as_ref().map(|&()| ()).map_err(String::as_str)
    }
}

impl VendorFacts {
    async fn explore(
        target: &Arc<ReceiverTarget>,
        subject: &Arc<ReceiverSubject>,
        vendor: Vendor,
        gateway: &Result<(), String>,
    ) -> Self {
        let context =
            |way| ReceiverContext::new(Arc::clone(target), Arc::clone(subject), vendor, way, 0, None);
        let blue = context(JobOrigin::Unsolicited);
        let (acks, effects) = tried(&blue, JobOrigin::Unsolicited).await;
        let challenges = challenged(&blue).await;
        let starts = match (gateway, &target.start) {
            (Err(why), _) => Err(why.clone()),
            (Ok(()), None) => preconditions::check(target, ReceiverPrecondition::Starts, vendor),
            (Ok(()), Some(_)) => started(&context(JobOrigin::Started)).await,
        };
        // A receiver that trusts only jobs of its own is right, so it is judged by those.
        let wants = target.probe.is_some();
        if (acks.is_err() || wants && effects.is_err()) && starts.is_ok() {
            let (own_acks, own_effects) = tried(&context(JobOrigin::Started), JobOrigin::Started).await;
            let better = own_acks.is_ok() && (acks.is_err() || own_effects.is_ok());
            if better {
                let way = JobOrigin::Started;
                return Self { way, acks: own_acks, effects: own_effects, starts, challenges };
            }
        }
        Self { way: JobOrigin::Unsolicited, acks, effects, starts, challenges }
    }
}

/// Whether a genuine success is acknowledged, and whether its effect shows.
async fn tried(context: &ReceiverContext, way: JobOrigin) -> (Result<(), String>, Result<(), String>) {
    let job = match way {
        JobOrigin::Unsolicited => context.unsolicited_task(context.main()),
        JobOrigin::Started => context.start().await.map(|started| started.job),
    };
    let (job, before) = match job {
        Ok(job) => {
            let before = untouched(context, &job).await;
            (Ok(job), before)
        }
        Err(stop) => (Err(said(&stop)), Ok(())),
    };
    let acked = match job {
        Ok(job) => acked(context, &job).await.map(|()| job),
        Err(why) => Err(why),
    };
    match acked {
        Ok(job) => {
            let effects = match before {
                Ok(()) => moved(context, &job).await,
                Err(why) => Err(why),
            };
            (Ok(()), effects)
        }
        Err(why) => {
            let why = format!(
                "the receiver does not acknowledge a genuine callback of {}, see RX-ACK-001: {why}",
                context.vendor.title()
            );
            (Err(why.clone()), Err(why))
        }
    }
}

async fn acked(context: &ReceiverContext, job: &VendorTask) -> Result<(), String> {
    match context.deliver(job, CallbackState::SUCCESS).await {
        Ok(reply) if reply.is_ack() => Ok(()),
        Ok(reply) => Err(reply.summary()),
        Err(stop) => Err(said(&stop)),
    }
}

/// The probe before anything was sent: it shows no work, and looking does none.
async fn untouched(context: &ReceiverContext, job: &VendorTask) -> Result<(), String> {
    preconditions::check(&context.target, ReceiverPrecondition::Effects, context.vendor)?;
    for _ in 0..2 {
        match context.effect(job).await {
            Ok((effect, _)) if effect.count == 0 => {}
            Ok((effect, _)) => {
                return Err(format!(
                    "the effects probe shows work about a job that nothing was said of: {}",
                    effect.describe()
                ));
            }
            Err(stop) => return Err(format!("{}, see RX-IDEM-001", said(&stop))),
        }
    }
    Ok(())
}

/// The probe's control: a success moves it by one, and only for the job that it is about.
async fn moved(context: &ReceiverContext, job: &VendorTask) -> Result<(), String> {
    let see = "see RX-IDEM-001";
    match context.settles(job, 1, Class::Success).await {
        Ok(Ok(())) => match context.unsolicited_task(context.main()) {
            Ok(other) => untouched(context, &other).await,
            Err(stop) => Err(said(&stop)),
        },
        Ok(Err((effect, _))) => Err(format!(
            "the effects probe does not show one success after one callback, {see}: {}",
            effect.describe()
        )),
        Err(stop) => Err(format!("{}, {see}", said(&stop))),
    }
}

async fn started(context: &ReceiverContext) -> Result<(), String> {
    match context.start().await {
        Ok(started) => {
            // What was only a look must not poll forever.
            context.set_gateway_status(&started.job, StubStatus::Failed);
            Ok(())
        }
        Err(stop) => Err(format!("the receiver does not start a job, see RX-LOSS-001: {}", said(&stop))),
    }
}

async fn challenged(context: &ReceiverContext) -> Result<(), String> {
    let Some(rule) = context.main().challenge else {
        return Err(format!("{} asks no challenge", context.vendor.title()));
    };
    let value = fastrand::u64(..).to_string();
    let why = |got: String| format!("the receiver does not echo a challenge, see RX-CHAL-001: {got}");
    let hook = context.hook().map_err(|stop| said(&stop))?;
    let request = ringback_mocks::wire::Request::post(hook, &json!({rule.field: value}));
    match context.post(request).await {
        Ok(reply) if reply.is_ack() && String::from_utf8_lossy(&reply.body).contains(&value) => Ok(()),
        Ok(reply) => Err(why(reply.summary())),
        Err(stop) => Err(why(said(&stop))),
    }
}

fn said(stop: &Stop) -> String {
    match stop {
        Stop::Violation(finding) => finding.actual.clone(),
        Stop::NotApplicable(why)
        | Stop::NotTestable(why)
        | Stop::Inconclusive(why)
        | Stop::HarnessError(why) => why.clone(),
    }
}
