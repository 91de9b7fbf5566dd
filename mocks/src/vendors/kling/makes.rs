//! What Kling's products make, for the tables of both generations and for the records of their tasks.

/// What a task ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Makes {
    /// One video.
    Video,
    /// One video whose length the record does not say.
    Effect,
    /// As many images as `n`.
    Images,
    /// As many images as `n`, or a series.
    OmniImage,
    /// One image, of which there is no watermarked copy.
    TryOn,
    /// One image.
    Image,
    /// A solution's video, which has no id of its own.
    Film,
    /// A video with subtitles, and the subtitles.
    Subtitles,
    /// Pictures and a video of clothes.
    Clothes,
}
