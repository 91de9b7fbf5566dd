//! What the receiver makes of the gateway's answers: to a submit, to a question whether a callback is
//! true, to polling. Pure, like the rest of the desk.

use jiff::Timestamp;

use super::callback::Seen;
use super::defect::Defect;
use super::desk::{Act, Desk, Report};
use super::dress;
use super::ledger::{Manner, Source};
use super::started::{self, Jobs, Says};
use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::{Request, Response};

/// What follows an answer of the gateway's.
#[derive(Debug)]
pub(super) struct Next {
    /// What is to be done.
    pub(super) acts: Vec<Act>,
    /// Whether to ask again.
    pub(super) again: bool,
}

impl Next {
    const fn again(again: bool) -> Self {
        Self { acts: Vec::new(), again }
    }
}

impl Desk {
    /// The gateway has answered a submit, or has not.
    pub(super) fn submitted(&mut self, ticket: usize, answer: Option<&Response>) -> (Response, Vec<Act>) {
        let (mut response, accepted) = self.jobs.submitted(ticket, answer);
        dress::response(&mut response, self.oddity);
        let polls = accepted && !self.is(Defect::NeverPolls);
        (response, if polls { vec![Act::Poll { ticket }] } else { Vec::new() })
    }

    /// The gateway was asked whether a callback is true.
    pub(super) fn confirmed(&mut self, report: &Report, answer: Option<&Response>, now: Timestamp) -> Next {
        let says = started::says(answer);
        let told = report.seen.phase.map(|phase| phase == Phase::Succeeded);
        let (agreed, again) = match &says {
            Says::Status(..) if self.is(Defect::AsksButIgnores) => (true, false),
            Says::Status(_, phase) if phase.is_terminal() => {
                (told == Some(*phase == Phase::Succeeded), false)
            }
            Says::Unknown => (self.is(Defect::UnknownIsConfirmed), false),
            // The vendor may know sooner than the gateway.
            Says::Status(..) | Says::Nothing => (false, !self.is(Defect::ConfirmsOnce)),
        };
        let acts = if agreed { self.take(report.clone(), Source::Callback, now) } else { Vec::new() };
        Next { acts, again }
    }

    /// The call for a started job's status; none when nothing is to be asked any more.
    pub(super) fn status_call(&self, ticket: usize) -> Option<Request> {
        if self.ledger.is_settled(&Jobs::key(ticket)) {
            return None;
        }
        self.jobs.status_call(ticket)
    }

    /// The gateway has told the status of a started job, or has not.
    pub(super) fn polled(&mut self, ticket: usize, answer: Option<&Response>, now: Timestamp) -> Next {
        let again = !self.is(Defect::PollsOnce);
        let (word, phase) = match started::says(answer) {
            Says::Status(_, Phase::Failed) if self.is(Defect::PollKnowsNoFailure) => {
                ("running".to_owned(), Phase::Running)
            }
            Says::Status(word, phase) => (word, phase),
            Says::Unknown | Says::Nothing => return Next::again(again && !self.is(Defect::PollStopsAtError)),
        };
        if !phase.is_terminal() {
            // Callbacks tell more about progress than the gateway does.
            return Next::again(again);
        }
        let key = Jobs::key(ticket);
        if self.is(Defect::IgnoresVidu) && self.jobs.is_of(ticket, "vidu") {
            return Next::again(false);
        }
        let (time, result) = (None, None);
        let seen =
            Seen { id: key.clone(), dialect: "", word, phase: Some(phase), time, result, carries: false };
        let acts = self.take(Report { key: key.clone(), seen, manner: Manner::default() }, Source::Poll, now);
        Next { acts, again: again && !self.ledger.is_settled(&key) }
    }
}
