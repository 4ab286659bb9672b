//! Adapter: the domain's port `Farm`, implemented over the NFuse client.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use roamd_fairness::{NoPermit, SemaphoreUsage};
use roamd_nfuse_client::{ControllerReport, TlsError};
use roamd_sessions::{Farm, FarmDescription, FarmError, User};
use tokio::time::Instant;

use super::context::OperationContext;
use super::farm_state::{FarmSetup, FarmState};
use super::operation::NfuseOperation;
use super::operation_kind::OperationKind;

/// One farm, reached over NFuse. A clone is the same farm.
#[derive(Clone)]
pub(crate) struct NfuseFarm(pub(super) Arc<FarmState>);

impl NfuseFarm {
    /// Makes the adapter of a configured farm.
    ///
    /// # Errors
    /// [`TlsError`] if the configured certificates or keys cannot be used.
    pub(crate) fn new(setup: FarmSetup) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(FarmState::new(setup)?)))
    }

    /// Configured id of the farm.
    pub(crate) fn id(&self) -> &str {
        self.0.client.id()
    }

    /// The controllers in configured order, with their health as calls have observed it.
    pub(crate) fn controllers(&self) -> impl Iterator<Item = ControllerReport<'_>> {
        self.0.client.controllers()
    }

    /// Operations on the farm in progress, and those that wait for one to end.
    pub(crate) fn operations(&self) -> SemaphoreUsage {
        self.0.usage()
    }

    /// Maximum number of operations on the farm at the same time.
    pub(crate) fn concurrency(&self) -> usize {
        self.0.config.concurrency
    }

    /// Probes the controllers now, and from then on while they are idle.
    pub(crate) fn start_probing(&self, interval: Duration) {
        self.0.client.start_probing(interval);
    }

    /// Removes the user's enumeration from the cache.
    pub(crate) async fn forget_enumeration(&self, user: &User) {
        self.0.forget_enumeration(user).await;
    }
}

impl Farm for NfuseFarm {
    type Operation = NfuseOperation;

    fn description(&self) -> &FarmDescription {
        &self.0.description
    }

    async fn begin(&self, user: &User) -> Result<NfuseOperation, FarmError> {
        let deadline = Instant::now() + self.0.config.timeout;
        let permit = match self.0.permit(user.key(), deadline).await {
            Ok(permit) => permit,
            Err(NoPermit) => {
                let counts = &self.0.counts;
                return counts.record_operation(OperationKind::Permit, Err(FarmError::Busy));
            }
        };
        Ok(NfuseOperation(OperationContext {
            farm: Arc::clone(&self.0),
            user: user.clone(),
            deadline,
            has_enumerated: AtomicBool::new(false),
            _permit: permit,
        }))
    }
}
