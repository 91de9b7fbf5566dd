//! What the subject can do, found out before any case is chosen.
//!
//! One look at reach and keys, and for each vendor three questions that many cases build on. The
//! answers only decide what can be judged; each question is also a case of its own, so nothing that
//! is broken disappears here.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringback_mocks::vendor::Vendor;
use ringback_mocks::world::World;
use serde_json::Value;

use crate::gateway::GatewayPrecondition;
use crate::gateway::context::GatewayContext;
use crate::gateway::preconditions;
use crate::gateway::subject::GatewaySubject;
use crate::gateway::submit::Caller;
use crate::gateway::target::GatewayTarget;
use crate::report::wording::visible;
use crate::run::mask::Mask;
use crate::run::mode::Mode;
use crate::run::outcome::Stop;
use crate::run::session::SetupError;

/// What was found out.
#[derive(Debug)]
pub struct GatewayDiscovery {
    other_key: Result<(), String>,
    vendors: BTreeMap<&'static str, VendorFacts>,
}

#[derive(Debug)]
struct VendorFacts {
    witness: Result<(), String>,
    accepts: Result<(), String>,
    forwards: Result<(), String>,
    status: Result<(), String>,
    receiver: Result<(), String>,
}

/// In the form of a task id, and not one.
const NO_TASK: &str = "task_ringback0preflight0000000000";

impl GatewayDiscovery {
    /// Looks at a subject.
    ///
    /// # Errors
    /// When nothing can be judged at all: the gateway is not there, does not answer, or refuses the
    /// key.
    pub async fn explore(
        target: &Arc<GatewayTarget>,
        subject: &Arc<GatewaySubject>,
        world: &Arc<World>,
    ) -> Result<Self, SetupError> {
        let mut vendors = BTreeMap::new();
        let first = target.vendors.first().copied().or_else(|| Vendor::all().next());
        let Some(first) = first else { return Err(SetupError::Unreachable("no vendor is chosen".into())) };
        let context = |vendor| {
            GatewayContext::new(Arc::clone(target), Arc::clone(subject), Arc::clone(world), vendor, 0)
        };
        let door = context(first);
        preflight(&door, subject).await.map_err(|error| masked(error, subject))?;
        let other_key = other_key(&door).await;
        let live = receiver(&door).await;
        let looks = target.vendors.iter().map(|vendor| {
            let context = context(*vendor);
            let has_mock = world.mock(*vendor).is_some();
            let receiver = if has_mock { Ok(()) } else { live.clone() };
            async move { (vendor.name(), VendorFacts::explore(&context, has_mock, receiver).await) }
        });
        vendors.extend(futures_util::future::join_all(looks).await);
        Ok(Self { other_key, vendors })
    }

    /// Whether a precondition holds for a vendor, and if not, why.
    pub fn holds(&self, need: GatewayPrecondition, vendor: Vendor) -> Result<(), &str> {
        let facts = self.vendors.get(vendor.name());
        let fact = match (need, facts) {
            (GatewayPrecondition::OtherKey, _) => &self.other_key,
            (_, None) => return Err("the vendor is not chosen"),
            (GatewayPrecondition::Witness, Some(facts)) => &facts.witness,
            (GatewayPrecondition::Accepts, Some(facts)) => &facts.accepts,
            (GatewayPrecondition::Forwards, Some(facts)) => &facts.forwards,
            (GatewayPrecondition::Status, Some(facts)) => &facts.status,
            (GatewayPrecondition::Receiver, Some(facts)) => &facts.receiver,
        };
        fact.as_ref().map(|&()| ()).map_err(String::as_str)
    }
}

/// There is no report for this yet, and so nothing else that hides secrets: many gateways quote the key that they refuse.
fn masked(error: SetupError, subject: &GatewaySubject) -> SetupError {
    match error {
        SetupError::Unreachable(why) => {
            SetupError::Unreachable(visible(&Mask::new(subject.masked()).text(&why)))
        }
        other => other,
    }
}

/// One request that bills nothing: does anything answer, and does the key work?
async fn preflight(context: &GatewayContext, subject: &GatewaySubject) -> Result<(), SetupError> {
    let token = context.job().token;
    let within = context.target.timeouts.answer;
    match context.status_as(Caller::Client, &token, NO_TASK).await {
        Ok(reply) if reply.status == 401 => Err(SetupError::Unreachable(format!(
            "the gateway at {} does not accept the key in RINGBACK_API_KEY: {}",
            subject.root(),
            reply.summary()
        ))),
        Ok(reply) if (300..400).contains(&reply.status) => Err(SetupError::Unreachable(format!(
            "the gateway at {} answers with a redirect (HTTP {}), which is not followed; give its final address",
            subject.root(),
            reply.status
        ))),
        Ok(_) => Ok(()),
        Err(Stop::Violation(finding)) => Err(SetupError::Unreachable(format!(
            "the gateway at {} accepts connections but gives no answer to a status request: {}",
            subject.root(),
            finding.actual
        ))),
        Err(
            Stop::Inconclusive(cause)
            | Stop::HarnessError(cause)
            | Stop::NotTestable(cause)
            | Stop::NotApplicable(cause),
        ) => Err(SetupError::Unreachable(format!(
            "the gateway at {} cannot be reached within {within:?}: {cause}",
            subject.root()
        ))),
    }
}

async fn other_key(context: &GatewayContext) -> Result<(), String> {
    preconditions::check(&context.target, GatewayPrecondition::OtherKey, context.vendor)?;
    let token = context.job().token;
    match context.status_as(Caller::OtherClient, &token, NO_TASK).await {
        Ok(reply) if matches!(reply.status, 401 | 403) => Err(format!(
            "the gateway does not know the key in RINGBACK_OTHER_API_KEY (HTTP {})",
            reply.status
        )),
        Ok(_) => Ok(()),
        Err(_) => Err("the second client's request was not answered".into()),
    }
}

/// Whether real vendors can reach our inbox, as far as can be told from here.
async fn receiver(context: &GatewayContext) -> Result<(), String> {
    preconditions::live(&context.target)?;
    context.receiver_is_open().await.map_err(|stop| said(&stop))
}

impl VendorFacts {
    async fn explore(context: &GatewayContext, has_mock: bool, receiver: Result<(), String>) -> Self {
        let deployed = context.target.mode() == Mode::Deployed;
        let witness = preconditions::check(&context.target, GatewayPrecondition::Witness, context.vendor);
        if deployed {
            // Asking would cost money; the cases that go on to ask have their own budget.
            let forwards = witness.clone();
            return Self { witness, accepts: Ok(()), forwards, status: Ok(()), receiver };
        }
        let (accepts, status) = match accepted(context).await {
            Ok(status) => (Ok(()), status),
            Err(refused) => (Err(refused.clone()), Err(refused)),
        };
        let forwards = match &accepts {
            Ok(()) if has_mock => forwards(context).await,
            Ok(()) => witness.clone(),
            Err(refused) => Err(refused.clone()),
        };
        Self { witness, accepts, forwards, status, receiver }
    }
}

/// Whether a minimal job is accepted, and then whether its status can be read.
async fn accepted(context: &GatewayContext) -> Result<Result<(), String>, String> {
    let why = |got: String| {
        format!(
            "the gateway does not accept a minimal job for {}, see GW-SUB-001: {got}",
            context.target.model(context.vendor)
        )
    };
    let job = context.job();
    let reply = context.submit(&job).await.map_err(|stop| why(said(&stop)))?;
    let Some(id) = reply.accepted() else { return Err(why(reply.summary())) };
    let unread = |got: String| format!("the status of an accepted job cannot be read, see GW-ST-001: {got}");
    Ok(match context.status_as(Caller::Client, &job.token, id).await {
        Ok(status) if status.word().is_some() => Ok(()),
        Ok(status) => Err(unread(status.summary())),
        Err(stop) => Err(unread(said(&stop))),
    })
}

async fn forwards(context: &GatewayContext) -> Result<(), String> {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    let job = job.callback(url.as_str());
    let why = |got: &str| {
        format!("not even a plain callback_url reaches {}, see GW-CB-001: {got}", context.vendor.title())
    };
    let reply = context.submit(&job).await.map_err(|stop| why(&said(&stop)))?;
    if reply.accepted().is_none() {
        return Err(why(&reply.summary()));
    }
    let create = context.create(&job).await.map_err(|stop| why(&said(&stop)))?;
    match create.seen.callback_url.as_ref().and_then(Value::as_str) {
        Some(seen) if seen == url => Ok(()),
        Some(seen) => Err(why(&format!("it received {seen}"))),
        None => Err(why("the create call has none")),
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
