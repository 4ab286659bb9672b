//! `roamd man`.

mod command_page;
mod config_page;
mod sections;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::exit_code::{Exit, UsageError};
use crate::output;
use crate::suggestion::did_you_mean;

/// Name of the page of the configuration file.
const CONFIG_PAGE: &str = "roamd.toml";

/// Prints a manual page, or writes all pages to a folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd man | man -l -\n  roamd man sessions list | man -l -\n  \
                  roamd man roamd.toml | man -l -\n  \
                  roamd man --output /usr/local/share/man/man1"
)]
pub(crate) struct ManCommand {
    /// Write all pages to this folder instead of printing one. If its name is man1, the page of
    /// section 5, roamd.toml, goes to man5 beside it.
    #[arg(long, value_name = "DIR", conflicts_with = "page")]
    output: Option<PathBuf>,
    /// A command, such as `sessions list`, or roamd.toml.
    #[arg(value_name = "PAGE")]
    page: Vec<String>,
}

impl ManCommand {
    /// Renders the pages of `root`, the definition of the whole command line.
    pub(crate) fn run(self, root: clap::Command) -> anyhow::Result<Exit> {
        let mut root = root.disable_help_subcommand(true);
        root.build();
        match &self.output {
            None => output::print_bytes(&page(&root, &self.page)?)?,
            Some(folder) => write_all(&root, folder)
                .with_context(|| format!("cannot write manual pages to {}", folder.display()))?,
        }
        Ok(Exit::Done)
    }
}

/// Returns the page with a name.
///
/// # Errors
/// If there is no such command.
fn page(root: &clap::Command, name: &[String]) -> anyhow::Result<Vec<u8>> {
    if name == [CONFIG_PAGE] {
        return Ok(config_page::render().into_bytes());
    }
    let mut command = root;
    for (index, word) in name.iter().enumerate() {
        command = command.find_subcommand(word).ok_or_else(|| {
            let subcommands = command.get_subcommands().map(clap::Command::get_name);
            let pages = subcommands.chain((index == 0).then_some(CONFIG_PAGE));
            UsageError(format!(
                "there is no manual page for {}{}; name a command, such as `roamd man sessions \
                 list`, or {CONFIG_PAGE}",
                name.join(" "),
                did_you_mean(word, pages)
            ))
        })?;
    }
    Ok(command_page::render(command)?)
}

/// Writes the page of a command and of each of its subcommands, and that of the configuration.
fn write_all(root: &clap::Command, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    write_commands(root, folder)?;
    let folder_5 = match folder.file_name().is_some_and(|name| name == "man1") {
        true => folder.with_file_name("man5"),
        false => folder.to_owned(),
    };
    fs::create_dir_all(&folder_5)?;
    let page = config_page::render();
    Ok(fs::write(folder_5.join(format!("{CONFIG_PAGE}.5")), page)?)
}

fn write_commands(command: &clap::Command, folder: &Path) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = folder.join(format!("{name}.1"));
    fs::write(path, command_page::render(command)?)?;
    command
        .get_subcommands()
        .try_for_each(|subcommand| write_commands(subcommand, folder))
}
