//! `roamd throttle`.

use std::net::IpAddr;

use anyhow::bail;
use clap::{Args, Subcommand};
use roamd_server::control::{
    Account, BudgetKind, BudgetReport, ControlError, HeldBackStatus, ThrottleQuery, ThrottleReset,
};

use super::account::parse_account;
use super::cells::{minute, or_dash, second};
use super::operator_audit::ReasonArg;
use super::result_format::ResultFormatArgs;
use super::running_server::RunningServer;
use super::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;
use crate::table::Column;

/// Shows and resets the login throttle of a running server.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd throttle reset --user 'EXAMPLE\\ada'")]
pub(crate) struct ThrottleCommand {
    #[command(subcommand)]
    subcommand: ThrottleSubcommand,
}

#[derive(Debug, Subcommand)]
enum ThrottleSubcommand {
    Show(ShowThrottle),
    Reset(ResetThrottle),
}

/// Shows whose sign-ins are held back: how many users, or the failed attempts of one.
///
/// A user has attempts in each network that is known for the user, and others in all unknown
/// networks together. --address shows those in the network of an address. The server does not store
/// names: `roamd audit --event sign-in-refused` shows who was refused. After a reset, a user who
/// was held back in a known network counts until the wait would have ended.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd throttle show\n  roamd throttle show --user 'EXAMPLE\\ada' \
                  --address 192.0.2.7"
)]
struct ShowThrottle {
    /// Account: 'EXAMPLE\ada' or ada@example.com. It need not be known.
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    user: Option<Account>,
    /// Address of a client.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// Forgives the failed sign-ins of a user, who can then sign in again at once.
///
/// From all networks, in all spellings of the name. Attempts are throttled again after as many
/// failures as before. The audit log has who did it, and the reason.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd throttle reset --user 'EXAMPLE\\ada' --reason 'ticket 4711'"
)]
struct ResetThrottle {
    /// Account: 'EXAMPLE\ada' or ada@example.com. It need not be known.
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    user: Account,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: ResultFormatArgs,
}

impl ThrottleCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            ThrottleSubcommand::Show(command) => command.run(),
            ThrottleSubcommand::Reset(command) => command.run(),
        }
    }
}

impl ShowThrottle {
    fn run(self) -> anyhow::Result<Exit> {
        let client = self.server.client()?;
        let query = ThrottleQuery {
            user: self.user,
            address: self.address,
        };
        block_on(async {
            let report = client.throttle(&query).await?;
            if self.format.is_json() {
                output::print_json(&report)?;
                return Ok(Exit::Done);
            }
            if let Some(until) = report.blocked_until {
                output::print_message(format_args!(
                    "New sign-ins of the user are refused until {until:.0}; `roamd tokens \
                     unblock` ends that."
                ));
            }
            if query.user.is_none() && query.address.is_none() && !self.format.is_for_programs() {
                output::print_line(held_back(&report.held_back))?;
            } else {
                self.format
                    .print(COLUMNS, report.budgets.iter().map(cells))?;
                if query.address.is_none() {
                    output::print_message(
                        "For the attempts in a known network, name an address in it with \
                         --address.",
                    );
                }
            }
            Ok(Exit::Done)
        })
    }
}

impl ResetThrottle {
    fn run(self) -> anyhow::Result<Exit> {
        let client = self.server.client()?;
        let reset = ThrottleReset {
            user: self.user,
            reason: self.reason.text().map(str::to_owned),
        };
        block_on(async {
            let done = match client.reset_throttle(&reset).await {
                Err(ControlError::Refused(reason)) => {
                    bail!("nothing was reset: {reason}; try again later")
                }
                done => done?,
            };
            if self.format.is_json() {
                output::print_json(&done)?;
            } else {
                output::print_line("The failed sign-ins of the user are forgiven.")?;
            }
            Ok(Exit::Done)
        })
    }
}

/// Returns the numbers of all that is held back.
pub(super) fn held_back(held_back: &HeldBackStatus) -> String {
    format!(
        "users held back: {} in known networks, {} in others; addresses held back: {}",
        held_back.in_known_networks, held_back.in_unknown_networks, held_back.addresses
    )
}

const COLUMNS: [Column; 5] = [
    Column::text("ATTEMPTS OF"),
    Column::whole("FAILED"),
    Column::whole("LEFT WITHOUT DELAY"),
    Column::wide("LAST"),
    Column::whole("NEXT ALLOWED"),
];

fn cells(budget: &BudgetReport) -> [String; COLUMNS.len()] {
    let whose = match budget.budget {
        BudgetKind::KnownNetwork => "the user in this known network",
        BudgetKind::UnknownNetworks => "the user in all unknown networks",
        BudgetKind::Network => "all users in this network",
    };
    [
        whose.to_owned(),
        budget.attempts.to_string(),
        budget.free.saturating_sub(budget.attempts).to_string(),
        or_dash(budget.last.map(minute)),
        budget.next.map_or_else(|| "now".to_owned(), second),
    ]
}
