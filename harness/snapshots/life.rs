//! One job's whole life at one dialect, played for its payloads. Nothing is judged or put in words here.

use std::sync::Arc;

use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Dialect, Ending, Phase, Vendor};

use crate::gateway::context::GatewayContext;
use crate::gateway::stage::GatewayStage;
use crate::gateway::submit::{SubmitRequest, SubmittedJob};
use crate::report::ExchangeReport;
use crate::run::case::CaseContext as _;
use crate::run::mask::Mask;
use crate::run::outcome::Stop;

/// A life that was played.
#[derive(Debug)]
pub(super) struct Life {
    /// Every exchange in order, each with its leg.
    pub exchanges: Vec<(Leg, ExchangeReport)>,
    /// The ids that are known for what they are.
    pub ids: Vec<(String, &'static str)>,
}

/// How lives end, and what the files' names begin with.
pub(super) fn endings(dialect: &'static Dialect) -> Vec<(&'static str, &'static Ending)> {
    let of = |phase| dialect.endings.iter().find(|ending| ending.phase == phase);
    let both = [("", of(Phase::Succeeded)), ("failed-", of(Phase::Failed))];
    both.into_iter().filter_map(|(prefix, ending)| Some((prefix, ending?))).collect()
}

/// Submits a job with a callback URL and follows it to its end.
///
/// # Errors
/// When the gateway does not offer the dialect, in words.
pub(super) async fn play(
    stage: &GatewayStage,
    vendor: Vendor,
    dialect: &'static Dialect,
    ending: &'static Ending,
) -> Result<Life, String> {
    let (target, world) = (Arc::clone(&stage.target), Arc::clone(&stage.world));
    let context = GatewayContext::new(target, Arc::clone(&stage.subject), world, vendor, stage.seed);
    let played = follow(stage, &context, dialect, ending).await;
    let records = context.records();
    let mask = Mask::new(stage.subject.masked());
    let mut ids = played.map_err(|stop| mask.text(&said(&stop)))?;
    for create in crate::gateway::submit::creates_in(&records.exchanges) {
        let made =
            create.exchange.answer.as_ref().ok().and_then(|it| (create.dialect.client.created)(it).ok());
        ids.extend(made.map(|id| (id, "vendor-id")));
    }
    let exchanges = records.exchanges.iter().filter(|exchange| !is_limit(exchange));
    let exchanges = exchanges.map(|exchange| (exchange.leg, ExchangeReport::new(exchange, &mask))).collect();
    Ok(Life { exchanges, ids })
}

async fn follow(
    stage: &GatewayStage,
    context: &GatewayContext,
    dialect: &'static Dialect,
    ending: &'static Ending,
) -> Result<Vec<(String, &'static str)>, Stop> {
    let model = if context.dialect().name == dialect.name {
        stage.target.model(context.vendor)
    } else {
        dialect.model
    };
    let job = context.job().root("model", model);
    let url = format!("{}?customer=42&sig=a%2Fb%3D", GatewayContext::hook(&job.token));
    let job = job.callback(url);
    let accepted = context.accept(&job).await?;
    let create = context.create(&job).await?;
    if create.dialect.name != dialect.name {
        return Err(Stop::NotApplicable(format!("the gateway runs {model} at {}", create.dialect.name)));
    }
    let calls_back = create.seen.callback_url.is_some();
    look(context, &accepted).await?;
    for step in [Step::To(Phase::Running), Step::End(ending)] {
        context.advance(&job, step).await?;
        if calls_back {
            called_back(stage, &job, dialect, step.phase()).await;
        }
        look(context, &accepted).await?;
    }
    let ended = |word: &str| matches!(word, "finished" | "failed");
    if context.settle(&accepted, ended).await.is_ok() {
        // Once more: an end stays an end.
        context.look(&accepted).await?;
    }
    Ok(vec![(job.token, "job"), (accepted.task_id, "task-id")])
}

/// Looks until the gateway must have learnt what the vendor says. One that never asks is seen as it is.
async fn look(context: &GatewayContext, accepted: &SubmittedJob) -> Result<(), Stop> {
    match context.look_until_asked(accepted).await {
        Ok(_) | Err(Stop::NotTestable(_)) => Ok(()),
        Err(stop) => Err(stop),
    }
}

/// Events must not overtake each other, or their order would be chance.
async fn called_back(stage: &GatewayStage, job: &SubmitRequest, dialect: &Dialect, phase: Phase) {
    let Some(word) = dialect.word(phase).callback else { return };
    let quoted = format!("\"{word}\"");
    let posted = |all: &[Arc<Exchange>]| {
        let callbacks = all.iter().filter(|one| matches!(one.leg, Leg::Callback(_)));
        let mut bodies = callbacks.map(|one| String::from_utf8_lossy(&one.request.body));
        bodies.any(|body| body.contains(&quoted)).then_some(())
    };
    // A URL that was spoilt on the way leads nowhere; then there is nothing to wait for.
    let _ = stage.world.journal.wait(&job.token, stage.target.timeouts.create, posted).await;
}

/// A limit of the rate is a gateway's right, and asking again is ours.
fn is_limit(exchange: &Exchange) -> bool {
    exchange.leg == Leg::Client && exchange.answer.as_ref().is_ok_and(|answer| answer.status == 429)
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
