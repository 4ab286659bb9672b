//! Tables with aligned columns. On a terminal that is too narrow, columns give way in an order that
//! each column states: first texts, which continue below, then details, then names. Ids, states and
//! numbers stay whole.

use std::io;

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use crate::output::{print_line, printable, terminal_width};

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) header: &'static str,
    pub(crate) fit: Fit,
    /// Whether only the wide table and CSV have it.
    pub(crate) is_wide: bool,
}

/// How a column gives way on a terminal that is too narrow. The first kinds do so first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// A text of several words, such as a reason: it continues on the next lines.
    Text,
    /// A value that is no answer by itself, such as a kind: it is cut.
    Detail,
    /// A name: it is cut last.
    Name,
    /// An argument of other commands, a state or a number: it stays whole.
    Whole,
}

/// Width of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableWidth {
    /// At most that of the terminal, if stdout is one.
    Terminal,
    Unlimited,
}

/// Columns between two cells.
const GAP: usize = 2;

impl Column {
    pub(crate) const fn new(header: &'static str, fit: Fit) -> Self {
        Self {
            header,
            fit,
            is_wide: false,
        }
    }

    pub(crate) const fn text(header: &'static str) -> Self {
        Self::new(header, Fit::Text)
    }

    pub(crate) const fn detail(header: &'static str) -> Self {
        Self::new(header, Fit::Detail)
    }

    pub(crate) const fn name(header: &'static str) -> Self {
        Self::new(header, Fit::Name)
    }

    pub(crate) const fn whole(header: &'static str) -> Self {
        Self::new(header, Fit::Whole)
    }

    /// Returns a column that only the wide table and CSV have.
    pub(crate) const fn wide(header: &'static str) -> Self {
        Self {
            is_wide: true,
            ..Self::new(header, Fit::Detail)
        }
    }
}

/// How columns give way: each step makes the columns of a kind narrower, down to a width.
const STEPS: [(Fit, usize); 5] = [
    (Fit::Text, 20),
    (Fit::Detail, 8),
    (Fit::Text, 10),
    (Fit::Detail, 6),
    (Fit::Name, 6),
];

/// Prints a table without its wide columns, at most as wide as the terminal.
pub(crate) fn print_table<const COLUMNS: usize>(
    columns: [Column; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> io::Result<()> {
    let shown = columns.into_iter().filter(|it| !it.is_wide);
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter().zip(columns);
        cells
            .filter(|(_, column)| !column.is_wide)
            .map(|(cell, _)| cell)
    });
    table_lines(shown, rows, TableWidth::Terminal)
        .into_iter()
        .try_for_each(print_line)
}

/// Returns the lines of a table. A cell that is cut ends with `…`.
pub(crate) fn table_lines<R: IntoIterator<Item = String>>(
    columns: impl IntoIterator<Item = Column>,
    rows: impl IntoIterator<Item = R>,
    width: TableWidth,
) -> Vec<String> {
    let columns: Vec<_> = columns.into_iter().collect();
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter().map(|cell| printable(&cell));
        cells.collect::<Vec<_>>()
    });
    let rows: Vec<_> = rows.collect();
    match (width, terminal_width()) {
        (TableWidth::Terminal, Some(terminal)) => lines_within(terminal, &columns, rows),
        _ => lines(&columns, rows, None),
    }
}

/// Returns the lines of a table that is at most this wide, if its columns can give way so far.
fn lines_within(terminal: usize, columns: &[Column], mut rows: Vec<Vec<String>>) -> Vec<String> {
    let mut contents = new_table();
    contents.add_rows(rows.iter().cloned());
    let contents = contents.column_max_content_widths().into_iter();
    let contents: Vec<_> = contents.map(usize::from).collect();
    let widths = widths_within(terminal, columns, &contents);
    for row in &mut rows {
        for ((cell, width), column) in row.iter_mut().zip(&widths).zip(columns) {
            // A character takes two columns at most.
            if column.fit != Fit::Text && 2 * cell.chars().count() > *width {
                *cell = cut(cell, *width);
            }
        }
    }
    lines(columns, rows, Some(&widths))
}

/// Returns the width of each column, so that all together are at most this wide if possible.
/// `contents` has the width of the widest cell of each.
fn widths_within(terminal: usize, columns: &[Column], contents: &[usize]) -> Vec<usize> {
    let contents = contents.iter().copied().chain(std::iter::repeat(0));
    let (mut widths, mut least) = (Vec::new(), Vec::new());
    for (column, content) in columns.iter().zip(contents) {
        let words = column.header.split(' ').map(str::len);
        widths.push(content.max(column.header.len()));
        least.push((words.max().unwrap_or_default(), content));
    }
    let available = terminal.saturating_sub(GAP * columns.len().saturating_sub(1));
    // First the words of headers continue below, then the columns give way.
    let headers = [Fit::Text, Fit::Detail, Fit::Name, Fit::Whole].map(|fit| (fit, None));
    let steps = STEPS.map(|(fit, least)| (fit, Some(least)));
    for (fit, least_of_fit) in headers.into_iter().chain(steps) {
        while widths.iter().sum::<usize>() > available {
            let columns = columns.iter().zip(&least).zip(&mut widths);
            let can_shrink = columns.filter_map(|((column, (word, content)), width)| {
                let least = (*word).max(least_of_fit.unwrap_or(*content));
                (column.fit == fit && *width > least).then_some(width)
            });
            match can_shrink.max() {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
    }
    widths
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

fn lines(columns: &[Column], rows: Vec<Vec<String>>, widths: Option<&[usize]>) -> Vec<String> {
    let mut table = new_table();
    table.set_header(columns.iter().map(|it| it.header));
    table.add_rows(rows);
    let last = columns.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        let gap = if index == last { 0 } else { GAP };
        column.set_padding((0, as_u16(gap)));
        if let Some(width) = widths.and_then(|widths| widths.get(index)) {
            let width = Width::Fixed(as_u16(width + gap));
            column.set_constraint(ColumnConstraint::Absolute(width));
        }
    }
    if let Some(widths) = widths {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(as_u16(widths.iter().sum::<usize>() + GAP * last));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// Cuts a text to a width, as a terminal shows it.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let mut row = Row::from([text]);
    row.max_height(1);
    let mut table = new_table();
    table.add_row(row);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(as_u16(width));
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
        // No word ends before the cut.
        column.set_delimiter('\0');
        let width = Width::Fixed(as_u16(width));
        column.set_constraint(ColumnConstraint::Absolute(width));
    }
    let line = table.lines().next().unwrap_or_default();
    line.trim_end().to_owned()
}

fn as_u16(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::whole("ID"),
        Column::name("NAME"),
        Column::detail("KIND"),
        Column::text("LAST FAILURE"),
    ];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let failure = "the farm did not respond within five seconds";
        vec![
            row([
                "4021100-17",
                "Word Processor of Finance",
                "application",
                failure,
            ]),
            row(["1", "表計算ソフト表計算ソフト", "desktop", "-"]),
        ]
    }

    /// Texts give way first, then details, then names, and ids never.
    #[test]
    fn columns_give_way_in_their_order() {
        let contents = [10, 25, 11, 44];
        for (terminal, expected) in [
            (200, [10, 25, 11, 44]),
            (96, [10, 25, 11, 44]),
            (95, [10, 25, 11, 43]),
            (72, [10, 25, 11, 20]),
            (71, [10, 25, 10, 20]),
            (69, [10, 25, 8, 20]),
            (68, [10, 25, 8, 19]),
            (59, [10, 25, 8, 10]),
            (57, [10, 25, 6, 10]),
            (56, [10, 24, 6, 10]),
            (38, [10, 6, 6, 10]),
            (20, [10, 6, 6, 10]),
        ] {
            let widths = widths_within(terminal, &COLUMNS, &contents);
            assert_eq!(widths, expected, "{terminal}");
        }
        // Words of a header continue below before a cell is cut.
        let header = [Column::whole("LEFT WITHOUT DELAY"), Column::name("NAME")];
        assert_eq!(widths_within(30, &header, &[1, 10]), [18, 10]);
        assert_eq!(widths_within(29, &header, &[1, 10]), [17, 10]);
        assert_eq!(widths_within(18, &header, &[1, 10]), [7, 9]);
    }

    #[test]
    fn cells_are_cut_or_continue_below() {
        let lines = lines_within(46, &COLUMNS, rows());
        assert_eq!(
            lines,
            [
                "ID          NAME            KIND    LAST",
                "                                    FAILURE",
                "4021100-17  Word Processo…  appli…  the farm",
                "                                    did not",
                "                                    respond",
                "                                    within",
                "                                    five",
                "                                    seconds",
                "1           表計算ソフト…   deskt…  -",
            ]
        );
    }

    #[test]
    fn table_without_a_terminal_is_whole() {
        let lines = table_lines(COLUMNS, rows(), TableWidth::Unlimited);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| !line.contains('…')), "{lines:?}");
    }
}
