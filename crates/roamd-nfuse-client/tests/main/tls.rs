//! TLS: certificates of controllers that the client accepts, and those that it refuses.
#![expect(
    clippy::unwrap_used,
    reason = "a test without its certificates cannot go on"
)]

use rcgen::{KeyPair, PublicKeyData as _};
use roamd_nfuse_client::{
    CallError, ClientTls, ControllerOrder, ControllerUrl, FarmClient, FarmConfig, Sent, Trust,
};
use roamd_testkit::{CertificateAuthority, Script, ScriptedController, TlsProxy};
use sha2::{Digest, Sha256};

use crate::support::{LONG, READ, capability, capability_response, config};

/// Controller with a certificate for one name that expires at the end of a year.
struct Secure {
    controller: ControllerUrl,
    pin: String,
    _plain: ScriptedController,
}

impl Secure {
    async fn start(authority: &CertificateAuthority, name: &str, year: i32) -> Self {
        let issued = authority.issue(name, year);
        let key = KeyPair::from_pem(&issued.key).unwrap();
        let pin = data_encoding::BASE64.encode(&Sha256::digest(key.subject_public_key_info()));
        let plain =
            ScriptedController::in_order([Script::bytes(capability_response("secure"))]).await;
        let proxy = TlsProxy::with_certificate(plain.address(), authority, &issued).await;
        Self {
            controller: ControllerUrl::parse(&proxy.url).unwrap(),
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
    let (authority, stranger) = (CertificateAuthority::new(), CertificateAuthority::new());
    let by = |authority: &CertificateAuthority, name| {
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
    let secure = Secure::start(&CertificateAuthority::new(), "other.example.test", 2021).await;
    let other = Secure::start(&CertificateAuthority::new(), "other.example.test", 2021).await;
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
    let secure = Secure::start(&CertificateAuthority::new(), "localhost", 2096).await;
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
