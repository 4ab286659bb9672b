//! `roamd completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::output;

/// Prints completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd completions bash > /etc/bash_completion.d/roamd")]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "roamd", &mut script);
        output::raw(&script)?;
        Ok(Exit::Done)
    }
}
