//! Circuit breakers: failing controllers are skipped, and used again after they have recovered.

use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_client::{
    CallError, ControllerOrder, ControllerState, FarmClient, FarmConfig, Sent,
};
use roamd_nfuse_proto::ErrorId;
use roamd_testkit::{Script, ScriptedController, free_address};
use tokio::time::Instant;

use crate::support::{
    LONG, READ, capability, capability_response, change, closed_controller, config, controller,
    done, farm, farm_of, http, refused,
};

/// Number of failed calls that opens a breaker.
const FAILURES: usize = 3;

/// Long enough for the first two probes.
const SECONDS: Duration = Duration::from_secs(8);

fn responses(name: &'static str, count: usize) -> Vec<Script> {
    vec![Script::bytes(capability_response(name)); count]
}

async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) -> bool {
    let started = Instant::now();
    while started.elapsed() < SECONDS {
        if holds().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn failing_controller_is_skipped_after_three_calls() {
    let failures: [(&str, Vec<u8>); 4] = [
        ("no response", Vec::new()),
        ("rubbish", b"rubbish\r\n\r\n".to_vec()),
        ("HTML", http("200 OK", b"<html/>")),
        ("an HTTP error", http("503 Busy", b"")),
    ];
    for (name, response) in failures {
        let bad =
            ScriptedController::in_order(vec![Script::bytes(response.clone()).then_close(); 99])
                .await;
        let good = ScriptedController::in_order(responses("good", 10)).await;
        let farm = farm_of(&[&bad, &good]);
        for _ in 0..10 {
            assert_eq!(
                farm.call(&READ).await.unwrap(),
                capability("good"),
                "{name}"
            );
        }
        assert_eq!(bad.requests().len(), FAILURES, "{name}");
        let states: Vec<_> = farm
            .controllers()
            .map(|report| (report.controller.clone(), report.state))
            .collect();
        let expected = [
            (bad.controller_url(), ControllerState::Open),
            (good.controller_url(), ControllerState::Closed),
        ];
        assert_eq!(states, expected, "{name}");
    }
}

/// With an open breaker, even changes succeed that the controller would have lost.
#[tokio::test]
async fn change_skips_controller_with_open_breaker() {
    let bad = ScriptedController::in_order([]).await;
    let good = ScriptedController::in_order(vec![Script::bytes(done()); 9]).await;
    let farm = farm_of(&[&bad, &good]);
    for _ in 0..FAILURES {
        farm.call(&change("DESK-A")).await.unwrap_err();
    }
    farm.call(&change("DESK-B")).await.unwrap();
}

#[tokio::test]
async fn refused_requests_do_not_open_the_breaker() {
    let responses = [
        ("credentials", refused(ErrorId::FAILED_CREDENTIALS)),
        ("out of service", refused(ErrorId::SERVICE_UNAVAILABLE)),
        ("request too long", http("400 Bad request", b"")),
    ];
    for (name, response) in responses {
        let controller =
            ScriptedController::in_order(vec![Script::bytes(response.clone()); 9]).await;
        let farm = farm(
            vec![controller.controller_url(), closed_controller()],
            ControllerOrder::Ordered,
            LONG,
        );
        for _ in 0..9 {
            farm.call(&change("DESK-A")).await.unwrap_err();
        }
        assert_eq!(controller.requests().len(), 9, "{name}");
    }
}

#[tokio::test]
async fn recovered_controller_is_used_within_seconds() {
    let address = free_address();
    let standby = ScriptedController::in_order(responses("standby", 9_999)).await;
    let farm = farm(
        vec![controller(address), standby.controller_url()],
        ControllerOrder::Ordered,
        LONG,
    );
    for _ in 0..FAILURES {
        assert_eq!(farm.call(&READ).await.unwrap(), capability("standby"));
    }
    let back = ScriptedController::in_order_at(address, responses("back", 9_999)).await;
    let used = until(|| async { farm.call(&READ).await.unwrap() == capability("back") });
    assert!(used.await, "{} probes", back.requests().len());
    // Calls went to the other controller in the meantime: the first request was a probe.
    assert_eq!(back.requests().len(), 2);
}

#[tokio::test]
async fn farm_with_only_open_breakers_is_still_tried() {
    let addresses = [free_address(), free_address()];
    let farm = farm(
        addresses.map(controller).to_vec(),
        ControllerOrder::Balanced,
        LONG,
    );
    for _ in 0..2 * FAILURES {
        let error = farm.call(&READ).await.unwrap_err();
        assert!(matches!(error, CallError::Unreachable(_)), "{error:?}");
    }
    // The next call reaches the farm without a probe before it.
    let [first, second] = addresses;
    let _first = ScriptedController::in_order_at(first, responses("back", 9)).await;
    let _second = ScriptedController::in_order_at(second, responses("back", 9)).await;
    assert_eq!(farm.call(&READ).await.unwrap(), capability("back"));
}

/// Reported by operators of other products: one hung host took all controllers of a farm down.
#[tokio::test]
async fn call_timeouts_alone_do_not_open_the_breaker() {
    const CALLS: usize = 10;
    // Each call gets no response, and the probe that follows gets one.
    let script = (0..CALLS).flat_map(|_| {
        [
            Script::silence(),
            Script::bytes(capability_response("probe")),
        ]
    });
    let controller = ScriptedController::in_order(script.chain(responses("used", 1))).await;
    let standby = ScriptedController::in_order([]).await;
    let farm = farm(
        vec![controller.controller_url(), standby.controller_url()],
        ControllerOrder::Ordered,
        Duration::from_millis(100),
    );
    for call in 1..=CALLS {
        let error = farm.call(&change("HUNG")).await.unwrap_err();
        assert!(matches!(error, CallError::Deadline { .. }), "{error:?}");
        controller.wait_for_total(2 * call).await;
    }
    assert_eq!(standby.requests().len(), 0);
}

#[tokio::test]
async fn timed_out_probe_opens_the_breaker() {
    let hung = ScriptedController::in_order(vec![Script::silence(); 99]).await;
    let good = ScriptedController::in_order(responses("good", 9_999)).await;
    let farm = FarmClient::new(FarmConfig {
        response_timeout: Duration::from_millis(50),
        ..config(
            vec![hung.controller_url(), good.controller_url()],
            ControllerOrder::Ordered,
            LONG,
        )
    });
    assert_eq!(farm.call(&READ).await.unwrap(), capability("good"));
    let passed_over = until(|| async {
        let started = Instant::now();
        farm.call(&READ).await.unwrap();
        started.elapsed() < Duration::from_millis(50)
    });
    assert!(passed_over.await);
}

#[tokio::test]
async fn hanging_probe_is_the_only_one() {
    const CALLS: usize = 50;
    let hung = ScriptedController::in_order(vec![Script::silence(); 999]).await;
    let good = ScriptedController::in_order(responses("good", CALLS)).await;
    let farm = FarmClient::new(FarmConfig {
        response_timeout: Duration::from_millis(100),
        ..config(
            vec![hung.controller_url(), good.controller_url()],
            ControllerOrder::Ordered,
            LONG,
        )
    });
    let calls = futures_util::future::join_all((0..CALLS).map(|_| farm.call(&READ)));
    for response in calls.await {
        assert_eq!(response.unwrap(), capability("good"));
    }
    hung.wait_for_total(CALLS + 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    // All calls were under way before the first time-out; then there was one probe.
    assert_eq!(hung.requests().len(), CALLS + 1);
}

/// A farm that hangs must not delay every call by its whole deadline.
#[tokio::test]
async fn unresponsive_farm_is_tried_by_one_call_at_a_time() {
    let hung = ScriptedController::in_order(vec![Script::silence(); 99]).await;
    let farm = Arc::new(FarmClient::new(FarmConfig {
        response_timeout: Duration::from_millis(50),
        ..config(vec![hung.controller_url()], ControllerOrder::Ordered, LONG)
    }));
    // A call times out, and a probe confirms that the controller hangs.
    let first = farm.call_by(Instant::now() + Duration::from_millis(100), &READ);
    assert!(matches!(first.await, Err(CallError::Deadline { .. })));
    let state = || farm.controllers().map(|report| report.state).next();
    let open = until(|| async { state() == Some(ControllerState::Open) });
    assert!(open.await);

    let trial = tokio::spawn({
        let farm = Arc::clone(&farm);
        async move { farm.call(&change("TRIAL")).await }
    });
    while !hung
        .requests()
        .iter()
        .any(|request| request.contains("TRIAL"))
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..20 {
        let error = farm.call(&change("OTHER")).await.unwrap_err();
        assert!(matches!(error, CallError::CircuitOpen), "{error:?}");
        assert_eq!(error.sent(), Sent::NotSent);
    }
    // After the trial has ended, the next call is the trial.
    trial.abort();
    assert!(trial.await.unwrap_err().is_cancelled());
    let next = farm.call_by(Instant::now() + Duration::from_millis(50), &READ);
    assert!(matches!(next.await, Err(CallError::Deadline { .. })));
}

#[tokio::test]
async fn dropped_farm_stops_probing() {
    let bad = ScriptedController::in_order([]).await;
    let farm = farm_of(&[&bad, &bad]);
    for _ in 0..FAILURES {
        farm.call(&READ).await.unwrap_err();
    }
    drop(farm);
    let before = bad.requests().len();
    // The first probe would have been due within a second.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(bad.requests().len(), before);
}
