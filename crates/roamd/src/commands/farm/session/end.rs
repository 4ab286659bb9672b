//! `roamd farm session disconnect` and `logoff`.

use std::path::Path;

use clap::{ArgGroup, Args};
use roamd_farm::{Farms, SessionRecord, SessionTarget};
use roamd_server::{OperatorAction, OperatorCommand};

use super::table::{COLUMNS, cells};
use crate::commands::confirm::ConfirmArgs;
use crate::commands::farm::args::DataArgs;
use crate::commands::operator_audit::ReasonArg;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::output;

/// Disconnects sessions from their clients. Their applications keep running.
///
/// With --user, the active sessions of the user, as the client of the user would disconnect them.
/// With --host and --session, one session. Works while farms are running.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd farm session disconnect --data world --user 'DEMO\\alice'\n  \
                  roamd farm session disconnect --data world --user alice --client-name DESK-A"
)]
pub(super) struct DisconnectSessions {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// Logs sessions off. Their applications end, and unsaved work is lost.
///
/// With --user, the active sessions of the user, as the client of the user would log them off. With
/// --host and --session, one session, also a disconnected one: for a session that hangs. Asks on a
/// terminal. Works while farms are running.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd farm session logoff --data world --user 'DEMO\\alice' \
                  --dry-run\n  roamd farm session logoff --data world --farm XA1 --host 40211 --session 1"
)]
pub(super) struct LogOffSessions {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// The sessions that a command ends or disconnects.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").args(["user", "session"]).required(true))]
struct TargetArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the farm [default: all farms].
    #[arg(long, value_name = "ID")]
    farm: Option<String>,
    /// User: alice, 'DEMO\alice' or alice@demo.test.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only sessions of the user that are connected to the client with this name.
    #[arg(long, value_name = "N", requires = "user")]
    client_name: Option<String>,
    /// Host of one session, as `roamd farm session list` shows it.
    #[arg(long, value_name = "HOST", requires = "session")]
    host: Option<String>,
    /// Number of that session.
    #[arg(long, value_name = "NUMBER", requires_all = ["host", "farm"])]
    session: Option<u32>,
}

impl TargetArgs {
    /// Opens the farms, and returns the target. `clap` has checked that the arguments of one of
    /// both kinds are whole.
    fn open(self) -> anyhow::Result<(Farms, SessionTarget)> {
        let farms = Farms::open(&self.data.data)?;
        let target = match (self.farm, self.host, self.session) {
            (Some(farm), Some(host), Some(number)) => SessionTarget::Session { farm, host, number },
            (farm, _, _) => SessionTarget::OfUser {
                farm,
                user: self.user.unwrap_or_default(),
                client_name: self.client_name,
            },
        };
        Ok((farms, target))
    }
}

impl DisconnectSessions {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let data = self.target.data.data.clone();
        let (farms, target) = self.target.open()?;
        if self.confirm.dry_run {
            let planned = farms.targeted_sessions(&target)?;
            return print_result(planned, &self.format, "Would disconnect");
        }
        let sessions = farms.disconnect_sessions(&target)?;
        let recorded = record(
            &self.reason,
            &data,
            "farm session disconnect",
            sessions.clone(),
        );
        let exit = print_result(sessions, &self.format, "Disconnected")?;
        recorded.map(|()| exit)
    }
}

impl LogOffSessions {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let data = self.target.data.data.clone();
        let (farms, target) = self.target.open()?;
        let planned = farms.targeted_sessions(&target)?;
        if self.confirm.dry_run {
            return print_result(planned, &self.format, "Would log off");
        }
        if !planned.is_empty() {
            self.confirm.ask(&format!(
                "This logs off {}: their applications end, and unsaved work is lost.",
                count(&planned)
            ))?;
        }
        let sessions = farms.log_off_sessions(&target)?;
        let recorded = record(&self.reason, &data, "farm session logoff", sessions.clone());
        let exit = print_result(sessions, &self.format, "Logged off")?;
        recorded.map(|()| exit)
    }
}

/// Records each session that a command has ended or disconnected.
fn record(
    reason: &ReasonArg,
    data: &Path,
    command: &'static str,
    sessions: Vec<SessionRecord>,
) -> anyhow::Result<()> {
    let texts = sessions.into_iter().map(|session| {
        let apps = session.apps.join(", ");
        let object = format!(
            "session {} on {}: {apps}",
            session.session_id, session.host_id
        );
        let user = format!("{}\\{}", session.domain, session.user);
        (user, session.farm, object)
    });
    let texts: Vec<_> = texts.collect();
    let actions = texts.iter().map(|(user, farm, object)| {
        OperatorAction::Command(OperatorCommand {
            command,
            user: Some(user),
            farm: Some(farm),
            object: Some(object),
        })
    });
    reason.record_for_farms(data, actions)
}

/// Prints the sessions that a command has changed, or would change.
fn print_result(
    sessions: Vec<SessionRecord>,
    format: &TableFormatArgs,
    done: &str,
) -> anyhow::Result<Exit> {
    if format.is_json() {
        output::print_json(&sessions)?;
    } else if sessions.is_empty() && !format.is_for_programs() {
        output::print_message(
            "No active session. `roamd farm session list` shows all; --host and --session name a \
             disconnected one.",
        );
    } else {
        output::print_message(format_args!("{done} {}.", count(&sessions)));
        format.print(COLUMNS, sessions.into_iter().map(cells))?;
    }
    Ok(Exit::Done)
}

fn count(sessions: &[SessionRecord]) -> String {
    match sessions.len() {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    }
}
