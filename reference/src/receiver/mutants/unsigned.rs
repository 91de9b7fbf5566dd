//! Mutants about vendors that do not sign: what they believe, and how they confirm.

use super::memory::Memory;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::polling::{Confirmation, Says};
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    TRUSTS_UNSIGNED "trusts-unsigned" "believes callbacks that nobody signed" => trusts_unsigned;
    UNKNOWN_IS_CONFIRMED "unknown-is-confirmed" "takes the gateway's 404 for a confirmation" => unknown_is_confirmed;
    ASKS_BUT_IGNORES "asks-but-ignores" "asks the gateway and does not read the answer" => asks_but_ignores;
    SECRET_UNCHECKED "secret-unchecked" "believes callbacks at any URL that looks like a job's" => secret_unchecked;
    SECRET_COUNTS_UP "secret-counts-up" "numbers its callback URLs" => secret_counts_up;
    WORKS_PER_VENDOR_ID "works-per-vendor-id" "does the work for every id posted to a job's URL" => works_per_vendor_id;
    CONFIRMS_ONCE "confirms-once" "asks the gateway once and gives up" => confirms_once;
}

/// The number of the first callback URL.
const FIRST_NUMBER: usize = 1_000;

fn trusts_unsigned(stages: &mut ReceiverStages) {
    stages.is_believed.after(|_, _| true);
}

fn unknown_is_confirmed(stages: &mut ReceiverStages) {
    confirm_when(stages, |says| matches!(says, Says::Unknown));
}

fn asks_but_ignores(stages: &mut ReceiverStages) {
    confirm_when(stages, |says| matches!(says, Says::Status(..)));
}

/// Takes some answers of the gateway's for a confirmation.
fn confirm_when(stages: &mut ReceiverStages, when: fn(&Says) -> bool) {
    stages.confirmation.around(move |next, machine, (event, says)| {
        if when(&says) { Confirmation::Given } else { next.run(machine, (event, says)) }
    });
}

fn confirms_once(stages: &mut ReceiverStages) {
    stages.confirmation.after(|_, confirmation| match confirmation {
        Confirmation::Open => Confirmation::Denied,
        decided => decided,
    });
}

fn secret_unchecked(stages: &mut ReceiverStages) {
    stages.recognise.around(|next, machine, delivery| {
        if delivery.started.is_none() {
            return Ok(delivery);
        }
        next.run(machine, delivery)
    });
}

fn secret_counts_up(stages: &mut ReceiverStages) {
    stages.secret.around(|_, _, ticket| format!("job{}", FIRST_NUMBER + ticket));
}

fn works_per_vendor_id(stages: &mut ReceiverStages) {
    let first_ids = Memory::<Option<String>>::default();
    stages.link.around(move |next, machine, (delivery, event)| {
        let id = event.id.clone();
        let ticket = next.run(machine, (delivery, event))?;
        let is_first =
            first_ids.with(&ticket.to_string(), |first| *first.get_or_insert_with(|| id.clone()) == id);
        is_first.then_some(ticket)
    });
}
