//! Kinds of callback URLs that the contract leaves to the gateway: refused or forwarded, each as its
//! knob says, and never a third thing.

use ringback_reference::gateway::mutants;

use super::{check, forwarded_or_refused};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::Knob;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str = "A client can fix what is refused, a vendor can judge what is forwarded; a URL that was changed, or a 5xx, helps neither.";
/// What to change where an entry of this chapter names no remedy of its own.
const REMEDY: &str =
    "Decide before the vendor is called: refuse with 400, or carry the value as an opaque string.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[
        GatewayPrecondition::Witness,
        GatewayPrecondition::Accepts,
        GatewayPrecondition::Forwards,
    ],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-URL-001",
        slug: "plain-http",
        sentence: "An http:// callback_url is forwarded as it is, or refused (or as the knob http_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { knobs: &[Knob::HttpCallback, Knob::RefusalStatus], ..TERMS },
        mutants: &[mutants::HTTP_UPGRADED],
        check: check!(plain_http),
    },
    Requirement {
        id: "GW-URL-002",
        slug: "private-address",
        sentence: "A callback_url with a private address is forwarded as it is, or refused (or as the knob private_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { knobs: &[Knob::PrivateCallback, Knob::RefusalStatus], ..TERMS },
        mutants: &[mutants::PRIVATE_HOST_IS_500],
        check: check!(private_address),
    },
    Requirement {
        id: "GW-URL-003",
        slug: "four-kilobytes",
        sentence: "A callback_url of 4,096 characters is forwarded as it is, or refused (or as the knob long_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { knobs: &[Knob::LongCallback, Knob::RefusalStatus], ..TERMS },
        mutants: &[
            mutants::TRUNCATED_AT_255,
            mutants::TRUNCATED_AT_1024,
            mutants::TRUNCATED_AT_2000,
            mutants::TRUNCATED_AT_2048,
            mutants::LONG_CALLBACK_DROPPED,
        ],
        check: check!(four_kilobytes),
    },
    Requirement {
        id: "GW-URL-004",
        slug: "relative",
        sentence: "A callback_url without scheme and host is forwarded as it is, or refused (or as the knob relative_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { knobs: &[Knob::RelativeCallback, Knob::RefusalStatus], ..TERMS },
        mutants: &[mutants::RELATIVE_RESOLVED],
        check: check!(relative),
    },
];

async fn plain_http(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = GatewayContext::hook(&job.token).replacen("https:", "http:", 1);
    forwarded_or_refused(context, Knob::HttpCallback, job, &url).await
}

async fn private_address(context: &GatewayContext) -> Result<(), Stop> {
    // Our courier calls no such address, whatever the gateway forwards.
    for host in ["10.0.0.7", "169.254.169.254", "[fd00::7]"] {
        let job = context.job();
        let url = format!("https://{host}/c/{}", job.token);
        forwarded_or_refused(context, Knob::PrivateCallback, job, &url).await?;
    }
    Ok(())
}

async fn four_kilobytes(context: &GatewayContext) -> Result<(), Stop> {
    const LENGTH: usize = 4_096;
    let job = context.job();
    let head = format!("{}?pad=", GatewayContext::hook(&job.token));
    let url = format!("{head}{}", "0123456789abcdef".repeat(LENGTH / 16));
    forwarded_or_refused(context, Knob::LongCallback, job, &url[..LENGTH]).await
}

async fn relative(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("/c/{}", job.token);
    forwarded_or_refused(context, Knob::RelativeCallback, job, &url).await
}
