//! Fields of the items of a list.

use clap::ValueEnum;

use crate::table::Fit;

/// A field of the items of a list: a column of the table, and a name for `--sort` and `--filter`.
pub(in crate::commands) trait ListField:
    ValueEnum + Copy + PartialEq + Send + Sync + 'static
{
    /// Type of the items.
    type Item;

    /// Columns of the table.
    const TABLE: &'static [Self];

    /// Columns of the wide table and of CSV.
    const WIDE: &'static [Self];

    /// The field that other commands take as an argument. A table never cuts it.
    const NAME: Self;

    /// Returns the heading of the column.
    fn header(self) -> &'static str;

    /// Returns the name in CSV.
    fn csv_name(self) -> String {
        self.header().to_lowercase()
    }

    /// Returns the value of an item; an empty text if it has none.
    fn value(self, item: &Self::Item) -> String;

    /// Returns the value as a table shows it, and as a filter finds it: an empty one is a dash.
    fn cell(self, item: &Self::Item) -> String {
        match self.value(item) {
            value if value.is_empty() => "-".to_owned(),
            value => value,
        }
    }

    /// Returns how the column gives way on a narrow terminal.
    fn fit(self) -> Fit {
        match self == Self::NAME {
            true => Fit::Whole,
            false => Fit::Name,
        }
    }
}

/// Returns the names of all fields, for error messages.
pub(super) fn names<F: ListField>() -> Vec<String> {
    F::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|value| value.get_name().to_owned())
        .collect()
}
