//! Mutants that take something else for a signature of either scheme, or do something about one that does not hold.

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use ringback_mocks::signature;
use ringback_mocks::wire::{Request, Secret};

use super::kling::KlingClaim;
use super::memory::Memory;
use super::vidu::ViduClaim;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::{Arrival, Delivery};
use crate::receiver::ledger::Recorded;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    UNSIGNED_ACCEPTED "unsigned-accepted" "accepts callbacks without any signature" => unsigned_accepted;
    EMPTY_SIGNATURE_ACCEPTED "empty-signature-accepted" "accepts an empty signature" => empty_signature_accepted;
    PREFIX_COMPARED "prefix-compared" "compares only as much of a signature as there is" => prefix_compared;
    CASE_IGNORED "case-ignored" "compares signatures without regard to case" => case_ignored;
    HEX_ACCEPTED "hex-accepted" "accepts signatures in hexadecimal digits too" => hex_accepted;
    MAC_UNCHECKED "mac-unchecked" "looks at the form of a signature only" => mac_unchecked;
    EMPTY_KEY_ACCEPTED "empty-key-accepted" "accepts signatures made with an empty key" => empty_key_accepted;
    JWT_ACCEPTED "jwt-accepted" "accepts any JSON Web Token instead of a signature" => jwt_accepted;
    BEARER_SECRET_ACCEPTED "bearer-secret-accepted" "accepts the secret itself instead of a signature" => bearer_secret_accepted;
    SCHEMES_MIXED "schemes-mixed" "accepts the other vendor's scheme with this vendor's key" => schemes_mixed;
    BAD_SIGNATURE_IS_500 "bad-signature-is-500" "answers 500 to a bad signature" => bad_signature_is_500;
    FORGERY_POISONS "forgery-poisons" "takes the genuine callback for a repetition of the forged one" => forgery_poisons;
    REJECTS_BUT_WORKS "rejects-but-works" "refuses a bad signature and does the work all the same" => rejects_but_works;
}

/// Accepts some deliveries at Kling's hook beside those that are signed as they should be; `excuse` is given the secret
/// that they should be signed with.
pub(super) fn excuse_kling(
    stages: &mut ReceiverStages,
    excuse: impl Fn(&Secret, &Delivery) -> bool + Send + Sync + 'static,
) {
    stages.standard_webhooks.around(move |next, machine, delivery| {
        let is_excused = machine.secrets.kling.last().is_some_and(|secret| excuse(secret, &delivery));
        is_excused || next.run(machine, delivery)
    });
}

/// Accepts some deliveries at Vidu's hook beside those that are signed as they should be; `excuse` is given the key that
/// they should be signed with.
pub(super) fn excuse_vidu(
    stages: &mut ReceiverStages,
    excuse: impl Fn(&Secret, &Delivery) -> bool + Send + Sync + 'static,
) {
    stages.vidu_hmac.around(move |next, machine, delivery| {
        excuse(&machine.secrets.vidu, &delivery) || next.run(machine, delivery)
    });
}

/// The bytes of a key as Kling's console writes them.
pub(super) fn webhook_secret(key: &[u8]) -> Secret {
    Secret::new(format!("whsec_{}", BASE64.encode(key)))
}

// instead of a signature

fn unsigned_accepted(stages: &mut ReceiverStages) {
    accept_instead(stages, |_, _| true);
}

fn jwt_accepted(stages: &mut ReceiverStages) {
    accept_instead(stages, |_, request| bearer(request).is_some_and(|token| token.split('.').count() == 3));
}

fn bearer_secret_accepted(stages: &mut ReceiverStages) {
    accept_instead(stages, |secret, request| bearer(request) == Some(secret.expose()));
}

fn bearer(request: &Request) -> Option<&str> {
    request.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "))
}

/// Accepts something where there is no signature at all. What it is may depend on the vendor's secret.
fn accept_instead(stages: &mut ReceiverStages, accepts: fn(&Secret, &Request) -> bool) {
    excuse_kling(stages, move |secret, Delivery { request, .. }| {
        request.headers.get("webhook-signature").is_none() && accepts(secret, request)
    });
    excuse_vidu(stages, move |key, Delivery { request, .. }| {
        request.headers.get("x-hmac-signature").is_none() && accepts(key, request)
    });
}

fn schemes_mixed(stages: &mut ReceiverStages) {
    excuse_kling(stages, |secret, Delivery { request, .. }| {
        request.headers.get("webhook-signature").is_none()
            && signature::verify_vidu(secret, &request.method, &request.target, &request.headers).is_ok()
    });
    excuse_vidu(stages, |key, Delivery { request, now, .. }| {
        let secrets = [webhook_secret(key.expose().as_bytes())];
        request.headers.get("x-hmac-signature").is_none()
            && signature::verify_standard_webhooks(&secrets, &request.headers, &request.body, *now).is_ok()
    });
}

fn empty_key_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |_, delivery| {
        KlingClaim::of(delivery).is_some_and(|claim| claim.is_made_with(&webhook_secret(b"")))
    });
    excuse_vidu(stages, |_, Delivery { request, .. }| {
        let key = Secret::new("");
        signature::verify_vidu(&key, &request.method, &request.target, &request.headers).is_ok()
    });
}

// other forms of a signature

fn empty_signature_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |_, delivery| {
        KlingClaim::of(delivery).is_some_and(|claim| matches!(claim.offered, "" | "v1," | "v1"))
    });
    excuse_vidu(stages, |_, delivery| {
        ViduClaim::of(delivery).is_some_and(|claim| claim.is_complete() && claim.offered.is_empty())
    });
}

fn prefix_compared(stages: &mut ReceiverStages) {
    accept_form(stages, |offered, made| !offered.is_empty() && made.starts_with(offered));
}

fn case_ignored(stages: &mut ReceiverStages) {
    accept_form(stages, str::eq_ignore_ascii_case);
}

fn hex_accepted(stages: &mut ReceiverStages) {
    accept_form(stages, |offered, made| {
        BASE64.decode(made.as_bytes()).is_ok_and(|mac| offered.eq_ignore_ascii_case(&HEXLOWER.encode(&mac)))
    });
}

fn mac_unchecked(stages: &mut ReceiverStages) {
    accept_form(stages, |offered, made| {
        let length = |text: &str| BASE64.decode(text.as_bytes()).ok().map(|bytes| bytes.len());
        // A signature without capitals is none that anybody made.
        length(offered).is_some()
            && length(offered) == length(made)
            && offered.bytes().any(|byte| byte.is_ascii_uppercase())
    });
}

/// Accepts the base64 text of a signature in another form: `accepts` is given the one offered and the right one.
fn accept_form(stages: &mut ReceiverStages, accepts: fn(&str, &str) -> bool) {
    excuse_kling(stages, move |secret, delivery| {
        let accepts_of = |claim: &KlingClaim<'_>, made: &str| {
            accepts(claim.offered.strip_prefix("v1,").unwrap_or_default(), made)
        };
        KlingClaim::of(delivery)
            .is_some_and(|claim| claim.made(secret).is_some_and(|made| accepts_of(&claim, &made)))
    });
    excuse_vidu(stages, move |key, delivery| {
        ViduClaim::of(delivery)
            .is_some_and(|claim| claim.is_complete() && accepts(claim.offered, &claim.made(key)))
    });
}

// what follows a bad signature

fn bad_signature_is_500(stages: &mut ReceiverStages) {
    stages.refuse.after(|_, reaction| {
        reaction.answering(|mut response| {
            response.status = 500;
            response
        })
    });
}

fn forgery_poisons(stages: &mut ReceiverStages) {
    let poisoned = Arc::new(Memory::<bool>::default());
    let forged = Arc::clone(&poisoned);
    stages.refuse.around(move |next, machine, delivery| {
        if let Ok(event) = machine.stages.read.run(machine, delivery.clone()) {
            forged.mark(&event.id);
        }
        next.run(machine, delivery)
    });
    stages.record.around(move |next, machine, arrival| {
        if poisoned.is_marked(&arrival.event.id) {
            return Recorded::default();
        }
        next.run(machine, arrival)
    });
}

fn rejects_but_works(stages: &mut ReceiverStages) {
    stages.refuse.around(|next, machine, delivery| {
        let reaction = next.run(machine, delivery.clone());
        let Ok(event) = machine.stages.read.run(machine, delivery.clone()) else { return reaction };
        let (key, now) = (event.id.clone(), delivery.now);
        reaction.and(machine.take(Arrival { key, event, started: None, delivery: Some(delivery), now }))
    });
}
