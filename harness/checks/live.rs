//! Live: a job followed from outside, through the callbacks that really arrive.
//!
//! The one chapter that judges callbacks on a deployed gateway, where real vendors make them; beside
//! our mocks it shows that everything between a gateway and a receiver works together.

use ringback_mocks::vendor::Phase;
use ringback_reference::gateway::mutants;

use super::check;
use crate::bench::Bench;
use crate::bench::live::Ended;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::{Accepted, shortened};
use crate::knob::Knob;
use crate::outcome::{Finding, Level, Stop};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-LV-001",
        slug: "callback-arrives",
        level: Level::Must,
        sentence: "When a job ends, the vendor's callback has arrived at the callback_url that the client gave.",
        source: Source::CALLBACKS,
        why: "A client that asked for a callback does not poll; the job it paid for is lost to it.",
        remedy: "Forward input.metadata.callback_url to the vendor unchanged, in the field the vendor reads.",
        scope: Scope::EachVendor,
        needs: &[Need::Receiver, Need::Accepts],
        knobs: &[],
        jobs: 1,
        generated: false,
        defects: &[
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
        level: Level::Must,
        sentence: "Within the settle window after the vendor's last callback, the status tells the same end.",
        source: Source::CALLBACKS.inferred(),
        why: "The page tells receivers to ask for the status when a callback comes; it must know by then.",
        remedy: "Ask the vendor when a client asks, or poll often enough; map its words to finished and failed.",
        scope: Scope::EachVendor,
        needs: &[Need::Receiver, Need::Accepts, Need::Status],
        knobs: &[Knob::Settle],
        jobs: 1,
        generated: false,
        defects: &[mutants::SUCCESS_STAYS_RUNNING, mutants::CALLBACK_JOBS_NOT_POLLED],
        check: check!(status_follows_callback),
    },
    Requirement {
        id: "GW-LV-003",
        slug: "challenge-answered",
        level: Level::Must,
        sentence: "MiniMax's challenge reaches the callback_url that the client gave, and a job whose challenge is echoed is accepted.",
        source: Source {
            page: "MiniMax video generation",
            url: "https://platform.minimax.io/docs/api-reference/video-generation-t2v",
            read: "2026-11-24",
            basis: crate::catalogue::Basis::Inferred,
        },
        why: "MiniMax calls back only where its challenge was echoed.",
        remedy: "Forward the URL in callback_url of the create call, and wait for MiniMax's answer longer than its challenge may take.",
        scope: Scope::Only("minimax"),
        needs: &[Need::Receiver, Need::Accepts],
        knobs: &[],
        jobs: 2,
        generated: false,
        defects: &[mutants::CALLBACK_DROPPED, mutants::CALLBACK_FIELD_RENAMED],
        check: check!(challenge_answered),
    },
];

async fn started(bench: &Bench) -> Result<Accepted, Stop> {
    let job = bench.job();
    let url = bench.receiver(&job.token);
    let job = job.callback(url);
    let accepted = bench.accept(&job).await?;
    bench.succeed(&job).await?;
    Ok(accepted)
}

async fn callback_arrives(bench: &Bench) -> Result<(), Stop> {
    let accepted = started(bench).await?;
    match bench.follow(&accepted).await? {
        Ended::Called { .. } => Ok(()),
        Ended::Silently { strange: Some(strange), .. } => Err(Stop::Inconclusive(format!(
            "what arrived at the callback URL is no callback that a vendor documents: {} {}",
            strange.request.method,
            shortened(&String::from_utf8_lossy(&strange.request.body), 300)
        ))),
        Ended::Silently { last, window, .. } => {
            bench.receiver_is_open().await?;
            let mut finding = Finding::new(
                format!("a callback that tells of the end within {window:?} of it"),
                format!("none arrived; the status: {}", last.gist()),
            );
            if let Some(live) = &bench.target.live {
                finding = finding
                    .or(format!("an --advertise address that the vendor can reach: {}", live.advertise));
            }
            bench.note(finding.seen_in(&accepted.reply.exchange));
            Ok(())
        }
    }
}

async fn status_follows_callback(bench: &Bench) -> Result<(), Stop> {
    let accepted = started(bench).await?;
    let Ended::Called { arrived, phase } = bench.follow(&accepted).await? else {
        return Err(Stop::NotTestable("no callback told of the job's end, see GW-LV-001".into()));
    };
    let wanted = if phase == Phase::Succeeded { "finished" } else { "failed" };
    let settled = bench.settle(&accepted, |word| matches!(word, "finished" | "failed")).await?;
    let (Ok(last) | Err(last)) = settled;
    if last.word() != Some(wanted) {
        let told = shortened(&String::from_utf8_lossy(&arrived.request.body), 300);
        bench.note(
            Finding::new(
                format!("status {wanted} within {:?} of the callback {told}", bench.target.patience.settle),
                last.gist(),
            )
            .at("/data/status")
            .seen_in(&last.exchange),
        );
    }
    Ok(())
}

async fn challenge_answered(bench: &Bench) -> Result<(), Stop> {
    // Without a callback, so that nothing else can be the reason of a refusal.
    bench.accept(&bench.job()).await?;
    let job = bench.job();
    let url = bench.receiver(&job.token);
    let reply = bench.submit(&job.clone().callback(url)).await?;
    match (bench.challenge(&job.token).await, reply.accepted()) {
        (Some(_), Some(_)) => {}
        (Some(challenge), None) => {
            let echoed = challenge.answer.as_ref().is_ok_and(|answer| answer.status == 200);
            bench.note(
                Finding::new(
                    format!(
                        "the job is accepted; its challenge was {}",
                        if echoed { "echoed" } else { "seen" }
                    ),
                    reply.gist(),
                )
                .seen_in(&reply.exchange),
            );
        }
        (None, Some(_)) => {
            bench.receiver_is_open().await?;
            let within = bench.target.patience.create;
            bench.note(
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
                reply.gist()
            )));
        }
    }
    Ok(())
}
