//! Addresses, launches, reconnects, and logon tickets (nfuse.md §4.4, §5).

use roamd_farm::{Error, ServeOptions, SessionRecord, TicketRefusal};
use roamd_nfuse_proto::{
    AddressName, AddressResponse, Credentials, DisconnectUserSessionsRequest, Domain, ErrorId,
    LaunchRefRequest, LogoffUserSessionsRequest,
};

use crate::requests::{
    address, application, ica, selection, session_name, ticket_request, unknown_name_error,
};
use crate::support::{Controller, Folder, GENERATIONS, of};

/// Gets a ticket of this user for the target of the name.
async fn ticket(controller: &Controller, user: &str, name: AddressName, life: u32) -> String {
    let response = controller
        .ask(&address(name, Some(of(user))))
        .await
        .unwrap();
    let request = ticket_request(user, &response.ticket_tag.unwrap(), Some(life));
    controller.ask(&request).await.unwrap().ticket
}

/// Redeems a ticket this many seconds from now.
fn connect(folder: &Folder, ticket: &str, later: i64) -> Result<SessionRecord, TicketRefusal> {
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(later);
    folder
        .farms
        .connect(&ica(ticket), then)
        .map_err(|error| match error {
            Error::Ticket(refusal) => refusal,
            other => panic!("{other}"),
        })
}

#[tokio::test]
async fn reconnect_moves_session_to_requesting_client() {
    for generation in GENERATIONS {
        for (app, client) in [("Waiting", None), ("There", Some("DESK-B"))] {
            let folder = Folder::new();
            let session = folder.start(generation, "alice", app, client);
            let controller = folder.serve(generation).await;
            let request = address(session_name(&session), Some(of("alice")));
            let response = controller.ask(&request).await.unwrap();
            assert_eq!(response.server_address.value, "host1.test:1494");
            assert_eq!(response.disconnected_session, client.is_none());
            let tag = response.ticket_tag.unwrap();
            assert!(
                tag.starts_with(&format!("IMAHostId:{}", session.host_id)),
                "{tag}"
            );

            let request = ticket_request("alice", &tag, None);
            let ticket = controller.ask(&request).await.unwrap().ticket;
            assert_eq!(ticket.len(), 30);
            assert!(
                ticket
                    .chars()
                    .all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c))
            );
            let connected = connect(&folder, &ticket, 0).unwrap();
            assert_eq!(connected.client_name.as_deref(), Some("TABLET"));
            assert_eq!(connected.device_id.as_deref(), Some("TABLET-ID"));
            assert_eq!(connected.session_id, session.session_id);
            assert_eq!(folder.states(generation), [format!("{app}@TABLET")]);
        }
    }
}

#[tokio::test]
async fn launch_starts_session_at_redemption() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        folder.start(generation, "bob", "Here", Some("DESK-B"));
        let controller = folder.serve(generation).await;
        let response = controller
            .ask(&address(application("here"), Some(of("alice"))))
            .await
            .unwrap();
        assert!(!response.disconnected_session);
        assert_eq!(
            response.server_address.value, "host2.test:1494",
            "the host with the lower load"
        );
        let ticket = ticket(&controller, "alice", application("Here"), 200).await;
        assert_eq!(
            folder.states(generation),
            ["Here@DESK-B"],
            "no session before redemption"
        );
        let started = connect(&folder, &ticket, 0).unwrap();
        assert_eq!(started.app, "Here");
        assert_eq!(started.user, "alice");
        assert_eq!(folder.states(generation), ["Here@DESK-B", "Here@TABLET"]);
    }
}

#[tokio::test]
async fn launch_returns_to_disconnected_session() {
    let folder = Folder::new();
    folder.start("xenapp-6", "bob", "Waiting", None);
    let session = folder.start("xenapp-6", "alice", "Waiting", None);
    let controller = folder.serve("xenapp-6").await;
    let ticket = ticket(&controller, "alice", application("Waiting"), 200).await;
    assert_eq!(
        connect(&folder, &ticket, 0).unwrap().session_id,
        session.session_id
    );
    assert_eq!(folder.states("xenapp-6"), ["Waiting", "Waiting@TABLET"]);
}

/// A launch starts a second instance of an application that is active elsewhere. From XenDesktop on
/// a desktop moves instead.
#[tokio::test]
async fn desktop_launch_takes_over_active_session() {
    for generation in GENERATIONS {
        for app in ["Here", "Desk"] {
            let folder = Folder::new();
            let session = folder.start(generation, "alice", app, Some("DESK-B"));
            let controller = folder.serve(generation).await;
            let ticket = ticket(&controller, "alice", application(app), 200).await;
            let connected = connect(&folder, &ticket, 0).unwrap();
            let moves = app == "Desk" && generation != "xenapp-6";
            let expected = match moves {
                true => vec![format!("{app}@TABLET")],
                false => vec![format!("{app}@DESK-B"), format!("{app}@TABLET")],
            };
            assert_eq!(folder.states(generation), expected, "{generation}");
            let same = (&connected.host_id, connected.session_id)
                == (&session.host_id, session.session_id);
            assert_eq!(same, moves, "{generation}");
        }
    }
}

/// nfuse.md §5: from generation 7 on the address response contains everything that a launch needs.
#[tokio::test]
async fn generation_7_address_contains_ticket() {
    let mut world = crate::support::small_world();
    for farm in &mut world.farms {
        farm.trust_requests = true;
    }
    let folder = Folder::of(&world);
    let has =
        |response: &AddressResponse| (response.ticket.is_some(), response.launch_ref.is_some());
    for (generation, with_password) in [
        ("xenapp-6", (false, false)),
        ("xendesktop-5", (false, false)),
        ("cvad-7", (true, true)),
    ] {
        let controller = folder.serve(generation).await;
        let request = address(application("Here"), Some(of("alice")));
        let response = controller.ask(&request).await.unwrap();
        assert_eq!(has(&response), with_password, "{generation}");
        if let Some(ticket) = response.ticket {
            assert_eq!(connect(&folder, &ticket, 0).unwrap().app, "Here");
        }
        // An identity contains no password that a ticket could stand for.
        let identity = Credentials::Identity {
            sam: Some(r"DEMO\alice".to_owned()),
            upn: None,
            sids: Vec::new(),
        };
        let request = address(application("Here"), Some(identity.clone()));
        let response = controller.ask(&request).await.unwrap();
        assert_eq!(has(&response), (false, false), "{generation}");
        let mut request = ticket_request("alice", &response.ticket_tag.unwrap(), None);
        request.credentials = identity;
        let error = controller.ask(&request).await.unwrap_err();
        assert_eq!(error.id, ErrorId::FAILED_CREDENTIALS);
    }
}

#[tokio::test]
async fn resource_of_other_user_looks_unknown() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        let session = folder.start(generation, "alice", "Waiting", None);
        let mut ended = session.clone();
        ended.session_id += 1;
        let mut elsewhere = session.clone();
        elsewhere.host_id = "999".to_owned();
        let mut odd = session_name(&session);
        if let AddressName::Session(name) = &mut odd {
            name.session_id = "-1".to_owned();
        }
        let controller = folder.serve(generation).await;
        for name in [
            session_name(&session),
            session_name(&ended),
            session_name(&elsewhere),
            odd,
            AddressName::Application("Nothing".to_owned()),
            AddressName::Server("HOST9".to_owned()),
            AddressName::ServerFarm("Farm9".to_owned()),
            AddressName::Unspecified("Farm9*".to_owned()),
        ] {
            let request = address(name.clone(), Some(of("carol")));
            let error = controller.ask(&request).await.unwrap_err();
            assert_eq!(error, unknown_name_error(generation), "{name:?}");
        }
        let request = address(application("Secret"), Some(of("alice")));
        assert_eq!(
            controller.ask(&request).await.unwrap_err(),
            unknown_name_error(generation)
        );

        // The tag of another user is rejected, and so is a forged one.
        let request = address(session_name(&session), Some(of("alice")));
        let tag = controller.ask(&request).await.unwrap().ticket_tag.unwrap();
        for tag in [
            tag.as_str(),
            "IMAHostId:101",
            "IMAHostId:999?app=Here",
            "IMAHostId:101?app=Secret",
            "opaque-tag-1",
        ] {
            let error = controller
                .ask(&ticket_request("carol", tag, None))
                .await
                .unwrap_err();
            assert_eq!(error, unknown_name_error(generation), "{tag}");
        }
    }
}

#[tokio::test]
async fn address_has_requested_form() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let farm = controller
        .ask(&roamd_nfuse_proto::ServerFarmDataRequest)
        .await
        .unwrap();
    for (requested, kind, value) in [
        (Some("dot"), "dot", "192.0.2.1"),
        (Some("dns"), "dns", "host1.test"),
        (Some("DNS-port"), "dns-port", "host1.test:1494"),
        (Some("dot-port"), "dot-port", "192.0.2.1:1494"),
        (Some("no-change"), "dot-port", "192.0.2.1:1494"),
        (None, "dot", "192.0.2.1"),
    ] {
        for name in [
            application("Here"),
            AddressName::Server("host01".to_owned()),
            AddressName::ServerFarm(farm.farm_names[0].clone()),
            AddressName::Unspecified(format!("{}*", farm.farm_names[0])),
            AddressName::Unspecified("Here".to_owned()),
        ] {
            let mut request = address(name.clone(), Some(of("alice")));
            request.wanted_address_type = requested.map(str::to_owned);
            let response = controller.ask(&request).await.unwrap();
            let address = response.server_address;
            assert_eq!(
                (address.kind.as_deref(), &*address.value),
                (Some(kind), value),
                "{name:?}"
            );
            assert_eq!(response.cgp_address.unwrap().value, "2598");
        }
    }
    let mut request = address(application("Here"), Some(of("alice")));
    request.flags = vec!["alt-addr".to_owned()];
    let error = controller.ask(&request).await.unwrap_err();
    assert_eq!(error.id, ErrorId::NO_ALT_ADDRESS);
}

#[tokio::test]
async fn logon_ticket_is_redeemed_once() {
    let folder = Folder::new();
    let session = folder.start("cvad-7", "alice", "Waiting", None);
    let controller = folder.serve("cvad-7").await;
    let ticket = ticket(&controller, "alice", session_name(&session), 200).await;
    assert!(connect(&folder, &ticket, 0).is_ok());
    assert_eq!(connect(&folder, &ticket, 0), Err(TicketRefusal::Used));
    assert_eq!(connect(&folder, &ticket, 500), Err(TicketRefusal::Used));
    assert_eq!(folder.states("cvad-7"), ["Waiting@TABLET"]);
}

/// bad-inputs 81, 84: many hosts with their own connections redeem one ticket.
#[tokio::test]
async fn concurrent_redemptions_succeed_once() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let ticket = ticket(&controller, "alice", application("Here"), 200).await;
    let now = jiff::Timestamp::now();
    let winners = std::thread::scope(|scope| {
        let hosts: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let farms = roamd_farm::Farms::open(folder.path()).unwrap();
                    farms.connect(&ica(&ticket), now).is_ok()
                })
            })
            .collect();
        let results = hosts.into_iter().map(|host| host.join().unwrap());
        results.filter(|won| *won).count()
    });
    assert_eq!(winners, 1);
    assert_eq!(folder.states("xenapp-6"), ["Here@TABLET"]);
}

#[tokio::test]
async fn ticket_lifetime_is_requested_value_within_bounds() {
    for (requested, good_until, expired_at) in [
        (None, 190, 201),
        (Some(200), 190, 201),
        (Some(20), 10, 21),
        (Some(3600), 3590, 3601),
        (Some(999_999), 3590, 3601),
    ] {
        let folder = Folder::new();
        let controller = folder.serve("xenapp-6").await;
        for (later, expected) in [
            (expired_at, Err(TicketRefusal::Expired)),
            // The clock was set back by a year, and by a second.
            (-365 * 86_400, Err(TicketRefusal::Expired)),
            (-1, Ok(())),
            (good_until, Ok(())),
        ] {
            let request = address(application("Here"), Some(of("alice")));
            let tag = controller.ask(&request).await.unwrap().ticket_tag.unwrap();
            let request = ticket_request("alice", &tag, requested);
            let ticket = controller.ask(&request).await.unwrap().ticket;
            let result = connect(&folder, &ticket, later).map(|_| ());
            assert_eq!(result, expected, "{requested:?} {later}");
        }
    }
}

#[tokio::test]
async fn ticket_of_ended_session_is_rejected() {
    let folder = Folder::new();
    let session = folder.start("xenapp-6", "alice", "There", Some("DESK-B"));
    let controller = folder.serve("xenapp-6").await;
    let ticket = ticket(&controller, "alice", session_name(&session), 200).await;
    let request = LogoffUserSessionsRequest(selection("alice", Some("DESK-B"), &[]));
    controller.ask(&request).await.unwrap();
    assert_eq!(
        connect(&folder, &ticket, 0),
        Err(TicketRefusal::SessionEnded)
    );
    assert_eq!(folder.states("xenapp-6"), [""; 0]);
}

#[tokio::test]
async fn disconnect_and_logoff_invalidate_named_tickets() {
    for generation in GENERATIONS {
        for logoff in [false, true] {
            let folder = Folder::new();
            let controller = folder.serve(generation).await;
            let elsewhere = GENERATIONS
                .iter()
                .find(|other| **other != generation)
                .unwrap();
            let other_farm = folder.serve(elsewhere).await;
            let named = ticket(&controller, "alice", application("Here"), 200).await;
            let unnamed = ticket(&controller, "alice", application("Here"), 200).await;
            let used = ticket(&controller, "alice", application("There"), 200).await;
            let bobs = ticket(&controller, "bob", application("Here"), 200).await;
            let foreign = ticket(&other_farm, "alice", application("Here"), 200).await;
            connect(&folder, &used, 0).unwrap();

            let tickets = ["no such ticket", "", &named, &named, &used, &bobs, &foreign];
            let selection = selection("alice", Some("NOBODY"), &tickets);
            if logoff {
                controller
                    .ask(&LogoffUserSessionsRequest(selection))
                    .await
                    .unwrap();
            } else {
                controller
                    .ask(&DisconnectUserSessionsRequest(selection))
                    .await
                    .unwrap();
            }
            assert_eq!(connect(&folder, &named, 0), Err(TicketRefusal::Invalidated));
            assert_eq!(connect(&folder, &used, 0), Err(TicketRefusal::Used));
            for good in [&unnamed, &bobs, &foreign] {
                assert!(connect(&folder, good, 0).is_ok(), "{generation}");
            }
        }
    }
}

#[tokio::test]
async fn refused_disconnect_invalidates_no_ticket() {
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    let ticket = ticket(&controller, "alice", application("Here"), 200).await;
    let mut selection = selection("alice", None, &[&ticket]);
    selection.criteria.credentials = crate::support::typed("alice", "wrong", Some("DEMO"));
    assert!(
        controller
            .ask(&LogoffUserSessionsRequest(selection))
            .await
            .is_err()
    );
    assert!(connect(&folder, &ticket, 0).is_ok());
}

#[tokio::test]
async fn only_hash_of_logon_ticket_is_stored() {
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    let ticket = ticket(&controller, "alice", application("Here"), 200).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in [ticket.as_bytes(), crate::support::PASSWORD.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

/// nfuse.md §5.6: WI requests launch references without a password.
#[tokio::test]
async fn launch_reference_does_not_reveal_users() {
    let folder = Folder::new();
    let controller = folder.serve_with("xenapp-6", ServeOptions::default()).await;
    let request = |user: &str, tag: &str| {
        let credentials = Credentials::Explicit {
            user_name: user.to_owned(),
            password: None,
            domain: Some(Domain::nt("DEMO")),
        };
        LaunchRefRequest {
            time_to_live: Some(200),
            ..LaunchRefRequest::new(credentials, tag)
        }
    };
    let mut seen = std::collections::HashSet::new();
    for user in ["alice", "zoe"] {
        let response = controller
            .ask(&request(user, "IMAHostId:001?app=Here"))
            .await
            .unwrap();
        let text = response.launch_ref;
        assert!(
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c)),
            "{text}"
        );
        assert!(seen.insert(text), "references are unique");
    }
    let error = controller
        .ask(&request("alice", "rubbish"))
        .await
        .unwrap_err();
    assert_eq!(error, unknown_name_error("xenapp-6"));
    let mut wrong = request("alice", "IMAHostId:001?app=Here");
    wrong.credentials = crate::support::typed("alice", "wrong", Some("DEMO"));
    let error = controller.ask(&wrong).await.unwrap_err();
    assert_eq!(error.id, ErrorId::FAILED_CREDENTIALS);
    wrong.credentials = of("alice");
    wrong.launch_ref_type = "RADE".to_owned();
    let error = controller.ask(&wrong).await.unwrap_err();
    assert_eq!(error.id, ErrorId::UNSPECIFIED);
}
