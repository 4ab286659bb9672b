//! Connections that fail, over real sockets, and what the command says about them.

use std::fs;

use roamd_testkit::{CertificateAuthority, MockStore, StoreResponse, TlsProxy, healthy_store};

use crate::support::{CommandOutput, Server, World, roamd, unused_address};

/// Runs `roamd sessions list`, trusting only one authority.
fn list(store: &str, authority: &str) -> CommandOutput {
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    fs::write(&trusted, authority).unwrap();
    let args = ["sessions", "list", "--store", store, "--user", "ada"];
    let mut command = roamd(&args);
    command
        .env("ROAMD_PASSWORD", "s3cret!")
        .env("SSL_CERT_FILE", &trusted)
        .env_remove("SSL_CERT_DIR");
    CommandOutput::of(command.output().unwrap())
}

fn assert_error(ran: &CommandOutput, expected: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    for part in expected {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    // A single line, without the names of libraries and their types.
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    for part in ["Error", "error", "(", "hyper", "client"] {
        assert!(!ran.err.contains(part), "{part}: {}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_problems_are_named() {
    let store = MockStore::start(healthy_store);
    let authority = CertificateAuthority::new();
    let other = CertificateAuthority::new();
    for (issued, trusted, expected) in [
        (
            authority.issue("localhost", 2020),
            authority.pem(),
            &["the server's certificate has expired; it has to be renewed"][..],
        ),
        (
            authority.issue("localhost", 2099),
            other.pem(),
            &[
                "this machine trusts no authority that has issued",
                "--ca-file",
            ],
        ),
        (
            authority.issue("store.example.net", 2099),
            authority.pem(),
            &["the server's certificate is not for this name, but for store.example.net; use"],
        ),
    ] {
        let proxy = TlsProxy::with_certificate(store.address(), &authority, &issued).await;
        let ran = list(&format!("{}/Store", proxy.url), &trusted);
        assert_error(&ran, expected);
        assert!(ran.err.contains(&proxy.url), "{}", ran.err);
    }
    // The password was sent to none of them.
    assert_eq!(store.lines(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_and_https_are_told_apart() {
    let authority = CertificateAuthority::new();
    let world = World::new();
    let demo = Server::demo(&world);
    let https = demo.url().replace("http://", "https://");
    let speaks_http = "the port speaks http, not https; use an http:// address";
    assert_error(&list(&https, &authority.pem()), &[speaks_http]);

    let store = MockStore::start(healthy_store);
    let issued = authority.issue("localhost", 2099);
    let proxy = TlsProxy::with_certificate(store.address(), &authority, &issued).await;
    let http = format!("{}/Store", proxy.url.replace("https://", "http://"));
    let ran = list(&http, &authority.pem());
    assert_error(&ran, &["if it speaks https, use an https:// address"]);

    // As nginx responds to http on its https port.
    let page = "<center>The plain HTTP request was sent to HTTPS port</center>";
    let nginx = MockStore::start(move |_| StoreResponse::ok("text/html", page).with_status(400));
    let ran = list(&nginx.url(), &authority.pem());
    assert_error(
        &ran,
        &["the port speaks https, not http; use an https:// address"],
    );
}

#[test]
fn unreachable_host_and_port_are_told_apart() {
    let authority = CertificateAuthority::new();
    let closed = format!("http://{}/Store", unused_address());
    let refused = list(&closed, &authority.pem());
    assert_error(&refused, &["the connection was refused; is the port right"]);
    let unknown = list("https://nowhere.invalid/Store", &authority.pem());
    assert_error(
        &unknown,
        &["the host name has no address; is it spelled right"],
    );
}

#[test]
fn similar_names_are_suggested() {
    let world = World::new();
    let demo = Server::demo(&world);
    for (noun, args, expected) in [
        ("apps", &["launch", "Wrod"][..], "did you mean Word?"),
        ("apps", &["launch", "CVAD.Wrod"], "did you mean CVAD.Word?"),
        (
            "sessions",
            &["launch", "--app", "Exel"],
            "did you mean Excel?",
        ),
    ] {
        let ran = demo.alice_with(noun, args);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
}

/// Results and failures stay, other messages go.
#[test]
fn quiet_hides_messages_and_verbose_logs_requests() {
    let world = World::new();
    let demo = Server::demo(&world);
    let none = ["list", "--filter", "app=nothing"];
    assert_ne!(demo.alice(&none).err, "");
    let quiet = demo.alice(&[&none[..], &["-q"]].concat());
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    let failed = demo.alice(&["launch", "Zq_Y5I", "--quiet"]);
    assert!(failed.err.contains("there is no session"), "{failed:?}");
    let verbose = demo.alice(&["list", "-v", "-o", "name"]);
    assert_eq!(verbose.out, demo.alice(&["list", "-o", "name"]).out);
    for part in ["Store responded", "/endpoints/v1", "\"status\":200"] {
        assert!(verbose.err.contains(part), "{part}: {}", verbose.err);
    }
    assert!(!verbose.err.contains("roam-demo"), "{}", verbose.err);
}
