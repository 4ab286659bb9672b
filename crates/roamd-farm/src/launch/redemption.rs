//! Redemption of a logon ticket at a session host.

use jiff::Timestamp;
use rusqlite::Connection;

use crate::launch::admission::{
    allow_connection, allow_instance, allow_session, session_to_resume,
};
use crate::model::launch_refusal::LaunchRefusal;
use crate::model::session::{NewSession, SessionState, SharingKey};
use crate::model::ticket::{TicketRefusal, TicketRow, TicketTarget};
use crate::rules::session_sharing::find_shared_session;
use crate::rules::ticket_lifetime::check_redeemable;
use crate::store::store_error::StoreError;
use crate::store::{farms, hosts, logon_tickets, published_applications, sessions};

/// Redeems a logon ticket: connects, starts or joins its session, and returns the row id of the
/// session. A refused ticket remains unredeemed.
pub(crate) fn redeem_ticket(
    connection: &Connection,
    ticket: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let found = logon_tickets::find(connection, ticket)?.ok_or(TicketRefusal::Unknown)?;
    check_redeemable(found.state, now.as_millisecond())?;
    let session = match found.target {
        Some(TicketTarget::Session(session)) => reconnect(connection, &found, session)?,
        Some(TicketTarget::Application {
            host,
            application,
            ref sharing_key,
        }) => start_application(
            connection,
            &found,
            host,
            application,
            sharing_key.as_ref(),
            now,
        )?,
        None => return Err(TicketRefusal::SessionEnded.into()),
    };
    logon_tickets::mark_redeemed(connection, ticket, now)?;
    Ok(session)
}

/// Connects a session to the client of the ticket, and disconnects it from the previous one.
fn reconnect(connection: &Connection, ticket: &TicketRow, session: i64) -> Result<i64, StoreError> {
    let host = sessions::with_id(connection, session)?.host_id;
    hosts::with_id(connection, host)?.check_reconnect()?;
    allow_connection(connection, ticket.farm, ticket.user)?;
    sessions::connect(connection, session, &ticket.client)?;
    Ok(session)
}

/// Launches an application: returns to the user's session of it if there is one by now, else joins
/// a session that may be shared, else starts a new one.
fn start_application(
    connection: &Connection,
    ticket: &TicketRow,
    host: i64,
    application: i64,
    sharing_key: Option<&SharingKey>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let application = published_applications::with_id(connection, application)?;
    if !application.enabled {
        return Err(LaunchRefusal::Disabled.into());
    }
    let farm = farms::with_id(connection, ticket.farm)?;
    if let Some(session) = session_to_resume(connection, &farm, ticket.user, &application)? {
        return reconnect(connection, ticket, session.id);
    }
    let host = hosts::with_id(connection, host)?;
    host.check_connection()?;
    let sharing_key = sharing_key.filter(|_| !application.is_desktop);
    if let Some(key) = sharing_key {
        let sessions = sessions::of_user(connection, ticket.farm, ticket.user)?;
        let hosts = std::slice::from_ref(&host);
        if let Some((session, _)) = find_shared_session(key, &ticket.client, hosts, &sessions) {
            allow_instance(connection, ticket.user, &application)?;
            sessions::add_instance(connection, session.id, application.id)?;
            return Ok(session.id);
        }
    }
    allow_session(connection, ticket.farm, ticket.user, &application)?;
    host.check_new_session(now)?;
    let new = NewSession {
        farm: ticket.farm,
        host: host.id,
        user: ticket.user,
        application: application.id,
        sharing_key: sharing_key.cloned(),
    };
    sessions::insert(connection, &new, SessionState::Active, &ticket.client)
}
