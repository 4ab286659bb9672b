//! A client comes to a host with a ticket: the session begins, or goes on.

use jiff::Timestamp;
use rusqlite::Connection;

use super::sharing::{SharingKey, joined};
use super::{LaunchRefusal, allow_connection, allow_instance, allow_session, waiting_session};
use crate::db::sessions::NewSession;
use crate::db::tickets::{Target, TicketRow};
use crate::db::{Failure, catalogue, hosts, sessions, tickets};
use crate::error::TicketRefusal;
use crate::rules;
use crate::world::SessionState;

/// Redeems a ticket: connects, starts or joins its session, and tells which. A ticket that is refused is not
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
        Some(Target::Application {
            host,
            application,
            ref sharing_key,
        }) => start(
            connection,
            &found,
            host,
            application,
            sharing_key.as_ref(),
            now,
        )?,
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

/// Starts an application, unless a session waits for it by now: in the session that the client has here
/// already, if it may join that one, else in a new one.
fn start(
    connection: &Connection,
    ticket: &TicketRow,
    host: i64,
    application: i64,
    sharing_key: Option<&SharingKey>,
    now: Timestamp,
) -> Result<i64, Failure> {
    let application = catalogue::application_with_id(connection, application)?;
    if !application.enabled {
        return Err(LaunchRefusal::Disabled.into());
    }
    let farm = catalogue::farm_with_id(connection, ticket.farm)?;
    if let Some(session) = waiting_session(connection, &farm, ticket.user, &application)? {
        return reconnect(connection, ticket, session.id);
    }
    let host = hosts::with_id(connection, host)?;
    host.takes_connection()?;
    let sharing_key = sharing_key.filter(|_| !application.is_desktop);
    if let Some(key) = sharing_key {
        let sessions = sessions::of_user(connection, ticket.farm, ticket.user)?;
        let hosts = std::slice::from_ref(&host);
        if let Some((session, _)) = joined(key, &ticket.client, hosts, &sessions) {
            allow_instance(connection, ticket.user, &application)?;
            sessions::add_instance(connection, session.id, application.id)?;
            return Ok(session.id);
        }
    }
    allow_session(connection, ticket.farm, ticket.user, &application)?;
    host.takes_session(now)?;
    let new = NewSession {
        farm: ticket.farm,
        host: host.id,
        user: ticket.user,
        application: application.id,
        sharing_key: sharing_key.cloned(),
    };
    sessions::insert(connection, &new, SessionState::Active, &ticket.client)
}
