//! `roamd throttle`: budgets of sign-ins, and their reset for a user.

use std::net::IpAddr;

use jiff::Timestamp;
use roamd_citrixauth::Budget;
use roamd_sessions::UserKey;
use roamd_state::StateError;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::account::Account;
use super::context::Context;
use super::status::HeldBackStatus;
use crate::audit::{Event, Operator, Text, account};
use crate::auth::login_throttle::Target;
use crate::auth::login_throttle::overview::{BudgetOverview, HeldBack};

/// Request of `roamd throttle show`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleQuery {
    /// Show the budgets of this user.
    pub user: Option<Account>,
    /// Show the budget of the network of this address, or that of the user there.
    pub address: Option<IpAddr>,
}

/// Request of `roamd throttle reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleReset {
    /// The user.
    pub user: Account,
    /// Reason for the audit log.
    pub reason: Option<String>,
}

/// What the throttle holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleReport {
    /// Numbers of all that is held back.
    pub held_back: HeldBackStatus,
    /// The budgets that the query names.
    pub budgets: Vec<BudgetReport>,
    /// End of the block of the sign-ins of the user; `None` if there is none.
    pub blocked_until: Option<Timestamp>,
}

/// A budget of attempts at passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetReport {
    /// Whose attempts draw on it.
    pub budget: BudgetKind,
    /// Failed attempts that are remembered: for a day after the last one.
    pub attempts: u32,
    /// Attempts without delay, of which `attempts` have been used.
    pub free: u32,
    /// Time of the last attempt; `None` if none is remembered.
    pub last: Option<Timestamp>,
    /// Time of the next attempt that is allowed; `None` if it is allowed now.
    pub next: Option<Timestamp>,
}

/// Whose attempts draw on a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetKind {
    /// Those of the user in one network, which is known for this user.
    KnownNetwork,
    /// Those at the password of the user in all unknown networks.
    UnknownNetworks,
    /// Those from one network, at the passwords of all users for whom it is unknown.
    Network,
}

/// Result of a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleResetDone {
    /// The budgets of the user before the reset.
    pub before: Vec<BudgetReport>,
}

/// Responds to a query.
pub(super) async fn show(
    context: &Context,
    query: ThrottleQuery,
) -> Result<ThrottleReport, StateError> {
    let state = context.state();
    let throttle = &state.login_throttle;
    let now = state.now();
    let blocked_until = match &query.user {
        Some(Account { domain, name }) => {
            let user = UserKey::new(domain, name);
            state.user_blocks.blocked_until(&user).await?
        }
        None => None,
    };
    let budgets = match (query.user, query.address) {
        (Some(user), address) => {
            let target = Target::new(&user.domain, &user.name, address);
            throttle.budgets_of(target, address.is_some()).await?
        }
        (None, Some(address)) => {
            let target = Target::new("", "", Some(address));
            vec![throttle.budget_of_network(&target).await?]
        }
        (None, None) => Vec::new(),
    };
    let held_back = context.held_back().await?;
    Ok(ThrottleReport {
        held_back: held_back.into(),
        budgets: budgets.iter().map(|it| report(it, now)).collect(),
        blocked_until,
    })
}

/// Resets the budgets of a user, and records who did.
pub(super) async fn reset(
    context: &Context,
    operator: Operator,
    request: ThrottleReset,
) -> Result<ThrottleResetDone, StateError> {
    let ThrottleReset { user, reason } = request;
    let state = context.state();
    let target = Target::new(&user.domain, &user.name, None);
    let before = state
        .login_throttle
        .budgets_of(target.clone(), false)
        .await?;
    state.login_throttle.reset(&target).await?;
    let now = state.now();
    info!(
        operator = operator.name(),
        "Login throttle of a user reset by an operator"
    );
    let event = Event::ThrottleReset {
        user: account(&user.domain, &user.name),
        operator,
        note: reason.as_deref().map(Text::new),
    };
    state.record_event(event);
    Ok(ThrottleResetDone {
        before: before.iter().map(|it| report(it, now)).collect(),
    })
}

impl From<HeldBack> for HeldBackStatus {
    fn from(held_back: HeldBack) -> Self {
        Self {
            in_known_networks: held_back.in_known_networks,
            in_unknown_networks: held_back.in_unknown_networks,
            addresses: held_back.networks,
        }
    }
}

fn report(overview: &BudgetOverview, now: Timestamp) -> BudgetReport {
    let is_held_back = !overview.wait.is_zero();
    BudgetReport {
        budget: match overview.budget {
            Budget::KnownNetwork => BudgetKind::KnownNetwork,
            Budget::UnknownNetworks => BudgetKind::UnknownNetworks,
            Budget::Network => BudgetKind::Network,
        },
        attempts: overview.attempts,
        free: overview.free,
        last: overview.last,
        next: is_held_back
            .then(|| now.checked_add(overview.wait).ok())
            .flatten(),
    }
}
