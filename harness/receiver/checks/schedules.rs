//! Schedules: whatever happens to the callbacks of a job, in the end its work is done once and its state is
//! the true one.

use ringback_reference::receiver::mutants;

use super::check;
use crate::catalogue::{Requirement, Scope, Source};
use crate::generate::{self, Minimal};
use crate::outcome::{Finding, Level, Stop};
use crate::receiver::bench::{Bench, Plot};
use crate::receiver::schedule::{Event, Random, Schedule, Step, enumerated, is_usual};
use crate::receiver::target::SCHEDULES;
use crate::receiver::{Need, Receiver};

/// What every entry of this chapter has in common.
const COMMON: Requirement<Receiver> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "Networks repeat, reorder and lose; whichever of it happens, the customer is owed one result, once.",
    remedy: "Keep one row for each job; let one atomic step claim its end, do the work for whoever claimed it, \
             and let nothing that comes later change the row.",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Acks, Need::Effects],
    jobs: 0,
    generated: true,
    defects: &[],
    check: check!(up_to_four),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-SCH-001",
        slug: "up-to-four",
        sentence: "Every schedule of trouble of up to four deliveries converges.",
        defects: &[
            mutants::DOUBLE_PROGRESS_HIDES_END,
            mutants::NO_DEDUPE,
            mutants::DEDUPES_BY_ID,
            mutants::REGRESSES,
            mutants::REOPENS,
        ],
        check: check!(up_to_four),
        ..COMMON
    },
    Requirement {
        id: "RX-SCH-002",
        slug: "longer",
        sentence: "Longer schedules converge.",
        why: "What only happens after many callbacks happens in production first, and nobody can say how.",
        remedy: "Decide about each callback by the job's state alone, never by how many there were before it.",
        defects: &[
            mutants::MANY_PROGRESS_HIDES_END,
            mutants::NO_DEDUPE,
            mutants::DEDUPES_BY_ID,
            mutants::REGRESSES,
            mutants::REOPENS,
        ],
        check: check!(longer),
        ..COMMON
    },
    Requirement {
        id: "RX-SCH-003",
        slug: "with-loss",
        sentence: "Started jobs converge under any schedule, with polling.",
        source: Source::CALLBACKS,
        why: "The page keeps polling as the safety net; a callback that switches it off leaves a job without its end.",
        remedy: "Poll every started job until it has ended, whatever callbacks have come.",
        needs: &[Need::Acks, Need::Effects, Need::Gateway, Need::Starts],
        defects: &[
            mutants::DUPLICATE_STOPS_POLL,
            mutants::NEVER_POLLS,
            mutants::POLLS_ONCE,
            mutants::POLL_STOPS_AFTER_PROGRESS,
        ],
        check: check!(with_loss),
        ..COMMON
    },
    Requirement {
        id: "RX-SCH-004",
        slug: "failures",
        sentence: "Schedules that end in failure converge as well.",
        why: "Failures are repeated and overtaken like successes; a second refund or mail is as wrong as a second result.",
        defects: &[
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
        ..COMMON
    },
];

/// Deliveries of the longest schedules that are enumerated, and of those with polling, where the end may be
/// one more that is lost.
const FEW: usize = 4;
const FEW_WITH_POLLING: usize = 3;

async fn up_to_four(bench: &Bench) -> Result<(), Stop> {
    let all = plays_all(bench);
    all_short(bench, Event::Success, |schedule| all || is_usual(schedule, FEW)).await
}

async fn failures(bench: &Bench) -> Result<(), Stop> {
    // The same machinery as with success, so less of it is enough.
    let deep = bench.target.schedules > SCHEDULES;
    all_short(bench, Event::Failure, |schedule| deep || is_usual(schedule, FEW - 1)).await
}

/// Plays the chosen ones of all schedules of up to four deliveries.
async fn all_short(bench: &Bench, end: Event, chosen: impl Fn(&Schedule) -> bool + Send) -> Result<(), Stop> {
    let list = enumerated(&events(bench, end), Some(end), 1..=FEW);
    judge_all(bench, Plot { end, started: false }, &list, chosen).await
}

async fn with_loss(bench: &Bench) -> Result<(), Stop> {
    let end = Event::Success;
    // The end may well be lost: polling tells it.
    let list: Vec<Schedule> = enumerated(&events(bench, end), None, 0..=FEW_WITH_POLLING)
        .into_iter()
        .map(|delivered| {
            let lost = (!delivered.tells(end)).then_some(Step::Lost(end));
            let steps = delivered.steps().iter().copied().chain(lost);
            Schedule::new(steps.chain([Step::Poll(end)]))
        })
        .collect();
    let all = plays_all(bench);
    judge_all(bench, Plot { end, started: true }, &list, |schedule| {
        all || is_usual(schedule, FEW_WITH_POLLING)
    })
    .await
}

/// Whether every schedule is played: thousands of them are too many for a receiver that is not to be hurried,
/// unless somebody asks for them.
fn plays_all(bench: &Bench) -> bool {
    bench.target.limits.rate.is_none() || bench.target.schedules > SCHEDULES
}

async fn longer(bench: &Bench) -> Result<(), Stop> {
    let end = Event::Success;
    let random = Random { progress: progress(bench), end };
    let plot = Plot { end, started: false };
    let found = generate::search(bench, random, |schedule| bench.diverges(plot, schedule)).await?;
    if let Some(Minimal { fault, at, shrinks, .. }) = found {
        let how = format!("schedule {at} of seed {}, made smaller {shrinks} times", bench.seed);
        note(bench, fault, &how);
    }
    Ok(())
}

/// Plays the chosen schedules until one does not converge.
async fn judge_all(
    bench: &Bench,
    plot: Plot,
    list: &[Schedule],
    chosen: impl Fn(&Schedule) -> bool + Send,
) -> Result<(), Stop> {
    let found = generate::every(bench, list, chosen, |schedule| bench.diverges(plot, schedule)).await?;
    if let Some(Minimal { fault, at, .. }) = found {
        note(bench, fault, &format!("schedule {at} of {}, none before it fails", list.len()));
    }
    Ok(())
}

fn note(bench: &Bench, fault: Finding, how: &str) {
    bench.note(Finding { actual: format!("{} ({how})", fault.actual), ..fault });
}

/// The events on the way that the vendor's callbacks tell, in order.
fn progress(bench: &Bench) -> Vec<Event> {
    let told = bench.main().words.iter().filter(|row| row.callback.is_some());
    told.filter_map(|row| Event::of(row.phase)).filter(|event| !event.is_end()).collect()
}

/// The same and an end.
fn events(bench: &Bench, end: Event) -> Vec<Event> {
    let mut all = progress(bench);
    all.push(end);
    all
}
