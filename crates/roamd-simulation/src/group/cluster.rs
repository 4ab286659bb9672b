//! The cluster of the simulated etcd: one store, and members that serve it while they have a
//! leader.
//!
//! Consensus itself is not simulated, only what clients see of it: a call is done by the majority
//! or not at all, a member without a leader refuses calls and ends watches after a while, a new
//! leader takes a while, and the fate of calls during a change is unknown.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use roamd_etcd_client::messages::{Event, ResponseHeader, WatchCreateRequest};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::behaviour::{Behaviour, Fate};
use super::refusal::Refusal;
use super::store::Store;

/// Time without a leader after which a member refuses calls and ends watches.
const PATIENCE: Duration = Duration::from_secs(1);

/// Interval at which waiting calls and watches look again.
const LOOK: Duration = Duration::from_millis(100);

/// Time for which a call that comes too late is delayed: longer than clients wait.
const LATE_MILLISECONDS: std::ops::Range<u64> = 2_000..9_000;

/// A cluster. A clone is the same.
#[derive(Clone)]
pub(super) struct Cluster {
    inner: Arc<Mutex<Inner>>,
    changed: Arc<Notify>,
}

struct Inner {
    rng: Rng,
    store: Store,
    members: Vec<Member>,
    leader: usize,
    /// When the leader begins to lead.
    elected: Instant,
    /// The database is full.
    is_full: bool,
}

struct Member {
    is_running: bool,
    /// It does not reach the other members.
    is_isolated: bool,
    /// Number of its starts.
    starts: u32,
    /// When it lost its leader; `None` while it has one.
    leaderless: Option<Instant>,
    /// How late its watches are.
    lag: Duration,
    behaviour: Behaviour,
}

/// What a member has for a watch.
pub(super) enum Changes {
    /// The changes up to a revision.
    Some(Vec<Event>, i64),
    /// None yet.
    None,
    /// Revisions up to this one are compacted.
    Compacted(i64),
    /// The member has no leader.
    NoLeader,
}

impl Cluster {
    pub(super) fn new(members: usize, mut rng: Rng) -> Self {
        let member = || Member {
            is_running: true,
            is_isolated: false,
            starts: 0,
            leaderless: None,
            lag: Duration::ZERO,
            behaviour: Behaviour::GOOD,
        };
        let inner = Inner {
            leader: rng.usize(0..members),
            rng,
            store: Store::default(),
            members: (0..members).map(|_| member()).collect(),
            elected: Instant::now(),
            is_full: false,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            changed: Arc::default(),
        }
    }

    /// Returns how late the watches of a member are.
    pub(super) fn lag(&self, member: usize) -> Duration {
        let inner = self.inner();
        inner
            .members
            .get(member)
            .map_or(Duration::ZERO, |it| it.lag)
    }

    /// Reads the store.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(&self.inner().store)
    }

    /// Does a call at a member, or refuses it. It is done even if the client stops waiting.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        member: usize,
        is_write: bool,
        call: impl FnOnce(&mut Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let cluster = self.clone();
        let call = tokio::spawn(async move { cluster.do_call(member, is_write, call).await });
        match call.await {
            Ok(result) => result,
            // The runtime ends.
            Err(_) => std::future::pending().await,
        }
    }

    async fn do_call<T>(
        &self,
        member: usize,
        is_write: bool,
        call: impl FnOnce(&mut Store) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (fate, start, work) = self.inner().draw(member);
        sleep(work).await;
        match fate {
            Fate::Refused => return Err(Refusal::NoLeader),
            Fate::Hangs => return std::future::pending().await,
            Fate::Late(late) => sleep(late).await,
            Fate::Done | Fate::DoneAndRefused => {}
        }
        self.leader(member).await?;
        let done = {
            let mut inner = self.inner();
            if inner.start_of(member) != start {
                // It has crashed meanwhile.
                None
            } else if is_write && inner.is_full {
                return Err(Refusal::NoSpace);
            } else {
                let Inner { store, .. } = &mut *inner;
                store.end_leases(Instant::now());
                Some(call(store))
            }
        };
        self.changed.notify_waiters();
        match (done, fate) {
            (None, _) => std::future::pending().await,
            (Some(_), Fate::DoneAndRefused) => Err(Refusal::LeaderChanged),
            (Some(done), _) => done,
        }
    }

    /// Waits until a member has a leader.
    async fn leader(&self, member: usize) -> Result<(), Refusal> {
        loop {
            {
                let mut inner = self.inner();
                if inner.has_leader(member) {
                    return Ok(());
                }
                if inner.is_impatient(member) {
                    return Err(Refusal::NoLeader);
                }
            }
            sleep(LOOK).await;
        }
    }

    /// Returns the changes that a member has for a watch, from a revision on.
    pub(super) fn changes(&self, member: usize, watch: &WatchCreateRequest, from: i64) -> Changes {
        let mut inner = self.inner();
        if !inner.has_leader(member) {
            if inner.is_impatient(member) {
                return Changes::NoLeader;
            }
            return Changes::None;
        }
        inner.store.end_leases(Instant::now());
        let to = inner.store.revision();
        if from > to {
            return Changes::None;
        }
        match inner
            .store
            .changes((&watch.key, &watch.range_end), from, to)
        {
            Ok(events) => Changes::Some(events, to),
            Err(compacted) => Changes::Compacted(compacted),
        }
    }

    /// Waits until there may be changes.
    pub(super) async fn changed(&self) {
        let changed = self.changed.notified();
        tokio::select! {
            biased;
            () = changed => {}
            // Leases end, and members lose their leader.
            () = sleep(5 * LOOK) => {}
        }
    }

    pub(super) fn header(&self) -> ResponseHeader {
        self.inner().store.header()
    }

    /// Returns the number of the leader from 1 on; 0 if a member has none.
    pub(super) fn leader_of(&self, member: usize) -> u64 {
        let mut inner = self.inner();
        if inner.has_leader(member) {
            u64::try_from(inner.leader + 1).unwrap_or(u64::MAX)
        } else {
            0
        }
    }

    /// Stops a member, or starts it again.
    pub(super) fn set_running(&self, member: usize, is_running: bool) {
        self.change(member, |member| {
            member.is_running = is_running;
            member.starts += 1;
        });
    }

    /// Cuts a member off from the others, or connects it again.
    pub(super) fn set_isolated(&self, member: usize, is_isolated: bool) {
        self.change(member, |member| member.is_isolated = is_isolated);
    }

    pub(super) fn set_lag(&self, member: usize, lag: Duration) {
        self.change(member, |member| member.lag = lag);
    }

    pub(super) fn set_behaviour(&self, member: usize, behaviour: Behaviour) {
        self.change(member, |member| member.behaviour = behaviour);
    }

    /// Lets the database be full, or have space again.
    pub(super) fn set_full(&self, is_full: bool) {
        self.inner().is_full = is_full;
    }

    /// Elects another leader, which begins to lead after this time.
    pub(super) fn elect(&self, after: Duration) {
        self.inner().elect(after);
    }

    pub(super) fn compact(&self) {
        self.inner().store.compact();
    }

    /// Ends a lease of the store before its time. Returns whether there is one.
    pub(super) fn revoke_a_lease(&self) -> bool {
        let mut inner = self.inner();
        let Inner { rng, store, .. } = &mut *inner;
        let lease = rng.choice(store.leases());
        if let Some(lease) = lease {
            store.revoke(lease);
        }
        drop(inner);
        self.changed.notify_waiters();
        lease.is_some()
    }

    fn change(&self, member: usize, change: impl FnOnce(&mut Member)) {
        let mut inner = self.inner();
        inner.members.get_mut(member).map(change);
        inner.check_leader();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Draws what becomes of a call at a member, and how long it takes.
    fn draw(&mut self, member: usize) -> (Fate, u32, Duration) {
        let work = Duration::from_micros(self.rng.u64(200..6_000));
        let late = Duration::from_millis(self.rng.u64(LATE_MILLISECONDS));
        let behaviour = self.members.get(member).map(|it| it.behaviour);
        let behaviour = behaviour.unwrap_or(Behaviour::GOOD);
        let fate = behaviour.fate(late, &mut self.rng);
        (fate, self.start_of(member), work)
    }

    fn start_of(&self, member: usize) -> u32 {
        self.members.get(member).map_or(0, |it| it.starts)
    }

    /// Returns whether a member has a leader, and notes since when it has none.
    fn has_leader(&mut self, member: usize) -> bool {
        let now = Instant::now();
        let has_leader = self.elected <= now && self.is_eligible(self.leader);
        let is_connected = self.is_eligible(member);
        let Some(member) = self.members.get_mut(member) else {
            return false;
        };
        if has_leader && is_connected {
            member.leaderless = None;
            return true;
        }
        member.leaderless.get_or_insert(now);
        false
    }

    /// Returns whether a member has been without a leader for long.
    fn is_impatient(&self, member: usize) -> bool {
        let since = self.members.get(member).and_then(|it| it.leaderless);
        since.is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    /// Returns whether a member is one of a majority.
    fn is_eligible(&self, member: usize) -> bool {
        let is_connected = |it: &Member| it.is_running && !it.is_isolated;
        let connected = self.members.iter().filter(|it| is_connected(it)).count();
        let has_majority = 2 * connected > self.members.len();
        has_majority && self.members.get(member).is_some_and(is_connected)
    }

    /// Elects another leader if there is none.
    fn check_leader(&mut self) {
        if !self.is_eligible(self.leader) {
            let after = Duration::from_millis(self.rng.u64(1_000..3_000));
            self.elect(after);
        }
    }

    fn elect(&mut self, after: Duration) {
        let members = 0..self.members.len();
        let eligible: Vec<_> = members.filter(|it| self.is_eligible(*it)).collect();
        if let Some(leader) = self.rng.choice(eligible) {
            self.leader = leader;
            let now = Instant::now();
            self.elected = now + after;
            self.store.end_leases(now);
            self.store.renew_leases(now);
        }
    }
}
