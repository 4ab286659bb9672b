//! Host choice and refused launches, by generation (nfuse.md §5, §7, §10).

use roamd_farm::{FarmDescription, HostGroup, LaunchRefusal, Limit, PowerSetting, ServeOptions};
use roamd_nfuse_proto::{
    AddressName, AddressRequest, AddressResponse, AppDataRequest, ErrorId, FarmError, NativeError,
};

use crate::requests::{
    address, application, disconnect, launch_ticket, logoff, redeem, session_name, ticket_request,
    unknown_name_error,
};
use crate::support::{Folder, GENERATIONS, at, of, small_world_with, with_capacity};

use LaunchRefusal as Refused;

async fn ask(
    folder: &Folder,
    farm: &str,
    user: &str,
    name: AddressName,
    second: i64,
) -> Result<AddressResponse, FarmError> {
    let request: AddressRequest = address(name, Some(of(user)));
    folder.ask_at(farm, &request, second).await
}

fn ima(code: &str) -> FarmError {
    FarmError {
        id: ErrorId::UNSPECIFIED,
        native: Some(NativeError::Mps {
            family: "IMA".to_owned(),
            code: code.to_owned(),
        }),
    }
}

/// Returns the error id once for each of [`GENERATIONS`].
fn all(id: &ErrorId) -> [FarmError; 3] {
    [(); 3].map(|()| id.clone().into())
}

#[tokio::test]
async fn launches_fill_hosts_in_proportion_to_capacity() {
    let world = small_world_with(|farm| {
        farm.hosts[0].capacity = 1;
        farm.hosts[1].capacity = 2;
    });
    for generation in GENERATIONS {
        let folder = Folder::of(&world);
        let mut seen = Vec::new();
        for user in ["alice", "bob", "carol"] {
            let response = ask(&folder, generation, user, application("Here"), 0).await;
            let ticket = launch_ticket(&folder, generation, user, "Here", 0).await;
            let host = redeem(&folder, &ticket, 0).unwrap().host_id;
            let tag = response.as_ref().unwrap().ticket_tag.as_ref().unwrap();
            assert!(tag.contains(&host), "host of the address in {tag}");
            seen.push((
                host[1..].to_owned(),
                response.unwrap().farm_load_hint.unwrap(),
            ));
        }
        let seen: Vec<_> = seen.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let expected = [("01", "0"), ("02", "0"), ("02", "5000")];
        assert_eq!(seen, expected, "{generation}");
        let full = ask(&folder, generation, "bob", application("Desk"), 0).await;
        let expected = match generation {
            "cvad-7" => ErrorId::NO_AVAILABLE_WORKSTATION,
            _ => ErrorId::MFSERVER_OVERLOADED,
        };
        assert_eq!(full.unwrap_err(), expected.into(), "{generation}");
    }
}

#[tokio::test]
async fn launch_refusal_has_error_of_generation() {
    let maintenance = |farm: &mut FarmDescription| {
        farm.hosts
            .iter_mut()
            .for_each(|host| host.maintenance = true);
    };
    let off = |farm: &mut FarmDescription| {
        farm.hosts
            .iter_mut()
            .for_each(|host| host.power = PowerSetting::Off);
    };
    let group = |farm: &mut FarmDescription| {
        farm.groups.push(HostGroup {
            name: "Desks".to_owned(),
            maintenance: true,
        });
        farm.hosts
            .iter_mut()
            .for_each(|host| host.group = Some("desks".to_owned()));
        let applications = farm.applications.iter_mut();
        applications.for_each(|application| application.group = Some("DESKS".to_owned()));
    };
    let disabled = |farm: &mut FarmDescription| {
        let applications = farm.applications.iter_mut();
        applications.for_each(|application| application.enabled = false);
    };
    let licences = |farm: &mut FarmDescription| farm.licences = Limit::AtMost(2);
    let sessions = |farm: &mut FarmDescription| farm.max_sessions = Limit::AtMost(2);
    let per_user = |farm: &mut FarmDescription| farm.max_sessions_per_user = Limit::AtMost(1);
    let instances = |farm: &mut FarmDescription| {
        farm.applications[1].max_instances = Limit::AtMost(2);
    };
    let instances_per_user = |farm: &mut FarmDescription| {
        farm.applications[1].max_instances_per_user = Limit::AtMost(1);
    };
    let unspecified: [FarmError; 3] = [
        ima("0x800D0006"),
        ErrorId::UNSPECIFIED.into(),
        ErrorId::UNSPECIFIED.into(),
    ];
    let refusing = |farm: &mut FarmDescription| {
        farm.hosts.iter_mut().for_each(|host| host.refusing = true);
    };
    let since_5 = |before: FarmError, id: ErrorId| -> [FarmError; 3] {
        [before, id.clone().into(), id.into()]
    };
    let no_server = || ErrorId::NO_SERVER.into();
    let in_maintenance = since_5(no_server(), ErrorId::IN_MAINTENANCE_MODE);
    let user_limit = since_5(ima("0x800D0006"), ErrorId::NO_MORE_ACTIVE_SESSIONS);
    let cases: [(&str, &dyn Fn(&mut FarmDescription), &str, [FarmError; 3]); 10] = [
        ("maintenance", &maintenance, "alice", in_maintenance.clone()),
        ("group in maintenance", &group, "alice", in_maintenance),
        (
            "refusing",
            &refusing,
            "alice",
            since_5(no_server(), ErrorId::CONNECTION_REFUSED),
        ),
        (
            "off",
            &off,
            "alice",
            [
                ErrorId::NO_SERVER.into(),
                ErrorId::RETRY_REQUIRED.into(),
                ErrorId::RETRY_REQUIRED.into(),
            ],
        ),
        (
            "disabled",
            &disabled,
            "alice",
            GENERATIONS.map(unknown_name_error),
        ),
        ("licences", &licences, "carol", all(&ErrorId::NOT_LICENSED)),
        ("sessions", &sessions, "carol", unspecified.clone()),
        ("of a user", &per_user, "alice", user_limit.clone()),
        ("instances", &instances, "carol", unspecified),
        (
            "instances for one user",
            &instances_per_user,
            "alice",
            user_limit,
        ),
    ];
    for (case, change, user, expected) in cases {
        let folder = Folder::of(&small_world_with(change));
        for (generation, expected) in GENERATIONS.into_iter().zip(expected) {
            // Limits are reached by sessions, which need running machines.
            if case != "off" {
                folder.start(generation, "alice", "Here", Some("DESK-A"));
                folder.start(generation, "bob", "Here", Some("DESK-B"));
            }
            let refused = ask(&folder, generation, user, application("Here"), 0).await;
            assert_eq!(refused.unwrap_err(), expected, "{case} {generation}");
        }
    }
}

#[tokio::test]
async fn change_after_address_is_checked_at_redemption() {
    let cases: [(&dyn Fn(&mut FarmDescription), Refused); 4] = [
        (&with_capacity(1), Refused::Full),
        (
            &|farm| farm.licences = Limit::AtMost(1),
            Refused::NotLicensed,
        ),
        (
            &|farm| farm.max_sessions = Limit::AtMost(1),
            Refused::FarmLimit,
        ),
        (
            &|farm| farm.applications[1].max_instances = Limit::AtMost(1),
            Refused::ApplicationLimit,
        ),
    ];
    for (change, expected) in cases {
        let folder = Folder::of(&small_world_with(|farm| {
            farm.hosts.pop();
            change(farm);
        }));
        for generation in GENERATIONS {
            let first = launch_ticket(&folder, generation, "alice", "Here", 0).await;
            let second = launch_ticket(&folder, generation, "bob", "Here", 0).await;
            redeem(&folder, &first, 0).unwrap();
            assert_eq!(redeem(&folder, &second, 0), Err(expected), "{generation}");
            assert_eq!(folder.states(generation), ["Here@TABLET"]);
            // The refused ticket was not redeemed, so it works once there is room again.
            let logoff = logoff("alice", "TABLET");
            folder.ask_at(generation, &logoff, 0).await.unwrap();
            redeem(&folder, &second, 0).unwrap();
        }
    }
}

/// A double click: both tickets are issued before either is redeemed.
#[tokio::test]
async fn overlapping_desktop_launches_share_one_session() {
    for generation in ["xendesktop-5", "cvad-7"] {
        for sessions in [1, 10] {
            let folder = Folder::of(&small_world_with(with_capacity(sessions)));
            let first = launch_ticket(&folder, generation, "alice", "Desk", 0).await;
            let second = launch_ticket(&folder, generation, "alice", "Desk", 0).await;
            let session = redeem(&folder, &first, 0).unwrap();
            assert_eq!(redeem(&folder, &second, 0), Ok(session), "{generation}");
            assert_eq!(folder.states(generation), ["Desk@TABLET"]);
        }
    }
}

#[tokio::test]
async fn launch_returns_to_session_disconnected_after_address() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        let session = folder.start(generation, "alice", "Here", Some("DESK-B"));
        let ticket = launch_ticket(&folder, generation, "alice", "Here", 0).await;
        let leave = disconnect("alice", "DESK-B");
        folder.ask_at(generation, &leave, 0).await.unwrap();
        let returned = redeem(&folder, &ticket, 0).unwrap();
        assert_eq!(returned.session_id, session.session_id, "{generation}");
        assert_eq!(folder.states(generation), ["Here@TABLET"], "{generation}");
    }
}

#[tokio::test]
async fn powered_off_machine_is_started_and_ready_after_boot() {
    let folder = Folder::of(&small_world_with(|farm| {
        for host in &mut farm.hosts {
            host.capacity = 1;
            host.power = PowerSetting::Off;
            host.boot_seconds = 20;
        }
    }));
    for generation in ["xendesktop-5", "cvad-7"] {
        let retry = Err(ErrorId::RETRY_REQUIRED.into());
        let launch = |user, second| ask(&folder, generation, user, application("Desk"), second);
        for (user, second) in [("alice", 0), ("alice", 5), ("bob", 6), ("bob", 19)] {
            assert_eq!(launch(user, second).await, retry, "{user} {second}");
        }
        let first = launch_ticket(&folder, generation, "alice", "Desk", 20).await;
        redeem(&folder, &first, 21).unwrap();
        // The other machine stayed off while the first one was booting. It is needed now.
        for second in [22, 41] {
            assert_eq!(launch("bob", second).await, retry, "{second}");
        }
        let second = launch_ticket(&folder, generation, "bob", "Desk", 42).await;
        redeem(&folder, &second, 43).unwrap();
        let response = launch("carol", 44).await.unwrap_err();
        assert_ne!(
            response.id,
            ErrorId::RETRY_REQUIRED,
            "both machines are in use"
        );
    }
}

#[tokio::test]
async fn anonymous_launch_does_not_start_machine() {
    let folder = Folder::of(&small_world_with(|farm| {
        farm.hosts
            .iter_mut()
            .for_each(|host| host.power = PowerSetting::Off);
    }));
    let farm = folder.farms.farm("cvad-7").unwrap();
    let options = ServeOptions {
        expose_catalog: true,
    };
    let body = roamd_nfuse_proto::encode_request(
        roamd_nfuse_proto::Dialect::new(5, 4),
        &address(application("Desk"), None),
    );
    for second in [0, 100] {
        let response = farm.respond(options, &body, at(second)).await.unwrap();
        let response = String::from_utf8(response).unwrap();
        assert!(
            response.contains(">no-available-workstation<"),
            "{response}"
        );
    }
}

/// In maintenance a single-session host refuses reconnects; a shared host accepts them.
#[tokio::test]
async fn maintenance_allows_reconnect_to_shared_host() {
    for generation in GENERATIONS {
        for (sessions, allowed) in [(1, false), (10, true)] {
            let folder = Folder::of(&small_world_with(|farm| {
                with_capacity(sessions)(farm);
                farm.hosts
                    .iter_mut()
                    .for_each(|host| host.maintenance = true);
            }));
            let session = folder.start(generation, "alice", "Waiting", None);
            for name in [session_name(&session), application("Waiting")] {
                let response = ask(&folder, generation, "alice", name, 0).await;
                match allowed {
                    true => assert!(response.unwrap().disconnected_session),
                    false => {
                        // From generation 7 on the error for "no machine" would mean that the
                        // session does not exist.
                        let expected = match generation {
                            "xenapp-6" => ErrorId::NO_SERVER,
                            _ => ErrorId::IN_MAINTENANCE_MODE,
                        };
                        assert_eq!(response.unwrap_err().id, expected);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn licence_is_per_user_and_freed_by_disconnect() {
    for generation in GENERATIONS {
        let folder = Folder::of(&small_world_with(|farm| farm.licences = Limit::AtMost(1)));
        for app in ["Here", "There"] {
            let ticket = launch_ticket(&folder, generation, "alice", app, 0).await;
            redeem(&folder, &ticket, 0).unwrap();
        }
        let waiting = folder.start(generation, "bob", "Waiting", None);
        for name in [session_name(&waiting), application("Here")] {
            let refused = ask(&folder, generation, "bob", name, 0).await.unwrap_err();
            assert_eq!(refused.id, ErrorId::NOT_LICENSED);
        }
        let leave = disconnect("alice", "TABLET");
        folder.ask_at(generation, &leave, 0).await.unwrap();
        let ticket = launch_ticket(&folder, generation, "bob", "Waiting", 0).await;
        assert_eq!(
            redeem(&folder, &ticket, 0).unwrap().session_id,
            waiting.session_id
        );
    }
}

#[tokio::test]
async fn application_runs_only_on_hosts_of_its_group() {
    let world = small_world_with(|farm| {
        farm.groups = ["Desks", "Apps"]
            .map(|name| HostGroup {
                name: name.to_owned(),
                maintenance: false,
            })
            .to_vec();
        farm.hosts[0].group = Some("Apps".to_owned());
        farm.hosts[1].group = Some("desks".to_owned());
        for application in &mut farm.applications {
            let group = if application.name == "Desk" {
                "Desks"
            } else {
                "apps"
            };
            application.group = Some(group.to_owned());
        }
    });
    let folder = Folder::of(&world);
    for (number, generation) in GENERATIONS.into_iter().enumerate() {
        for (app, host) in [
            ("Desk", "02"),
            ("Here", "01"),
            ("There", "01"),
            ("Desk", "02"),
        ] {
            let ticket = launch_ticket(&folder, generation, "alice", app, 0).await;
            let host = format!("{number}{host}");
            assert_eq!(redeem(&folder, &ticket, 0).unwrap().host_id, host);
            assert_eq!(folder.start(generation, "bob", app, None).host_id, host);
        }
        // A forged tag does not reach another host.
        let request = ticket_request("alice", &format!("IMAHostId:{number}01?app=Desk"), None);
        let refused = folder.ask_at(generation, &request, 0).await.unwrap_err();
        assert_eq!(refused, unknown_name_error(generation));
    }
}

#[tokio::test]
async fn disabled_application_is_listed_as_disabled() {
    let folder = Folder::of(&small_world_with(|farm| {
        farm.applications[1].enabled = false;
    }));
    let request = AppDataRequest {
        folder: String::new(),
        traverse: Some("subtree".to_owned()),
        desired_details: vec!["defaults".to_owned()],
        app_names: vec!["Here".to_owned(), "There".to_owned()],
        server_types: vec!["all".to_owned()],
        client_types: vec!["all".to_owned()],
        credentials: Some(of("alice")),
        ..AppDataRequest::default()
    };
    for generation in GENERATIONS {
        let response = folder.ask_at(generation, &request, 0).await.unwrap();
        let disabled: Vec<_> = response
            .applications
            .into_iter()
            .map(|application| (application.in_name, application.settings.unwrap().disabled))
            .collect();
        let expected = [("Here".to_owned(), true), ("There".to_owned(), false)];
        assert_eq!(disabled, expected, "{generation}");
    }
}
