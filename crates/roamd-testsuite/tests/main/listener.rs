//! The server on an open network: TLS with curl as client, proxies, and limits per client.

use std::path::Path;
use std::sync::Arc;

use roamd_testkit::{CertificateAuthority, ScriptedController};
use roamd_testsuite::{
    H2Bridge, Options, Response, STORE_PATH, SignedIn, TestEnvironment, session_params, sign_in,
    sign_in_through,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Starts the demo environment with a certificate for `localhost`. Returns it with the folder of
/// the authority's `ca.pem`.
async fn secure(authority: &CertificateAuthority, more: &str) -> (TestEnvironment, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let tls = authority.issue("localhost", 2096).write(folder.path());
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let env = env_with(&format!("{tls}{more}")).await;
    (env, folder)
}

async fn env_with(listener: &str) -> TestEnvironment {
    TestEnvironment::start(Options {
        listener: listener.to_owned(),
        ..Options::default()
    })
    .await
}

/// Gets a path with curl. Returns the status and the version of HTTP, or `None` if curl failed.
async fn curl(
    env: &TestEnvironment,
    folder: &Path,
    path: &str,
    arguments: &[&str],
) -> Option<String> {
    let output = Command::new("curl")
        .args(["--silent", "--max-time", "20", "--output", "/dev/null"])
        .args(["--write-out", "%{http_code} %{http_version}", "--cacert"])
        .arg(folder.join("ca.pem"))
        .args(arguments)
        .arg(env.url(path))
        .output()
        .await
        .unwrap_or_else(|error| panic!("curl: {error}; run `cargo xtask test`, which installs it"));
    let printed = String::from_utf8(output.stdout).unwrap();
    output.status.success().then_some(printed)
}

#[tokio::test]
async fn curl_connects_with_tls_1_2_and_1_3_only() {
    let authority = CertificateAuthority::new();
    let (env, folder) = secure(&authority, "").await;
    // The TLS library of curl disables the oldest versions, too, unless it gets this option.
    let old = "DEFAULT@SECLEVEL=0";
    for (arguments, expected) in [
        (&["--tls-max", "1.3"][..], Some("200 2")),
        (&["--tlsv1.3", "--http1.1"], Some("200 1.1")),
        (&["--tlsv1.3", "--http2"], Some("200 2")),
        (&["--tls-max", "1.2", "--http1.1"], Some("200 1.1")),
        (&["--tls-max", "1.2", "--http2"], Some("200 2")),
        (
            &["--tls-max", "1.2", "--ciphers", "AES256-SHA:AES128-SHA"],
            None,
        ),
        (&["--tlsv1.0", "--tls-max", "1.1", "--ciphers", old], None),
        (&["--tlsv1.0", "--tls-max", "1.0", "--ciphers", old], None),
        (&["--no-alpn"], Some("200 1.1")),
    ] {
        let printed = curl(&env, folder.path(), "/healthz", arguments).await;
        assert_eq!(printed.as_deref(), expected, "{arguments:?}");
    }
    // A client without TLS gets no response, and other clients are not affected.
    let address = env.server.address();
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut response = Vec::new();
    plain.read_to_end(&mut response).await.ok();
    assert!(response.len() < 16, "at most an alert: {response:?}");
    let printed = curl(&env, folder.path(), "/healthz", &[]).await;
    assert_eq!(printed.as_deref(), Some("200 2"));
}

#[tokio::test]
async fn hsts_is_sent_only_with_an_https_base_url() {
    for (base_url, expected) in [
        (None, None),
        (Some("https://sf.example.net"), Some("max-age=31536000")),
    ] {
        let options = Options {
            base_url: base_url.map(str::to_owned),
            ..Options::default()
        };
        let env = TestEnvironment::start(options).await;
        for path in ["/", "/none"] {
            let response = env.server.send("GET", path, &[], b"").await;
            assert_eq!(
                response.header("strict-transport-security"),
                expected,
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn sign_in_and_sessions_work_over_one_http_2_connection() {
    let authority = CertificateAuthority::new();
    let (env, _folder) = secure(&authority, "").await;
    let bridge = H2Bridge::start(env.server.address(), &authority).await;
    let alice = sign_in_through(bridge.server, STORE_PATH, "alice", "roam-demo").await;
    let listed = alice.resources("DESK-C", "").await;
    assert_eq!(listed, ["XA1.MSPaint", "CVAD.Excel"]);
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    assert!(url.starts_with(&env.url("/")), "{url}");
    let launch = alice.launch(&url, "DESK-C").await;
    assert!(launch.text().contains("[WFClient]"), "{}", launch.text());
    assert_eq!(alice.end("logoff", "DESK-A", "").await, "success");
}

#[tokio::test]
async fn proxy_with_trusted_client_certificate_is_trusted() {
    let (authority, proxies, strangers) = (
        CertificateAuthority::new(),
        CertificateAuthority::new(),
        CertificateAuthority::new(),
    );
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("proxies.pem");
    std::fs::write(&ca, proxies.pem()).unwrap();
    let keys = format!("client_ca_file = {ca:?}\n");
    // `metrics_from` shows which client address the server uses.
    let tls = authority.issue("localhost", 2096).write(folder.path());
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let env = env_with(&format!("metrics_from = [\"192.0.2.1\"]\n{tls}{keys}")).await;
    let shown = |who: &CertificateAuthority, name: &str| {
        let folder_of_name = folder.path().join(name);
        std::fs::create_dir(&folder_of_name).unwrap();
        let _lines = who.issue("proxy", 2096).write(&folder_of_name);
        let file = |name| folder_of_name.join(name).to_str().unwrap().to_owned();
        [file("cert.pem"), file("key.pem")]
    };
    let [certificate, key] = shown(&proxies, "proxy");
    let [wrong_certificate, wrong_key] = shown(&strangers, "stranger");
    let forwarded = ["--header", "X-Forwarded-For: 127.0.0.1, 192.0.2.1"];
    for (shown, expected) in [
        (&["--cert", &certificate, "--key", &key][..], Some("200 2")),
        (&[], Some("404 2")),
        (&["--cert", &wrong_certificate, "--key", &wrong_key], None),
    ] {
        let arguments = [shown, &forwarded].concat();
        let printed = curl(&env, folder.path(), "/metrics", &arguments).await;
        assert_eq!(printed.as_deref(), expected, "{shown:?}");
    }
}

async fn get(env: &TestEnvironment, path: &str, headers: &[(&str, &str)]) -> Response {
    env.server.send("GET", path, headers, b"").await
}

#[tokio::test]
async fn metrics_are_served_to_configured_clients_only() {
    for (keys, headers, expected) in [
        ("", &[][..], 200),
        // An unknown proxy on this machine: its client is not on this machine.
        ("", &[("X-Forwarded-For", "127.0.0.1")], 404),
        ("", &[("X-Forwarded-For", "")], 404),
        ("", &[("Forwarded", "for=127.0.0.1")], 404),
        ("", &[("Via", "1.1 proxy")], 404),
        ("", &[("X-Real-IP", "127.0.0.1")], 404),
        ("metrics_from = []", &[], 404),
        ("metrics_from = [\"192.0.2.0/24\"]", &[], 404),
        (
            "metrics_from = [\"192.0.2.0/24\"]",
            &[("X-Forwarded-For", "192.0.2.1")],
            404,
        ),
        ("trusted_proxies = [\"127.0.0.1\"]", &[], 200),
        (
            "trusted_proxies = [\"127.0.0.1\"]",
            &[("X-Forwarded-For", "192.0.2.1")],
            404,
        ),
        (
            "trusted_proxies = [\"127.0.0.1\"]\nmetrics_from = [\"192.0.2.0/24\"]",
            &[
                ("X-Forwarded-For", "127.0.0.1"),
                ("X-Forwarded-For", "192.0.2.1"),
            ],
            200,
        ),
        (
            "trusted_proxies = [\"127.0.0.1\"]\nmetrics_from = [\"192.0.2.0/24\"]",
            &[("X-Forwarded-For", "192.0.2.1, 198.51.100.7")],
            404,
        ),
    ] {
        let env = env_with(keys).await;
        let response = get(&env, "/metrics", headers).await;
        assert_eq!(response.status, expected, "{keys} {headers:?}");
        if expected == 404 {
            let nothing = get(&env, "/nothing", headers).await;
            assert_eq!(response.text(), nothing.text(), "no different from nothing");
        }
    }
}

#[tokio::test]
async fn inside_clients_are_found_by_trusted_proxies() {
    let proxy = "[\"127.0.0.1\"]";
    for (proxies, forwarded, is_inside) in [
        (proxy, Some(("X-Forwarded-For", "192.0.2.7")), true),
        (
            proxy,
            Some(("X-Forwarded-For", "192.0.2.7, 198.51.100.7")),
            false,
        ),
        ("[]", Some(("X-Forwarded-For", "198.51.100.7")), false),
        ("[]", None, true),
        // The address of a proxy, which is inside, says nothing about its client.
        ("[]", Some(("X-Forwarded-For", "192.0.2.7")), false),
        ("[]", Some(("Forwarded", "for=192.0.2.7")), false),
        ("[]", Some(("Via", "1.1 proxy")), false),
        ("[]", Some(("X-Real-IP", "192.0.2.7")), false),
        ("[]", Some(("CF-Connecting-IP", "192.0.2.7")), false),
        (proxy, None, false),
        (proxy, Some(("X-Forwarded-For", "unknown")), false),
        (proxy, Some(("X-Forwarded-For", "127.0.0.1")), false),
    ] {
        let env = TestEnvironment::start(Options {
            listener: format!("trusted_proxies = {proxies}"),
            store: "[store.gateway]\naddress = \"gw.example.net\"\nsta = [\"{CVAD}\"]\n\
                    inside = [\"192.0.2.0/24\", \"127.0.0.0/8\"]"
                .to_owned(),
            ..Options::default()
        })
        .await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
        let body = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
                    <clientName>DESK-C</clientName></launchparams>";
        let authorization = alice.authorization();
        let mut headers = vec![
            ("Authorization", &*authorization),
            ("Content-Type", "application/vnd.citrix.launchparams+xml"),
        ];
        headers.extend(forwarded);
        let path = roamd_testsuite::path_of(&url);
        let response = env
            .server
            .send("POST", path, &headers, body.as_bytes())
            .await;
        let text = response.text();
        assert_eq!(
            text.contains("gw.example.net"),
            !is_inside,
            "{proxies} {forwarded:?}: {text}"
        );
        assert_eq!(
            text.contains("cvad-host31"),
            is_inside,
            "{proxies} {forwarded:?}: {text}"
        );
    }
}

/// Returns the value of a counter with this label, or without a label.
async fn count(env: &TestEnvironment, name: &str, label: &str) -> String {
    let metrics = get(env, "/metrics", &[]).await;
    let mut lines = metrics.text().lines();
    let line = lines.find(|line| line.starts_with(name) && line.contains(label));
    let line = line.unwrap_or_else(|| panic!("{name} {label}: {}", metrics.text()));
    line.rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn connections_per_client_are_limited() {
    let limit = "[limits]\nconnections_per_client = 3\n";
    let env = env_with(limit).await;
    let address = env.server.address();
    // New connections replace those over which no valid token has come, so these send one.
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let body = session_params("DESK-C", "");
    let list = list_head(&alice, "192.0.2.1", body.len()) + &body;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(env.server.connect().await);
        let response = held.last_mut().unwrap().exchange(list.as_bytes()).await;
        assert_eq!(response.status, 200);
    }
    for _ in 0..5 {
        let mut more = TcpStream::connect(address).await.unwrap();
        let closed = more.read(&mut [0]).await;
        assert!(matches!(closed, Ok(0)), "at once: {closed:?}");
    }
    drop(held);
    // The client can connect again as soon as the server has noticed the closed connections.
    while TcpStream::connect(address)
        .await
        .unwrap()
        .read(&mut [0])
        .await
        .is_err()
    {}
    let refused = loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let mut response = String::new();
        if stream.write_all(request).await.is_ok()
            && stream.read_to_string(&mut response).await.is_ok()
            && !response.is_empty()
        {
            break response;
        }
    };
    let of_client = "roamd_connections_refused_total{limit=\"client\"} ";
    let line = refused.lines().find(|line| line.starts_with(of_client));
    let refused: u32 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(refused >= 5, "{refused}");

    // A trusted proxy is exempt from the limit.
    let env = env_with(&format!("trusted_proxies = [\"127.0.0.1\"]\n{limit}")).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(env.server.connect().await);
        let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        let response = held.last_mut().unwrap().exchange(request).await;
        assert_eq!(response.status, 200);
    }
}

/// Head of a list of sessions of this user.
fn list_head(user: &SignedIn, client: &str, length: usize) -> String {
    format!(
        "POST /Citrix/Store/sessions/v1/available HTTP/1.1\r\nHost: a\r\n\
         Authorization: {}\r\nContent-Type: application/vnd.citrix.sessionparams+xml\r\n\
         Accept: application/vnd.citrix.sessionstate+xml\r\nX-Forwarded-For: {client}\r\n\
         Content-Length: {length}\r\n\r\n",
        user.authorization()
    )
}

#[tokio::test]
async fn request_over_the_limit_gets_503() {
    for (limit, full, others) in [
        ("requests_per_client = 2", "client", 200),
        ("requests = 2", "all", 503),
    ] {
        let farm = ScriptedController::healthy().await;
        let keys = format!("trusted_proxies = [\"127.0.0.1\"]\n[limits]\n{limit}\n");
        let env = TestEnvironment::start(Options {
            listener: keys,
            more_sections: farm.farm_section("SCRIPTED", "Scripted"),
            ..Options::default()
        })
        .await;
        // Two users, since one may not have all places.
        let users = [
            sign_in(&env, "alice", "roam-demo").await,
            sign_in(&env, "bob", "roam-demo").await,
        ];
        let until_closed = Arc::new(Semaphore::new(0));
        farm.hold("ReconnectSessionData", &until_closed);
        // Two lists that wait for a farm.
        let mut held = Vec::new();
        for (user, count) in users.iter().zip(1..) {
            let mut connection = env.server.connect().await;
            let body = session_params("DESK-C", "");
            let head = list_head(user, "192.0.2.1", body.len());
            connection.send(format!("{head}{body}").as_bytes()).await;
            while farm.request_count("ReconnectSessionData") < count {
                tokio::task::yield_now().await;
            }
            held.push(connection);
        }
        let from = |address| [("X-Forwarded-For", address)];
        let path = "/Citrix/Store/endpoints/v1";
        let refused = get(&env, path, &from("192.0.2.1")).await;
        assert_eq!(refused.status, 503, "{limit}");
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert!(refused.text().contains("try again"), "{}", refused.text());
        // Another client, and routes for operators, are not refused.
        assert_eq!(
            get(&env, path, &from("192.0.2.2")).await.status,
            others,
            "{limit}"
        );
        for path in ["/healthz", "/readyz"] {
            assert_eq!(get(&env, path, &from("192.0.2.1")).await.status, 200);
        }
        let label = format!("limit=\"{full}\"");
        let counted = count(&env, "roamd_requests_refused_total", &label).await;
        assert_ne!(counted, "0", "{limit}");
        until_closed.close();
        drop(held);
        while get(&env, path, &from("192.0.2.1")).await.status != 200 {
            tokio::task::yield_now().await;
        }
    }
}

/// Ten times as many requests as there are places, whose bodies are on the way.
#[tokio::test]
async fn half_bodies_of_many_clients_hold_up_nobody() {
    let env = env_with("[limits]\nrequests = 200\nrequests_per_client = 50\n").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let mut held = Vec::new();
    for client in 1..=10 {
        let server = env.server.from([127, 0, 1, client]);
        for number in 0..200 {
            let mut connection = server.connect().await;
            let head = if number % 2 == 0 {
                "POST /Citrix/StoreAuth/ExplicitForms/Start HTTP/1.1\r\nHost: a\r\n\
                 Content-Type: application/vnd.citrix.requesttoken+xml\r\n\
                 Expect: 100-continue\r\nContent-Length: 300\r\n\r\n"
                    .to_owned()
            } else {
                // With a token, too.
                let head = list_head(&alice, "192.0.2.1", 300);
                head.replace("X-Forwarded-For: 192.0.2.1", "Expect: 100-continue")
            };
            connection.send(head.as_bytes()).await;
            let going_on = connection.receive().await;
            assert_eq!(going_on.status, 100, "it waits for the body");
            connection.send(&[b' '; 150]).await;
            held.push(connection);
        }
    }
    assert_eq!(get(&env, "/readyz", &[]).await.status, 200);
    assert_eq!(alice.resources("DESK-C", "").await.len(), 2);
    let bob = sign_in(&env, "bob", "roam-demo").await;
    assert!(bob.state("DESK-D", "").await.is_ok());
    // A client that waits for its body is served, too.
    let server = env.server.from([127, 0, 1, 1]);
    let response = server
        .send("GET", "/Citrix/Store/endpoints/v1", &[], b"")
        .await;
    assert_eq!(response.status, 200);
    drop(held);
}

#[tokio::test]
async fn routes_for_operators_have_one_spelling() {
    let env = TestEnvironment::demo().await;
    let nothing = get(&env, "/nothing", &[]).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(&env, path, &[]).await.status, 200, "{path}");
        for other in [path.to_uppercase(), format!("{path}/"), format!("/{path}")] {
            let response = get(&env, &other, &[]).await;
            assert_eq!(response.status, 404, "{other}");
            assert_eq!(response.text(), nothing.text(), "{other}");
        }
    }
}

/// A client that sends everything before it reads sees the response, and no broken connection.
#[tokio::test]
async fn curl_with_a_body_of_3_mib_gets_413() {
    let env = TestEnvironment::demo().await;
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("body");
    std::fs::write(&body, vec![b' '; 3 * 1024 * 1024]).unwrap();
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--output",
            "/dev/null",
        ])
        .args(["--write-out", "%{http_code}", "--header", "Expect:"])
        .args([
            "--header",
            "Content-Type: application/vnd.citrix.requesttoken+xml",
        ])
        .args(["--data-binary", &format!("@{}", body.display())])
        .arg(env.url("/Citrix/StoreAuth/ExplicitForms/Start"))
        .output()
        .await
        .unwrap_or_else(|error| panic!("curl: {error}; run `cargo xtask test`, which installs it"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(output.stdout, b"413", "{errors}");
}

#[tokio::test]
async fn failed_handshakes_and_certificate_expiry_are_counted() {
    let authority = CertificateAuthority::new();
    let (env, folder) = secure(&authority, "").await;
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64]] {
        let mut stream = TcpStream::connect(env.server.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    }
    let bridge = H2Bridge::start(env.server.address(), &authority).await;
    let metrics = bridge.server.send("GET", "/metrics", &[], b"").await;
    let line = |name: &str| {
        let mut lines = metrics.text().lines();
        lines
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        line("roamd_tls_handshakes_failed_total"),
        "roamd_tls_handshakes_failed_total 2"
    );
    let end: jiff::Timestamp = "2096-12-31T00:00:00Z".parse().unwrap();
    let expiry = line("roamd_listener_certificate_expiry_timestamp_seconds");
    assert!(
        expiry.ends_with(&format!(" {}", end.as_second())),
        "{expiry}"
    );
    drop(folder);
}
