//! Acknowledgement: 2xx, in time, whatever the callback says and however often it comes.

use futures_util::future::join_all;
use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::vendor::Phase;
use ringback_reference::receiver::defect::Defect;
use std::time::Duration;

use super::{UNSIGNED, check};
use crate::receiver::context::{Bench, asked_with};
use crate::receiver::task::Says;
use crate::receiver::{Need, Receiver};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// What an answer may take that comes before the work.
const FAST: Duration = Duration::from_secs(1);
/// How often an answer must be slow to count as slow: once may be anybody's fault.
const TRIES: usize = 3;
/// Callbacks at once.
const BURST: usize = 32;

/// What every entry of this chapter has in common.
const COMMON: Requirement<Receiver> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Acks],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(success_acked),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-ACK-001",
        slug: "success-acked",
        sentence: "A callback that reports success is answered with 2xx.",
        source: Source::CALLBACKS,
        why: "Vendors repeat what is not acknowledged, and give up in the end: the result is lost.",
        remedy: "Answer 200 as soon as the callback is verified and stored.",
        needs: &[],
        defects: &[Defect::RefusesVidu],
        check: check!(success_acked),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-002",
        slug: "failure-acked",
        sentence: "A callback that reports failure is answered with 2xx.",
        why: "That a job has failed is news like any other; refusing it makes the vendor say it again and again.",
        remedy: "Acknowledge every state that the vendor documents, whatever you make of it.",
        defects: &[Defect::FailureIs500],
        check: check!(failure_acked),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-003",
        slug: "progress-acked",
        sentence: "A callback that reports progress is answered with 2xx, although nothing has ended.",
        why: "A refused callback is repeated, and by then the job may be further: old news arrive after new ones.",
        remedy: "Acknowledge progress, even if you do nothing with it.",
        defects: &[Defect::ProgressIs400],
        check: check!(progress_acked),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-004",
        slug: "within-the-limit",
        sentence: "The answer to a callback is complete within the vendor's limit (Ark: five seconds).",
        source: Source::ARK,
        why: "To a vendor an answer after its limit is no answer: it repeats the callback and then gives up.",
        remedy: "Put what takes time into a queue, and answer first; rare states too.",
        defects: &[Defect::ExpiredAckedLate],
        check: check!(within_the_limit),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-005",
        slug: "fast",
        level: Level::Should,
        sentence: "The answer comes within a second, before the work.",
        source: Source::CALLBACKS,
        why: "Work before the answer is fast until there is much of it; then limits are missed and vendors repeat themselves.",
        remedy: "Store the callback, answer 200, and do the work from a queue.",
        defects: &[Defect::WorksBeforeAck],
        check: check!(fast),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-006",
        slug: "no-redirect",
        sentence: "A callback URL with a query is answered directly, not with a redirect.",
        why: "Vendors post to the URL as it was given and follow no redirect; many customers mark their callbacks in the query.",
        remedy: "Match the path without the query, keep the query for the signature, and answer where you were asked.",
        defects: &[Defect::RedirectsQueries, Defect::QueryDropped],
        check: check!(no_redirect),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-007",
        slug: "without-the-gateway",
        level: Level::Should,
        sentence: "The answer does not wait for Get Task Status.",
        source: Source::CALLBACKS,
        why: "A gateway that is slow or down would make every callback fail, and the vendor gives up on them.",
        remedy: "Acknowledge first, and have the gateway confirm the callback afterwards.",
        scope: Scope::EachOf(UNSIGNED),
        needs: &[Need::Acks, Need::Gateway],
        defects: &[Defect::ConfirmsBeforeAck],
        check: check!(without_the_gateway),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-008",
        slug: "repeat-acked",
        sentence: "A callback that was seen before is answered with 2xx again.",
        why: "It comes again because its acknowledgement was lost; any other answer makes it come once more.",
        remedy: "Acknowledge a repetition like the first, and do nothing.",
        defects: &[Defect::DuplicateIs409],
        check: check!(repeat_acked),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-009",
        slug: "late-acked",
        sentence: "A callback that comes too late to matter is answered with 2xx.",
        why: "Callbacks overtake each other; refusing old news makes the vendor repeat them although nobody wants them.",
        remedy: "Acknowledge progress of a job that has ended, and ignore it.",
        defects: &[Defect::LateIs409],
        check: check!(late_acked),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-010",
        slug: "burst-acked",
        sentence: "Thirty-two callbacks at once are all answered with 2xx.",
        why: "Jobs that were submitted together end together; what is refused then is lost when the vendor has given up.",
        remedy: "Do nothing before the answer but verify and store, and let a queue take the burst.",
        defects: &[Defect::BusyIs503],
        check: check!(burst_acked),
        ..COMMON
    },
];

async fn success_acked(bench: &Bench) -> Result<(), Stop> {
    acked(bench, Says::SUCCESS, "a callback that reports success").await
}

async fn failure_acked(bench: &Bench) -> Result<(), Stop> {
    acked(bench, Says::FAILURE, "a callback that reports failure").await
}

async fn progress_acked(bench: &Bench) -> Result<(), Stop> {
    acked(bench, Says::RUNNING, "a callback that reports progress").await
}

async fn acked(bench: &Bench, says: Says, what: &str) -> Result<(), Stop> {
    let job = bench.job().await?;
    let reply = bench.deliver(&job, says).await?;
    bench.note_unless_acked(&reply, what);
    Ok(())
}

/// The time alone is judged, of an end that is rare: often another path through the code.
async fn within_the_limit(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    let expired = Says::Phase(Phase::Expired);
    let says = if job.failures().contains(&expired) { expired } else { Says::FAILURE };
    let limit = bench.target.patience.ack;
    let reply = bench.deliver(&job, says).await?;
    if reply.took > limit {
        let word = job.callback(says)?.word;
        let expected = format!("a complete answer to a callback with the state `{word}` within {limit:?}");
        bench.note(Finding::new(expected, format!("it took {:?}", reply.took)).seen_in(&reply.exchange));
    }
    Ok(())
}

async fn fast(bench: &Bench) -> Result<(), Stop> {
    let mut slow = None;
    for _ in 0..TRIES {
        let job = bench.job().await?;
        bench.back(&job, StubStatus::Finished);
        let callback = job.callback(Says::SUCCESS)?.with_record(|record| {
            if let Some(payload) = record.get_mut("payload") {
                *payload = "order-42".into();
            }
        });
        let reply = bench.send(&callback).await?;
        if reply.took <= FAST {
            return Ok(());
        }
        slow = Some(reply);
    }
    if let Some(reply) = slow {
        let expected = format!("an answer to a callback that reports success within {FAST:?}");
        let actual = format!("each of {TRIES} took longer, the last {:?}", reply.took);
        bench.note(Finding::new(expected, actual).seen_in(&reply.exchange));
    }
    Ok(())
}

async fn no_redirect(bench: &Bench) -> Result<(), Stop> {
    let job = asked_with(bench.job().await?, "tenant=42");
    let reply = bench.deliver(&job, Says::SUCCESS).await?;
    bench.note_unless_acked(&reply, "a callback at a URL with the query parameter tenant=42");
    Ok(())
}

async fn without_the_gateway(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
    let job = bench.job().await?;
    let callback = job.callback(Says::SUCCESS)?;
    bench.back(&job, StubStatus::Silent);
    let what = "a callback while the gateway does not answer Get Task Status";
    let tried = bench.attempt(callback.request(Bench::now()), bench.target.patience.ack).await;
    bench.back(&job, StubStatus::Finished);
    match tried? {
        Ok(reply) => bench.note_unless_acked(&reply, what),
        Err((why, exchange)) => {
            bench.note(Finding::new(format!("HTTP 2xx for {what}"), why).seen_in(&exchange));
        }
    }
    Ok(())
}

async fn repeat_acked(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    bench.back(&job, StubStatus::Finished);
    let request = job.callback(Says::SUCCESS)?.request(Bench::now());
    let first = bench.post(request.clone()).await?;
    if !first.is_ack() {
        return Err(Stop::NotTestable(format!("the first of the two is refused: {}", first.gist())));
    }
    bench.give_time(&job).await;
    let second = bench.post(request).await?;
    bench.note_unless_acked(&second, "the same callback again");
    Ok(())
}

async fn late_acked(bench: &Bench) -> Result<(), Stop> {
    let other = bench.job().await?;
    bench.back(&other, StubStatus::Running);
    bench.twin(&other.callback(Says::RUNNING)?).await?;
    let job = bench.job().await?;
    bench.back(&job, StubStatus::Finished);
    let end = job.callback_at(Says::SUCCESS, 1)?;
    bench.twin(&end).await?;
    bench.give_time(&job).await;
    let late = job.callback(Says::RUNNING)?;
    let reply = bench.send(&late).await?;
    bench.note_unless_acked(&reply, &format!("`{}` after `{}`", late.word, end.word));
    Ok(())
}

async fn burst_acked(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
    let jobs = bench.family(BURST).await?;
    bench.save(BURST).await;
    let replies = join_all(jobs.iter().map(|job| bench.deliver(job, Says::SUCCESS))).await;
    let mut refused = Vec::new();
    for reply in replies {
        let reply = reply?;
        if !reply.is_ack() {
            refused.push(reply);
        }
    }
    if let Some(reply) = refused.first() {
        let expected = format!("HTTP 2xx for each of {BURST} callbacks at once");
        let actual = format!("{} were refused, one with {}", refused.len(), reply.gist());
        bench.note(Finding::new(expected, actual).seen_in(&reply.exchange));
    }
    Ok(())
}
