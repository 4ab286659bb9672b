//! What the dialect of a response says about the version of a farm (nfuse.md §10).

/// The first dialect of NFuse that version 7 speaks.
const FIRST_OF_VERSION_7: (u32, u32) = (5, 5);

/// Whether farms of version 7 and later speak a dialect, such as `5.4`. Returns `None` if the text
/// is not two numbers.
pub(super) fn is_of_version_7(dialect: &str) -> Option<bool> {
    let (major, minor) = dialect.split_once('.')?;
    let numbers: (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
    Some(numbers >= FIRST_OF_VERSION_7)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SI-10.
    #[test]
    fn dialects_from_5_5_on_are_of_version_7() {
        for (dialect, expected) in [
            ("1.1", Some(false)),
            ("5.4", Some(false)),
            ("5.5", Some(true)),
            ("5.10", Some(true)),
            ("6.0", Some(true)),
            ("five", None),
            ("5.x", None),
        ] {
            assert_eq!(is_of_version_7(dialect), expected, "{dialect}");
        }
    }
}
