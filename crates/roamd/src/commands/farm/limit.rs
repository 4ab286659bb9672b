//! `roamd farm limit`.

use clap::{ArgGroup, Args, Subcommand};
use roamd_farm::{FarmLimitsChange, FarmLimitsRecord, Farms, Limit};

use super::args::{ListArgs, SetArgs};
use crate::exit_code::Exit;
use crate::table::Column;

/// Lists and sets the session limits of farms.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm limit list --data world")]
pub(super) struct LimitCommand {
    #[command(subcommand)]
    subcommand: LimitSubcommand,
}

#[derive(Debug, Subcommand)]
enum LimitSubcommand {
    List(ListLimits),
    Set(SetLimits),
}

/// Lists the session limits and the number of sessions of each farm.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm limit list --data world --json")]
struct ListLimits {
    #[command(flatten)]
    list: ListArgs,
}

/// Sets the session limits of a farm. Works while the farm is running.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm limit set --data world --farm XA1 \
                  --max-sessions-per-user 1"
)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetLimits {
    #[command(flatten)]
    set: SetArgs,
    /// Maximum number of sessions, connected or not: a number, or none for no limit.
    #[arg(long, value_name = "N", group = "change")]
    max_sessions: Option<Limit>,
    /// Maximum number of sessions per user: a number, or none for no limit.
    #[arg(long, value_name = "N", group = "change")]
    max_sessions_per_user: Option<Limit>,
}

impl LimitCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            LimitSubcommand::List(command) => command.run(),
            LimitSubcommand::Set(command) => command.run(),
        }
    }
}

impl ListLimits {
    fn run(self) -> anyhow::Result<Exit> {
        let records = |farms: &Farms, farm: Option<&str>| farms.limits(farm);
        self.list.print(records, COLUMNS, row)
    }
}

impl SetLimits {
    fn run(self) -> anyhow::Result<Exit> {
        let change = FarmLimitsChange {
            licences: None,
            max_sessions: self.max_sessions,
            max_sessions_per_user: self.max_sessions_per_user,
        };
        let set = |farms: &Farms, farm: &str| farms.set_limits(farm, change);
        self.set.change("farm limit set", None, set, COLUMNS, row)
    }
}

const COLUMNS: [Column; 4] = [
    Column::whole("FARM"),
    Column::whole("SESSIONS"),
    Column::whole("MAX"),
    Column::whole("MAX PER USER"),
];

fn row(limits: FarmLimitsRecord) -> [String; 4] {
    [
        limits.farm,
        limits.sessions.to_string(),
        limits.max_sessions.to_string(),
        limits.max_sessions_per_user.to_string(),
    ]
}
