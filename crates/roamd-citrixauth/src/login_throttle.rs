//! Login throttle: limits how often passwords can be tried (citrixauth.md §7 rule 5).
//!
//! Each attempt uses one or more budgets. A budget has some free attempts. After those, an attempt
//! must wait for a delay after the previous one, which grows fourfold each time up to a maximum. An
//! earlier attempt is refused without a check of the password and uses no budget. The response
//! states the time to wait.
//!
//! A budget per user would allow anyone who knows a user name to lock the user out. So attempts
//! from a *known network*, in which the user has signed in recently, have [their own
//! budget](Budget::KnownNetwork), and all other networks share [another
//! one](Budget::UnknownNetworks). A user under attack can still sign in from known networks, and is
//! delayed in unknown ones. This follows the device cookies of OWASP. The network stands for the
//! device, because native clients do not keep cookies between sign-ins.
//!
//! [A third budget](Budget::Network) limits each network, because a client could try one password
//! with many user names. A network may be that of a hospital, so this budget is large, grows with
//! the number of users known in the network, and does not apply to those users.
//!
//! The caller counts an attempt before the check of the password, so concurrent attempts cannot
//! exceed a budget, and takes it back if the attempt did not fail. The caller also keeps the
//! counters, which all servers share, and the time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use jiff::Timestamp;

/// Limits of password attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginThrottlePolicy {
    /// Attempts without delay: those of a user in a known network, and those in all others.
    pub free_attempts: u32,
    /// Longest delay between two attempts.
    pub longest_delay: Duration,
    /// Time for which a network stays known after a sign-in.
    pub known_network: Duration,
    /// Number of servers that count attempts without each other; 1 if all count together. They
    /// divide the budgets.
    pub servers: u32,
}

/// Network of a client: its IPv4 address, or the /64 of its IPv6 address, because a client can use
/// all addresses of a /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

/// Budget of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Attempts of one user in one known network.
    KnownNetwork,
    /// Attempts of one user in all unknown networks.
    UnknownNetworks,
    /// Attempts from one network, of all users for whom it is unknown.
    Network,
}

/// Time to wait before the next attempt, as the response states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedWait {
    /// Whole minutes, at least one.
    pub minutes: u64,
}

/// Usage of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetUse {
    /// Failed attempts.
    pub attempts: u32,
    /// Time of the last failed attempt.
    pub last: Option<Timestamp>,
}

impl LoginThrottlePolicy {
    /// Time for which attempts are remembered after the last one. It is longer than all delays, and
    /// long enough that waiting for it does not gain attempts.
    pub const MEMORY: Duration = Duration::from_hours(24);

    /// Factor between the free attempts of a network and those of a user.
    const USERS_PER_NETWORK: u32 = 20;

    /// Returns the budgets of an attempt.
    #[must_use]
    pub fn budgets(is_known: bool) -> &'static [Budget] {
        if is_known {
            &[Budget::KnownNetwork]
        } else {
            &[Budget::UnknownNetworks, Budget::Network]
        }
    }

    /// Returns the number of free attempts of a budget. `known_users` is the number of users for
    /// whom the network is known.
    #[must_use]
    pub fn free(&self, budget: Budget, known_users: u32) -> u32 {
        let free = match budget {
            Budget::KnownNetwork | Budget::UnknownNetworks => self.free_attempts,
            Budget::Network => self
                .free_attempts
                .saturating_mul(known_users.saturating_add(Self::USERS_PER_NETWORK)),
        };
        // Without any, the first attempt would have to wait.
        free.checked_div(self.servers).unwrap_or(free).max(1)
    }

    /// Returns whether another attempt is allowed now. A clock that was set back does not prolong
    /// the delay.
    #[must_use]
    pub fn allows(
        &self,
        budget: Budget,
        used: BudgetUse,
        known_users: u32,
        now: Timestamp,
    ) -> bool {
        self.remaining_delay(budget, used, known_users, now)
            .is_zero()
    }

    /// Returns the time until another attempt is allowed, or zero if it is allowed now.
    #[must_use]
    pub fn remaining_delay(
        &self,
        budget: Budget,
        used: BudgetUse,
        known_users: u32,
        now: Timestamp,
    ) -> Duration {
        let Some(last) = used.last else {
            return Duration::ZERO;
        };
        let waited = now.duration_since(last).unsigned_abs();
        self.delay(used.attempts, self.free(budget, known_users))
            .saturating_sub(waited)
    }

    /// Returns the time that the response states for a delay that remains: whole minutes, rounded
    /// up to a power of two or to the longest delay. So it discloses little about attempts of
    /// others.
    #[must_use]
    pub fn stated_wait(&self, remaining: Duration) -> StatedWait {
        let minutes = |time: Duration| {
            let started = u64::from(time.subsec_nanos() > 0);
            time.as_secs().saturating_add(started).div_ceil(60).max(1)
        };
        let rounded = minutes(remaining).checked_next_power_of_two();
        StatedWait {
            minutes: rounded.unwrap_or(u64::MAX).min(minutes(self.longest())),
        }
    }

    /// Returns the delay before the next attempt. An attempt counts as one at each server that
    /// counts alone: all servers together then allow about as many as one.
    fn delay(&self, attempts: u32, free: u32) -> Duration {
        match attempts.checked_sub(free) {
            None => Duration::ZERO,
            Some(beyond) => {
                let beyond = beyond.saturating_mul(self.servers.max(1));
                let seconds = 4_u64.checked_pow(beyond).unwrap_or(u64::MAX);
                Duration::from_secs(seconds).min(self.longest())
            }
        }
    }

    /// Returns the longest delay. It stays shorter than the memory of attempts.
    fn longest(&self) -> Duration {
        let delay = self.longest_delay;
        let longest = delay.saturating_mul(self.servers.max(1));
        longest.min(Self::MEMORY / 2).max(delay)
    }
}

impl Default for LoginThrottlePolicy {
    /// Returns the default policy: eight attempts within a quarter of an hour, then four per hour.
    /// Directories usually lock an account after ten.
    fn default() -> Self {
        Self {
            free_attempts: 3,
            longest_delay: Duration::from_mins(15),
            known_network: Duration::from_hours(24 * 90),
            servers: 1,
        }
    }
}

impl ClientNetwork {
    /// Returns the network of a client address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            address @ IpAddr::V6(_) => first_address(address, 64),
            address @ IpAddr::V4(_) => address,
        })
    }

    /// Returns the first address of the network of a provider that contains this one: an IPv4 /16,
    /// or an IPv6 /32.
    #[must_use]
    pub fn provider(&self) -> IpAddr {
        let length = match self.0 {
            IpAddr::V4(_) => 16,
            IpAddr::V6(_) => 32,
        };
        first_address(self.0, length)
    }

    /// Returns the first addresses of the networks of a provider that contain this one, the widest
    /// first and this one last: an IPv4 /24, or an IPv6 /48 and /56, which one customer often has.
    #[must_use]
    pub fn within_provider(&self) -> Vec<IpAddr> {
        let lengths: &[u32] = match self.0 {
            IpAddr::V4(_) => &[24, 32],
            IpAddr::V6(_) => &[48, 56, 64],
        };
        let networks = lengths.iter().map(|length| first_address(self.0, *length));
        networks.collect()
    }

    /// Returns the IPv4 address, or the first address of the /64.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.0
    }
}

/// Returns the first address of the network of this prefix length that contains an address.
fn first_address(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}
