//! The rows that a dialect is written in: words, endings, refusals, routes, options, each with how
//! sure it is and who says so.
//!
//! Only shapes live here; the rows themselves stand in the vendor's own file.

use serde_json::Value;

use crate::wire::Request;

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

impl Evidence {
    /// The label, as it also stands in the schemas.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        }
    }
}

/// Where a task stands, in words common to all vendors.
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
    /// How far along it is: a task only moves to a phase of a higher rank.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Submitted => 0,
            Self::Queued => 1,
            Self::Running => 2,
            Self::Succeeded | Self::Failed | Self::Expired | Self::Cancelled => 3,
        }
    }

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

    /// The row of a phase.
    ///
    /// # Panics
    /// When the table lacks a phase the machine can reach; a test visits every one.
    pub fn of(words: &'static [Self], phase: Phase) -> &'static Self {
        words
            .iter()
            .find(|word| word.phase == phase)
            .unwrap_or_else(|| panic!("there is no word for {phase:?}"))
    }

    /// The phase that a word of a query stands for.
    pub fn phase_of(words: &[Self], query: &str) -> Option<Phase> {
        words.iter().find(|row| row.query == query).map(|row| row.phase)
    }
}

/// One way a task can end.
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

/// One move of a task.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Into this phase, which is not terminal.
    To(Phase),
    /// To this end.
    End(&'static Ending),
}

impl Step {
    /// The phase it leads into.
    pub const fn phase(self) -> Phase {
        match self {
            Self::To(phase) => phase,
            Self::End(ending) => ending.phase,
        }
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

/// What a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Make a task.
    Create,
    /// Ask for one task.
    Query,
    /// Ask for several tasks.
    List,
    /// End a task that has not ended.
    Cancel,
    /// Cancel or remove a task, whichever its state allows.
    Delete,
    /// Ask where a result is.
    File,
    /// Ask about the account.
    Account,
}

/// One call the vendor answers.
#[derive(Debug)]
pub struct Route {
    /// Upper-case method.
    pub method: &'static str,
    /// Path; a segment in braces stands for any one segment, which the handler is given.
    pub path: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// Which of the vendor's products it belongs to; a query only finds tasks of its product.
    pub product: &'static str,
    /// How sure the route is.
    pub evidence: Evidence,
    /// Who says so: an address, or a source in words.
    pub source: &'static str,
}

impl Route {
    /// A row of a dialect's table.
    pub const fn row(
        method: &'static str,
        path: &'static str,
        purpose: Purpose,
        product: &'static str,
        evidence: Evidence,
        source: &'static str,
    ) -> Self {
        Self { method, path, purpose, product, evidence, source }
    }

    /// The document that answers it when it is not refused.
    pub const fn answered_with(&self) -> Document {
        match self.purpose {
            Purpose::Create => Document::CreateResponse,
            Purpose::Query => Document::QueryResponse,
            Purpose::List => Document::Other("list-response"),
            Purpose::Cancel => Document::Other("cancel-response"),
            Purpose::Delete => Document::Other("delete-response"),
            Purpose::File => Document::Other("file-response"),
            Purpose::Account => Document::Other("account-response"),
        }
    }

    /// The segment that the braces stand for, if the path is this route's; empty without braces.
    pub fn segment<'p>(&self, path: &'p str) -> Option<&'p str> {
        let Some((head, rest)) = self.path.split_once('{') else {
            return (path == self.path).then_some("");
        };
        let tail = rest.split_once('}').map_or("", |(_, tail)| tail);
        let segment = path.strip_prefix(head)?.strip_suffix(tail)?;
        (!segment.is_empty() && !segment.contains('/')).then_some(segment)
    }
}

/// A point on which the vendor is silent, or contradicts itself, and which can therefore be set.
#[derive(Debug)]
pub struct VendorOption {
    /// Name within the dialect.
    pub name: &'static str,
    /// What it decides.
    pub about: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// The value without a setting.
    pub default: &'static str,
    /// How sure the default is.
    pub evidence: Evidence,
    /// What is known, and from whom.
    pub source: &'static str,
}

impl VendorOption {
    /// A row of a dialect's table.
    pub const fn row(
        name: &'static str,
        about: &'static str,
        takes: Takes,
        default: &'static str,
        evidence: Evidence,
        source: &'static str,
    ) -> Self {
        Self { name, about, takes, default, evidence, source }
    }
}

/// What a option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `on` or `off`.
    Switch,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A whole number.
    Count,
    /// A time, `5s`.
    Time,
    /// Times with commas between them, `1s,5s,25s`; empty for none.
    Times,
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

/// Which document of a dialect a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// What a client sends to make a task.
    CreateRequest,
    /// What the vendor answers to it.
    CreateResponse,
    /// What the vendor answers to a query of one task.
    QueryResponse,
    /// What the vendor posts to the callback URL.
    Callback,
    /// How the vendor refuses.
    Error,
    /// Any other answer, by name.
    Other(&'static str),
}

impl Document {
    /// The stem of the schema's file name.
    pub const fn stem(self) -> &'static str {
        match self {
            Self::CreateRequest => "create-request",
            Self::CreateResponse => "create-response",
            Self::QueryResponse => "query-response",
            Self::Callback => "callback",
            Self::Error => "error",
            Self::Other(name) => name,
        }
    }
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
