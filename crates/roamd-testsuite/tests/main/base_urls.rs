//! A server with several base URLs: the host of a request selects one (CA-13, CA-20, CQ-49).

use regex::Regex;
use roamd_testsuite::{
    AUTH_PATH, Challenge, HttpPeer, Options, Response, STORE_PATH, TestEnvironment, TokenService,
    challenge_of, request_token, sign_in_through, token_of,
};

const CANONICAL: &str = "http://store.example.net";
const INTERNAL: &str = "http://sf1.corp.example.net:8080";
const ADDRESS: &str = "http://[2001:db8::7]";

async fn env() -> TestEnvironment {
    let options = Options {
        listener: format!("base_urls = [{CANONICAL:?}, {INTERNAL:?}, {ADDRESS:?}]"),
        ..Options::default()
    };
    TestEnvironment::start(options).await
}

/// Returns the beginnings of all URLs in a document, up to the path.
fn origins(response: &Response) -> Vec<String> {
    assert_eq!(response.status, 200, "{}", response.text());
    let url = Regex::new("(?:>|href=\")(https?://[^/<\"]*)/").unwrap();
    let found = url.captures_iter(response.text());
    let mut origins: Vec<_> = found.map(|found| found[1].to_owned()).collect();
    origins.sort();
    origins.dedup();
    origins
}

/// Returns the challenge of a request without a token, as these lines follow its request line.
async fn challenge(server: HttpPeer, target: &str, lines: &str) -> Challenge {
    let request =
        format!("GET {target} HTTP/1.1\r\n{lines}Connection: close\r\nAccept: */*\r\n\r\n");
    challenge_of(&server.exchange(request.as_bytes()).await)
}

/// CA-5, CA-8, CA-9, CQ-49: the client finds its token under the URL that it knows.
#[tokio::test]
async fn all_urls_agree_with_the_host_of_the_request() {
    let env = env().await;
    for (host, base) in [
        ("store.example.net", CANONICAL),
        ("sf1.corp.example.net:8080", INTERNAL),
        ("SF1.Corp.Example.NET.:8080", INTERNAL),
        ("[2001:db8:0:0::7]", ADDRESS),
    ] {
        let server = env.server.as_host(host);
        let service = TokenService::discover(server).await;
        let urls = [
            (service.store.locations, "/Citrix/StoreAuth/auth/v1/token"),
            (service.store.hint, "/Citrix/Store/sessions/v1"),
            (
                service.tokens.locations,
                "/Citrix/StoreAuth/auth/v1/protocols",
            ),
            (service.tokens.hint, "/Citrix/StoreAuth/auth/v1/token"),
        ];
        for (url, path) in urls {
            assert_eq!(url, format!("{base}{path}"), "{host}");
        }
        for path in [
            "/",
            STORE_PATH,
            "/Citrix/Store/endpoints/v1",
            "/Citrix/Store/discovery",
            "/Citrix/StoreAuth/endpoints/v1",
        ] {
            let document = server.send("GET", path, &[], b"").await;
            assert_eq!(origins(&document), [base], "{host} {path}");
        }
        let alice = sign_in_through(server, STORE_PATH, "alice", "roam-demo").await;
        let resources = alice.get("/Citrix/Store/resources/v2").await;
        assert_eq!(origins(&resources), [base], "{host}");
        let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
        assert!(url.starts_with(&format!("{base}/Citrix/Store/")), "{url}");
        let launched = alice.launch(&url, "DESK-A").await;
        assert!(
            launched.text().contains("[WFClient]"),
            "{}",
            launched.text()
        );
    }
}

/// §7 rule 2.
#[tokio::test]
async fn unknown_host_gets_the_canonical_base_url() {
    let env = env().await;
    let path = "/Citrix/Store/resources/v2";
    for host in [
        "evil.example",
        "127.0.0.1",
        "sf1.corp.example.net",
        "sf1.corp.example.net:8081",
        "sf1.corp.example.net:80",
        "sf1.corp.example.net.evil.example:8080",
        "xsf1.corp.example.net:8080",
        "[2001:db8::7]:8080",
        "[::1]",
    ] {
        let found = challenge(env.server, path, &format!("Host: {host}\r\n")).await;
        assert_eq!(found.hint, format!("{CANONICAL}{path}"), "{host}");
        let expected = format!("{CANONICAL}{AUTH_PATH}/auth/v1/token");
        assert_eq!(found.locations, expected, "{host}");
    }
}

#[tokio::test]
async fn headers_of_proxies_select_no_base_url() {
    let env = env().await;
    let path = "/Citrix/Store/resources/v2";
    for header in [
        "X-Forwarded-Host: sf1.corp.example.net:8080",
        "X-Forwarded-Server: sf1.corp.example.net:8080",
        "X-Original-Host: sf1.corp.example.net:8080",
        "Forwarded: host=\"sf1.corp.example.net:8080\"",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Port: 8080",
    ] {
        let lines = format!("Host: store.example.net\r\n{header}\r\n");
        let found = challenge(env.server, path, &lines).await;
        assert_eq!(found.hint, format!("{CANONICAL}{path}"), "{header}");
    }
}

/// SS-12; RFC 9112 §3.2.2: the request target takes precedence over `Host`.
#[tokio::test]
async fn absolute_target_selects_the_base_url() {
    let env = env().await;
    let path = "/Citrix/Store/resources/v2";
    for (origin, host, expected) in [
        (INTERNAL, "sf1.corp.example.net:8080", INTERNAL),
        (INTERNAL, "store.example.net", INTERNAL),
        (CANONICAL, "sf1.corp.example.net:8080", CANONICAL),
        (
            "http://evil.example",
            "sf1.corp.example.net:8080",
            CANONICAL,
        ),
    ] {
        let (target, lines) = (format!("{origin}{path}"), format!("Host: {host}\r\n"));
        let found = challenge(env.server, &target, &lines).await;
        assert_eq!(found.hint, format!("{expected}{path}"), "{target} {host}");
    }
}

/// CA-13, CA-20: a token is for one base URL; the token service of each issues for all of them.
#[tokio::test]
async fn token_opens_only_its_own_base_url() {
    let env = env().await;
    let [canonical, internal] =
        ["store.example.net", "sf1.corp.example.net:8080"].map(|host| env.server.as_host(host));
    let mut alice = sign_in_through(canonical, STORE_PATH, "alice", "roam-demo").await;
    let path = "/Citrix/Store/resources/v2";
    let there = TokenService::discover(internal).await;

    alice.server = internal;
    let refused = challenge_of(&alice.get(path).await);
    assert_eq!(refused.reason, "invalidAudience");
    assert_eq!(refused.hint, format!("{INTERNAL}{path}"));
    let refused = challenge_of(&there.exchange(&alice.primary).await);
    assert_eq!(refused.reason, "invalidAudience");

    // The URL of the service decides what the token is for, and not the token service.
    let here = TokenService::discover(canonical).await;
    let message = |url: &str| request_token(&here.store.realm, url, TokenService::LIFETIME);
    let issued = here.post(Some(&alice.primary), &message(INTERNAL)).await;
    alice.token = token_of(&issued);
    assert_eq!(alice.get(path).await.status, 200);
    alice.server = canonical;
    let refused = challenge_of(&alice.get(path).await);
    assert_eq!(refused.reason, "invalidAudience");
    for url in ["http://evil.example", "https://store.example.net"] {
        let refused = here.post(Some(&alice.primary), &message(url)).await;
        assert_eq!(refused.status, 400, "{url}: {}", refused.text());
    }
}
