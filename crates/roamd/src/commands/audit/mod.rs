//! `roamd audit`.

mod filter;
mod follow;
mod row;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;

use self::filter::Filter;
use self::follow::follow;
use self::row::{COLUMNS, Row};
use super::audit_files::{open, read_lines, read_rotated_lines};
use super::running_server::RunningServer;
use crate::exit_code::{Exit, UsageError};
use crate::output;

/// Reads the audit log: who signed in, launched, disconnected or was refused.
///
/// Prints the lines that match all filters, oldest first, with those of rotated files.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd audit --user 'EXAMPLE\\ada' --since 2h\n  roamd audit --event \
                  launch --follow"
)]
pub(crate) struct AuditCommand {
    #[command(flatten)]
    server: RunningServer,
    /// Read this file and its rotated files, instead of the audit log of the configuration.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "data"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    filter: Filter,
    /// Wait for new lines, also after a rotation.
    #[arg(long)]
    follow: bool,
    /// Format of the lines.
    #[arg(short = 'o', long, value_name = "FORMAT", value_enum,
          default_value_t = Format::Table, conflicts_with = "json")]
    format: Format,
    /// Print JSON; short for `-o json`.
    #[arg(long)]
    json: bool,
}

/// Format of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line with columns. A terminal that is too narrow continues it below.
    Table,
    /// The JSON objects of the log, one per line.
    Json,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}

/// Prints the lines that a filter selects.
struct Printer {
    filter: Filter,
    format: Format,
    /// Number of lines that are no audit lines.
    malformed: u64,
}

impl AuditCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let path = match self.file {
            Some(path) => path,
            None => {
                let files = self.server.files()?;
                files.audit.ok_or_else(|| {
                    let text = "the server has no audit log: `enabled` of [audit] is false";
                    UsageError(text.to_owned())
                })?
            }
        };
        let mut printer = Printer {
            filter: self.filter,
            format: if self.json { Format::Json } else { self.format },
            malformed: 0,
        };
        // Before the header: there may be no such file.
        drop(open(&path)?);
        printer.print_header()?;
        if self.follow {
            read_rotated_lines(&path, &mut |line: &[u8]| printer.print(line))?;
            follow(&path, open(&path)?, |line| printer.print(line))?;
        } else {
            read_lines(&path, |line| printer.print(line))?;
        }
        if printer.malformed > 0 {
            let count = printer.malformed;
            output::print_message(format_args!("{count} lines are no audit lines; left out"));
        }
        Ok(Exit::Done)
    }
}

impl Printer {
    fn print_header(&self) -> anyhow::Result<()> {
        match self.format {
            Format::Table => Row::header().print(),
            Format::Json => Ok(()),
            Format::Csv => output::print_csv([COLUMNS.map(str::to_owned)]),
        }
    }

    /// Prints a line if the filter selects it.
    fn print(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        let Ok(event @ Value::Object(_)) = serde_json::from_slice(line) else {
            self.malformed += 1;
            return Ok(());
        };
        if !self.filter.selects(&event) {
            return Ok(());
        }
        match self.format {
            Format::Json => output::print_bytes(&[line, b"\n"].concat())?,
            Format::Table => Row::of(&event).print()?,
            Format::Csv => output::print_csv([Row::of(&event).0])?,
        }
        Ok(())
    }
}
