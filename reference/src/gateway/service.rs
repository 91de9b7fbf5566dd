//! The reference gateway, running: what it is set up with, what it knows, and the socket it listens on.
//!
//! What it does with a request is said in the stages. It asks the vendor when a client asks for a status, keeps what has
//! ended, and never calls a customer's receiver.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use super::Gateway;
use super::routing::{Refusal, Reply};
use super::stages::Stages;
use super::task::Task;
use crate::deviation::{self, Mutant, Variant};
use crate::framing::{Framings, OddServer};
use ringback_mocks::http::{HttpClient, REQUEST_MAX, Server};
use ringback_mocks::vendor::{Dialect, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};

/// How a reference gateway is set up.
#[derive(Clone, Debug, Default)]
pub struct GatewaySetup {
    /// A token for each client.
    pub clients: Vec<Secret>,
    /// Root and key of each vendor.
    pub upstreams: Vec<Upstream>,
    /// The faults to make; none makes the plain gateway.
    pub mutants: Vec<Mutant<Gateway>>,
    /// The legal but unusual behaviours to show.
    pub variants: Vec<Variant<Gateway>>,
}

/// Where a vendor is and which key to use there.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// The vendor.
    pub vendor: Vendor,
    /// Its root, no path.
    pub root: String,
    /// The operator's key.
    pub key: Secret,
}

/// A running reference gateway; it stops when dropped.
#[derive(Debug)]
pub struct ReferenceGateway(Socket);

/// What serves it.
#[derive(Debug)]
enum Socket {
    Plain(Server),
    Odd(OddServer),
}

impl ReferenceGateway {
    /// Starts a gateway. Fails if it cannot listen, or if two of the deviations exclude each other.
    pub async fn start(setup: GatewaySetup, address: SocketAddr) -> io::Result<Self> {
        let pipeline = GatewayPipeline::new(setup)?;
        let framings = pipeline.0.stages.framings.clone();
        let answer = move |request| {
            let pipeline = pipeline.clone();
            async move { pipeline.answer(request).await }
        };
        if framings.is_empty() {
            return Ok(Self(Socket::Plain(Server::bind(address, answer).await?)));
        }
        let framings = Framings { all: framings, body_max: REQUEST_MAX };
        Ok(Self(Socket::Odd(OddServer::start(TcpListener::bind(address).await?, framings, answer)?)))
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        match &self.0 {
            Socket::Plain(server) => server.url(),
            Socket::Odd(server) => server.url(),
        }
    }
}

/// A reference gateway without a socket: a request in, a response out. It calls vendors as usual.
#[derive(Clone, Debug)]
pub struct GatewayPipeline(Context);

impl GatewayPipeline {
    /// Puts the stages together. Fails if two of the deviations exclude each other.
    pub fn new(setup: GatewaySetup) -> io::Result<Self> {
        let GatewaySetup { clients, upstreams, mutants, variants } = setup;
        let mut stages = Stages::plain();
        deviation::apply_all::<Gateway>(&mut stages, &mutants, &variants)
            .map_err(|conflict| io::Error::new(io::ErrorKind::InvalidInput, conflict))?;
        let http = HttpClient::new();
        Ok(Self(Arc::new(Service { clients, upstreams, http, tasks: Mutex::default(), stages })))
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request) -> Response {
        self.0.stages.serve.run(&self.0, Arc::new(request)).await
    }
}

/// What every stage knows.
pub(super) type Context = Arc<Service>;

/// The state of a gateway.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) clients: Vec<Secret>,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) http: HttpClient,
    pub(super) stages: Stages,
    tasks: Mutex<HashMap<String, Task>>,
}

/// Where the jobs of a model go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    /// Place among the upstreams.
    pub(super) upstream: usize,
    pub(super) vendor: Vendor,
    pub(super) dialect: &'static Dialect,
}

impl Route {
    /// Whether it leads to the vendor of this name.
    pub(super) fn leads_to(&self, vendor: &str) -> bool {
        self.vendor.name() == vendor
    }
}

impl Service {
    /// Where the jobs of a model go.
    pub(super) fn route(&self, model: &str) -> Option<Route> {
        self.upstreams.iter().enumerate().find_map(|(at, upstream)| {
            let vendor = upstream.vendor;
            let dialect = vendor.dialects().iter().find(|dialect| dialect.model == model)?;
            Some(Route { upstream: at, vendor, dialect })
        })
    }

    /// The vendor's root and the operator's key there.
    pub(super) fn upstream(&self, route: &Route) -> &Upstream {
        &self.upstreams[route.upstream]
    }

    /// Sends a call to a vendor; none if no answer came.
    pub(super) async fn call(&self, route: &Route, call: Request, within: Duration) -> Option<Response> {
        let Upstream { root, key, .. } = self.upstream(route);
        let call = call.header("authorization", format!("{} {}", route.dialect.auth.word(), key.expose()));
        self.http.send(root, &call, within).await.ok()
    }

    /// What a client is told instead of what it asked for.
    pub(super) fn error(
        self: &Arc<Self>,
        status: u16,
        kind: &'static str,
        message: impl Into<String>,
    ) -> Reply {
        self.stages.error.run(self, Refusal { status, kind, message: message.into() })
    }

    pub(super) fn tasks(&self) -> MutexGuard<'_, HashMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
