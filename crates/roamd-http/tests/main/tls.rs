//! TLS: versions, certificates of server and clients, and failed handshakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use roamd_http::{
    HttpServer, LimitReached, ListenerLimits, Observer, ServerTls, TlsCertificate,
    TlsCertificateError, Workers,
};
use roamd_testkit::http2::{PREFACE, SETTINGS, frame};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{SHORT, TestServer, each_address, start, start_with};

const REQUEST: &str = "GET /peer HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

/// Certificate authority that issues certificates for `localhost`.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    /// Issues a certificate. Returns it and its key, in PEM.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    pub(crate) fn certificate(&self) -> TlsCertificate {
        self.certificate_requesting(None).unwrap()
    }

    fn certificate_requesting(
        &self,
        clients: Option<&Self>,
    ) -> Result<TlsCertificate, TlsCertificateError> {
        let (certificate, key) = self.issue();
        let clients = clients.map(|clients| clients.issuer.pem().into_bytes());
        TlsCertificate::from_pem(certificate.as_bytes(), key.as_bytes(), clients.as_deref())
    }

    /// Returns a client that trusts this authority, presents a certificate of `shown`, if there is
    /// one, and offers these protocols.
    pub(crate) fn client(
        &self,
        shown: Option<&Self>,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match shown {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let (certificate, key) = authority.issue();
                let certificate =
                    rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes());
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder
                    .with_client_auth_cert(vec![certificate.unwrap()], key)
                    .unwrap()
            }
        };
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

pub(crate) async fn start_tls(certificate: TlsCertificate, limits: ListenerLimits) -> TestServer {
    start_with(HttpServer::new(limits, each_address).with_tls(Some(ServerTls::new(certificate))))
        .await
}

pub(crate) async fn connect(
    server: &TestServer,
    client: &TlsConnector,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    client.connect(name, stream).await
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(REQUEST.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}

#[tokio::test]
async fn tls_1_2_and_1_3_negotiate_h2_or_http_1_1() {
    let authority = Authority::new();
    let server = start_tls(authority.certificate(), ListenerLimits::default()).await;
    for (version, negotiated) in [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        for (protocols, chosen) in [
            (&[][..], None),
            (&["http/1.1"], Some("http/1.1")),
            (&["h2", "http/1.1"], Some("h2")),
        ] {
            let client = authority.client(None, &[version], protocols);
            let mut stream = connect(&server, &client).await.unwrap();
            let session = stream.get_ref().1;
            assert_eq!(session.protocol_version(), Some(negotiated));
            assert_eq!(session.alpn_protocol(), chosen.map(str::as_bytes));
            if chosen != Some("h2") {
                let response = ask(&mut stream).await.unwrap();
                assert!(response.ends_with("HTTP/1.1 false"), "{response}");
            }
        }
        let client = authority.client(None, &[version], &["spdy/3"]);
        assert!(
            connect(&server, &client).await.is_err(),
            "no protocol in common"
        );
    }
}

#[tokio::test]
async fn client_certificate_is_optional_but_must_be_trusted() {
    let (authority, proxies, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let certificate = authority.certificate_requesting(Some(&proxies)).unwrap();
    let server = start_tls(certificate, ListenerLimits::default()).await;
    let versions = rustls::ALL_VERSIONS;
    for (shown, expected) in [
        (None, Some("HTTP/1.1 false")),
        (Some(&proxies), Some("HTTP/1.1 true")),
        (Some(&strangers), None),
    ] {
        let client = authority.client(shown, versions, &[]);
        let response = match connect(&server, &client).await {
            Ok(mut stream) => ask(&mut stream).await,
            Err(error) => Err(error),
        };
        match expected {
            Some(expected) => assert!(response.unwrap().ends_with(expected)),
            None => assert!(response.is_err(), "{response:?}"),
        }
    }
    // A client presents no certificate if the server requests none.
    let server = start_tls(authority.certificate(), ListenerLimits::default()).await;
    let client = authority.client(Some(&proxies), versions, &[]);
    let mut stream = connect(&server, &client).await.unwrap();
    assert!(ask(&mut stream).await.unwrap().ends_with("HTTP/1.1 false"));
}

#[tokio::test]
async fn peer_with_certificate_is_exempt_from_client_limit() {
    let (authority, proxies) = (Authority::new(), Authority::new());
    let limits = ListenerLimits {
        connections: 4,
        connections_per_client: 1,
        ..ListenerLimits::default()
    };
    let server = start_tls(
        authority.certificate_requesting(Some(&proxies)).unwrap(),
        limits,
    )
    .await;
    let proxy = authority.client(Some(&proxies), rustls::ALL_VERSIONS, &[]);
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&server, &proxy).await.unwrap();
        // The response proves that the server has seen the certificate.
        let request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        stream.write_all(request).await.unwrap();
        stream.read_u8().await.unwrap();
        kept.push(stream);
    }
    // The limit of the address is free, and then the limit in total is reached.
    let own = authority.client(None, rustls::ALL_VERSIONS, &[]);
    kept.push(connect(&server, &own).await.unwrap());
    assert!(connect(&server, &proxy).await.is_err());
}

#[tokio::test]
async fn peer_with_certificate_is_known_from_its_second_connection_on() {
    let (authority, proxies) = (Authority::new(), Authority::new());
    let certificate = authority.certificate_requesting(Some(&proxies)).unwrap();
    let server = HttpServer::new(ListenerLimits::default(), each_address)
        .with_tls(Some(ServerTls::new(certificate)))
        .with_workers(Some(Arc::new(Workers::start(1).unwrap())));
    let server = start_with(server).await;
    let proxy = authority.client(Some(&proxies), rustls::ALL_VERSIONS, &[]);
    for expected in ["strangers-0", "worker-0"] {
        let mut stream = connect(&server, &proxy).await.unwrap();
        let request = "GET /thread HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with(expected), "{response}");
    }
}

#[tokio::test]
async fn replaced_certificate_is_for_new_connections() {
    let (before, after) = (Authority::new(), Authority::new());
    let tls = ServerTls::new(before.certificate());
    let server =
        HttpServer::new(ListenerLimits::default(), each_address).with_tls(Some(tls.clone()));
    let server = start_with(server).await;
    let [old, new] =
        [&before, &after].map(|it| it.client(None, rustls::ALL_VERSIONS, &["http/1.1"]));
    let mut kept = connect(&server, &old).await.unwrap();
    kept.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    kept.read_u8().await.unwrap();

    tls.replace(after.certificate());
    let response = ask(&mut kept).await.unwrap();
    assert!(response.ends_with("HTTP/1.1 false"), "{response}");
    assert!(connect(&server, &new).await.is_ok());
    assert!(connect(&server, &old).await.is_err());
}

#[derive(Default)]
struct Counts {
    refused: AtomicUsize,
    failed: AtomicUsize,
}

impl Observer for Counts {
    fn refused(&self, _why: LimitReached) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    fn handshake_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn failed_handshake_ends_in_time_and_is_counted() {
    let authority = Authority::new();
    let counts = Arc::new(Counts::default());
    let limits = ListenerLimits {
        first_byte: SHORT,
        ..ListenerLimits::default()
    };
    let server = HttpServer::new(limits, each_address)
        .with_tls(Some(ServerTls::new(authority.certificate())))
        .with_observer(counts.clone());
    let server = start_with(server).await;
    let half = [0x16, 3, 1, 2, 0, 1];
    for (case, bytes, failures) in [
        ("silence", &b""[..], 0),
        ("plain HTTP", REQUEST.as_bytes(), 1),
        ("an HTTP/2 preface", PREFACE, 1),
        ("half a greeting", &half, 1),
        ("SSL 2", &[0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10], 1),
        ("rubbish", &[0xff; 4_000], 1),
    ] {
        let before = counts.failed.load(Ordering::Relaxed);
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut response = Vec::new();
        let read = tokio::time::timeout(10 * SHORT, stream.read_to_end(&mut response)).await;
        assert!(read.is_ok(), "{case} times out");
        assert!(
            response.len() < 16,
            "{case}: at most an alert: {response:?}"
        );
        let after = counts.failed.load(Ordering::Relaxed);
        assert_eq!(after - before, failures, "{case}");
    }
    let client = authority.client(None, rustls::ALL_VERSIONS, &[]);
    assert!(
        connect(&server, &client).await.is_ok(),
        "the server goes on"
    );
    assert_eq!(counts.refused.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn tls_and_http2_on_a_plain_port_end_at_once() {
    let authority = Authority::new();
    let server = start(ListenerLimits::default()).await;
    let client = authority.client(None, rustls::ALL_VERSIONS, &[]);
    assert!(connect(&server, &client).await.is_err());
    let preface = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&preface).await.unwrap();
    let mut response = Vec::new();
    let ended = tokio::time::timeout(10 * SHORT, stream.read_to_end(&mut response)).await;
    assert!(ended.is_ok());
    let response = String::from_utf8_lossy(&response);
    assert!(
        response.is_empty() || response.starts_with("HTTP/1.1 400 "),
        "{response}"
    );
}

#[test]
fn unusable_certificate_is_reported_with_its_reason() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue();
    let (_, other) = authority.issue();
    let why = |certificate: &str, key: &str| {
        let made = TlsCertificate::from_pem(certificate.as_bytes(), key.as_bytes(), None);
        made.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(why(&certificate, &key), Ok(()));
    // One file with both is common, too.
    let both = format!("{key}{certificate}");
    assert_eq!(why(&both, &both), Ok(()));
    let no_certificate = "file of the certificate holds no certificate in PEM";
    assert_eq!(why("", &key).unwrap_err(), no_certificate);
    assert_eq!(why(&key, &key).unwrap_err(), no_certificate);
    let no_key = "file of the key holds no private key in PEM; an encrypted one cannot be used";
    assert_eq!(why(&certificate, "").unwrap_err(), no_key);
    assert_eq!(why(&certificate, &certificate).unwrap_err(), no_key);
    let other = why(&certificate, &other).unwrap_err();
    assert_eq!(other, "private key is not that of the certificate");
}
