//! Session parameters (SS-20) from arguments.

use clap::Args;
use roamd_store_client::SessionParams;

use crate::commands::confirm::ConfirmArgs;
use crate::commands::store::StoreArgs;
use crate::output;

/// What a list of active sessions does.
const SIDE_EFFECT: &str =
    "farms before version 7 disconnect the active sessions that they list from their clients";

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

impl SessionFilterArgs {
    /// Asks on a terminal before active sessions are listed (SS-29). A dry run lists none.
    ///
    /// # Errors
    /// If the user does not agree.
    pub(super) fn confirmed(self, confirm: &ConfirmArgs) -> anyhow::Result<Self> {
        if !self.active {
            return Ok(self);
        }
        if confirm.dry_run {
            output::print_message(format_args!(
                "Without --dry-run, sessions that are active on other clients are listed too, and \
                 {SIDE_EFFECT}."
            ));
            return Ok(Self {
                active: false,
                ..self
            });
        }
        confirm.ask(&format!("With --active, {SIDE_EFFECT}."))?;
        Ok(self)
    }
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
