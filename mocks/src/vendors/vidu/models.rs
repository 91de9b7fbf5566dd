//! Which models each route takes, and what each can make there: lengths, resolutions, ratios.
//!
//! Tables and look-ups only. Sources: the create pages in `page`, newest copy first; models that
//! only older copies list are kept, because accounts still use them.

use std::ops::RangeInclusive;

/// One model on one route.
#[derive(Debug)]
pub(super) struct Model {
    /// The route's product.
    pub(super) product: &'static str,
    /// The name a request gives.
    pub(super) name: &'static str,
    /// What it makes there.
    pub(super) range: &'static Range,
}

/// What a model can make.
#[derive(Debug)]
pub(super) struct Range {
    /// Seconds made when none are asked for.
    pub(super) length: u64,
    /// Resolutions by length.
    pub(super) clips: &'static [Clip],
    /// Aspect ratios.
    pub(super) ratios: &'static [&'static str],
    /// Images it takes at most, where it takes several.
    pub(super) images: usize,
}

/// Lengths that come in the same resolutions.
#[derive(Debug)]
pub(super) struct Clip {
    /// Seconds.
    pub(super) lengths: RangeInclusive<u64>,
    /// Resolutions.
    pub(super) resolutions: &'static [&'static str],
    /// The resolution when none is asked for.
    pub(super) default: &'static str,
}

/// The model of that name on a product's route.
pub(super) fn model(product: &str, name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|row| row.product == product && row.name == name)
}

impl Range {
    /// The lengths that `length` is one of.
    pub(super) fn clip(&self, length: u64) -> Option<&'static Clip> {
        self.clips.iter().find(|clip| clip.lengths.contains(&length))
    }
}

const fn clip(
    lengths: RangeInclusive<u64>,
    resolutions: &'static [&'static str],
    default: &'static str,
) -> Clip {
    Clip { lengths, resolutions, default }
}

const THREE_RATIOS: &[&str] = &["16:9", "9:16", "1:1"];
/// 3:4 and 4:3 came with q2 and q3.
const FIVE_RATIOS: &[&str] = &["16:9", "9:16", "3:4", "4:3", "1:1"];
const HD: &[&str] = &["540p", "720p", "1080p"];
const FAST_HD: &[&str] = &["720p", "1080p"];
const MANY_IMAGES: usize = 7;

const fn q(length: u64, clips: &'static [Clip]) -> Range {
    Range { length, clips, ratios: FIVE_RATIOS, images: MANY_IMAGES }
}

static Q3: Range = q(5, &[clip(1..=16, HD, "720p")]);
// 540p is refused with `FieldInvalid: resolution`, as a public project found out.
static Q3_FAST: Range = q(5, &[clip(1..=16, FAST_HD, "720p")]);
static Q3_REFERENCE: Range = q(5, &[clip(3..=16, HD, "720p")]);
static Q3_MIX: Range = q(5, &[clip(1..=16, FAST_HD, "720p")]);
static Q2: Range = q(5, &[clip(1..=10, HD, "720p")]);
static Q2_FAST: Range = q(5, &[clip(1..=10, FAST_HD, "720p")]);
static Q2_FRAMES: Range = q(5, &[clip(1..=8, HD, "720p")]);
static Q2_FAST_FRAMES: Range = q(5, &[clip(1..=8, FAST_HD, "720p")]);
// Zero lets the model choose.
static Q2_PRO_REFERENCE: Range = q(5, &[clip(0..=10, HD, "720p")]);
// The length belongs to each frame.
static MULTIFRAME: Range = q(5, &[clip(0..=u64::MAX, HD, "720p")]);
static Q1: Range = Range {
    length: 5,
    clips: &[clip(5..=5, &["1080p"], "1080p")],
    ratios: THREE_RATIOS,
    images: MANY_IMAGES,
};
static V2: Range = Range {
    length: 4,
    clips: &[clip(4..=4, &["360p", "720p", "1080p"], "360p"), clip(8..=8, &["720p"], "720p")],
    ratios: THREE_RATIOS,
    images: 3,
};
static V2_REFERENCE: Range =
    Range { length: 4, clips: &[clip(4..=4, &["360p", "720p"], "360p")], ratios: THREE_RATIOS, images: 3 };

const fn row(product: &'static str, name: &'static str, range: &'static Range) -> Model {
    Model { product, name, range }
}

#[rustfmt::skip]
static MODELS: &[Model] = &[
    row("text2video", "viduq1", &Q1),
    row("text2video", "viduq2", &Q2),
    row("text2video", "viduq3-pro", &Q3),
    row("text2video", "viduq3-turbo", &Q3),
    row("text2video", "vidu1.5", &V2),
    row("img2video", "viduq1", &Q1),
    row("img2video", "viduq1-classic", &Q1),
    // On a relay's copy of the page, not on the page.
    row("img2video", "viduq2", &Q2),
    row("img2video", "viduq2-pro", &Q2),
    row("img2video", "viduq2-pro-fast", &Q2_FAST),
    row("img2video", "viduq2-turbo", &Q2),
    row("img2video", "viduq3-pro", &Q3),
    // Seen accepted, as was the refusal of 540p.
    row("img2video", "viduq3-pro-fast", &Q3_FAST),
    row("img2video", "viduq3-turbo", &Q3),
    row("img2video", "vidu2.0", &V2),
    row("img2video", "vidu1.5", &V2),
    row("start-end2video", "viduq1", &Q1),
    row("start-end2video", "viduq1-classic", &Q1),
    row("start-end2video", "viduq2-pro", &Q2_FRAMES),
    row("start-end2video", "viduq2-pro-fast", &Q2_FAST_FRAMES),
    row("start-end2video", "viduq2-turbo", &Q2_FRAMES),
    row("start-end2video", "viduq3-pro", &Q3),
    row("start-end2video", "viduq3-turbo", &Q3),
    row("start-end2video", "vidu2.0", &V2),
    row("start-end2video", "vidu1.5", &V2),
    row("reference2video", "viduq1", &Q1),
    row("reference2video", "viduq2", &Q2),
    row("reference2video", "viduq2-pro", &Q2_PRO_REFERENCE),
    row("reference2video", "viduq3", &Q3_REFERENCE),
    row("reference2video", "viduq3-turbo", &Q3_REFERENCE),
    // The page names the model, only relays its range.
    row("reference2video", "viduq3-mix", &Q3_MIX),
    row("reference2video", "vidu2.0", &V2_REFERENCE),
    // Captured in 2025-05.
    row("reference2video", "vidu1.5", &V2),
    row("multiframe", "viduq2-pro", &MULTIFRAME),
    row("multiframe", "viduq2-turbo", &MULTIFRAME),
];
