//! STA tickets. Only their hashes are stored; each is redeemed at most once.

use std::net::IpAddr;

use jiff::Timestamp;
use roamd_nfuse_proto::sta::TicketData;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::model::ticket::TicketState;
use crate::rules::ticket_lifetime::{STA_TICKET_LIFE_MS, check_redeemable};
use crate::store::store_error::StoreError;

/// Maximum number of unredeemed tickets of a farm. Anyone who reaches the authority may request
/// tickets, so their number is bounded.
const MOST_TICKETS: i64 = 10_000;

/// The same for clients that have presented no right password lately: the rest is for the others.
const MOST_TICKETS_OF_STRANGERS: i64 = MOST_TICKETS / 2;

/// Maximum number of unredeemed tickets that one client has requested from a farm. A client cannot
/// deny tickets, and so launches from outside, to the others.
const MOST_TICKETS_PER_CLIENT: i64 = 1_000;

/// Client that requests a ticket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketClient {
    /// Its network, or `None` for a caller in this process.
    pub(crate) network: Option<IpAddr>,
    /// Whether it has presented a right password lately.
    pub(crate) is_known: bool,
}

/// Stores a new ticket for an address. Returns `None` if the farm has [`MOST_TICKETS`] unredeemed
/// tickets ([`MOST_TICKETS_OF_STRANGERS`] for a stranger), or [`MOST_TICKETS_PER_CLIENT`] of this
/// client.
pub(crate) fn issue(
    connection: &Connection,
    farm: i64,
    client: TicketClient,
    ticket: &str,
    data: &TicketData,
    now: Timestamp,
) -> Result<Option<()>, StoreError> {
    let now = now.as_millisecond();
    let mut forget = connection.prepare_cached("DELETE FROM sta_tickets WHERE expires_at < ?1")?;
    forget.execute([now])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO sta_tickets (hash, farm_id, ica_address, x_data, issued_at, expires_at, client) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?8 \
         WHERE (SELECT count(*) FROM sta_tickets WHERE farm_id = ?2) < ?7 \
         AND (SELECT count(*) FROM sta_tickets WHERE farm_id = ?2 AND client = ?8) < ?9",
    )?;
    let most = match client {
        TicketClient {
            network: Some(_),
            is_known: false,
        } => MOST_TICKETS_OF_STRANGERS,
        _ => MOST_TICKETS,
    };
    let inserted = insert.execute(params![
        hash(ticket),
        farm,
        data.ica_address,
        data.x_data,
        now,
        now + STA_TICKET_LIFE_MS,
        most,
        client.network.map(|client| client.to_string()),
        MOST_TICKETS_PER_CLIENT,
    ])?;
    Ok((inserted > 0).then_some(()))
}

/// Deletes a ticket and returns its data. Returns `None` for an unknown or expired ticket.
pub(crate) fn redeem(
    connection: &Connection,
    farm: i64,
    ticket: &str,
    now: Timestamp,
) -> Result<Option<TicketData>, StoreError> {
    let mut take = connection.prepare_cached(
        "DELETE FROM sta_tickets WHERE hash = ?1 AND farm_id = ?2 \
         RETURNING ica_address, x_data, issued_at, expires_at",
    )?;
    let found = take.query_row(params![hash(ticket), farm], |row| {
        let data = TicketData {
            ica_address: row.get(0)?,
            x_data: row.get(1)?,
        };
        let state = TicketState {
            issued_at: row.get(2)?,
            expires_at: row.get(3)?,
            redeemed: false,
            invalidated: false,
        };
        Ok((data, state))
    });
    Ok(found
        .optional()?
        .filter(|(_, state)| check_redeemable(*state, now.as_millisecond()).is_ok())
        .map(|(data, _)| data))
}

/// Hashes a ticket. Tickets have 128 random bits, so a hash without salt keeps them secret.
fn hash(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket).into()
}
