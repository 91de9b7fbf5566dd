//! One HTML page that needs nothing else: no server, no network, no second file.
//!
//! What lives here is how the page is put together, and what of it is not escaped. Its elements are the template
//! `page.html`, the words in them come from `summary`; looks and behaviour are assets beside it. The result tree
//! travels inside as data that the page's script inflates.

mod summary;

use std::io::Write as _;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, Output, State, UndefinedBehavior, Value, context};
use sha2::{Digest as _, Sha256};

use super::Report;
use super::wording::{escaped, visible};

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
///
/// # Panics
///
/// If the template is wrong, which no report can bring about.
pub fn render(report: &Report) -> String {
    let (style, script) = (unix(STYLE), unix(SCRIPT));
    let values = context! {
        policy => policy(&style, &script),
        style => verbatim(style),
        script => verbatim(script),
        data => verbatim(data(report)),
        ..summary::values(report)
    };
    engine().render_named_str("page.html", PAGE, values).expect("the template only names what it is given")
}

/// An engine that knows no filter, test or function, so that a template can neither choose to leave something
/// unescaped nor forget to escape it.
fn engine() -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.set_formatter(write_value);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    let lines_of_blocks_vanish = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    engine.set_syntax(lines_of_blocks_vanish.expect("the delimiters are the usual ones"));
    engine
}

/// Writes a value as text that cannot become markup, and whose unseen characters are seen; all but what
/// [`verbatim`] let through.
fn write_value(page: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if value.is_safe() => page.write_str(text)?,
        Some(text) => page.write_str(&escaped(&visible(text)))?,
        None => page.write_str(&escaped(&visible(&value.to_string())))?,
    }
    Ok(())
}

/// A value that reaches the page as it is: this is the one place for it. It is for the page's own style and
/// script, and for the compressed report, which [`data`] writes in letters that no parser takes for markup.
fn verbatim(text: String) -> Value {
    Value::from_safe_string(text)
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
    // Neither can fail: the tree has no map with keys that are not strings, and memory takes every byte.
    let json = serde_json::to_vec(report).unwrap_or_default();
    let _ = deflater.write_all(&json);
    BASE64.encode(&deflater.finish().unwrap_or_default())
}
