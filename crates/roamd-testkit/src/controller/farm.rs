//! Scripts of a farm that works, and of one that refuses requests.

use roamd_nfuse_proto::{
    AddressResponse, AppDataResponse, Application, Body, CapabilitiesResponse, Dialect,
    DisconnectUserSessionsResponse, HostAddress, HostId, LaunchRefResponse,
    LogoffUserSessionsResponse, ReconnectSessionDataResponse, SessionEntry, TicketResponse,
    ValidateCredentialsResponse,
};

use super::messages::{document, encode_document};
use super::script::Script;

/// Returns the script of a request that is refused.
pub(super) fn refusal(request: &str) -> Script {
    Script::body(document(request, "<ErrorId>unspecified</ErrorId>"))
}

/// Returns a script for each request of a farm where every user has the application `Ledger` and
/// one disconnected session of it.
pub(super) fn healthy_scripts() -> [(String, Script); 9] {
    let address = HostAddress {
        kind: Some("dns-port".to_owned()),
        value: "ledger.demo.test:1494".to_owned(),
    };
    [
        success(ValidateCredentialsResponse::default()),
        success(CapabilitiesResponse::default()),
        success(AppDataResponse {
            applications: vec![Application {
                in_name: "Ledger".to_owned(),
                friendly_name: "Ledger".to_owned(),
                ..Application::default()
            }],
            ..AppDataResponse::default()
        }),
        success(ReconnectSessionDataResponse {
            sessions: vec![SessionEntry {
                in_name: "Ledger".to_owned(),
                server_type: "win32".to_owned(),
                client_type: "ica30".to_owned(),
                host_id: HostId {
                    kind: Some("ima-host-id".to_owned()),
                    value: "9".to_owned(),
                },
                session_id: "4".to_owned(),
                ..SessionEntry::default()
            }],
        }),
        success(DisconnectUserSessionsResponse),
        success(LogoffUserSessionsResponse),
        success(AddressResponse {
            server_address: address,
            server_type: Some("win32".to_owned()),
            connection_type: Some("tcp".to_owned()),
            client_type: Some("ica30".to_owned()),
            ticket_tag: Some("tag".to_owned()),
            disconnected_session: true,
            ..AddressResponse::default()
        }),
        success(TicketResponse {
            ticket: "0F1E2D3C4B5A69788796".to_owned(),
        }),
        success(LaunchRefResponse {
            launch_ref: "reference".to_owned(),
        }),
    ]
}

fn success<B: Body>(response: B) -> (String, Script) {
    let (name, document) = encode_document(Dialect::new(5, 4), response);
    (name, Script::body(document))
}
