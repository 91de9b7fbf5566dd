//! Models whose vendor sends no callbacks: a `callback_url` is ignored or refused, and never does harm.
//!
//! Which of the two is left to the gateway. No mock stands for these vendors, so the chapter is only
//! judged at the reference, or with a model that somebody has named for it: a job may cost money.

use ringback_reference::gateway::mutants;

use super::{check, note_unless_refused};
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::job::{Accepted, Job};
use crate::knob::{Choice, Knob};
use crate::outcome::{Finding, Level, Stop};
use crate::target::{Mode, Target};

/// What every entry of this chapter has in common.
const COMMON: Requirement = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "Clients switch models without switching code: the callback_url comes along to models that know none.",
    remedy: "Ignore the URL or answer 400. (Name a model with --model polling=NAME to have this judged.)",
    scope: Scope::Once,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts],
    jobs: 2,
    generated: false,
    defects: &[],
    check: check!(ignored_or_refused),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-POLL-001",
        slug: "ignored-or-refused",
        sentence: "A callback_url with a polling-only model is ignored or refused (or as the knob polling_callback says); no other vendor gets the job.",
        knobs: &[Knob::PollingCallback, Knob::RefusalStatus],
        defects: &[mutants::POLLING_RUNS_AT_KLING, mutants::POLLING_CALLBACK_IS_500],
        ..COMMON
    },
    Requirement {
        id: "GW-POLL-002",
        slug: "no-callback",
        sentence: "Nobody sends a callback for a job of a polling-only model.",
        source: Source::CALLBACKS,
        remedy: "Leave callbacks to vendors that send them. (Name a model with --model polling=NAME to have this judged.)",
        defects: &[mutants::POLLING_CALLS_BACK],
        check: check!(no_callback),
        ..COMMON
    },
];

/// The documentation's first example of a model without callbacks.
const MODEL: &str = "sora-2";
/// Key of `models` in the configuration.
const NAMED: &str = "polling";

/// A job for a polling-only model, once such a job without a callback has been accepted.
async fn polling_job(bench: &Bench) -> Result<Job, Stop> {
    let target: &Target = &bench.target;
    let model = match target.models.get(NAMED) {
        Some(model) => model,
        None if target.mode() == Mode::Embedded => MODEL,
        None => {
            return Err(Stop::NotApplicable(
                "no polling-only model is named; its jobs go to a vendor that no mock stands for, so name one with --model polling=NAME only if they may run".into(),
            ));
        }
    };
    let reply = bench.submit(&bench.job().root("model", model)).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotApplicable(format!("the gateway does not offer {model}: {}", reply.gist())));
    }
    Ok(bench.job().root("model", model))
}

async fn ignored_or_refused(bench: &Bench) -> Result<(), Stop> {
    let job = polling_job(bench).await?;
    let url = Bench::hook(&job.token);
    let reply = bench.submit(&job.clone().callback(url)).await?;
    let ignored = "the job is accepted, and the callback_url ignored";
    let finding = |wanted| Finding::new(wanted, reply.gist()).seen_in(&reply.exchange);
    match (bench.knob(Knob::PollingCallback), reply.accepted()) {
        (Choice::Reject, _) => note_unless_refused(bench, &reply, "a callback_url"),
        (_, Some(_)) => {}
        (Choice::Ignore, None) => bench.note(finding(ignored)),
        (_, None) if (400..500).contains(&reply.status) => {}
        (_, None) => bench.note(finding(ignored).or("an HTTP 4xx status")),
    }
    for create in bench.creates_in_quiet(&job.token, 0).await {
        bench.note(
            Finding::new(
                "no create at a vendor whose model was not asked for",
                format!("{} received one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn no_callback(bench: &Bench) -> Result<(), Stop> {
    let job = polling_job(bench).await?;
    // The inbox's real address: a gateway that calls back itself could reach no other.
    let url = bench.inbox_url(&job.token);
    let reply = bench.submit(&job.clone().callback(url)).await?;
    let Some(task_id) = reply.accepted().map(str::to_owned) else {
        return Err(Stop::NotApplicable(format!("the gateway refuses the callback_url: {}", reply.gist())));
    };
    let accepted = Accepted { token: job.token.clone(), task_id, reply };
    // Gateways that call back themselves do so when they learn of the end; some learn by being asked.
    let _ = bench.glimpse(&accepted, |word| matches!(word, "finished" | "failed")).await?;
    if let Some(arrived) = bench.arrival_in_quiet(&job.token, |_| true).await {
        bench.note(
            Finding::new(
                format!("nothing at the callback URL for {:?}", bench.quiet()),
                format!("a {} arrived", arrived.request.method),
            )
            .seen_in(&arrived),
        );
    }
    bench.inbox_is_open().await
}
