//! "Did you mean" for names from a store.

use crate::output::printable;

/// Similarity from which on a name is suggested, between 0 and 1.
const MIN_SIMILARITY: f64 = 0.8;

/// Returns ` (did you mean …?)` with the name that is most similar to an unknown one, or an empty
/// text if none is similar.
pub(crate) fn did_you_mean<'n>(unknown: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let unknown = unknown.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&unknown, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or_else(String::new, |(_, name)| {
            format!(" (did you mean {}?)", printable(name))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_similar_name_is_suggested() {
        let names = ["Word", "Excel", "Win7Desktop"];
        for (unknown, expected) in [
            ("Wrod", " (did you mean Word?)"),
            ("exel", " (did you mean Excel?)"),
            ("win7desk", " (did you mean Win7Desktop?)"),
            ("Paint", ""),
            ("", ""),
        ] {
            assert_eq!(did_you_mean(unknown, names), expected, "{unknown}");
        }
    }
}
