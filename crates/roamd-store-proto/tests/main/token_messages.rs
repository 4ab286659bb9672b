//! The messages of token services, citrixauth.md §3 and §4.

use std::time::Duration;

use jiff::Timestamp;
use roamd_store_proto::auth::{
    Choice, Claim, ClaimsPrincipal, DestroyToken, DestroyTokenResponse, RefreshToken, RequestToken,
    RequestTokenResponse, TokenChoices,
};
use roamd_store_proto::{DecodeError, Lifetime};
use roamd_xml::FaultKind;
use secrecy::ExposeSecret;

use crate::{ascii, compact, fault};

fn request() -> RequestToken {
    RequestToken {
        for_service: "a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902".to_owned(),
        for_service_url: "https://sf.example.net/Citrix/Store/sessions/v1".to_owned(),
        template: String::new(),
        requested_lifetime: Some(Lifetime(Duration::from_secs(4 * 3600))),
    }
}

fn read_request(children: &str) -> Result<RequestToken, DecodeError> {
    let namespace = "http://citrix.com/delivery-services/1-0/auth/requesttoken";
    let text = format!("<requesttoken xmlns=\"{namespace}\">{children}</requesttoken>");
    RequestToken::from_xml(text.as_bytes())
}

#[test]
fn specified_request_token_round_trips() {
    let example = include_str!("data/request_token.xml");
    assert_eq!(RequestToken::from_xml(example.as_bytes()), Ok(request()));
    assert_eq!(ascii(request().to_xml()), compact(example));
}

#[test]
fn request_tokens_of_real_clients_decode() {
    let service = "<for-service>1.-i.example.token</for-service>";
    let url = "<for-service-url>https://sf.example.net/</for-service-url>";
    let lifetime =
        |text: &str| format!("{service}{url}<requested-lifetime>{text}</requested-lifetime>");
    let expected = RequestToken {
        for_service: "1.-i.example.token".to_owned(),
        for_service_url: "https://sf.example.net/".to_owned(),
        template: String::new(),
        requested_lifetime: None,
    };
    for (name, children) in [
        (
            "CQ-18: realm that is no GUID",
            format!("{service}{url}<reqtokentemplate></reqtokentemplate>"),
        ),
        ("CA-19: no template", format!("{service}{url}")),
        (
            "CA-18, CQ-14: white space around values",
            format!("{url}\n<for-service>\r\n  1.-i.example.token\r\n</for-service>")
                .replace("https://sf.example.net/", "\n  https://sf.example.net/\n"),
        ),
        (
            "a reason",
            format!("{service}{url}<reason>expired</reason>"),
        ),
        ("CA-28: lifetime that does not parse", lifetime("soon")),
        ("CA-28: empty lifetime", lifetime("")),
        ("CA-28: no time at all", lifetime("0")),
        ("CA-28: negative lifetime", lifetime("-01:00:00")),
        ("CA-28: hours of a longer day", lifetime("1.25:61:61")),
        (
            "CA-28: longer than a TimeSpan",
            lifetime("99999999.00:00:00"),
        ),
    ] {
        assert_eq!(read_request(&children).as_ref(), Ok(&expected), "{name}");
    }
}

#[test]
fn request_token_is_for_the_url_below_the_root_only() {
    // CA-19: no other place of the document can change the audience, and none has two.
    let service = "<for-service>1.-i.example.token</for-service>";
    let url = "<for-service-url>https://sf.example.net/</for-service-url>";
    let evil = "<for-service-url>https://evil.example/</for-service-url>";
    for other in [
        format!("<reason>{evil}</reason>"),
        format!("<reqtokentemplate>{evil}</reqtokentemplate>"),
        format!("<requesttoken>{service}{evil}</requesttoken>"),
        format!("<a><b>{evil}{evil}</b></a>"),
        "<for-service-url xmlns=\"urn:other\">https://evil.example/</for-service-url>".to_owned(),
    ] {
        for children in [
            format!("{service}{other}{url}"),
            format!("{service}{url}{other}"),
        ] {
            let read = read_request(&children).map(|request| request.for_service_url);
            assert_eq!(read.as_deref(), Ok("https://sf.example.net/"), "{children}");
        }
        let read = read_request(&format!("{service}{other}"));
        assert!(read.is_err(), "{other}");
    }
    for children in [
        format!("{service}{url}{evil}"),
        format!("{service}{evil}{url}"),
        format!("{service}{url}{url}"),
        format!("{service}{service}{url}"),
    ] {
        assert!(read_request(&children).is_err(), "{children}");
    }
}

#[test]
fn request_token_without_realm_or_url_is_rejected() {
    // CA-19
    let service = "<for-service>a</for-service>";
    let url = "<for-service-url>https://sf.example.net/</for-service-url>";
    let long_realm = format!("<for-service>{}</for-service>{url}", "x".repeat(1025));
    let long_url = format!(
        "{service}<for-service-url>{}</for-service-url>",
        "x".repeat(2049)
    );
    for (children, path, kind) in [
        (url, "for-service", FaultKind::Missing),
        (service, "for-service-url", FaultKind::Missing),
        (
            &format!("<for-service/>{url}"),
            "for-service",
            FaultKind::Empty,
        ),
        (
            &format!("{service}<for-service-url> </for-service-url>"),
            "for-service-url",
            FaultKind::Empty,
        ),
        (
            &format!("{service}{service}{url}"),
            "for-service",
            FaultKind::Repeated,
        ),
        (
            &format!("<for-service>a\nb</for-service>{url}"),
            "for-service",
            FaultKind::ControlCharacter,
        ),
        (
            &long_realm,
            "for-service",
            FaultKind::TooMany {
                limit: "1024 characters",
            },
        ),
        (
            &long_url,
            "for-service-url",
            FaultKind::TooMany {
                limit: "2048 characters",
            },
        ),
    ] {
        assert_eq!(
            fault(read_request(children)),
            (format!("requesttoken/{path}"), kind)
        );
    }
}

#[test]
fn specified_token_response_round_trips() {
    // CA-22, CA-23, CA-31, CQ-51, CQ-52. The expiry of the password is optional.
    let example = include_str!("data/request_token_response.xml");
    let response = RequestTokenResponse::from_xml(example.as_bytes()).unwrap();
    let ends = "<ExpiryTime>2026-03-09T00:00:00.000Z</ExpiryTime>\
                <TimeRemaining>6.16:45:00</TimeRemaining>";
    assert_eq!(ascii(response.to_xml()), compact(example).replace(ends, ""));
    assert_eq!(
        response.issued,
        "2026-03-02T07:15:00Z".parse::<Timestamp>().unwrap()
    );
    assert_eq!(
        response.expiry,
        "2026-03-02T15:15:00Z".parse::<Timestamp>().unwrap()
    );
    assert_eq!(
        response.token.expose_secret(),
        "cHJpbWFyeS10b2tlbi1mb3ItYWRh"
    );
    assert_eq!(response.credential_display_name.as_deref(), Some("LAB"));
}

fn response() -> RequestTokenResponse {
    RequestTokenResponse {
        for_service: "a".to_owned(),
        issued: "2026-03-02T07:15:00.123456789Z".parse().unwrap(),
        expiry: "2026-03-03T08:15:00.2Z".parse().unwrap(),
        token: "c2VydmljZQ==".into(),
        credential_display_name: None,
    }
}

#[test]
fn token_lifetime_is_the_difference_of_the_written_dates() {
    // CA-22
    insta::assert_snapshot!(ascii(response().to_xml()), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <requesttokenresponse xmlns="http://citrix.com/delivery-services/1-0/auth/requesttokenresponse"><for-service>a</for-service><issued>2026-03-02T07:15:00.1234567Z</issued><expiry>2026-03-03T08:15:00.2000000Z</expiry><lifetime>1.01:00:00.0765433</lifetime><token-template/><token>c2VydmljZQ==</token></requesttokenresponse>
    "#);
    let over = RequestTokenResponse {
        expiry: "2026-03-01T00:00:00Z".parse().unwrap(),
        ..response()
    };
    assert!(ascii(over.to_xml()).contains("<lifetime>0.00:00:00</lifetime>"));
}

#[test]
fn token_response_without_token_or_dates_is_rejected() {
    let good = ascii(response().to_xml());
    for (from, to, path, kind) in [
        (
            "<token>c2VydmljZQ==</token>",
            "",
            "token",
            FaultKind::Missing,
        ),
        ("c2VydmljZQ==", "", "token", FaultKind::Empty),
        (
            "2026-03-03T08:15:00.2000000Z",
            "tomorrow",
            "expiry",
            FaultKind::Unexpected {
                expected: "a date and time in UTC",
            },
        ),
    ] {
        let read = RequestTokenResponse::from_xml(good.replace(from, to).as_bytes());
        assert_eq!(fault(read), (format!("requesttokenresponse/{path}"), kind));
    }
}

#[test]
fn debug_of_token_response_hides_the_token() {
    assert!(!format!("{:?}", response()).contains("c2VydmljZQ"));
}

#[test]
fn specified_token_choices_round_trip() {
    // CA-24, CQ-55, CQ-56
    let choices = TokenChoices {
        choices: vec![Choice {
            protocol: Choice::EXPLICIT_FORMS.to_owned(),
            location: "https://sf.example.net/Citrix/StoreAuth/ExplicitForms/Start".to_owned(),
        }],
    };
    let example = include_str!("data/request_token_choices.xml");
    assert_eq!(
        TokenChoices::from_xml(example.as_bytes()),
        Ok(choices.clone())
    );
    assert_eq!(ascii(choices.to_xml()), compact(example));
}

#[test]
fn specified_refresh_and_destroy_messages_round_trip() {
    // CA-36, CA-38
    let token = "c2VydmljZS10b2tlbi1mb3ItYWRh";
    let example = include_str!("data/refresh_token.xml");
    let refresh = RefreshToken::from_xml(example.as_bytes()).unwrap();
    assert_eq!(refresh.token.expose_secret(), token);
    let hour = Lifetime(Duration::from_secs(3600));
    assert_eq!(refresh.requested_lifetime, Some(hour));
    assert_eq!(ascii(refresh.to_xml()), compact(example));

    let example = include_str!("data/destroy_token.xml");
    let destroy = DestroyToken::from_xml(example.as_bytes()).unwrap();
    assert_eq!(destroy.token.expose_secret(), token);
    assert_eq!(ascii(destroy.to_xml()), compact(example));

    let example = include_str!("data/destroy_token_response.xml");
    for status in ["status", "Status"] {
        let response = example.replace("status>", &format!("{status}>"));
        let read = DestroyTokenResponse::from_xml(response.as_bytes());
        assert_eq!(read, Ok(DestroyTokenResponse));
    }
    assert_eq!(ascii(DestroyTokenResponse.to_xml()), compact(example));
}

#[test]
fn refresh_and_destroy_require_a_token_and_hide_it() {
    let refresh = |children: &str| {
        let namespace = "http://citrix.com/delivery-services/1-0/auth/refreshtoken";
        let text = format!("<refreshtoken xmlns=\"{namespace}\">{children}</refreshtoken>");
        RefreshToken::from_xml(text.as_bytes())
    };
    let destroy = |children: &str| {
        let namespace = "http://citrix.com/delivery-services/1-0/auth/destroytoken";
        let text = format!("<destroytoken xmlns=\"{namespace}\">{children}</destroytoken>");
        DestroyToken::from_xml(text.as_bytes())
    };
    let two = "<token>a</token><token>b</token>";
    for (children, kind) in [
        ("", FaultKind::Missing),
        ("<token> </token>", FaultKind::Empty),
        (two, FaultKind::Repeated),
    ] {
        let at = |root: &str| (format!("{root}/token"), kind.clone());
        assert_eq!(fault(refresh(children)), at("refreshtoken"));
        assert_eq!(fault(destroy(children)), at("destroytoken"));
    }
    for lifetime in ["soon", "", "0", "-01:00:00", "1.25:61:61"] {
        // CA-28
        let text =
            format!("<token>a</token><new-requested-lifetime>{lifetime}</new-requested-lifetime>");
        assert_eq!(
            refresh(&text).unwrap().requested_lifetime,
            None,
            "{lifetime}"
        );
    }
    let token = "<token>c2VjcmV0</token>";
    let shown = format!("{:?}{:?}", refresh(token).unwrap(), destroy(token).unwrap());
    assert!(!shown.contains("c2VjcmV0"), "{shown}");
}

#[test]
fn destroy_response_with_another_status_is_rejected() {
    let response = include_str!("data/destroy_token_response.xml");
    let path = "destroytokenresponse/status".to_owned();
    let expected = "destroyed";
    for (from, to, kind) in [
        ("destroyed", "kept", FaultKind::Unexpected { expected }),
        ("status>", "state>", FaultKind::Missing),
    ] {
        let read = DestroyTokenResponse::from_xml(response.replace(from, to).as_bytes());
        assert_eq!(fault(read), (path.clone(), kind));
    }
}

#[test]
fn specified_claims_principal_round_trips() {
    // CA-40. Properties of claims are left out.
    let example = include_str!("data/claims_principal.xml");
    let issuer = "5e0b7f44-1d92-4c3b-8a57-cc1e90f3d6a1".to_owned();
    let principal = ClaimsPrincipal {
        name: "LAB\\ada".to_owned(),
        authenticated: true,
        method: ClaimsPrincipal::COMMON_FORMS.to_owned(),
        claims: vec![Claim {
            claim_type: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/sid".to_owned(),
            value: "S-1-5-21-1-2-3-1104".to_owned(),
            value_type: "string".to_owned(),
            original_issuer: issuer.clone(),
            issuer,
        }],
    };
    assert_eq!(
        ClaimsPrincipal::from_xml(example.as_bytes()),
        Ok(principal.clone())
    );
    let compact = compact(example);
    let (before, rest) = compact.split_once("><properties>").unwrap();
    let (_, after) = rest.split_once("</claim>").unwrap();
    assert_eq!(ascii(principal.to_xml()), format!("{before}/>{after}"));
}
