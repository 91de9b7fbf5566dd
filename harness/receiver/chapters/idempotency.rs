//! Idempotency: the work for a job is done once, however often and however the same end is told.
//!
//! Judged by effects alone; how a repetition is answered is `acknowledgement`'s.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use ringback_mocks::wire::Request;
use ringback_reference::receiver::defect::Defect;
use serde_json::Value;

use super::{SIGNED, check};
use crate::receiver::context::{Bench, HANGS_UP};
use crate::receiver::effects::Class;
use crate::receiver::task::{Callback, Job, Says};
use crate::receiver::{Need, Receiver};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// What every entry of this chapter has in common.
const COMMON: Requirement<Receiver> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS,
    why: "",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Acks, Need::Effects],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(control),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-IDEM-001",
        slug: "work-done-once-control",
        sentence: "A success does its work once; asking does none.",
        why: "A callback whose work is not done is a lost result, and a probe that counts by itself proves nothing.",
        remedy: "Do the work when a job is first known to have ended, and let the effects probe only read.",
        needs: &[Need::Acks],
        defects: &[Defect::IgnoresVidu],
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-002",
        slug: "twice",
        sentence: "The same callback twice is one job.",
        why: "A vendor whose attempt timed out sends it again, although the first one arrived.",
        remedy: "Remember that the job has ended, by its id, before the work is begun.",
        defects: &[Defect::NoDedupe],
        check: check!(twice),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-003",
        slug: "signed-anew",
        sentence: "A repetition signed anew is a repetition.",
        why: "Each attempt has a new timestamp, nonce and signature; only the job in it is the same.",
        remedy: "Dedupe by the job's id, not by nonce, timestamp or signature.",
        scope: Scope::EachOf(SIGNED),
        defects: &[Defect::NoDedupe, Defect::DedupesByNonce],
        check: check!(signed_anew),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-004",
        slug: "written-anew",
        sentence: "The same end told in other words is a repetition.",
        why: "An attempt hours later may carry another time, order of members or webhook-id, and still tells the same end.",
        remedy: "Dedupe by the job's id, not by a hash of the body or the id of a delivery.",
        defects: &[Defect::NoDedupe, Defect::DedupesByBody, Defect::DedupesByDelivery],
        check: check!(written_anew),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-005",
        slug: "interleaved",
        sentence: "Repetitions mixed with another job's are repetitions.",
        why: "Jobs end side by side, so between two attempts for one come those for others.",
        remedy: "Keep what has ended for each job, not only for the last one.",
        defects: &[Defect::NoDedupe, Defect::DedupesLastOnly],
        check: check!(interleaved),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-006",
        slug: "two-at-once",
        sentence: "Two at the same moment are one.",
        why: "An attempt that is repeated early overtakes the first; both then find nothing done yet.",
        remedy: "Claim the job in one atomic step: a unique key, or an UPDATE that says whether it changed a row.",
        defects: &[Defect::NoDedupe, Defect::CheckThenAct],
        check: check!(two_at_once),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-007",
        slug: "ten-at-once",
        sentence: "Ten at the same moment are one.",
        why: "Several workers behind one balancer race for the same job.",
        remedy: "Claim the job in one atomic step that all workers share; a lock inside one process is not enough.",
        defects: &[Defect::NoDedupe, Defect::CheckThenAct],
        check: check!(ten_at_once),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-008",
        slug: "fifty-at-once",
        sentence: "Fifty at the same moment are one.",
        why: "After an outage everything that waited arrives together.",
        remedy: "Claim the job in one atomic step, and let whoever comes second acknowledge without work.",
        defects: &[Defect::NoDedupe, Defect::CheckThenAct],
        check: check!(fifty_at_once),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-009",
        slug: "new-connection",
        sentence: "A repetition on a new connection is a repetition.",
        why: "The next attempt comes from another machine of the vendor's as a rule.",
        remedy: "Keep what has ended where every connection finds it.",
        defects: &[Defect::NoDedupe],
        check: check!(new_connection),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-010",
        slug: "after-a-pause",
        sentence: "A repetition after a pause is a repetition.",
        why: "Vendors wait seconds to hours between attempts; a memory that is shorter forgets too soon.",
        remedy: "Keep that a job has ended as long as the job itself.",
        defects: &[Defect::NoDedupe, Defect::DedupesForAMoment],
        check: check!(after_a_pause),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-011",
        slug: "ack-lost",
        sentence: "When the acknowledgement is lost, the repetition finds the work done once.",
        why: "A vendor that hung up sends again: whoever marked the first as seen and dropped its work has lost the job.",
        remedy: "Store the callback and mark the job in one step, and do the work apart from the connection.",
        needs: &[Need::Acks, Need::Effects, Need::PlainHttp],
        defects: &[Defect::NoDedupe, Defect::WorkDiesWithConnection],
        check: check!(ack_lost),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-012",
        slug: "many-between",
        sentence: "Many other jobs in between do not make a repetition new.",
        why: "A memory of the last hundred jobs is minutes of a busy day.",
        remedy: "Keep that a job has ended with the job, not in a list of bounded length.",
        defects: &[Defect::NoDedupe, Defect::SmallMemory, Defect::DedupesLastOnly],
        check: check!(many_between),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-013",
        slug: "failure-once",
        sentence: "A failure is worked on once too.",
        why: "A refund or a mail for a failed job is work as well, and must neither be missed nor repeated.",
        remedy: "Let every end of a job, good or bad, pass the same claim.",
        defects: &[Defect::NoDedupe, Defect::FailureNotDeduped, Defect::FailureIgnored],
        check: check!(failure_once),
        ..COMMON
    },
    Requirement {
        id: "RX-IDEM-014",
        slug: "two-jobs",
        sentence: "Two jobs with the same content are two jobs.",
        why: "The same prompt and seed may well give the same file; both customers are owed it.",
        remedy: "Dedupe by the job's id, not by what its callback carries.",
        defects: &[Defect::DedupesByResult],
        check: check!(two_jobs),
        ..COMMON
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
async fn ended(bench: &Bench, says: Says) -> Result<(Job, Callback), Stop> {
    let job = bench.job().await?;
    let callback = job.callback(says)?;
    truly(bench, &job, &callback);
    Ok((job, callback))
}

/// From now on the gateway says the same as a callback.
fn truly(bench: &Bench, job: &Job, callback: &Callback) {
    bench.back(job, crate::receiver::context::standing(job, callback));
}

/// The same bytes, headers and all, whenever they are sent.
fn copy(callback: &Callback) -> Request {
    callback.request(Bench::now())
}

async fn control(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    let (before, exchange) = bench.effect(&job).await?;
    if before.count != 0 {
        let finding = Finding::new("no work before any callback", before.told());
        bench.note(match exchange {
            Some(exchange) => finding.seen_in(&exchange),
            None => finding,
        });
    }
    bench.deliver(&job, Says::SUCCESS).await?;
    bench.note_unless_once(&job, Class::Success, "one success").await
}

async fn twice(bench: &Bench) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    let request = copy(&callback);
    bench.send_ignoring_response(request.clone()).await?;
    bench.send_ignoring_response(request).await?;
    bench.note_unless_counted(&job, 1, "the same success twice").await
}

async fn signed_anew(bench: &Bench) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    bench.send_ignoring_response(copy(&callback.clone().skewed(-1))).await?;
    bench.send_ignoring_response(copy(&callback)).await?;
    bench.note_unless_counted(&job, 1, "a success, and the same signed again a second later").await
}

async fn written_anew(bench: &Bench) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    let first = copy(&callback);
    bench.send_ignoring_response(first.clone()).await?;
    let later = job.callback_at(Says::SUCCESS, 3_600)?.edited(reverse).redelivered();
    let mut second = copy(&later);
    if !bench.secrets().is_empty() && first.headers.get("x-request-nonce").is_some() {
        // Vidu signs no body, so the same signature holds for other words.
        second.headers = first.headers;
    }
    bench.send_ignoring_response(second).await?;
    let after =
        "a success, and the same end with another time, its members reversed, under another delivery's id";
    bench.note_unless_counted(&job, 1, after).await
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

async fn interleaved(bench: &Bench) -> Result<(), Stop> {
    let (one, callback) = ended(bench, Says::SUCCESS).await?;
    let other = bench.relative(&one, 1).await?;
    let others = other.callback(Says::SUCCESS)?;
    truly(bench, &other, &others);
    let (first, second) = (copy(&callback), copy(&others));
    for request in [&first, &second, &first, &second, &first] {
        bench.send_ignoring_response(request.clone()).await?;
    }
    bench.note_unless_counted(&one, 1, "successes of two jobs in turn, of this one three times").await?;
    bench.note_unless_counted(&other, 1, "successes of two jobs in turn, of this one twice").await
}

async fn two_at_once(bench: &Bench) -> Result<(), Stop> {
    at_once(bench, 2, "two copies of a success at the same moment").await
}

async fn ten_at_once(bench: &Bench) -> Result<(), Stop> {
    at_once(bench, 10, "ten copies of a success at the same moment").await
}

async fn fifty_at_once(bench: &Bench) -> Result<(), Stop> {
    at_once(bench, 50, "fifty copies of a success at the same moment").await
}

async fn at_once(bench: &Bench, copies: usize, what: &str) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    bench.throw_at_once(&copy(&callback), copies).await?;
    bench.note_unless_counted(&job, 1, what).await
}

async fn new_connection(bench: &Bench) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    let request = copy(&callback);
    bench.send_ignoring_response(request.clone().header("connection", "close")).await?;
    // Whatever belongs to the first connection is over when its effect shows.
    bench.note_unless_counted(&job, 1, "a success on a connection that is closed").await?;
    bench.send_ignoring_response(request).await?;
    bench.note_unless_counted(&job, 1, "the same success on two connections, one after the other").await
}

async fn after_a_pause(bench: &Bench) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    let request = copy(&callback);
    bench.send_ignoring_response(request.clone()).await?;
    bench.pause(PAUSE).await;
    bench.send_ignoring_response(request).await?;
    bench.note_unless_counted(&job, 1, "a success, and the same 2.5 s later").await
}

async fn ack_lost(bench: &Bench) -> Result<(), Stop> {
    // Some hang up at once, when the request may be anywhere, and some when its work may be half done.
    let senders = (0..LOST_ACKS).map(|number| {
        let linger = if number % 2 == 0 { HANGS_UP } else { Duration::ZERO };
        lost_ack(bench, linger)
    });
    join_all(senders).await.into_iter().collect()
}

async fn lost_ack(bench: &Bench, linger: Duration) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    let request = copy(&callback);
    bench.post_and_leave(request.clone(), linger).await?;
    bench.pause(NEXT_ATTEMPT).await;
    bench.send_ignoring_response(request).await?;
    bench
        .note_unless_counted(&job, 1, "a success whose sender hung up before the answer, and the same again")
        .await
}

async fn many_between(bench: &Bench) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::SUCCESS).await?;
    let request = copy(&callback);
    bench.send_ignoring_response(request.clone()).await?;
    let others = (1..=BETWEEN).map(|number| {
        let job = &job;
        async move {
            let other = bench.relative(job, number).await?;
            let callback = other.callback(Says::SUCCESS)?;
            truly(bench, &other, &callback);
            bench.send_ignoring_response(copy(&callback)).await
        }
    });
    let sent: Vec<Result<(), Stop>> =
        futures_util::stream::iter(others).buffer_unordered(CONNECTIONS).collect().await;
    sent.into_iter().collect::<Result<(), Stop>>()?;
    bench.send_ignoring_response(request).await?;
    bench.note_unless_counted(&job, 1, "a success, those of 150 other jobs, and the same again").await
}

async fn failure_once(bench: &Bench) -> Result<(), Stop> {
    let (job, callback) = ended(bench, Says::FAILURE).await?;
    let request = copy(&callback);
    bench.send_ignoring_response(request.clone()).await?;
    bench.send_ignoring_response(request).await?;
    bench.note_unless_counted(&job, 1, "the same failure twice").await
}

async fn two_jobs(bench: &Bench) -> Result<(), Stop> {
    let (one, callback) = ended(bench, Says::SUCCESS).await?;
    let other = bench.job().await?;
    let mut own = other.callback(Says::SUCCESS)?;
    let (id, others_id) = (one.id.clone(), other.id.clone());
    own.body = callback.clone().edited(|record| rename(record, &id, &others_id)).body;
    truly(bench, &other, &own);
    bench.send_ignoring_response(copy(&callback)).await?;
    bench.send_ignoring_response(copy(&own)).await?;
    bench
        .note_unless_counted(&one, 1, "two jobs whose callbacks are equal but for the id (the first)")
        .await?;
    bench
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
