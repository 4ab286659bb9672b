//! The operations on scripted farms.

use roamd_sessions::{
    Catalogue, End, FarmError, Generation, Launch, Launched, ListRequest, Refusal, Store,
};
use roamd_store_proto::{Enumeration, LaunchErrorId, LaunchParams, SessionStatus};
use secrecy::{ExposeSecret, SecretString};

use crate::scripted::{Call, ScriptedFarm, catalogue, down, here, keys, session, user};

const QUIET: ListRequest = ListRequest {
    include_active: false,
    applications_only: false,
};
const ACTIVE: ListRequest = ListRequest {
    include_active: true,
    applications_only: false,
};
const ACTIVE_APPLICATIONS: ListRequest = ListRequest {
    include_active: true,
    applications_only: true,
};

fn launch() -> Launch {
    Launch {
        params: LaunchParams {
            client_name: Some("DESK-B".to_owned()),
            device_id: Some("dev-b".to_owned()),
            ..LaunchParams::default()
        },
        seen_address: Some([192, 0, 2, 9].into()),
    }
}

#[tokio::test]
async fn active_sessions_are_asked_for_only_when_the_client_said_so() {
    // SS-30
    for (request, active) in [(QUIET, false), (ACTIVE, true)] {
        let store = Store::new(vec![ScriptedFarm::new("XA1", Generation::XenApp6)], keys());
        store.list(&user("alice"), &here(), request).await;
        assert_eq!(
            store.farms()[0].calls(),
            [Call::Applications, Call::Sessions { active }]
        );
    }
}

#[tokio::test]
async fn a_desktop_farm_before_7_hears_nothing_when_only_applications_are_wanted() {
    // SS-33
    let store = Store::new(
        vec![ScriptedFarm::new("XD5", Generation::XenDesktop5)],
        keys(),
    );
    let list = store
        .list(&user("alice"), &here(), ACTIVE_APPLICATIONS)
        .await;
    assert_eq!(list.enumeration, Enumeration::Full);
    assert_eq!(store.farms()[0].calls(), []);
}

#[tokio::test]
async fn without_a_catalogue_no_listing_disconnects_anything_for_nothing() {
    let mut farm = ScriptedFarm::new("XA1", Generation::XenApp6);
    farm.applications = Err(down());
    farm.sessions = Ok(vec![session(1, "Paint")]);
    let store = Store::new(vec![farm], keys());
    let list = store
        .list(&user("alice"), &here(), ACTIVE_APPLICATIONS)
        .await;
    assert_eq!(list.enumeration, Enumeration::Failed);
    assert_eq!(store.farms()[0].calls(), [Call::Applications]);
    // When desktops are welcome the sessions are listed, under their internal names.
    let list = store.list(&user("alice"), &here(), ACTIVE).await;
    assert_eq!(list.enumeration, Enumeration::Full);
    assert_eq!(list.sessions[0].initial_app, "Paint");
}

#[tokio::test]
async fn a_farm_that_fails_makes_the_list_partial() {
    let mut bad = ScriptedFarm::new("BAD", Generation::Cvad7);
    bad.sessions = Err(down());
    let mut good = ScriptedFarm::new("GOOD", Generation::Cvad7);
    good.sessions = Ok(vec![session(1, "Paint")]);
    let store = Store::new(vec![bad, good], keys());
    let list = store.list(&user("alice"), &here(), QUIET).await;
    assert_eq!(list.enumeration, Enumeration::Partial);
    assert_eq!(list.sessions.len(), 1);
}

#[tokio::test]
async fn an_end_reaches_every_farm_with_the_tickets() {
    // SS-44 to SS-46, SS-50
    let tickets = [SecretString::from("A1"), SecretString::from("B2")];
    for (how, call) in [
        (End::Disconnect, Call::Disconnect { tickets: 2 }),
        (End::LogOff, Call::LogOff { tickets: 2 }),
    ] {
        let mut bad = ScriptedFarm::new("BAD", Generation::XenApp6);
        bad.end = Err(down());
        let farms = vec![bad, ScriptedFarm::new("XD5", Generation::XenDesktop5)];
        let store = Store::new(farms, keys());
        let status = store.end(&user("alice"), &here(), how, &tickets).await;
        assert_eq!(status, SessionStatus::Partial);
        for farm in store.farms() {
            assert_eq!(farm.calls(), std::slice::from_ref(&call));
        }
    }
}

#[tokio::test]
async fn a_listed_session_can_be_launched_from_the_end_point_named() {
    // SS-53, SS-59
    let mut farm = ScriptedFarm::new("CVAD", Generation::Cvad7);
    farm.sessions = Ok(vec![session(7, "Paint")]);
    farm.applications = Ok(catalogue(&[("Paint", "Paint 2016", false)]));
    let store = Store::new(vec![farm], keys());
    let alice = user("alice");
    let id = store.list(&alice, &here(), QUIET).await.sessions[0]
        .id
        .clone();
    let Launched::Ready { ica, ticket, .. } = store.launch(&alice, &id, &launch()).await else {
        panic!("the farm is ready");
    };
    assert!(ica.text().expose_secret().contains("Title=Paint 2016\r\n"));
    assert_eq!(ticket.expose_secret(), "0F1E2D3C4B5A69788796A5B4C3D2E1");
    let calls = store.farms()[0].calls();
    let Some(Call::Reconnect(reconnect)) =
        calls.iter().find(|call| matches!(call, Call::Reconnect(_)))
    else {
        panic!("the farm was asked: {calls:?}");
    };
    assert_eq!(reconnect.session, session(7, "Paint").key);
    assert_eq!(reconnect.end_point.client_name.as_deref(), Some("DESK-B"));
    assert_eq!(reconnect.end_point.device_id.as_deref(), Some("dev-b"));
    assert_eq!(reconnect.client_address.as_deref(), Some("192.0.2.9"));
    // SS-54: for bob there is no such session, and no farm hears of it.
    let before = store.farms()[0].calls().len();
    assert!(matches!(
        store.launch(&user("bob"), &id, &launch()).await,
        Launched::NotFound
    ));
    assert_eq!(store.farms()[0].calls().len(), before);
}

#[tokio::test]
async fn what_a_farm_refuses_decides_what_the_client_is_told() {
    // SS-55, SS-56, ST-48
    enum Expected {
        NotFound,
        NotReady,
        Failure(LaunchErrorId),
    }
    use Expected::{Failure, NotFound, NotReady};
    let general = || Failure(LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
    let refused = FarmError::Refused;
    let table = [
        (refused(Refusal::UnknownSession), NotFound),
        (refused(Refusal::NotReady), NotReady),
        (
            refused(Refusal::NotLicensed),
            Failure(LaunchErrorId::NOT_LICENSED),
        ),
        (
            refused(Refusal::NoHost),
            Failure(LaunchErrorId::UNAVAILABLE_DESKTOP),
        ),
        (refused(Refusal::Credentials), general()),
        (refused(Refusal::NotTrusted), general()),
        (refused(Refusal::Other), general()),
        (down(), general()),
    ];
    for (error, expected) in table {
        let mut farm = ScriptedFarm::new("CVAD", Generation::Cvad7);
        farm.sessions = Ok(vec![session(7, "Paint")]);
        farm.reconnect = Err(error.clone());
        let store = Store::new(vec![farm], keys());
        let alice = user("alice");
        let id = store.list(&alice, &here(), QUIET).await.sessions[0]
            .id
            .clone();
        match (store.launch(&alice, &id, &launch()).await, expected) {
            (Launched::NotFound, NotFound) | (Launched::NotReady, NotReady) => {}
            (Launched::Failed(failure), Failure(id)) => {
                assert_eq!(failure.id(), id, "{error}");
                assert!(failure.text().ends_with('.'), "{error}");
            }
            (launched, _) => panic!("{error}: {launched:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_would_break_the_ica_file_is_a_failure() {
    let mut farm = ScriptedFarm::new("CVAD", Generation::Cvad7);
    farm.sessions = Ok(vec![session(7, "Paint\r\nAddress=evil")]);
    farm.applications = Ok(Catalogue::default());
    let store = Store::new(vec![farm], keys());
    let alice = user("alice");
    let id = store.list(&alice, &here(), QUIET).await.sessions[0]
        .id
        .clone();
    assert!(matches!(
        store.launch(&alice, &id, &launch()).await,
        Launched::Failed(_)
    ));
}
