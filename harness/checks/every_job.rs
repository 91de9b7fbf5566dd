//! The job's own URL in every kind of job: for each API of a vendor, with every field, and whatever the
//! client submitted before.

use ringback_reference::gateway::mutants;
use serde_json::{Value, json};

use super::{check, wrong_callback};
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::{Create, Job};
use crate::outcome::{Finding, Level, Stop};

/// What every entry of this chapter has in common.
const COMMON: Requirement = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS,
    why: "The page promises the field for a vendor, not for its oldest model or for the plainest job.",
    remedy: "Copy callback_url in the one place that every create call passes.",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts, Need::Forwards],
    jobs: 2,
    generated: false,
    defects: &[],
    check: check!(every_field),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-JOB-001",
        slug: "every-field",
        sentence: "A callback_url arrives when the job uses every other field that input allows.",
        defects: &[
            mutants::DROPPED_WITH_DURATION,
            mutants::DROPPED_WITH_IMAGE,
            mutants::DROPPED_WITH_OPTIONS,
        ],
        ..COMMON
    },
    Requirement {
        id: "GW-JOB-002",
        slug: "second-job",
        sentence: "A second job that looks like the first arrives with its own callback_url.",
        why: "Where what was sent once is kept and reused, every later event goes to the first receiver.",
        remedy: "Build each create call from its own request.",
        defects: &[mutants::CALLBACK_CACHED, mutants::CALLBACK_OF_EQUAL_PROMPT],
        check: check!(second_job),
        ..COMMON
    },
    Requirement {
        id: "GW-JOB-003",
        slug: "second-job-without",
        sentence: "A job without a callback_url arrives without one when the job before it had one.",
        why: "The receiver of the first job gets events of a job it does not know.",
        remedy: "Build each create call from its own request.",
        defects: &[mutants::CALLBACK_REMEMBERED, mutants::DEFAULT_CALLBACK],
        check: check!(second_job_without),
        ..COMMON
    },
    Requirement {
        id: "GW-JOB-004",
        slug: "kling-new-api",
        sentence: "A callback_url reaches Kling's newer API in that API's own field.",
        remedy: "The newer API takes it as options.callback_url.",
        scope: Scope::Only("kling"),
        defects: &[mutants::DROPPED_FOR_KLING_V2],
        check: check!(newer_api),
        ..COMMON
    },
    Requirement {
        id: "GW-JOB-005",
        slug: "minimax-new-api",
        sentence: "A callback_url reaches MiniMax's newer API in that API's own field.",
        remedy: "The newer API takes it as callback_url, like the older one.",
        scope: Scope::Only("minimax"),
        defects: &[mutants::DROPPED_FOR_MINIMAX_V2],
        check: check!(newer_api),
        ..COMMON
    },
];

async fn every_field(bench: &Bench) -> Result<(), Stop> {
    let sample = &bench.dialect().sample;
    let filled = |job: Job| {
        job.input("size", "1280x720")
            .input("image", "https://img.example.com/boat.png")
            .input("duration", sample.duration)
            .metadata(sample.option.0, sample.option.1.value())
    };
    // Not every vendor takes every combination; that is not what is judged here.
    bench.accept(&filled(bench.job())).await?;
    let job = bench.job();
    let url = Bench::hook(&job.token);
    super::forwarded(bench, filled(job), &url).await
}

fn callback(create: &Create) -> Option<&str> {
    create.seen.callback_url.as_ref().and_then(Value::as_str)
}

async fn second_job(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = |which: &str| format!("{}?job={which}", Bench::hook(&job.token));
    bench.accept(&job.clone().callback(url("first"))).await?;
    bench.create(&job).await?;
    bench.accept(&job.clone().callback(url("second"))).await?;
    let second = url("second");
    if bench.create_where(&job.token, |create| callback(create) == Some(second.as_str())).await.is_none() {
        let mut finding = Finding::new(
            format!("a create call with callback_url {second}"),
            "none, although its job was accepted",
        );
        if let Some(last) = bench.creates(&job.token).last() {
            finding = wrong_callback(last, Some(&second));
        }
        bench.note(finding);
    }
    Ok(())
}

async fn second_job_without(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    bench.accept(&job.clone().callback(url)).await?;
    bench.create(&job).await?;
    let prompt = format!("{} again", job.body["input"]["prompt"].as_str().unwrap_or_default());
    bench.accept(&job.clone().input("prompt", prompt.as_str())).await?;
    let second = |create: &Create| create.seen.prompt.as_deref() == Some(prompt.as_str());
    let Some(create) = bench.create_where(&job.token, second).await else {
        return Err(Stop::NotTestable("the second job does not reach its vendor, see GW-UP-002".into()));
    };
    if create.seen.callback_url.as_ref().is_some_and(|value| !value.is_null()) {
        bench.note(wrong_callback(&create, None));
    }
    Ok(())
}

async fn newer_api(bench: &Bench) -> Result<(), Stop> {
    let Some(dialect) = bench.vendor.dialects().get(1) else {
        return Err(Stop::NotApplicable(format!("{} has one API", bench.vendor.title())));
    };
    let plain = bench.submit(&bench.job().root("model", json!(dialect.model))).await?;
    if plain.accepted().is_none() {
        return Err(Stop::NotApplicable(format!(
            "the gateway does not offer {}: {}",
            dialect.model,
            plain.gist()
        )));
    }
    let job = bench.job().root("model", json!(dialect.model));
    let url = Bench::hook(&job.token);
    super::forwarded(bench, job, &url).await
}
