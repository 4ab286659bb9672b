//! Which item of one store is which item of another.

use super::item::Item;

/// An item of the first store, of the second, or the same one of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pair {
    Both(Item, Item),
    First(Item),
    Second(Item),
}

/// Pairs the items of two stores, in the order of the first.
///
/// Equal items are a pair, then those with the same resource id, and then those with the same name:
/// two stores may give their farms different ids.
pub(super) fn pair(first: Vec<Item>, second: Vec<Item>) -> Vec<Pair> {
    let rules: [fn(&Item, &Item) -> bool; 3] = [
        |one, other| one == other,
        |one, other| one.kind == other.kind && one.resource_id == other.resource_id,
        |one, other| one.kind == other.kind && one.name.eq_ignore_ascii_case(&other.name),
    ];
    let mut left: Vec<_> = second.into_iter().map(Some).collect();
    let mut pairs: Vec<_> = first.into_iter().map(|item| (item, None)).collect();
    for is_pair in rules {
        for (item, partner) in pairs.iter_mut().filter(|(_, partner)| partner.is_none()) {
            let found = left
                .iter_mut()
                .find(|other| other.as_ref().is_some_and(|other| is_pair(item, other)));
            *partner = found.and_then(Option::take);
        }
    }
    let pairs = pairs.into_iter().map(|(item, partner)| match partner {
        Some(partner) => Pair::Both(item, partner),
        None => Pair::First(item),
    });
    let only_second = left.into_iter().flatten().map(Pair::Second);
    pairs.chain(only_second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: &str, name: &str, resource_id: &str, farm: &str) -> Item {
        Item {
            kind: kind.to_owned(),
            name: name.to_owned(),
            resource_id: resource_id.to_owned(),
            farm: farm.to_owned(),
            details: Vec::new(),
        }
    }

    #[test]
    fn closest_items_are_a_pair() {
        let word = item("application", "Word", "A.Word", "Farm1");
        let renamed = item("application", "Word 2016", "A.Word", "Farm1");
        let moved = item("application", "word", "B.Word", "Farm2");
        let session = item("session", "Word", "A.Word", "Farm1");
        let both = |one: &Item, other: &Item| Pair::Both(one.clone(), other.clone());
        let (first, second) = (Pair::First, Pair::Second);
        for (one, other, expected) in [
            (vec![&word], vec![&word], vec![both(&word, &word)]),
            (vec![&word], vec![&renamed], vec![both(&word, &renamed)]),
            (vec![&word], vec![&moved], vec![both(&word, &moved)]),
            // The equal one, whatever their order.
            (
                vec![&word],
                vec![&moved, &renamed, &word],
                vec![
                    both(&word, &word),
                    second(moved.clone()),
                    second(renamed.clone()),
                ],
            ),
            // The id before the name.
            (
                vec![&word],
                vec![&moved, &renamed],
                vec![both(&word, &renamed), second(moved.clone())],
            ),
            // A session is no application, and each item has one partner.
            (
                vec![&word],
                vec![&session],
                vec![first(word.clone()), second(session.clone())],
            ),
            (
                vec![&session, &session],
                vec![&session],
                vec![both(&session, &session), first(session.clone())],
            ),
            (vec![], vec![], vec![]),
        ] {
            let [one, other] = [one, other].map(|items| items.into_iter().cloned().collect());
            assert_eq!(pair(one, other), expected);
        }
    }

    #[test]
    fn differences_are_named() {
        let mut one = item("application", "Word", "A.Word", "Farm1");
        let mut other = item("application", "word", "A.Word", "Farm2");
        one.details = vec![("folder", "\\".to_owned()), ("enabled", "yes".to_owned())];
        other.details = vec![("folder", "\\".to_owned()), ("enabled", "no".to_owned())];
        assert_eq!(one.differences(&other), ["name", "farm", "enabled"]);
        assert_eq!(one.differences(&one), [""; 0]);
    }
}
