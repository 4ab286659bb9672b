//! The table of audit lines, which are printed while they are read.
//!
//! The first lines decide the widths of the columns. On a terminal, the columns that fit are in one
//! line, and the rest of a row continues below.

use std::io;

use super::row::{COLUMNS, Row};
use crate::output::{self, printable};
use crate::table::cut;

/// Number of rows that decide the widths.
const FIRST_ROWS: usize = 200;

/// Least and greatest widths of the columns.
const WIDTHS: [(usize, usize); COLUMNS.len()] = [(19, 19), (10, 23), (8, 32), (9, 39), (7, 24)];

/// Columns between two cells.
const GAP: usize = 2;

/// Least width of the details beside the other columns.
const LEAST_DETAILS: usize = 30;

/// Indentation of what continues below.
const INDENTATION: usize = 4;

/// Prints rows.
#[derive(Default)]
pub(super) struct AuditTable {
    /// `None` until they are known.
    widths: Option<[usize; COLUMNS.len()]>,
    /// The rows that wait for the widths.
    first: Vec<Row>,
    /// Whether the width of the terminal does not matter.
    is_wide: bool,
}

impl AuditTable {
    pub(super) fn new(is_wide: bool) -> Self {
        Self {
            is_wide,
            ..Self::default()
        }
    }

    /// Prints a row, now or with the next ones.
    pub(super) fn add(&mut self, row: Row) -> io::Result<()> {
        if let Some(widths) = self.widths {
            return self.print(&row, widths);
        }
        self.first.push(row);
        match self.first.len() {
            FIRST_ROWS => self.flush(),
            _ => Ok(()),
        }
    }

    /// Prints all rows so far, below a header.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.widths.is_some() {
            return Ok(());
        }
        let first = std::mem::take(&mut self.first);
        let widths = widths(&first);
        self.widths = Some(widths);
        self.print(&Row::header(), widths)?;
        first.iter().try_for_each(|row| self.print(row, widths))
    }

    fn print(&self, row: &Row, widths: [usize; COLUMNS.len()]) -> io::Result<()> {
        let terminal = output::terminal_width().filter(|_| !self.is_wide);
        let details = printable(&row.details);
        let Some(terminal) = terminal else {
            let cells = row.cells.iter().zip(widths);
            let cells = cells.map(|(cell, width)| format!("{:width$}  ", printable(cell)));
            let line = cells.collect::<String>() + &details;
            return output::print_line(line.trim_end());
        };
        let beside = columns_within(terminal, widths);
        let mut line = Vec::new();
        let mut below = Vec::new();
        for (index, (cell, width)) in row.cells.iter().zip(widths).enumerate() {
            let cell = printable(cell);
            if index < beside {
                let cell = if cell.chars().count() > width {
                    cut(&cell, width)
                } else {
                    cell
                };
                line.push(format!("{cell:width$}"));
            } else {
                below.push(cell);
            }
        }
        let line = line.join("  ");
        let width = line.chars().count();
        if beside == COLUMNS.len() && width + GAP + LEAST_DETAILS <= terminal {
            return output::print_beside(&line, width, &details);
        }
        output::print_line(line.trim_end())?;
        below.push(details);
        let below = below.join("  ");
        match below.trim() {
            "" => Ok(()),
            below => output::print_beside("", INDENTATION - GAP, below),
        }
    }
}

/// Returns the widths of the columns for these rows.
fn widths(rows: &[Row]) -> [usize; COLUMNS.len()] {
    let mut widths = WIDTHS.map(|(least, _)| least);
    for row in rows {
        let greatest = WIDTHS.map(|(_, greatest)| greatest);
        for ((width, cell), greatest) in widths.iter_mut().zip(&row.cells).zip(greatest) {
            *width = cell.chars().count().clamp(*width, greatest);
        }
    }
    widths
}

/// Returns how many columns fit beside each other, two at least.
fn columns_within(terminal: usize, widths: [usize; COLUMNS.len()]) -> usize {
    let ends = widths.iter().scan(0, |end, width| {
        *end += width + GAP;
        Some(*end - GAP)
    });
    ends.take_while(|end| *end <= terminal).count().max(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_fit_are_in_one_line() {
        let widths = [19, 10, 11, 9, 7];
        for (terminal, expected) in [(200, 5), (64, 5), (63, 4), (55, 4), (54, 3), (20, 2)] {
            assert_eq!(columns_within(terminal, widths), expected, "{terminal}");
        }
    }

    #[test]
    fn first_rows_decide_the_widths_within_limits() {
        assert_eq!(widths(&[]), [19, 10, 8, 9, 7]);
        let mut row = Row::header();
        row.cells[1] = "sign-in-refused".to_owned();
        row.cells[2] = "x".repeat(100);
        assert_eq!(widths(&[row]), [19, 15, 32, 9, 7]);
    }
}
