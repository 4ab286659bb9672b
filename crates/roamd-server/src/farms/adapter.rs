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
    /// Makes the adapter of a configured farm. `previous` is the farm of the same id in the
    /// configuration before.
    ///
    /// # Errors
    /// [`TlsError`] if the configured certificates or keys cannot be used.
    pub(crate) fn new(setup: FarmSetup, previous: Option<&Self>) -> Result<Self, TlsError> {
        let previous = previous.map(|NfuseFarm(state)| &**state);
        Ok(Self(Arc::new(FarmState::new(setup, previous)?)))
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

    /// Whether it reaches its controllers with the client of another farm.
    pub(crate) fn shares_client_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.client, &other.0.client)
    }

    /// Probes the controllers now, and from then on while they are idle; `None` ends that.
    pub(crate) fn probe_when_idle(&self, interval: Option<Duration>) {
        self.0.client.probe_when_idle(interval);
    }

    /// Applies its limits to the operations in progress.
    pub(crate) fn apply_limits(&self) {
        self.0.apply_limits();
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
