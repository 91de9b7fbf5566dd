//! What a request leads to: an answer, and what remains to be done. Values only; doing it is `service`.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use ringback_mocks::wire::{Request, Response};

use super::delivery::Arrival;
use super::machine::ReceiverMachine;

/// What a request leads to.
#[derive(Debug)]
pub struct Reaction {
    /// The answer.
    pub(crate) reply: Reply,
    /// How long the answer and everything else waits; the plain receiver never does.
    pub(crate) pause: Duration,
    /// What must be over before the answer is given, whether or not its sender still waits; nothing, with the plain
    /// receiver.
    pub(crate) before: Vec<Act>,
    /// What begins when the answer is given. Nobody waits for it.
    pub(crate) acts: Vec<Act>,
}

/// The answer to a request, or what must happen before there is one.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Given now.
    Now(Response),
    /// Given when the gateway has answered this request.
    Submit { ticket: usize, request: Request },
}

/// Something to do beside an answer.
#[derive(Debug)]
pub(crate) enum Act {
    /// The work for a job.
    Work { key: String },
    /// Ask the gateway whether a callback is true.
    Confirm(Box<Arrival>),
    /// Ask for the status of a started job until it has ended.
    Poll { ticket: usize },
    /// Ask for it once, now.
    Ask { ticket: usize },
    /// Something that wraps a stage from outside and does its part a moment later.
    Deferred(Deferred),
}

/// What is decided after a pause.
pub(crate) struct Deferred {
    /// The pause.
    pub(crate) pause: Duration,
    /// Whether it is lost when the sender that waits for it hangs up.
    pub(crate) is_fragile: bool,
    /// What is decided then.
    pub(crate) then: Decision,
}

type Decision = Box<dyn FnOnce(&ReceiverMachine, Timestamp) -> Vec<Act> + Send>;

impl Reaction {
    /// One that asks the gateway to take a job, and answers afterwards.
    pub(crate) const fn submit(ticket: usize, request: Request) -> Self {
        let reply = Reply::Submit { ticket, request };
        Self { reply, pause: Duration::ZERO, before: Vec::new(), acts: Vec::new() }
    }

    /// The reaction with something more to do.
    #[must_use]
    pub(crate) fn and(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.acts.extend(acts);
        self
    }

    /// The reaction with something that must be over before it answers.
    #[must_use]
    pub(crate) fn after(mut self, act: Act) -> Self {
        self.before.push(act);
        self
    }

    /// The reaction after a pause.
    #[must_use]
    pub(crate) fn delayed(mut self, pause: Duration) -> Self {
        self.pause += pause;
        self
    }

    /// The reaction with another answer in place of the one that is there.
    #[must_use]
    pub(crate) fn answering(mut self, change: impl FnOnce(Response) -> Response) -> Self {
        self.reply = match self.reply {
            Reply::Now(response) => Reply::Now(change(response)),
            submit @ Reply::Submit { .. } => submit,
        };
        self
    }

    /// The answer, where it is there already.
    pub const fn response(&self) -> Option<&Response> {
        match &self.reply {
            Reply::Now(response) => Some(response),
            Reply::Submit { .. } => None,
        }
    }
}

/// A reaction that only answers.
impl From<Response> for Reaction {
    fn from(response: Response) -> Self {
        Self { reply: Reply::Now(response), pause: Duration::ZERO, before: Vec::new(), acts: Vec::new() }
    }
}

impl Deferred {
    /// What is decided after a pause, and is not lost.
    pub(crate) fn new(
        pause: Duration,
        then: impl FnOnce(&ReceiverMachine, Timestamp) -> Vec<Act> + Send + 'static,
    ) -> Self {
        Self { pause, is_fragile: false, then: Box::new(then) }
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pause, is_fragile, then: _ } = self;
        let mut text = f.debug_struct("Deferred");
        text.field("pause", pause).field("is_fragile", is_fragile).finish_non_exhaustive()
    }
}
