//! The ticket authority of a farm (nfuse.md §8).

use roamd_farm::Farms;
use roamd_nfuse_proto::sta::{
    ConnectionInfo, DataRequest, TicketAnswer, TicketData, TicketRequest,
};
use roamd_nfuse_proto::{Dialect, ErrorId, FarmError, Request, decode_answer, encode_request};

use crate::support::{Folder, at};

async fn ask<R: Request>(
    farms: &Farms,
    farm: &str,
    request: &R,
    second: i64,
) -> Result<R::Answer, FarmError> {
    let body = encode_request(Dialect::STA, request);
    let farm = farms.farm(farm).unwrap();
    let answer = farm.respond_sta(&body, at(second)).await.unwrap();
    decode_answer::<R>(&answer).unwrap().1
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

fn shown(ticket: &TicketAnswer) -> DataRequest {
    DataRequest(ticket.clone())
}

#[tokio::test]
async fn a_ticket_stands_for_its_address_once() {
    let folder = Folder::new();
    let request = TicketRequest::v4(data(), true);
    let ticket = ask(&folder.farms, "cvad-7", &request, 0).await.unwrap();
    let hex =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(hex(&ticket.ticket, 32));
    assert_eq!(ticket.ticket_version, "40");
    let id = ticket.authority_id.strip_prefix("STA").unwrap();
    assert!(hex(id, 12), "{id}");
    // Another process redeems it as well as this one.
    let other = Farms::open(folder.path()).unwrap();
    let answer = ask(&other, "cvad-7", &shown(&ticket), 99).await.unwrap();
    assert_eq!(answer.data, data());
    let again = ask(&folder.farms, "cvad-7", &shown(&ticket), 99).await;
    assert_eq!(again.unwrap_err().id, ErrorId::UNSPECIFIED);
}

#[tokio::test]
async fn a_ticket_that_is_not_good_tells_nothing() {
    let folder = Folder::new();
    let request = TicketRequest::v4(data(), false);
    let ticket = ask(&folder.farms, "cvad-7", &request, 0).await.unwrap();
    let good = shown(&ticket);
    let of_other = ask(&folder.farms, "xenapp-6", &request, 0).await.unwrap();
    assert_ne!(of_other.authority_id, ticket.authority_id);
    let forged = DataRequest(TicketAnswer {
        ticket: "0".repeat(32),
        ..ticket.clone()
    });
    let old = DataRequest(TicketAnswer {
        ticket_version: "10".to_owned(),
        ..ticket.clone()
    });
    for (case, farm, request, second) in [
        ("forged", "cvad-7", &forged, 1),
        ("of another version", "cvad-7", &old, 1),
        ("shown to another farm", "xenapp-6", &good, 1),
        ("another farm's", "cvad-7", &shown(&of_other), 1),
        ("expired", "cvad-7", &good, 100),
    ] {
        let error = ask(&folder.farms, farm, request, second).await.unwrap_err();
        assert_eq!(error.id, ErrorId::UNSPECIFIED, "{case}");
    }
    let again = ask(&folder.farms, "cvad-7", &good, 1).await;
    assert!(
        again.is_err(),
        "an expired ticket does not come back with the clock"
    );
}

#[tokio::test]
async fn no_ticket_is_issued_for_what_is_none_or_too_long() {
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

/// Whoever reaches the authority may ask it: the folder does not grow without end, and is usable
/// again once tickets have expired.
#[tokio::test]
async fn tickets_that_nobody_redeems_are_bounded() {
    let folder = Folder::in_memory(&crate::support::small_world());
    let path = folder.path().join("farm.db");
    let connection = rusqlite::Connection::open(path).unwrap();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
                INSERT INTO sta_tickets SELECT randomblob(32), (SELECT id FROM farms WHERE label = \
                'cvad-7'), 'h:1494', NULL, ?1, ?1 + 100000 FROM n";
    connection.execute(fill, [at(0).as_millisecond()]).unwrap();
    let request = TicketRequest::v4(data(), false);
    let full = ask(&folder.farms, "cvad-7", &request, 1).await;
    assert_eq!(full.unwrap_err().id, ErrorId::SERVICE_UNAVAILABLE);
    ask(&folder.farms, "xenapp-6", &request, 1).await.unwrap();
    ask(&folder.farms, "cvad-7", &request, 101).await.unwrap();
}

#[tokio::test]
async fn tickets_are_not_in_the_files_of_the_folder() {
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
async fn the_authority_is_on_every_controller_beside_the_xml_service() {
    let folder = Folder::new();
    let controller = folder.serve("xendesktop-5").await;
    let body = encode_request(Dialect::STA, &TicketRequest::v4(data(), true));
    for path in ["/scripts/ctxsta.dll", "/Scripts/CtxSTA.dll"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: farm\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = controller
            .exchange(&[head.as_bytes(), &body].concat())
            .await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("<AuthorityID>STA"), "{answer}");
    }
}
