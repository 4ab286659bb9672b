//! A client comes to a host with a ticket: the session begins, or goes on.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{LaunchRefusal, allow_connection, allow_session};
use crate::db::sessions::NewSession;
use crate::db::tickets::{Target, TicketRow};
use crate::db::{Failure, catalogue, hosts, sessions, tickets};
use crate::error::TicketRefusal;
use crate::rules;
use crate::world::SessionState;

/// Redeems a ticket: connects or starts its session, and tells which. A ticket that is refused is not
/// spent.
pub(crate) fn redeem(
    connection: &Connection,
    ticket: &str,
    now: Timestamp,
) -> Result<i64, Failure> {
    let found = tickets::find(connection, ticket)?.ok_or(TicketRefusal::Unknown)?;
    rules::redeemable(found.state, now.as_millisecond())?;
    let session = match found.target {
        Some(Target::Session(session)) => reconnect(connection, &found, session)?,
        Some(Target::Application { host, application }) => {
            start(connection, &found, host, application, now)?
        }
        None => return Err(TicketRefusal::SessionEnded.into()),
    };
    tickets::spend(connection, ticket, now)?;
    Ok(session)
}

/// Connects a session to the client that asked for it, wherever it was connected before.
fn reconnect(connection: &Connection, ticket: &TicketRow, session: i64) -> Result<i64, Failure> {
    let host = sessions::with_id(connection, session)?.host_id;
    hosts::with_id(connection, host)?.takes_back()?;
    allow_connection(connection, ticket.farm, ticket.user)?;
    sessions::connect(connection, session, &ticket.client)?;
    Ok(session)
}

fn start(
    connection: &Connection,
    ticket: &TicketRow,
    host: i64,
    application: i64,
    now: Timestamp,
) -> Result<i64, Failure> {
    let application = catalogue::application_with_id(connection, application)?;
    if !application.enabled {
        return Err(LaunchRefusal::Disabled.into());
    }
    allow_session(connection, ticket.farm, ticket.user, &application)?;
    hosts::with_id(connection, host)?.takes_session(now)?;
    let new = NewSession {
        farm: ticket.farm,
        host,
        user: ticket.user,
        application: application.id,
    };
    sessions::insert(connection, new, SessionState::Active, &ticket.client)
}
