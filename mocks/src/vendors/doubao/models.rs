//! The Seedance models as a table: what each can do, and what it takes when the caller says nothing.
//!
//! From the model columns of the create page (Volcengine `82379/1520757`, BytePlus
//! `ModelArk/1520757`), read 2026-11-24. Where the two pages or a page and a measurement disagree,
//! the wider answer stands here and a comment says so.

/// What only some models can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Able {
    /// Sound with the picture; without it, an answer has no `generate_audio`.
    Audio,
    /// A quick preview first.
    Draft,
    /// The offline service tier.
    Flex,
    /// A place in the queue.
    Priority,
    /// Searching the web.
    Tools,
    /// A length in frames.
    Frames,
    /// A camera that does not move.
    CameraFixed,
    /// Containers other than MP4.
    OutputFormat,
    /// Saying what is to be done with references.
    TaskType,
    /// A last frame beside the first.
    LastFrame,
    /// Reference images.
    Images,
    /// Reference videos and sounds.
    Media,
    /// Sound as the only input.
    AudioAlone,
    /// A ratio of its own choice when there is only text.
    AdaptiveText,
    /// A length of its own choice.
    AutoDuration,
}

/// One model family; versions come and go within it.
#[derive(Debug)]
pub(super) struct Model {
    /// Name without prefix and version.
    pub(super) family: &'static str,
    /// Shortest and longest length in seconds.
    pub(super) duration: (i64, i64),
    /// Resolutions, the usual one first.
    pub(super) resolutions: &'static [&'static str],
    /// What else it can do.
    able: &'static [Able],
}

use Able::{
    AdaptiveText, Audio, AudioAlone, AutoDuration, CameraFixed, Draft, Flex, Frames, Images, LastFrame,
    Media, OutputFormat, Priority, TaskType, Tools,
};

/// Every family. `tools` is documented for 2.0 and 2.0 fast; that the later models have it too is
/// assumed. 2.5 at 1080p was refused on 2026-08-09 and accepted from 2026-08-11 on.
const MODELS: &[Model] = &[
    Model {
        family: "seedance-2-5",
        duration: (4, 30),
        resolutions: &["720p", "480p", "1080p"],
        able: &[
            Audio,
            Priority,
            Tools,
            OutputFormat,
            TaskType,
            LastFrame,
            Images,
            Media,
            AudioAlone,
            AdaptiveText,
            AutoDuration,
        ],
    },
    Model {
        family: "seedance-2-0",
        duration: (4, 15),
        resolutions: &["720p", "480p", "1080p", "4k"],
        able: SECOND,
    },
    Model { family: "seedance-2-0-fast", duration: (4, 15), resolutions: &["720p", "480p"], able: SECOND },
    Model { family: "seedance-2-0-mini", duration: (4, 15), resolutions: &["720p", "480p"], able: SECOND },
    Model {
        family: "seedance-1-5-pro",
        duration: (4, 12),
        resolutions: &["720p", "480p", "1080p"],
        able: &[Audio, Draft, Flex, CameraFixed, LastFrame, AdaptiveText, AutoDuration],
    },
    Model {
        family: "seedance-1-0-pro",
        duration: (2, 12),
        resolutions: &["1080p", "480p", "720p"],
        able: &[Flex, Frames, CameraFixed, LastFrame],
    },
    Model {
        family: "seedance-1-0-pro-fast",
        duration: (2, 12),
        resolutions: &["1080p", "480p", "720p"],
        able: &[Flex, Frames, CameraFixed],
    },
    Model {
        family: "seedance-1-0-lite-t2v",
        duration: (2, 12),
        resolutions: &["720p", "480p", "1080p"],
        able: &[Flex, Frames, CameraFixed],
    },
    Model {
        family: "seedance-1-0-lite-i2v",
        duration: (2, 12),
        resolutions: &["720p", "480p", "1080p"],
        able: &[Flex, Frames, CameraFixed, LastFrame, Images],
    },
];

const SECOND: &[Able] = &[Audio, Priority, Tools, LastFrame, Images, Media, AdaptiveText, AutoDuration];

/// Volcengine's prefix, BytePlus's, and BytePlus's older one.
const PREFIXES: [&str; 3] = ["doubao-", "dreamina-", ""];
/// A version is the day of its release.
const VERSION_DIGITS: usize = 6;

impl Model {
    /// The model of an id such as `doubao-seedance-1-0-pro-250528`, in any version and region.
    pub(super) fn named(id: &str) -> Option<&'static Self> {
        let (name, version) = id.rsplit_once('-')?;
        if version.len() != VERSION_DIGITS || !version.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        MODELS
            .iter()
            .find(|model| PREFIXES.iter().any(|prefix| name.strip_prefix(prefix) == Some(model.family)))
    }

    /// Whether it can do something.
    pub(super) fn can(&self, able: Able) -> bool {
        self.able.contains(&able)
    }

    /// The resolution when the caller asks for none.
    pub(super) const fn usual_resolution(&self) -> &'static str {
        self.resolutions[0]
    }

    /// Whether it is of the first generation, whose pixels and references differ.
    pub(super) fn is_first(&self) -> bool {
        self.family.starts_with("seedance-1-0")
    }

    /// Whether a length in seconds is one of its own.
    pub(super) fn takes_duration(&self, seconds: i64) -> bool {
        (self.duration.0..=self.duration.1).contains(&seconds) || (seconds == -1 && self.can(AutoDuration))
    }

    /// Width times height of its video.
    pub(super) fn pixels(&self, resolution: &str, ratio: &str) -> u64 {
        PIXELS.iter().find(|row| row.0.eq_ignore_ascii_case(resolution) && row.1 == ratio).map_or(
            921_600,
            |(_, _, first, later)| {
                let (width, height) = if self.is_first() { first } else { later };
                width * height
            },
        )
    }
}

/// Resolution, ratio, and pixels of the first generation and of the later ones. 2.5 differs from
/// 2.0 by a few columns, which its unit of tokens does not show.
type Pixels = (&'static str, &'static str, (u64, u64), (u64, u64));

#[rustfmt::skip]
const PIXELS: &[Pixels] = &[
    ("480p", "16:9", (864, 480), (864, 496)),
    ("480p", "4:3", (736, 544), (752, 560)),
    ("480p", "1:1", (640, 640), (640, 640)),
    ("480p", "3:4", (544, 736), (560, 752)),
    ("480p", "9:16", (480, 864), (496, 864)),
    ("480p", "21:9", (960, 416), (992, 432)),
    ("720p", "16:9", (1248, 704), (1280, 720)),
    ("720p", "4:3", (1120, 832), (1112, 834)),
    ("720p", "1:1", (960, 960), (960, 960)),
    ("720p", "3:4", (832, 1120), (834, 1112)),
    ("720p", "9:16", (704, 1248), (720, 1280)),
    ("720p", "21:9", (1504, 640), (1470, 630)),
    ("1080p", "16:9", (1920, 1088), (1920, 1080)),
    ("1080p", "4:3", (1664, 1248), (1664, 1248)),
    ("1080p", "1:1", (1440, 1440), (1440, 1440)),
    ("1080p", "3:4", (1248, 1664), (1248, 1664)),
    ("1080p", "9:16", (1088, 1920), (1080, 1920)),
    ("1080p", "21:9", (2176, 928), (2206, 946)),
    ("4k", "16:9", (3840, 2160), (3840, 2160)),
    ("4k", "4:3", (3326, 2494), (3326, 2494)),
    ("4k", "1:1", (2880, 2880), (2880, 2880)),
    ("4k", "3:4", (2494, 3326), (2494, 3326)),
    ("4k", "9:16", (2160, 3840), (2160, 3840)),
    ("4k", "21:9", (4398, 1886), (4398, 1886)),
];
