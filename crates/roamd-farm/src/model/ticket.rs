//! Logon tickets: target, state, and reasons to refuse one.

use crate::model::client_identity::ClientIdentity;
use crate::model::sharing_key::SharingKey;

/// What a ticket is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TicketTarget {
    /// To connect this session.
    Session(i64),
    /// To start this application on this host.
    Application {
        host: i64,
        application: i64,
        /// In a session that it may share, or that may be shared with others later.
        sharing_key: Option<SharingKey>,
    },
}

/// A ticket to be issued.
#[derive(Debug)]
pub(crate) struct NewTicket<'a> {
    pub(crate) farm: i64,
    pub(crate) user: i64,
    pub(crate) target: TicketTarget,
    /// The client that asked for the launch.
    pub(crate) client: &'a ClientIdentity,
    /// Seconds.
    pub(crate) life: u32,
}

/// A ticket as it is kept.
#[derive(Debug)]
pub(crate) struct TicketRow {
    pub(crate) farm: i64,
    pub(crate) user: i64,
    /// Absent when it was good for a session that has ended.
    pub(crate) target: Option<TicketTarget>,
    /// The client that asked for the launch.
    pub(crate) client: ClientIdentity,
    pub(crate) state: TicketState,
}

/// What has happened to a ticket. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketState {
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) redeemed: bool,
    pub(crate) invalidated: bool,
}

/// Why a logon ticket connects nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    /// No farm of this data folder issued it, or it expired long ago.
    #[error("it is unknown here")]
    Unknown,
    /// It was redeemed before; a ticket works once.
    #[error("it was used before")]
    Used,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// A disconnect or logoff of its user named it.
    #[error("it was invalidated")]
    Invalidated,
    /// The session that it was issued for has ended.
    #[error("its session has ended")]
    SessionEnded,
}
