//! Names (XML 1.0 §2.3) and qualified names (Namespaces in XML 1.0 §4).

/// Name of an element or attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QualifiedName<'t> {
    /// Prefix, if there is one.
    pub(crate) prefix: Option<&'t str>,
    /// Local name.
    pub(crate) local: &'t str,
}

impl<'t> QualifiedName<'t> {
    /// Splits a text of name characters. Returns `None` if it is not a qualified name.
    pub(crate) fn parse(name: &'t str) -> Option<Self> {
        // Names are short, and a search for a character costs more to begin.
        let colon = name.bytes().position(|byte| byte == b':');
        let (prefix, local) = match colon.and_then(|at| name.split_at_checked(at)) {
            None => (None, name),
            Some((prefix, rest)) => (
                Some(Some(prefix).filter(|prefix| starts_name(prefix))?),
                rest.strip_prefix(':')
                    .filter(|local| !local.contains(':'))?,
            ),
        };
        starts_name(local).then_some(Self { prefix, local })
    }
}

/// Returns whether the text is a name. It may contain colons.
pub(crate) fn is_name(text: &str) -> bool {
    let (_, rest) = split(text);
    rest.is_empty() && text.starts_with(|c| is_start(c) || c == ':')
}

/// Splits a text after the name characters at its start.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let ascii = text.bytes().position(|byte| !is_ascii_name(byte));
    let end = match ascii.and_then(|at| text.get(at..)) {
        None => text.len(),
        Some(rest) if rest.starts_with(|c: char| c.is_ascii()) => text.len() - rest.len(),
        Some(_) => text.find(|c| !is_name_char(c)).unwrap_or(text.len()),
    };
    text.split_at(end)
}

/// Returns whether the text starts as a name without colon does.
fn starts_name(text: &str) -> bool {
    text.starts_with(is_start)
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

/// `NameChar`
fn is_name_char(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_ascii_name(byte),
        _ => is_start(c) || matches!(c, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}'),
    }
}

fn is_ascii_name(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'_' | b'-' | b'.')
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
            assert_eq!(QualifiedName::parse(name), expected, "{name}");
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
            assert_eq!(split(text).0, name, "{text:?}");
        }
    }
}
