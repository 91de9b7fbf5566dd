//! What must not reach the client: the operator's keys, and where the vendor really is.

use ringback_mocks::vendor::Step;
use ringback_reference::gateway::defect::Defect;

use super::check;
use crate::gateway::context::Bench;
use crate::gateway::submit::Reply;
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// What every entry of this chapter has in common.
const COMMON: Requirement<Gateway> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::STATUS.inferred(),
    why: "",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts, Need::Status],
    jobs: 6,
    generated: false,
    defects: &[],
    check: check!(vendor_key_stays),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-LEAK-001",
        slug: "vendor-key-stays",
        sentence: "No answer to a client contains a key of the operator's at the vendor.",
        why: "Whoever reads it can spend the operator's money; some vendors quote keys in their errors.",
        remedy: "Write error messages of your own; remove keys from the vendor's before they are passed on.",
        defects: &[Defect::VendorKeyInError, Defect::VendorKeyInStatus],
        ..COMMON
    },
    Requirement {
        id: "GW-LEAK-002",
        slug: "vendor-address-stays",
        level: Level::Should,
        sentence: "No answer to a client contains the address at which the gateway reaches the vendor.",
        why: "It may be an internal proxy; a client has no use for it, an attacker has.",
        remedy: "Log the failed call with its address; tell the client that the vendor did not accept the job.",
        defects: &[Defect::VendorAddressInError],
        check: check!(vendor_address_stays),
        ..COMMON
    },
];

/// Refusals every vendor's table has.
const REFUSALS: &[&str] = &["moderation", "balance", "rate-limit"];

/// Everything that a client is told about jobs that go well, fail, or are refused by the vendor.
async fn told(bench: &Bench) -> Result<Vec<Reply>, Stop> {
    let mut tokens = Vec::new();
    for name in ["succeeded", "moderated"] {
        let job = bench.job();
        let accepted = bench.accept(&job).await?;
        bench.status(&accepted).await?;
        let end = bench.dialect().ending(name).ok_or_else(|| Stop::Broken("no such end".into()))?;
        bench.advance(&job, Step::End(end)).await?;
        // Whether it ends is another requirement's business: we read what is said on the way. So is
        // whether a status can be read.
        match bench.glimpse(&accepted, |word| matches!(word, "finished" | "failed")).await {
            Ok(_) | Err(Stop::NotTestable(_)) => {}
            Err(stop) => return Err(stop),
        }
        tokens.push(job.token);
    }
    for refusal in REFUSALS {
        let job = bench.job();
        bench.script(&job, Some(refusal), true);
        bench.submit_once(&job).await?;
        tokens.push(job.token);
    }
    Ok(tokens.iter().flat_map(|token| bench.replies(token)).collect())
}

async fn vendor_key_stays(bench: &Bench) -> Result<(), Stop> {
    if !bench.knows_vendor_key() {
        return Err(Stop::NotTestable(format!(
            "the key that the gateway uses at {} is not known here; set {}",
            bench.vendor.title(),
            bench.vendor.variable("KEY")
        )));
    }
    for reply in told(bench).await? {
        for name in bench.vendor_keys_in(&reply) {
            bench.note(
                Finding::new(
                    "no key of the operator's in an answer",
                    format!("the value of {name} is in it"),
                )
                .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn vendor_address_stays(bench: &Bench) -> Result<(), Stop> {
    for reply in told(bench).await? {
        if let Some(address) = bench.vendor_address_in(&reply) {
            bench.note(
                Finding::new("the vendor's address in no answer", format!("it contains {address}"))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}
