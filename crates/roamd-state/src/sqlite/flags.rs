//! The flags of the file, in memory: every request asks for one.
//!
//! The copy is right because one process at a time uses a file, and because a flag is in here before
//! its caller hears that it is set.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::{Digest, FlagKind};

/// How many are let go without a pause.
const AT_ONCE: usize = 1024;

/// Until when each flag is set.
#[derive(Debug)]
pub(super) struct Flags(RwLock<HashMap<(FlagKind, Digest), Timestamp>>);

impl Flags {
    /// What the file holds.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut all = HashMap::new();
        let mut rows = connection.prepare("SELECT digest, until FROM mark WHERE kind = ?1")?;
        for kind in FlagKind::ALL {
            let flags = rows.query_map(params![kind.name()], |row| {
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

    /// Sets a flag, or moves its end to a later time.
    pub(super) fn set(&self, kind: FlagKind, key: Digest, until: Timestamp) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let end = all.entry((kind, key)).or_insert(until);
        *end = until.max(*end);
    }

    /// Whether one of them is set, and its time has not come.
    pub(super) fn any(&self, kind: FlagKind, keys: [Digest; 2], now: Timestamp) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.into_iter()
            .filter_map(|key| all.get(&(kind, key)))
            .any(|until| now < *until)
    }

    /// Lets go of these. There may be many, so those who ask come in between.
    pub(super) fn forget(&self, flags: &[(FlagKind, Digest)]) {
        for some in flags.chunks(AT_ONCE) {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            for flag in some {
                all.remove(flag);
            }
        }
    }
}
