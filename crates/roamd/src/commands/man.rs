//! `roamd man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap_mangen::Man as ManualPage;

use crate::exit_code::Exit;
use crate::output;

/// Prints the manual page, or writes a page for each command to a folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd man | man -l -\n  roamd man --output /usr/local/share/man/man1"
)]
pub(crate) struct ManCommand {
    /// Write a page for each command to this folder instead of printing one.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl ManCommand {
    /// Renders the pages of `root`, the definition of the whole command line.
    pub(crate) fn run(self, root: clap::Command) -> anyhow::Result<Exit> {
        let Some(folder) = self.output else {
            let mut page = Vec::new();
            ManualPage::new(root).render(&mut page)?;
            output::print_bytes(&page)?;
            return Ok(Exit::Done);
        };
        std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(root, &folder))
            .with_context(|| format!("cannot write manual pages to {}", folder.display()))?;
        Ok(Exit::Done)
    }
}
