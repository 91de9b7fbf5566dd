//! HTTP messages as values, and secrets that do not print.
//!
//! Here live the plain records every other room passes around: a request, a response, their
//! headers, a secret. No sockets, no clocks and no opinion about what a message means.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

/// Header fields in the order in which the transport hands them on; names compare without regard to case.
///
/// Over HTTP the fields of one name stay in their order, those of different names may not, and names are
/// in lower case. Values are text: in a value that is not UTF-8, U+FFFD stands for what is not. Nothing of
/// this field has such values, and journals, reports and signatures are text.
///
/// All text is in one string: a message has a dozen fields, and a string for each name and value
/// would be most of what a mock allocates.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    text: String,
    /// Where each name and each value ends in `text`; a name begins where the value before it ends.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// An empty set.
    pub const fn new() -> Self {
        Self { text: String::new(), ends: Vec::new() }
    }

    /// An empty set with room for so many fields and bytes of names and values.
    pub(crate) fn with_room(fields: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(fields) }
    }

    /// The first value of `name`, if the field is present.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Adds a field at the end, keeping earlier fields of the same name.
    pub fn push(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) {
        self.text.push_str(name.as_ref());
        let name_end = self.text.len();
        self.text.push_str(value.as_ref());
        self.ends.push((name_end, self.text.len()));
    }

    /// Name and value of every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut begin = 0;
        self.ends.iter().map(move |(name_end, value_end)| {
            let field = (&self.text[begin..*name_end], &self.text[*name_end..*value_end]);
            begin = *value_end;
            field
        })
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}

impl fmt::Debug for Headers {
    /// Names only: values may hold keys and signatures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// One HTTP request. `target` is the request target as received: path, and query after `?`.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Upper-case method.
    pub method: String,
    /// Origin-form target, never decoded.
    pub target: String,
    /// Header fields; see [`Headers`] for what is kept of them.
    pub headers: Headers,
    /// Body bytes as received; never re-serialised.
    pub body: Bytes,
}

impl Request {
    /// A request without body.
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: "GET".into(), target: target.into(), headers: Headers::new(), body: Bytes::new() }
    }

    /// A POST of a JSON document.
    pub fn post(target: impl Into<String>, body: &Value) -> Self {
        let mut headers = Headers::new();
        headers.push("content-type", "application/json");
        Self { method: "POST".into(), target: target.into(), headers, body: bytes_of(body) }
    }

    /// Adds a header field to the request.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The path, not decoded.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The first value of a query parameter, form-decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl fmt::Debug for Request {
    /// Neither header values nor body: both may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.path(), self.body.len())
    }
}

/// One HTTP response.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields, to be sent or received; see [`Headers`] for what is kept of those.
    pub headers: Headers,
    /// Body bytes.
    pub body: Bytes,
}

impl Response {
    /// A JSON answer.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let mut headers = Headers::new();
        headers.push("content-type", "application/json");
        Self { status, headers, body: bytes_of(body) }
    }

    /// A plain-text answer.
    pub fn text(status: u16, body: &'static str) -> Self {
        let mut headers = Headers::new();
        headers.push("content-type", "text/plain; charset=utf-8");
        Self { status, headers, body: Bytes::from_static(body.as_bytes()) }
    }

    /// The body as JSON, if it is JSON.
    pub fn value(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} ({} bytes)", self.status, self.body.len())
    }
}

/// JSON text of a document, without the detour through a formatter that `to_string` takes.
pub fn bytes_of(document: &impl Serialize) -> Bytes {
    // What is answered here has text for keys, so there is no way to fail.
    Bytes::from(serde_json::to_vec(document).unwrap_or_default())
}

/// A part of a URL with its percent-escapes read; a plus stays a plus.
pub fn unescaped(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A value that must never be printed: an API key, a webhook secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl AsRef<str>) -> Self {
        Self(Arc::from(value.as_ref()))
    }

    /// The value itself, for the wire and for masking; never for output.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}
