//! Characters that terminals and editors obey instead of showing them: control characters, and
//! format characters, such as those that change the direction of the text after them.

use std::fmt::{self, Write as _};

/// Returns whether a terminal shows a character as it is.
pub(crate) fn is_shown(character: char) -> bool {
    // The standard library escapes these for the sake of literals.
    let is_quote = matches!(character, '"' | '\'' | '\\');
    is_quote || character.escape_debug().len() == 1
}

/// A text that displays with escapes such as `\u{202e}` in place of characters that are not shown.
pub(crate) struct Escaped<'t>(pub(crate) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if is_shown(character) {
                f.write_char(character)
            } else {
                write!(f, "{}", character.escape_debug())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_shown_is_escaped() {
        for (text, expected) in [
            ("Büro \"a\" 'b' c\\d 表", "Büro \"a\" 'b' c\\d 表"),
            ("a\nb\tc", "a\\nb\\tc"),
            (
                "a\u{202e}b\u{2028}c\u{feff}",
                "a\\u{202e}b\\u{2028}c\\u{feff}",
            ),
            ("\u{1b}[2J\u{9b}", "\\u{1b}[2J\\u{9b}"),
            ("", ""),
        ] {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }
}
