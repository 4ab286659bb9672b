//! `[login_throttle]`: how often passwords may be tried.

use std::time::Duration;

use roamd_citrixauth::LoginThrottlePolicy;
use roamd_store_proto::Lifetime;
use toml::de::DeValue;

use super::section::{Section, number, text};

/// Passwords that are checked at once, of all users together.
const DEFAULT_CHECKS: usize = 32;

/// What the longest delay may be: an attempt is remembered for a day.
const LONGEST_DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(12));

/// How long a user may stay known at a place.
const KNOWN_PLACES: (Duration, Duration) =
    (Duration::from_hours(1), Duration::from_hours(24 * 3650));

/// How often passwords may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginThrottle {
    /// How often, and after which delays.
    pub policy: LoginThrottlePolicy,
    /// How many passwords farms are asked to check at once.
    pub checks: usize,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        Self {
            policy: LoginThrottlePolicy::default(),
            checks: DEFAULT_CHECKS,
        }
    }
}

/// Reads the section.
pub(super) fn read(root: &mut Section<'_>) -> LoginThrottle {
    let default = LoginThrottlePolicy::default();
    let mut section = root.section("login_throttle", "[login_throttle]");
    let policy = LoginThrottlePolicy {
        free_attempts: section.or("free_attempts", default.free_attempts, |value| {
            let number = number(value, 1, 100)?;
            u32::try_from(number).map_err(|error| error.to_string())
        }),
        longest_delay: section.or("longest_delay", default.longest_delay, |value| {
            span(value, LONGEST_DELAYS)
        }),
        known_network: section.or("known_network", default.known_network, |value| {
            span(value, KNOWN_PLACES)
        }),
    };
    let checks = section.or("checks", DEFAULT_CHECKS, |value| {
        let number = number(value, 1, 10_000)?;
        usize::try_from(number).map_err(|error| error.to_string())
    });
    section.finish();
    LoginThrottle { policy, checks }
}

fn span(value: &DeValue<'_>, (least, most): (Duration, Duration)) -> Result<Duration, String> {
    match text(value)?.parse() {
        Ok(Lifetime(span)) if (least..=most).contains(&span) => Ok(span),
        Ok(_) => Err(format!(
            "has to be from {} to {}",
            Lifetime(least),
            Lifetime(most)
        )),
        Err(_) => Err("has to be a time span d.hh:mm:ss, such as \"0.00:15:00\"".into()),
    }
}
