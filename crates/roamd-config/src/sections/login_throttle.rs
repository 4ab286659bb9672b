//! `[login_throttle]`: how often passwords may be tried.

use std::ops::RangeInclusive;
use std::time::Duration;

use roamd_citrixauth::LoginThrottlePolicy;
use roamd_store_proto::Lifetime;
use toml::de::DeValue;

use crate::reader::key::DefaultKey;
use crate::reader::section::Section;
use crate::reader::value::{number, text};

const FREE_ATTEMPTS: DefaultKey<u32> = DefaultKey {
    name: "free_attempts",
    default: || LoginThrottlePolicy::default().free_attempts,
    read: |value| number(value, 1..=100),
};

/// At most half a day, since the server remembers an attempt for a day.
const LONGEST_DELAY: DefaultKey<Duration> = DefaultKey {
    name: "longest_delay",
    default: || LoginThrottlePolicy::default().longest_delay,
    read: |value| time_span(value, Duration::from_secs(1)..=Duration::from_hours(12)),
};

const KNOWN_NETWORK_LIFETIME: DefaultKey<Duration> = DefaultKey {
    name: "known_network_lifetime",
    default: || LoginThrottlePolicy::default().known_network,
    read: |value| {
        let ten_years = Duration::from_hours(24 * 3650);
        time_span(value, Duration::from_hours(1)..=ten_years)
    },
};

const CONCURRENCY: DefaultKey<usize> = DefaultKey {
    name: "concurrency",
    default: || 32,
    read: |value| number(value, 1..=10_000),
};

/// Limits on password attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginThrottle {
    /// Attempts without a delay, and the delays of further attempts.
    pub policy: LoginThrottlePolicy,
    /// Maximum number of password checks in flight, of all users together.
    pub concurrency: usize,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        Section::defaults(values)
    }
}

/// Reads the section.
pub(crate) fn read(root: &mut Section<'_>) -> LoginThrottle {
    let mut section = root.section("login_throttle", "[login_throttle]");
    let throttle = values(&mut section);
    section.finish();
    throttle
}

fn values(section: &mut Section<'_>) -> LoginThrottle {
    LoginThrottle {
        policy: LoginThrottlePolicy {
            free_attempts: section.value(&FREE_ATTEMPTS),
            longest_delay: section.value(&LONGEST_DELAY),
            known_network: section.value(&KNOWN_NETWORK_LIFETIME),
            // The servers of a group count together.
            servers: 1,
        },
        concurrency: section.value(&CONCURRENCY),
    }
}

fn time_span(value: &DeValue<'_>, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    match text(value)?.parse() {
        Ok(Lifetime(span)) if range.contains(&span) => Ok(span),
        Ok(_) => {
            let (least, most) = range.into_inner();
            let (least, most) = (Lifetime(least), Lifetime(most));
            Err(format!("has to be from {least} to {most}"))
        }
        Err(_) => Err("has to be a time span d.hh:mm:ss, such as \"0.00:15:00\"".into()),
    }
}
