//! The reference receiver on a socket: the server, the clock, the calls to the gateway, and polling. What is answered and
//! what is to be done is decided in `machine`.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use ringback_mocks::http::{Bounds, HttpClient, Server};
use ringback_mocks::wire::{Request, Response, Secret};
use tokio::net::TcpListener;

use super::Receiver;
use super::delivery::Arrival;
use super::machine::ReceiverMachine;
use super::polling::{Next, Question};
use super::reaction::{Act, Deferred, Reaction, Reply};
use super::stages::Answering;
use super::trust::Secrets;
use crate::deviation::{Mutant, Variant};
use crate::framing::OddServer;

/// How a receiver is set up.
#[derive(Clone, Debug)]
pub struct ReceiverSetup {
    /// Secrets of the vendors that sign.
    pub secrets: Secrets,
    /// Root of the gateway that it submits to and asks, no path.
    pub gateway: String,
    /// Its key there.
    pub key: Secret,
    /// What it does wrong.
    pub mutants: Vec<Mutant<Receiver>>,
    /// What it does that is legal and unusual.
    pub variants: Vec<Variant<Receiver>>,
    /// How fast it polls.
    pub pace: Pace,
}

/// How fast a receiver asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The pause before each status query.
    pub poll: Duration,
}

impl Default for Pace {
    /// As fast as a test wants it and still polite; with a real gateway it would be seconds.
    fn default() -> Self {
        Self { poll: Duration::from_millis(100) }
    }
}

/// A running reference receiver; it stops when dropped.
#[derive(Debug)]
pub struct ReferenceReceiver {
    door: Door,
    /// Held for what goes on after answers: it ends when this is dropped.
    _service: Arc<Service>,
}

#[derive(Debug)]
enum Door {
    Plain(Server),
    Odd(OddServer),
}

/// How long the gateway may take; longer than MiniMax's challenge inside its submit.
const GATEWAY_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// How often a started job is asked about at most, and an unsigned callback.
const POLLS_MAX: u32 = 10_000;
const CONFIRMS_MAX: u32 = 50;

impl ReferenceReceiver {
    /// Starts a receiver.
    ///
    /// # Errors
    /// When it cannot listen, or two of its mutants and variants exclude each other.
    pub async fn start(setup: ReceiverSetup, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let root = format!("http://{}", listener.local_addr()?);
        let machine = ReceiverMachine::new(&setup, root)
            .map_err(|conflict| io::Error::new(io::ErrorKind::InvalidInput, conflict))?;
        let service = Arc::new(Service { machine, http: HttpClient::new(), gateway: setup.gateway });
        let inside = Arc::downgrade(&service);
        let answer = move |request| answer(inside.clone(), request);
        let wire = service.machine.stages.wire.clone();
        let door = if wire.all.is_empty() {
            let bounds = Bounds { body: wire.body_max, ..Bounds::RECEIVER };
            Door::Plain(Server::start_within(bounds, listener, answer)?)
        } else {
            Door::Odd(OddServer::start(listener, wire, answer)?)
        };
        Ok(Self { door, _service: service })
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        match &self.door {
            Door::Plain(server) => server.url(),
            Door::Odd(server) => server.url(),
        }
    }
}

/// What requests and polling share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) machine: ReceiverMachine,
    http: HttpClient,
    gateway: String,
}

async fn answer(service: Weak<Service>, request: Request) -> Response {
    match service.upgrade() {
        Some(service) => service.machine.stages.respond.run(&service, request).await,
        None => Response::text(503, "the receiver is closing"),
    }
}

/// Has the machine decide about a request, and does what it says.
pub(crate) fn respond(service: &Arc<Service>, request: Request) -> Answering {
    let service = Arc::clone(service);
    Box::pin(async move {
        let Reaction { reply, pause, before, acts } = service.machine.handle(request, Timestamp::now());
        service.settle(pause, before, acts).await;
        match reply {
            Reply::Now(response) => response,
            Reply::Submit { ticket, request } => service.submit(ticket, request).await,
        }
    })
}

impl Service {
    /// Waits for what comes before an answer, then begins the rest. What a callback has led to is done whether or not its
    /// sender waits for the answer: hanging up ends the request, and with it whatever only that waits for.
    async fn settle(self: &Arc<Self>, pause: Duration, before: Vec<Act>, acts: Vec<Act>) {
        if pause.is_zero() && before.is_empty() {
            return self.begin_all(acts);
        }
        let is_fragile = |act: &Act| matches!(act, Act::Deferred(Deferred { is_fragile: true, .. }));
        let is_fragile = before.iter().any(is_fragile);
        let service = Arc::clone(self);
        let settling = async move {
            tokio::time::sleep(pause).await;
            for act in before {
                service.perform(act).await;
            }
            service.begin_all(acts);
        };
        if is_fragile {
            settling.await;
        } else {
            // Should it panic, the answer is given all the same.
            let _ = tokio::spawn(settling).await;
        }
    }

    fn begin_all(self: &Arc<Self>, acts: Vec<Act>) {
        for act in acts {
            match act {
                // The work of a demonstration takes no time; a real one would be queued here.
                Act::Work { key } => self.machine.ledger.note_work(&key),
                act => {
                    let service = Arc::clone(self);
                    tokio::spawn(async move { service.perform(act).await });
                }
            }
        }
    }

    async fn perform(self: &Arc<Self>, act: Act) {
        match act {
            Act::Work { key } => self.machine.ledger.note_work(&key),
            Act::Confirm(arrival) => self.confirm(*arrival).await,
            Act::Ask { ticket } => drop(self.ask(ticket).await),
            Act::Poll { ticket } => drop(tokio::spawn(poll(Arc::downgrade(self), ticket))),
            Act::Deferred(Deferred { pause, then, .. }) => {
                tokio::time::sleep(pause).await;
                self.begin_all(then(&self.machine, Timestamp::now()));
            }
        }
    }

    /// Submits a job and answers who wanted it. It goes on when the one who asked has gone.
    async fn submit(self: &Arc<Self>, ticket: usize, request: Request) -> Response {
        let service = Arc::clone(self);
        let submitting = tokio::spawn(async move {
            let answer = service.call(&request).await;
            let Reaction { reply, pause, before, acts } = service.machine.submitted(ticket, answer);
            service.settle(pause, before, acts).await;
            reply
        });
        match submitting.await {
            Ok(Reply::Now(response)) => response,
            _ => Response::text(500, "the receiver met a fault of its own"),
        }
    }

    /// Asks the gateway whether a callback is true, until it says yes or no.
    async fn confirm(self: &Arc<Self>, arrival: Arrival) {
        let Self { machine, .. } = &**self;
        for _ in 0..CONFIRMS_MAX {
            let answer = self.call(&machine.confirming_call(&arrival.event.id)).await;
            let Next { acts, again } = machine.confirmed(&arrival, answer.as_ref(), Timestamp::now());
            self.begin_all(acts);
            if !again {
                return;
            }
            tokio::time::sleep(machine.stages.pause.run(machine, Question::Confirmation)).await;
        }
    }

    /// Asks once for the status of a started job; whether to ask again.
    async fn ask(self: &Arc<Self>, ticket: usize) -> bool {
        let Some(call) = self.machine.status_call(ticket) else { return false };
        let answer = self.call(&call).await;
        let Next { acts, again } = self.machine.polled(ticket, answer.as_ref(), Timestamp::now());
        self.begin_all(acts);
        again
    }

    async fn call(&self, request: &Request) -> Option<Response> {
        self.http.send(&self.gateway, request, GATEWAY_ANSWERS_WITHIN).await.ok()
    }
}

/// Asks for the status of a started job until it has ended, as long as the receiver is there.
async fn poll(service: Weak<Service>, ticket: usize) {
    for asked in 0..POLLS_MAX {
        let Some(held) = service.upgrade() else { return };
        let pause = held.machine.stages.pause.run(&held.machine, Question::Status(asked));
        drop(held);
        tokio::time::sleep(pause).await;
        let Some(held) = service.upgrade() else { return };
        if !held.ask(ticket).await {
            return;
        }
    }
}
