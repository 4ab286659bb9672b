//! Probes of idle controllers: failures are found without a call of a user.
#![expect(
    clippy::unwrap_used,
    reason = "a state that is not reached is a failure"
)]

use std::time::Duration;

use roamd_nfuse_client::{
    ControllerOrder, ControllerReport, ControllerState, FarmClient, StaClient,
};
use roamd_nfuse_proto::sta::TicketResponse;
use roamd_nfuse_proto::{Dialect, Encoding, Frame, encode_response};
use roamd_testkit::{Script, ScriptedController, free_address};
use tokio::time::{sleep, timeout};

use crate::support::{
    LONG, READ, capability_response, closed_controller, config, controller, farm, farm_of, http,
};

const INTERVAL: Duration = Duration::from_millis(50);

fn responses(count: usize) -> Vec<Script> {
    vec![Script::bytes(capability_response("good")); count]
}

async fn until(farm: &FarmClient, holds: impl Fn(&[ControllerReport<'_>]) -> bool) {
    let reached = async {
        while !holds(&farm.controllers().collect::<Vec<_>>()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, reached).await.unwrap();
}

#[tokio::test]
async fn closed_controller_is_down_before_the_first_call() {
    let good = ScriptedController::in_order(responses(9_999)).await;
    let controllers = vec![closed_controller(), good.controller_url()];
    let farm = farm(controllers, ControllerOrder::Ordered, LONG);
    assert!(farm.controllers().all(|report| !report.is_starting));
    farm.probe_when_idle(Some(LONG));
    assert!(farm.controllers().all(|report| report.is_starting));
    until(&farm, |reports| {
        reports[0].state == ControllerState::Open && !reports[1].is_starting
    })
    .await;
    assert_eq!(good.total_requests(), 1);
    // No call has to try the first one, so a call is not slower than without it.
    farm.call(&READ).await.unwrap();
    assert_eq!(good.total_requests(), 2);
}

#[tokio::test]
async fn idle_controller_is_marked_down_and_up() {
    let address = free_address();
    let farm = farm(vec![controller(address)], ControllerOrder::Ordered, LONG);
    farm.probe_when_idle(Some(INTERVAL));
    until(&farm, |reports| reports[0].state == ControllerState::Open).await;
    let _back = ScriptedController::in_order_at(address, responses(9_999)).await;
    until(&farm, |reports| {
        reports[0].state == ControllerState::Closed && !reports[0].is_starting
    })
    .await;
}

#[tokio::test]
async fn one_failed_probe_does_not_mark_a_controller_down() {
    let scripts = std::iter::once(Script::close()).chain(responses(9_999));
    let shaky = ScriptedController::in_order(scripts).await;
    let farm = farm_of(&[&shaky]);
    farm.probe_when_idle(Some(LONG));
    until(&farm, |reports| !reports[0].is_starting).await;
    let report = farm.controllers().next().unwrap();
    assert_eq!(report.state, ControllerState::Closed);
    assert_eq!(shaky.total_requests(), 2);
}

#[tokio::test]
async fn used_controller_is_not_probed() {
    let used = ScriptedController::in_order(responses(9_999)).await;
    let farm = farm_of(&[&used]);
    let interval = Duration::from_millis(500);
    farm.probe_when_idle(Some(interval));
    used.wait_for_total(1).await;
    let mut calls = 0;
    for _ in 0..30 {
        farm.call(&READ).await.unwrap();
        calls += 1;
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(used.total_requests(), 1 + calls);
    used.wait_for_total(1 + calls + 1).await;
}

#[tokio::test]
async fn silent_controller_has_one_probe_at_a_time() {
    let silent = ScriptedController::in_order(vec![Script::silence(); 999]).await;
    let farm = farm_of(&[&silent]);
    farm.probe_when_idle(Some(Duration::from_millis(1)));
    farm.probe_when_idle(Some(Duration::from_millis(1)));
    // Less than the timeout of a probe.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(silent.connection_count(), 1);
}

#[tokio::test]
async fn idle_probes_end_and_begin_again_without_being_doubled() {
    let good = ScriptedController::in_order(responses(9_999)).await;
    let farm = farm_of(&[&good]);
    farm.probe_when_idle(Some(INTERVAL));
    good.wait_for_total(2).await;
    farm.probe_when_idle(None);
    sleep(INTERVAL).await;
    let count = good.total_requests();
    sleep(5 * INTERVAL).await;
    assert_eq!(good.total_requests(), count);
    for _ in 0..100 {
        farm.probe_when_idle(Some(LONG));
    }
    good.wait_for_total(count + 1).await;
    sleep(INTERVAL).await;
    assert_eq!(good.total_requests(), count + 1);
}

#[tokio::test]
async fn succeeding_client_begins_with_the_health_of_the_previous_one() {
    let good = ScriptedController::in_order(responses(9_999)).await;
    let address = free_address();
    let farm = farm(
        vec![controller(address), good.controller_url()],
        ControllerOrder::Ordered,
        LONG,
    );
    farm.probe_when_idle(Some(LONG));
    until(&farm, |reports| {
        reports[0].state == ControllerState::Open && !reports[1].is_starting
    })
    .await;
    let other = ScriptedController::in_order(responses(9_999)).await;
    let urls = vec![
        other.controller_url(),
        controller(address),
        good.controller_url(),
    ];
    let successor = FarmClient::succeeding(&farm, config(urls, ControllerOrder::Ordered, LONG));
    drop(farm);
    let states = || -> Vec<_> { successor.controllers().map(|it| it.state).collect() };
    let [up, down] = [ControllerState::Closed, ControllerState::Open];
    assert_eq!(states(), [up, down, up]);
    successor.probe_when_idle(Some(LONG));
    let starting: Vec<_> = successor.controllers().map(|it| it.is_starting).collect();
    assert_eq!(starting, [true, true, false]);
    // Without probes of idle controllers, one that is down is probed all the same.
    successor.probe_when_idle(None);
    let _back = ScriptedController::in_order_at(address, responses(9_999)).await;
    until(&successor, |reports| reports[1].state == up).await;
}

#[tokio::test]
async fn probes_end_with_the_farm() {
    let good = ScriptedController::in_order(responses(9_999)).await;
    let farm = farm_of(&[&good]);
    farm.probe_when_idle(Some(INTERVAL));
    good.wait_for_total(3).await;
    drop(farm);
    sleep(INTERVAL).await;
    let count = good.total_requests();
    sleep(5 * INTERVAL).await;
    assert_eq!(good.total_requests(), count);
}

#[tokio::test]
async fn ids_of_ticket_authorities_are_reported() {
    let frame = Frame {
        dialect: Dialect::STA,
        encoding: Encoding::Utf8,
    };
    let issued = Ok(TicketResponse::v4(
        "STA0001",
        "00112233445566778899AABBCCDDEEFF",
    ));
    let response = Script::bytes(http("200 OK", &encode_response(&frame, &issued)));
    let one = ScriptedController::in_order(vec![response; 99]).await;
    let urls = vec![one.controller_url(), closed_controller()];
    let authorities = StaClient::new(config(urls, ControllerOrder::Ordered, LONG));
    authorities.probe_when_idle(Some(LONG));
    let ids = || -> Vec<_> {
        let reports = authorities.authorities();
        reports.map(|report| report.authority_id).collect()
    };
    let found = async {
        while ids() != [Some("STA0001".to_owned()), None] {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, found).await.unwrap();
    let urls = vec![one.controller_url()];
    let one_left = config(urls, ControllerOrder::Ordered, LONG);
    let successor = StaClient::succeeding(&authorities, one_left);
    let report = successor.authorities().next().unwrap();
    assert_eq!(report.authority_id.as_deref(), Some("STA0001"));
}
