//! `RequestTicket`: a logon ticket that stands for the user's password (nfuse.md §5.5).

use crate::Credentials;

/// Asks for a logon ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRequest {
    /// The user, with password.
    pub credentials: Credentials,
    /// `TicketType`, `CtxLogon`.
    pub ticket_type: String,
    /// From the address answer, unchanged.
    pub ticket_tag: String,
    /// `TimetoLive` in seconds.
    pub time_to_live: Option<u32>,
}

/// A logon ticket. Opaque; 30 upper-case hexadecimal digits on IMA.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketAnswer {
    /// The ticket.
    pub ticket: String,
}

impl std::fmt::Debug for TicketAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketAnswer(..)")
    }
}
