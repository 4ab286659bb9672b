//! `roamd config show`.

use clap::Args;
use roamd_server::config::{SectionSettings, Setting, SettingValue, read_settings};
use serde::Serialize;

use crate::commands::config_file::{ConfigFileArgument, explained};
use crate::commands::result_format::ResultFormatArgs;
use crate::exit_code::Exit;
use crate::output::{self, printable};

/// Shows the effective value of every key, and where it comes from: a line of the file, or the
/// default.
///
/// The output is a valid configuration. It has no secrets, only the paths of files that hold them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd config show --config /etc/roamd/roamd.toml")]
pub(super) struct ShowConfig {
    #[command(flatten)]
    file: ConfigFileArgument,
    #[command(flatten)]
    format: ResultFormatArgs,
}

/// A setting as JSON.
#[derive(Serialize)]
struct SettingRow<'s> {
    section: &'s str,
    /// Line of the section; `null` if the file leaves it out.
    section_line: Option<usize>,
    key: &'s str,
    /// Value in TOML; `null` if the key is not set and has no default.
    value: Option<&'s str>,
    /// `file`, `default` or `none`.
    origin: &'static str,
    line: Option<usize>,
}

impl ShowConfig {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let sections = read_settings(self.file.path()).map_err(explained)?;
        if self.format.is_json() {
            let rows = sections.iter().flat_map(|section| {
                let row = |setting| SettingRow::new(section, setting);
                section.settings.iter().map(row)
            });
            output::print_json(&rows.collect::<Vec<_>>())?;
            return Ok(Exit::Done);
        }
        for section in &sections {
            print_section(section)?;
        }
        Ok(Exit::Done)
    }
}

impl<'s> SettingRow<'s> {
    fn new(section: &'s SectionSettings, setting: &'s Setting) -> Self {
        let (value, origin, line) = match &setting.value {
            SettingValue::InFile { text, line } => (Some(&**text), "file", Some(*line)),
            SettingValue::Default(text) => (Some(&**text), "default", None),
            SettingValue::NotSet => (None, "none", None),
        };
        Self {
            section: section.name,
            section_line: section.line,
            key: setting.key,
            value,
            origin,
            line,
        }
    }
}

fn print_section(section: &SectionSettings) -> anyhow::Result<()> {
    if !section.name.is_empty() {
        let origin = match section.line {
            Some(line) => format!("line {line}"),
            None => "not in the file".to_owned(),
        };
        output::print_line(format_args!("\n{}  # {origin}", section.name))?;
    }
    for Setting { key, value } in &section.settings {
        match value {
            SettingValue::InFile { text, line } => {
                // A list may take several lines.
                let text: Vec<_> = text.lines().map(printable).collect();
                let text = text.join("\n");
                output::print_line(format_args!("{key} = {text}  # line {line}"))?;
            }
            SettingValue::Default(text) => {
                output::print_line(format_args!("{key} = {text}  # default"))?;
            }
            SettingValue::NotSet => output::print_line(format_args!("# {key} is not set"))?,
        }
    }
    Ok(())
}
