//! Descriptions of applications: a summary for users, then markup for programs (ST-69).

use roamd_store_proto::Property;

/// Start of the markup, in any case.
const MARKER: &[u8] = b"KEYWORDS:";

/// Keywords of a featured resource, in any case (ST-63).
const FEATURED: [&str; 2] = ["featured", "recommended"];

/// A parsed description.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// Text for users.
    pub summary: String,
    /// Keywords, in the order of the markup.
    pub keywords: Vec<String>,
    /// Properties, one per id, with all values.
    pub properties: Vec<Property>,
}

/// One token of the markup.
enum Token<'t> {
    Keyword(&'t str),
    Property(&'t str, &'t str),
    Malformed,
}

impl Description {
    /// Parses a description. Ignores malformed tokens.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let marker = text
            .as_bytes()
            .windows(MARKER.len())
            .position(|window| window.eq_ignore_ascii_case(MARKER));
        let (summary, mut markup) = match marker.and_then(|at| text.split_at_checked(at)) {
            Some((summary, rest)) => (summary.trim_end(), rest.get(MARKER.len()..)),
            None => (text, None),
        };
        let mut description = Self {
            summary: summary.to_owned(),
            ..Self::default()
        };
        while let Some((token, rest)) = markup.and_then(token) {
            description.add(&token);
            markup = Some(rest);
        }
        description
    }

    /// Whether a keyword marks the resource as featured.
    #[must_use]
    pub fn is_featured(&self) -> bool {
        self.keywords.iter().any(|keyword| {
            FEATURED
                .iter()
                .any(|featured| keyword.eq_ignore_ascii_case(featured))
        })
    }

    fn add(&mut self, token: &Token<'_>) {
        match *token {
            Token::Keyword(keyword) => self.keywords.push(keyword.to_owned()),
            Token::Property(id, value) => {
                let value = value.to_owned();
                match self.properties.iter_mut().find(|known| known.id == id) {
                    Some(known) => known.values.push(value),
                    None => self.properties.push(Property {
                        id: id.to_owned(),
                        values: vec![value],
                    }),
                }
            }
            Token::Malformed => {}
        }
    }
}

/// Returns the first token of the markup and the rest, or `None` at the end.
fn token(markup: &str) -> Option<(Token<'_>, &str)> {
    let markup = markup.trim_start();
    let end = markup.find(char::is_whitespace).unwrap_or(markup.len());
    let (word, rest) = markup.split_at_checked(end)?;
    if word.is_empty() {
        return None;
    }
    // A quoted value may contain white space: it ends at the closing quote.
    let quoted = word.split_once("=\"").and_then(|(name, _)| {
        let value = markup.get(name.len() + "=\"".len()..)?;
        let (value, rest) = value.split_once('"')?;
        Some((name, value, rest))
    });
    if let Some((name, value, rest)) = quoted {
        let whole = rest.is_empty() || rest.starts_with(char::is_whitespace);
        let token = if whole && is_plain(name) {
            Token::Property(name, value)
        } else {
            Token::Malformed
        };
        return Some((token, rest));
    }
    let token = match word.split_once('=') {
        Some((name, value)) if is_plain(name) && is_plain(value) => Token::Property(name, value),
        None if is_plain(word) => Token::Keyword(word),
        Some(_) | None => Token::Malformed,
    };
    Some((token, rest))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['=', '"'])
}
