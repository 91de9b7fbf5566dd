//! The job's own URL in every kind of job: for each API of a vendor, with every field, and whatever the
//! client submitted before.

use ringback_reference::gateway::mutants;
use serde_json::{Value, json};

use super::{check, wrong_callback};
use crate::gateway::context::GatewayContext;
use crate::gateway::submit::{SubmitRequest, UpstreamCreate};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str =
    "The page promises the field for a vendor, not for its oldest model or for the plainest job.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS,
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[
        GatewayPrecondition::Witness,
        GatewayPrecondition::Accepts,
        GatewayPrecondition::Forwards,
    ],
    jobs: 2,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-JOB-001",
        slug: "every-field",
        sentence: "A callback_url arrives when the job uses every other field that input allows.",
        why: WHY,
        remedy: "Copy callback_url in the one place that every create call passes.",
        terms: TERMS,
        mutants: &[
            mutants::DROPPED_WITH_DURATION,
            mutants::DROPPED_WITH_IMAGE,
            mutants::DROPPED_WITH_OPTIONS,
        ],
        check: check!(every_field),
    },
    Requirement {
        id: "GW-JOB-002",
        slug: "second-job",
        sentence: "A second job that looks like the first arrives with its own callback_url.",
        why: "Where what was sent once is kept and reused, every later event goes to the first receiver.",
        remedy: "Build each create call from its own request.",
        terms: TERMS,
        mutants: &[mutants::CALLBACK_CACHED, mutants::CALLBACK_OF_EQUAL_PROMPT],
        check: check!(second_job),
    },
    Requirement {
        id: "GW-JOB-003",
        slug: "second-job-without",
        sentence: "A job without a callback_url arrives without one when the job before it had one.",
        why: "The receiver of the first job gets events of a job it does not know.",
        remedy: "Build each create call from its own request.",
        terms: TERMS,
        mutants: &[mutants::CALLBACK_REMEMBERED, mutants::DEFAULT_CALLBACK],
        check: check!(second_job_without),
    },
    Requirement {
        id: "GW-JOB-004",
        slug: "kling-new-api",
        sentence: "A callback_url reaches Kling's newer API in that API's own field.",
        why: WHY,
        remedy: "The newer API takes it as options.callback_url.",
        terms: Terms { scope: Scope::Only("kling"), ..TERMS },
        mutants: &[mutants::DROPPED_FOR_KLING_V2],
        check: check!(newer_api),
    },
    Requirement {
        id: "GW-JOB-005",
        slug: "minimax-new-api",
        sentence: "A callback_url reaches MiniMax's newer API in that API's own field.",
        why: WHY,
        remedy: "The newer API takes it as callback_url, like the older one.",
        terms: Terms { scope: Scope::Only("minimax"), ..TERMS },
        mutants: &[mutants::DROPPED_FOR_MINIMAX_V2],
        check: check!(newer_api),
    },
];

async fn every_field(context: &GatewayContext) -> Result<(), Stop> {
    let sample = &context.dialect().sample;
    let filled = |job: SubmitRequest| {
        job.input("size", "1280x720")
            .input("image", "https://img.example.com/boat.png")
            .input("duration", sample.duration)
            .metadata(sample.option.0, sample.option.1.value())
    };
    // Not every vendor takes every combination; that is not what is judged here.
    context.accept(&filled(context.job())).await?;
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    super::forwarded(context, filled(job), &url).await
}

fn callback(create: &UpstreamCreate) -> Option<&str> {
    create.seen.callback_url.as_ref().and_then(Value::as_str)
}

async fn second_job(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = |which: &str| format!("{}?job={which}", GatewayContext::hook(&job.token));
    context.accept(&job.clone().callback(url("first"))).await?;
    context.create(&job).await?;
    context.accept(&job.clone().callback(url("second"))).await?;
    let second = url("second");
    if context.create_where(&job.token, |create| callback(create) == Some(second.as_str())).await.is_none() {
        let mut finding = Finding::new(
            format!("a create call with callback_url {second}"),
            "none, although its job was accepted",
        );
        if let Some(last) = context.creates(&job.token).last() {
            finding = wrong_callback(last, Some(&second));
        }
        context.note(finding);
    }
    Ok(())
}

async fn second_job_without(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    context.accept(&job.clone().callback(url)).await?;
    context.create(&job).await?;
    let prompt = format!("{} again", job.body["input"]["prompt"].as_str().unwrap_or_default());
    context.accept(&job.clone().input("prompt", prompt.as_str())).await?;
    let second = |create: &UpstreamCreate| create.seen.prompt.as_deref() == Some(prompt.as_str());
    let Some(create) = context.create_where(&job.token, second).await else {
        return Err(Stop::NotTestable("the second job does not reach its vendor, see GW-UP-002".into()));
    };
    if create.seen.callback_url.as_ref().is_some_and(|value| !value.is_null()) {
        context.note(wrong_callback(&create, None));
    }
    Ok(())
}

async fn newer_api(context: &GatewayContext) -> Result<(), Stop> {
    let Some(dialect) = context.vendor.dialects().get(1) else {
        return Err(Stop::NotApplicable(format!("{} has one API", context.vendor.title())));
    };
    let plain = context.submit(&context.job().root("model", json!(dialect.model))).await?;
    if plain.accepted().is_none() {
        return Err(Stop::NotApplicable(format!(
            "the gateway does not offer {}: {}",
            dialect.model,
            plain.summary()
        )));
    }
    let job = context.job().root("model", json!(dialect.model));
    let url = GatewayContext::hook(&job.token);
    super::forwarded(context, job, &url).await
}
