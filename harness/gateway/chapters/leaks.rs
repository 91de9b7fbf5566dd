//! What must not reach the client: the operator's keys, and where the vendor really is.

use ringback_mocks::vendor::Step;
use ringback_reference::gateway::mutants;

use super::check;
use crate::gateway::context::GatewayContext;
use crate::gateway::submit::GatewayReply;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::STATUS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts, GatewayPrecondition::Status],
    jobs: 6,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-LEAK-001",
        slug: "vendor-key-stays",
        sentence: "No answer to a client contains a key of the operator's at the vendor.",
        why: "Anyone who reads it can spend the operator's money; some vendors quote keys in their errors.",
        remedy: "Write error messages of your own; remove keys from the vendor's before they are passed on.",
        terms: TERMS,
        mutants: &[mutants::VENDOR_KEY_IN_ERROR, mutants::VENDOR_KEY_IN_STATUS],
        check: check!(vendor_key_stays),
    },
    Requirement {
        id: "GW-LEAK-002",
        slug: "vendor-address-stays",
        sentence: "No answer to a client contains the address at which the gateway reaches the vendor.",
        why: "It may be an internal proxy; a client has no use for it, an attacker has.",
        remedy: "Log the failed call with its address; tell the client that the vendor did not accept the job.",
        terms: Terms { level: Level::Should, ..TERMS },
        mutants: &[mutants::VENDOR_ADDRESS_IN_ERROR],
        check: check!(vendor_address_stays),
    },
];

/// Refusals every vendor's table has.
const REFUSALS: &[&str] = &["moderation", "balance", "rate-limit"];

/// Everything that a client is told about jobs that go well, fail, or are refused by the vendor.
async fn told(context: &GatewayContext) -> Result<Vec<GatewayReply>, Stop> {
    let mut tokens = Vec::new();
    for name in ["succeeded", "moderated"] {
        let job = context.job();
        let accepted = context.accept(&job).await?;
        context.status(&accepted).await?;
        let end = context.dialect().ending(name).ok_or_else(|| Stop::HarnessError("no such end".into()))?;
        context.advance(&job, Step::End(end)).await?;
        // Whether it ends is another requirement's business: we read what is said on the way. So is
        // whether a status can be read.
        match context.glimpse(&accepted, |word| matches!(word, "finished" | "failed")).await {
            Ok(_) | Err(Stop::NotTestable(_)) => {}
            Err(stop) => return Err(stop),
        }
        tokens.push(job.token);
    }
    for refusal in REFUSALS {
        let job = context.job();
        context.script(&job, Some(refusal), true);
        context.submit_once(&job).await?;
        tokens.push(job.token);
    }
    Ok(tokens.iter().flat_map(|token| context.replies(token)).collect())
}

async fn vendor_key_stays(context: &GatewayContext) -> Result<(), Stop> {
    if !context.knows_vendor_key() {
        return Err(Stop::NotTestable(format!(
            "the key that the gateway uses at {} is not known here; set {}",
            context.vendor.title(),
            context.vendor.variable("KEY")
        )));
    }
    for reply in told(context).await? {
        for name in context.vendor_keys_in(&reply) {
            context.note(
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

async fn vendor_address_stays(context: &GatewayContext) -> Result<(), Stop> {
    for reply in told(context).await? {
        if let Some(address) = context.vendor_address_in(&reply) {
            context.note(
                Finding::new("the vendor's address in no answer", format!("it contains {address}"))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}
