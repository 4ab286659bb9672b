//! Session parameters (SS-20) from arguments.

use clap::Args;
use roamd_store_client::SessionParams;

use crate::commands::store::StoreArgs;

/// Which sessions to list.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct SessionFilterArgs {
    /// Include sessions that are active on other clients. Farms before version 7 disconnect them.
    #[arg(long)]
    pub(super) active: bool,
    /// List applications only, no desktops.
    #[arg(long)]
    pub(super) apps_only: bool,
}

/// Returns the parameters of a list.
pub(super) fn list_params(store: &StoreArgs, filter: SessionFilterArgs) -> SessionParams {
    params(store, filter, Vec::new())
}

/// Returns the parameters of a disconnect or log off, which invalidates `tickets`.
pub(super) fn operation_params(store: &StoreArgs, tickets: Vec<String>) -> SessionParams {
    params(store, SessionFilterArgs::default(), tickets)
}

fn params(store: &StoreArgs, filter: SessionFilterArgs, tickets: Vec<String>) -> SessionParams {
    SessionParams {
        device_id: store.device_id.clone(),
        include_active_sessions: filter.active,
        app_sessions_only: filter.apps_only,
        tickets,
        ..SessionParams::new(store.client_name())
    }
}
