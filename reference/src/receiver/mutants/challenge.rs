//! Mutants that answer MiniMax's challenge wrongly, late, or not at all.

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::memory::Memory;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::Challenge;
use crate::receiver::machine::ReceiverMachine;
use crate::receiver::reaction::Act;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    CHALLENGE_UNKNOWN "challenge-unknown" "refuses a challenge, because it names no task" => challenge_unknown;
    CHALLENGE_AS_TEXT "challenge-as-text" "answers a challenge with its bare value" => challenge_as_text;
    CHALLENGE_SLOW "challenge-slow" "takes more than three seconds for a challenge of more than 200 characters" => challenge_slow;
    CHALLENGE_TRIMMED "challenge-trimmed" "trims the value of a challenge" => challenge_trimmed;
    CHALLENGE_AS_NUMBER "challenge-as-number" "echoes a challenge of digits as a number" => challenge_as_number;
    CHALLENGE_LOWERCASED "challenge-lowercased" "echoes a challenge in lower case" => challenge_lowercased;
    CHALLENGE_CUT "challenge-cut" "echoes the first 64 characters of a challenge" => challenge_cut;
    CHALLENGE_HTML_ESCAPED "challenge-html-escaped" "escapes a challenge for HTML" => challenge_html_escaped;
    CHALLENGE_STORED "challenge-stored" "stores a challenge as a job" => challenge_stored;
    SINGLE_THREADED "single-threaded" "answers nothing about a job while it waits for that job's submit" => single_threaded;
    CHALLENGE_NEEDS_TASK "challenge-needs-task" "refuses a challenge at a URL whose task it does not know yet" => challenge_needs_task;
    CHALLENGE_DEDUPLICATED "challenge-deduplicated" "answers a repeated challenge without its value" => challenge_deduplicated;
    CHALLENGE_STRICT "challenge-strict" "refuses a challenge with other fields beside it" => challenge_strict;
}

/// Longer than MiniMax waits.
const BEYOND_MINIMAX: Duration = Duration::from_millis(3_300);
/// A challenge of more characters is long.
const LONG: usize = 200;
/// Characters of a challenge that is cut.
const CUT: usize = 64;

fn challenge_unknown(stages: &mut ReceiverStages) {
    refuse_challenges(stages, |_, _| true);
}

fn challenge_needs_task(stages: &mut ReceiverStages) {
    refuse_challenges(stages, |machine, challenge| {
        challenge.delivery.started.is_some_and(|ticket| !machine.started.is_submitted(ticket))
    });
}

fn challenge_strict(stages: &mut ReceiverStages) {
    refuse_challenges(stages, |_, challenge| challenge.members > 1);
}

fn refuse_challenges(stages: &mut ReceiverStages, when: fn(&ReceiverMachine, &Challenge) -> bool) {
    stages.challenge.around(move |next, machine, challenge| {
        if when(machine, &challenge) {
            return Response::text(400, "this callback names no task").into();
        }
        next.run(machine, challenge)
    });
}

fn challenge_as_text(stages: &mut ReceiverStages) {
    stages.challenge.around(|next, machine, challenge| {
        let text = text_of(&challenge);
        next.run(machine, challenge)
            .answering(|response| Response { body: text.into(), ..Response::text(response.status, "") })
    });
}

fn challenge_slow(stages: &mut ReceiverStages) {
    stages.challenge.around(|next, machine, challenge| {
        let is_long = text_of(&challenge).len() > LONG;
        let reaction = next.run(machine, challenge);
        if is_long { reaction.delayed(BEYOND_MINIMAX) } else { reaction }
    });
}

fn challenge_stored(stages: &mut ReceiverStages) {
    stages.challenge.around(|next, machine, challenge| {
        let key = text_of(&challenge);
        next.run(machine, challenge).and([Act::Work { key }])
    });
}

fn challenge_deduplicated(stages: &mut ReceiverStages) {
    let seen = Memory::<bool>::default();
    stages.challenge.around(move |next, machine, challenge| {
        if seen.mark(&text_of(&challenge)) {
            next.run(machine, challenge)
        } else {
            machine.acknowledged().into()
        }
    });
}

fn challenge_trimmed(stages: &mut ReceiverStages) {
    misspell(stages, |text| json!(text.trim()));
}

fn challenge_as_number(stages: &mut ReceiverStages) {
    misspell(stages, |text| text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)));
}

fn challenge_lowercased(stages: &mut ReceiverStages) {
    misspell(stages, |text| json!(text.to_lowercase()));
}

fn challenge_cut(stages: &mut ReceiverStages) {
    misspell(stages, |text| json!(text.chars().take(CUT).collect::<String>()));
}

fn challenge_html_escaped(stages: &mut ReceiverStages) {
    misspell(stages, |text| json!(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")));
}

/// Echoes text in another spelling.
fn misspell(stages: &mut ReceiverStages, spell: fn(&str) -> Value) {
    stages.echo.after(move |_, value| value.as_str().map(spell).unwrap_or(value));
}

fn text_of(challenge: &Challenge) -> String {
    challenge.value.as_str().unwrap_or_default().to_owned()
}

fn single_threaded(stages: &mut ReceiverStages) {
    let submits = Arc::new(watch::Sender::new(0_u64));
    let answered = Arc::clone(&submits);
    stages.submitted.after(move |_, reaction| {
        answered.send_modify(|count| *count += 1);
        reaction
    });
    stages.respond.around(move |next, service, request| {
        let (next, service, mut submits) = (next.clone(), Arc::clone(service), submits.subscribe());
        Box::pin(async move {
            while is_about_pending(&service.machine, &request) && submits.changed().await.is_ok() {}
            next.run(&service, request).await
        })
    });
}

/// Whether a request is about a started job whose submit the gateway has not answered.
fn is_about_pending(machine: &ReceiverMachine, request: &Request) -> bool {
    let hook = machine.stages.hook.run(machine, request.clone());
    let ticket = hook.and_then(|hook| machine.job_of(Vendor::named(&hook.vendor)?, &hook));
    ticket.is_some_and(|ticket| !machine.started.is_submitted(ticket))
}
