//! Rejected requests: their status, their text, and no effect (sessions-service.md §7).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_testsuite::{
    Response, SignedIn, TestEnvironment, TokenContents, TokenService, challenge_of, path_of,
    request_token, session_params, sign_in,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::document_types::{DOCTYPE_REJECTED, document_types};
use crate::support::assert_rejected;

const STATE: &str = "application/vnd.citrix.sessionstate+xml";
const RESULTS: &str = "application/vnd.citrix.sessionresults+xml";
const PARAMS: &str = "application/vnd.citrix.sessionparams+xml";
const LAUNCH: &str = "application/vnd.citrix.launchdata+xml";
const LAUNCH_PARAMS: &str = "application/vnd.citrix.launchparams+xml";

/// Longest body, in bytes (SS-27).
const BODY_BYTES: usize = 64 * 1024;

#[tokio::test]
async fn first_failed_check_determines_the_status() {
    // SS-62, SS-4
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let token = alice.authorization();
    let unknown = "/Citrix/Store/sessions/v1/AAAA/launch/ica";
    for (path, accept, media_type) in [
        ("/Citrix/Store/sessions/v1/available", STATE, PARAMS),
        ("/Citrix/Store/sessions/v1/disconnect", RESULTS, PARAMS),
        ("/Citrix/Store/sessions/v1/logoff", RESULTS, PARAMS),
        (unknown, LAUNCH, LAUNCH_PARAMS),
    ] {
        let nowhere = path.replace("/v1/", "/v2/");
        let (good, bad) = (Some(&*token), "<not-a-message");
        for (status, method, path, token, accept, media_type, body) in [
            (404, "GET", &*nowhere, None, "text/xml", "text/plain", bad),
            (405, "GET", path, None, "text/xml", "text/plain", bad),
            (401, "POST", path, None, "text/xml", "text/plain", bad),
            (406, "POST", path, good, "text/xml", "text/plain", bad),
            (400, "POST", path, good, accept, "text/plain", bad),
            (400, "POST", path, good, accept, media_type, bad),
        ] {
            let mut headers = vec![("Accept", accept), ("Content-Type", media_type)];
            headers.extend(token.map(|token| ("Authorization", token)));
            let response = env
                .server
                .send(method, path, &headers, body.as_bytes())
                .await;
            assert_rejected(&response, status, &format!("{method} {path}"));
        }
    }
    let message = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\"/>";
    let headers = [
        ("Authorization", &*token),
        ("Accept", LAUNCH),
        ("Content-Type", LAUNCH_PARAMS),
    ];
    let response = env
        .server
        .send("POST", unknown, &headers, message.as_bytes())
        .await;
    assert_rejected(&response, 404, "the session is looked for last");
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn wrong_method_gets_405_with_allow() {
    // SS-3
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let token = alice.authorization();
    let posted = [
        "/Citrix/Store/sessions/v1/available",
        "/Citrix/Store/sessions/v1/disconnect/",
        "/Citrix/Store/session/v1/logoff",
        path_of(&url),
        "/Citrix/StoreAuth/auth/v1/token",
        "/Citrix/StoreAuth/auth/v1/protocols",
        "/Citrix/StoreAuth/ExplicitForms/Start",
        "/Citrix/StoreAuth/ExplicitForms/AuthenticateAttempt",
        "/Citrix/StoreAuth/ExplicitForms/CancelAuthenticate",
    ];
    let read = [
        "/",
        "/Citrix/Store/endpoints/v1",
        "/Citrix/Store/discovery",
        "/Citrix/StoreAuth/endpoints/v1",
        "/Schemas/SessionParameters.xsd",
        "/healthz",
        "/readyz",
        "/metrics",
    ];
    let rows = posted
        .iter()
        .map(|path| {
            (
                *path,
                "POST",
                &["GET", "PUT", "DELETE", "OPTIONS", "BREW"][..],
            )
        })
        .chain(read.iter().map(|path| {
            let methods = &["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"][..];
            (*path, "GET, HEAD", methods)
        }));
    for (path, allow, methods) in rows {
        for method in methods {
            let headers = [("Authorization", &*token)];
            let response = env.server.send(method, path, &headers, b"").await;
            assert_rejected(&response, 405, &format!("{method} {path}"));
            assert_eq!(response.header("allow"), Some(allow), "{method} {path}");
        }
    }
    let head = format!(
        "HEAD {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        posted[0]
    );
    let response = String::from_utf8(env.server.raw(head.as_bytes()).await).unwrap();
    assert!(response.starts_with("HTTP/1.1 405 "), "{response}");
    assert!(response.ends_with("\r\n\r\n"), "no body: {response}");
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn first_supported_accepted_type_wins() {
    // SS-60, SS-61, ST-1 to ST-4
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let token = alice.authorization();
    let singular = "application/vnd.citrix.sessionresult+xml";
    let many = |last: &str| {
        let mut text = "a/b, ".repeat(1_999);
        text.push_str(last);
        text
    };
    let (many_good, many_bad) = (many(RESULTS), many("text/xml"));
    let upper = RESULTS.to_uppercase();
    let never = format!("{RESULTS};q=0");
    let never_exactly = format!("*/*, {RESULTS}; q=0.000");
    let little = format!("{singular};q=0.1, {RESULTS};q=0.9");
    for (lines, expected) in [
        (&[][..], Some(RESULTS)),
        (&["*/*"], Some(RESULTS)),
        (&["application/*"], Some(RESULTS)),
        (&["APPLICATION/*"], Some(RESULTS)),
        (&[&*upper], Some(RESULTS)),
        (&["text/xml", RESULTS], Some(RESULTS)),
        (&["text/xml,", "", singular], Some(singular)),
        (&[singular, RESULTS], Some(singular)),
        (&[&*little], Some(singular)),
        (&[&*many_good], Some(RESULTS)),
        (&["*/*;q=0", RESULTS], Some(RESULTS)),
        (&[&*never_exactly], Some(singular)),
        (&[&*never], None),
        (&["*/*;q=0"], None),
        (&["text/xml"], None),
        (&["application/xml"], None),
        (&["text/*"], None),
        (&["application/xml, text/xml;q=0.9"], None),
        (&[STATE], None),
        (&["application/vnd.citrix.sessionresults"], None),
        (&[&*many_bad], None),
        (&["nonsense"], None),
    ] {
        let mut headers = vec![("Authorization", &*token), ("Content-Type", PARAMS)];
        headers.extend(lines.iter().map(|line| ("Accept", *line)));
        let path = "/Citrix/Store/sessions/v1/disconnect";
        let body = session_params("DESK-C", "");
        let response = env
            .server
            .send("POST", path, &headers, body.as_bytes())
            .await;
        let case: String = format!("{lines:?}").chars().take(80).collect();
        match expected {
            Some(media_type) => {
                assert_eq!(response.status, 200, "{case}");
                assert_eq!(response.header("content-type"), Some(media_type), "{case}");
            }
            None => {
                assert_rejected(&response, 406, &case);
                assert!(response.text().contains(RESULTS), "{}", response.text());
            }
        }
    }
}

#[tokio::test]
async fn body_of_another_media_type_is_rejected() {
    // SS-14 to SS-16
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let with = |parameter: &str| format!("{PARAMS}{parameter}");
    for (media_type, status) in [
        (Some(with(";charset=utf-8")), 200),
        (Some(with("; charset=\"UTF-16\"")), 200),
        (Some(with(" ;a=b")), 200),
        (Some(PARAMS.to_uppercase()), 200),
        (None, 400),
        (Some(String::new()), 400),
        (Some("application/xml".to_owned()), 400),
        (Some("text/xml".to_owned()), 400),
        (Some("*/*".to_owned()), 400),
        (Some(with("x")), 400),
        (Some(LAUNCH_PARAMS.to_owned()), 400),
        (Some("application/x-www-form-urlencoded".to_owned()), 400),
    ] {
        for operation in ["available", "disconnect", "logoff"] {
            let token = alice.authorization();
            let mut headers = vec![("Authorization", &*token)];
            headers.extend(media_type.as_deref().map(|value| ("Content-Type", value)));
            let path = format!("/Citrix/Store/sessions/v1/{operation}");
            let body = session_params("DESK-C", "");
            let response = env
                .server
                .send("POST", &path, &headers, body.as_bytes())
                .await;
            assert_eq!(response.status, status, "{media_type:?}");
            if status == 400 {
                assert_rejected(&response, 400, operation);
                assert!(response.text().contains(PARAMS), "{}", response.text());
            }
        }
    }
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn bodies_with_wrong_encoding_declarations_are_read() {
    // SS-17, SS-19, SS-20, SS-23, SS-25, SS-70
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let plain = session_params("DESK-C", "");
    let declared = |encoding: &str| {
        let declaration = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>");
        plain.replace("<?xml version=\"1.0\"?>", &declaration)
    };
    let utf_16 = |to_bytes: fn(u16) -> [u8; 2], mark: bool| {
        let text = declared("utf-16");
        let mark = mark.then_some(0xFEFF);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(to_bytes).collect::<Vec<u8>>()
    };
    let parameters = |inner: &str| {
        format!("<sessionparams xmlns=\"{NAMESPACE}\">{inner}</sessionparams>").into_bytes()
    };
    let named = |name: &str| parameters(&format!("<clientName>{name}</clientName>"));
    let mut longest = plain.clone().into_bytes();
    longest.resize(BODY_BYTES, b' ');
    for (case, body) in [
        (
            "byte order mark",
            [b"\xEF\xBB\xBF", plain.as_bytes()].concat(),
        ),
        (
            "utf-16 declared, utf-8 sent",
            declared("utf-16").into_bytes(),
        ),
        (
            "ISO-8859-1 declared, ASCII sent",
            declared("ISO-8859-1").into_bytes(),
        ),
        ("UTF-7 declared, ASCII sent", declared("UTF-7").into_bytes()),
        (
            "x-user-defined declared, ASCII sent",
            declared("x-user-defined").into_bytes(),
        ),
        (
            "an encoding of 200 letters",
            declared(&"x".repeat(200)).into_bytes(),
        ),
        ("utf-16 little-endian", utf_16(u16::to_le_bytes, false)),
        (
            "utf-16 little-endian, marked",
            utf_16(u16::to_le_bytes, true),
        ),
        ("utf-16 big-endian", utf_16(u16::to_be_bytes, false)),
        ("utf-16 big-endian, marked", utf_16(u16::to_be_bytes, true)),
        (
            "a prefix",
            format!(
                "<p:sessionparams xmlns:p=\"{NAMESPACE}\"><p:clientName>DESK-C</p:clientName>\
                 </p:sessionparams>"
            )
            .into_bytes(),
        ),
        (
            "unknown elements and attributes, any order",
            parameters(
                "<!-- --><serverType a=\"b\"><clientName>x</clientName></serverType>\
                 <appSessionsOnly> 0 </appSessionsOnly><o:clientName xmlns:o=\"urn:o\">y\
                 </o:clientName><deviceId/><clientName><![CDATA[DESK-C]]></clientName>\
                 <includeActiveSessions>\n false\t</includeActiveSessions>",
            ),
        ),
        ("a name of one letter", named("x")),
        ("a name within lines", named("\r\n  DESK-C\r\n")),
        ("a name of 256 letters", named(&"x".repeat(256))),
        ("a name from right to left", named("\u{202E}מחשב")),
        ("a name with an emoji", named("💻")),
        ("64 KiB to the byte", longest),
        (
            "the same ticket twice",
            parameters(
                "<clientName>DESK-C</clientName><tickets><ticket>AB</ticket><ticket>AB</ticket>\
             </tickets>",
            ),
        ),
    ] {
        let response = post(&alice, "available", &body).await;
        assert_eq!(response.status, 200, "{case}: {}", response.text());
        assert!(response.text().contains("CVAD.Excel"), "{case}");
    }
}

#[tokio::test]
async fn bad_body_is_rejected_without_effect() {
    // SS-20, SS-23, SS-26, SS-27, and the limits of the XML reader
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    // The server must not request any URL of a body.
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trapped = format!("http://{}/secret", trap.local_addr().unwrap());
    let cases = bad_bodies(&trapped);
    for (case, body, words) in &cases {
        assert!(body.len() <= BODY_BYTES, "{case}: {}", body.len());
        // A list with a side effect, and the two other operations.
        for operation in ["available", "disconnect", "logoff"] {
            let response = post(&alice, operation, body).await;
            assert_rejected(&response, 400, case);
            let text = response.text();
            assert!(text.contains(words), "{case}: {text}");
            assert!(text.len() < 200, "{case}: {text}");
        }
    }
    assert_eq!(env.sessions("alice"), before);
    let caught = tokio::time::timeout(Duration::from_millis(20), trap.accept()).await;
    assert!(caught.is_err(), "the server fetched an entity");
}

#[tokio::test]
async fn bad_parameter_is_rejected_only_where_it_applies() {
    // SS-24, SS-26; a bad boolean is in the next test.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let long = format!("<ticket>{}</ticket>", "A".repeat(1_025));
    let many = "<ticket>AB</ticket>".repeat(65);
    for (tickets, words) in [
        ("<ticket/>", "sessionparams/tickets/ticket"),
        ("<ticket>A\nB</ticket>", "sessionparams/tickets/ticket"),
        ("</tickets><tickets>", "sessionparams/tickets"),
        (&long, "1024 characters"),
        (&many, "64 tickets"),
    ] {
        let body = session_params("DESK-C", &format!("<tickets>{tickets}</tickets>"));
        for operation in ["disconnect", "logoff"] {
            let response = post(&alice, operation, body.as_bytes()).await;
            assert_rejected(&response, 400, words);
            assert!(response.text().contains(words), "{}", response.text());
        }
        let response = post(&alice, "available", body.as_bytes()).await;
        assert_eq!(response.status, 200, "{words}: {}", response.text());
    }
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn booleans_are_true_false_1_or_0_with_any_blanks() {
    // SS-23, SS-24
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let asked = |value: &str| {
        let element = format!("<includeActiveSessions>{value}</includeActiveSessions>");
        session_params("DESK-C", &element).into_bytes()
    };
    let before = env.sessions("alice");
    for value in [
        "TRUE",
        "True",
        "yes",
        "on",
        "",
        " ",
        "2",
        "01",
        "true false",
    ] {
        let response = post(&alice, "available", &asked(value)).await;
        assert_rejected(&response, 400, value);
        for words in ["sessionparams/includeActiveSessions", "true, false, 1 or 0"] {
            let text = response.text();
            assert!(text.contains(words), "{value}: {text}");
        }
        // No session is connected from this client.
        for operation in ["disconnect", "logoff"] {
            let response = post(&alice, operation, &asked(value)).await;
            assert_eq!(response.status, 200, "{value}: {}", response.text());
        }
    }
    assert_eq!(env.sessions("alice"), before);
    for (value, is_true) in [
        ("true", true),
        (" true ", true),
        ("\r\n\ttrue&#32;", true),
        ("1", true),
        (" 1", true),
        ("<![CDATA[true]]>", true),
        ("false", false),
        (" false ", false),
        ("0", false),
        ("\n0\n", false),
    ] {
        let response = post(&alice, "available", &asked(value)).await;
        assert_eq!(response.status, 200, "{value:?}: {}", response.text());
        // A session that is active elsewhere.
        let listed = response.text().contains("CVAD.Word");
        assert_eq!(listed, is_true, "{value:?}");
    }
}

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionparams";

/// Returns session parameters of a list with a side effect, with these elements.
fn root(inner: &str) -> String {
    format!(
        "<sessionparams xmlns=\"{NAMESPACE}\"><includeActiveSessions>true\
         </includeActiveSessions>{inner}</sessionparams>"
    )
}

/// Like [`root`], with a client name and these elements.
fn with(inner: &str) -> String {
    root(&format!("<clientName>DESK-A</clientName>{inner}"))
}

fn attributes(count: usize) -> String {
    let all: String = (0..count).map(|n| format!(" a{n:05}=\"u\"")).collect();
    with(&format!("<a{all}/>"))
}

fn namespaces(count: usize) -> String {
    let all: String = (0..count)
        .map(|n| format!(" xmlns:a{n:05}=\"u\""))
        .collect();
    with(&format!("<a{all}/>"))
}

fn nested(count: usize) -> String {
    with(&format!("{}{}", "<a>".repeat(count), "</a>".repeat(count)))
}

fn nested_namespaces(count: usize) -> String {
    let opened: String = (0..count)
        .map(|n| format!("<a xmlns=\"urn:{n:05}\">"))
        .collect();
    with(&format!("{opened}{}", "</a>".repeat(count)))
}

/// Returns the largest body within the limit, if each part has the same length.
fn largest_body(body: fn(usize) -> String) -> String {
    let (none, one) = (body(0).len(), body(1).len());
    body((BODY_BYTES - none) / (one - none))
}

/// Returns the name of a case, its body, and words of the rejection.
fn bad_bodies(trap: &str) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = root("<clientName>DESK-A</clientName>");
    let named = |name: &str| root(&format!("<clientName>{name}</clientName>"));
    let tickets = |count: usize| {
        with(&format!(
            "<tickets>{}</tickets>",
            "<ticket>AB</ticket>".repeat(count)
        ))
    };
    let bytes =
        |before: &str, bad: &[u8], after: &str| [before.as_bytes(), bad, after.as_bytes()].concat();
    let odd = |bad: &[u8]| {
        let text = named("|");
        let (before, after) = text.split_once('|').unwrap();
        bytes(before, bad, after)
    };
    let wrong_root = good.replace("sessionparams", "sessionParameters");
    let mut rows = vec![
        (
            "latin letters declared as such",
            odd(b"\xE9"),
            "not UTF-8 text",
        ),
        ("overlong UTF-8", odd(b"\xC0\xAF"), "not UTF-8 text"),
        ("a lone surrogate", odd(b"\xED\xA0\x80"), "not UTF-8 text"),
        ("NUL in a name", odd(b"\0"), "not well-formed"),
    ];
    rows.extend(
        [
            ("nothing", String::new(), "document is empty"),
            (
                "white space only",
                " \r\n\t ".to_owned(),
                "document is empty",
            ),
            ("one byte", "<".to_owned(), "ends before"),
            ("text", "clientName=DESK-A".to_owned(), "not well-formed"),
            (
                "UTF-7",
                good.replace('<', "+ADw-").replace('>', "+AD4-"),
                "not well-formed",
            ),
            (
                "truncated",
                good[..good.len() - 3].to_owned(),
                "ends before",
            ),
            ("33 attributes", attributes(33), "more than 32 attributes"),
            (
                "as many attributes as there can be",
                largest_body(attributes),
                "more than 32 attributes",
            ),
            ("17 namespaces", namespaces(17), "namespace declarations"),
            (
                "as many namespaces as there can be",
                largest_body(namespaces),
                "more than 32 attributes",
            ),
            (
                "as many nested namespaces as there can be",
                largest_body(nested_namespaces),
                "namespace",
            ),
            ("elements 33 deep", nested(32), "deeper than 32"),
            (
                "as many nested elements as there can be",
                largest_body(nested),
                "deeper than 32",
            ),
            (
                "257 elements",
                with(&"<a/>".repeat(257)),
                "more than 256 child elements",
            ),
            (
                "an attribute twice",
                with("<a b=\"1\" b=\"2\"/>"),
                "not well-formed",
            ),
            (
                "an attribute twice by two prefixes",
                with("<a xmlns:p=\"urn:a\" xmlns:q=\"urn:a\" p:b=\"1\" q:b=\"2\"/>"),
                "not well-formed",
            ),
            ("an unbound prefix", with("<p:a/>"), "not well-formed"),
            (
                "two roots",
                format!("{good}{good}"),
                "content after the root element",
            ),
            (
                "text after the root",
                format!("{good}x"),
                "content after the root element",
            ),
            (
                "a tag in an attribute",
                with("<a b=\"<\"/>"),
                "not well-formed",
            ),
            ("an end of CDATA in text", named("a]]>b"), "not well-formed"),
            ("character 0", named("a&#0;"), "not well-formed"),
            ("character FFFF", named("a&#xFFFF;"), "not well-formed"),
            ("character 110000", named("a&#x110000;"), "not well-formed"),
            ("an unknown entity", named("&nbsp;"), "not well-formed"),
            (
                "a comment with two hyphens",
                with("<!-- a -- b -->"),
                "not well-formed",
            ),
            (
                "an instruction named xml",
                with("<?xml version=\"1.0\"?>"),
                "not well-formed",
            ),
            ("another root", wrong_root, "sessionparams"),
            ("another namespace", good.replace("1-0", "2-0"), NAMESPACE),
            (
                "no namespace",
                good.replace(&format!(" xmlns=\"{NAMESPACE}\""), ""),
                NAMESPACE,
            ),
            (
                "no name",
                root(""),
                "sessionparams/clientName: required element is missing",
            ),
            (
                "a device id alone",
                root("<deviceId>7f3a0c52</deviceId>"),
                "sessionparams/clientName: required element is missing",
            ),
            ("an empty name", named(""), "sessionparams/clientName"),
            ("a blank name", named(" \n "), "sessionparams/clientName"),
            (
                "a name with a line break",
                named("a\nb"),
                "sessionparams/clientName",
            ),
            (
                "a name with a return",
                named("a&#13;b"),
                "sessionparams/clientName",
            ),
            (
                "a name of 257 letters",
                named(&"x".repeat(257)),
                "256 characters",
            ),
            (
                "a name of 10,000 letters",
                named(&"x".repeat(10_000)),
                "256 characters",
            ),
            (
                "two names",
                with("<clientName>DESK-B</clientName>"),
                "sessionparams/clientName",
            ),
            (
                "two device ids",
                with("<deviceId>a</deviceId><deviceId/>"),
                "sessionparams/deviceId",
            ),
            (
                "a device id with a line break",
                with("<deviceId>a\nb</deviceId>"),
                "sessionparams/deviceId",
            ),
            ("257 tickets", tickets(257), "more than 256 child elements"),
        ]
        .map(|(case, body, words)| (case, body.into_bytes(), words)),
    );
    rows.extend(
        document_types("sessionparams", trap)
            .into_iter()
            .map(|(case, declared, text)| {
                let body = declared + &named(&text);
                (case, body.into_bytes(), DOCTYPE_REJECTED)
            }),
    );
    rows
}

#[tokio::test]
async fn too_large_body_is_rejected_early() {
    // SS-27
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let mut body = session_params("DESK-A", "").into_bytes();
    body.resize(BODY_BYTES + 1, b' ');
    let tickets = "<tickets><ticket>AB</ticket></tickets>".repeat(10_000);
    for (case, body) in [
        ("one byte more", body.clone()),
        (
            "10,000 tickets",
            session_params("DESK-A", &tickets).into_bytes(),
        ),
        ("50,000 attributes", attributes(50_000).into_bytes()),
        ("5,000 namespaces", namespaces(5_000).into_bytes()),
        (
            "2,900 nested namespaces",
            nested_namespaces(2_900).into_bytes(),
        ),
        ("100,000 nested elements", nested(100_000).into_bytes()),
    ] {
        for operation in ["available", "disconnect", "logoff"] {
            assert_rejected(&post(&alice, operation, &body).await, 413, case);
        }
    }
    let path = "/Citrix/Store/sessions/v1/disconnect";
    let head = |framing: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\nContent-Type: {PARAMS}\r\n\
             Connection: close\r\n{framing}\r\n\r\n",
            alice.authorization()
        )
    };
    let declared = format!("{}x", head("Content-Length: 1073741824"));
    assert_rejected(
        &env.server.exchange(declared.as_bytes()).await,
        413,
        "1 GiB declared",
    );
    let mut chunked = head("Transfer-Encoding: chunked").into_bytes();
    for chunk in body.chunks(8 * 1024) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_rejected(&env.server.exchange(&chunked).await, 413, "chunks");
    // SS-4: the server does not wait for the body of a request without a token.
    let without = declared.replace("Authorization", "X-Authorization");
    let response = env.server.exchange(without.as_bytes()).await;
    assert_rejected(&response, 401, "no token");
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn body_that_does_not_arrive_gets_408() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let head = format!(
        "POST /Citrix/Store/sessions/v1/disconnect HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\
         Content-Type: {PARAMS}\r\nContent-Length: 300\r\nExpect: 100-continue\r\n\
         Connection: close\r\n\r\n",
        alice.authorization()
    );
    let mut stream = TcpStream::connect(env.server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = vec![0; 25];
    stream.read_exact(&mut response).await.unwrap();
    assert_eq!(
        response, b"HTTP/1.1 100 Continue\r\n\r\n",
        "the server waits for the body"
    );
    stream.write_all(b"<sessionparams").await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn each_bad_token_gets_its_reason_on_every_route() {
    // SS-4, CA-2 to CA-11, CA-13, CA-15
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let service = TokenService::discover(env.server).await;
    let (store, tokens) = (service.store.realm.clone(), service.tokens.realm.clone());
    let other_server = env.server_with_own_url().await;
    let elsewhere = format!("http://{}", other_server.address());
    let now = Timestamp::now();
    let hours = |count| now.checked_add(SignedDuration::from_hours(count)).unwrap();
    let launch = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    for (path, realm, other, good) in [
        (
            "/Citrix/Store/sessions/v1/available",
            &store,
            &alice.primary,
            &alice.token,
        ),
        (
            "/Citrix/Store/sessions/v1/disconnect",
            &store,
            &alice.primary,
            &alice.token,
        ),
        (
            "/Citrix/Store/sessions/v1/logoff",
            &store,
            &alice.primary,
            &alice.token,
        ),
        (path_of(&launch), &store, &alice.primary, &alice.token),
        (
            "/Citrix/StoreAuth/auth/v1/token",
            &tokens,
            &alice.token,
            &alice.primary,
        ),
    ] {
        let mine = TokenContents {
            realm,
            url: env.url("/"),
            issuer: &tokens,
            user: "alice",
            password: "roam-demo",
            issued: now,
        };
        let forge = |change: &dyn Fn(&mut TokenContents<'_>)| {
            let mut forged = mine.clone();
            change(&mut forged);
            format!("CitrixAuth {}", env.seal_token(&forged))
        };
        let auth = |token: &str| Some(format!("CitrixAuth {token}"));
        let mut rows = vec![
            ("notoken", None),
            ("notoken", Some(String::new())),
            ("notoken", Some("CitrixAuth".to_owned())),
            ("notoken", Some("Basic YWxpY2U6cm9hbS1kZW1v".to_owned())),
            ("notoken", Some(format!("citrixauth {good}"))),
            ("notoken", Some(format!("CITRIXAUTH {good}"))),
            ("notoken", Some(good.clone())),
            ("invalidtoken", auth("*")),
            ("invalidtoken", auth("AAAA")),
            ("invalidtoken", auth(&format!("{good} {good}"))),
            ("invalidtoken", auth(&format!("{good}AAAAA"))),
            ("invalidtoken", auth(&"A".repeat(40_000))),
            ("notforthisservice", auth(other)),
            ("nottrusted", Some(forge(&|it| it.issuer = "another"))),
            (
                "invalidAudience",
                Some(forge(&|it| it.url.clone_from(&elsewhere))),
            ),
            (
                "invalidAudience",
                Some(forge(&|it| it.url = it.url.replace("http", "https"))),
            ),
            ("expired", Some(forge(&|it| it.issued = hours(-9)))),
            ("invalidtoken", Some(forge(&|it| it.issued = hours(1)))),
            // CA-11: the first failed check of the table counts.
            (
                "nottrusted",
                Some(forge(&|it| {
                    it.issuer = "another";
                    it.realm = "another";
                    it.url.clone_from(&elsewhere);
                    it.issued = hours(-9);
                })),
            ),
            (
                "notforthisservice",
                Some(forge(&|it| {
                    it.realm = "another";
                    it.url.clone_from(&elsewhere);
                    it.issued = hours(-9);
                })),
            ),
            (
                "invalidAudience",
                Some(forge(&|it| {
                    it.url.clone_from(&elsewhere);
                    it.issued = hours(-9);
                })),
            ),
        ];
        let sealed = data_encoding::BASE64.decode(good.as_bytes()).unwrap();
        // The first bytes name the key. The reason does not reveal which bit is wrong.
        for index in (0..sealed.len()).step_by(5) {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1 << (index % 8);
            let token = data_encoding::BASE64.encode(&flipped);
            rows.push(("forged", auth(&token)));
        }
        let shorter = data_encoding::BASE64.encode(&sealed[..sealed.len() - 1]);
        rows.push(("forged", auth(&shorter)));
        for (reason, authorization) in rows {
            let headers: Vec<_> = authorization
                .as_deref()
                .map(|value| ("Authorization", value))
                .into_iter()
                .collect();
            let response = env.server.send("POST", path, &headers, b"").await;
            let case = format!("{path} {reason}");
            assert_rejected(&response, 401, &case);
            let challenge = challenge_of(&response);
            if reason == "forged" {
                let actual = challenge.reason.as_str();
                assert!(
                    ["tokenSignatureNotVerified", "invalidtoken"].contains(&actual),
                    "{actual}"
                );
            } else {
                assert_eq!(challenge.reason, reason, "{path}");
            }
            let expected = if *realm == store {
                &service.store
            } else {
                &service.tokens
            };
            assert_eq!(challenge.realm, expected.realm, "{case}");
            assert_eq!(challenge.locations, expected.locations, "{case}");
            assert_eq!(challenge.hint, expected.hint, "{case}");
        }
        // Two tokens are ambiguous.
        let good = format!("CitrixAuth {good}");
        let twice = [("Authorization", &*good), ("Authorization", &*good)];
        let response = env.server.send("POST", path, &twice, b"").await;
        assert_eq!(challenge_of(&response).reason, "invalidtoken", "{path}");
        // A good token is accepted, so that the table can fail.
        let once = [("Authorization", &*good)];
        let response = env.server.send("POST", path, &once, b"").await;
        assert!([400, 415].contains(&response.status), "{path}");
    }
    // CA-13: the same keys at another address.
    let path = "/Citrix/Store/sessions/v1/available";
    let headers = [("Authorization", &*alice.authorization())];
    let response = other_server.send("POST", path, &headers, b"").await;
    assert_eq!(challenge_of(&response).reason, "invalidAudience");
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn challenges_match_what_strict_clients_expect() {
    // CA-5 to CA-9, SS-58
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    assert_eq!(service.store.hint, env.url("/Citrix/Store/sessions/v1"));
    let token_service = env.url("/Citrix/StoreAuth/auth/v1/token");
    assert_eq!(service.store.locations, token_service);
    assert_eq!(service.tokens.hint, token_service);
    let protocols = env.url("/Citrix/StoreAuth/auth/v1/protocols");
    assert_eq!(service.tokens.locations, protocols);
    // A forged host header does not change the URLs.
    let request = "POST /Citrix/Store/sessions/v1/available HTTP/1.1\r\nHost: evil.test\r\n\
                   X-Forwarded-Host: evil.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let response = env.server.exchange(request.as_bytes()).await;
    assert_eq!(challenge_of(&response), service.store);
}

#[tokio::test]
async fn token_service_rejects_unknown_services_and_messages() {
    // CA-19 to CA-21, CA-32 to CA-35, CA-76
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let service = TokenService::discover(env.server).await;
    let realm = &service.store.realm;
    let good = request_token(realm, &service.store.hint, "0.08:00:00");
    let unknown = request_token("another", &service.store.hint, "0.08:00:00");
    let elsewhere = request_token(realm, "https://evil.test/Citrix/Store", "0.08:00:00");
    let token = format!("CitrixAuth {}", alice.primary);
    let message = "application/vnd.citrix.requesttoken+xml";
    let refresh = "application/vnd.citrix.unheardof+xml";
    let protocols = "/Citrix/StoreAuth/auth/v1/protocols";
    let start = "/Citrix/StoreAuth/ExplicitForms/Start";
    let exchange = "/Citrix/StoreAuth/auth/v1/token";
    let without = good.replace("for-service-url", "for-service-uri");
    for (path, media_type, accept, body, status, words) in [
        (
            exchange,
            message,
            "*/*",
            &*unknown,
            400,
            "for-service names an unknown service",
        ),
        (
            exchange,
            message,
            "*/*",
            &*elsewhere,
            400,
            "for-service-url is not a URL of this server",
        ),
        (
            exchange,
            message,
            "*/*",
            &*without,
            400,
            "for-service-url: required element is missing",
        ),
        (exchange, message, "*/*", "", 400, "document is empty"),
        (
            exchange,
            message,
            "*/*",
            "<!DOCTYPE a><a/>",
            400,
            "document type",
        ),
        (exchange, refresh, "*/*", &*good, 415, message),
        (exchange, "", "*/*", &*good, 415, message),
        (
            exchange,
            message,
            "text/html",
            &*good,
            406,
            "requesttokenresponse",
        ),
        (protocols, message, "*/*", "<a/>", 400, "requesttoken"),
        (protocols, "text/xml", "*/*", &*good, 400, message),
        (
            protocols,
            message,
            "text/html",
            &*good,
            406,
            "requesttokenresponse",
        ),
        (start, message, "*/*", "", 400, "document is empty"),
        (start, "", "*/*", "", 400, message),
        (
            start,
            message,
            "*/*",
            &*unknown,
            400,
            "for-service names an unknown service",
        ),
        (start, message, "*/*", &*elsewhere, 400, "for-service-url"),
        (
            start,
            message,
            "text/html",
            &*good,
            406,
            "authenticateresponse",
        ),
    ] {
        let headers = [
            ("Authorization", &*token),
            ("Content-Type", media_type),
            ("Accept", accept),
        ];
        let response = env
            .server
            .send("POST", path, &headers, body.as_bytes())
            .await;
        assert_rejected(&response, status, path);
        assert!(
            response.text().contains(words),
            "{path}: {}",
            response.text()
        );
    }
    // CA-34: an unknown content coding is ignored. CA-32: so is a trailing slash.
    for path in [
        exchange,
        &format!("{exchange}/"),
        "/citrix/storeauth/auth/V1/TOKEN",
    ] {
        let headers = [
            ("Authorization", &*token),
            ("Content-Type", message),
            ("Content-Encoding", "utf-8"),
        ];
        let response = env
            .server
            .send("POST", path, &headers, good.as_bytes())
            .await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
    }
}

async fn post(user: &SignedIn, operation: &str, body: &[u8]) -> Response {
    let path = format!("/Citrix/Store/sessions/v1/{operation}");
    let authorization = user.authorization();
    let headers = [("Authorization", &*authorization), ("Content-Type", PARAMS)];
    user.server.send("POST", &path, &headers, body).await
}
