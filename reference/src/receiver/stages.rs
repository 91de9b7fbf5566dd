//! The stages of the reference receiver: every step that can be wrapped from outside, in the order in which a callback meets
//! them. What each does is where its room is; here they are only put together.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::{Request, Response};
use serde_json::{Map, Value};

use super::callback::{self, Record, Text, Unreadable, Word};
use super::delivery::{Arrival, Challenge, Delivery, Hook, Incoming, JobEvent};
use super::ledger::{Effects, Recorded};
use super::machine::{self, ReceiverMachine};
use super::polling::{self, Confirmation, Next, Polled, Question, Says};
use super::reaction::{Act, Reaction};
use super::service::{self, Service};
use super::started::{self, Return, Submit, Submitted};
use super::trust;
use crate::framing::Framings;
use crate::stage::Stage;

/// A step of the pure machine.
type Step<I, O> = Stage<ReceiverMachine, I, O>;

/// An answer that is waited for.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The steps of the reference receiver.
#[derive(Debug)]
pub struct ReceiverStages {
    /// How HTTP is written, and how much of a body is read.
    pub(crate) wire: Framings,
    /// A request that came, answered when everything is done that comes before the answer.
    pub(crate) respond: Stage<Arc<Service>, Request, Answering>,
    /// A request, answered without waiting.
    pub(crate) handle: Step<Incoming, Reaction>,
    /// The hook that a request is addressed to.
    pub(crate) hook: Step<Request, Option<Hook>>,

    // a delivery, from the door to the ledger
    /// A refusal that needs no look into the body.
    pub(crate) door: Step<Delivery, Option<Response>>,
    /// The answer to a challenge.
    pub(crate) challenge: Step<Challenge, Reaction>,
    /// What is echoed of a challenge's value: all of it, as it is.
    pub(crate) echo: Step<Value, Value>,
    /// Whether the signature holds, where there should be one.
    pub(crate) is_genuine: Step<Delivery, bool>,
    /// Whether a signature of Kling's holds.
    pub(crate) standard_webhooks: Step<Delivery, bool>,
    /// Whether a signature of Vidu's holds.
    pub(crate) vidu_hmac: Step<Delivery, bool>,
    /// The answer to a signature that does not hold.
    pub(crate) refuse: Step<Delivery, Reaction>,
    /// The delivery, if the secret in its URL is one, or the refusal.
    pub(crate) recognise: Step<Delivery, Result<Delivery, Response>>,
    /// The started job that an event is about: the one whose URL it came to.
    pub(crate) link: Step<(Delivery, JobEvent), Option<usize>>,
    /// An event, accepted or first confirmed.
    pub(crate) report: Step<Arrival, Reaction>,
    /// Whether an event needs no confirmation.
    pub(crate) is_believed: Step<Arrival, bool>,
    /// An event that is believed: recorded, answered, worked on.
    pub(crate) accept: Step<Arrival, Reaction>,
    /// An event, noted in the ledger, whoever told it.
    pub(crate) record: Step<Arrival, Recorded>,
    /// The answer to an event that was understood.
    pub(crate) answer: Step<(JobEvent, Recorded), Response>,
    /// The acknowledgement.
    pub(crate) acknowledge: Step<(), Response>,
    /// The work for a job.
    pub(crate) work: Step<String, Act>,

    // what a delivery says
    /// The event in a delivery, or the refusal.
    pub(crate) read: Step<Delivery, Result<JobEvent, Response>>,
    /// The document in a text.
    pub(crate) document: Step<Text, Result<Map<String, Value>, Response>>,
    /// The event in a record.
    pub(crate) event: Step<Record, Result<JobEvent, Response>>,
    /// What a state word means.
    pub(crate) meaning: Step<Word, Option<Phase>>,
    /// The answer to a delivery that cannot be read.
    pub(crate) unreadable: Step<(Delivery, Unreadable), Response>,

    // what the receiver starts and asks
    /// The secret of a started job.
    pub(crate) secret: Step<usize, String>,
    /// The callback URL of a started job.
    pub(crate) callback_url: Step<Return, String>,
    /// The body of a submit.
    pub(crate) submit_body: Step<Submit, Value>,
    /// The gateway's answer to a submit.
    pub(crate) submitted: Step<Submitted, Reaction>,
    /// Whether the gateway confirms an event.
    pub(crate) confirmation: Step<(JobEvent, Says), Confirmation>,
    /// What the gateway says of a started job.
    pub(crate) polled: Step<Polled, Next>,
    /// Whether nothing more is to be asked about a started job.
    pub(crate) is_settled: Step<usize, bool>,
    /// The pause before a question.
    pub(crate) pause: Step<Question, Duration>,

    // what the receiver shows
    /// What is known of a job.
    pub(crate) effects: Step<String, Option<Effects>>,
    /// How that is shown.
    pub(crate) show: Step<Option<Effects>, Response>,
}

impl ReceiverStages {
    /// The receiver with nothing wrong and nothing unusual.
    pub(crate) fn plain() -> Self {
        Self {
            wire: Framings { all: Vec::new(), body_max: callback::BODY_MAX },
            respond: Stage::new(service::respond),
            handle: Step::new(machine::handle),
            hook: Step::new(|_, request| machine::hook(&request)),
            door: Step::new(|_, delivery| machine::door(&delivery)),
            challenge: Step::new(machine::challenge),
            echo: Step::new(|_, value| value),
            is_genuine: Step::new(trust::is_genuine),
            standard_webhooks: Step::new(trust::standard_webhooks),
            vidu_hmac: Step::new(trust::vidu_hmac),
            refuse: Step::new(trust::refuse),
            recognise: Step::new(trust::recognise),
            link: Step::new(|_, (delivery, _): (Delivery, _)| delivery.started),
            report: Step::new(machine::report),
            is_believed: Step::new(trust::is_believed),
            accept: Step::new(machine::accept),
            record: Step::new(|machine, arrival| machine.ledger.record(&arrival)),
            answer: Step::new(machine::answer),
            acknowledge: Step::new(machine::acknowledge),
            work: Step::new(|_, key| Act::Work { key }),
            read: Step::new(callback::read),
            document: Step::new(callback::document),
            event: Step::new(callback::event),
            meaning: Step::new(callback::meaning),
            unreadable: Step::new(callback::unreadable),
            secret: Step::new(started::secret),
            callback_url: Step::new(|machine, to| started::callback_url(machine, &to)),
            submit_body: Step::new(started::submit_body),
            submitted: Step::new(started::submitted),
            confirmation: Step::new(polling::confirmation),
            polled: Step::new(polling::polled),
            is_settled: Step::new(polling::is_settled),
            pause: Step::new(polling::pause),
            effects: Step::new(machine::known),
            show: Step::new(machine::show),
        }
    }
}
