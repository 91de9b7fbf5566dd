//! Variants of when a receiver works, and of how it shows that and the jobs it has started.

use std::time::Duration;

use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::{Response, bytes_of};
use serde_json::json;

use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::ledger::{Effects, JobState};
use crate::receiver::reaction::{Act, Deferred};
use crate::receiver::stages::ReceiverStages;

deviations! {
    Variant of Receiver;
    EFFECTS_LATE "effects-late" "does the work 300 milliseconds after the acknowledgement" => effects_late;
    UNKNOWN_IS_ZERO "unknown-is-zero" "shows a count of 0 for what it does not know" => unknown_is_zero;
    STATE_SYNONYMS "state-synonyms" "says completed, error and in_progress" => |stages| reword(stages, synonym);
    UPPER_CASE_STATES "upper-case-states" "writes states in capitals" => |stages| reword(stages, capitals);
    EXTRA_FIELDS "extra-fields" "adds fields of its own to what it shows" => |stages| dress(stages, with_more);
    PRETTY_JSON "pretty-json" "indents its JSON and ends it with a line break" => |stages| dress(stages, indented);
    JOB_201 "job-201" "answers a started job with 201" => |stages| start_with(stages, 201), excludes ["job-202"];
    JOB_202 "job-202" "answers a started job with 202" => |stages| start_with(stages, 202);
}

const LATE: Duration = Duration::from_millis(300);

fn effects_late(stages: &mut ReceiverStages) {
    stages.work.after(|_, work| Act::Deferred(Deferred::new(LATE, |_, _| vec![work])));
}

fn unknown_is_zero(stages: &mut ReceiverStages) {
    stages.show.before(|_, effects| effects.or_else(|| Some(Effects::default())));
}

/// Shows states in other words.
fn reword(stages: &mut ReceiverStages, word_for: fn(&JobState) -> String) {
    stages.show.before(move |_, effects| {
        let effects = effects?;
        let state = effects.state.map(|state| JobState { word: word_for(&state), ..state });
        Some(Effects { state, ..effects })
    });
}

fn synonym(state: &JobState) -> String {
    let synonym = match state.phase {
        Phase::Succeeded => "completed",
        Phase::Failed | Phase::Expired | Phase::Cancelled => "error",
        Phase::Submitted | Phase::Queued | Phase::Running => "in_progress",
    };
    synonym.to_owned()
}

fn capitals(state: &JobState) -> String {
    state.word.to_uppercase()
}

/// Changes the look of every JSON answer.
fn dress(stages: &mut ReceiverStages, change: fn(Response) -> Response) {
    stages.handle.after(move |_, reaction| reaction.answering(change));
    stages.submitted.after(move |_, reaction| reaction.answering(change));
}

fn with_more(mut response: Response) -> Response {
    let body = response.value();
    if let Some(mut body) = body.filter(|body| body.is_object() && body.get("challenge").is_none()) {
        body["service"] = json!("reference");
        body["links"] = json!({"self": null});
        response.body = bytes_of(&body);
    }
    response
}

fn indented(mut response: Response) -> Response {
    if let Some(body) = response.value() {
        response.body = format!("{body:#}\n").into();
    }
    response
}

fn start_with(stages: &mut ReceiverStages, status: u16) {
    stages.submitted.after(move |_, reaction| {
        reaction.answering(
            |response| {
                if response.is_success() { Response { status, ..response } } else { response }
            },
        )
    });
}
