//! One operation on a farm: NFuse requests that share a deadline and a permit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use roamd_sessions::{
    ConnectRequest, Connection, DeadlineShare, EndAction, EndPoint, FarmError, FarmSessions,
    HostPort, IconSize, ListScope, NoTicket, Operation, ResourceEnumeration, StaTicket,
};
use secrecy::SecretString;

use super::context::OperationContext;
use super::operation_kind::OperationKind;
use super::{enumeration, icons, launch, session_end, session_list};

/// One operation of one user on one farm.
pub(crate) struct NfuseOperation(pub(super) OperationContext);

impl Operation for NfuseOperation {
    async fn applications(
        &self,
        share: DeadlineShare,
    ) -> Result<Arc<ResourceEnumeration>, FarmError> {
        enumeration::cached(&self.0, share).await
    }

    async fn pre_launch_applications(&self) -> Result<Arc<ResourceEnumeration>, FarmError> {
        enumeration::pre_launch(&self.0).await
    }

    async fn forget_applications(&self) {
        let Self(context) = self;
        if !context.has_enumerated.load(Ordering::Relaxed) {
            context.farm.forget_enumeration(&context.user).await;
        }
    }

    async fn icon(
        &self,
        in_name: &str,
        version: Option<i64>,
        size: IconSize,
    ) -> Result<Option<Arc<[u8]>>, FarmError> {
        icons::cached(&self.0, in_name, version, size).await
    }

    async fn sessions(
        &self,
        end_point: &EndPoint,
        scope: ListScope,
    ) -> Result<FarmSessions, FarmError> {
        let sessions = async {
            if scope.disconnects_active() {
                self.begin_change()?;
            }
            session_list::sessions(&self.0, end_point, scope).await
        };
        let sessions = sessions.await;
        self.counted(OperationKind::List, sessions)
    }

    async fn end(
        &self,
        action: EndAction,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> Result<(), FarmError> {
        let kind = match action {
            EndAction::Disconnect => OperationKind::Disconnect,
            EndAction::LogOff => OperationKind::LogOff,
        };
        let ended = match self.begin_change() {
            Ok(()) => session_end::end(&self.0, action, end_point, tickets).await,
            Err(error) => Err(error),
        };
        self.counted(kind, ended)
    }

    async fn connect(&self, connect: &ConnectRequest) -> Result<Connection, FarmError> {
        let connection = match self.begin_change() {
            Ok(()) => launch::connect(&self.0, connect).await,
            Err(error) => Err(error),
        };
        self.counted(OperationKind::Launch, connection)
    }

    async fn sta_ticket(
        &self,
        gateway: usize,
        host: &HostPort,
        in_name: &str,
        reliable: bool,
    ) -> Result<StaTicket, NoTicket> {
        let Self(context) = self;
        let Some(authorities) = context.farm.authorities.get(gateway) else {
            return Err(NoTicket(
                "the Citrix Gateway has no ticket authorities".to_owned(),
            ));
        };
        authorities
            .request_ticket(context.deadline, &context.user, host, in_name, reliable)
            .await
    }
}

impl NfuseOperation {
    /// Counts a change of the user on the farm.
    ///
    /// # Errors
    /// [`FarmError::Busy`] if the user has made too many.
    fn begin_change(&self) -> Result<(), FarmError> {
        let Self(context) = self;
        if context.farm.changes.take(context.user.key()) {
            Ok(())
        } else {
            Err(FarmError::Busy)
        }
    }

    fn counted<T>(
        &self,
        operation: OperationKind,
        result: Result<T, FarmError>,
    ) -> Result<T, FarmError> {
        self.0.farm.counts.record_operation(operation, result)
    }
}
