//! Launches on scripted farms: calls of the farm, and outcomes for the client.

use std::collections::HashSet;

use proptest::option;
use proptest::prelude::*;
use roamd_sessions::{
    Application, ApplicationSettings, Busy, ConnectRequest, Connection, DeadlineShare,
    DefaultWindow, Encryption, FailureCause, FarmError, FarmId, Generation, HostPort, IcaError,
    Kind, Launch, LaunchFailure, LaunchOutcome, LaunchTarget, ListRequest, Logon, NoTicket,
    NotReady, Refusal, RemoteAccess, ResourceEnumeration, ResourceId, ResourceIds, Roaming,
    SessionSettings, Sound, StaTicket, Store, StoreRules, Target, WindowSize,
};
use roamd_store_proto::{
    Audio, ColourDepth, Display, ErrorReason, Language, LaunchData, LaunchErrorId, LaunchParams,
    RemedyHint,
};
use secrecy::{ExposeSecret, SecretString};

use crate::scripted::{self, Call, ScriptedFarm, down, enumeration, keys, session, user};

const QUIET: ListRequest = ListRequest::DISCONNECTED;

fn launch() -> Launch {
    Launch {
        params: LaunchParams {
            client_name: Some("DESK-B".to_owned()),
            device_id: Some("dev-b".to_owned()),
            ..LaunchParams::default()
        },
        seen_address: Some([192, 0, 2, 9].into()),
        via: Vec::new(),
        title: None,
    }
}

/// A farm with one session of every user, of an application that it publishes.
fn paint(generation: Generation) -> ScriptedFarm {
    let mut farm = ScriptedFarm::new("CVAD", generation);
    farm.sessions = Ok(vec![session(7, "Paint")]);
    farm.applications = Ok(enumeration(&[("Paint", "Paint 2016", false)]));
    farm
}

fn application(in_name: &str) -> LaunchTarget {
    LaunchTarget::Application(ResourceIds::new(
        ResourceId::new(&FarmId::new("CVAD"), in_name),
        [],
    ))
}

async fn session_of(store: &Store<ScriptedFarm>) -> LaunchTarget {
    let list = scripted::list(store, &user("alice"), QUIET).await.unwrap();
    LaunchTarget::Session(list.sessions[0].id.clone())
}

/// The last call of the farm, which must be a connect.
fn connect(store: &Store<ScriptedFarm>) -> ConnectRequest {
    let calls = store.farms()[0].calls();
    match calls.last() {
        Some(Call::Connect(connect)) => (**connect).clone(),
        _ => panic!("the last call is no connect: {calls:?}"),
    }
}

async fn launched(farm: ScriptedFarm, target: &LaunchTarget) -> LaunchOutcome {
    let store = Store::new(vec![farm], keys());
    let launched = scripted::launch(&store, &user("alice"), target, &launch()).await;
    launched.unwrap()
}

fn ica_text(launched: &LaunchOutcome) -> String {
    match launched {
        LaunchOutcome::Ready { ica, .. } => ica.text().expose_secret().to_owned(),
        other => panic!("not ready: {other:?}"),
    }
}

#[tokio::test]
async fn listed_session_is_launched_from_named_end_point() {
    // SS-53, SS-59
    let store = Store::new(vec![paint(Generation::Cvad7)], keys());
    let target = session_of(&store).await;
    let alice = user("alice");
    let ready = scripted::launch(&store, &alice, &target, &launch())
        .await
        .unwrap();
    assert!(ica_text(&ready).contains("Title=Paint 2016\r\n"));
    let LaunchOutcome::Ready { ticket, .. } = ready else {
        panic!("the farm is ready");
    };
    assert_eq!(
        ticket.unwrap().expose_secret(),
        "0F1E2D3C4B5A69788796A5B4C3D2E1"
    );
    let connect = connect(&store);
    assert_eq!(connect.target, Target::Session(session(7, "Paint").key));
    assert_eq!(connect.end_point.client_name.as_deref(), Some("DESK-B"));
    assert_eq!(connect.end_point.device_id.as_deref(), Some("dev-b"));
    assert_eq!(connect.client_address, Some([192, 0, 2, 9].into()));
    assert_eq!(connect.sharing_key, None, "the session has its own");
    // SS-54: bob has no such session, and no farm is asked.
    let before = store.farms()[0].calls().len();
    let of_bob = scripted::launch(&store, &user("bob"), &target, &launch()).await;
    assert!(matches!(
        of_bob,
        Ok(LaunchOutcome::NotFound(ErrorReason::ResourceNotFound))
    ));
    assert_eq!(store.farms()[0].calls().len(), before);
}

#[tokio::test]
async fn launch_by_id_follows_roaming_policy() {
    // SS-71: the farm lists session 7 as disconnected, and session 8 not.
    let quiet = Call::Sessions { active: false };
    for (roaming, number, is_launched, asks) in [
        (Roaming::Always, 7, true, false),
        (Roaming::Always, 8, true, false),
        (Roaming::DisconnectedOnly, 7, true, true),
        (Roaming::DisconnectedOnly, 8, false, true),
        (Roaming::SameEndpointOnly, 7, false, false),
    ] {
        let mut all = paint(Generation::XenApp6);
        all.sessions = Ok(vec![session(number, "Paint")]);
        let target = session_of(&Store::new(vec![all], keys())).await;
        let store = Store::new(vec![paint(Generation::XenApp6)], keys());
        let (alice, launch) = (user("alice"), launch());
        let launched = scripted::launch_under(&store, &alice, &target, &launch, roaming).await;
        let is_found = !matches!(launched.unwrap(), LaunchOutcome::NotFound(_));
        assert_eq!(is_found, is_launched, "{roaming:?} {number}");
        let calls = store.farms()[0].calls();
        assert_eq!(calls.contains(&quiet), asks, "{roaming:?} {calls:?}");
        let connects = calls.iter().any(|call| matches!(call, Call::Connect(_)));
        assert_eq!(connects, is_launched, "{roaming:?} {number}");
    }
}

#[tokio::test]
async fn launch_fails_if_policy_cannot_be_checked() {
    // SS-71
    let mut farm = paint(Generation::Cvad7);
    let target = session_of(&Store::new(vec![farm.clone()], keys())).await;
    farm.sessions = Err(down());
    let store = Store::new(vec![farm], keys());
    let (alice, roaming) = (user("alice"), Roaming::DisconnectedOnly);
    let launched = scripted::launch_under(&store, &alice, &target, &launch(), roaming).await;
    assert!(matches!(launched.unwrap(), LaunchOutcome::Failed(_)));
    let calls = store.farms()[0].calls();
    assert!(!calls.iter().any(|call| matches!(call, Call::Connect(_))));
}

#[tokio::test]
async fn application_launch_ignores_roaming_policy() {
    // SS-71: the farm decides.
    let store = Store::new(vec![paint(Generation::Cvad7)], keys());
    let (target, alice) = (application("Paint"), user("alice"));
    let roaming = Roaming::SameEndpointOnly;
    let ready = scripted::launch_under(&store, &alice, &target, &launch(), roaming).await;
    assert!(ica_text(&ready.unwrap()).contains("Title=Paint 2016"));
}

#[tokio::test]
async fn launched_session_has_listed_name() {
    // SS-40, ST-42; a session without application has no program.
    let enumeration = || enumeration(&[("Paint", "Paint 2016", false), ("Blank", " ", false)]);
    for (in_name, title, program) in [
        ("Paint", "Paint 2016", Some("#Paint")),
        ("Blank", "Blank", Some("#Blank")),
        ("Gone", "Gone", Some("#Gone")),
        ("", "CVAD farm", None),
    ] {
        let mut farm = paint(Generation::Cvad7);
        farm.sessions = Ok(vec![session(7, in_name)]);
        farm.applications = Ok(enumeration());
        let store = Store::new(vec![farm], keys());
        let listed = scripted::list(&store, &user("alice"), QUIET).await.unwrap();
        assert_eq!(listed.sessions[0].initial_app, title);
        let target = LaunchTarget::Session(listed.sessions[0].id.clone());
        let ready = scripted::launch(&store, &user("alice"), &target, &launch()).await;
        let ica = ica_text(&ready.unwrap());
        let value = |key| ica.lines().find_map(|line| line.strip_prefix(key));
        assert_eq!(value("Title="), Some(title));
        assert_eq!(value("InitialProgram="), program, "{in_name}");
    }
}

#[tokio::test]
async fn application_launch_makes_sharing_key() {
    // store-services.md §4.1; the sharing key as in nfuse.md §9
    let mut farm = paint(Generation::XenApp6);
    farm.applications = Ok(ResourceEnumeration::from_iter([(
        "Paint".to_owned(),
        Application {
            title: "Paint 2016".to_owned(),
            settings: ApplicationSettings {
                colour_depth: Some(ColourDepth::High),
                encryption: Some(Encryption::Rc5Bits128),
                ..ApplicationSettings::default()
            },
            ..Application::default()
        },
    )]));
    let store = Store::new(vec![farm], keys());
    let alice = user("alice");
    let ready = scripted::launch(&store, &alice, &application("Paint"), &launch()).await;
    assert!(ica_text(&ready.unwrap()).contains("InitialProgram=#Paint\r\n"));
    let connect = connect(&store);
    assert_eq!(connect.target, Target::Application("Paint".to_owned()));
    assert_eq!(
        connect.sharing_key.as_deref(),
        Some("4-rc5-128-rc5-128-DEMO-alice-CVAD farm")
    );
}

#[tokio::test]
async fn launch_of_unstartable_target_is_not_found() {
    // ST-52, ST-54; the farm makes no connection.
    let entry = |in_name: &str, disabled, kind| {
        let application = Application {
            title: in_name.to_owned(),
            disabled,
            kind,
            ..Application::default()
        };
        (in_name.to_owned(), application)
    };
    let mut farm = paint(Generation::Cvad7);
    let document = Kind::Document { location: None };
    let entries = [
        entry("Paint", false, Kind::Application),
        entry("Old", true, Kind::Application),
        entry("Prices", false, document),
    ];
    farm.applications = Ok(entries.into_iter().collect());
    let elsewhere = ResourceId::new(&FarmId::new("XA9"), "Paint");
    let elsewhere = LaunchTarget::Application(ResourceIds::new(elsewhere, []));
    for (target, expected) in [
        (application("Word"), ErrorReason::ResourceNotFound),
        (application("paint"), ErrorReason::ResourceNotFound),
        (application("Old"), ErrorReason::ResourceDisabled),
        (application("Prices"), ErrorReason::UnsupportedOperation),
        (elsewhere, ErrorReason::ResourceNotFound),
        (
            LaunchTarget::Session("forged".to_owned()),
            ErrorReason::ResourceNotFound,
        ),
    ] {
        let store = Store::new(vec![farm.clone()], keys());
        let launched = scripted::launch(&store, &user("alice"), &target, &launch()).await;
        match launched {
            Ok(LaunchOutcome::NotFound(reason)) => assert_eq!(reason, expected, "{target:?}"),
            other => panic!("{target:?}: {other:?}"),
        }
        let calls = store.farms()[0].calls();
        assert!(
            !calls.iter().any(|call| matches!(call, Call::Connect(_))),
            "{calls:?}"
        );
    }
}

#[tokio::test]
async fn launch_params_stay_within_application_settings() {
    // Sound and encryption are limits; colour depth and window size are defaults.
    let limits = |sound| ApplicationSettings {
        colour_depth: Some(ColourDepth::High),
        size: Some(WindowSize::Pixels(1024, 768)),
        sound,
        encryption: Some(Encryption::Rc5Bits56),
    };
    let nothing = LaunchParams::default();
    let loud = LaunchParams {
        audio: Some(Audio::High),
        ..LaunchParams::default()
    };
    let mute = LaunchParams {
        audio: Some(Audio::Off),
        colour_depth: Some(ColourDepth::TrueColor),
        display: Some(Display::Seamless),
        ..LaunchParams::default()
    };
    let default_window = ["DesiredColor=4", "DesiredHRES=1024", "DesiredVRES=768"];
    for (sound, params, audio, rest) in [
        (
            Some(Sound::None),
            &loud,
            &["ClientAudio=Off"][..],
            default_window,
        ),
        (
            Some(Sound::None),
            &nothing,
            &["ClientAudio=Off"],
            default_window,
        ),
        (
            Some(Sound::Basic),
            &loud,
            &["AudioBandwidthLimit=0", "ClientAudio=On"],
            default_window,
        ),
        (
            Some(Sound::Basic),
            &nothing,
            &["AudioBandwidthLimit=1", "ClientAudio=On"],
            default_window,
        ),
        (None, &nothing, &[], default_window),
        (
            Some(Sound::Basic),
            &mute,
            &["ClientAudio=Off"],
            ["DesiredColor=8", "TWIMode=On", "DesiredHRES=1024"],
        ),
    ] {
        let mut farm = paint(Generation::Cvad7);
        let entry = Application {
            title: "Paint".to_owned(),
            settings: limits(sound),
            ..Application::default()
        };
        farm.applications = Ok(ResourceEnumeration::from_iter([(
            "Paint".to_owned(),
            entry,
        )]));
        let store = Store::new(vec![farm], keys());
        let request = Launch {
            params: params.clone(),
            ..launch()
        };
        for target in [application("Paint"), session_of(&store).await] {
            let launched = scripted::launch(&store, &user("alice"), &target, &request).await;
            let text = ica_text(&launched.unwrap());
            let lines: HashSet<&str> = text.lines().collect();
            let found: Vec<&str> = text.lines().filter(|line| line.contains("Audio")).collect();
            assert_eq!(found, audio, "{sound:?} {params:?}");
            for line in rest {
                assert!(lines.contains(line), "{line}: {text}");
            }
            assert!(lines.contains("EncryptionLevelSession=EncRC5-56"), "{text}");
        }
    }
}

#[test]
fn window_size_defaults_to_application() {
    // ST-37, nfuse.md §9
    use WindowSize::{Percent, Pixels};
    let own = ApplicationSettings {
        size: Some(Pixels(1024, 768)),
        ..ApplicationSettings::default()
    };
    for (display, seamless, size) in [
        (None, None, Pixels(1024, 768)),
        (Some(Display::Seamless), Some(true), Pixels(1024, 768)),
        (Some(Display::Percent(Some(80.0))), Some(false), Percent(80)),
        (Some(Display::Percent(Some(0.2))), Some(false), Percent(1)),
        (
            Some(Display::Percent(Some(99.7))),
            Some(false),
            Percent(100),
        ),
        (Some(Display::Percent(None)), Some(false), Pixels(1024, 768)),
        (
            Some(Display::Absolute(Some((800, 600)))),
            Some(false),
            Pixels(800, 600),
        ),
        (
            Some(Display::Absolute(None)),
            Some(false),
            Pixels(1024, 768),
        ),
        (
            Some(Display::FullScreen),
            Some(false),
            Pixels(u32::MAX, u32::MAX),
        ),
    ] {
        let params = LaunchParams {
            display,
            ..LaunchParams::default()
        };
        let settings = SessionSettings::new(&params, &own, None);
        assert_eq!(
            (settings.seamless, settings.size),
            (seamless, Some(size)),
            "{display:?}"
        );
    }
}

#[test]
fn default_window_depends_on_the_kind_of_resource() {
    // ST-37, nfuse.md §9
    use DefaultWindow::{FullScreen, Seamless};
    use WindowSize::Pixels;
    let whole = Pixels(u32::MAX, u32::MAX);
    let own = Pixels(1024, 768);
    for (display, window, farm, expected) in [
        (None, Some(Seamless), None, (Some(true), Some(Pixels(0, 0)))),
        (None, Some(Seamless), Some(own), (Some(true), Some(own))),
        (None, Some(FullScreen), None, (Some(false), Some(whole))),
        (None, Some(FullScreen), Some(own), (Some(false), Some(own))),
        (None, None, None, (None, None)),
        // What the client requests takes precedence.
        (
            Some(Display::FullScreen),
            Some(Seamless),
            None,
            (Some(false), Some(whole)),
        ),
        (
            Some(Display::Seamless),
            Some(FullScreen),
            None,
            (Some(true), None),
        ),
        (
            Some(Display::Absolute(None)),
            Some(FullScreen),
            None,
            (Some(false), None),
        ),
    ] {
        let params = LaunchParams {
            display,
            ..LaunchParams::default()
        };
        let application = ApplicationSettings {
            size: farm,
            ..ApplicationSettings::default()
        };
        let settings = SessionSettings::new(&params, &application, window);
        let found = (settings.seamless, settings.size);
        assert_eq!(found, expected, "{display:?} {window:?} {farm:?}");
    }
}

#[tokio::test]
async fn failed_enumeration_fails_application_launch_only() {
    for (error, asked) in [
        (down(), true),
        (FarmError::Refused(Refusal::Other.into()), true),
        // A refused password is not sent again.
        (FarmError::Refused(Refusal::Credentials.into()), false),
    ] {
        let store = Store::new(vec![paint(Generation::Cvad7)], keys());
        let target = session_of(&store).await;
        let mut farm = paint(Generation::Cvad7);
        farm.applications = Err(error.clone());
        let store = Store::new(vec![farm], keys());
        let reconnected = scripted::launch(&store, &user("alice"), &target, &launch()).await;
        assert_eq!(
            matches!(reconnected, Ok(LaunchOutcome::Ready { .. })),
            asked,
            "{error}"
        );
        assert_eq!(store.farms()[0].calls().len(), if asked { 2 } else { 1 });
        let paint = application("Paint");
        let started = scripted::launch(&store, &user("alice"), &paint, &launch()).await;
        assert!(matches!(started, Ok(LaunchOutcome::Failed(_))), "{error}");
        let calls = store.farms()[0].calls();
        assert_eq!(calls.last(), Some(&Call::Applications(DeadlineShare::Half)));
    }
}

#[tokio::test]
async fn launch_on_busy_farm_is_busy() {
    let store = Store::new(vec![paint(Generation::Cvad7)], keys());
    let target = session_of(&store).await;
    let mut farm = paint(Generation::Cvad7);
    farm.begin = Err(FarmError::Busy);
    let store = Store::new(vec![farm], keys());
    let launched = scripted::launch(&store, &user("alice"), &target, &launch()).await;
    assert!(matches!(launched, Err(Busy)), "{launched:?}");
}

#[tokio::test]
async fn launch_outcome_follows_farm_error() {
    // SS-55, SS-56, ST-47, ST-48, ST-54
    enum Expected {
        Gone,
        Retry(NotReady),
        Failure(LaunchErrorId),
    }
    use Expected::{Failure, Gone, Retry};
    use LaunchErrorId as Id;
    let general = || Failure(Id::GENERAL_APP_LAUNCH_ERROR);
    let refused = |refusal: Refusal| FarmError::Refused(refusal.into());
    let table = [
        (refused(Refusal::UnknownSession), Gone),
        (
            refused(Refusal::NotReady(NotReady::Resuming)),
            Retry(NotReady::Resuming),
        ),
        (
            refused(Refusal::NotReady(NotReady::Rebooting)),
            Retry(NotReady::Rebooting),
        ),
        (
            refused(Refusal::NotReady(NotReady::Unknown)),
            Retry(NotReady::Unknown),
        ),
        (
            refused(Refusal::UnknownApplication),
            Failure(Id::APP_REMOVED),
        ),
        (
            refused(Refusal::SessionLimit),
            Failure(Id::NO_MORE_ACTIVE_SESSIONS),
        ),
        (refused(Refusal::NotLicensed), Failure(Id::NOT_LICENSED)),
        (refused(Refusal::NoHost), Failure(Id::UNAVAILABLE_DESKTOP)),
        (
            refused(Refusal::Overloaded),
            Failure(Id::UNAVAILABLE_DESKTOP),
        ),
        (
            refused(Refusal::HostRefused),
            Failure(Id::COULD_NOT_CONNECT_TO_WORKSTATION),
        ),
        (
            refused(Refusal::Maintenance),
            Failure(Id::WORKSTATION_IN_MAINTENANCE),
        ),
        (refused(Refusal::Resource), Failure(Id::RESOURCE_ERROR)),
        (refused(Refusal::Credentials), general()),
        (refused(Refusal::Account), general()),
        (refused(Refusal::PasswordExpired), general()),
        (refused(Refusal::NotTrusted), general()),
        (refused(Refusal::Unsupported), general()),
        (refused(Refusal::Other), general()),
        (down(), general()),
    ];
    let store = Store::new(vec![paint(Generation::Cvad7)], keys());
    let target = session_of(&store).await;
    for (error, expected) in table {
        let mut farm = paint(Generation::Cvad7);
        farm.connect = Err(error.clone());
        match (launched(farm, &target).await, expected) {
            (LaunchOutcome::NotFound(ErrorReason::ResourceNotFound), Gone) => {}
            (LaunchOutcome::NotReady { reason, .. }, Retry(expected)) => {
                assert_eq!(reason, expected);
            }
            (LaunchOutcome::Failed(failure), Failure(id)) => {
                assert_eq!(failure.id(), id, "{error}");
                assert_eq!(failure.remedy(), None, "no desktop");
            }
            (launched, _) => panic!("{error}: {launched:?}"),
        }
    }
}

#[test]
fn every_failure_has_text_in_every_language() {
    // ST-8, ST-50
    let refusals = [
        Refusal::Credentials,
        Refusal::Account,
        Refusal::PasswordExpired,
        Refusal::NotLicensed,
        Refusal::NoHost,
        Refusal::Overloaded,
        Refusal::UnknownApplication,
        Refusal::SessionLimit,
        Refusal::HostRefused,
        Refusal::Maintenance,
        Refusal::Resource,
        Refusal::Other,
    ];
    let causes = refusals
        .map(|refusal| FailureCause::Farm(FarmError::Refused(refusal.into())))
        .into_iter()
        .chain([
            down().into(),
            FailureCause::NoTicket(NoTicket("silent".to_owned())),
            FailureCause::IcaFile(IcaError::Address),
            FailureCause::Cancelled,
        ]);
    for cause in causes {
        let failure = LaunchFailure::new(cause, false);
        let texts: HashSet<&str> = Language::ALL
            .into_iter()
            .map(|language| failure.text(language))
            .collect();
        assert_eq!(texts.len(), Language::ALL.len(), "{failure:?}");
        for language in Language::ALL {
            let text = failure.text(language);
            let end = if language == Language::Japanese {
                '。'
            } else {
                '.'
            };
            assert!(text.ends_with(end), "{text}");
        }
    }
}

#[test]
fn refusing_desktop_may_be_restarted() {
    // ST-51
    let refused = FarmError::Refused(Refusal::HostRefused.into());
    let remedy = |cause: FarmError, desktop| LaunchFailure::new(cause, desktop).remedy();
    assert_eq!(
        remedy(refused.clone(), true),
        Some(RemedyHint::RESTART_DESKTOP)
    );
    assert_eq!(remedy(refused, false), None);
    assert_eq!(
        remedy(FarmError::Refused(Refusal::Maintenance.into()), true),
        None
    );
}

/// Names that a hostile farm or client would choose.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z#;= \\[\\]<>&\"']{0,12}",
        "[a-z]{0,3}(\r|\n|\r\n|\u{85}|\u{2028}|\0)(\\[WFClient\\]|Address=evil)",
        "\\]\\]>|</ica><logonTicket>x</logonTicket>|<!\\[CDATA\\[|&#10;Address=evil",
    ]
}

/// Launch parameters with these names, as far as they are valid.
fn params(client_name: &str, launcher: &str) -> LaunchParams {
    let written = LaunchParams {
        client_name: Some(client_name.to_owned()),
        launcher: Some(launcher.to_owned()),
        ..LaunchParams::default()
    };
    LaunchParams::from_xml(&written.to_xml()).unwrap_or(written)
}

/// Sections and keys of an ICA file.
fn structure(file: &str) -> Vec<String> {
    let label = file.split("[ApplicationServers]\r\n").nth(1).unwrap();
    let label = label.split("=\r\n").next().unwrap();
    // Any line break that some reader may accept.
    file.split([
        '\r', '\n', '\u{85}', '\u{b}', '\u{c}', '\u{2028}', '\u{2029}', '\0',
    ])
    .filter(|line| !line.is_empty())
    .map(|line| match line {
        line if line == format!("[{label}]") => "[*]".to_owned(),
        line if line == format!("{label}=") => "*=".to_owned(),
        line if line.starts_with('[') => line.to_owned(),
        line => line.split('=').next().unwrap().to_owned(),
    })
    .collect()
}

/// The names of the elements of a document, in order.
fn elements(document: &str) -> Vec<&str> {
    document
        .split('<')
        .skip(1)
        .map(|tag| tag.split(['>', ' ']).next().unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// ST-39, ST-41: no hostile name of a farm, ticket authority or client adds a key or a section
    /// to the ICA file, or an element to the response.
    #[test]
    fn hostile_name_never_changes_file_structure(
        in_name in hostile(),
        title in hostile(),
        client_name in hostile(),
        launcher in hostile(),
        address in or("192.0.2.40"),
        launch_reference in or("uDvEhPmxV0HZ"),
        sharing_key in or("-q4nT0yV8sKd2"),
        ticket in or("0F1E2D3C"),
        sta in option::of([or("40"), or("STA0123"), or("00112233")]),
    ) {
        let through_gateway = sta.is_some();
        let params = params(&client_name, &launcher);
        let outcome = launch_with(&in_name, &title, &params, sta, Connection {
            address,
            cgp_port: None,
            launch_reference: Some(launch_reference),
            session_sharing_key: Some(sharing_key),
            logon: Logon::Ticket(SecretString::from(ticket)),
        });
        let (ica, ticket) = match outcome {
            LaunchOutcome::Ready { ica, ticket, .. } => (ica.text().clone(), ticket),
            LaunchOutcome::Failed(failure) => {
                prop_assert!(matches!(failure.cause, FailureCause::IcaFile(_)));
                return Ok(());
            }
            other => panic!("{other:?}"),
        };
        // Blank names are left out.
        let left_out = [
            ("ClientName", params.client_name.is_none()),
            ("Launcher", params.launcher.is_none()),
            ("InitialProgram", in_name.is_empty()),
        ]
        .map(|(key, is_none)| is_none.then_some(key));
        let expected = KEYS.split_whitespace().filter(|key| {
            !left_out.contains(&Some(key)) && (through_gateway || !GATEWAY_KEYS.contains(key))
        });
        prop_assert_eq!(structure(ica.expose_secret()), expected.collect::<Vec<_>>());

        let data = LaunchData::Success { ica: ica.clone(), logon_ticket: ticket };
        let document = String::from_utf8(data.to_xml()).unwrap();
        prop_assert_eq!(
            elements(&document),
            ["?xml", "launch", "result", "ica", "/ica", "logonTicket", "/logonTicket", "/result",
             "/launch"]
        );
        let Ok(LaunchData::Success { ica: read, .. }) = LaunchData::from_xml(document.as_bytes())
        else {
            panic!("{document}");
        };
        prop_assert_eq!(read.expose_secret(), ica.expose_secret());
    }
}

/// A hostile text, or this.
fn or(plain: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![1 => hostile(), 2 => Just(plain.to_owned())]
}

/// Sections and keys of the file, with `*` for the application.
const KEYS: &str = "
    [Encoding] InputEncoding
    [WFClient] ClientName ProxyFavorIEConnectionSetting ProxyTimeout ProxyType ProxyUseFQDN
        RemoveICAFile TransportReconnectEnabled Version
    [ApplicationServers] *=
    [*] Address AutologonAllowed BrowserProtocol DesiredHRES DesiredVRES DoNotUseDefaultCSL
        InitialProgram Launcher LaunchReference LocHttpBrowserAddress LogonTicket LogonTicketType
        LongCommandLine ProxyTimeout ProxyType SecureChannelProtocol SessionsharingKey SSLCiphers
        SSLEnable SSLProxyHost Title TransportDriver TWIMode WinStationDriver
    [Compress] DriverNameWin16 DriverNameWin32
    [EncRC5-0] DriverNameWin16 DriverNameWin32
    [EncRC5-40] DriverNameWin16 DriverNameWin32
    [EncRC5-56] DriverNameWin16 DriverNameWin32
    [EncRC5-128] DriverNameWin16 DriverNameWin32";

/// Keys of a launch through a Citrix Gateway only.
const GATEWAY_KEYS: [&str; 3] = ["SecureChannelProtocol", "SSLCiphers", "SSLProxyHost"];

/// Launches an application with these names on a farm that returns this connection: for a client
/// inside, or through a Citrix Gateway whose ticket authority issues this ticket.
fn launch_with(
    in_name: &str,
    title: &str,
    params: &LaunchParams,
    sta: Option<[String; 3]>,
    connection: Connection,
) -> LaunchOutcome {
    let mut farm = ScriptedFarm::new("CVAD", Generation::Cvad7);
    farm.applications = Ok(enumeration(&[(in_name, title, false)]));
    farm.connect = Ok(connection);
    let access = sta.map(|[version, authority, ticket]| {
        farm.sta_ticket = Ok(StaTicket {
            version,
            authority,
            ticket: SecretString::from(ticket),
        });
        RemoteAccess {
            gateway: HostPort::parse("gw.example.net", HostPort::HTTPS).unwrap(),
            farms: Vec::new(),
            clients: Vec::new(),
            via: Vec::new(),
            session_reliability: true,
            inside: Vec::new(),
            outside: Vec::new(),
            translations: Vec::new(),
        }
    });
    let store = Store::new(vec![farm], keys()).with_rules(StoreRules {
        gateways: access.into_iter().collect(),
        ..StoreRules::default()
    });
    let request = Launch {
        params: params.clone(),
        seen_address: None,
        via: Vec::new(),
        title: None,
    };
    let (alice, target) = (user("alice"), application(in_name));
    let launched = scripted::launch(&store, &alice, &target, &request);
    futures_util::FutureExt::now_or_never(launched)
        .unwrap()
        .unwrap()
}
