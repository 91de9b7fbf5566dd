//! When attempts are made, as a pure machine on a clock that is passed in.
//!
//! Deliveries go in, attempts come out when they are due, and answers go back in; what follows from
//! an answer is decided here. First attempts of a task leave in the order of its events, each when the
//! one before it was answered or failed, unless trouble says otherwise. No sockets, no clock and no
//! randomness but the seed, so a plan of three days is played through in a moment.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, Letter, Ticket};
use crate::trouble::Moment;

/// Tasks whose events are counted at most; the oldest are forgotten first. Only tasks with trouble
/// are counted at all.
const TASKS_COUNTED: usize = 100_000;

/// All deliveries that are not over.
#[derive(Debug, Default)]
pub struct Schedule {
    seed: u64,
    made: u64,
    pending: HashMap<Ticket, Pending>,
    due: BinaryHeap<Reverse<(Timestamp, Ticket)>>,
    lines: HashMap<Task, Line>,
    counts: Counts,
}

/// A delivery that is not over, or a copy of one. There may be many: it stays small.
#[derive(Debug)]
struct Pending {
    letter: Arc<Letter>,
    /// The ticket of the event's first attempt.
    origin: Ticket,
    event: u32,
    /// Copies of the event, which are numbered before its repetitions.
    copies: u16,
    /// Which copy this is; zero for the delivery itself.
    copy: u16,
    /// Repetitions so far.
    repeated: u32,
    place: Place,
    /// Whether an attempt was taken and not reported yet.
    out: bool,
}

/// Where a pending delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In its task's line, waiting for its first attempt or for the answer to it.
    Line,
    /// On its own.
    Free,
}

impl Pending {
    fn number(&self) -> u32 {
        let before = if self.repeated == 0 { self.copy } else { self.copies };
        1 + u32::from(before) + self.repeated
    }

    fn moment(&self) -> Moment<'_> {
        self.letter.moment(self.event, self.number())
    }
}

/// A task, named by any of its letters, so that no name is copied.
#[derive(Debug)]
struct Task(Arc<Letter>);

impl Task {
    fn name(&self) -> (&'static str, &str) {
        (self.0.delivery.vendor.name(), &self.0.delivery.task)
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Task {}

impl std::hash::Hash for Task {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// Who waits for whom in a task.
#[derive(Debug)]
enum Line {
    /// One event is on its way and nobody waits: nearly always so, and then small.
    Lone(Ticket),
    /// Anything else.
    Queue(Box<Queue>),
}

/// The events of a task whose first attempts are not over, in the order in which they leave.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Ticket>,
    /// The one that waits to be overtaken by the next event.
    held: Option<Ticket>,
    /// Whether the front has left, or has a time to leave at.
    moving: bool,
    /// Held to leave together, and of how many events they are.
    gathered: Vec<Ticket>,
    events: u16,
}

impl From<Line> for Queue {
    fn from(line: Line) -> Self {
        match line {
            Line::Lone(ticket) => Self { waiting: [ticket].into(), moving: true, ..Self::default() },
            Line::Queue(queue) => *queue,
        }
    }
}

impl Schedule {
    /// An empty schedule; nonces follow from the seed.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// How many deliveries and copies are not over.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether all are over.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// When the next attempt is due.
    pub fn due(&self) -> Option<Timestamp> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes in a delivery.
    pub fn add(&mut self, letter: impl Into<Letter>, now: Timestamp) {
        let letter = Arc::new(letter.into());
        let event = if letter.trouble().is_some() { self.counts.next(&letter) } else { 1 };
        let moment = letter.moment(event, 1);
        let copies = letter.trouble().map_or(0, |trouble| trouble.copies(moment));
        let burst = letter.trouble().and_then(|trouble| trouble.burst(moment));
        let origin = Ticket(self.made);
        let group: Vec<Ticket> =
            (0..=copies).map(|copy| self.register(&letter, origin, event, copies, copy)).collect();
        let mut line = self.lines.remove(&Task(Arc::clone(&letter))).map_or_else(Queue::default, Queue::from);
        if burst.is_some() {
            line.gathered.extend(&group);
            line.events += 1;
        } else {
            self.line_up(&mut line, &group);
        }
        let enough = burst.flatten().is_some_and(|many| line.events >= many);
        if letter.delivery.terminal || enough {
            self.burst(&mut line, now);
        }
        self.advance(&mut line, now);
        self.keep(letter, line);
    }

    /// The next attempt to make, if one is due.
    pub fn take(&mut self, now: Timestamp) -> Option<Attempt> {
        loop {
            let Reverse((_, ticket)) = *self.due.peek().filter(|Reverse((at, _))| *at <= now)?;
            self.due.pop();
            if let Some(pending) = self.pending.get_mut(&ticket) {
                pending.out = true;
                return Some(Attempt {
                    ticket,
                    letter: Arc::clone(&pending.letter),
                    event: pending.event,
                    number: pending.number(),
                    copy: pending.copy > 0,
                    at: now,
                    seed: self.seed.wrapping_add(pending.origin.0.wrapping_mul(NONCES)),
                });
            }
        }
    }

    /// Takes note of what an attempt came to: the status of the answer, or none. What counts as
    /// delivered is undocumented everywhere; 2xx is the field's convention.
    pub fn report(&mut self, ticket: Ticket, status: Option<u16>, now: Timestamp) {
        let Some(pending) = self.pending.get_mut(&ticket).filter(|pending| pending.out) else { return };
        pending.out = false;
        let letter = Arc::clone(&pending.letter);
        let heard = !letter.trouble().is_some_and(|trouble| trouble.loses_answer(pending.moment()));
        let acknowledged = heard && matches!(status, Some(200..=299));
        let was = std::mem::replace(&mut pending.place, Place::Free);
        let pause = letter.delivery.retries.get(pending.repeated as usize);
        match pause.filter(|_| !acknowledged && pending.copy == 0) {
            Some(pause) => {
                pending.repeated += 1;
                self.plan(ticket, later(now, *pause));
            }
            None => {
                let over = self.pending.remove(&ticket);
                if letter.delivery.terminal && over.is_some_and(|pending| pending.copy == 0) {
                    self.counts.forget(&letter);
                }
            }
        }
        if was == Place::Line
            && let Some(Line::Queue(mut line)) = self.lines.remove(&Task(Arc::clone(&letter)))
        {
            line.waiting.pop_front();
            line.moving = false;
            self.advance(&mut line, now);
            self.keep(letter, *line);
        }
    }

    /// Lets go what waits for further events, because none will come.
    pub fn release(&mut self, now: Timestamp) {
        for (Task(letter), line) in std::mem::take(&mut self.lines) {
            let mut line = Queue::from(line);
            line.held = None;
            self.burst(&mut line, now);
            self.advance(&mut line, now);
            self.keep(letter, line);
        }
    }

    /// Forgets everything that is not over. Tickets go on, so that a late report is about nothing.
    pub fn clear(&mut self) {
        *self = Self { seed: self.seed, made: self.made, ..Self::default() };
    }

    fn register(
        &mut self,
        letter: &Arc<Letter>,
        origin: Ticket,
        event: u32,
        copies: u16,
        copy: u16,
    ) -> Ticket {
        let ticket = Ticket(self.made);
        self.made += 1;
        let letter = Arc::clone(letter);
        let pending =
            Pending { letter, origin, event, copies, copy, repeated: 0, place: Place::Free, out: false };
        self.pending.insert(ticket, pending);
        ticket
    }

    /// Puts an event and its copies into the line: at its end, or before the one that waits to be
    /// overtaken.
    fn line_up(&mut self, line: &mut Queue, group: &[Ticket]) {
        let held = line.held.take();
        let first = line.waiting.iter().position(|one| Some(*one) == held).unwrap_or(line.waiting.len());
        for (at, ticket) in (first..).zip(group) {
            line.waiting.insert(at, *ticket);
            let Some(pending) = self.pending.get_mut(ticket) else { continue };
            pending.place = Place::Line;
            let overtaken = pending.letter.trouble().is_some_and(|it| it.is_overtaken(pending.moment()));
            if line.held.is_none() && overtaken {
                line.held = Some(*ticket);
            }
        }
    }

    /// Lets everything leave that was held for leaving together.
    fn burst(&mut self, line: &mut Queue, now: Timestamp) {
        line.events = 0;
        if !line.gathered.is_empty() {
            // They overtake the one that waits for that, and nothing else may follow.
            line.held = None;
        }
        for ticket in std::mem::take(&mut line.gathered) {
            self.plan(ticket, now);
        }
    }

    /// Lets the front of a line leave, unless it is on its way already or waits.
    fn advance(&mut self, line: &mut Queue, now: Timestamp) {
        if let Some(front) = line.waiting.front().filter(|_| !line.moving)
            && line.held != Some(*front)
        {
            line.moving = true;
            self.plan(*front, now);
        }
    }

    fn plan(&mut self, ticket: Ticket, at: Timestamp) {
        let Some(pending) = self.pending.get(&ticket) else { return };
        let delay = pending.letter.trouble().map_or(Duration::ZERO, |it| it.delay(pending.moment()));
        self.due.push(Reverse((later(at, delay), ticket)));
    }

    fn keep(&mut self, letter: Arc<Letter>, line: Queue) {
        let line = match (line.waiting.len(), line.gathered.is_empty()) {
            (0, true) => return,
            (1, true) if line.moving => Line::Lone(line.waiting[0]),
            _ => Line::Queue(Box::new(line)),
        };
        self.lines.insert(Task(letter), line);
    }
}

/// Nonce seeds apart for each event: more than an event can have attempts.
const NONCES: u64 = 1 << 20;

/// Saturates: an attempt planned beyond the end of time is never made.
fn later(at: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    at.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// How many events tasks with trouble have had.
#[derive(Debug, Default)]
struct Counts {
    of: HashMap<(&'static str, Box<str>), u32>,
    order: VecDeque<(&'static str, Box<str>)>,
}

impl Counts {
    fn next(&mut self, letter: &Letter) -> u32 {
        match self.of.entry(key(letter)) {
            Entry::Occupied(mut count) => {
                *count.get_mut() += 1;
                *count.get()
            }
            Entry::Vacant(vacant) => {
                self.order.push_back(vacant.key().clone());
                vacant.insert(1);
                if self.order.len() > TASKS_COUNTED
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.of.remove(&oldest);
                }
                1
            }
        }
    }

    fn forget(&mut self, letter: &Letter) {
        if letter.trouble().is_some() {
            self.of.remove(&key(letter));
        }
    }
}

fn key(letter: &Letter) -> (&'static str, Box<str>) {
    (letter.delivery.vendor.name(), letter.delivery.task.as_str().into())
}
