//! The keys of a group of servers: in etcd, sealed with the cluster key.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roamd_seal::{KeyInfo, KeyRing, Overlap};
use roamd_state::{BlockingGroup, SealedRecord, SystemNetwork};

use super::file::{KeysError, MAX_KEYS, overlap};
use crate::clock::rng;
use crate::config::{Etcd, group_settings};

/// Name of the record.
const RECORD: &str = "keys";

/// Maximum number of attempts to change the keys. Each that fails has met a change by another
/// server or command.
const MAX_TURNS: u32 = 16;

/// Keys that the servers of a group share.
#[derive(Debug, Clone)]
pub struct GroupKeys(BlockingGroup);

impl GroupKeys {
    /// Connects to the group of a configuration.
    ///
    /// # Errors
    /// If etcd cannot be used, or the group is of another cluster key.
    pub fn open(etcd: &Etcd) -> Result<Self, KeysError> {
        let settings = group_settings(etcd)?;
        let group = BlockingGroup::open(&settings, Arc::new(SystemNetwork))?;
        Ok(Self(group))
    }

    pub(crate) fn of(group: BlockingGroup) -> Self {
        Self(group)
    }

    pub(super) fn list(&self, now: Timestamp) -> Result<Vec<KeyInfo>, KeysError> {
        let ring = self.read()?;
        // Which key seals does not depend on how long tokens live.
        ring.settle(now.as_second(), overlap(Duration::ZERO));
        Ok(ring.info())
    }

    pub(super) fn rotate(
        &self,
        token_lifetime_max: Duration,
        now: Timestamp,
    ) -> Result<(), KeysError> {
        self.rotate_if(|_| true, overlap(token_lifetime_max), now)
    }

    pub(super) fn open_or_make(&self, now: Timestamp) -> Result<KeyRing, KeysError> {
        let ring = if let Some(record) = self.0.read_sealed(RECORD)? {
            ring(&record)?
        } else {
            let made = KeyRing::random(now.as_second(), &mut rng());
            // If another server is faster, its ring is used.
            self.0
                .replace_sealed(RECORD, made.to_text().as_bytes(), 0)?;
            self.read()?
        };
        ring.settle(now.as_second(), overlap(Duration::ZERO));
        Ok(ring)
    }

    pub(super) fn read(&self) -> Result<KeyRing, KeysError> {
        ring(&self.record()?)
    }

    /// Rotates the keys, as long as that is needed after each change by another server.
    pub(super) fn rotate_if(
        &self,
        still_needed: impl Fn(&KeyRing) -> bool,
        overlap: Overlap,
        now: Timestamp,
    ) -> Result<(), KeysError> {
        for _ in 0..MAX_TURNS {
            let record = self.record()?;
            let ring = ring(&record)?;
            if !still_needed(&ring) {
                return Ok(());
            }
            let rotated = ring.rotated(now.as_second(), overlap, &mut rng());
            if rotated.info().len() > MAX_KEYS as usize {
                return Err(KeysError::TooManyInGroup);
            }
            let text = rotated.to_text();
            let (text, revision) = (text.as_bytes(), record.revision);
            if self.0.replace_sealed(RECORD, text, revision)? {
                return Ok(());
            }
        }
        Err(KeysError::ChangedMeanwhile)
    }

    fn record(&self) -> Result<SealedRecord, KeysError> {
        self.0.read_sealed(RECORD)?.ok_or(KeysError::NoneInGroup)
    }
}

fn ring(record: &SealedRecord) -> Result<KeyRing, KeysError> {
    let text = std::str::from_utf8(&record.plain);
    let text = text.map_err(|_| KeysError::DamagedInGroup)?;
    KeyRing::from_text(text).map_err(|_| KeysError::DamagedInGroup)
}
