//! Reading and printing of faults: the words, what they take, and what is wrong with one.
//!
//! ```text
//! 503            500=html        200=empty       refuse=balance     quote=unauthorized
//! malformed      truncated       cut             hang               slow=3s
//! state=paused   gone            lost 500        503 x2
//! ```

use std::fmt;
use std::str::FromStr;

use super::{Page, ResponseFault, ResponseFaultKind, ResponseFaults};
use crate::dialect::Purpose;
use crate::duration;

/// Why a fault cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ResponseFaultError(String);

/// A word of the language.
#[derive(Debug)]
pub struct ResponseFaultWord {
    /// How it is written.
    pub usage: &'static str,
    /// What happens.
    pub about: &'static str,
}

/// Every word of the language.
pub const WORDS: &[ResponseFaultWord] = &[
    ResponseFaultWord { usage: "503", about: "that HTTP status, from 200 to 599, and an empty body" },
    ResponseFaultWord { usage: "503=html", about: "the same with a page: `html`, `json` or `trace`" },
    ResponseFaultWord { usage: "refuse=NAME", about: "a row of the vendor's error table" },
    ResponseFaultWord { usage: "quote=NAME", about: "the same, its sentence quoting the key that was sent" },
    ResponseFaultWord { usage: "malformed", about: "JSON that ends in the middle" },
    ResponseFaultWord { usage: "truncated", about: "the connection ends in the middle of the body" },
    ResponseFaultWord { usage: "cut", about: "the connection ends without an answer" },
    ResponseFaultWord { usage: "hang", about: "no answer until the client gives up or the rule is gone" },
    ResponseFaultWord { usage: "slow=3s", about: "the right answer, later" },
    ResponseFaultWord { usage: "state=WORD", about: "another state word (not for creates)" },
    ResponseFaultWord {
        usage: "gone",
        about: "what is said of a task that does not exist (not for creates)",
    },
];

const PAGES: &[(&str, Page)] =
    &[("empty", Page::Empty), ("html", Page::Html), ("json", Page::Json), ("trace", Page::Trace)];

const CALLS: &[(&str, Purpose)] =
    &[("create", Purpose::Create), ("query", Purpose::Query), ("file", Purpose::File)];

impl ResponseFaults {
    /// Reads a clause of a rule, such as `query 503 x2`; false if it is about something else.
    pub(crate) fn read(&mut self, clause: &str) -> Result<bool, ResponseFaultError> {
        let (name, rest) = clause.split_once(' ').unwrap_or((clause, ""));
        let Some((_, purpose)) = CALLS.iter().find(|(call, _)| *call == name) else { return Ok(false) };
        let fault: ResponseFault = rest.parse()?;
        let of_creates = *purpose == Purpose::Create;
        if of_creates && matches!(fault.kind, ResponseFaultKind::State(_) | ResponseFaultKind::Gone) {
            return Err(ResponseFaultError(format!(
                "`{rest}` is about a task that exists, so it is not a fault of a create"
            )));
        }
        if fault.lost && !of_creates {
            return Err(ResponseFaultError("only the answer of a create can be `lost`".to_owned()));
        }
        if let Some(place) = self.of(*purpose) {
            *place = Some(fault);
        }
        Ok(true)
    }
}

impl FromStr for ResponseFault {
    type Err = ResponseFaultError;

    fn from_str(text: &str) -> Result<Self, ResponseFaultError> {
        let mut parts: Vec<&str> = text.split_whitespace().collect();
        let lost = parts.first() == Some(&"lost");
        if lost {
            parts.remove(0);
        }
        let times = parts.last().and_then(|part| part.strip_prefix('x')).and_then(|count| count.parse().ok());
        if times.is_some() {
            parts.pop();
        }
        let [word] = parts[..] else { return Err(unknown(text)) };
        let kind = kind(word).ok_or_else(|| unknown(word))?;
        Ok(Self { kind, lost, times })
    }
}

fn kind(word: &str) -> Option<ResponseFaultKind> {
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    match (name, value.filter(|value| !value.is_empty())) {
        ("malformed", None) => Some(ResponseFaultKind::Malformed),
        ("truncated", None) => Some(ResponseFaultKind::Truncated),
        ("cut", None) => Some(ResponseFaultKind::Cut),
        ("hang", None) => Some(ResponseFaultKind::Hang),
        ("gone", None) => Some(ResponseFaultKind::Gone),
        ("slow", Some(time)) => duration::parse(time).map(ResponseFaultKind::Slow),
        ("refuse", Some(name)) => Some(ResponseFaultKind::Refuse(name.to_owned())),
        ("quote", Some(name)) => Some(ResponseFaultKind::Quote(name.to_owned())),
        ("state", Some(state)) => Some(ResponseFaultKind::State(state.to_owned())),
        (status, page) => {
            let status = status.parse().ok().filter(|status| (200..=599).contains(status))?;
            let page = page.map_or(Some(Page::Empty), page_named)?;
            Some(ResponseFaultKind::Page(status, page))
        }
    }
}

fn page_named(name: &str) -> Option<Page> {
    PAGES.iter().find(|(known, _)| *known == name).map(|(_, page)| *page)
}

fn unknown(text: &str) -> ResponseFaultError {
    let words: Vec<&str> = WORDS.iter().map(|word| word.usage).collect();
    ResponseFaultError(format!("`{text}` is not a response fault; there are {}", words.join(", ")))
}

impl fmt::Display for ResponseFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (call, fault) in [("create", &self.create), ("query", &self.query), ("file", &self.file)] {
            if let Some(fault) = fault {
                write!(f, "; {call} {fault}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ResponseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lost {
            f.write_str("lost ")?;
        }
        match &self.kind {
            ResponseFaultKind::Page(status, Page::Empty) => write!(f, "{status}")?,
            ResponseFaultKind::Page(status, page) => {
                let name = PAGES.iter().find(|(_, known)| known == page).map_or("", |(name, _)| name);
                write!(f, "{status}={name}")?;
            }
            ResponseFaultKind::Refuse(name) => write!(f, "refuse={name}")?,
            ResponseFaultKind::Quote(name) => write!(f, "quote={name}")?,
            ResponseFaultKind::Malformed => f.write_str("malformed")?,
            ResponseFaultKind::Truncated => f.write_str("truncated")?,
            ResponseFaultKind::Cut => f.write_str("cut")?,
            ResponseFaultKind::Hang => f.write_str("hang")?,
            ResponseFaultKind::Slow(time) => write!(f, "slow={}", duration::compact(*time))?,
            ResponseFaultKind::State(word) => write!(f, "state={word}")?,
            ResponseFaultKind::Gone => f.write_str("gone")?,
        }
        match self.times {
            Some(times) => write!(f, " x{times}"),
            None => Ok(()),
        }
    }
}
