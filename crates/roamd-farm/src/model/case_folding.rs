//! Case folding for the comparison of names.

/// The form in which names are compared: Windows does not regard case in names of accounts,
/// domains, farms and applications.
pub(crate) fn fold_case(name: &str) -> String {
    name.to_lowercase()
}
