//! Everything around a subject, started together: vendors, inbox, dispatcher and journal.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::account::AccountConfig;
use crate::dispatcher::{Dispatcher, Routes};
use crate::http;
use crate::inbox::Inbox;
use crate::journal::Journal;
use crate::mock::MockVendor;
use crate::vendor::Vendor;
use crate::wire::Secret;

/// The domain of every callback URL that a job offers. It is reserved (RFC 2606), so nothing can
/// really be sent there; our dispatcher maps it, and every name below it, to the inbox.
pub const CALLBACK_DOMAIN: &str = "example.com";

/// How long our own receiver may take to answer a challenge. Longer than a vendor waits: on a machine
/// that is busy with other things our slowness must not look like a fault of the gateway.
const CHALLENGE_WITHIN: Duration = Duration::from_secs(9);

/// How one vendor of a world is set up.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The vendor.
    pub vendor: Vendor,
    /// Where it listens; port 0 for a free one.
    pub address: SocketAddr,
    /// The key it accepts; `None` accepts any.
    pub key: Option<Secret>,
}

/// A running world; it ends when dropped.
#[derive(Debug)]
pub struct World {
    /// The record of everything.
    pub journal: Arc<Journal>,
    /// Where callbacks arrive.
    pub inbox: Inbox,
    mocks: BTreeMap<&'static str, MockVendor>,
}

impl World {
    /// Starts the placed vendors, an inbox and a dispatcher between them.
    ///
    /// # Errors
    /// When an address cannot be bound; the message names vendor and address.
    pub async fn start(placements: &[Placement], seed: u64) -> io::Result<Self> {
        Self::start_with_inbox(placements, seed, http::LOOPBACK).await
    }

    /// Starts a world with the inbox at an address of its own, for callbacks that come from elsewhere.
    ///
    /// # Errors
    /// When an address cannot be bound; the message names who wanted it.
    pub async fn start_with_inbox(
        placements: &[Placement],
        seed: u64,
        inbox: SocketAddr,
    ) -> io::Result<Self> {
        let journal = Journal::open();
        let inbox = Inbox::bind(Arc::clone(&journal), inbox).await.map_err(|error| {
            io::Error::new(error.kind(), format!("the inbox cannot listen on {inbox}: {error}"))
        })?;
        let routes = Routes::default().map(CALLBACK_DOMAIN, inbox.address());
        let dispatcher = Dispatcher::new(routes, Arc::clone(&journal));
        let mut mocks = BTreeMap::new();
        for Placement { vendor, address, key } in placements {
            let settings = AccountConfig {
                api_keys: key.iter().cloned().collect(),
                results: format!("https://results.{CALLBACK_DOMAIN}/{vendor}"),
                // As vendors sign theirs: what nobody may clean up.
                results_query: "?Expires=1795000000&Signature=a%2Bb%2Fc%3D%3D",
                seed,
                challenge_within: Some(CHALLENGE_WITHIN),
                ..AccountConfig::default()
            };
            let mock =
                MockVendor::start(*vendor, settings, *address, Arc::clone(&journal), Arc::clone(&dispatcher))
                    .await
                    .map_err(|error| {
                        io::Error::new(
                            error.kind(),
                            format!("mock {vendor} cannot listen on {address}: {error}"),
                        )
                    })?;
            mocks.insert(vendor.name(), mock);
        }
        Ok(Self { journal, inbox, mocks })
    }

    /// Every vendor on a free loopback port, each with a key of its own.
    pub fn everywhere(mut key: impl FnMut(Vendor) -> Secret) -> Vec<Placement> {
        Vendor::all()
            .map(|vendor| Placement { vendor, address: http::LOOPBACK, key: Some(key(vendor)) })
            .collect()
    }

    /// A vendor's mock, if this world has it.
    pub fn mock(&self, vendor: Vendor) -> Option<&MockVendor> {
        self.mocks.get(vendor.name())
    }
}
