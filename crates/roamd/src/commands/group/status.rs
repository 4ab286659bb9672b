//! `roamd group status`.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use roamd_server::config::State;
use roamd_server::group::{
    self, GroupOverview, GroupServer, Member, MemberState, ServerActivity, overview,
};
use serde::Serialize;

use crate::commands::age::age;
use crate::commands::cells::or_dash;
use crate::commands::config_file::ConfigFile;
use crate::commands::result_format::ResultFormatArgs;
use crate::exit_code::{Exit, UsageError};
use crate::output::{self, printable};
use crate::runtime::block_on;
use crate::table::{Column, print_table};

/// Shows the servers of a group and the members of etcd, and whether all is well.
///
/// Listens to the heartbeats of the servers in etcd for a few seconds; no server has to run on this
/// machine. Exit code 4 if something is wrong.
///
/// A server that was killed is silent until it starts again, or for ten to twelve minutes. One that
/// refuses requests because its clock is wrong is refusing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd group status --config /etc/roamd/roamd.toml\n  \
                  roamd group status --config /etc/roamd/roamd.toml --json"
)]
pub(super) struct GroupStatusCommand {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    format: ResultFormatArgs,
}

impl GroupStatusCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let config = self.config.read()?;
        let State::Etcd(etcd) = &config.state else {
            let path = self.config.path().display();
            let problem = format!(
                "the server of {path} is in no group; `engine = \"etcd\"` in [state] joins one"
            );
            return Err(UsageError(problem).into());
        };
        let overview = block_on(async { Ok(overview(etcd).await?) })?;
        let problems = group::problems(&overview);
        if self.format.is_json() {
            output::print_json(&GroupRow::of(&overview, &problems))?;
        } else {
            print(&overview, &problems)?;
        }
        Ok(if problems.is_empty() {
            Exit::Done
        } else {
            Exit::Partial
        })
    }
}

fn print(overview: &GroupOverview, problems: &[String]) -> anyhow::Result<()> {
    output::print_line(format_args!("health   {}", health(problems)))?;
    for problem in problems {
        output::print_line(format_args!("problem  {}", printable(problem)))?;
    }
    output::print_line("")?;
    let columns = [
        Column::whole("SERVER"),
        Column::detail("VERSION"),
        Column::whole("STATE"),
        Column::detail("UP"),
        Column::whole("LAG"),
        Column::whole("CLOCK"),
    ];
    print_table(columns, overview.servers.iter().map(server_cells))?;
    output::print_line("")?;
    let columns = [
        Column::whole("ETCD"),
        Column::detail("VERSION"),
        Column::text("STATE"),
        Column::whole("DATABASE"),
    ];
    print_table(columns, overview.members.iter().map(member_cells))?;
    Ok(())
}

fn health(problems: &[String]) -> &'static str {
    if problems.is_empty() {
        "good"
    } else {
        "degraded"
    }
}

fn server_cells(server: &GroupServer) -> [String; 6] {
    let row = ServerRow::of(server);
    let milliseconds = |it: u64| format!("{it} ms");
    [
        row.name,
        row.version,
        row.state.to_owned(),
        or_dash(row.uptime_seconds.map(|it| age(Duration::from_secs(it)))),
        or_dash(row.lag_ms.map(milliseconds)),
        or_dash(row.clock_offset_ms.map(|it| format!("{it:+} ms"))),
    ]
}

fn member_cells(member: &Member) -> [String; 4] {
    let row = MemberRow::of(member);
    let version = row.version.map(|version| match row.fixed_in {
        Some(fixed) => format!("{version} (fixes in {fixed})"),
        None => version,
    });
    [
        row.endpoint,
        or_dash(version),
        row.state.to_owned(),
        or_dash(row.database_bytes.map(|it| format!("{} KiB", it / 1024))),
    ]
}

/// A group as printed.
#[derive(Serialize)]
struct GroupRow<'a> {
    health: &'static str,
    problems: &'a [String],
    servers: Vec<ServerRow>,
    etcd: Vec<MemberRow>,
}

/// A server as printed.
#[derive(Serialize)]
struct ServerRow {
    id: String,
    name: String,
    version: String,
    state: &'static str,
    uptime_seconds: Option<u64>,
    lag_ms: Option<u64>,
    clock_offset_ms: Option<i64>,
    last_heartbeat: Option<Timestamp>,
}

/// A member of etcd as printed.
#[derive(Serialize)]
struct MemberRow {
    endpoint: String,
    state: &'static str,
    version: Option<String>,
    fixed_in: Option<String>,
    database_bytes: Option<u64>,
    alarms: Vec<String>,
    error: Option<String>,
}

impl<'a> GroupRow<'a> {
    fn of(overview: &GroupOverview, problems: &'a [String]) -> Self {
        Self {
            health: health(problems),
            problems,
            servers: overview.servers.iter().map(ServerRow::of).collect(),
            etcd: overview.members.iter().map(MemberRow::of).collect(),
        }
    }
}

impl ServerRow {
    fn of(server: &GroupServer) -> Self {
        let GroupServer {
            id,
            name,
            version,
            activity,
        } = server.clone();
        let row = Self {
            id,
            name,
            version,
            state: "silent",
            uptime_seconds: None,
            lag_ms: None,
            clock_offset_ms: None,
            last_heartbeat: None,
        };
        match activity {
            ServerActivity::Running {
                uptime,
                lag,
                clock_offset,
                has_wrong_clock,
            } => Self {
                state: if has_wrong_clock {
                    "refusing"
                } else {
                    "running"
                },
                uptime_seconds: Some(uptime.as_secs()),
                lag_ms: u64::try_from(lag.as_millis()).ok(),
                clock_offset_ms: i64::try_from(clock_offset.as_millis()).ok(),
                ..row
            },
            ServerActivity::Silent { last } => Self {
                last_heartbeat: Some(last),
                ..row
            },
        }
    }
}

impl MemberRow {
    fn of(member: &Member) -> Self {
        let endpoint = member.endpoint.clone();
        match member.state.clone() {
            Ok(MemberState {
                version,
                fixed_in,
                is_leader,
                database_bytes,
                alarms,
            }) => Self {
                endpoint,
                state: match is_leader {
                    Some(true) => "leader",
                    Some(false) => "follower",
                    None => "no leader",
                },
                version: Some(version),
                fixed_in,
                database_bytes: Some(database_bytes),
                alarms,
                error: None,
            },
            Err(error) => Self {
                endpoint,
                state: "silent",
                version: None,
                fixed_in: None,
                database_bytes: None,
                alarms: Vec::new(),
                error: Some(error),
            },
        }
    }
}
