//! What operators see of farms: metrics, and readiness.

use std::time::{Duration, Instant};

use roamd_server::{ProbeResponse, config, probe};
use roamd_testsuite::{Options, Response, Script, ScriptedFarm, SignedIn, Site, TlsFront, sign_in};

/// A demo site whose farms have been asked for nothing, and a scripted farm `GATE`.
async fn site_with(farm: &ScriptedFarm) -> Site {
    Site::start(Options {
        authentication: "credentials = \"GATE\"\ndomains = [\"DEMO\"]".to_owned(),
        more_farms: farm.section("GATE", "Gate") + "timeout_ms = 500\n",
        ..Options::default()
    })
    .await
}

async fn get(site: &Site, path: &str, accept: &str) -> Response {
    let headers = [("Accept", accept)];
    site.gateway.send("GET", path, &headers, b"").await
}

/// The value of a metric with these labels, in any order; nothing where it is not told.
async fn metric(site: &Site, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let response = get(site, "/metrics", "*/*").await;
    let line = response.text().lines().find(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('{'))
            && labels
                .iter()
                .all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
    })?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

/// Lists so often that the breaker of a controller which fails is open.
async fn notice(user: &SignedIn) {
    for _ in 0..3 {
        user.state("DESK-C", "").await.unwrap();
    }
}

#[tokio::test]
async fn operations_are_counted_by_what_came_of_them() {
    let farm = ScriptedFarm::friendly().await;
    let site = site_with(&farm).await;
    let lost = [
        ("farm", "GATE"),
        ("operation", "logoff"),
        ("outcome", "unavailable"),
    ];
    let before = metric(&site, "roamd_farm_operations_total", &lost).await;
    assert_eq!(before, Some(0.0), "told before the first one");
    let carol = sign_in(&site, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "GATE.Ledger").await;
    carol.end("disconnect", "DESK-C", "").await;
    farm.play("LogoffUserSessions", Script::bytes("").then_close());
    carol.end("logoff", "DESK-C", "").await;
    farm.answer("ReconnectSessionData", "");
    for (answer, outcome) in [
        ("<ErrorId>not-licensed</ErrorId>", "refused"),
        ("<ErrorId>retry-required</ErrorId>", "not_ready"),
        ("<ErrorId>no-available-workstation</ErrorId>", "gone"),
    ] {
        farm.answer("Address", answer);
        carol.launch(&url, "DESK-C").await;
        let labels = [
            ("farm", "GATE"),
            ("operation", "launch"),
            ("outcome", outcome),
        ];
        let count = metric(&site, "roamd_farm_operations_total", &labels).await;
        assert_eq!(count, Some(1.0), "{outcome}");
    }
    let expected = [
        ("sign_in", "confirmed"),
        ("list", "confirmed"),
        ("disconnect", "confirmed"),
        ("logoff", "unavailable"),
    ];
    for (operation, outcome) in expected {
        let labels = [
            ("farm", "GATE"),
            ("operation", operation),
            ("outcome", outcome),
        ];
        let count = metric(&site, "roamd_farm_operations_total", &labels).await;
        assert_eq!(count, Some(1.0), "{operation} {outcome}");
    }
}

#[tokio::test]
async fn a_controller_is_told_with_its_attempts_its_state_and_its_connections() {
    let farm = ScriptedFarm::friendly().await;
    let site = site_with(&farm).await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    carol.state("DESK-C", "").await.unwrap();
    let url = format!("http://{}", farm.address());
    let controller = [("farm", "GATE"), ("controller", &*url)];
    let labelled = |more: &[(&'static str, &'static str)]| [&controller[..], more].concat();
    let state = |state| labelled(&[("state", state)]);
    let listed = labelled(&[
        ("request", "RequestReconnectSessionData"),
        ("outcome", "answered"),
    ]);
    let attempts = "roamd_farm_attempts_total";
    assert_eq!(metric(&site, attempts, &listed).await, Some(1.0));
    let times = "roamd_farm_attempt_time_seconds_count";
    assert!(metric(&site, times, &controller).await >= Some(3.0));
    let states = "roamd_farm_controller_state";
    assert_eq!(metric(&site, states, &state("closed")).await, Some(1.0));
    assert_eq!(metric(&site, states, &state("open")).await, Some(0.0));
    let open = metric(&site, "roamd_farm_connections", &controller).await;
    let idle = metric(&site, "roamd_farm_idle_connections", &controller).await;
    assert!(open >= idle && idle >= Some(1.0), "{open:?} {idle:?}");

    farm.play("AppData", Script::bytes("").then_close());
    farm.play("Capabilities", Script::bytes("").then_close());
    farm.play("ReconnectSessionData", Script::bytes("").then_close());
    notice(&carol).await;
    let lost = labelled(&[
        ("request", "RequestReconnectSessionData"),
        ("outcome", "lost"),
    ]);
    assert!(metric(&site, attempts, &lost).await >= Some(1.0));
    assert_eq!(metric(&site, states, &state("closed")).await, Some(0.0));
    // Nobody has shown a certificate.
    let expiry = "roamd_farm_certificate_expiry_timestamp_seconds";
    assert_eq!(metric(&site, expiry, &[]).await, None);
}

#[tokio::test]
async fn readiness_is_told_by_farm() {
    let farm = ScriptedFarm::friendly().await;
    let mut site = site_with(&farm).await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    let ready = get(&site, "/readyz", "*/*").await;
    let whole = "200 OK: ready\nfarm XA1 ready\nfarm XD5 ready\nfarm CVAD ready\nfarm GATE ready\n";
    assert_eq!((ready.status, ready.text()), (200, whole));

    site.stop_farm("XD5").await;
    site.stop_farm("CVAD").await;
    notice(&carol).await;
    let some = get(&site, "/readyz", "text/plain").await;
    let partly = "200 OK: ready\nfarm XA1 ready\nfarm XD5 down\nfarm CVAD down\nfarm GATE ready\n";
    assert_eq!((some.status, some.text()), (200, partly));
    let json = get(&site, "/readyz", "application/json").await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    let down = r#"{"controllers":2,"id":"XD5","state":"down","used":0}"#;
    assert!(json.text().contains(down), "{}", json.text());

    site.stop_farm("XA1").await;
    for request in ["AppData", "ReconnectSessionData", "Capabilities"] {
        farm.play(request, Script::bytes("").then_close());
    }
    notice(&carol).await;
    let none = get(&site, "/readyz", "*/*").await;
    assert_eq!(none.status, 503, "{}", none.text());
    assert_eq!(none.header("retry-after"), Some("5"));
    // It is on the public listener: no address of a controller, and not why it fails.
    for (_, address) in &site.controllers {
        assert!(!none.text().contains(&address.to_string()));
    }
    assert_eq!(none.text().matches(" down\n").count(), 4, "{}", none.text());

    farm.be_friendly();
    let begin = Instant::now();
    while get(&site, "/readyz", "*/*").await.status != 200 {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "probes bring it back"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_expiry_of_a_certificate_is_told_before_users_notice() {
    let farm = ScriptedFarm::friendly().await;
    let front = TlsFront::start(farm.address(), 2096).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, &front.authority).unwrap();
    let section = format!(
        "[[store.farm]]\nid = \"SAFE\"\nname = \"Safe\"\ngeneration = \"cvad-7\"\n\
         controllers = [\"{}\"]\ntls_ca_file = {authority:?}\n",
        front.url
    );
    let text = format!(
        "listen = \"127.0.0.1:0\"\nbase_url = \"http://127.0.0.1\"\ndata_dir = \"unused\"\n\
         [[store]]\npath = \"/Citrix/Store\"\n{section}"
    );
    let probed = probe(&config::parse(&text).unwrap()).await.unwrap();
    let end_of_2096: jiff::Timestamp = "2096-12-31T00:00:00Z".parse().unwrap();
    assert_eq!(probed[0].certificate_expiry, Some(end_of_2096));
    let capable = matches!(probed[0].answer, Ok(ProbeResponse::Capable { .. }));
    assert!(capable, "{probed:?}");

    let site = Site::start(Options {
        more_farms: section,
        ..Options::default()
    })
    .await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    let listed = carol.resources("DESK-C", "").await;
    assert!(listed.contains(&"SAFE.Ledger".to_owned()), "{listed:?}");
    let labels = [("farm", "SAFE"), ("controller", &*front.url)];
    let expiry = "roamd_farm_certificate_expiry_timestamp_seconds";
    #[expect(clippy::cast_precision_loss, reason = "seconds are small enough")]
    let expected = end_of_2096.as_second() as f64;
    assert_eq!(metric(&site, expiry, &labels).await, Some(expected));
}
