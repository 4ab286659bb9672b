//! Which servers may join a group.

use std::error::Error as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use roamd_etcd_client::{ClientTls, Credentials, Scheme, SystemNetwork};
use roamd_state::{
    BlockingGroup, CounterKind, Digest, FlagKind, Group, GroupError, GroupSettings,
    SharedState as _, StateError,
};
use roamd_testkit::{CertificateAuthority, EtcdCluster, Signal, free_address};
use serde_json::json;

use super::support::{
    PREFIX, cluster_key, is_set, open, open_at, open_with_clock, settings, settings_at, try_open,
    wait_until,
};
use crate::battery::{PARTY, at};

const ATTEMPTS: CounterKind = CounterKind::AttemptsByNetwork;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_with_another_key_format_or_clock_is_refused() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let first = open(&settings);

    let mut other = settings.clone();
    other.cluster_key = cluster_key(8);
    assert!(matches!(try_open(&other), Err(GroupError::ClusterKey)));

    for (ahead, seconds) in [(-40, 38..=42), (60, -62..=-58)] {
        match open_at(&settings, ahead) {
            Err(GroupError::Clock { seconds: found }) => assert!(seconds.contains(&found)),
            other => panic!("{ahead}: {other:?}"),
        }
    }
    drop(open_at(&settings, 20).unwrap());
    drop(first);

    cluster.put(&format!("{PREFIX}about"), "2 something newer");
    assert!(matches!(try_open(&settings), Err(GroupError::Format)));
    // Another prefix is another group.
    other.prefix = "/roamd/other/".to_owned();
    drop(open(&other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_starts_while_one_of_three_members_is_down() {
    let mut cluster = EtcdCluster::start(3);
    cluster.kill(0);
    let state = open(&settings(&cluster));
    let key = Digest::of(b"key");
    let kind = FlagKind::RevokedToken;
    assert!(state.set_flag(PARTY, kind, key, at(10)).await.unwrap());
}

/// A member that hangs accepts connections, and another program responds with something else: the
/// server and the commands use the other members.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_starts_if_first_endpoint_hangs_or_is_not_etcd() {
    let cluster = EtcdCluster::start(3);
    let mut settings = settings(&cluster);
    let other_program = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = other_program.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in other_program.incoming() {
            let stream = stream.and_then(|mut stream| {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            });
            drop(stream);
        }
    });
    settings
        .client
        .endpoints
        .extend(settings_at(&[address]).client.endpoints);
    cluster.signal(0, Signal::Stop);
    for first in ["a member that hangs", "another program"] {
        let state = open(&settings);
        let key = Digest::of(first.as_bytes());
        let kind = FlagKind::RevokedToken;
        assert!(
            state.set_flag(PARTY, kind, key, at(10)).await.unwrap(),
            "{first}"
        );
        let network = Arc::new(SystemNetwork);
        let group = Group::open_existing(&settings, network.clone())
            .await
            .unwrap();
        let seen = group.overview(Timestamp::now).await.unwrap();
        let works: Vec<_> = seen.members.iter().map(|it| it.state.is_ok()).collect();
        assert_eq!(
            works.iter().filter(|&&works| works).count(),
            2,
            "{first}: {seen:?}"
        );
        let blocking = settings.clone();
        let read = move || BlockingGroup::open(&blocking, network)?.read_sealed("keys");
        assert!(
            std::thread::spawn(read).join().unwrap().unwrap().is_none(),
            "{first}"
        );
        settings.client.endpoints.rotate_right(1);
    }
}

/// A clock that is set wrong while the server runs ends its use of the state until it is set right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_whose_clock_goes_wrong_refuses() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let (first, second) = (open(&settings), open(&settings));
    let ahead = Arc::new(AtomicI64::new(0));
    let third = open_with_clock(&settings, Arc::clone(&ahead)).unwrap();
    let (kind, key) = (FlagKind::RevokedToken, Digest::of(b"key"));
    assert!(third.set_flag(PARTY, kind, key, at(10)).await.unwrap());
    ahead.store(-40, Ordering::Relaxed);
    wait_until("it notices", async || third.is_alive().await.is_err()).await;
    let refusals = [
        third.is_alive().await,
        third.is_flag_set(kind, key, at(0)).await.map(drop),
        third
            .set_flag(PARTY, kind, Digest::of(b"another"), at(10))
            .await
            .map(drop),
        third
            .increment(PARTY, ATTEMPTS, key, at(0), at(10))
            .await
            .map(drop),
    ];
    for refusal in refusals {
        let Err(StateError::Clock { seconds }) = refusal else {
            panic!("{refusal:?}");
        };
        assert!((38..=42).contains(&seconds), "{seconds}");
    }
    assert!(third.group_state().unwrap().wrong_clock.is_some());
    for state in [&first, &second] {
        state.is_alive().await.unwrap();
        assert_eq!(state.group_state().unwrap().wrong_clock, None);
    }
    ahead.store(1, Ordering::Relaxed);
    wait_until("it recovers", async || third.is_alive().await.is_ok()).await;
    assert!(is_set(&third, kind, key).await);
}

/// A blocking call reports that the server stops, not that etcd fails.
#[test]
fn stopped_engine_says_so() {
    let cluster = EtcdCluster::start(1);
    let state = open(&settings(&cluster));
    let group = state.blocking_group();
    assert!(group.read_sealed("keys").unwrap().is_none());
    drop(state);
    let deadline = Instant::now() + Duration::from_secs(10);
    let stopped = loop {
        match group.read_sealed("keys") {
            // The thread of the engine ends soon.
            Ok(_) if Instant::now() < deadline => {}
            other => break other,
        }
    };
    assert!(matches!(stopped, Err(GroupError::Stopped)), "{stopped:?}");
}

#[test]
fn missing_etcd_is_reported_with_its_endpoint() {
    let nowhere: SocketAddr = free_address();
    let error = try_open(&settings_at(&[nowhere])).unwrap_err();
    assert!(error.source().is_none(), "its text would be repeated");
    let error = error.to_string();
    assert!(
        error.contains(&format!(
            "http://{nowhere}: cannot connect: Connection refused"
        )),
        "{error}"
    );
    assert_eq!(error.matches("refused").count(), 1, "{error}");
    assert!(error.contains("check `endpoints`"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_and_password_are_required_if_etcd_requires_them() {
    let cluster = EtcdCluster::start(1);
    let with_password = |password: &str| {
        Some(Credentials {
            user: "roamd".to_owned(),
            password: password.to_owned().into(),
        })
    };
    let refused = |settings: &GroupSettings| try_open(settings).unwrap_err().to_string();
    let mut settings = settings(&cluster);
    settings.client.credentials = with_password("secret");
    let error = refused(&settings);
    assert!(error.contains("its authentication is off"), "{error}");
    settings.client.credentials = None;
    for (path, request) in [
        ("user/add", json!({ "name": "root", "password": "root's" })),
        ("role/add", json!({ "name": "root" })),
        ("user/grant", json!({ "user": "root", "role": "root" })),
        ("user/add", json!({ "name": "roamd", "password": "secret" })),
        ("role/add", json!({ "name": "roamd" })),
        ("user/grant", json!({ "user": "roamd", "role": "roamd" })),
        (
            "role/grant",
            json!({ "name": "roamd", "perm": {
                "permType": "READWRITE",
                "key": data_encoding::BASE64.encode(PREFIX.as_bytes()),
                "range_end": data_encoding::BASE64.encode(b"/roamd/test0"),
            } }),
        ),
        ("enable", json!({})),
    ] {
        drop(cluster.call(&format!("/v3/auth/{path}"), &request));
    }
    let error = refused(&settings);
    assert!(
        error.contains("user or password is wrong or missing"),
        "{error}"
    );
    settings.client.credentials = with_password("wrong");
    let error = refused(&settings);
    assert!(
        error.contains("user or password is wrong or missing"),
        "{error}"
    );
    settings.client.credentials = with_password("secret");
    let state = open(&settings);
    let key = Digest::of(b"key");
    let kind = FlagKind::RevokedToken;
    assert!(state.set_flag(PARTY, kind, key, at(10)).await.unwrap());
    assert!(is_set(&state, kind, key).await);
    // The user has no permission for another group.
    settings.prefix = "/other/".to_owned();
    let error = refused(&settings);
    assert!(error.contains("no permission for the prefix"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_both_sides_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let authority = CertificateAuthority::new();
    let server = authority.issue("127.0.0.1", 2099);
    let client = authority.issue("roamd", 2099);
    std::fs::write(path("ca.pem"), authority.pem()).unwrap();
    std::fs::write(path("server.pem"), server.certificate).unwrap();
    std::fs::write(path("server.key"), server.key).unwrap();
    let arguments = [
        format!("--cert-file={}", path("server.pem")),
        format!("--key-file={}", path("server.key")),
        format!("--trusted-ca-file={}", path("ca.pem")),
        "--client-cert-auth".to_owned(),
    ];
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let cluster = EtcdCluster::start_with(1, "https", &arguments);
    let mut settings = settings(&cluster);
    for endpoint in &mut settings.client.endpoints {
        endpoint.scheme = Scheme::Https;
    }
    settings.client.timeout = Duration::from_secs(5);
    let identity = Some((client.certificate.as_bytes(), client.key.as_bytes()));
    let wrong = CertificateAuthority::new();
    for (authority, identity, expected) in [
        (
            wrong.pem(),
            identity,
            "TLS failed: invalid peer certificate",
        ),
        // With TLS 1.3 the server refuses after the handshake of the client.
        (authority.pem(), None, "set `tls_certificate_file`"),
    ] {
        settings.client.tls = Some(ClientTls::new(authority.as_bytes(), identity).unwrap());
        let error = try_open(&settings).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let tls = ClientTls::new(authority.pem().as_bytes(), identity).unwrap();
    settings.client.tls = Some(tls);
    let state = open(&settings);
    settings.client.endpoints[0].scheme = Scheme::Http;
    let error = try_open(&settings).unwrap_err().to_string();
    assert!(error.contains("begins with https://"), "{error}");
    let plain = EtcdCluster::start(1);
    settings.client.endpoints[0].port = plain.addresses()[0].port();
    settings.client.endpoints[0].scheme = Scheme::Https;
    let error = try_open(&settings).unwrap_err().to_string();
    assert!(error.contains("begins with http://"), "{error}");
    let flag = FlagKind::RevokedToken;
    let key = Digest::of(b"key");
    assert!(state.set_flag(PARTY, flag, key, at(10)).await.unwrap());
}
