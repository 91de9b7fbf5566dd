//! Mutants of Kling's scheme, Standard Webhooks: what they refuse wrongly, and what they accept wrongly.

use ringback_mocks::signature;
use ringback_mocks::wire::{Headers, Secret};
use serde_json::Value;

use super::signatures::{excuse_kling, webhook_secret};
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::Delivery;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    RESERIALISES "reserialises" "verifies the body as it would write it itself" => reserialises;
    NUMERIC_WEBHOOK_ID "numeric-webhook-id" "demands a webhook-id of digits" => numeric_webhook_id;
    TRIMS_BODY "trims-body" "trims the body before it verifies it" => trims_body;
    FIRST_SIGNATURE_ONLY "first-signature-only" "looks at the first of several signatures only" => first_signature_only;
    LAST_SIGNATURE_ONLY "last-signature-only" "looks at the last of several signatures only" => last_signature_only;
    VERSIONS_REFUSED "versions-refused" "refuses signatures among which there is one of another version" => versions_refused;
    TOLERANCE_TIGHT "tolerance-tight" "accepts timestamps of one minute only" => tolerance_tight;
    FUTURE_REFUSED "future-refused" "refuses timestamps ahead of its clock" => future_refused;
    MISSING_TIMESTAMP_ACCEPTED "missing-timestamp-accepted" "verifies nothing when there is no timestamp" => missing_timestamp_accepted;
    MISSING_ID_ACCEPTED "missing-id-accepted" "verifies nothing when there is no webhook-id" => missing_id_accepted;
    BARE_ACCEPTED "bare-accepted" "accepts a signature that names no version" => bare_accepted;
    VERSION_IGNORED "version-ignored" "takes a signature of any version for v1" => version_ignored;
    UNDECODED_KEY_ACCEPTED "undecoded-key-accepted" "accepts signatures made with the text of the secret" => undecoded_key_accepted;
    RESERIALISED_ACCEPTED "reserialised-accepted" "accepts a signature of the body in other words" => reserialised_accepted;
    STALE_ACCEPTED "stale-accepted" "accepts old timestamps" => stale_accepted;
    FUTURE_ACCEPTED "future-accepted" "accepts timestamps far ahead" => future_accepted;
}

/// A tight tolerance, in seconds.
const TIGHT: i64 = 60;
/// How far ahead a timestamp may be where none ahead is wanted, in seconds.
const AHEAD: i64 = 30;

/// What a delivery offers as a signature of Kling's, with the header fields that belong to it.
pub(super) struct KlingClaim<'d> {
    delivery: &'d Delivery,
    /// `webhook-signature`.
    pub(super) offered: &'d str,
    id: &'d str,
    seconds: i64,
}

impl<'d> KlingClaim<'d> {
    /// The claim of a delivery that is complete and sent within the tolerance.
    pub(super) fn of(delivery: &'d Delivery) -> Option<Self> {
        Self::at_any_time(delivery)
            .filter(|claim| claim.seconds_ahead().abs() <= signature::STANDARD_WEBHOOKS_TOLERANCE)
    }

    fn at_any_time(delivery: &'d Delivery) -> Option<Self> {
        let field = |name| delivery.request.headers.get(name);
        let seconds = field("webhook-timestamp")?.parse().ok()?;
        Some(Self { delivery, offered: field("webhook-signature")?, id: field("webhook-id")?, seconds })
    }

    fn seconds_ahead(&self) -> i64 {
        self.seconds.saturating_sub(self.delivery.now.as_second())
    }

    /// The base64 text of the right signature with a secret.
    pub(super) fn made(&self, secret: &Secret) -> Option<String> {
        self.made_of(secret, &self.delivery.request.body)
    }

    fn made_of(&self, secret: &Secret, body: &[u8]) -> Option<String> {
        let made = signature::standard_webhooks(secret, self.id, self.seconds, body).ok()?;
        made.strip_prefix("v1,").map(str::to_owned)
    }

    /// Whether one of the signatures offered is made with a secret.
    pub(super) fn is_made_with(&self, secret: &Secret) -> bool {
        self.is_made_of(secret, &self.delivery.request.body)
    }

    fn is_made_of(&self, secret: &Secret, body: &[u8]) -> bool {
        let made = self.made_of(secret, body);
        made.is_some_and(|made| self.offered.split(' ').any(|part| part.strip_prefix("v1,") == Some(&made)))
    }
}

// what they verify

fn reserialises(stages: &mut ReceiverStages) {
    stages.standard_webhooks.before(|_, mut delivery| {
        delivery.request.body = compact(&delivery.request.body).into();
        delivery
    });
}

fn trims_body(stages: &mut ReceiverStages) {
    stages.standard_webhooks.before(|_, mut delivery| {
        delivery.request.body = delivery.request.body.trim_ascii().to_vec().into();
        delivery
    });
}

fn first_signature_only(stages: &mut ReceiverStages) {
    look_at_one(stages, |all| all.split(' ').next());
}

fn last_signature_only(stages: &mut ReceiverStages) {
    look_at_one(stages, |all| all.rsplit(' ').next());
}

/// Looks at one of several signatures.
fn look_at_one(stages: &mut ReceiverStages, choose: fn(&str) -> Option<&str>) {
    stages.standard_webhooks.before(move |_, mut delivery| {
        let one = choose(delivery.field("webhook-signature")).unwrap_or_default();
        delivery.request.headers = replaced(&delivery.request.headers, "webhook-signature", one);
        delivery
    });
}

/// The fields with one of them replaced.
pub(super) fn replaced(headers: &Headers, name: &str, value: &str) -> Headers {
    let mut changed: Headers =
        headers.iter().filter(|(field, _)| !field.eq_ignore_ascii_case(name)).collect();
    changed.push(name, value);
    changed
}

/// A body as this program would write it.
fn compact(body: &[u8]) -> Vec<u8> {
    let document = serde_json::from_slice::<Value>(body);
    document.and_then(|document| serde_json::to_vec(&document)).unwrap_or_else(|_| body.to_vec())
}

// what they refuse

fn numeric_webhook_id(stages: &mut ReceiverStages) {
    refuse_kling(stages, |delivery| !delivery.field("webhook-id").bytes().all(|byte| byte.is_ascii_digit()));
}

fn versions_refused(stages: &mut ReceiverStages) {
    refuse_kling(stages, |delivery| {
        !delivery.field("webhook-signature").split(' ').all(|part| part.starts_with("v1,"))
    });
}

fn tolerance_tight(stages: &mut ReceiverStages) {
    refuse_kling(stages, |delivery| {
        KlingClaim::at_any_time(delivery).is_some_and(|claim| claim.seconds_ahead().abs() > TIGHT)
    });
}

fn future_refused(stages: &mut ReceiverStages) {
    refuse_kling(stages, |delivery| {
        KlingClaim::at_any_time(delivery).is_some_and(|claim| claim.seconds_ahead() > AHEAD)
    });
}

/// Refuses some deliveries, however they are signed.
fn refuse_kling(stages: &mut ReceiverStages, when: fn(&Delivery) -> bool) {
    stages
        .standard_webhooks
        .around(move |next, machine, delivery| !when(&delivery) && next.run(machine, delivery));
}

// what they accept

fn missing_timestamp_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |_, delivery| {
        let has = |name| delivery.request.headers.get(name).is_some();
        has("webhook-signature") && has("webhook-id") && !has("webhook-timestamp")
    });
}

fn missing_id_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |_, delivery| {
        let has = |name| delivery.request.headers.get(name).is_some();
        has("webhook-signature") && has("webhook-timestamp") && !has("webhook-id")
    });
}

fn bare_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |secret, delivery| {
        KlingClaim::of(delivery).is_some_and(|claim| claim.made(secret).as_deref() == Some(claim.offered))
    });
}

fn version_ignored(stages: &mut ReceiverStages) {
    excuse_kling(stages, |secret, delivery| {
        KlingClaim::of(delivery).is_some_and(|claim| {
            let text = claim.offered.split_once(',').map(|(_, text)| text);
            text.is_some() && claim.made(secret).as_deref() == text
        })
    });
}

fn undecoded_key_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |secret, delivery| {
        let whole = secret.expose();
        let keys = [whole, whole.trim_start_matches("whsec_")];
        KlingClaim::of(delivery)
            .is_some_and(|claim| keys.iter().any(|key| claim.is_made_with(&webhook_secret(key.as_bytes()))))
    });
}

fn reserialised_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |secret, delivery| {
        KlingClaim::of(delivery)
            .is_some_and(|claim| claim.is_made_of(secret, &compact(&delivery.request.body)))
    });
}

fn stale_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |secret, delivery| {
        KlingClaim::at_any_time(delivery)
            .is_some_and(|claim| claim.seconds_ahead() < 0 && claim.is_made_with(secret))
    });
}

fn future_accepted(stages: &mut ReceiverStages) {
    excuse_kling(stages, |secret, delivery| {
        KlingClaim::at_any_time(delivery)
            .is_some_and(|claim| claim.seconds_ahead() > 0 && claim.is_made_with(secret))
    });
}
