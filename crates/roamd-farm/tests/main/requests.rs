//! NFuse requests of clients, and launches made of them.

use roamd_farm::{Error, LaunchRefusal, SessionRecord};
use roamd_nfuse_proto::{
    AddressName, AddressRequest, Credentials, DisconnectUserSessionsRequest, ErrorId, FarmError,
    HostId, LogoffUserSessionsRequest, NativeError, SessionCriteria, SessionName, SessionSelection,
    TicketRequest,
};

use crate::support::{Folder, at, of};

/// An address request of the client `TABLET`.
pub(crate) fn address(name: AddressName, credentials: Option<Credentials>) -> AddressRequest {
    AddressRequest {
        client_name: Some("TABLET".to_owned()),
        wanted_address_type: Some("dns-port".to_owned()),
        credentials,
        client_type: Some("ica30".to_owned()),
        device_id: Some("TABLET-ID".to_owned()),
        ..AddressRequest::new(name)
    }
}

/// The name of an existing session in an address request.
pub(crate) fn session_name(session: &SessionRecord) -> AddressName {
    AddressName::Session(SessionName {
        in_name: session.app.clone(),
        host_id: HostId {
            kind: Some("ima-host-id".to_owned()),
            value: session.host_id.clone(),
        },
        session_id: session.session_id.to_string(),
    })
}

/// The name of an application in an address request.
pub(crate) fn application(name: &str) -> AddressName {
    AddressName::Application(name.to_owned())
}

/// A request for a logon ticket.
pub(crate) fn ticket_request(user: &str, tag: &str, time_to_live: Option<u32>) -> TicketRequest {
    TicketRequest {
        time_to_live,
        ..TicketRequest::new(of(user), tag)
    }
}

/// A request to disconnect the sessions of the user on a client.
pub(crate) fn disconnect(user: &str, client: &str) -> DisconnectUserSessionsRequest {
    DisconnectUserSessionsRequest(selection(user, Some(client), &[]))
}

/// A request to log off the sessions of the user on a client.
pub(crate) fn logoff(user: &str, client: &str) -> LogoffUserSessionsRequest {
    LogoffUserSessionsRequest(selection(user, Some(client), &[]))
}

/// Selects sessions of the user on a client, and tickets to invalidate.
pub(crate) fn selection(user: &str, client: Option<&str>, tickets: &[&str]) -> SessionSelection {
    let criteria = SessionCriteria {
        client_name: client.map(str::to_owned),
        ..SessionCriteria::new(of(user))
    };
    SessionSelection {
        tickets: tickets.iter().map(|ticket| (*ticket).to_owned()).collect(),
        ..SessionSelection::new(criteria)
    }
}

/// An ICA file with this logon ticket.
pub(crate) fn ica(ticket: &str) -> String {
    format!("[App]\r\nAddress=192.0.2.1:1494\r\nLogonTicket={ticket}\r\nLogonTicketType=CTXS1\r\n")
}

/// The error for an unknown application or session.
pub(crate) fn unknown_name_error(generation: &str) -> FarmError {
    match generation {
        "cvad-7" => ErrorId::NO_AVAILABLE_WORKSTATION.into(),
        _ => FarmError {
            id: ErrorId::UNSPECIFIED,
            native: Some(NativeError::Mps {
                family: "IMA".to_owned(),
                code: "0x80060001".to_owned(),
            }),
        },
    }
}

/// Requests an address for an application, and its ticket.
pub(crate) async fn launch_ticket(
    folder: &Folder,
    farm: &str,
    user: &str,
    app: &str,
    second: i64,
) -> String {
    let request = address(application(app), Some(of(user)));
    let response = folder.ask_at(farm, &request, second).await.unwrap();
    let request = ticket_request(user, &response.ticket_tag.unwrap(), None);
    folder.ask_at(farm, &request, second).await.unwrap().ticket
}

/// Redeems a ticket at the host.
pub(crate) fn redeem(
    folder: &Folder,
    ticket: &str,
    second: i64,
) -> Result<SessionRecord, LaunchRefusal> {
    let connected = folder.farms.connect(&ica(ticket), at(second));
    connected.map_err(|error| match error {
        Error::Launch(refusal) => refusal,
        other => panic!("{other}"),
    })
}
