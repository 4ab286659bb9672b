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
fn a_challenge_is_written_to_the_letter() {
    // CA-5
    insta::assert_snapshot!(challenge(), @r#"CitrixAuth realm="a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902", reqtokentemplate="", reason="notoken", locations="https://sf.example.net/Citrix/StoreAuth/auth/v1/token", serviceroot-hint="https://sf.example.net/Citrix/Store/sessions/v1""#);
}

#[test]
fn client_a_matches_every_challenge_by_its_strict_expression() {
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
fn client_b_finds_its_parameters_by_splitting_at_commas_and_equals_signs() {
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
fn a_challenge_is_read_as_it_was_written() {
    assert_eq!(challenge().to_string().parse(), Ok(challenge()));
}

#[test]
fn spacing_and_order_of_a_challenge_do_not_count_for_our_client() {
    let header = "  CitrixAuth  serviceroot-hint=\"https://sf.example.net/Citrix/Store/sessions/v1\" \
                  ,locations = \"https://sf.example.net/Citrix/StoreAuth/auth/v1/token|\",new=\"1\" , \
                  reason=\"notoken\",realm=\"a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902\" ";
    assert_eq!(header.parse(), Ok(challenge()));
}

#[test]
fn a_reason_that_nobody_knows_does_not_hide_where_a_token_is_to_be_had() {
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
fn what_is_no_challenge_is_refused() {
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
fn every_reason_has_its_fixed_spelling() {
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
