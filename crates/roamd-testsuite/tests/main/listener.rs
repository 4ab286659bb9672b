//! The gateway on an open network: TLS as programs of others speak it, proxies, and shares.

use std::path::Path;

use roamd_testsuite::{Authority, H2Bridge, Options, Response, Site, sign_in, sign_in_over};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// A demo site behind a certificate for `localhost`, and the folder of the authority's `ca.pem`.
async fn secure(authority: &Authority, more: &str) -> (Site, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let tls = authority.issue("localhost", 2096).write(folder.path());
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let site = with_front(&format!("{tls}{more}")).await;
    (site, folder)
}

async fn with_front(front: &str) -> Site {
    Site::start(Options {
        front: front.to_owned(),
        ..Options::default()
    })
    .await
}

/// Asks with curl, and gives the status and the version of HTTP; nothing if they did not get that far.
async fn curl(site: &Site, folder: &Path, path: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("curl")
        .args(["--silent", "--max-time", "20", "--output", "/dev/null"])
        .args(["--write-out", "%{http_code} %{http_version}", "--cacert"])
        .arg(folder.join("ca.pem"))
        .args(arguments)
        .arg(site.url(path))
        .output()
        .await
        .unwrap_or_else(|error| panic!("curl: {error}; run `cargo xtask test`, which installs it"));
    let told = String::from_utf8(output.stdout).unwrap();
    output.status.success().then_some(told)
}

#[tokio::test]
async fn curl_gets_tls_1_2_and_1_3_with_both_versions_of_http_and_nothing_older() {
    let authority = Authority::new();
    let (site, folder) = secure(&authority, "").await;
    // The oldest versions are switched off in curl's library too, unless it is told otherwise.
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
        let told = curl(&site, folder.path(), "/healthz", arguments).await;
        assert_eq!(told.as_deref(), expected, "{arguments:?}");
    }
    // Without TLS the port brings nothing, and nothing else is harmed.
    let address = site.gateway.address();
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).await.ok();
    assert!(answer.len() < 16, "at most an alert: {answer:?}");
    let told = curl(&site, folder.path(), "/healthz", &[]).await;
    assert_eq!(told.as_deref(), Some("200 2"));
}

#[tokio::test]
async fn browsers_are_told_to_come_by_tls_only_where_they_can() {
    for (base_url, expected) in [
        (None, None),
        (Some("https://sf.example.net"), Some("max-age=31536000")),
    ] {
        let options = Options {
            base_url: base_url.map(str::to_owned),
            ..Options::default()
        };
        let site = Site::start(options).await;
        for path in ["/", "/none"] {
            let answer = site.gateway.send("GET", path, &[], b"").await;
            assert_eq!(
                answer.header("strict-transport-security"),
                expected,
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_sign_in_and_a_whole_day_go_over_one_connection_of_http_2() {
    let authority = Authority::new();
    let (site, _folder) = secure(&authority, "").await;
    let bridge = H2Bridge::start(site.gateway.address(), &authority).await;
    let alice = sign_in_over(bridge.wire, Site::STORE, "alice", "roam-demo").await;
    let listed = alice.resources("DESK-C", "").await;
    assert_eq!(listed, ["XA1.MSPaint", "CVAD.Excel"]);
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    assert!(url.starts_with(&site.url("/")), "{url}");
    let launch = alice.launch(&url, "DESK-C").await;
    assert!(launch.text().contains("[WFClient]"), "{}", launch.text());
    assert_eq!(alice.end("logoff", "DESK-A", "").await, "success");
}

#[tokio::test]
async fn a_peer_with_a_certificate_of_the_proxies_is_believed() {
    let (authority, proxies, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("proxies.pem");
    std::fs::write(&ca, proxies.pem()).unwrap();
    let front = format!("client_ca_file = {ca:?}\n");
    // `metrics_from` shows whom the gateway takes a client for.
    let tls = authority.issue("localhost", 2096).write(folder.path());
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let site = with_front(&format!("metrics_from = [\"192.0.2.1\"]\n{tls}{front}")).await;
    let shown = |who: &Authority, name: &str| {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).unwrap();
        let _lines = who.issue("proxy", 2096).write(&place);
        let file = |name| place.join(name).to_str().unwrap().to_owned();
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
        let told = curl(&site, folder.path(), "/metrics", &arguments).await;
        assert_eq!(told.as_deref(), expected, "{shown:?}");
    }
}

async fn get(site: &Site, path: &str, headers: &[(&str, &str)]) -> Response {
    site.gateway.send("GET", path, headers, b"").await
}

#[tokio::test]
async fn metrics_are_for_those_who_are_told() {
    for (front, headers, expected) in [
        ("", &[][..], 200),
        // A proxy on this machine that nobody told of: whoever asks is not on this machine.
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
        let site = with_front(front).await;
        let response = get(&site, "/metrics", headers).await;
        assert_eq!(response.status, expected, "{front} {headers:?}");
        if expected == 404 {
            let nothing = get(&site, "/nothing", headers).await;
            assert_eq!(response.text(), nothing.text(), "no different from nothing");
        }
    }
}

#[tokio::test]
async fn the_gateway_of_hosts_is_for_the_client_that_a_trusted_proxy_names() {
    for (proxies, forwarded, is_inside) in [
        ("[\"127.0.0.1\"]", "192.0.2.7", true),
        ("[\"127.0.0.1\"]", "192.0.2.7, 198.51.100.7", false),
        ("[]", "192.0.2.7", false),
    ] {
        let site = Site::start(Options {
            front: format!("trusted_proxies = {proxies}"),
            store: "[store.gateway]\naddress = \"gw.example.net\"\nsta = [\"{CVAD}\"]\n\
                    inside = [\"192.0.2.0/24\"]"
                .to_owned(),
            ..Options::default()
        })
        .await;
        let alice = sign_in(&site, "alice", "roam-demo").await;
        let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
        let body = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
                    <clientName>DESK-C</clientName></launchparams>";
        let headers = [
            ("Authorization", &*alice.authorization()),
            ("Content-Type", "application/vnd.citrix.launchparams+xml"),
            ("X-Forwarded-For", forwarded),
        ];
        let path = roamd_testsuite::path_of(&url);
        let response = site
            .gateway
            .send("POST", path, &headers, body.as_bytes())
            .await;
        let text = response.text();
        assert_eq!(
            text.contains("gw.example.net"),
            !is_inside,
            "{forwarded}: {text}"
        );
        assert_eq!(
            text.contains("cvad-host31"),
            is_inside,
            "{forwarded}: {text}"
        );
    }
}

/// The value of a counter that has this label, or no label.
async fn count(site: &Site, name: &str, label: &str) -> String {
    let metrics = get(site, "/metrics", &[]).await;
    let mut lines = metrics.text().lines();
    let line = lines.find(|line| line.starts_with(name) && line.contains(label));
    let line = line.unwrap_or_else(|| panic!("{name} {label}: {}", metrics.text()));
    line.rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_has_no_more_than_its_share_of_connections() {
    let limit = "[limits]\nconnections_per_client = 3\n";
    let site = with_front(limit).await;
    let address = site.gateway.address();
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(site.gateway.connect().await);
        let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        let answer = held.last_mut().unwrap().exchange(request).await;
        assert_eq!(answer.status, 200);
    }
    let third = TcpStream::connect(address).await.unwrap();
    for _ in 0..5 {
        let mut more = TcpStream::connect(address).await.unwrap();
        let closed = more.read(&mut [0]).await;
        assert!(matches!(closed, Ok(0)), "at once: {closed:?}");
    }
    drop((third, held));
    // It has its places back as soon as the gateway has noticed.
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
        let mut answer = String::new();
        if stream.write_all(request).await.is_ok()
            && stream.read_to_string(&mut answer).await.is_ok()
            && !answer.is_empty()
        {
            break answer;
        }
    };
    let of_client = "roamd_connections_refused_total{full=\"client\"} ";
    let line = refused.lines().find(|line| line.starts_with(of_client));
    let refused: u32 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(refused >= 5, "{refused}");

    // A proxy that is trusted brings many clients.
    let site = with_front(&format!("trusted_proxies = [\"127.0.0.1\"]\n{limit}")).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(site.gateway.connect().await);
        let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        let answer = held.last_mut().unwrap().exchange(request).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn who_finds_no_place_hears_503_and_when_to_come_again() {
    for (limit, full, others) in [
        ("requests_per_client = 2", "client", 200),
        ("requests = 2", "all", 503),
    ] {
        let front = format!("trusted_proxies = [\"127.0.0.1\"]\n[limits]\n{limit}\n");
        let site = with_front(&front).await;
        // Two requests whose bodies do not arrive.
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut kept = site.gateway.connect().await;
            let head = "POST /Citrix/StoreAuth/ExplicitForms/Start HTTP/1.1\r\nHost: a\r\n\
                        Content-Type: application/vnd.citrix.requesttoken+xml\r\n\
                        X-Forwarded-For: 192.0.2.1\r\nExpect: 100-continue\r\n\
                        Content-Length: 300\r\n\r\n";
            kept.send(head.as_bytes()).await;
            let going_on = kept.receive().await;
            assert_eq!(going_on.status, 100, "it waits for the body");
            held.push(kept);
        }
        let from = |address| [("X-Forwarded-For", address)];
        let path = "/Citrix/Store/endpoints/v1";
        let refused = get(&site, path, &from("192.0.2.1")).await;
        assert_eq!(refused.status, 503, "{limit}");
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert!(refused.text().contains("try again"), "{}", refused.text());
        // Another client, and those who look after the gateway.
        assert_eq!(
            get(&site, path, &from("192.0.2.2")).await.status,
            others,
            "{limit}"
        );
        assert_eq!(get(&site, "/healthz", &from("192.0.2.1")).await.status, 200);
        let label = format!("full=\"{full}\"");
        let counted = count(&site, "roamd_requests_refused_total", &label).await;
        assert_ne!(counted, "0", "{limit}");
        drop(held);
        while get(&site, path, &from("192.0.2.1")).await.status != 200 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn handshakes_that_fail_are_counted_and_the_certificate_tells_its_end() {
    let authority = Authority::new();
    let (site, folder) = secure(&authority, "").await;
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64]] {
        let mut stream = TcpStream::connect(site.gateway.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    }
    let bridge = H2Bridge::start(site.gateway.address(), &authority).await;
    let metrics = bridge.wire.send("GET", "/metrics", &[], b"").await;
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
