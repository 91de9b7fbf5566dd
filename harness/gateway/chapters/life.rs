//! The whole life of a job: what its status may do between the submit and the end, and what it keeps.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_mocks::wire::Response;
use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::check;
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{GatewayReply, SubmittedJob};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str = "Clients act on each word of a status: they show progress, fetch files, refund customers.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::STATUS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts, GatewayPrecondition::Status],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-LIFE-001",
        slug: "monotonic",
        sentence: "From the submit to the end, the status of a job never goes back.",
        why: WHY,
        remedy: "Store the furthest state seen, and answer from the store.",
        terms: Terms { knobs: &[Knob::Settle], ..TERMS },
        mutants: &[mutants::BACK_AT_THE_END, mutants::REGRESSES],
        check: check!(monotonic),
    },
    Requirement {
        id: "GW-LIFE-002",
        slug: "progress-bounded",
        sentence: "In every state, a progress is a whole number from 0 to 100.",
        why: WHY,
        remedy: "Clamp the vendor's progress, and leave it out where there is none.",
        terms: Terms {
            source: Source::STATUS.shown(),
            knobs: &[Knob::ProgressType, Knob::Settle],
            jobs: 2,
            ..TERMS
        },
        mutants: &[mutants::PROGRESS_OVER_100, mutants::PROGRESS_FRACTION, mutants::FAILED_PROGRESS_NEGATIVE],
        check: check!(progress_bounded),
    },
    Requirement {
        id: "GW-LIFE-003",
        slug: "failed-is-final",
        sentence: "A status that has been failed stays failed.",
        why: WHY,
        remedy: "Store the terminal state; a new attempt is a new job.",
        terms: Terms { knobs: &[Knob::Settle], ..TERMS },
        mutants: &[mutants::FAILURE_RETRIED],
        check: check!(failed_is_final),
    },
    Requirement {
        id: "GW-LIFE-004",
        slug: "reason-stays",
        sentence: "A failed status that has named a reason still names one when asked again.",
        why: WHY,
        remedy: "Store the reason with the terminal state.",
        terms: Terms { level: Level::Should, knobs: &[Knob::Settle], ..TERMS },
        mutants: &[mutants::REASON_SHOWN_ONCE],
        check: check!(reason_stays),
    },
    Requirement {
        id: "GW-LIFE-005",
        slug: "files-unchanged",
        sentence: "A file_url at the vendor's own host is, to the last character, one that the vendor gave.",
        why: "Result addresses are signed: without its query, or with &amp; for &, the customer gets a 403.",
        remedy: "Copy the vendor's address as an opaque string, or serve the file from an address of your own.",
        terms: Terms { source: Source::VIDEO.inferred(), knobs: &[Knob::Settle], ..TERMS },
        mutants: &[mutants::FILE_QUERY_DROPPED, mutants::FILE_URL_HTML_ESCAPED],
        check: check!(files_unchanged),
    },
    Requirement {
        id: "GW-LIFE-006",
        slug: "created-time-stable",
        sentence: "The created_time of a status is that of the submit answer.",
        why: "Clients sort by it and compute timeouts from it.",
        remedy: "Store the time once and write it in one zone.",
        terms: Terms { source: Source::STATUS.shown(), knobs: &[Knob::Settle], ..TERMS },
        mutants: &[mutants::CREATED_TIME_OTHER_ZONE],
        check: check!(created_time_stable),
    },
    Requirement {
        id: "GW-LIFE-007",
        slug: "own-task-id-at-the-end",
        sentence: "The status of an ended job still names the task it was asked for.",
        why: WHY,
        remedy: "Answer with the gateway's id in every state.",
        terms: Terms { source: Source::STATUS.shown(), knobs: &[Knob::Settle], jobs: 2, ..TERMS },
        mutants: &[mutants::FINISHED_NAMES_VENDOR_ID, mutants::STATUS_NAMES_OTHER_ID],
        check: check!(own_task_id_at_the_end),
    },
    Requirement {
        id: "GW-LIFE-008",
        slug: "failed-is-an-answer",
        sentence: "The status of a failed job is a status with the word failed, not an error answer.",
        why: "A client cannot tell a job that failed from a status request that failed, and asks forever.",
        remedy: "Answer {code: 200, data: {status: \"failed\", error_message}}: the request for the status went well.",
        terms: Terms { knobs: &[Knob::Settle], ..TERMS },
        mutants: &[mutants::FAILED_STATUS_IS_ERROR],
        check: check!(failed_is_an_answer),
    },
];

const fn terminal(word: &str) -> bool {
    matches!(word.as_bytes(), b"finished" | b"failed")
}

const fn rank(word: &str) -> Option<u8> {
    match word.as_bytes() {
        b"not_started" => Some(0),
        b"running" => Some(1),
        b"finished" | b"failed" => Some(2),
        _ => None,
    }
}

/// A job that the vendor has brought to this end, and the first terminal status of it.
async fn ended(
    context: &GatewayContext,
    ending: &str,
    wanted: &str,
) -> Result<(SubmittedJob, GatewayReply), Stop> {
    let job = context.job();
    let accepted = context.accept(&job).await?;
    let end = context.dialect().ending(ending);
    let end =
        end.ok_or_else(|| Stop::NotApplicable(format!("{} has no such end", context.vendor.title())))?;
    context.advance(&job, Step::End(end)).await?;
    match context.settle(&accepted, terminal).await? {
        Ok(reply) if reply.word() == Some(wanted) => Ok((accepted, reply)),
        Ok(reply) | Err(reply) => Err(Stop::NotTestable(format!(
            "the job did not become {wanted}, see GW-ST-002 and GW-ST-003: {}",
            reply.summary()
        ))),
    }
}

async fn monotonic(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let accepted = context.accept(&job).await?;
    context.status(&accepted).await?;
    context.advance(&job, Step::To(Phase::Running)).await?;
    let _ = context.glimpse(&accepted, |word| word != "not_started").await?;
    for _ in 0..3 {
        context.status(&accepted).await?;
    }
    let end =
        context.dialect().ending("succeeded").ok_or_else(|| Stop::HarnessError("no good end".into()))?;
    context.advance(&job, Step::End(end)).await?;
    let _ = context.settle(&accepted, terminal).await?;
    let mut furthest = 0;
    for reply in context.replies(&job.token).into_iter().skip(1) {
        let Some(here) = reply.word().and_then(rank) else { continue };
        if here < furthest {
            let before = ["not_started", "running", "an end"][usize::from(furthest)];
            context.note(
                Finding::new(format!("no way back from {before}"), reply.summary())
                    .at("/data/status")
                    .seen_in(&reply.exchange),
            );
        }
        furthest = furthest.max(here);
    }
    Ok(())
}

async fn progress_bounded(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let accepted = context.accept(&job).await?;
    context.status(&accepted).await?;
    context.advance(&job, Step::To(Phase::Running)).await?;
    let _ = context.glimpse(&accepted, |word| word != "not_started").await?;
    let (finished, _) = ended(context, "succeeded", "finished").await?;
    let (failed, _) = ended(context, "moderated", "failed").await?;
    let mut seen = false;
    for token in [&job.token, &finished.token, &failed.token] {
        for reply in context.replies(token) {
            let progress = reply.body.as_ref().and_then(|body| body["data"].get("progress"));
            let Some(progress) = progress.filter(|value| !value.is_null()) else { continue };
            seen = true;
            let fits = |value: &f64| {
                (0.0..=100.0).contains(value)
                    && (value.fract() == 0.0 || context.knob(Knob::ProgressType) == Choice::Number)
            };
            if progress.as_f64().is_none_or(|value| !fits(&value)) {
                let wanted = "a whole number from 0 to 100, or no progress";
                context.note(
                    Finding::new(wanted, format!("progress {progress}"))
                        .at("/data/progress")
                        .seen_in(&reply.exchange),
                );
            }
        }
    }
    if seen { Ok(()) } else { Err(Stop::NotApplicable("no status has a progress".into())) }
}

async fn failed_is_final(context: &GatewayContext) -> Result<(), Stop> {
    let (accepted, _) = ended(context, "moderated", "failed").await?;
    for _ in 0..4 {
        let again = context.status(&accepted).await?;
        if again.word() != Some("failed") {
            return Err(Finding::new("status failed for good", format!("asked again: {}", again.summary()))
                .at("/data/status")
                .seen_in(&again.exchange)
                .into());
        }
    }
    Ok(())
}

async fn reason_stays(context: &GatewayContext) -> Result<(), Stop> {
    let has_reason = |reply: &GatewayReply| {
        let body = reply.body.as_ref();
        let reason = body.and_then(|body| body["data"]["error_message"].as_str());
        reason.is_some_and(|reason| !reason.trim().is_empty())
    };
    let (accepted, first) = ended(context, "moderated", "failed").await?;
    if !has_reason(&first) {
        return Err(Stop::NotTestable("the failed job has no reason, see GW-ST-004".into()));
    }
    for _ in 0..3 {
        let again = context.status(&accepted).await?;
        if again.word() == Some("failed") && !has_reason(&again) {
            return Err(Finding::new("an error_message, as before", again.summary())
                .at("/data/error_message")
                .seen_in(&again.exchange)
                .into());
        }
    }
    Ok(())
}

async fn files_unchanged(context: &GatewayContext) -> Result<(), Stop> {
    let (accepted, reply) = ended(context, "succeeded", "finished").await?;
    let mut given = Vec::new();
    for exchange in context.upstream(&accepted.token) {
        if let Some(body) = exchange.answer.as_ref().ok().and_then(Response::value) {
            addresses(&body, &mut given);
        }
    }
    let hosts: Vec<&str> = given.iter().filter_map(|url| host(url)).collect();
    let files = reply.body.as_ref().and_then(|body| body["data"]["files"].as_array());
    let shown = files.into_iter().flatten().filter_map(|file| file["file_url"].as_str());
    let shown: Vec<&str> = shown.filter(|url| host(url).is_some_and(|host| hosts.contains(&host))).collect();
    for url in &shown {
        if !given.iter().any(|other| other == url) {
            let given = given.first().map_or("", String::as_str);
            context.note(
                Finding::new(format!("the vendor's {given}"), format!("file_url {url}"))
                    .at("/data/files")
                    .seen_in(&reply.exchange),
            );
        }
    }
    if shown.is_empty() {
        return Err(Stop::NotApplicable("no file_url is at the vendor's host".into()));
    }
    Ok(())
}

fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    scheme.starts_with("http").then(|| rest.split(['/', '?', '#']).next()).flatten()
}

/// Every address in a document.
fn addresses(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) if host(text).is_some() => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| addresses(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| addresses(field, into)),
        _ => {}
    }
}

async fn created_time_stable(context: &GatewayContext) -> Result<(), Stop> {
    let (accepted, last) = ended(context, "succeeded", "finished").await?;
    let of = |reply: &GatewayReply| {
        let body = reply.body.as_ref();
        body.and_then(|body| body["data"]["created_time"].as_str()).map(str::to_owned)
    };
    let first = of(&accepted.reply);
    let Some(first) = first else {
        return Err(Stop::NotTestable("the submit answer has no created_time, see GW-SUB-002".into()));
    };
    let Some(then) = of(&last) else {
        return Err(Stop::NotTestable("the status has no created_time, see GW-ST-001".into()));
    };
    match apart(&first, &then) {
        Some(false) => Ok(()),
        Some(true) => Err(Finding::new(format!("created_time {first}"), format!("created_time {then}"))
            .at("/data/created_time")
            .seen_in(&last.exchange)
            .into()),
        None => Err(Stop::NotApplicable(format!("{first} and {then} cannot be compared: one has no zone"))),
    }
}

/// Whether two times are more than a second apart, which a store may round away; `None` where one has a
/// zone and the other has none.
fn apart(first: &str, second: &str) -> Option<bool> {
    let zoned = |text: &str| text.parse::<Timestamp>();
    let bare = |text: &str| text.parse::<DateTime>();
    let far = match (zoned(first), zoned(second), bare(first), bare(second)) {
        (Ok(first), Ok(second), ..) => first.duration_since(second).abs(),
        (Err(_), Err(_), Ok(first), Ok(second)) => first.duration_since(second).abs(),
        _ if first == second => return Some(false),
        _ => return None,
    };
    Some(far > SignedDuration::from_secs(1))
}

async fn own_task_id_at_the_end(context: &GatewayContext) -> Result<(), Stop> {
    for (ending, word) in [("succeeded", "finished"), ("moderated", "failed")] {
        let (accepted, reply) = ended(context, ending, word).await?;
        let shown = reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["task_id"]);
        if shown != accepted.task_id.as_str() {
            let wanted = Value::from(accepted.task_id);
            context.note(
                Finding::new(format!("task_id {wanted} when {word}"), format!("task_id {shown}"))
                    .at("/data/task_id")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn failed_is_an_answer(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let accepted = context.accept(&job).await?;
    let end = context.dialect().ending("moderated").ok_or_else(|| Stop::HarnessError("no bad end".into()))?;
    context.advance(&job, Step::End(end)).await?;
    match context.settle(&accepted, terminal).await {
        Ok(Ok(reply)) if reply.word() == Some("failed") => {
            // A uniform envelope has error: null, which says that there is none.
            if reply.body.as_ref().is_some_and(|body| body["code"] != 200 || !body["error"].is_null()) {
                context.note(
                    Finding::new("code 200 and no error beside data", reply.summary())
                        .seen_in(&reply.exchange),
                );
            }
            Ok(())
        }
        Ok(Ok(last) | Err(last)) => Err(Stop::NotTestable(format!(
            "the job did not become failed, see GW-ST-003: {}",
            last.summary()
        ))),
        // Elsewhere an unreadable status cannot be judged; here it is what is judged.
        Err(Stop::NotTestable(_)) => {
            let reply = context.status(&accepted).await?;
            if reply.word().is_none() {
                context.note(
                    Finding::new("a status with the word failed", reply.summary()).seen_in(&reply.exchange),
                );
            }
            Ok(())
        }
        Err(stop) => Err(stop),
    }
}
