//! Arguments of a list, and its output.

use clap::Args;
use serde::Serialize;

use super::field::ListField;
use super::filter::Filter;
use super::format::ListFormat;
use crate::output;
use crate::table::{Column, TableWidth, table_lines};

/// Format, order and filters of a list.
#[derive(Debug, Args)]
pub(in crate::commands) struct ListArgs<F: ListField> {
    /// Format of the list.
    #[arg(short = 'o', long, value_name = "FORMAT", value_enum,
          default_value_t = ListFormat::Table, conflicts_with = "json")]
    format: ListFormat,
    /// Print JSON; short for `-o json`.
    #[arg(long)]
    json: bool,
    /// Sort by this field instead of the order of the store.
    #[arg(long, value_name = "FIELD", value_enum)]
    sort: Option<F>,
    /// List only items whose field contains this text, in upper or lower case, such as app=word.
    /// May be repeated.
    #[arg(long = "filter", value_name = "FIELD=TEXT", value_parser = Filter::<F>::parse)]
    filters: Vec<Filter<F>>,
}

impl<F: ListField> ListArgs<F> {
    /// Returns the format.
    pub(in crate::commands) fn format(&self) -> ListFormat {
        if self.json {
            ListFormat::Json
        } else {
            self.format
        }
    }

    /// Returns whether a filter or the order depends on this field.
    pub(in crate::commands) fn selects_by(&self, field: F) -> bool {
        self.sort == Some(field) || self.filters.iter().any(|filter| filter.field == field)
    }

    /// Removes the items that a filter excludes, and sorts the others.
    pub(in crate::commands) fn select(&self, items: &mut Vec<F::Item>) {
        items.retain(|item| self.filters.iter().all(|filter| filter.matches(item)));
        if let Some(field) = self.sort {
            items.sort_by_cached_key(|item| field.value(item).to_lowercase());
        }
    }

    /// Prints the selected items. `json` is the whole list as JSON, and `none` is the message for
    /// an empty table.
    ///
    /// # Errors
    /// If stdout cannot be written to.
    pub(in crate::commands) fn print(
        &self,
        items: &[F::Item],
        json: &impl Serialize,
        none: &str,
    ) -> anyhow::Result<()> {
        match self.format() {
            ListFormat::Json => output::print_json(json)?,
            ListFormat::Csv => {
                let names = F::WIDE.iter().map(|field| field.csv_name()).collect();
                output::print_csv(std::iter::once(names).chain(values(F::WIDE, items)))?;
            }
            ListFormat::Name => items
                .iter()
                .map(|item| output::printable(&F::NAME.value(item)))
                .try_for_each(output::print_line)?,
            ListFormat::Table | ListFormat::Wide if items.is_empty() => {
                let none = match self.filters.is_empty() {
                    true => none,
                    false => "Nothing in the list matches --filter.",
                };
                output::print_message(none);
            }
            ListFormat::Table | ListFormat::Wide => self
                .table_lines(items)
                .into_iter()
                .try_for_each(output::print_line)?,
        }
        Ok(())
    }

    /// Returns the lines of a table of the selected items.
    pub(in crate::commands) fn table_lines(&self, items: &[F::Item]) -> Vec<String> {
        let (fields, width) = match self.format() {
            ListFormat::Wide => (F::WIDE, TableWidth::Unlimited),
            _ => (F::TABLE, TableWidth::Terminal),
        };
        let rows = items.iter().map(|item| {
            let cells = fields.iter().map(|field| field.cell(item));
            cells.collect::<Vec<_>>()
        });
        table_lines(columns(fields), rows, width)
    }
}

fn columns<F: ListField>(fields: &'static [F]) -> impl Iterator<Item = Column> {
    let column = |field: &F| Column::new(field.header(), field.fit());
    fields.iter().map(column)
}

fn values<F: ListField>(
    fields: &'static [F],
    items: &[F::Item],
) -> impl Iterator<Item = Vec<String>> {
    items
        .iter()
        .map(|item| fields.iter().map(|field| field.value(item)).collect())
}
