//! Lists of words in requests.

/// Whether a list of words has one; case does not matter.
pub(crate) fn has_word(words: &[String], word: &str) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}
