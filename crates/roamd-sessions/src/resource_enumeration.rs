//! What a user may start on a farm. A session's listing does not say whether it is a desktop; the
//! catalogue does, and it has the title.

use std::hash::Hash;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use roamd_store_proto::{Image, StartMenu};

use crate::ApplicationSettings;

/// Longest text that a farm may use to name a session or an application, in bytes. Longer ones
/// would not fit a URL, and no person would read them.
pub(crate) const NAME_BYTES: usize = 512;

/// Longest description of an application, in bytes.
const DESCRIPTION_BYTES: usize = 4096;

/// Longest extension of a file, in bytes, with its dot.
const EXTENSION_BYTES: usize = 32;

/// Most extensions, and most forms of a picture, that are kept of an application.
const MOST_FORMS: usize = 64;

/// The applications, desktops and documents of one farm for one user, by internal name, in the order of the
/// farm. It is bounded, since it is kept: what has a name that is too long, or comes after
/// [`ResourceEnumeration::MOST`] others, is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceEnumeration {
    applications: IndexMap<String, Arc<Application>>,
}

/// One application, desktop or document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// Name for people.
    pub title: String,
    /// What it is.
    pub kind: Kind,
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
    /// Extensions of the files that it opens, such as `.txt`.
    pub file_types: Vec<String>,
    /// The forms in which the farm has its picture.
    pub images: Vec<Image>,
    /// Changes when something about it does, its picture too.
    pub version: Option<i64>,
    /// What it sets for its sessions.
    pub settings: ApplicationSettings,
}

/// What can be published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind {
    /// One program.
    #[default]
    Application,
    /// A whole desktop.
    Desktop,
    /// A file or page that the client opens by itself. Nothing runs on the farm for it.
    Document {
        /// Where it is; none where the farm gives no place that a client may open.
        location: Option<ContentLocation>,
    },
}

/// Where a document is: a UNC path such as `\\files\prices.xls`, or a URL of http, https or ftp, at
/// most 2048 bytes. Other schemes could have a client run something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentLocation(String);

impl ContentLocation {
    /// The location in a text of a farm, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let begins = |with: &&str| {
            let start = text.get(..with.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        let known = ["\\\\", "http://", "https://", "ftp://"];
        let begin = known.iter().find(|with| begins(with))?;
        let fits = (begin.len() + 1..=2048).contains(&text.len());
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The location as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceEnumeration {
    /// Most applications of one user on one farm.
    pub const MOST: usize = 10_000;

    /// Bytes of its texts, and what keeping them takes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let entry = size_of::<(String, Arc<Application>)>() + size_of::<Application>();
        let texts = |application: &Application| {
            application.texts().map(str::len).sum::<usize>()
                + application.file_types.len() * size_of::<String>()
                + application.images.len() * size_of::<Image>()
        };
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

impl FromIterator<(String, Application)> for ResourceEnumeration {
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
    /// Whether it is a desktop.
    #[must_use]
    pub fn is_desktop(&self) -> bool {
        self.kind == Kind::Desktop
    }

    /// What makes applications of several farms the same one.
    pub(crate) fn identity(&self) -> (&str, Discriminant<Kind>) {
        (&self.title, discriminant(&self.kind))
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let start_menu = self.start_menu.iter();
        let location = match &self.kind {
            Kind::Document { location } => location.as_ref(),
            Kind::Application | Kind::Desktop => None,
        };
        [&self.title, &self.folder, &self.description]
            .into_iter()
            .chain(start_menu.flat_map(|StartMenu { root, path }| [root, path]))
            .chain(&self.file_types)
            .map(String::as_str)
            .chain(location.map(ContentLocation::as_str))
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
            file_types: distinct(self.file_types, |extension| {
                let is_one = extension.len() > 1 && extension.starts_with('.');
                let odd = |c: char| c.is_whitespace() || c.is_control();
                is_one && extension.len() <= EXTENSION_BYTES && !extension.contains(odd)
            }),
            images: distinct(self.images, |image| image.size > 0 && image.depth > 0),
            ..self
        }
    }
}

/// What is fit to be kept, each once.
fn distinct<T: Eq + Hash>(all: Vec<T>, fits: impl Fn(&T) -> bool) -> Vec<T> {
    let distinct: IndexSet<_> = all.into_iter().filter(fits).take(MOST_FORMS).collect();
    distinct.into_iter().collect()
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
        let catalogue = ResourceEnumeration::from_iter(entries);
        assert_eq!(catalogue.application(&longest).unwrap().title, "Longest");
        assert_eq!(catalogue.application(&longer), None);
        assert_eq!(catalogue.application("Paint").unwrap().title, "Paint");

        let many =
            (0..=ResourceEnumeration::MOST).map(|n| entry(n.to_string(), "Paint".to_owned()));
        let catalogue = ResourceEnumeration::from_iter(many);
        assert_eq!(catalogue.applications.len(), ResourceEnumeration::MOST);
        assert!(catalogue.bytes() > ResourceEnumeration::MOST * size_of::<Application>());
    }

    #[test]
    fn a_client_is_sent_only_to_places_that_it_may_open() {
        let long = format!("http://h/{}", "a".repeat(2039));
        for (text, is_one) in [
            (r"\\files\prices.xls", true),
            ("https://intranet.example/", true),
            ("HTTP://h", true),
            ("ftp://h/a", true),
            (&*long, true),
            (&*format!("{long}b"), false),
            ("http://", false),
            ("javascript://h/%0aalert(1)", false),
            ("file:///etc/passwd", false),
            (r"C:\prices.xls", false),
            ("//h/a", false),
            ("http://h/\nb", false),
            ("", false),
        ] {
            let location = ContentLocation::parse(text);
            let kept = location.as_ref().map(ContentLocation::as_str);
            assert_eq!(kept, is_one.then_some(text), "{text}");
        }
    }

    #[test]
    fn only_extensions_and_forms_of_pictures_are_kept_as_such_and_each_once() {
        let image = |size, depth| Image { size, depth };
        let long = format!(".{}", "x".repeat(31));
        let application = Application {
            file_types: [
                ".txt",
                ".csv",
                ".txt",
                "txt",
                ".",
                ".a b",
                "",
                &long,
                &format!("{long}x"),
            ]
            .map(str::to_owned)
            .to_vec(),
            images: vec![
                image(32, 4),
                image(0, 4),
                image(32, 0),
                image(32, 4),
                image(48, 32),
            ],
            ..Application::default()
        };
        let catalogue = ResourceEnumeration::from_iter([("Paint".to_owned(), application)]);
        let kept = catalogue.application("Paint").unwrap();
        assert_eq!(kept.file_types, [".txt", ".csv", &long]);
        assert_eq!(kept.images, [image(32, 4), image(48, 32)]);
        let many = Application {
            file_types: (0..100).map(|n| format!(".{n}")).collect(),
            ..Application::default()
        };
        let catalogue = ResourceEnumeration::from_iter([("Paint".to_owned(), many)]);
        assert_eq!(
            catalogue.application("Paint").unwrap().file_types.len(),
            MOST_FORMS
        );
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
            let catalogue = ResourceEnumeration::from_iter([("Paint".to_owned(), application)]);
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
