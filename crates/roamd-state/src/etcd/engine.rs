//! The engine.

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use roamd_etcd_client::{CallError, Network};
use roamd_fairness::{FairSemaphore, FairSemaphoreLimits, Party as FairParty, PartyShare, Share};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::blocking::BlockingGroup;
use super::clock_check::{ClockCheck, joining_offset};
use super::copy::{Copy, Limits};
use super::flags::WRITE_TIMEOUT;
use super::garbage::Garbage;
use super::group::{Group, GroupError, GroupSettings};
use super::health::{Health, TWO_BEATS};
use super::layout::FlagValue;
use super::leases::Leases;
use super::server_id::ServerId;
use super::shared::{Clock, Shared};
use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::error::StateError;
use crate::flag::FlagKind;
use crate::group_state::{GroupState, Reach};
use crate::limited_flags::{FlagsSet, LimitedFlags};
use crate::party::Party;
use crate::shared_state::{SharedState, StateFuture};

/// Limits of the writes in progress, and of those that wait.
const LIMITS: FairSemaphoreLimits = FairSemaphoreLimits {
    permits: 128,
    reserved_permits: 0,
    waiting: 16 * 1024,
    reserved_waiting: 0,
    party_share: PartyShare::FewerThanFree,
};

/// Shared state in etcd. Acknowledged writes are in etcd when it is dropped.
pub struct EtcdState {
    shared: Arc<Shared>,
    /// Runtime of the engine.
    runtime: Handle,
    /// Regular work of the engine, which ends with it.
    _work: JoinSet<()>,
    /// `None` if the runtime is not the engine's own.
    thread: Option<EngineThread>,
}

/// The thread of an engine.
struct EngineThread {
    /// Ends it when it is dropped.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl EtcdState {
    /// Joins a group: connects to etcd, checks that the server fits in, and reads the state. Blocks
    /// the calling thread meanwhile. The engine has a thread of its own, which leaves the group and
    /// stops when the state is dropped. `name` names the server for operators, without a line
    /// break.
    ///
    /// # Errors
    /// If etcd cannot be used, or the server does not fit in.
    pub fn open(
        settings: &GroupSettings,
        name: &str,
        network: Arc<dyn Network>,
        clock: Clock,
    ) -> Result<Self, GroupError> {
        let (opened, result) = mpsc::sync_channel(1);
        let (stop, stopped) = oneshot::channel();
        let (settings, name) = (settings.clone(), name.to_owned());
        let run = move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    drop(opened.send(Err(GroupError::Thread(error))));
                    return;
                }
            };
            let joined = runtime.block_on(Self::join(&settings, &name, network, clock));
            let shared = joined.as_ref().ok().map(|it| Arc::clone(&it.shared));
            drop(opened.send(joined));
            if let Some(shared) = shared {
                runtime.block_on(async {
                    // An error means that the handle was dropped.
                    stopped.await.ok();
                    shared.leave().await;
                });
            }
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new()
            .name("state-etcd".to_owned())
            .spawn(run)
            .map_err(GroupError::Thread)?;
        let opened = result.recv().map_err(std::io::Error::other);
        let mut state = opened.map_err(GroupError::Thread)??;
        state.thread = Some(EngineThread { stop, thread });
        Ok(state)
    }

    /// Joins a group, as [`EtcdState::open`] does, with an engine that runs on the current runtime.
    /// It stops when the state is dropped, without leaving the group: to the other servers it has
    /// crashed.
    ///
    /// # Errors
    /// If etcd cannot be used, or the server does not fit in.
    pub async fn join(
        settings: &GroupSettings,
        name: &str,
        network: Arc<dyn Network>,
        clock: Clock,
    ) -> Result<Self, GroupError> {
        let group = Group::open(settings, network).await?;
        let own = ServerId::random()?;
        let shared = Arc::new(Shared {
            watcher: group.client().separate(),
            group,
            own,
            name: name.to_owned(),
            clock,
            when_unreachable: settings.when_unreachable,
            health: Health::new(),
            clock_check: ClockCheck::default(),
            leases: Leases::default(),
            permits: FairSemaphore::new(LIMITS),
            refused: AtomicU64::new(0),
            flushes: Mutex::new(HashMap::new()),
            garbage: Garbage::default(),
            copy: RwLock::new(Copy::new(own, Limits::KEPT)),
            found_missing: Notify::new(),
        });
        let read = shared.health.elapsed();
        shared.read_all().await?;
        let mut work = JoinSet::new();
        work.spawn(Arc::clone(&shared).follow());
        if shared.copy().has_other_servers() {
            sleep(TWO_BEATS).await;
            let servers = shared.copy().running_servers();
            if let Some(offset) = joining_offset(own, &servers) {
                let seconds = offset.as_secs();
                return Err(GroupError::Clock { seconds });
            }
            shared.remove_predecessors().await;
        }
        // What was read is not newer: the watch may be late, or not have begun.
        shared.health.prove(read);
        work.spawn(Arc::clone(&shared).send_heartbeats());
        work.spawn(Arc::clone(&shared).maintain());
        work.spawn(Arc::clone(&shared).remove_garbage());
        Ok(Self {
            shared,
            runtime: Handle::current(),
            _work: work,
            thread: None,
        })
    }

    /// Returns the group, for callers that block their thread. Its calls run on the thread of the
    /// engine, and fail after the engine was dropped.
    #[must_use]
    pub fn blocking_group(&self) -> BlockingGroup {
        BlockingGroup::of_engine(self.shared.group.clone(), self.runtime.clone())
    }

    /// Runs a task on the runtime of the engine, where its calls belong.
    async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StateError> {
        let task = self.runtime.spawn(task);
        task.await.map_err(|_| StateError::Stopped)
    }

    /// Runs a write, when its party has a turn. It is done even if the caller stops waiting.
    fn write<T: Send + 'static, F>(
        &self,
        party: Party,
        write: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> StateFuture<'_, T>
    where
        F: Future<Output = Result<T, StateError>> + Send + 'static,
    {
        Box::pin(async move {
            self.shared.check_usable()?;
            let deadline = Instant::now() + WRITE_TIMEOUT;
            let permits = &self.shared.permits;
            let permit = permits.acquire(Share::Common, FairParty::alone(party), deadline);
            let Ok(permit) = permit.await else {
                self.shared.refused.fetch_add(1, Ordering::Relaxed);
                return Err(StateError::Busy);
            };
            let shared = Arc::clone(&self.shared);
            let written = self.run(async move {
                let written = write(shared).await;
                drop(permit);
                written
            });
            written.await?
        })
    }

    fn read<T: Send>(&self, read: impl FnOnce(&Copy) -> T) -> Result<T, StateError> {
        self.shared.check_usable()?;
        Ok(read(&self.shared.copy()))
    }

    fn of_flag(&self, kind: FlagKind, key: Digest) -> Digest {
        self.shared.group.digest_key().of_flag(kind, key)
    }

    fn of_counter(&self, kind: CounterKind, key: Digest) -> Digest {
        self.shared.group.digest_key().of_counter(kind, key)
    }
}

impl SharedState for EtcdState {
    fn set_flag(
        &self,
        party: Party,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> StateFuture<'_, bool> {
        let key = self.of_flag(kind, key);
        let known = self.read(|copy| copy.flag(kind, key));
        match known {
            Ok(Some(flag)) if flag.value.until >= until => Box::pin(ready(Ok(false))),
            Ok(_) => self.write(party, move |shared| async move {
                let value = new_value(until)?;
                shared.set_flag(kind, key, value).await
            }),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn set_flag_here_at_least(
        &self,
        party: Party,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> StateFuture<'_, Reach> {
        Box::pin(async move {
            let set = self.set_flag(party, kind, key, until).await;
            let key = self.of_flag(kind, key);
            match set {
                // It is missing in etcd then, and so is written as soon as etcd responds.
                Err(StateError::Unreachable) => {
                    let value = new_value(until)?;
                    let now = self.shared.now();
                    self.shared.copy_mut().set_missing(kind, key, value, now);
                }
                set => drop(set?),
            }
            let flag = self.shared.copy().flag(kind, key);
            Ok(if flag.is_some_and(|flag| flag.revision == 0) {
                Reach::ThisServer
            } else {
                Reach::AllServers
            })
        })
    }

    fn is_known_everywhere(&self) -> StateFuture<'_, bool> {
        let shared = Arc::clone(&self.shared);
        Box::pin(self.run(async move { shared.wait_until_known().await }))
    }

    fn set_flags(&self, party: Party, mut flags: LimitedFlags) -> StateFuture<'_, FlagsSet> {
        let LimitedFlags { kind, until, .. } = flags;
        for key in &mut flags.keys {
            *key = self.of_flag(kind, *key);
        }
        let budget = &mut flags.budget;
        budget.key = self.of_counter(budget.kind, budget.key);
        let is_known = |copy: &Copy, key: &Digest| {
            let flag = copy.flag(kind, *key);
            flag.is_some_and(|flag| flag.value.until >= until)
        };
        match self.read(|copy| flags.keys.iter().all(|key| is_known(copy, key))) {
            Ok(true) => Box::pin(ready(Ok(FlagsSet::default()))),
            Ok(false) => self.write(party, move |shared| async move {
                shared.set_flags(flags, || new_value(until)).await
            }),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn flag_expiry(
        &self,
        kind: FlagKind,
        key: Digest,
        now: Timestamp,
    ) -> StateFuture<'_, Option<Timestamp>> {
        let flag = (kind, self.of_flag(kind, key));
        let expiry = self.read(|copy| {
            let [expiry] = copy.expiries([flag], now);
            expiry
        });
        Box::pin(ready(expiry))
    }

    fn flag_expiries(
        &self,
        flags: [(FlagKind, Digest); 3],
        now: Timestamp,
    ) -> StateFuture<'_, [Option<Timestamp>; 3]> {
        let flags = flags.map(|(kind, key)| (kind, self.of_flag(kind, key)));
        Box::pin(ready(self.read(|copy| copy.expiries(flags, now))))
    }

    fn increment(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32> {
        let key = self.of_counter(kind, key);
        self.write(party, move |shared| async move {
            shared.increment(kind, key, now, until).await
        })
    }

    fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> StateFuture<'_, Counter> {
        let key = self.of_counter(kind, key);
        Box::pin(ready(self.read(|copy| copy.counter(kind, key, now))))
    }

    fn counters_above(
        &self,
        kind: CounterKind,
        above: u32,
        expire_after: Timestamp,
    ) -> StateFuture<'_, Vec<Counter>> {
        if let Err(refusal) = self.shared.check_usable() {
            return Box::pin(ready(Err(refusal)));
        }
        let shared = Arc::clone(&self.shared);
        let look = move || shared.copy().counters_above(kind, above, expire_after);
        // There may be hundreds of thousands, and the caller's thread has other requests.
        let counters = self.runtime.spawn_blocking(look);
        Box::pin(async move { counters.await.map_err(|_| StateError::Stopped) })
    }

    fn decrement(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        by: u32,
    ) -> StateFuture<'_, ()> {
        let key = self.of_counter(kind, key);
        self.write(party, move |shared| async move {
            shared.decrement(kind, key, by).await
        })
    }

    fn extend_counter(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()> {
        let key = self.of_counter(kind, key);
        let counter = self.read(|copy| copy.counter(kind, key, now));
        match counter.map(|counter| counter.until) {
            Ok(Some(current)) if current < until => self.write(party, move |shared| async move {
                shared.extend_counter(kind, key, now, until).await
            }),
            // Nothing would change.
            Ok(_) => Box::pin(ready(Ok(()))),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn is_alive(&self) -> StateFuture<'_, ()> {
        Box::pin(async move {
            self.shared.check_usable()?;
            // The runtime of the engine runs tasks.
            self.run(ready(())).await
        })
    }

    fn refused_writes(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    fn group_state(&self) -> Option<GroupState> {
        let copy = self.shared.copy();
        let (early_deletes, repaired) = copy.repairs();
        let (flags, counters) = copy.sizes();
        let servers = copy.running_servers().len();
        drop(copy);
        Some(GroupState {
            is_degraded: self.shared.health.is_lost(),
            age: self.shared.health.age(),
            servers: servers.max(1),
            clock_offset: self.shared.clock_offset(),
            wrong_clock: self.shared.clock_check.wrong(),
            flags,
            counters,
            early_deletes,
            repaired,
        })
    }
}

impl Drop for EtcdState {
    fn drop(&mut self) {
        if let Some(EngineThread { stop, thread }) = self.thread.take() {
            drop(stop);
            // So that the others know that the server has stopped before the process ends. A panic
            // of the thread was reported when it happened.
            thread.join().ok();
        }
    }
}

impl fmt::Debug for EtcdState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdState")
            .field("group", &self.shared.group)
            .finish_non_exhaustive()
    }
}

fn new_value(until: Timestamp) -> Result<FlagValue, StateError> {
    let nonce = getrandom::u64().map_err(StateError::engine)?;
    Ok(FlagValue { until, nonce })
}

impl From<CallError> for StateError {
    fn from(error: CallError) -> Self {
        Self::engine(error)
    }
}
