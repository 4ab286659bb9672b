//! Exchanging a primary token for a service token (CA-15, CA-20, CA-21, CA-29).

use std::sync::Arc;

use roamd_citrixauth::{Claims, Realm, ServiceError, ServiceTokenError, TokenPolicy, TokenService};
use roamd_store_proto::auth::{Reason, RequestToken, RequestTokenResponse};
use secrecy::ExposeSecret as _;

use crate::{BASE, HOUR, PASSWORD, alice, at, audience, keys, present, request, rng};
use crate::{store_realm, token_policy, token_realm, tokens};

/// Returns the claims of a primary token of alice, issued at `at(0)` for `lifetime` seconds.
fn primary(tokens: &TokenService, lifetime: u64) -> Arc<Claims> {
    let grant = alice(&token_realm(), Some(lifetime));
    let token = tokens.issue(&grant, at(0), &mut rng()).unwrap().token;
    let header = format!("CitrixAuth {}", token.expose_secret());
    present(
        tokens,
        Some(&header),
        &token_realm(),
        &audience(BASE),
        at(0),
    )
    .and_then(|presented| presented.unless_revoked(false))
    .unwrap()
}

fn exchange(
    primary: &Claims,
    request: &RequestToken,
    seconds: i64,
) -> Result<RequestTokenResponse, ServiceTokenError> {
    let (realms, audiences) = ([store_realm()], [audience(BASE)]);
    tokens().service_token(
        primary,
        request,
        &realms,
        &audiences,
        at(seconds),
        &mut rng(),
    )
}

#[test]
fn service_token_has_the_account_and_requested_service() {
    let primary = primary(&tokens(), HOUR);
    let response = exchange(&primary, &request(&store_realm(), None), 60).unwrap();
    assert_eq!(response.for_service, store_realm().as_str());
    assert_eq!(response.credential_display_name, None);

    let header = format!("CitrixAuth {}", response.token.expose_secret());
    let check = |realm: Realm| {
        let presented = present(&tokens(), Some(&header), &realm, &audience(BASE), at(61))?;
        presented.unless_revoked(false)
    };
    let claims = check(store_realm()).unwrap();
    assert_eq!(claims.user, primary.user);
    assert_eq!(claims.password.expose_secret(), PASSWORD);
    assert_eq!(claims.issued, at(60));
    assert_eq!(claims.sign_in, primary.id);
    assert_ne!(claims.id, primary.id);
    assert_eq!(check(token_realm()).unwrap_err(), Reason::NotForThisService);
}

#[test]
fn service_token_expires_no_later_than_the_sign_in() {
    let primary = primary(&tokens(), HOUR);
    for (requested, issued, expiry) in [
        (None, 60, 3600),
        (Some(20 * HOUR), 60, 3600),
        (Some(600), 60, 660),
        (Some(600), 3300, 3600),
        // Shorter than the shortest lifetime, because the sign-in ends.
        (None, 3480, 3600),
    ] {
        let response = exchange(&primary, &request(&store_realm(), requested), issued).unwrap();
        assert_eq!(
            (response.issued, response.expiry),
            (at(issued), at(expiry)),
            "{requested:?}"
        );
    }
}

#[test]
fn ending_sign_in_gives_no_service_token() {
    // The client would discard it immediately (CA-30).
    let primary = primary(&tokens(), HOUR);
    for seconds in [3481, 3599] {
        let refused = exchange(&primary, &request(&store_realm(), None), seconds);
        assert_eq!(refused.unwrap_err(), ServiceTokenError::SignInEnding);
    }
}

#[test]
fn policy_of_short_tokens_still_allows_exchanges() {
    let seconds = std::time::Duration::from_secs;
    let policy = TokenPolicy {
        max_lifetime: seconds(10),
        ..token_policy()
    };
    let tokens = TokenService::new(keys(), policy);
    let primary = primary(&tokens, HOUR);
    let (realms, audiences) = ([store_realm()], [audience(BASE)]);
    let request = request(&store_realm(), None);
    let response = tokens.service_token(&primary, &request, &realms, &audiences, at(5), &mut rng());
    assert_eq!(response.unwrap().expiry, at(10));
}

#[test]
fn unknown_service_or_foreign_audience_gives_no_token() {
    let primary = primary(&tokens(), HOUR);
    let with_url = |url: &str| RequestToken {
        for_service_url: url.to_owned(),
        ..request(&store_realm(), None)
    };
    let with_service = |service: &str| RequestToken {
        for_service: service.to_owned(),
        ..request(&store_realm(), None)
    };
    for (request, expected) in [
        (with_service(""), ServiceError::UnknownService),
        (
            with_service(token_realm().as_str()),
            ServiceError::UnknownService,
        ),
        (
            with_service(&store_realm().as_str().to_uppercase()),
            ServiceError::UnknownService,
        ),
        (with_url(""), ServiceError::ForeignAudience),
        (with_url("/Citrix/Store"), ServiceError::ForeignAudience),
        (
            with_url("http://sf.example.net/Citrix/Store"),
            ServiceError::ForeignAudience,
        ),
        (
            with_url("https://sf.example.net:8443/"),
            ServiceError::ForeignAudience,
        ),
        (
            with_url("https://sf.example.net.evil.example/"),
            ServiceError::ForeignAudience,
        ),
    ] {
        let refused = exchange(&primary, &request, 0).unwrap_err();
        assert_eq!(refused, ServiceTokenError::Service(expected), "{request:?}");
    }
    // CA-17: the hint, a URL below it, another case, an explicit port.
    for url in [
        BASE,
        "HTTPS://SF.EXAMPLE.NET:443/Citrix/Store/sessions/v1/available",
    ] {
        assert!(exchange(&primary, &with_url(url), 0).is_ok(), "{url}");
    }
}
