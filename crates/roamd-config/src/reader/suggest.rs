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

/// Returns the known key that was probably meant by an unknown one.
pub(crate) fn key(name: &str, known: &[&'static str]) -> Option<&'static str> {
    original(name, known).or_else(|| word(name, known))
}

/// Returns the known word that is most like another, if it is alike enough.
pub(crate) fn word(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let word = plain(word);
    known
        .iter()
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
