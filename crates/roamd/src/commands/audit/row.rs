//! An audit line as a row of columns.

use std::io;

use jiff::Timestamp;
use serde_json::Value;

use crate::output::{self, printable};

/// Names of the columns.
pub(super) const COLUMNS: [&str; 7] = [
    "TIME", "EVENT", "USER", "ADDRESS", "OUTCOME", "DETAILS", "REQUEST",
];

/// Least widths of the columns but the last one. Lines are printed one by one, so the width of a
/// column does not follow from its values.
const WIDTHS: [usize; 6] = [27, 16, 20, 15, 15, 30];

/// Width of a time in whole seconds.
const NARROW_TIME: usize = 20;

/// Fields with a column of their own.
const WITH_COLUMN: [&str; 7] = [
    "time", "event", "user", "address", "outcome", "reason", "request",
];

/// The cells of a row.
pub(super) struct Row(pub(super) [String; COLUMNS.len()]);

impl Row {
    pub(super) fn header() -> Self {
        Self(COLUMNS.map(str::to_owned))
    }

    /// Returns the row of a line. The outcome of an event that has none is its reason. The details
    /// are all other fields.
    pub(super) fn of(line: &Value) -> Self {
        let text = |field: &str| line.get(field).map(cell).unwrap_or_default();
        let outcome = match text("outcome") {
            outcome if outcome.is_empty() => text("reason"),
            outcome => outcome,
        };
        let fields = line.as_object().into_iter().flatten();
        let details = fields.filter(|(field, _)| !WITH_COLUMN.contains(&field.as_str()));
        let mut details: Vec<_> = details
            .map(|(field, value)| format!("{field}={}", cell(value)))
            .collect();
        // In alphabetical order, whatever order the features of `serde_json` give an object.
        details.sort_unstable();
        Self([
            text("time"),
            text("event"),
            text("user"),
            text("address"),
            outcome,
            details.join(" "),
            text("request"),
        ])
    }

    /// Prints the row as a line with aligned columns. If it is wider than the terminal, all columns
    /// but the time continue below each other.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        let line = self.columns();
        match output::terminal_width() {
            Some(width) if line.chars().count() > width => self.print_narrow()?,
            _ => output::print_line(line)?,
        }
        Ok(())
    }

    fn print_narrow(&self) -> io::Result<()> {
        let Self([time, rest @ ..]) = self;
        let rest = rest.iter().filter(|cell| !cell.is_empty());
        let rest: Vec<_> = rest.map(String::as_str).collect();
        output::print_beside(&without_fraction(time), NARROW_TIME, &rest.join("  "))
    }

    /// Returns the row as a line with aligned columns. An empty cell is `-`.
    fn columns(&self) -> String {
        let Self(cells) = self;
        let widths = WIDTHS.into_iter().chain([0]);
        let cells = cells.iter().zip(widths).map(|(cell, width)| {
            let cell = match printable(cell) {
                cell if cell.is_empty() => "-".to_owned(),
                cell => cell,
            };
            format!("{cell:width$}")
        });
        cells.collect::<Vec<_>>().join("  ")
    }
}

/// Returns a time in whole seconds; another text as it is.
fn without_fraction(time: &str) -> String {
    time.parse::<Timestamp>()
        .map_or_else(|_| time.to_owned(), |time| format!("{time:.0}"))
}

/// Returns a value as a cell: text as it is, and the outcome of each farm as `FARM:OUTCOME`.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items = items.iter().map(|item| match item {
                Value::Object(fields) => {
                    let mut fields: Vec<_> = fields.iter().collect();
                    fields.sort_by_key(|(field, _)| match field.as_str() {
                        "farm" => 0,
                        "outcome" => 1,
                        _ => 2,
                    });
                    let values: Vec<_> = fields.into_iter().map(|(_, it)| cell(it)).collect();
                    values.join(":")
                }
                item => cell(item),
            });
            items.collect::<Vec<_>>().join(",")
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn row_has_every_field_of_a_line() {
        let line = json!({
            "time": "2026-11-29T08:30:00.000000Z",
            "request": "ab",
            "event": "disconnect",
            "user": "EXAMPLE\\ada",
            "outcome": "partial",
            "farms": [
                { "farm": "XA1", "outcome": "confirmed" },
                { "farm": "XD5", "outcome": "refused", "error_id": "unspecified" },
            ],
        });
        let Row(cells) = Row::of(&line);
        assert_eq!(
            cells,
            [
                "2026-11-29T08:30:00.000000Z",
                "disconnect",
                "EXAMPLE\\ada",
                "",
                "partial",
                "farms=XA1:confirmed,XD5:refused:unspecified",
                "ab",
            ]
        );
        let refused = json!({ "event": "sign-in-refused", "reason": "throttled" });
        assert_eq!(Row::of(&refused).0[4], "throttled");
    }

    #[test]
    fn hostile_text_stays_in_its_cell() {
        let line = json!({ "event": "launch", "user": "a\n\u{1b}[2J\u{202e}" });
        let row = Row::of(&line).columns();
        let is_obeyed = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!row.contains(is_obeyed), "{row:?}");
    }
}
