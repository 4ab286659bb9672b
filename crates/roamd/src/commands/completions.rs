//! `roamd completions`.

use clap::Args;
use clap_complete::Shell;

use crate::exit_code::Exit;
use crate::output;

/// Prints shell completions.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd completions bash > /etc/bash_completion.d/roamd")]
pub(crate) struct CompletionsCommand {
    /// Shell to print completions for.
    shell: Shell,
}

impl CompletionsCommand {
    /// Prints the completions of `root`, the definition of the whole command line.
    pub(crate) fn run(self, mut root: clap::Command) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut root, "roamd", &mut script);
        output::print_bytes(&script)?;
        Ok(Exit::Done)
    }
}
