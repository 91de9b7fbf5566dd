//! One HTML page that needs nothing else: no server, no network, no second file.
//!
//! What lives here is how the page is put together. Its words without script are in `summary`; looks and
//! behaviour are assets beside it. The result tree travels inside as data that the page's script inflates.

mod summary;

use std::io::Write as _;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use sha2::{Digest as _, Sha256};

use super::Report;
use super::wording::{markup, visible};

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
/// One script in several files; they share one scope, and the last one starts.
const SCRIPT: &str = concat!(
    "'use strict';\n(() => {\n",
    include_str!("html/text.js"),
    include_str!("html/diff.js"),
    include_str!("html/exchange.js"),
    include_str!("html/diagram.js"),
    include_str!("html/case.js"),
    include_str!("html/filters.js"),
    include_str!("html/page.js"),
    "})();\n"
);

/// A page of 1,000 cases with full transcripts is a third of the 3 MB it may have with this level
/// (`cargo context --context report_speed`), so what counts is that it is fast.
const LEVEL: Compression = Compression::new(3);

/// Writes the report.
pub fn render(report: &Report) -> String {
    let (style, script) = (unix(STYLE), unix(SCRIPT));
    let policy = policy(&style, &script);
    let (title, data) = (summary::title(report), data(report));
    let (head, counts, attention) =
        (summary::head(report), summary::counts(report), summary::attention(report));
    filled(PAGE, |name| match name {
        "policy" => &policy,
        "title" => &title,
        "style" => &style,
        "head" => &head,
        "counts" => &counts,
        "attention" => &attention,
        "data" => &data,
        "script" => &script,
        _ => "",
    })
}

/// Text that cannot become markup, and whose unseen characters are seen.
fn escaped(text: &str) -> String {
    markup(&visible(text))
}

/// The template with its `{{names}}` replaced, in one pass: what is filled in is not looked at again.
fn filled<'value>(template: &str, value: impl Fn(&str) -> &'value str) -> String {
    let mut text = String::new();
    let mut pieces = template.split("{{");
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or(("", piece));
        text.push_str(value(name));
        text.push_str(rest);
    }
    text
}

/// Nothing may be loaded, and only the style and the script that are part of the page may take effect.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

/// Line ends as a browser sees them, because it hashes what it sees.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The result tree as compact JSON, deflated, in base64: letters that no parser of HTML takes for markup.
fn data(report: &Report) -> String {
    let mut deflater = DeflateEncoder::new(Vec::new(), LEVEL);
    // Neither can fail: the tree has no map with keys that are no strings, and memory takes every byte.
    let json = serde_json::to_vec(report).unwrap_or_default();
    let _ = deflater.write_all(&json);
    BASE64.encode(&deflater.finish().unwrap_or_default())
}
