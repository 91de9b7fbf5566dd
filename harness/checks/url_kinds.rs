//! Kinds of callback URLs that the contract leaves to the gateway: refused or forwarded, each as its
//! knob says, and never a third thing.

use ringback_reference::gateway::mutants;

use super::{check, forwarded_or_refused};
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::knob::Knob;
use crate::outcome::{Level, Stop};

/// What every entry of this chapter has in common.
const COMMON: Requirement = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "What is refused the client can mend, what is forwarded the vendor can judge; a URL that was changed, or a 5xx, helps neither.",
    remedy: "Decide before the vendor is called: refuse with 400, or carry the value as an opaque string.",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts, Need::Forwards],
    jobs: 1,
    generated: false,
    defects: &[],
    check: check!(plain_http),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-URL-001",
        slug: "plain-http",
        sentence: "An http:// callback_url is forwarded as it is, or refused (or as the knob http_callback says).",
        knobs: &[Knob::HttpCallback, Knob::RefusalStatus],
        defects: &[mutants::HTTP_UPGRADED],
        check: check!(plain_http),
        ..COMMON
    },
    Requirement {
        id: "GW-URL-002",
        slug: "private-address",
        sentence: "A callback_url with a private address is forwarded as it is, or refused (or as the knob private_callback says).",
        knobs: &[Knob::PrivateCallback, Knob::RefusalStatus],
        defects: &[mutants::PRIVATE_HOST_IS_500],
        check: check!(private_address),
        ..COMMON
    },
    Requirement {
        id: "GW-URL-003",
        slug: "four-kilobytes",
        sentence: "A callback_url of 4,096 characters is forwarded as it is, or refused (or as the knob long_callback says).",
        knobs: &[Knob::LongCallback, Knob::RefusalStatus],
        defects: &[
            mutants::TRUNCATED_AT_255,
            mutants::TRUNCATED_AT_1024,
            mutants::TRUNCATED_AT_2000,
            mutants::TRUNCATED_AT_2048,
            mutants::LONG_CALLBACK_DROPPED,
        ],
        check: check!(four_kilobytes),
        ..COMMON
    },
    Requirement {
        id: "GW-URL-004",
        slug: "relative",
        sentence: "A callback_url without scheme and host is forwarded as it is, or refused (or as the knob relative_callback says).",
        knobs: &[Knob::RelativeCallback, Knob::RefusalStatus],
        defects: &[mutants::RELATIVE_RESOLVED],
        check: check!(relative),
        ..COMMON
    },
];

async fn plain_http(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = Bench::hook(&job.token).replacen("https:", "http:", 1);
    forwarded_or_refused(bench, Knob::HttpCallback, job, &url).await
}

async fn private_address(bench: &Bench) -> Result<(), Stop> {
    // Our courier calls no such address, whatever the gateway forwards.
    for host in ["10.0.0.7", "169.254.169.254", "[fd00::7]"] {
        let job = bench.job();
        let url = format!("https://{host}/c/{}", job.token);
        forwarded_or_refused(bench, Knob::PrivateCallback, job, &url).await?;
    }
    Ok(())
}

async fn four_kilobytes(bench: &Bench) -> Result<(), Stop> {
    const LENGTH: usize = 4_096;
    let job = bench.job();
    let head = format!("{}?pad=", Bench::hook(&job.token));
    let url = format!("{head}{}", "0123456789abcdef".repeat(LENGTH / 16));
    forwarded_or_refused(bench, Knob::LongCallback, job, &url[..LENGTH]).await
}

async fn relative(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("/c/{}", job.token);
    forwarded_or_refused(bench, Knob::RelativeCallback, job, &url).await
}
