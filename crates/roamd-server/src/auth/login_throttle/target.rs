//! What an attempt is aimed at, and the counters of its budgets.

use std::net::{IpAddr, Ipv4Addr};

use roamd_citrixauth::{Budget, ClientNetwork, LoginThrottlePolicy};
use roamd_sessions::UserKey;
use roamd_state::{CounterKind, Digest};

use super::budget_name::budget_name;
use super::check_party::CheckParty;

/// The account and the client network of an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The account as typed, in one case. A network is known for this spelling only: it must not
    /// become known by a sign-in to another account of a similar name, or in another domain.
    user: UserKey,
    /// Name without the domain, in the spelling of budgets. An account has several spellings of its
    /// name and its domain, and each would have a budget of its own.
    budget_name: String,
    network: ClientNetwork,
}

impl Target {
    /// Clients of unknown address share one network.
    pub(crate) fn new(domain: &str, user_name: &str, client: Option<IpAddr>) -> Self {
        Self {
            user: UserKey::new(domain, user_name),
            budget_name: budget_name(user_name),
            network: ClientNetwork::of(client.unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
        }
    }

    /// The party that a check of the password is for.
    pub(super) fn party(&self, is_known: bool) -> CheckParty {
        if is_known {
            CheckParty::Known(self.user.clone())
        } else {
            CheckParty::Unknown(self.network)
        }
    }

    /// The counters of the budgets of an attempt, in the order of the budgets.
    pub(super) fn counters(&self, is_known: bool) -> impl Iterator<Item = (CounterKind, Digest)> {
        LoginThrottlePolicy::budgets(is_known)
            .iter()
            .map(|budget| self.counter(*budget))
    }

    pub(super) fn counter(&self, budget: Budget) -> (CounterKind, Digest) {
        match budget {
            Budget::KnownNetwork => (CounterKind::AttemptsFromKnownNetwork, self.pair()),
            Budget::UnknownNetworks => (
                CounterKind::AttemptsFromUnknownNetworks,
                Digest::of(self.budget_name.as_bytes()),
            ),
            Budget::Network => (CounterKind::AttemptsByNetwork, self.network()),
        }
    }

    /// Key of the user's own budget.
    pub(super) fn own_budget(&self, is_known: bool) -> Digest {
        let own = if is_known {
            Budget::KnownNetwork
        } else {
            Budget::UnknownNetworks
        };
        self.counter(own).1
    }

    /// The user on this network. An address holds no space.
    pub(super) fn pair(&self) -> Digest {
        Digest::of(format!("{} {}", self.network.address(), self.user).as_bytes())
    }

    pub(super) fn network(&self) -> Digest {
        Digest::of(self.network.address().to_string().as_bytes())
    }
}
