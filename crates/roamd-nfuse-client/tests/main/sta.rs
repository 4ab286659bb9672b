//! Tickets of failing Secure Ticket Authorities.

use std::time::Duration;

use roamd_nfuse_client::{
    CallError, ControllerOrder, ControllerState, ControllerUrl, FarmConfig, StaClient,
};
use roamd_nfuse_proto::sta::{TicketData, TicketRequest, TicketResponse};
use roamd_nfuse_proto::{Dialect, Encoding, ErrorId, FarmError, Frame, encode_response};
use roamd_testkit::{Script, ScriptedController, free_address};
use tokio::time::Instant;

use crate::support::{LONG, closed_controller, config, controller, http};

fn authorities(controllers: Vec<ControllerUrl>) -> StaClient {
    StaClient::new(config(controllers, ControllerOrder::Ordered, LONG))
}

async fn ticket(client: &StaClient) -> Result<String, CallError> {
    let response = client.ticket_by(Instant::now() + LONG, &request()).await?;
    Ok(response.authority_id)
}

fn request() -> TicketRequest {
    let data = TicketData {
        ica_address: "xa1-host11.demo.test:1494".to_owned(),
        x_data: None,
    };
    TicketRequest::v4(data, true)
}

fn issued(authority: &str) -> Vec<u8> {
    response(&Ok(TicketResponse::v4(
        authority,
        "00112233445566778899AABBCCDDEEFF",
    )))
}

fn response(response: &Result<TicketResponse, FarmError>) -> Vec<u8> {
    let frame = Frame {
        dialect: Dialect::STA,
        encoding: Encoding::Utf8,
    };
    http("200 OK", &encode_response(&frame, response))
}

#[tokio::test]
async fn failing_authority_is_followed_by_the_next() {
    // A lost ticket expires, so the next authority is tried even if the first may have issued one
    // (nfuse.md §8).
    let failures = [
        ("closes", Script::close()),
        ("HTML", Script::bytes(http("200 OK", b"<html/>"))),
        (
            "has no authority",
            Script::bytes(http("404 Not Found", b"")),
        ),
        (
            "refuses",
            Script::bytes(response(&Err(ErrorId::UNSPECIFIED.into()))),
        ),
        (
            "is not licensed",
            Script::bytes(response(&Err(ErrorId::NOT_LICENSED.into()))),
        ),
    ];
    for (name, failure) in failures {
        let first = ScriptedController::in_order([failure]).await;
        let second = ScriptedController::in_order([Script::bytes(issued("STA2"))]).await;
        let client = authorities(vec![
            closed_controller(),
            first.controller_url(),
            second.controller_url(),
        ]);
        assert_eq!(ticket(&client).await.unwrap(), "STA2", "{name}");
        for authority in [first, second] {
            let requests = authority.requests();
            let [request] = requests.as_slice() else {
                panic!("{name}: {requests:?}");
            };
            assert!(request.starts_with("POST /scripts/ctxsta.dll HTTP/1.1\r\n"));
            assert!(request.contains("<CtxSTAProtocol version=\"4.0\"><RequestTicket>"));
        }
    }
}

#[tokio::test]
async fn hanging_authority_leaves_time_for_the_next() {
    let hung = ScriptedController::in_order([Script::silence()]).await;
    let second = ScriptedController::in_order([Script::bytes(issued("STA2"))]).await;
    let client = StaClient::new(FarmConfig {
        response_timeout: Duration::from_millis(50),
        ..config(
            vec![hung.controller_url(), second.controller_url()],
            ControllerOrder::Ordered,
            LONG,
        )
    });
    assert_eq!(ticket(&client).await.unwrap(), "STA2");
}

#[tokio::test]
async fn ticket_call_ends_at_the_earlier_of_two_deadlines() {
    let soon = Duration::from_millis(50);
    for (timeout, caller) in [(soon, LONG), (LONG, soon)] {
        let hung = ScriptedController::in_order([Script::silence()]).await;
        let client = StaClient::new(config(
            vec![hung.controller_url()],
            ControllerOrder::Ordered,
            timeout,
        ));
        let result = client.ticket_by(Instant::now() + caller, &request()).await;
        let error = result.unwrap_err();
        assert!(matches!(error, CallError::Deadline { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn ticket_call_fails_without_working_authority() {
    let first =
        ScriptedController::in_order([Script::bytes(response(&Err(ErrorId::UNSPECIFIED.into())))])
            .await;
    let client = authorities(vec![first.controller_url(), closed_controller()]);
    let error = ticket(&client).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(_)), "{error:?}");
    let client = authorities(vec![closed_controller(), closed_controller()]);
    let error = ticket(&client).await.unwrap_err();
    assert!(matches!(error, CallError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn failed_authority_is_probed_with_an_unused_ticket() {
    let address = free_address();
    let standby = ScriptedController::in_order(vec![Script::bytes(issued("STANDBY")); 9_999]).await;
    let client = authorities(vec![controller(address), standby.controller_url()]);
    for _ in 0..3 {
        assert_eq!(ticket(&client).await.unwrap(), "STANDBY");
    }
    let states: Vec<_> = client.authorities().map(|report| report.state).collect();
    assert_eq!(states, [ControllerState::Open, ControllerState::Closed]);
    let back =
        ScriptedController::in_order_at(address, vec![Script::bytes(issued("BACK")); 9_999]).await;
    back.wait_for_total(1).await;
    let probe = back.requests().remove(0);
    assert!(probe.contains("<Value name=\"ICAAddress\">192.0.2.1:1494</Value>"));
    while ticket(&client).await.unwrap() != "BACK" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
