//! Acknowledgement: 2xx, in time, whatever the callback says and however often it comes.

use ringback_mocks::receiver::defect::Defect;

use super::check;
use crate::catalogue::{Requirement, Scope, Source};
use crate::outcome::{Level, Stop};
use crate::receiver::bench::Bench;
use crate::receiver::callback::Says;
use crate::receiver::{Need, Receiver};

/// What every entry of this chapter has in common.
const COMMON: Requirement<Receiver> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Acks],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(success_acked),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-ACK-001",
        slug: "success-acked",
        sentence: "A callback that reports success is answered with 2xx.",
        source: Source::CALLBACKS,
        why: "Vendors repeat what is not acknowledged, and give up in the end: the result is lost.",
        remedy: "Answer 200 as soon as the callback is verified and stored.",
        needs: &[],
        defects: &[Defect::RefusesVidu],
        check: check!(success_acked),
        ..COMMON
    },
    Requirement {
        id: "RX-ACK-002",
        slug: "failure-acked",
        sentence: "A callback that reports failure is answered with 2xx.",
        why: "That a job has failed is news like any other; refusing it makes the vendor say it again and again.",
        remedy: "Acknowledge every state that the vendor documents, whatever you make of it.",
        defects: &[Defect::FailureIs500],
        check: check!(failure_acked),
        ..COMMON
    },
];

async fn success_acked(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    let reply = bench.deliver(&job, Says::SUCCESS).await?;
    bench.note_unless_acked(&reply, "a callback that reports success");
    Ok(())
}

async fn failure_acked(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    let reply = bench.deliver(&job, Says::FAILURE).await?;
    bench.note_unless_acked(&reply, "a callback that reports failure");
    Ok(())
}
