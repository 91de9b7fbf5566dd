//! A vendor that does not answer at all: its clients wait for the gateway, and not forever.

use futures_util::future::join;
use ringback_reference::gateway::mutants;

use super::check;
use super::vendor_queries::at_work;
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::Knob;
use crate::gateway::submit::SubmitRequest;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str =
    "A client cannot tell a gateway that waits forever from one that is gone, and its connections add up.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Should,
    source: Source::STATUS.inferred(),
    scope: Scope::Once,
    knobs: &[Knob::Hang, Knob::Settle, Knob::StatusWords],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts, GatewayPrecondition::Status],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-VT-018",
        slug: "submit-bounded",
        sentence: "A submit is answered in bounded time although the vendor never answers the create.",
        why: WHY,
        remedy: "Set a time limit on every call to a vendor.",
        terms: Terms { knobs: &[Knob::Hang], ..TERMS },
        mutants: &[mutants::SUBMIT_WAITS_FOR_EVER],
        check: check!(submit_bounded),
    },
    Requirement {
        id: "GW-VT-019",
        slug: "status-bounded",
        sentence: "A status is answered in bounded time although the vendor never answers the query.",
        why: WHY,
        remedy: "Set a time limit on every call to a vendor, and answer with the last known state.",
        terms: TERMS,
        mutants: &[mutants::STATUS_WAITS_FOR_EVER],
        check: check!(status_bounded),
    },
    Requirement {
        id: "GW-VT-020",
        slug: "submits-side-by-side",
        sentence: "A create that hangs at the vendor does not keep other submits waiting.",
        why: "One bad minute of one vendor would otherwise be an outage for everybody.",
        remedy: "Hold no lock, and no only worker, while a vendor is asked.",
        terms: Terms { knobs: &[Knob::Hang], jobs: 2, ..TERMS },
        mutants: &[mutants::SUBMITS_QUEUE],
        check: check!(submits_side_by_side),
    },
    Requirement {
        id: "GW-VT-021",
        slug: "statuses-side-by-side",
        sentence: "A query that hangs at the vendor does not keep the statuses of other jobs waiting.",
        why: "One bad minute of one vendor would otherwise be an outage for everybody.",
        remedy: "Hold no lock, and no only worker, while a vendor is asked.",
        terms: Terms { jobs: 2, ..TERMS },
        mutants: &[mutants::STATUSES_QUEUE],
        check: check!(statuses_side_by_side),
    },
];

async fn submit_bounded(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    context.upset_create(&job, "hang")?;
    let reply = context.submit_in_vain(&job).await;
    let hung = context.create(&job).await;
    context.calm(&job)?;
    reply?;
    hung.map(|_| ())
}

async fn status_bounded(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = at_work(context, context.job()).await?;
    let asked = context.asked(&job.token);
    context.upset_query(&job, "hang")?;
    let reply = context.look_in_vain(&accepted).await;
    // A gateway that asks on its own schedule has answered without asking.
    let hung = reply.is_err() || context.asked_more_than(&accepted, asked).await;
    context.calm(&job)?;
    reply?;
    if hung { Ok(()) } else { Err(unasked_for(context)) }
}

fn unasked_for(context: &GatewayContext) -> Stop {
    Stop::NotTestable(format!(
        "the gateway did not ask the vendor about the job within {:?}",
        context.target.timeouts.settle
    ))
}

/// A job that takes time, as those do whose calls are worth waiting for.
fn long_job(context: &GatewayContext) -> SubmitRequest {
    context.job().input("duration", context.dialect().sample.duration)
}

async fn submits_side_by_side(context: &GatewayContext) -> Result<(), Stop> {
    let (hung, other) = (long_job(context), long_job(context));
    context.upset_create(&hung, "hang")?;
    let meanwhile = async {
        let reply = if context.sent(&hung).await {
            context.submit_meanwhile(&other).await.map(|_| ())
        } else {
            Err(Stop::NotTestable("the vendor never received the job, see GW-UP-001".into()))
        };
        context.calm(&hung)?;
        reply
    };
    // What becomes of the job that hung is for others to judge.
    let (_, reply) = join(context.submit_held(&hung), meanwhile).await;
    reply
}

async fn statuses_side_by_side(context: &GatewayContext) -> Result<(), Stop> {
    let (hung, accepted) = at_work(context, long_job(context)).await?;
    let (_, other) = at_work(context, long_job(context)).await?;
    let asked = context.asked(&hung.token);
    context.upset_query(&hung, "hang")?;
    let meanwhile = async {
        let reply = if context.asked_more_than(&accepted, asked).await {
            context.look_meanwhile(&other).await.map(|_| ())
        } else {
            Err(unasked_for(context))
        };
        context.calm(&hung)?;
        reply
    };
    let (_, reply) = join(context.look_held(&accepted), meanwhile).await;
    reply
}
