//! Tokens after their issue: refresh, validation, destruction, and use at other services
//! (citrixauth.md §4, §7).

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::{
    Claim, ClaimsPrincipal, DestroyToken, DestroyTokenResponse, RefreshToken,
};
use roamd_testkit::{FarmConfig, Script, ScriptedController, StoreConfig, document};
use roamd_testsuite::{
    HttpPeer, Options, Response, SignedIn, TestEnvironment, TokenContents, TokenService,
    challenge_of, path_of, request_token, session_params, sign_in, sign_in_to, token_of,
    token_response,
};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

const TOKEN: &str = "/Citrix/StoreAuth/auth/v1/token";
const VALIDATE: &str = "/Citrix/StoreAuth/auth/v1/token/validate";
const REQUEST: &str = "application/vnd.citrix.requesttoken+xml";
const REFRESH: &str = "application/vnd.citrix.refreshtoken+xml";
const DESTROY: &str = "application/vnd.citrix.destroytoken+xml";
const CLAIMS: &str = "application/vnd.citrix.claimsidentity+xml";

/// `Accept` of all clients at a token service (CA-35).
const ACCEPT: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                      application/vnd.citrix.requesttokenchoices+xml";

/// Posts a message to the token service.
async fn post(server: HttpPeer, holder: &str, media_type: &str, body: &[u8]) -> Response {
    let authorization = format!("CitrixAuth {holder}");
    let headers = [
        ("Authorization", &*authorization),
        ("Content-Type", media_type),
        ("Accept", ACCEPT),
    ];
    server.send("POST", TOKEN, &headers, body).await
}

async fn destroy(server: HttpPeer, holder: &str, token: &str) -> Response {
    let message = DestroyToken {
        token: token.into(),
    };
    post(server, holder, DESTROY, &message.to_xml()).await
}

async fn refresh(server: HttpPeer, holder: &str, token: &str, hours: u64) -> Response {
    let message = RefreshToken {
        token: token.into(),
        requested_lifetime: Some(Lifetime(Duration::from_hours(hours))),
    };
    post(server, holder, REFRESH, &message.to_xml()).await
}

async fn get(server: HttpPeer, path: &str, token: Option<&str>) -> Response {
    let authorization = token.map(|token| format!("CitrixAuth {token}"));
    let mut headers = vec![];
    headers.extend(authorization.as_deref().map(|it| ("Authorization", it)));
    server.send("GET", path, &headers, b"").await
}

fn assert_destroyed(response: &Response) {
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(
        response.header("content-type"),
        Some("application/vnd.citrix.destroytokenresponse+xml")
    );
    assert!(
        response
            .header("cache-control")
            .unwrap()
            .contains("no-store")
    );
    let read = DestroyTokenResponse::from_xml(&response.body);
    assert_eq!(read, Ok(DestroyTokenResponse));
}

/// Returns the reason for which a store refuses a token, or `None` if it accepts it.
async fn reason(server: HttpPeer, token: &str) -> Option<String> {
    let response = get(server, "/Citrix/Store/resources/v2", Some(token)).await;
    (response.status != 200).then(|| challenge_of(&response).reason)
}

fn expired() -> Option<String> {
    Some("expired".to_owned())
}

/// Returns an environment with validation services: one farm checks all passwords.
fn named_farm() -> Options {
    Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        ..Options::default()
    }
}

/// Returns a token for the `default` validation service.
async fn validation_token(env: &TestEnvironment, primary: &str) -> String {
    let challenge = challenge_of(&get(env.server, VALIDATE, None).await);
    let message = request_token(&challenge.realm, &challenge.hint, "0.01:00:00");
    token_of(&post(env.server, primary, REQUEST, message.as_bytes()).await)
}

#[tokio::test]
async fn destroyed_token_and_descendants_are_refused_by_all_servers() {
    // CA-39; bad input 55.
    let mut env = TestEnvironment::demo().await;
    let second = env.second_server().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let service = TokenService::discover(env.server).await;
    let other = token_of(&service.exchange(&alice.primary).await);
    let again = sign_in(&env, "alice", "roam-demo").await;

    // A service token is destroyed alone, and destroying it again succeeds.
    for server in [env.server, second] {
        assert_destroyed(&destroy(server, &alice.primary, &alice.token).await);
    }
    for server in [env.server, second] {
        assert_eq!(reason(server, &alice.token).await, expired());
        assert_eq!(reason(server, &other).await, None);
    }

    // A primary token is destroyed with all its descendants, even during their use.
    assert_destroyed(&destroy(second, &alice.primary, &alice.primary).await);
    for server in [env.server, second] {
        assert_eq!(reason(server, &other).await, expired());
        let response = destroy(server, &alice.primary, &other).await;
        assert_eq!(challenge_of(&response).reason, "expired");
        let refreshed = refresh(server, &again.primary, &alice.primary, 8).await;
        assert_eq!(refreshed.status, 400, "{}", refreshed.text());
        let exchanged = service.exchange(&alice.primary).await;
        assert_eq!(challenge_of(&exchanged).reason, "expired");
        // Another sign-in of the same user is not affected.
        assert_eq!(reason(server, &again.token).await, None);
    }
    env.restart_server().await;
    assert_eq!(reason(env.server, &other).await, expired());
    assert_eq!(reason(env.server, &again.token).await, None);
}

#[tokio::test]
async fn spent_ticket_budget_leaves_tokens_destructible() {
    // A thief with a store token spends the budget of tickets of a day. SS-50: the response says
    // that tickets were not invalidated; the sessions are ended all the same.
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    for request in 0..322 {
        if request % 90 == 89 {
            // A server that has just started does not limit the rate of changes yet.
            env.restart_server().await;
        }
        let expected = if request < 312 { "success" } else { "partial" };
        assert_eq!(
            end_with_tickets(&alice, request).await,
            expected,
            "{request}"
        );
    }
    // Those that are invalidated already draw on nothing.
    assert_eq!(end_with_tickets(&alice, 0).await, "success");
    assert_destroyed(&destroy(env.server, &alice.primary, &alice.token).await);
    assert_eq!(reason(env.server, &alice.token).await, expired());
    let again = sign_in(&env, "alice", "roam-demo").await;
    assert_destroyed(&destroy(env.server, &again.primary, &again.primary).await);
    assert_eq!(reason(env.server, &again.token).await, expired());
}

/// Disconnects no session, with 64 tickets that are those of this request.
async fn end_with_tickets(user: &SignedIn, request: u32) -> String {
    let tickets = (0..64).map(|number| format!("<ticket>{request}-{number}</ticket>"));
    let tickets = format!("<tickets>{}</tickets>", tickets.collect::<String>());
    user.end("disconnect", "NO-ONE", &tickets).await
}

/// A request whose body comes in two parts, and its connection.
struct Unfinished {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Unfinished {
    /// Sends the head and a part of the body. Returns when the server waits for the rest.
    async fn begin(
        server: HttpPeer,
        path: &str,
        token: &str,
        media_type: &str,
        body: &[u8],
    ) -> Self {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: CitrixAuth {token}\r\n\
             Content-Type: {media_type}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\
             Connection: close\r\n\r\n",
            body.len(),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        let (first, rest) = body.split_at(10);
        stream.write_all(first).await.unwrap();
        let rest = rest.to_vec();
        Self { stream, rest }
    }

    /// Sends the rest of the body, and returns the response.
    async fn finish(mut self) -> String {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut response = String::new();
        self.stream.read_to_string(&mut response).await.unwrap();
        response
    }
}

#[tokio::test]
async fn token_destroyed_before_the_body_arrives_is_refused() {
    // CA-39: the token was good when the request began.
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        more_sections: farm.farm_section("SCRIPTED", "Farm9"),
        ..Options::default()
    })
    .await;
    let store = "store:/Citrix/Store";
    let params = "application/vnd.citrix.sessionparams+xml";
    let launch_params = "application/vnd.citrix.launchparams+xml";
    let session = session_params("DESK-C", "<tickets><ticket>0F51</ticket></tickets>");
    let launch = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
                  <clientName>DESK-C</clientName></launchparams>";
    let other = sign_in(&env, "alice", "roam-demo").await;
    let listed = other.state("DESK-C", "").await.unwrap().sessions;
    let mut listed = listed.into_iter();
    let scripted = listed.find(|session| session.resource_id.starts_with("SCRIPTED"));
    let session_url = scripted.unwrap().launch_url;
    let exchange = request_token(store, &env.url("/"), "0.01:00:00");
    let refresh = RefreshToken {
        token: other.token.as_str().into(),
        requested_lifetime: None,
    };
    let destroy_other = DestroyToken {
        token: other.token.as_str().into(),
    };
    let sessions = "/Citrix/Store/sessions/v1";
    for (path, is_primary, media_type, body) in [
        (
            format!("{sessions}/available"),
            false,
            params,
            session.as_bytes(),
        ),
        (
            format!("{sessions}/disconnect"),
            false,
            params,
            session.as_bytes(),
        ),
        (
            format!("{sessions}/logoff"),
            false,
            params,
            session.as_bytes(),
        ),
        (
            path_of(&session_url).to_owned(),
            false,
            launch_params,
            launch.as_bytes(),
        ),
        (TOKEN.to_owned(), true, REQUEST, exchange.as_bytes()),
        (TOKEN.to_owned(), true, REFRESH, &refresh.to_xml()),
        (TOKEN.to_owned(), true, DESTROY, &destroy_other.to_xml()),
    ] {
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let token = if is_primary {
            &alice.primary
        } else {
            &alice.token
        };
        let unfinished = Unfinished::begin(env.server, &path, token, media_type, body).await;
        let before = (farm.total_requests(), env.sessions("alice"));
        assert_destroyed(&destroy(env.server, &alice.primary, &alice.primary).await);
        let response = unfinished.finish().await;
        assert!(response.starts_with("HTTP/1.1 401 "), "{path}: {response}");
        assert!(
            response.contains("reason=\"expired\""),
            "{path}: {response}"
        );
        assert_eq!(
            (farm.total_requests(), env.sessions("alice")),
            before,
            "{path}"
        );
    }
    assert_eq!(reason(env.server, &other.token).await, None);
}

#[tokio::test]
async fn token_destroyed_during_launch_gets_no_ticket() {
    // CA-39
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        more_sections: farm.farm_section("SCRIPTED", "Farm9"),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let listed = alice.state("DESK-C", "").await.unwrap().sessions;
    let mut sessions = listed.into_iter();
    let session = sessions.find(|session| session.resource_id.starts_with("SCRIPTED"));
    let url = session.unwrap().launch_url;
    let held = Arc::new(Semaphore::new(0));
    farm.set_script(
        "Address",
        Script::body(document(
            "Address",
            "<ServerAddress addresstype=\"dns-port\">192.0.2.9:1494</ServerAddress>\
             <Ticket>0F51C2D9A8B74E60B1</Ticket>",
        ))
        .held(&held),
    );
    let launching = tokio::spawn({
        let (alice, url) = (alice.clone(), url.clone());
        async move { alice.launch(&url, "DESK-C").await }
    });
    farm.wait_for_requests("Address", 1).await;
    assert_destroyed(&destroy(env.server, &alice.primary, &alice.primary).await);
    held.close();
    let response = launching.await.unwrap();
    assert_eq!(challenge_of(&response).reason, "expired");
    assert!(!response.text().contains("0F51C2D9"), "{}", response.text());
}

#[tokio::test]
async fn token_destroyed_during_list_gets_no_list() {
    // CA-39
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        more_sections: farm.farm_section("SCRIPTED", "Farm9"),
        ..Options::default()
    })
    .await;
    for (request, is_post) in [("ReconnectSessionData", true), ("AppData", false)] {
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let held = Arc::new(Semaphore::new(0));
        farm.hold(request, &held);
        let before = farm.request_count(request);
        let listing = tokio::spawn({
            let alice = alice.clone();
            async move {
                if is_post {
                    let body = session_params("DESK-C", "");
                    alice.post("available", "*/*", &body).await
                } else {
                    alice.get("/Citrix/Store/resources/v2").await
                }
            }
        });
        farm.wait_for_requests(request, before + 1).await;
        assert_destroyed(&destroy(env.server, &alice.primary, &alice.primary).await);
        held.close();
        let response = listing.await.unwrap();
        assert_eq!(challenge_of(&response).reason, "expired", "{request}");
        farm.make_healthy();
    }
}

#[tokio::test]
async fn destroying_a_token_destroys_its_refreshed_copy() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let refreshed = token_of(&refresh(env.server, &alice.primary, &alice.token, 9).await);
    assert_eq!(reason(env.server, &refreshed).await, None);
    assert_destroyed(&destroy(env.server, &alice.primary, &alice.token).await);
    for token in [&refreshed, &alice.token] {
        assert_eq!(reason(env.server, token).await, expired());
    }
}

#[tokio::test]
async fn only_the_owner_destroys_or_refreshes_a_token() {
    // CA-37, CA-39; §7.10.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    for token in [&alice.token, &alice.primary] {
        for response in [
            destroy(env.server, &bob.primary, token).await,
            refresh(env.server, &bob.primary, token, 8).await,
        ] {
            assert_eq!(response.status, 400);
            let words = "the token in the message belongs to another user";
            assert!(response.text().contains(words), "{}", response.text());
        }
    }
    assert_eq!(reason(env.server, &alice.token).await, None);
    // A service token does not open the token service. An unknown token counts as destroyed.
    let response = destroy(env.server, &alice.token, &alice.token).await;
    assert_eq!(challenge_of(&response).reason, "notforthisservice");
    for unknown in ["AAAA", "not a token", &alice.token[4..]] {
        assert_destroyed(&destroy(env.server, &bob.primary, unknown).await);
        let refused = refresh(env.server, &bob.primary, unknown, 8).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(!refused.text().contains(unknown), "{}", refused.text());
    }
    assert_eq!(reason(env.server, &alice.token).await, None);
}

#[tokio::test]
async fn refreshed_token_ends_later() {
    // CA-36
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin_for("0.01:00:00").await;
    let attempt = conversation.attempt("alice", "roam-demo", Some("DEMO"));
    let first = token_response(&attempt.await);
    let primary = first.token.expose_secret();
    for (hours, expected) in [(2, 2), (20, 20), (24, 24), (30, 24)] {
        let response = refresh(env.server, primary, primary, hours).await;
        let text = response.text().to_owned();
        assert_eq!(
            response.header("content-type"),
            Some("application/vnd.citrix.requesttokenresponse+xml")
        );
        let token = token_response(&response);
        assert_eq!(token.issued, first.issued);
        assert_eq!(token.for_service, service.tokens.realm);
        let lifetime = token.expiry.duration_since(first.issued);
        let missing = lifetime - SignedDuration::from_hours(expected);
        assert!(missing.as_secs() < 30, "{lifetime:#}");
        assert!(missing.as_secs() >= 0, "{lifetime:#}");
        let days = if expected == 24 { "1.00:" } else { "0." };
        assert!(text.contains(&format!("<lifetime>{days}")), "{text}");
        // It opens the same service, and service tokens may last as long.
        let exchanged = service.exchange_for(token.token.expose_secret(), "1.00:00:00");
        let exchanged = token_response(&exchanged.await);
        assert_eq!(exchanged.expiry, token.expiry);
    }
    let late = Timestamp::now() - SignedDuration::from_hours(9);
    let old = env.seal_token(&TokenContents {
        realm: &service.tokens.realm,
        url: env.url("/"),
        issuer: &service.tokens.realm,
        user: "alice",
        password: "roam-demo",
        issued: late,
    });
    let refused = refresh(env.server, primary, &old, 8).await;
    assert_eq!(refused.status, 400, "CA-37: {}", refused.text());
}

#[tokio::test]
async fn token_messages_are_distinguished_by_media_type() {
    // CA-33, CA-35
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let token = DestroyToken {
        token: alice.token.as_str().into(),
    };
    let body = token.to_xml();
    let authorization = format!("CitrixAuth {}", alice.primary);
    let response_type = "application/vnd.citrix.destroytokenresponse+xml";
    for (media_type, accept, status, words) in [
        (REQUEST, ACCEPT, 400, "requesttoken"),
        (REFRESH, ACCEPT, 400, "refreshtoken"),
        ("text/xml", ACCEPT, 415, "destroytoken+xml"),
        (DESTROY, "text/html", 406, response_type),
        (REFRESH, response_type, 406, "requesttokenresponse"),
        (DESTROY, "*/*", 200, "destroyed"),
        (DESTROY, response_type, 200, "destroyed"),
        (
            "Application/VND.citrix.DestroyToken+xml; charset=utf-8",
            ACCEPT,
            200,
            "destroyed",
        ),
    ] {
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", media_type),
            ("Accept", accept),
        ];
        let response = env.server.send("POST", TOKEN, &headers, &body).await;
        let text = response.text();
        assert_eq!(response.status, status, "{media_type}: {text}");
        assert!(text.contains(words), "{media_type}: {text}");
    }
    // The token is checked first.
    let response = env
        .server
        .send("POST", TOKEN, &[("Content-Type", DESTROY)], &body);
    assert_eq!(challenge_of(&response.await).reason, "notoken");
}

#[tokio::test]
async fn validation_service_names_the_holder_of_its_own_token() {
    // CA-40, CA-41
    let env = TestEnvironment::start(Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]\n\
             validation_services = [\"default\", \"gw.example.net\"]"
            .to_owned(),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let default = validation_token(&env, &alice.primary).await;
    let appliance = format!("{VALIDATE}/gw.example.net");
    let challenge = challenge_of(&get(env.server, &appliance, None).await);
    let token_service = env.url(TOKEN);
    assert_eq!(challenge.locations, token_service);
    assert_eq!(challenge.hint, env.url(&appliance));
    let message = request_token(&challenge.realm, &challenge.hint, "0.01:00:00");
    let named = token_of(&post(env.server, &alice.primary, REQUEST, message.as_bytes()).await);
    let cased = "/citrix/storeauth/Auth/V1/Token/Validate/GW.Example.Net/";
    for (path, token) in [
        (VALIDATE, &default),
        (&format!("{VALIDATE}/"), &default),
        (&format!("{VALIDATE}/default"), &default),
        (&appliance, &named),
        (cased, &named),
    ] {
        let response = get(env.server, path, Some(token)).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        assert_eq!(response.header("content-type"), Some(CLAIMS));
        assert!(
            response
                .header("cache-control")
                .unwrap()
                .contains("no-store")
        );
        let principal = ClaimsPrincipal::from_xml(&response.body).unwrap();
        assert_eq!(principal.name, "DEMO\\alice");
        assert!(principal.authenticated);
        assert_eq!(principal.method, "Citrix Common Forms 1.0");
        let types: Vec<_> = principal.claims.iter().map(|it| &*it.claim_type).collect();
        assert_eq!(types, [Claim::NAME, Claim::EXPIRATION]);
        assert!(!response.text().contains("roam-demo"));
    }
    for (path, token) in [
        (VALIDATE, &named),
        (&appliance, &default),
        (VALIDATE, &alice.primary),
        (VALIDATE, &alice.token),
    ] {
        let response = get(env.server, path, Some(token)).await;
        assert_eq!(
            challenge_of(&response).reason,
            "notforthisservice",
            "{path}"
        );
    }
    let unknown = get(env.server, &format!("{VALIDATE}/other"), Some(&default)).await;
    assert_eq!(unknown.status, 404);
    let authorization = format!("CitrixAuth {default}");
    let headers = [("Authorization", &*authorization), ("Accept", "text/html")];
    let response = env.server.send("GET", VALIDATE, &headers, b"").await;
    assert_eq!(response.status, 406);
    assert_destroyed(&destroy(env.server, &alice.primary, &alice.primary).await);
    let response = get(env.server, VALIDATE, Some(&default)).await;
    assert_eq!(challenge_of(&response).reason, "expired");
}

/// Any of several farms that check passwords could say who the user of a token is.
#[tokio::test]
async fn validation_needs_one_farm_that_checks_passwords() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    for path in [VALIDATE.to_owned(), format!("{VALIDATE}/default")] {
        for token in [None, Some(&*alice.primary), Some(&*alice.token)] {
            assert_eq!(get(env.server, &path, token).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn token_for_one_service_opens_no_other() {
    // CA-10, CA-13, CA-15; §7.8: every token with every resource that requires one.
    let alone = FarmConfig::new("ALONE", "http://127.0.0.1:9");
    let env = TestEnvironment::start(Options {
        more_sections: StoreConfig::new("/Citrix/Other", [alone]).to_string(),
        ..named_farm()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let other = sign_in_to(&env, "/Citrix/Other", "alice", "roam-demo").await;
    let validation = validation_token(&env, &alice.primary).await;
    let tokens = [
        ("store", &*alice.token),
        ("other store", &*other.token),
        ("tokens", &*alice.primary),
        ("validation", &*validation),
    ];
    let stores = [("store", "/Citrix/Store"), ("other store", "/Citrix/Other")];
    let mut resources = vec![
        ("tokens", "POST", TOKEN.to_owned()),
        ("validation", "GET", VALIDATE.to_owned()),
        ("validation", "GET", format!("{VALIDATE}/default")),
    ];
    for (opens, store) in stores {
        resources.extend(
            [
                ("POST", "sessions/v1/available"),
                ("POST", "sessions/v1/disconnect"),
                ("POST", "sessions/v1/logoff"),
                ("POST", "sessions/v1/AAAA/launch/ica"),
                ("POST", "sessions/v1/AAAA/launch/ica/BBBB"),
                ("GET", "resources/v2"),
                ("GET", "resources/v2/withoutautoprovision"),
                ("GET", "resources/v2/AAAA"),
                ("GET", "resources/v2/AAAA/image"),
                ("GET", "resources/v2/AAAA/icon/32"),
                ("POST", "resources/v2/AAAA/launch/ica"),
                ("POST", "resources/v2/AAAA/launch/ica/BBBB"),
            ]
            .map(|(method, path)| (opens, method, format!("{store}/{path}"))),
        );
    }
    for (opened_by, method, path) in &resources {
        for (kind, token) in tokens {
            let authorization = format!("CitrixAuth {token}");
            // A good token passes its check, so that the next check fails.
            let headers = [("Authorization", &*authorization), ("Accept", "text/html")];
            let response = env.server.send(method, path, &headers, b"").await;
            if kind == *opened_by {
                assert_eq!(response.status, 406, "{kind} {path}");
            } else {
                let reason = challenge_of(&response).reason;
                assert_eq!(reason, "notforthisservice", "{kind} {path}");
            }
        }
        let response = env.server.send(method, path, &[], b"").await;
        assert_eq!(challenge_of(&response).reason, "notoken", "{path}");
    }
}

#[tokio::test]
async fn tokens_of_a_stale_password_are_refused_everywhere() {
    // CA-12; bad input 55. The farm checks the password of a token before anything relies on it.
    let env = TestEnvironment::start(named_farm()).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let service = TokenService::discover(env.server).await;
    let old = |realm: &str| {
        env.seal_token(&TokenContents {
            realm,
            url: env.url("/"),
            issuer: &service.tokens.realm,
            user: "alice",
            password: "the-one-before",
            issued: Timestamp::now(),
        })
    };
    let validate = challenge_of(&get(env.server, VALIDATE, None).await).realm;
    let (primary, token) = (old(&service.tokens.realm), old(&service.store.realm));
    // No check has failed yet, and the exchange alone needs none.
    token_of(&service.exchange(&primary).await);
    let bad = |response: &Response, case: &str| {
        assert_eq!(challenge_of(response).reason, "badpassword", "{case}");
    };
    let response = refresh(env.server, &alice.primary, &primary, 20).await;
    bad(&response, "refresh");
    bad(&service.exchange(&primary).await, "exchange");
    let response = get(env.server, VALIDATE, Some(&old(&validate))).await;
    bad(&response, "validate");
    let stale = SignedIn {
        token,
        ..alice.clone()
    };
    for path in [
        "resources/v2",
        "resources/v2/AAAA",
        "resources/v2/AAAA/image",
    ] {
        let response = stale.get(&format!("/Citrix/Store/{path}")).await;
        // An unknown resource is reported first.
        if response.status != 404 {
            bad(&response, path);
        }
    }
    for operation in ["available", "disconnect", "logoff"] {
        let body = session_params("DESK-C", "");
        bad(&stale.post(operation, "*/*", &body).await, operation);
    }
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    bad(&stale.launch(&url, "DESK-C").await, "launch");
    // It can still be destroyed.
    assert_destroyed(&destroy(env.server, &primary, &primary).await);
}

#[tokio::test]
async fn token_is_not_extended_without_a_password_check() {
    // CA-36, CA-40: an old password must not become valid again because no farm responds.
    let mut env = TestEnvironment::start(named_farm()).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let validation = validation_token(&env, &alice.primary).await;
    // After a restart, no password check is cached.
    env.restart_server().await;
    for farm in ["XA1", "XD5", "CVAD"] {
        env.stop_farm(farm).await;
    }
    for response in [
        refresh(env.server, &alice.primary, &alice.primary, 20).await,
        get(env.server, VALIDATE, Some(&validation)).await,
        // The result of a check is cached.
        refresh(env.server, &alice.primary, &alice.primary, 20).await,
    ] {
        assert_eq!(response.status, 503, "{}", response.text());
        assert_eq!(response.header("retry-after"), Some("5"));
    }
}
