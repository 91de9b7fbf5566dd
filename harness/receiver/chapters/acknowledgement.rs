//! Acknowledgement: 2xx, in time, whatever the callback says and however often it comes.

use futures_util::future::join_all;
use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::vendor::Phase;
use ringback_reference::receiver::mutants;
use std::time::Duration;

use super::{UNSIGNED, check};
use crate::receiver::context::{ReceiverContext, asked_with};
use crate::receiver::task::CallbackState;
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What an answer may take that comes before the work.
const FAST: Duration = Duration::from_secs(1);
/// How often an answer must be slow to count as slow: once may have any cause.
const TRIES: usize = 3;
/// Callbacks at once.
const BURST: usize = 32;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks],
    jobs: 0,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-ACK-001",
        slug: "success-acked",
        sentence: "A callback that reports success is answered with 2xx.",
        why: "Vendors repeat what is not acknowledged, and give up in the end: the result is lost.",
        remedy: "Answer 200 as soon as the callback is verified and stored.",
        terms: Terms { source: Source::CALLBACKS, preconditions: &[], ..TERMS },
        mutants: &[mutants::REFUSES_VIDU],
        check: check!(success_acked),
    },
    Requirement {
        id: "RX-ACK-002",
        slug: "failure-acked",
        sentence: "A callback that reports failure is answered with 2xx.",
        why: "That a job has failed is news like any other; refusing it makes the vendor say it again and again.",
        remedy: "Acknowledge every state that the vendor documents, whatever you make of it.",
        terms: TERMS,
        mutants: &[mutants::FAILURE_IS_500],
        check: check!(failure_acked),
    },
    Requirement {
        id: "RX-ACK-003",
        slug: "progress-acked",
        sentence: "A callback that reports progress is answered with 2xx, although nothing has ended.",
        why: "A refused callback is repeated, and by then the job may be further: old news arrive after new ones.",
        remedy: "Acknowledge progress, even if you do nothing with it.",
        terms: TERMS,
        mutants: &[mutants::PROGRESS_IS_400],
        check: check!(progress_acked),
    },
    Requirement {
        id: "RX-ACK-004",
        slug: "within-the-limit",
        sentence: "The answer to a callback is complete within the vendor's limit (Ark: five seconds).",
        why: "To a vendor an answer after its limit does not count: it repeats the callback and then gives up.",
        remedy: "Put what takes time into a queue, and answer first; rare states too.",
        terms: Terms { source: Source::ARK, ..TERMS },
        mutants: &[mutants::EXPIRED_ACKED_LATE],
        check: check!(within_the_limit),
    },
    Requirement {
        id: "RX-ACK-005",
        slug: "fast",
        sentence: "The answer comes within a second, before the work.",
        why: "Work before the answer is fast until there is much of it; then limits are missed and vendors repeat themselves.",
        remedy: "Store the callback, answer 200, and do the work from a queue.",
        terms: Terms { level: Level::Should, source: Source::CALLBACKS, ..TERMS },
        mutants: &[mutants::WORKS_BEFORE_ACK],
        check: check!(fast),
    },
    Requirement {
        id: "RX-ACK-006",
        slug: "no-redirect",
        sentence: "A callback URL with a query is answered directly, not with a redirect.",
        why: "Vendors post to the URL as it was given and follow no redirect; many customers mark their callbacks in the query.",
        remedy: "Match the path without the query, keep the query for the signature, and answer where you were asked.",
        terms: TERMS,
        mutants: &[mutants::REDIRECTS_QUERIES, mutants::QUERY_DROPPED],
        check: check!(no_redirect),
    },
    Requirement {
        id: "RX-ACK-007",
        slug: "without-the-gateway",
        sentence: "The answer does not wait for Get Task Status.",
        why: "A gateway that is slow or down would make every callback fail, and the vendor gives up on them.",
        remedy: "Acknowledge first, and have the gateway confirm the callback afterwards.",
        terms: Terms {
            level: Level::Should,
            source: Source::CALLBACKS,
            scope: Scope::EachOf(UNSIGNED),
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Gateway],
            ..TERMS
        },
        mutants: &[mutants::CONFIRMS_BEFORE_ACK],
        check: check!(without_the_gateway),
    },
    Requirement {
        id: "RX-ACK-008",
        slug: "repeat-acked",
        sentence: "A callback that was seen before is answered with 2xx again.",
        why: "It comes again because its acknowledgement was lost; any other answer makes it come once more.",
        remedy: "Acknowledge a repetition like the first, and do nothing.",
        terms: TERMS,
        mutants: &[mutants::DUPLICATE_IS_409],
        check: check!(repeat_acked),
    },
    Requirement {
        id: "RX-ACK-009",
        slug: "late-acked",
        sentence: "A callback that comes too late to matter is answered with 2xx.",
        why: "Callbacks overtake each other; refusing old news makes the vendor repeat them although nobody wants them.",
        remedy: "Acknowledge progress of a job that has ended, and ignore it.",
        terms: TERMS,
        mutants: &[mutants::LATE_IS_409],
        check: check!(late_acked),
    },
    Requirement {
        id: "RX-ACK-010",
        slug: "burst-acked",
        sentence: "Thirty-two callbacks at once are all answered with 2xx.",
        why: "Jobs that were submitted together end together; what is refused then is lost when the vendor has given up.",
        remedy: "Do nothing before the answer but verify and store, and let a queue take the burst.",
        terms: TERMS,
        mutants: &[mutants::BUSY_IS_503],
        check: check!(burst_acked),
    },
];

async fn success_acked(context: &ReceiverContext) -> Result<(), Stop> {
    acked(context, CallbackState::SUCCESS, "a callback that reports success").await
}

async fn failure_acked(context: &ReceiverContext) -> Result<(), Stop> {
    acked(context, CallbackState::FAILURE, "a callback that reports failure").await
}

async fn progress_acked(context: &ReceiverContext) -> Result<(), Stop> {
    acked(context, CallbackState::RUNNING, "a callback that reports progress").await
}

async fn acked(context: &ReceiverContext, says: CallbackState, what: &str) -> Result<(), Stop> {
    let job = context.job().await?;
    let reply = context.deliver(&job, says).await?;
    context.note_unless_acked(&reply, what);
    Ok(())
}

/// The time alone is judged, of an end that is rare: often another path through the code.
async fn within_the_limit(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    let expired = CallbackState::Phase(Phase::Expired);
    let says = if job.failures().contains(&expired) { expired } else { CallbackState::FAILURE };
    let limit = context.target.timeouts.ack;
    let reply = context.deliver(&job, says).await?;
    if reply.took > limit {
        let word = job.callback(says)?.word;
        let expected = format!("a complete answer to a callback with the state `{word}` within {limit:?}");
        context.note(Finding::new(expected, format!("it took {:?}", reply.took)).seen_in(&reply.exchange));
    }
    Ok(())
}

async fn fast(context: &ReceiverContext) -> Result<(), Stop> {
    let mut slow = None;
    for _ in 0..TRIES {
        let job = context.job().await?;
        context.set_gateway_status(&job, StubStatus::Finished);
        let callback = job.callback(CallbackState::SUCCESS)?.with_record(|record| {
            if let Some(payload) = record.get_mut("payload") {
                *payload = "order-42".into();
            }
        });
        let reply = context.send(&callback).await?;
        if reply.took <= FAST {
            return Ok(());
        }
        slow = Some(reply);
    }
    if let Some(reply) = slow {
        let expected = format!("an answer to a callback that reports success within {FAST:?}");
        let actual = format!("each of {TRIES} took longer, the last {:?}", reply.took);
        context.note(Finding::new(expected, actual).seen_in(&reply.exchange));
    }
    Ok(())
}

async fn no_redirect(context: &ReceiverContext) -> Result<(), Stop> {
    let job = asked_with(context.job().await?, "tenant=42");
    let reply = context.deliver(&job, CallbackState::SUCCESS).await?;
    context.note_unless_acked(&reply, "a callback at a URL with the query parameter tenant=42");
    Ok(())
}

async fn without_the_gateway(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let job = context.job().await?;
    let callback = job.callback(CallbackState::SUCCESS)?;
    context.set_gateway_status(&job, StubStatus::Silent);
    let what = "a callback while the gateway does not answer Get Task Status";
    let tried = context.attempt(callback.request(ReceiverContext::now()), context.target.timeouts.ack).await;
    context.set_gateway_status(&job, StubStatus::Finished);
    match tried? {
        Ok(reply) => context.note_unless_acked(&reply, what),
        Err((why, exchange)) => {
            context.note(Finding::new(format!("HTTP 2xx for {what}"), why).seen_in(&exchange));
        }
    }
    Ok(())
}

async fn repeat_acked(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    context.set_gateway_status(&job, StubStatus::Finished);
    let request = job.callback(CallbackState::SUCCESS)?.request(ReceiverContext::now());
    let first = context.post(request.clone()).await?;
    if !first.is_ack() {
        return Err(Stop::NotTestable(format!("the first of the two is refused: {}", first.summary())));
    }
    context.give_time(&job).await;
    let second = context.post(request).await?;
    context.note_unless_acked(&second, "the same callback again");
    Ok(())
}

async fn late_acked(context: &ReceiverContext) -> Result<(), Stop> {
    let other = context.job().await?;
    context.set_gateway_status(&other, StubStatus::Running);
    context.control(&other.callback(CallbackState::RUNNING)?).await?;
    let job = context.job().await?;
    context.set_gateway_status(&job, StubStatus::Finished);
    let end = job.callback_at(CallbackState::SUCCESS, 1)?;
    context.control(&end).await?;
    context.give_time(&job).await;
    let late = job.callback(CallbackState::RUNNING)?;
    let reply = context.send(&late).await?;
    context.note_unless_acked(&reply, &format!("`{}` after `{}`", late.word, end.word));
    Ok(())
}

async fn burst_acked(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let jobs = context.family(BURST).await?;
    context.save(BURST).await;
    let replies = join_all(jobs.iter().map(|job| context.deliver(job, CallbackState::SUCCESS))).await;
    let mut refused = Vec::new();
    for reply in replies {
        let reply = reply?;
        if !reply.is_ack() {
            refused.push(reply);
        }
    }
    if let Some(reply) = refused.first() {
        let expected = format!("HTTP 2xx for each of {BURST} callbacks at once");
        let actual = format!("{} were refused, one with {}", refused.len(), reply.summary());
        context.note(Finding::new(expected, actual).seen_in(&reply.exchange));
    }
    Ok(())
}
