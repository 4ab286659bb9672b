//! Keys, revisions and leases of the simulated etcd: a pure state machine.
//!
//! It has the semantics of etcd's API that the client relies on: a transaction has one revision,
//! reads may be of an older revision, and the end of a lease removes its keys.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use roamd_etcd_client::messages::{
    Compare, CompareTarget, Event, EventType, Expected, KeyValue, Operation, PutRequest,
    RangeRequest, RangeResponse, RequestOp, ResponseHeader, ResponseOp, TxnRequest, TxnResponse,
};
use tokio::time::Instant;

use super::refusal::Refusal;

/// The content of etcd.
#[derive(Default)]
pub(super) struct Store {
    revision: i64,
    /// Revision up to which older revisions cannot be read or watched.
    compacted: i64,
    entries: BTreeMap<Vec<u8>, Entry>,
    /// All changes since the beginning, in order.
    log: Vec<Change>,
    leases: BTreeMap<i64, Lease>,
    granted: i64,
}

struct Entry {
    created: i64,
    changed: i64,
    value: Bytes,
    lease: i64,
}

struct Lease {
    time_to_live: Duration,
    end: Instant,
}

/// A change of a key; `value` is `None` if it was removed.
#[derive(Clone)]
struct Change {
    revision: i64,
    key: Vec<u8>,
    value: Option<Bytes>,
}

impl Store {
    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    /// Returns the number of keys below a prefix.
    pub(super) fn count(&self, prefix: &str) -> usize {
        self.below(prefix).count()
    }

    /// Returns the keys below a prefix, each with its value and the end of its lease; `None` if the
    /// lease does not exist.
    pub(super) fn below(
        &self,
        prefix: &str,
    ) -> impl Iterator<Item = (&[u8], &Bytes, Option<Instant>)> {
        let entries = self.entries.iter();
        let below = entries.filter(move |(key, _)| key.starts_with(prefix.as_bytes()));
        below.map(|(key, entry)| {
            let lease = self.leases.get(&entry.lease);
            (key.as_slice(), &entry.value, lease.map(|it| it.end))
        })
    }

    pub(super) fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Refusal> {
        let RangeRequest {
            key,
            range_end,
            limit,
            revision,
        } = request;
        if *revision != 0 && *revision < self.compacted {
            return Err(Refusal::Compacted);
        }
        let at = if *revision == 0 {
            self.revision
        } else {
            *revision
        };
        let mut found = self.at(at, |it| is_within(it, key, range_end));
        let most = usize::try_from(*limit).unwrap_or(0);
        let more = most != 0 && found.len() > most;
        if more {
            found.truncate(most);
        }
        Ok(RangeResponse {
            header: Some(self.header()),
            kvs: found,
            more,
        })
    }

    /// Does a transaction, with one revision for all its changes.
    pub(super) fn txn(&mut self, request: TxnRequest) -> Result<TxnResponse, Refusal> {
        let succeeded = request.compare.iter().all(|it| self.holds(it));
        let operations = if succeeded {
            request.success
        } else {
            request.failure
        };
        let puts = operations.iter().filter_map(|it| match &it.operation {
            Some(Operation::Put(put)) => Some(put.lease),
            _ => None,
        });
        for lease in puts {
            if lease != 0 && !self.leases.contains_key(&lease) {
                return Err(Refusal::LeaseNotFound);
            }
        }
        let revision = self.revision + 1;
        let responses: Result<Vec<_>, _> = operations
            .into_iter()
            .map(|operation| self.operate(operation, revision))
            .collect();
        Ok(TxnResponse {
            responses: responses?,
            header: Some(self.header()),
            succeeded,
        })
    }

    /// Grants a lease.
    pub(super) fn grant(&mut self, seconds: i64, now: Instant) -> i64 {
        self.granted += 1;
        let time_to_live = Duration::from_secs(u64::try_from(seconds).unwrap_or(1));
        let end = now + time_to_live;
        self.leases
            .insert(self.granted, Lease { time_to_live, end });
        self.granted
    }

    /// Ends the leases whose time is over.
    pub(super) fn end_leases(&mut self, now: Instant) {
        let leases = self.leases.iter();
        let over = leases.filter(|(_, lease)| lease.end <= now);
        let over: Vec<_> = over.map(|(id, _)| *id).collect();
        for lease in over {
            self.revoke(lease);
        }
    }

    /// Gives all leases their whole time again, as a new leader does.
    pub(super) fn renew_leases(&mut self, now: Instant) {
        for lease in self.leases.values_mut() {
            lease.end = now + lease.time_to_live;
        }
    }

    /// Returns the ids of the leases.
    pub(super) fn leases(&self) -> Vec<i64> {
        self.leases.keys().copied().collect()
    }

    /// Ends a lease, and removes its keys in one revision.
    pub(super) fn revoke(&mut self, lease: i64) {
        self.leases.remove(&lease);
        let entries = self.entries.iter();
        let of_lease = entries.filter(|(_, entry)| entry.lease == lease);
        let keys: Vec<_> = of_lease.map(|(key, _)| key.clone()).collect();
        let revision = self.revision + 1;
        for key in keys {
            self.remove(key, revision);
        }
    }

    /// Forgets the revisions before the current one.
    pub(super) fn compact(&mut self) {
        self.compacted = self.revision;
    }

    /// Returns the changes of a range from a revision on, up to another one.
    ///
    /// # Errors
    /// The revision up to which changes are forgotten, if that is later than the first one.
    pub(super) fn changes(
        &self,
        (key, range_end): (&[u8], &[u8]),
        from: i64,
        to: i64,
    ) -> Result<Vec<Event>, i64> {
        if from <= self.compacted {
            return Err(self.compacted);
        }
        let begin = self.log.partition_point(|it| it.revision < from);
        let changes = self.log.iter().skip(begin);
        let changes = changes.take_while(|change| change.revision <= to);
        let within = changes.filter(|change| is_within(&change.key, key, range_end));
        Ok(within.map(Change::event).collect())
    }

    pub(super) fn header(&self) -> ResponseHeader {
        ResponseHeader {
            member_id: 1,
            revision: self.revision,
        }
    }

    /// Returns some keys as they were at a revision.
    fn at(&self, revision: i64, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<KeyValue> {
        if revision >= self.revision {
            let entries = self.entries.iter().filter(|(key, _)| is_wanted(key));
            return entries.map(|(key, entry)| entry.key_value(key)).collect();
        }
        let mut keys = BTreeMap::new();
        let changes = self.log.iter().filter(|it| is_wanted(&it.key));
        for change in changes.take_while(|change| change.revision <= revision) {
            match change.event().kv.filter(|_| change.value.is_some()) {
                Some(kv) => keys.insert(change.key.as_slice(), kv),
                None => keys.remove(change.key.as_slice()),
            };
        }
        keys.into_values().collect()
    }

    fn holds(&self, compare: &Compare) -> bool {
        let entry = self.entries.get(&compare.key);
        let created = entry.map_or(0, |entry| entry.created);
        let changed = entry.map_or(0, |entry| entry.changed);
        let target = CompareTarget::try_from(compare.target);
        match (target, compare.expected) {
            (Ok(CompareTarget::Create), Some(Expected::CreateRevision(it))) => it == created,
            (Ok(CompareTarget::Mod), Some(Expected::ModRevision(it))) => it == changed,
            _ => false,
        }
    }

    fn operate(&mut self, operation: RequestOp, revision: i64) -> Result<ResponseOp, Refusal> {
        match operation.operation {
            Some(Operation::Range(range)) => {
                let range = Some(self.range(&range)?);
                return Ok(ResponseOp { range });
            }
            Some(Operation::Put(put)) => self.put(put, revision),
            Some(Operation::Delete(delete)) => self.remove(delete.key, revision),
            None => {}
        }
        Ok(ResponseOp::default())
    }

    fn put(&mut self, put: PutRequest, revision: i64) {
        let PutRequest { key, value, lease } = put;
        let value = Bytes::from(value);
        let known = self.entries.get(&key);
        let entry = Entry {
            created: known.map_or(revision, |known| known.created),
            changed: revision,
            value: value.clone(),
            lease,
        };
        self.entries.insert(key.clone(), entry);
        self.note(revision, key, Some(value));
    }

    fn remove(&mut self, key: Vec<u8>, revision: i64) {
        if self.entries.remove(&key).is_some() {
            self.note(revision, key, None);
        }
    }

    fn note(&mut self, revision: i64, key: Vec<u8>, value: Option<Bytes>) {
        self.revision = revision;
        let change = Change {
            revision,
            key,
            value,
        };
        self.log.push(change);
    }
}

impl Entry {
    fn key_value(&self, key: &[u8]) -> KeyValue {
        KeyValue {
            key: Bytes::copy_from_slice(key),
            mod_revision: self.changed,
            value: self.value.clone(),
        }
    }
}

impl Change {
    fn event(&self) -> Event {
        let kind = match self.value {
            Some(_) => EventType::Put,
            None => EventType::Delete,
        };
        Event {
            r#type: kind.into(),
            kv: Some(KeyValue {
                key: Bytes::copy_from_slice(&self.key),
                mod_revision: self.revision,
                value: self.value.clone().unwrap_or_default(),
            }),
        }
    }
}

/// Returns whether a key is that of a request, or in its range.
fn is_within(key: &[u8], first: &[u8], end: &[u8]) -> bool {
    if end.is_empty() {
        key == first
    } else {
        first <= key && key < end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: &str, lease: i64) -> RequestOp {
        RequestOp {
            operation: Some(Operation::Put(PutRequest {
                key: key.into(),
                value: value.into(),
                lease,
            })),
        }
    }

    fn write(store: &mut Store, operations: Vec<RequestOp>) -> Result<TxnResponse, Refusal> {
        store.txn(TxnRequest {
            compare: Vec::new(),
            success: operations,
            failure: Vec::new(),
        })
    }

    fn read(store: &Store, revision: i64) -> Vec<Bytes> {
        let request = RangeRequest {
            key: b"a".to_vec(),
            range_end: b"z".to_vec(),
            limit: 0,
            revision,
        };
        let found = store.range(&request).unwrap().kvs;
        found.into_iter().map(|kv| kv.value).collect()
    }

    #[test]
    fn transaction_has_one_revision_and_its_conditions_decide() {
        let mut store = Store::default();
        write(&mut store, vec![put("a", "1", 0), put("b", "2", 0)]).unwrap();
        assert_eq!(store.revision(), 1);
        let create = |revision| TxnRequest {
            compare: vec![Compare {
                target: CompareTarget::Create.into(),
                key: b"a".to_vec(),
                expected: Some(Expected::CreateRevision(revision)),
            }],
            success: vec![put("a", "3", 0)],
            failure: Vec::new(),
        };
        assert!(!store.txn(create(0)).unwrap().succeeded);
        assert_eq!(store.revision(), 1, "nothing has changed");
        assert!(store.txn(create(1)).unwrap().succeeded);
        assert_eq!(read(&store, 0), ["3", "2"]);
        assert_eq!(read(&store, 1), ["1", "2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn end_of_a_lease_removes_its_keys_in_one_revision() {
        let mut store = Store::default();
        let lease = store.grant(10, Instant::now());
        write(&mut store, vec![put("a", "1", lease), put("b", "2", lease)]).unwrap();
        write(&mut store, vec![put("c", "3", 0)]).unwrap();
        tokio::time::advance(Duration::from_secs(9)).await;
        store.renew_leases(Instant::now());
        tokio::time::advance(Duration::from_secs(9)).await;
        store.end_leases(Instant::now());
        assert_eq!(store.count("a"), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        store.end_leases(Instant::now());
        assert_eq!(read(&store, 0), ["3"]);
        assert_eq!(store.revision(), 3);
        let late = write(&mut store, vec![put("a", "1", lease)]);
        assert_eq!(late.unwrap_err(), Refusal::LeaseNotFound);
    }

    #[test]
    fn compacted_changes_are_refused_and_later_ones_are_complete() {
        let mut store = Store::default();
        for value in ["1", "2", "3"] {
            write(&mut store, vec![put("a", value, 0)]).unwrap();
        }
        let of = |store: &Store, from| {
            let changes = store.changes((b"a", b"z"), from, store.revision())?;
            let values = changes.into_iter().filter_map(|it| Some(it.kv?.value));
            Ok::<_, i64>(values.collect::<Vec<_>>())
        };
        assert_eq!(of(&store, 2).unwrap(), ["2", "3"]);
        store.compact();
        assert_eq!(of(&store, 3), Err(3));
        write(&mut store, vec![put("a", "4", 0)]).unwrap();
        assert_eq!(of(&store, 4).unwrap(), ["4"]);
    }
}
