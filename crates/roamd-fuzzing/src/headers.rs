//! Oracle of the headers that clients and stores send.

use roamd_citrixauth::{Audience, Negotiation};
use roamd_store_proto::auth::Challenge;
use roamd_store_proto::{Language, Lifetime, media_type};

const OFFERED: [&str; 4] = [
    media_type::SESSION_STATE,
    media_type::LAUNCH_DATA,
    media_type::PNG,
    media_type::X_ICON,
];

/// Parses header lines, `Name: value`. Negotiation must return only offered values, and a parsed
/// value must be displayed as a text that parses as the same value.
pub fn headers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.trim()))
        .collect();
    let of = |name: &str| -> Vec<&str> {
        let lines = lines.iter();
        let named = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value).collect()
    };

    let accept = of("Accept");
    let accepted = media_type::negotiate(&accept, &OFFERED);
    assert!(accepted.is_none_or(|found| OFFERED.contains(&found)));
    assert!(accepted.is_some() || !accept.is_empty());
    assert!(Language::ALL.contains(&Language::negotiate(&of("Accept-Language"))));
    for content_type in of("Content-Type") {
        let types = OFFERED
            .iter()
            .filter(|offered| media_type::is(content_type, offered));
        assert!(types.count() <= 1, "a body of two types");
    }
    let first_of = |name| of(name).first().copied();
    let _negotiation = Negotiation::from_headers(
        first_of("X-Citrix-AM-CredentialTypes"),
        first_of("X-Citrix-AM-LabelTypes"),
    );
    for (_, value) in &lines {
        assert_round_trip::<Audience>(value);
        assert_round_trip::<Challenge>(value);
        assert_round_trip::<Lifetime>(value);
    }
}

/// Asserts that a parsed value is displayed as a text that parses as the same value.
fn assert_round_trip<T>(text: &str)
where
    T: std::str::FromStr + ToString + PartialEq + std::fmt::Debug,
{
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        let again = written.parse::<T>().ok();
        assert_eq!(
            again.as_ref(),
            Some(&value),
            "{written} parses as another value"
        );
    }
}
