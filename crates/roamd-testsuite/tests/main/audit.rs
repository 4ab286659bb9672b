//! The audit log: who did what, from where, and what each farm said. Never a secret.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_proto::CapabilityId;
use roamd_store_proto::auth::DestroyToken;
use roamd_testsuite::{
    AuditReader, Clock, Forged, Options, Script, ScriptedFarm, SignedIn, Site, TokenService,
    session_params, sign_in, sign_in_to,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::password_change;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";
const RESULTS: &str = "application/vnd.citrix.sessionresults+xml";

/// A second store.
const OTHER: &str = "/Citrix/Other";

/// The demo site, and a second store with one farm, which checks passwords and may take its time.
async fn site_of_gate(farm: &ScriptedFarm) -> Site {
    let section = farm.section("GATE", "Gate");
    Site::start(Options {
        authentication: "credentials = \"GATE\"\ndomains = [\"DEMO\"]".to_owned(),
        more_farms: format!("[[store]]\npath = \"{OTHER}\"\n{section}timeout_ms = 600000\n"),
        ..Options::default()
    })
    .await
}

/// The one line since the last time, without what differs from run to run, and with the session's id
/// replaced by its length.
async fn line(audit: &mut AuditReader, user: &SignedIn) -> Value {
    let lines = audit.next(user).await;
    let [line] = lines.as_slice() else {
        panic!("{lines:#?}");
    };
    plain(line)
}

fn plain(line: &Value) -> Value {
    let mut line = line.clone();
    let fields = line.as_object_mut().unwrap();
    fields.remove("time").unwrap();
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
async fn what_changes_sessions_leaves_a_line_with_the_answer_of_each_farm() {
    let mut site = Site::demo().await;
    let mut audit = site.audit();
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let signed_in = json!({ "event": "sign-in", "user": "DEMO\\alice" });
    assert_eq!(line(&mut audit, &alice).await, signed_in);

    // What harms nobody is not told.
    assert!(!alice.resources("DESK-A", "").await.is_empty());
    assert_eq!(alice.get("/Citrix/Store/resources/v2").await.status, 200);
    assert_eq!(audit.next(&alice).await, [] as [Value; 0]);

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

    site.stop_farm("XD5").await;
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
async fn a_launch_tells_what_was_launched_where_it_stands_and_what_came_of_it() {
    let farm = ScriptedFarm::friendly().await;
    let site = Site::start(Options {
        more_farms: farm.section("GATE", "Gate"),
        ..Options::default()
    })
    .await;
    let mut audit = site.audit();
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let bob = sign_in(&site, "bob", "roam-demo").await;
    audit.next(&alice).await;

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

    // A resource, not ready, and then refused.
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

    let gate = alice.launch_url("DESK-C", "", "GATE.Ledger").await;
    farm.answer("Address", "<ErrorId>retry-required</ErrorId>");
    let response = alice.launch(&gate, "DESK-C").await;
    assert_eq!(line(&mut audit, &alice).await["outcome"], "retry");
    let retry = response.text().split(['>', '<']);
    let retry = retry
        .clone()
        .find(|text| text.starts_with("http:"))
        .unwrap();
    farm.answer("Address", "<ErrorId>not-licensed</ErrorId>");
    assert_eq!(alice.launch(retry, "DESK-C").await.status, 200);
    let failed = line(&mut audit, &alice).await;
    assert_eq!(failed["outcome"], "failure", "{failed}");
    assert_eq!(failed["retry"], true);
    assert_eq!(failed["farm"], "GATE");

    // What is not theirs to launch: the id of another, a forged one, a retry key that is over.
    for (user, url, farm, retry) in [
        (&bob, url.as_str(), Value::Null, Value::Null),
        (
            &alice,
            &url.replace(&session, "AAAA"),
            Value::Null,
            Value::Null,
        ),
        (&alice, retry, json!("GATE"), json!(true)),
        (&alice, &format!("{url}/AAAA"), json!("CVAD"), json!(true)),
    ] {
        assert_eq!(user.launch(url, "DESK-C").await.status, 404);
        let refused = line(&mut audit, &alice).await;
        assert_eq!(refused["outcome"], "not-found", "{refused}");
        assert_eq!(refused["error"], "ResourceNotFound");
        assert_eq!((&refused["farm"], &refused["retry"]), (&farm, &retry));
    }

    // A farm that takes the client's word for its ticket, twice.
    farm.be_friendly();
    let ticket = "<tickets><ticket>0F51C2D9A8B74E60B1</ticket></tickets>";
    alice.end("disconnect", "DESK-C", ticket).await;
    audit.next(&alice).await;
    farm.answer(
        "Address",
        "<ServerAddress addresstype=\"dns-port\">192.0.2.9:1494</ServerAddress>\
         <Ticket>0F51C2D9A8B74E60B1</Ticket>",
    );
    let response = alice.launch(&gate, "DESK-C").await;
    assert!(!response.text().contains("0F51C2D9"), "{}", response.text());
    let events: Vec<_> = audit.next(&alice).await;
    let [launch, withheld] = events.as_slice() else {
        panic!("{events:#?}");
    };
    assert_eq!(launch["outcome"], "success");
    let expected = json!({
        "event": "ticket-withheld", "user": "DEMO\\alice", "store": "/Citrix/Store",
        "client": "DESK-C", "device": "DESK-C", "farm": "GATE",
    });
    assert_eq!(plain(withheld), expected);
}

#[tokio::test]
async fn who_is_refused_is_told_with_the_reason() {
    let mut world = roamd_farm::World::demo();
    world.domains[0].users[2].account = roamd_farm::AccountState::Disabled;
    let site = Site::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let mut audit = site.audit();
    let alice = sign_in(&site, "alice", "roam-demo").await;
    audit.next(&alice).await;
    let service = TokenService::discover(site.gateway).await;
    for (user, password, expected) in [
        (
            "alice",
            "wrong",
            json!({ "user": "DEMO\\alice", "reason": "bad-credentials" }),
        ),
        (
            "nobody",
            "wrong",
            json!({ "user": "DEMO\\nobody", "reason": "bad-credentials" }),
        ),
        (
            "carol",
            "roam-demo",
            json!({ "user": "DEMO\\carol", "reason": "disabled" }),
        ),
        ("", "", json!({ "reason": "bad-credentials" })),
    ] {
        let answer = service
            .begin()
            .await
            .attempt(user, password, Some("DEMO"))
            .await;
        assert_eq!(answer.status, 200);
        let mut expected = expected;
        expected["event"] = json!("sign-in-refused");
        assert_eq!(line(&mut audit, &alice).await, expected);
    }

    let realm = service.store.realm.as_str();
    let old = site.forge(&Forged {
        realm,
        url: site.url("/"),
        issuer: &service.tokens.realm,
        user: "alice",
        password: "roam-demo",
        issued: jiff::Timestamp::now() - jiff::SignedDuration::from_hours(9),
    });
    for (token, reason) in [
        (None, None),
        (Some("AAAA"), Some("invalidtoken")),
        (Some(old.as_str()), Some("expired")),
        (Some(alice.primary.as_str()), Some("notforthisservice")),
    ] {
        let authorization = token.map(|token| format!("CitrixAuth {token}"));
        let headers: Vec<_> = authorization
            .iter()
            .map(|value| ("Authorization", value.as_str()))
            .collect();
        let path = "/Citrix/Store/sessions/v1/available";
        let answer = site.gateway.send("POST", path, &headers, b"").await;
        assert_eq!(answer.status, 401);
        let told: Vec<_> = audit.next(&alice).await.iter().map(plain).collect();
        let expected: Vec<_> = reason
            .iter()
            .map(|reason| json!({ "event": "token-refused", "realm": realm, "reason": reason }))
            .collect();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn an_attempt_that_has_to_wait_is_told_as_such() {
    let site = Site::start(Options {
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let mut audit = site.audit();
    let alice = sign_in(&site, "alice", "roam-demo").await;
    audit.next(&alice).await;
    let service = TokenService::discover(site.gateway).await;
    for (password, reason) in [
        ("a", "bad-credentials"),
        ("b", "bad-credentials"),
        ("c", "bad-credentials"),
        ("roam-demo", "throttled"),
    ] {
        let conversation = service.begin().await;
        let answer = conversation.attempt("bob", password, Some("DEMO")).await;
        assert_eq!(answer.status, 200);
        let refused = json!({ "event": "sign-in-refused", "user": "DEMO\\bob", "reason": reason });
        assert_eq!(line(&mut audit, &alice).await, refused);
    }
}

#[tokio::test]
async fn a_changed_password_is_told_and_so_is_one_that_was_not_changed() {
    let error = |id| format!("<ErrorId>{id}</ErrorId>");
    for (answer, expected) in [
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
        let (site, farm) = password_change::scripted(&[CapabilityId::PASSWORD_CHANGE]).await;
        let mut audit = site.audit();
        let service = TokenService::discover(site.gateway).await;
        let conversation = password_change::asked(&service).await;
        let script = answer.as_ref().map_or_else(
            || Script::bytes("").then_reset(),
            |content| Script::body(roamd_testsuite::document("ChangePassword", content)),
        );
        farm.play("ChangePassword", script);
        let (old, new) = (password_change::OLD, password_change::NEW);
        let answer = password_change::change(&conversation, old, new, new).await;
        let mut lines = audit.up_to(&answer).await;
        let mut told = json!({ "user": "DEMO\\alice" });
        match expected {
            Ok(event) => told["event"] = json!(event),
            Err(reason) => {
                told["event"] = json!("password-change-refused");
                told["reason"] = json!(reason);
            }
        }
        assert_eq!(plain(&lines.pop().unwrap()), told);
    }
}

#[tokio::test]
async fn a_destroyed_token_is_told_and_so_is_its_use() {
    let site = Site::demo().await;
    let mut audit = site.audit();
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let bob = sign_in(&site, "bob", "roam-demo").await;
    audit.next(&bob).await;
    let destroy = async |token: &str| {
        let token = token.into();
        let body = DestroyToken { token }.to_xml();
        let headers = [
            ("Authorization", &*format!("CitrixAuth {}", alice.primary)),
            ("Content-Type", "application/vnd.citrix.destroytoken+xml"),
        ];
        let token_service = "/Citrix/StoreAuth/auth/v1/token";
        let wire = site.gateway;
        wire.send("POST", token_service, &headers, &body)
            .await
            .status
    };
    assert_eq!(destroy(&alice.token).await, 200);
    let destroyed = json!({ "event": "token-destroyed", "user": "DEMO\\alice" });
    assert_eq!(line(&mut audit, &bob).await, destroyed);
    // There was nothing to destroy, or it is somebody else's.
    assert_eq!(destroy("AAAA").await, 200);
    assert_eq!(destroy(&bob.token).await, 400);
    assert!(audit.next(&bob).await.is_empty());

    let answer = alice.get("/Citrix/Store/resources/v2").await;
    assert_eq!(answer.status, 401);
    let refused = json!({
        "event": "token-refused", "realm": "store:/Citrix/Store", "reason": "expired",
    });
    assert_eq!(line(&mut audit, &bob).await, refused);
}

#[tokio::test]
async fn a_token_whose_password_was_changed_is_told_with_its_user() {
    let farm = ScriptedFarm::friendly().await;
    let site = site_of_gate(&farm).await;
    let carol = sign_in_to(&site, OTHER, "carol", "roam-demo").await;
    for request in ["DisconnectUserSessions", "ValidateCredentials"] {
        farm.answer(request, "<ErrorId>failed-credentials</ErrorId>");
    }
    let body = session_params("DESK-A", "");
    let mut audit = site.audit();
    carol.post("disconnect", RESULTS, &body).await;
    let refused = carol.post("disconnect", RESULTS, &body).await;
    assert_eq!(refused.status, 401);
    let expected = json!({
        "event": "token-refused", "user": "DEMO\\carol", "realm": "store:/Citrix/Other",
        "reason": "badpassword",
    });
    let lines = audit.up_to(&refused).await;
    assert_eq!(plain(lines.last().unwrap()), expected);
}

#[tokio::test]
async fn who_hangs_up_is_told_of_all_the_same() {
    let farm = ScriptedFarm::friendly().await;
    let site = site_of_gate(&farm).await;
    let mut audit = site.audit();
    let carol = sign_in_to(&site, OTHER, "carol", "roam-demo").await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    audit.next(&alice).await;
    for (request, event) in [
        ("DisconnectUserSessions", "disconnect"),
        ("ValidateCredentials", "sign-in-refused"),
    ] {
        let told = Arc::new(Semaphore::new(0));
        let refusal = roamd_testsuite::document(request, "<ErrorId>failed-credentials</ErrorId>");
        farm.play(request, Script::body(refusal).held(&told));
        let before = farm.received(request);
        let user = carol.clone();
        let service = TokenService::discover_from(site.gateway, OTHER).await;
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
        farm.reached(request, before + 1).await;
        guess.abort();
        drop(guess.await);
        // The gateway sees that nobody listens any more before the farm answers.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(audit.next(&alice).await.is_empty());
        told.close();
        let mut lines = Vec::new();
        while lines.is_empty() {
            lines = audit.next(&alice).await;
        }
        assert_eq!(lines[0]["event"], event);
        farm.be_friendly();
    }
}

#[tokio::test]
async fn hostile_text_stays_in_its_line_and_is_cut() {
    let site = Site::demo().await;
    let mut audit = site.audit();
    let alice = sign_in(&site, "alice", "roam-demo").await;
    audit.next(&alice).await;
    let service = TokenService::discover(site.gateway).await;
    let injected = "x\r\n{\"event\":\"sign-in\",\"user\":\"DEMO\\\\admin\"}";
    let long = "ü".repeat(10_000);
    for (user, expected) in [
        (injected, Some(format!("DEMO\\{injected}"))),
        (
            "\u{202e}ecila\u{1b}[2J",
            Some("DEMO\\\u{202e}ecila\u{1b}[2J".to_owned()),
        ),
        (long.as_str(), None),
    ] {
        let answer = service
            .begin()
            .await
            .attempt(user, "wrong", Some("DEMO"))
            .await;
        assert_eq!(answer.status, 200);
        let line = line(&mut audit, &alice).await;
        assert_eq!(line["event"], "sign-in-refused");
        match (line.get("user").and_then(Value::as_str), expected) {
            // What no account can be is refused before it is anybody's name.
            (None, _) => {}
            (Some(user), Some(expected)) => assert_eq!(user, expected),
            (Some(user), None) => assert!(user.chars().count() <= 257, "{user}"),
        }
    }
    let name = format!("\u{202e}{}\u{2066}💻&lt;script&gt;", "n".repeat(100));
    assert_eq!(alice.end("disconnect", &name, "").await, "success");
    let told = line(&mut audit, &alice).await;
    let expected = name.replace("&lt;", "<").replace("&gt;", ">");
    assert_eq!(told["client"], expected);
}

#[tokio::test]
async fn a_disk_that_is_full_stops_nobody_and_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    symlink("/dev/full", &path).unwrap();
    let site = Site::start(Options {
        audit: format!("file = \"{}\"", path.display()),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    let lost = "roamd_audit_lost_lines_total{reason=\"file\"} ";
    let metrics = async || {
        let text = site.gateway.send("GET", "/metrics", &[], b"").await;
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

    // There is room again. The log tells first what it lacks.
    let real = folder.path().join("real");
    let other = folder.path().join("other");
    symlink(&real, &other).unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(alice.end("logoff", "DESK-A", "").await, "success");
    let lines = AuditReader::new(real.clone()).next(&alice).await;
    let missing = json!({ "event": "missing", "lines": 2, "reason": "file" });
    assert_eq!(plain(&lines[0]), missing);
    assert_eq!(lines[1]["event"], "log-off");
    assert_eq!(lines.len(), 2);
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_flood_of_rubbish_does_not_wash_the_lines_of_users_away() {
    const RUBBISH: usize = 2_000;
    let site = Site::demo().await;
    let mut audit = site.audit();
    let alice = sign_in(&site, "alice", "roam-demo").await;
    audit.next(&alice).await;
    let request = "POST /Citrix/Store/sessions/v1/available HTTP/1.1\r\nHost: a\r\n\
                   Authorization: CitrixAuth AAAA\r\nContent-Length: 0\r\n\r\n";
    let began = std::time::Instant::now();
    let mut stream = TcpStream::connect(site.gateway.address()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let all =
        request.repeat(RUBBISH - 1) + &request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let mut answers = Vec::new();
    let (sent, received) = tokio::join!(
        write.write_all(all.as_bytes()),
        read.read_to_end(&mut answers)
    );
    sent.unwrap();
    received.unwrap();
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    let lines = audit.next(&alice).await;
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

#[tokio::test]
async fn a_log_that_is_switched_off_is_not_written() {
    let site = Site::start(Options {
        audit: "enabled = false".to_owned(),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    assert!(!site.gateway_dir().join("audit.jsonl").exists());
}
