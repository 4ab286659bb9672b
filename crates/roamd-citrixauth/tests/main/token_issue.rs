//! Issuing tokens (§3.2, §3.4).

use data_encoding::BASE64;
use proptest::prelude::*;
use roamd_citrixauth::{TokenTooLong, UserIdentity};
use secrecy::ExposeSecret as _;

use crate::{BASE, HOUR, alice, at, audience, present, rng, store_realm, tokens};

#[test]
fn token_lifetime_is_the_requested_one_within_bounds() {
    // CA-28 to CA-30. Requested and actual lifetime, in seconds.
    for (requested, lifetime) in [
        (None, 8 * HOUR),
        (Some(0), 8 * HOUR),
        (Some(HOUR), HOUR),
        (Some(20 * HOUR), 20 * HOUR),
        (Some(20 * HOUR + 1), 20 * HOUR),
        // The longest `TimeSpan` of .NET, and a longer one.
        (Some(922_337_203_685), 20 * HOUR),
        (Some(u64::MAX), 20 * HOUR),
        (Some(1), 300),
        (Some(299), 300),
    ] {
        let grant = alice(&store_realm(), requested);
        let token = tokens().issue(&grant, at(0), &mut rng()).unwrap();
        assert_eq!(token.issued, at(0));
        let given = token.expiry.as_second() - token.issued.as_second();
        assert_eq!(u64::try_from(given), Ok(lifetime), "{requested:?}");
    }
}

#[test]
fn token_response_has_the_times_of_the_token() {
    let now = at(0) + jiff::SignedDuration::from_millis(999);
    let issued = tokens()
        .issue(&alice(&store_realm(), None), now, &mut rng())
        .unwrap();
    let response = issued.into_response(Some("DEMO".to_owned()));
    let header = format!("CitrixAuth {}", response.token.expose_secret());
    let claims = present(
        &tokens(),
        Some(&header),
        &store_realm(),
        &audience(BASE),
        now,
    )
    .and_then(|presented| presented.unless_revoked(false))
    .unwrap();
    assert_eq!(
        (response.issued, response.expiry),
        (claims.issued, claims.expiry)
    );
    assert_eq!(response.for_service, store_realm().as_str());
    assert_eq!(response.credential_display_name.as_deref(), Some("DEMO"));
}

#[test]
fn token_is_a_single_line_of_base64() {
    let token = tokens()
        .issue(&alice(&store_realm(), None), at(0), &mut rng())
        .unwrap();
    assert!(
        BASE64
            .decode(token.token.expose_secret().as_bytes())
            .is_ok()
    );
}

#[test]
fn tokens_of_the_same_grant_differ() {
    let grant = alice(&store_realm(), None);
    let [one, other] = [(); 2].map(|()| tokens().issue(&grant, at(0), &mut rng()).unwrap());
    assert_ne!(one.token.expose_secret(), other.token.expose_secret());
}

#[test]
fn claims_over_four_kibibytes_give_no_token() {
    let mut grant = alice(&store_realm(), None);
    for (length, expected) in [(2500, None), (3100, Some(TokenTooLong))] {
        grant.password = "x".repeat(length).into();
        let issued = tokens().issue(&grant, at(0), &mut rng());
        assert_eq!(issued.as_ref().err(), expected.as_ref(), "{length}");
        if let Ok(issued) = issued {
            assert!(issued.token.expose_secret().len() <= 4096);
        }
    }
}

#[test]
fn all_spellings_of_an_account_have_the_same_key() {
    let one = UserIdentity::new("DEMO", "Alice");
    let other = UserIdentity::new("demo", "ALICE");
    assert_eq!((one.key(), &one), (other.key(), &other));
    assert_eq!(one.to_string(), "DEMO\\Alice");
    assert_ne!(one, UserIdentity::new("DEMO", "Alic\u{435}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_account_and_password_round_trips(
        domain in any::<String>(), name in any::<String>(), password in any::<String>(),
    ) {
        let mut grant = alice(&store_realm(), None);
        grant.user = UserIdentity::new(domain.as_str(), name.as_str());
        grant.password = password.as_str().into();
        let token = tokens().issue(&grant, at(0), &mut rng()).unwrap().token;
        let header = format!("CitrixAuth {}", token.expose_secret());
        let presented = present(&tokens(), Some(&header), &store_realm(), &audience(BASE), at(0));
        let claims = presented.unwrap().unless_revoked(false).unwrap();
        prop_assert_eq!(claims.user.domain(), domain);
        prop_assert_eq!(claims.user.name(), name);
        prop_assert_eq!(claims.password.expose_secret(), password);
    }
}
