//! Operations of a store on scripted farms.

use futures_util::FutureExt;
use roamd_sessions::{
    Busy, DeadlineShare, EndAction, EndOutcome, FarmError, FarmResult, Generation, ListRequest,
    Refusal, Roaming, Store, User, UserFarms,
};
use roamd_store_proto::{EnumerationStatus, SessionStatus};
use secrecy::SecretString;

use crate::scripted::{Call, ScriptedFarm, down, enumeration, here, keys, list, session, user};

const QUIET: ListRequest = ListRequest::DISCONNECTED;
const ACTIVE: ListRequest = ListRequest {
    include_active_sessions: true,
    ..QUIET
};
const QUIET_APPLICATIONS: ListRequest = ListRequest {
    app_sessions_only: true,
    ..QUIET
};
const ACTIVE_APPLICATIONS: ListRequest = ListRequest {
    app_sessions_only: true,
    ..ACTIVE
};

/// Ends the sessions of a user on all farms.
async fn end(
    store: &Store<ScriptedFarm>,
    user: &User,
    action: EndAction,
    tickets: &[SecretString],
) -> Result<EndOutcome, Busy> {
    store
        .end(&UserFarms::default(), user, &here(), action, tickets)
        .await
}

#[tokio::test]
async fn active_sessions_are_requested_only_on_demand() {
    // SS-30
    for (request, active) in [(QUIET, false), (ACTIVE, true)] {
        let store = Store::new(vec![ScriptedFarm::new("XA1", Generation::XenApp6)], keys());
        list(&store, &user("alice"), request).await.unwrap();
        assert_eq!(store.farms()[0].calls()[1..], [Call::Sessions { active }]);
    }
}

#[tokio::test]
async fn application_list_skips_old_desktop_farm() {
    // SS-33
    let store = Store::new(
        vec![ScriptedFarm::new("XD5", Generation::XenDesktop5)],
        keys(),
    );
    let sessions = list(&store, &user("alice"), ACTIVE_APPLICATIONS)
        .await
        .unwrap();
    assert_eq!(sessions.enumeration, EnumerationStatus::Full);
    assert_eq!(store.farms()[0].calls(), []);
}

#[tokio::test]
async fn failed_enumeration_prevents_disconnecting_list() {
    let mut farm = ScriptedFarm::new("XA1", Generation::XenApp6);
    farm.applications = Err(down());
    farm.sessions = Ok(vec![session(1, "Paint")]);
    let store = Store::new(vec![farm], keys());
    let sessions = list(&store, &user("alice"), ACTIVE_APPLICATIONS)
        .await
        .unwrap();
    assert_eq!(sessions.enumeration, EnumerationStatus::Failed);
    assert_eq!(
        store.farms()[0].calls(),
        [Call::Applications(DeadlineShare::Half)]
    );
    // If desktops are listed too, sessions are listed under their internal names.
    let sessions = list(&store, &user("alice"), ACTIVE).await.unwrap();
    assert_eq!(sessions.enumeration, EnumerationStatus::Full);
    assert_eq!(sessions.sessions[0].initial_app, "Paint");
}

#[tokio::test]
async fn disconnecting_list_waits_for_enumeration() {
    // SS-29
    for (generation, request, share) in [
        (Generation::XenApp6, ACTIVE, DeadlineShare::Half),
        (
            Generation::XenApp6,
            ACTIVE_APPLICATIONS,
            DeadlineShare::Half,
        ),
        (Generation::XenApp6, QUIET, DeadlineShare::Half),
        (
            Generation::XenApp6,
            QUIET_APPLICATIONS,
            DeadlineShare::Whole,
        ),
        (Generation::Cvad7, ACTIVE, DeadlineShare::Half),
        (Generation::Cvad7, ACTIVE_APPLICATIONS, DeadlineShare::Whole),
    ] {
        let mut farm = ScriptedFarm::new("XA1", generation);
        farm.silent = true;
        let store = Store::new(vec![farm], keys());
        let alice = user("alice");
        assert!(list(&store, &alice, request).now_or_never().is_none());
        let active = request.include_active_sessions;
        let expected = if active && generation == Generation::XenApp6 {
            vec![Call::Applications(share)]
        } else {
            vec![Call::Applications(share), Call::Sessions { active }]
        };
        assert_eq!(store.farms()[0].calls(), expected, "{generation:?}");
    }
}

#[tokio::test]
async fn pre_launched_session_is_an_application_session() {
    // SS-33, SS-35, SS-37, nfuse.md §6.1
    use EnumerationStatus::{Full, Partial};
    let known = || {
        Ok(enumeration(&[
            ("Warm", "Warm-up", false),
            ("Hot", "Hot", true),
        ]))
    };
    let refused = || Err(FarmError::Refused(Refusal::Unsupported.into()));
    let asked = Some(Call::PreLaunchApplications);
    for (request, running, pre_launch, expected, call) in [
        (
            QUIET_APPLICATIONS,
            "Warm",
            known(),
            (2, Full),
            asked.clone(),
        ),
        (
            ACTIVE_APPLICATIONS,
            "Warm",
            known(),
            (2, Full),
            asked.clone(),
        ),
        (QUIET_APPLICATIONS, "Hot", known(), (1, Full), asked.clone()),
        (
            QUIET_APPLICATIONS,
            "Gone",
            known(),
            (1, Partial),
            asked.clone(),
        ),
        (
            QUIET_APPLICATIONS,
            "Warm",
            refused(),
            (1, Partial),
            asked.clone(),
        ),
        (QUIET_APPLICATIONS, "Warm", Err(down()), (1, Partial), asked),
        (QUIET_APPLICATIONS, "Paint", known(), (2, Full), None),
        (QUIET_APPLICATIONS, "", known(), (1, Partial), None),
        (QUIET, "Warm", known(), (2, Full), None),
    ] {
        let mut farm = ScriptedFarm::new("XA1", Generation::XenApp6);
        farm.applications = Ok(enumeration(&[("Paint", "Paint", false)]));
        farm.pre_launch = pre_launch;
        farm.sessions = Ok(vec![session(1, "Paint"), session(2, running)]);
        let store = Store::new(vec![farm], keys());
        let sessions = list(&store, &user("alice"), request).await.unwrap();
        let found = (sessions.sessions.len(), sessions.enumeration);
        assert_eq!(found, expected, "{request:?} {running}");
        let calls = store.farms()[0].calls();
        assert_eq!(calls.get(2), call.as_ref(), "{request:?} {running}");
    }
}

#[test]
fn list_plan_has_side_effects_if_any_farm_disconnects() {
    // SS-29, SS-33
    use Generation::{Cvad7, XenApp6, XenDesktop5};
    for (generations, request, expected) in [
        (vec![], ACTIVE, false),
        (vec![Cvad7, Cvad7], ACTIVE, false),
        (vec![Cvad7, XenApp6], ACTIVE, true),
        (vec![Cvad7, XenApp6], QUIET, false),
        (vec![Cvad7, XenDesktop5], ACTIVE, true),
        (vec![Cvad7, XenDesktop5], ACTIVE_APPLICATIONS, false),
    ] {
        let farms = generations.iter().map(|g| ScriptedFarm::new("F", *g));
        let store = Store::new(farms.collect(), keys());
        let found = store
            .plan_list(request, Roaming::Always, UserFarms::default())
            .has_side_effects();
        assert_eq!(found, expected, "{generations:?} {request:?}");
    }
}

#[tokio::test]
async fn farm_refusing_the_account_is_not_asked_again() {
    for (refusal, asked, enumeration) in [
        (Refusal::Credentials, 1, EnumerationStatus::Failed),
        (Refusal::Account, 1, EnumerationStatus::Failed),
        (Refusal::PasswordExpired, 1, EnumerationStatus::Failed),
        (Refusal::Other, 2, EnumerationStatus::Full),
    ] {
        let mut farm = ScriptedFarm::new("XA1", Generation::XenApp6);
        farm.applications = Err(FarmError::Refused(refusal.into()));
        let store = Store::new(vec![farm], keys());
        let sessions = list(&store, &user("alice"), ACTIVE).await.unwrap();
        assert_eq!(sessions.enumeration, enumeration, "{refusal:?}");
        let is_failed = enumeration == EnumerationStatus::Failed;
        assert_eq!(sessions.account_refused, is_failed, "CA-12: {refusal:?}");
        assert_eq!(store.farms()[0].calls().len(), asked, "{refusal:?}");
    }
}

#[tokio::test]
async fn busy_farms_differ_from_failed_farms() {
    let busy = |id| {
        let mut farm = ScriptedFarm::new(id, Generation::XenApp6);
        farm.begin = Err(FarmError::Busy);
        farm
    };
    let alice = user("alice");
    let store = Store::new(vec![busy("XA1"), busy("XA2")], keys());
    let listed = list(&store, &alice, ACTIVE).await;
    assert_eq!(listed, Err(Busy));
    let ended = end(&store, &alice, EndAction::LogOff, &[]).await;
    assert_eq!(ended, Err(Busy));
    for farm in store.farms() {
        assert_eq!(farm.calls(), []);
    }
    // A skipped farm does not count.
    let farms = vec![
        busy("XA1"),
        ScriptedFarm::new("XD5", Generation::XenDesktop5),
    ];
    let store = Store::new(farms, keys());
    let listed = list(&store, &alice, ACTIVE_APPLICATIONS).await;
    assert_eq!(listed, Err(Busy));
    let listed = list(&store, &alice, ACTIVE).await.unwrap();
    assert_eq!(listed.enumeration, EnumerationStatus::Partial);
    let ended = end(&store, &alice, EndAction::LogOff, &[]).await;
    let ended = ended.unwrap();
    assert_eq!(ended.status, SessionStatus::Partial);
    let (busy, done) = (Err(FarmError::Busy), Ok(()));
    assert_eq!(results(&ended.farms), [("XA1", &busy), ("XD5", &done)]);
}

fn results(farms: &[FarmResult]) -> Vec<(&str, &Result<(), FarmError>)> {
    farms
        .iter()
        .map(|farm| (farm.farm.as_str(), &farm.result))
        .collect()
}

#[tokio::test]
async fn list_names_farms_that_disconnected_sessions() {
    // SS-29
    let mut bad = ScriptedFarm::new("XA2", Generation::XenApp6);
    bad.sessions = Err(down());
    let farms = vec![
        ScriptedFarm::new("XA1", Generation::XenApp6),
        ScriptedFarm::new("CVAD", Generation::Cvad7),
        bad,
        ScriptedFarm::new("XD5", Generation::XenDesktop5),
    ];
    let store = Store::new(farms, keys());
    let (done, failed) = (Ok(()), Err(down()));
    for (request, expected) in [
        (QUIET, &[][..]),
        (ACTIVE_APPLICATIONS, &[("XA1", &done), ("XA2", &failed)][..]),
        (
            ACTIVE,
            &[("XA1", &done), ("XA2", &failed), ("XD5", &done)][..],
        ),
    ] {
        let sessions = list(&store, &user("alice"), request).await.unwrap();
        assert_eq!(results(&sessions.disconnected_on), expected, "{request:?}");
    }
}

#[tokio::test]
async fn failed_farm_makes_list_partial() {
    let mut bad = ScriptedFarm::new("BAD", Generation::Cvad7);
    bad.sessions = Err(down());
    let mut good = ScriptedFarm::new("GOOD", Generation::Cvad7);
    good.sessions = Ok(vec![session(1, "Paint")]);
    let store = Store::new(vec![bad, good], keys());
    let sessions = list(&store, &user("alice"), QUIET).await.unwrap();
    assert_eq!(sessions.enumeration, EnumerationStatus::Partial);
    assert_eq!(sessions.sessions.len(), 1);
}

#[tokio::test]
async fn end_reaches_every_farm_with_tickets() {
    // SS-44 to SS-46, SS-50
    let tickets = [SecretString::from("A1"), SecretString::from("B2")];
    for action in [EndAction::Disconnect, EndAction::LogOff] {
        let mut bad = ScriptedFarm::new("BAD", Generation::XenApp6);
        bad.end = Err(down());
        let farms = vec![bad, ScriptedFarm::new("XD5", Generation::XenDesktop5)];
        let store = Store::new(farms, keys());
        let ended = end(&store, &user("alice"), action, &tickets).await;
        assert_eq!(ended.unwrap().status, SessionStatus::Partial);
        for farm in store.farms() {
            assert_eq!(farm.calls(), [Call::End { action, tickets: 2 }]);
        }
    }
}
