//! Settings of a server that can be replaced while it runs.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::watch;

use crate::ListenerLimits;

/// Settings of a server that can be replaced while it runs. A clone is that of the same server.
#[derive(Debug, Clone)]
pub struct LiveSettings(Arc<watch::Sender<Arc<ListenerSettings>>>);

/// Limits, and the peers that are exempt from those per client, or known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSettings {
    /// Limits for connections, and timeouts.
    pub limits: ListenerLimits,
    /// Networks of trusted proxies. They are exempt from the limit of connections per client,
    /// because they forward many clients. Peers with a client certificate are exempt too, from the
    /// end of their handshake.
    pub exempt_networks: Vec<IpNet>,
    /// Networks of monitoring. Like those of known users, their connections are served before those
    /// of strangers.
    pub known_networks: Vec<IpNet>,
}

impl LiveSettings {
    pub(crate) fn new(settings: ListenerSettings) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(settings))))
    }

    /// Replaces the settings. Open connections stay, with the timeouts that they began with; the
    /// limits count them.
    pub fn replace(&self, settings: ListenerSettings) {
        self.0.send_replace(Arc::new(settings));
    }

    /// Returns the present settings.
    #[must_use]
    pub fn current(&self) -> Arc<ListenerSettings> {
        Arc::clone(&self.0.borrow())
    }
}

impl ListenerSettings {
    /// Whether an address is in a known network.
    pub(crate) fn knows(&self, address: IpAddr) -> bool {
        let mut known = self.known_networks.iter();
        known.any(|network| network.contains(&address))
    }

    /// Returns the address for limits per client, or `None` for an exempt peer.
    pub(crate) fn limited_address(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        let mut exempt = self.exempt_networks.iter();
        (!exempt.any(|network| network.contains(&address))).then_some(address)
    }
}
