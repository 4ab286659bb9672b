//! The Secure Ticket Authority of a farm (nfuse.md §8).

use roamd_farm::{Farms, ServeOptions};
use roamd_nfuse_proto::sta::{
    ConnectionInfo, DataRequest, TicketData, TicketRequest, TicketResponse,
};
use roamd_nfuse_proto::{
    Dialect, ErrorId, FarmError, Request, ValidateCredentialsRequest, decode_response,
    encode_request,
};

use crate::support::{Folder, at};

async fn ask<R: Request>(
    farms: &Farms,
    farm: &str,
    request: &R,
    second: i64,
) -> Result<R::Response, FarmError> {
    let body = encode_request(Dialect::STA, request);
    let farm = farms.farm(farm).unwrap();
    let response = farm.respond_sta(&body, at(second)).await.unwrap();
    decode_response::<R>(&response).unwrap().1
}

fn data() -> TicketData {
    let info = ConnectionInfo {
        server_address: "h1.demo.test:1494",
        user_name: "alice",
        user_domain: "DEMO",
        application_name: "Here",
    };
    TicketData {
        ica_address: "h1.demo.test:1494".to_owned(),
        x_data: Some(info.to_text()),
    }
}

fn redemption(ticket: &TicketResponse) -> DataRequest {
    DataRequest(ticket.clone())
}

#[tokio::test]
async fn sta_ticket_is_redeemed_once_for_its_address() {
    let folder = Folder::new();
    let request = TicketRequest::v4(data(), true);
    let ticket = ask(&folder.farms, "cvad-7", &request, 0).await.unwrap();
    let hex =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(hex(&ticket.ticket, 32));
    assert_eq!(ticket.ticket_version, "40");
    let id = ticket.authority_id.strip_prefix("STA").unwrap();
    assert!(hex(id, 12), "{id}");
    // Another process can redeem it, too.
    let other = Farms::open(folder.path()).unwrap();
    let response = ask(&other, "cvad-7", &redemption(&ticket), 99)
        .await
        .unwrap();
    assert_eq!(response.data, data());
    let again = ask(&folder.farms, "cvad-7", &redemption(&ticket), 99).await;
    assert_eq!(again.unwrap_err().id, ErrorId::UNSPECIFIED);
}

#[tokio::test]
async fn invalid_sta_ticket_reveals_nothing() {
    let folder = Folder::new();
    let request = TicketRequest::v4(data(), false);
    let ticket = ask(&folder.farms, "cvad-7", &request, 0).await.unwrap();
    let good = redemption(&ticket);
    let of_other = ask(&folder.farms, "xenapp-6", &request, 0).await.unwrap();
    assert_ne!(of_other.authority_id, ticket.authority_id);
    let forged = DataRequest(TicketResponse {
        ticket: "0".repeat(32),
        ..ticket.clone()
    });
    let old = DataRequest(TicketResponse {
        ticket_version: "10".to_owned(),
        ..ticket.clone()
    });
    for (case, farm, request, second) in [
        ("forged", "cvad-7", &forged, 1),
        ("of another version", "cvad-7", &old, 1),
        ("redeemed at another farm", "xenapp-6", &good, 1),
        (
            "issued by another farm",
            "cvad-7",
            &redemption(&of_other),
            1,
        ),
        ("expired", "cvad-7", &good, 100),
    ] {
        let error = ask(&folder.farms, farm, request, second).await.unwrap_err();
        assert_eq!(error.id, ErrorId::UNSPECIFIED, "{case}");
    }
    let again = ask(&folder.farms, "cvad-7", &good, 1).await;
    assert!(
        again.is_err(),
        "an expired ticket stays invalid when the clock is set back"
    );
}

#[tokio::test]
async fn invalid_or_oversized_sta_request_is_rejected() {
    let folder = Folder::new();
    let good = TicketRequest::v4(data(), false);
    let kind = TicketRequest {
        ticket_type: "STA-v1".to_owned(),
        ..good.clone()
    };
    let address = TicketRequest::v4(
        TicketData {
            ica_address: "h".repeat(301),
            x_data: None,
        },
        false,
    );
    let x_data = TicketRequest::v4(
        TicketData {
            x_data: Some("x".repeat(4097)),
            ..data()
        },
        false,
    );
    for request in [kind, address, x_data] {
        let error = ask(&folder.farms, "cvad-7", &request, 0).await.unwrap_err();
        assert_eq!(error.id, ErrorId::UNSPECIFIED, "{request:?}");
    }
    ask(&folder.farms, "cvad-7", &good, 0).await.unwrap();
}

/// Adds unredeemed tickets of a client, issued at second 0 and valid for 100 seconds.
fn add_tickets(folder: &Folder, count: u32, client: Option<&str>) {
    let path = folder.path().join("farm.db");
    let connection = rusqlite::Connection::open(path).unwrap();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3) \
                INSERT INTO sta_tickets SELECT randomblob(32), (SELECT id FROM farms WHERE label = \
                'cvad-7'), 'h:1494', NULL, ?1, ?1 + 100000, ?2 FROM n";
    let values = rusqlite::params![at(0).as_millisecond(), client, count];
    connection.execute(fill, values).unwrap();
}

/// Anyone who reaches the authority may request tickets. Their number is bounded, and new ones are
/// issued once old ones have expired.
#[tokio::test]
async fn unredeemed_sta_tickets_are_bounded() {
    let folder = Folder::in_memory(&crate::support::small_world());
    add_tickets(&folder, 10_000, None);
    let request = TicketRequest::v4(data(), false);
    let full = ask(&folder.farms, "cvad-7", &request, 1).await;
    assert_eq!(full.unwrap_err().id, ErrorId::SERVICE_UNAVAILABLE);
    ask(&folder.farms, "xenapp-6", &request, 1).await.unwrap();
    ask(&folder.farms, "cvad-7", &request, 101).await.unwrap();
}

/// A client that requests tickets without an end denies launches to no other client.
#[tokio::test]
async fn flood_of_sta_tickets_leaves_those_of_other_clients() {
    let folder = Folder::in_memory(&crate::support::small_world());
    add_tickets(&folder, 990, Some("192.0.2.1"));
    let request = TicketRequest::v4(data(), false);
    let body = encode_request(Dialect::STA, &request);
    let ask_from = async |client: &str, farm: &str, second| {
        let farm = folder.farms.farm(farm).unwrap();
        let client = Some(client.parse().unwrap());
        let response = farm.respond_sta_to(client, &body, at(second)).await;
        let (_, response) = decode_response::<TicketRequest>(&response.unwrap()).unwrap();
        response.map_err(|error| error.id)
    };
    let mut issued = 0;
    for _ in 0..100 {
        match ask_from("192.0.2.1", "cvad-7", 1).await {
            Ok(_) => issued += 1,
            Err(error) => assert_eq!(error, ErrorId::SERVICE_UNAVAILABLE),
        }
    }
    assert_eq!(issued, 10);
    ask_from("192.0.2.2", "cvad-7", 1).await.unwrap();
    ask_from("192.0.2.1", "xenapp-6", 1).await.unwrap();
    ask_from("192.0.2.1", "cvad-7", 101).await.unwrap();
}

/// Strangers with any number of addresses leave half of the tickets to clients that have presented
/// a right password.
#[tokio::test]
async fn strangers_leave_tickets_to_known_clients() {
    let folder = Folder::in_memory(&crate::support::small_world());
    add_tickets(&folder, 5_000, None);
    let farm = folder.farms.farm("cvad-7").unwrap();
    let server = Some("192.0.2.1".parse().unwrap());
    let body = encode_request(Dialect::STA, &TicketRequest::v4(data(), false));
    for (is_known, issued) in [(false, false), (true, true)] {
        if is_known {
            let check = ValidateCredentialsRequest::new(crate::support::of("alice"));
            let check = encode_request(Dialect::FMA, &check);
            let options = ServeOptions::default();
            let checked = farm.respond_to(server, options, &check, at(1)).await;
            let (_, checked) =
                decode_response::<ValidateCredentialsRequest>(&checked.unwrap()).unwrap();
            checked.unwrap();
        }
        let response = farm.respond_sta_to(server, &body, at(1)).await.unwrap();
        let (_, response) = decode_response::<TicketRequest>(&response).unwrap();
        assert_eq!(response.is_ok(), issued);
    }
}

#[tokio::test]
async fn sta_tickets_are_not_stored_in_clear_text() {
    let folder = Folder::new();
    let request = TicketRequest::v4(data(), false);
    let ticket = ask(&folder.farms, "cvad-7", &request, 0).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&ticket.ticket));
    }
}

#[tokio::test]
async fn sta_is_served_beside_the_xml_service() {
    let folder = Folder::new();
    let controller = folder.serve("xendesktop-5").await;
    let body = encode_request(Dialect::STA, &TicketRequest::v4(data(), true));
    for path in ["/scripts/ctxsta.dll", "/Scripts/CtxSTA.dll"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: farm\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let response = controller
            .exchange(&[head.as_bytes(), &body].concat())
            .await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        assert!(response.contains("<AuthorityID>STA"), "{response}");
    }
}
