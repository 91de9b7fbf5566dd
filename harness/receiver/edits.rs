//! What checks change about a genuine callback: its members, its spelling, its signature's method.
//!
//! Pure. Where a vendor's main dialect keeps what is changed is a table; sending is the context's.

use std::fmt::Write as _;

use ringback_mocks::signature;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Headers, Request, Secret};
use serde_json::{Map, Value};

use super::task::Callback;

/// Where the callbacks of a vendor's main dialect keep what checks change.
#[derive(Debug)]
struct Place {
    vendor: &'static str,
    id: &'static str,
    state: &'static str,
    result: &'static str,
    /// A text that may say anything (JSON Pointer).
    text: &'static str,
}

#[rustfmt::skip]
const PLACES: &[Place] = &[
    Place { vendor: "kling",   id: "task_id", state: "task_status", result: "task_result", text: "/task_status_msg" },
    Place { vendor: "doubao",  id: "id",      state: "status",      result: "content",     text: "/safety_identifier" },
    Place { vendor: "minimax", id: "task_id", state: "status",      result: "file_id",     text: "/base_resp/status_msg" },
    Place { vendor: "vidu",    id: "id",      state: "state",       result: "creations",   text: "/payload" },
];

/// A vendor that is not in the table speaks like most of them.
const USUAL: Place = Place { vendor: "", id: "id", state: "status", result: "content", text: "/message" };

fn place(vendor: Vendor) -> &'static Place {
    PLACES.iter().find(|place| place.vendor == vendor.name()).unwrap_or(&USUAL)
}

impl Callback {
    /// This callback with another content type.
    #[must_use]
    pub fn typed(mut self, content_type: &str) -> Self {
        content_type.clone_into(&mut self.content_type);
        self
    }

    /// This callback with members of its record changed.
    #[must_use]
    pub fn with_record(self, edit: impl FnOnce(&mut Map<String, Value>)) -> Self {
        self.edited(|body| {
            if let Value::Object(record) = body {
                edit(record);
            }
        })
    }

    /// This callback with another id, which may be anything.
    #[must_use]
    pub fn with_id(self, id: Value) -> Self {
        let member = place(self.vendor).id;
        self.with_record(|record| drop(record.insert(member.to_owned(), id)))
    }

    /// This callback without its id.
    #[must_use]
    pub fn without_id(self) -> Self {
        let member = place(self.vendor).id;
        self.with_record(|record| drop(record.shift_remove(member)))
    }

    /// This callback with another state word.
    #[must_use]
    pub fn with_word(self, word: &str) -> Self {
        let mut callback = self.with_state(word.into());
        word.clone_into(&mut callback.word);
        callback
    }

    /// This callback with something else in the place of its state.
    #[must_use]
    pub fn with_state(self, state: Value) -> Self {
        let member = place(self.vendor).state;
        self.with_record(|record| drop(record.insert(member.to_owned(), state)))
    }

    /// This callback without its state.
    #[must_use]
    pub fn without_state(self) -> Self {
        let member = place(self.vendor).state;
        self.with_record(|record| drop(record.shift_remove(member)))
    }

    /// This callback with another text where the record has one that may say anything.
    #[must_use]
    pub fn with_text(self, text: &str) -> Self {
        let pointer = place(self.vendor).text;
        self.edited(|body| {
            let mut place = body;
            for member in pointer.split('/').skip(1) {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                place = &mut place[member];
            }
            *place = text.into();
        })
    }

    /// This callback with nothing but its id, its state and its result.
    #[must_use]
    pub fn bare(self) -> Self {
        let place = place(self.vendor);
        self.with_record(|record| {
            record.retain(|name, _| [place.id, place.state, place.result].contains(&name.as_str()));
        })
    }

    /// This callback with nothing but its id and its state.
    #[must_use]
    pub fn barest(self) -> Self {
        let place = place(self.vendor);
        self.with_record(|record| {
            record.retain(|name, _| [place.id, place.state].contains(&name.as_str()));
        })
    }

    /// This callback with null in the place of everything but its id, its state and its result, and `error`
    /// null.
    #[must_use]
    pub fn nulled(self) -> Self {
        let place = place(self.vendor);
        self.with_record(|record| {
            for (name, value) in record.iter_mut() {
                if ![place.id, place.state, place.result].contains(&name.as_str()) {
                    *value = Value::Null;
                }
            }
            record.insert("error".to_owned(), Value::Null);
        })
    }

    /// This callback with its members the other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        self.with_record(|record| {
            *record = std::mem::take(record).into_iter().rev().collect();
        })
    }

    /// This callback with line breaks and indentation.
    #[must_use]
    pub fn pretty(self) -> Self {
        let text = format!("{:#}", self.json());
        self.bytes(text)
    }

    /// This callback with escapes that JSON allows and nobody needs: `\/`, and a letter of the state word.
    #[must_use]
    pub fn escaped(self) -> Self {
        let member = place(self.vendor).state;
        let plain = self.json().to_string().replace('/', "\\/");
        let mut letters = self.word.chars();
        let first = letters.next().map_or(0, u32::from);
        let escaped = format!("\"{member}\":\"\\u{first:04x}{}\"", letters.as_str());
        let text = plain.replacen(&format!("\"{member}\":\"{}\"", self.word), &escaped, 1);
        self.bytes(text)
    }

    /// This callback with every character beyond ASCII as an escape.
    #[must_use]
    pub fn in_ascii(self) -> Self {
        let mut text = String::new();
        for letter in self.json().to_string().chars() {
            if letter.is_ascii() {
                text.push(letter);
                continue;
            }
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
        self.bytes(text)
    }

    /// This callback with these bytes wherever the body has `text`.
    #[must_use]
    pub fn with_bytes_for(self, text: &str, bytes: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&self.body).into_owned();
        let mut changed = Vec::new();
        for (at, part) in body.split(text).enumerate() {
            if at > 0 {
                changed.extend_from_slice(bytes);
            }
            changed.extend_from_slice(part.as_bytes());
        }
        self.bytes(changed)
    }

    /// This callback with a second id right after its own, under one name.
    #[must_use]
    pub fn with_second_id(self, id: &str) -> Self {
        let member = place(self.vendor).id;
        let own = format!("\"{member}\":\"{}\"", self.id);
        let both = format!("{own},\"{member}\":\"{id}\"");
        let text = self.json().to_string().replacen(&own, &both, 1);
        self.bytes(text)
    }
}

/// A request of Vidu's, signed again for the method and the URL it now has; others are left alone.
pub fn resigned(request: Request, secrets: &[Secret]) -> Request {
    let field = |name: &str| request.headers.get(name).unwrap_or_default();
    let (Some(secret), Some(_)) = (secrets.first(), request.headers.get("x-hmac-signature")) else {
        return request;
    };
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let listed: Vec<(&str, &str)> =
        field("x-hmac-signed-headers").split(';').map(|name| (name, field(name))).collect();
    let string = signature::vidu_signing_string(&request.method, path, query, field("date"), &listed);
    let made = signature::vidu(secret, &string);
    let headers: Headers = request
        .headers
        .iter()
        .map(|(name, value)| {
            (name, if name.eq_ignore_ascii_case("x-hmac-signature") { made.as_str() } else { value })
        })
        .collect();
    Request { headers, ..request }
}
