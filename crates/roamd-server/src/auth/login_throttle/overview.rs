//! What operators see of the throttle, and its reset for a user.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Budget, LoginThrottlePolicy};
use roamd_fairness::SemaphoreUsage;
use roamd_state::{CounterKind, FlagKind, Party, StateError};

use super::{LoginThrottle, Target, budget_use, later};

/// Numbers of budgets whose next attempt has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeldBack {
    /// Users in a network that is known for them, each network for itself. Those that a
    /// [reset](LoginThrottle::reset) has freed count until their wait would have ended.
    pub(crate) in_known_networks: usize,
    /// Users in all other networks.
    pub(crate) in_unknown_networks: usize,
    /// Networks of clients. One in which many users are known may have to wait later than counted
    /// here.
    pub(crate) networks: usize,
}

/// A budget of an account, or of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BudgetOverview {
    pub(crate) budget: Budget,
    /// Failed attempts that are remembered, and those in progress.
    pub(crate) attempts: u32,
    /// Attempts without delay.
    pub(crate) free: u32,
    /// Time of the last attempt; `None` if none is remembered.
    pub(crate) last: Option<Timestamp>,
    /// Time until the next attempt is allowed.
    pub(crate) wait: Duration,
}

impl LoginThrottle {
    /// Counts the budgets whose next attempt has to wait.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn held_back(&self) -> Result<HeldBack, StateError> {
        let count = async |budget, kind| self.count_held_back(budget, kind).await;
        Ok(HeldBack {
            in_known_networks: count(Budget::KnownNetwork, CounterKind::AttemptsFromKnownNetwork)
                .await?,
            in_unknown_networks: count(
                Budget::UnknownNetworks,
                CounterKind::AttemptsFromUnknownNetworks,
            )
            .await?,
            networks: count(Budget::Network, CounterKind::AttemptsByNetwork).await?,
        })
    }

    async fn count_held_back(
        &self,
        budget: Budget,
        kind: CounterKind,
    ) -> Result<usize, StateError> {
        let now = self.now();
        // Later attempts than the longest delay ago.
        let delay = SignedDuration::try_from(self.policy().longest_delay).unwrap_or_default();
        let memory = later(now, LoginThrottlePolicy::MEMORY);
        let expire_after = memory.checked_sub(delay).unwrap_or(now);
        let free = self.policy().free(budget, 0);
        let above = free.saturating_sub(1);
        let counters = self.state.counters_above(kind, above, expire_after).await?;
        let waits = counters.iter().filter(|counter| {
            let used = budget_use(**counter);
            !self.policy().allows(budget, used, 0, now)
        });
        Ok(waits.count())
    }

    /// Checks of passwords in progress, and attempts that wait for one.
    pub(crate) fn checks(&self) -> SemaphoreUsage {
        self.checks.permits.usage()
    }

    /// Returns the budgets of a user: in unknown networks, and with a network also those there.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn budgets_of(
        &self,
        target: Target,
        has_network: bool,
    ) -> Result<Vec<BudgetOverview>, StateError> {
        let (target, is_known) = self.with_flags(target).await?;
        let mut budgets = vec![Budget::UnknownNetworks];
        if has_network {
            budgets.push(if is_known {
                Budget::KnownNetwork
            } else {
                Budget::Network
            });
        }
        let mut overviews = Vec::with_capacity(budgets.len());
        for budget in budgets {
            overviews.push(self.overview(&target, budget).await?);
        }
        Ok(overviews)
    }

    /// Returns the budget of a network, whatever the user.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn budget_of_network(
        &self,
        target: &Target,
    ) -> Result<BudgetOverview, StateError> {
        self.overview(target, Budget::Network).await
    }

    async fn overview(
        &self,
        target: &Target,
        budget: Budget,
    ) -> Result<BudgetOverview, StateError> {
        let now = self.now();
        let (kind, key) = target.counter(budget);
        let used = budget_use(self.state.counter(kind, key, now).await?);
        let known_users = self.known_users(target, budget != Budget::Network).await?;
        Ok(BudgetOverview {
            budget,
            attempts: used.attempts,
            free: self.policy().free(budget, known_users),
            // The counter keeps the time of an attempt that was taken back.
            last: used.last.filter(|_| used.attempts > 0),
            wait: self
                .policy()
                .remaining_delay(budget, used, known_users, now),
        })
    }

    /// Forgives all failed attempts at the password of a user, from known and unknown networks, in
    /// all spellings of the name. The budgets of networks stay.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn reset(&self, target: &Target) -> Result<(), StateError> {
        let (before, _) = self.with_flags(target.clone()).await?;
        let until = later(self.now(), LoginThrottlePolicy::MEMORY);
        // The precision that the shared state keeps.
        let until = Timestamp::from_millisecond(until.as_millisecond()).unwrap_or(until);
        let kind = FlagKind::ResetThrottle;
        let set = self
            .state
            .set_flag(Party::SERVER, kind, target.user(), until);
        set.await?;
        // No attempt draws on it any more; it must not count as held back. The counters of known
        // networks cannot be found without an address.
        let (kind, key) = before.counter(Budget::UnknownNetworks);
        let forget = self.state.decrement(Party::SERVER, kind, key, u32::MAX);
        forget.await.map(drop)
    }
}
