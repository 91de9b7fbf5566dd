//! Lives as texts, and how two texts differ. Pure.

use ringback_mocks::journal::Leg;
use similar::TextDiff;

use super::life::Life;
use crate::snapshots::normalize::Normalizer;

/// One side of a life.
#[derive(Debug)]
pub(super) struct View {
    /// Name of its file.
    pub name: &'static str,
    /// What it shows, with the requirements that are about it.
    pub about: &'static str,
    of: fn(Leg) -> bool,
}

/// Every side.
pub(super) const VIEWS: &[View] = &[
    View {
        name: "client",
        about: "what the client was answered (GW-SUB-002, GW-ST-001, GW-ST-002)",
        of: |leg| leg == Leg::Client,
    },
    View {
        name: "upstream",
        about: "what the gateway sent upstream (GW-CB-001, GW-UP-002)",
        of: |leg| matches!(leg, Leg::Upstream(_)),
    },
    View {
        name: "callbacks",
        about: "what the vendor posted to the callback_url (GW-CB-001)",
        of: |leg| matches!(leg, Leg::Callback(_)),
    },
];

/// What stands for a value that differs between two lives of which nobody changed anything.
const VARIES: &str = "<varies>";

/// One side of a life, without what differs in another life of the same kind.
pub(super) fn merged(first: &Life, second: &Life, view: &View) -> String {
    let (first, second) = (exchanges(first, view), exchanges(second, view));
    if first.is_empty() {
        return "nothing".to_owned();
    }
    let apart = first.iter().enumerate().map(|(at, text)| match second.get(at) {
        Some(other) => steady(text, other),
        None => text.clone(),
    });
    apart.collect::<Vec<_>>().join("\n\n")
}

/// Readings that were repeated with the same answer are one: how often was asked is chance. What was
/// created twice is not.
fn exchanges(life: &Life, view: &View) -> Vec<String> {
    let mut normalizer = Normalizer::knowing(life.ids.iter().cloned());
    let mut texts: Vec<String> = Vec::new();
    for (leg, exchange) in life.exchanges.iter().filter(|(leg, _)| (view.of)(*leg)) {
        let text = normalizer.exchange(exchange);
        let told = match leg {
            // Whether a gateway asks for the file before or after it asks again is its own pace.
            Leg::Upstream(_) => texts.contains(&text),
            // A status that goes back must show, so only neighbours are one.
            _ => texts.last() == Some(&text),
        };
        if exchange.request.method != "GET" || !told {
            texts.push(text);
        }
    }
    texts
}

/// The lines of `text`, with a placeholder for values that differ in `other`. Lines are never left out,
/// and a key never is.
fn steady(text: &str, other: &str) -> String {
    if text == other || text.lines().count() != other.lines().count() {
        return text.to_owned();
    }
    let lines = text.lines().zip(other.lines()).map(|(line, control)| {
        let (name, end) = match (named(line), named(control)) {
            (Some(name), Some(same)) if line != control && name == same => (name, line.ends_with(',')),
            _ => return line.to_owned(),
        };
        format!("{name}{VARIES}{}", if end { "," } else { "" })
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A line up to its value, if it is one field of a pretty-printed object.
fn named(line: &str) -> Option<&str> {
    let key = line.trim_start().strip_prefix('"')?;
    let end = line.len() - key.len() + key.find("\": ")? + 3;
    Some(&line[..end])
}

/// How a text differs from the reviewed one, with a little of what stands around it.
pub fn difference(reviewed: &str, now: &str) -> String {
    TextDiff::from_lines(reviewed, now)
        .unified_diff()
        .context_radius(3)
        .missing_newline_hint(false)
        .header("reviewed", "now")
        .to_string()
}
