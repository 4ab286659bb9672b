//! Security identifiers in tokens (SS-71).

use roamd_citrixauth::{Grant, HeldSids, NamedSids, UserIdentity};
use secrecy::ExposeSecret as _;

use crate::{HOUR, alice, at, audience, present, rng, store_realm, tokens};

fn sids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    let sid = |number| format!("S-1-5-21-10-20-30-{number:04}");
    numbers.into_iter().map(sid).collect()
}

/// Issues a token for an account that has these, and returns what its claims say, and its length.
fn through_token(held: Option<HeldSids>) -> (Option<HeldSids>, usize) {
    let grant = Grant {
        user: UserIdentity::new("DEMO", "Alice").with_sids(held),
        ..alice(&store_realm(), Some(HOUR))
    };
    let issued = tokens().issue(&grant, at(0), &mut rng()).unwrap();
    let token = issued.token.expose_secret();
    let header = format!("CitrixAuth {token}");
    let (realm, audience) = (store_realm(), audience(crate::BASE));
    let presented = present(&tokens(), Some(&header), &realm, &audience, at(1));
    let claims = presented.unwrap().unless_revoked(false).unwrap();
    (claims.user.sids(), token.len())
}

#[test]
fn token_says_which_named_sids_the_account_has() {
    let named = NamedSids::new(sids([3, 1, 2, 3]));
    for (account, expected) in [
        (sids([2, 900, 3]), sids([2, 3])),
        (vec!["s-1-5-21-10-20-30-0001".to_owned()], sids([1])),
        (sids([900]), Vec::new()),
    ] {
        let held = named.held_by(&account);
        assert!(held.is_some());
        assert_eq!(
            named.of(through_token(held).0),
            Some(expected.iter().map(|it| &**it).collect())
        );
    }
}

#[test]
fn token_does_not_grow_with_groups() {
    let named = NamedSids::new(sids(0..NamedSids::MOST));
    let (_, without) = through_token(None);
    let (held, with_all) = through_token(named.held_by(&sids(0..5_000)));
    assert_eq!(named.of(held).unwrap().len(), NamedSids::MOST);
    assert!(with_all < without + 128, "{without} {with_all}");
}

#[test]
fn sids_of_another_configuration_are_not_known() {
    let earlier = NamedSids::new(sids([1, 2]));
    let held = earlier.held_by(&sids([1, 2]));
    for later in [sids([1]), sids([1, 2, 3]), sids([1, 3])] {
        assert_eq!(NamedSids::new(later).of(held), None);
    }
    assert_eq!(NamedSids::new(sids([2, 1])).of(held).unwrap().len(), 2);
    assert_eq!(earlier.of(None), None);
}

#[test]
fn configuration_that_names_no_sid_needs_none() {
    let none = NamedSids::default();
    assert_eq!(none.held_by(&sids([1])), None);
    assert_eq!(none.of(None), Some(Vec::new()));
}

#[test]
fn sids_beyond_the_largest_number_are_left_out() {
    let named = NamedSids::new(sids(0..NamedSids::MOST + 1));
    let held = named.held_by(&sids(0..NamedSids::MOST + 1));
    assert_eq!(named.of(held).unwrap().len(), NamedSids::MOST);
}
