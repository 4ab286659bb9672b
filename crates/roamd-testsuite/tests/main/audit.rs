//! The audit log: operations with user, client address and the outcome of each farm, and no secret.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_proto::CapabilityId;
use roamd_store_proto::auth::DestroyToken;
use roamd_testkit::{FarmConfig, Script, ScriptedController, StoreConfig};
use roamd_testsuite::{
    AuditReader, Clock, Options, SignedIn, TestEnvironment, TokenContents, TokenService,
    session_params, sign_in, sign_in_to,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::password_change;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";
const RESULTS: &str = "application/vnd.citrix.sessionresults+xml";

/// Path of a second store.
const OTHER: &str = "/Citrix/Other";

/// Starts the demo environment with a second store, whose farm checks passwords and may respond
/// slowly.
async fn env_with_slow_farm(farm: &ScriptedController) -> TestEnvironment {
    let slow = FarmConfig {
        lines: "timeout_ms = 600000".to_owned(),
        ..FarmConfig::new("SCRIPTED", farm.url())
    };
    TestEnvironment::start(Options {
        authentication: "credentials = \"SCRIPTED\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: StoreConfig::new(OTHER, [slow]).to_string(),
        ..Options::default()
    })
    .await
}

/// Returns the only new line, without the fields that differ between runs.
async fn line(audit: &mut AuditReader, user: &SignedIn) -> Value {
    let lines = audit.new_lines(user).await;
    let [line] = lines.as_slice() else {
        panic!("{lines:#?}");
    };
    plain(line)
}

fn plain(line: &Value) -> Value {
    let mut line = line.clone();
    let fields = line.as_object_mut().unwrap();
    fields.remove("time").unwrap();
    for field in ["sign_in", "until"] {
        fields.remove(field);
    }
    if fields["event"] != "missing" {
        fields.remove("request").unwrap();
        assert_eq!(fields.remove("address").unwrap(), "127.0.0.1");
    }
    line
}

fn on_farms(event: &str, outcome: &str, farms: &[(&str, &str)]) -> Value {
    let farms: Vec<_> = farms
        .iter()
        .map(|(farm, outcome)| json!({ "farm": farm, "outcome": outcome }))
        .collect();
    json!({
        "event": event, "user": "DEMO\\alice", "store": "/Citrix/Store", "client": "DESK-A",
        "outcome": outcome, "farms": farms,
    })
}

#[tokio::test]
async fn session_changes_are_logged_with_each_farms_outcome() {
    let mut env = TestEnvironment::demo().await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let signed_in = json!({ "event": "sign-in", "user": "DEMO\\alice" });
    assert_eq!(line(&mut audit, &alice).await, signed_in);

    // Operations without side effects are not logged.
    assert!(!alice.resources("DESK-A", "").await.is_empty());
    assert_eq!(alice.get("/Citrix/Store/resources/v2").await.status, 200);
    assert_eq!(audit.new_lines(&alice).await, [] as [Value; 0]);

    assert!(!alice.resources("DESK-A", ACTIVE).await.is_empty());
    let taken = [("XA1", "confirmed"), ("XD5", "confirmed")];
    assert_eq!(
        line(&mut audit, &alice).await,
        on_farms("list", "success", &taken)
    );

    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    let all = [
        ("XA1", "confirmed"),
        ("XD5", "confirmed"),
        ("CVAD", "confirmed"),
    ];
    assert_eq!(
        line(&mut audit, &alice).await,
        on_farms("disconnect", "success", &all)
    );

    env.stop_farm("XD5").await;
    let device = "<deviceId>0f3e</deviceId>";
    assert_eq!(alice.end("logoff", "DESK-A", device).await, "partial");
    let mut expected = on_farms(
        "log-off",
        "partial",
        &[
            ("XA1", "confirmed"),
            ("XD5", "unavailable"),
            ("CVAD", "confirmed"),
        ],
    );
    expected["device"] = json!("0f3e");
    assert_eq!(line(&mut audit, &alice).await, expected);
}

#[tokio::test]
async fn launch_is_logged_with_session_host_and_outcome() {
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        more_sections: farm.farm_section("SCRIPTED", "Scripted"),
        ..Options::default()
    })
    .await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    audit.new_lines(&alice).await;

    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let id = |url: &str| url.split('/').nth_back(2).unwrap().to_owned();
    let session = id(&url);
    assert_eq!(alice.launch(&url, "DESK-C").await.status, 200);
    let done = line(&mut audit, &alice).await;
    let expected = json!({
        "event": "launch", "user": "DEMO\\alice", "store": "/Citrix/Store", "client": "DESK-C",
        "device": "DESK-C", "session": session, "farm": "CVAD", "host": done["host"],
        "host_session": done["host_session"], "application": "Excel", "outcome": "success",
    });
    assert_eq!(done, expected);
    assert!(done["host"].is_string() && done["host_session"].is_string());

    // A launch of a resource, one that has to be retried, and one that is refused.
    let resources = alice.get("/Citrix/Store/resources/v2").await;
    let start = resources
        .text()
        .split(['>', '<'])
        .find(|text| text.contains("/resources/v2/") && text.ends_with("/launch/ica"))
        .unwrap()
        .to_owned();
    assert_eq!(alice.launch(&start, "DESK-C").await.status, 200);
    let started = line(&mut audit, &alice).await;
    assert_eq!(started["outcome"], "success");
    let farm_of = started["farm"].as_str().unwrap();
    let name = started["application"].as_str().unwrap();
    assert_eq!(started["resource"], format!("{farm_of}.{name}"));

    let scripted = alice.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let response = alice.launch(&scripted, "DESK-C").await;
    assert_eq!(line(&mut audit, &alice).await["outcome"], "retry");
    let retry = response.text().split(['>', '<']);
    let retry = retry
        .clone()
        .find(|text| text.starts_with("http:"))
        .unwrap();
    farm.set_content("Address", "<ErrorId>not-licensed</ErrorId>");
    assert_eq!(alice.launch(retry, "DESK-C").await.status, 200);
    let failed = line(&mut audit, &alice).await;
    assert_eq!(failed["outcome"], "failure", "{failed}");
    assert_eq!(failed["retry"], true);
    assert_eq!(failed["farm"], "SCRIPTED");

    // Launches that are refused: the id of another user, a forged id, and expired retry keys.
    for (user, url, farm, retry) in [
        (&bob, url.as_str(), Value::Null, Value::Null),
        (
            &alice,
            &url.replace(&session, "AAAA"),
            Value::Null,
            Value::Null,
        ),
        (&alice, retry, json!("SCRIPTED"), json!(true)),
        (&alice, &format!("{url}/AAAA"), json!("CVAD"), json!(true)),
    ] {
        assert_eq!(user.launch(url, "DESK-C").await.status, 404);
        let refused = line(&mut audit, &alice).await;
        assert_eq!(refused["outcome"], "not-found", "{refused}");
        assert_eq!(refused["error"], "ResourceNotFound");
        assert_eq!((&refused["farm"], &refused["retry"]), (&farm, &retry));
    }

    // A farm that issues a ticket again that a client has invalidated.
    farm.make_healthy();
    let ticket = "<tickets><ticket>0F51C2D9A8B74E60B1</ticket></tickets>";
    alice.end("disconnect", "DESK-C", ticket).await;
    audit.new_lines(&alice).await;
    farm.set_content(
        "Address",
        "<ServerAddress addresstype=\"dns-port\">192.0.2.9:1494</ServerAddress>\
         <Ticket>0F51C2D9A8B74E60B1</Ticket>",
    );
    let response = alice.launch(&scripted, "DESK-C").await;
    assert!(!response.text().contains("0F51C2D9"), "{}", response.text());
    let events: Vec<_> = audit.new_lines(&alice).await;
    let [launch, withheld] = events.as_slice() else {
        panic!("{events:#?}");
    };
    assert_eq!(launch["outcome"], "success");
    let expected = json!({
        "event": "ticket-withheld", "user": "DEMO\\alice", "store": "/Citrix/Store",
        "client": "DESK-C", "device": "DESK-C", "farm": "SCRIPTED",
    });
    assert_eq!(plain(withheld), expected);
}

#[tokio::test]
async fn refused_sign_in_is_logged_with_its_reason() {
    let mut world = roamd_farm::World::demo();
    world.domains[0].users[2].account = roamd_farm::AccountState::Disabled;
    let env = TestEnvironment::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    audit.new_lines(&alice).await;
    let service = TokenService::discover(env.server).await;
    for (user, password, expected) in [
        (
            "alice",
            "wrong",
            json!({
                "user": "DEMO\\alice",
                "reason": "bad-credentials",
                "error_id": "failed-credentials",
            }),
        ),
        (
            "mallory",
            "wrong",
            json!({
                "user": "DEMO\\mallory",
                "reason": "bad-credentials",
                "error_id": "failed-credentials",
            }),
        ),
        (
            "carol",
            "roam-demo",
            json!({
                "user": "DEMO\\carol",
                "reason": "disabled",
                "error_id": "account-disabled",
            }),
        ),
        ("", "", json!({ "reason": "bad-credentials" })),
        // A domain that is not offered, which reaches no farm.
        (
            "EVIL mallory",
            "roam-demo",
            json!({ "user": "EVIL\\mallory", "reason": "bad-credentials" }),
        ),
    ] {
        let (domain, user) = user.split_once(' ').unwrap_or(("DEMO", user));
        let response = service
            .begin()
            .await
            .attempt(user, password, Some(domain))
            .await;
        assert_eq!(response.status, 200);
        let mut expected = expected;
        expected["event"] = json!("sign-in-refused");
        assert_eq!(line(&mut audit, &alice).await, expected);
    }

    let realm = service.store.realm.as_str();
    let old = env.seal_token(&TokenContents {
        realm,
        url: env.url("/"),
        issuer: &service.tokens.realm,
        user: "alice",
        password: "roam-demo",
        issued: jiff::Timestamp::now() - jiff::SignedDuration::from_hours(9),
    });
    // A token that this server has issued has a user.
    let holder = json!("DEMO\\alice");
    for (token, reason) in [
        (None, None),
        (Some("AAAA"), Some(("invalidtoken", Value::Null))),
        (Some(old.as_str()), Some(("expired", holder.clone()))),
        (
            Some(alice.primary.as_str()),
            Some(("notforthisservice", holder)),
        ),
    ] {
        let authorization = token.map(|token| format!("CitrixAuth {token}"));
        let headers: Vec<_> = authorization
            .iter()
            .map(|value| ("Authorization", value.as_str()))
            .collect();
        let path = "/Citrix/Store/sessions/v1/available";
        let response = env.server.send("POST", path, &headers, b"").await;
        assert_eq!(response.status, 401);
        let logged: Vec<_> = audit.new_lines(&alice).await.iter().map(plain).collect();
        let expected: Vec<_> = reason
            .iter()
            .map(|(reason, user)| {
                let mut line =
                    json!({ "event": "token-refused", "realm": realm, "reason": reason });
                if user.is_string() {
                    line["user"] = user.clone();
                }
                line
            })
            .collect();
        assert_eq!(logged, expected);
    }
}

#[tokio::test]
async fn throttled_sign_in_is_logged_as_throttled() {
    let env = TestEnvironment::start(Options {
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    audit.new_lines(&alice).await;
    let service = TokenService::discover(env.server).await;
    for (password, reason) in [
        ("a", "bad-credentials"),
        ("b", "bad-credentials"),
        ("c", "bad-credentials"),
        ("roam-demo", "throttled"),
    ] {
        let conversation = service.begin().await;
        let response = conversation.attempt("bob", password, Some("DEMO")).await;
        assert_eq!(response.status, 200);
        let mut refused =
            json!({ "event": "sign-in-refused", "user": "DEMO\\bob", "reason": reason });
        if reason == "bad-credentials" {
            // A throttled attempt reaches no farm.
            refused["error_id"] = json!("failed-credentials");
        }
        assert_eq!(line(&mut audit, &alice).await, refused);
    }
}

#[tokio::test]
async fn password_change_is_logged_with_its_outcome() {
    let error = |id| format!("<ErrorId>{id}</ErrorId>");
    for (response, expected) in [
        (Some(String::new()), Ok("password-changed")),
        (Some(error("failed-credentials")), Err("bad-credentials")),
        (Some(error("account-locked-out")), Err("bad-credentials")),
        (
            Some(error("new-password-too-short")),
            Err("bad-new-password"),
        ),
        (
            Some(error("new-password-used-before")),
            Err("bad-new-password"),
        ),
        (Some(error("unspecified")), Err("unavailable")),
        (None, Err("unsure")),
    ] {
        let (env, farm) = password_change::scripted(&[CapabilityId::PASSWORD_CHANGE]).await;
        let mut audit = env.audit();
        let service = TokenService::discover(env.server).await;
        let conversation = password_change::asked(&service).await;
        let script = response.as_ref().map_or_else(Script::reset, |content| {
            Script::body(roamd_testkit::document("ChangePassword", content))
        });
        farm.set_script("ChangePassword", script);
        let (old, new) = (password_change::OLD, password_change::NEW);
        let response = password_change::change(&conversation, old, new, new).await;
        let mut lines = audit.lines_until(&response).await;
        let mut logged = json!({ "user": "DEMO\\alice" });
        match expected {
            Ok(event) => logged["event"] = json!(event),
            Err(reason) => {
                logged["event"] = json!("password-change-refused");
                logged["reason"] = json!(reason);
            }
        }
        assert_eq!(plain(&lines.pop().unwrap()), logged);
    }
}

#[tokio::test]
async fn destroyed_token_and_its_use_are_logged() {
    let env = TestEnvironment::demo().await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    audit.new_lines(&bob).await;
    let destroy = async |token: &str| {
        let token = token.into();
        let body = DestroyToken { token }.to_xml();
        let headers = [
            ("Authorization", &*format!("CitrixAuth {}", alice.primary)),
            ("Content-Type", "application/vnd.citrix.destroytoken+xml"),
        ];
        let token_service = "/Citrix/StoreAuth/auth/v1/token";
        let server = env.server;
        server
            .send("POST", token_service, &headers, &body)
            .await
            .status
    };
    assert_eq!(destroy(&alice.token).await, 200);
    let destroyed = json!({ "event": "token-destroyed", "user": "DEMO\\alice" });
    assert_eq!(line(&mut audit, &bob).await, destroyed);
    // There was nothing to destroy, or the token belongs to another user.
    assert_eq!(destroy("AAAA").await, 200);
    assert_eq!(destroy(&bob.token).await, 400);
    assert!(audit.new_lines(&bob).await.is_empty());

    let response = alice.get("/Citrix/Store/resources/v2").await;
    assert_eq!(response.status, 401);
    let refused = json!({
        "event": "token-refused", "user": "DEMO\\alice", "realm": "store:/Citrix/Store",
        "reason": "expired",
    });
    assert_eq!(line(&mut audit, &bob).await, refused);
}

#[tokio::test]
async fn refused_token_after_password_change_is_logged_with_user() {
    let farm = ScriptedController::healthy().await;
    let env = env_with_slow_farm(&farm).await;
    let carol = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    for request in ["DisconnectUserSessions", "ValidateCredentials"] {
        farm.set_content(request, "<ErrorId>failed-credentials</ErrorId>");
    }
    let body = session_params("DESK-A", "");
    let mut audit = env.audit();
    carol.post("disconnect", RESULTS, &body).await;
    let refused = carol.post("disconnect", RESULTS, &body).await;
    assert_eq!(refused.status, 401);
    let expected = json!({
        "event": "token-refused", "user": "DEMO\\carol", "realm": "store:/Citrix/Other",
        "reason": "badpassword",
    });
    let lines = audit.lines_until(&refused).await;
    assert_eq!(plain(lines.last().unwrap()), expected);
}

#[tokio::test]
async fn change_is_logged_after_its_client_hangs_up() {
    let farm = ScriptedController::healthy().await;
    let env = env_with_slow_farm(&farm).await;
    let mut audit = env.audit();
    let carol = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    audit.new_lines(&alice).await;
    for (request, event) in [
        ("DisconnectUserSessions", "disconnect"),
        ("ValidateCredentials", "sign-in-refused"),
    ] {
        let release = Arc::new(Semaphore::new(0));
        let refusal = roamd_testkit::document(request, "<ErrorId>failed-credentials</ErrorId>");
        farm.set_script(request, Script::body(refusal).held(&release));
        let before = farm.request_count(request);
        let user = carol.clone();
        let service = TokenService::discover_from(env.server, OTHER).await;
        let guess = tokio::spawn(async move {
            if event == "disconnect" {
                user.end("disconnect", "DESK-C", "").await;
            } else {
                service
                    .begin()
                    .await
                    .attempt("bob", "guess", Some("DEMO"))
                    .await;
            }
        });
        farm.wait_for_requests(request, before + 1).await;
        guess.abort();
        drop(guess.await);
        // The server notices the closed connection before the farm responds.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(audit.new_lines(&alice).await.is_empty());
        release.close();
        let mut lines = Vec::new();
        while lines.is_empty() {
            lines = audit.new_lines(&alice).await;
        }
        assert_eq!(lines[0]["event"], event);
        farm.make_healthy();
    }
}

#[tokio::test]
async fn hostile_text_is_truncated_and_stays_on_its_line() {
    let env = TestEnvironment::start(Options {
        store: "client_name_length = 0".to_owned(),
        ..Options::default()
    })
    .await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    audit.new_lines(&alice).await;
    let service = TokenService::discover(env.server).await;
    let injected = "x\r\n{\"event\":\"sign-in\",\"user\":\"DEMO\\\\admin\"}";
    let long = "ü".repeat(10_000);
    for (user, expected) in [
        // Its backslash ends a domain, so that of the form is no part of it.
        (injected, Some(injected.to_owned())),
        (
            "\u{202e}ecila\u{1b}[2J",
            Some("DEMO\\\u{202e}ecila\u{1b}[2J".to_owned()),
        ),
        (long.as_str(), None),
    ] {
        let response = service
            .begin()
            .await
            .attempt(user, "wrong", Some("DEMO"))
            .await;
        assert_eq!(response.status, 200);
        let line = line(&mut audit, &alice).await;
        assert_eq!(line["event"], "sign-in-refused");
        let user = line["user"].as_str().unwrap();
        match expected {
            Some(expected) => assert_eq!(user, expected),
            None => assert!(user.chars().count() <= 257, "{user}"),
        }
    }
    let name = format!("\u{202e}{}\u{2066}💻&lt;script&gt;", "n".repeat(100));
    assert_eq!(alice.end("disconnect", &name, "").await, "success");
    let logged = line(&mut audit, &alice).await;
    let expected = name.replace("&lt;", "<").replace("&gt;", ">");
    assert_eq!(logged["client"], expected);
}

#[tokio::test]
async fn full_disk_loses_audit_lines_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    symlink("/dev/full", &path).unwrap();
    let env = TestEnvironment::start(Options {
        audit: format!("file = \"{}\"", path.display()),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    let lost = "roamd_audit_lost_lines_total{reason=\"file\"} ";
    let metrics = async || {
        let text = env.server.send("GET", "/metrics", &[], b"").await;
        let text = text.text().to_owned();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().parse::<u64>().unwrap()
        };
        (value(lost), value("roamd_audit_lines_total "))
    };
    while metrics().await != (2, 0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    // After space is available, the first line reports the lost ones.
    let real = folder.path().join("real");
    let other = folder.path().join("other");
    symlink(&real, &other).unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(alice.end("logoff", "DESK-A", "").await, "success");
    let lines = AuditReader::new(real.clone()).new_lines(&alice).await;
    let missing = json!({ "event": "missing", "lines": 2, "reason": "file" });
    assert_eq!(plain(&lines[0]), missing);
    assert_eq!(lines[1]["event"], "log-off");
    assert_eq!(lines.len(), 2);
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn flood_of_refused_tokens_keeps_lines_of_users() {
    const RUBBISH: usize = 2_000;
    let env = TestEnvironment::demo().await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    audit.new_lines(&alice).await;
    let request = "POST /Citrix/Store/sessions/v1/available HTTP/1.1\r\nHost: a\r\n\
                   Authorization: CitrixAuth AAAA\r\nContent-Length: 0\r\n\r\n";
    let began = std::time::Instant::now();
    let mut stream = TcpStream::connect(env.server.address()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let all =
        request.repeat(RUBBISH - 1) + &request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let mut responses = Vec::new();
    let (sent, received) = tokio::join!(
        write.write_all(all.as_bytes()),
        read.read_to_end(&mut responses)
    );
    sent.unwrap();
    received.unwrap();
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    let lines = audit.new_lines(&alice).await;
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 2;
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    let missing = lines.iter().filter(|line| line["event"] == "missing");
    let missing: u64 = missing
        .map(|line| {
            assert_eq!(line["reason"], "flood");
            line["lines"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(count("disconnect"), 1);
    assert!(count("token-refused") <= 100 * seconds);
    assert_eq!(
        count("token-refused") + usize::try_from(missing).unwrap(),
        RUBBISH
    );
    assert!(missing > 0);
}

/// A user cannot push the lines of others out of the files that are kept: ten times the allowance,
/// with texts that become twelve times as long in the file.
#[tokio::test]
async fn flood_of_unknown_launches_keeps_lines_of_others() {
    const ALLOWED: usize = 60;
    const SENT: usize = 10 * ALLOWED;
    let mut env = TestEnvironment::start(Options {
        clock: Clock::stopped(),
        store: "client_name_length = 0".to_owned(),
        ..Options::default()
    })
    .await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    audit.new_lines(&bob).await;
    let unknown = env.url(&format!(
        "/Citrix/Store/sessions/v1/{}/launch/ica",
        "A".repeat(200)
    ));
    let long = "💻".repeat(200);
    for _ in 0..SENT {
        assert_eq!(alice.launch(&unknown, &long).await.status, 404);
    }
    // A real change of the same user has an allowance of its own.
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    assert_eq!(bob.end("disconnect", "DESK-B", "").await, "success");
    let lines = audit.new_lines(&bob).await;
    let of = |event: &str| -> Vec<_> { lines.iter().filter(|it| it["event"] == event).collect() };
    assert_eq!(of("launch").len(), ALLOWED);
    let changes: Vec<_> = of("disconnect").iter().map(|line| &line["user"]).collect();
    assert_eq!(changes, ["DEMO\\alice", "DEMO\\bob"]);
    let text = std::fs::read_to_string(env.server_dir().join("audit.jsonl")).unwrap();
    let longest = text.lines().map(str::len).max();
    assert!(longest <= Some(2048), "{longest:?}");
    let metrics = env.server.send("GET", "/metrics", &[], b"").await;
    let lost = format!(
        "roamd_audit_lost_lines_total{{reason=\"user\"}} {}",
        SENT - ALLOWED
    );
    assert!(metrics.text().contains(&lost), "{}", metrics.text());
    assert_missing_after_stop(&mut env, &audit, "DEMO\\alice", SENT - ALLOWED).await;
}

/// Stops the server, and waits until this number of lines of a user is reported as left out. With a
/// stopped clock there is one report in between at most.
async fn assert_missing_after_stop(
    env: &mut TestEnvironment,
    audit: &AuditReader,
    user: &str,
    expected: usize,
) {
    env.restart_server().await;
    // The thread that writes ends by itself.
    loop {
        let lines = audit.lines();
        let missing = lines.iter().filter(|line| line["event"] == "missing");
        let missing: Vec<_> = missing
            .map(|line| {
                let by = (&line["reason"], &line["user"]);
                assert_eq!(by, (&json!("user"), &json!(user)));
                usize::try_from(line["lines"].as_u64().unwrap()).unwrap()
            })
            .collect();
        assert!(missing.len() <= 2, "{missing:?}");
        let sum: usize = missing.iter().sum();
        assert!(sum <= expected, "{missing:?}");
        if sum == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn left_out_lines_are_reported_at_the_stop() {
    let mut env = TestEnvironment::start(Options {
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let audit = env.audit();
    for _ in 0..62 {
        let unknown = env.url("/Citrix/Store/sessions/v1/AAAA/launch/ica");
        assert_eq!(alice.launch(&unknown, "DESK-A").await.status, 404);
    }
    assert_missing_after_stop(&mut env, &audit, "DEMO\\alice", 2).await;
}

/// A thief uses a token from another address than its user.
#[tokio::test]
async fn first_use_of_token_from_each_address_is_logged() {
    const ALLOWED: usize = 100;
    let mut env = TestEnvironment::start(Options {
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let mut audit = env.audit();
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    audit.new_lines(&bob).await;
    let from = |last: u16| {
        let [high, low] = last.to_be_bytes();
        let server = env.server.from([127, 0, 1 + high, low]);
        SignedIn {
            server,
            ..alice.clone()
        }
    };
    let list = async |user: SignedIn| {
        let accept = "application/vnd.citrix.sessionstate+xml";
        let body = session_params("DESK-A", "");
        user.post("available", accept, &body).await.status
    };
    let exchange = async |user: SignedIn| {
        let service = TokenService::discover(user.server).await;
        service.exchange(&user.primary).await.status
    };
    let get = async |user: SignedIn, path: &str| user.get(path).await.status;
    let resources = "/Citrix/Store/resources/v2";
    let mut expected = Vec::new();
    for (last, operation) in [(1, "available"), (2, "token-exchange"), (3, "resources")] {
        for _ in 0..3 {
            let status = match operation {
                "available" => list(from(last)).await,
                "token-exchange" => exchange(from(last)).await,
                _ => get(from(last), resources).await,
            };
            assert_eq!(status, 200, "{operation}");
        }
        expected.push((operation, format!("127.0.1.{last}")));
    }
    // From here on all addresses are known, for every token of the sign-in.
    for last in 1..=3 {
        assert_eq!(get(from(last), resources).await, 200);
        assert_eq!(exchange(from(last)).await, 200);
    }
    assert_eq!(get(alice.clone(), resources).await, 200);
    let lines = audit.new_lines(&bob).await;
    let used: Vec<_> = lines
        .iter()
        .map(|line| {
            assert_eq!(
                (&line["event"], &line["user"]),
                (&json!("token-used"), &json!("DEMO\\alice"))
            );
            let text = |field: &str| line[field].as_str().unwrap();
            (text("operation"), text("address").to_owned())
        })
        .collect();
    assert_eq!(used, expected);

    // The number of lines is limited, and bob's tokens are not affected.
    let sent = 10 * ALLOWED;
    for last in 0..sent {
        let last = u16::try_from(last).unwrap() + 256;
        assert_eq!(
            get(from(last), "/Citrix/Store/resources/v2?scope=x").await,
            400
        );
    }
    let lines = audit.new_lines(&bob).await;
    let of = |event: &str| -> Vec<_> { lines.iter().filter(|it| it["event"] == event).collect() };
    assert_eq!(of("token-used").len(), ALLOWED - expected.len());
    let elsewhere = SignedIn {
        server: env.server.from([127, 0, 0, 9]),
        ..bob.clone()
    };
    assert_eq!(get(elsewhere, resources).await, 200);
    let lines = audit.new_lines(&bob).await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines[0]["user"], "DEMO\\bob");
    let left_out = sent + expected.len() - ALLOWED;
    assert_missing_after_stop(&mut env, &audit, "DEMO\\alice", left_out).await;
}

#[tokio::test]
async fn disabled_audit_log_is_not_written() {
    let env = TestEnvironment::start(Options {
        audit: "enabled = false".to_owned(),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    assert!(!env.server_dir().join("audit.jsonl").exists());
}
