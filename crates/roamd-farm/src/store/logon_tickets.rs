//! Logon tickets. Only their hashes are stored; each is redeemed at most once.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::model::client_identity::ClientIdentity;
use crate::model::ticket::{NewTicket, TicketRow, TicketState, TicketTarget};
use crate::store::store_error::StoreError;

/// Retention of expired tickets, so that redemption can report that they expired.
const KEPT_AFTER_EXPIRY_MS: i64 = 24 * 60 * 60 * 1000;

/// Stores a new ticket, and deletes old ones.
pub(crate) fn issue(
    connection: &Connection,
    ticket: &str,
    new: &NewTicket<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let now = now.as_millisecond();
    let mut forget = connection.prepare_cached("DELETE FROM tickets WHERE expires_at < ?1")?;
    forget.execute([now - KEPT_AFTER_EXPIRY_MS])?;
    let (target, session, host, application, sharing_key) = match &new.target {
        TicketTarget::Session(session) => ("session", Some(session), None, None, None),
        TicketTarget::Application {
            host,
            application,
            sharing_key,
        } => (
            "application",
            None,
            Some(host),
            Some(application),
            sharing_key.as_ref(),
        ),
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO tickets (hash, user_id, farm_id, target, session_id, host_id, application_id, \
         client_name, device_id, issued_at, expires_at, sharing_key) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    insert.execute(params![
        hash(ticket),
        new.user,
        new.farm,
        target,
        session,
        host,
        application,
        new.client.name,
        new.client.device_id,
        now,
        now + i64::from(new.life) * 1000,
        sharing_key,
    ])?;
    Ok(())
}

/// Invalidates a ticket of this user on this farm. A ticket that is unknown, redeemed, or of
/// another user is left unchanged, and the caller cannot tell these cases apart.
pub(crate) fn invalidate(
    connection: &Connection,
    farm: i64,
    user: i64,
    ticket: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE tickets SET invalidated_at = ?4 WHERE hash = ?1 AND farm_id = ?2 AND user_id = ?3 \
         AND redeemed_at IS NULL AND invalidated_at IS NULL",
    )?;
    statement.execute(params![hash(ticket), farm, user, now.as_millisecond()])?;
    Ok(())
}

/// Finds a ticket in any state.
pub(crate) fn find(connection: &Connection, ticket: &str) -> Result<Option<TicketRow>, StoreError> {
    let mut find = connection.prepare_cached(
        "SELECT user_id, farm_id, session_id, host_id, application_id, client_name, device_id, \
         issued_at, expires_at, redeemed_at, invalidated_at, sharing_key \
         FROM tickets WHERE hash = ?1",
    )?;
    let found = find.query_row([hash(ticket)], |row| {
        let target = match (row.get(2)?, row.get(3)?, row.get(4)?) {
            (Some(session), _, _) => Some(TicketTarget::Session(session)),
            (None, Some(host), Some(application)) => Some(TicketTarget::Application {
                host,
                application,
                sharing_key: row.get(11)?,
            }),
            _ => None,
        };
        Ok(TicketRow {
            user: row.get(0)?,
            farm: row.get(1)?,
            target,
            client: ClientIdentity {
                name: row.get(5)?,
                device_id: row.get(6)?,
            },
            state: TicketState {
                issued_at: row.get(7)?,
                expires_at: row.get(8)?,
                redeemed: row.get::<_, Option<i64>>(9)?.is_some(),
                invalidated: row.get::<_, Option<i64>>(10)?.is_some(),
            },
        })
    });
    Ok(found.optional()?)
}

/// Marks a ticket as redeemed.
pub(crate) fn mark_redeemed(
    connection: &Connection,
    ticket: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("UPDATE tickets SET redeemed_at = ?2 WHERE hash = ?1")?;
    statement.execute(params![hash(ticket), now.as_millisecond()])?;
    Ok(())
}

/// Hashes a ticket. Tickets have 120 random bits, so a hash without salt keeps them secret.
fn hash(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket).into()
}
