//! Failover: which farm serves a launch of an application that several farms publish, and the
//! outcome if none does.

use roamd_sessions::{
    Busy, FailureCause, FarmError, FarmId, Generation, Launch, LaunchOutcome, LaunchTarget,
    NotReady, Refusal, ResourceId, ResourceIds, Store,
};
use roamd_store_proto::{ErrorReason, LaunchParams};

use crate::scripted::{self, Call, ScriptedFarm, down, enumeration, keys, user};

/// Event at a farm.
#[derive(Debug, Clone)]
enum At {
    Begin(FarmError),
    Enumeration(FarmError),
    NotPublished,
    /// The farm refuses to connect, and does not publish the application any more.
    Removed(Refusal),
    Connect(FarmError),
    Fine,
}

/// Outcome for the client, and the farm that caused it.
#[derive(Debug, PartialEq)]
enum Outcome {
    Ready(String),
    Retry(String),
    Failed(FarmError),
    NotFound,
    Busy,
}

fn farm(id: &str, at: &At) -> ScriptedFarm {
    let mut farm = ScriptedFarm::new(id, Generation::Cvad7);
    farm.applications = Ok(enumeration(&[("Paint", "Paint", false)]));
    match at.clone() {
        At::Begin(error) => farm.begin = Err(error),
        At::Enumeration(error) => farm.applications = Err(error),
        At::NotPublished => farm.applications = Ok(enumeration(&[])),
        At::Removed(refusal) => {
            farm.connect = Err(FarmError::Refused(refusal.into()));
            farm.current_applications = Some(Ok(enumeration(&[])));
        }
        At::Connect(error) => farm.connect = Err(error),
        At::Fine => {}
    }
    farm
}

/// Launches on such farms. Returns the outcome and the farms that were asked to connect.
async fn launch(farms: &[(&str, At)]) -> (Outcome, Vec<String>) {
    let ids = farms
        .iter()
        .map(|(id, _)| ResourceId::new(&FarmId::new(*id), "Paint"));
    let mut ids = ids.collect::<Vec<_>>().into_iter();
    let target = LaunchTarget::Application(ResourceIds::new(ids.next().unwrap(), ids));
    let farms: Vec<_> = farms.iter().map(|(id, at)| farm(id, at)).collect();
    let store = Store::new(farms, keys());
    let launch = Launch {
        params: LaunchParams::default(),
        seen_address: None,
        via: Vec::new(),
        title: None,
    };
    let outcome = match scripted::launch(&store, &user("alice"), &target, &launch).await {
        Ok(LaunchOutcome::Ready { farm, .. }) => Outcome::Ready(farm.to_string()),
        Ok(LaunchOutcome::NotReady { farm, .. }) => Outcome::Retry(farm.to_string()),
        Ok(LaunchOutcome::NotFound(reason)) => {
            assert_eq!(reason, ErrorReason::ResourceNotFound);
            Outcome::NotFound
        }
        Ok(LaunchOutcome::Failed(failure)) => match failure.cause {
            FailureCause::Farm(error) => Outcome::Failed(error),
            other => panic!("{other:?}"),
        },
        Err(Busy) => Outcome::Busy,
    };
    let connects = |farm: &&ScriptedFarm| {
        let calls = farm.calls();
        calls.iter().any(|call| matches!(call, Call::Connect(_)))
    };
    let asked = store.farms().iter().filter(connects);
    let asked = asked.map(|farm| farm.description.id.to_string()).collect();
    (outcome, asked)
}

fn refused(refusal: Refusal) -> FarmError {
    FarmError::Refused(refusal.into())
}

fn not_done() -> FarmError {
    FarmError::NotDone("connection refused".to_owned())
}

#[tokio::test]
async fn next_farm_is_tried_only_if_nothing_was_started() {
    let here = |error: FarmError| Outcome::Failed(error);
    let there = || Outcome::Ready("TWO".to_owned());
    for (at, expected) in [
        (At::Fine, Outcome::Ready("ONE".to_owned())),
        // Nothing was sent that could start something.
        (At::Begin(FarmError::Busy), there()),
        (At::Enumeration(down()), there()),
        (At::Enumeration(not_done()), there()),
        (At::NotPublished, there()),
        (At::Connect(not_done()), there()),
        // The farm refused.
        (At::Connect(refused(Refusal::NoHost)), there()),
        (At::Connect(refused(Refusal::Overloaded)), there()),
        (At::Connect(refused(Refusal::NotLicensed)), there()),
        (At::Connect(refused(Refusal::Maintenance)), there()),
        (At::Connect(refused(Refusal::UnknownApplication)), there()),
        (At::Connect(refused(Refusal::NotTrusted)), there()),
        (At::Connect(refused(Refusal::Unsupported)), there()),
        // The farm responded to an earlier request, which may have started a session.
        (
            At::Connect(refused(Refusal::NotLicensed).after_earlier_request()),
            here(FarmError::RefusedHalfway(Refusal::NotLicensed.into())),
        ),
        (
            At::Connect(refused(Refusal::NotReady(NotReady::Unknown)).after_earlier_request()),
            Outcome::Retry("ONE".to_owned()),
        ),
        // The application was removed since the cached enumeration.
        (At::Removed(Refusal::Other), there()),
        (At::Removed(Refusal::NoHost), there()),
        // The response was lost.
        (At::Connect(down()), here(down())),
        (
            At::Connect(refused(Refusal::Other)),
            here(refused(Refusal::Other)),
        ),
        (
            At::Connect(refused(Refusal::Resource)),
            here(refused(Refusal::Resource)),
        ),
        (
            At::Connect(refused(Refusal::HostRefused)),
            here(refused(Refusal::HostRefused)),
        ),
        // No bypass of a limit, and no wrong password sent to another farm.
        (
            At::Connect(refused(Refusal::SessionLimit)),
            here(refused(Refusal::SessionLimit)),
        ),
        (
            At::Connect(refused(Refusal::Credentials)),
            here(refused(Refusal::Credentials)),
        ),
        (
            At::Enumeration(refused(Refusal::Account)),
            here(refused(Refusal::Account)),
        ),
        // The host gets ready on this farm.
        (
            At::Connect(refused(Refusal::NotReady(NotReady::Resuming))),
            Outcome::Retry("ONE".to_owned()),
        ),
    ] {
        let (outcome, asked) = launch(&[("ONE", at.clone()), ("TWO", At::Fine)]).await;
        assert_eq!(
            asked.contains(&"TWO".to_owned()),
            expected == there(),
            "{at:?}"
        );
        assert_eq!(outcome, expected, "{at:?}");
    }
}

#[tokio::test]
async fn failed_launch_returns_most_specific_outcome() {
    let no_host = || refused(Refusal::NoHost);
    let licence = || refused(Refusal::NotLicensed);
    for (farms, expected) in [
        (
            vec![At::Connect(no_host()), At::Connect(licence())],
            Outcome::Failed(no_host()),
        ),
        (
            vec![At::Connect(not_done()), At::Connect(licence())],
            Outcome::Failed(licence()),
        ),
        (
            vec![At::Connect(licence()), At::Connect(not_done())],
            Outcome::Failed(licence()),
        ),
        (
            vec![At::Begin(FarmError::Busy), At::Connect(not_done())],
            Outcome::Failed(not_done()),
        ),
        (
            vec![At::Begin(FarmError::Busy), At::NotPublished],
            Outcome::Busy,
        ),
        // ST-54: a farm that failed does not say that its application is gone.
        (
            vec![At::NotPublished, At::Enumeration(not_done())],
            Outcome::Failed(not_done()),
        ),
        (vec![At::NotPublished, At::NotPublished], Outcome::NotFound),
        (
            vec![
                At::Connect(not_done()),
                At::Connect(no_host()),
                At::Connect(refused(Refusal::NotReady(NotReady::Unknown))),
                At::Fine,
            ],
            Outcome::Retry("C".to_owned()),
        ),
    ] {
        let named: Vec<_> = ["A", "B", "C", "D"].into_iter().zip(farms).collect();
        let (outcome, _) = launch(&named).await;
        assert_eq!(outcome, expected, "{named:?}");
    }
}
