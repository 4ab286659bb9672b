//! What a user may start on a farm. A session's listing does not say whether it is a desktop; the
//! catalogue does, and it has the title.

use std::collections::HashMap;

/// The applications and desktops of one farm for one user, by internal name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    applications: HashMap<String, Application>,
}

/// One application or desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Name for people.
    pub title: String,
    /// It is a desktop.
    pub desktop: bool,
}

impl Catalogue {
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
            .filter(|(_, candidate)| *candidate == application)
            .map(|(in_name, _)| in_name.as_str())
            .min()
    }
}

impl FromIterator<(String, Application)> for Catalogue {
    fn from_iter<I: IntoIterator<Item = (String, Application)>>(applications: I) -> Self {
        Self {
            applications: applications.into_iter().collect(),
        }
    }
}
