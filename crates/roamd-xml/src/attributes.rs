//! Attributes of a start tag as they are written, and their values (XML 1.0 §3.1 and §3.3.3).

use std::borrow::Cow;

use memchr::memchr;

use crate::characters::trim_start;
use crate::names::NameText;
use crate::references;

/// Iterator over the attributes of a start tag. It must not be used after an error.
pub(crate) struct Attributes<'t> {
    /// The rest of the tag, without its end.
    rest: &'t str,
    /// Offset of the end of the rest in the document.
    end: usize,
}

/// An attribute, namespace declarations included.
pub(crate) struct RawAttribute<'t> {
    /// The name, not checked otherwise.
    pub(crate) name: NameText<'t>,
    /// The text between the quotes.
    pub(crate) value: &'t str,
    /// Offset of the attribute in the document.
    pub(crate) offset: usize,
}

impl<'t> Attributes<'t> {
    /// `rest` is what follows the name of the tag, and `offset` its place in the document.
    pub(crate) fn new(rest: &'t str, offset: usize) -> Self {
        Self {
            rest,
            end: offset + rest.len(),
        }
    }

    /// `Attribute ::= Name Eq AttValue`
    fn parse(&mut self, attribute: &'t str) -> Option<RawAttribute<'t>> {
        let (name, rest) = NameText::split(attribute);
        let rest = trim_start(rest).strip_prefix('=')?;
        let (value, rest) = split_quoted(trim_start(rest))?;
        self.rest = rest;
        Some(RawAttribute {
            name,
            value,
            offset: self.end - attribute.len(),
        })
    }
}

impl<'t> Iterator for Attributes<'t> {
    type Item = Result<RawAttribute<'t>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let attribute = trim_start(self.rest);
        if attribute.is_empty() {
            return None;
        }
        let is_separate = attribute.len() < self.rest.len();
        Some(
            is_separate
                .then(|| self.parse(attribute))
                .flatten()
                .ok_or("malformed attribute"),
        )
    }
}

/// Splits a text after the quoted text at its start, which is returned without its quotes.
pub(crate) fn split_quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.bytes().next();
    let quote = quote.filter(|byte| matches!(byte, b'"' | b'\''))?;
    let text = text.get(1..)?;
    let end = memchr(quote, text.as_bytes())?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// Returns the normalised value: references are resolved, and other white space becomes blanks.
///
/// # Errors
/// If the value contains `<` or a reference that cannot be resolved.
pub(crate) fn normalise(value: &str) -> Result<Cow<'_, str>, &'static str> {
    let Some(first) = value.bytes().position(is_special) else {
        return Ok(value.into());
    };
    let (plain, mut rest) = value.split_at(first);
    let mut normal = String::with_capacity(value.len());
    normal.push_str(plain);
    while let Some(special) = rest.chars().next() {
        let (_, after) = rest.split_at(special.len_utf8());
        rest = match special {
            '<' => return Err("`<` in an attribute value"),
            '&' => {
                let (reference, after) = after.split_once(';').ok_or("reference without an end")?;
                normal.push(references::resolve(reference)?);
                after
            }
            _ => {
                normal.push(' ');
                after
            }
        };
        let plain = rest.bytes().position(is_special).unwrap_or(rest.len());
        let (plain, special) = rest.split_at(plain);
        normal.push_str(plain);
        rest = special;
    }
    Ok(normal.into())
}

/// Returns whether a byte of a value does not stand for itself.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'<' | b'&' | b'\t' | b'\n' | b'\r')
}
