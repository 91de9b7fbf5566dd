//! Delivery faults: what happens to callbacks between vendor and receiver, on one line.
//!
//! ```text
//! delay=3s@terminal duplicate=2
//! drop#1
//! duplicate=1 forged#2
//! reorder@first stale=10m
//! ```
//!
//! A line is items with spaces between them; `none`, or an empty line, means that nothing goes wrong. An item is a
//! word, for some words with `=` and a value, then perhaps `@` and the event it is about, then
//! perhaps `#` and the attempt.
//!
//! | item | what happens |
//! |---|---|
//! | `delay=TIME` | the event leaves later; those behind it wait, as they always do |
//! | `duplicate=N` | N more copies follow at once, whatever the answers; they are never repeated |
//! | `reorder` | the event waits until the next one of its task was sent; the last event never waits |
//! | `burst`, `burst=N` | events are held until the last one, or until N are held, and leave together |
//! | `drop` | nothing leaves, and the sender hears nothing |
//! | `ack-lost` | the answer does not reach the sender, who repeats if its schedule says so |
//! | `cut`, `cut=N` | the connection ends within the body: in the middle, or after N bytes |
//! | `slow=N` | the body leaves at N bytes a second |
//! | `truncate=N` | the body ends after N bytes; the signature is made for what is left |
//! | `corrupt` | the body changes after signing: JSON stays JSON, the signature no longer matches |
//! | `stale=TIME`, `future=TIME` | the sender's clock is behind, or ahead; the signature is right |
//! | `nonce=reuse` | every attempt carries the nonce of the first |
//! | `forged` | signed with a wrong key |
//! | `unsigned` | no signature at all |
//! | `foreign` | another vendor's signature scheme instead of the vendor's own |
//! | `query=TEXT` | the text is added to the URL's query after signing |
//!
//! Events are `@first`, `@terminal`, `@2` (the second of its task) or a state word as the callback
//! says it, `@processing`; without `@`, every event. Attempts of an event count from 1: the first,
//! then its copies, then its repetitions. Without `#`, an item is about every attempt, except that
//! `delay`, `reorder` and `ack-lost` are then about the first. Of several items of one kind, the first
//! that fits counts. Vidu signs no bodies, so that what happens to a body leaves its signature right;
//! an unsigned callback has nothing to forge. Times are meant as written, whatever the account's speed.
//!
//! Values only: reading and printing is `text`, and carrying it out is the dispatcher's.

use std::time::Duration;

use jiff::SignedDuration;

mod random;
mod text;
pub use text::{DeliveryFaultError, DeliveryFaultWord, WORDS};

/// Most copies of one event, and most events held: a misprint must not fill the memory.
pub const MOST: u16 = 1000;

/// What goes wrong with the callbacks of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryFaults {
    /// What happens; of several items of one kind, the first that fits counts.
    pub items: Vec<Item>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What.
    pub change: DeliveryFault,
    /// To which event; `None` for every one.
    pub event: Option<Event>,
    /// To which attempt of the event, from 1; `None` as the change has it.
    pub attempt: Option<u32>,
}

/// Which event of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The one after which nothing follows.
    Terminal,
    /// By its number, from 1.
    Number(u32),
    /// By the state word in the callback.
    State(String),
}

/// What can happen. The words for it are in the module's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryFault {
    /// Leaves later.
    Delay(Duration),
    /// This many more copies.
    Duplicate(u16),
    /// Waits until the next event was sent.
    Reorder,
    /// Events are held until the last one, or until this many.
    Burst(Option<u16>),
    /// Never leaves.
    Drop,
    /// The sender does not hear the answer.
    AckLost,
    /// The connection ends within the body: in the middle, or after this many bytes.
    Cut(Option<u32>),
    /// Bytes a second.
    Slow(u32),
    /// Bytes of the body that are left, before signing.
    Truncate(u32),
    /// The body changes after signing.
    Corrupt,
    /// The clock is behind.
    Stale(Duration),
    /// The clock is ahead.
    Future(Duration),
    /// One nonce for all attempts.
    ReuseNonce,
    /// A wrong key.
    Forged,
    /// No signature.
    Unsigned,
    /// Another vendor's scheme.
    Foreign,
    /// Added to the query after signing.
    Query(String),
}

impl DeliveryFault {
    /// Whether it is about the first attempt when no attempt is named.
    const fn is_about_the_first(&self) -> bool {
        matches!(self, Self::Delay(_) | Self::Reorder | Self::AckLost)
    }

    /// Whether it is about an event as a whole, so that no attempt can be named.
    const fn is_about_the_event(&self) -> bool {
        matches!(self, Self::Duplicate(_) | Self::Burst(_))
    }
}

/// One attempt, as the items see it.
#[derive(Clone, Copy, Debug)]
pub struct AttemptContext<'s> {
    /// Number of the event within its task, from 1.
    pub event: u32,
    /// Whether nothing follows it.
    pub terminal: bool,
    /// Its state word.
    pub state: &'s str,
    /// Number of the attempt, from 1.
    pub attempt: u32,
}

impl Item {
    fn fits(&self, moment: AttemptContext<'_>) -> bool {
        let event = match &self.event {
            None => true,
            Some(Event::Terminal) => moment.terminal,
            Some(Event::Number(number)) => *number == moment.event,
            Some(Event::State(word)) => word == moment.state,
        };
        event
            && match self.attempt {
                Some(number) => number == moment.attempt,
                None => !self.change.is_about_the_first() || moment.attempt == 1,
            }
    }
}

/// How the bytes of an attempt are put on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// Not at all: nothing leaves.
    pub lost: bool,
    /// The connection ends after this many bytes of the body.
    pub cut: Option<usize>,
    /// Bytes of the body a second.
    pub rate: Option<u32>,
}

impl Wire {
    /// Whether nothing is unusual about it.
    pub const fn is_plain(self) -> bool {
        !self.lost && self.cut.is_none() && self.rate.is_none()
    }
}

impl DeliveryFaults {
    /// Whether nothing happens.
    pub const fn is_none(&self) -> bool {
        self.items.is_empty()
    }

    /// What the first item that fits says, of those that `pick` knows.
    fn first<T>(&self, moment: AttemptContext<'_>, pick: impl Fn(&DeliveryFault) -> Option<T>) -> Option<T> {
        self.items.iter().filter(|item| item.fits(moment)).find_map(|item| pick(&item.change))
    }

    fn has(&self, moment: AttemptContext<'_>, change: &DeliveryFault) -> bool {
        self.items.iter().any(|item| item.change == *change && item.fits(moment))
    }

    /// How much later the attempt leaves.
    pub fn delay(&self, moment: AttemptContext<'_>) -> Duration {
        let pick =
            |change: &DeliveryFault| if let DeliveryFault::Delay(time) = change { Some(*time) } else { None };
        self.first(moment, pick).unwrap_or_default()
    }

    /// How many copies follow.
    pub fn copies(&self, moment: AttemptContext<'_>) -> u16 {
        let pick = |change: &DeliveryFault| {
            if let DeliveryFault::Duplicate(more) = change { Some(*more) } else { None }
        };
        self.first(moment, pick).unwrap_or_default()
    }

    /// Whether it waits until the next event was sent.
    pub fn is_overtaken(&self, moment: AttemptContext<'_>) -> bool {
        !moment.terminal && self.has(moment, &DeliveryFault::Reorder)
    }

    /// Whether it is held with others, and until how many are.
    pub fn burst(&self, moment: AttemptContext<'_>) -> Option<Option<u16>> {
        self.first(moment, |change| if let DeliveryFault::Burst(many) = change { Some(*many) } else { None })
    }

    /// Whether the sender does not hear the answer.
    pub fn loses_answer(&self, moment: AttemptContext<'_>) -> bool {
        self.has(moment, &DeliveryFault::AckLost)
    }

    /// How a body of `length` bytes leaves.
    pub fn wire(&self, moment: AttemptContext<'_>, length: usize) -> Wire {
        let cut = self
            .first(moment, |change| if let DeliveryFault::Cut(after) = change { Some(*after) } else { None });
        let rate = self
            .first(moment, |change| if let DeliveryFault::Slow(rate) = change { Some(*rate) } else { None });
        let after = |after: Option<u32>| {
            // Never the whole body: that would be no cut.
            let most = length.saturating_sub(1);
            after.map_or(length / 2, |after| usize::try_from(after).unwrap_or(most)).min(most)
        };
        Wire { lost: self.has(moment, &DeliveryFault::Drop), cut: cut.map(after), rate }
    }

    /// How much of the body is left before signing.
    pub fn truncated(&self, moment: AttemptContext<'_>) -> Option<usize> {
        let pick = |change: &DeliveryFault| {
            if let DeliveryFault::Truncate(left) = change { Some(*left) } else { None }
        };
        self.first(moment, pick).map(|left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Whether the body changes after signing.
    pub fn corrupts(&self, moment: AttemptContext<'_>) -> bool {
        self.has(moment, &DeliveryFault::Corrupt)
    }

    /// How far the sender's clock is ahead.
    pub fn skew(&self, moment: AttemptContext<'_>) -> SignedDuration {
        let signed = |time: &Duration| SignedDuration::try_from(*time).unwrap_or(SignedDuration::MAX);
        let pick = |change: &DeliveryFault| match change {
            DeliveryFault::Stale(time) => Some(-signed(time)),
            DeliveryFault::Future(time) => Some(signed(time)),
            _ => None,
        };
        self.first(moment, pick).unwrap_or_default()
    }

    /// Whether the nonce of the first attempt is used again.
    pub fn reuses_nonce(&self, moment: AttemptContext<'_>) -> bool {
        self.has(moment, &DeliveryFault::ReuseNonce)
    }

    /// What is wrong with the signature.
    pub fn signature(&self, moment: AttemptContext<'_>) -> Signature {
        Signature {
            missing: self.has(moment, &DeliveryFault::Unsigned),
            foreign: self.has(moment, &DeliveryFault::Foreign),
            forged: self.has(moment, &DeliveryFault::Forged),
        }
    }

    /// What is added to the query after signing.
    pub fn query(&self, moment: AttemptContext<'_>) -> Option<&str> {
        self.items.iter().filter(|item| item.fits(moment)).find_map(|item| match &item.change {
            DeliveryFault::Query(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// There is none.
    pub missing: bool,
    /// It is of another vendor's scheme.
    pub foreign: bool,
    /// It is made with a wrong key.
    pub forged: bool,
}
