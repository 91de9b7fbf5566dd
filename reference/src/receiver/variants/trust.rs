//! Variants of how a receiver comes to believe something: its callback URLs, what it confirms, how it polls.

use std::time::Duration;

use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::reaction::{Act, Reaction};
use crate::receiver::stages::ReceiverStages;

deviations! {
    Variant of Receiver;
    SECRET_IN_QUERY "secret-in-query" "carries the secret in the query of its callback URLs" => secret_in_query;
    LONG_SECRET "long-secret" "has secrets of 128 characters in its callback URLs" => long_secret;
    CONFIRMS_EVERYTHING "confirms-everything" "has the gateway confirm signed callbacks too" => confirms_everything;
    HINT_ONLY "hint-only" "takes a started job's callback only as a hint to ask at once" => hint_only;
    POLLS_SLOWLY "polls-slowly" "polls every 700 milliseconds" => polls_slowly;
}

/// Characters of a long secret.
const LONG: usize = 128;
const SLOW: Duration = Duration::from_millis(700);

fn secret_in_query(stages: &mut ReceiverStages) {
    stages
        .callback_url
        .around(|_, machine, to| format!("{}/hooks/{}?secret={}", machine.root, to.vendor, to.secret));
    stages.hook.around(|next, machine, request| {
        let in_query = request.query("secret");
        let mut hook = next.run(machine, request)?;
        hook.secret = hook.secret.or(in_query);
        Some(hook)
    });
}

fn long_secret(stages: &mut ReceiverStages) {
    stages.secret.around(|next, machine, ticket| {
        let mut secret = next.run(machine, ticket);
        while secret.len() < LONG {
            secret.push_str(&next.run(machine, ticket));
        }
        secret.truncate(LONG);
        secret
    });
}

fn confirms_everything(stages: &mut ReceiverStages) {
    stages
        .is_believed
        .around(|next, machine, arrival| arrival.started.is_some() && next.run(machine, arrival));
}

fn hint_only(stages: &mut ReceiverStages) {
    stages.report.around(|next, machine, arrival| match arrival.started {
        Some(ticket) => Reaction::from(machine.acknowledged()).and([Act::Ask { ticket }]),
        None => next.run(machine, arrival),
    });
}

fn polls_slowly(stages: &mut ReceiverStages) {
    stages.pause.after(|_, _| SLOW);
}
