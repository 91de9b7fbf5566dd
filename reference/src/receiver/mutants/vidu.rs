//! Mutants of Vidu's scheme: what they refuse wrongly, and what they accept wrongly.

use ringback_mocks::signature;
use ringback_mocks::wire::{Secret, unescaped};

use super::kling::replaced;
use super::signatures::excuse_vidu;
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::Delivery;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    QUERY_SORTED "query-sorted" "sorts the query before it verifies" => query_sorted;
    QUERY_DECODED "query-decoded" "decodes the query before it verifies" => query_decoded;
    QUERY_DROPPED "query-dropped" "leaves the query out when it verifies" => query_dropped;
    HEADER_ORDER_FIXED "header-order-fixed" "signs the listed headers in an order of its own" => header_order_fixed;
    EXTRA_HEADER_REFUSED "extra-header-refused" "refuses more signed headers than two" => extra_header_refused;
    NONCE_MUST_BE_UUID "nonce-must-be-uuid" "refuses a nonce that is no UUID" => nonce_must_be_uuid;
    MISSING_ALGORITHM_ACCEPTED "missing-algorithm-accepted" "assumes the algorithm when none is named" => missing_algorithm_accepted;
    QUERY_UNSIGNED "query-unsigned" "accepts signatures made without the query" => query_unsigned;
    SORTED_QUERY_ACCEPTED "sorted-query-accepted" "accepts signatures made with the query sorted" => sorted_query_accepted;
    DECODED_QUERY_ACCEPTED "decoded-query-accepted" "accepts signatures made with the query decoded" => decoded_query_accepted;
    METHOD_UNSIGNED "method-unsigned" "accepts signatures made for another method" => method_unsigned;
    PATH_UNSIGNED "path-unsigned" "accepts signatures made for another path" => path_unsigned;
    NEWLINE_OPTIONAL "newline-optional" "accepts signatures made without the last newline" => newline_optional;
    ACCESS_KEY_IGNORED "access-key-ignored" "accepts any access key" => access_key_ignored;
    ALGORITHM_IGNORED "algorithm-ignored" "accepts any name of an algorithm" => algorithm_ignored;
    LOWER_CASE_NAMES_ACCEPTED "lower-case-names-accepted" "accepts signatures made with header names in lower case" => lower_case_names_accepted;
}

/// The name of the algorithm.
const ALGORITHM: &str = "hmac-sha256";
/// Characters of a UUID.
const UUID: usize = 36;

/// What a delivery offers as a signature of Vidu's, with the header fields that belong to it.
pub(super) struct ViduClaim<'d> {
    delivery: &'d Delivery,
    /// `x-hmac-signature`.
    pub(super) offered: &'d str,
    date: &'d str,
    /// The names of the signed fields, as listed.
    listed: &'d str,
}

impl<'d> ViduClaim<'d> {
    /// The claim of a delivery, complete or not.
    pub(super) fn of(delivery: &'d Delivery) -> Option<Self> {
        let offered = delivery.request.headers.get("x-hmac-signature")?;
        let (date, listed) = (delivery.field("date"), delivery.field("x-hmac-signed-headers"));
        Some(Self { delivery, offered, date, listed })
    }

    /// Whether everything is there that is signed or named, and the access key is the right one.
    pub(super) fn is_complete(&self) -> bool {
        self.is_named() && self.delivery.field("x-hmac-access-key") == "vidu"
    }

    fn is_named(&self) -> bool {
        let fields = [self.date, self.listed];
        fields.into_iter().chain(self.listed.split(';').map(|name| self.delivery.field(name))).all(is_there)
            && self.delivery.field("x-hmac-algorithm") == ALGORITHM
    }

    /// The right signature with a key.
    pub(super) fn made(&self, key: &Secret) -> String {
        signature::vidu(key, &self.signing_string(self.listed))
    }

    fn signing_string(&self, listed: &str) -> String {
        let request = &self.delivery.request;
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let pairs: Vec<(&str, &str)> =
            listed.split(';').map(|name| (name, self.delivery.field(name))).collect();
        signature::vidu_signing_string(&request.method, path, query, self.date, &pairs)
    }
}

const fn is_there(text: &str) -> bool {
    !text.is_empty()
}

// what they verify

fn query_sorted(stages: &mut ReceiverStages) {
    stages.vidu_hmac.before(|_, delivery| with_query(&delivery, sorted));
}

fn query_decoded(stages: &mut ReceiverStages) {
    stages.vidu_hmac.before(|_, delivery| with_query(&delivery, unescaped));
}

fn query_dropped(stages: &mut ReceiverStages) {
    stages.vidu_hmac.before(|_, delivery| with_query(&delivery, |_| String::new()));
}

fn header_order_fixed(stages: &mut ReceiverStages) {
    stages.vidu_hmac.before(|_, mut delivery| {
        if is_there(delivery.field("x-hmac-signed-headers")) {
            let headers = &delivery.request.headers;
            delivery.request.headers = replaced(headers, "x-hmac-signed-headers", "Date;x-request-nonce");
        }
        delivery
    });
}

/// The delivery with another query.
fn with_query(delivery: &Delivery, change: fn(&str) -> String) -> Delivery {
    let mut delivery = delivery.clone();
    let target = &delivery.request.target;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    delivery.request.target = joined(path, &change(query));
    delivery
}

fn joined(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn sorted(query: &str) -> String {
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.sort_unstable();
    parts.join("&")
}

// what they refuse

fn extra_header_refused(stages: &mut ReceiverStages) {
    refuse_vidu(stages, |delivery| delivery.field("x-hmac-signed-headers").split(';').count() > 2);
}

fn nonce_must_be_uuid(stages: &mut ReceiverStages) {
    refuse_vidu(stages, |delivery| delivery.field("x-request-nonce").len() != UUID);
}

/// Refuses some deliveries, however they are signed.
fn refuse_vidu(stages: &mut ReceiverStages, when: fn(&Delivery) -> bool) {
    stages.vidu_hmac.around(move |next, machine, delivery| !when(&delivery) && next.run(machine, delivery));
}

// what they accept

fn missing_algorithm_accepted(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| {
        delivery.request.headers.get("x-hmac-algorithm").is_none() && is_algorithm_all(key, delivery)
    });
}

fn algorithm_ignored(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| {
        delivery.request.headers.get("x-hmac-algorithm").is_some() && is_algorithm_all(key, delivery)
    });
}

/// Whether the name of the algorithm is all that is wrong with a delivery.
fn is_algorithm_all(key: &Secret, delivery: &Delivery) -> bool {
    let mut delivery = delivery.clone();
    delivery.request.headers = replaced(&delivery.request.headers, "x-hmac-algorithm", ALGORITHM);
    holds(key, &delivery)
}

fn query_unsigned(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| holds(key, &with_query(delivery, |_| String::new())));
}

fn sorted_query_accepted(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| holds(key, &with_query(delivery, sorted)));
}

fn decoded_query_accepted(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| holds(key, &with_query(delivery, unescaped)));
}

fn method_unsigned(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| {
        ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().any(|method| {
            let mut delivery = delivery.clone();
            method.clone_into(&mut delivery.request.method);
            holds(key, &delivery)
        })
    });
}

fn path_unsigned(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| {
        ["/", "/vidu/callback"].into_iter().any(|path| {
            let mut delivery = delivery.clone();
            let (_, query) = delivery.request.target.split_once('?').unwrap_or_default();
            delivery.request.target = joined(path, query);
            holds(key, &delivery)
        })
    });
}

fn newline_optional(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| {
        ViduClaim::of(delivery).is_some_and(|claim| {
            let string = claim.signing_string(claim.listed);
            let made = signature::vidu(key, string.trim_end_matches('\n'));
            claim.is_complete() && claim.offered == made
        })
    });
}

fn access_key_ignored(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| {
        ViduClaim::of(delivery).is_some_and(|claim| {
            let access = delivery.field("x-hmac-access-key");
            let string = claim.signing_string(claim.listed);
            let other = string.replacen("\nvidu\n", &format!("\n{access}\n"), 1);
            let is_made = |string: &str| claim.offered == signature::vidu(key, string);
            claim.is_named() && is_there(access) && (is_made(&string) || is_made(&other))
        })
    });
}

fn lower_case_names_accepted(stages: &mut ReceiverStages) {
    excuse_vidu(stages, |key, delivery| {
        ViduClaim::of(delivery).is_some_and(|claim| {
            let string = claim.signing_string(&claim.listed.to_ascii_lowercase());
            claim.is_complete() && claim.offered == signature::vidu(key, &string)
        })
    });
}

/// Whether a delivery is signed as it should be.
fn holds(key: &Secret, delivery: &Delivery) -> bool {
    let request = &delivery.request;
    signature::verify_vidu(key, &request.method, &request.target, &request.headers).is_ok()
}
