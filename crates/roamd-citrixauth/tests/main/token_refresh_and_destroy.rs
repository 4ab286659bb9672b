//! Refreshing and destroying tokens (CA-36 to CA-39).

use std::sync::Arc;

use roamd_citrixauth::{BodyTokenError, Claims, Realm, Revocation, UserIdentity};
use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::{DestroyToken, Reason, RefreshToken, RequestTokenResponse};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{BASE, HOUR, alice, at, audience, present, request, rng};
use crate::{store_realm, token_realm, tokens};

/// A token and its claims.
#[derive(Clone)]
struct Held {
    token: SecretString,
    claims: Arc<Claims>,
}

fn opened(token: SecretString, realm: &Realm, seconds: i64) -> Held {
    let header = format!("CitrixAuth {}", token.expose_secret());
    let presented = present(
        &tokens(),
        Some(&header),
        realm,
        &audience(BASE),
        at(seconds),
    );
    let claims = presented.unwrap().unless_revoked(false).unwrap();
    Held { token, claims }
}

/// Returns a primary token for a user, issued at `at(0)` for this number of hours.
fn primary(user: &str, hours: u64) -> Held {
    let mut grant = alice(&token_realm(), Some(hours * HOUR));
    grant.user = UserIdentity::new("DEMO", user);
    let issued = tokens().issue(&grant, at(0), &mut rng()).unwrap();
    opened(issued.token, &token_realm(), 0)
}

/// Exchanges a token for one of a realm.
fn exchanged(held: &Held, realm: &Realm, hours: u64, seconds: i64) -> Held {
    let request = request(realm, Some(hours * HOUR));
    let (realms, audiences) = ([store_realm(), token_realm()], [audience(BASE)]);
    let response = tokens().service_token(
        &held.claims,
        &request,
        &realms,
        &audiences,
        at(seconds),
        &mut rng(),
    );
    opened(response.unwrap().token, realm, seconds)
}

fn refresh(
    holder: &Held,
    token: &SecretString,
    hours: Option<u64>,
    seconds: i64,
) -> Result<RequestTokenResponse, BodyTokenError> {
    let message = RefreshToken {
        token: token.clone(),
        requested_lifetime: hours.map(|hours| Lifetime(std::time::Duration::from_hours(hours))),
    };
    let presented = tokens().to_refresh(&holder.claims, &message, at(seconds))?;
    let claims = presented.unless_revoked(false).unwrap();
    let requested = message.requested_lifetime;
    let response = tokens().refreshed(&holder.claims, &claims, requested, at(seconds), &mut rng());
    Ok(response.unwrap())
}

fn destroy(holder: &Held, token: &str, seconds: i64) -> Result<Option<Revocation>, BodyTokenError> {
    let message = DestroyToken {
        token: token.into(),
    };
    tokens().destroy(&holder.claims, &message, at(seconds))
}

const fn hours(hours: i64) -> i64 {
    hours * 3600
}

#[test]
fn refreshed_token_has_the_same_id_and_a_later_expiry() {
    // CA-36. The longest lifetime is twenty hours.
    let held = primary("Alice", 8);
    for (asked, after, end) in [
        (Some(8), 1, 9),
        (None, 1, 9),
        (Some(20), 1, 20),
        (Some(8), 7, 15),
        (Some(1), 1, 8),
    ] {
        let response = refresh(&held, &held.token, asked, hours(after)).unwrap();
        assert_eq!(response.for_service, token_realm().as_str());
        let times = (response.issued, response.expiry);
        assert_eq!(times, (at(0), at(hours(end))), "{asked:?} after {after}");
        let claims = opened(response.token, &token_realm(), hours(after)).claims;
        assert_eq!(
            (claims.id, claims.sign_in),
            (held.claims.id, held.claims.id)
        );
        assert_eq!((claims.issued, claims.expiry), times);
        assert_eq!(claims.sign_in_expiry, claims.expiry);
        assert_eq!(claims.user, held.claims.user);
    }
}

#[test]
fn repeated_refreshes_do_not_exceed_the_maximum() {
    let mut held = primary("Alice", 8);
    for hour in 1..20 {
        let response = refresh(&held, &held.token, Some(8), hours(hour)).unwrap();
        held = opened(response.token, &token_realm(), hours(hour));
    }
    assert_eq!(held.claims.expiry, at(hours(20)));
    let late = refresh(&held, &held.token, Some(8), hours(20));
    assert_eq!(late.unwrap_err(), BodyTokenError::Invalid);
}

#[test]
fn exchanged_token_cannot_be_refreshed_beyond_the_sign_in() {
    // CA-29, for exchanged tokens of the store and of the token service.
    let first = primary("Alice", 8);
    for realm in [store_realm(), token_realm()] {
        let held = exchanged(&first, &realm, 2, hours(1));
        let response = refresh(&first, &held.token, Some(20), hours(2)).unwrap();
        assert_eq!(
            (response.issued, response.expiry),
            (at(hours(1)), at(hours(8)))
        );

        // The sign-in itself was extended.
        let longer = refresh(&first, &first.token, Some(20), hours(2)).unwrap();
        let longer = opened(longer.token, &token_realm(), hours(2));
        let response = refresh(&longer, &held.token, Some(20), hours(2)).unwrap();
        assert_eq!(
            (response.issued, response.expiry),
            (at(hours(1)), at(hours(20)))
        );

        // The token of another sign-in does not extend it.
        let other = primary("ALICE", 20);
        let response = refresh(&other, &held.token, Some(20), hours(2)).unwrap();
        assert_eq!(response.expiry, at(hours(8)));
    }
}

#[test]
fn only_a_valid_token_of_the_same_user_is_refreshed() {
    // CA-37
    let alice = primary("Alice", 1);
    let holder = primary("alice", 8);
    let bob = primary("Bob", 8);
    let spoilt = |token: &SecretString| SecretString::from(&token.expose_secret()[4..]);
    for (case, token, seconds, expected) in [
        ("another spelling", alice.token.clone(), 60, None),
        ("its last second", alice.token.clone(), 3599, None),
        (
            "expired",
            alice.token.clone(),
            3600,
            Some(BodyTokenError::Invalid),
        ),
        (
            "spoilt",
            spoilt(&alice.token),
            60,
            Some(BodyTokenError::Invalid),
        ),
        ("bob's", bob.token, 60, Some(BodyTokenError::NotTheOwner)),
    ] {
        let refreshed = refresh(&holder, &token, None, seconds);
        assert_eq!(refreshed.err(), expected, "{case}");
    }
}

#[test]
fn destroyed_token_revokes_its_descendants() {
    // CA-39
    let first = primary("Alice", 8);
    let second = exchanged(&first, &token_realm(), 8, 60);
    let store = exchanged(&second, &store_realm(), 8, 120);
    for (case, held, ended) in [
        ("the sign-in's", &first, &first),
        ("another for the token service", &second, &first),
        ("a store's", &store, &store),
    ] {
        let revocation = destroy(&first, held.token.expose_secret(), hours(1)).unwrap();
        let until = at(hours(21));
        let expected = Revocation {
            id: ended.claims.id,
            until,
            ends_sign_in: ended.claims.id == first.claims.id,
        };
        assert_eq!(revocation, Some(expected), "{case}");
    }
    let ends = |held: &Held, id| {
        let header = format!("CitrixAuth {}", held.token.expose_secret());
        let realm = &held.claims.realm;
        let presented = present(&tokens(), Some(&header), realm, &audience(BASE), at(180));
        let presented = presented.unwrap();
        let revoked = presented.opened().ids().contains(&id);
        presented.unless_revoked(revoked).map(drop)
    };
    let other = exchanged(&first, &store_realm(), 8, 120);
    for held in [&first, &second, &store, &other] {
        assert_eq!(ends(held, first.claims.id), Err(Reason::Expired));
    }
    assert_eq!(ends(&store, store.claims.id), Err(Reason::Expired));
    assert_eq!(ends(&other, store.claims.id), Ok(()));
    assert_eq!(ends(&first, store.claims.id), Ok(()));
}

#[test]
fn destroying_a_foreign_token_succeeds_only_if_invalid() {
    // CA-39
    let alice = primary("Alice", 8);
    let bob = primary("Bob", 8);
    for token in ["", "bm90IGEgdG9rZW4=", "\u{fc}", &"A".repeat(5000)] {
        assert_eq!(destroy(&alice, token, 60), Ok(None), "{token}");
    }
    let refused = destroy(&alice, bob.token.expose_secret(), 60);
    assert_eq!(refused, Err(BodyTokenError::NotTheOwner));

    // An expired token still identifies the tokens that were refreshed from it.
    let short = primary("Alice", 1);
    let revocation = destroy(&alice, short.token.expose_secret(), hours(2)).unwrap();
    assert_eq!(revocation.unwrap().id, short.claims.id);
}
