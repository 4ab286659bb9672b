//! Context of an operation: farm, user, deadline and permit, and the calls that they limit.

use std::convert::identity;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use roamd_fairness::Permit;
use roamd_nfuse_client::{Answer, CallError};
use roamd_nfuse_proto::{CapabilityId, Credentials, Request, SessionCriteria};
use roamd_sessions::{DeadlineShare, EndPoint, FarmError, User, UserKey};
use tokio::time::{Instant, timeout_at};

use super::credentials::explicit;
use super::errors::farm_error;
use super::farm_state::FarmState;

/// Context of one operation of one user on one farm.
pub(super) struct OperationContext {
    pub(super) farm: Arc<FarmState>,
    pub(super) user: User,
    pub(super) deadline: Instant,
    /// The operation has got the user's enumeration from the farm, and not from the cache.
    pub(super) has_enumerated: AtomicBool,
    /// Held until the operation is dropped.
    pub(super) _permit: Permit<UserKey>,
}

impl OperationContext {
    /// The user's credentials, with password.
    pub(super) fn credentials(&self) -> Credentials {
        explicit(
            self.user.name(),
            self.user.domain(),
            Some(self.user.password()),
        )
    }

    /// The criteria of the user's sessions, as seen from an end-point.
    pub(super) fn session_criteria(&self, end_point: &EndPoint) -> SessionCriteria {
        SessionCriteria {
            client_name: end_point.client_name.clone(),
            device_id: end_point.device_id.clone(),
            ..SessionCriteria::new(self.credentials())
        }
    }

    /// Deadline of a request with this share of the remaining time.
    pub(super) fn deadline_of(&self, share: DeadlineShare) -> Instant {
        let now = Instant::now();
        match share {
            DeadlineShare::Whole => self.deadline,
            DeadlineShare::Half => now + self.deadline.saturating_duration_since(now) / 2,
        }
    }

    /// Whether the farm has a capability.
    pub(super) async fn has(&self, capability: &CapabilityId) -> Result<bool, FarmError> {
        let capabilities = self
            .shared(DeadlineShare::Half, self.farm.capabilities())
            .await?;
        Ok(capabilities.contains(capability))
    }

    /// Sends a request within the deadline of the operation.
    pub(super) async fn call<R: Request>(&self, request: &R) -> Result<R::Response, CallError> {
        self.farm.client.call_by(self.deadline, request).await
    }

    /// Sends a request as [`call`](Self::call) does, and converts the error.
    pub(super) async fn query<R: Request>(&self, request: &R) -> Result<R::Response, FarmError> {
        match self.call(request).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.checked(farm_error(&error)).await),
        }
    }

    /// Sends a request whose response several operations may share. Only the farm's timeout limits
    /// it, because other operations may have a later deadline.
    pub(super) async fn query_shared<R: Request>(
        &self,
        request: &R,
    ) -> Result<R::Response, FarmError> {
        let deadline = Instant::now() + self.farm.config.timeout;
        Ok(self.query_list(deadline, request, identity).await?.value)
    }

    /// Sends a request for a list, which may be long, and converts the response where it is
    /// decoded. The memory of the list is charged until the charge is dropped.
    pub(super) async fn query_list<R: Request, T: Send + 'static>(
        &self,
        deadline: Instant,
        request: &R,
        convert: impl Fn(R::Response) -> T + Clone + Send + 'static,
    ) -> Result<Answer<T>, FarmError> {
        match self
            .farm
            .client
            .convert_by(deadline, request, convert)
            .await
        {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.checked(farm_error(&error)).await),
        }
    }

    /// Waits for a shared value within this share of the remaining time. If this operation gives
    /// up, another waiting operation repeats the request.
    pub(super) async fn shared<T>(
        &self,
        share: DeadlineShare,
        value: impl Future<Output = Result<T, Arc<FarmError>>>,
    ) -> Result<T, FarmError> {
        match timeout_at(self.deadline_of(share), value).await {
            Ok(value) => value.map_err(|error| (*error).clone()),
            Err(_) => Err(FarmError::Unavailable(
                "farm did not respond within its share of the deadline".to_owned(),
            )),
        }
    }

    /// Passes an error on. If the farm refused the account, the user's password is checked again
    /// before it goes to another farm.
    pub(super) async fn checked(&self, error: FarmError) -> FarmError {
        if error.concerns_account() {
            self.farm.password_checks.mark_suspect(&self.user).await;
        }
        error
    }
}
