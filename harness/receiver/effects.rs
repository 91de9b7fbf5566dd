//! What a receiver did, as its effects probe tells it: how often the work was done, and the state believed.
//!
//! Pure: reading answers and comparing them. Asking is the context's.

use ringback_mocks::vendor::Vendor;
use serde_json::Value;

/// How the probe is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A GET; `{id}` stands for the id.
    Http {
        /// A path of the receiver, or a whole URL.
        template: String,
        /// Where the count is (JSON Pointer).
        count: String,
        /// Where the state is (JSON Pointer).
        state: String,
    },
    /// A command for a shell that prints the JSON; `{id}` stands for the id.
    Command {
        /// The command.
        template: String,
        /// Where the count is (JSON Pointer).
        count: String,
        /// Where the state is (JSON Pointer).
        state: String,
    },
}

impl Probe {
    /// Path of the probe of receivers that we start, and where it says what.
    pub fn usual() -> Self {
        Self::Http {
            template: "/effects/{id}".to_owned(),
            count: "/count".to_owned(),
            state: "/state".to_owned(),
        }
    }

    /// What a document of the probe says.
    ///
    /// # Errors
    /// In words, when it says nothing that can be used.
    pub fn read(&self, document: &Value) -> Result<Effect, String> {
        let (Self::Http { count, state, .. } | Self::Command { count, state, .. }) = self;
        let number = document
            .pointer(count)
            .ok_or_else(|| format!("the effects probe's answer has no {count}: {document}"))?;
        let count = number.as_u64().ok_or_else(|| {
            format!("{count} of the effects probe's answer is not a whole number: {number}")
        })?;
        let state = document.pointer(state).and_then(Value::as_str).unwrap_or_default();
        Ok(Effect { count, class: Class::of(state), state: state.to_owned() })
    }
}

/// What the receiver has done about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// How often the work was done.
    pub count: u64,
    /// The state believed, in classes.
    pub class: Class,
    /// The state in the receiver's own word.
    pub state: String,
}

impl Effect {
    /// Nothing known, nothing done.
    pub const NONE: Self = Self { count: 0, class: Class::Other, state: String::new() };

    /// In a few words.
    pub fn describe(&self) -> String {
        let times = match self.count {
            0 => "not done".to_owned(),
            1 => "done once".to_owned(),
            more => format!("done {more} times"),
        };
        if self.state.is_empty() {
            format!("the work was {times}")
        } else {
            format!("the work was {times}, state {:?}", self.state)
        }
    }
}

/// What a state word means, as far as the harness compares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Ended with a result.
    Success,
    /// Ended without one.
    Failure,
    /// Anything else: on its way, or unknown.
    Other,
}

/// Words that receivers use besides the vendors' own.
const SUCCESS: &[&str] =
    &["finished", "completed", "complete", "done", "ok", "success", "succeeded", "succeed"];
const FAILURE: &[&str] =
    &["failed", "failure", "fail", "error", "errored", "expired", "cancelled", "canceled", "rejected"];

impl Class {
    /// The class of a word, in whatever case.
    pub fn of(word: &str) -> Self {
        let word = word.to_lowercase();
        let listed = |list: &[&str]| list.contains(&word.as_str());
        if listed(SUCCESS) {
            return Self::Success;
        }
        if listed(FAILURE) {
            return Self::Failure;
        }
        let rows = Vendor::all().flat_map(Vendor::dialects).flat_map(|dialect| dialect.words);
        let mut phases = rows
            .filter(|row| row.query.to_lowercase() == word || row.callback == Some(word.as_str()))
            .map(|row| row.phase);
        match phases.next() {
            Some(phase) if !phase.is_terminal() => Self::Other,
            Some(ringback_mocks::vendor::Phase::Succeeded) => Self::Success,
            Some(_) => Self::Failure,
            None => Self::Other,
        }
    }

    /// As it is said in findings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "a success",
            Self::Failure => "a failure",
            Self::Other => "no end",
        }
    }
}

/// Puts an id into a template, escaped as a segment of a path.
pub fn filled(template: &str, id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let escaped: String = id
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    template.replace("{id}", &escaped)
}
