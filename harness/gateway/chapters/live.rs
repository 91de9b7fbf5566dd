//! Live: a job followed from outside, through the callbacks that really arrive.
//!
//! The one chapter that judges callbacks on a deployed gateway, where real vendors make them; beside
//! our mocks it shows that everything between a gateway and a receiver works together.

use ringback_mocks::vendor::Phase;
use ringback_reference::gateway::mutants;

use super::check;
use crate::gateway::context::GatewayContext;
use crate::gateway::context::live::JobEnd;
use crate::gateway::knob::Knob;
use crate::gateway::submit::SubmittedJob;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::excerpt::shortened;
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS,
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Receiver, GatewayPrecondition::Accepts],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-LV-001",
        slug: "callback-arrives",
        sentence: "When a job ends, the vendor's callback has arrived at the callback_url that the client gave.",
        why: "A client that asked for a callback does not poll; the job it paid for is lost to it.",
        remedy: "Forward input.metadata.callback_url to the vendor unchanged, in the field the vendor reads.",
        terms: TERMS,
        mutants: &[
            mutants::CALLBACK_DROPPED,
            mutants::CALLBACK_DROPPED_FOR_VIDU,
            mutants::CALLBACK_FIELD_RENAMED,
            mutants::CALLBACK_FIELD_RENAMED_FOR_DOUBAO,
        ],
        check: check!(callback_arrives),
    },
    Requirement {
        id: "GW-LV-002",
        slug: "status-follows-callback",
        sentence: "Within the settle window after the vendor's last callback, the status tells the same end.",
        why: "The page tells receivers to ask for the status when a callback comes; it must know by then.",
        remedy: "Ask the vendor when a client asks, or poll often enough; map its words to finished and failed.",
        terms: Terms {
            source: Source::CALLBACKS.inferred(),
            knobs: &[Knob::Settle],
            preconditions: &[
                GatewayPrecondition::Receiver,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Status,
            ],
            ..TERMS
        },
        mutants: &[mutants::SUCCESS_STAYS_RUNNING, mutants::CALLBACK_JOBS_NOT_POLLED],
        check: check!(status_follows_callback),
    },
    Requirement {
        id: "GW-LV-003",
        slug: "challenge-answered",
        sentence: "MiniMax's challenge reaches the callback_url that the client gave, and a job whose challenge is echoed is accepted.",
        why: "MiniMax calls back only where its challenge was echoed.",
        remedy: "Forward the URL in callback_url of the create call, and wait for MiniMax's answer longer than its challenge may take.",
        terms: Terms {
            source: Source {
                page: "MiniMax video generation",
                url: "https://platform.minimax.io/docs/api-reference/video-generation-t2v",
                read: "2026-11-24",
                basis: crate::run::source::Basis::Inferred,
            },
            scope: Scope::Only("minimax"),
            jobs: 2,
            ..TERMS
        },
        mutants: &[mutants::CALLBACK_DROPPED, mutants::CALLBACK_FIELD_RENAMED],
        check: check!(challenge_answered),
    },
];

async fn started(context: &GatewayContext) -> Result<SubmittedJob, Stop> {
    let job = context.job();
    let url = context.receiver(&job.token);
    let job = job.callback(url);
    let accepted = context.accept(&job).await?;
    context.succeed(&job).await?;
    Ok(accepted)
}

async fn callback_arrives(context: &GatewayContext) -> Result<(), Stop> {
    let accepted = started(context).await?;
    match context.follow(&accepted).await? {
        JobEnd::Called { .. } => Ok(()),
        JobEnd::Silently { strange: Some(strange), .. } => Err(Stop::Inconclusive(format!(
            "what arrived at the callback URL is not a callback that a vendor documents: {} {}",
            strange.request.method,
            shortened(&String::from_utf8_lossy(&strange.request.body), 300)
        ))),
        JobEnd::Silently { last, window, .. } => {
            context.receiver_is_open().await?;
            let mut finding = Finding::new(
                format!("a callback that tells of the end within {window:?} of it"),
                format!("none arrived; the status: {}", last.summary()),
            );
            if let Some(live) = &context.target.live {
                finding = finding
                    .or(format!("an --advertise address that the vendor can reach: {}", live.advertise));
            }
            context.note(finding.seen_in(&accepted.reply.exchange));
            Ok(())
        }
    }
}

async fn status_follows_callback(context: &GatewayContext) -> Result<(), Stop> {
    let accepted = started(context).await?;
    let JobEnd::Called { arrived, phase } = context.follow(&accepted).await? else {
        return Err(Stop::NotTestable("no callback told of the job's end, see GW-LV-001".into()));
    };
    let wanted = if phase == Phase::Succeeded { "finished" } else { "failed" };
    let settled = context.settle(&accepted, |word| matches!(word, "finished" | "failed")).await?;
    let (Ok(last) | Err(last)) = settled;
    if last.word() != Some(wanted) {
        let told = shortened(&String::from_utf8_lossy(&arrived.request.body), 300);
        context.note(
            Finding::new(
                format!("status {wanted} within {:?} of the callback {told}", context.target.timeouts.settle),
                last.summary(),
            )
            .at("/data/status")
            .seen_in(&last.exchange),
        );
    }
    Ok(())
}

async fn challenge_answered(context: &GatewayContext) -> Result<(), Stop> {
    // Without a callback, so that nothing else can be the reason of a refusal.
    context.accept(&context.job()).await?;
    let job = context.job();
    let url = context.receiver(&job.token);
    let reply = context.submit(&job.clone().callback(url)).await?;
    match (context.challenge(&job.token).await, reply.accepted()) {
        (Some(_), Some(_)) => {}
        (Some(challenge), None) => {
            let echoed = challenge.answer.as_ref().is_ok_and(|answer| answer.status == 200);
            context.note(
                Finding::new(
                    format!(
                        "the job is accepted; its challenge was {}",
                        if echoed { "echoed" } else { "seen" }
                    ),
                    reply.summary(),
                )
                .seen_in(&reply.exchange),
            );
        }
        (None, Some(_)) => {
            context.receiver_is_open().await?;
            let within = context.target.timeouts.create;
            context.note(
                Finding::new(
                    format!("MiniMax's challenge at the callback URL within {within:?} of the submit"),
                    "none arrived, and the job was accepted",
                )
                .seen_in(&reply.exchange),
            );
        }
        (None, None) => {
            return Err(Stop::NotTestable(format!(
                "a job with a callback_url is not accepted, and no challenge arrived: {}",
                reply.summary()
            )));
        }
    }
    Ok(())
}
