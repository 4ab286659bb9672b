//! Logon tickets: target, state, and reasons to refuse one.

use crate::model::client_identity::ClientIdentity;
use crate::model::session::SharingKey;

/// Target that a logon ticket authorises. Ids are row ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TicketTarget {
    /// Connection to this session.
    Session(i64),
    /// Launch of this application on this host.
    Application {
        host: i64,
        application: i64,
        /// Sharing key of the session that the application starts or joins.
        sharing_key: Option<SharingKey>,
    },
}

/// The values of a logon ticket to issue. Ids are row ids.
#[derive(Debug)]
pub(crate) struct NewTicket<'a> {
    pub(crate) farm: i64,
    pub(crate) user: i64,
    pub(crate) target: TicketTarget,
    /// The client that requested the launch.
    pub(crate) client: &'a ClientIdentity,
    /// Lifetime in seconds.
    pub(crate) life: u32,
}

/// A logon ticket, as stored.
#[derive(Debug)]
pub(crate) struct TicketRow {
    pub(crate) farm: i64,
    pub(crate) user: i64,
    /// `None` if the session of the ticket has ended.
    pub(crate) target: Option<TicketTarget>,
    /// The client that requested the launch.
    pub(crate) client: ClientIdentity,
    pub(crate) state: TicketState,
}

/// Times and state of a ticket. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketState {
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) redeemed: bool,
    pub(crate) invalidated: bool,
}

/// Reason to refuse a logon ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    /// No farm of this data folder issued it, or it expired more than a day ago.
    #[error("no farm of this data folder issued the ticket")]
    Unknown,
    /// It was redeemed before. A ticket is redeemed at most once.
    #[error("the ticket was used before")]
    Used,
    /// Its lifetime is over.
    #[error("the ticket has expired")]
    Expired,
    /// A disconnect or logoff request of its user invalidated it.
    #[error("the ticket was invalidated")]
    Invalidated,
    /// The session that it was issued for has ended.
    #[error("the session of the ticket has ended")]
    SessionEnded,
}
