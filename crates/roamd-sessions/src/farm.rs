//! The port to a farm, in the words of this service.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::resource_enumeration::NAME_BYTES;
use crate::{
    EndAction, EndPoint, HostPort, IconSize, ListScope, ResourceEnumeration, SessionSettings,
    StaTicket, User,
};

/// A farm's configured id, the prefix of its resource ids: `XA1` in `XA1.MSPaint`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FarmId(String);

impl FarmId {
    /// An id from the configuration, which has checked its characters.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a farm's product does on a listing, and what it hosts (nfuse.md §10). The protocol does not
/// tell it: it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// XenApp up to 6.5: hosts applications, and desktops beside them.
    XenApp6,
    /// XenDesktop before 7: hosts desktops.
    XenDesktop5,
    /// XenApp and XenDesktop 7 and later, Virtual Apps and Desktops.
    Cvad7,
}

impl Generation {
    /// ListScope active sessions takes them away from their clients (SS-29).
    #[must_use]
    pub const fn listing_active_disconnects(self) -> bool {
        match self {
            Self::XenApp6 | Self::XenDesktop5 => true,
            Self::Cvad7 => false,
        }
    }
}

/// What the configuration says of a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmDescription {
    /// Prefix of its resource ids.
    pub id: FarmId,
    /// Its name for people: `publishername` (SS-39).
    pub publisher_name: String,
    /// Its generation.
    pub generation: Generation,
    /// Lifts the exclusion of [`Generation::XenDesktop5`] when only applications are wanted (SS-33).
    pub legacy_workspace_control: bool,
    /// Farms of one group publish the same application once.
    pub aggregation_group: Option<String>,
    /// How long a logon ticket shall live.
    pub ticket_time_to_live: Duration,
}

impl FarmDescription {
    /// The first of these that is a name for people, else the farm's: nothing is shown without one
    /// (SS-40).
    pub(crate) fn name_of<'a>(&'a self, names: impl IntoIterator<Item = &'a str>) -> &'a str {
        let is_one = |name: &&str| !name.trim().is_empty() && name.len() <= NAME_BYTES;
        let found = names.into_iter().find(is_one);
        found.unwrap_or(&self.publisher_name)
    }
}

/// Names one session on one farm. Opaque text of the farm, sent back unchanged (nfuse.md §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Kind of the host id; absent where the farm sends none.
    pub host_kind: Option<String>,
    /// Host of the session.
    pub host_id: String,
    /// Number of the session on that host.
    pub session_id: String,
    /// Internal name of the application that made the session; may be empty.
    pub in_name: String,
}

impl SessionKey {
    /// Whether both name one session, whatever they say runs in it.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    /// What tells the session from others of its farm: its host and its number there. What runs in it
    /// does not (nfuse.md §3.2).
    pub(crate) fn place(&self) -> (Option<&str>, &str, &str) {
        (self.host_kind.as_deref(), &self.host_id, &self.session_id)
    }
}

/// A session as a farm lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmSession {
    /// Names it.
    pub key: SessionKey,
    /// Name of its application for people, where the farm sends one.
    pub friendly_name: Option<String>,
    /// Kind of host, for example `win32`.
    pub server_type: String,
}

/// What a farm makes a connection to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A session that is there.
    Session(SessionKey),
    /// An application or desktop, by its internal name.
    Application(String),
}

impl Target {
    /// Internal name of the application; empty where a farm does not tell it of a session.
    #[must_use]
    pub fn in_name(&self) -> &str {
        match self {
            Self::Session(session) => &session.in_name,
            Self::Application(in_name) => in_name,
        }
    }
}

/// What a client that connects brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectRequest {
    /// What it connects to.
    pub target: Target,
    /// Where the client is.
    pub end_point: EndPoint,
    /// Address of the client, as it claims or as it was seen (ST-16). Farms choose hosts by it
    /// (ST-36).
    pub client_address: Option<IpAddr>,
    /// How the session shall look and sound. Farms from 7 on make a session sharing key of it.
    pub settings: SessionSettings,
    /// The session sharing key that counts where the farm makes none.
    pub sharing_key: Option<String>,
}

/// Everything a client needs to connect.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `host:port` or `host`, which means port 1494.
    pub address: String,
    /// Port of session reliability.
    pub cgp_port: Option<u16>,
    /// Launch reference, where the farm needs one.
    pub launch_reference: Option<String>,
    /// Session sharing key, where there is one.
    pub session_sharing_key: Option<String>,
    /// How the user logs on to the host.
    pub logon: Logon,
}

/// How a user logs on to a host.
#[derive(Debug, Clone)]
pub enum Logon {
    /// By a logon ticket, which stands for the user's password, once.
    Ticket(SecretString),
    /// As the user of the client computer: there is no password that a ticket could stand for
    /// (nfuse.md §5.5).
    SingleSignOn,
    /// By what the host asks for: the farm gives no tickets.
    Prompt,
}

/// Why a farm did not do what it was asked, by who must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FarmError {
    /// No controller gave a usable answer in time; the operator must look. What was asked may or
    /// may not have been done.
    #[error("no usable answer: {0}")]
    Unavailable(String),
    /// No controller took what was asked, or the farm said that it takes nothing now: it is certain that
    /// nothing was done.
    #[error("nothing was done: {0}")]
    NotDone(String),
    /// The farm has as many operations as it may have, and nothing of this one was sent to it.
    #[error("the farm has as much to do as it may have at once")]
    Busy,
    /// The farm answered that it will not.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The farm answered that it will not go on with what it may have begun.
    #[error("refused half way: {0}")]
    RefusedHalfway(Refusal),
}

impl FarmError {
    /// Why the farm refused, if it did.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refusal) | Self::RefusedHalfway(refusal) => Some(*refusal),
            Self::Unavailable(_) | Self::NotDone(_) | Self::Busy => None,
        }
    }

    /// The error of a request that only read something: whatever became of it, nothing was done.
    #[must_use]
    pub fn after_read(self) -> Self {
        match self {
            Self::Unavailable(reason) => Self::NotDone(reason),
            error => error,
        }
    }

    /// The error of a request that followed one which may have done something.
    #[must_use]
    pub fn after_earlier_request(self) -> Self {
        match self {
            Self::NotDone(reason) => Self::Unavailable(reason),
            Self::Refused(refusal) => Self::RefusedHalfway(refusal),
            error => error,
        }
    }

    /// The kind of error in one word, for counting.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) | Self::NotDone(_) => "unavailable",
            Self::Busy => "busy",
            Self::Refused(_) | Self::RefusedHalfway(_) => "refused",
        }
    }
}

/// No ticket authority of the store's gateway gave a ticket. The farm has nothing to do with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no ticket authority of the gateway gave a ticket: {0}")]
pub struct NoTicket(pub String);

/// Every farm that had to be asked was busy, and nothing was sent to any of them: the same wish may
/// be made again, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("every farm has as much to do as it may have at once; try again later")]
pub struct Busy;

/// Why a farm refused (nfuse.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Wrong user name or password.
    #[error("the credentials are not good")]
    Credentials,
    /// Right password, but the account is disabled, locked, or outside its hours.
    #[error("the account may not log on")]
    Account,
    /// Right password, but it has to be changed first.
    #[error("the password has to be changed")]
    PasswordExpired,
    /// The farm does not trust this gateway: XML trust is off.
    #[error("the farm does not trust requests from this gateway")]
    NotTrusted,
    /// The farm lacks a licence.
    #[error("the farm has no licence for it")]
    NotLicensed,
    /// No host can take the session.
    #[error("no host is free")]
    NoHost,
    /// Every host that could take the session is at full load.
    #[error("all hosts are at full load")]
    Overloaded,
    /// The farm does not know the session.
    #[error("the session is not known")]
    UnknownSession,
    /// The farm does not know the application, or not for this user.
    #[error("the application is not known")]
    UnknownApplication,
    /// The user has as many sessions as they may have.
    #[error("the user has as many sessions as allowed")]
    SessionLimit,
    /// The machine refused the connection.
    #[error("the machine refused the connection")]
    HostRefused,
    /// The machine is in maintenance.
    #[error("the machine is in maintenance")]
    Maintenance,
    /// The application or desktop itself is in trouble.
    #[error("the application cannot be used")]
    Resource,
    /// The host is not ready yet; ask again.
    #[error("the host is not ready yet")]
    NotReady(NotReady),
    /// The farm lacks what was asked for, or does not understand it.
    #[error("the farm cannot do what was asked")]
    Unsupported,
    /// Anything else.
    #[error("the farm gave no reason")]
    Other,
}

/// Why a host is not ready yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotReady {
    /// It restarts.
    Rebooting,
    /// It wakes up.
    Resuming,
    /// The farm does not tell.
    Unknown,
}

impl Refusal {
    /// It is about the user's account, so whatever else this user asks here is refused as well.
    #[must_use]
    pub const fn concerns_account(self) -> bool {
        matches!(
            self,
            Self::Credentials | Self::Account | Self::PasswordExpired
        )
    }
}

/// How much of the time that an operation has left one of its requests may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineShare {
    /// All of it: the operation is of no use without the answer.
    Whole,
    /// Half of it: the operation can do without the answer, and needs the rest.
    Half,
}

/// One farm. Deadlines, controllers, retries and queues are the business of the implementation.
pub trait Farm: Send + Sync {
    /// What it does for one user, under one deadline.
    type Operation: Operation;

    /// What the configuration says of it.
    fn description(&self) -> &FarmDescription;

    /// Begins an operation. The farm's deadline counts from now, for everything that the operation
    /// asks together; waiting for its turn counts too.
    ///
    /// # Errors
    /// [`FarmError::Busy`], when there is no turn to be had.
    fn begin(&self, user: &User)
    -> impl Future<Output = Result<Self::Operation, FarmError>> + Send;
}

/// An operation on one farm for one user. Whatever it asks has to be answered by the one deadline
/// that it was begun with. Dropping it lets the next one have its turn.
pub trait Operation: Send + Sync {
    /// What the user may start there. May come from a short-lived cache.
    fn applications(
        &self,
        share: DeadlineShare,
    ) -> impl Future<Output = Result<Arc<ResourceEnumeration>, FarmError>> + Send;

    /// What a client starts for the user before anybody asks for it. ActiveSessionsRequested anew each time.
    fn pre_launch_applications(
        &self,
    ) -> impl Future<Output = Result<Arc<ResourceEnumeration>, FarmError>> + Send;

    /// Has the farm asked for the applications when they are needed next.
    fn forget_applications(&self) -> impl Future<Output = ()> + Send;

    /// The picture of an application of this version, in PNG; none where the farm has none. May come
    /// from a cache.
    fn picture(
        &self,
        in_name: &str,
        version: Option<i64>,
        size: IconSize,
    ) -> impl Future<Output = Result<Option<Arc<[u8]>>, FarmError>> + Send;

    /// The user's sessions that are not connected from this end-point (SS-31).
    fn sessions(
        &self,
        end_point: &EndPoint,
        listing: ListScope,
    ) -> impl Future<Output = Result<Vec<FarmSession>, FarmError>> + Send;

    /// Disconnects the user's sessions that are connected from this end-point (SS-44), or logs them
    /// off, and invalidates these logon tickets as far as the farm can (SS-46).
    fn end(
        &self,
        how: EndAction,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> impl Future<Output = Result<(), FarmError>> + Send;

    /// Gets ready what a client needs to connect.
    fn connect(
        &self,
        connect: &ConnectRequest,
    ) -> impl Future<Output = Result<Connection, FarmError>> + Send;

    /// A ticket for the store's gateway that stands for this host, where this application runs. A
    /// `reliable` one may be used again to find the session (nfuse.md §8).
    ///
    /// # Errors
    /// [`NoTicket`]; the farm itself has done its part.
    fn sta_ticket(
        &self,
        host: &HostPort,
        in_name: &str,
        reliable: bool,
    ) -> impl Future<Output = Result<StaTicket, NoTicket>> + Send;
}
