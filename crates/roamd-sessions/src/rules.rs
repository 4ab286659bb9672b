//! Rules of a store about farms, resources and launches.

use crate::{FarmMapping, RemoteAccess, ResourceFilter};

/// Rules of a store about farms, resources and launches, from its configuration.
#[derive(Debug, Clone)]
pub struct StoreRules {
    /// Which farms serve which users; without any, all farms serve all users.
    pub mappings: Vec<FarmMapping>,
    /// Which resources users see and start.
    pub filter: ResourceFilter,
    /// ICA files set the name of the client to the one that the client has sent. Otherwise the
    /// client program names itself.
    pub override_client_name: bool,
    /// Citrix Gateways for clients outside; without any, all clients count as inside.
    pub gateways: Vec<RemoteAccess>,
}

impl Default for StoreRules {
    /// Gives all farms to all users, shows all resources, sets the names of clients, and has no
    /// clients outside.
    fn default() -> Self {
        Self {
            mappings: Vec::new(),
            filter: ResourceFilter::default(),
            override_client_name: true,
            gateways: Vec::new(),
        }
    }
}
