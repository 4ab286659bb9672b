//! URLs of stores, and responses of servers that are not stores.

use http::StatusCode;
use http::header::LOCATION;
use roamd_store_client::{ClientError, StoreUrl};
use roamd_store_proto::media_type;

use crate::mock_store::{MockStore, endpoints, good_store, list, ok, session_params, status};

#[test]
fn store_url_is_http_or_https() {
    let cases = [
        ("http://127.0.0.1:8080/Citrix/Store", true),
        ("https://store.example.net/Citrix/Store/", true),
        ("https://store.example.net", true),
        ("store.example.net/Citrix/Store", false),
        ("ftp://store.example.net/Citrix/Store", false),
        ("https://ada:s3cret@store.example.net/Citrix/Store", false),
        ("https://store.example.net/Citrix/Store?a=b", false),
        ("", false),
    ];
    for (text, good) in cases {
        assert_eq!(text.parse::<StoreUrl>().is_ok(), good, "{text}");
    }
}

#[tokio::test]
async fn endpoints_are_read_once_and_followed() {
    let store = MockStore::start(|address, request| match request.line.as_str() {
        "POST /list" => list(),
        _ => good_store(address, request),
    })
    .await;
    let mut client = store.client();
    client.list(&session_params()).await.unwrap();
    client.list(&session_params()).await.unwrap();
    assert_eq!(
        store.lines(),
        ["GET /Store/endpoints/v1", "POST /list", "POST /list"]
    );
    let request = &store.requests()[1];
    assert_eq!(request.header("accept"), media_type::SESSION_STATE);
    assert_eq!(request.header("content-type"), media_type::SESSION_PARAMS);
    assert!(request.body.contains("<sessionparams "), "{}", request.body);
}

#[tokio::test]
async fn missing_store_is_distinguished_from_failing_store() {
    for (code, body, expected) in [
        (StatusCode::NOT_FOUND, "", "there is no store at"),
        (
            StatusCode::OK,
            "<html><body>It works</body></html>",
            "there is no store at",
        ),
        (StatusCode::MOVED_PERMANENTLY, "", "there is no store at"),
        (
            StatusCode::BAD_GATEWAY,
            "",
            "responded with 502 Bad Gateway",
        ),
    ] {
        let store = MockStore::start(move |_, _| {
            let mut response = ok("text/html", body.into());
            *response.status_mut() = code;
            response
                .headers_mut()
                .insert(LOCATION, "/elsewhere".parse().unwrap());
            response
        })
        .await;
        let error = store.client().list(&session_params()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{code}: {error}");
        assert_eq!(store.lines().len(), 1, "{code}: asked again");
    }
}

/// SS-9: a redirect would turn a `POST` into a `GET`.
#[tokio::test]
async fn redirect_is_not_followed() {
    let store = MockStore::start(|address, request| match request.line.as_str() {
        "POST /list" => {
            let mut response = status(StatusCode::TEMPORARY_REDIRECT);
            response
                .headers_mut()
                .insert(LOCATION, "/elsewhere".parse().unwrap());
            response
        }
        _ => good_store(address, request),
    })
    .await;
    let error = store.client().list(&session_params()).await.unwrap_err();
    assert!(matches!(error, ClientError::Status { .. }), "{error}");
    assert_eq!(store.lines().last().unwrap(), "POST /list");
}

/// SS-64: the body of a refusal is a message for users.
#[tokio::test]
async fn reason_of_the_server_is_passed_on() {
    let long = "a".repeat(400);
    let cases = [
        (
            "text/plain; charset=utf-8",
            "400 Bad Request: no such name",
            ": no such name",
        ),
        (
            "Text/Plain",
            "no\tsuch\x1b[2Jname\r\nsecond line",
            ": no such [2Jname",
        ),
        ("text/plain", &long, &format!(": {}", &long[..300])),
        ("text/plain", "400 Bad Request", ""),
        ("text/plain", "\n", ""),
        ("text/plain", "", ""),
        ("text/html", "<p>no such name</p>", ""),
    ];
    for (content_type, body, expected) in cases {
        let body = body.to_owned();
        let store = MockStore::start(move |address, request| match request.line.as_str() {
            "POST /list" => {
                let mut response = ok(content_type, body.clone().into());
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response
            }
            _ => good_store(address, request),
        })
        .await;
        let error = store.client().list(&session_params()).await.unwrap_err();
        let url = format!("http://{}/list", store.address);
        let expected = format!("{url} responded with 400 Bad Request{expected}");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn missing_operation_is_named() {
    let store = MockStore::start(good_store).await;
    let error = store
        .client()
        .disconnect(&session_params())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store does not offer DisconnectSessions"
    );
}

#[tokio::test]
async fn oversized_response_is_rejected() {
    let store = MockStore::start(|address, request| match request.line.as_str() {
        "POST /list" => ok(media_type::SESSION_STATE, vec![b' '; 65 * 1024 * 1024]),
        _ => good_store(address, request),
    })
    .await;
    let error = store.client().list(&session_params()).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn unusable_links_are_rejected() {
    for base in [
        "ftp://192.0.2.1",
        "http://ada:s3cret@192.0.2.1",
        "/relative",
    ] {
        let store = MockStore::start(move |_, _| endpoints(base)).await;
        let error = store.client().list(&session_params()).await.unwrap_err();
        assert!(
            matches!(error, ClientError::BadLink { .. }),
            "{base}: {error}"
        );
    }
}

#[tokio::test]
async fn unreachable_server_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let store = MockStore::start(move |_, _| endpoints(&format!("http://{free}"))).await;
    let error = store.client().list(&session_params()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot reach http://{free}: ")),
        "{error}"
    );
}
