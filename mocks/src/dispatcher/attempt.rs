//! One attempt of a delivery as a value: the bytes it will send, and how.
//!
//! Everything that a fault does to a message happens here, before and after signing. No clock and no
//! socket: an attempt knows the moment it was taken at.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use url::{Position, Url};

use super::routes::Destination;
use crate::delivery::{Delivery, Signed};
use crate::delivery_faults::{AttemptContext, DeliveryFaults, Wire};
use crate::ids::Ids;
use crate::wire::{Headers, Request};

/// A delivery whose URL has been read, once for all its attempts. There may be many that wait: it
/// holds nothing twice.
#[derive(Debug)]
pub struct PreparedDelivery {
    /// The delivery; its URL, if it is one, as a standard parser writes it.
    pub delivery: Delivery,
    /// Where the parts of the URL are, or why it is none.
    address: Result<Address, url::ParseError>,
}

/// Offsets into a URL.
#[derive(Clone, Copy, Debug)]
struct Address {
    scheme: u32,
    host: u32,
    name: u32,
    path: u32,
    query: u32,
    end: u32,
    is_loopback: bool,
}

impl Address {
    fn of(url: &Url) -> Self {
        let at = |position: &str| u32::try_from(position.len()).unwrap_or(u32::MAX);
        Self {
            scheme: at(&url[..Position::AfterScheme]),
            host: at(&url[..Position::BeforeHost]),
            name: at(&url[..Position::AfterHost]),
            path: at(&url[..Position::BeforePath]),
            query: at(&url[..Position::AfterPath]),
            end: at(&url[..Position::AfterQuery]),
            is_loopback: Destination::of(url).is_loopback,
        }
    }
}

impl PreparedDelivery {
    /// Where it goes, or why nowhere.
    pub(super) fn destination(&self) -> Result<Destination<'_>, url::ParseError> {
        self.address.map(|it| Destination {
            scheme: self.part(0, it.scheme),
            host: self.part(it.host, it.name),
            is_loopback: it.is_loopback,
            root: self.part(0, it.path),
        })
    }

    /// Path and query, as they stand in the request line; of what is no URL, all of it.
    fn target(&self) -> &str {
        self.address.map_or(self.delivery.url.as_str(), |it| self.part(it.path, it.end))
    }

    /// Path and query as a signature covers them.
    fn path_and_query(&self) -> (&str, &str) {
        self.address.map_or(("/", ""), |it| {
            let query = self.part(it.query, it.end);
            (self.part(it.path, it.query), query.strip_prefix('?').unwrap_or(query))
        })
    }

    fn part(&self, from: u32, to: u32) -> &str {
        self.delivery.url.get(from as usize..to as usize).unwrap_or_default()
    }

    pub(crate) fn delivery_faults(&self) -> Option<&DeliveryFaults> {
        self.delivery.delivery_faults.as_deref().filter(|delivery_faults| !delivery_faults.is_none())
    }

    pub(crate) fn context(&self, event: u32, attempt: u32) -> AttemptContext<'_> {
        let Delivery { terminal, state, .. } = self.delivery;
        AttemptContext { event, terminal, state, attempt }
    }
}

impl From<Delivery> for PreparedDelivery {
    fn from(mut delivery: Delivery) -> Self {
        let url = Url::parse(&delivery.url);
        let address = url.as_ref().map(Address::of).map_err(|error| *error);
        if let Ok(url) = url {
            delivery.url = url.into();
        }
        // Texts that were written piece by piece have room to spare, which a long wait would keep.
        delivery.url.shrink_to_fit();
        let mut body = Vec::from(std::mem::take(&mut delivery.body));
        body.shrink_to_fit();
        delivery.body = body.into();
        Self { delivery, address }
    }
}

/// Which pending delivery an attempt belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub(crate) u64);

/// An attempt that is to be made now.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What to report its answer under.
    pub id: DeliveryId,
    /// What is delivered.
    pub prepared: Arc<PreparedDelivery>,
    /// Number of the event within its task, from 1; only counted for tasks with faults.
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
        let delivery = &self.prepared.delivery;
        let delivery_faults =
            self.prepared.delivery_faults().map(|delivery_faults| (delivery_faults, self.context()));
        let mut body = delivery.body.clone();
        let mut clock = self.at;
        let mut nonce_of = self.number;
        if let Some((delivery_faults, moment)) = delivery_faults {
            body.truncate(delivery_faults.truncated(moment).unwrap_or(usize::MAX));
            clock = ahead(clock, delivery_faults.skew(moment));
            if delivery_faults.reuses_nonce(moment) {
                nonce_of = 1;
            }
        }
        let mut headers = Headers::new();
        if let Ok(address) = self.prepared.address {
            headers.push("host", self.prepared.part(address.host, address.path));
        }
        headers.push("content-type", delivery.content_type);
        self.sign(&body, clock, nonce_of, &mut headers);
        let mut target = self.prepared.target().to_owned();
        let mut wire = Wire::default();
        if let Some((delivery_faults, moment)) = delivery_faults {
            if delivery_faults.corrupts(moment) {
                body = corrupted(&body);
            }
            if let Some(more) = delivery_faults.query(moment) {
                target.push(if target.contains('?') { '&' } else { '?' });
                target.push_str(more);
            }
            wire = delivery_faults.wire(moment, body.len());
        }
        Outgoing { request: Request { method: "POST".into(), target, headers, body }, wire }
    }

    fn context(&self) -> AttemptContext<'_> {
        self.prepared.context(self.event, self.number)
    }

    fn sign(&self, body: &Bytes, clock: Timestamp, nonce_of: u32, headers: &mut Headers) {
        let delivery = &self.prepared.delivery;
        let (path, query) = self.prepared.path_and_query();
        let signed = Signed { id: &delivery.id, path, query, body };
        let nonce = nonce(self.seed, nonce_of);
        let wrong = self
            .prepared
            .delivery_faults()
            .map(|delivery_faults| delivery_faults.signature(self.context()))
            .unwrap_or_default();
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
