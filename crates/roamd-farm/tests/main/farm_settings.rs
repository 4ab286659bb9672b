//! Settings that operators change while a farm is served.

use std::num::NonZeroU32;

use roamd_farm::{
    AccountChange, ApplicationChange, ContentAddress, Error, FarmLimitsChange, FarmPart,
    HostChange, HostGroup, HostRecord, Limit, PowerSetting, PowerState,
};
use roamd_nfuse_proto::{AppDataRequest, ErrorId};

use crate::requests::{address, application, unknown_name_error};
use crate::support::{Folder, at, of, prices_document, small_world_with};

const FARM: &str = "cvad-7";

/// Returns the error of a launch by alice.
async fn launch(folder: &Folder, app: &str) -> Option<ErrorId> {
    let request = address(application(app), Some(of("alice")));
    let response = folder.ask_at(FARM, &request, 0).await;
    response.err().map(|error| error.id)
}

fn hosts(folder: &Folder) -> Vec<HostRecord> {
    folder.farms.hosts(Some("CVAD-7"), at(0)).unwrap()
}

#[tokio::test]
async fn setting_takes_effect_at_next_launch() {
    let folder = Folder::of(&small_world_with(|farm| {
        farm.groups.push(HostGroup {
            name: "Apps".to_owned(),
            maintenance: false,
        });
        for host in &mut farm.hosts {
            host.group = Some("Apps".to_owned());
        }
        for application in &mut farm.applications {
            application.group = Some("Apps".to_owned());
        }
    }));
    let farms = &folder.farms;
    let limits = |change| farms.set_limits(FARM, change).map(|_| ());
    let here = |change| farms.set_application(FARM, "HERE", &change).map(|_| ());
    let group = |maintenance| farms.set_group(FARM, "apps", maintenance).map(|_| ());
    let each_host = |change| {
        let mut hosts = ["201", "202"].into_iter();
        hosts.try_for_each(|host| farms.set_host(FARM, host, change, at(0)).map(|_| ()))
    };
    let none = Limit::AtMost(0);
    let cases: [(&dyn Fn(bool) -> Result<(), Error>, ErrorId); 9] = [
        (
            &|on| {
                let licences = Some(if on { none } else { Limit::None });
                limits(FarmLimitsChange {
                    licences,
                    ..FarmLimitsChange::default()
                })
            },
            ErrorId::NOT_LICENSED,
        ),
        (
            &|on| {
                let max_sessions = Some(if on { none } else { Limit::None });
                limits(FarmLimitsChange {
                    max_sessions,
                    ..FarmLimitsChange::default()
                })
            },
            ErrorId::UNSPECIFIED,
        ),
        (
            &|on| {
                let max_sessions_per_user = Some(if on { none } else { Limit::AtMost(1) });
                limits(FarmLimitsChange {
                    max_sessions_per_user,
                    ..FarmLimitsChange::default()
                })
            },
            ErrorId::NO_MORE_ACTIVE_SESSIONS,
        ),
        (
            &|on| {
                here(ApplicationChange {
                    enabled: Some(!on),
                    ..ApplicationChange::default()
                })
            },
            unknown_name_error(FARM).id,
        ),
        (
            &|on| {
                let max_instances = Some(if on { none } else { Limit::AtMost(1) });
                here(ApplicationChange {
                    max_instances,
                    ..ApplicationChange::default()
                })
            },
            ErrorId::UNSPECIFIED,
        ),
        (&group, ErrorId::IN_MAINTENANCE_MODE),
        (
            &|on| {
                each_host(HostChange {
                    maintenance: Some(on),
                    ..HostChange::default()
                })
            },
            ErrorId::IN_MAINTENANCE_MODE,
        ),
        (
            &|on| {
                each_host(HostChange {
                    refusing: Some(on),
                    ..HostChange::default()
                })
            },
            ErrorId::CONNECTION_REFUSED,
        ),
        (
            &|on| {
                let power = Some(if on {
                    PowerSetting::Off
                } else {
                    PowerSetting::On
                });
                each_host(HostChange {
                    power,
                    boot_seconds: Some(0),
                    ..HostChange::default()
                })
            },
            ErrorId::RETRY_REQUIRED,
        ),
    ];
    for (number, (set, expected)) in cases.into_iter().enumerate() {
        assert_eq!(launch(&folder, "Here").await, None, "before case {number}");
        set(true).unwrap();
        assert_eq!(
            launch(&folder, "Here").await,
            Some(expected),
            "case {number}"
        );
        set(false).unwrap();
        assert_eq!(launch(&folder, "Here").await, None, "after case {number}");
    }
}

#[test]
fn unchanged_settings_keep_their_values() {
    let folder = Folder::new();
    let farms = &folder.farms;
    let [before, other] = hosts(&folder).try_into().unwrap();
    let change = HostChange {
        capacity: NonZeroU32::new(3),
        ..HostChange::default()
    };
    let after = farms.set_host(FARM, "201", change, at(0)).unwrap();
    assert_eq!(
        after,
        HostRecord {
            capacity: 3,
            ..before
        }
    );
    assert_eq!(hosts(&folder), [after, other]);

    let change = ApplicationChange {
        max_instances: Some(Limit::AtMost(2)),
        ..ApplicationChange::default()
    };
    farms.set_application(FARM, "Here", &change).unwrap();
    let change = ApplicationChange {
        enabled: Some(false),
        ..ApplicationChange::default()
    };
    let after = farms.set_application(FARM, "Here", &change).unwrap();
    assert_eq!(
        (after.enabled, after.max_instances),
        (false, Limit::AtMost(2))
    );
    let others = farms.applications(None).unwrap().into_iter();
    let changed = others.filter(|app| !app.enabled || app.max_instances != Limit::None);
    assert_eq!(changed.count(), 1);
}

#[tokio::test]
async fn file_types_and_content_depend_on_application_kind() {
    let folder = Folder::of(&small_world_with(|farm| {
        farm.applications.push(prices_document());
    }));
    let set = |app: &str, files: Option<&str>, address: Option<&str>| {
        let change = ApplicationChange {
            file_types: files.map(|files| files.parse().unwrap()),
            content: address.map(|address| address.parse().unwrap()),
            ..ApplicationChange::default()
        };
        folder.farms.set_application(FARM, app, &change)
    };
    let seq_no = async |app: &str| {
        let request = AppDataRequest {
            app_names: vec![app.to_owned()],
            client_types: vec!["all".to_owned()],
            server_types: vec!["all".to_owned()],
            credentials: Some(of("alice")),
            ..AppDataRequest::default()
        };
        let response = folder.ask_at(FARM, &request, 0).await.unwrap();
        response.applications[0].seq_no
    };
    for (app, files, address) in [
        ("Here", Some(".txt,.csv"), None),
        ("Here", Some("none"), None),
        ("Prices", None, Some("ftp://files/prices")),
    ] {
        let before = seq_no(app).await;
        let after = set(app, files, address).unwrap();
        assert_eq!(after.file_types.to_string(), files.unwrap_or("none"));
        let kept = after.content.as_ref().map(ContentAddress::as_str);
        assert_eq!(kept, address, "{app}");
        let changed = seq_no(app).await;
        assert_ne!(changed, before, "the enumeration shows the change");
        set(app, files, address).unwrap();
        assert_eq!(seq_no(app).await, changed, "unchanged value");
    }
    for (app, files, address) in [
        ("Desk", Some(".txt"), None),
        ("Prices", Some(".txt"), None),
        ("Here", None, Some("ftp://files/prices")),
    ] {
        let refused = set(app, files, address).unwrap_err();
        assert!(matches!(refused, Error::WrongKind { .. }), "{refused}");
    }
}

#[test]
fn powering_off_ends_sessions_and_powering_on_takes_time() {
    let folder = Folder::new();
    for app in ["Here", "There"] {
        folder.start(FARM, "alice", app, Some("DESK-A"));
    }
    let power = |power, second| {
        let change = HostChange {
            power: Some(power),
            ..HostChange::default()
        };
        let host = folder.farms.set_host(FARM, "201", change, at(second));
        host.unwrap().power
    };
    let now = |second| folder.farms.hosts(Some(FARM), at(second)).unwrap()[0].power;
    assert_eq!(power(PowerSetting::On, 0), PowerState::On, "already on");
    assert_eq!(folder.states(FARM), ["Here@DESK-A", "There@DESK-A"]);
    assert_eq!(power(PowerSetting::Off, 0), PowerState::Off);
    assert_eq!(folder.states(FARM), ["There@DESK-A"]);
    assert_eq!(power(PowerSetting::On, 10), PowerState::Starting);
    assert_eq!(
        power(PowerSetting::On, 20),
        PowerState::Starting,
        "booting does not restart"
    );
    assert_eq!((now(39), now(40)), (PowerState::Starting, PowerState::On));
}

#[test]
fn unknown_host_group_or_application_is_named() {
    let folder = Folder::new();
    let farms = &folder.farms;
    for (result, expected, command) in [
        (
            farms
                .set_host(FARM, "9", HostChange::default(), at(0))
                .map(|_| ()),
            FarmPart::Host,
            "roamd farm host list",
        ),
        (
            farms.set_group(FARM, "Apps", true).map(|_| ()),
            FarmPart::Group,
            "roamd farm group list",
        ),
        (
            farms
                .set_application(FARM, "Nothing", &ApplicationChange::default())
                .map(|_| ()),
            FarmPart::Application,
            "roamd farm app list",
        ),
    ] {
        let error = result.unwrap_err();
        assert!(error.to_string().contains(command), "{error}");
        assert!(
            matches!(error, Error::UnknownPart { part, .. } if part == expected),
            "{error:?}"
        );
    }
    for result in [
        farms
            .set_limits("XA9", FarmLimitsChange::default())
            .map(|_| ()),
        farms.hosts(Some("XA9"), at(0)).map(|_| ()),
        farms.set_group("XA9", "Apps", true).map(|_| ()),
    ] {
        let error = result.unwrap_err();
        let expected = "no farm has the id XA9; known farms: xenapp-6, xendesktop-5, cvad-7";
        assert_eq!(error.to_string(), expected);
    }
    for (user, expected) in [
        ("zed", "no user has the name zed: "),
        (r"DEMO\zed", r"no user has the name DEMO\zed: "),
        ("zed@other.test", "no user has the name zed@other.test: "),
        (
            "Alice",
            r"several domains have a user Alice: write DOMAIN\name",
        ),
    ] {
        let set = farms.set_account(user, &AccountChange::default(), at(0));
        let error = set.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
