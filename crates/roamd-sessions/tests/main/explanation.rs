//! Explanations of lists (SS-72): they say what the list does, and have no side effect.

use roamd_sessions::{
    FarmAnswer, FarmError, FarmSession, Generation, ListExplanation, ListRequest, PlanReason,
    Refusal, Roaming, SessionKey, Store, UserFarms, Verdict,
};
use roamd_store_proto::EnumerationStatus;

use crate::scripted::{Call, ScriptedFarm, down, enumeration, here, keys, session, user};

const APPLICATIONS: ListRequest = ListRequest {
    include_active_sessions: true,
    app_sessions_only: true,
};

async fn explain(
    store: &Store<ScriptedFarm>,
    request: ListRequest,
    roaming: Roaming,
) -> ListExplanation {
    let alice = user("alice");
    let plan = store
        .plan_list(request, roaming, UserFarms::default())
        .without_side_effects();
    let queried = store.query_sessions(&plan, &alice, &here()).await;
    store.explain_sessions(alice.key(), queried)
}

fn farm(id: &str, generation: Generation) -> ScriptedFarm {
    let mut farm = ScriptedFarm::new(id, generation);
    farm.applications = Ok(enumeration(&[
        ("Paint", "Paint 2016", false),
        ("Desk", "Office Desktop", true),
    ]));
    let invalid = FarmSession {
        key: SessionKey {
            host_id: String::new(),
            ..session(9, "Paint").key
        },
        ..session(9, "Paint")
    };
    farm.sessions = Ok(vec![
        invalid,
        session(1, "Paint"),
        session(2, "Desk"),
        session(3, "Gone"),
        session(4, "Paint"),
        // The same session runs a second application, which is a desktop.
        session(4, "Desk"),
    ]);
    farm
}

/// SS-35, SS-72
#[tokio::test]
async fn every_session_has_its_verdict() {
    let store = Store::new(vec![farm("CVAD", Generation::Cvad7)], keys());
    let explained = explain(&store, APPLICATIONS, Roaming::Always).await;
    let found: Vec<_> = explained.farms[0]
        .sessions
        .iter()
        .map(|it| (it.name.as_str(), it.desktop, it.verdict, it.id.is_some()))
        .collect();
    assert_eq!(
        found,
        [
            ("Paint 2016", Some(false), Verdict::Offered, true),
            ("Office Desktop", Some(true), Verdict::Desktop, false),
            ("Gone", None, Verdict::UnknownApplication, false),
            ("Paint 2016", Some(false), Verdict::Desktop, false),
            ("Paint 2016", Some(false), Verdict::InvalidKey, false),
        ]
    );
    assert_eq!(explained.enumeration, EnumerationStatus::Partial);
}

/// SS-72
#[tokio::test]
async fn explanation_offers_what_the_list_has() {
    for request in [ListRequest::DISCONNECTED, APPLICATIONS] {
        let farms = vec![
            farm("A", Generation::Cvad7),
            farm("B", Generation::XenDesktop5),
        ];
        let store = Store::new(farms, keys());
        let list = crate::scripted::list(&store, &user("alice"), request).await;
        let list = list.unwrap();
        let listed: Vec<_> = list.sessions.into_iter().map(|it| it.id).collect();
        let explained = explain(&store, request, Roaming::Always).await;
        assert_eq!(explained.enumeration, list.enumeration);
        let sessions = explained.farms.into_iter().flat_map(|farm| farm.sessions);
        let offered: Vec<_> = sessions.filter_map(|session| session.id).collect();
        assert_eq!(offered, listed, "{request:?}");
    }
}

/// SS-29, SS-72
#[tokio::test]
async fn old_farm_is_not_asked_for_active_sessions() {
    let active = ListRequest {
        app_sessions_only: false,
        ..APPLICATIONS
    };
    for (generation, asks_active, reason) in [
        (Generation::XenApp6, false, PlanReason::WouldDisconnect),
        (Generation::XenDesktop5, false, PlanReason::WouldDisconnect),
        (Generation::Cvad7, true, PlanReason::Requested),
    ] {
        let store = Store::new(vec![farm("F", generation)], keys());
        let explained = explain(&store, active, Roaming::Always).await;
        assert_eq!(explained.farms[0].reasons.active, reason);
        let calls = store.farms()[0].calls();
        let list = Call::Sessions {
            active: asks_active,
        };
        assert!(calls.contains(&list), "{generation:?} {calls:?}");
        let other = Call::Sessions {
            active: !asks_active,
        };
        assert!(!calls.contains(&other), "{generation:?} {calls:?}");
    }
}

/// SS-72
#[tokio::test]
async fn explanation_names_the_answer_of_each_farm() {
    let busy = Err(FarmError::Busy);
    let refused = FarmError::Refused(Refusal::Credentials.into());
    for (begin, roaming, answer, enumeration, account_refused) in [
        (
            Ok(()),
            Roaming::Always,
            FarmAnswer::Listed {
                is_truncated: false,
            },
            EnumerationStatus::Full,
            false,
        ),
        (
            Ok(()),
            Roaming::SameEndpointOnly,
            FarmAnswer::NotAsked,
            EnumerationStatus::Full,
            false,
        ),
        (
            busy,
            Roaming::Always,
            FarmAnswer::Failed(FarmError::Busy),
            EnumerationStatus::Failed,
            false,
        ),
        (
            Err(down()),
            Roaming::Always,
            FarmAnswer::Failed(down()),
            EnumerationStatus::Failed,
            false,
        ),
        (
            Err(refused.clone()),
            Roaming::Always,
            FarmAnswer::Failed(refused),
            EnumerationStatus::Failed,
            true,
        ),
    ] {
        let mut farm = farm("F", Generation::Cvad7);
        farm.begin = begin;
        let store = Store::new(vec![farm], keys());
        let explained = explain(&store, ListRequest::DISCONNECTED, roaming).await;
        assert_eq!(explained.farms[0].answer, answer);
        assert_eq!(explained.enumeration, enumeration);
        assert_eq!(explained.account_refused, account_refused);
    }
}
