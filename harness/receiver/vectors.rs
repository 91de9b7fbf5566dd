//! Signature vectors: callbacks signed rightly and wrongly, a table for each scheme.
//!
//! A row says how its request is made from a genuine callback, and whether it must be accepted; one that must
//! not names its control, which differs from it only in what is wrong. Pure: the genuine callback, the key, the
//! time and the nonce come in, a request comes out. Sending and judging are the checks'.

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use jiff::Timestamp;
use ringback_mocks::ids::Ids;
use ringback_mocks::signature;
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::{Headers, Request, Secret};
use serde_json::{Map, Value};

use super::task::Callback;

pub mod standard_webhooks;
pub mod vidu;

/// One way to sign a callback.
#[derive(Debug)]
pub struct Vector {
    /// What it is about; the checks choose by it.
    pub group: Group,
    /// What is sent, as a noun phrase; unique in its table.
    pub name: &'static str,
    /// What a receiver must make of it.
    pub verdict: VectorVerdict,
    /// How it is made from a genuine callback.
    pub changes: Changes,
}

/// Whether a callback must be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorVerdict {
    /// It must be.
    Accepted,
    /// It must not be, where its control is.
    Refused {
        /// Name of the control.
        control: &'static str,
    },
}

/// What vectors are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Right in whatever form.
    Good,
    /// Several signatures, one of them right.
    Several,
    /// Right, and dated a little off the clock.
    Tolerance,
    /// A part of the signature is missing.
    Absent,
    /// The signature has not the form of one.
    Malformed,
    /// Another version of the scheme.
    Version,
    /// Another key.
    Key,
    /// Another body.
    Body,
    /// Other signature headers.
    Headers,
    /// Too old or too far ahead.
    Stale,
    /// Credentials of another scheme.
    Foreign,
    /// One byte of the signature.
    Byte,
    /// Another method, path or query.
    Url,
    /// Another signing string.
    Text,
}

/// What is changed about a genuine callback, in the words of its scheme.
#[derive(Clone, Copy, Debug)]
pub enum Changes {
    /// Kling.
    StandardWebhooks(&'static [standard_webhooks::StandardWebhooksChange]),
    /// Vidu.
    Vidu(&'static [vidu::ViduChange]),
}

/// A genuine callback before it is signed, and everything its signature depends on.
#[derive(Clone, Debug)]
pub struct Genuine {
    /// The vendor's id of the job.
    pub id: String,
    /// `webhook-id`, where there is one.
    pub delivery_id: String,
    /// A fresh UUID.
    pub nonce: String,
    /// Path and query.
    pub hook: String,
    /// `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: Bytes,
    /// The secret that the vendor signs with.
    pub secret: Secret,
    /// The time.
    pub now: Timestamp,
}

/// The vectors of a vendor's scheme; none if it does not sign.
pub fn of(vendor: Vendor) -> &'static [Vector] {
    match vendor.main_dialect().callbacks.signing {
        Signing::Unsigned => &[],
        Signing::StandardWebhooks => standard_webhooks::VECTORS,
        Signing::ViduHmac => vidu::VECTORS,
    }
}

/// Headers of a genuine callback as Vidu would sign it, for receivers of another scheme.
fn vidu_headers(genuine: &Genuine) -> Headers {
    vidu::request(&[], genuine).headers
}

/// Headers of a genuine callback as Standard Webhooks would sign it, for receivers of another scheme.
fn standard_webhooks_headers(genuine: &Genuine) -> Headers {
    let text = BASE64.encode(genuine.secret.expose().as_bytes());
    let secret = Secret::new(format!("whsec_{text}"));
    standard_webhooks::request(&[], &Genuine { secret, ..genuine.clone() }).headers
}

/// A vector by its name.
pub fn named(vendor: Vendor, name: &str) -> Option<&'static Vector> {
    of(vendor).iter().find(|vector| vector.name == name)
}

impl Vector {
    /// Whether it must be accepted.
    pub fn is_good(&self) -> bool {
        self.verdict == VectorVerdict::Accepted
    }

    /// The dialect its body is in, if not the vendor's main one.
    pub fn dialect(&self) -> Option<&'static str> {
        let Changes::StandardWebhooks(changes) = self.changes else { return None };
        changes.iter().find_map(|change| match change {
            standard_webhooks::StandardWebhooksChange::Dialect(name) => Some(*name),
            _ => None,
        })
    }

    /// Whether it shows the secret itself to its recipient.
    pub fn reveals(&self) -> bool {
        match self.changes {
            Changes::StandardWebhooks(changes) => changes.iter().any(
                |change| matches!(change, standard_webhooks::StandardWebhooksChange::Field(_, text) if text.contains("{secret}")),
            ),
            Changes::Vidu(changes) => changes
                .iter()
                .any(|change| matches!(change, vidu::ViduChange::Field(_, text) if text.contains("{secret}"))),
        }
    }

    /// The request.
    pub fn request(&self, genuine: &Genuine) -> Request {
        match self.changes {
            Changes::StandardWebhooks(changes) => standard_webhooks::request(changes, genuine),
            Changes::Vidu(changes) => vidu::request(changes, genuine),
        }
    }

    /// Whether the signature of its request holds at that time after all, which a bad one's can: if a hook
    /// has just the path that another was signed for.
    pub fn holds(&self, request: &Request, secret: &Secret, now: Timestamp) -> bool {
        let Request { method, target, headers, body } = request;
        match self.changes {
            Changes::StandardWebhooks(_) => {
                signature::verify_standard_webhooks(std::slice::from_ref(secret), headers, body, now).is_ok()
            }
            Changes::Vidu(_) => signature::verify_vidu(secret, method, target, headers).is_ok(),
        }
    }
}

impl Genuine {
    /// A callback, to be signed with a secret.
    pub fn of(callback: &Callback, secret: &Secret, now: Timestamp) -> Self {
        Self {
            id: callback.id.clone(),
            delivery_id: callback.delivery_id.clone(),
            nonce: Ids::seeded(fastrand::u64(..)).uuid(),
            hook: callback.hook.clone(),
            content_type: callback.content_type.clone(),
            body: callback.body.clone(),
            secret: secret.clone(),
            now,
        }
    }
}

/// Another form of a body.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Indented.
    Indented,
    /// With a line break at its end.
    FinalLineBreak,
    /// With a space at its end.
    FinalSpace,
    /// Its members from last to first.
    Reversed,
    /// Slashes and letters escaped.
    Escaped,
    /// Text beyond ASCII.
    BeyondAscii,
    /// 20 KiB more text.
    Long,
    /// Numbers with exponents and trailing zeros.
    Numbers,
    /// One letter in the other case.
    OneByte,
    /// `{}`.
    Nothing,
    /// An equal body about another job.
    OtherJob,
}

/// Members that hold text for people.
const MESSAGES: &[&str] = &["task_status_msg", "message"];

impl Form {
    fn of(self, genuine: &Genuine) -> Bytes {
        let body = &genuine.body;
        let text = String::from_utf8_lossy(body);
        let value: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let said = |words: &str| {
            let mut value = value.clone();
            let member = MESSAGES.iter().find(|name| value.contains_key(**name)).unwrap_or(&"message");
            value.insert((*member).to_owned(), words.into());
            Value::Object(value).to_string()
        };
        let formed = match self {
            Self::Indented => format!("{:#}", Value::Object(value.clone())),
            Self::FinalLineBreak => format!("{text}\n"),
            Self::FinalSpace => format!("{text} "),
            Self::Reversed => Value::Object(value.clone().into_iter().rev().collect()).to_string(),
            Self::Escaped => text.replace('/', "\\/").replace("http", "\\u0068ttp"),
            Self::BeyondAscii => said("纸船 🚣"),
            Self::Long => said(&"a paper boat ".repeat(20 * 1024 / 13)),
            Self::Numbers => {
                format!("{},\"weight\":1e1,\"ratio\":1.50}}", text.strip_suffix('}').unwrap_or(&text))
            }
            Self::OneByte => text.replacen("https", "httpS", 1),
            Self::Nothing => "{}".to_owned(),
            Self::OtherJob => text.replace(&genuine.id, &complement(&genuine.id)),
        };
        Bytes::from(formed)
    }
}

/// Another id of the same form.
fn complement(id: &str) -> String {
    id.chars().map(|sign| sign.to_digit(10).map_or(sign, |digit| char::from(b'9' - low(digit)))).collect()
}

fn low(digit: u32) -> u8 {
    u8::try_from(digit).unwrap_or_default()
}

/// Which key signs.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    /// One that the receiver does not know.
    Other,
    /// The secret as it is written, prefix and all.
    Written,
    /// The secret without its prefix, not decoded.
    Undecoded,
    /// None.
    Empty,
    /// A word that anyone can know.
    Word(&'static str),
}

/// A key that nobody has.
const STRANGER: &[u8] = b"nobody's own key, 32 bytes long.";

impl Key {
    fn bytes(self, secret: &Secret) -> Vec<u8> {
        let whole = secret.expose();
        match self {
            Self::Other => STRANGER.to_vec(),
            Self::Written => whole.as_bytes().to_vec(),
            Self::Undecoded => whole.strip_prefix("whsec_").unwrap_or(whole).as_bytes().to_vec(),
            Self::Empty => Vec::new(),
            Self::Word(word) => word.as_bytes().to_vec(),
        }
    }
}

/// A signature, and what words in braces stand for in the templates of the tables.
struct Seal<'g> {
    genuine: &'g Genuine,
    /// The MAC.
    mac: Vec<u8>,
    /// The MAC of the same text with a key that nobody has.
    other: Vec<u8>,
}

impl<'g> Seal<'g> {
    fn of(genuine: &'g Genuine, key: &[u8], text: &[u8]) -> Self {
        let mac = signature::hmac_sha256(key, text);
        Self { genuine, mac, other: signature::hmac_sha256(STRANGER, text) }
    }

    /// A template with its words filled in.
    fn fill(&self, template: &str) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, behind) = after.split_once('}').unwrap_or((after, ""));
            text.push_str(before);
            text.push_str(&self.word(word));
            rest = behind;
        }
        text + rest
    }

    fn word(&self, word: &str) -> String {
        let right = BASE64.encode(&self.mac);
        match word {
            // The right signature, and what can be wrong about its form.
            "mac" => right,
            "first-8" => right[..8].to_owned(),
            // Nothing but padding is missing at 43.
            "first-42" => right[..42].to_owned(),
            "lower" => right.to_ascii_lowercase(),
            "hex" => HEXLOWER.encode(&self.mac),
            "longer" => BASE64.encode(&[self.mac.as_slice(), b"!"].concat()),
            "flipped" => BASE64.encode(&flipped(&self.mac)),
            // Signatures that nobody made, or that a stranger made.
            "other" => BASE64.encode(&self.other),
            "zero" => BASE64.encode(&vec![0; self.mac.len()]),
            // Credentials of other schemes.
            "secret" => self.genuine.secret.expose().to_owned(),
            "jwt-none" => token(self.genuine, r#"{"alg":"none","typ":"JWT"}"#, |_| String::new()),
            "jwt" => token(self.genuine, r#"{"alg":"HS256","typ":"JWT"}"#, |text| {
                let key = self.genuine.secret.expose().as_bytes();
                BASE64URL_NOPAD.encode(&signature::hmac_sha256(key, text.as_bytes()))
            }),
            // Parts of the genuine callback.
            "nonce" => self.genuine.nonce.clone(),
            "other-nonce" => complement(&self.genuine.nonce),
            "plain-nonce" => self.genuine.nonce.replace('-', ""),
            _ => String::new(),
        }
    }
}

fn flipped(mac: &[u8]) -> Vec<u8> {
    let mut changed = mac.to_vec();
    if let Some(first) = changed.first_mut() {
        *first ^= 1;
    }
    changed
}

/// A JSON Web Token that is fresh.
fn token(genuine: &Genuine, head: &str, sign: impl FnOnce(&str) -> String) -> String {
    let seconds = genuine.now.as_second();
    let claims =
        format!(r#"{{"iss":"vendor","iat":{seconds},"nbf":{},"exp":{}}}"#, seconds - 5, seconds + 1800);
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let text = format!("{}.{}", encode(head), encode(&claims));
    let signature = sign(&text);
    format!("{text}.{signature}")
}

/// The fields with one of them set, in its place if it is there.
fn set(headers: &Headers, name: &str, value: &str) -> Headers {
    let is = |field: &str| field.eq_ignore_ascii_case(name);
    if headers.get(name).is_none() {
        return headers.iter().chain(std::iter::once((name, value))).collect();
    }
    headers.iter().map(|(field, was)| (field, if is(field) { value } else { was })).collect()
}

/// The fields without some of them.
fn without(headers: &Headers, gone: impl Fn(&str) -> bool) -> Headers {
    headers.iter().filter(|(name, _)| !gone(&name.to_ascii_lowercase())).collect()
}

/// A hook with more in its query.
fn with_query(hook: &str, query: &str) -> String {
    let joint = if hook.contains('?') { '&' } else { '?' };
    format!("{hook}{joint}{query}")
}
