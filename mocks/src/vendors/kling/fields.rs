//! Tables of body fields, and the one function that checks a body against them.
//!
//! No product is known here. Sentences follow the few that were observed (`image can not be null`,
//! `File is not in a valid base64 format`); the rest are in their manner.

use serde_json::{Map, Value};

/// One field of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its key.
    pub(super) name: &'static str,
    /// What it may be.
    pub(super) kind: Kind,
    /// Whether it must be there.
    pub(super) must: bool,
    /// The vendor's own sentence for anything wrong with it, where one is documented.
    pub(super) complaint: &'static str,
}

/// A field that must be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, must: true, complaint: "" }
}

/// A field that may be there.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, must: false, complaint: "" }
}

impl Field {
    /// The field with the sentence that the vendor documents for it.
    pub(super) const fn or(self, complaint: &'static str) -> Self {
        Self { complaint, ..self }
    }
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number from, to.
    Number(f64, f64),
    /// A whole number from, to.
    Whole(i64, i64),
    /// One of these whole numbers.
    WholeOf(&'static [i64]),
    /// A whole number from, to, or this word.
    WholeOr(i64, i64, &'static str),
    /// `true` or `false`.
    Flag,
    /// A file as URL or as raw Base64 of at most so many megabytes.
    File(usize),
    /// A file as URL only.
    Link,
    /// An id: text or a whole number, as both are found in the pages.
    Id,
    /// So many to so many of a kind.
    Many(usize, usize, &'static Kind),
    /// An object.
    Group(&'static [Field]),
    /// Whatever; another rule looks at it.
    Any,
}

/// Text without a documented limit.
pub(super) const TEXT: Kind = Kind::Text(usize::MAX);
/// The object every product takes to ask for a watermarked copy.
pub(super) const WATERMARK: Kind = Kind::Group(&[may("enabled", Kind::Flag)]);

const MEGABYTE: usize = 1 << 20;
/// Observed, to the letter.
const BASE64: &str = "File is not in a valid base64 format";

/// Whether a field counts as given: null is as good as nothing.
pub(super) fn is_given(value: Option<&Value>) -> bool {
    !matches!(value, None | Some(Value::Null))
}

/// Checks an object; the sentence says what is wrong. `known_only` also minds keys no table has.
pub(super) fn check(
    fields: &[&[Field]],
    body: &Map<String, Value>,
    within: &str,
    known_only: bool,
) -> Result<(), String> {
    let rows = || fields.iter().flat_map(|rows| rows.iter());
    if known_only && let Some(key) = body.keys().find(|key| rows().all(|row| row.name != key.as_str())) {
        return Err(format!("{within}{} is not a parameter", super::shown(key)));
    }
    for field in rows() {
        let value = body.get(field.name);
        // Most fields of most creates are not given, and need no sentence.
        if !field.must && !is_given(value) {
            continue;
        }
        let place = format!("{within}{}", field.name);
        let checked = match value {
            None | Some(Value::Null) => Err(format!("{place} can not be null")),
            Some(Value::String(text)) if text.is_empty() && may_be_empty(field.kind) => {
                if field.must {
                    Err(format!("{place} can not be empty"))
                } else {
                    Ok(())
                }
            }
            Some(value) => fits(field.kind, value, &place, known_only),
        };
        if let Err(sentence) = checked {
            return Err(if field.complaint.is_empty() { sentence } else { field.complaint.to_owned() });
        }
    }
    Ok(())
}

/// The pages' samples send `""` for texts and files that are not wanted.
const fn may_be_empty(kind: Kind) -> bool {
    matches!(kind, Kind::Text(_) | Kind::File(_) | Kind::Link | Kind::Id)
}

fn fits(kind: Kind, value: &Value, place: &str, known_only: bool) -> Result<(), String> {
    let wanted = |what: &str| Err(format!("{place} must be {what}"));
    let off = || Err(format!("{place} value is out of range"));
    match (kind, value) {
        (Kind::Any, _) | (Kind::Flag, Value::Bool(_)) => Ok(()),
        (Kind::Id, value) if value.is_string() || value.is_i64() || value.is_u64() => Ok(()),
        (Kind::Text(most), Value::String(text)) => {
            if most != usize::MAX && text.chars().nth(most).is_some() {
                return Err(format!("{place} can not exceed {most} characters"));
            }
            Ok(())
        }
        (Kind::Word(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(()),
        (Kind::Word(_), Value::String(_)) => Err(format!("{place} value is invalid")),
        (Kind::Number(least, most), Value::Number(number)) => match number.as_f64() {
            Some(number) if (least..=most).contains(&number) => Ok(()),
            _ => off(),
        },
        (Kind::Whole(least, most) | Kind::WholeOr(least, most, _), Value::Number(number)) => {
            match whole(number) {
                Some(number) if (least..=most).contains(&number) => Ok(()),
                _ => off(),
            }
        }
        (Kind::WholeOf(numbers), Value::Number(number)) => match whole(number) {
            Some(number) if numbers.contains(&number) => Ok(()),
            _ => off(),
        },
        (Kind::WholeOr(_, _, word), Value::String(text)) if text == word => Ok(()),
        (Kind::File(megabytes), Value::String(text)) => file(text, megabytes, place),
        (Kind::Link, Value::String(text)) if is_url(text) => Ok(()),
        (Kind::Link, Value::String(_)) => Err(format!("{place} is not a valid URL")),
        (Kind::Many(least, most, of), Value::Array(items)) => {
            if items.len() < least || items.len() > most {
                return Err(format!("{place} must have {least} to {most} items"));
            }
            items
                .iter()
                .enumerate()
                .try_for_each(|(at, item)| fits(*of, item, &format!("{place}[{at}]"), known_only))
        }
        (Kind::Group(fields), Value::Object(object)) => {
            check(&[fields], object, &format!("{place}."), known_only)
        }
        (Kind::Flag, _) => wanted("a boolean"),
        (Kind::Number(..) | Kind::Whole(..) | Kind::WholeOf(_) | Kind::WholeOr(..), _) => wanted("a number"),
        (Kind::Many(..), _) => wanted("an array"),
        (Kind::Group(_), _) => wanted("an object"),
        (Kind::Text(_) | Kind::Word(_) | Kind::File(_) | Kind::Link | Kind::Id, _) => wanted("a string"),
    }
}

/// A number without a fraction; `5.0` is one.
pub(super) fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
        // Far inside what both types hold exactly.
        (number.abs() < 1e15).then(|| format!("{number:.0}").parse().ok()).flatten()
    })
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

fn file(text: &str, megabytes: usize, place: &str) -> Result<(), String> {
    if is_url(text) {
        return Ok(());
    }
    let digits = text.trim_end_matches('=');
    let well_formed = text.len() - digits.len() <= 2
        && digits.len() % 4 != 1
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    if !well_formed {
        return Err(BASE64.to_owned());
    }
    if digits.len() / 4 * 3 > megabytes * MEGABYTE {
        return Err(format!("{place} can not exceed {megabytes}MB"));
    }
    Ok(())
}
