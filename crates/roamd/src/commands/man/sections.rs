//! Sections of manual pages.

use roff::{Roff, bold, roman};

/// Rows of a section: a term and its meaning.
pub(super) type Rows = &'static [(&'static str, &'static str)];

/// Adds a section that explains terms.
pub(super) fn add_terms(roff: &mut Roff, title: &str, rows: &[Rows]) {
    roff.control("SH", [title]);
    for (term, meaning) in rows.iter().copied().flatten() {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*meaning)]);
    }
}

/// Adds references to other pages, each with its section of the manual.
pub(super) fn add_see_also(roff: &mut Roff, pages: &[(&str, u8)]) {
    roff.control("SH", ["SEE ALSO"]);
    let mut words = Vec::new();
    for (name, section) in pages {
        if !words.is_empty() {
            words.push(roman(", "));
        }
        words.extend([bold(*name), roman(format!("({section})"))]);
    }
    roff.text(words);
}
