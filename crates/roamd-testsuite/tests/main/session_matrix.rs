//! `appSessionsOnly`, `includeActiveSessions` and `deviceId` in all combinations, on farms of every
//! generation with and without `LegacyWorkspaceControl` (SS-28 to SS-35, SS-19, §4.1).

use std::fmt::Write;

use roamd_farm::{SessionFilter, SessionState, StartSession, World};
use roamd_store_proto::EnumerationStatus;
use roamd_testsuite::{Options, TestEnvironment, sign_in};

/// Client and device of the request, and the device of another client with the same name.
const CLIENT: &str = "DESK-Q";
const DEVICE: &str = "DEV-Q";
const OTHER_DEVICE: &str = "DEV-R";

/// Kinds of farms: id, generation, lines of the configuration, and whether it hosts desktops.
const FARMS: [(&str, &str, &str, bool); 7] = [
    ("XAMixed", "xenapp-6", "", true),
    ("XALegacy", "xenapp-6", LEGACY, true),
    ("XAApps", "xenapp-6", "", false),
    ("XDOff", "xendesktop-5", "", true),
    ("XDOn", "xendesktop-5", LEGACY, true),
    ("Cvad", "cvad-7", "", true),
    ("CvadLegacy", "cvad-7", LEGACY, true),
];

const LEGACY: &str = "legacy_workspace_control = true";

/// Sessions of the user on every farm: application, and client and device that it is connected
/// from. `Desk` and `Idle` are desktops.
const SESSIONS: [(&str, Option<(&str, &str)>); 6] = [
    // Connected from no client: always listed (SS-32).
    ("Waiting", None),
    ("Idle", None),
    // Of the calling client: never listed, never disconnected (SS-31).
    ("Here", Some((CLIENT, DEVICE))),
    // Of the calling client by its name alone (SS-19).
    ("Twin", Some((CLIENT, OTHER_DEVICE))),
    // Of another client.
    ("There", Some(("DESK-A", "DEV-A"))),
    ("Desk", Some(("DESK-A", "DEV-A"))),
];

/// A request: `appSessionsOnly`, `includeActiveSessions`, and whether there is a device id.
type Choice = (bool, bool, bool);

/// What a list returns and which sessions it disconnects, both as initials of the applications, in
/// alphabetical order: w`A`iting, `D`esk, t`H`ere, `I`dle, t`W`in.
type Expected = (&'static str, &'static str);

/// The requests, and what they get from a farm before version 7 that hosts applications too, or
/// whose exclusion is lifted; from an excluded farm; and from a farm of version 7.
const MATRIX: [(Choice, [Expected; 3]); 8] = [
    ((false, false, false), [("AI", ""), ("AI", ""), ("AI", "")]),
    ((false, false, true), [("AI", ""), ("AI", ""), ("AI", "")]),
    (
        (false, true, false),
        [("ADHI", "DH"), ("ADHI", "DH"), ("ADHI", "")],
    ),
    (
        (false, true, true),
        [("ADHIW", "DHW"), ("ADHIW", "DHW"), ("ADHIW", "")],
    ),
    ((true, false, false), [("A", ""), ("", ""), ("A", "")]),
    ((true, false, true), [("A", ""), ("", ""), ("A", "")]),
    // The desktop is disconnected, and not listed (SS-35).
    ((true, true, false), [("AH", "DH"), ("", ""), ("AH", "")]),
    ((true, true, true), [("AHW", "DHW"), ("", ""), ("AHW", "")]),
];

/// The column of the matrix for a farm.
fn column(id: &str) -> usize {
    match id {
        "XAMixed" | "XALegacy" | "XAApps" | "XDOn" => 0,
        "XDOff" => 1,
        _ => 2,
    }
}

fn initial(application: &str) -> char {
    match application {
        "Desk" => 'D',
        "Idle" => 'I',
        "There" => 'H',
        "Twin" => 'W',
        "Waiting" => 'A',
        _ => '?',
    }
}

fn is_desktop(application: &str) -> bool {
    matches!(application, "Desk" | "Idle")
}

fn sorted(initials: impl Iterator<Item = char>) -> String {
    let mut initials: Vec<_> = initials.collect();
    initials.sort_unstable();
    initials.into_iter().collect()
}

/// Applications of the sessions on a farm.
fn sessions(hosts_desktops: bool) -> impl Iterator<Item = (&'static str, Option<Client>)> {
    let sessions = SESSIONS.into_iter();
    sessions.filter(move |(application, _)| hosts_desktops || !is_desktop(application))
}

/// Name and device id.
type Client = (&'static str, &'static str);

fn world() -> World {
    let mut text = "[[domain]]\nname = \"DEMO\"\ndns = \"demo.test\"\n\
                    user = [{ name = \"alice\", password = \"roam-demo\" }]\n"
        .to_owned();
    for (number, (id, generation, _, hosts_desktops)) in FARMS.iter().enumerate() {
        let application = |(name, _): (&str, _)| {
            let kind = if is_desktop(name) { "desktop" } else { "app" };
            format!("{{ name = \"{name}\", kind = \"{kind}\" }}")
        };
        let applications: Vec<_> = sessions(*hosts_desktops).map(application).collect();
        write!(
            text,
            "[[farm]]\nid = \"{id}\"\nname = \"{id}\"\ngeneration = \"{generation}\"\n\
             application = [{}]\n[[farm.host]]\nid = \"{number}1\"\nname = \"HOST{number}\"\n\
             address = \"192.0.2.{number}\"\ndns = \"host{number}.test\"\n",
            applications.join(", ")
        )
        .unwrap();
    }
    World::from_toml(&text).unwrap()
}

async fn env() -> TestEnvironment {
    let env = TestEnvironment::start(Options {
        world: world(),
        farm: |id| {
            let mut farms = FARMS.iter();
            farms.find(|(known, ..)| *known == id).unwrap().2
        },
        ..Options::default()
    })
    .await;
    for (id, _, _, hosts_desktops) in FARMS {
        for (app, client) in sessions(hosts_desktops) {
            let started = StartSession {
                farm: id.to_owned(),
                user: r"DEMO\alice".to_owned(),
                app: app.to_owned(),
                client_name: client.map(|(name, _)| name.to_owned()),
                device_id: client.map(|(_, device)| device.to_owned()),
                state: match client {
                    Some(_) => SessionState::Active,
                    None => SessionState::Disconnected,
                },
            };
            env.farms.start_session(&started).unwrap();
        }
    }
    env
}

/// Initials of the sessions on a farm that were connected and are not any more.
fn disconnected(env: &TestEnvironment, farm: &str) -> String {
    let filter = SessionFilter {
        farm: Some(farm.to_owned()),
        user: None,
    };
    let sessions = env.farms.sessions(&filter).unwrap().into_iter();
    let was_connected = |app: &str| {
        let mut sessions = SESSIONS.iter();
        sessions.any(|(name, client)| *name == app && client.is_some())
    };
    let sessions = sessions.filter(|it| it.state == SessionState::Disconnected);
    let sessions = sessions.filter(|it| was_connected(&it.app));
    sorted(sessions.map(|it| initial(&it.app)))
}

fn of_farm(expected: &str, hosts_desktops: bool) -> String {
    let kept = |c: &char| hosts_desktops || !matches!(c, 'D' | 'I');
    expected.chars().filter(kept).collect()
}

#[tokio::test]
async fn list_has_the_sessions_and_side_effects_of_each_farm() {
    for ((apps_only, active, device), expected) in MATRIX {
        let env = env().await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let device_id = if device {
            format!("<deviceId>{DEVICE}</deviceId>")
        } else {
            String::new()
        };
        let extra = format!(
            "{device_id}<includeActiveSessions>{active}</includeActiveSessions>\
             <appSessionsOnly>{apps_only}</appSessionsOnly>"
        );
        let state = alice.state(CLIENT, &extra).await.unwrap();
        // A farm that is left out on purpose does not make the list partial (SS-37).
        assert_eq!(state.enumeration, EnumerationStatus::Full, "{extra}");
        for (id, _, _, hosts_desktops) in FARMS {
            let (listed, ended) = expected[column(id)];
            let found = state.sessions.iter().filter_map(|session| {
                let app = session.resource_id.strip_prefix(&format!("{id}."))?;
                Some(initial(app))
            });
            let listed = of_farm(listed, hosts_desktops);
            assert_eq!(sorted(found), listed, "listed at {id}: {extra}");
            let ended = of_farm(ended, hosts_desktops);
            assert_eq!(
                disconnected(&env, id),
                ended,
                "disconnected at {id}: {extra}"
            );
        }
    }
}
