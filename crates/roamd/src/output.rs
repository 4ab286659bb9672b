//! Printing: results to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
pub(crate) use roamd_store_client::printable;
use serde::Serialize;

/// Prints one line to stdout.
pub(crate) fn print_line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}").map_err(|error| of_stdout(&error))
}

/// Writes bytes to stdout unchanged.
pub(crate) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|error| of_stdout(&error))
}

/// Returns an error that says what could not be written, of the same kind.
fn of_stdout(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write the result: {error}"))
}

/// Prints a result as indented JSON.
pub(crate) fn print_json(result: &impl Serialize) -> anyhow::Result<()> {
    Ok(print_line(serde_json::to_string_pretty(result)?)?)
}

/// Prints one of several results as JSON on one line.
pub(crate) fn print_json_line(result: &impl Serialize) -> anyhow::Result<()> {
    Ok(print_line(serde_json::to_string(result)?)?)
}

/// Prints records of comma-separated values (RFC 4180). Spreadsheets show all cells as text or
/// numbers.
pub(crate) fn print_csv<R: IntoIterator<Item = String>>(
    records: impl IntoIterator<Item = R>,
) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record.into_iter().map(|cell| csv_cell(&cell)))?;
    }
    Ok(print_bytes(&writer.into_inner()?)?)
}

/// Returns a cell that is no formula for a spreadsheet: an apostrophe makes text of it. Farms,
/// stores and strangers choose names.
fn csv_cell(text: &str) -> String {
    /// Also in full width, which some spreadsheets read like ASCII.
    const STARTS_FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let cell = printable(text);
    // Spreadsheets know no infinity.
    let is_number = cell.parse::<f64>().is_ok_and(f64::is_finite);
    match cell.trim_start().starts_with(STARTS_FORMULA) && !is_number {
        true => format!("'{cell}"),
        false => cell,
    }
}

/// Replaces the content of the terminal, starting at its upper left corner.
pub(crate) fn redraw_screen(lines: impl IntoIterator<Item = String>) -> io::Result<()> {
    // Erases the rest of each line and of the screen after writing. Clearing the screen first would
    // flicker.
    let lines: String = lines
        .into_iter()
        .map(|line| format!("{line}\x1b[K\n"))
        .collect();
    print_bytes(format!("\x1b[H{lines}\x1b[J").as_bytes())
}

/// Width of a terminal below which tables are not cut, because nothing would be left of them. A
/// terminal of unknown size has width 0.
const MIN_TERMINAL_WIDTH: u16 = 20;

/// Returns the width of the terminal; `None` if stdout is none, or its width is too small to mean
/// anything.
pub(crate) fn terminal_width() -> Option<usize> {
    let width = Table::new().width();
    width
        .filter(|it| *it >= MIN_TERMINAL_WIDTH)
        .map(usize::from)
}

/// Prints names and values in two columns. On a terminal, a long value continues on further lines.
pub(crate) fn print_fields<'f>(
    fields: impl IntoIterator<Item = (&'f str, String)>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for (name, value) in fields {
        table.add_row([name, &printable(&value)]);
    }
    print_wrapped(table)
}

/// Prints a text and another one beside it, which continues below on a terminal. `width` is that of
/// the first one.
pub(crate) fn print_beside(first: &str, width: usize, rest: &str) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row([format!("{:width$}", printable(first)), printable(rest)]);
    print_wrapped(table)
}

/// Prints a table of two columns, of which a terminal wraps the second one.
fn print_wrapped(mut table: Table) -> io::Result<()> {
    if terminal_width().is_some() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    let padding = [(0, 2), (0, 0)];
    for (column, padding) in table.column_iter_mut().zip(padding) {
        column.set_padding(padding);
    }
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
        .lines()
        .try_for_each(|line| print_line(line.trim_end()))
}

/// Whether [`print_message`] prints nothing.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// Makes [`print_message`] print nothing (`--quiet`).
pub(crate) fn silence_messages() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Returns whether messages are silenced.
pub(crate) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Prints a message that is neither a result nor a failure to stderr, unless messages are silenced.
pub(crate) fn print_message(text: impl Display) {
    if !is_quiet() {
        print_failure(text);
    }
}

/// Prints to stderr what failed. The text may have several lines.
pub(crate) fn print_failure(text: impl Display) {
    let text = text.to_string();
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    // A closed stderr leaves no way to report an error.
    writeln!(io::stderr(), "{}", lines.join("\n")).ok();
}

/// Prints the error that ended the command.
///
/// Prints nothing if the reader of the results closed its pipe, as `head` does.
pub(crate) fn print_error(error: &anyhow::Error) {
    let is_closed_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if !error.chain().any(is_closed_pipe) {
        print_failure(format_args!("roamd: {error:#}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_cell_is_never_a_formula() {
        for (text, expected) in [
            (
                "=HYPERLINK(\"http://a.test\")\u{1}",
                "'=HYPERLINK(\"http://a.test\") ",
            ),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+1+1", "'+1+1"),
            ("-2+3", "'-2+3"),
            ("＝1", "'＝1"),
            ("\t=1", "' =1"),
            ("\r=1", "' =1"),
            ("\u{202e} =1", "'  =1"),
            ("+49 30 1", "'+49 30 1"),
            ("-", "'-"),
            ("-5", "-5"),
            ("+1.5e3", "+1.5e3"),
            ("a=1", "a=1"),
            ("EXAMPLE\\ada", "EXAMPLE\\ada"),
            ("", ""),
        ] {
            assert_eq!(csv_cell(text), expected, "{text:?}");
        }
    }
}
