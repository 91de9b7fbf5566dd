//! Mutants of the status: what is made of the vendor's reports, and how the task is told.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::routing::Reply;
use crate::gateway::stages::Stages;
use crate::gateway::task::{Outcome, Task, written};
use crate::gateway::vendor_answers::{Sighted, VENDOR_ANSWERS_WITHIN};
use crate::memory::Memory;
use ringback_mocks::client::Sighting;
use ringback_mocks::vendor::Phase;

deviations! { Mutant of Gateway;
    CREATED_TIME_FIXED "created-time-fixed" "shows the documentation's created_time for every job" =>
        created_time_fixed;
    EARLY_END_FORGOTTEN "early-end-forgotten" "never notices a job that ended before its submit was answered" =>
        early_end_forgotten;
    BACK_AT_THE_END "back-at-the-end" "reports not_started once between running and the end" => back_at_the_end;
    FAILED_PROGRESS_NEGATIVE "failed-progress-negative" "reports a failed job with progress -1" =>
        |stages| edit(stages, "failed", |_, data| data["progress"] = json!(-1));
    FAILURE_RETRIED "failure-retried" "reports a failed job as running when asked again" =>
        |stages| retell_again(stages, |last| matches!(last, Outcome::Failed(_)), Outcome::Running);
    REASON_SHOWN_ONCE "reason-shown-once" "shows the reason of a failure only the first time" =>
        |stages| edit(stages, "failed", show_reason_once);
    FILE_QUERY_DROPPED "file-query-dropped" "drops the query, and with it the signature, of a result's address" =>
        |stages| edit_files(stages, |file| edit_url(file, |url| url.split('?').next().unwrap_or(url).to_owned()));
    FILE_URL_HTML_ESCAPED "file-url-html-escaped" "replaces & by &amp; in a result's address" =>
        |stages| edit_files(stages, |file| edit_url(file, |url| url.replace('&', "&amp;")));
    CREATED_TIME_OTHER_ZONE "created-time-other-zone" "gives created_time in another zone in the status than in the submit answer" =>
        |stages| edit(stages, "", |_, data| data["created_time"] = json!(time_in_shanghai()));
    CALLBACK_JOBS_NOT_POLLED "callback-jobs-not-polled" "never asks the vendor about jobs with a callback_url" =>
        callback_jobs_not_polled;
    FINISHED_NAMES_VENDOR_ID "finished-names-vendor-id" "puts the vendor's id into the status of a finished job" =>
        |stages| edit(stages, "finished", |task, data| data["task_id"] = json!(task.vendor_id));
    FAILED_STATUS_IS_ERROR "failed-status-is-error" "answers an error instead of the status of a failed job" =>
        failed_status_is_error;
    STATUS_WITHOUT_ENVELOPE "status-without-envelope" "answers a status without code and data" =>
        status_without_envelope;
    FOREIGN_STATUS_WORDS "foreign-status-words" "says processing instead of running" =>
        |stages| edit(stages, "running", |_, data| data["status"] = json!("processing"));
    SUCCESS_STAYS_RUNNING "success-stays-running" "never notices that a job succeeded" =>
        |stages| misread(stages, |sighted| matches!(sighted.sighting, Sighting::Done(_)).then_some(RUNNING)),
        excludes ["finished-too-early", "failure-reported-finished"];
    FILES_MISSING "files-missing" "leaves files out of a finished status" => files_missing;
    FAILURE_REPORTED_FINISHED "failure-reported-finished" "reports a failed job as finished" =>
        |stages| misread(stages, |sighted| matches!(sighted.sighting, Sighting::Failed(_)).then(|| made_up(sighted)));
    FAILURE_WITHOUT_MESSAGE "failure-without-message" "reports a failed job without a reason" =>
        |stages| edit(stages, "failed", |_, data| data["error_message"] = Value::Null);
    EXPIRED_STAYS_RUNNING "expired-stays-running" "does not know the vendor's word expired" =>
        |stages| misread(stages, has_expired), excludes ["failure-reported-finished", "finished-too-early"];
    FINISHED_TOO_EARLY "finished-too-early" "reports a job as finished while the vendor works on it" =>
        |stages| misread(stages, |sighted| (sighted.sighting == RUNNING).then(|| made_up(sighted)));
    TERMINAL_FLAPS "terminal-flaps" "reports a finished job as running when asked again" =>
        |stages| retell_again(stages, |last| matches!(last, Outcome::Finished(_)), Outcome::Running);
    REGRESSES "regresses" "falls back to not_started after running" =>
        |stages| retell_again(stages, |last| *last == Outcome::Running, Outcome::Waiting);
    PROGRESS_OVER_100 "progress-over-100" "reports progress in per mille" =>
        |stages| edit(stages, "running", |_, data| data["progress"] = json!(420));
    PROGRESS_FRACTION "progress-fraction" "reports progress as a fraction of 100" =>
        |stages| edit(stages, "", |_, data| data["progress"] = fraction(&data["progress"]));
    FILE_TYPE_ODD "file-type-odd" "names a file type that is no kind of media" =>
        |stages| edit_files(stages, |file| file["file_type"] = json!("video_shot_1"));
    PROGRESS_NOT_100 "progress-not-100" "reports a finished job at 99" =>
        |stages| edit(stages, "finished", |_, data| data["progress"] = json!(99));
    STATUS_NAMES_OTHER_ID "status-names-other-id" "puts the vendor's id into the status" =>
        |stages| edit(stages, "", |task, data| data["task_id"] = json!(task.vendor_id));
}

/// A vendor's report that it works on the job.
const RUNNING: Sighting = Sighting::At(Phase::Running);

/// Changes the fields of a status with this word; of every status, if it is empty.
fn edit(stages: &mut Stages, word: &'static str, edit: fn(&Task, &mut Value)) {
    stages.status_data.around(move |next, service, task| {
        let mut data = next.run(service, task.clone());
        if word.is_empty() || data["status"] == word {
            edit(&task, &mut data);
        }
        data
    });
}

/// Changes each file of a status.
fn edit_files(stages: &mut Stages, edit: fn(&mut Value)) {
    stages.status_data.after(move |_, mut data| {
        if let Some(files) = data.get_mut("files").and_then(Value::as_array_mut) {
            files.iter_mut().for_each(edit);
        }
        data
    });
}

/// Tells something else of some tasks with every second status.
fn retell_again(stages: &mut Stages, is_retold: fn(&Outcome) -> bool, other: Outcome) {
    stages.follow.then(move |_, told| {
        let mut task = told?;
        if is_retold(&task.last) && task.polls.asked.is_multiple_of(2) {
            task.last = other.clone();
        }
        Ok(task)
    });
}

/// Takes some reports of the vendor's for others.
fn misread(stages: &mut Stages, other: fn(&Sighted) -> Option<Sighting>) {
    stages.interpret.before(move |_, mut sighted| {
        if let Some(sighting) = other(&sighted) {
            sighted.sighting = sighting;
        }
        sighted
    });
}

/// A result that the vendor never reported.
fn made_up(sighted: &Sighted) -> Sighting {
    let vendor = sighted.task.route.map_or("operator", |route| route.vendor.name());
    Sighting::Done(vec![format!("https://results.example.com/{vendor}.mp4")])
}

fn has_expired(sighted: &Sighted) -> Option<Sighting> {
    let Sighting::Failed(message) = &sighted.sighting else { return None };
    message.ends_with("expired").then_some(RUNNING)
}

fn show_reason_once(task: &Task, data: &mut Value) {
    if task.polls.asked > 1 {
        data["error_message"] = Value::Null;
    }
}

fn edit_url(file: &mut Value, edit: fn(&str) -> String) {
    if let Some(url) = file["file_url"].as_str().map(edit) {
        file["file_url"] = json!(url);
    }
}

fn fraction(progress: &Value) -> Value {
    progress.as_f64().map_or(Value::Null, |progress| json!(progress / 100.0))
}

fn time_in_shanghai() -> String {
    written(Timestamp::now().saturating_add(SignedDuration::from_hours(8)).unwrap_or(Timestamp::MAX))
}

fn created_time_fixed(stages: &mut Stages) {
    stages.created_time.around(|_, _, _| "2026-06-14T10:30:00".to_owned());
}

fn early_end_forgotten(stages: &mut Stages) {
    stages.create.around_async(|next, service, order| async move {
        let mut created = next.run(&service, order.clone()).await;
        if let Ok(vendor_id) = &created.result {
            let client = &order.route.dialect.client;
            let query = (client.query)(&order.wish, vendor_id);
            let answer = service.call(&order.route, query, VENDOR_ANSWERS_WITHIN).await;
            let seen = answer.and_then(|answer| answer.value()).map(|body| (client.queried)(&body));
            if matches!(seen, Some(Sighting::Done(_) | Sighting::DoneAt(_) | Sighting::Failed(_))) {
                created.result = Ok(String::new());
            }
        }
        created
    });
}

fn back_at_the_end(stages: &mut Stages) {
    let ended = Memory::<HashSet<String>>::default();
    stages.follow.then(move |_, told| {
        let mut task = told?;
        let has_just_ended =
            task.route.is_some() && task.last.is_terminal() && ended.open().insert(task.id.clone());
        if has_just_ended && task.polls.asked > 1 {
            task.last = Outcome::Waiting;
        }
        Ok(task)
    });
}

fn callback_jobs_not_polled(stages: &mut Stages) {
    stages.asks_vendor.around(|next, service, task| task.callback_url.is_none() && next.run(service, task));
}

fn failed_status_is_error(stages: &mut Stages) {
    stages.report.around(|next, service, task| match task.last {
        Outcome::Failed(_) => service.error(502, "upstream_error", "the job failed"),
        _ => next.run(service, task),
    });
}

fn status_without_envelope(stages: &mut Stages) {
    stages.report.after(|_, mut reply| {
        if let Reply::Json { body, .. } = &mut reply
            && let Some(data) = body.get_mut("data").map(Value::take)
        {
            *body = data;
        }
        reply
    });
}

fn files_missing(stages: &mut Stages) {
    stages.status_data.after(|_, mut data| {
        if let Some(fields) = data.as_object_mut() {
            fields.shift_remove("files");
        }
        data
    });
}
