//! `roamd farm limit`.

use clap::{ArgGroup, Args, Subcommand};
use roamd_farm::{FarmLimitsChange, FarmLimitsRecord, Farms, Limit};

use super::{List, Set, show, show_one};
use crate::exit::Exit;

/// Lists and sets how many sessions a farm may have.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm limit list --data world")]
pub(super) struct Limits {
    #[command(subcommand)]
    command: LimitCommand,
}

#[derive(Debug, Subcommand)]
enum LimitCommand {
    List(ListLimits),
    Set(SetLimits),
}

/// Lists the limits of farms, with the sessions that there are.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm limit list --data world --json")]
struct ListLimits {
    #[command(flatten)]
    list: List,
}

/// Sets the limits of a farm, also while it is served.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm limit set --data world --farm XA1 --max-sessions-per-user 1"
)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetLimits {
    #[command(flatten)]
    set: Set,
    /// Sessions that there may be, connected or not: a number, or none for any.
    #[arg(long, value_name = "N", group = "change")]
    max_sessions: Option<Limit>,
    /// Sessions that each user may have: a number, or none for any.
    #[arg(long, value_name = "N", group = "change")]
    max_sessions_per_user: Option<Limit>,
}

impl Limits {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            LimitCommand::List(command) => command.run(),
            LimitCommand::Set(command) => command.run(),
        }
    }
}

impl ListLimits {
    fn run(self) -> anyhow::Result<Exit> {
        let List { data, farm, json } = self.list;
        let limits = Farms::open(&data.data)?.limits(farm.as_deref())?;
        show(limits, json, HEADER, row)
    }
}

impl SetLimits {
    fn run(self) -> anyhow::Result<Exit> {
        let change = FarmLimitsChange {
            licences: None,
            max_sessions: self.max_sessions,
            max_sessions_per_user: self.max_sessions_per_user,
        };
        let Set { data, farm, json } = self.set;
        let limits = Farms::open(&data.data)?.set_limits(&farm, change)?;
        show_one(limits, json, HEADER, row)
    }
}

const HEADER: [&str; 4] = ["FARM", "SESSIONS", "MAX", "MAX PER USER"];

fn row(limits: FarmLimitsRecord) -> [String; 4] {
    [
        limits.farm,
        limits.sessions.to_string(),
        limits.max_sessions.to_string(),
        limits.max_sessions_per_user.to_string(),
    ]
}
