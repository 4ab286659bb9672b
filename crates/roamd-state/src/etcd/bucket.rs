//! Time buckets of leases: pure arithmetic.
//!
//! A lease for each entry would be dear, and one lease for all would block etcd when it ends. So
//! entries that expire at about the same time share one.

use jiff::Timestamp;

/// Entries that expire within an hour have buckets of a minute, others of ten.
const SHORT: i64 = 60 * 60;
const SHORT_BUCKET: i64 = 60;
const LONG_BUCKET: i64 = 10 * 60;

/// Time for which a lease outlives its entries, in seconds: the clocks of servers may differ.
pub(super) const EXTRA: i64 = 10 * 60;

/// Maximum number of entries of a lease. etcd removes them in one step.
pub(super) const MAX_ENTRIES: u32 = 1000;

/// A bucket, by its end in seconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket(i64);

impl Bucket {
    /// Returns the bucket of an entry that expires at this time.
    pub(super) fn of(until: Timestamp, now: Timestamp) -> Self {
        let (until, now) = (until.as_second(), now.as_second());
        let width = if until.saturating_sub(now) < SHORT {
            SHORT_BUCKET
        } else {
            LONG_BUCKET
        };
        // An entry that has expired has a lease too.
        let end = until.max(now).div_euclid(width).saturating_add(1);
        Self(end.saturating_mul(width))
    }

    /// Returns whether all its entries have expired.
    pub(super) fn is_over(self, now: Timestamp) -> bool {
        self.0 <= now.as_second()
    }

    /// Returns the time to live of a lease for it, in seconds.
    pub(super) fn time_to_live(self, now: Timestamp) -> i64 {
        self.0.saturating_sub(now.as_second()).max(0) + EXTRA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lease_outlives_its_entries_by_ten_minutes() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        // (now, until, end of the bucket)
        for (now, until, end) in [
            (0, 0, 60),
            (0, 59, 60),
            (0, 60, 120),
            (30, 3_629, 3_660),
            (30, 3_630, 4_200),
            (0, 86_400, 87_000),
            // Expired already.
            (1_000, 10, 1_020),
        ] {
            let bucket = Bucket::of(at(until), at(now));
            assert_eq!(bucket, Bucket(end), "{now} {until}");
            assert_eq!(bucket.time_to_live(at(now)), end - now + EXTRA);
            assert!(!bucket.is_over(at(end - 1)) && bucket.is_over(at(end)));
        }
    }
}
