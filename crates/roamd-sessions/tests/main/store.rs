//! The operations on scripted farms.

use futures_util::FutureExt;
use roamd_sessions::{
    Busy, DeadlineShare, EndAction, FarmError, FarmResult, Generation, ListRequest, Refusal, Store,
};
use roamd_store_proto::{EnumerationStatus, SessionStatus};
use secrecy::SecretString;

use crate::scripted::{Call, ScriptedFarm, catalogue, down, here, keys, session, user};

const QUIET: ListRequest = ListRequest {
    include_active_sessions: false,
    app_sessions_only: false,
};
const ACTIVE: ListRequest = ListRequest {
    include_active_sessions: true,
    app_sessions_only: false,
};
const QUIET_APPLICATIONS: ListRequest = ListRequest {
    include_active_sessions: false,
    app_sessions_only: true,
};
const ACTIVE_APPLICATIONS: ListRequest = ListRequest {
    include_active_sessions: true,
    app_sessions_only: true,
};

#[tokio::test]
async fn active_sessions_are_asked_for_only_when_the_client_said_so() {
    // SS-30
    for (request, active) in [(QUIET, false), (ACTIVE, true)] {
        let store = Store::new(vec![ScriptedFarm::new("XA1", Generation::XenApp6)], keys());
        store.list(&user("alice"), &here(), request).await.unwrap();
        assert_eq!(store.farms()[0].calls()[1..], [Call::Sessions { active }]);
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
        .await
        .unwrap();
    assert_eq!(list.enumeration, EnumerationStatus::Full);
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
        .await
        .unwrap();
    assert_eq!(list.enumeration, EnumerationStatus::Failed);
    assert_eq!(
        store.farms()[0].calls(),
        [Call::Applications(DeadlineShare::Half)]
    );
    // When desktops are welcome the sessions are listed, under their internal names.
    let list = store.list(&user("alice"), &here(), ACTIVE).await.unwrap();
    assert_eq!(list.enumeration, EnumerationStatus::Full);
    assert_eq!(list.sessions[0].initial_app, "Paint");
}

#[tokio::test]
async fn a_listing_that_changes_something_waits_for_the_catalogue() {
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
        let (alice, here) = (user("alice"), here());
        assert!(store.list(&alice, &here, request).now_or_never().is_none());
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
async fn a_session_that_was_started_before_anybody_asked_is_one_of_an_application() {
    // SS-33, SS-35, nfuse.md §6.1
    let known = || {
        Ok(catalogue(&[
            ("Warm", "Warm-up", false),
            ("Hot", "Hot", true),
        ]))
    };
    let refused = || Err(FarmError::Refused(Refusal::Unsupported));
    let asked = Some(Call::PreLaunchApplications);
    for (request, running, pre_launch, expected, call) in [
        (QUIET_APPLICATIONS, "Warm", known(), 2, asked.clone()),
        (ACTIVE_APPLICATIONS, "Warm", known(), 2, asked.clone()),
        (QUIET_APPLICATIONS, "Hot", known(), 1, asked.clone()),
        (QUIET_APPLICATIONS, "Gone", known(), 1, asked.clone()),
        (QUIET_APPLICATIONS, "Warm", refused(), 1, asked.clone()),
        (QUIET_APPLICATIONS, "Warm", Err(down()), 1, asked),
        (QUIET_APPLICATIONS, "Paint", known(), 2, None),
        (QUIET_APPLICATIONS, "", known(), 1, None),
        (QUIET, "Warm", known(), 2, None),
    ] {
        let mut farm = ScriptedFarm::new("XA1", Generation::XenApp6);
        farm.applications = Ok(catalogue(&[("Paint", "Paint", false)]));
        farm.pre_launch = pre_launch;
        farm.sessions = Ok(vec![session(1, "Paint"), session(2, running)]);
        let store = Store::new(vec![farm], keys());
        let list = store.list(&user("alice"), &here(), request).await.unwrap();
        assert_eq!(list.sessions.len(), expected, "{request:?} {running}");
        assert_eq!(list.enumeration, EnumerationStatus::Full);
        let calls = store.farms()[0].calls();
        assert_eq!(calls.get(2), call.as_ref(), "{request:?} {running}");
    }
}

#[test]
fn a_listing_disconnects_when_any_farm_that_is_asked_would() {
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
        let found = store.listing_disconnects(request);
        assert_eq!(found, expected, "{generations:?} {request:?}");
    }
}

#[tokio::test]
async fn a_farm_that_refuses_the_account_is_not_asked_for_more() {
    for (refusal, asked, enumeration) in [
        (Refusal::Credentials, 1, EnumerationStatus::Failed),
        (Refusal::Account, 1, EnumerationStatus::Failed),
        (Refusal::PasswordExpired, 1, EnumerationStatus::Failed),
        (Refusal::Other, 2, EnumerationStatus::Full),
    ] {
        let mut farm = ScriptedFarm::new("XA1", Generation::XenApp6);
        farm.applications = Err(FarmError::Refused(refusal));
        let store = Store::new(vec![farm], keys());
        let list = store.list(&user("alice"), &here(), ACTIVE).await.unwrap();
        assert_eq!(list.enumeration, enumeration, "{refusal:?}");
        assert_eq!(store.farms()[0].calls().len(), asked, "{refusal:?}");
    }
}

#[tokio::test]
async fn farms_that_are_all_busy_can_be_told_from_farms_that_fail() {
    let busy = |id| {
        let mut farm = ScriptedFarm::new(id, Generation::XenApp6);
        farm.begin = Err(FarmError::Busy);
        farm
    };
    let alice = user("alice");
    let store = Store::new(vec![busy("XA1"), busy("XA2")], keys());
    let listed = store.list(&alice, &here(), ACTIVE).await;
    assert_eq!(listed, Err(Busy));
    let ended = store.end(&alice, &here(), EndAction::LogOff, &[]).await;
    assert_eq!(ended, Err(Busy));
    for farm in store.farms() {
        assert_eq!(farm.calls(), []);
    }
    // A farm that is left alone on purpose does not count.
    let farms = vec![
        busy("XA1"),
        ScriptedFarm::new("XD5", Generation::XenDesktop5),
    ];
    let store = Store::new(farms, keys());
    let listed = store.list(&alice, &here(), ACTIVE_APPLICATIONS).await;
    assert_eq!(listed, Err(Busy));
    let listed = store.list(&alice, &here(), ACTIVE).await.unwrap();
    assert_eq!(listed.enumeration, EnumerationStatus::Partial);
    let ended = store.end(&alice, &here(), EndAction::LogOff, &[]).await;
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
async fn a_list_tells_which_farms_it_took_sessions_from() {
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
        let list = store.list(&user("alice"), &here(), request).await.unwrap();
        assert_eq!(results(&list.taken_from), expected, "{request:?}");
    }
}

#[tokio::test]
async fn a_farm_that_fails_makes_the_list_partial() {
    let mut bad = ScriptedFarm::new("BAD", Generation::Cvad7);
    bad.sessions = Err(down());
    let mut good = ScriptedFarm::new("GOOD", Generation::Cvad7);
    good.sessions = Ok(vec![session(1, "Paint")]);
    let store = Store::new(vec![bad, good], keys());
    let list = store.list(&user("alice"), &here(), QUIET).await.unwrap();
    assert_eq!(list.enumeration, EnumerationStatus::Partial);
    assert_eq!(list.sessions.len(), 1);
}

#[tokio::test]
async fn an_end_reaches_every_farm_with_the_tickets() {
    // SS-44 to SS-46, SS-50
    let tickets = [SecretString::from("A1"), SecretString::from("B2")];
    for how in [EndAction::Disconnect, EndAction::LogOff] {
        let mut bad = ScriptedFarm::new("BAD", Generation::XenApp6);
        bad.end = Err(down());
        let farms = vec![bad, ScriptedFarm::new("XD5", Generation::XenDesktop5)];
        let store = Store::new(farms, keys());
        let ended = store.end(&user("alice"), &here(), how, &tickets).await;
        assert_eq!(ended.unwrap().status, SessionStatus::Partial);
        for farm in store.farms() {
            assert_eq!(farm.calls(), [Call::EndAction { how, tickets: 2 }]);
        }
    }
}
