//! Lifetime of logon tickets and STA tickets.

use crate::model::ticket::{TicketRefusal, TicketState};

/// Default lifetime of a logon ticket in seconds (nfuse.md §5.5: WI asks for 200).
const TICKET_LIFE: u32 = 200;

/// Maximum lifetime of a logon ticket in seconds.
const LONGEST_TICKET_LIFE: u32 = 3600;

/// Lifetime of an STA ticket in milliseconds, as on real controllers (nfuse.md §8).
pub(crate) const STA_TICKET_LIFE_MS: i64 = 100_000;

/// Step by which the clock may be set back before earlier tickets are refused. Without this bound a
/// clock set back by a year would extend each ticket by a year.
const CLOCK_STEP_MS: i64 = 60_000;

/// Returns the lifetime of a ticket in seconds for a requested lifetime.
pub(crate) fn ticket_life(requested: Option<u32>) -> u32 {
    requested
        .unwrap_or(TICKET_LIFE)
        .clamp(1, LONGEST_TICKET_LIFE)
}

/// Checks whether a ticket may be redeemed now.
pub(crate) fn check_redeemable(ticket: TicketState, now: i64) -> Result<(), TicketRefusal> {
    if ticket.redeemed {
        Err(TicketRefusal::Used)
    } else if ticket.invalidated {
        Err(TicketRefusal::Invalidated)
    } else if now >= ticket.expires_at || now < ticket.issued_at - CLOCK_STEP_MS {
        Err(TicketRefusal::Expired)
    } else {
        Ok(())
    }
}
