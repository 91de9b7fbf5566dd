//! Mutants of creates that go wrong at the vendor: accepted all the same, sent again, or told with too much.

use std::sync::Arc;
use std::time::Duration;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::forwarding::{Decline, NO_ANSWER, NOT_ACCEPTED, Order};
use crate::gateway::routing::Reply;
use crate::gateway::service::Context;
use crate::gateway::stages::Stages;
use ringback_mocks::client::{Blame, Declined};
use ringback_mocks::wire::Response;

deviations! { Mutant of Gateway;
    REFUSAL_HIDDEN "refusal-hidden" "accepts a job the vendor refused and leaves it not_started" =>
        |stages| hide(stages, |_, _| true);
    BASE_RESP_IGNORED "base-resp-ignored" "takes HTTP 200 from MiniMax for success" =>
        |stages| hide(stages, |order, declined| order.route.leads_to("minimax") && declined.message != NO_ANSWER);
    FAILED_CREATE_ACCEPTED "failed-create-accepted" "accepts a job whose create met HTTP 5xx" =>
        |stages| accept(stages, |answer| answer.is_some_and(has_failed));
    LIMITED_CREATE_ACCEPTED "limited-create-accepted" "accepts a job whose create met a bare 429, and never tries again" =>
        |stages| accept(stages, |answer| answer.is_some_and(|answer| answer.status == 429 && answer.value().is_none()));
    LOST_CREATE_ACCEPTED "lost-create-accepted" "accepts a job whose create got no answer" =>
        |stages| accept(stages, |answer| answer.is_none());
    UNREADABLE_CREATE_ACCEPTED "unreadable-create-accepted" "takes any HTTP 200 for an accepted create, whatever is in it" =>
        |stages| accept(stages, |answer| answer.is_some_and(is_unreadable));
    EMPTY_BODY_CRASHES "empty-body-crashes" "crashes when the answer to a create has no body" =>
        |stages| tell(stages, empty_body);
    PAGE_PASSED_ON "page-passed-on" "hands the vendor's error page to the client as it is" =>
        |stages| tell(stages, |_, decline| decline.answer.clone().filter(has_failed).map(Reply::Page));
    BODY_QUOTED "body-quoted" "quotes an unreadable answer of the vendor in the error's message" =>
        |stages| tell(stages, body_quoted);
    VENDOR_SENTENCE_QUOTED "vendor-sentence-quoted" "tells clients what the vendor says about the operator's account" =>
        |stages| tell(stages, vendor_sentence), excludes ["outage-blamed-on-client"];
    ADDRESS_NAMED "address-named" "names the vendor's address when it cannot be reached" =>
        |stages| tell(stages, address_named);
    OUTAGE_BLAMED_ON_CLIENT "outage-blamed-on-client" "answers 400 when the vendor is down" =>
        |stages| tell(stages, outage_blamed);
    VENDOR_UNAUTHORIZED_PASSED_ON "vendor-unauthorized-passed-on" "answers 401 when the vendor refuses the operator's key" =>
        |stages| tell(stages, unauthorized);
    REPEATS_LOST_CREATE "repeats-lost-create" "sends a create again when it got no answer" =>
        |stages| repeat(stages, |answer| answer.is_none());
    REPEATS_FAILED_CREATE "repeats-failed-create" "sends a create again after HTTP 5xx" =>
        |stages| repeat(stages, |answer| answer.is_some_and(has_failed));
    REPEATS_UNREADABLE_CREATE "repeats-unreadable-create" "sends a create again when the answer could not be read" =>
        |stages| repeat(stages, |answer| answer.is_some_and(is_unreadable));
    SUBMIT_WAITS_FOR_EVER "submit-waits-for-ever" "waits without limit for the answer to a create" => submit_waits_for_ever;
    SUBMITS_QUEUE "submits-queue" "keeps submits waiting while another one waits for its vendor" => submits_queue;
}

/// No limit.
pub(super) const FOR_EVER: Duration = Duration::from_secs(3_600);

/// Whether the vendor, or what stands before it, has failed.
pub(super) fn has_failed(answer: &Response) -> bool {
    answer.status >= 500
}

/// Whether an answer is none of the vendor's API.
pub(super) fn is_unreadable(answer: &Response) -> bool {
    answer.is_success() && answer.value().is_none()
}

/// Takes some orders that the vendor declined for accepted.
fn hide(stages: &mut Stages, is_hidden: fn(&Order, &Declined) -> bool) {
    stages.create.around_async(move |next, service, order| async move {
        let mut created = next.run(&service, order.clone()).await;
        if created.result.as_ref().is_err_and(|declined| is_hidden(&order, declined)) {
            created.result = Ok(String::new());
        }
        created
    });
}

/// Takes some answers for accepted creates, without an id to ask for.
fn accept(stages: &mut Stages, is_accepted: fn(Option<&Response>) -> bool) {
    stages.read_create.around(move |next, service, answered| {
        if is_accepted(answered.answer.as_ref()) { Ok(String::new()) } else { next.run(service, answered) }
    });
}

/// Sends a create once more after some answers.
fn repeat(stages: &mut Stages, is_repeated: fn(Option<&Response>) -> bool) {
    stages.send_create.around_async(move |next, service, sending| async move {
        let answer = next.run(&service, sending.clone()).await;
        if is_repeated(answer.as_ref()) { next.run(&service, sending).await } else { answer }
    });
}

/// Tells a client something of its own about some declined orders.
fn tell(stages: &mut Stages, told: fn(&Context, &Decline) -> Option<Reply>) {
    stages.decline.around(move |next, service, decline| {
        told(service, &decline).unwrap_or_else(|| next.run(service, decline))
    });
}

fn empty_body(_: &Context, decline: &Decline) -> Option<Reply> {
    let is_empty = decline.answer.as_ref()?.body.is_empty();
    let panic = "panicked: EOF while parsing a value at line 1 column 0";
    is_empty.then(|| Reply::Page(Response::text(500, panic)))
}

fn body_quoted(service: &Context, decline: &Decline) -> Option<Reply> {
    let answer = decline.answer.as_ref().filter(|answer| answer.value().is_none())?;
    let text = String::from_utf8_lossy(&answer.body);
    Some(service.error(502, "upstream_error", format!("{NOT_ACCEPTED}: HTTP {}: {text}", answer.status)))
}

fn is_operators(decline: &Decline) -> bool {
    decline.declined.blame == Blame::Operator
}

fn vendor_sentence(service: &Context, decline: &Decline) -> Option<Reply> {
    let sentence = format!("{NOT_ACCEPTED}: {}", decline.declined.message);
    is_operators(decline).then(|| service.error(502, "upstream_error", sentence))
}

fn address_named(service: &Context, decline: &Decline) -> Option<Reply> {
    let root = &service.upstream(&decline.order.route).root;
    let message = format!("error sending request for url ({root}/v1/videos)");
    decline.answer.is_none().then(|| service.error(502, "upstream_error", message))
}

fn outage_blamed(service: &Context, decline: &Decline) -> Option<Reply> {
    is_operators(decline).then(|| service.error(400, "invalid_request_error", NOT_ACCEPTED))
}

fn unauthorized(service: &Context, decline: &Decline) -> Option<Reply> {
    let status = decline.answer.as_ref()?.status;
    matches!(status, 401 | 403).then(|| service.error(status, "authentication_error", NOT_ACCEPTED))
}

fn submit_waits_for_ever(stages: &mut Stages) {
    stages.create_patience.after(|_, _| FOR_EVER);
}

fn submits_queue(stages: &mut Stages) {
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    stages.create.around_async(move |next, service, order| {
        let turn = Arc::clone(&turn);
        async move {
            // Only jobs with a duration, so that the other cases of a run do not stand in the queue.
            let _turn = if order.wish.duration.is_some() { Some(turn.lock().await) } else { None };
            next.run(&service, order).await
        }
    });
}
