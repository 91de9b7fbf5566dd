//! Payloads in a stable form: what differs from run to run is replaced, everything else is kept.
//!
//! Pure and idempotent. Placeholders are typed and numbered by first appearance, so that "the same
//! id twice" stays visible. Snapshots are made of this; verdicts never are.

use serde_json::Value;

use crate::report::{AnswerReport, BodyReport, ExchangeReport};

/// Header fields that belong to the payload; the others belong to the HTTP library.
const HEADERS: &[&str] = &[
    "authorization",
    "content-type",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-hmac-algorithm",
    "x-hmac-access-key",
    "x-hmac-signed-headers",
    "x-hmac-signature",
    "x-request-nonce",
];

/// Replaces volatile values, the same value always by the same placeholder.
#[derive(Debug, Default)]
pub struct Normalizer {
    known: Vec<(String, String)>,
    ids: Vec<String>,
}

impl Normalizer {
    /// A normalizer that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that is told ids with what they are, whatever form they have; longer ones win.
    pub fn knowing(ids: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        let mut known: Vec<_> = ids
            .into_iter()
            .filter(|(id, _)| !id.is_empty())
            .map(|(id, what)| (id, format!("<{what}>")))
            .collect();
        known.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        Self { known, ids: Vec::new() }
    }

    /// An exchange as text: request line, payload headers, body, status, body.
    pub fn exchange(&mut self, exchange: &ExchangeReport) -> String {
        let mut lines = vec![self.request(exchange)];
        match &exchange.answer {
            AnswerReport::Response { status, headers, body } => {
                lines.push(format!("→ HTTP {status}"));
                lines.extend(self.headers(headers));
                lines.extend(self.body(body.as_ref()));
            }
            AnswerReport::Error { error } => lines.push(format!("→ no answer: {}", self.text(error))),
        }
        lines.join("\n")
    }

    /// The part that was asked: request line, payload headers, body.
    pub fn request(&mut self, exchange: &ExchangeReport) -> String {
        let request = &exchange.request;
        let mut lines = vec![format!("{} {}", request.method, self.text(&request.target))];
        lines.extend(self.headers(&request.headers));
        lines.extend(self.body(request.body.as_ref()));
        lines.join("\n")
    }

    /// A JSON value with placeholders; keys and their order are kept.
    pub fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                fields.iter().map(|(key, value)| (key.clone(), self.field(key, value))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::String(text) => Value::from(self.text(text)),
            Value::Number(number) if number.is_u64() => {
                let digits = number.to_string();
                match self.text(&digits) {
                    id if id == digits => value.clone(),
                    id => Value::from(id.replace('>', ", number>")),
                }
            }
            other => other.clone(),
        }
    }

    /// Text with placeholders in place of ids, times and ports.
    pub fn text(&mut self, text: &str) -> String {
        let found = self.known.iter().find_map(|(id, name)| Some((whole(text, id)?, id.len(), name.clone())));
        if let Some((at, length, name)) = found {
            return self.text(&text[..at]) + &name + &self.text(&text[at + length..]);
        }
        self.words(text)
    }

    fn words(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for character in text.chars().chain([' ']) {
            if character.is_ascii_alphanumeric() || character == '_' || character == '-' {
                word.push(character);
                continue;
            }
            out.push_str(&self.word(&word));
            word.clear();
            out.push(character);
        }
        out.pop();
        out
    }

    fn field(&mut self, key: &str, value: &Value) -> Value {
        let is_time = matches!(
            key,
            "created_time"
                | "created_at"
                | "updated_at"
                | "create_time"
                | "update_time"
                | "webhook-timestamp"
        );
        match value {
            // A number that becomes a string, or the other way round, breaks typed clients: it shows.
            Value::Number(_) if is_time => Value::from("<time, number>"),
            Value::String(text) if is_time && !text.starts_with("<time") => Value::from(time(text)),
            // One for each question; a number would change with how often was asked.
            Value::String(text) if matches!(key, "request_id" | "trace_id") && !text.is_empty() => {
                Value::from("<request-id>")
            }
            Value::Number(number) if key == "file_id" => {
                let id = self.numbered(&number.to_string());
                Value::from(id.replace('>', ", number>"))
            }
            other => self.value(other),
        }
    }

    fn headers(&mut self, headers: &[(String, String)]) -> Vec<String> {
        headers
            .iter()
            .filter(|(name, _)| HEADERS.contains(&name.to_ascii_lowercase().as_str()))
            .map(|(name, value)| {
                let value = match name.to_ascii_lowercase().as_str() {
                    "webhook-signature" | "x-hmac-signature" => "<hmac-sha256>".to_owned(),
                    "webhook-timestamp" => "<time>".to_owned(),
                    "x-request-nonce" => "<nonce>".to_owned(),
                    _ => self.text(value),
                };
                format!("{name}: {value}")
            })
            .collect()
    }

    fn body(&mut self, body: Option<&BodyReport>) -> Option<String> {
        let body = body?;
        let text = body.text.as_deref().or(body.base64.as_deref()).unwrap_or("");
        Some(match serde_json::from_str::<Value>(text) {
            Ok(value) => format!("{:#}", self.value(&value)),
            Err(_) => self.text(text),
        })
    }

    /// An id is a long run of letters and digits that no person would have written.
    fn word(&mut self, word: &str) -> String {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let hexadecimal = |part: &str| part.len() > 3 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let uuid = word.len() == 36 && word.split('-').count() == 5 && word.split('-').all(hexadecimal);
        let token = word.starts_with("rb") && word.len() == 20 && !word.contains(['-', '_']);
        let task = word.strip_prefix("task_").is_some_and(|tail| tail.len() >= 20);
        let ark = word.strip_prefix("cgt-").is_some_and(|tail| tail.len() == 20);
        let number = digits == word.len() && digits >= 15;
        let trace = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if uuid || token || task || ark || number || trace { self.numbered(word) } else { word.to_owned() }
    }

    fn numbered(&mut self, id: &str) -> String {
        let at = self.ids.iter().position(|known| known == id).unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.ids.len() - 1
        });
        format!("<id-{}>", at + 1)
    }
}

/// Where an id stands in a text, not as a part of a longer word.
fn whole(text: &str, id: &str) -> Option<usize> {
    let inside = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(id)
        .map(|(at, _)| at)
        .find(|at| !inside(text[..*at].chars().next_back()) && !inside(text[at + id.len()..].chars().next()))
}

/// A time's form without the time: a change of the form is a change of the payload. How many digits a
/// fraction has is chance, where zeros at its end are left out.
fn time(text: &str) -> String {
    if text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("<time, {}>", if text.is_empty() { "empty" } else { "digits" });
    }
    let moment: String = text.chars().take(19).collect();
    let zone = &text[moment.len()..];
    let digits = zone.strip_prefix('.').map(|tail| tail.trim_start_matches(|c: char| c.is_ascii_digit()));
    let zone = digits.map_or_else(|| zone.to_owned(), |rest| format!(".d{rest}"));
    let form: String = moment.chars().map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
    format!("<time {form}{zone}>")
}
