//! Mutants of queries that go wrong at the vendor: too much is concluded from them, or too little.

use std::collections::HashSet;
use std::sync::Arc;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::routing::Reply;
use crate::gateway::service::Context;
use crate::gateway::stages::Stages;
use crate::gateway::vendor_answers::{Heard, Hearing, business_code};
use crate::memory::Memory;
use ringback_mocks::client::Sighting;
use ringback_mocks::wire::Response;

use super::vendor_creates::{FOR_EVER, has_failed, is_unreadable};

deviations! { Mutant of Gateway;
    FAILED_QUERY_FAILS "failed-query-fails" "gives a job up when a query meets HTTP 5xx" =>
        |stages| give_up(stages, |answer| answer.is_some_and(has_failed));
    LIMITED_QUERY_FAILS "limited-query-fails" "gives a job up when a query meets 429" =>
        |stages| give_up(stages, |answer| answer.is_some_and(|answer| answer.status == 429));
    LOST_QUERY_FAILS "lost-query-fails" "gives a job up when a query gets no answer" =>
        |stages| give_up(stages, |answer| answer.is_none());
    UNREADABLE_QUERY_FAILS "unreadable-query-fails" "gives a job up when the answer to a query cannot be read" =>
        |stages| give_up(stages, |answer| answer.is_some_and(is_unreadable)), excludes ["empty-query-finishes"];
    EMPTY_QUERY_FINISHES "empty-query-finishes" "takes an empty answer to a query for the end of the job" =>
        |stages| mishear(stages, empty_answer);
    GIVES_UP_AFTER_BAD_QUERY "gives-up-after-bad-query" "never asks again once a query has failed" =>
        gives_up_after_bad_query;
    TROUBLE_IS_404 "trouble-is-404" "says that there is no such task while the vendor cannot be asked" =>
        trouble_is_404;
    STATUS_PAGE_PASSED_ON "status-page-passed-on" "answers a status with the vendor's error page" =>
        status_page_passed_on, excludes ["trouble-is-404"];
    UNKNOWN_WORD_FINISHES "unknown-word-finishes" "takes a state word it does not know for success" =>
        |stages| guess(stages, |_| Sighting::Done(Vec::new())),
        excludes ["unknown-word-fails", "unknown-word-crashes"];
    UNKNOWN_WORD_FAILS "unknown-word-fails" "takes a state word it does not know for failure" =>
        |stages| guess(stages, |word| Sighting::Failed(format!("unknown state {word}"))),
        excludes ["unknown-word-crashes"];
    UNKNOWN_WORD_CRASHES "unknown-word-crashes" "answers 500 to a state word it does not know" => unknown_word_crashes;
    ODD_ENDS_UNEXPLAINED "odd-ends-unexplained" "gives no reason when a job has expired or was cancelled" =>
        odd_ends_unexplained;
    VANISHED_STAYS_RUNNING "vanished-stays-running" "reports a job as running for ever that the vendor denies" =>
        vanished_stays_running;
    STATUS_WAITS_FOR_EVER "status-waits-for-ever" "waits without limit for the answer to a query" => status_waits_for_ever;
    STATUSES_QUEUE "statuses-queue" "keeps statuses waiting while another one waits for its vendor" => statuses_queue;
    BUSINESS_ERROR_FAILS "business-error-fails" "gives a job up when MiniMax reports an error inside HTTP 200" =>
        |stages| mishear(stages, business_error);
    FINISHES_WITHOUT_FILE "finishes-without-file" "reports a job as finished although it could not learn where the result is" =>
        finishes_without_file;
}

/// Takes some answers for reports that they are not.
fn mishear(stages: &mut Stages, heard_as: fn(&Heard) -> Option<Sighting>) {
    stages.hear.around(move |next, service, heard| match heard_as(&heard) {
        Some(sighting) => Ok(Hearing::Report(sighting)),
        None => next.run(service, heard),
    });
}

/// Takes some answers for the failure of the job.
fn give_up(stages: &mut Stages, is_fatal: fn(Option<&Response>) -> bool) {
    stages.hear.around(move |next, service, heard| {
        if !is_fatal(heard.answer.as_ref()) {
            return next.run(service, heard);
        }
        Ok(Hearing::Report(Sighting::Failed("the vendor could not be asked".to_owned())))
    });
}

/// Takes a state word that nobody knows for another report.
fn guess(stages: &mut Stages, meaning: fn(&str) -> Sighting) {
    stages.interpret.before(move |_, mut sighted| {
        if let Sighting::Unknown(word) = &sighted.sighting
            && !word.is_empty()
        {
            sighted.sighting = meaning(word);
        }
        sighted
    });
}

fn empty_answer(heard: &Heard) -> Option<Sighting> {
    let answer = heard.answer.as_ref()?;
    (answer.is_success() && answer.body.is_empty()).then(|| Sighting::Done(Vec::new()))
}

fn business_error(heard: &Heard) -> Option<Sighting> {
    let answer = heard.answer.as_ref().filter(|answer| answer.status < 500 && answer.status != 429)?;
    let body = answer.value()?;
    let has_state = !body["status"].as_str().unwrap_or_default().is_empty();
    let fails = business_code(&body) != 0 && !has_state;
    fails.then(|| Sighting::Failed("the vendor reported an error".to_owned()))
}

fn gives_up_after_bad_query(stages: &mut Stages) {
    let given_up = Memory::<HashSet<String>>::default();
    let noted = given_up.clone();
    stages.hear.around(move |next, service, heard| {
        let id = heard.task.id.clone();
        let hearing = next.run(service, heard);
        if matches!(hearing, Ok(Hearing::Nothing)) {
            noted.open().insert(id);
        }
        hearing
    });
    stages.asks_vendor.around(move |next, service, task| {
        let is_given_up = given_up.open().contains(&task.id);
        !is_given_up && next.run(service, task)
    });
}

fn trouble_is_404(stages: &mut Stages) {
    answer_instead(stages, |service, heard| {
        let is_down = heard.answer.as_ref().is_none_or(has_failed);
        is_down.then(|| service.error(404, "not_found", "task not found"))
    });
}

fn status_page_passed_on(stages: &mut Stages) {
    answer_instead(stages, |_, heard| heard.answer.clone().filter(has_failed).map(Reply::Page));
}

/// Answers something instead of a status.
fn answer_instead(stages: &mut Stages, told: fn(&Context, &Heard) -> Option<Reply>) {
    stages.hear.around(move |next, service, heard| match told(service, &heard) {
        Some(reply) => Err(reply),
        None => next.run(service, heard),
    });
}

fn unknown_word_crashes(stages: &mut Stages) {
    stages.interpret.around(|next, service, sighted| match &sighted.sighting {
        Sighting::Unknown(word) if !word.is_empty() => {
            Err(service.error(500, "internal_error", "unexpected state"))
        }
        _ => next.run(service, sighted),
    });
}

fn odd_ends_unexplained(stages: &mut Stages) {
    stages.reason.around(|next, service, message| {
        let lower = message.to_lowercase();
        if lower.ends_with("expired") || lower.ends_with("cancelled") {
            return String::new();
        }
        next.run(service, message)
    });
}

fn vanished_stays_running(stages: &mut Stages) {
    stages.hear.after(|_, hearing| match hearing {
        Ok(Hearing::Denial) => Ok(Hearing::Nothing),
        hearing => hearing,
    });
}

fn status_waits_for_ever(stages: &mut Stages) {
    stages.query_patience.after(|_, _| FOR_EVER);
}

fn statuses_queue(stages: &mut Stages) {
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    stages.look.around_async(move |next, service, look| {
        let turn = Arc::clone(&turn);
        async move {
            // Only jobs with a duration, so that the other cases of a run do not stand in the queue.
            let _turn = if look.task.wish.duration.is_some() { Some(turn.lock().await) } else { None };
            next.run(&service, look).await
        }
    });
}

fn finishes_without_file(stages: &mut Stages) {
    stages.hear.around(|next, service, heard| {
        let is_about_file = heard.is_about_file;
        match next.run(service, heard) {
            Ok(Hearing::Nothing) if is_about_file => Ok(Hearing::Report(Sighting::Done(Vec::new()))),
            hearing => hearing,
        }
    });
}
