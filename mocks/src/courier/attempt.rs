//! One attempt of a delivery as a value: the bytes it will send, and how.
//!
//! Everything that trouble does to a message happens here, before and after signing. No clock and no
//! socket: an attempt knows the moment it was taken at.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use url::{Position, Url};

use crate::delivery::{Delivery, Signed};
use crate::ids::Ids;
use crate::trouble::{Moment, Trouble, Wire};
use crate::wire::{Headers, Request};

/// A delivery whose URL has been read, once for all its attempts.
#[derive(Debug)]
pub struct Letter {
    /// The delivery.
    pub delivery: Delivery,
    /// Its URL as a standard parser reads it.
    pub url: Result<Url, url::ParseError>,
}

impl Letter {
    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.delivery.trouble.as_deref().filter(|trouble| !trouble.is_none())
    }

    pub(crate) fn moment(&self, event: u32, attempt: u32) -> Moment<'_> {
        let Delivery { terminal, state, .. } = self.delivery;
        Moment { event, terminal, state, attempt }
    }
}

impl From<Delivery> for Letter {
    fn from(delivery: Delivery) -> Self {
        let url = Url::parse(&delivery.url);
        Self { delivery, url }
    }
}

/// Which pending delivery an attempt belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// An attempt that is to be made now.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What to report its answer under.
    pub ticket: Ticket,
    /// What is delivered.
    pub letter: Arc<Letter>,
    /// Number of the event within its task, from 1; only counted for tasks with trouble.
    pub event: u32,
    /// Number of the attempt within its event, from 1: the first, the copies, the repetitions.
    pub number: u32,
    /// Whether it is a copy, which is never repeated.
    pub copy: bool,
    /// When it was taken.
    pub at: Timestamp,
    /// Where its nonce comes from; the same for all attempts of an event.
    pub(crate) seed: u64,
}

/// What an attempt puts on the wire.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The request, byte for byte.
    pub request: Request,
    /// How it is sent.
    pub wire: Wire,
}

impl Attempt {
    /// The bytes to send, signed for the moment the attempt was taken at.
    pub fn outgoing(&self) -> Outgoing {
        let Letter { delivery, url } = &*self.letter;
        let trouble = self.letter.trouble().map(|trouble| (trouble, self.moment()));
        let mut body = delivery.body.clone();
        let mut clock = self.at;
        let mut nonce_of = self.number;
        if let Some((trouble, moment)) = trouble {
            body.truncate(trouble.truncated(moment).unwrap_or(usize::MAX));
            clock = ahead(clock, trouble.skew(moment));
            if trouble.reuses_nonce(moment) {
                nonce_of = 1;
            }
        }
        let mut headers = Headers::new();
        if let Ok(url) = url {
            headers.push("host", &url[Position::BeforeHost..Position::AfterPort]);
        }
        headers.push("content-type", delivery.content_type);
        self.sign(&body, clock, nonce_of, &mut headers);
        let mut target = url.as_ref().map_or_else(
            |_| delivery.url.clone(),
            |url| url[Position::BeforePath..Position::AfterQuery].to_owned(),
        );
        let mut wire = Wire::default();
        if let Some((trouble, moment)) = trouble {
            if trouble.corrupts(moment) {
                body = corrupted(&body);
            }
            if let Some(more) = trouble.query(moment) {
                target.push(if target.contains('?') { '&' } else { '?' });
                target.push_str(more);
            }
            wire = trouble.wire(moment, body.len());
        }
        Outgoing { request: Request { method: "POST".into(), target, headers, body }, wire }
    }

    fn moment(&self) -> Moment<'_> {
        self.letter.moment(self.event, self.number)
    }

    fn sign(&self, body: &Bytes, clock: Timestamp, nonce_of: u32, headers: &mut Headers) {
        let delivery = &self.letter.delivery;
        let (path, query) =
            self.letter.url.as_ref().map_or(("/", ""), |url| (url.path(), url.query().unwrap_or_default()));
        let signed = Signed { id: &delivery.id, path, query, body };
        let nonce = nonce(self.seed, nonce_of);
        let wrong = self.letter.trouble().map(|trouble| trouble.signature(self.moment())).unwrap_or_default();
        if wrong.missing {
            return;
        }
        if !wrong.foreign && !wrong.forged {
            return delivery.signer.sign(&signed, clock, &nonce, headers);
        }
        let foreign = if wrong.foreign { delivery.signer.foreign() } else { delivery.signer.clone() };
        let signer = if wrong.forged { foreign.forged() } else { foreign };
        signer.sign(&signed, clock, &nonce, headers);
    }
}

/// A UUID for each attempt, as in Vidu's documented example.
fn nonce(seed: u64, attempt: u32) -> String {
    Ids::seeded(seed.wrapping_add(u64::from(attempt))).uuid()
}

fn ahead(clock: Timestamp, skew: jiff::SignedDuration) -> Timestamp {
    let end = if skew.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    clock.checked_add(skew).unwrap_or(end)
}

/// The body with its last digit changed, or a space added where it has none: what was JSON stays
/// JSON, so that a receiver can only notice by the signature.
fn corrupted(body: &Bytes) -> Bytes {
    let mut body = BytesMut::from(&body[..]);
    match body.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
        // Never to zero, which must not lead a number.
        Some(digit) => *digit = if *digit == b'9' { b'8' } else { *digit + 1 },
        None => body.extend_from_slice(b" "),
    }
    body.freeze()
}
