//! Malformed and ambiguous HTTP requests, and requests that are expensive to serve.

use roamd_testsuite::{TestEnvironment, session_params, sign_in};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes and reads until the server closes the connection, perhaps without a response.
async fn exchange(env: &TestEnvironment, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(env.server.address()).await.unwrap();
    // The server may close before it has read everything.
    stream.write_all(request).await.ok();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.ok();
    String::from_utf8_lossy(&response).into_owned()
}

/// Returns the status of the only response, or 0 if there is none.
fn status(response: &str) -> u16 {
    assert!(response.matches("HTTP/1.1 ").count() < 2, "{response}");
    let line = response.strip_prefix("HTTP/1.1 ").unwrap_or("000");
    line[..3].parse().unwrap()
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n")
}

#[tokio::test]
async fn ambiguous_body_framing_is_rejected() {
    // bad-inputs 37. A health check follows the body. It must get no response, whichever end of the
    // body a proxy in front of the server has assumed.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let head = format!(
        "POST /Citrix/Store/sessions/v1/disconnect HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\
         Content-Type: application/vnd.citrix.sessionparams+xml\r\n",
        alice.authorization()
    );
    let chunked = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for (framing, body, expected) in [
        (
            "Content-Length: 5\r\nContent-Length: 6".to_owned(),
            "abcdef",
            400,
        ),
        ("Content-Length: 5, 6".to_owned(), "abcdef", 400),
        ("Content-Length: 5, 5".to_owned(), "abcde", 400),
        ("Content-Length: -1".to_owned(), "", 400),
        ("Content-Length: +5".to_owned(), "abcde", 400),
        ("Content-Length: 0x5".to_owned(), "abcde", 400),
        ("Content-Length: 5 5".to_owned(), "abcde", 400),
        ("Content-Length:".to_owned(), "abcde", 400),
        (
            "Content-Length: 99999999999999999999".to_owned(),
            "abcde",
            400,
        ),
        ("Content-Length : 5".to_owned(), "abcde", 400),
        ("Transfer-Encoding : chunked".to_owned(), chunked, 400),
        ("Transfer-Encoding: xchunked".to_owned(), chunked, 400),
        ("Transfer-Encoding: gzip, chunked".to_owned(), chunked, 501),
        (
            "Transfer-Encoding: chunked, chunked".to_owned(),
            chunked,
            501,
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked".to_owned(),
            chunked,
            501,
        ),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked".to_owned(),
            chunked,
            501,
        ),
        (
            "Transfer-Encoding: chunked, identity".to_owned(),
            chunked,
            400,
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_owned(),
            chunked,
            400,
        ),
        ("Transfer-Encoding:\x0bchunked".to_owned(), chunked, 400),
        ("X: a\r\n Content-Length: 5".to_owned(), "abcde", 400),
        ("X: a\rContent-Length: 5".to_owned(), "abcde", 400),
        (
            "Transfer-Encoding: chunked".to_owned(),
            "fffffffffffffffff\r\nab",
            400,
        ),
        (
            "Transfer-Encoding: chunked".to_owned(),
            "-1\r\nab\r\n0\r\n\r\n",
            400,
        ),
        (
            "Transfer-Encoding: chunked".to_owned(),
            "0x2\r\nab\r\n0\r\n\r\n",
            400,
        ),
        (
            "Transfer-Encoding: chunked".to_owned(),
            "2\r\nabc\r\n0\r\n\r\n",
            400,
        ),
        ("Transfer-Encoding: chunked".to_owned(), "2\nab\n0\n\n", 400),
        (
            "Transfer-Encoding: chunked".to_owned(),
            "2;a\nb\r\nab\r\n0\r\n\r\n",
            400,
        ),
    ] {
        let request = format!("{head}{framing}\r\n\r\n{body}");
        let response = exchange(&env, request.as_bytes()).await;
        assert_eq!(
            status(&response),
            expected,
            "{framing} {body:?}: {response}"
        );
        assert!(!response.contains("alive"), "{framing}: {response}");
    }
    let old = head.replace("HTTP/1.1", "HTTP/1.0");
    let request = format!("{old}Transfer-Encoding: chunked\r\n\r\n{chunked}");
    assert_eq!(status(&exchange(&env, request.as_bytes()).await), 400);
    assert_eq!(env.sessions("alice"), before);
}

/// bad-inputs 37: RFC 9112 lets a server accept these. It reads each in one way, and after chunks
/// it takes no further request from the connection.
#[tokio::test]
async fn tolerated_framing_has_one_meaning() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let head = format!(
        "POST /Citrix/Store/sessions/v1/available HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\
         Content-Type: application/vnd.citrix.sessionparams+xml\r\n",
        alice.authorization()
    );
    let body = session_params("KIOSK", "");
    let length = body.len();
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let chunks = format!("{length:x}\r\n{body}\r\n0\r\n\r\n{smuggled}");
    let whole = chunks.len();
    let lengths = format!("Content-Length: {length}\r\n");
    for (framing, sent) in [
        // RFC 9112 §6.3: the chunks count, and the connection closes.
        (
            format!("Content-Length: {whole}\r\nTransfer-Encoding: chunked\r\n"),
            &chunks,
        ),
        (
            format!("Transfer-Encoding: chunked\r\nContent-Length: {whole}\r\n"),
            &chunks,
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n".to_owned(),
            &chunks,
        ),
        ("Transfer-Encoding: chunked\r\n".to_owned(), &chunks),
        // RFC 9110 §8.6
        (format!("{lengths}{lengths}Connection: close\r\n"), &body),
        // RFC 9112 §2.2
        (format!("{lengths}Connection: close\n"), &body),
    ] {
        let request = format!("{head}{framing}\r\n{sent}");
        let response = exchange(&env, request.as_bytes()).await;
        assert_eq!(status(&response), 200, "{framing}: {response}");
        assert!(!response.contains("alive"), "{framing}: {response}");
    }
    let lines = format!("{head}{lengths}Connection: close\r\n\r\n").replace("\r\n", "\n");
    let response = exchange(&env, format!("{lines}{body}").as_bytes()).await;
    assert_eq!(status(&response), 200, "{response}");
}

/// SS-62, bad-inputs 43
#[tokio::test]
async fn fragment_of_the_request_target_is_refused() {
    let env = TestEnvironment::demo().await;
    for target in [
        "/healthz#",
        "/healthz#/../metrics",
        "/healthz?a#b?c",
        "/no#/healthz",
        "#/healthz",
        "http://a/healthz#b",
        "http://a#b",
    ] {
        let request = get(target, "Host: a\r\n");
        let response = exchange(&env, request.as_bytes()).await;
        assert_eq!(status(&response), 400, "{target}: {response}");
    }
    let elsewhere = get("/healthz", "Host: a\r\nX: #\r\n");
    let response = exchange(&env, elsewhere.as_bytes()).await;
    assert!(response.contains("alive"), "{response}");
}

#[tokio::test]
async fn malformed_or_too_large_head_is_rejected() {
    // bad-inputs 34, 38, 47
    let env = TestEnvironment::demo().await;
    let many: String = (0..2_000)
        .map(|number| format!("X{number}: a\r\n"))
        .collect();
    let large = format!("X: {}\r\n", "a".repeat(100 * 1024));
    let host = "Host: a\r\n";
    for (case, request, allowed) in [
        (
            "2,000 headers",
            get("/healthz", &format!("{host}{many}")),
            &[431][..],
        ),
        (
            "a header of 100 KB",
            get("/healthz", &format!("{host}{large}")),
            &[431],
        ),
        (
            "a path of 100 KB",
            get(&format!("/{}", "a".repeat(100 * 1024)), host),
            &[414, 431],
        ),
        (
            "NUL in a value",
            get("/healthz", &format!("{host}X: a\0b\r\n")),
            &[400],
        ),
        (
            "NUL in a name",
            get("/healthz", &format!("{host}X\0: a\r\n")),
            &[400],
        ),
        ("NUL in a path", get("/health\0z", host), &[400]),
        (
            "a name with a space",
            get("/healthz", &format!("{host}X Y: a\r\n")),
            &[400],
        ),
        ("no colon", get("/healthz", &format!("{host}X\r\n")), &[400]),
        (
            "no name",
            get("/healthz", &format!("{host}: a\r\n")),
            &[400],
        ),
        ("a space in a path", get("/health z", host), &[400]),
        ("HTTP/0.9", "GET /healthz\r\n\r\n".to_owned(), &[400]),
        (
            "HTTP/1.2",
            get("/healthz", host).replace("/1.1", "/1.2"),
            &[400],
        ),
        (
            "HTTP/2 in words",
            get("/healthz", host).replace("/1.1", "/2.0"),
            &[400],
        ),
        (
            "http/1.1",
            get("/healthz", host).replace("HTTP", "http"),
            &[400],
        ),
        (
            "an HTTP/2 preface",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            &[0, 400],
        ),
        (
            "a greeting of TLS",
            "\x16\x03\x01\x02\0\x01\0\x01\x7c\x03\x03".repeat(9),
            &[400],
        ),
        (
            "SIP",
            "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n".to_owned(),
            &[400],
        ),
        (
            "no method",
            " /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            &[400],
        ),
    ] {
        let response = exchange(&env, request.as_bytes()).await;
        assert!(allowed.contains(&status(&response)), "{case}: {response}");
        assert!(response.len() < 400, "{case}: {response}");
    }
    let fine = exchange(&env, get("/healthz", host).as_bytes()).await;
    assert_eq!(status(&fine), 200, "{fine}");
}

#[tokio::test]
async fn host_header_is_required_once_and_never_used() {
    // bad-inputs 39
    let env = TestEnvironment::demo().await;
    for (hosts, expected) in [
        ("Host: store.example.net\r\n", 200),
        ("Host: evil.test:1\r\n", 200),
        ("", 400),
        ("Host:\r\n", 400),
        ("Host: a\r\nHost: a\r\n", 400),
        ("Host: a\r\nhost: b\r\n", 400),
        ("Host: a, b\r\n", 400),
        ("Host: user:secret@a\r\n", 400),
        ("Host: <script>alert(1)</script>\r\n", 400),
        ("Host: a/../b\r\n", 400),
        ("Host: a:80:80\r\n", 400),
    ] {
        let forwarded = "X-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: gopher\r\nForwarded: \
                         host=evil.test\r\n";
        let request = get("/Citrix/Store/endpoints/v1", &format!("{hosts}{forwarded}"));
        let response = exchange(&env, request.as_bytes()).await;
        assert_eq!(status(&response), expected, "{hosts}: {response}");
        for word in ["evil", "gopher", "script", "secret"] {
            assert!(!response.contains(word), "{response}");
        }
    }
    let old = get("/healthz", "").replace("/1.1", "/1.0");
    let response = exchange(&env, old.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.0 200"), "{response}");
}

#[tokio::test]
async fn path_is_matched_without_normalization() {
    // bad-inputs 40, 48. SS-9 to SS-12 list the spellings of one path.
    let env = TestEnvironment::demo().await;
    let endpoints = "/Citrix/Store/endpoints/v1";
    for (target, expected) in [
        (endpoints, 200),
        ("/Citrix/Store/endpoints/v1/", 200),
        ("/CITRIX/store/Endpoints/V1", 200),
        ("http://evil.test/Citrix/Store/endpoints/v1", 200),
        ("//Citrix/Store/endpoints/v1", 404),
        ("/Citrix//Store/endpoints/v1", 404),
        ("/Citrix/Store/endpoints/v1//", 404),
        ("/Citrix/./Store/endpoints/v1", 404),
        ("/Citrix/x/../Store/endpoints/v1", 404),
        ("/Citrix/x/%2e%2e/Store/endpoints/v1", 404),
        ("/Citrix/%53tore/endpoints/v1", 404),
        ("/Citrix/Store%2fendpoints/v1", 404),
        ("/Citrix/Store/endpoints/v1%00", 404),
        ("/Citrix/Store/endpoints/v1%0d%0aX:%20y", 404),
        ("/Citrix/Store/endpoints/v1;a=b", 404),
        ("/Citrix\\Store\\endpoints\\v1", 404),
        ("/Schemas/../../../etc/passwd", 404),
        ("/Schemas/..%2f..%2fetc%2fpasswd", 404),
        ("/Schemas//etc/passwd", 404),
        ("/Schemas/SessionParameters.xsd%00.txt", 404),
        ("file:///etc/passwd", 400),
        ("Citrix/Store/endpoints/v1", 400),
    ] {
        let response = exchange(&env, get(target, "Host: a\r\n").as_bytes()).await;
        assert_eq!(status(&response), expected, "{target}: {response}");
        assert!(
            !response.contains("root:") && !response.contains("evil"),
            "{response}"
        );
    }
    for (line, expected) in [
        ("CONNECT 127.0.0.1:22", &[404, 405][..]),
        ("CONNECT evil.test:80", &[404, 405]),
        ("OPTIONS *", &[404, 405]),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let response = exchange(&env, request.as_bytes()).await;
        assert!(expected.contains(&status(&response)), "{line}: {response}");
    }
}

#[tokio::test]
async fn protocol_upgrade_is_ignored() {
    // bad-inputs 48
    let env = TestEnvironment::demo().await;
    for upgrade in [
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAA\r\n\
         Sec-WebSocket-Version: 13",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
        "Upgrade: TLS/1.2\r\nConnection: Upgrade",
    ] {
        let mut connection = env.server.connect().await;
        let request = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n\r\n");
        let response = connection.exchange(request.as_bytes()).await;
        assert_eq!(response.status, 200, "{upgrade}");
        assert_eq!(response.header("upgrade"), None, "{upgrade}");
        // The connection continues with HTTP/1.1.
        let plain = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(connection.exchange(plain).await.status, 200, "{upgrade}");
    }
}

#[tokio::test]
async fn compressed_body_is_rejected() {
    // bad-inputs 45: a mebibyte of spaces, compressed to a kilobyte.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    packed.extend([0xed, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf].repeat(90));
    let authorization = alice.authorization();
    for coding in ["gzip", "deflate", "br", "zstd", "x-made-up", "gzip, gzip"] {
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", "application/vnd.citrix.sessionparams+xml"),
            ("Content-Encoding", coding),
        ];
        let path = "/Citrix/Store/sessions/v1/disconnect";
        let response = env.server.send("POST", path, &headers, &packed).await;
        assert_eq!(response.status, 400, "{coding}");
    }
    // Responses are not compressed for any client, because they contain secrets.
    let headers = [("Accept-Encoding", "gzip, br")];
    let response = alice.get_with("/Citrix/Store/resources/v2", &headers).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(env.sessions("alice"), before);
}

/// RFC 9112 §9.6, bad-inputs 43: the client learns what became of its request.
#[tokio::test]
async fn client_that_closes_its_side_gets_the_result() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let body = session_params("DESK-A", "");
    let head = format!(
        "POST /Citrix/Store/sessions/v1/disconnect HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\
         Content-Type: application/vnd.citrix.sessionparams+xml\r\nContent-Length: {}\r\n\r\n",
        alice.authorization(),
        body.len()
    );
    let mut stream = TcpStream::connect(env.server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert_eq!(status(&response), 200);
    assert!(response.contains("status=\"success\""), "{response}");
    let left = env.sessions("alice");
    assert!(!left.iter().any(|it| it.ends_with(" DESK-A")), "{left:?}");
}

#[tokio::test]
async fn thousand_pipelined_requests_get_responses_in_order() {
    // bad-inputs 43
    let env = TestEnvironment::demo().await;
    let one = |number: u32| {
        let path = if number.is_multiple_of(2) {
            "/healthz"
        } else {
            "/nothing"
        };
        format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    let mut all: String = (0..999).map(one).collect();
    all.push_str(&get("/healthz", "Host: a\r\n"));
    let responses = exchange(&env, all.as_bytes()).await;
    let statuses: Vec<_> = responses
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 "))
        .map(|line| &line[..3])
        .collect();
    assert_eq!(statuses.len(), 1_000);
    for (number, status) in statuses[..999].iter().enumerate() {
        assert_eq!(
            *status,
            if number.is_multiple_of(2) {
                "200"
            } else {
                "404"
            }
        );
    }
}

#[tokio::test]
async fn repeated_headers_are_rejected_or_merged() {
    // bad-inputs 35, 60. Several `Accept` headers are one list (SS-60).
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let authorization = alice.authorization();
    let good = "application/vnd.citrix.sessionparams+xml";
    let body = session_params("DESK-C", "");
    let path = "/Citrix/Store/sessions/v1/available";
    let token = ("Authorization", &*authorization);
    for (headers, expected) in [
        (vec![token, ("Content-Type", good)], 200),
        (vec![token, token, ("Content-Type", good)], 401),
        (
            vec![token, ("Content-Type", "text/xml"), ("Content-Type", good)],
            400,
        ),
        (
            vec![
                token,
                ("Content-Type", good),
                ("Accept", "text/xml"),
                ("Accept", "*/*"),
            ],
            200,
        ),
    ] {
        let response = env
            .server
            .send("POST", path, &headers, body.as_bytes())
            .await;
        assert_eq!(response.status, expected, "{headers:?}");
    }
}
