//! Order: callbacks of one job arrive in any order, and lead to the same.
//!
//! Judged by effects. The events of a job are a second apart in their own times unless a check says otherwise.

use std::time::Duration;

use futures_util::future::join_all;
use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::vendor::Dialect;
use ringback_mocks::wire::Request;
use ringback_reference::receiver::defect::Defect;

use super::{SIGNED, check};
use crate::receiver::context::Bench;
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
    source: Source::CALLBACKS.inferred(),
    why: "",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Acks, Need::Effects],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(end_after_progress),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-ORD-001",
        slug: "end-after-progress",
        sentence: "The end is not mistaken for a repetition of the progress.",
        why: "Progress and end carry the same id; whoever has seen the id and stops there loses every result.",
        remedy: "Remember that a job has ended, not that its id has been seen.",
        defects: &[Defect::DedupesById],
        ..COMMON
    },
    Requirement {
        id: "RX-ORD-002",
        slug: "progress-after-end",
        sentence: "Progress that arrives after the end changes nothing.",
        why: "A repeated progress callback overtakes nothing but arrives last; the customer would see a finished job run again.",
        remedy: "Let no state follow an end.",
        defects: &[Defect::Regresses],
        check: check!(progress_after_end),
        ..COMMON
    },
    Requirement {
        id: "RX-ORD-003",
        slug: "end-progress-end",
        sentence: "Progress that arrives late does not reopen the job.",
        why: "An end that is repeated after late progress would be worked on a second time.",
        remedy: "Keep the claim on a job's end apart from the state that is shown, and never give it back.",
        defects: &[Defect::Reopens, Defect::NoDedupe],
        check: check!(end_progress_end),
        ..COMMON
    },
    Requirement {
        id: "RX-ORD-004",
        slug: "permutations",
        sentence: "Every order of a job's callbacks leads to the same.",
        why: "Each callback is a request of its own, and nothing keeps requests in order.",
        remedy: "Let states only move forward: queued, running, ended.",
        defects: &[Defect::DedupesById, Defect::Regresses, Defect::MinimaxWrapperUnknown],
        check: check!(permutations),
        ..COMMON
    },
    Requirement {
        id: "RX-ORD-005",
        slug: "one-end",
        sentence: "A second, different end does no second work.",
        why: "A job that was given up and then finished after all must not be both refunded and delivered.",
        remedy: "Claim the end of a job, not the pair of job and state.",
        scope: Scope::EachOf(SIGNED),
        defects: &[Defect::EachEndWorks, Defect::NoDedupe, Defect::DedupesByNonce, Defect::DedupesByBody],
        check: check!(one_end),
        ..COMMON
    },
    Requirement {
        id: "RX-ORD-006",
        slug: "first-end-stays",
        level: Level::Should,
        sentence: "The first end stays.",
        why: "The work was done for the first end; a state that says otherwise contradicts it.",
        remedy: "Ignore whatever comes after an end, and log it for people.",
        scope: Scope::EachOf(SIGNED),
        defects: &[Defect::LaterEndWins],
        check: check!(first_end_stays),
        ..COMMON
    },
    Requirement {
        id: "RX-ORD-007",
        slug: "at-once",
        sentence: "Progress and end at the same moment lead to the end.",
        why: "Two handlers read the same row; the one that writes last must not undo the other.",
        remedy: "Write a state only where it is a step forward: UPDATE … WHERE NOT ended.",
        defects: &[Defect::LostUpdate, Defect::DedupesById, Defect::Regresses],
        check: check!(at_once),
        ..COMMON
    },
    Requirement {
        id: "RX-ORD-008",
        slug: "equal-times",
        sentence: "Callbacks with equal times are not dropped.",
        why: "Times are in whole seconds, and a short job runs and ends within one.",
        remedy: "Decide by the state, not by whether a time is later.",
        scope: Scope::EachOf(&["kling", "doubao", "minimax"]),
        defects: &[Defect::EqualTimesDropped],
        check: check!(equal_times),
        ..COMMON
    },
];

/// How far the first of two callbacks is ahead of the second, where it is: less than any handler takes that
/// reads, thinks and writes.
const AHEAD: Duration = Duration::from_millis(30);

/// A job that truly ends well, whatever its callbacks say.
async fn finished(bench: &Bench, dialect: &'static Dialect) -> Result<Job, Stop> {
    let job = bench.job_in(dialect).await?;
    bench.back(&job, StubStatus::Finished);
    Ok(job)
}

fn copy(callback: &Callback) -> Request {
    callback.request(Bench::now())
}

/// A success that has had its effect.
async fn worked(bench: &Bench) -> Result<(Job, Callback), Stop> {
    let job = finished(bench, bench.main()).await?;
    let success = job.callback_at(Says::SUCCESS, 2)?;
    bench.send_ignoring_response(copy(&success)).await?;
    match bench.settles(&job, 1, Class::Success).await? {
        Ok(()) => Ok((job, success)),
        Err((effect, _)) => {
            Err(Stop::NotTestable(format!("a success alone did not do its work once: {}", effect.told())))
        }
    }
}

async fn end_after_progress(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    bench.deliver(&job, Says::RUNNING).await?;
    let success = job.callback_at(Says::SUCCESS, 1)?;
    bench.back(&job, StubStatus::Finished);
    bench.send_ignoring_response(copy(&success)).await?;
    bench.note_unless_once(&job, Class::Success, "progress, then success").await
}

async fn progress_after_end(bench: &Bench) -> Result<(), Stop> {
    let (job, _) = worked(bench).await?;
    bench.send_ignoring_response(copy(&job.callback_at(Says::RUNNING, 1)?)).await?;
    bench.let_settle().await?;
    bench.note_unless_stays(&job, 1, Class::Success, "success, then progress").await
}

async fn end_progress_end(bench: &Bench) -> Result<(), Stop> {
    let job = finished(bench, bench.main()).await?;
    let success = copy(&job.callback_at(Says::SUCCESS, 2)?);
    bench.send_ignoring_response(success.clone()).await?;
    bench.send_ignoring_response(copy(&job.callback_at(Says::RUNNING, 1)?)).await?;
    bench.send_ignoring_response(success).await?;
    bench.let_settle().await?;
    bench.note_unless_counted(&job, 1, "success, late progress, and the same success again").await
}

async fn permutations(bench: &Bench) -> Result<(), Stop> {
    let mut dialects = vec![bench.main()];
    dialects.extend(bench.dialects().iter().copied().filter(|dialect| dialect.name == "minimax-v2"));
    let mut orders = Vec::new();
    for dialect in dialects {
        let mut words = bench.blue(dialect)?.progress();
        words.push(Says::SUCCESS);
        orders.extend(every_order(words.len()).into_iter().map(|order| (dialect, words.clone(), order)));
    }
    let played = orders.into_iter().map(|(dialect, words, order)| async move {
        let job = finished(bench, dialect).await?;
        let mut told = Vec::new();
        for place in order {
            let seconds = i64::try_from(place).unwrap_or_default();
            let callback = job.callback_at(words[place], seconds)?;
            bench.send_ignoring_response(copy(&callback)).await?;
            told.push(callback.word);
        }
        Ok((format!("{} of {}", told.join(", "), dialect.name), job))
    });
    let jobs: Vec<(String, Job)> = join_all(played).await.into_iter().collect::<Result<_, Stop>>()?;
    bench.note_unless_each_once(&jobs, Class::Success, bench.target.patience.settle).await
}

/// Every order of so many things, the usual one first.
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

async fn one_end(bench: &Bench) -> Result<(), Stop> {
    let (job, _) = worked(bench).await?;
    bench.send_ignoring_response(copy(&job.callback_at(Says::FAILURE, 3)?)).await?;
    bench.let_settle().await?;
    bench.note_unless_counted(&job, 1, "success, then failure").await
}

async fn first_end_stays(bench: &Bench) -> Result<(), Stop> {
    let (job, _) = worked(bench).await?;
    bench.send_ignoring_response(copy(&job.callback_at(Says::FAILURE, 3)?)).await?;
    bench.let_settle().await?;
    let (effect, exchange) = bench.effect(&job).await?;
    if effect.class != Class::Success {
        let finding = Finding::new("the state still a success after success, then failure", effect.told());
        bench.note(match exchange {
            Some(exchange) => finding.seen_in(&exchange),
            None => finding,
        });
    }
    Ok(())
}

async fn at_once(bench: &Bench) -> Result<(), Stop> {
    // Which of two arrives first cannot be chosen exactly, so each may be a little ahead, and neither.
    let ahead = [(AHEAD, Duration::ZERO), (Duration::ZERO, AHEAD), (Duration::ZERO, Duration::ZERO)];
    let pairs = ahead.into_iter().cycle().take(10).map(|(end_waits, progress_waits)| async move {
        let job = finished(bench, bench.main()).await?;
        let progress = copy(&job.callback_at(Says::RUNNING, 1)?);
        let end = copy(&job.callback_at(Says::SUCCESS, 2)?);
        if !progress_waits.is_zero() {
            // Progress on the heels of the end, which has been answered and may still be worked on.
            bench.save(2).await;
            bench.send_ignoring_response(end).await?;
            bench.send_ignoring_response(progress).await?;
            return Ok(("success, and progress the moment it is answered".to_owned(), job));
        }
        bench.save(2).await;
        let sent =
            join_all([(progress, progress_waits), (end, end_waits)].map(|(request, wait)| async move {
                bench.pause(wait).await;
                bench.send_ignoring_response(request).await
            }));
        sent.await.into_iter().collect::<Result<(), Stop>>()?;
        Ok(("progress and success at the same moment".to_owned(), job))
    });
    let jobs: Vec<(String, Job)> = join_all(pairs).await.into_iter().collect::<Result<_, Stop>>()?;
    bench.note_unless_each_once(&jobs, Class::Success, bench.target.patience.settle).await
}

async fn equal_times(bench: &Bench) -> Result<(), Stop> {
    // Of MiniMax's APIs only the second writes times.
    let dialect = bench.dialects().iter().copied().find(|dialect| dialect.name == "minimax-v2");
    let dialect = dialect.unwrap_or(bench.main());
    let twin = told_at(bench, dialect, 1).await?;
    if let Err((effect, _)) = bench.settles(&twin, 1, Class::Success).await? {
        return Err(Stop::NotTestable(format!(
            "progress and success a second apart do not end the job: {}",
            effect.told()
        )));
    }
    let job = told_at(bench, dialect, 0).await?;
    bench.note_unless_once(&job, Class::Success, "progress and success with equal times").await
}

/// A job whose progress and success are so many seconds apart.
async fn told_at(bench: &Bench, dialect: &'static Dialect, seconds: i64) -> Result<Job, Stop> {
    let job = finished(bench, dialect).await?;
    bench.send_ignoring_response(copy(&job.callback_at(Says::RUNNING, 0)?)).await?;
    bench.send_ignoring_response(copy(&job.callback_at(Says::SUCCESS, seconds)?)).await?;
    Ok(job)
}
