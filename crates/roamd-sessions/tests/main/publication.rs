//! Launches whose cached enumeration differs from what the farm publishes (ST-52, ST-54).

use roamd_sessions::{
    Application, DeadlineShare, FarmError, FarmId, Generation, Launch, LaunchOutcome, LaunchTarget,
    Refusal, ResourceEnumeration, ResourceId, ResourceIds, Store,
};
use roamd_store_proto::{ErrorReason, LaunchParams};

use crate::scripted::{self, Call, ScriptedFarm, down, keys, user};

use ErrorReason::{ResourceDisabled, ResourceNotFound};

/// Outcome of a launch, as far as it depends on the enumeration.
#[derive(Debug, PartialEq)]
enum Outcome {
    Ready,
    NotFound(ErrorReason),
    Failed(FarmError),
}

fn paint(disabled: bool) -> ResourceEnumeration {
    let application = Application {
        title: "Paint".to_owned(),
        disabled,
        ..Application::default()
    };
    ResourceEnumeration::from_iter([("Paint".to_owned(), application)])
}

fn farm(cached: ResourceEnumeration) -> ScriptedFarm {
    let mut farm = ScriptedFarm::new("CVAD", Generation::Cvad7);
    farm.applications = Ok(cached);
    farm
}

/// Launches Paint. Returns the outcome and the calls of the farm.
async fn launch(farm: ScriptedFarm) -> (Outcome, Vec<Call>) {
    let paint = ResourceId::new(&FarmId::new("CVAD"), "Paint");
    let target = LaunchTarget::Application(ResourceIds::new(paint, []));
    let launch = Launch {
        params: LaunchParams::default(),
        seen_address: None,
        via: Vec::new(),
        title: None,
    };
    let store = Store::new(vec![farm.clone()], keys());
    let outcome = match scripted::launch(&store, &user("alice"), &target, &launch).await {
        Ok(LaunchOutcome::Ready { .. }) => Outcome::Ready,
        Ok(LaunchOutcome::NotFound(reason)) => Outcome::NotFound(reason),
        Ok(LaunchOutcome::Failed(failure)) => match failure.cause {
            roamd_sessions::FailureCause::Farm(error) => Outcome::Failed(error),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    (outcome, farm.calls())
}

fn enumerations(calls: &[Call]) -> usize {
    let enumeration = Call::Applications(DeadlineShare::Half);
    calls.iter().filter(|call| **call == enumeration).count()
}

#[tokio::test]
async fn launch_refused_by_the_cache_asks_the_farm_once() {
    // ST-52
    let [on, off, gone] = [paint(false), paint(true), ResourceEnumeration::default()];
    for (cached, current, expected, asked) in [
        (&on, Ok(&off), Outcome::Ready, 1),
        (&off, Ok(&on), Outcome::Ready, 2),
        (&gone, Ok(&on), Outcome::Ready, 2),
        (&off, Ok(&off), Outcome::NotFound(ResourceDisabled), 2),
        (&off, Ok(&gone), Outcome::NotFound(ResourceNotFound), 2),
        (&gone, Ok(&off), Outcome::NotFound(ResourceDisabled), 2),
        (&gone, Ok(&gone), Outcome::NotFound(ResourceNotFound), 2),
        (&off, Err(down()), Outcome::Failed(down().after_read()), 2),
    ] {
        let mut farm = farm(cached.clone());
        farm.current_applications = Some(current.cloned());
        let (outcome, calls) = launch(farm).await;
        assert_eq!(outcome, expected, "{calls:?}");
        assert_eq!(enumerations(&calls), asked, "{calls:?}");
    }
}

#[tokio::test]
async fn pre_launch_resource_is_found_behind_a_stale_cache() {
    // nfuse.md §6.1
    for (disabled, expected) in [
        (false, Outcome::Ready),
        (true, Outcome::NotFound(ResourceDisabled)),
    ] {
        let mut farm = farm(ResourceEnumeration::default());
        farm.pre_launch = Ok(paint(disabled));
        let (outcome, calls) = launch(farm).await;
        assert_eq!(outcome, expected, "{calls:?}");
        let pre_launch = |call: &&Call| **call == Call::PreLaunchApplications;
        assert_eq!(calls.iter().filter(pre_launch).count(), 1, "{calls:?}");
    }
}

#[tokio::test]
async fn refusal_of_a_withdrawn_application_gets_its_reason() {
    // ST-52, ST-54: the farm's refusal says less than its enumeration.
    let refused = |refusal: Refusal| FarmError::Refused(refusal.into());
    let [on, off, gone] = [paint(false), paint(true), ResourceEnumeration::default()];
    let disabled = || Outcome::NotFound(ResourceDisabled);
    let failed = |refusal| Outcome::Failed(refused(refusal));
    for (refusal, current, expected, asked) in [
        (Refusal::NoHost, Ok(&off), disabled(), 2),
        (Refusal::UnknownApplication, Ok(&off), disabled(), 2),
        (Refusal::Resource, Ok(&off), disabled(), 2),
        (Refusal::Other, Ok(&off), disabled(), 2),
        (
            Refusal::NoHost,
            Ok(&gone),
            Outcome::NotFound(ResourceNotFound),
            2,
        ),
        // The farm still publishes it, or does not say.
        (Refusal::NoHost, Ok(&on), failed(Refusal::NoHost), 2),
        (Refusal::NoHost, Err(down()), failed(Refusal::NoHost), 2),
        // These have a reason of their own.
        (
            Refusal::SessionLimit,
            Ok(&off),
            failed(Refusal::SessionLimit),
            1,
        ),
        (
            Refusal::Credentials,
            Ok(&off),
            failed(Refusal::Credentials),
            1,
        ),
        (
            Refusal::Maintenance,
            Ok(&off),
            failed(Refusal::Maintenance),
            1,
        ),
    ] {
        let mut farm = farm(on.clone());
        farm.connect = Err(refused(refusal));
        farm.current_applications = Some(current.cloned());
        let (outcome, calls) = launch(farm).await;
        assert_eq!(outcome, expected, "{refusal:?}: {calls:?}");
        assert_eq!(enumerations(&calls), asked, "{refusal:?}: {calls:?}");
    }
}

#[tokio::test]
async fn refusal_after_a_started_session_stays_a_failure() {
    // The farm may have started a session, so no other farm may be tried.
    let mut farm = farm(paint(false));
    let halfway = FarmError::RefusedHalfway(Refusal::NoHost.into());
    farm.connect = Err(halfway.clone());
    farm.current_applications = Some(Ok(ResourceEnumeration::default()));
    let (outcome, calls) = launch(farm).await;
    assert_eq!(outcome, Outcome::Failed(halfway));
    assert_eq!(enumerations(&calls), 1, "{calls:?}");
}
