//! Authentication: no service without a known key, and no look into another client's tasks.

use ringback_mocks::vendor::Step;
use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::{check, wrong_callback};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{Caller, GatewayReply, UpstreamCreate};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::SUBMIT.inferred(),
    scope: Scope::Once,
    knobs: &[Knob::BadTokenStatus],
    preconditions: &[GatewayPrecondition::Accepts],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-AUTH-001",
        slug: "submit-needs-key",
        sentence: "A submit without a key is refused with 401 or 403.",
        why: "Anyone could spend the operator's money.",
        remedy: "Check the bearer token before anything else.",
        terms: TERMS,
        mutants: &[mutants::AUTH_OPTIONAL],
        check: check!(submit_needs_key),
    },
    Requirement {
        id: "GW-AUTH-002",
        slug: "submit-needs-known-key",
        sentence: "A submit with an unknown key is refused with 401 or 403.",
        why: "Anyone could spend the operator's money.",
        remedy: "Look the token up; do not only check that there is one.",
        terms: TERMS,
        mutants: &[mutants::ANY_TOKEN],
        check: check!(submit_needs_known_key),
    },
    Requirement {
        id: "GW-AUTH-003",
        slug: "status-needs-key",
        sentence: "A status without a key is refused with 401 or 403.",
        why: "A status holds result URLs, which are the customer's property.",
        remedy: "Protect the status route like the submit route.",
        terms: Terms {
            source: Source::STATUS.inferred(),
            preconditions: &[GatewayPrecondition::Accepts, GatewayPrecondition::Status],
            ..TERMS
        },
        mutants: &[mutants::AUTH_OPTIONAL, mutants::STATUS_OPEN],
        check: check!(status_needs_key),
    },
    Requirement {
        id: "GW-AUTH-004",
        slug: "status-needs-known-key",
        sentence: "A status with an unknown key is refused with 401 or 403.",
        why: "A status holds result URLs, which are the customer's property.",
        remedy: "Look the token up on the status route too.",
        terms: Terms {
            source: Source::STATUS.inferred(),
            preconditions: &[GatewayPrecondition::Accepts, GatewayPrecondition::Status],
            ..TERMS
        },
        mutants: &[mutants::ANY_TOKEN],
        check: check!(status_needs_known_key),
    },
    Requirement {
        id: "GW-AUTH-005",
        slug: "tasks-isolated",
        sentence: "Another client's task is answered with 403 or 404.",
        why: "One customer must not see, or find out about, another's jobs.",
        remedy: "Look tasks up by owner and id.",
        terms: Terms {
            source: Source::STATUS.inferred(),
            knobs: &[Knob::ForeignTaskStatus],
            preconditions: &[
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Status,
                GatewayPrecondition::OtherKey,
            ],
            ..TERMS
        },
        mutants: &[
            mutants::TASKS_SHARED,
            mutants::ERRORS_IN_200,
            mutants::UNKNOWN_TASK_IS_400,
            mutants::UNKNOWN_TASK_RUNS,
        ],
        check: check!(tasks_isolated),
    },
    Requirement {
        id: "GW-AUTH-006",
        slug: "near-keys-refused",
        sentence: "A token that is almost a client's key, empty, or under another scheme is refused with 401 or 403.",
        why: "A comparison that stops early, or a default for an empty token, is a key that everybody has.",
        remedy: "Compare the whole token, byte for byte; an empty one is none.",
        terms: Terms { jobs: 9, ..TERMS },
        mutants: &[
            mutants::KEY_PREFIX_ACCEPTED,
            mutants::KEY_CASE_IGNORED,
            mutants::EMPTY_BEARER_ACCEPTED,
            mutants::ANY_TOKEN,
            mutants::AUTH_OPTIONAL,
        ],
        check: check!(near_keys_refused),
    },
    Requirement {
        id: "GW-AUTH-007",
        slug: "key-not-in-query",
        sentence: "A key in the query of the address is not accepted instead of the header.",
        why: "Addresses are logged everywhere; RFC 6750 advises against keys in them, and the contract has one place for the key.",
        remedy: "Read the key from the Authorization header only.",
        terms: Terms { level: Level::Should, knobs: &[], jobs: 5, ..TERMS },
        mutants: &[mutants::KEY_IN_QUERY_ACCEPTED, mutants::AUTH_OPTIONAL],
        check: check!(key_not_in_query),
    },
    Requirement {
        id: "GW-AUTH-008",
        slug: "callbacks-isolated",
        sentence: "Two clients that submit the same job each have their own callback_url in it.",
        why: "Otherwise one customer's results are posted to another customer's receiver.",
        remedy: "Build each create call from its own request; never key anything by prompt alone.",
        terms: Terms {
            source: Source::CALLBACKS.inferred(),
            knobs: &[],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
                GatewayPrecondition::OtherKey,
            ],
            jobs: 2,
            ..TERMS
        },
        mutants: &[mutants::CALLBACK_OF_EQUAL_PROMPT, mutants::CALLBACK_CACHED],
        check: check!(callbacks_isolated),
    },
    Requirement {
        id: "GW-AUTH-009",
        slug: "no-create-without-key",
        sentence: "No vendor receives a create for a submit refused because of its key.",
        why: "Anyone could spend the operator's money, and the refusal would hide it.",
        remedy: "Check the bearer token before anything else.",
        terms: Terms {
            scope: Scope::EachVendor,
            knobs: &[],
            preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
            jobs: 2,
            ..TERMS
        },
        mutants: &[mutants::CREATES_BEFORE_AUTH],
        check: check!(no_create_without_key),
    },
    Requirement {
        id: "GW-AUTH-010",
        slug: "finished-tasks-isolated",
        sentence: "Another client's finished task is answered with 403 or 404, too.",
        why: "Only a finished task has something worth stealing; a cache of results must know whose they are.",
        remedy: "Look tasks up by owner and id, in every store that answers for them.",
        terms: Terms {
            source: Source::STATUS.inferred(),
            scope: Scope::EachVendor,
            knobs: &[Knob::ForeignTaskStatus, Knob::Settle],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Status,
                GatewayPrecondition::OtherKey,
            ],
            ..TERMS
        },
        mutants: &[
            mutants::FINISHED_TASKS_SHARED,
            mutants::TASKS_SHARED,
            mutants::ERRORS_IN_200,
            mutants::UNKNOWN_TASK_IS_400,
            mutants::UNKNOWN_TASK_RUNS,
        ],
        check: check!(finished_tasks_isolated),
    },
];

/// In the form of a real token, and not one.
const STRANGER: &str = "sk-ringback-unknown-0000000000000000";

/// Notes a finding unless the status is one that the knob allows.
fn note_unless(context: &GatewayContext, reply: &GatewayReply, knob: Knob, what: &str) {
    let allowed: &[u16] = match (knob, context.knob(knob)) {
        (_, Choice::Status401) => &[401],
        (_, Choice::Status403) => &[403],
        (_, Choice::Status404) => &[404],
        (Knob::ForeignTaskStatus, _) => &[403, 404],
        _ => &[401, 403],
    };
    if !allowed.contains(&reply.status) {
        let expected = allowed.iter().map(|status| format!("HTTP {status} for {what}")).collect();
        let finding = Finding::new("", reply.summary()).seen_in(&reply.exchange);
        context.note(Finding { expected, ..finding });
    }
}

async fn submit_needs_key(context: &GatewayContext) -> Result<(), Stop> {
    let reply = context.submit_as(Caller::Nobody, &context.job()).await?;
    note_unless(context, &reply, Knob::BadTokenStatus, "no key");
    Ok(())
}

async fn submit_needs_known_key(context: &GatewayContext) -> Result<(), Stop> {
    let reply = context.submit_as(Caller::Stranger(STRANGER), &context.job()).await?;
    note_unless(context, &reply, Knob::BadTokenStatus, "an unknown key");
    Ok(())
}

async fn status_needs_key(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.accept(&context.job()).await?;
    let reply = context.status_as(Caller::Nobody, &job.token, &job.task_id).await?;
    note_unless(context, &reply, Knob::BadTokenStatus, "no key");
    Ok(())
}

async fn status_needs_known_key(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.accept(&context.job()).await?;
    let reply = context.status_as(Caller::Stranger(STRANGER), &job.token, &job.task_id).await?;
    note_unless(context, &reply, Knob::BadTokenStatus, "an unknown key");
    Ok(())
}

async fn tasks_isolated(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.accept(&context.job()).await?;
    let own = context.status(&job).await?;
    if own.word().is_none() {
        return Err(Stop::NotTestable(format!("the owner cannot read the status either: {}", own.summary())));
    }
    let reply = context.status_as(Caller::OtherClient, &job.token, &job.task_id).await?;
    note_unless(context, &reply, Knob::ForeignTaskStatus, "another client's task");
    Ok(())
}

async fn near_keys_refused(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&context.job()).await?;
    for (what, value) in context.near_keys() {
        let reply = context.submit_as(Caller::Saying(&value), &context.job()).await?;
        // RFC 6750 gives a header that cannot be read 400.
        if reply.status != 400 {
            note_unless(context, &reply, Knob::BadTokenStatus, what);
        }
    }
    Ok(())
}

async fn key_not_in_query(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&context.job()).await?;
    for name in ["key", "api_key", "access_token", "token"] {
        let reply = context.submit_with_key_in_query(&context.job(), name).await?;
        if reply.accepted().is_some() {
            context.note(
                Finding::new(format!("HTTP 401 for the key in ?{name}="), reply.summary())
                    .or("HTTP 403")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn callbacks_isolated(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = |client: &str| format!("{}?client={client}", GatewayContext::hook(&job.token));
    context.accept(&job.clone().callback(url("one"))).await?;
    context.create(&job).await?;
    let reply = context.submit_as(Caller::OtherClient, &job.clone().callback(url("two"))).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotTestable(format!(
            "the second client's job is not accepted: {}",
            reply.summary()
        )));
    }
    let second = url("two");
    let own = |create: &UpstreamCreate| {
        create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(second.as_str())
    };
    if context.create_where(&job.token, own).await.is_none() {
        match context.creates(&job.token).last() {
            Some(last) => context.note(wrong_callback(last, Some(&second))),
            None => context.note(Finding::new("a create call for each client", "no vendor received one")),
        }
    }
    Ok(())
}

async fn no_create_without_key(context: &GatewayContext) -> Result<(), Stop> {
    let refused = context.job();
    let reply = context.submit_as(Caller::Stranger(STRANGER), &refused).await?;
    if reply.accepted().is_some() {
        return Err(Stop::NotTestable(format!(
            "a job with an unknown key was accepted, see GW-AUTH-002: {}",
            reply.summary()
        )));
    }
    let control = context.job();
    context.accept(&control).await?;
    if let Err(create) = context.no_create(&refused, &control).await? {
        context.note(
            Finding::new(
                format!(
                    "no create call for the refused job, {:?} after a later job arrived",
                    context.quiet()
                ),
                format!("{} received one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn finished_tasks_isolated(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let accepted = context.accept(&job).await?;
    let end =
        context.dialect().ending("succeeded").ok_or_else(|| Stop::HarnessError("no good end".into()))?;
    context.advance(&job, Step::End(end)).await?;
    if context.settle(&accepted, |word| word == "finished").await?.is_err() {
        return Err(Stop::NotTestable("the job never finished at the gateway, see GW-ST-002".into()));
    }
    let reply = context.status_as(Caller::OtherClient, &job.token, &accepted.task_id).await?;
    note_unless(context, &reply, Knob::ForeignTaskStatus, "another client's task");
    Ok(())
}
