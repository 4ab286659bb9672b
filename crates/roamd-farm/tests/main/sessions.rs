//! Listing, disconnecting and logging off sessions, by generation (nfuse.md §3.3, §4.2).

use roamd_nfuse_proto::{
    CapabilitiesRequest, CapabilityId, DisconnectUserSessionsRequest, LogoffUserSessionsRequest,
    ReconnectSessionDataRequest, SessionCriteria, SessionSelection, SessionType,
};

use crate::support::{Folder, GENERATIONS, of};

use SessionType::{Active, Disconnected};

fn list(client: &[Option<&str>; 2], types: &[SessionType]) -> ReconnectSessionDataRequest {
    ReconnectSessionDataRequest::new(criteria(client), types)
}

fn selection(client: &[Option<&str>; 2]) -> SessionSelection {
    SessionSelection::new(criteria(client))
}

fn criteria(client: &[Option<&str>; 2]) -> SessionCriteria {
    SessionCriteria {
        client_name: client[0].map(str::to_owned),
        device_id: client[1].map(str::to_owned),
        ..SessionCriteria::new(of("alice"))
    }
}

/// Three sessions of alice, and one of bob that must not change.
fn folder(generation: &str) -> Folder {
    let folder = Folder::new();
    folder.start(generation, "alice", "Waiting", None);
    folder.start(generation, "alice", "Here", Some("DESK-A"));
    folder.start(generation, "alice", "There", Some("DESK-B"));
    folder.start(generation, "bob", "There", Some("DESK-B"));
    folder
}

const DESK_A: [Option<&str>; 2] = [Some("DESK-A"), Some("DESK-A")];
const NO_CLIENT: [Option<&str>; 2] = [None, None];
const ALL_AS_IT_WAS: &[&str] = &["Waiting", "Here@DESK-A", "There@DESK-B", "There@DESK-B"];

#[tokio::test]
async fn listing_excludes_own_sessions_and_old_farm_disconnects() {
    let old = ["xenapp-6", "xendesktop-5"].as_slice();
    let new = ["cvad-7"].as_slice();
    let all = GENERATIONS.as_slice();
    let cases: &[(&[&str], [Option<&str>; 2], &[SessionType], &[&str], &[&str])] = &[
        // Disconnected sessions are the default. Listing only them has no side effect.
        (all, DESK_A, &[Disconnected], &["Waiting"], ALL_AS_IT_WAS),
        (all, DESK_A, &[], &["Waiting"], ALL_AS_IT_WAS),
        // Active sessions are listed unless the caller is connected to them.
        (new, DESK_A, &[Active], &["There"], ALL_AS_IT_WAS),
        (
            new,
            DESK_A,
            &[Active, Disconnected],
            &["Waiting", "There"],
            ALL_AS_IT_WAS,
        ),
        (
            old,
            DESK_A,
            &[Active, Disconnected],
            &["Waiting", "There"],
            &["Waiting", "Here@DESK-A", "There", "There@DESK-B"],
        ),
        (
            old,
            DESK_A,
            &[Active],
            &["There"],
            &["Waiting", "Here@DESK-A", "There", "There@DESK-B"],
        ),
        // The device id identifies the client, whatever its name.
        (
            new,
            [Some("DESK-A"), Some("OTHER")],
            &[Active],
            &["Here", "There"],
            ALL_AS_IT_WAS,
        ),
        (
            new,
            [Some("OTHER"), Some("DESK-A")],
            &[Active],
            &["There"],
            ALL_AS_IT_WAS,
        ),
        // Without a device id the name identifies the client. An empty id counts as missing.
        (
            new,
            [Some("DESK-B"), None],
            &[Active],
            &["Here"],
            ALL_AS_IT_WAS,
        ),
        (
            new,
            [Some("DESK-B"), Some("")],
            &[Active],
            &["Here"],
            ALL_AS_IT_WAS,
        ),
        // A caller without name and device id is connected to no session.
        (new, NO_CLIENT, &[Active], &["Here", "There"], ALL_AS_IT_WAS),
        (
            old,
            NO_CLIENT,
            &[Active],
            &["Here", "There"],
            &["Waiting", "Here", "There", "There@DESK-B"],
        ),
    ];
    for (generations, client, types, listed, after) in cases {
        for generation in *generations {
            let folder = folder(generation);
            let controller = folder.serve(generation).await;
            let response = controller.ask(&list(client, types)).await.unwrap();
            let names: Vec<_> = response
                .sessions
                .iter()
                .map(|it| it.in_name.as_str())
                .collect();
            assert_eq!(&names, listed, "{generation} {client:?} {types:?}");
            assert_eq!(
                &folder.states(generation),
                after,
                "{generation} {client:?} {types:?}"
            );
        }
    }
}

#[tokio::test]
async fn listed_session_has_host_id_type_of_generation() {
    for (generation, kind) in [
        ("xenapp-6", "ima-host-id"),
        ("xendesktop-5", "ima-host-id"),
        ("cvad-7", "fma-host-id"),
    ] {
        let folder = Folder::new();
        let started = folder.start(generation, "alice", "Waiting", None);
        let controller = folder.serve(generation).await;
        let response = controller
            .ask(&list(&DESK_A, &[Disconnected]))
            .await
            .unwrap();
        let session = &response.sessions[0];
        assert_eq!(session.host_id.kind.as_deref(), Some(kind));
        assert_eq!(session.host_id.value, started.host_id);
        assert_eq!(session.session_id, started.session_id.to_string());
        assert_eq!(session.server_type, "all", "the filter is returned");
        assert_eq!(session.client_type, "ica30");
    }
}

#[tokio::test]
async fn unmatched_type_filter_finds_and_changes_nothing() {
    for (server, client, found) in [
        ("all", "all", 2),
        ("WIN32", "ica30", 2),
        ("x", "ica30", 0),
        ("all", "rdp", 0),
    ] {
        let folder = folder("xenapp-6");
        let controller = folder.serve("xenapp-6").await;
        let mut request = list(&DESK_A, &[Active, Disconnected]);
        request.criteria.server_types = vec![server.to_owned()];
        request.criteria.client_types = vec![client.to_owned()];
        let response = controller.ask(&request).await.unwrap();
        assert_eq!(response.sessions.len(), found, "{server} {client}");
        if found == 0 {
            assert_eq!(folder.states("xenapp-6"), ALL_AS_IT_WAS);
        }
    }
}

#[tokio::test]
async fn disconnect_and_logoff_affect_own_active_sessions() {
    let cases: &[([Option<&str>; 2], &[&str], &[&str])] = &[
        (
            DESK_A,
            &["Waiting", "Here", "There@DESK-B", "There@DESK-B"],
            &["Waiting", "There@DESK-B", "There@DESK-B"],
        ),
        (
            [Some("DESK-B"), None],
            &["Waiting", "Here@DESK-A", "There", "There@DESK-B"],
            &["Waiting", "Here@DESK-A", "There@DESK-B"],
        ),
        (
            [Some("DESK-A"), Some("OTHER")],
            ALL_AS_IT_WAS,
            ALL_AS_IT_WAS,
        ),
        (
            NO_CLIENT,
            &["Waiting", "Here", "There", "There@DESK-B"],
            &["Waiting", "There@DESK-B"],
        ),
    ];
    for generation in GENERATIONS {
        for (client, disconnected, logged_off) in cases {
            let folder = folder(generation);
            let controller = folder.serve(generation).await;
            let request = DisconnectUserSessionsRequest(selection(client));
            controller.ask(&request).await.unwrap();
            assert_eq!(
                &folder.states(generation),
                disconnected,
                "{generation} {client:?}"
            );

            let folder = self::folder(generation);
            let controller = folder.serve(generation).await;
            let request = LogoffUserSessionsRequest(selection(client));
            controller.ask(&request).await.unwrap();
            assert_eq!(
                &folder.states(generation),
                logged_off,
                "{generation} {client:?}"
            );
        }
    }
}

/// nfuse.md §4.3: the request succeeds even if no session matches.
#[tokio::test]
async fn ending_no_session_is_an_empty_success() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let body = roamd_nfuse_proto::encode_request(
        roamd_nfuse_proto::Dialect::new(4, 6),
        &LogoffUserSessionsRequest(selection(&DESK_A)),
    );
    let (status, response) = controller.post(&body).await;
    assert_eq!(status, 200);
    assert_eq!(
        response,
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n\
         <!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\">\n\
         <NFuseProtocol version=\"5.4\">\n    \
         <ResponseLogoffUserSessions>\n    \
         </ResponseLogoffUserSessions>\n\
         </NFuseProtocol>\n"
    );
}

#[tokio::test]
async fn every_generation_announces_its_capabilities() {
    let folder = Folder::new();
    for generation in GENERATIONS {
        let controller = folder.serve(generation).await;
        let response = controller.ask(&CapabilitiesRequest).await.unwrap();
        for capability in [
            CapabilityId::SEPARATE_CREDENTIALS_VALIDATION,
            CapabilityId::LAUNCH_REFERENCE,
            CapabilityId::USER_IDENTITY,
            CapabilityId::TICKET_INVALIDATION,
            CapabilityId::PASSWORD_CHANGE,
        ] {
            assert!(
                response.capabilities.contains(&capability),
                "{capability:?}"
            );
        }
    }
}

/// bad-inputs 84.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_clients_each_get_a_complete_response() {
    let folder = folder("xendesktop-5");
    let controllers = [
        folder.serve("xendesktop-5").await,
        folder.serve("xendesktop-5").await,
    ];
    let controllers = std::sync::Arc::new(controllers);
    let clients: Vec<_> = (0..32)
        .map(|number| {
            let controllers = controllers.clone();
            tokio::spawn(async move {
                let controller = &controllers[number % 2];
                match number % 4 {
                    0 | 1 => {
                        let response = controller
                            .ask(&list(&DESK_A, &[Active, Disconnected]))
                            .await;
                        assert!(response.unwrap().sessions.len() <= 3);
                    }
                    2 => {
                        let request = DisconnectUserSessionsRequest(selection(&NO_CLIENT));
                        controller.ask(&request).await.unwrap();
                    }
                    _ => {
                        let request = LogoffUserSessionsRequest(selection(&DESK_A));
                        controller.ask(&request).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert!(
        folder
            .states("xendesktop-5")
            .contains(&"There@DESK-B".to_owned()),
        "bob's stays"
    );
}
