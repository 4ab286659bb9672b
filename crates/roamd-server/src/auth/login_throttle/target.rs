//! What an attempt is aimed at, and the counters of its budgets.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;
use roamd_citrixauth::{Budget, ClientNetwork, LoginThrottlePolicy};
use roamd_sessions::UserKey;
use roamd_state::{CounterKind, Digest, Party};

use super::budget_name::budget_name;
use super::check_party::CheckParty;
use crate::fairness::parties;

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
    /// Time of the last reset of the user's budgets. The counters of a budget have it in their
    /// name, so those of earlier attempts are never found again.
    reset: Option<Timestamp>,
}

impl Target {
    /// Clients of unknown address share one network.
    pub(crate) fn new(domain: &str, user_name: &str, client: Option<IpAddr>) -> Self {
        Self {
            user: UserKey::new(domain, user_name),
            budget_name: budget_name(user_name),
            network: ClientNetwork::of(client.unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
            reset: None,
        }
    }

    /// Returns the target with the time of the last reset.
    pub(super) fn reset_at(self, reset: Option<Timestamp>) -> Self {
        Self { reset, ..self }
    }

    /// The party that a check of the password is for.
    pub(super) fn check_party(&self, is_known: bool) -> CheckParty {
        if is_known {
            CheckParty::Known(self.user.clone())
        } else {
            CheckParty::Unknown(self.network)
        }
    }

    /// The party of writes to the shared state.
    pub(super) fn party(&self) -> Party {
        parties::of_network(&self.network)
    }

    /// The counters of the budgets of an attempt, in the order of the budgets.
    pub(super) fn counters(&self, is_known: bool) -> impl Iterator<Item = (CounterKind, Digest)> {
        LoginThrottlePolicy::budgets(is_known)
            .iter()
            .map(|budget| self.counter(*budget))
    }

    pub(super) fn counter(&self, budget: Budget) -> (CounterKind, Digest) {
        match budget {
            Budget::KnownNetwork => (
                CounterKind::AttemptsFromKnownNetwork,
                self.since_reset(&self.pair_name()),
            ),
            Budget::UnknownNetworks => (
                CounterKind::AttemptsFromUnknownNetworks,
                self.since_reset(&self.budget_name),
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

    /// The user on this network.
    pub(super) fn pair(&self) -> Digest {
        Digest::of(self.pair_name().as_bytes())
    }

    /// An address holds no space.
    fn pair_name(&self) -> String {
        format!("{} {}", self.network.address(), self.user)
    }

    /// Key of a counter of the user since the last reset. No name of a budget holds a NUL.
    fn since_reset(&self, name: &str) -> Digest {
        match self.reset {
            None => Digest::of(name.as_bytes()),
            Some(reset) => {
                let reset = reset.as_millisecond();
                Digest::of(format!("{reset}\0{name}").as_bytes())
            }
        }
    }

    /// Key of the user in all spellings, and of all others of the same name: of the flag that
    /// resets the budgets, and of the networks that have become known.
    pub(super) fn user(&self) -> Digest {
        Digest::of(self.budget_name.as_bytes())
    }

    pub(super) fn network(&self) -> Digest {
        Digest::of(self.network.address().to_string().as_bytes())
    }
}
