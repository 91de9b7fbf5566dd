//! What the receiver asks the gateway and what it makes of the answers: whether a callback that nobody signed is true, and
//! how a started job stands. Pure; asking is `service`.

use std::time::Duration;

use jiff::Timestamp;
use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::{Request, Response};

use super::delivery::{Arrival, JobEvent};
use super::machine::ReceiverMachine;
use super::reaction::Act;
use super::started::StartedJobs;

/// The gateway's words for the status of a job.
const WORDS: &[(&str, Phase)] = &[
    ("not_started", Phase::Submitted),
    ("running", Phase::Running),
    ("finished", Phase::Succeeded),
    ("failed", Phase::Failed),
];

/// What the gateway says of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// Its status.
    Status(String, Phase),
    /// It knows no such job.
    Unknown,
    /// Nothing that can be understood.
    Nothing,
}

/// Whether the gateway confirms an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// It says so too.
    Given,
    /// It says something else.
    Denied,
    /// It cannot say yet.
    Open,
}

/// What the gateway says of a started job.
#[derive(Clone, Debug)]
pub(crate) struct Polled {
    pub(crate) ticket: usize,
    pub(crate) says: Says,
    pub(crate) now: Timestamp,
}

/// Before which question a pause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// For the status of a started job, so many questions having been asked.
    Status(u32),
    /// Another one whether an event is true.
    Confirmation,
}

/// What follows an answer of the gateway's.
#[derive(Debug)]
pub(crate) struct Next {
    /// What is to be done.
    pub(crate) acts: Vec<Act>,
    /// Whether to ask again.
    pub(crate) again: bool,
}

impl Next {
    /// Nothing to do but to ask again, or not to.
    pub(crate) const fn again(again: bool) -> Self {
        Self { acts: Vec::new(), again }
    }
}

/// Reads an answer to Get Task Status.
pub(crate) fn says(answer: Option<&Response>) -> Says {
    let Some(answer) = answer else { return Says::Nothing };
    if answer.status == 404 {
        return Says::Unknown;
    }
    let body = answer.value().filter(|_| answer.is_success());
    let word = body.as_ref().and_then(|body| body.pointer("/data/status")?.as_str());
    let row = word.and_then(|word| WORDS.iter().find(|(known, _)| *known == word));
    row.map_or(Says::Nothing, |(word, phase)| Says::Status((*word).to_owned(), *phase))
}

/// Whether what the gateway says confirms an event. The vendor may know sooner than the gateway.
pub(crate) fn confirmation(_: &ReceiverMachine, (event, says): (JobEvent, Says)) -> Confirmation {
    let told = event.phase.map(|phase| phase == Phase::Succeeded);
    match says {
        Says::Status(_, phase) if !phase.is_terminal() => Confirmation::Open,
        Says::Status(_, phase) if told == Some(phase == Phase::Succeeded) => Confirmation::Given,
        Says::Status(..) | Says::Unknown => Confirmation::Denied,
        Says::Nothing => Confirmation::Open,
    }
}

/// Takes the status of a started job for an event. Of progress, callbacks tell more than the gateway does.
pub(crate) fn polled(machine: &ReceiverMachine, polled: Polled) -> Next {
    let Polled { ticket, says, now } = polled;
    let key = StartedJobs::key(ticket);
    match says {
        Says::Status(word, phase) if phase.is_terminal() => {
            let (time, result, has_payload) = (None, None, false);
            let event = JobEvent {
                id: key.clone(),
                dialect: "",
                word,
                phase: Some(phase),
                time,
                result,
                has_payload,
            };
            let arrival = Arrival { key, event, started: Some(ticket), delivery: None, now };
            Next { acts: machine.take(arrival), again: !machine.is_settled(ticket) }
        }
        Says::Status(..) | Says::Unknown | Says::Nothing => Next::again(true),
    }
}

/// Whether nothing more can be learnt of a started job by asking.
pub(crate) fn is_settled(machine: &ReceiverMachine, ticket: usize) -> bool {
    machine.ledger.end_of(&StartedJobs::key(ticket)).is_some()
}

/// The pause before a question: always the same.
pub(crate) const fn pause(machine: &ReceiverMachine, _: Question) -> Duration {
    machine.pace.poll
}

impl ReceiverMachine {
    /// The gateway was asked whether an event is true.
    pub(crate) fn confirmed(&self, arrival: &Arrival, answer: Option<&Response>, now: Timestamp) -> Next {
        let asked = (arrival.event.clone(), says(answer));
        match self.stages.confirmation.run(self, asked) {
            Confirmation::Given => Next { acts: self.take(Arrival { now, ..arrival.clone() }), again: false },
            Confirmation::Denied => Next::again(false),
            Confirmation::Open => Next::again(true),
        }
    }

    /// The gateway was asked for the status of a started job.
    pub(crate) fn polled(&self, ticket: usize, answer: Option<&Response>, now: Timestamp) -> Next {
        self.stages.polled.run(self, Polled { ticket, says: says(answer), now })
    }

    /// The question for a started job's status; none when nothing is to be asked any more, or the job has no id yet.
    pub(crate) fn status_call(&self, ticket: usize) -> Option<Request> {
        if self.is_settled(ticket) {
            return None;
        }
        self.started.gateway_id_of(ticket).map(|id| self.confirming_call(&id))
    }

    /// The question for the status of a job that the gateway knows by an id.
    pub(crate) fn confirming_call(&self, id: &str) -> Request {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        Request::get(format!("/api/generate/status/{}", id.replace('+', "%20")))
            .header("authorization", format!("Bearer {}", self.key.expose()))
    }

    fn is_settled(&self, ticket: usize) -> bool {
        self.stages.is_settled.run(self, ticket)
    }

    /// Takes an event that is known to be true.
    pub(crate) fn take(&self, arrival: Arrival) -> Vec<Act> {
        let key = arrival.key.clone();
        let recorded = self.stages.record.run(self, arrival);
        recorded.work.then(|| self.work(key)).into_iter().collect()
    }
}
