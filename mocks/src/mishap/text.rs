//! Reading and printing of mishaps: the words, what they take, and what is wrong with one.
//!
//! ```text
//! 503            500=html        200=empty       refuse=balance     quote=unauthorized
//! malformed      truncated       cut             hang               slow=3s
//! state=paused   gone            lost 500        503 x2
//! ```

use std::fmt;
use std::str::FromStr;

use super::{Kind, Mishap, Mishaps, Page};
use crate::dialect::Purpose;
use crate::duration;

/// Why a mishap cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MishapError(String);

/// A word of the language.
#[derive(Debug)]
pub struct Word {
    /// How it is written.
    pub usage: &'static str,
    /// What happens.
    pub about: &'static str,
}

/// Every word of the language.
pub const WORDS: &[Word] = &[
    Word { usage: "503", about: "that HTTP status, from 200 to 599, and an empty body" },
    Word { usage: "503=html", about: "the same with a page: `html`, `json` or `trace`" },
    Word { usage: "refuse=NAME", about: "a row of the vendor's error table" },
    Word { usage: "quote=NAME", about: "the same, its sentence quoting the key that was sent" },
    Word { usage: "malformed", about: "JSON that ends in the middle" },
    Word { usage: "truncated", about: "the connection ends in the middle of the body" },
    Word { usage: "cut", about: "the connection ends without an answer" },
    Word { usage: "hang", about: "no answer until the client gives up or the rule is gone" },
    Word { usage: "slow=3s", about: "the right answer, later" },
    Word { usage: "state=WORD", about: "another state word (not for creates)" },
    Word { usage: "gone", about: "what is said of a task that does not exist (not for creates)" },
];

const PAGES: &[(&str, Page)] =
    &[("empty", Page::Empty), ("html", Page::Html), ("json", Page::Json), ("trace", Page::Trace)];

const CALLS: &[(&str, Purpose)] =
    &[("create", Purpose::Create), ("query", Purpose::Query), ("file", Purpose::File)];

impl Mishaps {
    /// Reads a clause of a rule, such as `query 503 x2`; false if it is about something else.
    pub(crate) fn read(&mut self, clause: &str) -> Result<bool, MishapError> {
        let (name, rest) = clause.split_once(' ').unwrap_or((clause, ""));
        let Some((_, purpose)) = CALLS.iter().find(|(call, _)| *call == name) else { return Ok(false) };
        let mishap: Mishap = rest.parse()?;
        let of_creates = *purpose == Purpose::Create;
        if of_creates && matches!(mishap.kind, Kind::State(_) | Kind::Gone) {
            return Err(MishapError(format!(
                "`{rest}` is about a task that exists, so it is no mishap of a create"
            )));
        }
        if mishap.lost && !of_creates {
            return Err(MishapError("only the answer of a create can be `lost`".to_owned()));
        }
        if let Some(place) = self.of(*purpose) {
            *place = Some(mishap);
        }
        Ok(true)
    }
}

impl FromStr for Mishap {
    type Err = MishapError;

    fn from_str(text: &str) -> Result<Self, MishapError> {
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

fn kind(word: &str) -> Option<Kind> {
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    match (name, value.filter(|value| !value.is_empty())) {
        ("malformed", None) => Some(Kind::Malformed),
        ("truncated", None) => Some(Kind::Truncated),
        ("cut", None) => Some(Kind::Cut),
        ("hang", None) => Some(Kind::Hang),
        ("gone", None) => Some(Kind::Gone),
        ("slow", Some(time)) => duration::parse(time).map(Kind::Slow),
        ("refuse", Some(name)) => Some(Kind::Refuse(name.to_owned())),
        ("quote", Some(name)) => Some(Kind::Quote(name.to_owned())),
        ("state", Some(state)) => Some(Kind::State(state.to_owned())),
        (status, page) => {
            let status = status.parse().ok().filter(|status| (200..=599).contains(status))?;
            let page = page.map_or(Some(Page::Empty), page_named)?;
            Some(Kind::Page(status, page))
        }
    }
}

fn page_named(name: &str) -> Option<Page> {
    PAGES.iter().find(|(known, _)| *known == name).map(|(_, page)| *page)
}

fn unknown(text: &str) -> MishapError {
    let words: Vec<&str> = WORDS.iter().map(|word| word.usage).collect();
    MishapError(format!("`{text}` is no mishap; there are {}", words.join(", ")))
}

impl fmt::Display for Mishaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (call, mishap) in [("create", &self.create), ("query", &self.query), ("file", &self.file)] {
            if let Some(mishap) = mishap {
                write!(f, "; {call} {mishap}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lost {
            f.write_str("lost ")?;
        }
        match &self.kind {
            Kind::Page(status, Page::Empty) => write!(f, "{status}")?,
            Kind::Page(status, page) => {
                let name = PAGES.iter().find(|(_, known)| known == page).map_or("", |(name, _)| name);
                write!(f, "{status}={name}")?;
            }
            Kind::Refuse(name) => write!(f, "refuse={name}")?,
            Kind::Quote(name) => write!(f, "quote={name}")?,
            Kind::Malformed => f.write_str("malformed")?,
            Kind::Truncated => f.write_str("truncated")?,
            Kind::Cut => f.write_str("cut")?,
            Kind::Hang => f.write_str("hang")?,
            Kind::Slow(time) => write!(f, "slow={}", duration::compact(*time))?,
            Kind::State(word) => write!(f, "state={word}")?,
            Kind::Gone => f.write_str("gone")?,
        }
        match self.times {
            Some(times) => write!(f, " x{times}"),
            None => Ok(()),
        }
    }
}
