//! `roamd man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::output;

/// Prints the manual page, or writes the pages of all commands.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd man | man -l -\n  roamd man --output /usr/local/share/man/man1"
)]
pub(crate) struct Man {
    /// Folder to write a page for each command to, instead of printing one.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let Some(folder) = self.output else {
            let mut page = Vec::new();
            Page::new(Cli::command()).render(&mut page)?;
            output::raw(&page)?;
            return Ok(Exit::Done);
        };
        std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
            .with_context(|| format!("cannot write manual pages to {}", folder.display()))?;
        Ok(Exit::Done)
    }
}
