//! The languages of texts for people, and how a client chooses (ST-8).
//!
//! The texts themselves stand in tables beside what they tell, one column a language, so that the
//! compiler sees when one is missing. A library for messages would not: it reads its texts when the
//! program runs, and what it is good at (plurals, genders, values in a sentence) no text here needs.

/// A language that texts for people are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English; also for clients that name no language, or none that there is.
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

/// One text in every language.
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
    /// Every language.
    pub const ALL: [Self; 5] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Japanese,
    ];

    /// The language of an answer to a request with these `Accept-Language` lines: of those that
    /// there are, the one with the highest `q`, and the first of equal ones. A region does not
    /// matter: `de-AT` is German.
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
            if let (Some(language), Some(quality)) = (Self::of(tag), quality)
                && quality > best.1
            {
                best = (language, quality);
            }
        }
        best.0
    }

    /// Its tag, as in `Content-Language`.
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

    fn of(tag: &str) -> Option<Self> {
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
    /// The text in a language.
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
