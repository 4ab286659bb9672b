//! `roamd tokens list`.

use std::collections::HashMap;

use clap::Args;
use jiff::Timestamp;
use roamd_server::control::{Account, ControlClient, WebSignInQuery};
use serde::Serialize;

use super::known_blocks::blocked_until;
use super::sign_ins::{SignIn, SignIns};
use crate::commands::account::parse_account;
use crate::commands::audit_files::read_lines;
use crate::commands::cells::{minute, or_dash};
use crate::commands::running_server::RunningServer;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::{Exit, UsageError};
use crate::output::{self, printable};
use crate::runtime::block_on;
use crate::table::Column;

/// Lists the sign-ins of a user that have not ended, and whether new ones are blocked.
///
/// The server stores no tokens, so this reads the audit log: since when and from where the user is
/// signed in, and until when. It shows no token. The running server says which sign-ins at web
/// sites were idle for too long. A farm that refuses the password ends a sign-in earlier.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd tokens list --user 'EXAMPLE\\ada'\n  roamd tokens list --user \
                  'DEMO\\alice' --data world --json"
)]
pub(super) struct ListTokens {
    /// Account: 'EXAMPLE\ada', or ada@example.com if the domain is EXAMPLE.
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    user: Account,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// The list as JSON.
#[derive(Serialize)]
struct SignInsJson<'a> {
    /// End of the block of new sign-ins; `null` if there is none.
    blocked_until: Option<Timestamp>,
    sign_ins: &'a [&'a SignIn],
}

const COLUMNS: [Column; 8] = [
    Column::wide("USER"),
    Column::whole("SINCE"),
    Column::whole("FROM"),
    Column::text("ALSO USED FROM"),
    Column::detail("UNTIL"),
    Column::wide("IDLE END"),
    Column::wide("AT MOST UNTIL"),
    Column::wide("SIGN-IN"),
];

impl ListTokens {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let files = self.server.files()?;
        let Some(audit) = &files.audit else {
            let text = "the sign-ins of a user are in the audit log only, which is off: `enabled` \
                        of [audit] is false";
            return Err(UsageError(text.to_owned()).into());
        };
        let now = Timestamp::now();
        let revocations = files.revocations()?.read()?;
        let Account { domain, name } = &self.user;
        let of_user = revocations.iter().filter(|it| it.is_about(domain, name));
        let blocked_until = blocked_until(&files, &self.user, &revocations)?;
        let mut sign_ins = SignIns::new(
            &self.user,
            of_user.filter_map(|it| it.ended).max(),
            now,
            files.token_lifetime_max()?,
        );
        read_lines(audit, |line| {
            sign_ins.read(line);
            Ok(())
        })?;
        for gap in sign_ins.gaps() {
            output::print_message(gap);
        }
        remove_idle(&mut sign_ins, &ControlClient::of(&files.data_dir))?;
        let open: Vec<_> = sign_ins.open().collect();
        if self.format.is_json() {
            output::print_json(&SignInsJson {
                blocked_until,
                sign_ins: &open,
            })?;
            return Ok(Exit::Done);
        }
        if let Some(until) = blocked_until {
            let user = printable(&self.user.to_string());
            output::print_message(format_args!(
                "New sign-ins of {user} are refused until {until:.0}; `roamd tokens unblock` ends \
                 that."
            ));
        }
        if files.is_in_group {
            output::print_message(
                "Each server of the group has an audit log of its own: this list has the sign-ins \
                 at this server, also those that have ended at another one since.",
            );
        }
        if open.is_empty() && !self.format.is_for_programs() {
            output::print_message("No sign-in that has not ended.");
            for namesake in sign_ins.namesakes() {
                output::print_message(format_args!(
                    "The audit log has sign-ins of {namesake}; name that account if you mean it."
                ));
            }
            return Ok(Exit::Done);
        }
        self.format.print(COLUMNS, open.into_iter().map(cells))?;
        Ok(Exit::Done)
    }
}

/// Asks the running server which sign-ins at web sites have ended because they were idle: no line
/// of the audit log says so.
fn remove_idle(sign_ins: &mut SignIns<'_>, client: &ControlClient) -> anyhow::Result<()> {
    let sessions = sign_ins.web_sessions();
    let mut idle_ends = HashMap::new();
    for query in WebSignInQuery::all(&sessions) {
        let report = block_on(async { Ok(client.web_sign_ins(&query).await) })?;
        match report {
            Ok(report) => idle_ends.extend(query.sessions.into_iter().zip(report.idle_ends)),
            Err(error) => {
                output::print_message(format_args!(
                    "Sign-ins at web sites are listed that may have ended because they were idle: \
                     {error}"
                ));
                break;
            }
        }
    }
    sign_ins.remove_idle(&idle_ends);
    Ok(())
}

fn cells(sign_in: &SignIn) -> [String; COLUMNS.len()] {
    let used_from: Vec<_> = sign_in.used_from.iter().map(String::as_str).collect();
    let used_from = used_from.join(", ");
    [
        sign_in.user.clone(),
        minute(sign_in.since),
        or_dash(sign_in.address.clone()),
        or_dash((!used_from.is_empty()).then_some(used_from)),
        or_dash(sign_in.until.map(minute)),
        or_dash(sign_in.idle_end.map(minute)),
        minute(sign_in.at_most_until),
        or_dash(sign_in.id.clone()),
    ]
}
