//! Vendors that do not sign: what defends a receiver all the same, which is a secret in the URL of each
//! job, and asking the gateway before anything is believed.

use std::time::Duration;

use ringback_mocks::stub_gateway::StubStatus;
use ringback_reference::receiver::mutants;

use super::{UNSIGNED, check};
use crate::receiver::context::{ReceiverContext, Started};
use crate::receiver::effects::Class;
use crate::receiver::secrecy;
use crate::receiver::task::CallbackState;
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachOf(UNSIGNED),
    knobs: &[],
    preconditions: &[
        ReceiverPrecondition::Acks,
        ReceiverPrecondition::Effects,
        ReceiverPrecondition::Gateway,
    ],
    jobs: 0,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-UNS-001",
        slug: "unknown-not-trusted",
        sentence: "A callback nobody signed, about a job the gateway does not know, has no effect.",
        why: "Anyone who finds the hook could otherwise make up jobs that have ended well.",
        remedy: "Take an unsigned callback for a hint: ask Get Task Status, and forget what it answers with 404.",
        terms: TERMS,
        mutants: &[mutants::TRUSTS_UNSIGNED, mutants::UNKNOWN_IS_CONFIRMED],
        check: check!(unknown_not_trusted),
    },
    Requirement {
        id: "RX-UNS-002",
        slug: "contradicted-not-trusted",
        sentence: "A callback that the gateway contradicts has no effect.",
        why: "Anyone who knows a job's id could otherwise end it before its time, or turn a failure into a success.",
        remedy: "Do the work only if the status that the gateway tells has ended, and as the gateway tells it.",
        terms: TERMS,
        mutants: &[mutants::TRUSTS_UNSIGNED, mutants::ASKS_BUT_IGNORES],
        check: check!(contradicted_not_trusted),
    },
    Requirement {
        id: "RX-UNS-003",
        slug: "wrong-secret",
        sentence: "A callback at a job's URL with another secret is not trusted.",
        why: "A secret that is not compared, or not to its end, protects nothing.",
        remedy: "Look the whole secret up among those of your jobs, and answer 404 when it is not there.",
        terms: Terms {
            preconditions: &[
                ReceiverPrecondition::Acks,
                ReceiverPrecondition::Effects,
                ReceiverPrecondition::Starts,
                ReceiverPrecondition::Gateway,
            ],
            ..TERMS
        },
        mutants: &[mutants::SECRET_UNCHECKED],
        check: check!(wrong_secret),
    },
    Requirement {
        id: "RX-UNS-004",
        slug: "unguessable",
        sentence: "The secret in a callback URL cannot be guessed.",
        why: "Anyone who has one job's URL could otherwise count on to the next one's.",
        remedy: "Put at least 128 random bits from the operating system into each job's callback URL.",
        terms: Terms {
            level: Level::Should,
            preconditions: &[
                ReceiverPrecondition::Acks,
                ReceiverPrecondition::Starts,
                ReceiverPrecondition::Gateway,
            ],
            ..TERMS
        },
        mutants: &[mutants::SECRET_COUNTS_UP],
        check: check!(unguessable),
    },
    Requirement {
        id: "RX-UNS-005",
        slug: "one-job-one-secret",
        sentence: "A job's URL ends that job only, whatever ids are posted there.",
        why: "One leaked URL could otherwise end any number of jobs, each with its work.",
        remedy: "Find the job by the secret in the URL alone; the id in the body decides nothing there.",
        terms: Terms {
            preconditions: &[
                ReceiverPrecondition::Acks,
                ReceiverPrecondition::Effects,
                ReceiverPrecondition::Starts,
                ReceiverPrecondition::Gateway,
            ],
            ..TERMS
        },
        mutants: &[mutants::WORKS_PER_VENDOR_ID],
        check: check!(one_job_one_secret),
    },
    Requirement {
        id: "RX-UNS-006",
        slug: "confirmed-later",
        sentence: "When the gateway lags behind the callback, the confirmation is asked again.",
        why: "Vendors call back as soon as a job ends; a gateway that polls them learns it later, and may stumble.",
        remedy: "Ask again after a pause while the gateway says running or nothing useful; stop at 404 and at an end.",
        terms: Terms { level: Level::Should, ..TERMS },
        mutants: &[mutants::CONFIRMS_ONCE],
        check: check!(confirmed_later),
    },
];

async fn unknown_not_trusted(context: &ReceiverContext) -> Result<(), Stop> {
    // The gateway is told nothing, so it says 404.
    let unknown = context.unsolicited_task(context.main())?;
    context.send(&unknown.callback(CallbackState::SUCCESS)?).await?;
    let control = context.job().await?;
    context.deliver(&control, CallbackState::SUCCESS).await?;
    let what = "an unsigned callback about a job that the gateway answers 404 for".to_owned();
    context.note_effects_of(&[(what, unknown)], &control).await
}

async fn contradicted_not_trusted(context: &ReceiverContext) -> Result<(), Stop> {
    let running = context.unsolicited_task(context.main())?;
    context.set_gateway_status(&running, StubStatus::Running);
    let request = running.callback(CallbackState::SUCCESS)?.request(ReceiverContext::now());
    if let Err((why, _)) = context.attempt(request, context.target.timeouts.answer).await? {
        return Err(Stop::NotTestable(format!(
            "the receiver does not answer while the gateway says running, see RX-ACK-007: {why}"
        )));
    }
    let failed = context.unsolicited_task(context.main())?;
    context.set_gateway_status(&failed, StubStatus::Failed);
    context.send(&failed.callback(CallbackState::SUCCESS)?).await?;
    let control = context.job().await?;
    context.deliver(&control, CallbackState::SUCCESS).await?;
    let what = "an unsigned success of a job that the gateway says is running".to_owned();
    context.note_effects_of(&[(what, running.clone())], &control).await?;
    // A receiver that was only woken up, and believes the gateway that it failed, is right.
    let (effect, exchange) = context.effect(&failed).await?;
    if effect.count > 0 && effect.class == Class::Success {
        let expected = "no work, or that of a failure, after an unsigned success of a job that the gateway says has failed";
        let finding = Finding::new(expected, effect.describe());
        context.note(exchange.iter().fold(finding, Finding::seen_in));
    }
    // A receiver that still asks about it may stop.
    context.set_gateway_status(&running, StubStatus::Failed);
    Ok(())
}

/// Jobs of one receiver, and what differs in their callback URLs; not applicable if nothing does.
async fn distinct<const N: usize>(
    context: &ReceiverContext,
) -> Result<([Started; N], secrecy::Difference), Stop> {
    let mut jobs = Vec::new();
    for _ in 0..N {
        jobs.push(context.start().await?);
    }
    let urls: Vec<&str> = jobs.iter().map(|started| started.job.hook.as_str()).collect();
    let Some(difference) = secrecy::Difference::of(&urls) else {
        return Err(Stop::NotApplicable(
            "the receiver names the same callback URL for every job: it has no secret in it, and must ask the \
             gateway about each callback (RX-UNS-001)"
                .into(),
        ));
    };
    let jobs =
        jobs.try_into().map_err(|_| Stop::HarnessError("another number of jobs was started".into()))?;
    Ok((jobs, difference))
}

async fn wrong_secret(context: &ReceiverContext) -> Result<(), Stop> {
    let ([victim, control], difference) = distinct::<2>(context).await?;
    let wrong = [
        ("the last character of its secret changed", difference.altered(&victim.job.hook)),
        ("its secret cut short", difference.shortened(&victim.job.hook)),
    ];
    let mut judged = Vec::new();
    for (what, hook) in wrong {
        // An id that neither the gateway nor the receiver has heard of.
        let posted = context.unsolicited_task(context.main())?.at(hook);
        context.send(&posted.callback(CallbackState::SUCCESS)?).await?;
        judged.push((format!("a callback at a job's URL with {what}"), posted));
    }
    judged.push(("callbacks at a job's URL with another secret".to_owned(), victim.job.clone()));
    context.deliver(&control.job, CallbackState::SUCCESS).await?;
    context.note_effects_of(&judged, &control.job).await?;
    // At the right URL the very same job ends. How often is for idempotency to judge.
    context.deliver(&victim.job, CallbackState::SUCCESS).await?;
    if let Err((effect, _)) = context.settles(&victim.job, 1, Class::Success).await?
        && effect.count == 0
    {
        context.note(Finding::new("the work done after its callback at the right URL", effect.describe()));
    }
    Ok(())
}

/// How long what differs in callback URLs must be, with what stands directly beside it.
const SECRET_MIN: usize = 16;
/// How much of it must really differ: the beginnings of two random secrets can be equal by chance, and
/// those of UUIDs that begin with the time are.
const DIFFERENT_MIN: usize = 12;

async fn unguessable(context: &ReceiverContext) -> Result<(), Stop> {
    let (jobs, difference) = distinct::<3>(context).await?;
    for started in &jobs {
        context.set_gateway_status(&started.job, StubStatus::Failed);
    }
    let hooks: Vec<&str> = jobs.iter().map(|started| started.job.hook.as_str()).collect();
    for (at, hook) in hooks.iter().enumerate() {
        let (part, core) = (difference.part(hook), difference.core(hook));
        let twice = hooks.iter().skip(at + 1).any(|other| other == hook);
        if part.chars().count() >= SECRET_MIN && core.chars().count() >= DIFFERENT_MIN && !twice {
            continue;
        }
        let expected = format!("a secret of at least {SECRET_MIN} characters in each job's callback URL");
        let actual = format!("callback URLs that differ in {core:?} only: {}", hooks.join(", "));
        context.note(Finding::new(expected, actual).seen_in(&jobs[at].reply.exchange));
        break;
    }
    Ok(())
}

async fn one_job_one_secret(context: &ReceiverContext) -> Result<(), Stop> {
    let ([mine, control], _) = distinct::<2>(context).await?;
    context.deliver(&mine.job, CallbackState::SUCCESS).await?;
    if let Err((effect, _)) = context.settles(&mine.job, 1, Class::Success).await? {
        return Err(Stop::NotTestable(format!(
            "the job's own callback has no effect: {}",
            effect.describe()
        )));
    }
    let other = context.unsolicited_task(context.main())?.at(mine.job.hook.clone());
    context.send(&other.callback(CallbackState::SUCCESS)?).await?;
    context.deliver(&control.job, CallbackState::SUCCESS).await?;
    // Whether the job itself is worked on twice is for idempotency to judge.
    let what = "a callback with another id at the URL of a job that has ended".to_owned();
    context.note_effects_of(&[(what, other)], &control.job).await
}

/// How long the gateway lags, if it is not asked before.
const LAG: Duration = Duration::from_secs(1);
/// How long the receiver may take to notice that the gateway knows.
const NOTICED_WITHIN: Duration = Duration::from_secs(5);

async fn confirmed_later(context: &ReceiverContext) -> Result<(), Stop> {
    if context.starts_jobs() {
        return Err(Stop::NotApplicable(
            "the receiver trusts only callbacks of jobs that it has started".into(),
        ));
    }
    let job = context.job().await?;
    let gateway = context.gateway();
    gateway.set(&job.key, StubStatus::Running);
    gateway.script(&job.key, [StubStatus::Error(502), StubStatus::Running]);
    let callback = job.callback(CallbackState::SUCCESS)?;
    let catching_up = async {
        gateway.asked(&job.key, 2, LAG).await;
        gateway.script(&job.key, []);
        gateway.set(&job.key, StubStatus::Finished);
    };
    // At once: a receiver may ask before it answers.
    let (sent, ()) = futures_util::future::join(context.send(&callback), catching_up).await;
    sent?;
    let within = NOTICED_WITHIN.max(context.target.timeouts.settle);
    if let Err((effect, exchange)) = context.settles_within(&job, 1, Class::Success, within).await? {
        let expected = format!(
            "the work done once within {within:?}, when the gateway has answered 502, then running, then finished"
        );
        let finding = Finding::new(expected, effect.describe());
        context.note(exchange.iter().fold(finding, Finding::seen_in));
    }
    Ok(())
}
