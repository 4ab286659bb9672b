//! Lifetimes in the text form of .NET's `TimeSpan` (CA-27 to CA-31).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A `TimeSpan` counts in ticks of 100 ns.
const TICKS_PER_SECOND: u64 = 10_000_000;
const NANOS_PER_TICK: u32 = 100;
const SECONDS_PER_DAY: u64 = 86_400;

/// The longest `TimeSpan`, `10675199.02:48:05.4775807`: the largest `i64` of ticks.
const MAX_TICKS: u64 = i64::MAX.unsigned_abs();
const MAX_DAYS: u64 = MAX_TICKS / TICKS_PER_SECOND / SECONDS_PER_DAY;

/// A lifetime. Parses `d` or `[d.]hh:mm[:ss[.fffffff]]`, displays `d.hh:mm:ss[.fffffff]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(pub Duration);

/// Error of a lifetime that is malformed, zero or negative (CA-28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a positive time span of the form d.hh:mm:ss")]
pub struct LifetimeError;

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        let text = text.trim();
        let ticks = match text.split_once(':') {
            None => number(text, 8, MAX_DAYS)? * SECONDS_PER_DAY * TICKS_PER_SECOND,
            Some((head, tail)) => {
                let (days, hours) = head.split_once('.').unwrap_or(("0", head));
                let (minutes, seconds) = tail.split_once(':').unwrap_or((tail, "0"));
                let (seconds, fraction) = match seconds.split_once('.') {
                    Some((seconds, fraction)) => (seconds, fraction_ticks(fraction)?),
                    None => (seconds, 0),
                };
                let minutes = number(hours, 2, 23)? * 60 + number(minutes, 2, 59)?;
                let seconds = minutes * 60 + number(seconds, 2, 59)?;
                // Days are bounded, so the sum exceeds the longest `TimeSpan` by at most one day.
                let seconds = number(days, 8, MAX_DAYS)? * SECONDS_PER_DAY + seconds;
                seconds * TICKS_PER_SECOND + fraction
            }
        };
        if ticks == 0 || ticks > MAX_TICKS {
            return Err(LifetimeError);
        }
        let nanos = (ticks % TICKS_PER_SECOND) * u64::from(NANOS_PER_TICK);
        Ok(Self(
            Duration::from_secs(ticks / TICKS_PER_SECOND) + Duration::from_nanos(nanos),
        ))
    }
}

impl fmt::Display for Lifetime {
    /// Always has days and two-digit fields (CA-31). Fractions of 100 ns are truncated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, rest) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
        write!(
            f,
            "{days}.{:02}:{:02}:{:02}",
            rest / 3600,
            rest / 60 % 60,
            rest % 60
        )?;
        match self.0.subsec_nanos() / NANOS_PER_TICK {
            0 => Ok(()),
            ticks => write!(f, ".{ticks:07}"),
        }
    }
}

/// Parses decimal digits, with limits of their number and of the value.
fn number(text: &str, digits: usize, max: u64) -> Result<u64, LifetimeError> {
    if text.len() > digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(LifetimeError);
    }
    text.parse()
        .ok()
        .filter(|value| *value <= max)
        .ok_or(LifetimeError)
}

/// Parses the digits behind the decimal point of seconds, and returns ticks.
fn fraction_ticks(text: &str) -> Result<u64, LifetimeError> {
    if text.is_empty() {
        return Err(LifetimeError);
    }
    number(&format!("{text:0<7}"), 7, TICKS_PER_SECOND)
}
