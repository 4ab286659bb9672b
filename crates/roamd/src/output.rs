//! What people and scripts see: results on stdout, all else on stderr.

use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{Table, presets};
use serde::Serialize;

/// Prints one line of a result.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// Prints a result as it is.
pub(crate) fn raw(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Prints a result for programs.
pub(crate) fn json(result: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string_pretty(result)?)?)
}

/// Prints one of several results for programs, on one line.
pub(crate) fn json_line(result: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string(result)?)?)
}

/// Prints a list for people: one row a line, columns side by side.
pub(crate) fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> io::Result<()> {
    lines_of(header, rows).into_iter().try_for_each(line)
}

/// Draws a picture over what a terminal shows, from its upper left corner.
pub(crate) fn redraw(lines: impl IntoIterator<Item = String>) -> io::Result<()> {
    // Each line and the rest of the screen are erased where the new picture leaves them, not before:
    // an empty screen in between would flicker.
    let lines: String = lines
        .into_iter()
        .map(|line| format!("{line}\x1b[K\n"))
        .collect();
    raw(format!("\x1b[H{lines}\x1b[J").as_bytes())
}

/// The lines of a table.
pub(crate) fn lines_of<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| shown(&cell)));
    }
    table.lines().map(|row| row.trim().to_owned()).collect()
}

/// Tells a person something that is no result.
pub(crate) fn note(text: impl Display) {
    // There is nobody left to tell when stderr is gone.
    writeln!(io::stderr(), "{text}").ok();
}

/// Tells why a command failed; nothing if the reader of its results went away.
pub(crate) fn complain(error: &anyhow::Error) {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if !error.chain().any(closed) {
        note(format_args!("roamd: {error:#}"));
    }
}

/// Text of a server, fit for a line of a terminal.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}
