//! The whole result tree as JSON: the one format that `ringback report --from` reads again.

use super::Report;

/// Writes the report in the shape of `schemas/report.schema.json`.
pub fn render(report: &Report) -> String {
    // Fails only for maps whose keys are not strings; the tree has none.
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    format!("{text}\n")
}
