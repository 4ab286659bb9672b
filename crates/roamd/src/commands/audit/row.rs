//! An audit line as cells.

use jiff::Timestamp;
use serde_json::Value;

/// Columns of the table before the details.
pub(super) const COLUMNS: [&str; 5] = ["TIME (UTC)", "EVENT", "USER", "CLIENT", "RESULT"];

/// Fields of all lines, in the order of CSV and of the details.
pub(super) const FIELDS: [&str; 33] = [
    "time",
    "event",
    "user",
    "address",
    "outcome",
    "reason",
    "operator",
    "operator_id",
    "command",
    "object",
    "note",
    "store",
    "client",
    "device",
    "farm",
    "farms",
    "host",
    "host_session",
    "application",
    "session",
    "resource",
    "retry",
    "operation",
    "realm",
    "error",
    "error_id",
    "native_code",
    "sign_in",
    "web_session",
    "until",
    "blocked_until",
    "lines",
    "request",
];

/// Fields with a column of their own in the table.
const WITH_COLUMN: [&str; 6] = ["time", "event", "user", "address", "outcome", "reason"];

/// The cells of a row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Of [`COLUMNS`]. An empty one is a dash.
    pub(super) cells: [String; COLUMNS.len()],
    /// All other fields.
    pub(super) details: String,
}

impl Row {
    pub(super) fn header() -> Self {
        Self {
            cells: COLUMNS.map(str::to_owned),
            details: "DETAILS".to_owned(),
        }
    }

    /// Returns the row of a line. The result of an event without an outcome is its reason.
    pub(super) fn of(line: &Value) -> Self {
        let text = |field: &str| line.get(field).map(cell).unwrap_or_default();
        let result = match text("outcome") {
            outcome if outcome.is_empty() => text("reason"),
            outcome => outcome,
        };
        let details = fields(line).into_iter();
        let details = details.filter(|(field, _)| !WITH_COLUMN.contains(field));
        let details: Vec<_> = details
            .map(|(field, value)| format!("{field}={}", cell(value)))
            .collect();
        let cells = [
            short_time(&text("time")),
            text("event"),
            text("user"),
            text("address"),
            result,
        ];
        Self {
            cells: cells.map(|cell| {
                if cell.is_empty() {
                    "-".to_owned()
                } else {
                    cell
                }
            }),
            details: details.join(" "),
        }
    }
}

/// Returns the names of the columns in CSV: those of all fields, and one for fields of later
/// versions.
pub(super) fn csv_header() -> Vec<String> {
    let names = FIELDS.into_iter().chain(["other"]);
    names.map(str::to_owned).collect()
}

/// Returns the record of a line in CSV.
pub(super) fn csv_record(line: &Value) -> Vec<String> {
    let known = FIELDS.map(|field| line.get(field).map(cell).unwrap_or_default());
    let other = fields(line).into_iter();
    let other = other.filter(|(field, _)| !FIELDS.contains(field));
    let other: Vec<_> = other
        .map(|(field, value)| format!("{field}={}", cell(value)))
        .collect();
    known.into_iter().chain([other.join(" ")]).collect()
}

/// Returns the fields of a line in the order of [`FIELDS`], and then others by their names,
/// whatever order the features of `serde_json` give an object.
fn fields(line: &Value) -> Vec<(&str, &Value)> {
    let fields = line.as_object().into_iter().flatten();
    let mut fields: Vec<_> = fields.map(|(name, value)| (name.as_str(), value)).collect();
    fields.sort_by_key(|(name, _)| {
        let position = FIELDS.iter().position(|field| field == name);
        (position.unwrap_or(FIELDS.len()), *name)
    });
    fields
}

/// Returns a time in whole seconds; another text as it is.
fn short_time(time: &str) -> String {
    time.parse::<Timestamp>().map_or_else(
        |_| time.to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
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
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn row_and_record_have_every_field_of_a_line() {
        let line = json!({
            "time": "2026-11-29T08:30:00.123456Z",
            "request": "ab",
            "event": "disconnect",
            "user": "EXAMPLE\\ada",
            "outcome": "partial",
            "later": 7,
            "farms": [
                { "farm": "XA1", "outcome": "confirmed" },
                { "farm": "XD5", "outcome": "refused", "error_id": "unspecified" },
            ],
        });
        let row = Row::of(&line);
        assert_eq!(
            row.cells,
            [
                "2026-11-29 08:30:00",
                "disconnect",
                "EXAMPLE\\ada",
                "-",
                "partial"
            ]
        );
        let farms = "XA1:confirmed,XD5:refused:unspecified";
        assert_eq!(row.details, format!("farms={farms} request=ab later=7"));
        let record = csv_record(&line);
        let cells: Vec<_> = csv_header().into_iter().zip(record).collect();
        for (name, expected) in [
            ("time", "2026-11-29T08:30:00.123456Z"),
            ("farms", farms),
            ("other", "later=7"),
            ("reason", ""),
        ] {
            assert!(
                cells.contains(&(name.to_owned(), expected.to_owned())),
                "{name}"
            );
        }
        let refused = json!({ "event": "sign-in-refused", "reason": "throttled" });
        assert_eq!(Row::of(&refused).cells[4], "throttled");
    }

    /// A script that reads the CSV by the names of its columns finds every field.
    #[test]
    fn csv_has_a_column_for_each_field_of_the_schema() {
        let schema = include_str!("../../../../../docs/audit.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let lines = schema["$defs"].as_object().unwrap().values();
        let fields = lines.filter_map(|line| line["properties"].as_object());
        let fields: BTreeSet<_> = fields
            .flat_map(|it| it.keys())
            .map(String::as_str)
            .collect();
        assert_eq!(fields, BTreeSet::from(FIELDS));
    }
}
