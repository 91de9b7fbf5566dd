//! Vectors of Vidu's scheme: over method, path, query, date and listed headers, never over the body.
//!
//! The table, then how a row becomes a request.

use std::fmt::Write as _;

use ringback_mocks::signature;
use ringback_mocks::wire::{Headers, Request, Secret};

use super::{
    Changes, Form, Genuine, Group, Key, Seal, Vector, VectorVerdict, set, standard_webhooks, with_query,
    without,
};

/// What is changed about a genuine callback. Words in braces of a template are those of `Seal`.
#[derive(Clone, Copy, Debug)]
pub enum ViduChange {
    // Sent as it is signed.
    /// A query is added to the URL.
    Query(&'static str),
    /// Another nonce (a template).
    Nonce(&'static str),
    /// Other names in `x-hmac-signed-headers`.
    Listed(&'static str),
    /// Another field, which may be listed.
    Sends(&'static str, &'static str),
    // Signed otherwise than sent.
    /// Another key.
    Key(Key),
    /// Signed for another method.
    SignedMethod(&'static str),
    /// Signed for another path.
    SignedPath(&'static str),
    /// Signed for another query.
    SignedQuery(fn(&str) -> String),
    /// Signed with another access key in the text.
    SignedAccessKey(&'static str),
    /// Signed with the names of headers in lower case.
    LowerCaseNames,
    /// Signed without the last line's end.
    NoFinalNewline,
    // Changed when it has been signed.
    /// Another body is sent.
    SentBody(Form),
    /// A `Date` so many seconds later is sent.
    SentDate(i64),
    /// What is sent as `x-hmac-signature` (a template); `{mac}` is right.
    Signature(&'static str),
    /// Without this field.
    Without(&'static str),
    /// Without any of the signature's fields.
    Unsigned,
    /// With another field, or another value of one (a template).
    Field(&'static str, &'static str),
    /// Signed by Standard Webhooks instead, with the same secret.
    OtherScheme,
}

/// Twins.
const PLAIN: &str = "a callback as Vidu signs it";
const QUERY: &str = "the query name=james&age=36";
const ENCODED: &str = "the query cb=a%2Fb%20c";
const THREE: &str = "three signed headers";

/// Fields of this scheme.
const FIELDS: &[&str] = &[
    "date",
    "x-request-nonce",
    "x-hmac-signed-headers",
    "x-hmac-algorithm",
    "x-hmac-access-key",
    "x-hmac-signature",
];

/// The names that Vidu lists.
const LISTED: &str = "Date;x-request-nonce";

/// The table.
#[rustfmt::skip]
pub const VECTORS: &[Vector] = {
    use ViduChange::{
        Field, Key, Listed, LowerCaseNames, NoFinalNewline, Nonce, OtherScheme, Query, SentBody, SentDate, Sends,
        Signature, SignedAccessKey, SignedMethod, SignedPath, SignedQuery, Unsigned, Without,
    };
    &[
        good(Group::Good, PLAIN,                                          &[]),
        good(Group::Good, QUERY,                                          &[Query("name=james&age=36")]),
        good(Group::Good, ENCODED,                                        &[Query("cb=a%2Fb%20c")]),
        good(Group::Good, "the query n=%e7%ba%b8, escaped in lower case", &[Query("n=%e7%ba%b8")]),
        good(Group::Good, "the query b=2&a=1&b=1",                        &[Query("b=2&a=1&b=1")]),
        good(Group::Good, "the query x=",                                 &[Query("x=")]),
        good(Group::Good, "the query flag, without a value",              &[Query("flag")]),
        good(Group::Good, "the query q=a+b",                              &[Query("q=a+b")]),
        good(Group::Good, "the query t=a:b/c?d",                          &[Query("t=a:b/c?d")]),
        good(Group::Good, "the signed headers x-request-nonce;Date",      &[Listed("x-request-nonce;Date")]),
        good(Group::Good, "three signed headers, one the content type",   &[Listed("Date;x-request-nonce;content-type")]),
        good(Group::Good, THREE,                                          &[Listed("Date;x-request-nonce;x-request-source"), Sends("x-request-source", "vidu")]),
        good(Group::Good, "a nonce that is no UUID",                      &[Nonce("n-{plain-nonce}")]),
        good(Group::Good, "a body in other words, which is not covered",  &[SentBody(Form::Indented)]),

        bad(Group::Absent, "no signature headers at all",  PLAIN, &[Unsigned]),
        bad(Group::Absent, "no date",                      PLAIN, &[Without("date")]),
        bad(Group::Absent, "no x-request-nonce",           PLAIN, &[Without("x-request-nonce")]),
        bad(Group::Absent, "no x-hmac-signed-headers",     PLAIN, &[Without("x-hmac-signed-headers")]),
        bad(Group::Absent, "no x-hmac-algorithm",          PLAIN, &[Without("x-hmac-algorithm")]),
        bad(Group::Absent, "no x-hmac-access-key",         PLAIN, &[Without("x-hmac-access-key")]),
        bad(Group::Absent, "no x-hmac-signature",          PLAIN, &[Without("x-hmac-signature")]),

        bad(Group::Malformed, "an empty signature",                        PLAIN, &[Signature("")]),
        bad(Group::Malformed, "the first 8 characters of the signature",   PLAIN, &[Signature("{first-8}")]),
        bad(Group::Malformed, "the first 42 characters of the signature",  PLAIN, &[Signature("{first-42}")]),
        bad(Group::Malformed, "the signature in lower case",               PLAIN, &[Signature("{lower}")]),
        bad(Group::Malformed, "the signature in hexadecimal digits",       PLAIN, &[Signature("{hex}")]),
        bad(Group::Malformed, "the signature with a byte more",            PLAIN, &[Signature("{longer}")]),
        bad(Group::Malformed, "the signature with v1, before it",          PLAIN, &[Signature("v1,{mac}")]),

        bad(Group::Key, "a signature made with another key",             PLAIN, &[Key(super::Key::Other)]),
        bad(Group::Key, "a signature made with an empty key",            PLAIN, &[Key(super::Key::Empty)]),
        bad(Group::Key, "a signature made with the word vidu as key",    PLAIN, &[Key(super::Key::Word("vidu"))]),
        bad(Group::Key, "a signature of nothing but zeros",              PLAIN, &[Signature("{zero}")]),

        bad(Group::Url, "a signature made for GET",                           QUERY,   &[Query("name=james&age=36"), SignedMethod("GET")]),
        bad(Group::Url, "a signature made for PUT",                           QUERY,   &[Query("name=james&age=36"), SignedMethod("PUT")]),
        bad(Group::Url, "a signature made for the path /",                    QUERY,   &[Query("name=james&age=36"), SignedPath("/")]),
        bad(Group::Url, "a signature made for the path /vidu/callback",       QUERY,   &[Query("name=james&age=36"), SignedPath("/vidu/callback")]),
        bad(Group::Url, "a signature made without the query",                 QUERY,   &[Query("name=james&age=36"), SignedQuery(dropped)]),
        bad(Group::Url, "a signature made with the query sorted",             QUERY,   &[Query("name=james&age=36"), SignedQuery(sorted)]),
        bad(Group::Url, "a signature made with the query decoded",            ENCODED, &[Query("cb=a%2Fb%20c"), SignedQuery(decoded)]),
        bad(Group::Url, "a signature made with a question mark in the query", QUERY,   &[Query("name=james&age=36"), SignedQuery(marked)]),

        bad(Group::Text, "a signature made without the final newline",         QUERY, &[Query("name=james&age=36"), NoFinalNewline]),
        bad(Group::Text, "a signature made with `date` for `Date`",            QUERY, &[Query("name=james&age=36"), LowerCaseNames]),
        bad(Group::Text, "a Date a second later than signed",                  PLAIN, &[SentDate(1)]),
        bad(Group::Text, "a nonce other than signed",                          PLAIN, &[Field("x-request-nonce", "{other-nonce}")]),
        bad(Group::Text, "the access key `other` in the header",               PLAIN, &[Field("x-hmac-access-key", "other")]),
        bad(Group::Text, "the access key `other` in the header and the text",  PLAIN, &[SignedAccessKey("other"), Field("x-hmac-access-key", "other")]),
        bad(Group::Text, "the algorithm `none`",                               PLAIN, &[Field("x-hmac-algorithm", "none")]),
        bad(Group::Text, "the algorithm `hmac-sha1`",                          PLAIN, &[Field("x-hmac-algorithm", "hmac-sha1")]),
        bad(Group::Text, "the algorithm `HMAC-MD5`",                           PLAIN, &[Field("x-hmac-algorithm", "HMAC-MD5")]),
        bad(Group::Text, "a header that was signed and is not sent",           THREE, &[Listed("Date;x-request-nonce;x-request-source"), Sends("x-request-source", "vidu"), Without("x-request-source")]),

        bad(Group::Foreign, "nothing but a JSON Web Token with algorithm none",    PLAIN, &[Unsigned, Field("authorization", "Bearer {jwt-none}")]),
        bad(Group::Foreign, "nothing but a JSON Web Token made with the secret",   PLAIN, &[Unsigned, Field("authorization", "Bearer {jwt}")]),
        bad(Group::Foreign, "nothing but the secret itself",                       PLAIN, &[Unsigned, Field("authorization", "Bearer {secret}")]),
        bad(Group::Foreign, "a signature in Kling's scheme, made with Vidu's secret", PLAIN, &[OtherScheme]),

        bad(Group::Byte, "a signature with one byte changed",    PLAIN, &[Signature("{flipped}")]),
    ]
};

const fn good(group: Group, name: &'static str, changes: &'static [ViduChange]) -> Vector {
    Vector { group, name, verdict: VectorVerdict::Accepted, changes: Changes::Vidu(changes) }
}

const fn bad(
    group: Group,
    name: &'static str,
    control: &'static str,
    changes: &'static [ViduChange],
) -> Vector {
    Vector { group, name, verdict: VectorVerdict::Refused { control }, changes: Changes::Vidu(changes) }
}

fn dropped(_query: &str) -> String {
    String::new()
}

fn sorted(query: &str) -> String {
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.sort_unstable();
    parts.join("&")
}

fn decoded(query: &str) -> String {
    // As the value of one pair, in which a plus stays a plus.
    let text = format!("={}", query.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(text.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

fn marked(query: &str) -> String {
    format!("?{query}")
}

/// The text that is signed, in its parts.
struct Text {
    method: &'static str,
    path: String,
    query: String,
    access_key: &'static str,
    date: String,
    names: Vec<String>,
    ends: bool,
}

/// A request that differs so from a genuine callback.
pub fn request(changes: &[ViduChange], genuine: &Genuine) -> Request {
    let Genuine { secret, now, .. } = genuine;
    let parts = Seal::of(genuine, &[], &[]);
    let mut hook = genuine.hook.clone();
    let (mut nonce, mut listed, mut body) = (genuine.nonce.clone(), LISTED, genuine.body.clone());
    let mut key = secret.expose().as_bytes().to_vec();
    let mut headers: Headers = [("content-type", &genuine.content_type)].into_iter().collect();
    for change in changes {
        match *change {
            ViduChange::Query(query) => hook = with_query(&hook, query),
            ViduChange::Nonce(template) => nonce = parts.fill(template),
            ViduChange::Listed(names) => listed = names,
            ViduChange::Sends(name, value) => headers.push(name, value),
            ViduChange::SentBody(form) => body = form.of(genuine),
            ViduChange::Key(other) => key = other.bytes(secret),
            _ => {}
        }
    }
    let date = signature::http_date(*now);
    headers.push("date", &date);
    headers.push("x-request-nonce", &nonce);
    headers.push("x-hmac-signed-headers", listed);
    headers.push("x-hmac-algorithm", "hmac-sha256");
    headers.push("x-hmac-access-key", "vidu");
    let (path, query) = hook.split_once('?').unwrap_or((&hook, ""));
    let text = Text {
        method: "POST",
        path: path.to_owned(),
        query: query.to_owned(),
        access_key: "vidu",
        date,
        names: listed.split(';').map(str::to_owned).collect(),
        ends: true,
    };
    let seal = Seal::of(genuine, &key, text.changed(changes).written(&headers).as_bytes());
    headers.push("x-hmac-signature", seal.fill("{mac}"));
    let headers = changed(changes, &seal, headers);
    Request { method: "POST".to_owned(), target: hook, headers, body }
}

impl Text {
    /// As somebody signs it who errs.
    fn changed(mut self, changes: &[ViduChange]) -> Self {
        for change in changes {
            match *change {
                ViduChange::SignedMethod(method) => self.method = method,
                ViduChange::SignedPath(path) => path.clone_into(&mut self.path),
                ViduChange::SignedQuery(other) => self.query = other(&self.query),
                ViduChange::SignedAccessKey(key) => self.access_key = key,
                ViduChange::LowerCaseNames => {
                    self.names.iter_mut().for_each(|name| name.make_ascii_lowercase());
                }
                ViduChange::NoFinalNewline => self.ends = false,
                _ => {}
            }
        }
        self
    }

    fn written(&self, headers: &Headers) -> String {
        let Self { method, path, query, access_key, date, names, ends } = self;
        let mut text = format!("{method}\n{path}\n{query}\n{access_key}\n{date}\n");
        for name in names {
            let _ = writeln!(text, "{name}:{}", headers.get(name).unwrap_or_default());
        }
        if !ends {
            text.pop();
        }
        text
    }
}

/// The header fields as they are sent.
fn changed(changes: &[ViduChange], seal: &Seal<'_>, mut headers: Headers) -> Headers {
    for change in changes {
        headers = match *change {
            ViduChange::Signature(template) => set(&headers, "x-hmac-signature", &seal.fill(template)),
            ViduChange::SentDate(later) => {
                let later = jiff::SignedDuration::from_secs(later);
                set(&headers, "date", &signature::http_date(seal.genuine.now + later))
            }
            ViduChange::Without(gone) => without(&headers, |name| name == gone),
            ViduChange::Unsigned => without(&headers, |name| FIELDS.contains(&name)),
            ViduChange::Field(name, template) => set(&headers, name, &seal.fill(template)),
            ViduChange::OtherScheme => {
                let text = data_encoding::BASE64.encode(seal.genuine.secret.expose().as_bytes());
                let secret = Secret::new(format!("whsec_{text}"));
                let genuine = Genuine { secret, ..seal.genuine.clone() };
                standard_webhooks::request(&[], &genuine).headers
            }
            _ => headers,
        };
    }
    headers
}
