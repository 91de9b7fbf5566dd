//! The reference receiver on a socket: what a receiver of callbacks should be, its named defects,
//! its oddities.
//!
//! It is what the harness judges when nobody names a receiver; each defect proves that some check can
//! fail, each oddity that no check fails for what is legal. What it decides is `receiver/desk`; here
//! are the server, the clock, the calls to the gateway, and polling.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::framing::{Framing, OddServer};
use ringback_mocks::http::{Bounds, HttpClient, Server};
use ringback_mocks::wire::{Request, Response, Secret};

mod callback;
pub mod defect;
mod desk;
mod dress;
mod ledger;
pub mod oddity;
mod polling;
mod started;
mod trust;
use defect::Defect;
use desk::{Act, Desk, Moment, Reply, Report, Turn};
use oddity::Oddity;
use polling::Next;
pub use trust::Secrets;

/// How a receiver is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Secrets of the vendors that sign.
    pub secrets: Secrets,
    /// Root of the gateway that it submits to and asks, no path.
    pub gateway: String,
    /// Its key there.
    pub key: Secret,
    /// The fault to make, if any.
    pub defect: Option<Defect>,
    /// The legal but unusual behaviour to show, if any.
    pub oddity: Option<Oddity>,
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
    _room: Arc<Room>,
}

#[derive(Debug)]
enum Door {
    Plain(Server),
    Odd(OddServer),
}

/// How long the gateway may take; longer than MiniMax's challenge inside its submit.
const GATEWAY_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// The pause of polling at the oddity that is slow.
const SLOW: Duration = Duration::from_millis(700);
/// How often a started job is asked about at most, and an unsigned callback.
const POLLS_MAX: u32 = 10_000;
const CONFIRMS_MAX: u32 = 50;
/// Questions with a pause before the defect that leaves none: a job that ends soon is not in its way.
const COOL_POLLS: u32 = 5;
/// What is read of a body at the defect that fails beyond the ordinary limit.
const BODY_READ: usize = 16 * 1024 * 1024;

impl ReferenceReceiver {
    /// Starts a receiver.
    pub async fn start(setup: Setup, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let root = format!("http://{}", listener.local_addr()?);
        let framing = match setup.defect {
            Some(Defect::HeaderCaseCounts) => Some(Framing::NamesAsWritten),
            Some(Defect::SlowBodyBlocks) => Some(Framing::OneAtATime),
            _ => setup.oddity.and_then(Oddity::framing),
        };
        let body = if setup.defect == Some(Defect::HugeIs500) { BODY_READ } else { callback::BODY_MAX };
        let bounds = Bounds { body, ..Bounds::RECEIVER };
        let room = Room::open(setup, root);
        let inside = Arc::downgrade(&room);
        let answer = move |request| answer(inside.clone(), request);
        let door = match framing {
            Some(framing) => Door::Odd(OddServer::start(listener, framing, answer)?),
            None => Door::Plain(Server::start_within(bounds, listener, answer)?),
        };
        Ok(Self { door, _room: room })
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
struct Room {
    desk: Mutex<Desk>,
    http: HttpClient,
    gateway: String,
    pause: Duration,
    defect: Option<Defect>,
    /// Counts submits that were answered.
    submits: watch::Sender<u64>,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}

async fn answer(room: Weak<Room>, request: Request) -> Response {
    match room.upgrade() {
        Some(room) => room.answer(request).await,
        None => Response::text(503, "the receiver is closing"),
    }
}

impl Room {
    fn open(setup: Setup, root: String) -> Arc<Self> {
        let Setup { secrets, gateway, key, defect, oddity, pace } = setup;
        let pause = match oddity {
            Some(Oddity::PollsSlowly) => SLOW,
            _ => pace.poll,
        };
        let desk = Mutex::new(Desk::new(secrets, root, key, defect, oddity));
        let submits = watch::Sender::new(0);
        Arc::new(Self { desk, http: HttpClient::new(), gateway, pause, defect, submits })
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // A panic ends one request; what the desk knows stays usable.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, mut request: Request) -> Response {
        if self.defect == Some(Defect::HeaderCaseCounts) {
            let lower = |name: &str| !name.bytes().any(|byte| byte.is_ascii_uppercase());
            let found = |name: &str| lower(name) || !name.to_ascii_lowercase().starts_with("webhook-");
            request.headers = request.headers.iter().filter(|(name, _)| found(name)).collect();
        }
        let mut submits = self.submits.subscribe();
        loop {
            let Turn { reply, pause, acts } = self.desk().handle(&request, Timestamp::now());
            self.paused(pause, acts).await;
            return match reply {
                Reply::Now(response) => response,
                Reply::WhenSubmitted => match submits.changed().await {
                    Ok(()) => continue,
                    Err(_) => Response::text(503, "the receiver is closing"),
                },
                Reply::Submit { ticket, request } => self.submit(ticket, request).await,
                Reply::Confirm(report, response) => {
                    self.confirm(*report).await;
                    response
                }
                Reply::Moment(moment, response) => {
                    self.after(*moment).await;
                    response
                }
            };
        }
    }

    /// Does what remains after a pause. What a callback has led to is done whether or not its sender
    /// waits for the answer: hanging up ends the request, and with it whatever only that waits for.
    async fn paused(self: &Arc<Self>, pause: Duration, acts: Vec<Act>) {
        if pause.is_zero() {
            return self.act(acts);
        }
        let room = Arc::clone(self);
        let doing = async move {
            tokio::time::sleep(pause).await;
            room.act(acts);
        };
        settle(doing, false).await;
    }

    /// Does what remains to be done when the answer has been given.
    fn act(self: &Arc<Self>, acts: Vec<Act>) {
        for act in acts {
            match act {
                // The work of a demonstration takes no time; a real one would be queued here.
                Act::Work { key, pause } if pause.is_zero() => self.desk().ledger.worked(&key),
                Act::Work { key, pause } => {
                    let room = Arc::clone(self);
                    tokio::spawn(async move {
                        tokio::time::sleep(pause).await;
                        room.desk().ledger.worked(&key);
                    });
                }
                Act::Confirm(report) => {
                    let room = Arc::clone(self);
                    tokio::spawn(async move { room.confirm(*report).await });
                }
                Act::Ask { ticket } => {
                    let room = Arc::clone(self);
                    tokio::spawn(async move { room.ask(ticket).await });
                }
                Act::Poll { ticket } => drop(tokio::spawn(poll(Arc::downgrade(self), ticket))),
            }
        }
    }

    /// Submits a job and answers who wanted it. It goes on when the one who asked has gone.
    async fn submit(self: &Arc<Self>, ticket: usize, request: Request) -> Response {
        let room = Arc::clone(self);
        let submitting = tokio::spawn(async move {
            let answer = room.call(&request).await;
            let (response, acts) = room.desk().submitted(ticket, answer.as_ref());
            room.submits.send_modify(|count| *count += 1);
            room.act(acts);
            response
        });
        submitting.await.unwrap_or_else(|_| Response::text(500, "the receiver met a fault of its own"))
    }

    /// Asks the gateway whether a callback is true, until it says yes or no.
    async fn confirm(self: &Arc<Self>, report: Report) {
        for _ in 0..CONFIRMS_MAX {
            let call = self.desk().jobs.confirming_call(&report.seen.id);
            let answer = self.call(&call).await;
            let next = self.desk().confirmed(&report, answer.as_ref(), Timestamp::now());
            let Next { acts, again } = next;
            self.act(acts);
            if !again {
                return;
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Asks once for the status of a started job; whether to ask again.
    async fn ask(self: &Arc<Self>, ticket: usize) -> bool {
        let call = self.desk().status_call(ticket);
        let Some(call) = call else { return false };
        let answer = self.call(&call).await;
        let Next { acts, again } = self.desk().polled(ticket, answer.as_ref(), Timestamp::now());
        self.act(acts);
        again
    }

    async fn after(self: &Arc<Self>, moment: Moment) {
        let Moment { report, pause, fragile } = moment;
        let room = Arc::clone(self);
        let doing = async move {
            tokio::time::sleep(pause).await;
            let acts = room.desk().after(report, Timestamp::now());
            room.act(acts);
        };
        settle(doing, fragile).await;
    }

    async fn call(&self, request: &Request) -> Option<Response> {
        self.http.send(&self.gateway, request, GATEWAY_ANSWERS_WITHIN).await.ok()
    }
}

/// Waits for something that is lost with the request it belongs to, or is not.
async fn settle(doing: impl Future<Output = ()> + Send + 'static, fragile: bool) {
    if fragile {
        doing.await;
    } else {
        let _ = tokio::spawn(doing).await;
    }
}

/// Asks for the status of a started job until it has ended, as long as the receiver is there.
async fn poll(room: Weak<Room>, ticket: usize) {
    for turn in 0..POLLS_MAX {
        let Some(held) = room.upgrade() else { return };
        let at_once = match held.defect {
            Some(Defect::PollsOnce) => turn == 0,
            Some(Defect::PollsHot) => turn >= COOL_POLLS,
            _ => false,
        };
        let pause = if at_once { Duration::ZERO } else { held.pause };
        drop(held);
        tokio::time::sleep(pause).await;
        let Some(held) = room.upgrade() else { return };
        if !held.ask(ticket).await {
            return;
        }
    }
}
