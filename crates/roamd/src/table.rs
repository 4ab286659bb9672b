//! Tables with aligned columns. On a terminal that is too narrow, columns give way in an order that
//! each column states: texts continue below, details are left out, and names are cut. What makes a
//! row of use, such as its id, stays whole: if that is too wide, each row is a list of its fields.

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
    /// A value that the row can do without, such as one that is in another column too: it
    /// continues on the next lines, and is left out before a word of it would be cut.
    Detail,
    /// A name beside an id: it is cut last.
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

/// Least width of a column in a step.
#[derive(Debug, Clone, Copy)]
enum Least {
    /// That of its widest cell. Only words of the header continue below.
    Cells,
    /// That of its longest word.
    Word,
    /// A number of columns of the terminal.
    Columns(usize),
}

/// How columns give way while all words stay whole.
const GENTLE_STEPS: [(Fit, Least); 7] = [
    (Fit::Text, Least::Cells),
    (Fit::Detail, Least::Cells),
    (Fit::Name, Least::Cells),
    (Fit::Whole, Least::Cells),
    (Fit::Text, Least::Columns(20)),
    (Fit::Detail, Least::Word),
    (Fit::Text, Least::Word),
];

/// How columns give way after that, once details are left out.
const LAST_STEPS: [(Fit, Least); 3] = [
    (Fit::Name, Least::Columns(12)),
    (Fit::Text, Least::Columns(10)),
    (Fit::Name, Least::Columns(8)),
];

/// How a column gives way, and the widths of what is in it.
#[derive(Debug, Clone, Copy)]
struct Measured {
    fit: Fit,
    header: usize,
    /// Width of the longest word of the header.
    header_word: usize,
    /// Width of the widest cell.
    cell: usize,
    /// Width of the longest word of all cells.
    word: usize,
}

/// A column that is shown, by its place in the table, and its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    place: usize,
    width: usize,
}

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

/// Returns the lines of a table that is at most this wide, or of a list of fields for each row.
fn lines_within(terminal: usize, columns: &[Column], rows: Vec<Vec<String>>) -> Vec<String> {
    let Some(shown) = layout(terminal, &measure(columns, &rows)) else {
        return field_lines(terminal, columns, rows);
    };
    let shown_columns = shown.iter().filter_map(|it| columns.get(it.place).copied());
    let shown_columns: Vec<_> = shown_columns.collect();
    let rows = rows.into_iter().map(|mut row| {
        let cells = shown.iter().zip(&shown_columns).map(|(it, column)| {
            let cell = row.get_mut(it.place).map(std::mem::take);
            let cell = cell.unwrap_or_default();
            // A character takes two columns at most.
            match column.fit == Fit::Name && 2 * cell.chars().count() > it.width {
                true => cut(&cell, it.width),
                false => cell,
            }
        });
        cells.collect()
    });
    let widths: Vec<_> = shown.iter().map(|it| it.width).collect();
    lines(&shown_columns, rows.collect(), Some(&widths))
}

/// Returns the widths of what is in the columns.
fn measure(columns: &[Column], rows: &[Vec<String>]) -> Vec<Measured> {
    let widths = |of_cell: fn(&String) -> String| {
        let mut table = new_table();
        table.add_rows(rows.iter().map(|row| row.iter().map(of_cell)));
        let widths = table.column_max_content_widths().into_iter();
        widths.map(usize::from).chain(std::iter::repeat(0))
    };
    let cells = widths(String::clone);
    // As lines, because the width of a cell is that of its widest line.
    let words = widths(|cell| cell.replace(' ', "\n"));
    let contents = columns.iter().zip(cells.zip(words));
    contents
        .map(|(column, (cell, word))| Measured {
            fit: column.fit,
            header: column.header.len(),
            header_word: column.header.split(' ').map(str::len).max().unwrap_or(0),
            cell,
            word,
        })
        .collect()
}

/// Returns the columns that a table of at most this width has. Returns `None` if those that are not
/// left out are too wide for it.
fn layout(terminal: usize, columns: &[Measured]) -> Option<Vec<Shown>> {
    let places = columns.iter().enumerate();
    let (details, mut places): (Vec<_>, Vec<_>) = places
        .map(|(place, _)| place)
        .partition(|place| columns.get(*place).is_some_and(|it| it.fit == Fit::Detail));
    let all_steps = [&GENTLE_STEPS[..], &LAST_STEPS].concat();
    let mut shown = fitted(terminal, columns, &places, &all_steps)?;
    for detail in details {
        let mut with_it = places.clone();
        with_it.push(detail);
        with_it.sort_unstable();
        if let Some(fitted) = fitted(terminal, columns, &with_it, &GENTLE_STEPS) {
            (shown, places) = (fitted, with_it);
        }
    }
    Some(shown)
}

/// Returns these of the columns with their widths, if they fit into this width by these steps.
fn fitted(
    terminal: usize,
    columns: &[Measured],
    places: &[usize],
    steps: &[(Fit, Least)],
) -> Option<Vec<Shown>> {
    let chosen = places.iter().filter_map(|place| columns.get(*place));
    let chosen: Vec<_> = chosen.copied().collect();
    let available = terminal.saturating_sub(GAP * chosen.len().saturating_sub(1));
    let widths = widths_within(available, &chosen, steps);
    let is_within = widths.iter().sum::<usize>() <= available;
    let shown = places.iter().zip(widths);
    let shown = shown.map(|(&place, width)| Shown { place, width });
    is_within.then(|| shown.collect())
}

/// Returns the width of each column, so that all together are at most this wide if these steps
/// suffice.
fn widths_within(available: usize, columns: &[Measured], steps: &[(Fit, Least)]) -> Vec<usize> {
    let widths = columns.iter().map(|it| it.header.max(it.cell));
    let mut widths: Vec<_> = widths.collect();
    for (fit, least) in steps {
        while widths.iter().sum::<usize>() > available {
            let columns = columns.iter().zip(&mut widths);
            let can_shrink = columns.filter_map(|(column, width)| {
                let is_wider = *width > column.least(*least);
                (column.fit == *fit && is_wider).then_some(width)
            });
            match can_shrink.max() {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
    }
    widths
}

impl Measured {
    fn least(&self, least: Least) -> usize {
        let of_cells = match least {
            Least::Cells => self.cell,
            Least::Word => self.word,
            Least::Columns(width) => width,
        };
        self.header_word.max(of_cells)
    }
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
    aligned(table, widths)
}

/// Returns the fields of each row below each other, and an empty line between rows.
fn field_lines(terminal: usize, columns: &[Column], rows: Vec<Vec<String>>) -> Vec<String> {
    let headers = columns.iter().map(|it| it.header);
    let width = headers.clone().map(str::len).max().unwrap_or_default();
    let mut table = new_table();
    for (index, row) in rows.into_iter().enumerate() {
        if index > 0 {
            table.add_row(["", ""]);
        }
        for (header, cell) in headers.clone().zip(row) {
            table.add_row([header, &cell]);
        }
    }
    let beside = terminal.saturating_sub(width + GAP).max(1);
    aligned(table, Some(&[width, beside]))
}

/// Returns the lines of a table whose columns have these widths, or those of their contents.
fn aligned(mut table: Table, widths: Option<&[usize]>) -> Vec<String> {
    let last = table.column_count().saturating_sub(1);
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
        let widths = |terminal| {
            let shown = layout(terminal, &measure(&COLUMNS, &rows()))?;
            let mut widths = [0; 4];
            shown.iter().for_each(|it| widths[it.place] = it.width);
            Some(widths)
        };
        for (terminal, expected) in [
            (200, Some([10, 25, 11, 44])),
            (96, Some([10, 25, 11, 44])),
            (95, Some([10, 25, 11, 43])),
            (72, Some([10, 25, 11, 20])),
            (71, Some([10, 25, 11, 19])),
            (59, Some([10, 25, 11, 7])),
            (58, Some([10, 25, 0, 19])),
            (46, Some([10, 25, 0, 7])),
            (45, Some([10, 24, 0, 7])),
            (33, Some([10, 12, 0, 7])),
            (29, Some([10, 8, 0, 7])),
            (28, None),
        ] {
            assert_eq!(widths(terminal), expected, "{terminal}");
        }
    }

    /// The words of a header continue below before a cell is cut.
    #[test]
    fn headers_give_way_before_cells() {
        let columns = [Column::whole("LEFT WITHOUT DELAY"), Column::name("NAME")];
        let rows = [["1".to_owned(), "0123456789".to_owned()].to_vec()];
        let measured = measure(&columns, &rows);
        let all_steps = [&GENTLE_STEPS[..], &LAST_STEPS].concat();
        for (available, expected) in [(28, [18, 10]), (27, [17, 10]), (16, [7, 9])] {
            let widths = widths_within(available, &measured, &all_steps);
            assert_eq!(widths, expected, "{available}");
        }
    }

    /// The words of texts stay whole. A detail is left out, and a later one takes its place.
    #[test]
    fn detail_without_room_is_left_out() {
        let columns = [
            Column::whole("ID"),
            Column::detail("STORE"),
            Column::detail("SINCE"),
        ];
        let row = ["1", "http://127.0.0.1/Citrix/Store", "3 days ago"];
        let rows = [row.map(str::to_owned).to_vec()];
        let lines = |terminal| lines_within(terminal, &columns, rows.to_vec());
        assert_eq!(lines(14), ["ID  SINCE", "1   3 days ago"]);
        assert_eq!(lines(9), ["ID  SINCE", "1   3", "    days", "    ago"]);
        assert_eq!(lines(8), ["ID", "1"]);
    }

    #[test]
    fn cells_are_cut_or_continue_below() {
        let lines = lines_within(36, &COLUMNS, rows());
        assert_eq!(
            lines,
            [
                "ID          NAME             LAST",
                "                             FAILURE",
                "4021100-17  Word Processor…  the",
                "                             farm",
                "                             did not",
                "                             respond",
                "                             within",
                "                             five",
                "                             seconds",
                "1           表計算ソフト表…  -",
            ]
        );
    }

    #[test]
    fn row_without_room_is_a_list_of_its_fields() {
        let lines = lines_within(28, &COLUMNS, rows());
        assert_eq!(
            lines,
            [
                "ID            4021100-17",
                "NAME          Word Processor",
                "              of Finance",
                "KIND          application",
                "LAST FAILURE  the farm did",
                "              not respond",
                "              within five",
                "              seconds",
                "",
                "ID            1",
                "NAME          表計算ソフト表",
                "              計算ソフト",
                "KIND          desktop",
                "LAST FAILURE  -",
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
