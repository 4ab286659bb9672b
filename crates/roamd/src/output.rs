//! Printing: results to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{Table, presets};
pub(crate) use roamd_store_client::printable;
use serde::Serialize;

/// Prints one line to stdout.
pub(crate) fn print_line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// Writes bytes to stdout unchanged.
pub(crate) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Prints a result as indented JSON.
pub(crate) fn print_json(result: &impl Serialize) -> anyhow::Result<()> {
    Ok(print_line(serde_json::to_string_pretty(result)?)?)
}

/// Prints one of several results as JSON on one line.
pub(crate) fn print_json_line(result: &impl Serialize) -> anyhow::Result<()> {
    Ok(print_line(serde_json::to_string(result)?)?)
}

/// Prints a table with aligned columns.
pub(crate) fn print_table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> io::Result<()> {
    table_lines(header, rows)
        .into_iter()
        .try_for_each(print_line)
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

/// Returns the lines of a table with aligned columns.
pub(crate) fn table_lines<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| printable(&cell)));
    }
    table.lines().map(|row| row.trim().to_owned()).collect()
}

/// Prints a message that is not a result to stderr.
pub(crate) fn print_message(text: impl Display) {
    // A closed stderr leaves no way to report an error.
    writeln!(io::stderr(), "{text}").ok();
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
        print_message(format_args!("roamd: {error:#}"));
    }
}
