//! A small tokenizer for Rust source: enough to find `use` items, paths and modules.

/// A token of Rust code and the line where it begins, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    /// Returns whether the token is this punctuation or keyword.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// Returns whether the token is an identifier or a keyword.
    pub(crate) fn is_word(&self) -> bool {
        self.text
            .starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// Splits source code into words, `::`, and single punctuation marks.
///
/// Comments, lifetimes and the contents of literals are left out. A literal gives no token.
pub(crate) fn tokens(code: &str) -> Vec<Token> {
    let masked = mask(code);
    let mut found = Vec::new();
    for (index, line) in masked.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = if is_word_char(first) {
                rest.find(|it| !is_word_char(it)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, after) = rest.split_at(length);
            if !first.is_whitespace() {
                found.push(Token {
                    text: text.to_owned(),
                    line: index + 1,
                });
            }
            rest = after;
        }
    }
    found
}

fn is_word_char(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

/// Replaces comments, literals and lifetimes by blanks. Line breaks stay where they are.
fn mask(code: &str) -> String {
    let mut masked = String::with_capacity(code.len());
    let mut rest = code;
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_length(rest, after_word);
        if skipped > 0 {
            let (gone, after) = rest.split_at(skipped);
            masked.extend(gone.chars().map(|it| if it == '\n' { '\n' } else { ' ' }));
            rest = after;
            after_word = false;
        } else {
            masked.push(first);
            after_word = is_word_char(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    masked
}

/// Returns the length of the comment, literal or lifetime that `code` begins with, or 0.
///
/// `after_word` says that a word ends just before: its last letter is no prefix of a literal.
fn skipped_length(code: &str, after_word: bool) -> usize {
    if code.starts_with("//") {
        return code.find('\n').unwrap_or(code.len());
    }
    if code.starts_with("/*") {
        return block_comment_length(code);
    }
    if code.starts_with('"') {
        return quoted_length(code, '"');
    }
    if code.starts_with('\'') {
        return quote_length(code);
    }
    if !after_word {
        if let Some(length) = raw_string_length(code) {
            return length;
        }
        for prefix in ["b", "c"] {
            if let Some(literal) = code.strip_prefix(prefix)
                && (literal.starts_with('"') || (prefix == "b" && literal.starts_with('\'')))
            {
                let quote = if literal.starts_with('"') { '"' } else { '\'' };
                return prefix.len() + quoted_length(literal, quote);
            }
        }
    }
    0
}

/// Returns the length of a block comment; they nest.
fn block_comment_length(code: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    code.len()
}

/// Returns the length of a literal with escapes, from its opening to its closing quote.
fn quoted_length(code: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, it) in code.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if it == '\\' {
            escaped = true;
        } else if it == quote {
            return at + it.len_utf8();
        }
    }
    code.len()
}

/// Returns the length of a character literal or a lifetime.
fn quote_length(code: &str) -> usize {
    let mut letters = code.chars().skip(1);
    let (first, second) = (letters.next(), letters.next());
    if first == Some('\\') || second == Some('\'') {
        return quoted_length(code, '\'');
    }
    let name = code.get(1..).unwrap_or_default();
    1 + name.find(|it| !is_word_char(it)).unwrap_or(name.len())
}

/// Returns the length of a raw string such as `r"…"`, `br#"…"#` or `cr"…"`.
fn raw_string_length(code: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"]
        .into_iter()
        .find(|prefix| code.starts_with(prefix) && matches_raw(code.get(prefix.len()..)))?;
    let body = code.get(prefix.len()..)?;
    let hashes = body.find('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let text = body.get(hashes + 1..)?;
    let length = text.find(&end).map_or(text.len(), |at| at + end.len());
    Some(prefix.len() + hashes + 1 + length)
}

fn matches_raw(body: Option<&str>) -> bool {
    body.is_some_and(|body| body.trim_start_matches('#').starts_with('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(code: &str) -> Vec<String> {
        tokens(code).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_give_no_tokens() {
        for code in [
            "a // crate::x\nb",
            "a /* use /* crate::x */ ; */ b",
            r#"a "crate::x \" ;" b"#,
            r##"a r#"crate::"x"# b"##,
            r#"a b"\"" b"#,
            r"a '\'' b",
            "a ':' b",
            "a 'static b",
        ] {
            assert_eq!(texts(code), ["a", "b"], "{code}");
        }
    }

    #[test]
    fn paths_and_lines_are_kept() {
        let found = tokens("use a::{b};\n\"\n\" c");
        let found: Vec<_> = found.iter().map(|it| (it.text.as_str(), it.line)).collect();
        let expected = [
            ("use", 1),
            ("a", 1),
            ("::", 1),
            ("{", 1),
            ("b", 1),
            ("}", 1),
            (";", 1),
            ("c", 3),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn generics_and_raw_identifiers_are_no_literals() {
        assert_eq!(
            texts("f<'a>(r#type)"),
            ["f", "<", ">", "(", "r", "#", "type", ")"]
        );
        assert_eq!(texts("bar\"x\""), ["bar"]);
    }
}
