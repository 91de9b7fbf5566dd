//! Races between the submit answer, the vendor's callback and the status: none of them may lose a job.

use std::time::Duration;

use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_reference::gateway::mutants;

use super::check;
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::Knob;
use crate::gateway::submit::{GatewayReply, SubmittedJob};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::{Basis, Source};

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[
        GatewayPrecondition::Witness,
        GatewayPrecondition::Accepts,
        GatewayPrecondition::Forwards,
        GatewayPrecondition::Status,
    ],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-RACE-001",
        slug: "ended-before-answer",
        sentence: "A job that the vendor ends, and calls back, before the submit is answered becomes finished like any other.",
        why: "Vendors call back when they like, also before the gateway has answered its own client.",
        remedy: "Store the job before the vendor is called, and learn its state by asking the vendor.",
        terms: Terms { knobs: &[Knob::Settle], ..TERMS },
        mutants: &[
            mutants::EARLY_END_FORGOTTEN,
            mutants::CALLBACK_JOBS_NOT_POLLED,
            mutants::SUCCESS_STAYS_RUNNING,
        ],
        check: check!(ended_before_answer),
    },
    Requirement {
        id: "GW-RACE-002",
        slug: "slow-receiver",
        sentence: "A job is accepted when the receiver answers MiniMax's challenge within the time MiniMax allows, however slowly.",
        why: "MiniMax gives the receiver three seconds inside its create call; a gateway that waits less loses jobs that are billed.",
        remedy: "Wait at least ten seconds for the answer to a create.",
        terms: Terms {
            source: Source {
                page: "MiniMax video generation",
                url: "https://platform.minimax.io/docs/api-reference/video-generation-t2v",
                read: "2026-11-24",
                basis: Basis::Inferred,
            },
            scope: Scope::Only("minimax"),
            knobs: &[Knob::Settle],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
            ],
            ..TERMS
        },
        mutants: &[mutants::IMPATIENT_WITH_VENDOR],
        check: check!(slow_receiver),
    },
    Requirement {
        id: "GW-RACE-003",
        slug: "parallel-polls-agree",
        sentence: "Status requests for one job that arrive together do not fall behind what was answered before them.",
        why: "A page and a worker often poll the same job; one of them must not see it undone.",
        remedy: "Let the stored state move forward only, and answer from it while another request asks the vendor.",
        terms: Terms {
            source: Source::STATUS.inferred(),
            scope: Scope::Once,
            knobs: &[Knob::Settle],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Status,
            ],
            jobs: 2,
            ..TERMS
        },
        mutants: &[mutants::BUSY_LOOKS_UNKNOWN, mutants::TERMINAL_FLAPS, mutants::REGRESSES],
        check: check!(parallel_polls_agree),
    },
    Requirement {
        id: "GW-RACE-004",
        slug: "status-follows-callback",
        sentence: "After the vendor's terminal callback the status of the job becomes terminal too, within the settle window.",
        why: "The page tells receivers to ask for the status when a callback comes, and to keep polling as a safety net.",
        remedy: "Ask the vendor about every job, those with a callback_url too.",
        terms: Terms { source: Source::CALLBACKS, knobs: &[Knob::Settle], ..TERMS },
        mutants: &[mutants::CALLBACK_JOBS_NOT_POLLED, mutants::SUCCESS_STAYS_RUNNING],
        check: check!(status_follows_callback),
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
async fn note_unless_finished(
    context: &GatewayContext,
    accepted: &SubmittedJob,
    after: &str,
) -> Result<(), Stop> {
    let last = match context.settle(accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("finished") => return Ok(()),
        Ok(reply) | Err(reply) => reply,
    };
    let within = context.target.timeouts.settle;
    context.note(
        Finding::new(format!("status finished within {within:?} after {after}"), last.summary())
            .at("/data/status")
            .seen_in(&last.exchange),
    );
    Ok(())
}

/// The accepted job of a reply that must be an acceptance.
fn accepted(token: &str, reply: GatewayReply, what: &str) -> Result<SubmittedJob, Stop> {
    match reply.accepted().map(str::to_owned) {
        Some(task_id) => Ok(SubmittedJob { token: token.to_owned(), task_id, reply }),
        None => Err(Finding::new(format!("the job is accepted, although {what}"), reply.summary())
            .seen_in(&reply.exchange)
            .into()),
    }
}

async fn ended_before_answer(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    context.ends_at_once(&job.token);
    let url = GatewayContext::hook(&job.token);
    let reply = context.submit(&job.clone().callback(url)).await?;
    let accepted = accepted(&job.token, reply, "the vendor ends it at once")?;
    note_unless_finished(context, &accepted, "the vendor ended it").await
}

async fn slow_receiver(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    context.delay_challenge(&job.token, SLOW);
    let url = GatewayContext::hook(&job.token);
    let reply = context.submit(&job.clone().callback(url)).await?;
    accepted(&job.token, reply, &format!("its receiver takes {SLOW:?} to answer the challenge")).map(drop)
}

async fn parallel_polls_agree(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let running = context.accept(&job).await?;
    context.advance(&job, Step::To(Phase::Running)).await?;
    // A gateway need not show running at all; then only the end is judged.
    let shown = context.glimpse(&running, |word| word == "running").await?.is_ok();
    let job = context.job();
    let finished = context.accept(&job).await?;
    let end =
        context.dialect().ending("succeeded").ok_or_else(|| Stop::HarnessError("no good end".into()))?;
    context.advance(&job, Step::End(end)).await?;
    let Ok(last) = context.settle(&finished, terminal).await? else {
        return Err(Stop::NotTestable("the job never ended at the gateway, see GW-ST-002".into()));
    };
    let end = last.word().unwrap_or_default();
    for (accepted, wanted) in [(&running, "running"), (&finished, end)] {
        if wanted == "running" && !shown {
            continue;
        }
        let looks = (0..TOGETHER).map(|_| context.status(accepted));
        for reply in futures_util::future::join_all(looks).await {
            let reply = reply?;
            if reply.word() != Some(wanted) {
                context.note(
                    Finding::new(
                        format!("status {wanted}, as before, to each of {TOGETHER} requests at once"),
                        reply.summary(),
                    )
                    .at("/data/status")
                    .seen_in(&reply.exchange),
                );
            }
        }
    }
    Ok(())
}

async fn status_follows_callback(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    let accepted = context.accept(&job.clone().callback(url)).await?;
    let end =
        context.dialect().ending("succeeded").ok_or_else(|| Stop::HarnessError("no good end".into()))?;
    context.advance(&job, Step::End(end)).await?;
    if !context.called_back(&job.token).await {
        return Err(Stop::Inconclusive("the mock's callback did not arrive at the inbox".into()));
    }
    note_unless_finished(context, &accepted, "the vendor's callback arrived").await
}
