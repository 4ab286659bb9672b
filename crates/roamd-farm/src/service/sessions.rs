//! Requests that list, disconnect and log off sessions: `RequestReconnectSessionData`,
//! `RequestDisconnectUserSessions` and `RequestLogoffUserSessions` (nfuse.md §3, §4).

use roamd_nfuse_proto::{
    DisconnectUserSessionsRequest, DisconnectUserSessionsResponse, HostId,
    LogoffUserSessionsRequest, LogoffUserSessionsResponse, ReconnectSessionDataRequest,
    ReconnectSessionDataResponse, SessionEntry, SessionSelection,
};
use rusqlite::Connection;

use crate::model::client_identity::ClientIdentity;
use crate::model::generation::Generation;
use crate::model::session::SessionRow;
use crate::rules::generation_behaviour::{host_id_kind, listing_disconnects};
use crate::rules::request_refusal::RequestRefusal;
use crate::rules::session_selection::{list_sessions, select_sessions};
use crate::rules::type_filters::{CLIENT_TYPE, SERVER_TYPE, filters_match};
use crate::service::request_handler::RequestHandler;
use crate::store::store_error::StoreError;
use crate::store::{logon_tickets, sessions};

/// Ends or disconnects the sessions with these row ids.
type EndSessions = fn(&Connection, &[i64]) -> Result<(), StoreError>;

impl RequestHandler<'_> {
    /// Responds to `RequestReconnectSessionData`: lists sessions, which disconnects active ones
    /// before generation 7.
    pub(crate) async fn reconnect(
        &self,
        request: ReconnectSessionDataRequest,
    ) -> Result<ReconnectSessionDataResponse, RequestRefusal> {
        let criteria = request.criteria;
        let user = self.authenticate(&criteria.credentials).await?.id;
        if !filters_match(&criteria.server_types, &criteria.client_types) {
            return Ok(ReconnectSessionDataResponse::default());
        }
        let farm = self.farm.row.clone();
        let generation = farm.generation;
        let caller = ClientIdentity::new(&criteria.client_name, &criteria.device_id);
        let types = request.session_types;
        let listed = if listing_disconnects(generation, &types) {
            self.write(move |transaction| {
                let sessions = sessions::of_user(transaction, farm.id, user)?;
                let listing = list_sessions(generation, &caller, &types, sessions);
                sessions::disconnect(transaction, &listing.disconnected)?;
                Ok(listing.listed)
            })
            .await?
        } else {
            let sessions = self.read(|connection| sessions::of_user(connection, farm.id, user))?;
            list_sessions(generation, &caller, &types, sessions).listed
        };
        let server_type = criteria.server_types.into_iter().next();
        let server_type = server_type.unwrap_or_else(|| SERVER_TYPE.to_owned());
        Ok(ReconnectSessionDataResponse {
            sessions: listed
                .into_iter()
                .map(|session| session_entry(generation, &server_type, session))
                .collect(),
        })
    }

    /// Responds to `RequestDisconnectUserSessions`.
    pub(crate) async fn disconnect(
        &self,
        request: DisconnectUserSessionsRequest,
    ) -> Result<DisconnectUserSessionsResponse, RequestRefusal> {
        self.end_sessions(request.0, sessions::disconnect).await?;
        Ok(DisconnectUserSessionsResponse)
    }

    /// Responds to `RequestLogoffUserSessions`.
    pub(crate) async fn logoff(
        &self,
        request: LogoffUserSessionsRequest,
    ) -> Result<LogoffUserSessionsResponse, RequestRefusal> {
        self.end_sessions(request.0, sessions::end).await?;
        Ok(LogoffUserSessionsResponse)
    }

    /// Invalidates tickets and ends or disconnects the selected sessions. Tickets come first: an
    /// invalidated ticket cannot reconnect a session that this request disconnects.
    async fn end_sessions(
        &self,
        selection: SessionSelection,
        end: EndSessions,
    ) -> Result<(), RequestRefusal> {
        let (criteria, tickets) = (selection.criteria, selection.tickets);
        let user = self.authenticate(&criteria.credentials).await?.id;
        let farm = self.farm.row.clone();
        let now = self.now;
        self.write(move |transaction| {
            for ticket in &tickets {
                logon_tickets::invalidate(transaction, farm.id, user, ticket, now)?;
            }
            if !filters_match(&criteria.server_types, &criteria.client_types) {
                return Ok(());
            }
            let caller = ClientIdentity::new(&criteria.client_name, &criteria.device_id);
            let sessions = sessions::of_user(transaction, farm.id, user)?;
            end(transaction, &select_sessions(&caller, &sessions))
        })
        .await
    }
}

fn session_entry(generation: Generation, server_type: &str, session: SessionRow) -> SessionEntry {
    SessionEntry {
        in_name: session.application,
        server_type: server_type.to_owned(),
        client_type: CLIENT_TYPE.to_owned(),
        host_id: HostId {
            kind: Some(host_id_kind(generation).to_owned()),
            value: session.host,
        },
        session_id: session.number.to_string(),
        ..SessionEntry::default()
    }
}
