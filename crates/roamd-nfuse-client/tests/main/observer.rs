//! Observers of attempts, and reports about controllers.
#![expect(
    clippy::unwrap_used,
    reason = "a record that cannot be made is a failure"
)]

use std::sync::{Arc, Mutex};

use http::HeaderValue;
use roamd_nfuse_client::{
    Attempt, AttemptOutcome, AttemptTrace, CallError, ControllerOrder, ControllerUrl, FarmClient,
    FarmConfig, Observer, ProbedService, TraceHeaders,
};
use roamd_nfuse_proto::ErrorId;
use roamd_testkit::{Script, ScriptedController};
use tokio::time::Instant;

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

/// Gives each attempt a number and a trace context, and records the numbers of those that ended.
#[derive(Debug, Default)]
struct Numbered {
    begun: Mutex<usize>,
    ended: Mutex<Vec<Option<usize>>>,
}

impl Observer for Numbered {
    fn attempting(&self, _: &ControllerUrl, request: &'static str, _: Instant) -> AttemptTrace {
        assert_eq!(request, "RequestCapabilities");
        let mut begun = self.begun.lock().unwrap();
        *begun += 1;
        AttemptTrace {
            number: Some(*begun),
            headers: Some(TraceHeaders {
                parent: HeaderValue::from(*begun),
                state: (*begun == 2).then(|| HeaderValue::from_static("a=1")),
            }),
        }
    }

    fn attempted(&self, attempt: &Attempt<'_>) {
        self.ended.lock().unwrap().push(attempt.number);
    }
}

#[tokio::test]
async fn each_attempt_has_the_trace_context_of_its_observer() {
    let one = ScriptedController::in_order([Script::close()]).await;
    let other = ScriptedController::in_order([Script::bytes(capability_response("a"))]).await;
    let controllers = vec![one.controller_url(), other.controller_url()];
    let observer = Arc::new(Numbered::default());
    let farm = FarmClient::new(FarmConfig {
        observer: Some(Arc::<Numbered>::clone(&observer)),
        ..config(controllers, ControllerOrder::Ordered, LONG)
    });
    farm.call(&READ).await.unwrap();
    assert_eq!(*observer.ended.lock().unwrap(), [Some(1), Some(2)]);
    let first = one.last_request("Capabilities").to_lowercase();
    assert!(first.contains("\r\ntraceparent: 1\r\n"), "{first}");
    assert!(!first.contains("tracestate"), "{first}");
    let second = other.last_request("Capabilities").to_lowercase();
    let headers = "\r\ntraceparent: 2\r\ntracestate: a=1\r\n";
    assert!(second.contains(headers), "{second}");
    // A probe is caused by no call.
    farm.probe().await;
    assert!(!one.last_request("Capabilities").contains("trace"));
    assert_eq!(*observer.begun.lock().unwrap(), 2);
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
