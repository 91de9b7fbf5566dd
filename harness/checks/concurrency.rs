//! Many jobs at once, over all vendors: nothing of one job ends up at another.

use std::collections::BTreeSet;

use ringback_mocks::vendor::Vendor;
use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::{check, wrong_callback};
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::{Accepted, Create, Job};
use crate::knob::Knob;
use crate::outcome::{Finding, Level, Stop};

/// What every entry of this chapter has in common.
const COMMON: Requirement = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "What is kept in a place that requests share gets mixed up under load, and only there: one customer's events reach another.",
    remedy: "Keep what belongs to a job in the job, never in a field of the client, the channel or the process.",
    scope: Scope::Once,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts, Need::Forwards],
    jobs: 54,
    generated: false,
    defects: &[],
    check: check!(callbacks_stay_apart),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-CONC-001",
        slug: "callbacks-stay-apart",
        sentence: "Of 50 jobs submitted at once over all vendors, each reaches its vendor with its own callback_url.",
        defects: &[
            mutants::CALLBACK_SHARED_ACROSS_VENDORS,
            mutants::CALLBACK_SHARED,
            mutants::CALLBACK_CACHED,
        ],
        ..COMMON
    },
    Requirement {
        id: "GW-CONC-002",
        slug: "ids-stay-apart",
        sentence: "50 jobs submitted at once have 50 task ids.",
        why: "With a shared id one of the two jobs can never be polled.",
        remedy: "Make ids random, or take them from a sequence that hands each number out once.",
        defects: &[mutants::IDS_RACE, mutants::REPEATS_TASK_ID],
        check: check!(ids_stay_apart),
        ..COMMON
    },
    Requirement {
        id: "GW-CONC-003",
        slug: "statuses-stay-apart",
        sentence: "Statuses asked for at once are each the state of their own job.",
        source: Source::STATUS.inferred(),
        knobs: &[Knob::Settle],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards, Need::Status],
        jobs: 16,
        defects: &[
            mutants::STATUSES_CROSS,
            mutants::IDS_RACE,
            mutants::REPEATS_TASK_ID,
            mutants::FAILURE_REPORTED_FINISHED,
        ],
        check: check!(statuses_stay_apart),
        ..COMMON
    },
    Requirement {
        id: "GW-CONC-004",
        slug: "one-create-each",
        sentence: "50 jobs submitted at once lead to one create each.",
        why: "A second create is billed twice and calls back twice, with two ids.",
        remedy: "Do not repeat a create because the gateway is busy.",
        defects: &[mutants::DUPLICATES_UNDER_LOAD, mutants::CREATES_TWICE],
        check: check!(one_create_each),
        ..COMMON
    },
];

/// Enough to overlap on any machine, few enough to be polite.
const CROWD: usize = 50;
/// Of these the statuses are followed.
const FOLLOWED: usize = 12;

/// The vendors that take a job and forward its `callback_url` when nothing else is going on: what goes
/// wrong with the others is not about concurrency.
async fn taking_part(bench: &Bench) -> Result<Vec<Vendor>, Stop> {
    let vendors = bench.witnessed();
    let probes = vendors.iter().map(|vendor| async move {
        let job = bench.job_of(*vendor);
        let url = Bench::hook(&job.token);
        let job = job.callback(url.as_str());
        if bench.submit(&job).await?.accepted().is_none() {
            return Ok(None);
        }
        let arrived =
            |create: &Create| create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url.as_str());
        Ok::<_, Stop>(bench.create_where(&job.token, |_| true).await.filter(arrived).map(|_| *vendor))
    });
    let mut part = Vec::new();
    for probe in futures_util::future::join_all(probes).await {
        part.extend(probe?);
    }
    if part.is_empty() { Err(Stop::NotTestable("no vendor can take part".into())) } else { Ok(part) }
}

/// Submits jobs at once; those that were accepted. In a crowd nobody may be turned away who would be
/// let in alone (a rate limit is asked again, and is no refusal).
async fn submit_at_once<'j>(bench: &Bench, jobs: &'j [Job]) -> Result<Vec<(&'j Job, Accepted)>, Stop> {
    let submits = jobs.iter().map(|job| async move { (job, bench.submit(job).await) });
    let mut accepted = Vec::new();
    for (job, reply) in futures_util::future::join_all(submits).await {
        let reply = reply?;
        let Some(id) = reply.accepted() else {
            return Err(Finding::new(
                format!("each of {} jobs submitted at once is accepted, as it is alone", jobs.len()),
                reply.gist(),
            )
            .seen_in(&reply.exchange)
            .into());
        };
        let (token, task_id) = (job.token.clone(), id.to_owned());
        accepted.push((job, Accepted { token, task_id, reply: reply.clone() }));
    }
    Ok(accepted)
}

fn text_of<'j>(job: &'j Job, pointer: &str) -> &'j str {
    job.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn prompt(job: &Job) -> &str {
    text_of(job, "/input/prompt")
}

fn has_prompt(create: &Create, job: &Job) -> bool {
    create.seen.prompt.as_deref() == Some(prompt(job))
}

async fn callbacks_stay_apart(bench: &Bench) -> Result<(), Stop> {
    let jobs = bench.crowd(&taking_part(bench).await?, CROWD);
    for (job, accepted) in submit_at_once(bench, &jobs).await? {
        let url = text_of(job, "/input/metadata/callback_url");
        let Some(create) = bench.create_where(&job.token, |create| has_prompt(create, job)).await else {
            return Err(Finding::new(
                format!("a create with the prompt {}", Value::from(prompt(job))),
                "no vendor received one",
            )
            .seen_in(&accepted.reply.exchange)
            .into());
        };
        if create.seen.callback_url.as_ref().and_then(Value::as_str) != Some(url) {
            bench.note(wrong_callback(&create, Some(url)));
        }
    }
    Ok(())
}

async fn ids_stay_apart(bench: &Bench) -> Result<(), Stop> {
    let jobs = bench.crowd(&taking_part(bench).await?, CROWD);
    let mut ids = BTreeSet::new();
    for (_, accepted) in submit_at_once(bench, &jobs).await? {
        if !ids.insert(accepted.task_id.clone()) {
            bench.note(
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

async fn statuses_stay_apart(bench: &Bench) -> Result<(), Stop> {
    let jobs = bench.crowd(&taking_part(bench).await?, FOLLOWED);
    let accepted = submit_at_once(bench, &jobs).await?;
    let mut followed = Vec::new();
    for (number, (job, accepted)) in accepted.iter().enumerate() {
        let (ending, word) = [("succeeded", "finished"), ("moderated", "failed")][number / 4 % 2];
        if bench.create_where(&job.token, |create| has_prompt(create, job)).await.is_none()
            || !bench.end_prompt(&job.token, prompt(job), ending)
        {
            return Err(Stop::NotTestable("a vendor has no task of an accepted job".into()));
        }
        followed.push((accepted, word));
    }
    let looks = followed.iter().map(|(accepted, word)| async move {
        let ended = bench.settle(accepted, |word| matches!(word, "finished" | "failed")).await?;
        Ok::<_, Stop>((ended, *word))
    });
    for look in futures_util::future::join_all(looks).await {
        let (Ok(reply), word) = look? else {
            return Err(Stop::NotTestable("a job never ended at the gateway, see GW-ST-002".into()));
        };
        if reply.word() != Some(word) {
            bench.note(
                Finding::new(format!("status {word}, as this job ended"), reply.gist())
                    .at("/data/status")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn one_create_each(bench: &Bench) -> Result<(), Stop> {
    let jobs = bench.crowd(&taking_part(bench).await?, CROWD);
    let accepted = submit_at_once(bench, &jobs).await?;
    for (job, _) in &accepted {
        if bench.create_where(&job.token, |create| has_prompt(create, job)).await.is_none() {
            return Err(Stop::NotTestable("an accepted job reaches no vendor, see GW-CONC-001".into()));
        }
    }
    let Some((first, _)) = accepted.first() else { return Ok(()) };
    let creates = bench.creates_in_quiet(&first.token, jobs.len()).await;
    for job in &jobs {
        let own: Vec<&Create> = creates.iter().filter(|create| has_prompt(create, job)).collect();
        if let [_, .., last] = own.as_slice() {
            bench.note(
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
