//! The server under attack.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use roamd_bench::{Listening, ServerProcess, Setup};
use roamd_testkit::{FarmConfig, StoreConfig, free_address};

use super::hostile_farm::HostileFarm;

/// Path of the store of the good farm.
const STORE: &str = "/Citrix/Store";

/// Path of the store of a hostile farm.
const HOSTILE_STORE: &str = "/Citrix/Hostile";

/// A server in front of a good farm, and of a hostile one if the attack has one.
pub(super) struct Target {
    pub(super) server: ServerProcess,
    /// URL of the store that other users use.
    pub(super) store: String,
    /// URL of the store that the attackers use.
    pub(super) attacked_store: String,
}

impl Target {
    /// Starts the server with its default limits.
    ///
    /// # Errors
    /// If the server does not start.
    pub(super) fn start(
        setup: &Setup,
        roamd: &Path,
        name: &str,
        hostile: Option<&HostileFarm>,
    ) -> Result<Self> {
        let address = free_address();
        let sections = hostile.map(|farm| {
            StoreConfig::new(HOSTILE_STORE, [FarmConfig::new("HOSTILE", farm.url())]).to_string()
        });
        let listening = Listening {
            listen: format!("[::]:{}", address.port()).parse()?,
            base_url: format!("http://{address}"),
            sections: sections.clone().unwrap_or_default(),
            arguments: &["--insecure-plain-http"],
        };
        let server = setup.start_server(roamd, name, address, &listening)?;
        let attacked = if sections.is_some() {
            HOSTILE_STORE
        } else {
            STORE
        };
        let (store, attacked_store) = (
            format!("http://{address}{STORE}"),
            format!("http://{address}{attacked}"),
        );
        Ok(Self {
            server,
            store,
            attacked_store,
        })
    }

    /// Returns the address that clients connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.server.address
    }
}
