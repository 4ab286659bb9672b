//! URLs of stores, and responses of servers that are not stores.

use roamd_store_client::{ClientError, EnumerationStatus, StoreUrl, StoreUrlError};
use roamd_store_proto::media_type;
use roamd_testkit::{MockStore, StoreResponse, free_address, healthy_store};

use crate::support::{client, client_of, session_params};

#[test]
fn store_url_is_http_or_https() {
    let cases = [
        ("http://127.0.0.1:8080/Citrix/Store", true),
        ("https://store.example.net/Citrix/Store/", true),
        ("https://store.example.net", true),
        ("store.example.net/Citrix/Store", true),
        ("store.example.net:8443", true),
        ("STORE", true),
        ("https://store.example.net/Citrix/StoreWeb/#/home", true),
        ("ftp://store.example.net/Citrix/Store", false),
        ("https://ada:s3cret@store.example.net/Citrix/Store", false),
        ("https://store.example.net/Citrix/Store?a=b", false),
        ("store.example.net/Citrix/Store?a=b", false),
        ("ada:s3cret@store.example.net", false),
        ("https://", false),
        ("a b", false),
        ("", false),
    ];
    for (text, good) in cases {
        assert_eq!(text.parse::<StoreUrl>().is_ok(), good, "{text}");
    }
}

#[test]
fn port_out_of_range_is_named() {
    for (text, expected) in [
        ("http://127.0.0.1:99999", StoreUrlError::Port),
        ("store.example.net:65536/Citrix/Store", StoreUrlError::Port),
        ("store.example.net:https", StoreUrlError::Port),
        ("ftp://127.0.0.1", StoreUrlError::Form),
    ] {
        assert_eq!(text.parse::<StoreUrl>(), Err(expected), "{text}");
    }
}

/// Where the client looks for a store, in this order.
#[test]
fn store_is_looked_for_near_the_given_address() {
    let cases = [
        ("https://a.test/Citrix/Store", "https://a.test/Citrix/Store"),
        (
            "https://a.test/Citrix/Store/",
            "https://a.test/Citrix/Store",
        ),
        (
            "https://a.test/Citrix/Store/discovery",
            "https://a.test/Citrix/Store",
        ),
        (
            "https://a.test/Citrix/Store/Discovery/",
            "https://a.test/Citrix/Store",
        ),
        ("http://a.test/HR/endpoints/v1", "http://a.test/HR"),
        ("a.test", "https://a.test/Citrix/Store or https://a.test/"),
        (
            "A.test:8443",
            "https://a.test:8443/Citrix/Store or https://a.test:8443/",
        ),
        ("localhost:8080/HR", "http://localhost:8080/HR"),
        (
            "127.0.0.1:8080",
            "http://127.0.0.1:8080/Citrix/Store or http://127.0.0.1:8080/",
        ),
        ("[::1]", "http://[::1]/Citrix/Store or http://[::1]/"),
        (
            "https://a.test/Citrix/StoreWeb/",
            "https://a.test/Citrix/StoreWeb or https://a.test/Citrix/Store",
        ),
        ("https://a.test/Web", "https://a.test/Web"),
        (
            "https://a.test/Citrix/PNAgent/config.xml",
            "https://a.test/Citrix/Store",
        ),
        (
            "https://a.test/PNAgent/config.xml",
            "https://a.test/Citrix/Store",
        ),
        (
            "https://a.test/Citrix/Store/PNAgent/config.xml",
            "https://a.test/Citrix/Store",
        ),
        (
            "https://a.test/Citrix/HR/pnagent/Config.xml",
            "https://a.test/Citrix/HR or https://a.test/Citrix/Store",
        ),
    ];
    for (text, expected) in cases {
        let url: StoreUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), expected, "{text}");
    }
}

/// The mock store is at `/Store`.
#[tokio::test]
async fn store_is_found_at_another_path() {
    let store = MockStore::start(healthy_store);
    for (path, attempts, elsewhere) in [
        ("/Store/discovery", 1, false),
        ("/StoreWeb", 2, true),
        ("/Store/PNAgent/config.xml", 1, false),
    ] {
        let before = store.lines().len();
        let url = format!("http://{}{path}", store.address());
        let mut client = client_of(&url);
        client.list(&session_params()).await.unwrap();
        let lines = store.lines().split_off(before);
        let tried = lines.iter().filter(|line| line.ends_with("/endpoints/v1"));
        assert_eq!(tried.count(), attempts, "{path}");
        let found = client.found_elsewhere().map(ToString::to_string);
        assert_eq!(found, elsewhere.then(|| store.url()), "{path}");
    }
    let error = client_of(&format!("http://{}", store.address()))
        .list(&session_params())
        .await
        .unwrap_err();
    let base = format!("http://{}", store.address());
    assert_eq!(
        error.to_string(),
        format!(
            "there is no store at {base}/Citrix/Store or {base}/; check its address, such as \
             https://store.example.net/Citrix/Store"
        )
    );
}

#[tokio::test]
async fn endpoints_are_read_once_and_followed() {
    let store = MockStore::start(|request| match request.line.as_str() {
        "POST /list" => StoreResponse::list(&request.base, EnumerationStatus::Full, &[]),
        _ => healthy_store(request),
    });
    let mut client = client(&store);
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
        (404, "", "there is no store at"),
        (
            200,
            "<html><body>It works</body></html>",
            "there is no store at",
        ),
        (301, "", "there is no store at"),
        (502, "", "responded with 502 Bad Gateway"),
    ] {
        let store = MockStore::start(move |_| {
            StoreResponse::ok("text/html", body)
                .with_status(code)
                .with_header("Location", "/elsewhere")
        });
        let error = client(&store).list(&session_params()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{code}: {error}");
        assert_eq!(store.lines().len(), 1, "{code}: asked again");
    }
}

/// SS-9: a redirect would turn a `POST` into a `GET`.
#[tokio::test]
async fn redirect_is_not_followed() {
    let store = MockStore::start(|request| match request.line.as_str() {
        "POST /list" => StoreResponse::status(307).with_header("Location", "/elsewhere"),
        _ => healthy_store(request),
    });
    let error = client(&store).list(&session_params()).await.unwrap_err();
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
        let store = MockStore::start(move |request| match request.line.as_str() {
            "POST /list" => StoreResponse::ok(content_type, body.clone()).with_status(400),
            _ => healthy_store(request),
        });
        let error = client(&store).list(&session_params()).await.unwrap_err();
        let url = format!("http://{}/list", store.address());
        let expected = format!("{url} responded with 400 Bad Request{expected}");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn missing_operation_is_named() {
    let store = MockStore::start(healthy_store);
    let error = client(&store)
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
    let store = MockStore::start(|request| match request.line.as_str() {
        "POST /list" => StoreResponse::ok(media_type::SESSION_STATE, vec![b' '; 65 * 1024 * 1024]),
        _ => healthy_store(request),
    });
    let error = client(&store).list(&session_params()).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn unusable_links_are_rejected() {
    for base in [
        "ftp://192.0.2.1",
        "http://ada:s3cret@192.0.2.1",
        "/relative",
    ] {
        let store = MockStore::start(move |_| StoreResponse::endpoints(base));
        let error = client(&store).list(&session_params()).await.unwrap_err();
        assert!(
            matches!(error, ClientError::BadLink { .. }),
            "{base}: {error}"
        );
    }
}

#[tokio::test]
async fn unreachable_server_is_named() {
    let free = free_address();
    let mut client = client_of(&format!("http://{free}/Store"));
    let error = client.list(&session_params()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot reach http://{free}: ")),
        "{error}"
    );
}
