//! Authentication: no service without a known key, and no look into another client's tasks.

use ringback_mocks::reference::defect::Defect;

use super::check;
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::{As, Reply};
use crate::knob::{Choice, Knob};
use crate::outcome::{Finding, Level, Stop};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-AUTH-001",
        slug: "submit-needs-key",
        level: Level::Must,
        sentence: "A submit without a key is refused with 401 or 403.",
        source: Source::SUBMIT.inferred(),
        why: "Anybody could spend the operator's money.",
        remedy: "Check the bearer token before anything else.",
        scope: Scope::Once,
        knobs: &[Knob::BadTokenStatus],
        needs: &[Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::AuthOptional],
        check: check!(submit_needs_key),
    },
    Requirement {
        id: "GW-AUTH-002",
        slug: "submit-needs-known-key",
        level: Level::Must,
        sentence: "A submit with an unknown key is refused with 401 or 403.",
        source: Source::SUBMIT.inferred(),
        why: "Anybody could spend the operator's money.",
        remedy: "Look the token up; do not only check that there is one.",
        scope: Scope::Once,
        knobs: &[Knob::BadTokenStatus],
        needs: &[Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::AnyToken],
        check: check!(submit_needs_known_key),
    },
    Requirement {
        id: "GW-AUTH-003",
        slug: "status-needs-key",
        level: Level::Must,
        sentence: "A status without a key is refused with 401 or 403.",
        source: Source::STATUS.inferred(),
        why: "A status holds result URLs, which are the customer's property.",
        remedy: "Protect the status route like the submit route.",
        scope: Scope::Once,
        knobs: &[Knob::BadTokenStatus],
        needs: &[Need::Accepts, Need::Status],
        jobs: 1,
        generated: false,
        defects: &[Defect::AuthOptional, Defect::StatusOpen],
        check: check!(status_needs_key),
    },
    Requirement {
        id: "GW-AUTH-004",
        slug: "status-needs-known-key",
        level: Level::Must,
        sentence: "A status with an unknown key is refused with 401 or 403.",
        source: Source::STATUS.inferred(),
        why: "A status holds result URLs, which are the customer's property.",
        remedy: "Look the token up on the status route too.",
        scope: Scope::Once,
        knobs: &[Knob::BadTokenStatus],
        needs: &[Need::Accepts, Need::Status],
        jobs: 1,
        generated: false,
        defects: &[Defect::AnyToken],
        check: check!(status_needs_known_key),
    },
    Requirement {
        id: "GW-AUTH-005",
        slug: "tasks-isolated",
        level: Level::Must,
        sentence: "Another client's task is answered with 403 or 404.",
        source: Source::STATUS.inferred(),
        why: "One customer must not see, or find out about, another's jobs.",
        remedy: "Look tasks up by owner and id.",
        scope: Scope::Once,
        knobs: &[Knob::ForeignTaskStatus],
        needs: &[Need::Accepts, Need::Status, Need::OtherKey],
        jobs: 1,
        generated: false,
        defects: &[
            Defect::TasksShared,
            Defect::ErrorsIn200,
            Defect::UnknownTaskIs400,
            Defect::UnknownTaskRuns,
        ],
        check: check!(tasks_isolated),
    },
];

/// In the form of a real token, and nobody's.
const STRANGER: &str = "sk-ringback-unknown-0000000000000000";

/// Notes a finding unless the status is one that the knob allows.
fn note_unless(bench: &Bench, reply: &Reply, knob: Knob) {
    let allowed: &[u16] = match (knob, bench.knob(knob)) {
        (_, Choice::Status401) => &[401],
        (_, Choice::Status403) => &[403],
        (_, Choice::Status404) => &[404],
        (Knob::ForeignTaskStatus, _) => &[403, 404],
        _ => &[401, 403],
    };
    if !allowed.contains(&reply.status) {
        let expected = allowed.iter().map(|status| format!("HTTP {status}")).collect();
        let finding = Finding::new("", reply.gist()).seen_in(&reply.exchange);
        bench.note(Finding { expected, ..finding });
    }
}

async fn submit_needs_key(bench: &Bench) -> Result<(), Stop> {
    let reply = bench.submit_as(As::Nobody, &bench.job()).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus);
    Ok(())
}

async fn submit_needs_known_key(bench: &Bench) -> Result<(), Stop> {
    let reply = bench.submit_as(As::Stranger(STRANGER), &bench.job()).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus);
    Ok(())
}

async fn status_needs_key(bench: &Bench) -> Result<(), Stop> {
    let job = bench.accept(&bench.job()).await?;
    let reply = bench.status_as(As::Nobody, &job.token, &job.task_id).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus);
    Ok(())
}

async fn status_needs_known_key(bench: &Bench) -> Result<(), Stop> {
    let job = bench.accept(&bench.job()).await?;
    let reply = bench.status_as(As::Stranger(STRANGER), &job.token, &job.task_id).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus);
    Ok(())
}

async fn tasks_isolated(bench: &Bench) -> Result<(), Stop> {
    let job = bench.accept(&bench.job()).await?;
    let own = bench.status(&job).await?;
    if own.word().is_none() {
        return Err(Stop::NotTestable(format!("the owner cannot read the status either: {}", own.gist())));
    }
    let reply = bench.status_as(As::OtherClient, &job.token, &job.task_id).await?;
    note_unless(bench, &reply, Knob::ForeignTaskStatus);
    Ok(())
}
