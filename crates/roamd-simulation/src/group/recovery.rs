//! The end of a run: without faults, all servers agree with etcd after a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use roamd_state::{EtcdState, Reach, SharedState as _};
use tokio::time::{Instant, sleep};

use super::client::{UNTIL, counter_of, flag_of};
use super::cluster::Cluster;
use super::faults::Targets;
use super::history::{History, Operation, OperationKind, OperationResult, ServerStart};
use super::server::{PREFIX, Server};

/// Time after the last fault within which all servers agree.
const RECOVERY: Duration = Duration::from_secs(40);

/// Interval between looks.
const LOOK: Duration = Duration::from_secs(1);

/// Age of a copy that is up to date: heartbeats come once a second.
const MOST_AGE: Duration = Duration::from_secs(2);

/// What a server has for the key of each operation: whether the flag is set, or the count. `None`
/// if it does not say.
type Content = BTreeMap<OperationKind, Option<u32>>;

/// Waits until all servers agree, and records what still differs.
pub(super) async fn wait_for(targets: &Targets) {
    let deadline = Instant::now() + RECOVERY;
    let operations = targets.history.operations();
    let kinds: BTreeSet<_> = operations.iter().map(|it| it.kind).collect();
    loop {
        sleep(LOOK).await;
        let is_over = Instant::now() >= deadline;
        let mut differences = unhealthy(targets);
        // It costs more, and servers that are not healthy do not agree.
        if differences.is_empty() || is_over {
            differences.extend(disagreements(targets, &kinds, &operations).await);
        }
        if differences.is_empty() {
            targets.history.note("all servers agree");
            return;
        }
        if is_over {
            for difference in differences {
                targets.history.record_violation(difference);
            }
            return;
        }
    }
}

/// Returns what is wrong with the servers.
fn unhealthy(targets: &Targets) -> Vec<String> {
    let mut found = Vec::new();
    for server in &targets.servers {
        match server.state() {
            Some((at, state)) => found.extend(faults_of(at, &state, targets)),
            None => found.push(format!("server {} has not joined", server.number())),
        }
    }
    found
}

/// Returns how the servers and etcd differ.
async fn disagreements(
    targets: &Targets,
    kinds: &BTreeSet<OperationKind>,
    operations: &[Operation],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut first: Option<(ServerStart, Content)> = None;
    for (at, state) in targets.servers.iter().filter_map(Server::state) {
        let content = content(&state, kinds).await;
        found.extend(lost(at, &content, operations));
        if let Some((other, expected)) = &first {
            for (kind, value) in &content {
                let expected = expected.get(kind);
                if expected != Some(value) {
                    found.push(format!(
                        "{kind:?}: {value:?} at {at}, {expected:?} at {other}"
                    ));
                }
            }
        } else {
            found.extend(count_differs(at, &content, &targets.cluster));
            first = Some((at, content));
        }
    }
    found.extend(faults_of_leases(&targets.cluster, &targets.history));
    found
}

/// Returns what is wrong with a server.
fn faults_of(at: ServerStart, state: &EtcdState, targets: &Targets) -> Vec<String> {
    let Some(group) = state.group_state() else {
        return vec![format!("{at} has no group")];
    };
    let mut faults = Vec::new();
    if group.is_degraded || group.age > MOST_AGE {
        faults.push(format!("what {at} knows is {:?} old", group.age));
    }
    if let Some(offset) = group.wrong_clock {
        faults.push(format!("{at} refuses to work: its clock is {offset} off"));
    }
    if group.servers != targets.servers.len() {
        faults.push(format!("{at} sees {} servers", group.servers));
    }
    let flags = targets
        .cluster
        .read(|it| it.count(&format!("{PREFIX}flags/")));
    if group.flags != flags {
        faults.push(format!("{at} has {} flags, etcd {flags}", group.flags));
    }
    faults
}

/// Returns what a server has.
async fn content(state: &EtcdState, kinds: &BTreeSet<OperationKind>) -> Content {
    let mut content = Content::new();
    for kind in kinds {
        if let Some((flag, key)) = flag_of(*kind) {
            let is_set = state.is_flag_set(flag, key, Timestamp::UNIX_EPOCH).await;
            content.insert(*kind, is_set.ok().map(u32::from));
        }
        if let Some((counter, key)) = counter_of(*kind) {
            let count = state.counter(counter, key, Timestamp::UNIX_EPOCH).await;
            content.insert(*kind, count.ok().map(|counter| counter.count));
        }
    }
    content
}

/// Returns the acknowledged flags that a server does not have.
fn lost(at: ServerStart, content: &Content, operations: &[Operation]) -> Vec<String> {
    let is_acknowledged = |operation: &&Operation| {
        let ended = operation.ended.as_ref();
        // What holds at one server is lost if that crashes before it reaches the others.
        ended.is_some_and(|ended| match ended.result {
            // Who finds a conversation spent may have it from a server that was cut off.
            OperationResult::Set(false) if matches!(operation.kind, OperationKind::Spend(_)) => {
                false
            }
            OperationResult::Set(_) => !ended.is_degraded,
            OperationResult::Holds(reach) => reach == Reach::AllServers,
            _ => false,
        })
    };
    let acknowledged = operations.iter().filter(is_acknowledged);
    let lost = acknowledged.filter_map(|operation| {
        let is_lost = content.get(&operation.kind) != Some(&Some(1));
        is_lost.then(|| format!("{:?} of {} is lost at {at}", operation.kind, operation.at))
    });
    lost.collect()
}

/// Compares the sum of all counts of a server with that of etcd.
fn count_differs(at: ServerStart, content: &Content, cluster: &Cluster) -> Option<String> {
    let counts = content
        .iter()
        .filter(|(kind, _)| counter_of(**kind).is_some());
    let sum: u64 = counts.filter_map(|(_, count)| *count).map(u64::from).sum();
    let folder = format!("{PREFIX}counts/");
    let stored: u64 = cluster.read(|store| {
        let values = store.below(&folder);
        let counts = values.filter_map(|(_, value, _)| {
            let text = std::str::from_utf8(value).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        counts.sum()
    });
    (sum != stored).then(|| format!("the counts of {at} are {sum}, those of etcd {stored}"))
}

/// Returns the entries whose lease ends before them.
fn faults_of_leases(cluster: &Cluster, history: &History) -> Vec<String> {
    cluster.read(|store| {
        let entries = ["flags/", "counts/"].map(|folder| format!("{PREFIX}{folder}"));
        let entries = entries.iter().flat_map(|folder| store.below(folder));
        let short = entries.filter_map(|(key, _, lease)| {
            let is_long = lease.is_some_and(|end| UNTIL <= history.time_of_day(end));
            let key = String::from_utf8_lossy(key);
            (!is_long).then(|| format!("the lease of {key} ends before it expires"))
        });
        short.collect()
    })
}
