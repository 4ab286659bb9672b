//! The state that nodes share, of one node, in memory: without a thread or a disk of its own, which
//! no seed could decide about.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use roamd_state::{Answer, CounterKind, Digest, MarkKind, SharedState, Tally};

#[derive(Default)]
pub(crate) struct Memory(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    marks: HashMap<(MarkKind, Digest), Timestamp>,
    counts: HashMap<(CounterKind, Digest), (u32, Timestamp)>,
}

impl Memory {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedState for Memory {
    fn mark(&self, kind: MarkKind, key: Digest, until: Timestamp) -> Answer<'_, bool> {
        let mut inner = self.inner();
        let earlier = inner.marks.get(&(kind, key)).copied();
        let until = earlier.map_or(until, |earlier| earlier.max(until));
        inner.marks.insert((kind, key), until);
        Box::pin(ready(Ok(earlier.is_none())))
    }

    fn any_marked(&self, kind: MarkKind, keys: [Digest; 2], now: Timestamp) -> Answer<'_, bool> {
        let inner = self.inner();
        let mut untils = keys.iter().filter_map(|key| inner.marks.get(&(kind, *key)));
        Box::pin(ready(Ok(untils.any(|until| now < *until))))
    }

    fn count(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> Answer<'_, u32> {
        let mut inner = self.inner();
        let counter = inner.counts.entry((kind, key)).or_insert((0, until));
        if counter.1 <= now {
            counter.0 = 0;
        }
        *counter = (counter.0 + 1, until);
        Box::pin(ready(Ok(counter.0)))
    }
    fn tally(&self, kind: CounterKind, key: Digest, now: Timestamp) -> Answer<'_, Tally> {
        let counter = self.inner().counts.get(&(kind, key)).copied();
        let tally = counter.filter(|(_, until)| now < *until);
        Box::pin(ready(Ok(tally.map_or_else(
            Tally::default,
            |(count, until)| Tally {
                count,
                until: Some(until),
            },
        ))))
    }

    fn uncount(&self, kind: CounterKind, key: Digest, by: u32) -> Answer<'_, ()> {
        let counts = &mut self.inner().counts;
        if let Some((count, _)) = counts.get_mut(&(kind, key)) {
            *count = count.saturating_sub(by);
            if *count == 0 {
                counts.remove(&(kind, key));
            }
        }
        Box::pin(ready(Ok(())))
    }

    fn prolong(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> Answer<'_, ()> {
        if let Some((_, end)) = self.inner().counts.get_mut(&(kind, key))
            && now < *end
        {
            *end = until.max(*end);
        }
        Box::pin(ready(Ok(())))
    }

    fn is_alive(&self) -> Answer<'_, ()> {
        Box::pin(ready(Ok(())))
    }
}
