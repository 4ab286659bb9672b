//! Applications that several farms publish: which farm a launch goes to, and what is told when none
//! serves it.

use roamd_sessions::{
    Busy, FailureCause, FarmError, FarmId, Generation, Launch, LaunchOutcome, LaunchTarget,
    NotReady, Refusal, ResourceId, ResourceIds, Store,
};
use roamd_store_proto::{ErrorReason, LaunchParams};

use crate::scripted::{Call, ScriptedFarm, catalogue, down, keys, user};

/// What happens at the first farm.
#[derive(Debug, Clone)]
enum At {
    Begin(FarmError),
    ResourceEnumeration(FarmError),
    NotPublished,
    ConnectRequest(FarmError),
    Fine,
}

/// What the client hears in the end, and from which farm.
#[derive(Debug, PartialEq)]
enum Told {
    Ready(String),
    Retry(String),
    Failed(FarmError),
    NotFound,
    Busy,
}

fn farm(id: &str, at: &At) -> ScriptedFarm {
    let mut farm = ScriptedFarm::new(id, Generation::Cvad7);
    farm.applications = Ok(catalogue(&[("Paint", "Paint", false)]));
    match at.clone() {
        At::Begin(error) => farm.begin = Err(error),
        At::ResourceEnumeration(error) => farm.applications = Err(error),
        At::NotPublished => farm.applications = Ok(catalogue(&[])),
        At::ConnectRequest(error) => farm.connect = Err(error),
        At::Fine => {}
    }
    farm
}

/// Launches on farms to which this happens, and says which were asked to connect.
async fn launch(farms: &[(&str, At)]) -> (Told, Vec<String>) {
    let ids = farms
        .iter()
        .map(|(id, _)| ResourceId::new(&FarmId::new(*id), "Paint"));
    let mut ids = ids.collect::<Vec<_>>().into_iter();
    let target = LaunchTarget::Application(ResourceIds::new(ids.next().unwrap(), ids));
    let farms: Vec<_> = farms.iter().map(|(id, at)| farm(id, at)).collect();
    let store = Store::new(farms, keys());
    let wish = Launch {
        params: LaunchParams::default(),
        seen_address: None,
    };
    let told = match store.launch(&user("alice"), &target, &wish).await {
        Ok(LaunchOutcome::Ready { farm, .. }) => Told::Ready(farm.to_string()),
        Ok(LaunchOutcome::NotReady { farm, .. }) => Told::Retry(farm.to_string()),
        Ok(LaunchOutcome::NotFound(reason)) => {
            assert_eq!(reason, ErrorReason::ResourceNotFound);
            Told::NotFound
        }
        Ok(LaunchOutcome::Failed(failure)) => match failure.cause {
            FailureCause::Farm(error) => Told::Failed(error),
            other => panic!("{other:?}"),
        },
        Err(Busy) => Told::Busy,
    };
    let connects = |farm: &&ScriptedFarm| {
        let calls = farm.calls();
        calls
            .iter()
            .any(|call| matches!(call, Call::ConnectRequest(_)))
    };
    let asked = store.farms().iter().filter(connects);
    let asked = asked.map(|farm| farm.description.id.to_string()).collect();
    (told, asked)
}

fn refused(refusal: Refusal) -> FarmError {
    FarmError::Refused(refusal)
}

fn not_done() -> FarmError {
    FarmError::NotDone("connection refused".to_owned())
}

#[tokio::test]
async fn the_next_farm_is_tried_only_where_the_first_has_certainly_started_nothing() {
    let here = |error: FarmError| Told::Failed(error);
    let there = || Told::Ready("TWO".to_owned());
    for (at, expected) in [
        (At::Fine, Told::Ready("ONE".to_owned())),
        // Nothing that could start something was sent.
        (At::Begin(FarmError::Busy), there()),
        (At::ResourceEnumeration(down()), there()),
        (At::ResourceEnumeration(not_done()), there()),
        (At::NotPublished, there()),
        (At::ConnectRequest(not_done()), there()),
        // The farm has said so.
        (At::ConnectRequest(refused(Refusal::NoHost)), there()),
        (At::ConnectRequest(refused(Refusal::Overloaded)), there()),
        (At::ConnectRequest(refused(Refusal::NotLicensed)), there()),
        (At::ConnectRequest(refused(Refusal::Maintenance)), there()),
        (
            At::ConnectRequest(refused(Refusal::UnknownApplication)),
            there(),
        ),
        (At::ConnectRequest(refused(Refusal::NotTrusted)), there()),
        (At::ConnectRequest(refused(Refusal::Unsupported)), there()),
        // It has answered a request before that may have started something.
        (
            At::ConnectRequest(refused(Refusal::NotLicensed).after_earlier_request()),
            here(FarmError::RefusedHalfway(Refusal::NotLicensed)),
        ),
        (
            At::ConnectRequest(
                refused(Refusal::NotReady(NotReady::Unknown)).after_earlier_request(),
            ),
            Told::Retry("ONE".to_owned()),
        ),
        // A lost answer is no answer.
        (At::ConnectRequest(down()), here(down())),
        (
            At::ConnectRequest(refused(Refusal::Other)),
            here(refused(Refusal::Other)),
        ),
        (
            At::ConnectRequest(refused(Refusal::Resource)),
            here(refused(Refusal::Resource)),
        ),
        (
            At::ConnectRequest(refused(Refusal::HostRefused)),
            here(refused(Refusal::HostRefused)),
        ),
        // No way around a limit, and no password from farm to farm.
        (
            At::ConnectRequest(refused(Refusal::SessionLimit)),
            here(refused(Refusal::SessionLimit)),
        ),
        (
            At::ConnectRequest(refused(Refusal::Credentials)),
            here(refused(Refusal::Credentials)),
        ),
        (
            At::ResourceEnumeration(refused(Refusal::Account)),
            here(refused(Refusal::Account)),
        ),
        // A machine is getting ready there.
        (
            At::ConnectRequest(refused(Refusal::NotReady(NotReady::Resuming))),
            Told::Retry("ONE".to_owned()),
        ),
    ] {
        let (told, asked) = launch(&[("ONE", at.clone()), ("TWO", At::Fine)]).await;
        assert_eq!(
            asked.contains(&"TWO".to_owned()),
            expected == there(),
            "{at:?}"
        );
        assert_eq!(told, expected, "{at:?}");
    }
}

#[tokio::test]
async fn when_no_farm_serves_it_the_most_telling_answer_is_told() {
    let no_host = || refused(Refusal::NoHost);
    let licence = || refused(Refusal::NotLicensed);
    for (farms, expected) in [
        (
            vec![At::ConnectRequest(no_host()), At::ConnectRequest(licence())],
            Told::Failed(no_host()),
        ),
        (
            vec![
                At::ConnectRequest(not_done()),
                At::ConnectRequest(licence()),
            ],
            Told::Failed(licence()),
        ),
        (
            vec![
                At::ConnectRequest(licence()),
                At::ConnectRequest(not_done()),
            ],
            Told::Failed(licence()),
        ),
        (
            vec![At::Begin(FarmError::Busy), At::ConnectRequest(not_done())],
            Told::Failed(not_done()),
        ),
        (
            vec![At::Begin(FarmError::Busy), At::NotPublished],
            Told::Busy,
        ),
        // ST-54: a farm that failed does not say that its application is gone.
        (
            vec![At::NotPublished, At::ResourceEnumeration(not_done())],
            Told::Failed(not_done()),
        ),
        (vec![At::NotPublished, At::NotPublished], Told::NotFound),
        (
            vec![
                At::ConnectRequest(not_done()),
                At::ConnectRequest(no_host()),
                At::ConnectRequest(refused(Refusal::NotReady(NotReady::Unknown))),
                At::Fine,
            ],
            Told::Retry("C".to_owned()),
        ),
    ] {
        let named: Vec<_> = ["A", "B", "C", "D"].into_iter().zip(farms).collect();
        let (told, _) = launch(&named).await;
        assert_eq!(told, expected, "{named:?}");
    }
}
