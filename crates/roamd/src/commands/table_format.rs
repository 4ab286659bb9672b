//! Formats of results that are tables.

use clap::{Args, ValueEnum};

use super::cells::NO_VALUE;
use crate::output;
use crate::table::{Column, TableWidth, print_table, table_lines};

/// Format of a table.
#[derive(Debug, Args)]
pub(super) struct TableFormatArgs {
    /// Format of the result.
    #[arg(short = 'o', long, value_name = "FORMAT", value_enum,
          default_value_t = TableFormat::Table, conflicts_with = "json")]
    format: TableFormat,
    /// Print JSON; short for `-o json`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// The most important columns, at most as wide as the terminal.
    Table,
    /// All columns in full.
    Wide,
    /// JSON.
    Json,
    /// All columns as comma-separated values, with a header.
    Csv,
}

impl TableFormatArgs {
    /// Returns whether the result is printed as JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json || self.format == TableFormat::Json
    }

    /// Returns whether the result is printed for programs, without sentences around it.
    pub(super) fn is_for_programs(&self) -> bool {
        self.is_json() || self.format == TableFormat::Csv
    }

    /// Prints rows as a table, or as CSV. The caller prints JSON.
    ///
    /// # Errors
    /// If stdout cannot be written to.
    pub(super) fn print<const COLUMNS: usize>(
        &self,
        columns: [Column; COLUMNS],
        rows: impl IntoIterator<Item = [String; COLUMNS]>,
    ) -> anyhow::Result<()> {
        match self.format {
            TableFormat::Csv => {
                let header = columns.map(|it| it.header.to_lowercase().replace(' ', "_"));
                // The dash for no value is for people.
                let rows = rows.into_iter().map(|row| {
                    row.map(|cell| {
                        if cell == NO_VALUE {
                            String::new()
                        } else {
                            cell
                        }
                    })
                });
                output::print_csv(std::iter::once(header).chain(rows))
            }
            TableFormat::Wide => table_lines(columns, rows, TableWidth::Unlimited)
                .into_iter()
                .try_for_each(|line| Ok(output::print_line(line)?)),
            TableFormat::Table | TableFormat::Json => Ok(print_table(columns, rows)?),
        }
    }
}
