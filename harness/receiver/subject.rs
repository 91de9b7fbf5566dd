//! The receiver, running: started or found, with the gateway beside it that it asks, and spoken to
//! through one inert client.
//!
//! Everything sent to the receiver goes through here, so that the journal has it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringback_mocks::http::{self, HttpClient, NoAnswer};
use ringback_mocks::ids::Ids;
use ringback_mocks::journal::{Entry, Exchange, Journal, Leg};
use ringback_mocks::stub_gateway::StubGateway;
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::{Request, Secret};
use ringback_reference::receiver::{Pace, ReceiverSetup, ReferenceReceiver, Secrets};
use tokio::sync::Semaphore;
use url::Url;

use super::target::{HOOKS, ReceiverReach, ReceiverTarget};
use crate::run::exec::{Environment, Process};
use crate::run::guard::{Denied, Guard, Permit};
use crate::run::outcome::Stop;
use crate::run::session::SetupError;

/// See [`ReceiverSubject::plays`].
const PLAYS: usize = 16;

/// Shorter values in a hook's query are words, such as the name of a vendor.
const QUERY_SECRET_MIN: usize = 8;

const CAPPED: &str = "as many requests have been sent as --max-requests allows; raise it, or judge fewer cases with \
                      --only";

/// A running receiver and what is around it.
#[derive(Debug)]
pub struct ReceiverSubject {
    /// The record of everything.
    pub journal: Arc<Journal>,
    /// The gateway that it asks; its own or none for a receiver elsewhere.
    pub gateway: StubGateway,
    hooks: Vec<(Vendor, String, String)>,
    secrets: Vec<(Vendor, Secret)>,
    key: Secret,
    masked: Vec<(String, Secret)>,
    http: HttpClient,
    pub(super) guard: Guard,
    /// Schedules that may be played at the same moment, by all cases together: more would only make
    /// everything slow, and judge the machine instead of the receiver.
    pub(super) plays: Semaphore,
    /// Held by the one case that needs much memory just now.
    pub(super) memory: Semaphore,
    running: Running,
}

#[derive(Debug)]
enum Running {
    Here(#[expect(dead_code, reason = "held so that it stops with the subject")] ReferenceReceiver),
    Child(Box<Process>),
    Elsewhere,
}

impl ReceiverSubject {
    /// Starts the gateway beside the receiver, then the receiver.
    ///
    /// # Errors
    /// When something cannot listen, or the command does not become a receiver.
    pub async fn start(target: &ReceiverTarget) -> Result<Self, SetupError> {
        let mut ids = Ids::seeded(fastrand::u64(..));
        let key = match &target.reach {
            ReceiverReach::Url { key: Some(key), .. } => key.clone(),
            _ => Secret::new(format!("sk-{}", ids.alphanumeric(32))),
        };
        let secrets = match &target.reach {
            ReceiverReach::Url { secrets, .. } => secrets.clone(),
            _ => Vendor::all().filter_map(|vendor| Some((vendor, made(vendor, &mut ids)?))).collect(),
        };
        let journal = Journal::open();
        let address = match &target.reach {
            ReceiverReach::Url { gateway: Some(gateway), .. } => *gateway,
            _ => http::LOOPBACK,
        };
        let gateway = StubGateway::bind(Arc::clone(&journal), key.clone(), address).await?;
        let (roots, running) = match &target.reach {
            ReceiverReach::Embedded { mutants, variants } => {
                let setup = ReceiverSetup {
                    secrets: reference_secrets(&secrets),
                    gateway: gateway.url(),
                    key: key.clone(),
                    mutants: mutants.clone(),
                    variants: variants.clone(),
                    pace: Pace::default(),
                };
                let receiver = ReferenceReceiver::start(setup, http::LOOPBACK).await?;
                (Roots::Hooks(receiver.url(), HOOKS), Running::Here(receiver))
            }
            ReceiverReach::Exec { command, ready_within, hooks } => {
                let environment = environment(&key, &gateway.url(), &secrets);
                let process = Process::start(command, environment, &target.hidden, *ready_within).await?;
                (Roots::Hooks(process.url(), hooks), Running::Child(Box::new(process)))
            }
            ReceiverReach::Url { hooks, .. } => (Roots::Each(hooks), Running::Elsewhere),
        };
        let hooks = target.vendors.iter().filter_map(|vendor| roots.hook(*vendor)).collect();
        let mut masked: Vec<_> =
            secrets.iter().map(|(vendor, secret)| (vendor.variable("SECRET"), secret.clone())).collect();
        masked.push(("RINGBACK_API_KEY".to_owned(), key.clone()));
        masked.extend_from_slice(&target.hidden);
        if let ReceiverReach::Url { hooks, .. } = &target.reach {
            masked.extend(hooks.iter().flat_map(|(_, url)| secrets_in(url)));
        }
        Ok(Self {
            journal,
            gateway,
            hooks,
            secrets,
            key,
            masked,
            http: HttpClient::unpooled(),
            guard: Guard::new(target.limits),
            plays: Semaphore::new(PLAYS),
            memory: Semaphore::new(1),
            running,
        })
    }

    /// Root of a vendor's hook, and its path with query.
    pub fn hook(&self, vendor: Vendor) -> Option<(&str, &str)> {
        self.hooks.iter().find(|(of, ..)| *of == vendor).map(|(_, root, path)| (root.as_str(), path.as_str()))
    }

    /// Secrets that sign a vendor's callbacks.
    pub fn secrets_of(&self, vendor: Vendor) -> Vec<Secret> {
        self.secrets.iter().filter(|(of, _)| *of == vendor).map(|(_, secret)| secret.clone()).collect()
    }

    /// The key that the receiver uses at its gateway.
    pub const fn key(&self) -> &Secret {
        &self.key
    }

    /// Every value that must not appear in a report, with the variable that holds it.
    pub fn masked(&self) -> &[(String, Secret)] {
        &self.masked
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u64 {
        self.guard.traffic().requests
    }

    /// Permit to send one request; at once, if its turn was saved.
    ///
    /// # Errors
    /// When nothing more may be sent; that says nothing about the receiver.
    pub(super) async fn leave(&self, saved: bool) -> Result<Permit<'_>, Stop> {
        let leave = if saved { self.guard.admit_saved() } else { self.guard.admit(false).await };
        leave.map_err(|denied| {
            Stop::Inconclusive(match denied {
                Denied::Silent => format!("{}, so nothing more is sent", self.exit_summary()),
                Denied::Capped | Denied::BudgetExhausted => CAPPED.to_owned(),
            })
        })
    }

    /// Sends a request that the guard has given leave for, and records what came of it.
    pub async fn send(
        &self,
        leg: Leg,
        token: &str,
        root: &str,
        request: Request,
        within: Duration,
        leave: Permit<'_>,
    ) -> (Arc<Exchange>, Result<(), NoAnswer>) {
        let began = Instant::now();
        let answer = self.http.send(root, &request, within).await;
        // Much of what is sent deserves no answer; only a receiver that takes no connection is gone.
        if answer.as_ref().err().is_none_or(NoAnswer::is_unreached) {
            leave.answered(&answer, true);
        }
        let went = answer.as_ref().map(|_| ()).map_err(Clone::clone);
        let answer = answer.map_err(|error| error.to_string());
        let entry = Entry { leg, began, request, answer, task: None };
        (self.journal.record_for(Some(token.to_owned()), entry), went)
    }

    /// Why it may be gone.
    pub fn exit_summary(&self) -> String {
        match &self.running {
            Running::Child(process) => match process.exit_summary() {
                Some(words) => format!("the receiver has ended: {words}"),
                None => "the receiver no longer answers".to_owned(),
            },
            _ => "the receiver no longer answers".to_owned(),
        }
    }

    /// Ends the receiver and waits until it is gone.
    pub async fn end(self) {
        if let Running::Child(process) = self.running {
            process.end().await;
        }
    }
}

enum Roots<'t> {
    Hooks(String, &'t str),
    Each(&'t [(Vendor, String)]),
}

impl Roots<'_> {
    fn hook(&self, vendor: Vendor) -> Option<(Vendor, String, String)> {
        match self {
            Self::Hooks(root, template) => {
                Some((vendor, root.clone(), template.replace("{vendor}", vendor.name())))
            }
            Self::Each(all) => {
                let (_, url) = all.iter().find(|(of, _)| *of == vendor)?;
                let (root, path) = divided(url)?;
                Some((vendor, root, path))
            }
        }
    }
}

/// Root and path with query of a URL.
pub fn divided(url: &str) -> Option<(String, String)> {
    let after = url.find("://")? + 3;
    match url[after..].find(['/', '?']) {
        Some(at) if url[after + at..].starts_with('/') => {
            Some((url[..after + at].to_owned(), url[after + at..].to_owned()))
        }
        Some(at) => Some((url[..after + at].to_owned(), format!("/{}", &url[after + at..]))),
        None => Some((url.to_owned(), "/".to_owned())),
    }
}

/// A secret for a vendor that signs, in the vendor's form.
fn made(vendor: Vendor, ids: &mut Ids) -> Option<Secret> {
    match vendor.main_dialect().callbacks.signing {
        Signing::Unsigned => None,
        Signing::StandardWebhooks => {
            let bytes = ids.alphanumeric(32);
            Some(Secret::new(format!("whsec_{}", data_encoding::BASE64.encode(bytes.as_bytes()))))
        }
        Signing::ViduHmac => Some(Secret::new(format!("vda_{}", ids.alphanumeric(32)))),
    }
}

fn reference_secrets(secrets: &[(Vendor, Secret)]) -> Secrets {
    let of = |signing: Signing| {
        let mut all =
            secrets.iter().filter(move |(vendor, _)| vendor.main_dialect().callbacks.signing == signing);
        all.next().map(|(_, secret)| secret.clone())
    };
    Secrets {
        kling: of(Signing::StandardWebhooks).into_iter().collect(),
        vidu: of(Signing::ViduHmac).unwrap_or_else(|| Secret::new("")),
    }
}

/// A vendor that does not sign is told from others by a secret in the query, so every value there is taken for one.
fn secrets_in(url: &str) -> Vec<(String, Secret)> {
    let Ok(url) = Url::parse(url) else { return Vec::new() };
    let query = url.query().unwrap_or_default();
    // As it was written, and as it reads.
    let written = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned());
    let read = url.query_pairs().map(|(_, value)| value.into_owned());
    let values = written.chain(read).filter(|value| value.len() >= QUERY_SECRET_MIN);
    values.map(|value| ("the query of a hook".to_owned(), Secret::new(value))).collect()
}

/// What a receiver that we start is given, besides `PORT`.
fn environment(key: &Secret, gateway: &str, secrets: &[(Vendor, Secret)]) -> Environment {
    let variables =
        Environment::default().secret("RINGBACK_API_KEY", key).address("RINGBACK_GATEWAY_URL", gateway);
    secrets
        .iter()
        .fold(variables, |variables, (vendor, secret)| variables.secret(vendor.variable("SECRET"), secret))
}
