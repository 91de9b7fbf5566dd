//! Models whose vendor sends no callbacks: a `callback_url` is ignored or refused, and never does harm.
//!
//! Which of the two is left to the gateway. No mock stands for these vendors, so the chapter is only
//! judged at the reference, or with a model that was named for it: a job may cost money.

use ringback_reference::gateway::mutants;

use super::{check, note_unless_refused};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{SubmitRequest, SubmittedJob};
use crate::gateway::target::GatewayTarget;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::mode::Mode;
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str =
    "Clients switch models without switching code: the callback_url comes along to models that know none.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::Once,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
    jobs: 2,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-POLL-001",
        slug: "ignored-or-refused",
        sentence: "A callback_url with a polling-only model is ignored or refused (or as the knob polling_callback says); no other vendor gets the job.",
        why: WHY,
        remedy: "Ignore the URL or answer 400. (Name a model with --model polling=NAME to have this judged.)",
        terms: Terms { knobs: &[Knob::PollingCallback, Knob::RefusalStatus], ..TERMS },
        mutants: &[mutants::POLLING_RUNS_AT_KLING, mutants::POLLING_CALLBACK_IS_500],
        check: check!(ignored_or_refused),
    },
    Requirement {
        id: "GW-POLL-002",
        slug: "no-callback",
        sentence: "Nobody sends a callback for a job of a polling-only model.",
        why: WHY,
        remedy: "Leave callbacks to vendors that send them. (Name a model with --model polling=NAME to have this judged.)",
        terms: Terms { source: Source::CALLBACKS, ..TERMS },
        mutants: &[mutants::POLLING_CALLS_BACK],
        check: check!(no_callback),
    },
];

/// The documentation's first example of a model without callbacks.
const MODEL: &str = "sora-2";
/// Key of `models` in the configuration.
const NAMED: &str = "polling";

/// A job for a polling-only model, once such a job without a callback has been accepted.
async fn polling_job(context: &GatewayContext) -> Result<SubmitRequest, Stop> {
    let target: &GatewayTarget = &context.target;
    let model = match target.models.get(NAMED) {
        Some(model) => model,
        None if target.mode() == Mode::Embedded => MODEL,
        None => {
            return Err(Stop::NotApplicable(
                "no polling-only model is named; its jobs go to a vendor that no mock stands for, so name one with --model polling=NAME only if they may run".into(),
            ));
        }
    };
    let reply = context.submit(&context.job().root("model", model)).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotApplicable(format!("the gateway does not offer {model}: {}", reply.summary())));
    }
    Ok(context.job().root("model", model))
}

async fn ignored_or_refused(context: &GatewayContext) -> Result<(), Stop> {
    let job = polling_job(context).await?;
    let url = GatewayContext::hook(&job.token);
    let reply = context.submit(&job.clone().callback(url)).await?;
    let ignored = "the job is accepted, and the callback_url ignored";
    let finding = |wanted| Finding::new(wanted, reply.summary()).seen_in(&reply.exchange);
    match (context.knob(Knob::PollingCallback), reply.accepted()) {
        (Choice::Reject, _) => note_unless_refused(context, &reply, "a callback_url"),
        (_, Some(_)) => {}
        (Choice::Ignore, None) => context.note(finding(ignored)),
        (_, None) if (400..500).contains(&reply.status) => {}
        (_, None) => context.note(finding(ignored).or("an HTTP 4xx status")),
    }
    for create in context.creates_in_quiet(&job.token, 0).await {
        context.note(
            Finding::new(
                "no create at a vendor whose model was not asked for",
                format!("{} received one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn no_callback(context: &GatewayContext) -> Result<(), Stop> {
    let job = polling_job(context).await?;
    // The inbox's real address: a gateway that calls back itself could reach no other.
    let url = context.inbox_url(&job.token);
    let reply = context.submit(&job.clone().callback(url)).await?;
    let Some(task_id) = reply.accepted().map(str::to_owned) else {
        return Err(Stop::NotApplicable(format!(
            "the gateway refuses the callback_url: {}",
            reply.summary()
        )));
    };
    let accepted = SubmittedJob { token: job.token.clone(), task_id, reply };
    // Gateways that call back themselves do so when they learn of the end; some learn by being asked.
    let _ = context.glimpse(&accepted, |word| matches!(word, "finished" | "failed")).await?;
    if let Some(arrived) = context.arrival_in_quiet(&job.token, |_| true).await {
        context.note(
            Finding::new(
                format!("nothing at the callback URL for {:?}", context.quiet()),
                format!("a {} arrived", arrived.request.method),
            )
            .seen_in(&arrived),
        );
    }
    context.inbox_is_open().await
}
