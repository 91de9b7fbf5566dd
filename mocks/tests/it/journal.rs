//! Does the journal file under the right job what it is told?

use std::time::Instant;

use ringback_mocks::journal::{Entry, Journal, Leg};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response};

fn entry(vendor: Vendor, task: &str) -> Entry {
    Entry {
        leg: Leg::Upstream(vendor),
        began: Instant::now(),
        request: Request::get("/a-query"),
        answer: Ok(Response::text(200, "")),
        task: Some(task.to_owned()),
    }
}

#[test]
fn an_id_is_one_vendors_and_may_be_anothers_too() {
    let journal = Journal::open();
    let vendors: Vec<Vendor> = Vendor::all().collect();
    for vendor in &vendors {
        journal.record_for(Some(vendor.name().to_owned()), entry(*vendor, "176401234567800042"));
    }
    for vendor in &vendors {
        journal.record(entry(*vendor, "176401234567800042"));
        assert_eq!(journal.of(vendor.name()).len(), 2, "{}", vendor.name());
    }
}
