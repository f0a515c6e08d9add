//! The catalogue of diagnostics as a document.

use crate::diagnostics::Severity;
use crate::diagnostics::codes::{CATALOGUE, Row};

/// `docs/errors.md`: every diagnostic, by code.
pub fn list() -> String {
    let mut rows: Vec<&Row> = CATALOGUE.iter().flat_map(|rows| rows.iter()).collect();
    rows.sort_by_key(|row| row.code);
    let entries: Vec<String> = rows.into_iter().map(entry).collect();
    format!(
        "# Diagnostics\n\nEvery diagnostic of `vic`, by code; `vic explain CODE` prints the same.\nThis file is generated.\n\n{}",
        entries.join("\n")
    )
}

fn entry(row: &Row) -> String {
    let severity = match row.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let example = |heading: &str, text: &str| match text.trim() {
        "" => String::new(),
        text => format!("{heading}:\n\n```\n{text}\n```\n\n"),
    };
    format!(
        "## {} `{}` ({severity})\n\n{}.\n\n{}\n\n{}{}",
        row.code,
        row.slug,
        row.summary,
        row.explanation.trim(),
        example("Wrong", row.wrong),
        example("Right", row.right)
    )
}
