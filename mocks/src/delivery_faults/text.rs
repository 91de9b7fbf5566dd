//! Reading and printing of delivery faults: the words, what they take, and what is wrong with a line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{DeliveryFault, DeliveryFaults, Event, Item, MOST};
use crate::duration;

/// Why a line of delivery faults cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeliveryFaultError(String);

/// A word of the language.
#[derive(Debug)]
pub struct DeliveryFaultWord {
    /// The word.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What happens.
    pub about: &'static str,
    read: fn(Option<&str>) -> Option<DeliveryFault>,
}

/// Every word of the language.
pub const WORDS: &[DeliveryFaultWord] = &[
    word("delay", "delay=3s", "leaves later", |value| time(value).map(DeliveryFault::Delay)),
    word("duplicate", "duplicate=2", "this many more copies follow", |value| {
        many(value).map(DeliveryFault::Duplicate)
    }),
    word("reorder", "reorder", "waits until the next event was sent", |value| {
        alone(value, DeliveryFault::Reorder)
    }),
    word("burst", "burst or burst=3", "events are held, then leave together", |value| {
        if value.is_none() {
            Some(DeliveryFault::Burst(None))
        } else {
            many(value).map(|many| DeliveryFault::Burst(Some(many)))
        }
    }),
    word("drop", "drop", "never leaves", |value| alone(value, DeliveryFault::Drop)),
    word("ack-lost", "ack-lost", "the sender does not hear the answer", |value| {
        alone(value, DeliveryFault::AckLost)
    }),
    word("cut", "cut or cut=20", "the connection ends within the body", |value| {
        if value.is_none() {
            Some(DeliveryFault::Cut(None))
        } else {
            number(value).map(|after| DeliveryFault::Cut(Some(after)))
        }
    }),
    word("slow", "slow=100", "bytes of the body a second", |value| {
        number(value).filter(|rate| *rate > 0).map(DeliveryFault::Slow)
    }),
    word("truncate", "truncate=10", "bytes of the body that are left, before signing", |value| {
        number(value).map(DeliveryFault::Truncate)
    }),
    word("corrupt", "corrupt", "the body changes after signing", |value| {
        alone(value, DeliveryFault::Corrupt)
    }),
    word("stale", "stale=10m", "the sender's clock is behind", |value| time(value).map(DeliveryFault::Stale)),
    word("future", "future=10m", "the sender's clock is ahead", |value| {
        time(value).map(DeliveryFault::Future)
    }),
    word("nonce", "nonce=reuse", "every attempt has the first one's nonce", |value| {
        (value == Some("reuse")).then_some(DeliveryFault::ReuseNonce)
    }),
    word("forged", "forged", "signed with a wrong key", |value| alone(value, DeliveryFault::Forged)),
    word("unsigned", "unsigned", "no signature", |value| alone(value, DeliveryFault::Unsigned)),
    word("foreign", "foreign", "another vendor's signature scheme", |value| {
        alone(value, DeliveryFault::Foreign)
    }),
    word("query", "query=x=1", "added to the query after signing, percent-encoded", |value| {
        value.filter(|text| is_query(text)).map(|text| DeliveryFault::Query(text.to_owned()))
    }),
];

const fn word(
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    read: fn(Option<&str>) -> Option<DeliveryFault>,
) -> DeliveryFaultWord {
    DeliveryFaultWord { name, usage, about, read }
}

/// What stands for no faults.
const NONE: &str = "none";

impl FromStr for DeliveryFaults {
    type Err = DeliveryFaultError;

    fn from_str(text: &str) -> Result<Self, DeliveryFaultError> {
        if text.trim() == NONE {
            return Ok(Self::default());
        }
        let items = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { items })
    }
}

impl FromStr for Item {
    type Err = DeliveryFaultError;

    fn from_str(text: &str) -> Result<Self, DeliveryFaultError> {
        let (rest, attempt) = match text.split_once('#') {
            Some((rest, number)) => (rest, Some(positive(number).ok_or_else(|| no_attempt(number))?)),
            None => (text, None),
        };
        let (rest, event) = match rest.split_once('@') {
            Some((rest, event)) => (rest, Some(event.parse()?)),
            None => (rest, None),
        };
        let (name, value) = rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value)));
        let word = WORDS.iter().find(|word| word.name == name).ok_or_else(|| unknown(name))?;
        let change = (word.read)(value).ok_or_else(|| {
            DeliveryFaultError(format!("`{rest}` cannot be read; `{name}` is written {}", word.usage))
        })?;
        if attempt.is_some() && change.is_about_the_event() {
            return Err(DeliveryFaultError(format!(
                "`{name}` is about a whole event, so `#` has no place behind it"
            )));
        }
        Ok(Self { change, event, attempt })
    }
}

impl FromStr for Event {
    type Err = DeliveryFaultError;

    fn from_str(text: &str) -> Result<Self, DeliveryFaultError> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        match text {
            "first" => Some(Self::Number(1)),
            "terminal" => Some(Self::Terminal),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => positive(text).map(Self::Number),
            _ if text.bytes().all(is_word) => Some(Self::State(text.to_owned())),
            _ => None,
        }
        .ok_or_else(|| {
            DeliveryFaultError(format!(
                "`@{text}` names no event; it is @first, @terminal, a number such as @2, or a state word"
            ))
        })
    }
}

impl fmt::Display for DeliveryFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str(NONE);
        }
        for (at, item) in self.items.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{item}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.change)?;
        if let Some(event) = &self.event {
            write!(f, "@{event}")?;
        }
        if let Some(attempt) = self.attempt {
            write!(f, "#{attempt}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminal => f.write_str("terminal"),
            Self::Number(1) => f.write_str("first"),
            Self::Number(number) => write!(f, "{number}"),
            Self::State(word) => f.write_str(word),
        }
    }
}

impl fmt::Display for DeliveryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay(time) => write!(f, "delay={}", duration::compact(*time)),
            Self::Duplicate(more) => write!(f, "duplicate={more}"),
            Self::Reorder => f.write_str("reorder"),
            Self::Burst(None) => f.write_str("burst"),
            Self::Burst(Some(many)) => write!(f, "burst={many}"),
            Self::Drop => f.write_str("drop"),
            Self::AckLost => f.write_str("ack-lost"),
            Self::Cut(None) => f.write_str("cut"),
            Self::Cut(Some(after)) => write!(f, "cut={after}"),
            Self::Slow(rate) => write!(f, "slow={rate}"),
            Self::Truncate(left) => write!(f, "truncate={left}"),
            Self::Corrupt => f.write_str("corrupt"),
            Self::Stale(time) => write!(f, "stale={}", duration::compact(*time)),
            Self::Future(time) => write!(f, "future={}", duration::compact(*time)),
            Self::ReuseNonce => f.write_str("nonce=reuse"),
            Self::Forged => f.write_str("forged"),
            Self::Unsigned => f.write_str("unsigned"),
            Self::Foreign => f.write_str("foreign"),
            Self::Query(text) => write!(f, "query={text}"),
        }
    }
}

/// A time without spaces, which would end the item.
fn alone(value: Option<&str>, change: DeliveryFault) -> Option<DeliveryFault> {
    value.is_none().then_some(change)
}

fn time(value: Option<&str>) -> Option<Duration> {
    value.and_then(duration::parse)
}

fn number(value: Option<&str>) -> Option<u32> {
    value.and_then(|text| text.parse().ok())
}

fn many(value: Option<&str>) -> Option<u16> {
    value.and_then(|text| text.parse().ok()).filter(|many| (1..=MOST).contains(many))
}

fn positive(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}

/// Printable text without what would end the item, the rule it stands in, or the query.
fn is_query(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"@#;\"<>".contains(&byte))
}

fn no_attempt(text: &str) -> DeliveryFaultError {
    DeliveryFaultError(format!(
        "`#{text}` is not an attempt; an item ends in the number of the attempt, such as drop@2#1"
    ))
}

fn unknown(name: &str) -> DeliveryFaultError {
    // A tiny typo is two edits at most: a pair of letters swapped counts as two.
    let nearest = WORDS.iter().map(|word| (distance(name, word.name), word.name)).min();
    DeliveryFaultError(match nearest {
        Some((edits, word)) if edits <= 2 || word.starts_with(name) && name.len() > 2 => {
            format!("`{name}` is not a delivery fault; did you mean `{word}`?")
        }
        _ => {
            let names: Vec<&str> = WORDS.iter().map(|word| word.name).collect();
            format!("`{name}` is not a delivery fault; there are {}", names.join(", "))
        }
    })
}

/// Insertions, deletions and replacements between two words.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, left) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, right) in to.bytes().enumerate() {
            let kept = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = kept.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
