//! Lifetime of logon tickets and STA tickets.

use crate::model::ticket::{TicketRefusal, TicketState};

/// Life of a logon ticket in seconds when nobody asks for another (nfuse.md §5.5: WI asks for 200).
const TICKET_LIFE: u32 = 200;

/// Longest life of a logon ticket in seconds.
const LONGEST_TICKET_LIFE: u32 = 3600;

/// Life of a ticket of the ticket authority in milliseconds, as on real controllers (nfuse.md §8).
pub(crate) const STA_TICKET_LIFE_MS: i64 = 100_000;

/// How far into the past the clock may step before tickets issued before that are refused. Without
/// this a clock set back by a year would make each of them good for a year.
const CLOCK_STEP_MS: i64 = 60_000;

/// Life of a ticket in seconds, from the wish.
pub(crate) fn ticket_life(wanted: Option<u32>) -> u32 {
    wanted.unwrap_or(TICKET_LIFE).clamp(1, LONGEST_TICKET_LIFE)
}

/// Decides whether a ticket is still good.
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
