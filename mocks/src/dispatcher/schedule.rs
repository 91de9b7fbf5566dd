//! When attempts are made, as a pure machine on a clock that is passed in.
//!
//! Deliveries go in, attempts come out when they are due, and answers go back in; what follows from
//! an answer is decided here. First attempts of a task leave in the order of its events, each when the
//! one before it was answered or failed, unless a fault says otherwise. No sockets, no clock and no
//! randomness but the seed, so a plan of three days is played through in a moment.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, DeliveryId, PreparedDelivery};
use crate::delivery_faults::AttemptContext;

/// Tasks whose events are counted at most; the oldest are forgotten first. Only tasks with faults
/// are counted at all.
const TASKS_COUNTED: usize = 100_000;

/// All deliveries that are not over.
#[derive(Debug, Default)]
pub struct DeliveryScheduler {
    seed: u64,
    made: u64,
    pending: HashMap<DeliveryId, Pending>,
    due: BinaryHeap<Reverse<(Timestamp, DeliveryId)>>,
    queues: HashMap<TaskKey, TaskQueue>,
    counts: Counts,
}

/// A delivery that is not over, or a copy of one. There may be many: it stays small.
#[derive(Debug)]
struct Pending {
    prepared: Arc<PreparedDelivery>,
    /// The id of the event's first attempt.
    origin: DeliveryId,
    event: u32,
    /// Copies of the event, which are numbered before its repetitions.
    copies: u16,
    /// Which copy this is; zero for the delivery itself.
    copy: u16,
    /// Repetitions so far.
    repeated: u32,
    position: Position,
    /// Whether an attempt was taken and not reported yet.
    out: bool,
}

/// Where a pending delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// In its task's queue, waiting for its first attempt or for the answer to it.
    Queued,
    /// On its own.
    Free,
}

impl Pending {
    fn number(&self) -> u32 {
        let before = if self.repeated == 0 { self.copy } else { self.copies };
        1 + u32::from(before) + self.repeated
    }

    fn context(&self) -> AttemptContext<'_> {
        self.prepared.context(self.event, self.number())
    }
}

/// A task, named by any of its deliveries, so that no name is copied.
#[derive(Debug)]
struct TaskKey(Arc<PreparedDelivery>);

impl TaskKey {
    fn name(&self) -> (&'static str, &str) {
        (self.0.delivery.vendor.name(), &self.0.delivery.task)
    }
}

impl PartialEq for TaskKey {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for TaskKey {}

impl std::hash::Hash for TaskKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// Who waits for whom in a task.
#[derive(Debug)]
enum TaskQueue {
    /// One event is on its way and nobody waits: nearly always so, and then small.
    Lone(DeliveryId),
    /// Anything else.
    Long(Box<LongQueue>),
}

/// The events of a task whose first attempts are not over, in the order in which they leave.
#[derive(Debug, Default)]
struct LongQueue {
    waiting: VecDeque<DeliveryId>,
    /// The one that waits to be overtaken by the next event.
    held: Option<DeliveryId>,
    /// Whether the front has left, or has a time to leave at.
    moving: bool,
    /// Held to leave together, and of how many events they are.
    gathered: Vec<DeliveryId>,
    events: u16,
}

impl From<TaskQueue> for LongQueue {
    fn from(queue: TaskQueue) -> Self {
        match queue {
            TaskQueue::Lone(id) => Self { waiting: [id].into(), moving: true, ..Self::default() },
            TaskQueue::Long(queue) => *queue,
        }
    }
}

impl DeliveryScheduler {
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
    pub fn add(&mut self, prepared: impl Into<PreparedDelivery>, now: Timestamp) {
        let prepared = Arc::new(prepared.into());
        let event = if prepared.delivery_faults().is_some() { self.counts.next(&prepared) } else { 1 };
        let moment = prepared.context(event, 1);
        let copies = prepared.delivery_faults().map_or(0, |delivery_faults| delivery_faults.copies(moment));
        let burst = prepared.delivery_faults().and_then(|delivery_faults| delivery_faults.burst(moment));
        let origin = DeliveryId(self.made);
        let group: Vec<DeliveryId> =
            (0..=copies).map(|copy| self.register(&prepared, origin, event, copies, copy)).collect();
        let mut queue = self
            .queues
            .remove(&TaskKey(Arc::clone(&prepared)))
            .map_or_else(LongQueue::default, LongQueue::from);
        if burst.is_some() {
            queue.gathered.extend(&group);
            queue.events += 1;
        } else {
            self.line_up(&mut queue, &group);
        }
        let enough = burst.flatten().is_some_and(|many| queue.events >= many);
        if prepared.delivery.terminal || enough {
            self.burst(&mut queue, now);
        }
        self.advance(&mut queue, now);
        self.keep(prepared, queue);
    }

    /// The next attempt to make, if one is due.
    pub fn take(&mut self, now: Timestamp) -> Option<Attempt> {
        loop {
            let Reverse((_, id)) = *self.due.peek().filter(|Reverse((at, _))| *at <= now)?;
            self.due.pop();
            if let Some(pending) = self.pending.get_mut(&id) {
                pending.out = true;
                return Some(Attempt {
                    id,
                    prepared: Arc::clone(&pending.prepared),
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
    pub fn report(&mut self, id: DeliveryId, status: Option<u16>, now: Timestamp) {
        let Some(pending) = self.pending.get_mut(&id).filter(|pending| pending.out) else { return };
        pending.out = false;
        let prepared = Arc::clone(&pending.prepared);
        let heard = !prepared
            .delivery_faults()
            .is_some_and(|delivery_faults| delivery_faults.loses_answer(pending.context()));
        let acknowledged = heard && matches!(status, Some(200..=299));
        let was = std::mem::replace(&mut pending.position, Position::Free);
        let pause = prepared.delivery.retries.get(pending.repeated as usize);
        match pause.filter(|_| !acknowledged && pending.copy == 0) {
            Some(pause) => {
                pending.repeated += 1;
                self.plan(id, later(now, *pause));
            }
            None => {
                let over = self.pending.remove(&id);
                if prepared.delivery.terminal && over.is_some_and(|pending| pending.copy == 0) {
                    self.counts.forget(&prepared);
                }
            }
        }
        if was == Position::Queued
            && let Some(TaskQueue::Long(mut queue)) = self.queues.remove(&TaskKey(Arc::clone(&prepared)))
        {
            queue.waiting.pop_front();
            queue.moving = false;
            self.advance(&mut queue, now);
            self.keep(prepared, *queue);
        }
    }

    /// Lets go what waits for further events, because none will come.
    pub fn release(&mut self, now: Timestamp) {
        for (TaskKey(prepared), queue) in std::mem::take(&mut self.queues) {
            let mut queue = LongQueue::from(queue);
            queue.held = None;
            self.burst(&mut queue, now);
            self.advance(&mut queue, now);
            self.keep(prepared, queue);
        }
    }

    /// Forgets everything that is not over. Ids go on, so that a late report is about nothing.
    pub fn clear(&mut self) {
        *self = Self { seed: self.seed, made: self.made, ..Self::default() };
    }

    fn register(
        &mut self,
        prepared: &Arc<PreparedDelivery>,
        origin: DeliveryId,
        event: u32,
        copies: u16,
        copy: u16,
    ) -> DeliveryId {
        let id = DeliveryId(self.made);
        self.made += 1;
        let prepared = Arc::clone(prepared);
        let pending = Pending {
            prepared,
            origin,
            event,
            copies,
            copy,
            repeated: 0,
            position: Position::Free,
            out: false,
        };
        self.pending.insert(id, pending);
        id
    }

    /// Puts an event and its copies into the line: at its end, or before the one that waits to be
    /// overtaken.
    fn line_up(&mut self, queue: &mut LongQueue, group: &[DeliveryId]) {
        let held = queue.held.take();
        let first = queue.waiting.iter().position(|one| Some(*one) == held).unwrap_or(queue.waiting.len());
        for (at, id) in (first..).zip(group) {
            queue.waiting.insert(at, *id);
            let Some(pending) = self.pending.get_mut(id) else { continue };
            pending.position = Position::Queued;
            let overtaken =
                pending.prepared.delivery_faults().is_some_and(|it| it.is_overtaken(pending.context()));
            if queue.held.is_none() && overtaken {
                queue.held = Some(*id);
            }
        }
    }

    /// Lets everything leave that was held for leaving together.
    fn burst(&mut self, queue: &mut LongQueue, now: Timestamp) {
        queue.events = 0;
        if !queue.gathered.is_empty() {
            // They overtake the one that waits for that, and nothing else may follow.
            queue.held = None;
        }
        for id in std::mem::take(&mut queue.gathered) {
            self.plan(id, now);
        }
    }

    /// Lets the front of a line leave, unless it is on its way already or waits.
    fn advance(&mut self, queue: &mut LongQueue, now: Timestamp) {
        if let Some(front) = queue.waiting.front().filter(|_| !queue.moving)
            && queue.held != Some(*front)
        {
            queue.moving = true;
            self.plan(*front, now);
        }
    }

    fn plan(&mut self, id: DeliveryId, at: Timestamp) {
        let Some(pending) = self.pending.get(&id) else { return };
        let delay =
            pending.prepared.delivery_faults().map_or(Duration::ZERO, |it| it.delay(pending.context()));
        self.due.push(Reverse((later(at, delay), id)));
    }

    fn keep(&mut self, prepared: Arc<PreparedDelivery>, queue: LongQueue) {
        let queue = match (queue.waiting.len(), queue.gathered.is_empty()) {
            (0, true) => return,
            (1, true) if queue.moving => TaskQueue::Lone(queue.waiting[0]),
            _ => TaskQueue::Long(Box::new(queue)),
        };
        self.queues.insert(TaskKey(prepared), queue);
    }
}

/// Nonce seeds apart for each event: more than an event can have attempts.
const NONCES: u64 = 1 << 20;

/// Saturates: an attempt planned beyond the end of time is never made.
fn later(at: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    at.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// How many events tasks with faults have had.
#[derive(Debug, Default)]
struct Counts {
    of: HashMap<(&'static str, Box<str>), u32>,
    order: VecDeque<(&'static str, Box<str>)>,
}

impl Counts {
    fn next(&mut self, prepared: &PreparedDelivery) -> u32 {
        match self.of.entry(key(prepared)) {
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

    fn forget(&mut self, prepared: &PreparedDelivery) {
        if prepared.delivery_faults().is_some() {
            self.of.remove(&key(prepared));
        }
    }
}

fn key(prepared: &PreparedDelivery) -> (&'static str, Box<str>) {
    (prepared.delivery.vendor.name(), prepared.delivery.task.as_str().into())
}
