//! Questions before operations with consequences, and dry runs.

use clap::Args;

use super::terminal::{ask, can_ask};

/// Arguments of commands with consequences.
#[derive(Debug, Args)]
pub(super) struct ConfirmArgs {
    /// Do not ask on a terminal. Without a terminal, nothing is asked.
    #[arg(short, long, alias = "yes-disconnect")]
    yes: bool,
    /// Show what the command would do, without doing it.
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl ConfirmArgs {
    /// Asks on a terminal whether to continue. `consequence` is one sentence about what happens.
    ///
    /// # Errors
    /// If the user does not agree.
    pub(super) fn ask(&self, consequence: &str) -> anyhow::Result<()> {
        if self.yes || !can_ask() {
            return Ok(());
        }
        let answer = ask(&format!("{consequence} Continue? [y/N]"))?;
        match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => anyhow::bail!("not confirmed; nothing was changed"),
        }
    }

    /// Returns whether the user has agreed, or can be asked.
    pub(super) fn is_given_or_askable(&self) -> bool {
        self.yes || can_ask()
    }
}
