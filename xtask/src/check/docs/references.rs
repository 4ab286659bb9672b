//! References to requirements in comments and documents.

/// A reference and the line where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) target: Target,
    pub(super) line: usize,
}

/// What is referred to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// `SS-12`: the letters and the number.
    Requirement(String, u32),
    /// `nfuse.md §5.3`: the file's name and the number of the section.
    Section(String, String),
    /// `bad-inputs 12`.
    BadInput(u32),
}

/// Prefixes of requirement ids.
pub(super) const PREFIXES: [&str; 6] = ["SS", "CA", "ST", "CQ", "WA", "SI"];

/// Words before the number of a bad input.
const ROW_WORDS: [&str; 2] = ["rows ", "row "];

/// Returns the references of a text, in order. A range gives its two ends.
///
/// Line breaks, with the marker of a comment or a quotation on the next line, count as blanks. With
/// `has_rows`, `row 12` alone is a bad input, too.
pub(super) fn references(text: &str, has_rows: bool) -> Vec<Reference> {
    let joined = Joined::new(text);
    let mut found = requirement_references(&joined);
    found.extend(section_references(&joined));
    found.extend(bad_input_references(&joined));
    if has_rows {
        found.extend(row_references(&joined));
    }
    found.sort_by_key(|reference| reference.line);
    found
}

/// Reads a list of numbers at the start of a text: `1, 3 to 5 and 9`, `1-3`, `9, 10`.
///
/// Each range gives all of its numbers.
pub(super) fn leading_numbers(text: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for (number, is_range_end) in number_list(text).0 {
        let from = match numbers.last() {
            Some(last) if is_range_end => *last + 1,
            _ => number,
        };
        numbers.extend(from..=number);
    }
    numbers
}

/// A text in one line.
struct Joined {
    text: String,
    /// Where each line begins in `text`.
    starts: Vec<usize>,
}

impl Joined {
    fn new(text: &str) -> Self {
        let mut joined = String::with_capacity(text.len());
        let mut starts = Vec::new();
        for line in text.lines() {
            if !starts.is_empty() {
                joined.push(' ');
            }
            starts.push(joined.len());
            let line = line.trim();
            let markers = ["///", "//!", "//", ">", "#"];
            let content = markers
                .into_iter()
                .find_map(|marker| line.strip_prefix(marker));
            // The first line of a comment is joined as well, which harms nothing.
            joined.push_str(content.unwrap_or(line).trim());
        }
        Self {
            text: joined,
            starts,
        }
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    fn from(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    /// Returns whether no word and no hyphen ends just before this place.
    fn begins_word(&self, at: usize) -> bool {
        let before = self
            .text
            .get(..at)
            .and_then(|before| before.chars().next_back());
        before.is_none_or(|it| !it.is_alphanumeric() && it != '-' && it != '_')
    }
}

fn requirement_references(joined: &Joined) -> Vec<Reference> {
    let mut found = Vec::new();
    for prefix in PREFIXES {
        let opening = format!("{prefix}-");
        for (at, _) in joined.text.match_indices(&opening) {
            let rest = joined.from(at + opening.len());
            let Some((number, after)) = number(rest) else {
                continue;
            };
            if !joined.begins_word(at) || after.starts_with(|it: char| it.is_alphanumeric()) {
                continue;
            }
            let line = joined.line(at);
            let mut push = |number| {
                let target = Target::Requirement(prefix.to_owned(), number);
                found.push(Reference { target, line });
            };
            push(number);
            // `SS-9 to 12`; the second end of `SS-9 to SS-12` is found on its own.
            if let Some(end) = after.strip_prefix(" to ")
                && let Some((end, after)) = number_word(end)
                && is_bare_end(after)
            {
                push(end);
            }
        }
    }
    found
}

/// Returns whether a number is not a count of something, as in `SS-9 to 12 clients`.
fn is_bare_end(after: &str) -> bool {
    !after.starts_with([' ', '-', '.']) || after.starts_with(". ") || after == "."
}

fn section_references(joined: &Joined) -> Vec<Reference> {
    let mut found = Vec::new();
    for (at, _) in joined.text.match_indices(".md") {
        let name_start = joined.text.get(..at).map_or(0, |before| {
            let is_name = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
            before.trim_end_matches(is_name).len()
        });
        let Some(document) = joined.text.get(name_start..at + ".md".len()) else {
            continue;
        };
        let mut rest = joined
            .from(at + ".md".len())
            .trim_start_matches(['`', ')', ',']);
        while let Some(section) = rest.strip_prefix(' ').and_then(|it| it.strip_prefix('§')) {
            let end = section.find(|it: char| !it.is_ascii_digit() && it != '.');
            let (number, after) = section.split_at(end.unwrap_or(section.len()));
            let target =
                Target::Section(document.to_owned(), number.trim_end_matches('.').to_owned());
            let line = joined.line(name_start);
            found.push(Reference { target, line });
            rest = [",", " to", " and"]
                .into_iter()
                .find_map(|separator| after.strip_prefix(separator))
                .unwrap_or_default();
        }
    }
    found
}

fn bad_input_references(joined: &Joined) -> Vec<Reference> {
    let mut found = Vec::new();
    let lower = joined.text.to_ascii_lowercase();
    for (at, opening) in lower
        .match_indices("bad")
        .filter(|(at, _)| joined.begins_word(*at))
    {
        let rest = joined.from(at + opening.len());
        let lower_rest = lower.get(at + opening.len()..).unwrap_or_default();
        let names = ["-inputs.md", "-inputs", "-input", " inputs", " input"];
        let Some(name) = names.into_iter().find(|name| lower_rest.starts_with(name)) else {
            continue;
        };
        let rest = rest.get(name.len()..).unwrap_or_default();
        let rest = rest.trim_start_matches(['`', ')', ',', ':']);
        let Some(rest) = rest.strip_prefix(' ') else {
            continue;
        };
        let rows = ROW_WORDS
            .into_iter()
            .find_map(|word| rest.strip_prefix(word));
        for (number, _) in number_list(rows.unwrap_or(rest)).0 {
            let line = joined.line(at);
            let target = Target::BadInput(number);
            found.push(Reference { target, line });
        }
    }
    found
}

fn row_references(joined: &Joined) -> Vec<Reference> {
    let mut found = Vec::new();
    for word in ROW_WORDS {
        let places = joined.text.match_indices(word);
        for (at, _) in places.filter(|(at, _)| joined.begins_word(*at)) {
            for (number, _) in number_list(joined.from(at + word.len())).0 {
                let line = joined.line(at);
                let target = Target::BadInput(number);
                found.push(Reference { target, line });
            }
        }
    }
    found
}

/// Reads `1, 3 to 5 and 9` at the start of a text. Each number says whether it ends a range.
fn number_list(text: &str) -> (Vec<(u32, bool)>, &str) {
    let mut numbers = Vec::new();
    let mut rest = text;
    let mut is_range_end = false;
    while let Some((number, after)) = number_word(rest) {
        numbers.push((number, is_range_end));
        let ranges = [" to ", "-", "–", " - "].into_iter();
        let lists = [", and ", ", ", " and "].into_iter();
        let separators = ranges
            .map(|it| (it, true))
            .chain(lists.map(|it| (it, false)));
        let mut next = separators.filter_map(|(separator, is_range)| {
            let following = after.strip_prefix(separator)?;
            number_word(following).map(|_| (following, is_range))
        });
        rest = after;
        let Some((following, is_range)) = next.next() else {
            break;
        };
        (rest, is_range_end) = (following, is_range);
    }
    (numbers, rest)
}

/// Reads a number that no letter and no further digit group follows.
fn number_word(text: &str) -> Option<(u32, &str)> {
    let (value, after) = number(text)?;
    let mut following = after.chars();
    let is_part_of_more = match following.next() {
        Some(',' | '.') => following.next().is_some_and(|it| it.is_ascii_digit()),
        Some(it) => it.is_alphanumeric(),
        None => false,
    };
    (!is_part_of_more).then_some((value, after))
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|it: char| !it.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    Some((digits.parse().ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        shown_with(text, false)
    }

    fn shown_with(text: &str, has_rows: bool) -> Vec<String> {
        let found = references(text, has_rows).into_iter();
        found
            .map(|reference| match reference.target {
                Target::Requirement(prefix, number) => format!("{prefix}-{number}"),
                Target::Section(document, section) => format!("{document} {section}"),
                Target::BadInput(number) => format!("bad {number}"),
            })
            .collect()
    }

    #[test]
    fn requirement_ids_and_ranges_are_found() {
        for (text, expected) in [
            ("(SS-4, CA-4)", vec!["SS-4", "CA-4"]),
            ("SS-9 to SS-12", vec!["SS-9", "SS-12"]),
            ("CA-42 to 76.", vec!["CA-42", "CA-76"]),
            ("SS-9 to 12 clients", vec!["SS-9"]),
            ("SS-n, POST-1, X-SS-1, SS-1a, TEST-7", vec![]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn sections_are_found_over_line_breaks() {
        for (text, expected) in [
            ("(nfuse.md §5.3).", vec!["nfuse.md 5.3"]),
            (
                "/// `nfuse.md` §3 and §4.2.",
                vec!["nfuse.md 3", "nfuse.md 4.2"],
            ),
            (
                "/// (nfuse.md\n    /// §1.1, §8)",
                vec!["nfuse.md 1.1", "nfuse.md 8"],
            ),
            (
                "nfuse.md §5.1 to §5.4",
                vec!["nfuse.md 5.1", "nfuse.md 5.4"],
            ),
            ("citrixauth.md §7 rule 5", vec!["citrixauth.md 7"]),
            ("see nfuse.md; §3", vec![]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn bad_inputs_are_found_in_all_forms() {
        for (text, expected) in [
            ("bad-inputs 59. Tries of 10,000", vec!["bad 59"]),
            (
                "(bad-inputs 80, 83 to 85).",
                vec!["bad 80", "bad 83", "bad 85"],
            ),
            (
                "Bad inputs 17 to 20 and 30.",
                vec!["bad 17", "bad 20", "bad 30"],
            ),
            ("bad input 16: the name", vec!["bad 16"]),
            ("bad-inputs 35, 60; more", vec!["bad 35", "bad 60"]),
            ("`bad-inputs.md` rows 1-61", vec!["bad 1", "bad 61"]),
            ("bad-inputs 40, 10,000 times", vec!["bad 40"]),
            ("bad inputs and 12", vec![]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn rows_alone_are_bad_inputs_where_they_are_listed() {
        let text = "see row 79 (rows 1\nto 61, 91), ten rows 5x";
        assert_eq!(
            shown_with(text, true),
            ["bad 1", "bad 61", "bad 91", "bad 79"]
        );
        assert_eq!(shown_with(text, false), [""; 0]);
    }

    #[test]
    fn line_of_a_reference_is_kept() {
        let lines: Vec<_> = references("a\n// SS-1\n// SS-2", false)
            .iter()
            .map(|it| it.line)
            .collect();
        assert_eq!(lines, [2, 3]);
    }

    #[test]
    fn leading_numbers_include_what_lies_between() {
        assert_eq!(
            leading_numbers("1-3, 9 and 11 to 12 x"),
            [1, 2, 3, 9, 11, 12]
        );
        assert_eq!(leading_numbers("50 each bit"), [50]);
        assert_eq!(leading_numbers("row 7"), [0; 0]);
    }
}
