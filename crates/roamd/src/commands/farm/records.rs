//! Printing of records, as a table or as JSON.

use serde::Serialize;

use crate::exit_code::Exit;
use crate::output;

/// Prints a list of records. `row` returns the cells of one.
pub(super) fn print_records<T: Serialize, const COLUMNS: usize>(
    records: Vec<T>,
    json: bool,
    header: [&str; COLUMNS],
    row: impl Fn(T) -> [String; COLUMNS],
) -> anyhow::Result<Exit> {
    if json {
        output::print_json(&records)?;
    } else if records.is_empty() {
        output::print_message("Nothing to list.");
    } else {
        output::print_table(header, records.into_iter().map(row))?;
    }
    Ok(Exit::Done)
}

/// Prints one record, such as the new state after a change.
pub(super) fn print_record<T: Serialize, const COLUMNS: usize>(
    record: T,
    json: bool,
    header: [&str; COLUMNS],
    row: impl Fn(T) -> [String; COLUMNS],
) -> anyhow::Result<Exit> {
    if json {
        output::print_json(&record)?;
    } else {
        output::print_table(header, [row(record)])?;
    }
    Ok(Exit::Done)
}
