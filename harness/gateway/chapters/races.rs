//! Races between the submit answer, the vendor's callback and the status: none of them may lose a job.

use std::time::Duration;

use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_reference::gateway::defect::Defect;

use super::check;
use crate::gateway::context::Bench;
use crate::gateway::knob::Knob;
use crate::gateway::submit::{Accepted, Reply};
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::{Basis, Source};

/// What most entries of this chapter have in common.
const COMMON: Requirement<Gateway> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "Vendors call back when they like, also before the gateway has answered its own client.",
    remedy: "Store the job before the vendor is called, and learn its state by asking the vendor.",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts, Need::Forwards, Need::Status],
    jobs: 1,
    generated: false,
    defects: &[],
    check: check!(ended_before_answer),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-RACE-001",
        slug: "ended-before-answer",
        sentence: "A job that the vendor ends, and calls back, before the submit is answered becomes finished like any other.",
        knobs: &[Knob::Settle],
        defects: &[Defect::EarlyEndForgotten, Defect::CallbackJobsNotPolled, Defect::SuccessStaysRunning],
        ..COMMON
    },
    Requirement {
        id: "GW-RACE-002",
        slug: "slow-receiver",
        sentence: "A job is accepted when the receiver answers MiniMax's challenge within the time MiniMax allows, however slowly.",
        source: Source {
            page: "MiniMax video generation",
            url: "https://platform.minimax.io/docs/api-reference/video-generation-t2v",
            read: "2026-11-24",
            basis: Basis::Inferred,
        },
        why: "MiniMax gives the receiver three seconds inside its create call; a gateway that waits less loses jobs that are billed.",
        remedy: "Wait at least ten seconds for the answer to a create.",
        knobs: &[Knob::Settle],
        scope: Scope::Only("minimax"),
        needs: &[Need::Witness, Need::Accepts, Need::Forwards],
        defects: &[Defect::ImpatientWithVendor],
        check: check!(slow_receiver),
        ..COMMON
    },
    Requirement {
        id: "GW-RACE-003",
        slug: "parallel-polls-agree",
        sentence: "Status requests for one job that arrive together do not fall behind what was answered before them.",
        source: Source::STATUS.inferred(),
        why: "A page and a worker often poll the same job; one of them must not see it undone.",
        remedy: "Let the stored state move forward only, and answer from it while somebody else asks the vendor.",
        knobs: &[Knob::Settle],
        scope: Scope::Once,
        needs: &[Need::Witness, Need::Accepts, Need::Status],
        jobs: 2,
        defects: &[Defect::BusyLooksUnknown, Defect::TerminalFlaps, Defect::Regresses],
        check: check!(parallel_polls_agree),
        ..COMMON
    },
    Requirement {
        id: "GW-RACE-004",
        slug: "status-follows-callback",
        source: Source::CALLBACKS,
        sentence: "After the vendor's terminal callback the status of the job becomes terminal too, within the settle window.",
        why: "The page tells receivers to ask for the status when a callback comes, and to keep polling as a safety net.",
        remedy: "Ask the vendor about every job, those with a callback_url too.",
        knobs: &[Knob::Settle],
        defects: &[Defect::CallbackJobsNotPolled, Defect::SuccessStaysRunning],
        check: check!(status_follows_callback),
        ..COMMON
    },
];

/// How long the slow receiver takes: well within MiniMax's three seconds.
const SLOW: Duration = Duration::from_secs(1);
/// Status requests at once.
const TOGETHER: usize = 8;

const fn terminal(word: &str) -> bool {
    matches!(word.as_bytes(), b"finished" | b"failed")
}

/// Follows a job to its end, which must be a good one.
async fn note_unless_finished(bench: &Bench, accepted: &Accepted, after: &str) -> Result<(), Stop> {
    let last = match bench.settle(accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("finished") => return Ok(()),
        Ok(reply) | Err(reply) => reply,
    };
    let within = bench.target.patience.settle;
    bench.note(
        Finding::new(format!("status finished within {within:?} after {after}"), last.gist())
            .at("/data/status")
            .seen_in(&last.exchange),
    );
    Ok(())
}

/// The accepted job of a reply that must be an acceptance.
fn accepted(token: &str, reply: Reply, what: &str) -> Result<Accepted, Stop> {
    match reply.accepted().map(str::to_owned) {
        Some(task_id) => Ok(Accepted { token: token.to_owned(), task_id, reply }),
        None => Err(Finding::new(format!("the job is accepted, although {what}"), reply.gist())
            .seen_in(&reply.exchange)
            .into()),
    }
}

async fn ended_before_answer(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    bench.ends_at_once(&job.token);
    let url = Bench::hook(&job.token);
    let reply = bench.submit(&job.clone().callback(url)).await?;
    let accepted = accepted(&job.token, reply, "the vendor ends it at once")?;
    note_unless_finished(bench, &accepted, "the vendor ended it").await
}

async fn slow_receiver(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    bench.delay_challenge(&job.token, SLOW);
    let url = Bench::hook(&job.token);
    let reply = bench.submit(&job.clone().callback(url)).await?;
    accepted(&job.token, reply, &format!("its receiver takes {SLOW:?} to answer the challenge")).map(drop)
}

async fn parallel_polls_agree(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let running = bench.accept(&job).await?;
    bench.advance(&job, Step::To(Phase::Running)).await?;
    // A gateway need not show running at all; then only the end is judged.
    let shown = bench.glimpse(&running, |word| word == "running").await?.is_ok();
    let job = bench.job();
    let finished = bench.accept(&job).await?;
    let end = bench.dialect().ending("succeeded").ok_or_else(|| Stop::Broken("no good end".into()))?;
    bench.advance(&job, Step::End(end)).await?;
    let Ok(last) = bench.settle(&finished, terminal).await? else {
        return Err(Stop::NotTestable("the job never ended at the gateway, see GW-ST-002".into()));
    };
    let end = last.word().unwrap_or_default();
    for (accepted, wanted) in [(&running, "running"), (&finished, end)] {
        if wanted == "running" && !shown {
            continue;
        }
        let looks = (0..TOGETHER).map(|_| bench.status(accepted));
        for reply in futures_util::future::join_all(looks).await {
            let reply = reply?;
            if reply.word() != Some(wanted) {
                bench.note(
                    Finding::new(
                        format!("status {wanted}, as before, to each of {TOGETHER} requests at once"),
                        reply.gist(),
                    )
                    .at("/data/status")
                    .seen_in(&reply.exchange),
                );
            }
        }
    }
    Ok(())
}

async fn status_follows_callback(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    let accepted = bench.accept(&job.clone().callback(url)).await?;
    let end = bench.dialect().ending("succeeded").ok_or_else(|| Stop::Broken("no good end".into()))?;
    bench.advance(&job, Step::End(end)).await?;
    if !bench.called_back(&job.token).await {
        return Err(Stop::Inconclusive("the mock's callback did not arrive at the inbox".into()));
    }
    note_unless_finished(bench, &accepted, "the vendor's callback arrived").await
}
