//! Vendor trouble while a job runs: a question without a good answer says nothing about the job.

use futures_util::future::join_all;
use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::status::{ending, started, terminal};
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
const WHY: &str = "A job that runs is paid for; a gateway that misreads one bad answer throws it away, or promises a file that does not exist.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::STATUS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[Knob::Settle, Knob::StatusWords],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts, GatewayPrecondition::Status],
    jobs: 3,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-VT-010",
        slug: "failed-query-changes-nothing",
        sentence: "When the vendor answers a query with HTTP 5xx or 429, the job becomes neither finished nor failed.",
        why: WHY,
        remedy: "Keep the last known state when a query fails, and ask again later.",
        terms: TERMS,
        mutants: &[mutants::FAILED_QUERY_FAILS, mutants::LIMITED_QUERY_FAILS],
        check: check!(failed_query_changes_nothing),
    },
    Requirement {
        id: "GW-VT-011",
        slug: "unreadable-query-changes-nothing",
        sentence: "When the vendor's answer to a query is lost or cannot be read, the job becomes neither finished nor failed.",
        why: WHY,
        remedy: "Derive a state only from an answer that has one.",
        terms: Terms { jobs: 5, ..TERMS },
        mutants: &[mutants::LOST_QUERY_FAILS, mutants::UNREADABLE_QUERY_FAILS, mutants::EMPTY_QUERY_FINISHES],
        check: check!(unreadable_query_changes_nothing),
    },
    Requirement {
        id: "GW-VT-012",
        slug: "status-catches-up",
        sentence: "Once the vendor answers again, the status catches up with it.",
        why: "A gateway that stops asking after one bad answer leaves the client waiting for a job that is long done.",
        remedy: "Ask again after a failed query, as long as the job has not ended.",
        terms: Terms { jobs: 4, ..TERMS },
        mutants: &[mutants::GIVES_UP_AFTER_BAD_QUERY],
        check: check!(status_catches_up),
    },
    Requirement {
        id: "GW-VT-013",
        slug: "status-answered-in-trouble",
        sentence: "While the vendor cannot be asked, a status request is answered with a status, or with an error in the envelope that does not deny the task.",
        why: "A client that reads a page of HTML, or that its task does not exist, gives up a job that it pays for.",
        remedy: "Answer with the last known state, or with 502 or 503 in the envelope.",
        terms: Terms { jobs: 4, ..TERMS },
        mutants: &[mutants::STATUS_PAGE_PASSED_ON, mutants::TROUBLE_IS_404],
        check: check!(status_answered_in_trouble),
    },
    Requirement {
        id: "GW-VT-014",
        slug: "unknown-word-changes-nothing",
        sentence: "A state word of the vendor that nobody knows makes the job neither finished nor failed.",
        why: "Vendors add states; a job that is under review has neither a result nor an end.",
        remedy: "Treat an unknown word as no news.",
        terms: Terms { jobs: 1, ..TERMS },
        mutants: &[mutants::UNKNOWN_WORD_FINISHES, mutants::UNKNOWN_WORD_FAILS],
        check: check!(unknown_word_changes_nothing),
    },
    Requirement {
        id: "GW-VT-015",
        slug: "unknown-word-answered",
        sentence: "While the vendor reports a word that nobody knows, the status is still answered.",
        why: "Nothing is broken: the vendor answers, and the last known state is as good an answer as before.",
        remedy: "Answer with the last known state.",
        terms: Terms { level: Level::Should, jobs: 1, ..TERMS },
        mutants: &[mutants::UNKNOWN_WORD_CRASHES],
        check: check!(unknown_word_answered),
    },
    Requirement {
        id: "GW-VT-016",
        slug: "every-end-explained",
        sentence: "However the vendor's job ends without a result, expired and cancelled included, error_message says something.",
        why: "Some ends come without a sentence of the vendor's; a client that shows error_message then shows nothing.",
        remedy: "Say expired or cancelled yourself where the vendor gives no reason.",
        terms: Terms {
            level: Level::Should,
            knobs: &[Knob::Settle, Knob::StatusWords, Knob::FailureReason],
            jobs: 12,
            ..TERMS
        },
        mutants: &[mutants::ODD_ENDS_UNEXPLAINED, mutants::FAILURE_WITHOUT_MESSAGE],
        check: check!(every_end_explained),
    },
    Requirement {
        id: "GW-VT-017",
        slug: "vanished-job-ends",
        sentence: "A job that the vendor no longer knows ends failed within the settle window.",
        why: "Nothing will ever finish it, so a client that polls it polls forever.",
        remedy: "Count the denials, and fail the job after a few of them in a row.",
        terms: Terms { level: Level::Should, jobs: 1, ..TERMS },
        mutants: &[mutants::VANISHED_STAYS_RUNNING],
        check: check!(vanished_job_ends),
    },
    Requirement {
        id: "GW-VT-022",
        slug: "business-error-in-query",
        sentence: "When MiniMax answers a query with an error inside HTTP 200, the job becomes neither finished nor failed, and catches up afterwards.",
        why: "Code 1002 says that the query came too early, not that the job has failed.",
        remedy: "Read base_resp before status; only a status of Fail is the job's end.",
        terms: Terms { scope: Scope::Only("minimax"), jobs: 1, ..TERMS },
        mutants: &[mutants::BUSINESS_ERROR_FAILS],
        check: check!(business_error_in_query),
    },
    Requirement {
        id: "GW-VT-023",
        slug: "no-finish-without-file",
        sentence: "While MiniMax does not say where a result is, the job becomes neither finished without files nor failed, and catches up afterwards.",
        why: "finished is final: a client that sees it without files never looks again, and has paid.",
        remedy: "Report finished only with the address of the result; until then the job is running.",
        terms: Terms { scope: Scope::Only("minimax"), jobs: 1, ..TERMS },
        mutants: &[
            mutants::FINISHES_WITHOUT_FILE,
            mutants::FAILED_QUERY_FAILS,
            mutants::GIVES_UP_AFTER_BAD_QUERY,
        ],
        check: check!(no_finish_without_file),
    },
];

/// A job that the vendor works on, its queries disturbed, and what its status was meanwhile.
pub(super) async fn disturbed(
    context: &GatewayContext,
    mishap: &str,
) -> Result<(SubmitRequest, SubmittedJob, Vec<GatewayReply>), Stop> {
    let (job, accepted) = at_work(context, context.job()).await?;
    context.upset_query(&job, mishap)?;
    let looks = context.look_until_asked(&accepted).await?;
    Ok((job, accepted, looks))
}

/// A job that the vendor works on, and whose status can be told.
pub(super) async fn at_work(
    context: &GatewayContext,
    job: SubmitRequest,
) -> Result<(SubmitRequest, SubmittedJob), Stop> {
    let accepted = context.accept(&job).await?;
    context.advance(&job, Step::To(Phase::Running)).await?;
    // A gateway that asks on its own schedule may show what it knew before for a while.
    let (Ok(seen) | Err(seen)) = context.glimpse(&accepted, |word| word != "not_started").await?;
    if seen.word().is_some_and(terminal) {
        return Err(Stop::NotTestable(format!("the job ended early, see GW-ST-005: {}", seen.summary())));
    }
    Ok((job, accepted))
}

fn note_if_ended(context: &GatewayContext, looks: &[GatewayReply], after: &str) {
    if let Some(ended) = looks.iter().find(|reply| reply.word().is_some_and(terminal)) {
        context.note(
            Finding::new(
                format!("not_started or running, since the vendor only gave a bad answer ({after})"),
                ended.summary(),
            )
            .at("/data/status")
            .seen_in(&ended.exchange),
        );
    }
}

/// Disturbs in each way, then calms down and looks again: a gateway that asks on its own schedule may
/// need that long to draw the wrong conclusion.
async fn changes_nothing(context: &GatewayContext, mishaps: &[&str]) -> Result<(), Stop> {
    let watched = mishaps.iter().map(|mishap| async move {
        let (job, accepted, mut looks) = disturbed(context, mishap).await?;
        context.calm(&job)?;
        looks.extend(context.look_until_asked(&accepted).await.or_else(unasked)?);
        note_if_ended(context, &looks, mishap);
        Ok(())
    });
    join_all(watched).await.into_iter().collect()
}

/// Whether a gateway asks again at all is for GW-VT-012 to judge.
fn unasked(stop: Stop) -> Result<Vec<GatewayReply>, Stop> {
    if matches!(stop, Stop::NotTestable(_)) { Ok(Vec::new()) } else { Err(stop) }
}

async fn failed_query_changes_nothing(context: &GatewayContext) -> Result<(), Stop> {
    changes_nothing(context, &["500", "503=html", "429"]).await
}

async fn unreadable_query_changes_nothing(context: &GatewayContext) -> Result<(), Stop> {
    changes_nothing(context, &["cut", "200", "200=html", "malformed", "truncated"]).await
}

/// A job that nothing disturbs finishes; where it does not, catching up cannot be judged.
async fn finishes_undisturbed(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = at_work(context, context.job()).await?;
    context.advance(&job, ending(context, "succeeded")?).await?;
    match context.settle(&accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("finished") => Ok(()),
        Ok(reply) | Err(reply) => Err(Stop::NotTestable(format!(
            "an undisturbed job does not finish, see GW-ST-002: {}",
            reply.summary()
        ))),
    }
}

/// After the trouble the vendor succeeds, and the status must say so.
async fn note_unless_caught_up(
    context: &GatewayContext,
    accepted: &SubmittedJob,
    after: &str,
) -> Result<(), Stop> {
    match context.settle(accepted, terminal).await? {
        Ok(reply) if reply.word() == Some("finished") => {}
        Ok(reply) | Err(reply) => context.note(
            Finding::new(
                format!(
                    "status finished within {:?} of the vendor's success, after a bad answer ({after})",
                    context.target.timeouts.settle
                ),
                reply.summary(),
            )
            .at("/data/status")
            .seen_in(&reply.exchange),
        ),
    }
    Ok(())
}

async fn status_catches_up(context: &GatewayContext) -> Result<(), Stop> {
    let troubled = join_all(["500", "malformed", "cut"].map(|mishap| async move {
        let (job, accepted, looks) = disturbed(context, mishap).await?;
        context.calm(&job)?;
        if looks.iter().any(|reply| reply.word().is_some_and(terminal)) {
            return Err(Stop::NotTestable("a bad answer ended the job, see GW-VT-010 and GW-VT-011".into()));
        }
        context.advance(&job, ending(context, "succeeded")?).await?;
        note_unless_caught_up(context, &accepted, mishap).await
    }));
    finishes_undisturbed(context).await?;
    troubled.await.into_iter().collect()
}

async fn status_answered_in_trouble(context: &GatewayContext) -> Result<(), Stop> {
    let watched = ["503=html", "malformed", "cut", "429"].map(|mishap| disturbed(context, mishap));
    for watched in join_all(watched).await {
        for reply in watched?.2 {
            if [401, 403, 404, 410].contains(&reply.status) {
                context.note(
                    Finding::new("a status, or an error that does not deny the task", reply.summary())
                        .seen_in(&reply.exchange),
                );
            } else if reply.word().is_none() {
                note_schema(context, &reply, Schema::ErrorResponse);
            }
        }
    }
    Ok(())
}

/// No vendor's word.
const UNKNOWN_WORD: &str = "state=paused_for_review";

async fn unknown_word_changes_nothing(context: &GatewayContext) -> Result<(), Stop> {
    changes_nothing(context, &[UNKNOWN_WORD]).await
}

async fn unknown_word_answered(context: &GatewayContext) -> Result<(), Stop> {
    let (_, _, looks) = disturbed(context, UNKNOWN_WORD).await?;
    if let Some(odd) = looks.iter().find(|reply| reply.word().is_none()) {
        context.note(Finding::new("a status", odd.summary()).seen_in(&odd.exchange));
    }
    Ok(())
}

async fn every_end_explained(context: &GatewayContext) -> Result<(), Stop> {
    let bad = context.dialect().endings.iter().filter(|ending| ending.phase != Phase::Succeeded);
    let ended = bad.map(|ending| async move {
        let (job, accepted) = started(context).await?;
        context.advance(&job, Step::End(ending)).await?;
        Ok((ending.name, context.settle(&accepted, terminal).await?))
    });
    for ended in join_all(ended).await.into_iter().collect::<Result<Vec<_>, Stop>>()? {
        let (name, reply) = match ended {
            (name, Ok(reply)) if reply.word() == Some("failed") => (name, reply),
            (name, Ok(reply) | Err(reply)) => {
                return Err(Stop::NotTestable(format!(
                    "the job did not become failed ({name}), see GW-ST-003: {}",
                    reply.summary()
                )));
            }
        };
        let message = reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["error_message"]);
        if context.knob(Knob::FailureReason) == Choice::Required
            && message.as_str().is_none_or(|text| text.trim().is_empty())
        {
            context.note(
                Finding::new(
                    format!("a non-empty error_message after the vendor's job ended ({name})"),
                    format!("error_message is {message}"),
                )
                .at("/data/error_message")
                .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

/// Denials that leave no doubt, even to a gateway that allows for a replica that lags.
const DENIALS_ENOUGH: usize = 8;

async fn vanished_job_ends(context: &GatewayContext) -> Result<(), Stop> {
    let (job, accepted) = at_work(context, context.job()).await?;
    let asked = context.asked(&job.token);
    context.upset_query(&job, "gone")?;
    let mut seen = context.settle(&accepted, terminal).await?;
    // A gateway that has hardly asked cannot know: it is slow, or the machine is busy.
    if seen.is_err() && context.asked(&job.token) < asked + DENIALS_ENOUGH {
        seen = context.settle(&accepted, terminal).await?;
    }
    match seen {
        Ok(reply) if reply.word() == Some("failed") => {}
        Ok(reply) | Err(reply) => context.note(
            Finding::new(
                format!(
                    "status failed within {:?} after the vendor has lost the job",
                    context.target.timeouts.settle
                ),
                reply.summary(),
            )
            .at("/data/status")
            .seen_in(&reply.exchange),
        ),
    }
    Ok(())
}

async fn business_error_in_query(context: &GatewayContext) -> Result<(), Stop> {
    finishes_undisturbed(context).await?;
    let (job, accepted, looks) = disturbed(context, "refuse=rate-limit").await?;
    context.calm(&job)?;
    note_if_ended(context, &looks, "base_resp 1002");
    context.advance(&job, ending(context, "succeeded")?).await?;
    note_unless_caught_up(context, &accepted, "base_resp 1002").await
}

async fn no_finish_without_file(context: &GatewayContext) -> Result<(), Stop> {
    finishes_undisturbed(context).await?;
    let (job, accepted) = at_work(context, context.job()).await?;
    context.upset_file(&job, "500")?;
    context.advance(&job, ending(context, "succeeded")?).await?;
    let looks = context.look_until_asked(&accepted).await?;
    context.calm(&job)?;
    note_if_ended(context, &looks, "the call for the file");
    note_unless_caught_up(context, &accepted, "the call for the file").await
}
