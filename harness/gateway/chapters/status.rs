//! Status: the truth about a job over its whole life, whatever the vendor's outcome.

use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Ending, Phase};
use ringback_reference::gateway::defect::Defect;
use serde_json::Value;

use super::{check, note_schema};
use crate::gateway::context::Bench;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{Accepted, Job, Reply};
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;
use crate::schema::Schema;

/// What most entries of this chapter have in common.
const COMMON: Requirement<Gateway> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::STATUS,
    why: "Polling is the safety net under every callback; a status that lies leaves clients waiting, or paying, for nothing.",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[Knob::Settle, Knob::StatusWords],
    needs: &[Need::Witness, Need::Accepts, Need::Status],
    jobs: 1,
    generated: false,
    defects: &[],
    check: check!(success),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-ST-001",
        slug: "shape",
        sentence: "A status is {code: 200, data: {task_id, status, created_time, …}} with a documented status word.",
        source: Source::STATUS.shown(),
        remedy: "Answer with the documented envelope and one of not_started, running, finished, failed.",
        needs: &[Need::Witness, Need::Accepts],
        knobs: &[Knob::StatusWords, Knob::ProgressType],
        defects: &[
            Defect::StatusWithoutEnvelope,
            Defect::ForeignStatusWords,
            Defect::ProgressOver100,
            Defect::ProgressFraction,
        ],
        check: check!(shape),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-002",
        slug: "success-finishes",
        sentence: "When the vendor succeeds, the status becomes finished and lists at least one file.",
        source: Source::VIDEO,
        remedy: "Map the vendor's word for success to finished and its result URLs to data.files.",
        knobs: &[Knob::Settle, Knob::StatusWords, Knob::ProgressType, Knob::FileType],
        defects: &[Defect::SuccessStaysRunning, Defect::FilesMissing, Defect::FileTypeOdd],
        check: check!(success),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-003",
        slug: "failure-fails",
        sentence: "When the vendor's job ends without a result, the status becomes failed.",
        source: Source::STATUS.inferred(),
        remedy: "Map every bad end of the vendor to failed: moderation, expiry and cancellation too.",
        jobs: 4,
        defects: &[Defect::FailureReportedFinished, Defect::ExpiredStaysRunning],
        check: check!(failure),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-004",
        slug: "failure-explained",
        level: Level::Should,
        sentence: "A failed status has a non-empty error_message.",
        source: Source::STATUS.inferred(),
        remedy: "Pass the vendor's reason on, or say that it gave none.",
        knobs: &[Knob::Settle, Knob::StatusWords, Knob::FailureReason],
        defects: &[Defect::FailureWithoutMessage],
        check: check!(failure_explained),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-005",
        slug: "not-ended-early",
        sentence: "While the vendor works, the status is neither finished nor failed.",
        remedy: "Derive the status from the vendor's state, not from the age of the job.",
        knobs: &[Knob::StatusWords],
        defects: &[Defect::FinishedTooEarly],
        check: check!(not_ended_early),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-006",
        slug: "terminal-is-final",
        sentence: "A status that has been finished or failed stays so.",
        source: Source::STATUS.inferred(),
        remedy: "Store the terminal state and answer from the store.",
        defects: &[Defect::TerminalFlaps],
        check: check!(terminal_is_final),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-007",
        slug: "never-back-to-not-started",
        sentence: "A status that has been running is never not_started again.",
        source: Source::STATUS.inferred(),
        remedy: "Let the stored state move forward only.",
        knobs: &[Knob::StatusWords],
        defects: &[Defect::Regresses],
        check: check!(never_back),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-008",
        slug: "progress-complete",
        level: Level::Should,
        sentence: "If a finished status has a progress, it is 100.",
        source: Source::STATUS.inferred(),
        remedy: "Set progress to 100 with the terminal state, or leave it out.",
        scope: Scope::Once,
        knobs: &[Knob::Settle, Knob::StatusWords, Knob::ProgressEnd],
        defects: &[Defect::ProgressNot100, Defect::ProgressFraction],
        check: check!(progress_complete),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-009",
        slug: "own-task-id",
        sentence: "A status names the task it was asked for.",
        source: Source::STATUS.shown(),
        remedy: "Answer with the gateway's id; the vendor's is not the client's business.",
        knobs: &[],
        defects: &[Defect::StatusNamesOtherId],
        check: check!(own_task_id),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-010",
        slug: "refusal-surfaces",
        sentence: "When the vendor refuses the create, the submit is answered with an error or the job ends failed.",
        source: Source::STATUS.inferred(),
        remedy: "Read the vendor's answer before you accept the job; MiniMax reports errors inside HTTP 200.",
        jobs: 3,
        defects: &[
            Defect::RefusalHidden,
            Defect::BaseRespIgnored,
            Defect::ErrorsIn200,
            Defect::VendorRefusalIn200,
        ],
        check: check!(refusal_surfaces),
        ..COMMON
    },
    Requirement {
        id: "GW-ST-011",
        slug: "challenge-refusal-surfaces",
        sentence: "When MiniMax refuses the callback URL because the receiver failed its challenge, the submit is answered with an error or the job ends failed.",
        source: Source {
            page: "MiniMax video generation",
            url: "https://platform.minimax.io/docs/api-reference/video-generation-t2v",
            read: "2026-11-24",
            basis: crate::run::source::Basis::Inferred,
        },
        remedy: "Turn base_resp 2013 into an error envelope that says that the callback URL was refused.",
        scope: Scope::Only("minimax"),
        needs: &[Need::Witness, Need::Accepts, Need::Forwards, Need::Status],
        defects: &[
            Defect::RefusalHidden,
            Defect::BaseRespIgnored,
            Defect::ErrorsIn200,
            Defect::VendorRefusalIn200,
        ],
        check: check!(challenge_refusal_surfaces),
        ..COMMON
    },
];

/// Refusals every vendor's table has.
const REFUSALS: &[&str] = &["moderation", "balance", "rate-limit"];

pub(super) fn ending(bench: &Bench, name: &str) -> Result<Step, Stop> {
    let ending = bench.dialect().ending(name);
    ending
        .map(Step::End)
        .ok_or_else(|| Stop::NotApplicable(format!("{} has no ending {name}", bench.vendor.title())))
}

pub(super) async fn started(bench: &Bench) -> Result<(Job, Accepted), Stop> {
    let job = bench.job();
    let accepted = bench.accept(&job).await?;
    bench.create(&job).await?;
    Ok((job, accepted))
}

pub(super) const fn terminal(word: &str) -> bool {
    matches!(word.as_bytes(), b"finished" | b"failed")
}

fn stuck(bench: &Bench, wanted: &str, after: &str, last: &Reply) -> Stop {
    Finding::new(
        format!("status {wanted} within {:?} after {after}", bench.target.patience.settle),
        last.gist(),
    )
    .at("/data/status")
    .seen_in(&last.exchange)
    .into()
}

async fn shape(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = started(bench).await?;
    note_schema(bench, &bench.status(&accepted).await?, Schema::StatusResponse);
    bench.advance(&job, Step::To(Phase::Running)).await?;
    // Any word that is not the first one: a gateway may skip running, or say it in its own words.
    let running = match bench.glimpse(&accepted, |word| word != "not_started").await {
        Ok(Ok(reply) | Err(reply)) => reply,
        // Elsewhere an unreadable status cannot be judged; here it is what is judged.
        Err(Stop::NotTestable(_)) => bench.status(&accepted).await?,
        Err(stop) => return Err(stop),
    };
    note_schema(bench, &running, Schema::StatusResponse);
    Ok(())
}

async fn success(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = started(bench).await?;
    bench.advance(&job, ending(bench, "succeeded")?).await?;
    let reply = bench
        .settle(&accepted, terminal)
        .await?
        .map_err(|last| stuck(bench, "finished", "the vendor succeeded", &last))?;
    let body = reply.body.as_ref().unwrap_or(&Value::Null);
    if reply.word() != Some("finished") {
        bench.note(Finding::new("status finished", reply.gist()).at("/data/status").seen_in(&reply.exchange));
    } else if body["data"]["files"].as_array().is_none_or(Vec::is_empty) {
        bench.note(
            Finding::new("at least one entry in data.files", format!("files is {}", body["data"]["files"]))
                .at("/data/files")
                .seen_in(&reply.exchange),
        );
    } else {
        note_schema(bench, &reply, Schema::StatusResponse);
        note_other_file_types(bench, &reply);
    }
    Ok(())
}

/// Notes files whose type is allowed by the schema and not by the knob.
fn note_other_file_types(bench: &Bench, reply: &Reply) {
    if bench.knob(Knob::FileType) != Choice::Image {
        return;
    }
    let files = reply.body.as_ref().and_then(|body| body["data"]["files"].as_array());
    for (at, file) in files.into_iter().flatten().enumerate() {
        if file["file_type"] != "image" {
            bench.note(
                Finding::new("file_type \"image\"", format!("file_type {}", file["file_type"]))
                    .at(format!("/data/files/{at}/file_type"))
                    .seen_in(&reply.exchange),
            );
        }
    }
}

async fn failure(bench: &Bench) -> Result<(), Stop> {
    let bad = |ending: &&Ending| ending.phase != Phase::Succeeded;
    for ending in bench.dialect().endings.iter().filter(bad) {
        let (job, accepted) = started(bench).await?;
        bench.advance(&job, Step::End(ending)).await?;
        let after = format!("the vendor's job ended ({})", ending.name);
        let reply =
            bench.settle(&accepted, terminal).await?.map_err(|last| stuck(bench, "failed", &after, &last))?;
        if reply.word() != Some("failed") {
            bench.note(
                Finding::new(format!("status failed after {after}"), reply.gist())
                    .at("/data/status")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn failure_explained(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = started(bench).await?;
    bench.advance(&job, ending(bench, "moderated")?).await?;
    let reply = match bench.settle(&accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("failed") => reply,
        Ok(reply) | Err(reply) => {
            return Err(Stop::NotTestable(format!(
                "the job did not become failed, see GW-ST-003: {}",
                reply.gist()
            )));
        }
    };
    let message = reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["error_message"]);
    if bench.knob(Knob::FailureReason) == Choice::Required
        && message.as_str().is_none_or(|text| text.trim().is_empty())
    {
        bench.note(
            Finding::new("a non-empty error_message", format!("error_message is {message}"))
                .at("/data/error_message")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn not_ended_early(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = started(bench).await?;
    let mut looks = vec![bench.status(&accepted).await?];
    bench.advance(&job, Step::To(Phase::Running)).await?;
    for _ in 0..3 {
        looks.push(bench.status(&accepted).await?);
    }
    if let Some(early) = looks.iter().find(|reply| reply.word().is_some_and(terminal)) {
        bench.note(
            Finding::new("not_started or running while the vendor works", early.gist())
                .at("/data/status")
                .seen_in(&early.exchange),
        );
    }
    Ok(())
}

async fn terminal_is_final(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = started(bench).await?;
    bench.advance(&job, ending(bench, "succeeded")?).await?;
    let Ok(first) = bench.settle(&accepted, terminal).await? else {
        return Err(Stop::NotTestable("the job never ended at the gateway, see GW-ST-002".into()));
    };
    for _ in 0..4 {
        let again = bench.status(&accepted).await?;
        if again.word() != first.word() {
            return Err(Finding::new(
                format!("status {} for good", first.word().unwrap_or_default()),
                format!("asked again: {}", again.gist()),
            )
            .at("/data/status")
            .seen_in(&again.exchange)
            .into());
        }
    }
    Ok(())
}

async fn never_back(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = started(bench).await?;
    bench.advance(&job, Step::To(Phase::Running)).await?;
    if bench.glimpse(&accepted, |word| word != "not_started").await?.is_err() {
        return Err(Stop::NotApplicable(
            "the gateway never reported more than not_started while the job ran".into(),
        ));
    }
    for _ in 0..4 {
        let again = bench.status(&accepted).await?;
        if again.word() == Some("not_started") {
            return Err(Finding::new("anything but not_started once it was running", again.gist())
                .at("/data/status")
                .seen_in(&again.exchange)
                .into());
        }
    }
    Ok(())
}

async fn progress_complete(bench: &Bench) -> Result<(), Stop> {
    let (job, accepted) = started(bench).await?;
    bench.advance(&job, ending(bench, "succeeded")?).await?;
    let reply = match bench.settle(&accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("finished") => reply,
        Ok(reply) | Err(reply) => {
            return Err(Stop::NotTestable(format!(
                "the job did not finish, see GW-ST-002: {}",
                reply.gist()
            )));
        }
    };
    let progress = reply.body.as_ref().and_then(|body| body["data"].get("progress"));
    match progress {
        None | Some(Value::Null) => Err(Stop::NotApplicable("the status has no progress".into())),
        Some(value) if value.as_f64() == Some(100.0) => Ok(()),
        // Its form is GW-ST-001's business.
        Some(_) if bench.knob(Knob::ProgressEnd) == Choice::Any => Ok(()),
        Some(value) => Err(Finding::new("progress 100", format!("progress {value}"))
            .at("/data/progress")
            .seen_in(&reply.exchange)
            .into()),
    }
}

async fn own_task_id(bench: &Bench) -> Result<(), Stop> {
    let (_, accepted) = started(bench).await?;
    let reply = bench.status(&accepted).await?;
    let shown = reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["task_id"]);
    if shown != accepted.task_id.as_str() {
        bench.note(
            Finding::new(format!("task_id {}", Value::from(accepted.task_id)), format!("task_id {shown}"))
                .at("/data/task_id")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

/// Judges the answer to a submit whose create the vendor refuses.
pub(super) async fn note_unless_surfaced(bench: &Bench, job: &Job, what: &str) -> Result<(), Stop> {
    let reply = bench.submit_upset(job).await?;
    let Some(task_id) = reply.accepted() else {
        if reply.status < 400 {
            bench.note(
                Finding::new(format!("an error status when the vendor refuses ({what})"), reply.gist())
                    .seen_in(&reply.exchange),
            );
        }
        return Ok(());
    };
    let accepted = Accepted { token: job.token.clone(), task_id: task_id.to_owned(), reply: reply.clone() };
    match bench.settle(&accepted, terminal).await? {
        Ok(end) if end.word() == Some("failed") => {}
        Ok(end) | Err(end) => bench.note(
            Finding::new(
                format!("an error answer to the submit, since the vendor refused it ({what})"),
                end.gist(),
            )
            .or("status failed")
            .at("/data/status")
            .seen_in(&end.exchange),
        ),
    }
    Ok(())
}

async fn refusal_surfaces(bench: &Bench) -> Result<(), Stop> {
    // Side by side: a gateway that hides one makes us wait for the settle window.
    let submits = REFUSALS.iter().map(|refusal| async move {
        let job = bench.job();
        bench.script(&job, Some(refusal), true);
        note_unless_surfaced(bench, &job, refusal).await
    });
    for surfaced in futures_util::future::join_all(submits).await {
        surfaced?;
    }
    Ok(())
}

async fn challenge_refusal_surfaces(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    bench.refuse_challenge(&job.token);
    let url = Bench::hook(&job.token);
    note_unless_surfaced(bench, &job.callback(url), "its challenge failed").await
}
