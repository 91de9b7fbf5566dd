//! The new generation's products as tables: settings, contents, what they make, and what joins fields.
//!
//! Sources: `https://kling.ai/document-api/api/video/…` of each model and `…/ecommerce-replication/…` of
//! each solution, September 2026, read 2026-11-24. Sentences of the solutions are documented; those of
//! the rest follow what was observed.

use serde_json::{Map, Value};

use super::super::fields::{Field, Kind, TEXT, may, must};
use super::super::legacy::rules::FIVE_OR_TEN;
use super::super::makes::Makes;

use Kind::{Any, File, Flag, Id, Link, Number, Text, Whole, WholeOf, Word};

/// One product and one model of it; the model is a segment of the path.
pub(crate) struct Offer {
    /// The path without the model, without the first slash.
    pub(crate) product: &'static str,
    /// The model, empty for solutions.
    pub(crate) model: &'static str,
    /// Most characters of the prompt, where it is a field of the body.
    pub(crate) prompt: Option<usize>,
    /// What `contents` may hold; empty where the product has no such field.
    pub(crate) parts: &'static [Part],
    /// What `settings` may hold.
    pub(crate) settings: &'static [Field],
    /// What joins fields.
    pub(crate) rule: fn(&Asked<'_>) -> Result<(), String>,
    /// What a task ends with.
    pub(crate) makes: Makes,
    /// Whether only ends are called back.
    pub(crate) ends_only: bool,
}

/// One type of `contents`.
pub(crate) struct Part {
    /// Its word in `type`.
    pub(crate) kind: &'static str,
    /// Its other fields.
    pub(crate) fields: &'static [Field],
    /// Fewest and most of it.
    pub(crate) count: (usize, usize),
    /// The documented sentences for too few and too many, where there are some.
    pub(crate) complaints: (&'static str, &'static str),
}

const fn part(kind: &'static str, fields: &'static [Field], least: usize, most: usize) -> Part {
    Part { kind, fields, count: (least, most), complaints: ("", "") }
}

impl Part {
    const fn or(self, few: &'static str, many: &'static str) -> Self {
        Self { complaints: (few, many), ..self }
    }
}

/// A body whose fields are each in order, for the rules that join them.
pub(crate) struct Asked<'b> {
    /// The body.
    pub(crate) body: &'b Map<String, Value>,
}

impl<'b> Asked<'b> {
    /// How many contents of a type there are.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.contents().filter(|part| part["type"] == kind).count()
    }

    fn contents(&self) -> impl Iterator<Item = &'b Value> + use<'b> {
        self.body.get("contents").and_then(Value::as_array).into_iter().flatten()
    }

    fn setting(&self, key: &str) -> Option<&'b str> {
        self.body.get("settings").and_then(|settings| settings.get(key)).and_then(Value::as_str)
    }

    fn duration(&self) -> i64 {
        let settings = self.body.get("settings");
        settings.and_then(|settings| settings.get("duration")).and_then(Value::as_i64).unwrap_or(5)
    }

    fn resolution(&self) -> &'b str {
        self.setting("resolution").unwrap_or("720p")
    }
}

/// Fields of `options` of every product.
pub(crate) const OPTION_FIELDS: &[Field] = &[
    may("callback_url", TEXT),
    may("external_task_id", TEXT),
    may("watermark_info", super::super::fields::WATERMARK),
    may("watermark", super::super::fields::WATERMARK),
];

const HD: Field = may("resolution", Word(&["720p", "1080p"]));
const UHD: Field = may("resolution", Word(&["720p", "1080p", "4k"]));
const RATIO: Field = may("aspect_ratio", Word(&["16:9", "9:16", "1:1"]));
const UP_TO_15: Field = may("duration", Whole(3, 15));
const UP_TO_10: Field = may("duration", Whole(3, 10));
const FIVE_TEN: Field = may("duration", WholeOf(&[5, 10]));
const NATIVE: Field = may("audio", Word(&["native", "off"]));
const ORIGINAL: Field = may("audio", Word(&["original", "off"]));
const ANY_AUDIO: Field = may("audio", Word(&["native", "original", "off"]));
const SHOTS: Field = may("multi_shot", Flag);

const LONG_PROMPT: usize = 3_072;
const PROMPT: usize = 2_500;
const LONG_PROMPTED: Part = part("prompt", &[must("text", Text(LONG_PROMPT))], 0, 1);
const PROMPTED: Part = part("prompt", &[must("text", Text(PROMPT))], 0, 1);
/// Documented size limit of the new generation's images, in megabytes.
const PICTURE: &[Field] = &[must("url", File(50)), may("id", Id)];
const FOOTAGE: &[Field] = &[must("url", Link), may("id", Id)];
const ELEMENT: &[Field] = &[must("element_id", Id), must("id", Id)];
const FIRST: Part = part("first_frame", PICTURE, 1, 1);
const FIRST_IF_ANY: Part = part("first_frame", PICTURE, 0, 1);
const LAST: Part = part("last_frame", PICTURE, 0, 1);
const VOICE: Part = part("voice", &[must("voice_id", Id), must("id", Id)], 0, 2);
const REFERENCE: Part = part("refer_image", PICTURE, 0, 7);
const FEATURE: Part = part("feature_video", FOOTAGE, 0, 1);
const BASE: Part = part("base_video", FOOTAGE, 0, 1);
const MODEL_PICTURE: Part = part("image", PICTURE, 1, 1);
const MOTION: Part = part("video", FOOTAGE, 1, 1);
const MOTION_SETTINGS: &[Field] = &[must("character_orientation", Word(&["image", "video"])), ORIGINAL, HD];

const fn text_to_video(model: &'static str, prompt: usize, settings: &'static [Field]) -> Offer {
    let product = "text-to-video";
    Offer {
        product,
        model,
        prompt: Some(prompt),
        parts: &[],
        settings,
        rule: native_in_1080p,
        makes: Makes::Video,
        ends_only: false,
    }
}

const fn video(
    product: &'static str,
    model: &'static str,
    parts: &'static [Part],
    settings: &'static [Field],
    rule: fn(&Asked<'_>) -> Result<(), String>,
) -> Offer {
    Offer { product, model, prompt: None, parts, settings, rule, makes: Makes::Video, ends_only: false }
}

/// Every product with every model.
#[rustfmt::skip]
pub(crate) const OFFERS: &[Offer] = &[
    text_to_video("kling-3.0-turbo", LONG_PROMPT, &[HD, RATIO, UP_TO_15]),
    Offer { rule: |_| Ok(()), ..text_to_video("kling-3.0", LONG_PROMPT, &[SHOTS, NATIVE, UHD, RATIO, UP_TO_15]) },
    text_to_video("kling-2.6", PROMPT, &[NATIVE, HD, RATIO, FIVE_TEN]),
    text_to_video("kling-2.5-turbo", PROMPT, &[HD, RATIO, FIVE_TEN]),
    video("image-to-video", "kling-3.0-turbo", &[PROMPTED, FIRST], &[HD, UP_TO_15], |_| Ok(())),
    video("image-to-video", "kling-3.0", &[LONG_PROMPTED, FIRST, LAST, part("element", ELEMENT, 0, 3)], &[SHOTS, NATIVE, UHD, UP_TO_15], |_| Ok(())),
    video("image-to-video", "kling-2.6", &[PROMPTED, FIRST, LAST, VOICE], &[NATIVE, HD, FIVE_TEN], voices_and_frames),
    video("image-to-video", "kling-2.5-turbo", &[PROMPTED, FIRST, LAST], &[HD, FIVE_TEN], frames_in_1080p),
    video("omni-video", "kling-3.0-omni", &[LONG_PROMPTED, FIRST_IF_ANY, LAST, REFERENCE, FEATURE, BASE, part("element", ELEMENT, 0, 7)], &[SHOTS, ANY_AUDIO, UHD, RATIO, UP_TO_15], omni),
    video("omni-video", "kling-o1", &[PROMPTED, FIRST_IF_ANY, LAST, REFERENCE, FEATURE, BASE, part("element", ELEMENT, 0, 7)], &[ORIGINAL, HD, RATIO, UP_TO_10], |asked| omni(asked).and_then(|()| five_or_ten(asked))),
    video("motion-control", "kling-3.0", &[PROMPTED, MODEL_PICTURE, MOTION, part("element", ELEMENT, 0, 1)], MOTION_SETTINGS, |_| Ok(())),
    video("motion-control", "kling-2.6", &[PROMPTED, MODEL_PICTURE, MOTION], MOTION_SETTINGS, |_| Ok(())),
    solution("solutions/drama_subtitle", DRAMA, &[
        may("target_cps", Whole(10, 20)).or("target_cps out of range. Please provide a value between 10 and 20."),
        may("target_language", Word(&["en"])),
        may("margin_v", Whole(1, 4096)).or("margin_v out of range. Please provide a value between 1 and 4096."),
        may("font_size", Whole(1, 512)).or("font_size out of range. Please provide a value between 1 and 512."),
    ], Makes::Subtitles, true),
    solution("solutions/e-commerce/goods_studio", GOODS, &[
        must("resolution", Word(&["720p", "1080p"])).or("Unsupported resolution. Only 720p and 1080p are supported."),
        must("aspect_ratio", Word(&["9:16", "1:1", "16:9"])).or("aspect_ratio only supports 9:16, 1:1 and 16:9."),
        must("duration", WholeOf(&[15, 30, 60])).or("Unsupported duration. Only 15, 30 and 60 seconds are supported."),
    ], Makes::Film, false),
    solution("solutions/e-commerce/clothing_dupe", CLOTHES, &[
        may("resolution", Word(&["720p", "1080p"])).or("Unsupported resolution. Only 720P and 1080P are supported."),
        may("aspect_ratio", Word(&["9:16", "2:3", "3:4", "1:1", "4:3", "3:2", "16:9", "21:9"])).or("aspect_ratio only supports 9:16, 2:3, 3:4, 1:1, 4:3, 3:2, 16:9 and 21:9."),
    ], Makes::Clothes, false),
    Offer { rule: speaker, ..solution("solutions/talking_agent", SPEAKER, &[
        HD, may("aspect_ratio", Word(&["9:16", "16:9"])), may("allow_polish", Flag), may("voice_id", TEXT),
        may("speech_rate", Number(0.8, 1.2)), may("action_prompt", Text(2_500)), may("bgm_enabled", Flag),
        // Documented other spellings of the same.
        may("aspectRatio", Word(&["9:16", "16:9"])), may("allowPolish", Flag), may("voiceId", TEXT),
        may("speechRate", Number(0.8, 1.2)), may("actionPrompt", Text(2_500)), may("bgmEnabled", Flag),
    ], Makes::Film, false) },
    solution("solutions/virtual_try_on", &[part("product_image", LINKED, 1, 1), part("person_image", LINKED, 1, 1)], &[
        may("keep_face", Flag), may("keep_pose", Flag), may("keep_background", Flag),
    ], Makes::Image, false),
];

const fn solution(
    product: &'static str,
    parts: &'static [Part],
    settings: &'static [Field],
    makes: Makes,
    ends_only: bool,
) -> Offer {
    Offer { product, model: "", prompt: None, parts, settings, rule: |_| Ok(()), makes, ends_only }
}

const LINKED: &[Field] = &[must("url", Link)];
const TERM: Kind = Text(100);
const TERMS: &str = "Each glossary entry must be non-empty and no longer than 100 characters.";
const NO_SOURCE: &str = "source_video is missing. Please provide exactly one source_video.";

#[rustfmt::skip]
const DRAMA: &[Part] = &[
    part("source_video", &[must("url", Link).or(NO_SOURCE)], 1, 1)
        .or("Source video is missing. Please provide a source video URL.", "Only one source_video item is allowed in contents."),
    part("glossary", &[must("source", TERM).or(TERMS), must("target", TERM).or(TERMS)], 0, 200)
        .or("", "Glossary exceeds the limit of 200 entries."),
];
#[rustfmt::skip]
const GOODS: &[Part] = &[
    part("ref_image", &[must("url", File(50)).or("Unsupported product image. Please check the image format, size and dimensions.")], 1, 5)
        .or("Product image is missing. Please upload a product image.", "At most 5 ref_image items are allowed in contents."),
    part("goods_title", &[must("text", Text(200)).or("goods_title exceeds the 200-character limit.")], 1, 1)
        .or("Product title is missing. Please provide a product title.", "Only one goods_title item is allowed in contents."),
    part("goods_description", &[may("text", Text(2_000)).or("goods_description exceeds the 2000-character limit.")], 0, 1)
        .or("", "Only one goods_description item is allowed in contents."),
];
#[rustfmt::skip]
const CLOTHES: &[Part] = &[
    part("source_video", LINKED, 1, 1).or("Reference video is missing. Please upload a reference video.", ""),
    part("product_image", &[must("url", File(50))], 1, 5).or("Product image is missing. Please upload a product image.", ""),
    part("product_info", &[must("text", Text(2_500))], 1, 1).or("Product description is missing. Please provide a product description.", ""),
    part("model_image", &[may("url", File(50))], 0, 5),
    part("bgm", &[must("url", Link).or("bgm is provided but url is empty. Please provide a BGM file URL or remove bgm to use the system default BGM.")], 0, 1)
        .or("", "Only one bgm item is allowed in contents."),
    part("voice", &[must("voice_id", Word(&[
        "energetic_sales_girl", "gentle_sales_woman", "crisp_sales_girl", "mature_sales_woman", "calm_sales_woman",
        "soft_sales_woman", "energetic_sales_boy", "enthusiastic_sales_man", "steady_sales_man", "calm_sales_man",
    ])).or("Invalid voice_id. Please select a valid voice from the voice library.")], 0, 1)
        .or("", "Only one voice item is allowed in contents."),
];
#[rustfmt::skip]
const SPEAKER: &[Part] = &[
    part("avatar_image", &[must("url", File(50))], 0, 1),
    part("avatar_id", &[must("text", Text(128))], 0, 1),
    part("ref_image", &[must("url", File(50))], 0, 5),
    part("goods_title", &[must("text", Text(500))], 0, 1),
    part("goods_price", &[may("text", Text(256))], 0, 1),
    part("goods_target_audience", &[may("text", Text(200))], 0, 20),
    part("goods_selling_point", &[may("text", Text(500))], 0, 20),
    part("speech_script", &[must("text", Text(2_000))], 1, 1),
];

/// The offer of a path.
pub(crate) fn offer(product: &str, model: &str) -> Option<&'static Offer> {
    OFFERS.iter().find(|offer| offer.product == product && (offer.model == model || offer.model.is_empty()))
}

/// Checks `contents` against an offer.
pub(crate) fn contents(offer: &Offer, body: &Map<String, Value>, known_only: bool) -> Result<(), String> {
    let Some(items) = body.get("contents").and_then(Value::as_array) else {
        return Err("contents can not be null".to_owned());
    };
    let mut names = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let place = format!("contents[{at}]");
        let Some(object) = item.as_object() else { return Err(format!("{place} must be an object")) };
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
        let Some(part) = offer.parts.iter().find(|part| part.kind == kind) else {
            return Err(format!("{place}.type value is invalid"));
        };
        let place = format!("{place}.");
        super::super::fields::check(&[part.fields, &[must("type", Any)]], object, &place, known_only)?;
        if let Some(name) = object.get("id").filter(|name| !name.is_null() && **name != "") {
            if names.contains(&name) {
                return Err(format!("{place}id must not be duplicated"));
            }
            names.push(name);
        }
    }
    let asked = Asked { body };
    for part in offer.parts {
        let (count, (least, most), (few, many)) = (asked.count(part.kind), part.count, part.complaints);
        if count < least {
            return Err(if few.is_empty() {
                format!("{} can not be null", part.kind)
            } else {
                few.to_owned()
            });
        }
        if count > most {
            let sentence = || format!("contents can have at most {most} {}", part.kind);
            return Err(if many.is_empty() { sentence() } else { many.to_owned() });
        }
    }
    if asked.count("last_frame") > 0 && asked.count("first_frame") == 0 {
        return Err("last_frame needs a first_frame".to_owned());
    }
    Ok(())
}

fn native_in_1080p(asked: &Asked<'_>) -> Result<(), String> {
    if asked.setting("audio") == Some("native") && asked.resolution() != "1080p" {
        return Err("native audio only supports 1080p".to_owned());
    }
    Ok(())
}

fn frames_in_1080p(asked: &Asked<'_>) -> Result<(), String> {
    if asked.count("last_frame") > 0 && asked.resolution() != "1080p" {
        return Err("first_frame with last_frame only supports 1080p".to_owned());
    }
    Ok(())
}

fn voices_and_frames(asked: &Asked<'_>) -> Result<(), String> {
    native_in_1080p(asked)?;
    frames_in_1080p(asked)?;
    if asked.count("voice") > 0 && asked.setting("audio") != Some("native") {
        return Err("audio can not be off when a voice is specified".to_owned());
    }
    Ok(())
}

fn omni(asked: &Asked<'_>) -> Result<(), String> {
    let (features, bases) = (asked.count("feature_video"), asked.count("base_video"));
    if features + bases > 1 {
        return Err("contents can have at most one reference video".to_owned());
    }
    let most = if features + bases == 0 { 7 } else { 4 };
    if asked.count("refer_image") + asked.count("element") > most {
        return Err(format!("The sum of reference elements and reference images can not exceed {most}"));
    }
    if asked.count("first_frame") > 0 && asked.count("element") > 3 {
        return Err("At most 3 elements can be used with a first_frame".to_owned());
    }
    if bases > 0 && asked.count("first_frame") > 0 {
        return Err("base_video can not be used with first_frame or last_frame".to_owned());
    }
    if features > 0 && asked.count("last_frame") > 0 {
        return Err("feature_video can not be used with last_frame".to_owned());
    }
    if features + bases > 0 && asked.setting("audio") == Some("native") {
        return Err("audio can not be native with a reference video".to_owned());
    }
    Ok(())
}

/// Observed to the letter; the page says it of a first frame alone.
fn five_or_ten(asked: &Asked<'_>) -> Result<(), String> {
    let references = ["refer_image", "feature_video", "base_video", "element"];
    let free = references.iter().any(|kind| asked.count(kind) > 0);
    if free || matches!(asked.duration(), 5 | 10) { Ok(()) } else { Err(FIVE_OR_TEN.to_owned()) }
}

/// Who speaks, about what.
fn speaker(asked: &Asked<'_>) -> Result<(), String> {
    let (uploaded, stored) = (asked.count("avatar_image"), asked.count("avatar_id"));
    let voice = asked.setting("voice_id").or(asked.setting("voiceId")).filter(|voice| !voice.is_empty());
    match (uploaded + stored, voice) {
        (1, None) if uploaded > 0 => return Err("voice_id can not be null with avatar_image".to_owned()),
        (1, Some(_)) if stored > 0 => return Err("voice_id can not be used with avatar_id".to_owned()),
        (1, _) => {}
        _ => return Err("contents must have exactly one of avatar_image and avatar_id".to_owned()),
    }
    let goods = ["ref_image", "goods_title", "goods_price", "goods_target_audience", "goods_selling_point"];
    if goods.iter().all(|kind| asked.count(kind) == 0) {
        return Ok(());
    }
    let settings = asked.body.get("settings");
    let rate = ["speech_rate", "speechRate"]
        .iter()
        .any(|key| settings.and_then(|settings| settings.get(*key)).is_some_and(|rate| !rate.is_null()));
    match (asked.count("ref_image"), asked.count("goods_title")) {
        (0, _) => Err("ref_image can not be null".to_owned()),
        (_, 0) => Err("goods_title can not be null".to_owned()),
        _ if rate => Err("speech_rate is not supported with goods".to_owned()),
        _ => Ok(()),
    }
}
