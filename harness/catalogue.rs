//! Every requirement there is, of every kind of subject: the one place that knows all kinds.
//!
//! What a requirement is, is `run::requirement`; the entries live beside their checks.

use ringback_mocks::vendor::Vendor;

use crate::gateway::Gateway;
use crate::receiver::Receiver;
use crate::run::expectation::{Expectation, Expectations};
use crate::run::replay::{Replay, ReplayError};
use crate::run::requirement::{Entry, Scope, entries_of};

/// Every requirement there is, in words.
pub fn entries() -> impl Iterator<Item = Entry> {
    entries_of::<Gateway>().chain(entries_of::<Receiver>())
}

/// A requirement by its id, in any case.
pub fn by_id(id: &str) -> Option<Entry> {
    entries().find(|entry| entry.id.eq_ignore_ascii_case(id))
}

/// Reads a replay id.
///
/// # Errors
/// When it has another form, or names what is not in this catalogue.
pub fn replay(id: &str) -> Result<Replay, ReplayError> {
    Replay::read(id, by_id)
}

/// Id and name of every case there can be, whatever the target.
pub fn every_case_name() -> impl Iterator<Item = (&'static str, String)> {
    entries().flat_map(|entry| {
        let vendors: Vec<Option<&str>> = match entry.scope {
            Scope::Once => vec![None],
            Scope::EachVendor => Vendor::all().map(|vendor| Some(vendor.name())).collect(),
            Scope::EachOf(names) => names.iter().copied().map(Some).collect(),
            Scope::Only(vendor) => vec![Some(vendor)],
        };
        let names = vendors.into_iter().map(|vendor| (entry.id, entry.case_name(vendor)));
        names.collect::<Vec<_>>()
    })
}

/// Known failures, each looked up among every case there can be.
pub fn expectations(given: Vec<Expectation>) -> Expectations {
    Expectations::among(given, &every_case_name().collect::<Vec<_>>())
}
