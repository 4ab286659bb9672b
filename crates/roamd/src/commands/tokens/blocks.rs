//! `roamd tokens blocks`.

use clap::Args;
use jiff::Timestamp;
use roamd_server::control::Account;
use serde::Serialize;

use super::known_blocks::blocked_until;
use crate::commands::cells::minute;
use crate::commands::running_server::RunningServer;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::output;
use crate::table::Column;

/// Lists the users whose sign-ins are blocked, and until when.
///
/// Those that `roamd tokens revoke --block` has blocked with this data folder. In a group, blocks
/// of other servers hold too; `roamd tokens list --user` shows those of a user.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd tokens blocks --config /etc/roamd/roamd.toml")]
pub(super) struct ListBlocks {
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// A block as JSON.
#[derive(Serialize)]
struct BlockJson {
    user: String,
    blocked_until: Timestamp,
}

const COLUMNS: [Column; 2] = [Column::whole("USER"), Column::whole("BLOCKED UNTIL")];

impl ListBlocks {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let files = self.server.files()?;
        let revocations = files.revocations()?.read()?;
        let now = Timestamp::now();
        let mut blocks = Vec::new();
        for block in revocations.iter().filter(|it| it.is_block(now)) {
            let account = Account {
                domain: block.domain.clone(),
                name: block.name.clone(),
            };
            if let Some(blocked_until) = blocked_until(&files, &account, &revocations)? {
                blocks.push(BlockJson {
                    user: account.to_string(),
                    blocked_until,
                });
            }
        }
        if self.format.is_json() {
            output::print_json(&blocks)?;
        } else if blocks.is_empty() && !self.format.is_for_programs() {
            output::print_message(match files.is_in_group {
                true => "No user is blocked by this server.",
                false => "No user is blocked.",
            });
        } else {
            let cells = |block: BlockJson| [block.user, minute(block.blocked_until)];
            self.format.print(COLUMNS, blocks.into_iter().map(cells))?;
        }
        if files.is_in_group && !self.format.is_for_programs() {
            output::print_message(
                "Blocks that other servers of the group have made hold here too: `roamd tokens \
                 list --user` shows that of a user.",
            );
        }
        Ok(Exit::Done)
    }
}
