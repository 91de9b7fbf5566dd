//! A mock vendor on a real socket: the transport around the pure machine.
//!
//! It reads the clock, asks challenges through the courier, records every exchange before the
//! answer leaves, and takes planned steps when they are due. No vendor knowledge lives here.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::account::Settings;
use crate::courier::Courier;
use crate::http::Server;
use crate::jobs::Step;
use crate::journal::{Entry, Journal, Leg};
use crate::machine::{Machine, Reply, Turn};
use crate::script::Rule;
use crate::vendor::Vendor;
use crate::wire::{Request, Response};

/// Longest sleep of the clock: after it, a desk that nobody holds any more is noticed.
const TICK_MAX: Duration = Duration::from_secs(1);

/// A running mock vendor; it stops when dropped.
#[derive(Debug)]
pub struct MockVendor {
    server: Server,
    desk: Arc<VendorDesk>,
}

impl MockVendor {
    /// Starts a vendor on `address`.
    pub async fn start(
        vendor: Vendor,
        settings: Settings,
        address: SocketAddr,
        journal: Arc<Journal>,
        courier: Arc<Courier>,
    ) -> io::Result<Self> {
        let desk = VendorDesk::open(vendor, settings, journal, courier);
        let serving = Arc::clone(&desk);
        let server = Server::bind(address, move |request| {
            let desk = Arc::clone(&serving);
            async move { desk.serve(request).await }
        })
        .await?;
        Ok(Self { server, desk })
    }

    /// `http://` and the address, no path.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

impl Deref for MockVendor {
    type Target = VendorDesk;

    fn deref(&self) -> &VendorDesk {
        &self.desk
    }
}

/// A vendor at work, whatever brings its requests: it keeps the clock, asks challenges, records and
/// takes planned steps when they are due.
#[derive(Debug)]
pub struct VendorDesk {
    vendor: Vendor,
    machine: Mutex<Machine>,
    journal: Arc<Journal>,
    courier: Arc<Courier>,
    planned: Notify,
}

impl VendorDesk {
    /// Sets a vendor to work, within a tokio runtime. It ends when nobody holds it any more.
    pub fn open(
        vendor: Vendor,
        settings: Settings,
        journal: Arc<Journal>,
        courier: Arc<Courier>,
    ) -> Arc<Self> {
        let machine = Mutex::new(Machine::new(vendor, settings));
        let desk = Arc::new(Self { vendor, machine, journal, courier, planned: Notify::new() });
        tokio::spawn(tick(Arc::downgrade(&desk)));
        desk
    }

    /// The vendor played.
    pub fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// Decides beforehand what becomes of creates that a rule is about.
    pub fn rule(&self, rule: Rule) {
        self.machine().rule(rule);
    }

    /// Drops the rules that `unwanted` points out.
    pub fn forget_rules(&self, unwanted: impl Fn(&Rule) -> bool) {
        self.machine().forget_rules(unwanted);
    }

    /// Looks at the machine, or changes it, between two requests.
    pub fn with_machine<T>(&self, work: impl FnOnce(&mut Machine) -> T) -> T {
        let result = work(&mut self.machine());
        // What was planned may have changed.
        self.planned.notify_one();
        result
    }

    /// Moves a task on and sends the callbacks that follow; false if it cannot move so.
    pub fn advance(&self, task: &str, step: Step) -> bool {
        let deliveries = self.machine().advance(task, step, Timestamp::now());
        let moved = deliveries.is_some();
        self.courier.send(deliveries.unwrap_or_default());
        moved
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        // A panic inside the machine ends that one request; its tasks stay usable.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request, asking the receiver first where the vendor does; recorded before it returns.
    pub async fn serve(&self, request: Request) -> Response {
        let began = Instant::now();
        let mut turn = self.machine().handle(&request, Timestamp::now());
        let (response, task, deliveries) = loop {
            match turn {
                Turn { reply: Reply::Response(response), task, deliveries, .. } => {
                    break (response, task, deliveries);
                }
                Turn { reply: Reply::Ask(question), .. } => {
                    let answer = self
                        .courier
                        .ask(self.vendor, &question.url, question.body.clone(), question.within)
                        .await;
                    turn = self.machine().challenged(*question, answer.as_ref(), Timestamp::now());
                }
            }
        };
        self.journal.record(Entry {
            leg: Leg::Upstream(self.vendor),
            began,
            request,
            answer: Ok(response.clone()),
            task,
        });
        self.courier.send(deliveries);
        self.planned.notify_one();
        response
    }
}

/// Takes planned steps when they are due, as long as somebody holds the desk.
async fn tick(desk: Weak<VendorDesk>) {
    loop {
        let Some(held) = desk.upgrade() else { return };
        let due = held.machine().due();
        let pause = due.map_or(TICK_MAX, |due| {
            Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO).min(TICK_MAX)
        });
        if pause.is_zero() {
            let deliveries = held.machine().tick(Timestamp::now());
            held.courier.send(deliveries);
        } else {
            // Woken early when a new plan may be due sooner.
            let _ = tokio::time::timeout(pause, held.planned.notified()).await;
        }
    }
}
