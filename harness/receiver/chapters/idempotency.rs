//! Idempotency: the work for a job is done once, however often and however the same end is told.
//!
//! Judged by effects alone; how a repetition is answered is `acknowledgement`'s.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use ringback_mocks::wire::Request;
use ringback_reference::receiver::mutants;
use serde_json::Value;

use super::{SIGNED, check};
use crate::receiver::context::{HANGS_UP, ReceiverContext};
use crate::receiver::effects::Class;
use crate::receiver::task::{Callback, CallbackState, VendorTask};
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS,
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
    jobs: 0,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-IDEM-001",
        slug: "work-done-once-control",
        sentence: "A success does its work once; asking does none.",
        why: "A callback whose work is not done is a lost result, and a probe that counts by itself proves nothing.",
        remedy: "Do the work when a job is first known to have ended, and let the effects probe only read.",
        terms: Terms { preconditions: &[ReceiverPrecondition::Acks], ..TERMS },
        mutants: &[mutants::IGNORES_VIDU],
        check: check!(control),
    },
    Requirement {
        id: "RX-IDEM-002",
        slug: "twice",
        sentence: "The same callback twice is one job.",
        why: "A vendor whose attempt timed out sends it again, although the first one arrived.",
        remedy: "Remember that the job has ended, by its id, before the work is begun.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE],
        check: check!(twice),
    },
    Requirement {
        id: "RX-IDEM-003",
        slug: "signed-anew",
        sentence: "A repetition signed anew is a repetition.",
        why: "Each attempt has a new timestamp, nonce and signature; only the job in it is the same.",
        remedy: "Dedupe by the job's id, not by nonce, timestamp or signature.",
        terms: Terms { scope: Scope::EachOf(SIGNED), ..TERMS },
        mutants: &[mutants::NO_DEDUPE, mutants::DEDUPES_BY_NONCE],
        check: check!(signed_anew),
    },
    Requirement {
        id: "RX-IDEM-004",
        slug: "written-anew",
        sentence: "The same end told in other words is a repetition.",
        why: "An attempt hours later may carry another time, order of members or webhook-id, and still tells the same end.",
        remedy: "Dedupe by the job's id, not by a hash of the body or the id of a delivery.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::DEDUPES_BY_BODY, mutants::DEDUPES_BY_DELIVERY],
        check: check!(written_anew),
    },
    Requirement {
        id: "RX-IDEM-005",
        slug: "interleaved",
        sentence: "Repetitions mixed with another job's are repetitions.",
        why: "Jobs end side by side, so between two attempts for one come those for others.",
        remedy: "Keep what has ended for each job, not only for the last one.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::DEDUPES_LAST_ONLY],
        check: check!(interleaved),
    },
    Requirement {
        id: "RX-IDEM-006",
        slug: "two-at-once",
        sentence: "Two at the same moment are one.",
        why: "An attempt that is repeated early overtakes the first; both then find nothing done yet.",
        remedy: "Claim the job in one atomic step: a unique key, or an UPDATE that says whether it changed a row.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::CHECK_THEN_ACT],
        check: check!(two_at_once),
    },
    Requirement {
        id: "RX-IDEM-007",
        slug: "ten-at-once",
        sentence: "Ten at the same moment are one.",
        why: "Several workers behind one balancer race for the same job.",
        remedy: "Claim the job in one atomic step that all workers share; a lock inside one process is not enough.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::CHECK_THEN_ACT],
        check: check!(ten_at_once),
    },
    Requirement {
        id: "RX-IDEM-008",
        slug: "fifty-at-once",
        sentence: "Fifty at the same moment are one.",
        why: "After an outage everything that waited arrives together.",
        remedy: "Claim the job in one atomic step, and let the second acknowledge without work.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::CHECK_THEN_ACT],
        check: check!(fifty_at_once),
    },
    Requirement {
        id: "RX-IDEM-009",
        slug: "new-connection",
        sentence: "A repetition on a new connection is a repetition.",
        why: "The next attempt comes from another machine of the vendor's as a rule.",
        remedy: "Keep what has ended where every connection finds it.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE],
        check: check!(new_connection),
    },
    Requirement {
        id: "RX-IDEM-010",
        slug: "after-a-pause",
        sentence: "A repetition after a pause is a repetition.",
        why: "Vendors wait seconds to hours between attempts; a memory that is shorter forgets too soon.",
        remedy: "Keep that a job has ended as long as the job itself.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::DEDUPES_FOR_A_MOMENT],
        check: check!(after_a_pause),
    },
    Requirement {
        id: "RX-IDEM-011",
        slug: "ack-lost",
        sentence: "When the acknowledgement is lost, the repetition finds the work done once.",
        why: "A vendor that hung up sends again: a receiver that marked the first as seen and dropped its work has lost the job.",
        remedy: "Store the callback and mark the job in one step, and do the work apart from the connection.",
        terms: Terms {
            preconditions: &[
                ReceiverPrecondition::Acks,
                ReceiverPrecondition::Effects,
                ReceiverPrecondition::PlainHttp,
            ],
            ..TERMS
        },
        mutants: &[mutants::NO_DEDUPE, mutants::WORK_DIES_WITH_CONNECTION],
        check: check!(ack_lost),
    },
    Requirement {
        id: "RX-IDEM-012",
        slug: "many-between",
        sentence: "Many other jobs in between do not make a repetition new.",
        why: "A memory of the last hundred jobs is minutes of a busy day.",
        remedy: "Keep that a job has ended with the job, not in a list of bounded length.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::SMALL_MEMORY, mutants::DEDUPES_LAST_ONLY],
        check: check!(many_between),
    },
    Requirement {
        id: "RX-IDEM-013",
        slug: "failure-once",
        sentence: "A failure is worked on once too.",
        why: "A refund or a mail for a failed job is work as well, and must neither be missed nor repeated.",
        remedy: "Let every end of a job, good or bad, pass the same claim.",
        terms: TERMS,
        mutants: &[mutants::NO_DEDUPE, mutants::FAILURE_NOT_DEDUPED, mutants::FAILURE_IGNORED],
        check: check!(failure_once),
    },
    Requirement {
        id: "RX-IDEM-014",
        slug: "two-jobs",
        sentence: "Two jobs with the same content are two jobs.",
        why: "The same prompt and seed may well give the same file; both customers are owed it.",
        remedy: "Dedupe by the job's id, not by what its callback carries.",
        terms: TERMS,
        mutants: &[mutants::DEDUPES_BY_RESULT],
        check: check!(two_jobs),
    },
];

/// Between two attempts; longer than a short memory lasts.
const PAUSE: Duration = Duration::from_millis(2_500);
/// Between a lost acknowledgement and the next attempt.
const NEXT_ATTEMPT: Duration = Duration::from_millis(200);
/// Jobs whose first acknowledgement is lost.
const LOST_ACKS: u32 = 8;
/// Jobs between a callback and its repetition, and how many are sent side by side.
const BETWEEN: u32 = 150;
const CONNECTIONS: usize = 8;

/// A job whose callbacks are true, and the callback that ends it.
async fn ended(context: &ReceiverContext, says: CallbackState) -> Result<(VendorTask, Callback), Stop> {
    let job = context.job().await?;
    let callback = job.callback(says)?;
    truly(context, &job, &callback);
    Ok((job, callback))
}

/// From now on the gateway says the same as a callback.
fn truly(context: &ReceiverContext, job: &VendorTask, callback: &Callback) {
    context.set_gateway_status(job, crate::receiver::context::standing(job, callback));
}

/// A request that has equal bytes, headers and all, whenever it is made.
fn copy(callback: &Callback) -> Request {
    callback.request(ReceiverContext::now())
}

async fn control(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    let (before, exchange) = context.effect(&job).await?;
    if before.count != 0 {
        let finding = Finding::new("no work before any callback", before.describe());
        context.note(match exchange {
            Some(exchange) => finding.seen_in(&exchange),
            None => finding,
        });
    }
    context.deliver(&job, CallbackState::SUCCESS).await?;
    context.note_unless_once(&job, Class::Success, "one success").await
}

async fn twice(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    let request = copy(&callback);
    context.send_ignoring_response(request.clone()).await?;
    context.send_ignoring_response(request).await?;
    context.note_unless_counted(&job, 1, "the same success twice").await
}

async fn signed_anew(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    context.send_ignoring_response(copy(&callback.clone().skewed(-1))).await?;
    context.send_ignoring_response(copy(&callback)).await?;
    context.note_unless_counted(&job, 1, "a success, and the same signed again a second later").await
}

async fn written_anew(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    let first = copy(&callback);
    context.send_ignoring_response(first.clone()).await?;
    let later = job.callback_at(CallbackState::SUCCESS, 3_600)?.edited(reverse).redelivered();
    let mut second = copy(&later);
    if !context.secrets().is_empty() && first.headers.get("x-request-nonce").is_some() {
        // Vidu signs no body, so the same signature holds for other words.
        second.headers = first.headers;
    }
    context.send_ignoring_response(second).await?;
    let after =
        "a success, and the same end with another time, its members reversed, under another delivery's id";
    context.note_unless_counted(&job, 1, after).await
}

/// Members in the opposite order, at every depth.
fn reverse(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(reverse);
            *members = std::mem::take(members).into_iter().rev().collect();
        }
        Value::Array(items) => items.iter_mut().for_each(reverse),
        _ => {}
    }
}

async fn interleaved(context: &ReceiverContext) -> Result<(), Stop> {
    let (one, callback) = ended(context, CallbackState::SUCCESS).await?;
    let other = context.relative(&one, 1).await?;
    let others = other.callback(CallbackState::SUCCESS)?;
    truly(context, &other, &others);
    let (first, second) = (copy(&callback), copy(&others));
    for request in [&first, &second, &first, &second, &first] {
        context.send_ignoring_response(request.clone()).await?;
    }
    context.note_unless_counted(&one, 1, "successes of two jobs in turn, of this one three times").await?;
    context.note_unless_counted(&other, 1, "successes of two jobs in turn, of this one twice").await
}

async fn two_at_once(context: &ReceiverContext) -> Result<(), Stop> {
    at_once(context, 2, "two copies of a success at the same moment").await
}

async fn ten_at_once(context: &ReceiverContext) -> Result<(), Stop> {
    at_once(context, 10, "ten copies of a success at the same moment").await
}

async fn fifty_at_once(context: &ReceiverContext) -> Result<(), Stop> {
    at_once(context, 50, "fifty copies of a success at the same moment").await
}

async fn at_once(context: &ReceiverContext, copies: usize, what: &str) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    context.send_copies_ignoring_responses(&copy(&callback), copies).await?;
    context.note_unless_counted(&job, 1, what).await
}

async fn new_connection(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    let request = copy(&callback);
    context.send_ignoring_response(request.clone().header("connection", "close")).await?;
    // Whatever belongs to the first connection is over when its effect shows.
    context.note_unless_counted(&job, 1, "a success on a connection that is closed").await?;
    context.send_ignoring_response(request).await?;
    context.note_unless_counted(&job, 1, "the same success on two connections, one after the other").await
}

async fn after_a_pause(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    let request = copy(&callback);
    context.send_ignoring_response(request.clone()).await?;
    context.pause(PAUSE).await;
    context.send_ignoring_response(request).await?;
    context.note_unless_counted(&job, 1, "a success, and the same 2.5 s later").await
}

async fn ack_lost(context: &ReceiverContext) -> Result<(), Stop> {
    // Some hang up at once, when the request may be anywhere, and some when its work may be half done.
    let senders = (0..LOST_ACKS).map(|number| {
        let linger = if number % 2 == 0 { HANGS_UP } else { Duration::ZERO };
        lost_ack(context, linger)
    });
    join_all(senders).await.into_iter().collect()
}

async fn lost_ack(context: &ReceiverContext, linger: Duration) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    let request = copy(&callback);
    context.post_and_leave(request.clone(), linger).await?;
    context.pause(NEXT_ATTEMPT).await;
    context.send_ignoring_response(request).await?;
    context
        .note_unless_counted(&job, 1, "a success whose sender hung up before the answer, and the same again")
        .await
}

async fn many_between(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::SUCCESS).await?;
    let request = copy(&callback);
    context.send_ignoring_response(request.clone()).await?;
    let others = (1..=BETWEEN).map(|number| {
        let job = &job;
        async move {
            let other = context.relative(job, number).await?;
            let callback = other.callback(CallbackState::SUCCESS)?;
            truly(context, &other, &callback);
            context.send_ignoring_response(copy(&callback)).await
        }
    });
    let sent: Vec<Result<(), Stop>> =
        futures_util::stream::iter(others).buffer_unordered(CONNECTIONS).collect().await;
    sent.into_iter().collect::<Result<(), Stop>>()?;
    context.send_ignoring_response(request).await?;
    context.note_unless_counted(&job, 1, "a success, those of 150 other jobs, and the same again").await
}

async fn failure_once(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, callback) = ended(context, CallbackState::FAILURE).await?;
    let request = copy(&callback);
    context.send_ignoring_response(request.clone()).await?;
    context.send_ignoring_response(request).await?;
    context.note_unless_counted(&job, 1, "the same failure twice").await
}

async fn two_jobs(context: &ReceiverContext) -> Result<(), Stop> {
    let (one, callback) = ended(context, CallbackState::SUCCESS).await?;
    let other = context.job().await?;
    let mut own = other.callback(CallbackState::SUCCESS)?;
    let (id, others_id) = (one.id.clone(), other.id.clone());
    own.body = callback.clone().edited(|record| rename(record, &id, &others_id)).body;
    truly(context, &other, &own);
    context.send_ignoring_response(copy(&callback)).await?;
    context.send_ignoring_response(copy(&own)).await?;
    context
        .note_unless_counted(&one, 1, "two jobs whose callbacks are equal but for the id (the first)")
        .await?;
    context
        .note_unless_counted(&other, 1, "two jobs whose callbacks are equal but for the id (the second)")
        .await
}

/// Gives a record another id, where the id stands alone: what it is part of, like a URL, stays.
fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Object(members) => members.values_mut().for_each(|value| rename(value, from, to)),
        Value::Array(items) => items.iter_mut().for_each(|value| rename(value, from, to)),
        _ => {}
    }
}
