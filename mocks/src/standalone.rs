//! Mock vendors that stand by themselves: started together, told what to do through a control API.
//!
//! This is `ringback mock`, and what tests in other languages talk to. Judging a gateway needs more
//! (an inbox, tokens) and is `world`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::account::{AccountConfig, VendorOptions};
use crate::control::ControlApi;
use crate::dispatcher::{Dispatcher, Routes};
use crate::http::Server;
use crate::journal::Journal;
use crate::mock::MockVendor;
use crate::rules::Rule;
use crate::vendor::Vendor;

/// What to start.
#[derive(Debug)]
pub struct Setup {
    /// The vendors, where each listens, and their accounts. Empty `results` means the mock itself.
    pub vendors: Vec<(Vendor, SocketAddr, AccountConfig)>,
    /// Where the control API listens; `None` for none.
    pub control: Option<SocketAddr>,
    /// Where callbacks may go.
    pub routes: Routes,
    /// What becomes of tasks.
    pub rules: Vec<Rule>,
    /// The record.
    pub journal: Arc<Journal>,
}

/// Running mocks; they stop when dropped.
#[derive(Debug)]
pub struct Standalone {
    mocks: Arc<Vec<MockVendor>>,
    control: Option<Server>,
    journal: Arc<Journal>,
}

impl Standalone {
    /// Starts everything; when this returns, every address accepts connections.
    ///
    /// # Errors
    /// When an address cannot be bound; the message names what wanted it.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let Setup { vendors, control, routes, rules, journal } = setup;
        let dispatcher = Dispatcher::new(routes, Arc::clone(&journal));
        let mut mocks = Vec::new();
        let options: Vec<VendorOptions> =
            vendors.iter().map(|(.., settings)| settings.options.clone()).collect();
        for (vendor, address, settings) in vendors {
            let own_results = settings.results.is_empty();
            let mock =
                MockVendor::start(vendor, settings, address, Arc::clone(&journal), Arc::clone(&dispatcher))
                    .await
                    .map_err(|error| named(&error, &format!("mock {vendor}"), address))?;
            let results = format!("{}/results", mock.url());
            mock.with_machine(|machine| {
                if own_results {
                    machine.settings_mut().results = results;
                }
                // Each vendor has its own names for errors and endings.
                for rule in rules.iter().filter(|rule| rule.check(vendor.dialects()).is_ok()) {
                    machine.add_rule(rule.clone());
                }
            });
            mocks.push(mock);
        }
        let mocks = Arc::new(mocks);
        let control = match control {
            None => None,
            Some(address) => {
                let (mocks, journal) = (Arc::clone(&mocks), Arc::clone(&journal));
                let start = Arc::new((rules, options));
                let is_local = address.ip().is_loopback();
                let server = Server::bind(address, move |request| {
                    let (mocks, journal) = (Arc::clone(&mocks), Arc::clone(&journal));
                    let (dispatcher, start) = (Arc::clone(&dispatcher), Arc::clone(&start));
                    async move {
                        let (rules, options) = (&start.0, &start.1);
                        let api = ControlApi {
                            mocks: &mocks,
                            journal: &journal,
                            dispatcher: &dispatcher,
                            rules,
                            options,
                            is_local,
                        };
                        api.answer(&request)
                    }
                })
                .await
                .map_err(|error| named(&error, "the control API", address))?;
                Some(server)
            }
        };
        Ok(Self { mocks, control, journal })
    }

    /// The vendors, in the order they were asked for.
    pub fn mocks(&self) -> &[MockVendor] {
        &self.mocks
    }

    /// Address of the control API.
    pub fn control(&self) -> Option<String> {
        self.control.as_ref().map(Server::url)
    }

    /// The record of everything.
    pub const fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }
}

fn named(error: &io::Error, what: &str, address: SocketAddr) -> io::Error {
    io::Error::new(error.kind(), format!("{what} cannot listen on {address}: {error}"))
}
