//! `roamd tokens`.

mod blocks;
mod effect;
mod known_blocks;
mod list;
mod revoke;
mod sign_ins;
mod unblock;

use clap::{Args, Subcommand};

use crate::exit_code::Exit;

/// Lists and ends the sign-ins of a user, with their tokens, and blocks new ones.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd tokens list --user 'EXAMPLE\\ada'\n  \
                  roamd tokens revoke --user 'EXAMPLE\\ada'"
)]
pub(crate) struct TokensCommand {
    #[command(subcommand)]
    subcommand: TokensSubcommand,
}

#[derive(Debug, Subcommand)]
enum TokensSubcommand {
    List(list::ListTokens),
    Revoke(revoke::RevokeTokens),
    Blocks(blocks::ListBlocks),
    Unblock(unblock::UnblockUser),
}

impl TokensCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            TokensSubcommand::List(command) => command.run(),
            TokensSubcommand::Revoke(command) => command.run(),
            TokensSubcommand::Blocks(command) => command.run(),
            TokensSubcommand::Unblock(command) => command.run(),
        }
    }
}
