//! Names (XML 1.0 §2.3) and qualified names (Namespaces in XML 1.0 §4).

/// Name of an element or attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QualifiedName<'t> {
    /// Prefix, if there is one.
    pub(crate) prefix: Option<&'t str>,
    /// Local name.
    pub(crate) local: &'t str,
}

/// A text of name characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameText<'t> {
    text: &'t str,
    /// Offset of its first colon.
    colon: Option<usize>,
}

impl<'t> NameText<'t> {
    /// Splits a text after the name characters at its start.
    pub(crate) fn split(text: &'t str) -> (Self, &'t str) {
        // Most names have neither a colon nor a character that is not ASCII.
        let end = text.bytes().position(|byte| !is_ascii_part(byte));
        let next = end.and_then(|end| text.as_bytes().get(end));
        if next.is_some_and(|byte| *byte == b':' || !byte.is_ascii()) {
            return Self::split_any(text);
        }
        let (text, rest) = text.split_at(end.unwrap_or(text.len()));
        (Self { text, colon: None }, rest)
    }

    fn split_any(text: &'t str) -> (Self, &'t str) {
        let is_other = |char| char != ':' && !is_part(char);
        let (text, rest) = text.split_at(text.find(is_other).unwrap_or(text.len()));
        let colon = text.find(':');
        (Self { text, colon }, rest)
    }

    /// Returns the text.
    pub(crate) fn as_str(self) -> &'t str {
        self.text
    }

    /// Returns the qualified name, or `None` if the text is none.
    pub(crate) fn qualified(self) -> Option<QualifiedName<'t>> {
        let (prefix, local) = match self.colon.and_then(|at| self.text.split_at_checked(at)) {
            None => (None, self.text),
            Some((prefix, rest)) => (
                Some(Some(prefix).filter(|prefix| starts_name(prefix))?),
                rest.strip_prefix(':')
                    .filter(|local| !local.contains(':'))?,
            ),
        };
        starts_name(local).then_some(QualifiedName { prefix, local })
    }
}

/// Returns whether the text is a name. It may contain colons.
pub(crate) fn is_name(text: &str) -> bool {
    let (_, rest) = NameText::split(text);
    rest.is_empty() && text.starts_with(|c| is_start(c) || c == ':')
}

/// Returns whether the text starts as a name without colon does.
fn starts_name(text: &str) -> bool {
    let first = text.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_alphabetic()) || text.starts_with(is_start)
}

/// `NameStartChar` without the colon.
fn is_start(c: char) -> bool {
    matches!(c,
        'A'..='Z'
        | '_'
        | 'a'..='z'
        | '\u{C0}'..='\u{D6}'
        | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` without the colon.
fn is_part(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_ascii_part(byte),
        _ => is_start(c) || matches!(c, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}'),
    }
}

/// Returns whether a byte is a name character of ASCII, but not the colon. Names are most of many
/// documents, so their bytes are looked up in a table.
fn is_ascii_part(byte: u8) -> bool {
    #[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
    const IS_PART: [bool; 256] = {
        let mut is_part = [false; 256];
        let parts = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
        let mut at = 0;
        while at < parts.len() {
            is_part[parts[at] as usize] = true;
            at += 1;
        }
        is_part
    };
    let is_part = IS_PART.get(usize::from(byte));
    is_part.is_some_and(|is_part| *is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_split_at_its_only_colon() {
        let cases = [
            ("a", Some((None, "a"))),
            ("p:a", Some((Some("p"), "a"))),
            ("_-.1", Some((None, "_-.1"))),
            ("é\u{B7}:ж\u{300}", Some((Some("é\u{B7}"), "ж\u{300}"))),
            ("", None),
            (":", None),
            (":a", None),
            ("p:", None),
            ("p:q:a", None),
            ("1", None),
            ("p:1", None),
            ("-:a", None),
            ("p:\u{300}", None),
        ];
        for (name, expected) in cases {
            let expected = expected.map(|(prefix, local)| QualifiedName { prefix, local });
            let (text, rest) = NameText::split(name);
            assert_eq!((text.qualified(), rest), (expected, ""), "{name}");
        }
    }

    #[test]
    fn name_ends_before_the_first_other_character() {
        for (text, name) in [
            ("a b", "a"),
            ("a\u{B7}1='", "a\u{B7}1"),
            ("é=", "é"),
            ("a\u{D7}b", "a"),
            ("a\u{80}", "a"),
            ("\u{37E}", ""),
            ("a\u{EFFFF}\u{F0000}", "a\u{EFFFF}"),
            ("ab", "ab"),
            ("", ""),
        ] {
            assert_eq!(NameText::split(text).0.as_str(), name, "{text:?}");
        }
    }
}
