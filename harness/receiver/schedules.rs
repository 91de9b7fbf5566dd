//! Schedules of trouble: what happens to the callbacks of one job, in order, as a value with a notation.
//!
//! Pure: `running, success (ack lost), success x2, running` is read, written and compared here; which
//! schedules there are and how one is made smaller is `schedule/space`. Playing one is the context's.

use std::fmt;
use std::str::FromStr;

use ringback_mocks::vendor::Phase;

use super::task::CallbackState;

mod space;
pub use space::{Random, Shrinking, enumerated, is_usual};

/// What a callback tells, in words that all vendors share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Waiting for capacity.
    Queued,
    /// At work.
    Running,
    /// Ended with a result.
    Success,
    /// Ended without one.
    Failure,
}

impl Event {
    const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Success, Self::Failure];

    /// The event of a phase, if callbacks tell it.
    pub const fn of(phase: Phase) -> Option<Self> {
        match phase {
            Phase::Queued => Some(Self::Queued),
            Phase::Running => Some(Self::Running),
            Phase::Succeeded => Some(Self::Success),
            Phase::Failed => Some(Self::Failure),
            Phase::Submitted | Phase::Expired | Phase::Cancelled => None,
        }
    }

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }

    /// What its callback says.
    pub const fn says(self) -> CallbackState {
        match self {
            Self::Queued => CallbackState::Phase(Phase::Queued),
            Self::Running => CallbackState::RUNNING,
            Self::Success => CallbackState::SUCCESS,
            Self::Failure => CallbackState::FAILURE,
        }
    }

    /// When it happens, in seconds since the job began: a repetition tells the same time.
    pub const fn second(self) -> i64 {
        match self {
            Self::Queued => 0,
            Self::Running => 1,
            Self::Success | Self::Failure => 2,
        }
    }

    /// Whether the job has ended.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Success | Self::Failure)
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One step of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Delivered, and the answer read; that often, one after the other.
    Deliver(Event, u8),
    /// Delivered, and the connection is gone before the answer.
    AckLost(Event),
    /// Two deliveries at the same moment.
    AtOnce(Event, Event),
    /// Sent by the vendor, and never arrives.
    Lost(Event),
    /// From here on the gateway answers with it.
    Poll(Event),
}

impl Step {
    /// Requests that the step makes.
    pub const fn deliveries(self) -> usize {
        match self {
            Self::Deliver(_, times) => times as usize,
            Self::AckLost(_) => 1,
            Self::AtOnce(..) => 2,
            Self::Lost(_) | Self::Poll(_) => 0,
        }
    }

    /// The events that it delivers.
    pub fn events(self) -> impl Iterator<Item = Event> {
        let (one, other) = match self {
            Self::Deliver(event, _) | Self::AckLost(event) => (Some(event), None),
            Self::AtOnce(one, other) => (Some(one), Some(other)),
            Self::Lost(_) | Self::Poll(_) => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// Whether after it the receiver must know of an event: told by a callback whose answer was read, or
    /// there to be asked for. A vendor that lost the answer sends again; a schedule in which it does not
    /// proves nothing.
    fn tells(self, event: Event) -> bool {
        match self {
            Self::Deliver(own, _) | Self::Poll(own) => own == event,
            Self::AtOnce(one, other) => one == event || other == event,
            Self::AckLost(_) | Self::Lost(_) => false,
        }
    }

    const fn is_trouble(self) -> bool {
        matches!(self, Self::AckLost(_) | Self::AtOnce(..))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deliver(event, 1) => write!(f, "{event}"),
            Self::Deliver(event, times) => write!(f, "{event} x{times}"),
            Self::AckLost(event) => write!(f, "{event} (ack lost)"),
            Self::AtOnce(one, other) => write!(f, "{one} & {other}"),
            Self::Lost(event) => write!(f, "{event} (lost)"),
            Self::Poll(event) => write!(f, "poll says {event}"),
        }
    }
}

/// What happens to the callbacks of one job, in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Schedule(Vec<Step>);

/// Most deliveries of a schedule; more in a text are a mistake.
pub const DELIVERIES_MAX: usize = 64;

impl Schedule {
    /// A schedule in its normal form: repetitions are counted, and what happens at once has one order.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let mut normal: Vec<Step> = Vec::new();
        for step in steps {
            match (normal.last_mut(), step) {
                (_, Step::Deliver(_, 0)) => {}
                (Some(Step::Deliver(last, times)), Step::Deliver(event, more)) if *last == event => {
                    *times = times.saturating_add(more);
                }
                (_, Step::AtOnce(one, other)) => normal.push(Step::AtOnce(one.min(other), one.max(other))),
                _ => normal.push(step),
            }
        }
        Self(normal)
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Requests that it makes.
    pub fn deliveries(&self) -> usize {
        self.0.iter().map(|step| step.deliveries()).sum()
    }

    /// Whether a receiver that is right must know of an event in the end.
    pub fn tells(&self, event: Event) -> bool {
        self.0.iter().any(|step| step.tells(event))
    }

    /// Steps that are more than one delivery after the other.
    pub fn troubles(&self) -> usize {
        self.0.iter().filter(|step| step.is_trouble()).count()
    }

    /// Its steps with every repetition on its own.
    fn flat(&self) -> Vec<Step> {
        let each = |step: &Step| match *step {
            Step::Deliver(event, times) => vec![Step::Deliver(event, 1); usize::from(times)],
            other => vec![other],
        };
        self.0.iter().flat_map(each).collect()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{step}")?;
        }
        Ok(())
    }
}

/// Why a text is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A step that nobody knows.
    #[error(
        "`{0}` is not a step of a schedule; there are `success`, `success x2`, `success (ack lost)`, \
         `success (lost)`, `running & success` and `poll says success`, with queued, running, success or failure"
    )]
    Step(String),
    /// Too many deliveries.
    #[error("a schedule has at most {DELIVERIES_MAX} deliveries, this one {0}")]
    Long(usize),
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let steps: Vec<Step> = text
            .split(',')
            .map(|step| read(step.trim()).ok_or_else(|| ScheduleError::Step(step.trim().to_owned())))
            .collect::<Result<_, _>>()?;
        let deliveries = steps.iter().map(|step| step.deliveries()).sum();
        if deliveries > DELIVERIES_MAX {
            return Err(ScheduleError::Long(deliveries));
        }
        Ok(Self::new(steps))
    }
}

fn read(step: &str) -> Option<Step> {
    let event = |word: &str| Event::named(word.trim());
    if let Some(word) = step.strip_prefix("poll says ") {
        return event(word).map(Step::Poll);
    }
    if let Some(word) = step.strip_suffix("(ack lost)") {
        return event(word).map(Step::AckLost);
    }
    if let Some(word) = step.strip_suffix("(lost)") {
        return event(word).map(Step::Lost);
    }
    if let Some((one, other)) = step.split_once('&') {
        return Some(Step::AtOnce(event(one)?, event(other)?));
    }
    match step.split_once(" x") {
        Some((word, times)) => {
            let times = times.parse().ok().filter(|times| *times > 0)?;
            Some(Step::Deliver(event(word)?, times))
        }
        None => event(step).map(|event| Step::Deliver(event, 1)),
    }
}
