//! HTTP behaviour of the XML service (nfuse.md §1).

use roamd_nfuse_proto::{
    CapabilitiesRequest, Dialect, ErrorId, LARGEST_REQUEST, ValidateCredentialsRequest,
    decode_response, encode_request,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Controller, Folder, PASSWORD, of};

async fn raw(controller: &Controller, method: &str, path: &str, body: &str) -> String {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: farm\r\nConnection: close\r\nContent-Length: {}\r\n\r\n\
         {body}",
        body.len()
    );
    controller.exchange(request.as_bytes()).await
}

const PROBE: &str = "<NFuseProtocol version='1.1'><RequestCapabilities/></NFuseProtocol>";

#[tokio::test]
async fn invalid_http_request_gets_status_and_explanation() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let path = "/scripts/wpnbr.dll";
    let big = format!("<NFuseProtocol>{}", " ".repeat(LARGEST_REQUEST));
    let password = format!(
        "<NFuseProtocol version='5.0'><RequestTicket><Password encoding='rot13'>{PASSWORD}"
    );
    for (method, path, body, status, sentence) in [
        ("POST", path, PROBE, 200, ""),
        ("POST", "/scripts/WPnBr.dll", PROBE, 200, ""),
        ("POST", "/SCRIPTS/WPNBR.DLL?x=y", PROBE, 200, ""),
        ("GET", path, "", 405, "POST requests only"),
        ("BREW", path, PROBE, 405, "POST requests only"),
        ("POST", "/", PROBE, 404, "is at /scripts/wpnbr.dll"),
        ("POST", "/scripts/ctxsta.dll", PROBE, 400, "cannot be read"),
        ("GET", "/scripts/ctxsta.dll", "", 405, "POST requests only"),
        (
            "POST",
            "/scripts/ctxsta.dll/",
            PROBE,
            404,
            "Authority at /scripts/ctxsta.dll",
        ),
        ("GET", "/scripts/wpnbr.dll/", "", 404, "is at"),
        ("POST", path, &big, 413, "longer than 524288 bytes"),
        ("POST", path, "", 400, "cannot be read"),
        ("POST", path, "<", 400, "cannot be read"),
        ("POST", path, &password, 400, "cannot be read"),
        (
            "POST",
            path,
            "<NFuseProtocol version='5.0'/>",
            400,
            "cannot be read",
        ),
        (
            "POST",
            path,
            "<NFuseProtocol version='5.0'><RequestCoffee/></NFuseProtocol>",
            200,
            "",
        ),
        (
            "POST",
            path,
            "<!DOCTYPE NFuseProtocol [<!ENTITY x 'y'>]><NFuseProtocol version='5.0'>\
             <RequestCapabilities/></NFuseProtocol>",
            400,
            "cannot be read",
        ),
    ] {
        let response = raw(&controller, method, path, body).await;
        let head = response.to_ascii_lowercase();
        assert!(
            head.starts_with(&format!("http/1.1 {status} ")),
            "{method} {path}: {response}"
        );
        assert!(response.contains(sentence), "{method} {path}: {response}");
        assert!(!response.contains(PASSWORD), "{response}");
        let media_type = if status == 200 {
            "content-type: text/xml\r\n"
        } else {
            "content-type: text/plain; charset=utf-8\r\n"
        };
        assert!(head.contains(media_type), "{response}");
        assert_eq!(
            head.contains("allow: post\r\n"),
            status == 405,
            "{response}"
        );
    }
}

#[tokio::test]
async fn http_connection_is_kept_alive() {
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    let mut stream = TcpStream::connect(controller.address).await.unwrap();
    for connection in ["keep-alive", "close"] {
        let request = format!(
            "POST /scripts/wpnbr.dll HTTP/1.1\r\nHost: farm\r\nConnection: {connection}\r\n\
             Expect: 100-continue\r\nContent-Length: {}\r\n\r\n{PROBE}",
            PROBE.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert_eq!(
        response.matches("<ResponseCapabilities>").count(),
        2,
        "{response}"
    );
}

#[tokio::test]
async fn response_has_farm_dialect_and_request_encoding() {
    let folder = Folder::new();
    for (generation, version) in [
        ("xenapp-6", "5.4"),
        ("xendesktop-5", "5.4"),
        ("cvad-7", "5.9"),
    ] {
        let controller = folder.serve(generation).await;
        for encoding in ["UTF-8", "ISO-8859-1"] {
            for asked in ["1.0", "1.1", "4.6", "5.5", "5.9"] {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"{encoding}\"?>\r\n<NFuseProtocol \
                     version=\"{asked}\"><RequestServerFarmData><Nil/></RequestServerFarmData>\
                     </NFuseProtocol>"
                );
                let (status, response) = controller.post(body.as_bytes()).await;
                assert_eq!(status, 200);
                assert!(
                    response.contains(&format!("encoding=\"{encoding}\"")),
                    "{response}"
                );
                assert!(
                    response.contains(&format!("version=\"{version}\"")),
                    "{response}"
                );
                assert!(response.contains("<ServerFarmName>Farm"), "{response}");
            }
        }
    }
}

#[tokio::test]
async fn unknown_dialect_is_rejected() {
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    for (version, served) in [
        (Dialect::new(1, 0), true),
        (Dialect::new(5, 9), true),
        (Dialect::new(5, 10), false),
        (Dialect::new(99, 9), false),
        (Dialect::new(0, 9), false),
    ] {
        let body = encode_request(version, &CapabilitiesRequest);
        let (_, response) = controller.post(&body).await;
        let response = decode_response::<CapabilitiesRequest>(response.as_bytes())
            .unwrap()
            .1;
        let error = response.err().map(|error| error.id);
        assert_eq!(
            error,
            (!served).then_some(ErrorId::VERSION_MISMATCH),
            "{version:?}"
        );
    }
}

/// A broken database is an error of the farm, not of the client. The log contains the details.
#[tokio::test]
async fn database_failure_is_service_unavailable() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let connection = rusqlite::Connection::open(folder.path().join("farm.db")).unwrap();
    connection
        .execute_batch("PRAGMA user_version = 99; DROP TABLE tickets")
        .unwrap();
    let request = roamd_nfuse_proto::TicketRequest::new(of("alice"), "IMAHostId:001?app=Here");
    let error = controller.ask(&request).await.unwrap_err();
    assert_eq!(error.id, ErrorId::SERVICE_UNAVAILABLE);
}

/// Half bodies of one client, at ten times its memory, take bounded memory and no place of a
/// request, and other clients are served.
#[tokio::test]
async fn half_bodies_of_a_client_take_bounded_memory_and_no_place() {
    const MEMORY: usize = 4 * 1024 * 1024;
    const HALF: usize = LARGEST_REQUEST / 2;
    const HELD: usize = MEMORY / HALF;
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    let half = async |length| half_body(&controller, 1, length).await;
    let mut reading = tokio::task::JoinSet::new();
    for _ in 0..10 * HELD {
        let mut stream = half(HALF).await;
        reading.spawn(async move {
            let mut start = [0; 12];
            stream.read_exact(&mut start).await.unwrap();
            start
        });
    }
    // The others stay silent until their deadline.
    for _ in 0..9 * HELD {
        let start = reading.join_next().await.unwrap().unwrap();
        assert_eq!(&start, b"HTTP/1.1 503");
    }
    // More large requests than may be in progress, of which little has arrived.
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(half(100).await);
    }
    // An ordinary request of the same client, and a large one of another.
    let response = raw(&controller, "POST", "/scripts/wpnbr.dll", PROBE).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let response = raw_from(&controller, 2, large().as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

/// Half bodies of strangers from many networks, at ten times what they may hold together, leave
/// room to a client that has presented a right password.
#[tokio::test]
async fn half_bodies_of_all_strangers_leave_room_to_known_clients() {
    const MEMORY: usize = 16 * 1024 * 1024;
    const HALF: usize = LARGEST_REQUEST / 2;
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    let password = ValidateCredentialsRequest::new(of("alice"));
    let password = encode_request(Dialect::new(5, 4), &password);
    let response = raw_from(&controller, 2, &password).await;
    assert!(!response.contains("ErrorId"), "{response}");
    let mut held = Vec::new();
    for number in 0..10 * MEMORY / HALF {
        let network = 10 + u8::try_from(number % 100).unwrap();
        held.push(half_body(&controller, network, HALF).await);
    }
    for (client, status) in [(2, "200"), (3, "503")] {
        let response = raw_from(&controller, client, large().as_bytes()).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(response.starts_with(&expected), "{response}");
    }
}

/// A request that counts as large.
fn large() -> String {
    format!("{PROBE}{}", " ".repeat(100_000))
}

/// Opens a connection from 127.0.0.`client`, a client of its own.
async fn connect_from(controller: &Controller, client: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, client], 0).into()).unwrap();
    socket.connect(controller.address).await.unwrap()
}

/// Sends this many bytes of the longest request, and leaves the connection open.
async fn half_body(controller: &Controller, client: u8, length: usize) -> TcpStream {
    let mut stream = connect_from(controller, client).await;
    let head = format!(
        "POST /scripts/wpnbr.dll HTTP/1.1\r\nHost: farm\r\nContent-Length: {LARGEST_REQUEST}\r\n\r\n"
    );
    let bytes = [head.as_bytes(), " ".repeat(length).as_bytes()].concat();
    stream.write_all(&bytes).await.unwrap();
    stream
}

/// Sends a request from 127.0.0.`client`, and returns the response.
async fn raw_from(controller: &Controller, client: u8, body: &[u8]) -> String {
    let mut stream = connect_from(controller, client).await;
    let head = format!(
        "POST /scripts/wpnbr.dll HTTP/1.1\r\nHost: farm\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .await
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}
