//! Oracle of the accounts that farms name in their responses to sign-ins.

use roamd_citrixauth::{UserIdentity, may_name};

use crate::split_input::SplitInput;

/// Parses the account that was typed, the one that a farm names, and a configured domain. One of
/// several farms may name the typed account, and none with another name.
pub fn account(bytes: &[u8]) {
    let mut input = SplitInput::new(bytes);
    let (typed, named) = (input.text(), input.text());
    let domains: Vec<_> = input.optional().into_iter().collect();
    let Some(typed) = UserIdentity::from_sam(&typed) else {
        return;
    };
    assert_plain(&typed);
    assert!(
        may_name(&typed, &typed, &domains, false),
        "a farm may not name the typed account"
    );
    let Some(named) = UserIdentity::from_sam(&named) else {
        return;
    };
    assert_plain(&named);
    if may_name(&typed, &named, &domains, false) {
        assert_eq!(
            typed.name().to_lowercase(),
            named.name().to_lowercase(),
            "one of several farms names another account"
        );
    }
}

/// Asserts that the account is written as it was read, on one line.
fn assert_plain(identity: &UserIdentity) {
    let text = identity.to_string();
    assert!(!text.contains(char::is_control), "{text:?}");
    let again = UserIdentity::from_sam(&text);
    assert_eq!(again.as_ref(), Some(identity), "{text:?}");
}
