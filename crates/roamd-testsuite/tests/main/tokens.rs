//! The life of a token after it was issued: refreshed, validated, destroyed, and of no use anywhere
//! else (citrixauth.md §4, §7).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::{
    Claim, ClaimsPrincipal, DestroyToken, DestroyTokenResponse, RefreshToken,
};
use roamd_testsuite::{
    Forged, Options, Response, SignedIn, Site, TokenService, Wire, challenged, request_token,
    sign_in, sign_in_to, token_of, token_response,
};
use secrecy::ExposeSecret as _;

const TOKEN: &str = "/Citrix/StoreAuth/auth/v1/token";
const VALIDATE: &str = "/Citrix/StoreAuth/auth/v1/token/validate";
const REQUEST: &str = "application/vnd.citrix.requesttoken+xml";
const REFRESH: &str = "application/vnd.citrix.refreshtoken+xml";
const DESTROY: &str = "application/vnd.citrix.destroytoken+xml";
const CLAIMS: &str = "application/vnd.citrix.claimsidentity+xml";

/// What clients always accept from a token service (CA-35).
const ACCEPT: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                      application/vnd.citrix.requesttokenchoices+xml";

/// Posts a message to the token service.
async fn post(wire: Wire, holder: &str, media_type: &str, body: &[u8]) -> Response {
    let authorization = format!("CitrixAuth {holder}");
    let headers = [
        ("Authorization", &*authorization),
        ("Content-Type", media_type),
        ("Accept", ACCEPT),
    ];
    wire.send("POST", TOKEN, &headers, body).await
}

async fn destroy(wire: Wire, holder: &str, token: &str) -> Response {
    let message = DestroyToken {
        token: token.into(),
    };
    post(wire, holder, DESTROY, &message.to_xml()).await
}

async fn refresh(wire: Wire, holder: &str, token: &str, hours: u64) -> Response {
    let message = RefreshToken {
        token: token.into(),
        requested_lifetime: Some(Lifetime(Duration::from_hours(hours))),
    };
    post(wire, holder, REFRESH, &message.to_xml()).await
}

async fn get(wire: Wire, path: &str, token: Option<&str>) -> Response {
    let authorization = token.map(|token| format!("CitrixAuth {token}"));
    let mut headers = vec![];
    headers.extend(authorization.as_deref().map(|it| ("Authorization", it)));
    wire.send("GET", path, &headers, b"").await
}

fn destroyed(response: &Response) {
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

/// The reason for which a store does not take a token; nothing when it does.
async fn reason(wire: Wire, token: &str) -> Option<String> {
    let response = get(wire, "/Citrix/Store/resources/v2", Some(token)).await;
    (response.status != 200).then(|| challenged(&response).reason)
}

fn expired() -> Option<String> {
    Some("expired".to_owned())
}

/// A token for the `default` validation service, and its path.
async fn validation_token(site: &Site, primary: &str) -> String {
    let challenge = challenged(&get(site.gateway, VALIDATE, None).await);
    let message = request_token(&challenge.realm, &challenge.hint, "0.01:00:00");
    token_of(&post(site.gateway, primary, REQUEST, message.as_bytes()).await)
}

#[tokio::test]
async fn a_destroyed_token_and_all_that_it_started_are_refused_by_every_node() {
    // CA-39; bad input 55.
    let mut site = Site::demo().await;
    let node = site.second_node().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let service = TokenService::discover(site.gateway).await;
    let other = token_of(&service.exchange(&alice.primary).await);
    let again = sign_in(&site, "alice", "roam-demo").await;

    // A service token ends alone, as often as a client says so.
    for wire in [site.gateway, node] {
        destroyed(&destroy(wire, &alice.primary, &alice.token).await);
    }
    for wire in [site.gateway, node] {
        assert_eq!(reason(wire, &alice.token).await, expired());
        assert_eq!(reason(wire, &other).await, None);
    }

    // That of a sign-in ends all, in the middle of what is under way.
    destroyed(&destroy(node, &alice.primary, &alice.primary).await);
    for wire in [site.gateway, node] {
        assert_eq!(reason(wire, &other).await, expired());
        let response = destroy(wire, &alice.primary, &other).await;
        assert_eq!(challenged(&response).reason, "expired");
        let refreshed = refresh(wire, &again.primary, &alice.primary, 8).await;
        assert_eq!(refreshed.status, 400, "{}", refreshed.text());
        let exchanged = service.exchange(&alice.primary).await;
        assert_eq!(challenged(&exchanged).reason, "expired");
        // Another sign-in of the same user is none of its business.
        assert_eq!(reason(wire, &again.token).await, None);
    }
    site.restart_gateway().await;
    assert_eq!(reason(site.gateway, &other).await, expired());
    assert_eq!(reason(site.gateway, &again.token).await, None);
}

#[tokio::test]
async fn nobody_ends_any_number_of_tokens_and_tickets() {
    // What was ended is remembered for as long as it would have lived.
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    for request in 0..101 {
        let tickets = (0..200).map(|number| format!("<ticket>{request}-{number}</ticket>"));
        let tickets = format!("<tickets>{}</tickets>", tickets.collect::<String>());
        // To end sessions is never refused for it.
        assert_eq!(alice.end("disconnect", "NO-ONE", &tickets).await, "success");
    }
    let refused = destroy(site.gateway, &alice.primary, &alice.token).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(reason(site.gateway, &alice.token).await, None);
    let bob = sign_in(&site, "bob", "roam-demo").await;
    destroyed(&destroy(site.gateway, &bob.primary, &bob.token).await);
}

#[tokio::test]
async fn a_token_refreshed_before_is_destroyed_with_it() {
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let refreshed = token_of(&refresh(site.gateway, &alice.primary, &alice.token, 9).await);
    assert_eq!(reason(site.gateway, &refreshed).await, None);
    destroyed(&destroy(site.gateway, &alice.primary, &alice.token).await);
    for token in [&refreshed, &alice.token] {
        assert_eq!(reason(site.gateway, token).await, expired());
    }
}

#[tokio::test]
async fn only_the_owner_destroys_or_refreshes_a_token() {
    // CA-37, CA-39; §7.10.
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let bob = sign_in(&site, "bob", "roam-demo").await;
    for token in [&alice.token, &alice.primary] {
        for response in [
            destroy(site.gateway, &bob.primary, token).await,
            refresh(site.gateway, &bob.primary, token, 8).await,
        ] {
            assert_eq!(response.status, 400);
            let words = "the token in the message belongs to another user";
            assert!(response.text().contains(words), "{}", response.text());
        }
    }
    assert_eq!(reason(site.gateway, &alice.token).await, None);
    // A token that opens no token service says nothing there, and what is no token is gone already.
    let response = destroy(site.gateway, &alice.token, &alice.token).await;
    assert_eq!(challenged(&response).reason, "notforthisservice");
    for unknown in ["AAAA", "not a token", &alice.token[4..]] {
        destroyed(&destroy(site.gateway, &bob.primary, unknown).await);
        let refused = refresh(site.gateway, &bob.primary, unknown, 8).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(!refused.text().contains(unknown), "{}", refused.text());
    }
    assert_eq!(reason(site.gateway, &alice.token).await, None);
}

#[tokio::test]
async fn a_refreshed_token_ends_later_and_says_when() {
    // CA-36
    let site = Site::demo().await;
    let service = TokenService::discover(site.gateway).await;
    let conversation = service.begin_for("0.01:00:00").await;
    let attempt = conversation.attempt("alice", "roam-demo", Some("DEMO"));
    let first = token_response(&attempt.await);
    let primary = first.token.expose_secret();
    for (hours, expected) in [(2, 2), (20, 20), (24, 24), (30, 24)] {
        let response = refresh(site.gateway, primary, primary, hours).await;
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
        // It opens what it opened, and lets a service token last as long.
        let exchanged = service.exchange_for(token.token.expose_secret(), "1.00:00:00");
        let exchanged = token_response(&exchanged.await);
        assert_eq!(exchanged.expiry, token.expiry);
    }
    let late = Timestamp::now() - SignedDuration::from_hours(9);
    let old = site.forge(&Forged {
        realm: &service.tokens.realm,
        url: site.url("/"),
        issuer: &service.tokens.realm,
        user: "alice",
        password: "roam-demo",
        issued: late,
    });
    let refused = refresh(site.gateway, primary, &old, 8).await;
    assert_eq!(refused.status, 400, "CA-37: {}", refused.text());
}

#[tokio::test]
async fn the_messages_of_the_token_service_are_told_apart_by_their_type() {
    // CA-33, CA-35
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let token = DestroyToken {
        token: alice.token.as_str().into(),
    };
    let body = token.to_xml();
    let authorization = format!("CitrixAuth {}", alice.primary);
    let answer = "application/vnd.citrix.destroytokenresponse+xml";
    for (media_type, accept, status, words) in [
        (REQUEST, ACCEPT, 400, "requesttoken"),
        (REFRESH, ACCEPT, 400, "refreshtoken"),
        ("text/xml", ACCEPT, 415, "destroytoken+xml"),
        (DESTROY, "text/html", 406, answer),
        (REFRESH, answer, 406, "requesttokenresponse"),
        (DESTROY, "*/*", 200, "destroyed"),
        (DESTROY, answer, 200, "destroyed"),
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
        let response = site.gateway.send("POST", TOKEN, &headers, &body).await;
        let text = response.text();
        assert_eq!(response.status, status, "{media_type}: {text}");
        assert!(text.contains(words), "{media_type}: {text}");
    }
    // The token comes first.
    let response = site
        .gateway
        .send("POST", TOKEN, &[("Content-Type", DESTROY)], &body);
    assert_eq!(challenged(&response.await).reason, "notoken");
}

#[tokio::test]
async fn a_validation_service_tells_who_the_holder_of_its_own_token_is() {
    // CA-40, CA-41
    let site = Site::start(Options {
        authentication:
            "domains = [\"DEMO\"]\nvalidation_services = [\"default\", \"gw.example.net\"]"
                .to_owned(),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let default = validation_token(&site, &alice.primary).await;
    let appliance = format!("{VALIDATE}/gw.example.net");
    let challenge = challenged(&get(site.gateway, &appliance, None).await);
    let token_service = site.url(TOKEN);
    assert_eq!(challenge.locations, token_service);
    assert_eq!(challenge.hint, site.url(&appliance));
    let message = request_token(&challenge.realm, &challenge.hint, "0.01:00:00");
    let named = token_of(&post(site.gateway, &alice.primary, REQUEST, message.as_bytes()).await);
    let cased = "/citrix/storeauth/Auth/V1/Token/Validate/GW.Example.Net/";
    for (path, token) in [
        (VALIDATE, &default),
        (&format!("{VALIDATE}/"), &default),
        (&format!("{VALIDATE}/default"), &default),
        (&appliance, &named),
        (cased, &named),
    ] {
        let response = get(site.gateway, path, Some(token)).await;
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
        let response = get(site.gateway, path, Some(token)).await;
        assert_eq!(challenged(&response).reason, "notforthisservice", "{path}");
    }
    let unknown = get(site.gateway, &format!("{VALIDATE}/other"), Some(&default)).await;
    assert_eq!(unknown.status, 404);
    let authorization = format!("CitrixAuth {default}");
    let headers = [("Authorization", &*authorization), ("Accept", "text/html")];
    let response = site.gateway.send("GET", VALIDATE, &headers, b"").await;
    assert_eq!(response.status, 406);
    destroyed(&destroy(site.gateway, &alice.primary, &alice.primary).await);
    let response = get(site.gateway, VALIDATE, Some(&default)).await;
    assert_eq!(challenged(&response).reason, "expired");
}

#[tokio::test]
async fn a_token_for_one_service_opens_no_other() {
    // CA-10, CA-13, CA-15; §7.8: every pair of a token and a resource that needs one.
    let site = Site::start(Options {
        more_farms: "[[store]]\npath = \"/Citrix/Other\"\n[[store.farm]]\nid = \"ALONE\"\n\
                     name = \"Alone\"\ngeneration = \"cvad-7\"\n\
                     controllers = [\"http://127.0.0.1:9\"]\n"
            .to_owned(),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let other = sign_in_to(&site, "/Citrix/Other", "alice", "roam-demo").await;
    let validation = validation_token(&site, &alice.primary).await;
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
            // It passes the check of the token and stops at the next one.
            let headers = [("Authorization", &*authorization), ("Accept", "text/html")];
            let response = site.gateway.send(method, path, &headers, b"").await;
            if kind == *opened_by {
                assert_eq!(response.status, 406, "{kind} {path}");
            } else {
                let reason = challenged(&response).reason;
                assert_eq!(reason, "notforthisservice", "{kind} {path}");
            }
        }
        let response = site.gateway.send(method, path, &[], b"").await;
        assert_eq!(challenged(&response).reason, "notoken", "{path}");
    }
}

#[tokio::test]
async fn a_password_that_is_not_good_any_more_ends_its_tokens_everywhere() {
    // CA-12; bad input 55. The farm checks a token's password before anything relies on it.
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let service = TokenService::discover(site.gateway).await;
    let old = |realm: &str| {
        site.forge(&Forged {
            realm,
            url: site.url("/"),
            issuer: &service.tokens.realm,
            user: "alice",
            password: "the-one-before",
            issued: Timestamp::now(),
        })
    };
    let validate = challenged(&get(site.gateway, VALIDATE, None).await).realm;
    let (primary, token) = (old(&service.tokens.realm), old(&service.store.realm));
    // Nobody has found out yet, and nothing but the exchange itself is asked for.
    token_of(&service.exchange(&primary).await);
    let bad = |response: &Response, case: &str| {
        assert_eq!(challenged(response).reason, "badpassword", "{case}");
    };
    let response = refresh(site.gateway, &alice.primary, &primary, 20).await;
    bad(&response, "refresh");
    bad(&service.exchange(&primary).await, "exchange");
    let response = get(site.gateway, VALIDATE, Some(&old(&validate))).await;
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
        // What names nothing is told first.
        if response.status != 404 {
            bad(&response, path);
        }
    }
    for operation in ["available", "disconnect", "logoff"] {
        let body = roamd_testsuite::session_params("DESK-C", "");
        bad(&stale.post(operation, "*/*", &body).await, operation);
    }
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    bad(&stale.launch(&url, "DESK-C").await, "launch");
    // It can still be destroyed.
    destroyed(&destroy(site.gateway, &primary, &primary).await);
}

#[tokio::test]
async fn nothing_lasts_longer_by_a_password_that_no_farm_can_be_asked_about() {
    // CA-36, CA-40: a password that was changed must not be good again because the farms are away.
    let mut site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let validation = validation_token(&site, &alice.primary).await;
    // So that nothing is known of the password.
    site.restart_gateway().await;
    for farm in ["XA1", "XD5", "CVAD"] {
        site.stop_farm(farm).await;
    }
    for response in [
        refresh(site.gateway, &alice.primary, &alice.primary, 20).await,
        get(site.gateway, VALIDATE, Some(&validation)).await,
        // What a check found is remembered for a while.
        refresh(site.gateway, &alice.primary, &alice.primary, 20).await,
    ] {
        assert_eq!(response.status, 503, "{}", response.text());
        assert_eq!(response.header("retry-after"), Some("5"));
    }
}
