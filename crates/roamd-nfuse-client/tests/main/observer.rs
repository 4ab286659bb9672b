//! Observers of attempts, and reports about controllers.
#![expect(
    clippy::unwrap_used,
    reason = "a record that cannot be made is a failure"
)]

use std::sync::{Arc, Mutex};

use roamd_nfuse_client::{
    Attempt, AttemptOutcome, CallError, ControllerOrder, FarmClient, FarmConfig, Observer,
    ProbedService,
};
use roamd_nfuse_proto::ErrorId;
use roamd_testkit::{Script, ScriptedController};

use crate::support::{LONG, READ, capability_response, closed_controller, config, http, refused};

#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<(String, &'static str, AttemptOutcome)>>);

impl Observer for Recorder {
    fn attempted(&self, attempt: &Attempt<'_>) {
        let record = (
            attempt.controller.to_string(),
            attempt.request,
            attempt.outcome,
        );
        self.0.lock().unwrap().push(record);
    }
}

#[tokio::test]
async fn observer_gets_every_attempt_with_its_outcome() {
    let cases = [
        (
            Script::bytes(capability_response("a")),
            AttemptOutcome::Responded,
        ),
        (
            Script::bytes(refused(ErrorId::NOT_TRUSTED)),
            AttemptOutcome::Refused,
        ),
        (Script::close(), AttemptOutcome::Lost),
        (
            Script::bytes(http("500 Oops", b"")),
            AttemptOutcome::HttpStatus,
        ),
        (
            Script::bytes(http("200 OK", b"<html/>")),
            AttemptOutcome::BadResponse,
        ),
    ];
    for (script, outcome) in cases {
        let (dead, controller) = (
            closed_controller(),
            ScriptedController::in_order([script]).await,
        );
        let recorder = Arc::new(Recorder::default());
        let controllers = vec![dead.clone(), controller.controller_url()];
        let farm = FarmClient::new(FarmConfig {
            observer: Some(Arc::<Recorder>::clone(&recorder)),
            ..config(controllers, ControllerOrder::Ordered, LONG)
        });
        drop(farm.call(&READ).await);
        let expected = [
            (dead.to_string(), AttemptOutcome::Unreachable),
            (controller.controller_url().to_string(), outcome),
        ]
        .map(|(controller, outcome)| (controller, "RequestCapabilities", outcome));
        assert_eq!(*recorder.0.lock().unwrap(), expected);
    }
}

#[tokio::test]
async fn observer_gets_attempt_that_hits_the_deadline() {
    let controller = ScriptedController::in_order([Script::silence()]).await;
    let recorder = Arc::new(Recorder::default());
    let timeout = std::time::Duration::from_millis(50);
    let farm = FarmClient::new(FarmConfig {
        observer: Some(Arc::<Recorder>::clone(&recorder)),
        ..config(
            vec![controller.controller_url()],
            ControllerOrder::Ordered,
            timeout,
        )
    });
    farm.call(&READ).await.unwrap_err();
    let first = recorder.0.lock().unwrap().first().cloned();
    let name = controller.controller_url().to_string();
    assert_eq!(
        first,
        Some((name, "RequestCapabilities", AttemptOutcome::Silent))
    );
}

#[tokio::test]
async fn report_counts_connections() {
    let controller = ScriptedController::in_order([Script::bytes(capability_response("a"))]).await;
    let controllers = vec![controller.controller_url()];
    let farm = FarmClient::new(config(controllers, ControllerOrder::Ordered, LONG));
    farm.call(&READ).await.unwrap();
    let connections = farm.controllers().next().unwrap().connections;
    assert_eq!((connections.open, connections.idle), (1, 1));
}

#[tokio::test]
async fn probe_asks_every_controller_regardless_of_breaker() {
    let good = ScriptedController::in_order([
        Script::bytes(capability_response("a")),
        Script::bytes(refused(ErrorId::NOT_TRUSTED)),
    ])
    .await;
    let controllers = vec![
        closed_controller(),
        good.controller_url(),
        good.controller_url(),
    ];
    let farm = FarmClient::new(config(controllers, ControllerOrder::Ordered, LONG));
    let probed = farm.probe().await;
    assert!(matches!(probed[0], Err(CallError::Unreachable(_))));
    // Both probes reach the same controller at once; the first one gets the response.
    let responded = probed.iter().flatten().count();
    let refused = probed
        .iter()
        .filter(|result| matches!(result, Err(CallError::Refused(_))))
        .count();
    assert_eq!((responded, refused), (1, 1));
    let probed = probed.into_iter().flatten().next().unwrap();
    assert_eq!(probed.dialect.to_string(), "5.4");
    let ProbedService::Farm { capabilities } = probed.service else {
        panic!("a controller is no ticket authority");
    };
    assert_eq!(capabilities.len(), 1);
}
