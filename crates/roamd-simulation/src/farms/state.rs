//! Shared state in memory, without a thread or a disk, whose timing no seed could determine.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use roamd_state::{
    Counter, CounterKind, Digest, FlagKind, FlagsSet, LimitedFlags, Party, SharedState, StateFuture,
};

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

impl Inner {
    /// Sets a flag, or moves its expiry to a later time. Returns whether it was not set.
    fn set(&mut self, kind: FlagKind, key: Digest, until: Timestamp) -> bool {
        let earlier = self.flags.get(&(kind, key)).copied();
        let until = earlier.map_or(until, |earlier| earlier.max(until));
        self.flags.insert((kind, key), until);
        earlier.is_none()
    }
}

impl SharedState for MemoryState {
    fn set_flag(
        &self,
        _party: Party,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> StateFuture<'_, bool> {
        let is_new = self.inner().set(kind, key, until);
        Box::pin(ready(Ok(is_new)))
    }

    fn set_flags(&self, _party: Party, flags: LimitedFlags) -> StateFuture<'_, FlagsSet> {
        let mut inner = self.inner();
        let budget = flags.budget;
        let counter = inner.counts.get(&(budget.kind, budget.key)).copied();
        let current = counter.filter(|(_, until)| budget.now < *until);
        let mut used = current.map_or(0, |(count, _)| count);
        let before = used;
        let mut refused = 0;
        for key in flags.keys {
            if inner.flags.contains_key(&(flags.kind, key)) || used < budget.max {
                used += u32::from(inner.set(flags.kind, key, flags.until));
            } else {
                refused += 1;
            }
        }
        if used > before {
            let counter = (used, budget.until);
            inner.counts.insert((budget.kind, budget.key), counter);
        }
        let new = used - before;
        Box::pin(ready(Ok(FlagsSet { new, refused })))
    }

    fn flag_expiry(
        &self,
        kind: FlagKind,
        key: Digest,
        now: Timestamp,
    ) -> StateFuture<'_, Option<Timestamp>> {
        let expiry = self.inner().flags.get(&(kind, key)).copied();
        Box::pin(ready(Ok(expiry.filter(|until| now < *until))))
    }

    fn flag_expiries(
        &self,
        flags: [(FlagKind, Digest); 3],
        now: Timestamp,
    ) -> StateFuture<'_, [Option<Timestamp>; 3]> {
        let inner = self.inner();
        let expiry = |flag| inner.flags.get(&flag).copied();
        let expiries = flags.map(|flag| expiry(flag).filter(|until| now < *until));
        Box::pin(ready(Ok(expiries)))
    }

    fn increment(
        &self,
        _party: Party,
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

    fn counters_above(
        &self,
        kind: CounterKind,
        above: u32,
        expire_after: Timestamp,
    ) -> StateFuture<'_, Vec<Counter>> {
        let inner = self.inner();
        let counters = inner.counts.iter().filter_map(|((found, _), counter)| {
            let (count, until) = *counter;
            let is_listed = *found == kind && count > above && until > expire_after;
            is_listed.then_some(Counter {
                count,
                until: Some(until),
            })
        });
        let counters = counters.collect();
        Box::pin(ready(Ok(counters)))
    }

    fn decrement(
        &self,
        _party: Party,
        kind: CounterKind,
        key: Digest,
        by: u32,
    ) -> StateFuture<'_, ()> {
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
        _party: Party,
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

    fn refused_writes(&self) -> u64 {
        0
    }
}
