//! `roamd audit`.

mod filter;
mod follow;
mod row;
mod table;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::Value;

use self::filter::Filter;
use self::follow::follow;
use self::row::{Row, csv_header, csv_record};
use self::table::AuditTable;
use super::audit_files::{open, read_lines, read_rotated_lines};
use super::running_server::RunningServer;
use crate::exit_code::{Exit, UsageError};
use crate::output;

/// Reads the audit log: who signed in, launched, disconnected or was refused.
///
/// Prints the lines that match all filters, oldest first, with those of rotated files.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd audit --user 'EXAMPLE\\ada' --since 1d\n  roamd audit --event \
                  launch --follow\n  roamd audit --since 08:00 --until 09:30 -o csv"
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
    /// Columns, with times in UTC. A terminal that is too narrow continues a row below.
    Table,
    /// Columns of any width.
    Wide,
    /// The JSON objects of the log, one per line.
    Json,
    /// Comma-separated values (RFC 4180), with a column for each field of all events.
    Csv,
}

/// Prints the lines that a filter selects.
struct Printer {
    filter: Filter,
    format: Format,
    table: AuditTable,
    /// Number of audit lines, selected or not.
    audit_lines: u64,
    /// Number of lines that are no audit lines.
    malformed: u64,
}

impl AuditCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        self.filter.check()?;
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
        let format = if self.json { Format::Json } else { self.format };
        let mut printer = Printer {
            filter: self.filter,
            format,
            table: AuditTable::new(format == Format::Wide),
            audit_lines: 0,
            malformed: 0,
        };
        // Before the header: there may be no such file.
        drop(open(&path)?);
        if format == Format::Csv {
            output::print_csv([csv_header()])?;
        }
        if self.follow {
            read_rotated_lines(&path, &mut |line: &[u8]| printer.print(line))?;
            let file = open(&path)?;
            follow(&path, file, &mut printer, Printer::print, Printer::flush)?;
        } else {
            read_lines(&path, |line| printer.print(line))?;
        }
        if printer.audit_lines == 0 && printer.malformed > 0 {
            bail!(
                "{} is no audit log: none of its lines is one of an audit log",
                path.display()
            );
        }
        printer.flush()?;
        if printer.malformed > 0 {
            let count = printer.malformed;
            output::print_message(format_args!("{count} lines are no audit lines; left out"));
        }
        Ok(Exit::Done)
    }
}

impl Printer {
    /// Prints what waits for further lines.
    fn flush(&mut self) -> anyhow::Result<()> {
        match self.format {
            Format::Table | Format::Wide => Ok(self.table.flush()?),
            Format::Json | Format::Csv => Ok(()),
        }
    }

    /// Prints a line if the filter selects it.
    fn print(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        let parsed = serde_json::from_slice(line).ok();
        let event = parsed.filter(|event: &Value| event.get("event").is_some_and(Value::is_string));
        let Some(event) = event else {
            self.malformed += 1;
            return Ok(());
        };
        self.audit_lines += 1;
        if !self.filter.selects(&event) {
            return Ok(());
        }
        match self.format {
            Format::Json => output::print_bytes(&[line, b"\n"].concat())?,
            Format::Table | Format::Wide => self.table.add(Row::of(&event))?,
            Format::Csv => output::print_csv([csv_record(&event)])?,
        }
        Ok(())
    }
}
