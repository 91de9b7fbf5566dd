//! MiniMax Hailuo: two APIs on one host that share keys, the challenge and nothing else.
//!
//! Here live the registry entry and what both dialects have in common: who may call, how a field is
//! read, the challenge inside the submit. What either says is its own file.

use std::time::Duration;

use serde_json::Value;

use crate::api::Call;
use crate::dialect::ChallengeRule;
use crate::dialect::Dialect;
use crate::vendor::Profile;
use crate::wire::Secret;

mod v1;
mod v2;

/// MiniMax in the registry.
pub const PROFILE: Profile = Profile {
    name: "minimax",
    title: "MiniMax Hailuo",
    dialects: &[&v1::V1, &v2::V2],
    apis: &[&v1::MiniMax, &v2::MiniMax],
};

/// What is sent to a callback URL before a create is accepted, and what must come back.
///
/// Both create pages give three seconds; the refusal was seen by third parties on both.
const CHALLENGE: ChallengeRule =
    ChallengeRule { field: "challenge", within: Duration::from_secs(3), refusal: "callback-unreachable" };

/// Where the two APIs differ about a caller: nothing at all was sent, or something that is no key.
enum Stranger {
    NoKey,
    WrongKey,
}

/// The key of a caller who may call.
fn caller(call: &Call<'_>, dialect: &Dialect) -> Result<Secret, Stranger> {
    let value = call.request.headers.get("authorization");
    let key = value.and_then(|value| dialect.auth.key(value)).ok_or(Stranger::NoKey)?;
    if call.settings.knows(key) { Ok(Secret::new(key)) } else { Err(Stranger::WrongKey) }
}

/// What a field takes.
enum Shape {
    /// Text of at most so many characters.
    Text(usize),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list.
    List,
    /// An object.
    Object,
}

impl Shape {
    /// What is wrong with a value, if anything.
    fn fault(&self, value: &Value) -> Option<String> {
        match self {
            Self::Text(most) => match value.as_str() {
                None => Some("must be a string".to_owned()),
                Some(text) if text.chars().count() > *most => {
                    Some(format!("must not be longer than {most} characters"))
                }
                Some(_) => None,
            },
            Self::Flag => (!value.is_boolean()).then(|| "must be a boolean".to_owned()),
            Self::Whole => (!(value.is_i64() || value.is_u64())).then(|| "must be an integer".to_owned()),
            Self::OneOf(words) => {
                let known = value.as_str().is_some_and(|word| words.contains(&word));
                (!known).then(|| format!("must be one of {}", words.join(", ")))
            }
            Self::List => (!value.is_array()).then(|| "must be an array".to_owned()),
            Self::Object => (!value.is_object()).then(|| "must be an object".to_owned()),
        }
    }
}

/// The first fault in a flat body, as `FIELD must …`.
fn first_fault(fields: &[(&str, Shape)], body: &Value) -> Option<String> {
    fields.iter().filter(|(name, _)| !absent(&body[*name])).find_map(|(name, shape)| {
        let fault = shape.fault(&body[*name])?;
        Some(format!("{name} {fault}"))
    })
}

/// Whether a field counts as not sent. Clients send `null` for what they leave out, and the vendor's
/// own error text names a binding that takes an empty string for a missing one.
fn absent(value: &Value) -> bool {
    value.is_null() || value == ""
}

/// The text of a field, if it was sent.
fn text(body: &Value, field: &str) -> Option<String> {
    body[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Whether media are named in one of the ways these prefixes stand for.
fn names_media(value: &Value, prefixes: &[&str]) -> bool {
    value.as_str().is_some_and(|url| {
        prefixes
            .iter()
            .any(|prefix| url.len() > prefix.len() && url.as_bytes().starts_with(prefix.as_bytes()))
    })
}
