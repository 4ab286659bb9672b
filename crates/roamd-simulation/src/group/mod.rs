//! Groups of servers on a simulated etcd.
//!
//! The servers have the real engine and the real client of etcd. etcd is simulated: its members
//! speak gRPC over HTTP/2 on the simulated network.

mod behaviour;
mod client;
mod cluster;
mod faults;
mod history;
mod invariants;
mod recovery;
mod refusal;
mod server;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use roamd_state::WhenUnreachable;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use self::cluster::Cluster;
use self::faults::Targets;
use self::history::History;
use self::invariants::Facts;
use self::server::Server;
use self::service::Service;
use crate::network::Network;
use crate::run::{SimulationResult, in_simulated_time};

/// Time for the first servers to join before clients begin.
const JOINING: Duration = Duration::from_secs(4);

/// Simulates a group of servers with one seed.
///
/// # Errors
/// If the simulation cannot be set up. This is not a violation.
pub fn run_group(seed: u64) -> Result<SimulationResult> {
    in_simulated_time(simulate(seed))
}

async fn simulate(seed: u64) -> SimulationResult {
    let mut rng = Rng::with_seed(seed);
    let history = History::new();
    let network = Network::new(rng.fork());
    // Without faults, clients get exact answers.
    let has_faults = rng.u8(0..8) != 0;
    if !has_faults {
        network.stop_faults();
    }
    let when_unreachable = if rng.u8(0..3) == 0 {
        WhenUnreachable::Refuse
    } else {
        WhenUnreachable::Serve
    };
    let members = if rng.u8(0..4) == 0 { 1 } else { 3 };
    let cluster = Cluster::new(members, rng.fork());
    let services: Vec<_> = (0..members)
        .map(|member| Service::new(cluster.clone(), member))
        .collect();
    let services: Arc<[Service]> = services.into();
    let servers: Vec<_> = (0..rng.usize(2..=4))
        .map(|number| {
            let (members, network) = (Arc::clone(&services), network.clone());
            Server::new(number, when_unreachable, members, network, history.clone())
        })
        .collect();
    history.note(format!(
        "{} servers, {members} members of etcd, {when_unreachable:?}, faults: {has_faults}",
        servers.len()
    ));
    for server in &servers {
        drop(tokio::spawn(server.clone().start()));
    }
    sleep(JOINING).await;

    let end = Instant::now() + Duration::from_secs(rng.u64(6..18));
    let mut clients = JoinSet::new();
    for _ in 0..rng.usize(3..=6) {
        let client = client::operate(servers.clone(), history.clone(), rng.fork(), end);
        clients.spawn(client);
    }
    let targets = Targets {
        cluster,
        members: services,
        servers,
        network,
        history: history.clone(),
        loses_leases: rng.bool(),
    };
    if has_faults {
        faults::inject(&targets, rng.fork(), end).await;
    }
    while clients.join_next().await.is_some() {}
    recovery::wait_for(&targets).await;

    let facts = Facts {
        when_unreachable,
        has_faults,
    };
    let mut violations = invariants::violations_of(facts, &history.operations());
    violations.extend(history.violations());
    SimulationResult {
        violations,
        trace: history.trace(),
    }
}
