//! The formats that a report can be written in: a row for each.
//!
//! A format is a file of its own below `report/`, with a pure function from the result tree to text. Files,
//! flags and the terminal belong to the command line.

use crate::run::requirement::Entry;

use super::{Report, annotations, badge, html, json, junit, md, ndjson, sarif, terminal};

/// Finds a requirement by its id, for formats that say more of it than a report holds. A stored report may name some that
/// this build does not know.
pub type Lookup = fn(&str) -> Option<Entry>;

/// A way to write a report.
#[derive(Debug)]
pub struct Format {
    /// How it is called in `--report NAME=PATH` and `--format NAME`.
    pub name: &'static str,
    /// What it is and who reads it, in a few words.
    pub summary: &'static str,
    /// Writes the report.
    pub render: fn(&Report, Lookup) -> String,
}

/// Every format; the first is what is printed unless another is asked for.
pub const FORMATS: &[Format] = &[
    Format {
        name: "text",
        summary: "for people, without colour",
        render: |report, _| terminal::render(report),
    },
    Format {
        name: "json",
        summary: "the whole run, as schemas/report.schema.json says",
        render: |report, _| json::render(report),
    },
    Format {
        name: "ndjson",
        summary: "the run as events, a line each, for jq and logs",
        render: |report, _| ndjson::render(report),
    },
    Format {
        name: "junit",
        summary: "XML that CI servers draw tests from",
        render: |report, _| junit::render(report),
    },
    Format { name: "sarif", summary: "SARIF 2.1.0, for code scanning", render: sarif::render },
    Format { name: "md", summary: "Markdown for a job's summary", render: |report, _| md::render(report) },
    Format {
        name: "annotations",
        summary: "workflow commands of GitHub Actions",
        render: |report, _| annotations::render(report),
    },
    Format {
        name: "badge",
        summary: "JSON for a shields.io endpoint badge",
        render: |report, _| badge::render(report),
    },
    Format {
        name: "html",
        summary: "one page with diagrams, for a browser",
        render: |report, _| html::render(report),
    },
];

/// The format of a name.
pub fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// All names, for messages.
pub fn names() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}
