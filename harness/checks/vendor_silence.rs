//! A vendor that does not answer at all: its clients wait for the gateway, and not for ever.

use futures_util::future::join;
use ringback_reference::gateway::mutants;

use super::check;
use super::vendor_queries::at_work;
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::Job;
use crate::knob::Knob;
use crate::outcome::{Level, Stop};

/// What the entries have in common.
const COMMON: Requirement = Requirement {
    id: "",
    slug: "",
    level: Level::Should,
    sentence: "",
    source: Source::STATUS.inferred(),
    why: "A client cannot tell a gateway that waits for ever from one that is gone, and its connections add up.",
    remedy: "",
    scope: Scope::Once,
    knobs: &[Knob::Hang, Knob::Settle, Knob::StatusWords],
    needs: &[Need::Witness, Need::Accepts, Need::Status],
    jobs: 1,
    generated: false,
    defects: &[],
    check: check!(submit_bounded),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-VT-018",
        slug: "submit-bounded",
        sentence: "A submit is answered in bounded time although the vendor never answers the create.",
        remedy: "Set a time limit on every call to a vendor.",
        knobs: &[Knob::Hang],
        defects: &[mutants::SUBMIT_WAITS_FOR_EVER],
        check: check!(submit_bounded),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-019",
        slug: "status-bounded",
        sentence: "A status is answered in bounded time although the vendor never answers the query.",
        remedy: "Set a time limit on every call to a vendor, and answer with the last known state.",
        defects: &[mutants::STATUS_WAITS_FOR_EVER],
        check: check!(status_bounded),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-020",
        slug: "submits-side-by-side",
        sentence: "A create that hangs at the vendor does not keep other submits waiting.",
        why: "One bad minute of one vendor would otherwise be an outage for everybody.",
        remedy: "Hold no lock, and no only worker, while a vendor is asked.",
        jobs: 2,
        knobs: &[Knob::Hang],
        defects: &[mutants::SUBMITS_QUEUE],
        check: check!(submits_side_by_side),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-021",
        slug: "statuses-side-by-side",
        sentence: "A query that hangs at the vendor does not keep the statuses of other jobs waiting.",
        why: "One bad minute of one vendor would otherwise be an outage for everybody.",
        remedy: "Hold no lock, and no only worker, while a vendor is asked.",
        jobs: 2,
        defects: &[mutants::STATUSES_QUEUE],
        check: check!(statuses_side_by_side),
        ..COMMON
    },
];

async fn submit_bounded(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    bench.upset_create(&job, "hang")?;
    let reply = bench.submit_in_vain(&job).await;
    let hung = bench.create(&job).await;
    bench.calm(&job)?;
    reply?;
    hung.map(|_| ())
}

async fn status_bounded(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = at_work(bench, bench.job()).await?;
    let asked = bench.asked(&job.token);
    bench.upset_query(&job, "hang")?;
    let reply = bench.look_in_vain(&accepted).await;
    // A gateway that asks on its own schedule has answered without asking.
    let hung = reply.is_err() || bench.asked_more_than(&accepted, asked).await;
    bench.calm(&job)?;
    reply?;
    if hung { Ok(()) } else { Err(unasked_for(bench)) }
}

fn unasked_for(bench: &Bench) -> Stop {
    Stop::NotTestable(format!(
        "the gateway did not ask the vendor about the job within {:?}",
        bench.target.patience.settle
    ))
}

/// A job that takes time, as those do whose calls are worth waiting for.
fn long_job(bench: &Bench) -> Job {
    bench.job().input("duration", bench.dialect().sample.duration)
}

async fn submits_side_by_side(bench: &Bench) -> Result<(), Stop> {
    let (hung, other) = (long_job(bench), long_job(bench));
    bench.upset_create(&hung, "hang")?;
    let meanwhile = async {
        let reply = if bench.sent(&hung).await {
            bench.submit_meanwhile(&other).await.map(|_| ())
        } else {
            Err(Stop::NotTestable("the vendor never received the job, see GW-UP-001".into()))
        };
        bench.calm(&hung)?;
        reply
    };
    // What becomes of the job that hung is for others to judge.
    let (_, reply) = join(bench.submit_held(&hung), meanwhile).await;
    reply
}

async fn statuses_side_by_side(bench: &Bench) -> Result<(), Stop> {
    let (hung, accepted) = at_work(bench, long_job(bench)).await?;
    let (_, other) = at_work(bench, long_job(bench)).await?;
    let asked = bench.asked(&hung.token);
    bench.upset_query(&hung, "hang")?;
    let meanwhile = async {
        let reply = if bench.asked_more_than(&accepted, asked).await {
            bench.look_meanwhile(&other).await.map(|_| ())
        } else {
            Err(unasked_for(bench))
        };
        bench.calm(&hung)?;
        reply
    };
    let (_, reply) = join(bench.look_held(&accepted), meanwhile).await;
    reply
}
