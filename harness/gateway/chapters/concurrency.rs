//! Many jobs at once, over all vendors: nothing of one job ends up at another.

use std::collections::BTreeSet;

use ringback_mocks::vendor::Vendor;
use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::{check, wrong_callback};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::Knob;
use crate::gateway::submit::{SubmitRequest, SubmittedJob, UpstreamCreate};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str = "What is kept in a place that requests share gets mixed up under load, and only there: one customer's events reach another.";
/// What to change where an entry of this chapter names no remedy of its own.
const REMEDY: &str =
    "Keep what belongs to a job in the job, never in a field of the client, the channel or the process.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::Once,
    knobs: &[],
    preconditions: &[
        GatewayPrecondition::Witness,
        GatewayPrecondition::Accepts,
        GatewayPrecondition::Forwards,
    ],
    jobs: 54,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-CONC-001",
        slug: "callbacks-stay-apart",
        sentence: "Of 50 jobs submitted at once over all vendors, each reaches its vendor with its own callback_url.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[
            mutants::CALLBACK_SHARED_ACROSS_VENDORS,
            mutants::CALLBACK_SHARED,
            mutants::CALLBACK_CACHED,
        ],
        check: check!(callbacks_stay_apart),
    },
    Requirement {
        id: "GW-CONC-002",
        slug: "ids-stay-apart",
        sentence: "50 jobs submitted at once have 50 task ids.",
        why: "With a shared id one of the two jobs can never be polled.",
        remedy: "Make ids random, or take them from a sequence that hands each number out once.",
        terms: TERMS,
        mutants: &[mutants::IDS_RACE, mutants::REPEATS_TASK_ID],
        check: check!(ids_stay_apart),
    },
    Requirement {
        id: "GW-CONC-003",
        slug: "statuses-stay-apart",
        sentence: "Statuses asked for at once are each the state of their own job.",
        why: WHY,
        remedy: REMEDY,
        terms: Terms {
            source: Source::STATUS.inferred(),
            knobs: &[Knob::Settle],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
                GatewayPrecondition::Status,
            ],
            jobs: 16,
            ..TERMS
        },
        mutants: &[
            mutants::STATUSES_CROSS,
            mutants::IDS_RACE,
            mutants::REPEATS_TASK_ID,
            mutants::FAILURE_REPORTED_FINISHED,
        ],
        check: check!(statuses_stay_apart),
    },
    Requirement {
        id: "GW-CONC-004",
        slug: "one-create-each",
        sentence: "50 jobs submitted at once lead to one create each.",
        why: "A second create is billed twice and calls back twice, with two ids.",
        remedy: "Do not repeat a create because the gateway is busy.",
        terms: TERMS,
        mutants: &[mutants::DUPLICATES_UNDER_LOAD, mutants::CREATES_TWICE],
        check: check!(one_create_each),
    },
];

/// Enough to overlap on any machine, few enough to be polite.
const CROWD: usize = 50;
/// Of these the statuses are followed.
const FOLLOWED: usize = 12;

/// The vendors that take a job and forward its `callback_url` when nothing else is going on: what goes
/// wrong with the others is not about concurrency.
async fn taking_part(context: &GatewayContext) -> Result<Vec<Vendor>, Stop> {
    let vendors = context.witnessed();
    let probes = vendors.iter().map(|vendor| async move {
        let job = context.job_of(*vendor);
        let url = GatewayContext::hook(&job.token);
        let job = job.callback(url.as_str());
        if context.submit(&job).await?.accepted().is_none() {
            return Ok(None);
        }
        let arrived = |create: &UpstreamCreate| {
            create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url.as_str())
        };
        Ok::<_, Stop>(context.create_where(&job.token, |_| true).await.filter(arrived).map(|_| *vendor))
    });
    let mut part = Vec::new();
    for probe in futures_util::future::join_all(probes).await {
        part.extend(probe?);
    }
    if part.is_empty() { Err(Stop::NotTestable("no vendor can take part".into())) } else { Ok(part) }
}

/// Submits jobs at once; those that were accepted. In a crowd no client may be turned away that would be
/// let in alone (a rate limit is asked again, and is not a refusal).
async fn submit_at_once<'j>(
    context: &GatewayContext,
    jobs: &'j [SubmitRequest],
) -> Result<Vec<(&'j SubmitRequest, SubmittedJob)>, Stop> {
    let submits = jobs.iter().map(|job| async move { (job, context.submit(job).await) });
    let mut accepted = Vec::new();
    for (job, reply) in futures_util::future::join_all(submits).await {
        let reply = reply?;
        let Some(id) = reply.accepted() else {
            return Err(Finding::new(
                format!("each of {} jobs submitted at once is accepted, as it is alone", jobs.len()),
                reply.summary(),
            )
            .seen_in(&reply.exchange)
            .into());
        };
        let (token, task_id) = (job.token.clone(), id.to_owned());
        accepted.push((job, SubmittedJob { token, task_id, reply: reply.clone() }));
    }
    Ok(accepted)
}

fn text_of<'j>(job: &'j SubmitRequest, pointer: &str) -> &'j str {
    job.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn prompt(job: &SubmitRequest) -> &str {
    text_of(job, "/input/prompt")
}

fn has_prompt(create: &UpstreamCreate, job: &SubmitRequest) -> bool {
    create.seen.prompt.as_deref() == Some(prompt(job))
}

async fn callbacks_stay_apart(context: &GatewayContext) -> Result<(), Stop> {
    let jobs = context.crowd(&taking_part(context).await?, CROWD);
    for (job, accepted) in submit_at_once(context, &jobs).await? {
        let url = text_of(job, "/input/metadata/callback_url");
        let Some(create) = context.create_where(&job.token, |create| has_prompt(create, job)).await else {
            return Err(Finding::new(
                format!("a create with the prompt {}", Value::from(prompt(job))),
                "no vendor received one",
            )
            .seen_in(&accepted.reply.exchange)
            .into());
        };
        if create.seen.callback_url.as_ref().and_then(Value::as_str) != Some(url) {
            context.note(wrong_callback(&create, Some(url)));
        }
    }
    Ok(())
}

async fn ids_stay_apart(context: &GatewayContext) -> Result<(), Stop> {
    let jobs = context.crowd(&taking_part(context).await?, CROWD);
    let mut ids = BTreeSet::new();
    for (_, accepted) in submit_at_once(context, &jobs).await? {
        if !ids.insert(accepted.task_id.clone()) {
            context.note(
                Finding::new(
                    "a task id of its own for each job",
                    format!("{} was given twice", accepted.task_id),
                )
                .at("/data/task_id")
                .seen_in(&accepted.reply.exchange),
            );
        }
    }
    Ok(())
}

async fn statuses_stay_apart(context: &GatewayContext) -> Result<(), Stop> {
    let jobs = context.crowd(&taking_part(context).await?, FOLLOWED);
    let accepted = submit_at_once(context, &jobs).await?;
    let mut followed = Vec::new();
    for (number, (job, accepted)) in accepted.iter().enumerate() {
        let (ending, word) = [("succeeded", "finished"), ("moderated", "failed")][number / 4 % 2];
        if context.create_where(&job.token, |create| has_prompt(create, job)).await.is_none()
            || !context.end_prompt(&job.token, prompt(job), ending)
        {
            return Err(Stop::NotTestable("a vendor has no task of an accepted job".into()));
        }
        followed.push((accepted, word));
    }
    let looks = followed.iter().map(|(accepted, word)| async move {
        let ended = context.settle(accepted, |word| matches!(word, "finished" | "failed")).await?;
        Ok::<_, Stop>((ended, *word))
    });
    for look in futures_util::future::join_all(looks).await {
        let (Ok(reply), word) = look? else {
            return Err(Stop::NotTestable("a job never ended at the gateway, see GW-ST-002".into()));
        };
        if reply.word() != Some(word) {
            context.note(
                Finding::new(format!("status {word}, as this job ended"), reply.summary())
                    .at("/data/status")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn one_create_each(context: &GatewayContext) -> Result<(), Stop> {
    let jobs = context.crowd(&taking_part(context).await?, CROWD);
    let accepted = submit_at_once(context, &jobs).await?;
    for (job, _) in &accepted {
        if context.create_where(&job.token, |create| has_prompt(create, job)).await.is_none() {
            return Err(Stop::NotTestable("an accepted job reaches no vendor, see GW-CONC-001".into()));
        }
    }
    let Some((first, _)) = accepted.first() else { return Ok(()) };
    let creates = context.creates_in_quiet(&first.token, jobs.len()).await;
    for job in &jobs {
        let own: Vec<&UpstreamCreate> = creates.iter().filter(|create| has_prompt(create, job)).collect();
        if let [_, .., last] = own.as_slice() {
            context.note(
                Finding::new(
                    format!("one create with the prompt {}", Value::from(prompt(job))),
                    format!("{} of them", own.len()),
                )
                .seen_in(&last.exchange),
            );
        }
    }
    Ok(())
}
