//! Languages of the user interface, and their negotiation (ST-8).
//!
//! A [`Text`] has one field per language, so a missing translation does not compile. A localisation
//! library loads its texts at run time, and its features (plurals, genders, values in sentences)
//! are not needed here.

/// A language of the user interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English, the default for clients that accept none of the languages.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Japanese.
    Japanese,
}

/// A text in all languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the text in its language")]
pub struct Text {
    pub english: &'static str,
    pub german: &'static str,
    pub french: &'static str,
    pub spanish: &'static str,
    pub japanese: &'static str,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 5] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Japanese,
    ];

    /// Returns the language for a request with these `Accept-Language` lines: the available one
    /// with the highest `q`, and the first among equal ones. Regions are ignored: `de-AT` is
    /// German.
    #[must_use]
    pub fn negotiate(accept_language: &[&str]) -> Self {
        let mut best = (Self::default(), 0.0);
        let ranges = accept_language.iter().flat_map(|line| line.split(','));
        for range in ranges {
            let mut parameters = range.split(';');
            let tag = parameters.next().unwrap_or_default().trim();
            let quality = parameters
                .find_map(|parameter| {
                    let (name, value) = parameter.split_once('=')?;
                    name.trim().eq_ignore_ascii_case("q").then_some(value)
                })
                .map_or(Some(1.0), |value| value.trim().parse::<f64>().ok())
                .filter(|quality| (0.0..=1.0).contains(quality));
            if let (Some(language), Some(quality)) = (Self::from_tag(tag), quality)
                && quality > best.1
            {
                best = (language, quality);
            }
        }
        best.0
    }

    /// Returns the language tag, as in `Content-Language`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Japanese => "ja",
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        match primary {
            "*" => Some(Self::default()),
            _ => Self::ALL
                .into_iter()
                .find(|language| language.tag().eq_ignore_ascii_case(primary)),
        }
    }
}

impl Text {
    /// Returns the text in a language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::German => self.german,
            Language::French => self.french,
            Language::Spanish => self.spanish,
            Language::Japanese => self.japanese,
        }
    }
}
