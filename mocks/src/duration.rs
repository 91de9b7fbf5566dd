//! Durations as people write them: `250ms`, `5s`, `1h30m`.
//!
//! The one place that reads and prints them, for rules, faults and the vendors' options alike. What a
//! duration is for is decided where it stands.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads a duration such as `5s`, `250ms` or `1h30m`.
pub fn parse(text: &str) -> Option<Duration> {
    let time: SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(time).ok()
}

/// Reads durations with commas between them, `1s,5s,25s`; empty text is an empty list.
pub fn parse_list(text: &str) -> Option<Vec<Duration>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(parse).collect()
}

/// A duration for people, its parts apart: `1h 30m`.
pub fn spaced(time: Duration) -> String {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    format!("{time:#}")
}

/// A duration as one word, `1h30m`, for a notation where a space ends an item.
pub fn compact(time: Duration) -> String {
    spaced(time).replace(' ', "")
}
