//! A session as JSON, in lists and in watched changes.

use roamd_store_client::Session;
use serde::Serialize;

/// A session as JSON.
#[derive(Serialize)]
pub(super) struct SessionJson<'l> {
    id: &'l str,
    app: &'l str,
    farm: &'l str,
    resource_id: &'l str,
    server_type: &'l str,
    aggregated: bool,
    launch_url: &'l str,
}

impl<'l> From<&'l Session> for SessionJson<'l> {
    fn from(session: &'l Session) -> Self {
        Self {
            id: &session.id,
            app: &session.initial_app,
            farm: &session.publisher_name,
            resource_id: &session.resource_id,
            server_type: &session.server_type,
            aggregated: session.aggregated,
            launch_url: &session.launch_url,
        }
    }
}
