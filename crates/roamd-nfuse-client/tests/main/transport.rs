//! HTTP as real farms speak it (nfuse.md §1.1), and as broken ones do.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use roamd_nfuse_client::{CallError, ControllerOrder, ControllerState, DechunkError, Sent};
use roamd_nfuse_proto::{Dialect, ErrorId, FarmError, encode_request};
use roamd_testkit::{Script, ScriptedController};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{
    LONG, READ, capability, capability_document, capability_response, change, done, farm, farm_of,
    http, refused,
};

#[tokio::test]
async fn request_is_xml_post_to_the_service_path() {
    let controller = ScriptedController::in_order([Script::bytes(capability_response("a"))]).await;
    farm_of(&[&controller]).call(&READ).await.unwrap();

    let requests = controller.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /scripts/wpnbr.dll HTTP/1.1"));
    let mut headers: Vec<_> = lines.map(str::to_ascii_lowercase).collect();
    headers.sort();
    let host = controller
        .controller_url()
        .to_string()
        .replace("http://", "host: ");
    let length = format!("content-length: {}", body.len());
    assert_eq!(headers, [length, "content-type: text/xml".to_owned(), host]);
    assert_eq!(body.as_bytes(), encode_request(Dialect::new(5, 4), &READ));
}

#[tokio::test]
async fn connection_is_reused() {
    let controller = ScriptedController::in_order(
        ["a", "b", "c"].map(|name| Script::bytes(capability_response(name))),
    )
    .await;
    let farm = farm_of(&[&controller]);
    for name in ["a", "b", "c"] {
        assert_eq!(farm.call(&READ).await.unwrap(), capability(name));
    }
    assert_eq!(controller.connection_count(), 1);
}

/// Each change has a connection of its own. If the client kept the port of each for a minute, a
/// busy user would use up all ports of the machine.
#[tokio::test]
async fn closed_connection_leaves_no_port_in_use() {
    const CHANGES: usize = 20;
    const TIME_WAIT: &str = "06";
    let scripts = std::iter::repeat_with(|| Script::bytes(done())).take(CHANGES);
    let controller = ScriptedController::in_order(scripts).await;
    let farm = farm_of(&[&controller]);
    let port = controller.address().port();
    // The port may have been that of another program.
    let earlier = sockets_connected_to(port);
    for _ in 0..CHANGES {
        farm.call(&change("CLIENT")).await.unwrap();
    }
    assert_eq!(controller.connection_count(), CHANGES);
    // The idle connections are closed too.
    drop(farm);
    let closed = async {
        loop {
            let mut sockets = sockets_connected_to(port);
            sockets.retain(|socket| !earlier.contains(socket));
            if sockets.iter().all(|(_, state)| state == TIME_WAIT) {
                return sockets;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert_eq!(timeout(LONG, closed).await.unwrap(), []);
}

/// Returns the local address and the state of all sockets that are connected to this port.
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test without the table of sockets cannot go on"
)]
fn sockets_connected_to(port: u16) -> Vec<(String, String)> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{port:04X}");
    table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields[2].ends_with(&port))
        .map(|fields| (fields[1].to_owned(), fields[3].to_owned()))
        .collect()
}

/// A document that is expensive for its length holds up its worker for 16 KiB at most.
#[tokio::test]
async fn response_above_16_kib_is_decoded_on_another_thread() {
    const LONGEST: usize = 16 * 1024;
    let lengths = [LONGEST, LONGEST + 1];
    let controller = ScriptedController::in_order(lengths.map(|length| {
        let mut document = capability_document("a");
        document.resize(length, b'\n');
        Script::bytes(http("200 OK", &document))
    }))
    .await;
    let farm = farm_of(&[&controller]);
    let here = thread::current().id();
    for (length, is_here) in lengths.into_iter().zip([true, false]) {
        let decoded = farm.convert_by(Instant::now() + LONG, &READ, |_| thread::current().id());
        let thread = decoded.await.unwrap().value;
        assert_eq!(thread == here, is_here, "{length}");
    }
}

#[tokio::test]
async fn idle_connection_is_closed() {
    let controller = ScriptedController::in_order([Script::bytes(capability_response("a"))]).await;
    let farm = farm_of(&[&controller]);
    farm.call(&READ).await.unwrap();
    let open = || farm.controllers().next().unwrap().connections.open;
    assert_eq!(open(), 1);
    tokio::time::pause();
    while open() > 0 {
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn additions_of_old_farms_to_responses_are_ignored() {
    let document = capability_document("a");
    let text = String::from_utf8(document.clone()).unwrap();
    let (first, second) = text.split_at(40);
    let chunks = format!(
        "{:x}\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let response = String::from_utf8(capability_response("a")).unwrap();
    let head = "HTTP/1.1 200 OK\r\nServer: Citrix Web PN Server\r\nContent-type: text/xml\r\n";
    let cases = [
        (
            "unasked 100 Continue",
            format!(
                "HTTP/1.1 100 Continue\r\nServer: Citrix Web PN Server\r\nDate: x\r\n\r\n{response}"
            ),
        ),
        (
            "two of them",
            format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n{response}"),
        ),
        (
            "Transfer-Coding",
            format!("{head}Transfer-Coding: chunked\r\n\r\n{chunks}"),
        ),
        ("chunks without a header", format!("{head}\r\n{chunks}")),
        (
            "chunks counted",
            format!("{head}Content-length: {}\r\n\r\n{chunks}", chunks.len()),
        ),
        (
            "Transfer-Encoding",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}"),
        ),
        (
            "Transfer-Coding of a proxy that undid it",
            format!(
                "{head}Transfer-Coding: chunked\r\nContent-length: {}\r\n\r\n{text}",
                text.len()
            ),
        ),
        (
            "text before the declaration",
            format!(
                "{head}Content-length: {}\r\n\r\nHello\r\n{text}",
                text.len() + 7
            ),
        ),
    ];
    for (name, response) in cases {
        // The connection stays open, as it does on these farms: the client does not wait for its
        // end.
        let controller = ScriptedController::in_order([Script::bytes(response.into_bytes())]).await;
        let response = farm_of(&[&controller]).call(&READ).await;
        assert_eq!(response.ok(), Some(capability("a")), "{name}");
    }
    let until_close = [head.as_bytes(), b"\r\n", &document].concat();
    let controller = ScriptedController::in_order([Script::bytes(until_close).then_close()]).await;
    assert_eq!(
        farm_of(&[&controller]).call(&READ).await.unwrap(),
        capability("a")
    );
}

#[tokio::test]
async fn invalid_response_is_reported_by_its_kind() {
    let html = b"<html><body>It works!</body></html>";
    let truncated = b"HTTP/1.1 200 OK\r\n\r\n5\r\n<?xml\r\n".to_vec();
    let short = [&b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"[..], html].concat();
    let found = b"HTTP/1.1 302 Found\r\nLocation: /scripts/wpnbr.dll\r\n\
                  Content-Length: 0\r\n\r\n"
        .to_vec();
    let gzip =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
            .to_vec();
    let cases = [
        (
            "HTML",
            http("200 OK", html),
            "response of the controller is not a valid NFuse message",
        ),
        (
            "nothing",
            http("200 OK", b""),
            "response of the controller is not a valid NFuse message",
        ),
        (
            "not asked for",
            gzip,
            "response of the controller is not a valid NFuse message",
        ),
        (
            "missing chunk",
            truncated,
            "response of the controller has malformed chunks",
        ),
        (
            "not found",
            http("404 Not Found", html),
            "controller responded with HTTP status 404 Not Found",
        ),
        (
            "broken",
            http("500 Oops", &capability_document("a")),
            "controller responded with HTTP status 500 Internal Server Error",
        ),
        (
            "moved",
            found,
            "controller responded with HTTP status 302 Found",
        ),
        (
            "cut",
            short,
            "connection to the controller was lost before the end of its response",
        ),
        (
            "not HTTP",
            b"SSH-2.0-OpenSSH\r\n".to_vec(),
            "connection to the controller was lost before the end of its response",
        ),
    ];
    for (name, response, expected) in cases {
        let acts = [
            Script::bytes(response.clone()).then_close(),
            Script::bytes(response).then_close(),
        ];
        let controller = ScriptedController::in_order(acts).await;
        let error = farm_of(&[&controller]).call(&READ).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{name}");
        assert_eq!(error.sent(), Sent::MaybeSent, "{name}");
    }
}

/// nfuse.md §1.1: a stand-alone service of old farms takes 4 KB.
#[tokio::test]
async fn refused_long_request_is_reported_with_its_length() {
    let mut request = change("DESK-A");
    for (tickets, expected) in [
        (0, "controller responded with HTTP status 400 Bad Request"),
        (200, "controller refused a request of "),
    ] {
        request.0.tickets = vec!["0123456789ABCDEF".to_owned(); tickets];
        let response = b"HTTP/1.1 400 Bad request\r\nContent-Length: 0\r\n\r\n".to_vec();
        let controller = ScriptedController::in_order([Script::bytes(response)]).await;
        let farm = farm_of(&[&controller]);
        let error = farm.call(&request).await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn missing_last_chunk_is_reported() {
    let controller =
        ScriptedController::in_order([
            Script::bytes(b"HTTP/1.1 200 OK\r\n\r\n5\r\n<?xm".to_vec()).then_close()
        ])
        .await;
    let error = farm_of(&[&controller]).call(&READ).await.unwrap_err();
    assert!(
        matches!(error, CallError::Chunks(DechunkError::Truncated)),
        "{error:?}"
    );
}

#[tokio::test]
async fn refusal_carries_the_error_id_of_the_farm() {
    let controller =
        ScriptedController::in_order([Script::bytes(refused(ErrorId::NOT_TRUSTED))]).await;
    let error = farm_of(&[&controller]).call(&READ).await.unwrap_err();
    let expected = FarmError::from(ErrorId::NOT_TRUSTED);
    assert!(
        matches!(&error, CallError::Refused(farm) if *farm == expected),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "farm refused the request: not-trusted");
}

#[tokio::test]
async fn response_up_to_8_mib_is_read() {
    let limit = 8 * 1024 * 1024;
    let document = capability_document("a");
    for (blanks, fits) in [
        (limit - document.len(), true),
        (limit - document.len() + 1, false),
    ] {
        let body = [document.clone(), vec![b' '; blanks]].concat();
        let controller = ScriptedController::in_order([Script::bytes(http("200 OK", &body))]).await;
        let response = farm_of(&[&controller]).call(&READ).await;
        match response {
            Ok(response) => assert!(fits && response == capability("a")),
            Err(error) => assert!(!fits && matches!(error, CallError::TooLong), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn endless_response_is_dropped_at_the_limit() {
    let endless = [
        b"HTTP/1.1 200 OK\r\n\r\n<?xml version=\"1.0\"?>".to_vec(),
        vec![b' '; 9 * 1024 * 1024],
    ]
    .concat();
    let controller = ScriptedController::in_order([Script::bytes(endless)]).await;
    let error = farm_of(&[&controller]).call(&READ).await.unwrap_err();
    assert!(matches!(error, CallError::TooLong), "{error:?}");
}

/// A call with a shared deadline records a silent controller like any other call.
#[tokio::test]
async fn shared_deadline_holds_and_makes_controller_suspect() {
    let controller = ScriptedController::in_order([Script::silence(), Script::silence()]).await;
    let minute = Duration::from_secs(60);
    let farm = farm(
        vec![controller.controller_url()],
        ControllerOrder::Ordered,
        minute,
    );
    let deadline = Instant::now() + Duration::from_millis(100);
    let error = farm.call_by(deadline, &READ).await.unwrap_err();
    assert!(matches!(error, CallError::Deadline { .. }), "{error:?}");
    let states: Vec<_> = farm.controllers().map(|report| report.state).collect();
    assert_eq!(states, [ControllerState::Suspect]);
}

#[tokio::test]
async fn deadline_holds_for_silent_and_slow_controllers() {
    let deadline = Duration::from_millis(200);
    let drip = Script::drip(&capability_response("a"), Duration::from_millis(50));
    for (name, script) in [("silence", Script::silence()), ("one byte at a time", drip)] {
        let controller = ScriptedController::in_order([script]).await;
        let farm = farm(
            vec![controller.controller_url()],
            ControllerOrder::Ordered,
            deadline,
        );
        let error = farm.call(&READ).await.unwrap_err();
        assert!(
            matches!(
                error,
                CallError::Deadline {
                    sent: Sent::MaybeSent
                }
            ),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn late_response_of_dropped_call_reaches_no_other_call() {
    let pending = Arc::new(Semaphore::new(0));
    let controller = ScriptedController::in_order([
        Script::bytes(capability_response("late")).held(&pending),
        Script::bytes(capability_response("own")),
    ])
    .await;
    let farm = farm_of(&[&controller]);
    {
        let abandoned = farm.call(&READ);
        tokio::select! {
            response = abandoned => panic!("response before it was sent: {response:?}"),
            () = controller.wait_for_total(1) => {}
        }
    }
    pending.close();
    assert_eq!(farm.call(&READ).await.unwrap(), capability("own"));
}

#[tokio::test]
async fn surplus_response_reaches_no_other_call() {
    let doubled = [capability_response("first"), capability_response("second")].concat();
    let own = || Script::bytes(capability_response("own"));
    let controller = ScriptedController::in_order([Script::bytes(doubled), own(), own()]).await;
    let farm = farm_of(&[&controller]);
    for (call, name) in ["first", "own", "own"].into_iter().enumerate() {
        assert_eq!(farm.call(&READ).await.unwrap(), capability(name));
        assert_eq!(controller.connection_count(), call + 1);
    }
}

/// The second response comes while the connection is idle. Another one could come later.
#[tokio::test]
async fn controller_with_surplus_response_gets_new_connection_for_each_call() {
    let pause = Duration::from_millis(20);
    let doubled = |name| {
        let response = capability_response(name);
        Script::bytes(response.clone()).then(response, 1, pause)
    };
    let controller = ScriptedController::in_order(["first", "second", "third"].map(doubled)).await;
    let farm = farm_of(&[&controller]);
    for (call, name) in ["first", "second", "third"].into_iter().enumerate() {
        assert_eq!(farm.call(&READ).await.unwrap(), capability(name));
        assert_eq!(controller.connection_count(), call + 1);
        sleep(5 * pause).await;
    }
}

#[tokio::test]
async fn farm_is_identified_by_its_id() {
    assert_eq!(
        farm(Vec::new(), ControllerOrder::Balanced, LONG).id(),
        "XA1"
    );
}
