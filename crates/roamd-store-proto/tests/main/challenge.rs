//! The challenge, CA-2 to CA-11.

use regex::Regex;
use roamd_store_proto::auth::{Challenge, ChallengeError, Reason};

fn challenge() -> Challenge {
    Challenge {
        realm: "a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902".to_owned(),
        reason: Some(Reason::NoToken),
        locations: vec!["https://sf.example.net/Citrix/StoreAuth/auth/v1/token".to_owned()],
        service_root_hint: "https://sf.example.net/Citrix/Store/sessions/v1".to_owned(),
    }
}

#[test]
fn challenge_is_written_exactly_as_specified() {
    // CA-5
    insta::assert_snapshot!(challenge(), @r#"CitrixAuth realm="a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902", reqtokentemplate="", reason="notoken", locations="https://sf.example.net/Citrix/StoreAuth/auth/v1/token", serviceroot-hint="https://sf.example.net/Citrix/Store/sessions/v1""#);
}

#[test]
fn challenge_matches_the_strict_regex_of_client_a() {
    // CQ-45, CQ-48: exact separators, anchored at the end.
    let expression = Regex::new(
        "CitrixAuth realm=\"(?<realm>[^\"]*)\", reqtokentemplate=\"(?<template>[^\"]*)\", \
         reason=\"(?<reason>[^\"]*)\", locations=\"(?<locations>[^\"]*)\", \
         serviceroot-hint=\"(?<hint>[^\"]*)\"$",
    )
    .unwrap();
    for reason in Reason::ALL {
        let mut challenge = Challenge {
            reason: Some(*reason),
            ..challenge()
        };
        challenge
            .locations
            .push("https://other.example.net/token".to_owned());
        let header = challenge.to_string();
        let parts = expression.captures(&header).expect(&header);
        assert_eq!(parts.get(0).unwrap().start(), 0);
        assert_eq!(&parts["realm"], challenge.realm);
        assert_eq!(&parts["template"], "");
        assert_eq!(&parts["reason"], reason.as_str());
        assert_eq!(
            parts["locations"].split('|').collect::<Vec<_>>(),
            challenge.locations
        );
        assert_eq!(&parts["hint"], challenge.service_root_hint);
    }
}

#[test]
fn challenge_parses_by_the_naive_splitting_of_client_b() {
    // CQ-46
    let header = challenge().to_string();
    let parts: Vec<Vec<&str>> = header
        .split(',')
        .map(|part| part.split('=').collect())
        .collect();
    let value = |name: &str| {
        let part = parts.iter().find(|part| part[0] == name).expect(name);
        assert_eq!(part.len(), 2);
        part[1].trim_matches('"').to_owned()
    };
    assert_eq!(value("CitrixAuth realm"), challenge().realm);
    assert_eq!(value(" locations"), challenge().locations[0]);
    assert_eq!(value(" serviceroot-hint"), challenge().service_root_hint);
}

#[test]
fn challenge_round_trips() {
    assert_eq!(challenge().to_string().parse(), Ok(challenge()));
}

#[test]
fn challenge_parses_with_any_spacing_and_order() {
    let header = "  CitrixAuth  serviceroot-hint=\"https://sf.example.net/Citrix/Store/sessions/v1\" \
                  ,locations = \"https://sf.example.net/Citrix/StoreAuth/auth/v1/token|\",new=\"1\" , \
                  reason=\"notoken\",realm=\"a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902\" ";
    assert_eq!(header.parse(), Ok(challenge()));
}

#[test]
fn challenge_with_unknown_reason_keeps_its_locations() {
    // ST-12
    for reason in ["", "NoToken", "passwordtooweak"] {
        let header = challenge().to_string().replace("notoken", reason);
        let expected = Challenge {
            reason: None,
            ..challenge()
        };
        assert_eq!(header.parse(), Ok(expected), "{reason}");
    }
}

#[test]
fn malformed_challenge_is_rejected() {
    let good = challenge().to_string();
    for header in [
        String::new(),
        "Basic realm=\"x\"".to_owned(),
        good.replace("CitrixAuth", "citrixauth"),
        good.replace("CitrixAuth ", "CitrixAuth2 "),
        good.replace("CitrixAuth ", "CitrixAuth"),
        good.replace("realm=", "domain="),
        good.replace("locations=", "location="),
        good.replace("https://sf.example.net/Citrix/StoreAuth/auth/v1/token", ""),
        good.replace('"', ""),
        good.replace('"', "\u{201d}"),
        good.replace(", reason", " reason"),
        format!("{good},"),
        format!("{good}, x"),
        format!("{good}, x=\"1"),
    ] {
        assert_eq!(header.parse::<Challenge>(), Err(ChallengeError), "{header}");
    }
}

#[test]
fn challenge_reasons_have_their_fixed_spelling() {
    // citrixauth.md §1.2, in the order of CA-11
    let expected = [
        "notoken",
        "invalidtoken",
        "tokenSignatureNotVerified",
        "nottrusted",
        "notforthisservice",
        "invalidAudience",
        "expired",
        "badaccount",
        "badpassword",
        "passwordClaimNotFound",
        "wrongclaims",
        "gatewayclaimsinconsistent",
    ];
    assert_eq!(
        Reason::ALL
            .iter()
            .map(|reason| reason.as_str())
            .collect::<Vec<_>>(),
        expected
    );
    assert!(Reason::ALL.is_sorted());
    for text in expected {
        assert_eq!(text.parse::<Reason>().map(Reason::as_str), Ok(text));
    }
}
