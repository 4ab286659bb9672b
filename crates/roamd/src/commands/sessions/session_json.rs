//! A session as JSON, in lists and in watched changes.

use serde::Serialize;

use super::session_row::SessionRow;

/// A session as JSON.
#[derive(Serialize)]
pub(super) struct SessionJson<'l> {
    id: &'l str,
    app: &'l str,
    farm: &'l str,
    resource_id: &'l str,
    /// `application`, `desktop` or the store's own type; `null` if it is unknown.
    kind: Option<&'l str>,
    server_type: &'l str,
    aggregated: bool,
    launch_url: &'l str,
}

impl<'l> From<&'l SessionRow> for SessionJson<'l> {
    fn from(SessionRow { session, kind, .. }: &'l SessionRow) -> Self {
        Self {
            id: &session.id,
            app: &session.initial_app,
            farm: &session.publisher_name,
            resource_id: &session.resource_id,
            kind: kind.as_deref(),
            server_type: &session.server_type,
            aggregated: session.aggregated,
            launch_url: &session.launch_url,
        }
    }
}
