//! The legacy products as tables: models, body fields, what they make. What joins fields is `rules`.
//!
//! Sources: the pages of <https://kling.ai/document-api/api/> for image products, avatar, lip sync and
//! effects (September 2026), and of `…/document-api/apiReference/model/` for the video products (early
//! 2026, before their pages moved to the new generation); read 2026-11-24.

use serde_json::{Map, Value};

use super::super::fields::{Field, Kind, TEXT, WATERMARK, may, must};
use super::super::makes::Makes;
use super::rules;

use Kind::{File, Group, Id, Link, Many, Number, Text, Whole, WholeOr, Word};

/// One product: a path of its own.
pub(crate) struct Product {
    /// What follows `/v1/`.
    pub(crate) name: &'static str,
    /// Models, the default first; empty where the product has none to choose.
    pub(crate) models: &'static [&'static str],
    /// Its own body fields, besides [`COMMON`].
    pub(crate) fields: &'static [Field],
    /// What joins fields.
    pub(crate) rule: fn(&Map<String, Value>, &str) -> Result<(), String>,
    /// What a task ends with.
    pub(crate) makes: Makes,
}

/// Fields of every product.
pub(crate) const COMMON: &[Field] = &[
    may("model_name", TEXT),
    may("model", TEXT),
    may("callback_url", TEXT),
    may("external_task_id", TEXT),
    may("watermark_info", WATERMARK),
];

const PROMPT: Kind = Text(2_500);
const ON_OFF: Kind = Word(&["on", "off"]);
const YES_NO: Kind = Word(&["yes", "no"]);
const MODE: Kind = Word(&["std", "pro", "4k"]);
const SHORT_OR_LONG: Kind = Word(&["5", "10"]);
/// What any video model can be asked for; which model has which is [`rules::limits`].
const SECONDS: Kind = Word(&["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]);
const VIDEO_RATIO: Kind = Word(&["16:9", "9:16", "1:1"]);
const IMAGE_RATIO: Kind = Word(&["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]);
const IMAGE_RATIO_OR_AUTO: Kind = Word(&["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "auto"]);
/// Documented size limit of the legacy generation's files, in megabytes.
const IMAGE: Kind = File(10);
const SOUND: Kind = File(5);
const STRENGTH: Kind = Number(0.0, 1.0);
const TURN: Kind = Number(-10.0, 10.0);
const CAMERA: Kind = Group(&[
    may("type", Word(&["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"])),
    may(
        "config",
        Group(&[
            may("horizontal", TURN),
            may("vertical", TURN),
            may("pan", TURN),
            may("tilt", TURN),
            may("roll", TURN),
            may("zoom", TURN),
        ]),
    ),
]);
const ELEMENTS: Kind = Many(0, 10, &Group(&[must("element_id", Id)]));
const COUNT: Kind = Whole(1, 9);
/// Fields that version 3 added to both main products.
const SHOTS: [Field; 4] = [
    may("multi_shot", Kind::Flag),
    // Its words count with `multi_shot` only: [`rules::shots`].
    may("shot_type", TEXT),
    may(
        "multi_prompt",
        Many(0, 6, &Group(&[may("index", MOMENT), must("prompt", Text(512)), must("duration", TEXT)])),
    ),
    may("element_list", ELEMENTS),
];

/// Every product.
#[rustfmt::skip]
pub(crate) const PRODUCTS: &[Product] = &[
    Product {
        name: "videos/text2video",
        models: &["kling-v1", "kling-v1-6", "kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3"],
        fields: &[
            may("prompt", PROMPT), may("negative_prompt", PROMPT), may("sound", ON_OFF), may("cfg_scale", STRENGTH),
            may("mode", MODE), may("camera_control", CAMERA), may("aspect_ratio", VIDEO_RATIO), may("duration", SECONDS),
            may("voice_list", VOICES), SHOTS[0], SHOTS[1], SHOTS[2], SHOTS[3],
        ],
        rule: |body, _| rules::prompt_or_shots(body).and_then(|()| rules::camera(body)),
        makes: Makes::Video,
    },
    Product {
        name: "videos/image2video",
        models: &["kling-v1", "kling-v1-5", "kling-v1-6", "kling-v2-master", "kling-v2-1", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3"],
        fields: &[
            may("image", IMAGE), may("image_tail", IMAGE), may("prompt", PROMPT), may("negative_prompt", PROMPT),
            may("voice_list", VOICES), may("sound", ON_OFF), may("cfg_scale", STRENGTH), may("mode", MODE),
            may("static_mask", IMAGE), may("dynamic_masks", MASKS), may("camera_control", CAMERA),
            may("aspect_ratio", VIDEO_RATIO), may("duration", SECONDS),
            SHOTS[0], SHOTS[1], SHOTS[2], SHOTS[3],
        ],
        // Older pages take a picture without a prompt, the newest asks for one; the older stand.
        rule: |body, _| rules::shots(body).and_then(|()| rules::first_frame(body)),
        makes: Makes::Video,
    },
    Product {
        name: "videos/multi-image2video",
        models: &["kling-v1-6"],
        fields: &[
            must("image_list", Many(1, 4, &Group(&[must("image", IMAGE)]))), must("prompt", PROMPT),
            may("negative_prompt", PROMPT), may("mode", Word(&["std", "pro"])), may("duration", SHORT_OR_LONG),
            may("aspect_ratio", VIDEO_RATIO),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Video,
    },
    Product {
        name: "videos/omni-video",
        models: &["kling-video-o1", "kling-v3-omni"],
        fields: &[
            may("prompt", PROMPT),
            may("image_list", Many(0, 7, &Group(&[must("image_url", IMAGE), may("type", Word(&["first_frame", "end_frame"]))]))),
            may("element_list", Many(0, 7, &Group(&[must("element_id", Id)]))),
            may("video_list", Many(0, 1, &Group(&[must("video_url", Link), may("refer_type", Word(&["feature", "base"])), may("keep_original_sound", YES_NO)]))),
            may("mode", MODE), may("aspect_ratio", VIDEO_RATIO), may("duration", SECONDS), may("sound", ON_OFF),
            SHOTS[0], SHOTS[1], SHOTS[2],
        ],
        rule: |body, model| rules::prompt_or_shots(body).and_then(|()| rules::omni_video(body, model)),
        makes: Makes::Video,
    },
    Product {
        name: "videos/motion-control",
        models: &["kling-v2-6", "kling-v3"],
        fields: &[
            must("image_url", IMAGE), must("video_url", Link), may("prompt", PROMPT), may("keep_original_sound", YES_NO),
            must("character_orientation", Word(&["image", "video"])), must("mode", Word(&["std", "pro"])),
            may("element_list", Many(0, 1, &Group(&[must("element_id", Id)]))),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Video,
    },
    Product {
        name: "videos/video-extend",
        models: &[],
        fields: &[must("video_id", TEXT), may("prompt", PROMPT), may("negative_prompt", PROMPT), may("cfg_scale", STRENGTH)],
        rule: |_, _| Ok(()),
        makes: Makes::Video,
    },
    Product {
        name: "videos/lip-sync",
        models: &[],
        fields: &[must("input", Group(&[
            may("video_id", TEXT), may("video_url", Link), must("mode", Word(&["text2video", "audio2video"])),
            may("text", Text(120)), may("voice_id", TEXT), may("voice_language", Word(&["zh", "en"])),
            may("voice_speed", Number(0.8, 2.0)), may("audio_type", Word(&["file", "url"])), may("audio_file", SOUND),
            may("audio_url", Link),
        ]))],
        rule: |body, _| rules::lip_sync(body),
        makes: Makes::Video,
    },
    Product {
        name: "videos/advanced-lip-sync",
        models: &[],
        fields: &[
            must("session_id", TEXT),
            // One person at a time.
            must("face_choose", Many(1, 1, &Group(&[
                must("face_id", TEXT), may("audio_id", TEXT), may("sound_file", SOUND), must("sound_start_time", MOMENT),
                must("sound_end_time", MOMENT), must("sound_insert_time", MOMENT), may("sound_volume", Number(0.0, 2.0)),
                may("original_audio_volume", Number(0.0, 2.0)),
            ]))),
        ],
        rule: |body, _| rules::face_choose(body),
        makes: Makes::Video,
    },
    Product {
        name: "videos/effects",
        models: &[],
        fields: &[must("effect_scene", TEXT), must("input", Group(&[
            may("image", IMAGE), may("images", Many(2, 2, &IMAGE)), may("duration", SHORT_OR_LONG),
            may("model_name", TEXT), may("mode", Word(&["std", "pro"])),
        ]))],
        rule: |body, _| rules::effects(body),
        makes: Makes::Effect,
    },
    Product {
        name: "videos/avatar/image2video",
        models: &[],
        fields: &[
            must("image", IMAGE), may("audio_id", TEXT), may("sound_file", SOUND), may("prompt", PROMPT),
            may("mode", Word(&["std", "pro"])),
        ],
        rule: |body, _| rules::either(body, "audio_id", "sound_file"),
        makes: Makes::Video,
    },
    Product {
        name: "images/generations",
        // The newest page makes kling-v3 the default in its table and the first version in its text.
        models: &["kling-v1", "kling-v1-5", "kling-v2", "kling-v2-new", "kling-v2-1", "kling-v3"],
        fields: &[
            must("prompt", PROMPT), may("negative_prompt", PROMPT), may("image", IMAGE),
            may("image_reference", Word(&["subject", "face"])), may("image_fidelity", STRENGTH), may("human_fidelity", STRENGTH),
            may("element_list", ELEMENTS), may("resolution", Word(&["1k", "2k"])), may("n", COUNT), may("aspect_ratio", IMAGE_RATIO),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Images,
    },
    Product {
        name: "images/omni-image",
        models: &["kling-image-o1", "kling-v3-omni"],
        fields: &[
            must("prompt", PROMPT), may("image_list", Many(0, 10, &Group(&[must("image", IMAGE)]))), may("element_list", ELEMENTS),
            may("resolution", Word(&["1k", "2k", "4k"])), may("result_type", Word(&["single", "series"])), may("n", COUNT),
            may("series_amount", WholeOr(2, 9, "auto")), may("aspect_ratio", IMAGE_RATIO_OR_AUTO),
        ],
        rule: |body, _| match rules::length(body, "image_list") + rules::length(body, "element_list") {
            0..=10 => Ok(()),
            _ => Err("The sum of reference elements and reference images can not exceed 10".to_owned()),
        },
        makes: Makes::OmniImage,
    },
    Product {
        name: "images/multi-image2image",
        // The newest page has kling-v2-1 only.
        models: &["kling-v2-1", "kling-v2"],
        fields: &[
            may("prompt", PROMPT), must("subject_image_list", Many(1, 4, &Group(&[must("subject_image", IMAGE)]))),
            may("scene_image", IMAGE), may("style_image", IMAGE), may("n", COUNT), may("aspect_ratio", IMAGE_RATIO),
        ],
        rule: |_, _| Ok(()),
        makes: Makes::Images,
    },
    Product {
        name: "images/editing/expand",
        models: &[],
        fields: &[
            must("image", IMAGE), may("up_expansion_ratio", GROWTH), may("down_expansion_ratio", GROWTH),
            may("left_expansion_ratio", GROWTH), may("right_expansion_ratio", GROWTH), may("prompt", PROMPT), may("n", COUNT),
        ],
        rule: |body, _| rules::expansion(body),
        makes: Makes::Images,
    },
    Product {
        name: "images/kolors-virtual-try-on",
        models: &["kolors-virtual-try-on-v1", "kolors-virtual-try-on-v1-5"],
        fields: &[must("human_image", IMAGE), must("cloth_image", IMAGE)],
        rule: |_, _| Ok(()),
        makes: Makes::TryOn,
    },
];

const VOICES: Kind = Many(0, 2, &Group(&[must("voice_id", TEXT)]));
const MOMENT: Kind = Whole(0, i64::MAX);
const GROWTH: Kind = Number(0.0, 2.0);
const MASKS: Kind = Many(
    0,
    6,
    &Group(&[
        must("mask", IMAGE),
        must(
            "trajectories",
            Many(
                2,
                77,
                &Group(&[must("x", Number(f64::MIN, f64::MAX)), must("y", Number(f64::MIN, f64::MAX))]),
            ),
        ),
    ]),
);

/// The product of a path.
pub(crate) fn product(name: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.name == name)
}
