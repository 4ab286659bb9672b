//! Printing of records, as a table or as JSON.

use serde::Serialize;

use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::output;
use crate::table::Column;

/// Prints a list of records. `row` returns the cells of one.
pub(super) fn print_records<T: Serialize, const COLUMNS: usize>(
    records: Vec<T>,
    format: &TableFormatArgs,
    columns: [Column; COLUMNS],
    row: impl Fn(T) -> [String; COLUMNS],
) -> anyhow::Result<Exit> {
    if format.is_json() {
        output::print_json(&records)?;
    } else if records.is_empty() && !format.is_for_programs() {
        output::print_message("Nothing to list.");
    } else {
        format.print(columns, records.into_iter().map(row))?;
    }
    Ok(Exit::Done)
}

/// Prints one record, such as the new state after a change.
pub(super) fn print_record<T: Serialize, const COLUMNS: usize>(
    record: T,
    format: &TableFormatArgs,
    columns: [Column; COLUMNS],
    row: impl Fn(T) -> [String; COLUMNS],
) -> anyhow::Result<Exit> {
    if format.is_json() {
        output::print_json(&record)?;
    } else {
        format.print(columns, [row(record)])?;
    }
    Ok(Exit::Done)
}
