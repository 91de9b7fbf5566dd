//! A mock vendor on a real socket: the transport around the pure machine.
//!
//! It reads the clock, asks challenges through the dispatcher, records every exchange before the
//! answer leaves, and takes planned steps when they are due. No vendor knowledge lives here.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::account::AccountConfig;
use crate::delivery::Delivery;
use crate::dialect::{Purpose, Step};
use crate::dispatcher::Dispatcher;
use crate::http::{Answer, Bounds, Server};
use crate::journal::{Entry, Journal, Leg};
use crate::machine::{Held, Machine, Reply, Turn};
use crate::response_faults::{ResponseFault, ResponseMode};
use crate::rules::Rule;
use crate::vendor::Vendor;
use crate::wire::{Request, Response};

/// Longest sleep of the clock: after it, a service that is not held any more is noticed.
const TICK_MAX: Duration = Duration::from_secs(1);

/// Longest time that an answer hangs, whoever waits: what a client holds open must end some day.
const HANGS_MAX: Duration = Duration::from_secs(3_600);
/// How often a request lets others go first before it waits for the machine.
const PATIENCE: usize = 8;
/// Planned steps taken before requests get their turn again.
const STEPS: usize = 16;

/// A running mock vendor; it stops when dropped.
#[derive(Debug)]
pub struct MockVendor {
    server: Server,
    service: Arc<VendorService>,
}

impl MockVendor {
    /// Starts a vendor on `address`.
    pub async fn start(
        vendor: Vendor,
        settings: AccountConfig,
        address: SocketAddr,
        journal: Arc<Journal>,
        dispatcher: Arc<Dispatcher>,
    ) -> io::Result<Self> {
        let service = VendorService::open(vendor, settings, journal, dispatcher);
        let serving = Arc::clone(&service);
        let listener = TcpListener::bind(address).await?;
        let server = Server::start_within(Bounds::VENDOR, listener, move |request| {
            let service = Arc::clone(&serving);
            async move { service.serve(request).await }
        })?;
        Ok(Self { server, service })
    }

    /// `http://` and the address, no path.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

impl Deref for MockVendor {
    type Target = VendorService;

    fn deref(&self) -> &VendorService {
        &self.service
    }
}

/// A vendor at work, whatever brings its requests: it keeps the clock, asks challenges, records and
/// takes planned steps when they are due.
#[derive(Debug)]
pub struct VendorService {
    vendor: Vendor,
    stage: Mutex<Stage>,
    journal: Arc<Journal>,
    dispatcher: Arc<Dispatcher>,
    /// Tells the clock that something is due before it would look.
    planned: Notify,
    /// Tells answers that hang to see whether what holds them is still there.
    calmed: Notify,
}

#[derive(Debug)]
struct Stage {
    machine: Machine,
    /// When the clock looks by itself; the beginning of time while it is at work. Waking it for every
    /// request would cost more than the request.
    looks: Timestamp,
}

impl VendorService {
    /// Sets a vendor to work, within a tokio runtime. It ends when nobody holds it any more.
    pub fn open(
        vendor: Vendor,
        settings: AccountConfig,
        journal: Arc<Journal>,
        dispatcher: Arc<Dispatcher>,
    ) -> Arc<Self> {
        let stage = Mutex::new(Stage { machine: Machine::new(vendor, settings), looks: Timestamp::MIN });
        let service = Arc::new(Self {
            vendor,
            stage,
            journal,
            dispatcher,
            planned: Notify::new(),
            calmed: Notify::new(),
        });
        tokio::spawn(tick(Arc::downgrade(&service)));
        service
    }

    /// The vendor played.
    pub fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// Decides beforehand what becomes of creates that a rule is about.
    pub fn add_rule(&self, rule: Rule) {
        self.with_machine(|machine| machine.add_rule(rule));
    }

    /// Drops the rules that `unwanted` points out.
    pub fn forget_rules(&self, unwanted: impl Fn(&Rule) -> bool) {
        self.with_machine(|machine| machine.forget_rules(unwanted));
    }

    /// Changes what goes wrong with queries about a task, or with calls for its result's address; false
    /// if there is no such task.
    pub fn disturb(&self, task: &str, purpose: Purpose, fault: Option<ResponseFault>) -> bool {
        self.with_machine(|machine| machine.disturb(task, purpose, fault))
    }

    /// Looks at the machine, or changes it, between two requests.
    pub fn with_machine<T>(&self, work: impl FnOnce(&mut Machine) -> T) -> T {
        let result = self.at(self.stage(), work);
        // What holds an answer may be gone.
        self.calmed.notify_waiters();
        result
    }

    fn at<T>(&self, mut stage: MutexGuard<'_, Stage>, work: impl FnOnce(&mut Machine) -> T) -> T {
        let result = work(&mut stage.machine);
        let sooner = stage.machine.due().is_some_and(|due| due < stage.looks);
        if sooner {
            stage.looks = Timestamp::MIN;
        }
        drop(stage);
        if sooner {
            self.planned.notify_one();
        }
        result
    }

    /// Moves a task on and sends the callbacks that follow; false if it cannot move so.
    pub fn advance(&self, task: &str, step: Step) -> bool {
        let deliveries = self.with_machine(|machine| machine.advance(task, step, Timestamp::now()));
        let moved = deliveries.is_some();
        self.dispatcher.send(deliveries.unwrap_or_default());
        moved
    }

    /// Answers one request, asking the receiver first where the vendor does; recorded before it returns.
    pub async fn serve(&self, request: Request) -> Answer {
        let began = Instant::now();
        let mut turn = self.turn(|machine| machine.handle(&request, Timestamp::now())).await;
        let (response, task, deliveries, (mode, held)) = loop {
            match turn {
                Some(Turn { reply: Reply::Response(response), task, deliveries, mode, held, .. }) => {
                    break (response, task, deliveries, (mode, held));
                }
                Some(Turn { reply: Reply::Ask(question), .. }) => {
                    let answer = self
                        .dispatcher
                        .ask(self.vendor, &question.url, question.body.clone(), question.within)
                        .await;
                    let now = Timestamp::now();
                    turn = self.turn(|machine| machine.challenged(*question, answer.as_ref(), now)).await;
                }
                None => {
                    let response = Response::text(500, "the mock met a fault of its own");
                    break (response, None, Vec::new(), (ResponseMode::Whole, None));
                }
            }
        };
        self.journal.record(Entry {
            leg: Leg::Upstream(self.vendor),
            began,
            request,
            answer: match mode {
                ResponseMode::Cut | ResponseMode::Hang => {
                    Err("the mock gave no answer, as it was told".to_owned())
                }
                _ => Ok(response.clone()),
            },
            task,
        });
        self.dispatcher.send(deliveries);
        // What is planned for this very moment happens before the answer leaves, callbacks too.
        let due =
            catch_unwind(AssertUnwindSafe(|| self.with_machine(|machine| machine.tick(Timestamp::now()))));
        self.dispatcher.send(due.unwrap_or_default());
        self.bring(response, mode, held).await
    }

    /// Brings an answer in its mode.
    async fn bring(&self, response: Response, mode: ResponseMode, held: Option<Held>) -> Answer {
        match mode {
            ResponseMode::Whole => Answer::Whole(response),
            ResponseMode::After(time) => {
                tokio::time::sleep(time).await;
                Answer::Whole(response)
            }
            ResponseMode::Half => Answer::Half(response),
            ResponseMode::Cut => Answer::Cut,
            ResponseMode::Hang => {
                if let Some(held) = held {
                    let _ = tokio::time::timeout(HANGS_MAX, self.let_go(&held)).await;
                }
                Answer::Cut
            }
        }
    }

    /// Waits until what holds an answer is gone.
    async fn let_go(&self, held: &Held) {
        loop {
            let mut changed = std::pin::pin!(self.calmed.notified());
            // From here on no change is missed, whichever comes first, it or the look.
            changed.as_mut().enable();
            if !self.stage().machine.holds(held) {
                return;
            }
            changed.await;
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        // A panic inside the machine ends that one request; its tasks stay usable.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One turn of the machine; none if it panicked, which is recorded and answered like any other.
    async fn turn(&self, work: impl FnOnce(&mut Machine) -> Turn) -> Option<Turn> {
        let turn = |stage| catch_unwind(AssertUnwindSafe(|| self.at(stage, work))).ok();
        // Preferably without stopping the thread: other connections can use the time.
        for _ in 0..PATIENCE {
            if let Some(stage) = self.free_stage() {
                return turn(stage);
            }
            tokio::task::yield_now().await;
        }
        turn(self.stage())
    }

    fn free_stage(&self) -> Option<MutexGuard<'_, Stage>> {
        match self.stage.try_lock() {
            Ok(stage) => Some(stage),
            Err(TryLockError::Poisoned(stage)) => Some(stage.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Takes what is due, or says how long nothing will be.
    fn take_due(&self) -> Result<Vec<Delivery>, Duration> {
        let mut stage = self.stage();
        let now = Timestamp::now();
        let due = stage.machine.due();
        if due.is_some_and(|due| due <= now) {
            stage.looks = Timestamp::MIN;
            return Ok(stage.machine.tick_some(now, STEPS));
        }
        stage.looks = due.unwrap_or(Timestamp::MAX);
        let pause = due.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
        Err(pause.map_or(TICK_MAX, |pause| pause.min(TICK_MAX)))
    }
}

/// Takes planned steps when they are due, as long as the service is held.
async fn tick(service: Weak<VendorService>) {
    loop {
        let Some(held) = service.upgrade() else { return };
        // A step that panics is lost; those of other tasks still come.
        match catch_unwind(AssertUnwindSafe(|| held.take_due())) {
            Ok(Ok(deliveries)) => {
                held.dispatcher.send(deliveries);
                // With always something due, this task would never let go of its thread.
                tokio::task::yield_now().await;
            }
            // Woken early when something is due sooner.
            Ok(Err(pause)) => drop(tokio::time::timeout(pause, held.planned.notified()).await),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}
