//! The state in use, which a reload replaces.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::app::state::AppState;

/// The state in use. A request takes it once, and ends with it.
pub(crate) struct CurrentState(ArcSwap<AppState>);

impl CurrentState {
    pub(super) fn new(state: AppState) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(state)))
    }

    /// Returns the state for a request that begins now.
    pub(crate) fn get(&self) -> Arc<AppState> {
        self.0.load_full()
    }

    /// Replaces the state for requests that begin from now on.
    pub(super) fn replace(&self, state: Arc<AppState>) {
        self.0.store(state);
    }
}
