//! Whether a create is one Vidu would take, and with which row it is refused otherwise.
//!
//! Driven by the tables of `products` and `models`. Which fault is told when there are several is
//! not documented; here it is the first of: body, unwanted fields, types and values, missing
//! fields, model, and what the model can make. Pictures at `http` addresses count as fetched.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::errors::{Fault, about};
use super::models::{self, Model};
use super::products::{
    CORNERS, FRAME_FIELDS, FRAME_LENGTHS, FRAMES, INPUTS, PICKY_STORY, Product, SUBJECT_FIELDS,
    SUBJECT_IMAGES_MAX, SUBJECTS, Shape, VIDEOS, field,
};
use crate::api::Call;
use crate::draft::Draft;
use crate::wire::Secret;

/// "The post body should not exceed 20MB", as the create pages say.
const BODY_MAX: usize = 20 * 1024 * 1024;
const PICTURE_TYPES: &[&str] = &["image/png", "image/jpeg", "image/jpg", "image/webp"];

type Fields = Map<String, Value>;

/// Reads a create of a product.
pub(super) fn draft(call: &Call<'_>, product: &'static Product, key: Secret) -> Result<Draft, Fault> {
    let body = body(call)?;
    let strict = call.settings.options.get(call.dialect, "unwanted-fields") == "route";
    none_unwanted(&body, product, strict)?;
    for (name, value) in &body {
        let Some(row) = field(name, product.name) else { continue };
        row.shape.holds(value).map_err(|refusal| about(refusal, name))?;
    }
    none_lacking(&body, product)?;
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    let known = models::model(product.name, model);
    if known.is_none() && product.required.contains(&["model"].as_slice()) {
        let row = call.settings.options.get(call.dialect, "wrong-model");
        return Err(if row == "FieldInvalid" { about("invalid", "model") } else { ("model", None) });
    }
    pictures_in_number(&body, product, known)?;
    makeable(&body, known)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Draft {
        dialect: call.dialect,
        product: product.name,
        model: model.to_owned(),
        prompt: text("prompt").unwrap_or_default(),
        callback_url: text("callback_url"),
        external_id: None,
        body: Value::Object(body).into(),
        key,
    })
}

/// The request's fields; an explicit `null` counts as absent, as real clients send it.
fn body(call: &Call<'_>) -> Result<Fields, Fault> {
    if call.request.body.len() > BODY_MAX {
        return Err(("bad-request", None));
    }
    let Some(Value::Object(mut body)) = call.request.json() else { return Err(("bad-request", None)) };
    body.retain(|_, value| !value.is_null());
    Ok(body)
}

fn none_unwanted(body: &Fields, product: &Product, strict: bool) -> Result<(), Fault> {
    let unwanted = body.iter().filter(|(name, value)| match field(name, product.name) {
        None => true,
        Some(row) if row.products.contains(&product.name) => false,
        // An empty list of pictures where none belong says the same as no list.
        Some(row) => (strict || INPUTS.contains(&row.name)) && !is_empty(value),
    });
    named("unwanted", unwanted.map(|(name, _)| name.as_str()))
}

fn none_lacking(body: &Fields, product: &Product) -> Result<(), Fault> {
    let given = |name: &&str| body.get(*name).is_some_and(|value| !is_empty(value));
    let lacking = product.required.iter().filter(|group| !group.iter().any(given));
    named("lacking", lacking.map(|group| group[0]))
}

/// Refuses with all the names, if there are any.
fn named<'n>(row: &'static str, names: impl Iterator<Item = &'n str>) -> Result<(), Fault> {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { Ok(()) } else { Err(about(row, &names.join(", "))) }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn pictures_in_number(body: &Fields, product: &Product, model: Option<&Model>) -> Result<(), Fault> {
    let most = model.map_or(usize::MAX, |model| model.range.images);
    let out = |given: usize, allowed: &RangeInclusive<usize>| !allowed.contains(&given) || given > most;
    if let Some(images) = body.get("images").and_then(Value::as_array).filter(|images| !images.is_empty()) {
        let story = body.get("story").and_then(Value::as_str);
        let allowed = if story == Some(PICKY_STORY.0) { &PICKY_STORY.1 } else { &product.images };
        if out(images.len(), allowed) {
            return Err(about("item-count", "images"));
        }
    }
    if let Some(subjects) = body.get("subjects").and_then(Value::as_array) {
        let images = subjects.iter().filter_map(|subject| subject["images"].as_array()).map(Vec::len).sum();
        if images > 0 && out(images, &product.images) {
            return Err(about("item-count", "subjects"));
        }
    }
    Ok(())
}

/// Whether the model makes what is asked for.
fn makeable(body: &Fields, model: Option<&Model>) -> Result<(), Fault> {
    let Some(range) = model.map(|model| model.range) else { return Ok(()) };
    let length = body.get("duration").and_then(Value::as_u64).unwrap_or(range.length);
    let Some(clip) = range.clip(length) else { return Err(about("invalid", "duration")) };
    let within = |name: &str, allowed: &[&str]| {
        body.get(name).and_then(Value::as_str).is_none_or(|word| allowed.contains(&word))
    };
    if !within("resolution", clip.resolutions) {
        return Err(about("invalid", "resolution"));
    }
    if !within("aspect_ratio", range.ratios) {
        return Err(about("invalid", "aspect_ratio"));
    }
    let on = |name: &str| body.get(name) == Some(&Value::Bool(true));
    let is_q3 = model.is_some_and(|model| model.name.starts_with("viduq3"));
    // "Not supported in off-peak mode"; q3 always has sound and is exempt. The row is our choice.
    if on("audio") && on("off_peak") && !is_q3 {
        return Err(about("invalid", "off_peak"));
    }
    Ok(())
}

impl Shape {
    /// Whether a value has the shape, or the row that says why not.
    fn holds(&self, value: &Value) -> Result<(), &'static str> {
        let text = value.as_str();
        let fits = match self {
            Self::Text(most) => text.is_some_and(|text| text.len() <= *most || text.chars().count() <= *most),
            // An empty word counts as none given.
            Self::Word(words) => text.is_some_and(|text| text.is_empty() || words.contains(&text)),
            Self::Flag => value.is_boolean(),
            Self::Integer => value.is_i64(),
            Self::Count => value.is_u64(),
            Self::Corner => is_corner(value),
            Self::NamedCorner => is_corner(value) || text.is_some_and(|text| CORNERS.contains(&text)),
            Self::Image => return if text == Some("") { Ok(()) } else { picture(value) },
            Self::Images => return value.as_array().ok_or("invalid")?.iter().try_for_each(picture),
            Self::Videos => return videos(value),
            Self::Subjects => return counted(value, &SUBJECTS, subject),
            Self::Frames => return counted(value, &FRAMES, frame),
        };
        if fits { Ok(()) } else { Err("invalid") }
    }
}

fn is_corner(value: &Value) -> bool {
    value.as_u64().is_some_and(|corner| (1..=CORNERS.len() as u64).contains(&corner))
}

/// One picture. Whether the vendor looks at it before it accepts the task is not documented.
fn picture(value: &Value) -> Result<(), &'static str> {
    let text = value.as_str().filter(|text| !text.is_empty()).ok_or("invalid")?;
    if let Some(data) = text.strip_prefix("data:") {
        let known = PICTURE_TYPES.iter().any(|kind| {
            data.strip_prefix(kind)
                .and_then(|rest| rest.strip_prefix(";base64,"))
                .is_some_and(|it| !it.is_empty())
        });
        return if known { Ok(()) } else { Err("image-format") };
    }
    if is_address(text) { Ok(()) } else { Err("image-download") }
}

fn is_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn videos(value: &Value) -> Result<(), &'static str> {
    counted(value, &VIDEOS, |video| {
        let video = video.as_str().unwrap_or_default();
        if is_address(video) || video.starts_with("data:video/") { Ok(()) } else { Err("invalid") }
    })
}

/// A list whose items all fit; an empty one is left to whoever requires it.
fn counted(
    value: &Value,
    allowed: &RangeInclusive<usize>,
    fits: impl Fn(&Value) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let items = value.as_array().ok_or("invalid")?;
    items.iter().try_for_each(fits)?;
    if items.is_empty() || allowed.contains(&items.len()) { Ok(()) } else { Err("item-count") }
}

fn subject(value: &Value) -> Result<(), &'static str> {
    let subject = known_fields(value, SUBJECT_FIELDS)?;
    let text = |name: &str| subject.get(name).is_none_or(|value| value.is_null() || value.is_string());
    if !["id", "name", "voice_id", "server_id"].into_iter().all(text) {
        return Err("invalid");
    }
    let named = |name: &str| subject.get(name).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if !named("id") && !named("name") {
        return Err("lacking");
    }
    if let Some(value) = subject.get("videos").filter(|value| !value.is_null()) {
        videos(value)?;
    }
    let Some(value) = subject.get("images").filter(|value| !value.is_null()) else { return Ok(()) };
    let images = value.as_array().ok_or("invalid")?;
    images.iter().try_for_each(picture)?;
    if images.len() > SUBJECT_IMAGES_MAX { Err("item-count") } else { Ok(()) }
}

fn frame(value: &Value) -> Result<(), &'static str> {
    let frame = known_fields(value, FRAME_FIELDS)?;
    let given = |name: &str| frame.get(name).filter(|value| !value.is_null());
    if given("prompt").is_some_and(|prompt| !prompt.is_string()) {
        return Err("invalid");
    }
    let length = given("duration").map_or(Some(*FRAME_LENGTHS.start()), Value::as_u64);
    if !length.is_some_and(|length| FRAME_LENGTHS.contains(&length)) {
        return Err("invalid");
    }
    picture(given("key_image").ok_or("lacking")?)
}

fn known_fields<'v>(value: &'v Value, known: &[&str]) -> Result<&'v Fields, &'static str> {
    let fields = value.as_object().ok_or("invalid")?;
    if fields.keys().all(|name| known.contains(&name.as_str())) { Ok(fields) } else { Err("unwanted") }
}
