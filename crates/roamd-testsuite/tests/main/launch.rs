//! Connecting to a session (sessions-service.md §6, store-services.md §4).

use std::error::Error as _;

use jiff::Timestamp;
use roamd_store_proto::{LaunchData, LaunchErrorId, RemedyHint, RetryReason};
use roamd_testkit::ScriptedController;
use roamd_testsuite::{Options, Response, SignedIn, TestEnvironment, sign_in};
use secrecy::ExposeSecret;

use crate::support::{data, failure, line, success};

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";

#[tokio::test]
async fn session_of_each_generation_follows_its_user() {
    // SS-53, SS-56, SS-59
    for (app, resource, farm, address) in [
        ("MSPaint", "XA1.MSPaint", "XA1", "xa1-host11.demo.test:1494"),
        (
            "Win7Desktop",
            "XD5.Win7Desktop",
            "XD5",
            "xd5-host21.demo.test:1494",
        ),
        ("Excel", "CVAD.Excel", "CVAD", "cvad-host31.demo.test:1494"),
    ] {
        let env = TestEnvironment::demo().await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        alice.end("disconnect", "DESK-A", "").await;
        let url = alice.launch_url("DESK-C", "", resource).await;
        let response = alice.launch(&url, "DESK-C").await;
        let (ica, ticket) = success(&response);
        // SS-53, ST-20, CA-77: a response with a ticket is not cached.
        let header = |name| response.header(name);
        let media_type = "application/vnd.citrix.launchdata+xml";
        assert_eq!(header("content-type"), Some(media_type));
        assert!(header("cache-control").unwrap().contains("no-store"));
        // ST-40 to ST-43
        let text = response.text();
        assert!(
            text.contains("status=\"success\"><result type=\"ica\"><ica>["),
            "{text}"
        );
        assert!(!text.contains("CDATA"), "{text}");
        assert_eq!(line(&ica, "Title"), app);
        assert_eq!(line(&ica, "Address"), address);
        assert_eq!(line(&ica, "LogonTicket"), ticket);
        assert_eq!(line(&ica, "LogonTicketType"), "CTXS1");
        let is_plain = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
        assert!(ticket.len() >= 20 && ticket.bytes().all(is_plain));

        let still = env.sessions("alice");
        let waiting = format!("{farm} {app} disconnected -");
        assert!(
            still.contains(&waiting),
            "the file alone does not connect the session"
        );
        let connected = env.farms.connect(&ica, Timestamp::now()).unwrap();
        assert_eq!((&*connected.farm, &*connected.app), (farm, app));
        assert_eq!(connected.client_name.as_deref(), Some("DESK-C"));
        assert_eq!(connected.device_id.as_deref(), Some("DESK-C"));
        let active = format!("{farm} {app} active DESK-C");
        assert!(env.sessions("alice").contains(&active));
        let own = alice.resources("DESK-C", ACTIVE).await;
        assert!(!own.contains(&resource.to_owned()), "SS-31: {own:?}");
        let others = alice.resources("DESK-D", ACTIVE).await;
        assert!(others.contains(&resource.to_owned()), "{others:?}");
        let again = env.farms.connect(&ica, Timestamp::now()).unwrap_err();
        assert_eq!(again.to_string(), "logon ticket refused");
        assert_eq!(
            again.source().unwrap().to_string(),
            "the ticket was used before"
        );
    }
}

#[tokio::test]
async fn session_active_elsewhere_moves_on_launch() {
    // SS-55, SS-59: the farm allows it.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice
        .launch_url("DESK-C", ACTIVE, "CVAD.Win11Desktop")
        .await;
    let before = env.sessions("alice").len();
    let (ica, _) = success(&alice.launch(&url, "DESK-C").await);
    env.farms.connect(&ica, Timestamp::now()).unwrap();
    let after = env.sessions("alice");
    assert!(after.contains(&"CVAD Win11Desktop active DESK-C".to_owned()));
    assert_eq!(after.len(), before, "moved, not doubled");
}

#[tokio::test]
async fn launch_needs_no_client_name() {
    // ST-35, ST-34
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let (ica, _) = success(&alice.launch_with(&url, "").await);
    env.farms.connect(&ica, Timestamp::now()).unwrap();
    assert_eq!(env.sessions("alice")[3], "CVAD Excel active -");
    let listed = alice.resources("DESK-C", ACTIVE).await;
    assert!(
        listed.contains(&"CVAD.Excel".to_owned()),
        "never connected from here"
    );
}

#[tokio::test]
async fn unusable_session_ids_get_the_same_404() {
    // SS-5, SS-54, SS-55
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    let of_alice = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let of_bob = bob.launch_url("DESK-C", "", "CVAD.Word").await;
    let ended = alice.launch_url("DESK-C", ACTIVE, "XA1.Notepad").await;
    let newer = alice.launch_url("DESK-C", ACTIVE, "CVAD.Word").await;
    // The lists have disconnected it. It is connected again, so that it can be logged off from
    // there.
    let (ica, _) = success(&alice.launch(&ended, "DESK-E").await);
    env.farms.connect(&ica, Timestamp::now()).unwrap();
    alice.end("logoff", "DESK-E", "").await;
    alice.end("logoff", "DESK-A", "").await;
    let sessions = (env.sessions("alice"), env.sessions("bob"));

    let id = of_alice.split('/').nth_back(2).unwrap();
    let flipped = format!(
        "{}{}",
        &id[..id.len() - 2],
        if id.ends_with("AA") { "BB" } else { "AA" }
    );
    let forged = of_alice.replace(id, &flipped);
    // The same session of the same user, sealed with other keys.
    let other_env = TestEnvironment::demo().await;
    let other_env = sign_in(&other_env, "alice", "roam-demo").await;
    let other_env = other_env.launch_url("DESK-C", "", "CVAD.Excel").await;
    let foreign = of_alice.replace(id, other_env.split('/').nth_back(2).unwrap());
    let mut bodies = Vec::new();
    for (case, url) in [
        ("another user's", of_bob.clone()),
        ("forged", forged),
        ("another server's", foreign),
        ("truncated", of_alice.replace(id, &id[..id.len() / 2])),
        ("a word", of_alice.replace(id, "session")),
        ("10 KB", of_alice.replace(id, &"A".repeat(10_000))),
        ("ended on a farm before 7", ended),
        ("ended on a farm of 7", newer),
        (
            "a retry key that was not given",
            format!("{of_alice}/k41x9"),
        ),
    ] {
        let response = alice.launch(&url, "DESK-C").await;
        assert_eq!(response.status, 404, "{case}: {}", response.text());
        let names: Vec<_> = response
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        // ST-52
        let reason = response.header("x-citrix-error-reason");
        assert_eq!(reason, Some("ResourceNotFound"), "{case}");
        bodies.push((response.body, names));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "all responses are the same");

    // A session id is a single path segment, and nothing is decoded.
    let (half, rest) = id.split_at(id.len() / 2);
    for spelling in [
        format!("{half}/{rest}"),
        format!("/{id}"),
        format!("{id}/"),
        format!("{half}%2F{rest}"),
        format!("{id}%2F"),
        format!("{id}%00"),
        format!("../v1/{id}"),
        format!("%{:02x}{}", id.as_bytes()[0], &id[1..]),
        "%2F".to_owned(),
        "..".to_owned(),
        String::new(),
    ] {
        let url = of_alice.replace(id, &spelling);
        let response = alice.launch(&url, "DESK-C").await;
        assert_eq!(response.status, 404, "{spelling}: {}", response.text());
    }
    assert_eq!((env.sessions("alice"), env.sessions("bob")), sessions);
}

#[tokio::test]
async fn bad_launch_parameter_is_rejected_by_name() {
    // ST-34, ST-37, ST-39
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let long = "x".repeat(257);
    let sessions = env.sessions("alice");
    for (element, value) in [
        ("clientName", "DESK&#10;[Injected]"),
        ("clientName", "DESK\nC"),
        ("clientName", "a&#x85;b"),
        ("clientName", "a&#x2028;b"),
        ("clientName", &*long),
        ("deviceId", "a\tb"),
        ("launcher", "a&#13;b"),
        ("clientName", "[WFClient]"),
        ("launcher", "[Paint]"),
        ("clientAddress", "300.0.2.1"),
        ("clientAddress", "desk.demo.test"),
        ("audio", "loud"),
        ("audio", ""),
        ("colourDepth", "24"),
        ("display", "huge"),
        ("displayPercent", "101"),
        ("displayAbsolute", "0,600"),
        ("transparentKeyPassthrough", "both"),
        ("specialFolderRedirection", "yes"),
        ("clearTypeRemoting", "TRUE"),
        ("showDesktopViewer", "2"),
        ("virtualComPort", "on"),
        ("comPortMapping", ""),
        ("clientPrinter", "maybe"),
    ] {
        let applies = match element {
            "displayPercent" => "<display>percent</display>",
            "displayAbsolute" => "<display>absolute</display>",
            _ => "",
        };
        let parameters = format!("{applies}<{element}>{value}</{element}>");
        let response = alice.launch_with(&url, &parameters).await;
        assert_eq!(
            response.status,
            400,
            "{element} {value}: {}",
            response.text()
        );
        let place = format!("launchparams/{element}");
        assert!(
            response.text().contains(&place),
            "{value}: {}",
            response.text()
        );
    }
    let twice = "<clientName>a</clientName><clientName>b</clientName>";
    let response = alice.launch_with(&url, twice).await;
    assert_eq!(response.status, 400);
    assert!(
        response.text().contains("clientName"),
        "{}",
        response.text()
    );
    assert_eq!(env.sessions("alice"), sessions);
}

#[tokio::test]
async fn inapplicable_launch_parameters_are_ignored() {
    // ST-37: client A always sends all of them. ST-13: a newer client sends more.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    for display in ["<display>seamless</display>", ""] {
        let parameters = format!(
            "{display}<displayPercent>0</displayPercent>\
             <displayAbsolute>none</displayAbsolute><clientAddress/>\
             <clientName>DESK-C</clientName><newer a=\"b\"><c/></newer>\
             <audio> medium </audio><showDesktopViewer> 1 </showDesktopViewer>"
        );
        success(&alice.launch_with(&url, &parameters).await);
    }
}

#[tokio::test]
async fn launch_fails_when_its_farm_does_not_respond() {
    // SS-56, ST-48, ST-50: the document reports it, with status 200.
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    env.stop_farm("CVAD").await;
    let (id, text) = failure(&alice.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
    assert_eq!(
        text,
        "The session's farm does not respond. Try again later."
    );
}

#[tokio::test]
async fn farm_error_becomes_the_launch_error() {
    // SS-56, ST-48
    let (_env, farm, alice, url) = scripted().await;
    for (error, expected) in [
        ("not-licensed", LaunchErrorId::NOT_LICENSED),
        ("no-server", LaunchErrorId::UNAVAILABLE_DESKTOP),
        ("mfserver-overloaded", LaunchErrorId::UNAVAILABLE_DESKTOP),
        (
            "no-more-active-sessions",
            LaunchErrorId::NO_MORE_ACTIVE_SESSIONS,
        ),
        (
            "CouldNotConnectToWorkstation",
            LaunchErrorId::COULD_NOT_CONNECT_TO_WORKSTATION,
        ),
        (
            "in-maintenance-mode",
            LaunchErrorId::WORKSTATION_IN_MAINTENANCE,
        ),
        ("AppRemoved", LaunchErrorId::APP_REMOVED),
        ("resource-unavailable", LaunchErrorId::RESOURCE_ERROR),
        ("not-trusted", LaunchErrorId::GENERAL_APP_LAUNCH_ERROR),
        ("never-seen-before", LaunchErrorId::GENERAL_APP_LAUNCH_ERROR),
        // This is the last case, because the password is checked again afterwards.
        ("account-disabled", LaunchErrorId::GENERAL_APP_LAUNCH_ERROR),
    ] {
        farm.set_content("Address", &format!("<ErrorId>{error}</ErrorId>"));
        let (id, text) = failure(&alice.launch(&url, "DESK-C").await);
        assert_eq!(id, expected, "{error}");
        assert!(text.ends_with('.') && !text.contains(error), "{text}");
    }
    farm.set_content("Address", "<ErrorId>no-available-workstation</ErrorId>");
    farm.set_content("ReconnectSessionData", "");
    assert_eq!(alice.launch(&url, "DESK-C").await.status, 404, "SS-55");
    // ST-42, ST-39: a ticket or a host that would add settings is not written to a file.
    for (ticket, address) in [
        ("AB=CD", "192.0.2.9:1494"),
        ("AB CD", "192.0.2.9:1494"),
        ("AB", "host&#10;Password=x"),
    ] {
        farm.set_content("Address", &connection(ticket, address));
        failure(&alice.launch(&url, "DESK-C").await);
    }
}

#[tokio::test]
async fn pending_launch_continues_below_its_url() {
    // SS-57, ST-44 to ST-46
    let (env, farm, alice, url) = scripted().await;
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let response = alice.launch(&url, "DESK-C").await;
    let (retry, key) = retry(&response, &url);
    assert!(
        response.text().contains("<retry><url>"),
        "{}",
        response.text()
    );

    // The machine is still not ready: the next retry has another key.
    let (second, _) = self::retry(&alice.launch(&retry, "DESK-C").await, &url);
    assert_ne!(second, retry);

    // SS-54: keys of other users or sessions and forged keys are unknown.
    let bob = sign_in(&env, "bob", "roam-demo").await;
    let of_bob = bob.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    let other = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let middle = key.len() / 2;
    let letter = if key[middle..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{letter}{}", &key[..middle], &key[middle + 1..]);
    for (case, user, target) in [
        ("another user's token", &bob, retry.clone()),
        ("another user's session", &bob, format!("{of_bob}/{key}")),
        ("another session", &alice, format!("{other}/{key}")),
        ("forged", &alice, format!("{url}/{forged}")),
        ("shortened", &alice, format!("{url}/{}", &key[..middle])),
    ] {
        let response = user.launch(&target, "DESK-C").await;
        assert_eq!(response.status, 404, "{case}");
    }

    farm.set_content("Address", &connection("0F51C2D9A8B74E60B1", "192.0.2.9"));
    let (ica, ticket) = success(&alice.launch(&second, "DESK-C").await);
    assert_eq!(ticket, "0F51C2D9A8B74E60B1");
    assert_eq!(line(&ica, "Address"), "192.0.2.9:1494");
    assert_eq!(line(&ica, "Title"), "Ledger");

    // ST-46: the launch has ended, so that its keys are unknown.
    for ended in [&retry, &second] {
        assert_eq!(alice.launch(ended, "DESK-C").await.status, 404);
    }
    success(&alice.launch(&url, "DESK-C").await);
}

#[tokio::test]
async fn pending_launch_continues_on_any_server() {
    // ST-46
    let (mut env, farm, alice, url) = scripted().await;
    let on_second = SignedIn {
        server: env.second_server().await,
        token: alice.token.clone(),
        primary: alice.primary.clone(),
        ..alice
    };
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let (first, _) = retry(&alice.launch(&url, "DESK-C").await, &url);
    let (second, _) = retry(&on_second.launch(&first, "DESK-C").await, &url);
    farm.set_content("Address", &connection("0F51C2D9A8B74E60B1", "192.0.2.9"));
    success(&on_second.launch(&second, "DESK-C").await);
    for signed_in in [&alice, &on_second] {
        assert_eq!(signed_in.launch(&second, "DESK-C").await.status, 404);
    }
}

#[tokio::test]
async fn retry_reports_its_reason_and_delay() {
    // ST-45, ST-47
    let (_env, farm, alice, url) = scripted().await;
    for (error, expected, seconds) in [
        ("rebooting", RetryReason::REBOOTING, 15),
        ("resuming", RetryReason::RESUMING, 10),
        ("retry-required", RetryReason::UNKNOWN, 5),
    ] {
        farm.set_content("Address", &format!("<ErrorId>{error}</ErrorId>"));
        match data(&alice.launch(&url, "DESK-C").await) {
            LaunchData::Retry { after, reason, .. } => {
                assert_eq!((reason, after), (expected, Some(seconds)));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// ST-46: a request that a client or a proxy repeats must not launch twice.
#[tokio::test]
async fn retry_key_launches_once_at_the_same_time() {
    let (_env, farm, alice, url) = scripted().await;
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let LaunchData::Retry { url: next, .. } = data(&alice.launch(&url, "DESK-C").await) else {
        panic!("a machine has to start");
    };
    farm.set_content("Address", &connection("0F51C2D9A8B74E60B1", "192.0.2.9"));
    let attempt = || alice.launch(&next, "DESK-C");
    let (one, two, three) = tokio::join!(attempt(), attempt(), attempt());
    let mut statuses = [one, two, three].map(|response| response.status);
    statuses.sort();
    assert_eq!(statuses, [200, 404, 404]);
    assert_eq!(farm.request_count("Address"), 2);
}

#[tokio::test]
async fn launch_failure_text_is_in_the_clients_language() {
    // ST-8
    let (_env, farm, alice, url) = scripted().await;
    farm.set_content("Address", "<ErrorId>no-server</ErrorId>");
    for (accepted, language, text) in [
        (None, "en", "No machine is free. Try again later."),
        (
            Some("de-CH, en;q=0.5"),
            "de",
            "Es ist kein Rechner frei. Versuchen Sie es später noch einmal.",
        ),
        (
            Some("nl, fr;q=0.8"),
            "fr",
            "Aucune machine n'est disponible. Réessayez plus tard.",
        ),
        (
            Some("es"),
            "es",
            "No hay ningún equipo libre. Inténtelo de nuevo más tarde.",
        ),
        (
            Some("ja"),
            "ja",
            "空いているマシンがありません。後でもう一度お試しください。",
        ),
    ] {
        let response = alice.launch_in(&url, "DESK-C", accepted).await;
        assert_eq!(failure(&response).1, text);
        assert_eq!(response.header("content-language"), Some(language));
        assert!(response.body.is_ascii(), "SS-69");
    }
}

#[tokio::test]
async fn refusing_desktop_gets_a_restart_hint() {
    // ST-51
    let (_env, farm, alice, url) = scripted().await;
    farm.set_content("Address", "<ErrorId>connection-refused</ErrorId>");
    let remedy = |response: &Response| match data(response) {
        LaunchData::Failure { remedy, .. } => remedy,
        other => panic!("{other:?}"),
    };
    assert_eq!(remedy(&alice.launch(&url, "DESK-C").await), None);
    let (_env, farm, alice, url) = scripted_with_application(
        "<AppData><InName>Ledger</InName><FName>Ledger</FName><Details>\
         <Settings appisdisabled=\"false\" appisdesktop=\"true\"/></Details></AppData>",
    )
    .await;
    farm.set_content("Address", "<ErrorId>connection-refused</ErrorId>");
    let hint = remedy(&alice.launch(&url, "DESK-C").await);
    assert_eq!(hint, Some(RemedyHint::RESTART_DESKTOP));
}

#[tokio::test]
async fn client_settings_stay_within_those_of_the_application() {
    let settings = |sound: &str| {
        format!(
            "<AppData><InName>Ledger</InName><FName>Ledger</FName><Details>\
             <Settings appisdisabled=\"false\" appisdesktop=\"false\"><WinWidth>1024</WinWidth>\
             <WinHeight>768</WinHeight><WinColor>4</WinColor><WinType>pixels</WinType>\
             <SoundType minimum=\"false\">{sound}</SoundType><Encryption minimum=\"true\">\
             rc5-128</Encryption></Settings></Details></AppData>"
        )
    };
    for (sound, setting, audio) in [
        ("none", "<audio>high</audio>", "Off"),
        ("none", "", "Off"),
        ("basic", "<audio>high</audio>", "On"),
        ("basic", "<audio>off</audio>", "Off"),
    ] {
        let (_env, farm, alice, url) = scripted_with_application(&settings(sound)).await;
        farm.set_content("Address", &connection("0F51C2D9A8B74E60B1", "192.0.2.9"));
        let (ica, _) = success(&alice.launch_with(&url, setting).await);
        assert_eq!(line(&ica, "ClientAudio"), audio, "{sound} {setting}");
        assert_eq!(line(&ica, "EncryptionLevelSession"), "EncRC5-128");
        assert_eq!(line(&ica, "DesiredColor"), "4");
        assert_eq!(line(&ica, "DesiredHRES"), "1024");
    }
}

/// ST-37, nfuse.md §9: scripts of users look for these lines.
#[tokio::test]
async fn launch_without_display_gets_the_window_of_its_resource() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let seamless = ["On", "0", "0"];
    let full_screen = ["Off", "4294967295", "4294967295"];
    let session = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let launch = |resource: &str| {
        let segment = data_encoding::BASE64URL_NOPAD.encode(resource.as_bytes());
        env.url(&format!(
            "{}/resources/v2/{segment}/launch/ica",
            env.store_path
        ))
    };
    for (url, parameters, expected) in [
        (&session, "", seamless),
        (&launch("CVAD.Word"), "", seamless),
        (&launch("CVAD.Win11Desktop"), "", full_screen),
        (&launch("XD5.Win7Desktop"), "", full_screen),
        (
            &launch("CVAD.Word"),
            "<display>fullscreen</display>",
            full_screen,
        ),
    ] {
        let (ica, _) = success(&alice.launch_with(url, parameters).await);
        let found = ["TWIMode", "DesiredHRES", "DesiredVRES"].map(|key| line(&ica, key));
        assert_eq!(found, expected, "{url} {parameters}");
    }
}

#[tokio::test]
async fn data_in_the_address_response_is_not_requested_again() {
    // nfuse.md §5: from generation 7 on, the address response contains ticket and launch reference.
    let bare = "<ServerAddress addresstype=\"dot\">192.0.2.9</ServerAddress>\
                <TicketTag>tag</TicketTag>";
    for (generation, address, capability, expected) in [
        ("cvad-7", connection("0F51", "192.0.2.9"), true, (0, 0)),
        ("cvad-7", bare.to_owned(), true, (1, 1)),
        ("cvad-7", bare.to_owned(), false, (1, 0)),
        ("xenapp-6", bare.to_owned(), true, (1, 1)),
        ("xenapp-6", bare.to_owned(), false, (1, 0)),
        ("xendesktop-5", bare.to_owned(), true, (1, 1)),
        (
            "xenapp-6",
            format!("{bare}<Ticket>0F51</Ticket>"),
            true,
            (0, 1),
        ),
    ] {
        let (_env, farm, alice, url) = scripted_with_generation(generation, "", "").await;
        farm.set_content("Address", &address);
        farm.set_content("Ticket", "<Ticket>0F51</Ticket>");
        farm.set_content("LaunchRef", "<LaunchRef>reference</LaunchRef>");
        let has = "<CapabilityId>launch-reference</CapabilityId>";
        farm.set_content("Capabilities", if capability { has } else { "" });
        let (ica, ticket) = success(&alice.launch(&url, "DESK-C").await);
        let asked = (
            farm.request_count("Ticket"),
            farm.request_count("LaunchRef"),
        );
        assert_eq!(asked, expected, "{generation} {address}");
        assert_eq!(ticket, "0F51");
        let has_reference = expected.1 == 1 || address.contains("LaunchRef");
        assert_eq!(ica.contains("LaunchReference=reference"), has_reference);
    }
}

#[tokio::test]
async fn launch_at_a_farm_without_tickets_succeeds() {
    // nfuse.md §7
    let (_env, farm, alice, url) = scripted_with_generation("xenapp-6", "", "").await;
    farm.set_content(
        "Address",
        "<ServerAddress addresstype=\"dot\">192.0.2.9</ServerAddress><TicketTag>tag</TicketTag>",
    );
    farm.set_content("Ticket", "<ErrorId>Ticketing-Disabled</ErrorId>");
    match data(&alice.launch(&url, "DESK-C").await) {
        LaunchData::Success { ica, logon_ticket } => {
            assert!(logon_ticket.is_none());
            assert!(!ica.expose_secret().contains("LogonTicket"));
        }
        other => panic!("{other:?}"),
    }
    // A session that ends between the address request and the ticket request is not found.
    farm.set_content(
        "Ticket",
        "<ErrorId>unspecified</ErrorId><MPSError type=\"IMA\">0x80060001</MPSError>",
    );
    assert_eq!(alice.launch(&url, "DESK-C").await.status, 404, "SS-55");
}

#[tokio::test]
async fn alternate_address_is_requested_if_configured() {
    // nfuse.md §5.1, §7
    let options = "alternate_address = true\naddress_form = \"dot\"\n";
    let (_env, farm, alice, url) = scripted_with_generation("cvad-7", options, "").await;
    farm.set_content("Address", &connection("0F51", "198.51.100.9"));
    success(&alice.launch(&url, "DESK-C").await);
    let asked = farm.last_request("Address");
    assert!(asked.contains("<Flags>alt-addr</Flags>"), "{asked}");
    assert!(
        asked.contains("<ServerAddress addresstype=\"dot\"/>"),
        "{asked}"
    );
    assert_eq!(farm.request_count("Address"), 1);
    farm.set_content("Address", "<ErrorId>no-alt-address</ErrorId>");
    failure(&alice.launch(&url, "DESK-C").await);
    assert_eq!(
        farm.request_count("Address"),
        3,
        "once more, without the flag"
    );
    let asked = farm.last_request("Address");
    assert!(!asked.contains("Flags"), "{asked}");
    assert!(
        asked.contains("<ClientAddress addresstype=\"dot\">127.0.0.1<"),
        "ST-36: {asked}"
    );
}

#[tokio::test]
async fn invalidated_ticket_is_not_handed_out() {
    // SS-46: this farm issues the same ticket again, and cannot invalidate it.
    let (_env, farm, alice, url) = scripted().await;
    farm.set_content("Address", &connection("0F51C2D9A8B74E60B1", "192.0.2.9"));
    success(&alice.launch(&url, "DESK-C").await);
    farm.set_content("Capabilities", "");
    farm.set_content("DisconnectUserSessions", "");
    let tickets = "<tickets><ticket>0F51C2D9A8B74E60B1</ticket></tickets>";
    assert_eq!(alice.end("disconnect", "DESK-C", tickets).await, "success");
    failure(&alice.launch(&url, "DESK-C").await);
}

/// Starts the demo environment with a scripted farm `SCRIPTED`, which has one session for every
/// user. Returns them with alice and the launch URL of her session there.
async fn scripted() -> (TestEnvironment, ScriptedController, SignedIn, String) {
    scripted_with_application("").await
}

/// Like [`scripted`], with this application on the farm.
async fn scripted_with_application(
    application: &str,
) -> (TestEnvironment, ScriptedController, SignedIn, String) {
    scripted_with_generation("cvad-7", "", application).await
}

/// Like [`scripted`], with a farm of this generation, and with these lines of its configuration.
async fn scripted_with_generation(
    generation: &'static str,
    configuration: &str,
    application: &str,
) -> (TestEnvironment, ScriptedController, SignedIn, String) {
    let farm = ScriptedController::refusing().await;
    farm.set_content(
        "AppData",
        &format!("<AppDataSet>{application}</AppDataSet>"),
    );
    farm.set_content(
        "ReconnectSessionData",
        "<AppDataSet><AppData type=\"session\"><InName>Ledger</InName><ServerType>win32\
         </ServerType><ClientType>ica30</ClientType><HostId type=\"ima-host-id\">9</HostId>\
         <SessionId>4</SessionId></AppData></AppDataSet>",
    );
    let env = TestEnvironment::start(Options {
        more_sections: farm.farm_section_of(generation, "SCRIPTED", "Farm9") + configuration,
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    (env, farm, alice, url)
}

/// Returns the content of an address response of generation 7.
fn connection(ticket: &str, address: &str) -> String {
    format!(
        "<ServerAddress addresstype=\"dot\">{address}</ServerAddress><ServerType>win32\
         </ServerType><ConnectionType>tcp</ConnectionType><ClientType>ica30</ClientType>\
         <TicketTag>tag</TicketTag><LaunchRef>reference</LaunchRef><Ticket>{ticket}</Ticket>"
    )
}

/// Returns the URL of a retry, which extends the launch URL, and its key.
fn retry(response: &Response, launch: &str) -> (String, String) {
    match data(response) {
        LaunchData::Retry {
            url, after, reason, ..
        } => {
            assert!(after.is_some());
            assert_eq!(reason, RetryReason::UNKNOWN);
            let key = url.strip_prefix(&format!("{launch}/")).unwrap().to_owned();
            assert!(!key.contains('/'), "{key}");
            (url, key)
        }
        other => panic!("{other:?}"),
    }
}
