//! Names of farms, by which mappings and Citrix Gateways refer to them.

/// Returns whether two names are that of one farm: case does not matter (SI-12).
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SI-12.
    #[test]
    fn case_of_a_name_does_not_matter() {
        for (one, other, expected) in [
            ("Mill", "mill", true),
            ("BÜRO", "büro", true),
            ("Mill", "Mill 2", false),
            ("", "", true),
        ] {
            assert_eq!(is_same(one, other), expected, "{one} {other}");
        }
    }
}
