//! Suggestions for unknown keys and words.

/// Minimum similarity of two words for one to be suggested in place of the other, from 0 to 1.
const ALIKE: f64 = 0.75;

/// Settings of StoreFront that have another name here (`serverCommunicationAttempts`).
const ORIGINALS: [(&str, &str); 4] = [
    ("ConnectionTimeout", "connect_timeout_ms"),
    ("LoadBalance", "controller_order"),
    ("ServerCommunicationAttempts", "attempts"),
    ("TicketTimeToLive", "ticket_seconds"),
];

/// Products of version 7, by the beginnings of their names, and their generation here.
const PRODUCTS: [(&str, &str); 4] = [
    ("xenapp7", "cvad-7"),
    ("xendesktop7", "cvad-7"),
    ("virtualapps", "cvad-7"),
    ("cvad", "cvad-7"),
];

/// Returns the known key that was probably meant by an unknown one.
pub(crate) fn key(name: &str, known: &[&'static str]) -> Option<&'static str> {
    original(name, known).or_else(|| word(name, known))
}

/// Returns the known word that is most like another, if it is alike enough. A word with a version
/// is never like one with another version.
pub(crate) fn word(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    let mut products = PRODUCTS.iter();
    if let Some((_, ours)) = products.find(|(product, _)| word.starts_with(product))
        && known.contains(ours)
    {
        return Some(*ours);
    }
    let version = |text: &str| text.chars().find(char::is_ascii_digit);
    let has_other_version = |known: &&&str| {
        let both = version(&word).zip(version(known));
        both.is_some_and(|(one, other)| one != other)
    };
    known
        .iter()
        .filter(|known| !has_other_version(known))
        .map(|known| {
            let likeness = strsim::normalized_damerau_levenshtein(&word, &plain(known));
            (likeness, *known)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// Returns the known key for a setting of StoreFront.
fn original(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let (_, ours) = ORIGINALS
        .iter()
        .find(|(theirs, _)| theirs.eq_ignore_ascii_case(name))?;
    known.contains(ours).then_some(*ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_of_another_version_is_not_suggested() {
        const GENERATIONS: [&str; 3] = ["xenapp-6", "xendesktop-5", "cvad-7"];
        for (typed, expected) in [
            ("xenapp-7", Some("cvad-7")),
            ("XenApp 7.15", Some("cvad-7")),
            ("xendesktop-7", Some("cvad-7")),
            ("CVAD-2203", Some("cvad-7")),
            ("virtual-apps-and-desktops", Some("cvad-7")),
            ("xenap-6", Some("xenapp-6")),
            ("xenapp-6.5", Some("xenapp-6")),
            ("XenDesktop5", Some("xendesktop-5")),
            ("xenapp", Some("xenapp-6")),
            ("xenapp-5", None),
            ("xendesktop-4", None),
            ("7", None),
        ] {
            assert_eq!(word(typed, &GENERATIONS), expected, "{typed}");
        }
        assert_eq!(word("xenapp-7", &["always", "never"]), None);
    }
}
