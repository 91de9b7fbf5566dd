//! Which schedules there are: all short ones, random long ones, and the smaller ones of each.
//!
//! Pure. The order of [`enumerated`] is what replay ids count by: adding steps means other ids.

use std::collections::BTreeSet;

use proptest::bool;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::{Index, select};
use proptest::strategy::{NewTree, ValueTree};
use proptest::test_runner::TestRunner;

use super::{Event, Schedule, Step};

/// Deliveries of a random schedule.
const LONG: std::ops::RangeInclusive<usize> = 5..=12;
/// Progress before the first end in every second random schedule.
const LATE: std::ops::RangeInclusive<usize> = 7..=9;

/// Every schedule over these events, of that many deliveries, that tells the one demanded; the shortest first,
/// and those with less trouble before those with more.
pub fn enumerated(
    events: &[Event],
    demanded: Option<Event>,
    deliveries: std::ops::RangeInclusive<usize>,
) -> Vec<Schedule> {
    // What can be done with each number of deliveries.
    let mut by_deliveries: Vec<BTreeSet<Schedule>> = vec![BTreeSet::from([Schedule::new([])])];
    for count in 1..=*deliveries.end() {
        let mut all = BTreeSet::new();
        for (back, steps) in [(1, alone(events)), (2, at_once(events))] {
            let Some(shorter) = count.checked_sub(back).and_then(|at| by_deliveries.get(at)) else {
                continue;
            };
            for schedule in shorter {
                for step in &steps {
                    all.insert(Schedule::new(schedule.steps().iter().copied().chain([*step])));
                }
            }
        }
        by_deliveries.push(all);
    }
    let mut all: Vec<Schedule> = by_deliveries.into_iter().skip(*deliveries.start()).flatten().collect();
    all.retain(|one| demanded.is_none_or(|event| one.tells(event)));
    all.sort_by_key(|schedule| (schedule.deliveries(), schedule.troubles()));
    all
}

/// Whether an enumerated schedule of at most `most` deliveries is played in every run: all that only
/// repeat, reorder and lose, and one more trouble in all that are shorter than the longest.
pub fn is_usual(schedule: &Schedule, most: usize) -> bool {
    match schedule.troubles() {
        0 => true,
        1 => schedule.deliveries() < most,
        _ => false,
    }
}

fn alone(events: &[Event]) -> Vec<Step> {
    events.iter().flat_map(|event| [Step::Deliver(*event, 1), Step::AckLost(*event)]).collect()
}

fn at_once(events: &[Event]) -> Vec<Step> {
    let pairs =
        events.iter().enumerate().flat_map(|(at, one)| events[at..].iter().map(move |other| (one, other)));
    pairs.map(|(one, other)| Step::AtOnce(*one, *other)).collect()
}

/// Random schedules of five to twelve deliveries that tell the end.
#[derive(Clone, Debug)]
pub struct Random {
    /// Events on the way.
    pub progress: Vec<Event>,
    /// How the job ends.
    pub end: Event,
}

impl Random {
    fn drawn(&self, runner: &mut TestRunner) -> Result<Schedule, proptest::test_runner::Reason> {
        let every: Vec<Event> = self.progress.iter().copied().chain([self.end]).collect();
        let step =
            (select(every.clone()), select(every), 0_u8..8).prop_map(|(one, other, manner)| match manner {
                0 => Step::AckLost(one),
                1 => Step::AtOnce(one, other),
                _ => Step::Deliver(one, 1),
            });
        let drawn = (
            vec(step, *LONG.end()),
            vec(select(self.progress.clone()), LATE),
            LONG,
            any::<Index>(),
            bool::ANY,
        );
        let (steps, before, length, place, late) = drawn.new_tree(runner)?.current();
        let end = Step::Deliver(self.end, 1);
        let mut all: Vec<Step> = Vec::new();
        if late {
            all.extend(before.into_iter().map(|event| Step::Deliver(event, 1)));
            all.push(end);
        }
        let length = length.max(all.len());
        for step in steps {
            let room = length - usize::from(!late);
            let used: usize = all.iter().map(|step| step.deliveries()).sum();
            match step {
                _ if used >= room => break,
                // Two do not fit any more.
                Step::AtOnce(one, _) if used + 1 == room => all.push(Step::Deliver(one, 1)),
                step => all.push(step),
            }
        }
        if !late {
            all.insert(place.index(all.len() + 1), end);
        }
        Ok(Schedule::new(all))
    }
}

impl Strategy for Random {
    type Tree = Shrinking;
    type Value = Schedule;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shrinking::new(self.drawn(runner)?, self.end))
    }
}

/// A schedule on its way to the smallest one that is still wrong.
#[derive(Clone, Debug)]
pub struct Shrinking {
    end: Event,
    /// The smallest found wrong so far.
    best: Schedule,
    /// What is smaller than it and has not been tried, the next one last.
    untried: Vec<Schedule>,
    current: Schedule,
}

impl Shrinking {
    /// Begins with a schedule that may turn out to be wrong.
    pub fn new(schedule: Schedule, end: Event) -> Self {
        Self { end, best: schedule.clone(), untried: Vec::new(), current: schedule }
    }

    fn next(&mut self) -> bool {
        match self.untried.pop() {
            Some(smaller) => {
                self.current = smaller;
                true
            }
            None => {
                self.current = self.best.clone();
                false
            }
        }
    }
}

impl ValueTree for Shrinking {
    type Value = Schedule;

    fn current(&self) -> Schedule {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        self.best = self.current.clone();
        self.untried = self.best.smaller(self.end);
        self.untried.reverse();
        self.next()
    }

    fn complicate(&mut self) -> bool {
        self.next()
    }
}

impl Schedule {
    /// How much there is to understand: what shrinking makes less.
    pub fn size(&self) -> (usize, usize, usize) {
        let weight = |step: &Step| match step {
            Step::Deliver(_, times) => 2 * usize::from(*times),
            Step::AckLost(_) => 3,
            Step::AtOnce(..) => 5,
            Step::Lost(_) | Step::Poll(_) => 1,
        };
        let queued = |step: &&Step| matches!(step, Step::Deliver(Event::Queued, _));
        (self.0.iter().map(weight).sum(), self.0.len(), self.0.iter().filter(queued).count())
    }

    /// Every schedule that is one move smaller and still tells the end, the boldest moves first.
    pub fn smaller(&self, end: Event) -> Vec<Self> {
        let flat = self.flat();
        let mut all = Vec::new();
        let mut length = flat.len() / 2;
        while length > 0 {
            // The end comes late as a rule, so what is before it goes first.
            for from in (0..=flat.len() - length).step_by(length) {
                let mut fewer = flat.clone();
                fewer.drain(from..from + length);
                all.push(fewer);
            }
            length /= 2;
        }
        all.push(flat.iter().map(|step| with_event(*step, Event::Queued, Event::Running)).collect());
        for (at, step) in flat.iter().enumerate() {
            let simpler: Vec<Vec<Step>> = match *step {
                Step::AckLost(event) => vec![vec![Step::Deliver(event, 1)]],
                Step::AtOnce(one, other) => vec![
                    vec![Step::Deliver(one, 1)],
                    vec![Step::Deliver(other, 1)],
                    vec![Step::Deliver(one, 1), Step::Deliver(other, 1)],
                ],
                Step::Deliver(..) => match at.checked_sub(1).and_then(|before| flat.get(before)) {
                    Some(before @ Step::Deliver(..)) => vec![vec![*before]],
                    _ => Vec::new(),
                },
                Step::Lost(_) | Step::Poll(_) => Vec::new(),
            };
            all.extend(simpler.into_iter().map(|instead| {
                let mut other = flat.clone();
                other.splice(at..=at, instead);
                other
            }));
        }
        let mut known = BTreeSet::new();
        all.into_iter()
            .map(Self::new)
            .filter(|one| one.size() < self.size() && one.tells(end))
            .filter(|one| known.insert(one.clone()))
            .collect()
    }
}

fn with_event(step: Step, from: Event, to: Event) -> Step {
    match step {
        Step::Deliver(event, times) if event == from => Step::Deliver(to, times),
        other => other,
    }
}
