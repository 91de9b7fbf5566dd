//! Authentication: no service without a known key, and no look into another client's tasks.

use ringback_mocks::vendor::Step;
use ringback_reference::gateway::defect::Defect;
use serde_json::Value;

use super::{check, wrong_callback};
use crate::gateway::context::Bench;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{As, Create, Reply};
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
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
    Requirement {
        id: "GW-AUTH-006",
        slug: "near-keys-refused",
        level: Level::Must,
        sentence: "A token that is almost a client's key, empty, or under another scheme is refused with 401 or 403.",
        source: Source::SUBMIT.inferred(),
        why: "A comparison that stops early, or a default for an empty token, is a key that everybody has.",
        remedy: "Compare the whole token, byte for byte; an empty one is none.",
        scope: Scope::Once,
        knobs: &[Knob::BadTokenStatus],
        needs: &[Need::Accepts],
        jobs: 9,
        generated: false,
        defects: &[
            Defect::KeyPrefixAccepted,
            Defect::KeyCaseIgnored,
            Defect::EmptyBearerAccepted,
            Defect::AnyToken,
            Defect::AuthOptional,
        ],
        check: check!(near_keys_refused),
    },
    Requirement {
        id: "GW-AUTH-007",
        slug: "key-not-in-query",
        level: Level::Should,
        sentence: "A key in the query of the address is not accepted instead of the header.",
        source: Source::SUBMIT.inferred(),
        why: "Addresses are logged everywhere; RFC 6750 advises against keys in them, and the contract has one place for the key.",
        remedy: "Read the key from the Authorization header only.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[Need::Accepts],
        jobs: 5,
        generated: false,
        defects: &[Defect::KeyInQueryAccepted, Defect::AuthOptional],
        check: check!(key_not_in_query),
    },
    Requirement {
        id: "GW-AUTH-008",
        slug: "callbacks-isolated",
        level: Level::Must,
        sentence: "Two clients that submit the same job each have their own callback_url in it.",
        source: Source::CALLBACKS.inferred(),
        why: "Otherwise one customer's results are posted to another customer's receiver.",
        remedy: "Build each create call from its own request; never key anything by prompt alone.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards, Need::OtherKey],
        jobs: 2,
        generated: false,
        defects: &[Defect::CallbackOfEqualPrompt, Defect::CallbackCached],
        check: check!(callbacks_isolated),
    },
    Requirement {
        id: "GW-AUTH-009",
        slug: "no-create-without-key",
        level: Level::Must,
        sentence: "No vendor receives a create for a submit refused because of its key.",
        source: Source::SUBMIT.inferred(),
        why: "Anybody could spend the operator's money, and the refusal would hide it.",
        remedy: "Check the bearer token before anything else.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[Defect::CreatesBeforeAuth],
        check: check!(no_create_without_key),
    },
    Requirement {
        id: "GW-AUTH-010",
        slug: "finished-tasks-isolated",
        level: Level::Must,
        sentence: "Another client's finished task is answered with 403 or 404, too.",
        source: Source::STATUS.inferred(),
        why: "Only a finished task has something worth stealing; a cache of results must know whose they are.",
        remedy: "Look tasks up by owner and id, in every store that answers for them.",
        scope: Scope::EachVendor,
        knobs: &[Knob::ForeignTaskStatus, Knob::Settle],
        needs: &[Need::Witness, Need::Accepts, Need::Status, Need::OtherKey],
        jobs: 1,
        generated: false,
        defects: &[
            Defect::FinishedTasksShared,
            Defect::TasksShared,
            Defect::ErrorsIn200,
            Defect::UnknownTaskIs400,
            Defect::UnknownTaskRuns,
        ],
        check: check!(finished_tasks_isolated),
    },
];

/// In the form of a real token, and nobody's.
const STRANGER: &str = "sk-ringback-unknown-0000000000000000";

/// Notes a finding unless the status is one that the knob allows.
fn note_unless(bench: &Bench, reply: &Reply, knob: Knob, what: &str) {
    let allowed: &[u16] = match (knob, bench.knob(knob)) {
        (_, Choice::Status401) => &[401],
        (_, Choice::Status403) => &[403],
        (_, Choice::Status404) => &[404],
        (Knob::ForeignTaskStatus, _) => &[403, 404],
        _ => &[401, 403],
    };
    if !allowed.contains(&reply.status) {
        let expected = allowed.iter().map(|status| format!("HTTP {status} for {what}")).collect();
        let finding = Finding::new("", reply.gist()).seen_in(&reply.exchange);
        bench.note(Finding { expected, ..finding });
    }
}

async fn submit_needs_key(bench: &Bench) -> Result<(), Stop> {
    let reply = bench.submit_as(As::Nobody, &bench.job()).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus, "no key");
    Ok(())
}

async fn submit_needs_known_key(bench: &Bench) -> Result<(), Stop> {
    let reply = bench.submit_as(As::Stranger(STRANGER), &bench.job()).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus, "an unknown key");
    Ok(())
}

async fn status_needs_key(bench: &Bench) -> Result<(), Stop> {
    let job = bench.accept(&bench.job()).await?;
    let reply = bench.status_as(As::Nobody, &job.token, &job.task_id).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus, "no key");
    Ok(())
}

async fn status_needs_known_key(bench: &Bench) -> Result<(), Stop> {
    let job = bench.accept(&bench.job()).await?;
    let reply = bench.status_as(As::Stranger(STRANGER), &job.token, &job.task_id).await?;
    note_unless(bench, &reply, Knob::BadTokenStatus, "an unknown key");
    Ok(())
}

async fn tasks_isolated(bench: &Bench) -> Result<(), Stop> {
    let job = bench.accept(&bench.job()).await?;
    let own = bench.status(&job).await?;
    if own.word().is_none() {
        return Err(Stop::NotTestable(format!("the owner cannot read the status either: {}", own.gist())));
    }
    let reply = bench.status_as(As::OtherClient, &job.token, &job.task_id).await?;
    note_unless(bench, &reply, Knob::ForeignTaskStatus, "another client's task");
    Ok(())
}

async fn near_keys_refused(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&bench.job()).await?;
    for (what, value) in bench.near_keys() {
        let reply = bench.submit_as(As::Saying(&value), &bench.job()).await?;
        // RFC 6750 gives a header that cannot be read 400.
        if reply.status != 400 {
            note_unless(bench, &reply, Knob::BadTokenStatus, what);
        }
    }
    Ok(())
}

async fn key_not_in_query(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&bench.job()).await?;
    for name in ["key", "api_key", "access_token", "token"] {
        let reply = bench.submit_with_key_in_query(&bench.job(), name).await?;
        if reply.accepted().is_some() {
            bench.note(
                Finding::new(format!("HTTP 401 for the key in ?{name}="), reply.gist())
                    .or("HTTP 403")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn callbacks_isolated(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = |client: &str| format!("{}?client={client}", Bench::hook(&job.token));
    bench.accept(&job.clone().callback(url("one"))).await?;
    bench.create(&job).await?;
    let reply = bench.submit_as(As::OtherClient, &job.clone().callback(url("two"))).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotTestable(format!("the second client's job is not accepted: {}", reply.gist())));
    }
    let second = url("two");
    let own =
        |create: &Create| create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(second.as_str());
    if bench.create_where(&job.token, own).await.is_none() {
        match bench.creates(&job.token).last() {
            Some(last) => bench.note(wrong_callback(last, Some(&second))),
            None => bench.note(Finding::new("a create call for each client", "no vendor received one")),
        }
    }
    Ok(())
}

async fn no_create_without_key(bench: &Bench) -> Result<(), Stop> {
    let refused = bench.job();
    let reply = bench.submit_as(As::Stranger(STRANGER), &refused).await?;
    if reply.accepted().is_some() {
        return Err(Stop::NotTestable(format!(
            "a job with an unknown key was accepted, see GW-AUTH-002: {}",
            reply.gist()
        )));
    }
    let control = bench.job();
    bench.accept(&control).await?;
    if let Err(create) = bench.no_create(&refused, &control).await? {
        bench.note(
            Finding::new(
                format!("no create call for the refused job, {:?} after a later job arrived", bench.quiet()),
                format!("{} received one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn finished_tasks_isolated(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let accepted = bench.accept(&job).await?;
    let end = bench.dialect().ending("succeeded").ok_or_else(|| Stop::Broken("no good end".into()))?;
    bench.advance(&job, Step::End(end)).await?;
    if bench.settle(&accepted, |word| word == "finished").await?.is_err() {
        return Err(Stop::NotTestable("the job never finished at the gateway, see GW-ST-002".into()));
    }
    let reply = bench.status_as(As::OtherClient, &job.token, &accepted.task_id).await?;
    note_unless(bench, &reply, Knob::ForeignTaskStatus, "another client's task");
    Ok(())
}
