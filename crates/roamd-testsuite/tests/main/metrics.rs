//! Metrics and readiness of farms.

use std::time::{Duration, Instant};

use roamd_server::{ProbeResponse, config, probe};
use roamd_testkit::{FarmConfig, Script, ScriptedController, ServerConfig, StoreConfig, TlsProxy};
use roamd_testsuite::{Options, Response, SignedIn, TestEnvironment, TokenService, sign_in};
use serde_json::Value;

/// Starts the demo environment with a scripted farm `SCRIPTED`. No farm has been called.
async fn env_with(farm: &ScriptedController) -> TestEnvironment {
    TestEnvironment::start(Options {
        authentication: "credentials = \"SCRIPTED\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: farm.farm_section("SCRIPTED", "Scripted") + "timeout_ms = 500\n",
        ..Options::default()
    })
    .await
}

async fn get(env: &TestEnvironment, path: &str, accept: &str) -> Response {
    let headers = [("Accept", accept)];
    env.server.send("GET", path, &headers, b"").await
}

/// Returns the value of a metric with these labels, in any order, or `None` if it is absent.
async fn metric(env: &TestEnvironment, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let response = get(env, "/metrics", "*/*").await;
    let line = response.text().lines().find(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('{'))
            && labels
                .iter()
                .all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
    })?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

/// Lists until the breaker of a failing controller is open.
async fn open_breakers(user: &SignedIn) {
    for _ in 0..3 {
        user.state("DESK-C", "").await.unwrap();
    }
}

#[tokio::test]
async fn farm_operations_are_counted_by_outcome() {
    let farm = ScriptedController::healthy().await;
    let env = env_with(&farm).await;
    let lost = [
        ("farm", "SCRIPTED"),
        ("operation", "logoff"),
        ("outcome", "unavailable"),
    ];
    let before = metric(&env, "roamd_farm_operations_total", &lost).await;
    assert_eq!(before, Some(0.0), "present before the first operation");
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    carol.end("disconnect", "DESK-C", "").await;
    farm.set_script("LogoffUserSessions", Script::close());
    carol.end("logoff", "DESK-C", "").await;
    farm.set_content("ReconnectSessionData", "");
    for (response, outcome) in [
        ("<ErrorId>not-licensed</ErrorId>", "refused"),
        ("<ErrorId>retry-required</ErrorId>", "not_ready"),
        ("<ErrorId>no-available-workstation</ErrorId>", "gone"),
    ] {
        farm.set_content("Address", response);
        carol.launch(&url, "DESK-C").await;
        let labels = [
            ("farm", "SCRIPTED"),
            ("operation", "launch"),
            ("outcome", outcome),
        ];
        let count = metric(&env, "roamd_farm_operations_total", &labels).await;
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
            ("farm", "SCRIPTED"),
            ("operation", operation),
            ("outcome", outcome),
        ];
        let count = metric(&env, "roamd_farm_operations_total", &labels).await;
        assert_eq!(count, Some(1.0), "{operation} {outcome}");
    }
}

#[tokio::test]
async fn codes_of_refusals_are_audited_and_counted() {
    // nfuse.md §7: administrators search for the code of the subsystem.
    let farm = ScriptedController::healthy().await;
    let env = env_with(&farm).await;
    let mut audit = env.audit();
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    let refusal = "<ErrorId>unspecified</ErrorId><MPSError type=\"IMA\">0x8000000D</MPSError>";
    let operations = [
        ("Address", "launch"),
        ("Ticket", "launch"),
        ("DisconnectUserSessions", "disconnect"),
        ("LogoffUserSessions", "log-off"),
        ("ReconnectSessionData", "list"),
        ("ValidateCredentials", "sign-in-refused"),
    ];
    for (request, event) in operations {
        audit.new_lines(&carol).await;
        farm.set_content(request, refusal);
        match event {
            "launch" => drop(carol.launch(&url, "DESK-C").await),
            "disconnect" => drop(carol.end("disconnect", "DESK-C", "").await),
            "log-off" => drop(carol.end("logoff", "DESK-C", "").await),
            "list" => drop(carol.state("DESK-C", "").await),
            _ => {
                let sign_in = TokenService::discover(env.server).await.begin().await;
                sign_in.attempt("bob", "roam-demo", Some("DEMO")).await;
            }
        }
        let lines = audit.new_lines(&carol).await;
        farm.make_healthy();
        let labels = [
            ("farm", "SCRIPTED"),
            ("request", &*format!("Request{request}")),
            ("error_id", "unspecified"),
            ("native_code", "0x8000000D"),
        ];
        let count = metric(&env, "roamd_farm_refusals_total", &labels).await;
        assert_eq!(count, Some(1.0), "{request}");
        if event == "list" {
            // A list without effect has no line.
            continue;
        }
        let line = lines.iter().find(|line| line["event"] == event).unwrap();
        let farms = line["farms"].as_array();
        let at = |farms: &Vec<Value>| farms.iter().find(|at| at["farm"] == "SCRIPTED").cloned();
        let codes = farms.map_or_else(|| line.clone(), |farms| at(farms).unwrap());
        assert_eq!(codes["error_id"], "unspecified", "{line}");
        assert_eq!(codes["native_code"], "IMA 0x8000000D", "{line}");
    }
}

#[tokio::test]
async fn metrics_show_attempts_state_and_connections_of_controller() {
    let farm = ScriptedController::healthy().await;
    let env = env_with(&farm).await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    carol.state("DESK-C", "").await.unwrap();
    let url = format!("http://{}", farm.address());
    let controller = [("farm", "SCRIPTED"), ("controller", &*url)];
    let labelled = |more: &[(&'static str, &'static str)]| [&controller[..], more].concat();
    let state = |state| labelled(&[("state", state)]);
    let listed = labelled(&[
        ("request", "RequestReconnectSessionData"),
        ("outcome", "responded"),
    ]);
    let attempts = "roamd_farm_attempts_total";
    assert_eq!(metric(&env, attempts, &listed).await, Some(1.0));
    let times = "roamd_farm_attempt_time_seconds_count";
    assert!(metric(&env, times, &controller).await >= Some(3.0));
    let states = "roamd_farm_controller_state";
    assert_eq!(metric(&env, states, &state("closed")).await, Some(1.0));
    assert_eq!(metric(&env, states, &state("open")).await, Some(0.0));
    let open = metric(&env, "roamd_farm_connections", &controller).await;
    let idle = metric(&env, "roamd_farm_idle_connections", &controller).await;
    assert!(open >= idle && idle >= Some(1.0), "{open:?} {idle:?}");

    farm.set_script("AppData", Script::close());
    farm.set_script("Capabilities", Script::close());
    farm.set_script("ReconnectSessionData", Script::close());
    open_breakers(&carol).await;
    let lost = labelled(&[
        ("request", "RequestReconnectSessionData"),
        ("outcome", "lost"),
    ]);
    assert!(metric(&env, attempts, &lost).await >= Some(1.0));
    assert_eq!(metric(&env, states, &state("closed")).await, Some(0.0));
    // No controller has a certificate.
    let expiry = "roamd_farm_certificate_expiry_timestamp_seconds";
    assert_eq!(metric(&env, expiry, &[]).await, None);
}

#[tokio::test]
async fn readiness_is_reported_per_farm() {
    let farm = ScriptedController::healthy().await;
    let mut env = env_with(&farm).await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let ready = get(&env, "/readyz", "*/*").await;
    let whole =
        "200 OK: ready\nfarm XA1 ready\nfarm XD5 ready\nfarm CVAD ready\nfarm SCRIPTED ready\n";
    assert_eq!((ready.status, ready.text()), (200, whole));

    env.stop_farm("XD5").await;
    env.stop_farm("CVAD").await;
    open_breakers(&carol).await;
    let some = get(&env, "/readyz", "text/plain").await;
    let partly =
        "200 OK: ready\nfarm XA1 ready\nfarm XD5 down\nfarm CVAD down\nfarm SCRIPTED ready\n";
    assert_eq!((some.status, some.text()), (200, partly));
    let json = get(&env, "/readyz", "application/json").await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    let down = r#"{"controllers":2,"id":"XD5","state":"down","used":0}"#;
    assert!(json.text().contains(down), "{}", json.text());

    env.stop_farm("XA1").await;
    for request in ["AppData", "ReconnectSessionData", "Capabilities"] {
        farm.set_script(request, Script::close());
    }
    open_breakers(&carol).await;
    let none = get(&env, "/readyz", "*/*").await;
    assert_eq!(none.status, 503, "{}", none.text());
    assert_eq!(none.header("retry-after"), Some("5"));
    // The response is public: it contains no address of a controller, and no cause of a failure.
    for (_, address) in &env.controllers {
        assert!(!none.text().contains(&address.to_string()));
    }
    assert_eq!(none.text().matches(" down\n").count(), 4, "{}", none.text());

    farm.make_healthy();
    let begin = Instant::now();
    while get(&env, "/readyz", "*/*").await.status != 200 {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "a probe has to mark it up"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn failure_of_idle_farm_is_reported_without_a_request() {
    let mut env = TestEnvironment::start(Options {
        listener: "probe_seconds = 1".to_owned(),
        store: "[store.gateway]\naddress = \"gw.example.net\"\nsta = [\"{CVAD}\"]\n".to_owned(),
        ..Options::default()
    })
    .await;
    let text = readiness(&env, |text| text.contains("gateway of /Citrix/Store ready")).await;
    assert!(
        text.contains("(STA"),
        "the id of the ticket authority: {text}"
    );
    let probes = [
        ("farm", "XA1"),
        ("request", "probe"),
        ("outcome", "responded"),
    ];
    let attempts = "roamd_farm_attempts_total";
    assert!(metric(&env, attempts, &probes).await >= Some(1.0));

    env.stop_farm("XD5").await;
    let some = readiness(&env, |text| text.contains("farm XD5 down")).await;
    assert!(
        some.starts_with("200 OK: ready\nfarm XA1 ready\n"),
        "{some}"
    );
    env.stop_farm("XA1").await;
    env.stop_farm("CVAD").await;
    let none = readiness(&env, |text| text.starts_with("503")).await;
    let summary = "503 Service Unavailable: no farm of /Citrix/Store can be reached\n";
    assert!(none.starts_with(summary), "{none}");
    // No permit of a farm was used.
    let operations = metric(&env, "roamd_farm_operations_total", &[("outcome", "busy")]).await;
    assert_eq!(operations, Some(0.0));
}

/// Waits until the readiness of a server holds a condition, and returns it.
async fn readiness(env: &TestEnvironment, holds: impl Fn(&str) -> bool) -> String {
    let begin = Instant::now();
    loop {
        let text = get(env, "/readyz", "*/*").await.text().to_owned();
        if holds(&text) {
            return text;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn readiness_of_farms_is_for_operators_only() {
    for (keys, forwarded, shows_farms) in [
        ("", None, true),
        ("metrics_from = []", None, false),
        ("", Some(("X-Forwarded-For", "127.0.0.1")), false),
        (
            "trusted_proxies = [\"127.0.0.1\"]",
            Some(("X-Forwarded-For", "192.0.2.1")),
            false,
        ),
    ] {
        let env = TestEnvironment::start(Options {
            listener: keys.to_owned(),
            ..Options::default()
        })
        .await;
        for (accept, alone) in [
            ("text/plain", "200 OK: ready\n"),
            ("application/json", "{\"ready\":true}\n"),
        ] {
            let headers: Vec<_> = forwarded.into_iter().chain([("Accept", accept)]).collect();
            let ready = env.server.send("GET", "/readyz", &headers, b"").await;
            assert_eq!(ready.status, 200, "{keys} {forwarded:?}");
            assert_eq!(ready.text() != alone, shows_farms, "{}", ready.text());
            assert_eq!(
                ready.text().contains("XA1"),
                shows_farms,
                "{}",
                ready.text()
            );
        }
    }
}

#[tokio::test]
async fn certificate_expiry_of_controller_is_reported() {
    let farm = ScriptedController::healthy().await;
    let proxy = TlsProxy::start(farm.address(), 2096).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, &proxy.authority).unwrap();
    let safe = FarmConfig {
        lines: format!("tls_ca_file = {authority:?}"),
        ..FarmConfig::new("SAFE", &proxy.url)
    };
    let section = safe.to_string();
    let config = ServerConfig {
        listen: "127.0.0.1:0".to_owned(),
        base_url: "http://127.0.0.1".to_owned(),
        data_dir: "/unused".to_owned(),
        lines: String::new(),
        stores: vec![StoreConfig::new("/Citrix/Store", [safe])],
    };
    let config = config::parse(&config.to_string()).unwrap();
    let probed = probe(&config).await.unwrap();
    let end_of_2096: jiff::Timestamp = "2096-12-31T00:00:00Z".parse().unwrap();
    assert_eq!(probed[0].certificate_expiry, Some(end_of_2096));
    let capable = matches!(probed[0].result, Ok(ProbeResponse::Capable { .. }));
    assert!(capable, "{probed:?}");

    let env = TestEnvironment::start(Options {
        more_sections: section,
        ..Options::default()
    })
    .await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let listed = carol.resources("DESK-C", "").await;
    assert!(listed.contains(&"SAFE.Ledger".to_owned()), "{listed:?}");
    let labels = [("farm", "SAFE"), ("controller", &*proxy.url)];
    let expiry = "roamd_farm_certificate_expiry_timestamp_seconds";
    #[expect(clippy::cast_precision_loss, reason = "seconds are small enough")]
    let expected = end_of_2096.as_second() as f64;
    assert_eq!(metric(&env, expiry, &labels).await, Some(expected));
}
