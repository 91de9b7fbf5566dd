//! The rows about callbacks and results: how they are signed, timed and examined, and how long they last.

use std::time::Duration;

use super::tables::Evidence;

/// How callbacks of a dialect are signed, timed and repeated.
#[derive(Debug)]
pub struct CallbackRules {
    /// The signature scheme.
    pub signing: Signing,
    /// `Content-Type` of the body.
    pub content_type: &'static str,
    /// How long the vendor waits for an answer; the default of the option `callback-timeout`.
    pub timeout: &'static str,
    /// How sure the timeout is.
    pub timeout_evidence: Evidence,
    /// Pauses before each repetition of an undelivered terminal callback; the default of the option
    /// `callback-retries`.
    pub retries: &'static str,
    /// How sure the repetitions are.
    pub retries_evidence: Evidence,
    /// What is known about both, and from whom.
    pub source: &'static str,
}

/// Signature scheme of a dialect's callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// No signature is documented.
    Unsigned,
    /// Standard Webhooks, when the account has a webhook secret.
    StandardWebhooks,
    /// Vidu's HMAC over method, path, query and listed headers, keyed by the API key of the task.
    ViduHmac,
}

/// How a vendor examines a callback URL.
#[derive(Clone, Copy, Debug)]
pub struct ChallengeRule {
    /// Field that carries the opaque value both ways.
    pub field: &'static str,
    /// How long the receiver has.
    pub within: Duration,
    /// The refusal when it fails.
    pub refusal: &'static str,
}

/// How long a result can be fetched after its task ended.
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    /// The video or image itself.
    pub result: Duration,
    /// A cover image, where it differs.
    pub cover: Duration,
    /// How sure it is.
    pub evidence: Evidence,
}
