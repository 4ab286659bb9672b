//! Case folding for the comparison of names.

/// Returns the form in which names are compared. Windows ignores case in names of accounts,
/// domains, farms and applications.
pub(crate) fn fold_case(name: &str) -> String {
    name.to_lowercase()
}

/// Whether a list of words in a request contains one, compared without case.
pub(crate) fn contains_word(words: &[String], word: &str) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}
