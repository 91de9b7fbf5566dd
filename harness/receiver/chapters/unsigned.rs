//! Vendors that do not sign: what defends a receiver all the same, which is a secret in the URL of each
//! job, and asking the gateway before anything is believed.

use std::time::Duration;

use ringback_mocks::stub_gateway::StubStatus;
use ringback_reference::receiver::defect::Defect;

use super::{UNSIGNED, check};
use crate::receiver::context::{Bench, Started};
use crate::receiver::effects::Class;
use crate::receiver::secrecy;
use crate::receiver::task::Says;
use crate::receiver::{Need, Receiver};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// What every entry of this chapter has in common.
const COMMON: Requirement<Receiver> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "",
    remedy: "",
    scope: Scope::EachOf(UNSIGNED),
    knobs: &[],
    needs: &[Need::Acks, Need::Effects, Need::Gateway],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(unknown_not_trusted),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-UNS-001",
        slug: "unknown-not-trusted",
        sentence: "A callback nobody signed, about a job the gateway does not know, has no effect.",
        why: "Whoever finds the hook could otherwise make up jobs that have ended well.",
        remedy: "Take an unsigned callback for a hint: ask Get Task Status, and forget what it answers with 404.",
        defects: &[Defect::TrustsUnsigned, Defect::UnknownIsConfirmed],
        check: check!(unknown_not_trusted),
        ..COMMON
    },
    Requirement {
        id: "RX-UNS-002",
        slug: "contradicted-not-trusted",
        sentence: "A callback that the gateway contradicts has no effect.",
        why: "Whoever knows a job's id could otherwise end it before its time, or turn a failure into a success.",
        remedy: "Do the work only if the status that the gateway tells has ended, and as the gateway tells it.",
        defects: &[Defect::TrustsUnsigned, Defect::AsksButIgnores],
        check: check!(contradicted_not_trusted),
        ..COMMON
    },
    Requirement {
        id: "RX-UNS-003",
        slug: "wrong-secret",
        sentence: "A callback at a job's URL with another secret is not trusted.",
        why: "A secret that is not compared, or not to its end, protects nothing.",
        remedy: "Look the whole secret up among those of your jobs, and answer 404 when it is not there.",
        needs: &[Need::Acks, Need::Effects, Need::Starts, Need::Gateway],
        defects: &[Defect::SecretUnchecked],
        check: check!(wrong_secret),
        ..COMMON
    },
    Requirement {
        id: "RX-UNS-004",
        slug: "unguessable",
        level: Level::Should,
        sentence: "The secret in a callback URL cannot be guessed.",
        why: "Whoever has one job's URL could otherwise count on to the next one's.",
        remedy: "Put at least 128 random bits from the operating system into each job's callback URL.",
        needs: &[Need::Acks, Need::Starts, Need::Gateway],
        defects: &[Defect::SecretCountsUp],
        check: check!(unguessable),
        ..COMMON
    },
    Requirement {
        id: "RX-UNS-005",
        slug: "one-job-one-secret",
        sentence: "A job's URL ends that job only, whatever ids are posted there.",
        why: "One leaked URL could otherwise end any number of jobs, each with its work.",
        remedy: "Find the job by the secret in the URL alone; the id in the body decides nothing there.",
        needs: &[Need::Acks, Need::Effects, Need::Starts, Need::Gateway],
        defects: &[Defect::WorksPerVendorId],
        check: check!(one_job_one_secret),
        ..COMMON
    },
    Requirement {
        id: "RX-UNS-006",
        slug: "confirmed-later",
        level: Level::Should,
        sentence: "When the gateway lags behind the callback, the confirmation is asked again.",
        why: "Vendors call back as soon as a job ends; a gateway that polls them learns it later, and may stumble.",
        remedy: "Ask again after a pause while the gateway says running or nothing useful; stop at 404 and at an end.",
        defects: &[Defect::ConfirmsOnce],
        check: check!(confirmed_later),
        ..COMMON
    },
];

async fn unknown_not_trusted(bench: &Bench) -> Result<(), Stop> {
    // The gateway is told nothing, so it says 404.
    let unknown = bench.blue(bench.main())?;
    bench.send(&unknown.callback(Says::SUCCESS)?).await?;
    let control = bench.job().await?;
    bench.deliver(&control, Says::SUCCESS).await?;
    let what = "an unsigned callback about a job that the gateway answers 404 for".to_owned();
    bench.note_effects_of(&[(what, unknown)], &control).await
}

async fn contradicted_not_trusted(bench: &Bench) -> Result<(), Stop> {
    let running = bench.blue(bench.main())?;
    bench.back(&running, StubStatus::Running);
    let request = running.callback(Says::SUCCESS)?.request(Bench::now());
    if let Err((why, _)) = bench.attempt(request, bench.target.patience.answer).await? {
        return Err(Stop::NotTestable(format!(
            "the receiver does not answer while the gateway says running, see RX-ACK-007: {why}"
        )));
    }
    let failed = bench.blue(bench.main())?;
    bench.back(&failed, StubStatus::Failed);
    bench.send(&failed.callback(Says::SUCCESS)?).await?;
    let control = bench.job().await?;
    bench.deliver(&control, Says::SUCCESS).await?;
    let what = "an unsigned success of a job that the gateway says is running".to_owned();
    bench.note_effects_of(&[(what, running.clone())], &control).await?;
    // A receiver that was only woken up, and believes the gateway that it failed, is right.
    let (effect, exchange) = bench.effect(&failed).await?;
    if effect.count > 0 && effect.class == Class::Success {
        let expected = "no work, or that of a failure, after an unsigned success of a job that the gateway says has failed";
        let finding = Finding::new(expected, effect.told());
        bench.note(exchange.iter().fold(finding, Finding::seen_in));
    }
    // Whoever still asks about it may stop.
    bench.back(&running, StubStatus::Failed);
    Ok(())
}

/// Jobs of one receiver, and what differs in their callback URLs; not applicable if nothing does.
async fn distinct<const N: usize>(bench: &Bench) -> Result<([Started; N], secrecy::Difference), Stop> {
    let mut jobs = Vec::new();
    for _ in 0..N {
        jobs.push(bench.start().await?);
    }
    let urls: Vec<&str> = jobs.iter().map(|started| started.job.hook.as_str()).collect();
    let Some(difference) = secrecy::Difference::of(&urls) else {
        return Err(Stop::NotApplicable(
            "the receiver names the same callback URL for every job: it has no secret in it, and must ask the \
             gateway about each callback (RX-UNS-001)"
                .into(),
        ));
    };
    let jobs = jobs.try_into().map_err(|_| Stop::Broken("another number of jobs was started".into()))?;
    Ok((jobs, difference))
}

async fn wrong_secret(bench: &Bench) -> Result<(), Stop> {
    let ([victim, control], difference) = distinct::<2>(bench).await?;
    let wrong = [
        ("the last character of its secret changed", difference.altered(&victim.job.hook)),
        ("its secret cut short", difference.shortened(&victim.job.hook)),
    ];
    let mut judged = Vec::new();
    for (what, hook) in wrong {
        // An id that neither the gateway nor the receiver has heard of.
        let posted = bench.blue(bench.main())?.at(hook);
        bench.send(&posted.callback(Says::SUCCESS)?).await?;
        judged.push((format!("a callback at a job's URL with {what}"), posted));
    }
    judged.push(("callbacks at a job's URL with another secret".to_owned(), victim.job.clone()));
    bench.deliver(&control.job, Says::SUCCESS).await?;
    bench.note_effects_of(&judged, &control.job).await?;
    // At the right URL the very same job ends. How often is for idempotency to judge.
    bench.deliver(&victim.job, Says::SUCCESS).await?;
    if let Err((effect, _)) = bench.settles(&victim.job, 1, Class::Success).await?
        && effect.count == 0
    {
        bench.note(Finding::new("the work done after its callback at the right URL", effect.told()));
    }
    Ok(())
}

/// How long what differs in callback URLs must be, with what stands directly beside it.
const SECRET_MIN: usize = 16;
/// How much of it must really differ: the beginnings of two random secrets can be equal by chance, and
/// those of UUIDs that begin with the time are.
const DIFFERENT_MIN: usize = 12;

async fn unguessable(bench: &Bench) -> Result<(), Stop> {
    let (jobs, difference) = distinct::<3>(bench).await?;
    for started in &jobs {
        bench.back(&started.job, StubStatus::Failed);
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
        bench.note(Finding::new(expected, actual).seen_in(&jobs[at].reply.exchange));
        break;
    }
    Ok(())
}

async fn one_job_one_secret(bench: &Bench) -> Result<(), Stop> {
    let ([mine, control], _) = distinct::<2>(bench).await?;
    bench.deliver(&mine.job, Says::SUCCESS).await?;
    if let Err((effect, _)) = bench.settles(&mine.job, 1, Class::Success).await? {
        return Err(Stop::NotTestable(format!("the job's own callback has no effect: {}", effect.told())));
    }
    let other = bench.blue(bench.main())?.at(mine.job.hook.clone());
    bench.send(&other.callback(Says::SUCCESS)?).await?;
    bench.deliver(&control.job, Says::SUCCESS).await?;
    // Whether the job itself is worked on twice is for idempotency to judge.
    let what = "a callback with another id at the URL of a job that has ended".to_owned();
    bench.note_effects_of(&[(what, other)], &control.job).await
}

/// How long the gateway lags, if nobody asks it before.
const LAG: Duration = Duration::from_secs(1);
/// How long the receiver may take to notice that the gateway knows.
const NOTICED_WITHIN: Duration = Duration::from_secs(5);

async fn confirmed_later(bench: &Bench) -> Result<(), Stop> {
    if bench.starts_jobs() {
        return Err(Stop::NotApplicable(
            "the receiver trusts only callbacks of jobs that it has started".into(),
        ));
    }
    let job = bench.job().await?;
    let gateway = bench.gateway();
    gateway.set(&job.key, StubStatus::Running);
    gateway.script(&job.key, [StubStatus::Error(502), StubStatus::Running]);
    let callback = job.callback(Says::SUCCESS)?;
    let catching_up = async {
        gateway.asked(&job.key, 2, LAG).await;
        gateway.script(&job.key, []);
        gateway.set(&job.key, StubStatus::Finished);
    };
    // At once: a receiver may ask before it answers.
    let (sent, ()) = futures_util::future::join(bench.send(&callback), catching_up).await;
    sent?;
    let within = NOTICED_WITHIN.max(bench.target.patience.settle);
    if let Err((effect, exchange)) = bench.settles_within(&job, 1, Class::Success, within).await? {
        let expected = format!(
            "the work done once within {within:?}, when the gateway has answered 502, then running, then finished"
        );
        let finding = Finding::new(expected, effect.told());
        bench.note(exchange.iter().fold(finding, Finding::seen_in));
    }
    Ok(())
}
