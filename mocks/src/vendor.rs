//! What a vendor is: the tables each file under `vendors/` fills in, and the registry.
//!
//! Only shapes live here: which words, errors, endings and rules a dialect has, with the evidence
//! for each. What a vendor *does* with them is its own file; when things happen is `machine`.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::machine::Api;
use crate::vendors;
use crate::wire::Request;

/// Every vendor the mocks know. Adding one is its file and one line here.
const REGISTRY: &[&Profile] = &[
    &vendors::kling::PROFILE,
    &vendors::doubao::PROFILE,
    &vendors::minimax::PROFILE,
    &vendors::vidu::PROFILE,
];

/// One of the registered vendors.
#[derive(Clone, Copy)]
pub struct Vendor(&'static Profile);

impl Vendor {
    /// All vendors, in the order they are reported.
    pub fn all() -> impl Iterator<Item = Self> {
        REGISTRY.iter().map(|profile| Self(profile))
    }

    /// The vendor of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|vendor| vendor.name() == name)
    }

    /// Lower-case name used in flags, case names and, upper-cased, in environment variables.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Name as people write it.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// The dialect the vendor's main model speaks.
    pub const fn main_dialect(self) -> &'static Dialect {
        self.0.dialects[0]
    }

    /// Every dialect the mock serves.
    pub const fn dialects(self) -> &'static [&'static Dialect] {
        self.0.dialects
    }

    /// The vendor's side of its API.
    pub fn api(self) -> Box<dyn Api> {
        (self.0.api)()
    }

    /// Name of an environment variable about this vendor, `RINGBACK_KLING_URL` for `URL`.
    pub fn variable(self, what: &str) -> String {
        format!("RINGBACK_{}_{what}", self.name().to_ascii_uppercase())
    }
}

impl PartialEq for Vendor {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Vendor {}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A vendor's entry in the registry.
#[derive(Debug)]
pub struct Profile {
    /// See [`Vendor::name`].
    pub name: &'static str,
    /// See [`Vendor::title`].
    pub title: &'static str,
    /// Dialects, the main one first.
    pub dialects: &'static [&'static Dialect],
    /// Builds the vendor's side of its API.
    pub api: fn() -> Box<dyn Api>,
}

/// One generation of a vendor's API, as tables.
#[derive(Debug)]
pub struct Dialect {
    /// Stable name, also the folder of its schemas and snapshots.
    pub name: &'static str,
    /// Model that a gateway routes to this dialect, unless configured otherwise.
    pub model: &'static str,
    /// How a caller proves who it is.
    pub auth: AuthScheme,
    /// Where the create body holds the callback URL (JSON Pointer).
    pub callback_url: &'static str,
    /// The state words.
    pub words: &'static [Word],
    /// How a job can end.
    pub endings: &'static [Ending],
    /// How a call can be refused.
    pub refusals: &'static [Refusal],
    /// How callbacks are signed, timed and repeated.
    pub callbacks: CallbackRules,
    /// Request values that are valid at this vendor, for driving a gateway.
    pub sample: Sample,
    /// What a request asks to be created, if it is a create of this dialect; reads any create,
    /// whether or not the vendor would accept it.
    pub read_create: fn(&Request) -> Option<CreateSeen>,
    /// How a client speaks the dialect; used by the reference gateway.
    pub client: Client,
}

impl Dialect {
    /// The words for a phase.
    ///
    /// # Panics
    /// When the table lacks a phase the machine can reach; a test visits every one.
    pub fn word(&self, phase: Phase) -> &'static Word {
        self.words
            .iter()
            .find(|word| word.phase == phase)
            .unwrap_or_else(|| panic!("{} has no word for {phase:?}", self.name))
    }

    /// The phase a query word stands for.
    pub fn phase(&self, word: &str) -> Option<Phase> {
        self.words.iter().find(|row| row.query == word).map(|row| row.phase)
    }

    /// An ending by name.
    pub fn ending(&self, name: &str) -> Option<&'static Ending> {
        self.endings.iter().find(|ending| ending.name == name)
    }

    /// A refusal by name.
    pub fn refusal(&self, name: &str) -> Option<&'static Refusal> {
        self.refusals.iter().find(|refusal| refusal.name == name)
    }
}

/// How sure a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The vendor's own documentation says so.
    Documented,
    /// Third parties report having seen it at the vendor.
    Observed,
    /// Nobody says; this is our stated choice.
    Assumed,
}

/// Where a job stands, in words common to all vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Accepted.
    Submitted,
    /// Waiting for capacity.
    Queued,
    /// At work.
    Running,
    /// Ended with a result.
    Succeeded,
    /// Ended without one.
    Failed,
    /// Ended because it took too long.
    Expired,
    /// Ended because the account's owner asked for it.
    Cancelled,
}

impl Phase {
    /// Whether nothing can follow.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Expired | Self::Cancelled)
    }
}

/// The vendor's words for a phase.
#[derive(Debug)]
pub struct Word {
    /// The phase.
    pub phase: Phase,
    /// What a query says.
    pub query: &'static str,
    /// What a callback says; `None` where the vendor sends none.
    pub callback: Option<&'static str>,
    /// How sure the callback column is.
    pub evidence: Evidence,
}

impl Word {
    /// A row of a dialect's table.
    pub const fn row(
        phase: Phase,
        query: &'static str,
        callback: Option<&'static str>,
        evidence: Evidence,
    ) -> Self {
        Self { phase, query, callback, evidence }
    }
}

/// One way a job can end.
#[derive(Debug)]
pub struct Ending {
    /// Our name for it.
    pub name: &'static str,
    /// The phase it ends in.
    pub phase: Phase,
    /// The vendor's code for the reason, empty where it has none.
    pub code: &'static str,
    /// The vendor's sentence for the reason, empty on success.
    pub message: &'static str,
    /// How sure code and sentence are.
    pub evidence: Evidence,
}

impl Ending {
    /// A row of a dialect's table.
    pub const fn row(
        name: &'static str,
        phase: Phase,
        code: &'static str,
        message: &'static str,
        evidence: Evidence,
    ) -> Self {
        Self { name, phase, code, message, evidence }
    }
}

/// One way a call can be refused: a row of the vendor's error table.
#[derive(Debug)]
pub struct Refusal {
    /// Our name for it.
    pub name: &'static str,
    /// HTTP status.
    pub http: u16,
    /// The vendor's code.
    pub code: &'static str,
    /// The vendor's class of error, empty where it has none.
    pub kind: &'static str,
    /// The vendor's sentence.
    pub message: &'static str,
    /// How sure the row is.
    pub evidence: Evidence,
}

impl Refusal {
    /// A row of a dialect's table.
    pub const fn row(
        name: &'static str,
        http: u16,
        code: &'static str,
        kind: &'static str,
        message: &'static str,
        evidence: Evidence,
    ) -> Self {
        Self { name, http, code, kind, message, evidence }
    }
}

/// How a caller proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `Authorization: Token KEY`.
    Token,
}

impl AuthScheme {
    /// The word before the key.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Token => "Token",
        }
    }

    /// The key in an `Authorization` value of this scheme.
    pub fn key(self, authorization: &str) -> Option<&str> {
        authorization.strip_prefix(self.word())?.strip_prefix(' ').filter(|key| !key.is_empty())
    }
}

/// How callbacks of a dialect are signed, timed and repeated.
#[derive(Debug)]
pub struct CallbackRules {
    /// The signature scheme.
    pub signing: Signing,
    /// `Content-Type` of the body.
    pub content_type: &'static str,
    /// How long the vendor waits for an answer.
    pub timeout: Duration,
    /// Pauses before each repetition of an undelivered terminal callback.
    pub retries: &'static [Duration],
    /// How sure timeout and retries are.
    pub evidence: Evidence,
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

/// Request values that are valid for a vendor's main model.
#[derive(Debug)]
pub struct Sample {
    /// A duration in seconds the model takes.
    pub duration: u64,
    /// A documented option besides `callback_url`, as it may stand in `input.metadata`.
    pub option: (&'static str, OptionValue),
}

/// The value of a sample option.
#[derive(Clone, Copy, Debug)]
pub enum OptionValue {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A string.
    Text(&'static str),
}

impl OptionValue {
    /// The value as JSON.
    pub fn value(self) -> Value {
        match self {
            Self::Bool(value) => Value::from(value),
            Self::Integer(value) => Value::from(value),
            Self::Text(value) => Value::from(value),
        }
    }
}

/// What a create request carries, read from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateSeen {
    /// The model asked for.
    pub model: Option<String>,
    /// The prompt.
    pub prompt: Option<String>,
    /// The callback URL at the dialect's own place; `None` when the key is absent.
    pub callback_url: Option<Value>,
}

impl CreateSeen {
    /// Reads a create whose model and prompt are top-level strings.
    pub fn from_flat(request: &Request, model: &str, callback_url: &str) -> Self {
        let body = request.json().unwrap_or(Value::Null);
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        Self { model: text(model), prompt: text("prompt"), callback_url: body.pointer(callback_url).cloned() }
    }
}
