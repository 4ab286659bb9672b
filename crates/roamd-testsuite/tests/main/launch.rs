//! Connecting to a session (sessions-service.md §6, store-services.md §4).

use jiff::Timestamp;
use roamd_store_proto::{LaunchData, LaunchErrorId, RetryReason};
use roamd_testsuite::{Options, Response, ScriptedFarm, SignedIn, Site, sign_in};
use secrecy::ExposeSecret;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";

#[tokio::test]
async fn a_session_of_each_generation_follows_its_user() {
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
        let site = Site::demo().await;
        let alice = sign_in(&site, "alice", "roam-demo").await;
        alice.end("disconnect", "DESK-A", "").await;
        let url = alice.launch_url("DESK-C", "", resource).await;
        let response = alice.launch(&url, "DESK-C").await;
        let (ica, ticket) = success(&response);
        // SS-53, ST-20, CA-77: an answer with a ticket is kept nowhere.
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

        let still = site.sessions("alice");
        let waiting = format!("{farm} {app} disconnected -");
        assert!(still.contains(&waiting), "a file alone connects nobody");
        let connected = site.farms.connect(&ica, Timestamp::now()).unwrap();
        assert_eq!((&*connected.farm, &*connected.app), (farm, app));
        assert_eq!(connected.client_name.as_deref(), Some("DESK-C"));
        assert_eq!(connected.device_id.as_deref(), Some("DESK-C"));
        let active = format!("{farm} {app} active DESK-C");
        assert!(site.sessions("alice").contains(&active));
        let own = alice.resources("DESK-C", ACTIVE).await;
        assert!(!own.contains(&resource.to_owned()), "SS-31: {own:?}");
        let others = alice.resources("DESK-D", ACTIVE).await;
        assert!(others.contains(&resource.to_owned()), "{others:?}");
        let again = site.farms.connect(&ica, Timestamp::now()).unwrap_err();
        assert_eq!(
            again.to_string(),
            "logon ticket refused: it was used before"
        );
    }
}

#[tokio::test]
async fn a_session_that_is_active_elsewhere_moves() {
    // SS-55, SS-59: the farm allows it.
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let url = alice
        .launch_url("DESK-C", ACTIVE, "CVAD.Win11Desktop")
        .await;
    let before = site.sessions("alice").len();
    let (ica, _) = success(&alice.launch(&url, "DESK-C").await);
    site.farms.connect(&ica, Timestamp::now()).unwrap();
    let after = site.sessions("alice");
    assert!(after.contains(&"CVAD Win11Desktop active DESK-C".to_owned()));
    assert_eq!(after.len(), before, "moved, not doubled");
}

#[tokio::test]
async fn a_launch_needs_no_end_point() {
    // ST-35, ST-34
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let (ica, _) = success(&alice.launch_with(&url, "").await);
    site.farms.connect(&ica, Timestamp::now()).unwrap();
    assert_eq!(site.sessions("alice")[3], "CVAD Excel active -");
    let listed = alice.resources("DESK-C", ACTIVE).await;
    assert!(
        listed.contains(&"CVAD.Excel".to_owned()),
        "never connected from here"
    );
}

#[tokio::test]
async fn whatever_names_no_session_of_the_caller_gets_one_and_the_same_404() {
    // SS-5, SS-54, SS-55
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let bob = sign_in(&site, "bob", "roam-demo").await;
    let of_alice = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let of_bob = bob.launch_url("DESK-C", "", "CVAD.Word").await;
    let ended = alice.launch_url("DESK-C", ACTIVE, "XA1.Notepad").await;
    let newer = alice.launch_url("DESK-C", ACTIVE, "CVAD.Word").await;
    // The lists have disconnected it: it is connected again, to be logged off from there.
    let (ica, _) = success(&alice.launch(&ended, "DESK-E").await);
    site.farms.connect(&ica, Timestamp::now()).unwrap();
    alice.end("logoff", "DESK-E", "").await;
    alice.end("logoff", "DESK-A", "").await;
    let sessions = (site.sessions("alice"), site.sessions("bob"));

    let id = of_alice.split('/').nth_back(2).unwrap();
    let flipped = format!(
        "{}{}",
        &id[..id.len() - 2],
        if id.ends_with("AA") { "BB" } else { "AA" }
    );
    let forged = of_alice.replace(id, &flipped);
    let mut bodies = Vec::new();
    for (case, url) in [
        ("another user's", of_bob.clone()),
        ("forged", forged),
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
        bodies.push((response.body, names));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nobody can tell them apart");
    assert_eq!((site.sessions("alice"), site.sessions("bob")), sessions);
}

#[tokio::test]
async fn wrong_launch_parameters_are_refused_by_name() {
    // ST-34, ST-37, ST-39
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let long = "x".repeat(257);
    let sessions = site.sessions("alice");
    for (element, value) in [
        ("clientName", "DESK&#10;[Injected]"),
        ("clientName", "DESK-C\n"),
        ("clientName", "a&#x85;b"),
        ("clientName", "a&#x2028;b"),
        ("clientName", &*long),
        ("deviceId", "a\tb"),
        ("launcher", "a&#13;b"),
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
        let response = alice
            .launch_with(&url, &format!("<{element}>{value}</{element}>"))
            .await;
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
    assert_eq!(site.sessions("alice"), sessions);
}

#[tokio::test]
async fn parameters_that_do_not_apply_are_ignored() {
    // ST-37: client A sends all of them always. ST-13: so does a newer client, with more.
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let parameters = "<display>seamless</display><displayPercent>0</displayPercent>\
                      <displayAbsolute>none</displayAbsolute><clientAddress/>\
                      <clientName>DESK-C</clientName><newer a=\"b\"><c/></newer>\
                      <audio> medium </audio><showDesktopViewer> 1 </showDesktopViewer>";
    success(&alice.launch_with(&url, parameters).await);
}

#[tokio::test]
async fn a_farm_that_does_not_answer_fails_the_launch() {
    // SS-56, ST-48, ST-50: the document tells it, with 200.
    let mut site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    site.stop_farm("CVAD").await;
    let (id, text) = failure(&alice.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
    assert_eq!(text, "The session's farm does not answer. Try again later.");
}

#[tokio::test]
async fn what_a_farm_says_becomes_the_error_of_the_launch() {
    // SS-56, ST-48
    let (_site, farm, alice, url) = scripted().await;
    for (error, expected) in [
        ("not-licensed", LaunchErrorId::NOT_LICENSED),
        ("no-server", LaunchErrorId::UNAVAILABLE_DESKTOP),
        ("mfserver-overloaded", LaunchErrorId::UNAVAILABLE_DESKTOP),
        ("account-disabled", LaunchErrorId::GENERAL_APP_LAUNCH_ERROR),
        ("never-seen-before", LaunchErrorId::GENERAL_APP_LAUNCH_ERROR),
    ] {
        farm.answer("Address", &format!("<ErrorId>{error}</ErrorId>"));
        let (id, text) = failure(&alice.launch(&url, "DESK-C").await);
        assert_eq!(id, expected, "{error}");
        assert!(text.ends_with('.') && !text.contains(error), "{text}");
    }
    farm.answer("Address", "<ErrorId>no-available-workstation</ErrorId>");
    assert_eq!(alice.launch(&url, "DESK-C").await.status, 404, "SS-55");
    // ST-42, ST-39: a ticket or a host that would add settings never reaches a file.
    for (ticket, address) in [
        ("AB=CD", "192.0.2.9:1494"),
        ("AB CD", "192.0.2.9:1494"),
        ("AB", "host&#10;Password=x"),
    ] {
        farm.answer("Address", &connection(ticket, address));
        failure(&alice.launch(&url, "DESK-C").await);
    }
}

#[tokio::test]
async fn a_launch_that_is_not_ready_goes_on_below_its_url() {
    // SS-57, ST-44 to ST-46
    let (site, farm, alice, url) = scripted().await;
    farm.answer("Address", "<ErrorId>retry-required</ErrorId>");
    let response = alice.launch(&url, "DESK-C").await;
    let (retry, key) = retry(&response, &url);
    assert!(
        response.text().contains("<retry><url>"),
        "{}",
        response.text()
    );

    // Not ready yet: the next attempt has a key of its own.
    let (second, _) = self::retry(&alice.launch(&retry, "DESK-C").await, &url);
    assert_ne!(second, retry);

    // SS-54: keys of others, of other sessions, and forged ones lead nowhere.
    let bob = sign_in(&site, "bob", "roam-demo").await;
    let of_bob = bob.launch_url("DESK-C", "", "GATE.Ledger").await;
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

    farm.answer("Address", &connection("0F51C2D9A8B74E60B1", "192.0.2.9"));
    let (ica, ticket) = success(&alice.launch(&second, "DESK-C").await);
    assert_eq!(ticket, "0F51C2D9A8B74E60B1");
    assert_eq!(line(&ica, "Address"), "192.0.2.9:1494");
    assert_eq!(line(&ica, "Title"), "Ledger");
}

#[tokio::test]
async fn a_ticket_that_was_invalidated_before_it_was_given_is_not_handed_out() {
    // SS-46: the farm of this test gives the same ticket again, and cannot invalidate one.
    let (_site, farm, alice, url) = scripted().await;
    farm.answer("Address", &connection("0F51C2D9A8B74E60B1", "192.0.2.9"));
    success(&alice.launch(&url, "DESK-C").await);
    farm.answer("Capabilities", "");
    farm.answer("DisconnectUserSessions", "");
    let tickets = "<tickets><ticket>0F51C2D9A8B74E60B1</ticket></tickets>";
    assert_eq!(alice.end("disconnect", "DESK-C", tickets).await, "success");
    failure(&alice.launch(&url, "DESK-C").await);
}

/// The demo world and a scripted farm `GATE` with one session of everybody; alice, and the launch
/// URL of her session there.
async fn scripted() -> (Site, ScriptedFarm, SignedIn, String) {
    let farm = ScriptedFarm::start().await;
    farm.answer("AppData", "<AppDataSet></AppDataSet>");
    farm.answer(
        "ReconnectSessionData",
        "<AppDataSet><AppData type=\"session\"><InName>Ledger</InName><ServerType>win32\
         </ServerType><ClientType>ica30</ClientType><HostId type=\"ima-host-id\">9</HostId>\
         <SessionId>4</SessionId></AppData></AppDataSet>",
    );
    let site = Site::start(Options {
        more_farms: farm.section("GATE", "Farm9"),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "GATE.Ledger").await;
    (site, farm, alice, url)
}

/// What a farm of generation 7 answers when a session is ready.
fn connection(ticket: &str, address: &str) -> String {
    format!(
        "<ServerAddress addresstype=\"dot\">{address}</ServerAddress><ServerType>win32\
         </ServerType><ConnectionType>tcp</ConnectionType><ClientType>ica30</ClientType>\
         <TicketTag>tag</TicketTag><LaunchRef>reference</LaunchRef><Ticket>{ticket}</Ticket>"
    )
}

fn success(response: &Response) -> (String, String) {
    match data(response) {
        LaunchData::Success { ica, logon_ticket } => (
            ica.expose_secret().to_owned(),
            logon_ticket.unwrap().expose_secret().to_owned(),
        ),
        other => panic!("{other:?}"),
    }
}

fn failure(response: &Response) -> (LaunchErrorId, String) {
    match data(response) {
        LaunchData::Failure { id, text, .. } => (id, text),
        other => panic!("{other:?}"),
    }
}

/// The URL of a retry, which lies below the launch URL, and its key.
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

fn data(response: &Response) -> LaunchData {
    assert_eq!(response.status, 200, "{}", response.text());
    LaunchData::from_xml(&response.body).unwrap()
}

/// The value of a line of an ICA file that has it once.
fn line<'f>(file: &'f str, key: &str) -> &'f str {
    let start = format!("{key}=");
    let mut values = file.lines().filter_map(|line| line.strip_prefix(&start));
    let value = values.next().unwrap();
    assert_eq!(values.next(), None, "{key}");
    value
}
