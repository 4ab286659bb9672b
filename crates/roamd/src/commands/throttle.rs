//! `roamd throttle`.

use std::net::IpAddr;

use clap::{Args, Subcommand};
use roamd_server::control::{
    Account, BudgetKind, BudgetReport, HeldBackStatus, ThrottleQuery, ThrottleReset,
};

use super::account::parse_account;
use super::cells::or_dash;
use super::result_format::ResultFormatArgs;
use super::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;

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
    /// Account as DOMAIN\name. It need not be known.
    #[arg(long, value_name = "DOMAIN\\NAME", value_parser = parse_account)]
    user: Option<Account>,
    /// Address of a client.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: ResultFormatArgs,
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
    /// Account as DOMAIN\name. It need not be known.
    #[arg(long, value_name = "DOMAIN\\NAME", value_parser = parse_account)]
    user: Account,
    /// Reason for the audit log.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
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
            } else if report.budgets.is_empty() {
                output::print_line(held_back(&report.held_back))?;
            } else {
                print_budgets(&report.budgets)?;
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
            reason: self.reason,
        };
        block_on(async {
            let done = client.reset_throttle(&reset).await?;
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

fn print_budgets(budgets: &[BudgetReport]) -> anyhow::Result<()> {
    let header = [
        "ATTEMPTS OF",
        "FAILED",
        "LEFT WITHOUT DELAY",
        "LAST",
        "NEXT ALLOWED",
    ];
    let rows = budgets.iter().map(|budget| {
        let whose = match budget.budget {
            BudgetKind::KnownNetwork => "the user in this known network",
            BudgetKind::UnknownNetworks => "the user in all unknown networks",
            BudgetKind::Network => "all users in this network",
        };
        [
            whose.to_owned(),
            budget.attempts.to_string(),
            budget.free.saturating_sub(budget.attempts).to_string(),
            or_dash(budget.last.map(|last| format!("{last:.0}"))),
            budget
                .next
                .map_or_else(|| "now".to_owned(), |next| format!("{next:.0}")),
        ]
    });
    Ok(output::print_table(header, rows)?)
}
