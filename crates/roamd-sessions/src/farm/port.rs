//! The port: the traits that a farm adapter implements.

use std::sync::Arc;

use secrecy::SecretString;

use crate::ica_file::{HostPort, StaTicket};
use crate::list::ListScope;
use crate::{
    ConnectRequest, Connection, DeadlineShare, EndPoint, FarmDescription, FarmError, FarmId,
    FarmSessions, IconSize, NoTicket, ResourceEnumeration, User,
};

/// One farm. The implementation is responsible for deadlines, controllers, retries and queues.
pub trait Farm: Send + Sync {
    /// An operation on this farm for one user.
    type Operation: Operation;

    /// The configured properties of the farm.
    fn description(&self) -> &FarmDescription;

    /// Begins an operation. The farm's deadline starts now and covers all requests of the operation
    /// and the time that it waits for a permit.
    ///
    /// # Errors
    /// [`FarmError::Busy`] if the operation gets no permit.
    fn begin(&self, user: &User)
    -> impl Future<Output = Result<Self::Operation, FarmError>> + Send;
}

/// An operation on one farm for one user. All its requests share the deadline that [`Farm::begin`]
/// set. Dropping it releases its permit.
pub trait Operation: Send + Sync {
    /// The resources that the user may start. May come from a short-lived cache.
    fn applications(
        &self,
        share: DeadlineShare,
    ) -> impl Future<Output = Result<Arc<ResourceEnumeration>, FarmError>> + Send;

    /// The pre-launch resources of the user (nfuse.md §6.1). Never cached.
    fn pre_launch_applications(
        &self,
    ) -> impl Future<Output = Result<Arc<ResourceEnumeration>, FarmError>> + Send;

    /// Removes the user's resources from the cache of [`Operation::applications`], unless this
    /// operation has got them from the farm.
    fn forget_applications(&self) -> impl Future<Output = ()> + Send;

    /// The icon of this version of an application, as PNG; `None` if the farm has none. May come
    /// from a cache.
    fn icon(
        &self,
        in_name: &str,
        version: Option<i64>,
        size: IconSize,
    ) -> impl Future<Output = Result<Option<Arc<[u8]>>, FarmError>> + Send;

    /// The user's sessions that are not connected from this end-point (SS-31).
    fn sessions(
        &self,
        end_point: &EndPoint,
        scope: ListScope,
    ) -> impl Future<Output = Result<FarmSessions, FarmError>> + Send;

    /// Disconnects or logs off the user's sessions that are connected from this end-point (SS-44),
    /// and invalidates these logon tickets if the farm supports it (SS-46).
    fn end(
        &self,
        action: EndAction,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> impl Future<Output = Result<(), FarmError>> + Send;

    /// Gets a connection to an existing or a new session.
    fn connect(
        &self,
        connect: &ConnectRequest,
    ) -> impl Future<Output = Result<Connection, FarmError>> + Send;

    /// Requests a ticket of a Citrix Gateway, by its number in the order of the store, that
    /// replaces the address of this host, which runs this application. A `reliable` ticket can be
    /// used again to find the session (nfuse.md §8).
    ///
    /// # Errors
    /// [`NoTicket`] if no ticket authority issued a ticket.
    fn sta_ticket(
        &self,
        gateway: usize,
        host: &HostPort,
        in_name: &str,
        reliable: bool,
    ) -> impl Future<Output = Result<StaTicket, NoTicket>> + Send;
}

/// Kind of end of sessions (SS-45).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndAction {
    /// Disconnects them. Their programs continue.
    Disconnect,
    /// Logs them off. Their programs end.
    LogOff,
}

/// Returns the farm with this id, or `None` if there is none.
pub(crate) fn find_farm<'f, F: Farm>(farms: &'f [F], id: &FarmId) -> Option<&'f F> {
    farms.iter().find(|farm| farm.description().id == *id)
}
