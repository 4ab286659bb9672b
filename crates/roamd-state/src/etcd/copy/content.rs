//! The entries of the copy, and how they are read.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::entry::{Arrival, Flag, RunningServer, Seen, Server, Share};
use super::limits::Limits;
use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::etcd::layout::Key;
use crate::etcd::server_id::ServerId;
use crate::flag::FlagKind;

/// Time without a heartbeat after which a server counts as stopped.
const SERVER_TIMEOUT: SignedDuration = SignedDuration::from_secs(5);

/// Flags, shares of counters, and servers.
#[derive(Debug)]
pub(in crate::etcd) struct Copy {
    pub(super) own: ServerId,
    pub(super) limits: Limits,
    pub(super) flags: HashMap<FlagKind, HashMap<Digest, Flag>>,
    pub(super) counters: HashMap<CounterKind, HashMap<Digest, Vec<Share>>>,
    pub(super) servers: HashMap<ServerId, Server>,
    /// Time at which the last heartbeat of any server arrived.
    pub(super) last_beat: Option<Timestamp>,
    pub(super) missing: HashSet<Key>,
    /// Revision of the newest change.
    pub(super) revision: i64,
    /// Revision of the newest write of this server, which the watch may not have reported yet.
    pub(super) written: i64,
    /// Number of the last full read.
    pub(super) read: u32,
    pub(super) early_deletes: u64,
    pub(super) repaired: u64,
}

/// Kind of entries. Work on all entries of a kind is done at once, and on all kinds one after the
/// other, so that others have their turns between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::etcd) enum Kind {
    Flag(FlagKind),
    Counter(CounterKind),
}

/// Returns whether a server that was seen at `seen` counts as running at `now`. After the clock
/// was set back, a server that has stopped was seen in the future.
fn is_recent(seen: Timestamp, now: Timestamp) -> bool {
    now.duration_since(seen).unsigned_abs() < SERVER_TIMEOUT.unsigned_abs()
}

impl Kind {
    pub(in crate::etcd) fn all() -> impl Iterator<Item = Self> {
        let flags = FlagKind::ALL.into_iter().map(Self::Flag);
        flags.chain(CounterKind::ALL.into_iter().map(Self::Counter))
    }
}

impl Copy {
    /// Returns an empty copy of a server.
    pub(in crate::etcd) fn new(own: ServerId, limits: Limits) -> Self {
        Self {
            own,
            limits,
            flags: HashMap::new(),
            counters: HashMap::new(),
            servers: HashMap::new(),
            last_beat: None,
            missing: HashSet::new(),
            revision: 0,
            written: 0,
            read: 0,
            early_deletes: 0,
            repaired: 0,
        }
    }

    /// Returns the revision of the newest change.
    pub(in crate::etcd) fn revision(&self) -> i64 {
        self.revision
    }

    /// Returns the number of entries that disappeared before they expired, and of those that a
    /// full read found to differ.
    pub(in crate::etcd) fn repairs(&self) -> (u64, u64) {
        (self.early_deletes, self.repaired)
    }

    /// Returns the numbers of flags and of counters.
    pub(in crate::etcd) fn sizes(&self) -> (usize, usize) {
        (
            self.flags.values().map(HashMap::len).sum(),
            self.counters.values().map(HashMap::len).sum(),
        )
    }

    /// Returns the flag, even if it has expired.
    pub(in crate::etcd) fn flag(&self, kind: FlagKind, key: Digest) -> Option<Flag> {
        self.flags.get(&kind)?.get(&key).copied()
    }

    /// Returns the expiry of each flag that is set and has not expired.
    pub(in crate::etcd) fn expiries<const N: usize>(
        &self,
        flags: [(FlagKind, Digest); N],
        now: Timestamp,
    ) -> [Option<Timestamp>; N] {
        flags.map(|(kind, key)| {
            let until = self.flag(kind, key)?.value.until;
            (now < until).then_some(until)
        })
    }

    /// Returns the servers that have sent a heartbeat lately, this one included.
    pub(in crate::etcd) fn running_servers(&self) -> Vec<RunningServer> {
        let running = self.servers.iter().filter_map(|(id, server)| {
            let seen = server.seen?;
            is_recent(seen.at, self.last_beat?).then_some(RunningServer {
                id: *id,
                clock_offset: seen.clock_offset,
                running_for: server.beat.sent,
            })
        });
        running.collect()
    }

    /// Returns the revision of the newest change, writes of this server included, and the other
    /// running servers.
    pub(in crate::etcd) fn newest_change(&self) -> (i64, Vec<ServerId>) {
        let servers = self.running_servers().into_iter().map(|it| it.id);
        let others = servers.filter(|id| *id != self.own);
        (self.revision.max(self.written), others.collect())
    }

    /// Returns whether the heartbeats of all these servers that have not stopped properly show
    /// that they know all changes up to a revision.
    pub(in crate::etcd) fn is_known_by(&self, servers: &[ServerId], revision: i64) -> bool {
        let mut servers = servers.iter().filter_map(|id| self.servers.get(id));
        servers.all(|server| server.beat.revision >= revision)
    }

    /// Returns the other servers of this name whose heartbeats do not arrive.
    pub(in crate::etcd) fn silent_servers(&self, name: &str) -> Vec<ServerId> {
        let running = self.running_servers();
        let is_silent = |id: ServerId| id != self.own && running.iter().all(|it| it.id != id);
        let named = self.servers.iter().filter(|(_, it)| it.beat.name == name);
        let mut silent: Vec<_> = named
            .map(|(id, _)| *id)
            .filter(|id| is_silent(*id))
            .collect();
        // A simulation repeats its calls in the same order.
        silent.sort_unstable();
        silent
    }

    /// Notes that a heartbeat of a server, which the copy has, arrives now.
    pub(super) fn note_arrival(&mut self, id: ServerId, now: Timestamp) {
        // After an outage of etcd, the first server that is heard must not make all others look
        // stopped.
        if let Some(last) = self.last_beat.filter(|last| !is_recent(*last, now)) {
            let seen = self.servers.values_mut().filter_map(|it| it.seen.as_mut());
            seen.filter(|seen| is_recent(seen.at, last))
                .for_each(|seen| seen.at = now);
        }
        if let Some(server) = self.servers.get_mut(&id) {
            let arrival = Arrival {
                sent: server.beat.sent,
                at: now,
            };
            let clock_offset = match server.seen {
                Some(last) if !last.arrival.is_followed_in_time(arrival) => last.clock_offset,
                _ => server.beat.now.duration_since(now),
            };
            server.seen = Some(Seen {
                clock_offset,
                at: now,
                arrival,
            });
            self.last_beat = Some(now);
        }
    }

    /// Returns whether there are heartbeats of other servers, even old ones.
    pub(in crate::etcd) fn has_other_servers(&self) -> bool {
        self.servers.keys().any(|id| *id != self.own)
    }

    /// Returns the revision of an entry that the copy has.
    pub(super) fn revision_of(&self, key: Key) -> Option<i64> {
        match key {
            Key::Flag(kind, digest) => self.flag(kind, digest).map(|flag| flag.revision),
            Key::Share(kind, digest, server) => {
                let shares = self.counters.get(&kind)?.get(&digest)?;
                let share = shares.iter().find(|share| share.server == server)?;
                Some(share.revision)
            }
            // Heartbeats are judged by their arrival.
            Key::Server(id) => self.servers.contains_key(&id).then_some(i64::MIN),
        }
    }

    pub(super) fn revision_mut(&mut self, key: Key) -> Option<&mut i64> {
        match key {
            Key::Flag(kind, digest) => {
                let flag = self.flags.get_mut(&kind)?.get_mut(&digest)?;
                Some(&mut flag.revision)
            }
            Key::Share(kind, digest, server) => {
                Some(&mut self.share_mut(kind, digest, server)?.revision)
            }
            Key::Server(_) => None,
        }
    }

    pub(super) fn shares_mut(&mut self, kind: CounterKind, key: Digest) -> &mut [Share] {
        let counters = self.counters.get_mut(&kind);
        let shares = counters.and_then(|counters| counters.get_mut(&key));
        shares.map_or(&mut [], Vec::as_mut_slice)
    }

    pub(super) fn share_mut(
        &mut self,
        kind: CounterKind,
        key: Digest,
        server: ServerId,
    ) -> Option<&mut Share> {
        let mut shares = self.shares_mut(kind, key).iter_mut();
        shares.find(|share| share.server == server)
    }
}
