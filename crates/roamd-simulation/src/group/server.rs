//! A server of the group: the real engine on etcd, which can crash and start again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_etcd_client::{Connecting, Stream};
use roamd_seal::{Key, KeyId, KeyRing};
use roamd_state::{ClientSettings, Endpoint, EtcdState, GroupSettings, Scheme, WhenUnreachable};
use tokio::time::{Instant, sleep};

use super::history::{History, ServerStart};
use super::service::Service;
use crate::network::{Network, Reachability};

/// Prefix of all keys of the group.
pub(super) const PREFIX: &str = "/roamd/simulated/";

/// Port of etcd.
const PORT: u16 = 2379;

/// Pause before another start, if one has failed.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// A server. A clone is the same.
#[derive(Clone)]
pub(super) struct Server(Arc<Inner>);

struct Inner {
    number: usize,
    settings: GroupSettings,
    members: Arc<[Service]>,
    network: Network,
    history: History,
    /// How far its clock is ahead, in seconds.
    ahead: AtomicI64,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    starts: usize,
    /// Nothing reaches it until it starts again.
    has_crashed: bool,
    /// `None` if the server has not joined the group.
    state: Option<Arc<EtcdState>>,
}

/// Network of a server: it has a name of its own for each member, so that each pair can be cut off.
#[derive(Debug, Clone)]
struct NetworkOfServer {
    network: Network,
    server: String,
}

impl Server {
    pub(super) fn new(
        number: usize,
        when_unreachable: WhenUnreachable,
        members: Arc<[Service]>,
        network: Network,
        history: History,
    ) -> Self {
        let endpoint = |member| Endpoint {
            scheme: Scheme::Http,
            host: format!("etcd{member}"),
            port: PORT,
        };
        let key = Key::new(KeyId(1), 0, [7; Key::LEN].into());
        let settings = GroupSettings {
            client: ClientSettings {
                endpoints: (0..members.len()).map(endpoint).collect(),
                tls: None,
                credentials: None,
                timeout: Duration::from_secs(3),
            },
            prefix: PREFIX.to_owned(),
            cluster_key: Arc::new(KeyRing::new(key, Vec::new())),
            when_unreachable,
        };
        Self(Arc::new(Inner {
            number,
            settings,
            members,
            network,
            history,
            ahead: AtomicI64::new(0),
            running: Mutex::default(),
        }))
    }

    /// Starts the server, and tries again until it has joined the group or is started again.
    pub(super) async fn start(self) {
        let start = {
            let mut running = self.running();
            *running = Running {
                starts: running.starts + 1,
                ..Running::default()
            };
            running.starts
        };
        let network = self.network_of(start);
        for (member, service) in self.0.members.iter().enumerate() {
            let backlog = self.0.network.listen(&self.host(member, start));
            drop(tokio::spawn(service.clone().accept(backlog)));
        }
        while self.running().starts == start {
            let clock = self.clock();
            let network = Arc::new(network.clone());
            let name = format!("server {}", self.0.number);
            let joined = EtcdState::join(&self.0.settings, &name, network, clock).await;
            let at = self.at(start);
            match joined {
                Ok(state) => {
                    let mut running = self.running();
                    if running.starts == start && !running.has_crashed {
                        self.0.history.note(format!("{at} has joined"));
                        running.state = Some(Arc::new(state));
                    }
                    return;
                }
                Err(error) => self.0.history.note(format!("{at} cannot join: {error}")),
            }
            sleep(RESTART_PAUSE).await;
        }
    }

    /// Ends the server. Nothing that it still sends arrives.
    pub(super) fn crash(&self) {
        let start = {
            let mut running = self.running();
            running.state = None;
            running.has_crashed = true;
            running.starts
        };
        for member in 0..self.0.members.len() {
            let host = self.host(member, start);
            self.0.network.set_reach(&host, Reachability::Refusing);
        }
    }

    /// Changes whether the server reaches a member of etcd.
    pub(super) fn set_reach(&self, member: usize, reach: Reachability) {
        let Running {
            starts,
            has_crashed,
            ..
        } = *self.running();
        if !has_crashed {
            self.0.network.set_reach(&self.host(member, starts), reach);
        }
    }

    /// Resets the connections to a member of etcd.
    pub(super) fn reset(&self, member: usize) {
        let start = self.running().starts;
        self.0.network.reset(&self.host(member, start));
    }

    /// Returns the state, and the start that it is of; `None` if the server does not run.
    pub(super) fn state(&self) -> Option<(ServerStart, Arc<EtcdState>)> {
        let running = self.running();
        let state = running.state.clone()?;
        Some((self.at(running.starts), state))
    }

    pub(super) fn number(&self) -> usize {
        self.0.number
    }

    /// Sets the clock this number of seconds ahead.
    pub(super) fn set_ahead(&self, seconds: i64) {
        self.0.ahead.store(seconds, Ordering::Relaxed);
    }

    fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let inner = Arc::clone(&self.0);
        Arc::new(move || {
            let ahead = SignedDuration::from_secs(inner.ahead.load(Ordering::Relaxed));
            let now = inner.history.time_of_day(Instant::now());
            now.saturating_add(ahead).unwrap_or(now)
        })
    }

    fn at(&self, number: usize) -> ServerStart {
        ServerStart {
            server: self.0.number,
            number,
        }
    }

    fn network_of(&self, start: usize) -> NetworkOfServer {
        NetworkOfServer {
            network: self.0.network.clone(),
            server: format!("server{}-{start}", self.0.number),
        }
    }

    fn host(&self, member: usize, start: usize) -> String {
        self.network_of(start).host(&format!("etcd{member}"), PORT)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl NetworkOfServer {
    fn host(&self, name: &str, port: u16) -> String {
        format!("{name}.{}:{port}", self.server)
    }
}

impl roamd_etcd_client::Network for NetworkOfServer {
    fn connect(&self, host: &str, port: u16) -> Connecting {
        let connecting = self.network.clone().connect_to(self.host(host, port));
        Box::pin(async move { Ok(Box::new(connecting.await?) as Box<dyn Stream>) })
    }

    fn chance(&self) -> f64 {
        roamd_nfuse_client::Network::chance(&self.network)
    }
}
