//! Choice of controllers, and resends: no change is sent twice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roamd_nfuse_client::{
    Attempt, AttemptOutcome, CallError, ControllerOrder, ControllerState, FarmClient, FarmConfig,
    Observer, Sent,
};
use roamd_nfuse_proto::ErrorId;
use roamd_testkit::{Script, ScriptedController};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use crate::support::{
    LONG, READ, capability, capability_response, change, closed_controller, config, controller,
    done, farm, farm_of, http, refused,
};

/// Failures of a controller after it has read a request.
fn failures() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("no response", Vec::new()),
        (
            "half a response",
            b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n<?xml".to_vec(),
        ),
        ("rubbish", b"rubbish\r\n\r\n".to_vec()),
        ("HTML", http("200 OK", b"<html/>")),
        ("an HTTP error", http("503 Busy", b"")),
        (
            "a farm that is out of service",
            refused(ErrorId::SERVICE_UNAVAILABLE),
        ),
    ]
}

#[tokio::test]
async fn failed_change_reaches_only_one_controller() {
    for (name, response) in failures() {
        let first = ScriptedController::in_order([Script::bytes(response).then_close()]).await;
        let second = ScriptedController::in_order([Script::bytes(done())]).await;
        let error = farm_of(&[&first, &second])
            .call(&change("DESK-A"))
            .await
            .unwrap_err();
        assert_eq!(error.sent(), Sent::MaybeSent, "{name}: {error:?}");
        assert_eq!(
            (first.requests().len(), second.requests().len()),
            (1, 0),
            "{name}"
        );
    }
}

#[tokio::test]
async fn failed_read_goes_to_the_next_controller() {
    for (name, response) in failures() {
        let first = ScriptedController::in_order([Script::bytes(response).then_close()]).await;
        let second =
            ScriptedController::in_order([Script::bytes(capability_response("second"))]).await;
        let response = farm_of(&[&first, &second]).call(&READ).await;
        assert_eq!(response.ok(), Some(capability("second")), "{name}");
        assert_eq!(
            (first.requests().len(), second.requests().len()),
            (1, 1),
            "{name}"
        );
    }
}

#[tokio::test]
async fn lost_read_is_resent_once_to_the_only_controller() {
    let controller = ScriptedController::in_order([
        Script::close(),
        Script::bytes(capability_response("again")),
    ])
    .await;
    assert_eq!(
        farm_of(&[&controller]).call(&READ).await.unwrap(),
        capability("again")
    );
    assert_eq!(controller.requests().len(), 2);

    let controller = ScriptedController::in_order([]).await;
    let error = farm_of(&[&controller]).call(&READ).await.unwrap_err();
    assert!(matches!(error, CallError::Lost(_)), "{error:?}");
    assert_eq!(controller.requests().len(), 2);
}

#[tokio::test]
async fn lost_change_is_not_resent_to_the_only_controller() {
    let controller = ScriptedController::in_order([Script::close(), Script::bytes(done())]).await;
    let error = farm_of(&[&controller])
        .call(&change("DESK-A"))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Lost(_)), "{error:?}");
    assert_eq!(controller.requests().len(), 1);
}

/// On a kept connection that its controller closes, a client could send a change twice, or lose it.
#[tokio::test]
async fn changes_survive_connections_that_are_closing() {
    const CALLS: usize = 200;
    let controller =
        ScriptedController::in_order(vec![Script::bytes(done()).then_close(); CALLS]).await;
    let farm = farm_of(&[&controller]);
    for number in 0..CALLS {
        farm.call(&change(&format!("DESK-{number};")))
            .await
            .unwrap();
    }
    assert_eq!(controller.requests().len(), CALLS);
}

#[tokio::test]
async fn read_on_stale_connection_is_resent_in_same_attempt() {
    // The controller keeps the connection after its first response, and closes it when the next
    // request arrives, as if the close and the request had crossed on the way.
    let controller = ScriptedController::in_order([
        Script::bytes(capability_response("first")),
        Script::close(),
        Script::bytes(capability_response("second")),
        Script::close(),
    ])
    .await;
    let farm = FarmClient::new(FarmConfig {
        attempts: 1,
        ..config(
            vec![controller.controller_url()],
            ControllerOrder::Ordered,
            LONG,
        )
    });
    assert_eq!(farm.call(&READ).await.unwrap(), capability("first"));
    assert_eq!(farm.call(&READ).await.unwrap(), capability("second"));
    assert_eq!(controller.requests().len(), 3);
}

/// More resends than the breaker allows failures: neither the breaker nor an observer sees them.
#[tokio::test]
async fn resend_on_stale_connection_is_part_of_one_attempt() {
    const CALLS: usize = 6;
    let scripts =
        (0..CALLS).flat_map(|_| [Script::bytes(capability_response("kept")), Script::close()]);
    let controller = ScriptedController::in_order(scripts).await;
    let outcomes = Arc::new(Outcomes::default());
    let farm = FarmClient::new(FarmConfig {
        attempts: 1,
        observer: Some(Arc::<Outcomes>::clone(&outcomes)),
        ..config(
            vec![controller.controller_url()],
            ControllerOrder::Ordered,
            LONG,
        )
    });
    for call in 1..=CALLS {
        assert_eq!(farm.call(&READ).await.unwrap(), capability("kept"));
        assert_eq!(controller.requests().len(), 2 * call - 1);
        assert_eq!(controller.connection_count(), call);
    }
    assert_eq!(
        outcomes.0.lock().unwrap().as_slice(),
        [AttemptOutcome::Responded; CALLS]
    );
    let states: Vec<_> = farm.controllers().map(|report| report.state).collect();
    assert_eq!(states, [ControllerState::Closed]);
}

/// The outcomes of attempts, in order.
#[derive(Debug, Default)]
struct Outcomes(Mutex<Vec<AttemptOutcome>>);

impl Observer for Outcomes {
    fn attempted(&self, attempt: &Attempt<'_>) {
        let mut outcomes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.push(attempt.outcome);
    }
}

#[tokio::test]
async fn change_gets_new_connection_that_reads_reuse() {
    let controller = ScriptedController::in_order([
        Script::bytes(capability_response("first")),
        Script::bytes(done()),
        Script::bytes(capability_response("second")),
        Script::bytes(capability_response("third")),
    ])
    .await;
    let farm = farm_of(&[&controller]);
    farm.call(&READ).await.unwrap();
    farm.call(&change("DESK-A")).await.unwrap();
    assert_eq!(controller.connection_count(), 2);
    let (second, third) = tokio::join!(farm.call(&READ), farm.call(&READ));
    assert!(second.is_ok() && third.is_ok());
    assert_eq!(controller.connection_count(), 2);
}

#[tokio::test]
async fn unreachable_controller_is_skipped() {
    let dead = closed_controller();
    let alive = ScriptedController::in_order([
        Script::bytes(done()),
        Script::bytes(capability_response("alive")),
    ])
    .await;
    let controllers = vec![dead.clone(), dead, alive.controller_url()];
    let farm = farm(controllers, ControllerOrder::Ordered, LONG);
    farm.call(&change("DESK-A")).await.unwrap();
    assert_eq!(farm.call(&READ).await.unwrap(), capability("alive"));
    assert_eq!(alive.requests().len(), 2);
}

#[tokio::test]
async fn unreachable_farm_reports_nothing_sent() {
    let dead = closed_controller();
    for controllers in [vec![dead.clone(), dead], Vec::new()] {
        let farm = farm(controllers, ControllerOrder::Balanced, LONG);
        let error = farm.call(&change("DESK-A")).await.unwrap_err();
        assert!(matches!(error, CallError::Unreachable(_)), "{error:?}");
        assert_eq!(error.sent(), Sent::NotSent);
    }
}

#[tokio::test]
async fn unreachable_controller_does_not_hide_earlier_failure() {
    let first = ScriptedController::in_order([Script::close()]).await;
    let controllers = vec![first.controller_url(), closed_controller()];
    let farm = farm(controllers, ControllerOrder::Ordered, LONG);
    let error = farm.call(&READ).await.unwrap_err();
    assert!(matches!(error, CallError::Lost(_)), "{error:?}");
}

#[tokio::test]
async fn connect_timeout_leaves_time_for_next_controller() {
    // The listener never accepts, and its queue of one is full: further connections are neither
    // accepted nor refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await
    {
        queue.push(stream);
    }
    let hole = controller(address);
    let deadline = Duration::from_secs(3);

    let alive = ScriptedController::in_order([Script::bytes(done())]).await;
    let order = ControllerOrder::Ordered;
    let both = farm(vec![hole.clone(), alive.controller_url()], order, deadline);
    both.call(&change("DESK-A")).await.unwrap();

    let alone = farm(vec![hole], order, Duration::from_millis(300));
    let error = alone.call(&change("DESK-A")).await.unwrap_err();
    assert_eq!(error.sent(), Sent::NotSent, "{error:?}");
}

#[tokio::test]
async fn silent_controller_leaves_time_for_read_at_the_next() {
    let silent = ScriptedController::in_order([Script::silence(), Script::silence()]).await;
    let second = ScriptedController::in_order([Script::bytes(capability_response("second"))]).await;
    let farm = FarmClient::new(FarmConfig {
        response_timeout: Duration::from_millis(50),
        ..config(
            vec![silent.controller_url(), second.controller_url()],
            ControllerOrder::Ordered,
            LONG,
        )
    });
    assert_eq!(farm.call(&READ).await.unwrap(), capability("second"));
}

#[tokio::test]
async fn call_without_alternative_waits_for_slow_controller() {
    let response_timeout = Duration::from_millis(50);
    for only in [true, false] {
        let pending = Arc::new(Semaphore::new(0));
        let response = if only {
            capability_response("slow")
        } else {
            done()
        };
        let slow = ScriptedController::in_order([Script::bytes(response).held(&pending)]).await;
        let second = ScriptedController::in_order([]).await;
        let controllers = if only {
            vec![slow.controller_url()]
        } else {
            vec![slow.controller_url(), second.controller_url()]
        };
        let farm = FarmClient::new(FarmConfig {
            response_timeout,
            ..config(controllers, ControllerOrder::Ordered, LONG)
        });
        let responding = async {
            slow.wait_for_total(1).await;
            tokio::time::sleep(2 * response_timeout).await;
            pending.close();
        };
        if only {
            let (response, ()) = tokio::join!(farm.call(&READ), responding);
            assert_eq!(response.unwrap(), capability("slow"));
        } else {
            let request = change("DESK-A");
            let (response, ()) = tokio::join!(farm.call(&request), responding);
            response.unwrap();
        }
        assert_eq!(second.requests().len(), 0);
    }
}

#[tokio::test]
async fn attempts_limit_the_controllers_tried() {
    for (attempts, expected) in [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1])] {
        let mut scripted = Vec::new();
        for _ in 0..3 {
            scripted.push(ScriptedController::in_order([]).await);
        }
        let controllers = scripted
            .iter()
            .map(ScriptedController::controller_url)
            .collect();
        let farm = FarmClient::new(FarmConfig {
            attempts,
            ..config(controllers, ControllerOrder::Ordered, LONG)
        });
        farm.call(&READ).await.unwrap_err();
        let received: Vec<_> = scripted.iter().map(|c| c.requests().len()).collect();
        assert_eq!(received, expected, "{attempts}");
    }
}

#[tokio::test]
async fn refused_request_is_not_sent_to_another_controller() {
    for id in [
        ErrorId::FAILED_CREDENTIALS,
        ErrorId::NOT_TRUSTED,
        ErrorId::UNSPECIFIED,
    ] {
        let first = ScriptedController::in_order([Script::bytes(refused(id.clone()))]).await;
        let second =
            ScriptedController::in_order([Script::bytes(capability_response("second"))]).await;
        let error = farm_of(&[&first, &second]).call(&READ).await.unwrap_err();
        assert!(
            matches!(&error, CallError::Refused(farm) if farm.id == id),
            "{error:?}"
        );
        assert_eq!(second.requests().len(), 0);
    }
}

#[tokio::test]
async fn order_decides_which_controller_is_asked_first() {
    for (order, expected) in [
        (ControllerOrder::Ordered, [6, 0, 0]),
        (ControllerOrder::Balanced, [2, 2, 2]),
    ] {
        let mut scripted = Vec::new();
        for _ in 0..3 {
            scripted.push(ScriptedController::in_order(vec![Script::bytes(done()); 6]).await);
        }
        let controllers = scripted
            .iter()
            .map(ScriptedController::controller_url)
            .collect();
        let farm = farm(controllers, order, LONG);
        for _ in 0..6 {
            farm.call(&change("DESK-A")).await.unwrap();
        }
        let received: Vec<_> = scripted.iter().map(|c| c.requests().len()).collect();
        assert_eq!(received, expected, "{order:?}");
    }
}
