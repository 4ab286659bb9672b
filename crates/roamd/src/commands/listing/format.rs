//! Formats of lists.

use clap::ValueEnum;

/// Format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum ListFormat {
    /// The most important columns, at most as wide as the terminal.
    Table,
    /// All columns in full.
    Wide,
    /// JSON.
    Json,
    /// All columns as comma-separated values, with a header.
    Csv,
    /// The id of each item on a line, for other commands.
    Name,
}
