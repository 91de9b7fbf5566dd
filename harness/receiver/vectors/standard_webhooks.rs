//! Vectors of Standard Webhooks, as Kling signs: over the id, the time and the bytes of the body.
//!
//! The table, then how a row becomes a request.

use bytes::Bytes;
use ringback_mocks::signature;
use ringback_mocks::wire::{Headers, Request};

use super::{Changes, Form, Genuine, Group, Key, Seal, Vector, VectorVerdict, set, with_query, without};

/// What is changed about a genuine callback. Words in braces of a template are those of `Seal`.
#[derive(Clone, Copy, Debug)]
pub enum StandardWebhooksChange {
    // Sent as it is signed.
    /// The body is in this dialect.
    Dialect(&'static str),
    /// A query is added to the URL.
    Query(&'static str),
    /// Another `webhook-id` (a template).
    Id(&'static str),
    /// Another `webhook-timestamp`.
    Time(When),
    /// Another form of the body.
    Body(Form),
    // Signed otherwise than sent.
    /// Another key.
    Key(Key),
    /// Another body is signed.
    SignedBody(Form),
    // Changed when it has been signed.
    /// Another body is sent.
    SentBody(Form),
    /// Another `webhook-id` is sent (a template).
    SentId(&'static str),
    /// A `webhook-timestamp` that many seconds later is sent.
    SentTime(i64),
    /// What is sent as `webhook-signature` (a template); `v1,{mac}` is right.
    Signature(&'static str),
    /// Without this field.
    Without(&'static str),
    /// Without any of the signature's fields.
    Unsigned,
    /// With another field (a template).
    Field(&'static str, &'static str),
    /// Signed in Vidu's scheme instead, with the same secret.
    OtherScheme,
}

/// What `webhook-timestamp` says.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// That many seconds from now.
    Away(i64),
    /// Now, in milliseconds.
    Milliseconds,
    /// Just this.
    Text(&'static str),
}

/// Controls.
const PLAIN: &str = "a callback as Kling signs it";
const INDENTED: &str = "an indented body";
const FINAL_LINE_BREAK: &str = "a body that ends in a line break";
const LATE: &str = "a timestamp 290 seconds old";
const EARLY: &str = "a timestamp 290 seconds ahead";

const DAY: i64 = 24 * 60 * 60;

/// Fields of this scheme.
const FIELDS: &[&str] = &["webhook-id", "webhook-timestamp", "webhook-signature"];

/// The table.
#[rustfmt::skip]
pub const VECTORS: &[Vector] = {
    use StandardWebhooksChange::{
        Body, Dialect, Field, Id, Key, OtherScheme, Query, SentBody, SentId, SentTime, Signature, SignedBody,
        Time, Unsigned, Without,
    };
    use Form::{
        BeyondAscii, Escaped, FinalLineBreak, FinalSpace, Indented, Long, Nothing, Numbers, OneByte, OtherJob,
        Reversed,
    };
    use When::{Away, Milliseconds, Text};
    &[
        good(Group::Good, PLAIN,                                   &[]),
        good(Group::Good, "a webhook-id that begins with msg_2b",  &[Id("msg_2b{plain-nonce}")]),
        good(Group::Good, "a webhook-id that is a UUID",           &[Id("{nonce}")]),
        good(Group::Good, INDENTED,                                &[Body(Indented)]),
        good(Group::Good, FINAL_LINE_BREAK,                        &[Body(FinalLineBreak)]),
        good(Group::Good, "a body with its members reversed",      &[Body(Reversed)]),
        good(Group::Good, "a body with escapes",                   &[Body(Escaped)]),
        good(Group::Good, "a body with text beyond ASCII",         &[Body(BeyondAscii)]),
        good(Group::Good, "a body of 20 KiB",                      &[Body(Long)]),
        good(Group::Good, "a body with numbers like 1e1 and 1.50", &[Body(Numbers)]),
        good(Group::Good, "a body of API 2.0",                     &[Dialect("kling-v2")]),
        good(Group::Good, "a URL with a query",                    &[Query("tenant=42")]),

        good(Group::Several, "a right signature before a wrong one",           &[Signature("v1,{mac} v1,{other}")]),
        good(Group::Several, "a right signature after a wrong one",            &[Signature("v1,{other} v1,{mac}")]),
        good(Group::Several, "a right signature between wrong ones",           &[Signature("v1,{other} v1,{mac} v1,{zero}")]),
        good(Group::Several, "a right signature after one of version v2",      &[Signature("v2,{other} v1,{mac}")]),
        good(Group::Several, "a right signature after one of version v1a",     &[Signature("v1a,{other}{other} v1,{mac}")]),
        good(Group::Several, "a right signature before one of version v9",     &[Signature("v1,{mac} v9,{other}")]),

        good(Group::Tolerance, LATE,                           &[Time(Away(-290))]),
        good(Group::Tolerance, "a timestamp two minutes old",  &[Time(Away(-120))]),
        good(Group::Tolerance, "a timestamp two minutes ahead",&[Time(Away(120))]),
        good(Group::Tolerance, EARLY,                          &[Time(Away(290))]),

        bad(Group::Absent, "no signature headers at all",         PLAIN, &[Unsigned]),
        bad(Group::Absent, "no webhook-id",                       PLAIN, &[Without("webhook-id")]),
        bad(Group::Absent, "no webhook-timestamp",                PLAIN, &[Without("webhook-timestamp")]),
        bad(Group::Absent, "no webhook-signature",                PLAIN, &[Without("webhook-signature")]),
        bad(Group::Absent, "the signature as x-kling-signature",  PLAIN, &[Without("webhook-signature"), Field("x-kling-signature", "v1,{mac}")]),

        bad(Group::Malformed, "an empty signature",                         PLAIN, &[Signature("")]),
        bad(Group::Malformed, "the signature `v1,`",                        PLAIN, &[Signature("v1,")]),
        bad(Group::Malformed, "the signature `v1`",                         PLAIN, &[Signature("v1")]),
        bad(Group::Malformed, "the signature without v1,",                  PLAIN, &[Signature("{mac}")]),
        bad(Group::Malformed, "the first 8 characters of the signature",    PLAIN, &[Signature("v1,{first-8}")]),
        bad(Group::Malformed, "the first 42 characters of the signature",   PLAIN, &[Signature("v1,{first-42}")]),
        bad(Group::Malformed, "the signature in lower case",                PLAIN, &[Signature("v1,{lower}")]),
        bad(Group::Malformed, "the signature in hexadecimal digits",        PLAIN, &[Signature("v1,{hex}")]),
        bad(Group::Malformed, "signatures with commas between them",        PLAIN, &[Signature("v1,{other},v1,{mac}")]),
        bad(Group::Malformed, "the signature with a byte more",             PLAIN, &[Signature("v1,{longer}")]),

        bad(Group::Version, "the right signature as version v2",  PLAIN, &[Signature("v2,{mac}")]),
        bad(Group::Version, "the right signature as version v1a", PLAIN, &[Signature("v1a,{mac}")]),
        bad(Group::Version, "the right signature as version V1",  PLAIN, &[Signature("V1,{mac}")]),
        bad(Group::Version, "the right signature as version v0",  PLAIN, &[Signature("v0,{mac}")]),

        bad(Group::Key, "a signature made with another secret",                     PLAIN, &[Key(super::Key::Other)]),
        bad(Group::Key, "a signature made with the text of the secret",             PLAIN, &[Key(super::Key::Written)]),
        bad(Group::Key, "a signature made with the secret undecoded, whsec_ apart", PLAIN, &[Key(super::Key::Undecoded)]),
        bad(Group::Key, "a signature made with an empty key",                       PLAIN, &[Key(super::Key::Empty)]),
        bad(Group::Key, "a signature of nothing but zeros",                         PLAIN, &[Signature("v1,{zero}")]),

        bad(Group::Body, "a body with one byte changed",                    PLAIN,            &[SentBody(OneByte)]),
        bad(Group::Body, "a body signed as it was and sent indented",       INDENTED,         &[SentBody(Indented)]),
        bad(Group::Body, "a body with a space added when it was signed",    FINAL_LINE_BREAK, &[SentBody(FinalSpace)]),
        bad(Group::Body, "a signature of the body {}",                      PLAIN,            &[SignedBody(Nothing)]),
        bad(Group::Body, "the signature of another job's body",             PLAIN,            &[SignedBody(OtherJob)]),

        bad(Group::Headers, "a webhook-id other than signed",            PLAIN, &[SentId("{nonce}")]),
        bad(Group::Headers, "a timestamp a second later than signed",    PLAIN, &[SentTime(1)]),
        bad(Group::Headers, "a webhook-id and timestamp not signed",     PLAIN, &[SentId("{nonce}"), SentTime(1)]),

        bad(Group::Stale, "a timestamp 310 seconds old",       LATE,  &[Time(Away(-310))]),
        bad(Group::Stale, "a timestamp a day old",             LATE,  &[Time(Away(-DAY))]),
        bad(Group::Stale, "a timestamp 310 seconds ahead",     EARLY, &[Time(Away(310))]),
        bad(Group::Stale, "a timestamp a day ahead",           EARLY, &[Time(Away(DAY))]),
        bad(Group::Stale, "a timestamp in milliseconds",       PLAIN, &[Time(Milliseconds)]),
        bad(Group::Stale, "the timestamp 0",                   PLAIN, &[Time(Text("0"))]),
        bad(Group::Stale, "the timestamp `soon`",              PLAIN, &[Time(Text("soon"))]),

        bad(Group::Foreign, "nothing but a JSON Web Token with algorithm none",     PLAIN, &[Unsigned, Field("authorization", "Bearer {jwt-none}")]),
        bad(Group::Foreign, "nothing but a JSON Web Token made with the secret",    PLAIN, &[Unsigned, Field("authorization", "Bearer {jwt}")]),
        bad(Group::Foreign, "nothing but the secret itself",                        PLAIN, &[Unsigned, Field("authorization", "Bearer {secret}")]),
        bad(Group::Foreign, "a signature in Vidu's scheme, made with Kling's secret", PLAIN, &[OtherScheme]),

        bad(Group::Byte, "a signature with one byte changed",     PLAIN, &[Signature("v1,{flipped}")]),
    ]
};

const fn good(group: Group, name: &'static str, changes: &'static [StandardWebhooksChange]) -> Vector {
    Vector { group, name, verdict: VectorVerdict::Accepted, changes: Changes::StandardWebhooks(changes) }
}

const fn bad(
    group: Group,
    name: &'static str,
    control: &'static str,
    changes: &'static [StandardWebhooksChange],
) -> Vector {
    Vector {
        group,
        name,
        verdict: VectorVerdict::Refused { control },
        changes: Changes::StandardWebhooks(changes),
    }
}

/// A request that differs so from a genuine callback.
pub fn request(changes: &[StandardWebhooksChange], genuine: &Genuine) -> Request {
    let mut hook = genuine.hook.clone();
    let mut id = genuine.delivery_id.clone();
    let mut time = genuine.now.as_second().to_string();
    let (mut signed, mut sent) = (genuine.body.clone(), genuine.body.clone());
    let secret = &genuine.secret;
    let mut key = signature::webhook_key(secret).unwrap_or_else(|| secret.expose().as_bytes().to_vec());
    let parts = Seal::of(genuine, &[], &[]);
    for change in changes {
        match *change {
            StandardWebhooksChange::Query(query) => hook = with_query(&hook, query),
            StandardWebhooksChange::Id(template) => id = parts.fill(template),
            StandardWebhooksChange::Time(when) => time = when.text(genuine),
            StandardWebhooksChange::Body(form) => {
                signed = form.of(genuine);
                sent = signed.clone();
            }
            StandardWebhooksChange::SignedBody(form) => signed = form.of(genuine),
            StandardWebhooksChange::SentBody(form) => sent = form.of(genuine),
            StandardWebhooksChange::Key(other) => key = other.bytes(secret),
            _ => {}
        }
    }
    let text = [format!("{id}.{time}.").as_bytes(), &signed].concat();
    let seal = Seal::of(genuine, &key, &text);
    let fields = [
        ("content-type", genuine.content_type.clone()),
        ("webhook-id", id),
        ("webhook-timestamp", time),
        ("webhook-signature", seal.fill("v1,{mac}")),
    ];
    let headers = changed(changes, &seal, fields.iter().map(|(name, value)| (name, value)).collect());
    Request { method: "POST".to_owned(), target: hook, headers, body: Bytes::clone(&sent) }
}

/// The header fields as they are sent.
fn changed(changes: &[StandardWebhooksChange], seal: &Seal<'_>, mut headers: Headers) -> Headers {
    for change in changes {
        headers = match *change {
            StandardWebhooksChange::Signature(template) => {
                set(&headers, "webhook-signature", &seal.fill(template))
            }
            StandardWebhooksChange::SentId(template) => set(&headers, "webhook-id", &seal.fill(template)),
            StandardWebhooksChange::SentTime(later) => {
                set(&headers, "webhook-timestamp", &When::Away(later).text(seal.genuine))
            }
            StandardWebhooksChange::Without(gone) => without(&headers, |name| name == gone),
            StandardWebhooksChange::Unsigned => without(&headers, |name| FIELDS.contains(&name)),
            StandardWebhooksChange::Field(name, template) => set(&headers, name, &seal.fill(template)),
            StandardWebhooksChange::OtherScheme => super::vidu_headers(seal.genuine),
            _ => headers,
        };
    }
    headers
}

impl When {
    fn text(self, genuine: &Genuine) -> String {
        match self {
            Self::Away(seconds) => (genuine.now.as_second() + seconds).to_string(),
            Self::Milliseconds => genuine.now.as_millisecond().to_string(),
            Self::Text(text) => text.to_owned(),
        }
    }
}
