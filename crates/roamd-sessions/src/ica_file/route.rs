//! Routes from a client to a host.

use secrecy::SecretString;

use super::host_port::HostPort;

/// Route from a client to a host.
#[derive(Debug, Clone)]
pub enum Route {
    /// Directly to the address that the farm sent.
    Direct,
    /// Through a Citrix Gateway, which gets the address from a ticket authority (nfuse.md §8).
    Gateway {
        /// The Citrix Gateway.
        proxy: HostPort,
        /// Ticket that replaces the address of the host.
        ticket: StaTicket,
    },
}

/// Ticket of a Secure Ticket Authority (STA): replaces the address of a host.
#[derive(Debug, Clone)]
pub struct StaTicket {
    /// `TicketVersion`, such as `40`.
    pub version: String,
    /// `AuthorityID`, such as `STA0123456789AB`.
    pub authority: String,
    /// The ticket.
    pub ticket: SecretString,
}
