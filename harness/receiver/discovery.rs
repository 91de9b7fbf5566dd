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

use super::Need;
use super::context::Bench;
use super::effects::Class;
use super::preconditions;
use super::subject::ReceiverSubject;
use super::target::ReceiverTarget;
use super::task::{Job, Says};
use crate::run::outcome::Stop;

/// How the receiver takes callbacks of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At its hook, about jobs it has never heard of: it trusts the signature, or asks the gateway.
    OutOfTheBlue,
    /// Only about jobs that it has started, at the URL it made for each.
    Started,
}

/// What was found out.
#[derive(Debug)]
pub struct Discovery {
    gateway: Result<(), String>,
    plain_http: Result<(), String>,
    hooks: Result<(), String>,
    vendors: BTreeMap<&'static str, VendorFacts>,
}

#[derive(Debug)]
struct VendorFacts {
    way: Way,
    acks: Result<(), String>,
    effects: Result<(), String>,
    starts: Result<(), String>,
    challenges: Result<(), String>,
}

impl Discovery {
    /// Looks at a receiver.
    pub async fn explore(target: &Arc<ReceiverTarget>, subject: &Arc<ReceiverSubject>) -> Self {
        let known = |need| match target.vendors.first() {
            Some(vendor) => preconditions::check(target, need, *vendor),
            None => Ok(()),
        };
        let gateway = known(Need::Gateway);
        let plain_http = known(Need::PlainHttp);
        let hooks = known(Need::Hooks);
        let looks = target.vendors.iter().map(|vendor| {
            let facts = VendorFacts::explore(target, subject, *vendor, &gateway);
            async move { (vendor.name(), facts.await) }
        });
        let vendors = futures_util::future::join_all(looks).await.into_iter().collect();
        Self { gateway, plain_http, hooks, vendors }
    }

    /// How the receiver takes callbacks of a vendor.
    pub fn way(&self, vendor: Vendor) -> Way {
        self.vendors.get(vendor.name()).map_or(Way::OutOfTheBlue, |facts| facts.way)
    }

    /// Whether a precondition holds for a vendor, and if not, why.
    pub fn holds(&self, need: Need, vendor: Vendor) -> Result<(), &str> {
        let facts = self.vendors.get(vendor.name());
        let fact = match (need, facts) {
            (Need::Gateway, _) => &self.gateway,
            (Need::PlainHttp, _) => &self.plain_http,
            (Need::Hooks, _) => &self.hooks,
            (_, None) => return Err("the vendor is not chosen"),
            (Need::Acks, Some(facts)) => &facts.acks,
            (Need::Effects, Some(facts)) => &facts.effects,
            (Need::Starts, Some(facts)) => &facts.starts,
            (Need::Challenges, Some(facts)) => &facts.challenges,
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
        let bench = |way| Bench::new(Arc::clone(target), Arc::clone(subject), vendor, way, 0, None);
        let blue = bench(Way::OutOfTheBlue);
        let (acks, effects) = tried(&blue, Way::OutOfTheBlue).await;
        let challenges = challenged(&blue).await;
        let starts = match (gateway, &target.start) {
            (Err(why), _) => Err(why.clone()),
            (Ok(()), None) => preconditions::check(target, Need::Starts, vendor),
            (Ok(()), Some(_)) => started(&bench(Way::Started)).await,
        };
        // A receiver that trusts only jobs of its own is right, so it is judged by those.
        let wants = target.probe.is_some();
        if (acks.is_err() || wants && effects.is_err()) && starts.is_ok() {
            let (own_acks, own_effects) = tried(&bench(Way::Started), Way::Started).await;
            let better = own_acks.is_ok() && (acks.is_err() || own_effects.is_ok());
            if better {
                let way = Way::Started;
                return Self { way, acks: own_acks, effects: own_effects, starts, challenges };
            }
        }
        Self { way: Way::OutOfTheBlue, acks, effects, starts, challenges }
    }
}

/// Whether a genuine success is acknowledged, and whether its effect shows.
async fn tried(bench: &Bench, way: Way) -> (Result<(), String>, Result<(), String>) {
    let job = match way {
        Way::OutOfTheBlue => bench.blue(bench.main()),
        Way::Started => bench.start().await.map(|started| started.job),
    };
    let (job, before) = match job {
        Ok(job) => {
            let before = untouched(bench, &job).await;
            (Ok(job), before)
        }
        Err(stop) => (Err(said(&stop)), Ok(())),
    };
    let acked = match job {
        Ok(job) => acked(bench, &job).await.map(|()| job),
        Err(why) => Err(why),
    };
    match acked {
        Ok(job) => {
            let effects = match before {
                Ok(()) => moved(bench, &job).await,
                Err(why) => Err(why),
            };
            (Ok(()), effects)
        }
        Err(why) => {
            let why = format!(
                "the receiver does not acknowledge a genuine callback of {}, see RX-ACK-001: {why}",
                bench.vendor.title()
            );
            (Err(why.clone()), Err(why))
        }
    }
}

async fn acked(bench: &Bench, job: &Job) -> Result<(), String> {
    match bench.deliver(job, Says::SUCCESS).await {
        Ok(reply) if reply.is_ack() => Ok(()),
        Ok(reply) => Err(reply.gist()),
        Err(stop) => Err(said(&stop)),
    }
}

/// The probe before anything was sent: it shows no work, and looking does none.
async fn untouched(bench: &Bench, job: &Job) -> Result<(), String> {
    preconditions::check(&bench.target, Need::Effects, bench.vendor)?;
    for _ in 0..2 {
        match bench.effect(job).await {
            Ok((effect, _)) if effect.count == 0 => {}
            Ok((effect, _)) => {
                return Err(format!(
                    "the effects probe shows work about a job that nothing was said of: {}",
                    effect.told()
                ));
            }
            Err(stop) => return Err(format!("{}, see RX-IDEM-001", said(&stop))),
        }
    }
    Ok(())
}

/// The probe's control: a success moves it by one, and only for the job that it is about.
async fn moved(bench: &Bench, job: &Job) -> Result<(), String> {
    let see = "see RX-IDEM-001";
    match bench.settles(job, 1, Class::Success).await {
        Ok(Ok(())) => match bench.blue(bench.main()) {
            Ok(other) => untouched(bench, &other).await,
            Err(stop) => Err(said(&stop)),
        },
        Ok(Err((effect, _))) => Err(format!(
            "the effects probe does not show one success after one callback, {see}: {}",
            effect.told()
        )),
        Err(stop) => Err(format!("{}, {see}", said(&stop))),
    }
}

async fn started(bench: &Bench) -> Result<(), String> {
    match bench.start().await {
        Ok(started) => {
            // What was only a look must not poll for ever.
            bench.back(&started.job, StubStatus::Failed);
            Ok(())
        }
        Err(stop) => Err(format!("the receiver does not start a job, see RX-LOSS-001: {}", said(&stop))),
    }
}

async fn challenged(bench: &Bench) -> Result<(), String> {
    let Some(rule) = bench.main().challenge else {
        return Err(format!("{} asks no challenge", bench.vendor.title()));
    };
    let value = fastrand::u64(..).to_string();
    let why = |got: String| format!("the receiver does not echo a challenge, see RX-CHAL-001: {got}");
    let hook = bench.hook().map_err(|stop| said(&stop))?;
    let request = ringback_mocks::wire::Request::post(hook, &json!({rule.field: value}));
    match bench.post(request).await {
        Ok(reply) if reply.is_ack() && String::from_utf8_lossy(&reply.body).contains(&value) => Ok(()),
        Ok(reply) => Err(why(reply.gist())),
        Err(stop) => Err(why(said(&stop))),
    }
}

fn said(stop: &Stop) -> String {
    match stop {
        Stop::Violation(finding) => finding.actual.clone(),
        Stop::NotApplicable(why) | Stop::NotTestable(why) | Stop::Inconclusive(why) | Stop::Broken(why) => {
            why.clone()
        }
    }
}
