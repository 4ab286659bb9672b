//! The server under attack.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use roamd_bench::{
    CLERKS, ClientLimits, Connection, FarmProcess, Listening, ServerProcess, Setup, clerk,
};
use roamd_testkit::{FarmConfig, StoreConfig, free_address};
use tokio::net::TcpStream;

use super::attack::Action;
use super::hostile_farm::{Cost, HostileFarm};
use super::sources::MONITOR_ADDRESS;

/// Path of the store of the good farm.
const STORE: &str = "/Citrix/Store";

/// Path of the store of a hostile farm.
const HOSTILE_STORE: &str = "/Citrix/Hostile";

/// With several farms, one has to be named that checks passwords (docs/security.md).
const GOOD_FARM_CHECKS: &str = "[authentication]\ncredentials = \"CVAD\"\n";

/// A server in front of a good farm, and of a hostile one if the attack has one.
pub(super) struct Target {
    pub(super) server: ServerProcess,
    /// The good farm.
    pub(super) farm: FarmProcess,
    /// The hostile farm. It stops when this is dropped.
    _hostile: Option<HostileFarm>,
    /// Number of clerks that have been named.
    clerks: AtomicUsize,
    /// URL of the store that other users use.
    pub(super) store: String,
    /// URL of the store that the attackers use.
    pub(super) attacked_store: String,
}

impl Target {
    /// Starts the server with its default limits, with TLS if the attack needs it, and its farm.
    ///
    /// # Errors
    /// If one of them does not start.
    pub(super) fn start(setup: &Setup, roamd: &Path, name: &str, action: Action) -> Result<Self> {
        let farm = setup.start_controller(roamd, &format!("{name}-farm"))?;
        let cost = action.cost_of_farm();
        let hostile = cost.map(|cost| HostileFarm::start(cost, farm.address));
        let hostile = hostile.transpose()?;
        let address = free_address();
        let certificate = action
            .needs_tls()
            .then(|| setup.certificate(&format!("{name}-certificate")))
            .transpose()?;
        let tls = certificate.as_ref().map(|it| it.section.as_str());
        let store = hostile.as_ref().map(|farm| {
            let farm = FarmConfig::new("HOSTILE", farm.url());
            let store = StoreConfig::new(HOSTILE_STORE, [farm]);
            format!("{GOOD_FARM_CHECKS}{store}")
        });
        let keys = format!("metrics_from = [\"{MONITOR_ADDRESS}\"]\n");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listening = Listening {
            listen: format!("[::]:{}", address.port()).parse()?,
            base_url: format!("{scheme}://{address}"),
            sections: [Some(&*keys), tls, store.as_deref()]
                .into_iter()
                .flatten()
                .collect(),
            limits: ClientLimits::Default,
            arguments: &["--insecure-plain-http"],
        };
        let mut server = setup.start_server_of(roamd, name, &farm, address, &listening)?;
        server.tls = certificate.map(|it| it.clients);
        let attacked = if hostile.is_some() {
            HOSTILE_STORE
        } else {
            STORE
        };
        // A farm that is slow for the attacker only is that of the others too.
        let own = if cost == Some(Cost::Time) {
            attacked
        } else {
            STORE
        };
        let (store, attacked_store) = (
            format!("{scheme}://{address}{own}"),
            format!("{scheme}://{address}{attacked}"),
        );
        Ok(Self {
            server,
            farm,
            _hostile: hostile,
            clerks: AtomicUsize::new(0),
            store,
            attacked_store,
        })
    }

    /// Returns another user each time, until all have been named.
    pub(super) fn next_clerk(&self) -> String {
        clerk(self.clerks.fetch_add(1, Ordering::Relaxed) % CLERKS)
    }

    /// Returns the address that clients connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Opens a connection to the server over a stream, with TLS if the server has a certificate.
    ///
    /// # Errors
    /// If the handshake fails.
    pub(super) async fn connect(&self, stream: TcpStream) -> Result<Connection> {
        Connection::over(stream, self.address(), self.server.tls.as_ref()).await
    }
}
