//! What a user may start on a farm. A session's listing does not say whether it is a desktop; the
//! catalogue does, and it has the title.

use std::sync::Arc;

use indexmap::IndexMap;
use roamd_store_proto::StartMenu;

use crate::ApplicationSettings;

/// Longest text that a farm may use to name a session or an application, in bytes. Longer ones
/// would not fit a URL, and no person would read them.
pub(crate) const NAME_BYTES: usize = 512;

/// Longest description of an application, in bytes.
const DESCRIPTION_BYTES: usize = 4096;

/// The applications and desktops of one farm for one user, by internal name, in the order of the
/// farm. It is bounded, since it is kept: what has a name that is too long, or comes after
/// [`Catalogue::MOST`] others, is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    applications: IndexMap<String, Arc<Application>>,
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
    /// Its folder on the farm, such as `Office\Tools`; empty for the top.
    pub folder: String,
    /// Description as the farm has it, with the markup of keywords (ST-69).
    pub description: String,
    /// A shortcut belongs on the user's desktop.
    pub on_desktop: bool,
    /// Where in the user's start menu a shortcut belongs.
    pub start_menu: Option<StartMenu>,
    /// Changes when something about it does, its picture too.
    pub version: Option<i64>,
    /// What it sets for its sessions.
    pub settings: ApplicationSettings,
}

impl Catalogue {
    /// Most applications of one user on one farm.
    pub const MOST: usize = 10_000;

    /// Bytes of its texts, and what keeping them takes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let entry = size_of::<(String, Arc<Application>)>() + size_of::<Application>();
        let texts = |application: &Application| application.texts().map(str::len).sum::<usize>();
        size_of::<Self>()
            + self
                .applications()
                .map(|(in_name, application)| entry + in_name.len() + texts(application))
                .sum::<usize>()
    }

    /// The applications with their internal names, in the order of the farm.
    pub fn applications(&self) -> impl Iterator<Item = (&str, &Arc<Application>)> {
        self.applications
            .iter()
            .map(|(in_name, application)| (in_name.as_str(), application))
    }

    /// The application of this internal name.
    #[must_use]
    pub fn application(&self, in_name: &str) -> Option<&Application> {
        self.applications.get(in_name).map(Arc::as_ref)
    }

    /// The internal name under which the same application is published here. Farms of one group
    /// name the same application by the same title.
    #[must_use]
    pub fn same(&self, application: &Application) -> Option<&str> {
        // More than one application may have the title: the first by name, so that the same state
        // gives the same answer.
        self.applications()
            .filter(|(_, candidate)| candidate.identity() == application.identity())
            .map(|(in_name, _)| in_name)
            .min()
    }
}

impl FromIterator<(String, Application)> for Catalogue {
    /// A title that is too long gives way to the internal name; other texts that are too long are
    /// left out.
    fn from_iter<I: IntoIterator<Item = (String, Application)>>(applications: I) -> Self {
        let named = applications
            .into_iter()
            .filter(|(in_name, _)| in_name.len() <= NAME_BYTES)
            .map(|(in_name, application)| {
                let application = application.bounded(&in_name);
                (in_name, Arc::new(application))
            });
        Self {
            applications: named.take(Self::MOST).collect(),
        }
    }
}

impl Application {
    /// What makes applications of several farms the same one.
    pub(crate) fn identity(&self) -> (&str, bool) {
        (&self.title, self.desktop)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let start_menu = self.start_menu.iter();
        [&self.title, &self.folder, &self.description]
            .into_iter()
            .chain(start_menu.flat_map(|StartMenu { root, path }| [root, path]))
            .map(String::as_str)
    }

    fn bounded(self, in_name: &str) -> Self {
        let fits = |text: &String| text.len() <= NAME_BYTES && !text.contains(char::is_control);
        Self {
            title: if self.title.len() <= NAME_BYTES {
                self.title
            } else {
                in_name.to_owned()
            },
            folder: Some(self.folder).filter(fits).unwrap_or_default(),
            description: Some(self.description)
                .filter(|text| text.len() <= DESCRIPTION_BYTES)
                .unwrap_or_default(),
            start_menu: self
                .start_menu
                .filter(|StartMenu { root, path }| fits(root) && fits(path)),
            ..self
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

    #[test]
    fn texts_that_are_too_long_or_break_lines_are_left_out() {
        let of = |folder: &str, description: &str, path: &str| {
            let application = Application {
                folder: folder.to_owned(),
                description: description.to_owned(),
                start_menu: Some(StartMenu {
                    root: "programs".to_owned(),
                    path: path.to_owned(),
                }),
                ..Application::default()
            };
            let catalogue = Catalogue::from_iter([("Paint".to_owned(), application)]);
            let kept = catalogue.application("Paint").unwrap();
            let lengths = [kept.folder.len(), kept.description.len()];
            (lengths, kept.start_menu.is_some(), catalogue.bytes())
        };
        let long = "t".repeat(512);
        let description = "d".repeat(4096);
        let (lengths, in_start_menu, bytes) = of(&long, &description, &long);
        assert_eq!((lengths, in_start_menu), ([512, 4096], true));
        assert!(bytes > 512 + 4096 + 512);
        let (lengths, in_start_menu, _) = of(
            &format!("{long}t"),
            &format!("{description}d"),
            &format!("{long}t"),
        );
        assert_eq!((lengths, in_start_menu), ([0, 0], false));
        assert_eq!(of("Lab\nRoom", "", "").0, [0, 0]);
    }
}
