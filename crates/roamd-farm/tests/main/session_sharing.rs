//! Session sharing (nfuse.md §5.4, §9).

use roamd_farm::{LaunchRefusal, Limit, SessionRecord};
use roamd_nfuse_proto::{AddressRequest, SessionSettings, TicketRequest};

use crate::requests::{
    address, application, disconnect, ica, launch_ticket, redeem, session_name, ticket_request,
};
use crate::support::{Folder, GENERATIONS, at, of, small_world_with, with_capacity};

/// A launch by alice on TABLET; each case changes something.
#[derive(Clone)]
struct Launch {
    user: &'static str,
    app: &'static str,
    client: Option<&'static str>,
    settings: Vec<(&'static str, &'static str)>,
}

const PLAIN: Launch = Launch {
    user: "alice",
    app: "There",
    client: Some("TABLET"),
    settings: Vec::new(),
};

impl Launch {
    fn address(&self) -> AddressRequest {
        let settings = self.settings.iter();
        AddressRequest {
            client_name: self.client.map(str::to_owned),
            device_id: None,
            session_settings: Some(SessionSettings(
                settings
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            )),
            ..address(application(self.app), Some(of(self.user)))
        }
    }

    async fn ticket(&self, folder: &Folder, farm: &str) -> String {
        let response = folder.ask_at(farm, &self.address(), 0).await.unwrap();
        let tag = response.ticket_tag.unwrap();
        let request: TicketRequest = ticket_request(self.user, &tag, None);
        folder.ask_at(farm, &request, 0).await.unwrap().ticket
    }

    async fn session(&self, folder: &Folder, farm: &str) -> SessionRecord {
        let ticket = self.ticket(folder, farm).await;
        folder.farms.connect(&ica(&ticket), at(0)).unwrap()
    }
}

#[tokio::test]
async fn second_application_joins_session_of_user_and_client() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        let first = Launch {
            app: "Here",
            ..PLAIN
        };
        let first = first.session(&folder, generation).await;
        assert_eq!(first.apps, ["Here"]);
        // The other host has a lower load.
        let second = PLAIN.session(&folder, generation).await;
        let third = PLAIN.session(&folder, generation).await;
        assert_eq!(second.apps, ["Here", "There"]);
        assert_eq!(third.apps, ["Here", "There", "There"]);
        assert_eq!(third.app, "Here");
        for joined in [second, third] {
            let id = |session: &SessionRecord| (session.host_id.clone(), session.session_id);
            assert_eq!(id(&joined), id(&first), "{generation}");
        }
        assert_eq!(folder.states(generation), ["Here@TABLET"]);
    }
}

#[tokio::test]
async fn differing_launch_gets_its_own_session() {
    let with = |settings: &[(&'static str, &'static str)]| Launch {
        settings: settings.to_vec(),
        ..PLAIN
    };
    let cases = [
        (
            "another user",
            Launch {
                user: "bob",
                ..PLAIN
            },
        ),
        (
            "another client",
            Launch {
                client: Some("DESK-B"),
                ..PLAIN
            },
        ),
        (
            "unknown client",
            Launch {
                client: None,
                ..PLAIN
            },
        ),
        (
            "a desktop",
            Launch {
                app: "Desk",
                ..PLAIN
            },
        ),
        ("another colour depth", with(&[("ColorDepth", "16bpp")])),
        ("sharing is off", with(&[("EnableSessionSharing", "Off")])),
        (
            "sharing disabled for seamless windows",
            with(&[("TWIDisableSessionSharing", "On")]),
        ),
    ];
    for generation in GENERATIONS {
        for (case, launch) in &cases {
            let folder = Folder::new();
            PLAIN.session(&folder, generation).await;
            let own = launch.session(&folder, generation).await;
            assert_eq!(own.apps, [launch.app], "{generation}: {case}");
            assert_eq!(folder.states(generation).len(), 2, "{generation}: {case}");
        }
        // Later launches do not join these sessions either.
        let off = vec![("EnableSessionSharing", "Off")];
        for (app, settings) in [("Desk", Vec::new()), ("There", off)] {
            let folder = Folder::new();
            let first = Launch {
                app,
                settings,
                ..PLAIN
            };
            first.session(&folder, generation).await;
            let second = Launch {
                app: "Here",
                ..PLAIN
            };
            second.session(&folder, generation).await;
            assert_eq!(folder.states(generation).len(), 2, "{generation}: {app}");
        }
    }
}

#[tokio::test]
async fn sharing_requires_connection_and_no_maintenance() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        PLAIN.session(&folder, generation).await;
        let leave = disconnect("alice", "TABLET");
        folder.ask_at(generation, &leave, 0).await.unwrap();
        let other = Launch {
            app: "Here",
            ..PLAIN
        };
        other.session(&folder, generation).await;
        assert_eq!(folder.states(generation), ["There", "Here@TABLET"]);

        let folder = Folder::of(&small_world_with(|farm| farm.hosts[0].maintenance = true));
        // Two sessions, so that one of them is on the host in maintenance.
        for app in ["Here", "There"] {
            folder.start(generation, "alice", app, Some("DESK-A"));
        }
        let joined = Launch {
            client: Some("DESK-A"),
            ..PLAIN
        };
        let joined = joined.session(&folder, generation).await;
        assert_eq!(joined.apps, ["There", "There"], "{generation}");
    }
}

/// Both tickets are issued before either is redeemed, and one session results.
#[tokio::test]
async fn overlapping_launches_share_one_session() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        let mut tickets = Vec::new();
        for app in ["Here", "There"] {
            tickets.push(launch_ticket(&folder, generation, "alice", app, 0).await);
        }
        for ticket in &tickets {
            redeem(&folder, ticket, 0).unwrap();
        }
        assert_eq!(folder.states(generation), ["Here@TABLET"]);
    }
}

#[tokio::test]
async fn joining_uses_an_instance_but_no_capacity_or_licence() {
    for generation in GENERATIONS {
        let folder = Folder::of(&small_world_with(|farm| {
            with_capacity(1)(farm);
            farm.licences = Limit::AtMost(1);
            farm.max_sessions = Limit::AtMost(1);
            farm.max_sessions_per_user = Limit::AtMost(1);
            farm.applications[2].max_instances = Limit::AtMost(1);
        }));
        let first = launch_ticket(&folder, generation, "alice", "Here", 0).await;
        redeem(&folder, &first, 0).unwrap();
        let second = launch_ticket(&folder, generation, "alice", "There", 0).await;
        let third = launch_ticket(&folder, generation, "alice", "There", 0).await;
        let joined = redeem(&folder, &second, 0).unwrap();
        assert_eq!(joined.apps, ["Here", "There"]);
        let refused = redeem(&folder, &third, 0);
        assert_eq!(refused, Err(LaunchRefusal::ApplicationLimit));
    }
}

/// nfuse.md §5.3: clients read the key since 5.8. The key of a session never changes.
#[tokio::test]
async fn generation_7_address_contains_sharing_key() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        let key = async |request: &AddressRequest| {
            let response = folder.ask_at(generation, request, 0).await.unwrap();
            response.session_sharing_key
        };
        let launched = key(&PLAIN.address()).await;
        assert_eq!(launched.is_some(), generation == "cvad-7", "{generation}");
        let session = PLAIN.session(&folder, generation).await;
        let reconnected = address(session_name(&session), Some(of("alice")));
        assert_eq!(key(&reconnected).await, launched);
        let other = Launch {
            settings: vec![("ColorDepth", "16bpp")],
            ..PLAIN
        };
        assert!(launched.is_none() || key(&other.address()).await != launched);
        let desktop = Launch {
            app: "Desk",
            ..PLAIN
        };
        assert_eq!(key(&desktop.address()).await, None);
    }
}
