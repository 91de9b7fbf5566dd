//! Loss: callbacks that never arrive, and the polling that makes up for them.
//!
//! Every job here was started by the receiver; the gateway that it asks is ours.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use ringback_mocks::stub_gateway::StubStatus;
use ringback_reference::receiver::defect::Defect;

use super::check;
use crate::receiver::context::{Bench, Started};
use crate::receiver::effects::Class;
use crate::receiver::task::{Job, Says};
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
    source: Source::CALLBACKS,
    why: "",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Acks, Need::Gateway, Need::Starts, Need::Effects],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(job_started),
};

/// What is needed where no effect is looked at.
const UNSEEN: &[Need] = &[Need::Acks, Need::Gateway, Need::Starts];

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-LOSS-001",
        slug: "job-started",
        sentence: "A job is submitted with its callback_url under input.metadata, and known by the gateway's id.",
        why: "Without the URL in its place no callback comes, and without the gateway's id there is nothing to poll.",
        remedy: "Submit with input.metadata.callback_url, and answer with data.task_id of the gateway's answer.",
        needs: &[Need::Acks, Need::Gateway],
        defects: &[Defect::CallbackMisplaced, Defect::OwnTaskId],
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-002",
        slug: "callback-ends-it",
        sentence: "The callback of a started job ends that job, once.",
        why: "The id in a callback is the vendor's; whoever looks for it among the gateway's ids finds nothing, or a new job.",
        remedy: "Put a secret of the job into its callback URL, and find the job by that.",
        defects: &[Defect::CallbackUnlinked, Defect::PollWorksToo],
        check: check!(callback_ends_it),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-003",
        slug: "poll-ends-it",
        sentence: "A job whose callbacks are all lost ends by polling.",
        why: "Vendors give up after a few attempts, some after one; what is not asked for then is lost.",
        remedy: "Ask Get Task Status for every started job, at growing intervals, until it has ended.",
        defects: &[Defect::NeverPolls, Defect::PollsOnce],
        check: check!(poll_ends_it),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-004",
        slug: "poll-failure",
        sentence: "A failure is learnt by polling too.",
        why: "A job that failed silently would be polled for ever, and its customer never told.",
        remedy: "Take `failed` in data.status for an end like `finished`.",
        defects: &[
            Defect::NeverPolls,
            Defect::PollsOnce,
            Defect::PollKnowsNoFailure,
            Defect::FailureBelievedSuccess,
        ],
        check: check!(poll_failure),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-005",
        slug: "both-once",
        sentence: "Callback and polling together do the work once.",
        why: "As a rule both arrive; a job that each of them works on is charged twice.",
        remedy: "Let callback and poll pass the same claim on the job's end.",
        defects: &[Defect::PollWorksToo, Defect::CallbackAfterPollWorks, Defect::CallbackUnlinked],
        check: check!(both_once),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-006",
        slug: "early-callback",
        sentence: "A callback that comes before the submit's answer is not lost.",
        why: "A fast job ends while the submit is still being answered; its only callback comes then.",
        remedy: "Store the job with its secret before the submit, and answer callbacks while the submit waits.",
        defects: &[
            Defect::SingleThreaded,
            Defect::EarlyCallbackRefused,
            Defect::CallbackUnlinked,
            Defect::PollWorksToo,
        ],
        check: check!(early_callback),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-007",
        slug: "poll-survives",
        sentence: "Errors of the gateway do not end the polling.",
        why: "A 500 or a proxy's page says nothing about the job; whoever stops there loses it.",
        remedy: "Take every answer but a terminal status for \"ask again later\".",
        defects: &[Defect::PollStopsAtError, Defect::NeverPolls, Defect::PollsOnce],
        check: check!(poll_survives),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-008",
        slug: "poll-ends",
        level: Level::Should,
        sentence: "A job that has ended is not asked about any more.",
        why: "Each job would cost requests for ever, and the gateway's rate limit is shared by those that run.",
        remedy: "Stop polling when the job has ended, whoever said so.",
        needs: UNSEEN,
        defects: &[Defect::PollsForever],
        check: check!(poll_ends),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-009",
        slug: "poll-politely",
        level: Level::Should,
        sentence: "Polling leaves pauses.",
        why: "A loop without a pause meets the rate limit at once, and then nothing is learnt at all.",
        remedy: "Pause between two questions, longer the longer the job takes.",
        needs: UNSEEN,
        defects: &[Defect::PollsHot],
        check: check!(poll_politely),
        ..COMMON
    },
    Requirement {
        id: "RX-LOSS-010",
        slug: "any-subset",
        sentence: "Whichever callbacks are lost, the job ends rightly and once.",
        why: "A progress callback that arrived is no promise that the end will.",
        remedy: "Poll until the job has ended, whatever callbacks have come.",
        defects: &[
            Defect::NeverPolls,
            Defect::PollsOnce,
            Defect::PollStopsAfterProgress,
            Defect::CallbackUnlinked,
            Defect::PollWorksToo,
        ],
        check: check!(any_subset),
        ..COMMON
    },
];

/// How long a callback may wait that comes before the submit's answer.
const EARLY: Duration = Duration::from_secs(5);
/// How long is counted what is asked about a job that has ended, and about one that runs.
const AFTER_END: Duration = Duration::from_secs(2);
const WHILE_RUNNING: Duration = Duration::from_secs(3);
/// Questions in that time that are polite.
const POLITE: usize = 45;

async fn job_started(bench: &Bench) -> Result<(), Stop> {
    let Started { job, submit, token, reply } = bench.start().await?;
    // What is only looked at must not be polled for ever.
    bench.back(&job, StubStatus::Failed);
    if !submit.authorized {
        bench
            .note(Finding::new("a submit with RINGBACK_API_KEY as its bearer key", "it has another or none"));
    }
    let submits = bench.gateway().submits(&token).len();
    if submits != 1 {
        bench.note(Finding::new("one submit for one job", format!("{submits} submits")));
    }
    let answered = reply.json().unwrap_or_default();
    if answered["task_id"] != *submit.id {
        let expected = format!("task_id {:?}, the id that the gateway gave", submit.id);
        bench.note(Finding::new(expected, reply.gist()).at("/task_id").seen_in(&reply.exchange));
    }
    Ok(())
}

async fn callback_ends_it(bench: &Bench) -> Result<(), Stop> {
    let job = bench.start().await?.job;
    let reply = bench.deliver(&job, Says::SUCCESS).await?;
    bench.note_unless_acked(&reply, "the callback of a started job");
    let after = "the callback of a started job that the gateway calls finished";
    bench.note_unless_once(&job, Class::Success, after).await?;
    bench.polled(&job, 2).await;
    bench.note_unless_stays(&job, 1, Class::Success, after).await?;
    bench.note_unless_linked(&job, after).await
}

/// A job that has ended by polling alone.
async fn note_unless_polled(bench: &Bench, class: Class, within: Duration, after: &str) -> Result<Job, Stop> {
    let job = bench.start().await?.job;
    // A question that comes at once is too early, whenever exactly it comes.
    bench.gateway().script(&job.key, [StubStatus::Running]);
    bench.back(&job, if class == Class::Success { StubStatus::Finished } else { StubStatus::Failed });
    bench.note_unless_each_once(&[(after.to_owned(), job.clone())], class, within).await?;
    Ok(job)
}

async fn poll_ends_it(bench: &Bench) -> Result<(), Stop> {
    let after = "a job without callbacks that the gateway calls finished";
    note_unless_polled(bench, Class::Success, bench.target.patience.poll, after).await.map(drop)
}

async fn poll_failure(bench: &Bench) -> Result<(), Stop> {
    let after = "a job without callbacks that the gateway calls failed";
    note_unless_polled(bench, Class::Failure, bench.target.patience.poll, after).await.map(drop)
}

async fn both_once(bench: &Bench) -> Result<(), Stop> {
    let (one, other) = join(callback_then_poll(bench), poll_then_callback(bench)).await;
    one.and(other)
}

async fn callback_then_poll(bench: &Bench) -> Result<(), Stop> {
    let after = "the callback, then polling";
    let job = bench.start().await?.job;
    bench.deliver(&job, Says::SUCCESS).await?;
    bench.note_unless_once(&job, Class::Success, after).await?;
    bench.polled(&job, 2).await;
    bench.note_unless_stays(&job, 1, Class::Success, after).await?;
    bench.note_unless_linked(&job, after).await
}

async fn poll_then_callback(bench: &Bench) -> Result<(), Stop> {
    let after = "polling, then the callback";
    let job = bench.start().await?.job;
    bench.back(&job, StubStatus::Finished);
    let within = bench.target.patience.poll;
    if let Err((effect, _)) = bench.settles_within(&job, 1, Class::Success, within).await? {
        return Err(Stop::NotTestable(format!(
            "polling alone does not end a job, see RX-LOSS-003: {}",
            effect.told()
        )));
    }
    bench.note_unless_stays(&job, 1, Class::Success, "polling alone").await?;
    bench.deliver(&job, Says::SUCCESS).await?;
    bench.let_settle().await?;
    bench.note_unless_stays(&job, 1, Class::Success, after).await?;
    bench.note_unless_linked(&job, after).await
}

async fn early_callback(bench: &Bench) -> Result<(), Stop> {
    let held = bench.hold(bench.main()).await?;
    let job = held.job.clone();
    bench.back(&job, StubStatus::Finished);
    let callback = job.callback(Says::SUCCESS)?.request(Bench::now());
    let early = bench.attempt(callback, EARLY).await;
    // Whatever came of it, nobody may be left waiting.
    let started = bench.release(held).await;
    let what = "a callback before the submit is answered";
    match early? {
        Ok(reply) => bench.note_unless_acked(&reply, what),
        Err((why, exchange)) => {
            let expected = format!("an answer within {EARLY:?} to {what}");
            bench.note(Finding::new(expected, why).seen_in(&exchange));
        }
    }
    let started = started?;
    bench.note_unless_acked(&started, "the start of a job whose callback was early");
    let jobs = [("a success before the submit was answered".to_owned(), job)];
    bench.note_unless_each_once(&jobs, Class::Success, bench.target.patience.poll).await?;
    bench.polled(&jobs[0].1, 2).await;
    bench.note_unless_stays(&jobs[0].1, 1, Class::Success, what).await?;
    bench.note_unless_linked(&jobs[0].1, what).await
}

async fn poll_survives(bench: &Bench) -> Result<(), Stop> {
    let job = bench.start().await?.job;
    let errors =
        [StubStatus::Error(500), StubStatus::Error(429), StubStatus::Garbage, StubStatus::Error(502)];
    bench.gateway().script(&job.key, errors);
    bench.back(&job, StubStatus::Finished);
    let after = "status answers 500, 429, a page that is no JSON, 502, then finished";
    let patience = &bench.target.patience;
    bench.note_unless_each_once(&[(after.to_owned(), job)], Class::Success, patience.poll * 2).await
}

async fn poll_ends(bench: &Bench) -> Result<(), Stop> {
    let job = bench.start().await?.job;
    let asked = bench.gateway().queries(&job.key);
    bench.back(&job, StubStatus::Finished);
    let told = Instant::now();
    // The first question after that, or the one that was on its way, is answered with the end.
    if !bench.gateway().asked(&job.key, asked + 1, bench.target.patience.poll).await {
        return Err(Stop::NotTestable("the receiver does not poll, see RX-LOSS-003".into()));
    }
    bench.pause(AFTER_END).await;
    let since = bench.gateway().asked_at(&job.key).into_iter().filter(|at| *at > told).count();
    if since > 2 {
        bench.note(Finding::new(
            format!("at most one more query within {AFTER_END:?} of the one that was answered `finished`"),
            format!("{since} queries"),
        ));
    }
    Ok(())
}

async fn poll_politely(bench: &Bench) -> Result<(), Stop> {
    let job = bench.start().await?.job;
    let before = bench.gateway().queries(&job.key);
    bench.pause(WHILE_RUNNING).await;
    let asked = bench.gateway().queries(&job.key) - before;
    bench.back(&job, StubStatus::Finished);
    if asked > POLITE {
        bench.note(Finding::new(
            format!("at most {POLITE} status queries for a job within {WHILE_RUNNING:?}"),
            format!("{asked} queries"),
        ));
    }
    Ok(())
}

async fn any_subset(bench: &Bench) -> Result<(), Stop> {
    let mut words = bench.blue(bench.main())?.progress();
    words.push(Says::SUCCESS);
    let subsets = (0..1_usize << words.len()).map(|subset| {
        let words = &words;
        async move {
            let job = bench.start().await?.job;
            let mut told = Vec::new();
            for (place, says) in words.iter().enumerate().filter(|(place, _)| subset >> place & 1 == 1) {
                let callback = job.callback_at(*says, i64::try_from(place).unwrap_or_default())?;
                bench.send_ignoring_response(callback.request(Bench::now())).await?;
                told.push(callback.word);
            }
            bench.back(&job, StubStatus::Finished);
            let told = if told.is_empty() { "no callback".to_owned() } else { told.join(", ") };
            Ok((format!("{told}, and finished for whoever polls"), job))
        }
    });
    let jobs: Vec<(String, Job)> = join_all(subsets).await.into_iter().collect::<Result<_, Stop>>()?;
    bench.note_unless_each_once(&jobs, Class::Success, bench.target.patience.poll).await?;
    for (told, job) in &jobs {
        bench.note_unless_linked(job, told).await?;
    }
    Ok(())
}
