//! Rules of a store about resources and launches.

use crate::{RemoteAccess, ResourceFilter};

/// Rules of a store about resources and launches, from its configuration.
#[derive(Debug, Clone)]
pub struct StoreRules {
    /// Which resources users see and start.
    pub filter: ResourceFilter,
    /// ICA files set the name of the client to the one that the client has sent. Otherwise the
    /// client program names itself.
    pub override_client_name: bool,
    /// Citrix Gateway for clients outside; `None` if all clients count as inside.
    pub remote_access: Option<RemoteAccess>,
}

impl Default for StoreRules {
    /// Shows all resources, sets the names of clients, and has no clients outside.
    fn default() -> Self {
        Self {
            filter: ResourceFilter::default(),
            override_client_name: true,
            remote_access: None,
        }
    }
}
