//! What each create route takes and echoes: products, fields, and the shape of every field.
//!
//! Tables and look-ups only; `validation` drives requests through them and `answers` the echo.
//! Sources: the create pages in `page`.

use std::ops::RangeInclusive;

/// What one create route makes.
#[derive(Debug)]
pub(super) struct Product {
    /// Name, as in the routes.
    pub(super) name: &'static str,
    /// The `type` it is echoed as; the words are from captures, and none was captured for the rest.
    pub(super) kind: Option<&'static str>,
    /// What a request cannot do without; of a group, any one.
    pub(super) required: &'static [&'static [&'static str]],
    /// How many `images` it takes.
    pub(super) images: RangeInclusive<usize>,
    /// The aspect ratio echoed when none was asked for.
    pub(super) ratio: &'static str,
    /// The fields of the answer to a create, in order.
    pub(super) echo: &'static [&'static str],
}

/// The product of that name.
pub(super) fn product(name: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.name == name)
}

/// Templates and stories say nothing of a maximum but for one story.
const ANY_NUMBER: RangeInclusive<usize> = 1..=usize::MAX;

static PRODUCTS: &[Product] = &[
    Product {
        name: "text2video",
        kind: Some("text2video"),
        required: &[&["model"], &["prompt"]],
        images: 0..=0,
        ratio: "16:9",
        echo: VIDEO_ECHO,
    },
    Product {
        name: "img2video",
        kind: Some("img2video"),
        required: &[&["model"], &["images"]],
        images: 1..=1,
        // Captured although the route documents no such parameter.
        ratio: "16:9",
        echo: VIDEO_ECHO,
    },
    Product {
        name: "start-end2video",
        kind: Some("headtailimg2video"),
        required: &[&["model"], &["images"]],
        images: 2..=2,
        ratio: "",
        echo: VIDEO_ECHO,
    },
    Product {
        name: "reference2video",
        kind: Some("character2video"),
        // Two documented bodies for one route: pictures, or subjects that have pictures.
        required: &[&["model"], &["images", "subjects"], &["prompt"]],
        images: 1..=7,
        ratio: "16:9",
        echo: VIDEO_ECHO,
    },
    Product {
        name: "multiframe",
        kind: None,
        required: &[&["model"], &["start_image"], &["image_settings"]],
        images: 0..=0,
        ratio: "",
        echo: FRAMES_ECHO,
    },
    Product {
        name: "template",
        kind: None,
        required: &[&["template"], &["images"]],
        images: ANY_NUMBER,
        ratio: "16:9",
        echo: TEMPLATE_ECHO,
    },
    Product {
        name: "template-story",
        kind: None,
        required: &[&["story"], &["images"]],
        images: ANY_NUMBER,
        ratio: "9:16",
        echo: STORY_ECHO,
    },
];

#[rustfmt::skip]
const VIDEO_ECHO: &[&str] = &[
    "task_id", "type", "state", "model", "style", "prompt", "images", "duration", "seed", "aspect_ratio",
    "resolution", "movement_amplitude", "payload", "bgm", "off_peak", "credits", "created_at",
];
const FRAMES_ECHO: &[&str] = &[
    "task_id",
    "state",
    "model",
    "start_image",
    "image_settings",
    "resolution",
    "payload",
    "credits",
    "created_at",
];
const TEMPLATE_ECHO: &[&str] =
    &["task_id", "state", "template", "prompt", "images", "seed", "payload", "credits", "created_at"];
const STORY_ECHO: &[&str] = &["task_id", "state", "story", "images", "payload", "credits", "created_at"];

/// One request field.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// What it may hold.
    pub(super) shape: Shape,
    /// The products whose page lists it.
    pub(super) products: &'static [&'static str],
}

/// What a field may hold.
#[derive(Debug)]
pub(super) enum Shape {
    /// A text of at most so many characters.
    Text(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A boolean.
    Flag,
    /// A whole number, of any sign.
    Integer,
    /// A whole number from zero.
    Count,
    /// The corner of a watermark, by number.
    Corner,
    /// The corner of a watermark, by word or number.
    NamedCorner,
    /// One picture: an address, or its bytes in a data URL.
    Image,
    /// Pictures.
    Images,
    /// Addresses of videos.
    Videos,
    /// Subjects with their pictures.
    Subjects,
    /// Key frames of a multiframe task.
    Frames,
}

/// The row of a field for a product: its own, else any other product's.
pub(super) fn field(name: &str, product: &str) -> Option<&'static Field> {
    let own = FIELDS.iter().find(|field| field.name == name && field.products.contains(&product));
    own.or_else(|| FIELDS.iter().find(|field| field.name == name))
}

/// Fields that say what to work from; no route takes another route's.
pub(super) const INPUTS: &[&str] =
    &["images", "subjects", "videos", "start_image", "image_settings", "template", "story"];

/// Pictures of one subject.
pub(super) const SUBJECT_IMAGES_MAX: usize = 3;
/// Subjects of a request.
pub(super) const SUBJECTS: RangeInclusive<usize> = 1..=7;
/// Videos of a request.
pub(super) const VIDEOS: RangeInclusive<usize> = 1..=2;
/// What a subject has; older copies name it by `id`, newer ones by `name`.
pub(super) const SUBJECT_FIELDS: &[&str] = &["id", "name", "images", "videos", "voice_id", "server_id"];
/// Key frames of a multiframe task.
pub(super) const FRAMES: RangeInclusive<usize> = 2..=9;
/// What a key frame has.
pub(super) const FRAME_FIELDS: &[&str] = &["prompt", "key_image", "duration"];
/// Seconds between key frames.
pub(super) const FRAME_LENGTHS: RangeInclusive<u64> = 2..=7;
/// Corners of a watermark, from 1; the words are those of the multi-frame page and of a captured echo.
pub(super) const CORNERS: &[&str] = &["top_left", "top_right", "bottom_right", "bottom_left"];
/// The story that is known to need several pictures, and how many (seen, not documented).
pub(super) const PICKY_STORY: (&str, RangeInclusive<usize>) = ("one_shot", 3..=10);

const VIDEO: &[&str] = &["text2video", "img2video", "start-end2video", "reference2video"];
const MODELLED: &[&str] = &["text2video", "img2video", "start-end2video", "reference2video", "multiframe"];
const SEEDED: &[&str] = &["text2video", "img2video", "start-end2video", "reference2video", "template"];
const PICTURED: &[&str] = &["img2video", "start-end2video", "reference2video", "template", "template-story"];
const ALL: &[&str] = &[
    "text2video",
    "img2video",
    "start-end2video",
    "reference2video",
    "multiframe",
    "template",
    "template-story",
];
const UNBOUNDED: usize = usize::MAX;

const fn row(name: &'static str, shape: Shape, products: &'static [&'static str]) -> Field {
    Field { name, shape, products }
}

use Shape::{Corner, Count, Flag, Frames, Image, Images, Integer, NamedCorner, Subjects, Text, Videos, Word};

#[rustfmt::skip]
static FIELDS: &[Field] = &[
    row("model", Text(UNBOUNDED), MODELLED),
    // 5000 in the current copies; 1500 and 2000 in older ones, and 2000 for templates still.
    row("prompt", Text(5_000), VIDEO),
    row("prompt", Text(2_000), &["template"]),
    row("images", Images, PICTURED),
    row("subjects", Subjects, &["reference2video"]),
    row("auto_subjects", Flag, &["reference2video"]),
    row("videos", Videos, &["reference2video"]),
    row("duration", Count, VIDEO),
    row("seed", Integer, SEEDED),
    row("aspect_ratio", Word(&["16:9", "9:16", "3:4", "4:3", "1:1"]), &["text2video", "reference2video"]),
    row("aspect_ratio", Word(&["16:9", "9:16", "1:1"]), &["template"]),
    row("resolution", Word(&["360p", "540p", "720p", "1080p"]), MODELLED),
    row("movement_amplitude", Word(&["auto", "small", "medium", "large"]), VIDEO),
    row("style", Word(&["general", "anime"]), &["text2video"]),
    row("bgm", Flag, SEEDED),
    row("audio", Flag, VIDEO),
    row("audio_type", Word(&["all", "speech_only", "sound_effect_only"]), VIDEO),
    row("voice_id", Text(UNBOUNDED), &["img2video", "reference2video"]),
    row("is_rec", Flag, &["img2video", "start-end2video"]),
    row("off_peak", Flag, VIDEO),
    row("watermark", Flag, MODELLED),
    row("wm_position", Corner, VIDEO),
    row("wm_position", NamedCorner, &["multiframe"]),
    row("wm_url", Text(UNBOUNDED), MODELLED),
    row("meta_data", Text(UNBOUNDED), MODELLED),
    row("start_image", Image, &["multiframe"]),
    row("image_settings", Frames, &["multiframe"]),
    row("template", Text(UNBOUNDED), &["template"]),
    row("area", Word(&["auto", "denmark", "uk", "africa", "china", "mexico", "switzerland", "russia", "italy", "korea", "thailand", "india", "japan"]), &["template"]),
    row("beast", Word(&["auto", "bear", "tiger", "elk", "snake", "lion", "wolf"]), &["template"]),
    row("story", Word(&["love_story", "workday_feels", "monkey_king", "pigsy", "monk_tang", "one_shot"]), &["template-story"]),
    row("payload", Text(1_048_576), ALL),
    row("callback_url", Text(UNBOUNDED), ALL),
];
