//! Order: callbacks of one job arrive in any order, and lead to the same.
//!
//! Judged by effects. The events of a job are a second apart in their own times unless a check says otherwise.

use std::time::Duration;

use futures_util::future::join_all;
use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::vendor::Dialect;
use ringback_mocks::wire::Request;
use ringback_reference::receiver::mutants;

use super::{SIGNED, check};
use crate::receiver::context::ReceiverContext;
use crate::receiver::effects::Class;
use crate::receiver::task::{Callback, CallbackState, VendorTask};
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
    jobs: 0,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-ORD-001",
        slug: "end-after-progress",
        sentence: "The end is not mistaken for a repetition of the progress.",
        why: "Progress and end carry the same id; a receiver that has seen the id and stops there loses every result.",
        remedy: "Remember that a job has ended, not that its id has been seen.",
        terms: TERMS,
        mutants: &[mutants::DEDUPES_BY_ID],
        check: check!(end_after_progress),
    },
    Requirement {
        id: "RX-ORD-002",
        slug: "progress-after-end",
        sentence: "Progress that arrives after the end changes nothing.",
        why: "A repeated progress callback overtakes nothing but arrives last; the customer would see a finished job run again.",
        remedy: "Let no state follow an end.",
        terms: TERMS,
        mutants: &[mutants::REGRESSES],
        check: check!(progress_after_end),
    },
    Requirement {
        id: "RX-ORD-003",
        slug: "end-progress-end",
        sentence: "Progress that arrives late does not reopen the job.",
        why: "An end that is repeated after late progress would be worked on a second time.",
        remedy: "Keep the claim on a job's end apart from the state that is shown, and never give it back.",
        terms: TERMS,
        mutants: &[mutants::REOPENS, mutants::NO_DEDUPE],
        check: check!(end_progress_end),
    },
    Requirement {
        id: "RX-ORD-004",
        slug: "permutations",
        sentence: "Every order of a job's callbacks leads to the same.",
        why: "Each callback is a request of its own, and nothing keeps requests in order.",
        remedy: "Let states only move forward: queued, running, ended.",
        terms: TERMS,
        mutants: &[mutants::DEDUPES_BY_ID, mutants::REGRESSES, mutants::MINIMAX_WRAPPER_UNKNOWN],
        check: check!(permutations),
    },
    Requirement {
        id: "RX-ORD-005",
        slug: "one-end",
        sentence: "A second, different end does no second work.",
        why: "A job that was given up and then finished after all must not be both refunded and delivered.",
        remedy: "Claim the end of a job, not the pair of job and state.",
        terms: Terms { scope: Scope::EachOf(SIGNED), ..TERMS },
        mutants: &[
            mutants::EACH_END_WORKS,
            mutants::NO_DEDUPE,
            mutants::DEDUPES_BY_NONCE,
            mutants::DEDUPES_BY_BODY,
        ],
        check: check!(one_end),
    },
    Requirement {
        id: "RX-ORD-006",
        slug: "first-end-stays",
        sentence: "The first end stays.",
        why: "The work was done for the first end; a state that says otherwise contradicts it.",
        remedy: "Ignore whatever comes after an end, and log it for people.",
        terms: Terms { level: Level::Should, scope: Scope::EachOf(SIGNED), ..TERMS },
        mutants: &[mutants::LATER_END_WINS],
        check: check!(first_end_stays),
    },
    Requirement {
        id: "RX-ORD-007",
        slug: "at-once",
        sentence: "Progress and end at the same moment lead to the end.",
        why: "Two handlers read the same row; the one that writes last must not undo the other.",
        remedy: "Write a state only where it is a step forward: UPDATE … WHERE NOT ended.",
        terms: TERMS,
        mutants: &[mutants::LOST_UPDATE, mutants::DEDUPES_BY_ID, mutants::REGRESSES],
        check: check!(at_once),
    },
    Requirement {
        id: "RX-ORD-008",
        slug: "equal-times",
        sentence: "Callbacks with equal times are not dropped.",
        why: "Times are in whole seconds, and a short job runs and ends within one.",
        remedy: "Decide by the state, not by whether a time is later.",
        terms: Terms { scope: Scope::EachOf(&["kling", "doubao", "minimax"]), ..TERMS },
        mutants: &[mutants::EQUAL_TIMES_DROPPED],
        check: check!(equal_times),
    },
];

/// How far the first of two callbacks is ahead of the second, where it is: less than any handler takes that
/// reads, thinks and writes.
const AHEAD: Duration = Duration::from_millis(30);

/// A job that truly ends well, whatever its callbacks say.
async fn finished(context: &ReceiverContext, dialect: &'static Dialect) -> Result<VendorTask, Stop> {
    let job = context.job_in(dialect).await?;
    context.set_gateway_status(&job, StubStatus::Finished);
    Ok(job)
}

fn copy(callback: &Callback) -> Request {
    callback.request(ReceiverContext::now())
}

/// A success that has had its effect.
async fn worked(context: &ReceiverContext) -> Result<(VendorTask, Callback), Stop> {
    let job = finished(context, context.main()).await?;
    let success = job.callback_at(CallbackState::SUCCESS, 2)?;
    context.send_ignoring_response(copy(&success)).await?;
    match context.settles(&job, 1, Class::Success).await? {
        Ok(()) => Ok((job, success)),
        Err((effect, _)) => {
            Err(Stop::NotTestable(format!("a success alone did not do its work once: {}", effect.describe())))
        }
    }
}

async fn end_after_progress(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    context.deliver(&job, CallbackState::RUNNING).await?;
    let success = job.callback_at(CallbackState::SUCCESS, 1)?;
    context.set_gateway_status(&job, StubStatus::Finished);
    context.send_ignoring_response(copy(&success)).await?;
    context.note_unless_once(&job, Class::Success, "progress, then success").await
}

async fn progress_after_end(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, _) = worked(context).await?;
    context.send_ignoring_response(copy(&job.callback_at(CallbackState::RUNNING, 1)?)).await?;
    context.let_settle().await?;
    context.note_unless_stays(&job, 1, Class::Success, "success, then progress").await
}

async fn end_progress_end(context: &ReceiverContext) -> Result<(), Stop> {
    let job = finished(context, context.main()).await?;
    let success = copy(&job.callback_at(CallbackState::SUCCESS, 2)?);
    context.send_ignoring_response(success.clone()).await?;
    context.send_ignoring_response(copy(&job.callback_at(CallbackState::RUNNING, 1)?)).await?;
    context.send_ignoring_response(success).await?;
    context.let_settle().await?;
    context.note_unless_counted(&job, 1, "success, late progress, and the same success again").await
}

async fn permutations(context: &ReceiverContext) -> Result<(), Stop> {
    let mut dialects = vec![context.main()];
    dialects.extend(context.dialects().iter().copied().filter(|dialect| dialect.name == "minimax-v2"));
    let mut orders = Vec::new();
    for dialect in dialects {
        let mut words = context.unsolicited_task(dialect)?.progress();
        words.push(CallbackState::SUCCESS);
        orders.extend(every_order(words.len()).into_iter().map(|order| (dialect, words.clone(), order)));
    }
    let played = orders.into_iter().map(|(dialect, words, order)| async move {
        let job = finished(context, dialect).await?;
        let mut told = Vec::new();
        for place in order {
            let seconds = i64::try_from(place).unwrap_or_default();
            let callback = job.callback_at(words[place], seconds)?;
            context.send_ignoring_response(copy(&callback)).await?;
            told.push(callback.word);
        }
        Ok((format!("{} of {}", told.join(", "), dialect.name), job))
    });
    let jobs: Vec<(String, VendorTask)> = join_all(played).await.into_iter().collect::<Result<_, Stop>>()?;
    context.note_unless_each_once(&jobs, Class::Success, context.target.timeouts.settle).await
}

/// Every order of that many things, the usual one first.
fn every_order(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let shorter = every_order(last);
    (0..count)
        .rev()
        .flat_map(|place| {
            shorter.iter().map(move |order| {
                let mut order = order.clone();
                order.insert(place, last);
                order
            })
        })
        .collect()
}

async fn one_end(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, _) = worked(context).await?;
    context.send_ignoring_response(copy(&job.callback_at(CallbackState::FAILURE, 3)?)).await?;
    context.let_settle().await?;
    context.note_unless_counted(&job, 1, "success, then failure").await
}

async fn first_end_stays(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, _) = worked(context).await?;
    context.send_ignoring_response(copy(&job.callback_at(CallbackState::FAILURE, 3)?)).await?;
    context.let_settle().await?;
    let (effect, exchange) = context.effect(&job).await?;
    if effect.class != Class::Success {
        let finding =
            Finding::new("the state still a success after success, then failure", effect.describe());
        context.note(match exchange {
            Some(exchange) => finding.seen_in(&exchange),
            None => finding,
        });
    }
    Ok(())
}

async fn at_once(context: &ReceiverContext) -> Result<(), Stop> {
    // Which of two arrives first cannot be chosen exactly, so each may be a little ahead, and neither.
    let ahead = [(AHEAD, Duration::ZERO), (Duration::ZERO, AHEAD), (Duration::ZERO, Duration::ZERO)];
    let pairs = ahead.into_iter().cycle().take(10).map(|(end_waits, progress_waits)| async move {
        let job = finished(context, context.main()).await?;
        let progress = copy(&job.callback_at(CallbackState::RUNNING, 1)?);
        let end = copy(&job.callback_at(CallbackState::SUCCESS, 2)?);
        if !progress_waits.is_zero() {
            // Progress on the heels of the end, which has been answered and may still be worked on.
            context.save(2).await;
            context.send_ignoring_response(end).await?;
            context.send_ignoring_response(progress).await?;
            return Ok(("success, and progress the moment it is answered".to_owned(), job));
        }
        context.save(2).await;
        let sent =
            join_all([(progress, progress_waits), (end, end_waits)].map(|(request, wait)| async move {
                context.pause(wait).await;
                context.send_ignoring_response(request).await
            }));
        sent.await.into_iter().collect::<Result<(), Stop>>()?;
        Ok(("progress and success at the same moment".to_owned(), job))
    });
    let jobs: Vec<(String, VendorTask)> = join_all(pairs).await.into_iter().collect::<Result<_, Stop>>()?;
    context.note_unless_each_once(&jobs, Class::Success, context.target.timeouts.settle).await
}

async fn equal_times(context: &ReceiverContext) -> Result<(), Stop> {
    // Of MiniMax's APIs only the second writes times.
    let dialect = context.dialects().iter().copied().find(|dialect| dialect.name == "minimax-v2");
    let dialect = dialect.unwrap_or(context.main());
    let control = told_at(context, dialect, 1).await?;
    if let Err((effect, _)) = context.settles(&control, 1, Class::Success).await? {
        return Err(Stop::NotTestable(format!(
            "progress and success a second apart do not end the job: {}",
            effect.describe()
        )));
    }
    let job = told_at(context, dialect, 0).await?;
    context.note_unless_once(&job, Class::Success, "progress and success with equal times").await
}

/// A job whose progress and success are that many seconds apart.
async fn told_at(
    context: &ReceiverContext,
    dialect: &'static Dialect,
    seconds: i64,
) -> Result<VendorTask, Stop> {
    let job = finished(context, dialect).await?;
    context.send_ignoring_response(copy(&job.callback_at(CallbackState::RUNNING, 0)?)).await?;
    context.send_ignoring_response(copy(&job.callback_at(CallbackState::SUCCESS, seconds)?)).await?;
    Ok(job)
}
