//! How often a password may be tried (citrixauth.md §7 rule 5).
//!
//! Every attempt draws on a budget, or on several. Some attempts are free; after those each has to
//! wait for a while after the last one, and the while grows fourfold each time up to a longest one. An
//! attempt that comes earlier is refused without a look at the password, and draws on nothing.
//!
//! Whoever knows a user's name can use up a budget, so there is not one for each user: that would let
//! strangers lock people out. Where a user has signed in lately the user is *known*, and attempts
//! from there have a budget of their own, which no stranger elsewhere can touch. All other places share
//! the [budget of strangers](Budget::Strangers). So a user under attack still signs in where they
//! are known, and has to wait where they have never been. (After the device cookies of OWASP; a place
//! stands for the device, because native clients keep no cookie from one sign-in to the next.)
//!
//! A place is limited as well, or one client could try one password with everybody's name. Behind one
//! address there may be a hospital, so this budget is large, grows with the users who are known
//! there, and does not hold up those who are.
//!
//! An attempt is counted before the password is looked at, so that of many at once no more go on than
//! have a budget, and is taken back when it was none.
//!
//! The caller keeps the counters, where all nodes see them, and the time.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How often a password may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginThrottlePolicy {
    /// Attempts that need not wait: those at a known place, and those of strangers.
    pub free_attempts: u32,
    /// The longest that an attempt has to wait after the one before it.
    pub longest_delay: Duration,
    /// How long a user stays known where they have signed in.
    pub known_network: Duration,
}

/// Where an attempt comes from: an IPv4 address, or the /64 network of an IPv6 address, of which a
/// client has all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

/// What an attempt draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Of one user at one place where the user is known.
    AtPlace,
    /// Of one user at all places where the user is not known.
    Strangers,
    /// Of one place, for all users who are not known there.
    FromPlace,
}

/// What was drawn from a budget so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetUse {
    /// Attempts, none of which was good.
    pub attempts: u32,
    /// When the last one was.
    pub last: Option<Timestamp>,
}

impl LoginThrottlePolicy {
    /// How long attempts are remembered after the last one. It is longer than any delay, and so long
    /// that waiting for it wins no attempts.
    pub const MEMORY: Duration = Duration::from_hours(24);

    /// How many times more is free for a place than for a user.
    const USERS_OF_PLACE: u32 = 20;

    /// What an attempt draws on.
    #[must_use]
    pub fn budgets(is_known: bool) -> &'static [Budget] {
        if is_known {
            &[Budget::AtPlace]
        } else {
            &[Budget::Strangers, Budget::FromPlace]
        }
    }

    /// How many attempts of a budget need not wait. `people` are the users who are known at the place.
    #[must_use]
    pub fn free(&self, budget: Budget, people: u32) -> u32 {
        match budget {
            Budget::AtPlace | Budget::Strangers => self.free_attempts,
            Budget::FromPlace => self
                .free_attempts
                .saturating_mul(people.saturating_add(Self::USERS_OF_PLACE)),
        }
    }

    /// Whether one more attempt may be made. That a clock was set back makes nobody wait until it is
    /// as late again.
    #[must_use]
    pub fn allows(&self, budget: Budget, drawn: BudgetUse, people: u32, now: Timestamp) -> bool {
        let delay = self.delay(drawn.attempts, self.free(budget, people));
        drawn.last.is_none_or(|last| {
            let waited = now.duration_since(last).abs();
            SignedDuration::try_from(delay).is_ok_and(|delay| waited >= delay)
        })
    }

    /// How long the next attempt has to wait after so many, of which some were free.
    fn delay(&self, attempts: u32, free: u32) -> Duration {
        match attempts.checked_sub(free) {
            None => Duration::ZERO,
            Some(beyond) => {
                let seconds = 4_u64.checked_pow(beyond).unwrap_or(u64::MAX);
                Duration::from_secs(seconds).min(self.longest_delay)
            }
        }
    }
}

impl Default for LoginThrottlePolicy {
    /// Eight attempts in a quarter of an hour, and then four an hour: fewer than the ten after which
    /// directories use to lock an account for everybody.
    fn default() -> Self {
        Self {
            free_attempts: 3,
            longest_delay: Duration::from_mins(15),
            known_network: Duration::from_hours(24 * 90),
        }
    }
}

impl ClientNetwork {
    /// Where a client is.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            address @ IpAddr::V4(_) => address,
        })
    }

    /// The address, or the first of the network.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.0
    }
}
