//! Schedules: whatever happens to the callbacks of a job, in the end its work is done once and its state is
//! the true one.

use ringback_reference::receiver::mutants;

use super::check;
use crate::receiver::context::{ReceiverContext, ScheduleRun};
use crate::receiver::schedules::{Event, Random, Schedule, Step, enumerated, is_usual};
use crate::receiver::target::SCHEDULES;
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::search::{self, Minimal};
use crate::run::source::Source;

/// What to change where an entry of this chapter names no remedy of its own.
const REMEDY: &str = "Keep one row for each job; let one atomic step claim its end, do the work only after claiming it, \
         and let nothing that comes later change the row.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
    jobs: 0,
    generated: true,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-SCH-001",
        slug: "up-to-four",
        sentence: "Every schedule of trouble of up to four deliveries converges.",
        why: "Networks repeat, reorder and lose; whichever of it happens, the customer is owed one result, once.",
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[
            mutants::DOUBLE_PROGRESS_HIDES_END,
            mutants::NO_DEDUPE,
            mutants::DEDUPES_BY_ID,
            mutants::REGRESSES,
            mutants::REOPENS,
        ],
        check: check!(up_to_four),
    },
    Requirement {
        id: "RX-SCH-002",
        slug: "longer",
        sentence: "Longer schedules converge.",
        why: "What only happens after many callbacks happens in production first, and nobody can say how.",
        remedy: "Decide about each callback by the job's state alone, never by how many there were before it.",
        terms: TERMS,
        mutants: &[
            mutants::MANY_PROGRESS_HIDES_END,
            mutants::NO_DEDUPE,
            mutants::DEDUPES_BY_ID,
            mutants::REGRESSES,
            mutants::REOPENS,
        ],
        check: check!(longer),
    },
    Requirement {
        id: "RX-SCH-003",
        slug: "with-loss",
        sentence: "Started jobs converge under any schedule, with polling.",
        why: "The page keeps polling as the safety net; a callback that switches it off leaves a job without its end.",
        remedy: "Poll every started job until it has ended, whatever callbacks have come.",
        terms: Terms {
            source: Source::CALLBACKS,
            preconditions: &[
                ReceiverPrecondition::Acks,
                ReceiverPrecondition::Effects,
                ReceiverPrecondition::Gateway,
                ReceiverPrecondition::Starts,
            ],
            ..TERMS
        },
        mutants: &[
            mutants::DUPLICATE_STOPS_POLL,
            mutants::NEVER_POLLS,
            mutants::POLLS_ONCE,
            mutants::POLL_STOPS_AFTER_PROGRESS,
        ],
        check: check!(with_loss),
    },
    Requirement {
        id: "RX-SCH-004",
        slug: "failures",
        sentence: "Schedules that end in failure converge as well.",
        why: "Failures are repeated and overtaken like successes; a second refund or mail is as wrong as a second result.",
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[
            mutants::FAILURE_REOPENS,
            mutants::FAILURE_IGNORED,
            mutants::FAILURE_BELIEVED_SUCCESS,
            mutants::FAILURE_NOT_DEDUPED,
            mutants::NO_DEDUPE,
            mutants::DEDUPES_BY_ID,
            mutants::REGRESSES,
            mutants::REOPENS,
        ],
        check: check!(failures),
    },
];

/// Deliveries of the longest schedules that are enumerated, and of those with polling, where the end may be
/// one more that is lost.
const FEW: usize = 4;
const FEW_WITH_POLLING: usize = 3;

async fn up_to_four(context: &ReceiverContext) -> Result<(), Stop> {
    let all = plays_all(context);
    all_short(context, Event::Success, |schedule| all || is_usual(schedule, FEW)).await
}

async fn failures(context: &ReceiverContext) -> Result<(), Stop> {
    // The same machinery as with success, so less of it is enough.
    let deep = context.target.schedules > SCHEDULES;
    all_short(context, Event::Failure, |schedule| deep || is_usual(schedule, FEW - 1)).await
}

/// Plays the chosen ones of all schedules of up to four deliveries.
async fn all_short(
    context: &ReceiverContext,
    end: Event,
    chosen: impl Fn(&Schedule) -> bool + Send,
) -> Result<(), Stop> {
    let list = enumerated(&events(context, end), Some(end), 1..=FEW);
    judge_all(context, ScheduleRun { end, started: false }, &list, chosen).await
}

async fn with_loss(context: &ReceiverContext) -> Result<(), Stop> {
    let end = Event::Success;
    // The end may well be lost: polling tells it.
    let list: Vec<Schedule> = enumerated(&events(context, end), None, 0..=FEW_WITH_POLLING)
        .into_iter()
        .map(|delivered| {
            let lost = (!delivered.tells(end)).then_some(Step::Lost(end));
            let steps = delivered.steps().iter().copied().chain(lost);
            Schedule::new(steps.chain([Step::Poll(end)]))
        })
        .collect();
    let all = plays_all(context);
    judge_all(context, ScheduleRun { end, started: true }, &list, |schedule| {
        all || is_usual(schedule, FEW_WITH_POLLING)
    })
    .await
}

/// Whether every schedule is played: thousands of them are too many for a receiver that is not to be hurried,
/// unless they are asked for.
fn plays_all(context: &ReceiverContext) -> bool {
    context.target.limits.rate.is_none() || context.target.schedules > SCHEDULES
}

async fn longer(context: &ReceiverContext) -> Result<(), Stop> {
    let end = Event::Success;
    let random = Random { progress: progress(context), end };
    let plot = ScheduleRun { end, started: false };
    let found = search::search(context, random, |schedule| context.diverges(plot, schedule)).await?;
    if let Some(Minimal { fault, at, shrinks, .. }) = found {
        let how = format!("schedule {at} of seed {}, made smaller {shrinks} times", context.seed);
        note(context, fault, &how);
    }
    Ok(())
}

/// Plays the chosen schedules until one does not converge.
async fn judge_all(
    context: &ReceiverContext,
    plot: ScheduleRun,
    list: &[Schedule],
    chosen: impl Fn(&Schedule) -> bool + Send,
) -> Result<(), Stop> {
    let found = search::every(context, list, chosen, |schedule| context.diverges(plot, schedule)).await?;
    if let Some(Minimal { fault, at, .. }) = found {
        note(context, fault, &format!("schedule {at} of {}, none before it fails", list.len()));
    }
    Ok(())
}

fn note(context: &ReceiverContext, fault: Finding, how: &str) {
    context.note(Finding { actual: format!("{} ({how})", fault.actual), ..fault });
}

/// The events on the way that the vendor's callbacks tell, in order.
fn progress(context: &ReceiverContext) -> Vec<Event> {
    let told = context.main().words.iter().filter(|row| row.callback.is_some());
    told.filter_map(|row| Event::of(row.phase)).filter(|event| !event.is_end()).collect()
}

/// The events on the way and an end.
fn events(context: &ReceiverContext, end: Event) -> Vec<Event> {
    let mut all = progress(context);
    all.push(end);
    all
}
