//! Formats of results that are not lists.

use clap::{Args, ValueEnum};

/// Format of a result.
#[derive(Debug, Args)]
pub(super) struct ResultFormatArgs {
    /// Format of the result.
    #[arg(short = 'o', long, value_name = "FORMAT", value_enum,
          default_value_t = ResultFormat::Text, conflicts_with = "json")]
    format: ResultFormat,
    /// Print JSON; short for `-o json`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResultFormat {
    /// Text.
    Text,
    /// JSON.
    Json,
}

impl ResultFormatArgs {
    /// Returns whether the result is printed as JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json || self.format == ResultFormat::Json
    }
}
