//! Copy of all flags in memory, because every request reads one.
//!
//! INVARIANT: the copy equals the file. Only one process uses the file, and a flag is in the copy
//! before its caller gets the result.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::digest::Digest;
use crate::flag::FlagKind;

/// Number of flags that are removed under one lock.
const REMOVAL_CHUNK: usize = 1024;

/// Expiry of each flag.
#[derive(Debug)]
pub(super) struct FlagCache(RwLock<HashMap<(FlagKind, Digest), Timestamp>>);

impl FlagCache {
    /// Reads all flags of the file.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut all = HashMap::new();
        let mut rows = connection.prepare("SELECT digest, until FROM mark WHERE kind = ?1")?;
        for kind in FlagKind::ALL {
            let flags = rows.query_map(params![kind.stored_name()], |row| {
                Ok((Digest::from_bytes(row.get(0)?), row.get(1)?))
            })?;
            for flag in flags {
                let (digest, until) = flag?;
                let until = Timestamp::from_millisecond(until).unwrap_or(Timestamp::MAX);
                all.insert((kind, digest), until);
            }
        }
        Ok(Self(RwLock::new(all)))
    }

    /// Sets flags, or moves their expiry to a later time.
    pub(super) fn set(&self, kind: FlagKind, keys: &[Digest], until: Timestamp) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            let expiry = all.entry((kind, *key)).or_insert(until);
            *expiry = until.max(*expiry);
        }
    }

    /// Returns whether all flags are set and do not expire before this time.
    pub(super) fn are_set_until(&self, kind: FlagKind, keys: &[Digest], until: Timestamp) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().all(|key| {
            all.get(&(kind, *key))
                .is_some_and(|expiry| *expiry >= until)
        })
    }

    /// Returns the expiry of each flag that is set and has not expired.
    pub(super) fn expiries<const N: usize>(
        &self,
        flags: [(FlagKind, Digest); N],
        now: Timestamp,
    ) -> [Option<Timestamp>; N] {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        flags.map(|flag| all.get(&flag).copied().filter(|until| now < *until))
    }

    /// Removes flags. There may be many, so readers get the lock in between.
    pub(super) fn remove(&self, flags: &[(FlagKind, Digest)]) {
        for chunk in flags.chunks(REMOVAL_CHUNK) {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            for flag in chunk {
                all.remove(flag);
            }
        }
    }
}
