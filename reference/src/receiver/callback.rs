//! What a callback says: from bytes to an id and a state, or why it says nothing.
//!
//! Pure. Where each dialect keeps them is a table; which words there are is the vendors' own table.
//! Whether a callback is to be believed is not decided here.

use serde_json::{Map, Value};

use super::defect::Defect;
use ringback_mocks::vendor::{Phase, Vendor};
use ringback_mocks::wire::Request;

/// One event of a job, as somebody told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The vendor's id of the job.
    pub(super) id: String,
    /// Name of the dialect.
    pub(super) dialect: &'static str,
    /// The state word as written.
    pub(super) word: String,
    /// What it means; none for a word that nobody announced.
    pub(super) phase: Option<Phase>,
    /// The record's own time of change.
    pub(super) time: Option<i64>,
    /// The first result it names.
    pub(super) result: Option<String>,
    /// Whether it carries something of the customer's own.
    pub(super) carries: bool,
}

/// Why a callback says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is refused with this status.
    Refused(u16),
    /// It is acknowledged all the same; only a defect does so.
    Acknowledged,
}

/// Longest body that is read.
pub(super) const BODY_MAX: usize = ringback_mocks::http::REQUEST_MAX;
/// The limit of the defect that has a small one.
const BODY_SMALL: usize = 64 * 1024;
/// Deepest nesting that the parser follows.
const DEPTH_MAX: usize = 128;

/// Where a dialect's callbacks keep what a receiver needs.
struct Shape {
    dialect: &'static str,
    /// The member around the record; none where the record is the body.
    wrapper: Option<&'static str>,
    id: &'static str,
    state: &'static str,
    time: Option<&'static str>,
}

impl Shape {
    const fn row(
        dialect: &'static str,
        wrapper: Option<&'static str>,
        id: &'static str,
        state: &'static str,
        time: Option<&'static str>,
    ) -> Self {
        Self { dialect, wrapper, id, state, time }
    }
}

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    Shape::row("kling-legacy", None,         "task_id", "task_status", Some("updated_at")),
    Shape::row("kling-v2",     None,         "id",      "status",      Some("update_time")),
    Shape::row("ark",          None,         "id",      "status",      Some("updated_at")),
    Shape::row("minimax-v2",   Some("task"), "id",      "status",      Some("updated_at")),
    Shape::row("minimax-v1",   None,         "task_id", "status",      None),
    Shape::row("vidu",         None,         "id",      "state",       None),
];

/// The challenge in a body, whatever else is in it.
pub(super) fn challenge(request: &Request) -> Option<(Value, usize)> {
    let body: Map<String, Value> = serde_json::from_slice(&request.body).ok()?;
    body.get("challenge").map(|value| (value.clone(), body.len()))
}

/// What a request says about jobs: one event, unless a defect finds two in it.
pub(super) fn read(vendor: Vendor, request: &Request, defect: Option<Defect>) -> Result<Vec<Seen>, Unread> {
    let is = |one| defect == Some(one);
    let refused = |status| Err(Unread::Refused(status));
    let body = &request.body;
    let kind = request.headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
    if body.len() > BODY_MAX {
        return refused(413);
    }
    if is(Defect::SmallBodyLimit) && body.len() > BODY_SMALL {
        return refused(413);
    }
    if body.is_empty() && is(Defect::EmptyIs500) || kind.contains("xml") && is(Defect::XmlIs500) {
        return refused(500);
    }
    let malformed = || if is(Defect::MalformedAcked) { Err(Unread::Acknowledged) } else { refused(400) };
    let Ok(text) = std::str::from_utf8(body) else {
        return if is(Defect::Utf8Is500) { refused(500) } else { malformed() };
    };
    if is(Defect::AsciiOnly) && !text.is_ascii() {
        return refused(400);
    }
    if is(Defect::NestingIs500) && depth(text) > DEPTH_MAX {
        return refused(500);
    }
    let document = match defect {
        Some(Defect::FormAccepted) if kind.contains("form") => Ok(form(text)),
        Some(Defect::TrailingDataAccepted) => {
            serde_json::Deserializer::from_str(text).into_iter().next().unwrap_or(Ok(Value::Null))
        }
        _ => serde_json::from_str::<Value>(text),
    };
    let Ok(document) = document else {
        // What is empty, deep or no JSON by its own account is the business of other defects.
        let ordinary = !text.is_empty() && kind.contains("json") && depth(text) <= DEPTH_MAX;
        return if is(Defect::MalformedIs500) && ordinary { refused(500) } else { malformed() };
    };
    let Value::Object(document) = document else {
        return if is(Defect::ArrayIs500) { refused(500) } else { malformed() };
    };
    let Some((shape, record)) = shaped(vendor, &document) else {
        return match defect {
            Some(Defect::MissingIdIs500) => refused(500),
            Some(Defect::MissingIdAcked) => Err(Unread::Acknowledged),
            _ => refused(400),
        };
    };
    let seen = record_of(vendor, shape, record, defect)?;
    if is(Defect::DuplicateKeysWorkTwice) {
        let every = every_id(text, shape.id);
        if every.len() > 1 {
            return Ok(every.into_iter().map(|id| Seen { id, ..seen.clone() }).collect());
        }
    }
    Ok(vec![seen])
}

/// What a state word of a vendor means: its callbacks' words, and those of its queries, which some
/// of its pages print in callbacks too.
pub(super) fn meaning(vendor: Vendor, dialect: &str, word: &str, defect: Option<Defect>) -> Option<Phase> {
    let own = vendor.dialects().iter().filter(|one| one.name == dialect);
    let others = vendor.dialects().iter().filter(|one| one.name != dialect);
    own.chain(others).flat_map(|one| one.words).find_map(|row| {
        let of_query = row.query == word && defect != Some(Defect::CapitalsUnknown);
        (row.callback == Some(word) || of_query).then_some(row.phase)
    })
}

/// The dialect a body is in, and its record: the first that has an id where that dialect keeps it.
fn shaped(vendor: Vendor, document: &Map<String, Value>) -> Option<(&'static Shape, &Map<String, Value>)> {
    SHAPES.iter().filter(|shape| vendor.dialects().iter().any(|one| one.name == shape.dialect)).find_map(
        |shape| {
            let record = match shape.wrapper {
                Some(wrapper) => document.get(wrapper)?.as_object()?,
                None => document,
            };
            record.get(shape.id).filter(|id| !id.is_null()).map(|_| (shape, record))
        },
    )
}

fn record_of(
    vendor: Vendor,
    shape: &Shape,
    record: &Map<String, Value>,
    defect: Option<Defect>,
) -> Result<Seen, Unread> {
    let is = |one| defect == Some(one);
    let refuse = |when: bool, status| if when { Err(Unread::Refused(status)) } else { Ok(()) };
    let id = match record.get(shape.id) {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        Some(Value::Number(id)) if id.is_u64() => id.to_string(),
        _ => return Err(Unread::Refused(400)),
    };
    let state = record.get(shape.state);
    refuse(is(Defect::StateNumberIs500) && state.is_some_and(Value::is_number), 500)?;
    let word = state.and_then(Value::as_str).ok_or(Unread::Refused(400))?;
    let phase = meaning(vendor, shape.dialect, word, defect);
    refuse(is(Defect::OddIdIs500) && id.chars().any(char::is_control), 500)?;
    refuse(is(Defect::NullsAre500) && record.values().any(Value::is_null), 500)?;
    refuse(is(Defect::UnknownWordIs500) && phase.is_none(), 500)?;
    let wrong = match defect {
        Some(Defect::KlingV2Unknown) => shape.dialect == "kling-v2",
        Some(Defect::MinimaxWrapperUnknown) => shape.dialect == "minimax-v2",
        Some(Defect::FirstFieldIsId) => record.keys().next().is_none_or(|first| first != shape.id),
        Some(Defect::UnknownFieldsRefused) => record.keys().any(|name| name.starts_with("x_")),
        Some(Defect::TimesRequired) => shape.time.is_some_and(|time| !record.contains_key(time)),
        Some(Defect::PayloadRequired) => shape.dialect == "vidu" && !record.contains_key("payload"),
        Some(Defect::ErrorRequired) => {
            shape.dialect == "ark" && phase == Some(Phase::Failed) && !record.contains_key("error")
        }
        Some(Defect::ExpiredIs400) => shape.dialect == "ark" && phase == Some(Phase::Expired),
        _ => false,
    };
    refuse(wrong, 400)?;
    Ok(Seen {
        // Who confirms by id needs the very one.
        id: if super::trust::signs(vendor) { known_as(&id, defect) } else { id },
        dialect: shape.dialect,
        word: word.to_owned(),
        phase,
        time: shape.time.and_then(|time| record.get(time)?.as_i64()),
        result: result_in(record),
        carries: record.get("payload").and_then(Value::as_str).is_some_and(|payload| !payload.is_empty()),
    })
}

/// An id as the receiver keeps it, which is the id itself.
pub(super) fn known_as(id: &str, defect: Option<Defect>) -> String {
    match id.parse::<f64>() {
        Ok(number) if defect == Some(Defect::IdsAsFloats) && id.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{number:.0}")
        }
        _ => id.to_owned(),
    }
}

/// The first result a record names, a URL or the id of a file.
fn result_in(record: &Map<String, Value>) -> Option<String> {
    record.iter().find_map(|(name, value)| match value {
        Value::String(text) if text.starts_with("http") || (name == "file_id" && !text.is_empty()) => {
            Some(text.clone())
        }
        Value::Object(inner) => result_in(inner),
        Value::Array(items) => items.iter().filter_map(Value::as_object).find_map(result_in),
        _ => None,
    })
}

/// Every value of a member that occurs more than once.
fn every_id(text: &str, member: &str) -> Vec<String> {
    let name = format!("\"{member}\":");
    text.split(&name)
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .map(str::to_owned)
        .collect()
}

fn form(text: &str) -> Value {
    url::form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect::<Map<_, _>>()
        .into()
}

/// How deep brackets go, roughly: those inside of strings count too.
fn depth(text: &str) -> usize {
    let mut deepest = 0_usize;
    let mut now = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => now += 1,
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}
