//! Status: the truth about a job over its whole life, whatever the vendor's outcome.

use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Ending, Phase};
use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::{check, note_schema};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{GatewayReply, SubmitRequest, SubmittedJob};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;
use crate::schema::Schema;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str = "Polling is the safety net under every callback; a status that lies leaves clients waiting, or paying, for nothing.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::STATUS,
    scope: Scope::EachVendor,
    knobs: &[Knob::Settle, Knob::StatusWords],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts, GatewayPrecondition::Status],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-ST-001",
        slug: "shape",
        sentence: "A status is {code: 200, data: {task_id, status, created_time, …}} with a documented status word.",
        why: WHY,
        remedy: "Answer with the documented envelope and one of not_started, running, finished, failed.",
        terms: Terms {
            source: Source::STATUS.shown(),
            knobs: &[Knob::StatusWords, Knob::ProgressType],
            preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
            ..TERMS
        },
        mutants: &[
            mutants::STATUS_WITHOUT_ENVELOPE,
            mutants::FOREIGN_STATUS_WORDS,
            mutants::PROGRESS_OVER_100,
            mutants::PROGRESS_FRACTION,
        ],
        check: check!(shape),
    },
    Requirement {
        id: "GW-ST-002",
        slug: "success-finishes",
        sentence: "When the vendor succeeds, the status becomes finished and lists at least one file.",
        why: WHY,
        remedy: "Map the vendor's word for success to finished and its result URLs to data.files.",
        terms: Terms {
            source: Source::VIDEO,
            knobs: &[Knob::Settle, Knob::StatusWords, Knob::ProgressType, Knob::FileType],
            ..TERMS
        },
        mutants: &[mutants::SUCCESS_STAYS_RUNNING, mutants::FILES_MISSING, mutants::FILE_TYPE_ODD],
        check: check!(success),
    },
    Requirement {
        id: "GW-ST-003",
        slug: "failure-fails",
        sentence: "When the vendor's job ends without a result, the status becomes failed.",
        why: WHY,
        remedy: "Map every bad end of the vendor to failed: moderation, expiry and cancellation too.",
        terms: Terms { source: Source::STATUS.inferred(), jobs: 4, ..TERMS },
        mutants: &[mutants::FAILURE_REPORTED_FINISHED, mutants::EXPIRED_STAYS_RUNNING],
        check: check!(failure),
    },
    Requirement {
        id: "GW-ST-004",
        slug: "failure-explained",
        sentence: "A failed status has a non-empty error_message.",
        why: WHY,
        remedy: "Pass the vendor's reason on, or say that it gave none.",
        terms: Terms {
            level: Level::Should,
            source: Source::STATUS.inferred(),
            knobs: &[Knob::Settle, Knob::StatusWords, Knob::FailureReason],
            ..TERMS
        },
        mutants: &[mutants::FAILURE_WITHOUT_MESSAGE],
        check: check!(failure_explained),
    },
    Requirement {
        id: "GW-ST-005",
        slug: "not-ended-early",
        sentence: "While the vendor works, the status is neither finished nor failed.",
        why: WHY,
        remedy: "Derive the status from the vendor's state, not from the age of the job.",
        terms: Terms { knobs: &[Knob::StatusWords], ..TERMS },
        mutants: &[mutants::FINISHED_TOO_EARLY],
        check: check!(not_ended_early),
    },
    Requirement {
        id: "GW-ST-006",
        slug: "terminal-is-final",
        sentence: "A status that has been finished or failed stays so.",
        why: WHY,
        remedy: "Store the terminal state and answer from the store.",
        terms: Terms { source: Source::STATUS.inferred(), ..TERMS },
        mutants: &[mutants::TERMINAL_FLAPS],
        check: check!(terminal_is_final),
    },
    Requirement {
        id: "GW-ST-007",
        slug: "never-back-to-not-started",
        sentence: "A status that has been running is never not_started again.",
        why: WHY,
        remedy: "Let the stored state move forward only.",
        terms: Terms { source: Source::STATUS.inferred(), knobs: &[Knob::StatusWords], ..TERMS },
        mutants: &[mutants::REGRESSES],
        check: check!(never_back),
    },
    Requirement {
        id: "GW-ST-008",
        slug: "progress-complete",
        sentence: "If a finished status has a progress, it is 100.",
        why: WHY,
        remedy: "Set progress to 100 with the terminal state, or leave it out.",
        terms: Terms {
            level: Level::Should,
            source: Source::STATUS.inferred(),
            scope: Scope::Once,
            knobs: &[Knob::Settle, Knob::StatusWords, Knob::ProgressEnd],
            ..TERMS
        },
        mutants: &[mutants::PROGRESS_NOT_100, mutants::PROGRESS_FRACTION],
        check: check!(progress_complete),
    },
    Requirement {
        id: "GW-ST-009",
        slug: "own-task-id",
        sentence: "A status names the task it was asked for.",
        why: WHY,
        remedy: "Answer with the gateway's id; the vendor's is not the client's business.",
        terms: Terms { source: Source::STATUS.shown(), knobs: &[], ..TERMS },
        mutants: &[mutants::STATUS_NAMES_OTHER_ID],
        check: check!(own_task_id),
    },
    Requirement {
        id: "GW-ST-010",
        slug: "refusal-surfaces",
        sentence: "When the vendor refuses the create, the submit is answered with an error or the job ends failed.",
        why: WHY,
        remedy: "Read the vendor's answer before you accept the job; MiniMax reports errors inside HTTP 200.",
        terms: Terms { source: Source::STATUS.inferred(), jobs: 3, ..TERMS },
        mutants: &[
            mutants::REFUSAL_HIDDEN,
            mutants::BASE_RESP_IGNORED,
            mutants::ERRORS_IN_200,
            mutants::VENDOR_REFUSAL_IN_200,
        ],
        check: check!(refusal_surfaces),
    },
    Requirement {
        id: "GW-ST-011",
        slug: "challenge-refusal-surfaces",
        sentence: "When MiniMax refuses the callback URL because the receiver failed its challenge, the submit is answered with an error or the job ends failed.",
        why: WHY,
        remedy: "Turn base_resp 2013 into an error envelope that says that the callback URL was refused.",
        terms: Terms {
            source: Source {
                page: "MiniMax video generation",
                url: "https://platform.minimax.io/docs/api-reference/video-generation-t2v",
                read: "2026-11-24",
                basis: crate::run::source::Basis::Inferred,
            },
            scope: Scope::Only("minimax"),
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
                GatewayPrecondition::Status,
            ],
            ..TERMS
        },
        mutants: &[
            mutants::REFUSAL_HIDDEN,
            mutants::BASE_RESP_IGNORED,
            mutants::ERRORS_IN_200,
            mutants::VENDOR_REFUSAL_IN_200,
        ],
        check: check!(challenge_refusal_surfaces),
    },
];

/// Refusals every vendor's table has.
const REFUSALS: &[&str] = &["moderation", "balance", "rate-limit"];

pub(super) fn ending(context: &GatewayContext, name: &str) -> Result<Step, Stop> {
    let ending = context.dialect().ending(name);
    ending
        .map(Step::End)
        .ok_or_else(|| Stop::NotApplicable(format!("{} has no ending {name}", context.vendor.title())))
}

pub(super) async fn started(context: &GatewayContext) -> Result<(SubmitRequest, SubmittedJob), Stop> {
    let job = context.job();
    let accepted = context.accept(&job).await?;
    context.create(&job).await?;
    Ok((job, accepted))
}

pub(super) const fn terminal(word: &str) -> bool {
    matches!(word.as_bytes(), b"finished" | b"failed")
}

fn stuck(context: &GatewayContext, wanted: &str, after: &str, last: &GatewayReply) -> Stop {
    Finding::new(
        format!("status {wanted} within {:?} after {after}", context.target.timeouts.settle),
        last.summary(),
    )
    .at("/data/status")
    .seen_in(&last.exchange)
    .into()
}

async fn shape(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = started(context).await?;
    note_schema(context, &context.status(&accepted).await?, Schema::StatusResponse);
    context.advance(&job, Step::To(Phase::Running)).await?;
    // Any word that is not the first one: a gateway may skip running, or say it in its own words.
    let running = match context.glimpse(&accepted, |word| word != "not_started").await {
        Ok(Ok(reply) | Err(reply)) => reply,
        // Elsewhere an unreadable status cannot be judged; here it is what is judged.
        Err(Stop::NotTestable(_)) => context.status(&accepted).await?,
        Err(stop) => return Err(stop),
    };
    note_schema(context, &running, Schema::StatusResponse);
    Ok(())
}

async fn success(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = started(context).await?;
    context.advance(&job, ending(context, "succeeded")?).await?;
    let reply = context
        .settle(&accepted, terminal)
        .await?
        .map_err(|last| stuck(context, "finished", "the vendor succeeded", &last))?;
    let body = reply.body.as_ref().unwrap_or(&Value::Null);
    if reply.word() != Some("finished") {
        context.note(
            Finding::new("status finished", reply.summary()).at("/data/status").seen_in(&reply.exchange),
        );
    } else if body["data"]["files"].as_array().is_none_or(Vec::is_empty) {
        context.note(
            Finding::new("at least one entry in data.files", format!("files is {}", body["data"]["files"]))
                .at("/data/files")
                .seen_in(&reply.exchange),
        );
    } else {
        note_schema(context, &reply, Schema::StatusResponse);
        note_other_file_types(context, &reply);
    }
    Ok(())
}

/// Notes files whose type is allowed by the schema and not by the knob.
fn note_other_file_types(context: &GatewayContext, reply: &GatewayReply) {
    if context.knob(Knob::FileType) != Choice::Image {
        return;
    }
    let files = reply.body.as_ref().and_then(|body| body["data"]["files"].as_array());
    for (at, file) in files.into_iter().flatten().enumerate() {
        if file["file_type"] != "image" {
            context.note(
                Finding::new("file_type \"image\"", format!("file_type {}", file["file_type"]))
                    .at(format!("/data/files/{at}/file_type"))
                    .seen_in(&reply.exchange),
            );
        }
    }
}

async fn failure(context: &GatewayContext) -> Result<(), Stop> {
    let bad = |ending: &&Ending| ending.phase != Phase::Succeeded;
    for ending in context.dialect().endings.iter().filter(bad) {
        let (job, accepted) = started(context).await?;
        context.advance(&job, Step::End(ending)).await?;
        let after = format!("the vendor's job ended ({})", ending.name);
        let reply = context
            .settle(&accepted, terminal)
            .await?
            .map_err(|last| stuck(context, "failed", &after, &last))?;
        if reply.word() != Some("failed") {
            context.note(
                Finding::new(format!("status failed after {after}"), reply.summary())
                    .at("/data/status")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn failure_explained(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = started(context).await?;
    context.advance(&job, ending(context, "moderated")?).await?;
    let reply = match context.settle(&accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("failed") => reply,
        Ok(reply) | Err(reply) => {
            return Err(Stop::NotTestable(format!(
                "the job did not become failed, see GW-ST-003: {}",
                reply.summary()
            )));
        }
    };
    let message = reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["error_message"]);
    if context.knob(Knob::FailureReason) == Choice::Required
        && message.as_str().is_none_or(|text| text.trim().is_empty())
    {
        context.note(
            Finding::new("a non-empty error_message", format!("error_message is {message}"))
                .at("/data/error_message")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn not_ended_early(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = started(context).await?;
    let mut looks = vec![context.status(&accepted).await?];
    context.advance(&job, Step::To(Phase::Running)).await?;
    for _ in 0..3 {
        looks.push(context.status(&accepted).await?);
    }
    if let Some(early) = looks.iter().find(|reply| reply.word().is_some_and(terminal)) {
        context.note(
            Finding::new("not_started or running while the vendor works", early.summary())
                .at("/data/status")
                .seen_in(&early.exchange),
        );
    }
    Ok(())
}

async fn terminal_is_final(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = started(context).await?;
    context.advance(&job, ending(context, "succeeded")?).await?;
    let Ok(first) = context.settle(&accepted, terminal).await? else {
        return Err(Stop::NotTestable("the job never ended at the gateway, see GW-ST-002".into()));
    };
    for _ in 0..4 {
        let again = context.status(&accepted).await?;
        if again.word() != first.word() {
            return Err(Finding::new(
                format!("status {} for good", first.word().unwrap_or_default()),
                format!("asked again: {}", again.summary()),
            )
            .at("/data/status")
            .seen_in(&again.exchange)
            .into());
        }
    }
    Ok(())
}

async fn never_back(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = started(context).await?;
    context.advance(&job, Step::To(Phase::Running)).await?;
    if context.glimpse(&accepted, |word| word != "not_started").await?.is_err() {
        return Err(Stop::NotApplicable(
            "the gateway never reported more than not_started while the job ran".into(),
        ));
    }
    for _ in 0..4 {
        let again = context.status(&accepted).await?;
        if again.word() == Some("not_started") {
            return Err(Finding::new("anything but not_started once it was running", again.summary())
                .at("/data/status")
                .seen_in(&again.exchange)
                .into());
        }
    }
    Ok(())
}

async fn progress_complete(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = started(context).await?;
    context.advance(&job, ending(context, "succeeded")?).await?;
    let reply = match context.settle(&accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("finished") => reply,
        Ok(reply) | Err(reply) => {
            return Err(Stop::NotTestable(format!(
                "the job did not finish, see GW-ST-002: {}",
                reply.summary()
            )));
        }
    };
    let progress = reply.body.as_ref().and_then(|body| body["data"].get("progress"));
    match progress {
        None | Some(Value::Null) => Err(Stop::NotApplicable("the status has no progress".into())),
        Some(value) if value.as_f64() == Some(100.0) => Ok(()),
        // Its form is GW-ST-001's business.
        Some(_) if context.knob(Knob::ProgressEnd) == Choice::Any => Ok(()),
        Some(value) => Err(Finding::new("progress 100", format!("progress {value}"))
            .at("/data/progress")
            .seen_in(&reply.exchange)
            .into()),
    }
}

async fn own_task_id(context: &GatewayContext) -> Result<(), Stop> {
    let (_, accepted) = started(context).await?;
    let reply = context.status(&accepted).await?;
    let shown = reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["task_id"]);
    if shown != accepted.task_id.as_str() {
        context.note(
            Finding::new(format!("task_id {}", Value::from(accepted.task_id)), format!("task_id {shown}"))
                .at("/data/task_id")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

/// Judges the answer to a submit whose create the vendor refuses.
pub(super) async fn note_unless_surfaced(
    context: &GatewayContext,
    job: &SubmitRequest,
    what: &str,
) -> Result<(), Stop> {
    let reply = context.submit_upset(job).await?;
    let Some(task_id) = reply.accepted() else {
        if reply.status < 400 {
            context.note(
                Finding::new(format!("an error status when the vendor refuses ({what})"), reply.summary())
                    .seen_in(&reply.exchange),
            );
        }
        return Ok(());
    };
    let accepted =
        SubmittedJob { token: job.token.clone(), task_id: task_id.to_owned(), reply: reply.clone() };
    match context.settle(&accepted, terminal).await? {
        Ok(end) if end.word() == Some("failed") => {}
        Ok(end) | Err(end) => context.note(
            Finding::new(
                format!("an error answer to the submit, since the vendor refused it ({what})"),
                end.summary(),
            )
            .or("status failed")
            .at("/data/status")
            .seen_in(&end.exchange),
        ),
    }
    Ok(())
}

async fn refusal_surfaces(context: &GatewayContext) -> Result<(), Stop> {
    // Side by side: a gateway that hides one makes us wait for the settle window.
    let submits = REFUSALS.iter().map(|refusal| async move {
        let job = context.job();
        context.script(&job, Some(refusal), true);
        note_unless_surfaced(context, &job, refusal).await
    });
    for surfaced in futures_util::future::join_all(submits).await {
        surfaced?;
    }
    Ok(())
}

async fn challenge_refusal_surfaces(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    context.refuse_challenge(&job.token);
    let url = GatewayContext::hook(&job.token);
    note_unless_surfaced(context, &job.callback(url), "its challenge failed").await
}
