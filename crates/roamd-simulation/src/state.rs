//! Shared state in memory, without a thread or a disk, whose timing no seed could determine.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use roamd_state::{Counter, CounterKind, Digest, FlagKind, SharedState, StateFuture};

/// Shared state of one server.
#[derive(Default)]
pub(crate) struct MemoryState(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    flags: HashMap<(FlagKind, Digest), Timestamp>,
    counts: HashMap<(CounterKind, Digest), (u32, Timestamp)>,
}

impl MemoryState {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedState for MemoryState {
    fn set_flag(&self, kind: FlagKind, key: Digest, until: Timestamp) -> StateFuture<'_, bool> {
        let mut inner = self.inner();
        let earlier = inner.flags.get(&(kind, key)).copied();
        let until = earlier.map_or(until, |earlier| earlier.max(until));
        inner.flags.insert((kind, key), until);
        Box::pin(ready(Ok(earlier.is_none())))
    }

    fn is_any_flag_set(
        &self,
        kind: FlagKind,
        keys: [Digest; 2],
        now: Timestamp,
    ) -> StateFuture<'_, bool> {
        let inner = self.inner();
        let mut untils = keys.iter().filter_map(|key| inner.flags.get(&(kind, *key)));
        Box::pin(ready(Ok(untils.any(|until| now < *until))))
    }

    fn increment(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32> {
        let mut inner = self.inner();
        let counter = inner.counts.entry((kind, key)).or_insert((0, until));
        if counter.1 <= now {
            counter.0 = 0;
        }
        *counter = (counter.0 + 1, until);
        Box::pin(ready(Ok(counter.0)))
    }

    fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> StateFuture<'_, Counter> {
        let counter = self.inner().counts.get(&(kind, key)).copied();
        let current = counter.filter(|(_, until)| now < *until);
        Box::pin(ready(Ok(current.map_or_else(
            Counter::default,
            |(count, until)| Counter {
                count,
                until: Some(until),
            },
        ))))
    }

    fn decrement(&self, kind: CounterKind, key: Digest, by: u32) -> StateFuture<'_, ()> {
        let counts = &mut self.inner().counts;
        if let Some((count, _)) = counts.get_mut(&(kind, key)) {
            *count = count.saturating_sub(by);
            if *count == 0 {
                counts.remove(&(kind, key));
            }
        }
        Box::pin(ready(Ok(())))
    }

    fn extend_counter(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()> {
        if let Some((_, end)) = self.inner().counts.get_mut(&(kind, key))
            && now < *end
        {
            *end = until.max(*end);
        }
        Box::pin(ready(Ok(())))
    }

    fn is_alive(&self) -> StateFuture<'_, ()> {
        Box::pin(ready(Ok(())))
    }
}
