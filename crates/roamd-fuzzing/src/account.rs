//! Oracle of the accounts that farms name in their responses to sign-ins.

use roamd_citrixauth::{UserIdentity, may_name};
use roamd_nfuse_proto::{
    Dialect, Encoding, Frame, UserIdentity as NamedIdentity, ValidateCredentialsRequest,
    ValidateCredentialsResponse, decode_response, encode_response,
};

use crate::citrixauth::assert_token_names;
use crate::split_input::SplitInput;

/// Parses the account that was typed, a configured domain, and the response of a farm. One of
/// several farms may name the typed account only. The only farm may name another one in the
/// configured domain. The named account is the one that a token carries.
///
/// The rest of the input is the response, or else the text of the account in one.
pub fn account(bytes: &[u8]) {
    let mut input = SplitInput::new(bytes);
    let typed = input.text();
    let domains: Vec<_> = input.optional().into_iter().collect();
    let response = input.rest();
    let Some(typed) = UserIdentity::from_sam(&typed) else {
        return;
    };
    assert_plain(&typed);
    for is_only_one in [true, false] {
        assert!(
            may_name(&typed, &typed, &domains, is_only_one) || !domains.is_empty() && is_only_one,
            "a farm may not name the typed account"
        );
    }
    let sam = sam(response).or_else(|| sam(&response_with(&String::from_utf8_lossy(response))));
    let Some(named) = sam.as_deref().and_then(UserIdentity::from_sam) else {
        return;
    };
    assert_plain(&named);
    assert_token_names(&named);
    let is_in = |domain: &str| named.domain().to_lowercase() == domain.to_lowercase();
    let is_configured = domains.iter().any(|domain| is_in(domain));
    let (label, _) = typed.domain().split_once('.').unwrap_or_default();
    let is_typed = named.name().to_lowercase() == typed.name().to_lowercase()
        && (is_in(typed.domain()) || is_in(label));
    if may_name(&typed, &named, &domains, false) {
        assert_eq!(
            typed.name().to_lowercase(),
            named.name().to_lowercase(),
            "one of several farms names another account"
        );
        assert!(
            is_typed || is_configured,
            "one of several farms names an account of another domain"
        );
    }
    assert_eq!(
        may_name(&typed, &named, &domains, true),
        is_typed || is_configured || domains.is_empty(),
        "the only farm names an account of a domain that is not configured"
    );
}

/// Returns the account of a response, as the server reads it.
fn sam(response: &[u8]) -> Option<String> {
    let (_, response) = decode_response::<ValidateCredentialsRequest>(response).ok()?;
    response.ok()?.identity?.sam
}

fn response_with(sam: &str) -> Vec<u8> {
    let frame = Frame {
        dialect: Dialect::OLDEST,
        encoding: Encoding::Utf8,
    };
    let response = ValidateCredentialsResponse {
        identity: Some(NamedIdentity {
            sam: Some(sam.to_owned()),
            ..NamedIdentity::default()
        }),
        ..ValidateCredentialsResponse::default()
    };
    encode_response(&frame, &Ok(response))
}

/// Asserts that the account is written as it was read, on one line.
fn assert_plain(identity: &UserIdentity) {
    let text = identity.to_string();
    assert!(!text.contains(char::is_control), "{text:?}");
    let again = UserIdentity::from_sam(&text);
    assert_eq!(again.as_ref(), Some(identity), "{text:?}");
}
