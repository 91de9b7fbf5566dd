//! The receiver as a pure machine: a request and the time in; an answer, and what is to be done beside it, out. No sockets,
//! no clock, no waiting.
//!
//! The order is the lesson: a challenge before everything, the signature over the raw bytes, then the record, then the
//! acknowledgement, then the work, once for each job. Each step is a stage, and none knows a fault.

use jiff::Timestamp;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response, Secret, unescaped};
use serde_json::json;

use super::callback::{self, Unreadable};
use super::delivery::{Arrival, Challenge, Delivery, Hook, Incoming, JobEvent};
use super::ledger::{Effects, Ledger, Recorded};
use super::reaction::{Act, Reaction};
use super::service::{Pace, ReceiverSetup};
use super::stages::ReceiverStages;
use super::started::{self, StartedJobs, Submitted};
use super::trust::Secrets;
use crate::deviation::{Conflict, apply_all};

/// The receiver between two requests.
#[derive(Debug)]
pub struct ReceiverMachine {
    pub(crate) secrets: Secrets,
    /// The receiver's own address.
    pub(crate) root: String,
    /// Its key at the gateway.
    pub(crate) key: Secret,
    pub(crate) pace: Pace,
    pub(crate) ledger: Ledger,
    pub(crate) started: StartedJobs,
    pub(crate) stages: ReceiverStages,
}

impl ReceiverMachine {
    /// A receiver that knows nothing yet; `root` is its own address.
    ///
    /// # Errors
    /// When two mutants or variants of the setup exclude each other.
    pub fn new(setup: &ReceiverSetup, root: String) -> Result<Self, Conflict> {
        let ReceiverSetup { secrets, gateway: _, key, mutants, variants, pace } = setup;
        let mut stages = ReceiverStages::plain();
        apply_all(&mut stages, mutants, variants)?;
        let (ledger, started) = (Ledger::default(), StartedJobs::default());
        Ok(Self { secrets: secrets.clone(), root, key: key.clone(), pace: *pace, ledger, started, stages })
    }

    /// Answers one request.
    pub fn handle(&self, request: Request, now: Timestamp) -> Reaction {
        self.stages.handle.run(self, Incoming { request, now })
    }

    /// The gateway has answered a submit, or has not.
    pub(crate) fn submitted(&self, ticket: usize, answer: Option<Response>) -> Reaction {
        self.stages.submitted.run(self, Submitted { ticket, answer })
    }

    /// The started job that a request is about, by the secret in its URL.
    pub(crate) fn job_of(&self, vendor: Vendor, hook: &Hook) -> Option<usize> {
        hook.secret.as_ref().and_then(|secret| self.started.with_secret(vendor, secret))
    }

    /// Whether an event is the first to say that its job has ended.
    pub(crate) fn is_first_end(&self, arrival: &Arrival) -> bool {
        arrival.event.is_end() && self.ledger.end_of(&arrival.key).is_none()
    }

    /// The answer to a delivery that cannot be read.
    pub(crate) fn unreadable(&self, delivery: &Delivery, why: Unreadable) -> Response {
        self.stages.unreadable.run(self, (delivery.clone(), why))
    }

    /// What tells a vendor that a callback has come.
    pub(crate) fn acknowledged(&self) -> Response {
        self.stages.acknowledge.run(self, ())
    }

    /// The work for a job.
    pub(crate) fn work(&self, key: String) -> Act {
        self.stages.work.run(self, key)
    }

    fn deliver(&self, vendor: Vendor, hook: Hook, incoming: Incoming) -> Reaction {
        let Self { stages, .. } = self;
        let Incoming { request, now } = incoming;
        let started = self.job_of(vendor, &hook);
        let delivery = Delivery { vendor, request, now, secret: hook.secret, started };
        if let Some(refusal) = stages.door.run(self, delivery.clone()) {
            return refusal.into();
        }
        if let Some(challenge) = callback::challenge(&delivery) {
            return stages.challenge.run(self, challenge);
        }
        if !stages.is_genuine.run(self, delivery.clone()) {
            return stages.refuse.run(self, delivery);
        }
        let taken = stages.recognise.run(self, delivery).and_then(|delivery| {
            let event = stages.read.run(self, delivery.clone())?;
            Ok((delivery, event))
        });
        let (delivery, event) = match taken {
            Ok(taken) => taken,
            Err(refusal) => return refusal.into(),
        };
        let started = stages.link.run(self, (delivery.clone(), event.clone()));
        let key = started.map_or_else(|| event.id.clone(), StartedJobs::key);
        stages.report.run(self, Arrival { key, event, started, delivery: Some(delivery), now })
    }
}

/// Finds out what a request wants.
pub(crate) fn handle(machine: &ReceiverMachine, incoming: Incoming) -> Reaction {
    let request = &incoming.request;
    if let Some(id) = request.path().strip_prefix("/effects/") {
        return effects(machine, request, unescaped(id)).into();
    }
    if request.path() == "/jobs" {
        return started::start(machine, request);
    }
    let Some(hook) = machine.stages.hook.run(machine, request.clone()) else {
        return Response::text(404, "no such route").into();
    };
    match Vendor::named(&hook.vendor) {
        Some(vendor) => machine.deliver(vendor, hook, incoming),
        None => Response::text(404, "no such hook").into(),
    }
}

fn effects(machine: &ReceiverMachine, request: &Request, id: String) -> Response {
    if request.method != "GET" {
        return Response::text(405, "only GET");
    }
    let effects = machine.stages.effects.run(machine, id);
    machine.stages.show.run(machine, effects)
}

/// The hook that a request is addressed to, if it is to one.
pub(crate) fn hook(request: &Request) -> Option<Hook> {
    let rest = request.path().strip_prefix("/hooks/")?;
    Some(match rest.split_once('/') {
        Some((vendor, secret)) => Hook { vendor: vendor.to_owned(), secret: Some(secret.to_owned()) },
        None => Hook { vendor: rest.to_owned(), secret: None },
    })
}

/// Turns away what needs no look into the body.
pub(crate) fn door(delivery: &Delivery) -> Option<Response> {
    if delivery.request.method == "POST" {
        return None;
    }
    let mut response = Response::text(405, "only POST");
    response.headers.push("allow", "POST");
    Some(response)
}

/// Answers MiniMax's challenge with its value, whoever asks. Nothing is stored.
pub(crate) fn challenge(machine: &ReceiverMachine, challenge: Challenge) -> Reaction {
    let echo = machine.stages.echo.run(machine, challenge.value);
    Response::json(200, &json!({"challenge": echo})).into()
}

/// Accepts an event, or has it confirmed first: an end that nobody vouches for.
pub(crate) fn report(machine: &ReceiverMachine, arrival: Arrival) -> Reaction {
    let stages = &machine.stages;
    if machine.is_first_end(&arrival) && !stages.is_believed.run(machine, arrival.clone()) {
        let response = stages.answer.run(machine, (arrival.event.clone(), Recorded::default()));
        return Reaction::from(response).and([Act::Confirm(Box::new(arrival))]);
    }
    stages.accept.run(machine, arrival)
}

/// Records an event, answers, and does the work if it is the first end of its job.
pub(crate) fn accept(machine: &ReceiverMachine, arrival: Arrival) -> Reaction {
    let stages = &machine.stages;
    let (key, event) = (arrival.key.clone(), arrival.event.clone());
    let recorded = stages.record.run(machine, arrival);
    let response = stages.answer.run(machine, (event, recorded));
    Reaction::from(response).and(recorded.work.then(|| machine.work(key)))
}

/// Answers an event that was understood: whatever it says, and whatever became of it.
pub(crate) fn answer(machine: &ReceiverMachine, _: (JobEvent, Recorded)) -> Response {
    machine.acknowledged()
}

/// The acknowledgement.
pub(crate) fn acknowledge(_: &ReceiverMachine, (): ()) -> Response {
    Response::json(200, &json!({"received": true}))
}

/// What is known of a job, by its own id or the gateway's.
pub(crate) fn known(machine: &ReceiverMachine, id: String) -> Option<Effects> {
    let key = machine.started.key_of(&id).unwrap_or(id);
    machine.ledger.effects_of(&key)
}

/// Shows what is known of a job.
pub(crate) fn show(_: &ReceiverMachine, effects: Option<Effects>) -> Response {
    match effects {
        Some(Effects { count, state }) => {
            Response::json(200, &json!({"count": count, "state": state.map(|state| state.word)}))
        }
        None => Response::json(404, &json!({"error": "nothing is known of this job"})),
    }
}
