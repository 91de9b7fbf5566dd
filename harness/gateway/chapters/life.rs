//! The whole life of a job: what its status may do between the submit and the end, and what it keeps.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_mocks::wire::Response;
use ringback_reference::gateway::defect::Defect;
use serde_json::Value;

use super::check;
use crate::gateway::context::Bench;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::{Accepted, Reply};
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// What most entries of this chapter have in common.
const COMMON: Requirement<Gateway> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::STATUS.inferred(),
    why: "Clients act on each word of a status: they show progress, fetch files, refund customers.",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts, Need::Status],
    jobs: 1,
    generated: false,
    defects: &[],
    check: check!(monotonic),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-LIFE-001",
        slug: "monotonic",
        sentence: "From the submit to the end, the status of a job never goes back.",
        remedy: "Store the furthest state seen, and answer from the store.",
        knobs: &[Knob::Settle],
        defects: &[Defect::BackAtTheEnd, Defect::Regresses],
        ..COMMON
    },
    Requirement {
        id: "GW-LIFE-002",
        slug: "progress-bounded",
        sentence: "In every state, a progress is a whole number from 0 to 100.",
        source: Source::STATUS.shown(),
        remedy: "Clamp the vendor's progress, and leave it out where there is none.",
        knobs: &[Knob::ProgressType, Knob::Settle],
        jobs: 2,
        defects: &[Defect::ProgressOver100, Defect::ProgressFraction, Defect::FailedProgressNegative],
        check: check!(progress_bounded),
        ..COMMON
    },
    Requirement {
        id: "GW-LIFE-003",
        slug: "failed-is-final",
        sentence: "A status that has been failed stays failed.",
        remedy: "Store the terminal state; a new attempt is a new job.",
        knobs: &[Knob::Settle],
        defects: &[Defect::FailureRetried],
        check: check!(failed_is_final),
        ..COMMON
    },
    Requirement {
        id: "GW-LIFE-004",
        slug: "reason-stays",
        level: Level::Should,
        sentence: "A failed status that has named a reason still names one when asked again.",
        remedy: "Store the reason with the terminal state.",
        knobs: &[Knob::Settle],
        defects: &[Defect::ReasonShownOnce],
        check: check!(reason_stays),
        ..COMMON
    },
    Requirement {
        id: "GW-LIFE-005",
        slug: "files-unchanged",
        sentence: "A file_url at the vendor's own host is, to the last character, one that the vendor gave.",
        source: Source::VIDEO.inferred(),
        why: "Result addresses are signed: without its query, or with &amp; for &, the customer gets a 403.",
        remedy: "Copy the vendor's address as an opaque string, or serve the file from an address of your own.",
        knobs: &[Knob::Settle],
        defects: &[Defect::FileQueryDropped, Defect::FileUrlHtmlEscaped],
        check: check!(files_unchanged),
        ..COMMON
    },
    Requirement {
        id: "GW-LIFE-006",
        slug: "created-time-stable",
        sentence: "The created_time of a status is that of the submit answer.",
        source: Source::STATUS.shown(),
        why: "Clients sort by it and compute timeouts from it.",
        remedy: "Store the time once and write it in one zone.",
        knobs: &[Knob::Settle],
        defects: &[Defect::CreatedTimeOtherZone],
        check: check!(created_time_stable),
        ..COMMON
    },
    Requirement {
        id: "GW-LIFE-007",
        slug: "own-task-id-at-the-end",
        sentence: "The status of an ended job still names the task it was asked for.",
        source: Source::STATUS.shown(),
        remedy: "Answer with the gateway's id in every state.",
        knobs: &[Knob::Settle],
        jobs: 2,
        defects: &[Defect::FinishedNamesVendorId, Defect::StatusNamesOtherId],
        check: check!(own_task_id_at_the_end),
        ..COMMON
    },
    Requirement {
        id: "GW-LIFE-008",
        slug: "failed-is-an-answer",
        sentence: "The status of a failed job is a status with the word failed, not an error answer.",
        why: "A client cannot tell a job that failed from a status request that failed, and asks for ever.",
        remedy: "Answer {code: 200, data: {status: \"failed\", error_message}}: the request for the status went well.",
        knobs: &[Knob::Settle],
        defects: &[Defect::FailedStatusIsError],
        check: check!(failed_is_an_answer),
        ..COMMON
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
async fn ended(bench: &Bench, ending: &str, wanted: &str) -> Result<(Accepted, Reply), Stop> {
    let job = bench.job();
    let accepted = bench.accept(&job).await?;
    let end = bench.dialect().ending(ending);
    let end = end.ok_or_else(|| Stop::NotApplicable(format!("{} has no such end", bench.vendor.title())))?;
    bench.advance(&job, Step::End(end)).await?;
    match bench.settle(&accepted, terminal).await? {
        Ok(reply) if reply.word() == Some(wanted) => Ok((accepted, reply)),
        Ok(reply) | Err(reply) => Err(Stop::NotTestable(format!(
            "the job did not become {wanted}, see GW-ST-002 and GW-ST-003: {}",
            reply.gist()
        ))),
    }
}

async fn monotonic(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let accepted = bench.accept(&job).await?;
    bench.status(&accepted).await?;
    bench.advance(&job, Step::To(Phase::Running)).await?;
    let _ = bench.glimpse(&accepted, |word| word != "not_started").await?;
    for _ in 0..3 {
        bench.status(&accepted).await?;
    }
    let end = bench.dialect().ending("succeeded").ok_or_else(|| Stop::Broken("no good end".into()))?;
    bench.advance(&job, Step::End(end)).await?;
    let _ = bench.settle(&accepted, terminal).await?;
    let mut furthest = 0;
    for reply in bench.replies(&job.token).into_iter().skip(1) {
        let Some(here) = reply.word().and_then(rank) else { continue };
        if here < furthest {
            let before = ["not_started", "running", "an end"][usize::from(furthest)];
            bench.note(
                Finding::new(format!("no way back from {before}"), reply.gist())
                    .at("/data/status")
                    .seen_in(&reply.exchange),
            );
        }
        furthest = furthest.max(here);
    }
    Ok(())
}

async fn progress_bounded(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let accepted = bench.accept(&job).await?;
    bench.status(&accepted).await?;
    bench.advance(&job, Step::To(Phase::Running)).await?;
    let _ = bench.glimpse(&accepted, |word| word != "not_started").await?;
    let (finished, _) = ended(bench, "succeeded", "finished").await?;
    let (failed, _) = ended(bench, "moderated", "failed").await?;
    let mut seen = false;
    for token in [&job.token, &finished.token, &failed.token] {
        for reply in bench.replies(token) {
            let progress = reply.body.as_ref().and_then(|body| body["data"].get("progress"));
            let Some(progress) = progress.filter(|value| !value.is_null()) else { continue };
            seen = true;
            let fits = |value: &f64| {
                (0.0..=100.0).contains(value)
                    && (value.fract() == 0.0 || bench.knob(Knob::ProgressType) == Choice::Number)
            };
            if progress.as_f64().is_none_or(|value| !fits(&value)) {
                let wanted = "a whole number from 0 to 100, or no progress";
                bench.note(
                    Finding::new(wanted, format!("progress {progress}"))
                        .at("/data/progress")
                        .seen_in(&reply.exchange),
                );
            }
        }
    }
    if seen { Ok(()) } else { Err(Stop::NotApplicable("no status has a progress".into())) }
}

async fn failed_is_final(bench: &Bench) -> Result<(), Stop> {
    let (accepted, _) = ended(bench, "moderated", "failed").await?;
    for _ in 0..4 {
        let again = bench.status(&accepted).await?;
        if again.word() != Some("failed") {
            return Err(Finding::new("status failed for good", format!("asked again: {}", again.gist()))
                .at("/data/status")
                .seen_in(&again.exchange)
                .into());
        }
    }
    Ok(())
}

async fn reason_stays(bench: &Bench) -> Result<(), Stop> {
    let has_reason = |reply: &Reply| {
        let body = reply.body.as_ref();
        let reason = body.and_then(|body| body["data"]["error_message"].as_str());
        reason.is_some_and(|reason| !reason.trim().is_empty())
    };
    let (accepted, first) = ended(bench, "moderated", "failed").await?;
    if !has_reason(&first) {
        return Err(Stop::NotTestable("the failed job has no reason, see GW-ST-004".into()));
    }
    for _ in 0..3 {
        let again = bench.status(&accepted).await?;
        if again.word() == Some("failed") && !has_reason(&again) {
            return Err(Finding::new("an error_message, as before", again.gist())
                .at("/data/error_message")
                .seen_in(&again.exchange)
                .into());
        }
    }
    Ok(())
}

async fn files_unchanged(bench: &Bench) -> Result<(), Stop> {
    let (accepted, reply) = ended(bench, "succeeded", "finished").await?;
    let mut given = Vec::new();
    for exchange in bench.upstream(&accepted.token) {
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
            bench.note(
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

async fn created_time_stable(bench: &Bench) -> Result<(), Stop> {
    let (accepted, last) = ended(bench, "succeeded", "finished").await?;
    let of = |reply: &Reply| {
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

async fn own_task_id_at_the_end(bench: &Bench) -> Result<(), Stop> {
    for (ending, word) in [("succeeded", "finished"), ("moderated", "failed")] {
        let (accepted, reply) = ended(bench, ending, word).await?;
        let shown = reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["task_id"]);
        if shown != accepted.task_id.as_str() {
            let wanted = Value::from(accepted.task_id);
            bench.note(
                Finding::new(format!("task_id {wanted} when {word}"), format!("task_id {shown}"))
                    .at("/data/task_id")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn failed_is_an_answer(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let accepted = bench.accept(&job).await?;
    let end = bench.dialect().ending("moderated").ok_or_else(|| Stop::Broken("no bad end".into()))?;
    bench.advance(&job, Step::End(end)).await?;
    match bench.settle(&accepted, terminal).await {
        Ok(Ok(reply)) if reply.word() == Some("failed") => {
            // A uniform envelope has error: null, which says that there is none.
            if reply.body.as_ref().is_some_and(|body| body["code"] != 200 || !body["error"].is_null()) {
                bench.note(
                    Finding::new("code 200 and no error beside data", reply.gist()).seen_in(&reply.exchange),
                );
            }
            Ok(())
        }
        Ok(Ok(last) | Err(last)) => {
            Err(Stop::NotTestable(format!("the job did not become failed, see GW-ST-003: {}", last.gist())))
        }
        // Elsewhere an unreadable status cannot be judged; here it is what is judged.
        Err(Stop::NotTestable(_)) => {
            let reply = bench.status(&accepted).await?;
            if reply.word().is_none() {
                bench.note(
                    Finding::new("a status with the word failed", reply.gist()).seen_in(&reply.exchange),
                );
            }
            Ok(())
        }
        Err(stop) => Err(stop),
    }
}
