//! Checking tokens: the reasons of challenges (CA-2 to CA-4, CA-11, §1.2), and forged tokens.

use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL};
use proptest::prelude::*;
use roamd_citrixauth::{Claims, TokenPolicy, TokenService};
use roamd_seal::{Key, KeyId, KeyRing, Purpose};
use roamd_store_proto::auth::Reason;
use secrecy::ExposeSecret as _;

use crate::{BASE, HOUR, PASSWORD, alice, at, audience, key, present, rng};
use crate::{store_realm, token_policy, token_realm, tokens};

/// Returns a token of alice for the store, valid from `at(0)` to `at(3600)`.
fn token() -> String {
    issued_by(&tokens())
}

fn issued_by(tokens: &TokenService) -> String {
    let grant = alice(&store_realm(), Some(HOUR));
    let issued = tokens.issue(&grant, at(0), &mut rng()).unwrap();
    issued.token.expose_secret().to_owned()
}

fn check(token: &str, seconds: i64) -> Result<Arc<Claims>, Reason> {
    check_header(Some(&format!("CitrixAuth {token}")), seconds)
}

fn check_header(header: Option<&str>, seconds: i64) -> Result<Arc<Claims>, Reason> {
    let presented = present(
        &tokens(),
        header,
        &store_realm(),
        &audience(BASE),
        at(seconds),
    )?;
    presented.unless_revoked(false)
}

#[test]
fn valid_token_returns_its_claims() {
    let claims = check(&token(), 1).unwrap();
    assert_eq!(claims.user.domain(), "DEMO");
    assert_eq!(claims.user.name(), "Alice");
    assert_eq!(claims.user.key(), "demo\\alice");
    assert_eq!(claims.password.expose_secret(), PASSWORD);
    assert_eq!(claims.realm, store_realm());
    assert_eq!(claims.audience, audience(BASE));
    assert_eq!(claims.issuer, "roamd");
    assert_eq!((claims.issued, claims.expiry), (at(0), at(3600)));
    assert_eq!(claims.id, claims.sign_in);
}

#[test]
fn missing_token_or_other_scheme_is_no_token() {
    let token = token();
    for header in [
        None,
        Some(""),
        Some("CitrixAuth"),
        Some("CitrixAuth "),
        Some(&*format!("citrixauth {token}")),
        Some(&*format!("CITRIXAUTH {token}")),
        Some(&*format!("Bearer {token}")),
        Some(&*format!("CitrixAuth\t{token}")),
        Some(&*format!("CitrixAuth{token}")),
        Some(&*token),
    ] {
        assert_eq!(
            check_header(header, 1).unwrap_err(),
            Reason::NoToken,
            "{header:?}"
        );
    }
}

#[test]
fn blanks_around_the_token_are_ignored() {
    let header = format!(" CitrixAuth   {}  ", token());
    assert!(check_header(Some(&header), 1).is_ok());
}

#[test]
fn malformed_token_is_invalid() {
    let token = token();
    let sealed = BASE64.decode(token.as_bytes()).unwrap();
    let (half, rest) = token.split_at(token.len() / 2);
    for (case, spoilt) in [
        ("not base64", "***".to_owned()),
        ("a blank inside", format!("{half} {rest}")),
        ("two tokens", format!("{token}, CitrixAuth {token}")),
        ("truncated", token[..token.len() - 1].to_owned()),
        (
            "truncated to nothing that is sealed",
            BASE64.encode(&sealed[..20]),
        ),
        ("extended", format!("{token}AAAA=")),
        (
            "base64url",
            BASE64URL.encode(&[[0xff; 3].as_slice(), &sealed].concat()),
        ),
        (
            "another version",
            BASE64.encode(&[&[9], &sealed[1..]].concat()),
        ),
        ("not ASCII", "\u{fc}".repeat(100)),
        ("1 MB", "A".repeat(1 << 20)),
        ("longer than 4 KiB", BASE64.encode(&[1; 3075])),
        ("a tab inside", format!("{half}\t{rest}")),
        ("a line break inside", format!("{half}\n{rest}")),
        ("padded otherwise", padded_otherwise(&token)),
    ] {
        assert_eq!(
            check(&spoilt, 1).unwrap_err(),
            Reason::InvalidToken,
            "{case}"
        );
    }
}

/// Returns the token with one `=` more or less.
fn padded_otherwise(token: &str) -> String {
    match token.strip_suffix('=') {
        Some(shorter) => shorter.to_owned(),
        None => format!("{token}="),
    }
}

#[test]
fn token_with_non_canonical_base64_is_rejected() {
    // Base64 with stray bits at the end, or with more or less padding, would be another text of the
    // same token. Names of three lengths give all kinds of ends.
    let mut ends = Vec::new();
    for name in ["a", "ab", "abc"] {
        let mut grant = alice(&store_realm(), None);
        grant.user = roamd_citrixauth::UserIdentity::new("DEMO", name);
        let token = tokens().issue(&grant, at(0), &mut rng()).unwrap().token;
        let token = token.expose_secret();
        assert!(check(token, 1).is_ok());
        let plain = token.trim_end_matches('=');
        ends.push(token.len() - plain.len());
        let (before, last) = plain.split_at(plain.len() - 1);
        let others = ('+'..='z').filter(|other| !last.starts_with(*other));
        let mut spellings: Vec<_> = others
            .map(|other| format!("{before}{other}{}", &token[plain.len()..]))
            .collect();
        spellings.extend((0..4).map(|count| format!("{plain}{}", "=".repeat(count))));
        spellings.extend(["\n", "\r\n", " ", "\t"].map(|blank| format!("{before}{blank}{last}")));
        spellings.retain(|spelling| spelling != token);
        for spelling in spellings {
            let reason = check(&spelling, 1).unwrap_err();
            let silent = matches!(reason, Reason::InvalidToken | Reason::SignatureNotVerified);
            assert!(silent, "{reason:?}");
        }
    }
    ends.sort_unstable();
    assert_eq!(ends, [0, 1, 2]);
}

#[test]
fn token_of_an_unknown_key_is_not_verified() {
    let with = |ring| TokenService::new(Arc::new(ring), token_policy());
    let same_id = Key::random(KeyId(1), 0, &mut rng());
    for (case, other) in [
        (
            "key of another server with the same id",
            with(KeyRing::new(same_id, vec![])),
        ),
        ("unknown or retired key", with(KeyRing::new(key(2), vec![]))),
    ] {
        let token = issued_by(&other);
        assert_eq!(
            check(&token, 1).unwrap_err(),
            Reason::SignatureNotVerified,
            "{case}"
        );
    }
}

#[test]
fn token_of_a_rotated_key_is_accepted() {
    let token = token();
    let rotated = KeyRing::new(key(2), vec![key(1)]);
    let rotated = TokenService::new(Arc::new(rotated), token_policy());
    let header = format!("CitrixAuth {token}");
    let checked = present(
        &rotated,
        Some(&header),
        &store_realm(),
        &audience(BASE),
        at(1),
    );
    assert!(checked.is_ok());
}

#[test]
fn token_of_another_issuer_is_not_trusted() {
    let issuer = "another".to_owned();
    let other = TokenPolicy {
        issuer,
        ..token_policy()
    };
    let token = issued_by(&TokenService::new(crate::keys(), other));
    assert_eq!(check(&token, 1).unwrap_err(), Reason::NotTrusted);
}

#[test]
fn token_of_another_realm_is_rejected() {
    // CA-15, in both directions.
    for (issued_for, opened) in [
        (token_realm(), store_realm()),
        (store_realm(), token_realm()),
    ] {
        let grant = alice(&issued_for, None);
        let token = tokens().issue(&grant, at(0), &mut rng()).unwrap().token;
        let header = format!("CitrixAuth {}", token.expose_secret());
        let check = |realm| present(&tokens(), Some(&header), realm, &audience(BASE), at(1));
        assert_eq!(check(&opened).unwrap_err(), Reason::NotForThisService);
        assert!(check(&issued_for).is_ok());
    }
}

#[test]
fn token_of_another_audience_is_rejected() {
    // CA-13: scheme, host, port.
    let header = format!("CitrixAuth {}", token());
    for other in [
        "http://sf.example.net:443",
        "https://sf.example.net:8443",
        "https://example.net",
    ] {
        let checked = present(
            &tokens(),
            Some(&header),
            &store_realm(),
            &audience(other),
            at(1),
        );
        assert_eq!(checked.unwrap_err(), Reason::InvalidAudience, "{other}");
    }
}

#[test]
fn token_is_valid_from_issue_until_expiry() {
    let token = token();
    for (seconds, expected) in [
        // The clock of the issuing server may be a minute ahead.
        (-3600, Some(Reason::InvalidToken)),
        (-61, Some(Reason::InvalidToken)),
        (-60, None),
        (0, None),
        (3599, None),
        (3600, Some(Reason::Expired)),
        (3601, Some(Reason::Expired)),
    ] {
        assert_eq!(check(&token, seconds).err(), expected, "at {seconds}");
    }
}

#[test]
fn first_of_several_token_faults_is_the_reason() {
    // CA-11. Issuer before realm before audience before time.
    let issuer = "another".to_owned();
    let other = TokenService::new(
        crate::keys(),
        TokenPolicy {
            issuer,
            ..token_policy()
        },
    );
    let foreign = audience("https://example.net");
    for (tokens_of, realm, audience, expected) in [
        (&other, token_realm(), &foreign, Reason::NotTrusted),
        (
            &tokens(),
            token_realm(),
            &foreign,
            Reason::NotForThisService,
        ),
        (&tokens(), store_realm(), &foreign, Reason::InvalidAudience),
    ] {
        let header = format!("CitrixAuth {}", issued_by(tokens_of));
        let checked = present(&tokens(), Some(&header), &realm, audience, at(9999));
        assert_eq!(checked.unwrap_err(), expected);
    }
}

#[test]
fn unknown_claims_format_is_wrong_claims() {
    let seal = |claims: &str| {
        let sealed = crate::keys().seal(Purpose::new("token"), b"", claims.as_bytes(), &mut rng());
        BASE64.encode(&sealed)
    };
    for claims in [
        "",
        "{}",
        r#"{"v":1}"#,
        "\u{fffd}",
        "\0\0{}",
        "\0\u{2}pw",
        "\0\u{2}pw{\"v\":2}",
        "\0\u{3}pw",
    ] {
        assert_eq!(
            check(&seal(claims), 1).unwrap_err(),
            Reason::WrongClaims,
            "{claims}"
        );
    }
}

#[test]
fn value_sealed_for_another_purpose_is_not_a_token() {
    let sealed = crate::keys().seal(Purpose::new("conversation-cookie"), b"", b"{}", &mut rng());
    let checked = check(&BASE64.encode(&sealed), 1);
    assert_eq!(checked.unwrap_err(), Reason::SignatureNotVerified);
}

#[test]
fn debug_of_claims_hides_the_password() {
    let claims = check(&token(), 1).unwrap();
    let shown = format!("{claims:?}");
    assert!(
        shown.contains("Alice") && !shown.contains(PASSWORD),
        "{shown}"
    );
    let grant = alice(&store_realm(), None);
    assert!(!format!("{grant:?}").contains(PASSWORD));
}

proptest! {
    // Each case checks all bits, so few cases suffice.
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn token_with_any_bit_changed_is_rejected(name in "\\PC{1,20}", password in "\\PC{1,20}") {
        let mut grant = alice(&store_realm(), None);
        grant.user = roamd_citrixauth::UserIdentity::new("DEMO", name);
        grant.password = password.into();
        let token = tokens().issue(&grant, at(0), &mut rng()).unwrap().token;
        let sealed = BASE64.decode(token.expose_secret().as_bytes()).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let reason = check(&BASE64.encode(&changed), 1).unwrap_err();
            // The first byte is the version of the sealed value. The seal covers the others.
            let expected = if bit < 8 {
                Reason::InvalidToken
            } else {
                Reason::SignatureNotVerified
            };
            prop_assert_eq!(reason, expected, "bit {}", bit);
        }
    }

    #[test]
    fn token_with_any_character_changed_is_rejected(by in 1_u8..128) {
        let token = token();
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] ^= by;
            let changed = String::from_utf8(changed).unwrap();
            let reason = check(&changed, 1).unwrap_err();
            // If the first character becomes a blank, the token is shorter.
            let silent = matches!(reason, Reason::InvalidToken | Reason::SignatureNotVerified);
            prop_assert!(silent, "character {} gave {:?}", index, reason);
        }
    }
}

#[test]
fn tokens_of_ten_thousand_users_never_mix() {
    let service = tokens();
    let realms = [store_realm(), token_realm()];
    let marked = |index: usize| {
        (
            format!("user-{index}"),
            format!("canary-\u{1f426}-{index}\"\\"),
        )
    };
    let issued: Vec<String> = (0..10_000)
        .map(|index| {
            let (name, password) = marked(index);
            let mut grant = alice(&realms[index % 2], None);
            grant.user = roamd_citrixauth::UserIdentity::new("DEMO", name);
            grant.password = password.into();
            let token = service.issue(&grant, at(0), &mut rng()).unwrap().token;
            token.expose_secret().to_owned()
        })
        .collect();
    let mut ids = std::collections::HashSet::new();
    // In another order than that of issue: 7 and 10,000 have no common divisor.
    for index in (0..10_000).map(|step| step * 7 % 10_000) {
        let token = &issued[index];
        let (name, password) = marked(index);
        let header = format!("CitrixAuth {token}");
        let checked = |realm| present(&service, Some(&header), realm, &audience(BASE), at(1));
        let claims = checked(&realms[index % 2])
            .unwrap()
            .unless_revoked(false)
            .unwrap();
        assert_eq!(claims.user.name(), name);
        assert_eq!(claims.password.expose_secret(), password);
        assert!(ids.insert(claims.id), "{name}");
        let refused = checked(&realms[(index + 1) % 2]).unwrap_err();
        assert_eq!(refused, Reason::NotForThisService);
        let sealed = BASE64.decode(token.as_bytes()).unwrap();
        let shown = String::from_utf8_lossy(&sealed).contains("canary");
        assert!(!shown, "{name}");
    }
}
