//! Faults of a run: members of etcd stop, hang, lose each other and their leader; servers are cut
//! off from members, crash and start again, and their clocks jump. At the end all faults are
//! removed.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};

use super::behaviour::Behaviour;
use super::cluster::Cluster;
use super::history::History;
use super::server::Server;
use super::service::Service;
use crate::network::{Network, Reachability};

/// What faults are of.
#[derive(Clone)]
pub(super) struct Targets {
    pub(super) cluster: Cluster,
    pub(super) members: Arc<[Service]>,
    pub(super) servers: Vec<Server>,
    pub(super) network: Network,
    pub(super) history: History,
    /// Whether leases end early. Otherwise servers crash: only running ones write again what etcd
    /// has lost.
    pub(super) loses_leases: bool,
}

/// Injects faults until `end`, and then removes them.
pub(super) async fn inject(targets: &Targets, mut rng: Rng, end: Instant) {
    loop {
        sleep(Duration::from_millis(rng.u64(50..3_000))).await;
        if Instant::now() >= end {
            break;
        }
        targets.inject_one(&mut rng);
    }
    targets.history.note("all faults are removed");
    targets.remove_all();
}

impl Targets {
    fn inject_one(&self, rng: &mut Rng) {
        let member = rng.usize(0..self.members.len());
        let Some(server) = rng.choice(&self.servers) else {
            return;
        };
        let name = format!("server {}", server.number());
        let time = Duration::from_millis(rng.u64(100..12_000));
        match rng.u8(0..19) {
            0 => {
                self.note(format!("etcd {member} crashes"));
                self.crash(member);
                self.after(time, move |it| it.restart(member));
            }
            1 => {
                self.note(format!("etcd {member} hangs"));
                self.cluster.set_isolated(member, true);
                self.set_all(member, Reachability::Silent);
                self.after(time, move |it| {
                    it.cluster.set_isolated(member, false);
                    it.set_all(member, Reachability::Up);
                });
            }
            2 => {
                self.note(format!("etcd {member} loses the other members"));
                self.cluster.set_isolated(member, true);
                self.after(time, move |it| it.cluster.set_isolated(member, false));
            }
            3 => {
                self.note("etcd has another leader");
                self.cluster.elect(time / 4);
            }
            4 => {
                self.note("etcd compacts");
                self.cluster.compact();
            }
            5 if self.loses_leases => {
                self.history.note_loss();
                self.cluster.revoke_a_lease();
            }
            6 => {
                self.note("etcd is full");
                self.cluster.set_full(true);
                self.after(time, |it| it.cluster.set_full(false));
            }
            7 | 8 => {
                let behaviour = Behaviour::draw(rng);
                self.note(format!("etcd {member} behaves as {behaviour:?}"));
                self.cluster.set_behaviour(member, behaviour);
                self.after(time, move |it| {
                    it.cluster.set_behaviour(member, Behaviour::GOOD);
                });
            }
            9 => {
                self.note(format!("watches of etcd {member} are late"));
                self.cluster.set_lag(member, time / 3);
                self.after(2 * time, move |it| {
                    it.cluster.set_lag(member, Duration::ZERO);
                });
            }
            10 | 11 => {
                self.note(format!("{name} is cut off from etcd {member}"));
                let reach = reach(rng);
                server.set_reach(member, reach);
                let server = server.clone();
                self.after(time, move |_| server.set_reach(member, Reachability::Up));
            }
            12 | 13 => {
                self.note(format!("{name} is cut off"));
                let reach = reach(rng);
                let members = 0..self.members.len();
                members.clone().for_each(|it| server.set_reach(it, reach));
                let server = server.clone();
                self.after(2 * time, move |_| {
                    members.for_each(|it| server.set_reach(it, Reachability::Up));
                });
            }
            14 => {
                self.note(format!("{name} loses a connection"));
                server.reset(member);
            }
            5 | 15 if !self.loses_leases => {
                self.note(format!("{name} crashes"));
                server.crash();
                let server = server.clone();
                self.after(time / 2, |_| drop(tokio::spawn(server.start())));
            }
            _ => {
                let seconds = match rng.bool() {
                    true => rng.i64(-14..=14),
                    false => rng.i64(-100..=100),
                };
                self.note(format!("clock of {name} jumps to {seconds:+} s"));
                server.set_ahead(seconds);
            }
        }
    }

    /// Removes all faults. Servers that have crashed start again by themselves.
    fn remove_all(&self) {
        self.network.stop_faults();
        self.cluster.set_full(false);
        for member in 0..self.members.len() {
            self.restart(member);
            self.cluster.set_isolated(member, false);
            self.cluster.set_behaviour(member, Behaviour::GOOD);
            self.cluster.set_lag(member, Duration::ZERO);
        }
        for server in &self.servers {
            server.set_ahead(0);
        }
    }

    fn crash(&self, member: usize) {
        self.cluster.set_running(member, false);
        self.set_all(member, Reachability::Refusing);
        if let Some(service) = self.members.get(member) {
            service.crash();
        }
    }

    fn restart(&self, member: usize) {
        self.cluster.set_running(member, true);
        self.set_all(member, Reachability::Up);
    }

    /// Changes whether any server reaches a member.
    fn set_all(&self, member: usize, reach: Reachability) {
        for server in &self.servers {
            server.set_reach(member, reach);
        }
    }

    /// Ends a fault after a time.
    fn after(&self, time: Duration, end: impl FnOnce(&Self) + Send + 'static) {
        let targets = self.clone();
        drop(tokio::spawn(async move {
            sleep(time).await;
            end(&targets);
        }));
    }

    fn note(&self, note: impl std::fmt::Display) {
        self.history.note(note);
    }
}

fn reach(rng: &mut Rng) -> Reachability {
    if rng.bool() {
        Reachability::Silent
    } else {
        Reachability::Refusing
    }
}
