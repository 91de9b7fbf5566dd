//! A mock vendor on a real socket: the transport around the pure machine.
//!
//! It reads the clock, asks challenges through the courier, records every exchange before the
//! answer leaves, and takes planned steps when they are due. No vendor knowledge lives here.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::account::Settings;
use crate::courier::Courier;
use crate::http::Server;
use crate::jobs::Step;
use crate::journal::{Entry, Journal, Leg};
use crate::machine::{Machine, Reply, Turn};
use crate::script::Rule;
use crate::vendor::Vendor;
use crate::wire::{Request, Response};

/// A running mock vendor; it stops when dropped.
#[derive(Debug)]
pub struct MockVendor {
    server: Server,
    ticker: JoinHandle<()>,
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    vendor: Vendor,
    machine: Mutex<Machine>,
    journal: Arc<Journal>,
    courier: Arc<Courier>,
    planned: Notify,
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
        let desk = Arc::new(Desk {
            vendor,
            machine: Mutex::new(Machine::new(vendor, settings)),
            journal,
            courier,
            planned: Notify::new(),
        });
        let serving = Arc::clone(&desk);
        let server = Server::bind(address, move |request| {
            let desk = Arc::clone(&serving);
            async move { desk.serve(request).await }
        })
        .await?;
        let ticker = tokio::spawn(tick(Arc::clone(&desk)));
        Ok(Self { server, ticker, desk })
    }

    /// The vendor played.
    pub fn vendor(&self) -> Vendor {
        self.desk.vendor
    }

    /// `http://` and the address, no path.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Decides beforehand what becomes of creates that a rule is about.
    pub fn rule(&self, rule: Rule) {
        self.desk.machine().rule(rule);
    }

    /// Drops the rules that `unwanted` points out.
    pub fn forget_rules(&self, unwanted: impl Fn(&Rule) -> bool) {
        self.desk.machine().forget_rules(unwanted);
    }

    /// Looks at the machine, or changes it, between two requests.
    pub fn with_machine<T>(&self, work: impl FnOnce(&mut Machine) -> T) -> T {
        let result = work(&mut self.desk.machine());
        // What was planned may have changed.
        self.desk.planned.notify_one();
        result
    }

    /// Moves a task on and sends the callbacks that follow; false if it cannot move so.
    pub fn advance(&self, task: &str, step: Step) -> bool {
        let deliveries = self.desk.machine().advance(task, step, Timestamp::now());
        let moved = deliveries.is_some();
        self.desk.courier.send(deliveries.unwrap_or_default());
        moved
    }
}

impl Drop for MockVendor {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

impl Desk {
    fn machine(&self) -> MutexGuard<'_, Machine> {
        // A panic inside the machine ends that one request; its tasks stay usable.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, request: Request) -> Response {
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

async fn tick(desk: Arc<Desk>) {
    loop {
        let due = desk.machine().due();
        let pause =
            due.map(|due| Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO));
        match pause {
            Some(Duration::ZERO) => {
                let deliveries = desk.machine().tick(Timestamp::now());
                desk.courier.send(deliveries);
            }
            Some(pause) => {
                // Woken early when a new plan may be due sooner.
                let _ = tokio::time::timeout(pause, desk.planned.notified()).await;
            }
            None => desk.planned.notified().await,
        }
    }
}
