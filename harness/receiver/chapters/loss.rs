//! Loss: callbacks that never arrive, and the polling that makes up for them.
//!
//! Every job here was started by the receiver; the gateway that it asks is ours.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use ringback_mocks::stub_gateway::StubStatus;
use ringback_reference::receiver::mutants;

use super::check;
use crate::receiver::context::{ReceiverContext, Started};
use crate::receiver::effects::Class;
use crate::receiver::task::{CallbackState, VendorTask};
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS,
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[
        ReceiverPrecondition::Acks,
        ReceiverPrecondition::Gateway,
        ReceiverPrecondition::Starts,
        ReceiverPrecondition::Effects,
    ],
    jobs: 0,
    generated: false,
};

/// What is needed where no effect is looked at.
const UNSEEN: &[ReceiverPrecondition] =
    &[ReceiverPrecondition::Acks, ReceiverPrecondition::Gateway, ReceiverPrecondition::Starts];

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-LOSS-001",
        slug: "job-started",
        sentence: "A job is submitted with its callback_url under input.metadata, and known by the gateway's id.",
        why: "Without the URL in its place no callback comes, and without the gateway's id there is nothing to poll.",
        remedy: "Submit with input.metadata.callback_url, and answer with data.task_id of the gateway's answer.",
        terms: Terms { preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Gateway], ..TERMS },
        mutants: &[mutants::CALLBACK_MISPLACED, mutants::OWN_TASK_ID],
        check: check!(job_started),
    },
    Requirement {
        id: "RX-LOSS-002",
        slug: "callback-ends-it",
        sentence: "The callback of a started job ends that job, once.",
        why: "The id in a callback is the vendor's; a receiver that looks for it among the gateway's ids finds nothing, or a new job.",
        remedy: "Put a secret of the job into its callback URL, and find the job by that.",
        terms: TERMS,
        mutants: &[mutants::CALLBACK_UNLINKED, mutants::POLL_WORKS_TOO],
        check: check!(callback_ends_it),
    },
    Requirement {
        id: "RX-LOSS-003",
        slug: "poll-ends-it",
        sentence: "A job whose callbacks are all lost ends by polling.",
        why: "Vendors give up after a few attempts, some after one; what is not asked for then is lost.",
        remedy: "Ask Get Task Status for every started job, at growing intervals, until it has ended.",
        terms: TERMS,
        mutants: &[mutants::NEVER_POLLS, mutants::POLLS_ONCE],
        check: check!(poll_ends_it),
    },
    Requirement {
        id: "RX-LOSS-004",
        slug: "poll-failure",
        sentence: "A failure is learnt by polling too.",
        why: "A job that failed silently would be polled forever, and its customer never told.",
        remedy: "Take `failed` in data.status for an end like `finished`.",
        terms: TERMS,
        mutants: &[
            mutants::NEVER_POLLS,
            mutants::POLLS_ONCE,
            mutants::POLL_KNOWS_NO_FAILURE,
            mutants::FAILURE_BELIEVED_SUCCESS,
        ],
        check: check!(poll_failure),
    },
    Requirement {
        id: "RX-LOSS-005",
        slug: "both-once",
        sentence: "Callback and polling together do the work once.",
        why: "As a rule both arrive; a job that each of them works on is charged twice.",
        remedy: "Let callback and poll pass the same claim on the job's end.",
        terms: TERMS,
        mutants: &[mutants::POLL_WORKS_TOO, mutants::CALLBACK_AFTER_POLL_WORKS, mutants::CALLBACK_UNLINKED],
        check: check!(both_once),
    },
    Requirement {
        id: "RX-LOSS-006",
        slug: "early-callback",
        sentence: "A callback that comes before the submit's answer is not lost.",
        why: "A fast job ends while the submit is still being answered; its only callback comes then.",
        remedy: "Store the job with its secret before the submit, and answer callbacks while the submit waits.",
        terms: TERMS,
        mutants: &[
            mutants::SINGLE_THREADED,
            mutants::EARLY_CALLBACK_REFUSED,
            mutants::CALLBACK_UNLINKED,
            mutants::POLL_WORKS_TOO,
        ],
        check: check!(early_callback),
    },
    Requirement {
        id: "RX-LOSS-007",
        slug: "poll-survives",
        sentence: "Errors of the gateway do not end the polling.",
        why: "A 500 or a proxy's page says nothing about the job; a receiver that stops there loses it.",
        remedy: "Take every answer but a terminal status for \"ask again later\".",
        terms: TERMS,
        mutants: &[mutants::POLL_STOPS_AT_ERROR, mutants::NEVER_POLLS, mutants::POLLS_ONCE],
        check: check!(poll_survives),
    },
    Requirement {
        id: "RX-LOSS-008",
        slug: "poll-ends",
        sentence: "A job that has ended is not asked about any more.",
        why: "Each job would cost requests forever, and the gateway's rate limit is shared by those that run.",
        remedy: "Stop polling when the job has ended, whichever side said so.",
        terms: Terms { level: Level::Should, preconditions: UNSEEN, ..TERMS },
        mutants: &[mutants::POLLS_FOREVER],
        check: check!(poll_ends),
    },
    Requirement {
        id: "RX-LOSS-009",
        slug: "poll-politely",
        sentence: "Polling leaves pauses.",
        why: "A loop without a pause meets the rate limit at once, and then nothing is learnt at all.",
        remedy: "Pause between two questions, longer the longer the job takes.",
        terms: Terms { level: Level::Should, preconditions: UNSEEN, ..TERMS },
        mutants: &[mutants::POLLS_HOT],
        check: check!(poll_politely),
    },
    Requirement {
        id: "RX-LOSS-010",
        slug: "any-subset",
        sentence: "Whichever callbacks are lost, the job ends rightly and once.",
        why: "A progress callback that arrived does not promise that the end will.",
        remedy: "Poll until the job has ended, whatever callbacks have come.",
        terms: TERMS,
        mutants: &[
            mutants::NEVER_POLLS,
            mutants::POLLS_ONCE,
            mutants::POLL_STOPS_AFTER_PROGRESS,
            mutants::CALLBACK_UNLINKED,
            mutants::POLL_WORKS_TOO,
        ],
        check: check!(any_subset),
    },
];

/// How long a callback may wait that comes before the submit's answer.
const EARLY: Duration = Duration::from_secs(5);
/// How long is counted what is asked about a job that has ended, and about one that runs.
const AFTER_END: Duration = Duration::from_secs(2);
const WHILE_RUNNING: Duration = Duration::from_secs(3);
/// Questions in that time that are polite.
const POLITE: usize = 45;

async fn job_started(context: &ReceiverContext) -> Result<(), Stop> {
    let Started { job, submit, token, reply } = context.start().await?;
    // What is only looked at must not be polled forever.
    context.set_gateway_status(&job, StubStatus::Failed);
    if !submit.authorized {
        context
            .note(Finding::new("a submit with RINGBACK_API_KEY as its bearer key", "it has another or none"));
    }
    let submits = context.gateway().submits(&token).len();
    if submits != 1 {
        context.note(Finding::new("one submit for one job", format!("{submits} submits")));
    }
    let answered = reply.json().unwrap_or_default();
    if answered["task_id"] != *submit.id {
        let expected = format!("task_id {:?}, the id that the gateway gave", submit.id);
        context.note(Finding::new(expected, reply.summary()).at("/task_id").seen_in(&reply.exchange));
    }
    Ok(())
}

async fn callback_ends_it(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.start().await?.job;
    let reply = context.deliver(&job, CallbackState::SUCCESS).await?;
    context.note_unless_acked(&reply, "the callback of a started job");
    let after = "the callback of a started job that the gateway calls finished";
    context.note_unless_once(&job, Class::Success, after).await?;
    context.wait_for_polls(&job, 2).await;
    context.note_unless_stays(&job, 1, Class::Success, after).await?;
    context.note_unless_linked(&job, after).await
}

/// A job that has ended by polling alone.
async fn note_unless_polled(
    context: &ReceiverContext,
    class: Class,
    within: Duration,
    after: &str,
) -> Result<VendorTask, Stop> {
    let job = context.start().await?.job;
    // A question that comes at once is too early, whenever exactly it comes.
    context.gateway().script(&job.key, [StubStatus::Running]);
    context.set_gateway_status(
        &job,
        if class == Class::Success { StubStatus::Finished } else { StubStatus::Failed },
    );
    context.note_unless_each_once(&[(after.to_owned(), job.clone())], class, within).await?;
    Ok(job)
}

async fn poll_ends_it(context: &ReceiverContext) -> Result<(), Stop> {
    let after = "a job without callbacks that the gateway calls finished";
    note_unless_polled(context, Class::Success, context.target.timeouts.poll, after).await.map(drop)
}

async fn poll_failure(context: &ReceiverContext) -> Result<(), Stop> {
    let after = "a job without callbacks that the gateway calls failed";
    note_unless_polled(context, Class::Failure, context.target.timeouts.poll, after).await.map(drop)
}

async fn both_once(context: &ReceiverContext) -> Result<(), Stop> {
    let (one, other) = join(callback_then_poll(context), poll_then_callback(context)).await;
    one.and(other)
}

async fn callback_then_poll(context: &ReceiverContext) -> Result<(), Stop> {
    let after = "the callback, then polling";
    let job = context.start().await?.job;
    context.deliver(&job, CallbackState::SUCCESS).await?;
    context.note_unless_once(&job, Class::Success, after).await?;
    context.wait_for_polls(&job, 2).await;
    context.note_unless_stays(&job, 1, Class::Success, after).await?;
    context.note_unless_linked(&job, after).await
}

async fn poll_then_callback(context: &ReceiverContext) -> Result<(), Stop> {
    let after = "polling, then the callback";
    let job = context.start().await?.job;
    context.set_gateway_status(&job, StubStatus::Finished);
    let within = context.target.timeouts.poll;
    if let Err((effect, _)) = context.settles_within(&job, 1, Class::Success, within).await? {
        return Err(Stop::NotTestable(format!(
            "polling alone does not end a job, see RX-LOSS-003: {}",
            effect.describe()
        )));
    }
    context.note_unless_stays(&job, 1, Class::Success, "polling alone").await?;
    context.deliver(&job, CallbackState::SUCCESS).await?;
    context.let_settle().await?;
    context.note_unless_stays(&job, 1, Class::Success, after).await?;
    context.note_unless_linked(&job, after).await
}

async fn early_callback(context: &ReceiverContext) -> Result<(), Stop> {
    let held = context.hold(context.main()).await?;
    let job = held.job.clone();
    context.set_gateway_status(&job, StubStatus::Finished);
    let callback = job.callback(CallbackState::SUCCESS)?.request(ReceiverContext::now());
    let early = context.attempt(callback, EARLY).await;
    // Whatever came of it, no receiver may be left waiting.
    let started = context.release(held).await;
    let what = "a callback before the submit is answered";
    match early? {
        Ok(reply) => context.note_unless_acked(&reply, what),
        Err((why, exchange)) => {
            let expected = format!("an answer within {EARLY:?} to {what}");
            context.note(Finding::new(expected, why).seen_in(&exchange));
        }
    }
    let started = started?;
    context.note_unless_acked(&started, "the start of a job whose callback was early");
    let jobs = [("a success before the submit was answered".to_owned(), job)];
    context.note_unless_each_once(&jobs, Class::Success, context.target.timeouts.poll).await?;
    context.wait_for_polls(&jobs[0].1, 2).await;
    context.note_unless_stays(&jobs[0].1, 1, Class::Success, what).await?;
    context.note_unless_linked(&jobs[0].1, what).await
}

async fn poll_survives(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.start().await?.job;
    let errors =
        [StubStatus::Error(500), StubStatus::Error(429), StubStatus::Garbage, StubStatus::Error(502)];
    context.gateway().script(&job.key, errors);
    context.set_gateway_status(&job, StubStatus::Finished);
    let after = "status answers 500, 429, a page that is not JSON, 502, then finished";
    let timeouts = &context.target.timeouts;
    context.note_unless_each_once(&[(after.to_owned(), job)], Class::Success, timeouts.poll * 2).await
}

async fn poll_ends(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.start().await?.job;
    let asked = context.gateway().queries(&job.key);
    context.set_gateway_status(&job, StubStatus::Finished);
    let told = Instant::now();
    // The first question after that, or the one that was on its way, is answered with the end.
    if !context.gateway().asked(&job.key, asked + 1, context.target.timeouts.poll).await {
        return Err(Stop::NotTestable("the receiver does not poll, see RX-LOSS-003".into()));
    }
    context.pause(AFTER_END).await;
    let since = context.gateway().asked_at(&job.key).into_iter().filter(|at| *at > told).count();
    if since > 2 {
        context.note(Finding::new(
            format!("at most one more query within {AFTER_END:?} of the one that was answered `finished`"),
            format!("{since} queries"),
        ));
    }
    Ok(())
}

async fn poll_politely(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.start().await?.job;
    let before = context.gateway().queries(&job.key);
    context.pause(WHILE_RUNNING).await;
    let asked = context.gateway().queries(&job.key) - before;
    context.set_gateway_status(&job, StubStatus::Finished);
    if asked > POLITE {
        context.note(Finding::new(
            format!("at most {POLITE} status queries for a job within {WHILE_RUNNING:?}"),
            format!("{asked} queries"),
        ));
    }
    Ok(())
}

async fn any_subset(context: &ReceiverContext) -> Result<(), Stop> {
    let mut words = context.unsolicited_task(context.main())?.progress();
    words.push(CallbackState::SUCCESS);
    let subsets = (0..1_usize << words.len()).map(|subset| {
        let words = &words;
        async move {
            let job = context.start().await?.job;
            let mut told = Vec::new();
            for (place, says) in words.iter().enumerate().filter(|(place, _)| subset >> place & 1 == 1) {
                let callback = job.callback_at(*says, i64::try_from(place).unwrap_or_default())?;
                context.send_ignoring_response(callback.request(ReceiverContext::now())).await?;
                told.push(callback.word);
            }
            context.set_gateway_status(&job, StubStatus::Finished);
            let told = if told.is_empty() { "no callback".to_owned() } else { told.join(", ") };
            Ok((format!("{told}, and finished when polled"), job))
        }
    });
    let jobs: Vec<(String, VendorTask)> = join_all(subsets).await.into_iter().collect::<Result<_, Stop>>()?;
    context.note_unless_each_once(&jobs, Class::Success, context.target.timeouts.poll).await?;
    for (told, job) in &jobs {
        context.note_unless_linked(job, told).await?;
    }
    Ok(())
}
