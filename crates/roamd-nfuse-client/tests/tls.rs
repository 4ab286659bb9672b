//! TLS: certificates of controllers that the client accepts, and those that it refuses.
#![expect(
    clippy::unwrap_used,
    reason = "a test without its certificates cannot go on"
)]

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData as _,
    date_time_ymd,
};
use roamd_nfuse_client::{
    CallError, ClientTls, ControllerOrder, ControllerUrl, FarmClient, FarmConfig, Sent, Trust,
};
use roamd_testkit::{Script, ScriptedController};
use sha2::{Digest, Sha256};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{LONG, READ, capability, capability_response, config};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Controller with a certificate for one name that expires at the end of a year.
struct Secure {
    controller: ControllerUrl,
    pin: String,
    _plain: ScriptedController,
}

impl Secure {
    async fn start(authority: &Authority, name: &str, year: i32) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.signed_by(&key, authority).unwrap();
        let pin = data_encoding::BASE64.encode(&Sha256::digest(key.subject_public_key_info()));
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let plain =
            ScriptedController::in_order([Script::bytes(capability_response("secure"))]).await;
        let behind = plain.address();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let mut behind = TcpStream::connect(behind).await.ok()?;
                    copy_bidirectional(&mut stream, &mut behind).await.ok()
                });
            }
        });
        Self {
            controller: ControllerUrl::parse(&format!("https://localhost:{port}")).unwrap(),
            pin: format!("sha256//{pin}"),
            _plain: plain,
        }
    }
}

fn farm(controller: &ControllerUrl, tls: ClientTls) -> FarmClient {
    FarmClient::new(FarmConfig {
        tls: Some(tls),
        ..config(vec![controller.clone()], ControllerOrder::Ordered, LONG)
    })
}

fn pinned(pin: &str) -> ClientTls {
    ClientTls::new(&Trust::PublicKeys(vec![pin.parse().unwrap()]), None).unwrap()
}

#[tokio::test]
async fn only_trusted_certificate_gets_a_request() {
    let (authority, stranger) = (authority(), authority());
    let by = |authority: &Authority, name| {
        ClientTls::new(&Trust::Authorities(authority.pem().into_bytes()), name).unwrap()
    };
    let good = "localhost";
    // (case, name and year of the certificate, settings of the client, whether it gets a response)
    let cases = [
        ("own authority", good, 2096, by(&authority, None), true),
        ("another authority", good, 2096, by(&stranger, None), false),
        (
            "another name",
            "other.example.test",
            2096,
            by(&authority, None),
            false,
        ),
        (
            "the configured name",
            "other.example.test",
            2096,
            by(&authority, Some("other.example.test")),
            true,
        ),
        (
            "not the configured name",
            good,
            2096,
            by(&authority, Some("other.example.test")),
            false,
        ),
        ("expired", good, 2021, by(&authority, None), false),
        (
            "unknown to the system",
            good,
            2096,
            ClientTls::new(&Trust::System, None).unwrap(),
            false,
        ),
    ];
    for (case, name, year, tls, is_accepted) in cases {
        let secure = Secure::start(&authority, name, year).await;
        let response = farm(&secure.controller, tls).call(&READ).await;
        match response {
            Ok(response) => assert!(is_accepted && response == capability("secure"), "{case}"),
            Err(error) => {
                assert!(!is_accepted, "{case}: {error:?}");
                assert!(
                    matches!(error, CallError::Unreachable(_)),
                    "{case}: {error:?}"
                );
                assert_eq!(error.sent(), Sent::NotSent, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn only_pinned_key_is_accepted() {
    let secure = Secure::start(&authority(), "other.example.test", 2021).await;
    let other = Secure::start(&authority(), "other.example.test", 2021).await;
    let response = farm(&secure.controller, pinned(&secure.pin))
        .call(&READ)
        .await;
    assert_eq!(response.unwrap(), capability("secure"));
    let refused = farm(&other.controller, pinned(&secure.pin))
        .call(&READ)
        .await;
    assert!(matches!(refused, Err(CallError::Unreachable(_))));
}

#[tokio::test]
async fn certificate_expiry_is_reported_after_handshake() {
    let secure = Secure::start(&authority(), "localhost", 2096).await;
    let farm = farm(&secure.controller, pinned(&secure.pin));
    let expiry = || {
        farm.controllers()
            .find_map(|report| report.certificate_expiry)
    };
    assert_eq!(expiry(), None);
    farm.call(&READ).await.unwrap();
    let end_of_2096 = std::time::Duration::from_secs(4_007_750_400);
    assert_eq!(expiry(), Some(std::time::UNIX_EPOCH + end_of_2096));
}

#[tokio::test]
async fn https_controller_gets_no_plain_request() {
    let plain = ScriptedController::in_order([Script::bytes(capability_response("plain"))]).await;
    let port = plain
        .controller_url()
        .to_string()
        .replace("http://127.0.0.1:", "");
    let controller = ControllerUrl::parse(&format!("https://localhost:{port}")).unwrap();
    let tls = ClientTls::new(&Trust::System, None).unwrap();
    let farm = FarmClient::new(FarmConfig {
        connect_timeout: std::time::Duration::from_millis(200),
        ..config(vec![controller.clone()], ControllerOrder::Ordered, LONG)
    });
    assert!(matches!(
        farm.call(&READ).await,
        Err(CallError::Unreachable(_))
    ));
    let farm = FarmClient::new(FarmConfig {
        tls: Some(tls),
        connect_timeout: std::time::Duration::from_millis(200),
        ..config(vec![controller], ControllerOrder::Ordered, LONG)
    });
    assert!(matches!(
        farm.call(&READ).await,
        Err(CallError::Unreachable(_))
    ));
    assert!(plain.requests().is_empty());
}
