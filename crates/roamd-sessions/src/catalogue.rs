//! What a user may start on a farm. A session's listing does not say whether it is a desktop; the
//! catalogue does, and it has the title.

use std::collections::HashMap;

use crate::ApplicationSettings;

/// Longest text that a farm may use to name a session or an application, in bytes. Longer ones
/// would not fit a URL, and no person would read them.
pub(crate) const NAME_BYTES: usize = 512;

/// The applications and desktops of one farm for one user, by internal name. It is bounded, since it
/// is kept: what has a name that is too long, or comes after [`Catalogue::MOST`] others, is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    applications: HashMap<String, Application>,
}

/// One application or desktop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// Name for people.
    pub title: String,
    /// It is a desktop.
    pub desktop: bool,
    /// It is shown, but cannot be started.
    pub disabled: bool,
    /// What it sets for its sessions.
    pub settings: ApplicationSettings,
}

impl Catalogue {
    /// Most applications of one user on one farm.
    pub const MOST: usize = 10_000;

    /// Bytes of its names and titles, and what keeping them takes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let entry = size_of::<(String, Application)>();
        let names = self.applications.iter();
        size_of::<Self>()
            + names
                .map(|(in_name, application)| entry + in_name.len() + application.title.len())
                .sum::<usize>()
    }

    /// The application of this internal name.
    #[must_use]
    pub fn application(&self, in_name: &str) -> Option<&Application> {
        self.applications.get(in_name)
    }

    /// The internal name under which the same application is published here. Farms of one group
    /// name the same application by the same title.
    #[must_use]
    pub fn same(&self, application: &Application) -> Option<&str> {
        // More than one application may have the title: the first by name, so that the same state
        // gives the same answer.
        self.applications
            .iter()
            .filter(|(_, candidate)| {
                (&candidate.title, candidate.desktop) == (&application.title, application.desktop)
            })
            .map(|(in_name, _)| in_name.as_str())
            .min()
    }
}

impl FromIterator<(String, Application)> for Catalogue {
    /// A title that is too long gives way to the internal name.
    fn from_iter<I: IntoIterator<Item = (String, Application)>>(applications: I) -> Self {
        let named = applications
            .into_iter()
            .filter(|(in_name, _)| in_name.len() <= NAME_BYTES)
            .map(|(in_name, mut application)| {
                if application.title.len() > NAME_BYTES {
                    application.title.clone_from(&in_name);
                }
                (in_name, application)
            });
        Self {
            applications: named.take(Self::MOST).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(in_name: String, title: String) -> (String, Application) {
        let application = Application {
            title,
            ..Application::default()
        };
        (in_name, application)
    }

    #[test]
    fn a_catalogue_keeps_no_more_than_a_bound() {
        let (longest, longer) = ("n".repeat(512), "n".repeat(513));
        let entries = [
            entry(longest.clone(), "Longest".to_owned()),
            entry(longer.clone(), "Longer".to_owned()),
            entry("Paint".to_owned(), longer.clone()),
        ];
        let catalogue = Catalogue::from_iter(entries);
        assert_eq!(catalogue.application(&longest).unwrap().title, "Longest");
        assert_eq!(catalogue.application(&longer), None);
        assert_eq!(catalogue.application("Paint").unwrap().title, "Paint");

        let many = (0..=Catalogue::MOST).map(|n| entry(n.to_string(), "Paint".to_owned()));
        let catalogue = Catalogue::from_iter(many);
        assert_eq!(catalogue.applications.len(), Catalogue::MOST);
        assert!(catalogue.bytes() > Catalogue::MOST * size_of::<Application>());
    }
}
