//! The subject, running: started or found, spoken to through one inert client, ended at the end.
//!
//! Everything sent to the gateway goes through here, so that the journal has it and a gateway that
//! has stopped answering is not asked forever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringback_mocks::http::{self, HttpClient, NoAnswer};
use ringback_mocks::ids::Ids;
use ringback_mocks::journal::{Entry, Exchange, Journal, Leg};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Secret};
use ringback_mocks::world::{Placement, World};
use ringback_reference::gateway::{GatewaySetup, ReferenceGateway, Upstream};

use crate::gateway::target::{GatewayReach, GatewayTarget};
use crate::run::exec::{Environment, Process};
use crate::run::guard::{Denied, Guard, Traffic};
use crate::run::session::SetupError;

/// A running gateway and the keys to it.
#[derive(Debug)]
pub struct GatewaySubject {
    root: String,
    key: Secret,
    other_key: Option<Secret>,
    secrets: Vec<(String, Secret)>,
    masked: Vec<(String, Secret)>,
    http: HttpClient,
    journal: Arc<Journal>,
    guard: Guard,
    /// Kept for its `Drop`.
    running: Running,
}

#[derive(Debug)]
enum Running {
    Here(#[expect(dead_code, reason = "held so that it stops with the subject")] ReferenceGateway),
    Child(Box<Process>),
    Elsewhere,
}

impl GatewaySubject {
    /// Starts the world around the target, then the target.
    pub async fn start(target: &GatewayTarget, seed: u64) -> Result<(Self, Arc<World>), SetupError> {
        let mut keys = Keys::new();
        let placements = match &target.reach {
            GatewayReach::Url { upstreams, vendor_keys, .. } => upstreams
                .iter()
                .map(|(vendor, address)| Placement {
                    vendor: *vendor,
                    address: *address,
                    key: vendor_keys.iter().find(|(of, _)| of == vendor).map(|(_, key)| key.clone()),
                })
                .collect(),
            _ => World::everywhere(|vendor| keys.make(vendor.name())),
        };
        let inbox = target.live.as_ref().map_or(http::LOOPBACK, |live| live.bind);
        let world = Arc::new(World::start_with_inbox(&placements, seed, inbox).await?);
        let mut secrets: Vec<(String, Secret)> = placements
            .iter()
            .filter_map(|place| Some((place.vendor.variable("KEY"), place.key.clone()?)))
            .collect();
        let upstreams: Vec<Upstream> = placements
            .iter()
            .filter_map(|place| {
                let root = world.mock(place.vendor)?.url();
                Some(Upstream { vendor: place.vendor, root, key: place.key.clone()? })
            })
            .collect();
        let (key, other_key) = match &target.reach {
            GatewayReach::Url { key, other_key, .. } => (key.clone(), other_key.clone()),
            _ => (keys.make("sk"), Some(keys.make("sk"))),
        };
        secrets.push(("RINGBACK_API_KEY".to_owned(), key.clone()));
        secrets.extend(other_key.iter().map(|key| ("RINGBACK_OTHER_API_KEY".to_owned(), key.clone())));
        let (root, running) = match &target.reach {
            GatewayReach::Embedded { mutants, variants } => {
                let clients = [Some(key.clone()), other_key.clone()].into_iter().flatten().collect();
                let setup =
                    GatewaySetup { clients, upstreams, mutants: mutants.clone(), variants: variants.clone() };
                let gateway = ReferenceGateway::start(setup, http::LOOPBACK).await?;
                (gateway.url(), Running::Here(gateway))
            }
            GatewayReach::Exec { command, ready_within } => {
                let environment = environment(&key, other_key.as_ref(), &upstreams);
                let process = Process::start(command, environment, &target.hidden, *ready_within).await?;
                (process.url(), Running::Child(Box::new(process)))
            }
            GatewayReach::Url { root, .. } => (root.clone(), Running::Elsewhere),
        };
        let journal = Arc::clone(&world.journal);
        let subject = Self {
            root,
            key,
            other_key,
            masked: [secrets.as_slice(), &target.hidden].concat(),
            secrets,
            http: HttpClient::unpooled(),
            journal,
            guard: Guard::new(target.limits()),
            running,
        };
        Ok((subject, world))
    }

    /// Root of the gateway.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The client's key.
    pub const fn key(&self) -> &Secret {
        &self.key
    }

    /// The second client's key, if there is one.
    pub const fn other_key(&self) -> Option<&Secret> {
        self.other_key.as_ref()
    }

    /// Every value that must not appear in a report, with the variable that holds it.
    pub fn secrets(&self) -> &[(String, Secret)] {
        &self.secrets
    }

    /// Those of this run, and every other that must not appear either.
    pub fn masked(&self) -> &[(String, Secret)] {
        &self.masked
    }

    /// Sends a request, if the run's guard allows it, and records what came of it.
    pub async fn ask(
        &self,
        token: &str,
        request: Request,
        within: Duration,
    ) -> Result<(Arc<Exchange>, Result<(), NoAnswer>), NotSent> {
        self.send(token, request, within, true).await
    }

    /// Sends a request to which no answer may come, because a vendor gives none: silence says nothing about whether
    /// the gateway is still there.
    pub async fn ask_expecting_silence(
        &self,
        token: &str,
        request: Request,
        within: Duration,
    ) -> Result<(Arc<Exchange>, Result<(), NoAnswer>), NotSent> {
        self.send(token, request, within, false).await
    }

    async fn send(
        &self,
        token: &str,
        request: Request,
        within: Duration,
        telling: bool,
    ) -> Result<(Arc<Exchange>, Result<(), NoAnswer>), NotSent> {
        // Whatever is not plain reading may start a job, wherever it is sent.
        let billable = !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let leave = self.guard.admit(billable).await.map_err(|denied| match denied {
            Denied::Silent => NotSent::Gone(self.exit_summary()),
            Denied::BudgetExhausted => NotSent::Spent,
            Denied::Capped => NotSent::Capped,
        })?;
        let began = Instant::now();
        let answer = self.http.send(&self.root, &request, within).await;
        leave.answered(&answer, telling);
        let went = answer.as_ref().map(|_| ()).map_err(Clone::clone);
        let entry = Entry {
            leg: Leg::Client,
            began,
            request,
            answer: answer.map_err(|error| error.to_string()),
            task: None,
        };
        let exchange = self.journal.record_for(Some(token.to_owned()), entry);
        match went {
            Err(NoAnswer::Connect(cause)) => Err(NotSent::Gone(format!("{} ({cause})", self.exit_summary()))),
            went => Ok((exchange, went)),
        }
    }

    /// What has been sent so far.
    pub fn traffic(&self) -> Traffic {
        self.guard.traffic()
    }

    /// Ends the subject and waits until it is gone.
    pub async fn end(self) {
        if let Running::Child(process) = self.running {
            process.end().await;
        }
    }

    fn exit_summary(&self) -> String {
        match &self.running {
            Running::Child(process) => match process.exit_summary() {
                Some(words) => format!("the gateway has ended: {words}"),
                None => "the gateway no longer answers".to_owned(),
            },
            _ => "the gateway no longer answers".to_owned(),
        }
    }
}

/// Why a question was not asked.
#[derive(Debug)]
pub enum NotSent {
    /// The gateway is not there any more.
    Gone(String),
    /// A job might have come of it, and all that may be accepted have been.
    Spent,
    /// Caller many requests as allowed have been sent.
    Capped,
}

/// Random keys of a run. They are canaries too: none may ever turn up in a report.
struct Keys(Ids);

impl Keys {
    fn new() -> Self {
        Self(Ids::seeded(fastrand::u64(..)))
    }

    fn make(&mut self, of: &str) -> Secret {
        Secret::new(format!("{of}-{}", self.0.alphanumeric(32)))
    }
}

/// The vendors a world can play witness for.
pub fn witnessed(world: &World) -> impl Iterator<Item = Vendor> {
    Vendor::all().filter(|vendor| world.mock(*vendor).is_some())
}

/// What a gateway that we start is given, besides `PORT`.
fn environment(key: &Secret, other_key: Option<&Secret>, upstreams: &[Upstream]) -> Environment {
    let mut variables = Environment::default().secret("RINGBACK_API_KEY", key);
    if let Some(other) = other_key {
        variables = variables.secret("RINGBACK_OTHER_API_KEY", other);
    }
    for Upstream { vendor, root, key } in upstreams {
        variables = variables.address(vendor.variable("URL"), root).secret(vendor.variable("KEY"), key);
    }
    variables
}
