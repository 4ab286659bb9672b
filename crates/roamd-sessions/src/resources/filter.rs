//! Filter of a store: which resources of its farms users see and start (ST-63).

use crate::{Application, Description, Kind};

/// Which resources of its farms a store shows. Sessions are not filtered: users can reconnect to
/// what runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceFilter {
    /// The types that are shown; empty for all.
    pub types: Vec<FilterType>,
    /// Keywords, one of which a resource needs to be shown; empty for all resources.
    pub include_keywords: Vec<String>,
    /// Keywords that hide a resource, even if another one includes it.
    pub exclude_keywords: Vec<String>,
}

/// A type of resources, as a filter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterType {
    /// Applications.
    Applications,
    /// Desktops.
    Desktops,
    /// Documents.
    Documents,
}

impl FilterType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Applications, Self::Desktops, Self::Documents];

    /// Its name, which the configuration uses as well.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applications => "applications",
            Self::Desktops => "desktops",
            Self::Documents => "documents",
        }
    }

    const fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Application => Self::Applications,
            Kind::Desktop => Self::Desktops,
            Kind::Document { .. } => Self::Documents,
        }
    }
}

impl ResourceFilter {
    /// Whether users see a resource. Keywords are those of its description, without regard to case
    /// (ST-69).
    #[must_use]
    pub fn shows(&self, application: &Application) -> bool {
        let is_type =
            self.types.is_empty() || self.types.contains(&FilterType::of(&application.kind));
        is_type && self.shows_keywords(&application.description)
    }

    fn shows_keywords(&self, description: &str) -> bool {
        if self.include_keywords.is_empty() && self.exclude_keywords.is_empty() {
            return true;
        }
        let keywords = Description::parse(description).keywords;
        let has_one_of = |named: &[String]| {
            let mut keywords = keywords.iter();
            keywords.any(|has| named.iter().any(|name| name.eq_ignore_ascii_case(has)))
        };
        let is_included = self.include_keywords.is_empty() || has_one_of(&self.include_keywords);
        is_included && !has_one_of(&self.exclude_keywords)
    }
}
