//! Resource enumeration: what a user may start on one farm. It says whether a resource is a
//! desktop, and has the title; a list of sessions has neither.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use indexmap::map::Entry;
use indexmap::{Equivalent, IndexMap, IndexSet};
use roamd_store_proto::{Image, StartMenu};

use crate::held_memory::HeldMemory;
use crate::session_settings::ApplicationSettings;

/// Longest name of a session or an application, in bytes. Longer names would not fit a URL.
pub(crate) const NAME_BYTES: usize = 512;

/// Longest description of an application, in bytes.
const DESCRIPTION_BYTES: usize = 4096;

/// Longest file extension, in bytes, with its dot.
const EXTENSION_BYTES: usize = 32;

/// Maximum number of file extensions, and of icon formats, that are kept per application.
const MAX_FORMATS: usize = 64;

/// Applications, desktops and documents of one user on one farm, by internal name, in the order of
/// the farm. Its size is bounded, since it is cached: resources with a name that is too long, and
/// resources above a maximum number, are left out.
#[derive(Debug, Clone, Default)]
pub struct ResourceEnumeration {
    applications: IndexMap<String, Arc<Application>>,
    /// Position in `applications` of the alphabetically first name of each identity.
    first_names: IndexMap<SharedIdentity, usize>,
    is_truncated: bool,
    _held: HeldMemory,
}

impl PartialEq for ResourceEnumeration {
    fn eq(&self, other: &Self) -> bool {
        self.applications == other.applications && self.is_truncated == other.is_truncated
    }
}

impl Eq for ResourceEnumeration {}

/// An application as key of a map by identity. It shares the application, so that the map has no
/// copy of its title.
#[derive(Debug, Clone)]
struct SharedIdentity(Arc<Application>);

impl Hash for SharedIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.identity().hash(state);
    }
}

impl PartialEq for SharedIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.0.identity() == other.0.identity()
    }
}

impl Eq for SharedIdentity {}

impl Equivalent<SharedIdentity> for Identity<'_> {
    fn equivalent(&self, key: &SharedIdentity) -> bool {
        *self == key.0.identity()
    }
}

/// Title and kind, which identify an application on all farms of a group.
pub(crate) type Identity<'a> = (&'a str, Discriminant<Kind>);

/// One application, desktop or document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// Display name.
    pub title: String,
    /// Kind of resource.
    pub kind: Kind,
    /// The resource is listed but cannot be started.
    pub disabled: bool,
    /// Folder on the farm, such as `Office\Tools`; empty for the root.
    pub folder: String,
    /// Description as the farm sends it, with the markup of keywords (ST-69).
    pub description: String,
    /// The client puts a shortcut on the user's desktop.
    pub on_desktop: bool,
    /// Folder of the shortcut in the user's start menu.
    pub start_menu: Option<StartMenu>,
    /// Extensions of the files that it opens, such as `.txt`.
    pub file_types: Vec<String>,
    /// Icon formats that the farm has.
    pub images: Vec<Image>,
    /// Version; changes with every change of the resource, its icon included.
    pub version: Option<i64>,
    /// Settings of its sessions.
    pub settings: ApplicationSettings,
}

/// Kind of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind {
    /// One program.
    #[default]
    Application,
    /// A whole desktop.
    Desktop,
    /// A file or page that the client opens by itself. Starts nothing on the farm.
    Document {
        /// Location; `None` if the farm sends none that a client may open.
        location: Option<ContentLocation>,
    },
}

/// Location of a document: a UNC path such as `\\files\prices.xls`, or a URL of http, https or ftp,
/// at most 2,048 bytes. Other schemes could make a client run a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentLocation(String);

impl ContentLocation {
    /// Parses a text of a farm. Returns `None` if it is not an allowed location.
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
    /// Default maximum number of resources of one user on one farm.
    pub const DEFAULT_MAX: usize = 10_000;

    /// An enumeration of the first `max` of these resources, by internal name. The internal name
    /// replaces a title that is too long; other texts that are too long are left out.
    #[must_use]
    pub fn truncated(
        applications: impl IntoIterator<Item = (String, Application)>,
        max: usize,
    ) -> Self {
        let mut named = applications
            .into_iter()
            .filter(|(in_name, _)| in_name.len() <= NAME_BYTES);
        let bounded = named.by_ref().take(max).map(|(in_name, application)| {
            let application = application.bounded(&in_name);
            (in_name, Arc::new(application))
        });
        let applications = bounded.collect();
        Self {
            first_names: first_names(&applications),
            applications,
            is_truncated: named.next().is_some(),
            _held: HeldMemory::default(),
        }
    }

    /// The same enumeration, which holds this until it is dropped, such as its share of a limited
    /// memory.
    #[must_use]
    pub fn holding(self, held: impl Any + Send + Sync) -> Self {
        Self {
            _held: HeldMemory::new(held),
            ..self
        }
    }

    /// Whether the farm has more resources than the enumeration.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Approximate size in memory, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let entry = size_of::<(String, Arc<Application>)>() + size_of::<Application>();
        let index = self.first_names.len() * size_of::<(SharedIdentity, usize)>();
        let texts = |application: &Application| {
            application.texts().map(str::len).sum::<usize>()
                + application.file_types.len() * size_of::<String>()
                + application.images.len() * size_of::<Image>()
        };
        size_of::<Self>()
            + index
            + self
                .applications()
                .map(|(in_name, application)| entry + in_name.len() + texts(application))
                .sum::<usize>()
    }

    /// The resources with their internal names, in the order of the farm.
    pub fn applications(&self) -> impl Iterator<Item = (&str, &Arc<Application>)> {
        self.applications
            .iter()
            .map(|(in_name, application)| (in_name.as_str(), application))
    }

    /// The resource with this internal name.
    #[must_use]
    pub fn application(&self, in_name: &str) -> Option<&Application> {
        self.applications.get(in_name).map(Arc::as_ref)
    }

    /// Returns the internal name of the same application on this farm, or `None` if the farm does
    /// not publish it. Farms of a group give the same application the same title.
    #[must_use]
    pub fn in_name_of_same(&self, application: &Application) -> Option<&str> {
        let position = *self.first_names.get(&application.identity())?;
        let (in_name, _) = self.applications.get_index(position)?;
        Some(in_name)
    }
}

impl FromIterator<(String, Application)> for ResourceEnumeration {
    /// The first [`DEFAULT_MAX`](Self::DEFAULT_MAX) resources, as [`truncated`](Self::truncated)
    /// makes them.
    fn from_iter<I: IntoIterator<Item = (String, Application)>>(applications: I) -> Self {
        Self::truncated(applications, Self::DEFAULT_MAX)
    }
}

/// Indexes applications by identity. Several applications may have the same; the alphabetically
/// first name makes the result deterministic.
fn first_names(
    applications: &IndexMap<String, Arc<Application>>,
) -> IndexMap<SharedIdentity, usize> {
    let mut first_names = IndexMap::with_capacity(applications.len());
    for (position, (in_name, application)) in applications.iter().enumerate() {
        match first_names.entry(SharedIdentity(Arc::clone(application))) {
            Entry::Vacant(entry) => {
                entry.insert(position);
            }
            Entry::Occupied(mut entry) => {
                let first = applications.get_index(*entry.get());
                if first.is_some_and(|(first, _)| in_name < first) {
                    entry.insert(position);
                }
            }
        }
    }
    first_names
}

impl Application {
    /// Whether the resource is a desktop.
    #[must_use]
    pub fn is_desktop(&self) -> bool {
        self.kind == Kind::Desktop
    }

    /// Identity of an application, equal on all farms of a group.
    pub(crate) fn identity(&self) -> Identity<'_> {
        #[cfg(test)]
        reads_of_identity::count();
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

/// The valid values, without duplicates.
fn distinct<T: Eq + Hash>(all: Vec<T>, fits: impl Fn(&T) -> bool) -> Vec<T> {
    let distinct: IndexSet<_> = all.into_iter().filter(fits).take(MAX_FORMATS).collect();
    distinct.into_iter().collect()
}

/// Counts how often identities are read, as a measure of work that does not depend on the machine.
#[cfg(test)]
pub(crate) mod reads_of_identity {
    use std::cell::Cell;

    thread_local! {
        static READS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count() {
        READS.with(|reads| reads.set(reads.get() + 1));
    }

    /// The reads in this function on this thread.
    pub(crate) fn of<T>(function: impl FnOnce() -> T) -> (usize, T) {
        let before = READS.with(Cell::get);
        let result = function();
        (READS.with(Cell::get) - before, result)
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
    fn enumeration_over_the_limit_is_truncated() {
        let (longest, longer) = ("n".repeat(512), "n".repeat(513));
        let entries = [
            entry(longest.clone(), "Longest".to_owned()),
            entry(longer.clone(), "Longer".to_owned()),
            entry("Paint".to_owned(), longer.clone()),
        ];
        let enumeration = ResourceEnumeration::from_iter(entries);
        assert_eq!(enumeration.application(&longest).unwrap().title, "Longest");
        assert_eq!(enumeration.application(&longer), None);
        assert_eq!(enumeration.application("Paint").unwrap().title, "Paint");

        let many = (0..=ResourceEnumeration::DEFAULT_MAX)
            .map(|n| entry(n.to_string(), "Paint".to_owned()));
        let enumeration = ResourceEnumeration::from_iter(many);
        assert_eq!(
            enumeration.applications.len(),
            ResourceEnumeration::DEFAULT_MAX
        );
        assert!(enumeration.bytes() > ResourceEnumeration::DEFAULT_MAX * size_of::<Application>());
    }

    #[test]
    fn enumeration_with_more_than_the_maximum_says_so() {
        let applications = || ["a", "b", "c"].map(|name| entry(name.to_owned(), name.to_owned()));
        let long = || [entry("n".repeat(513), "Left out".to_owned())];
        for (max, expected, is_truncated) in [
            (4, vec!["a", "b", "c"], false),
            (3, vec!["a", "b", "c"], false),
            (2, vec!["a", "b"], true),
            (0, vec![], true),
        ] {
            let all = applications().into_iter().chain(long());
            let enumeration = ResourceEnumeration::truncated(all, max);
            let kept: Vec<_> = enumeration.applications().map(|(name, _)| name).collect();
            assert_eq!(kept, expected, "{max}");
            assert_eq!(enumeration.is_truncated(), is_truncated, "{max}");
        }
    }

    #[test]
    fn same_application_has_the_first_name_of_its_title() {
        let of = |title: &str, kind: Kind| Application {
            title: title.to_owned(),
            kind,
            ..Application::default()
        };
        let document = |location: &str| Kind::Document {
            location: ContentLocation::parse(location),
        };
        let named = |(name, application): (&str, _)| (name.to_owned(), application);
        let enumeration: ResourceEnumeration = [
            ("c", of("Paint", Kind::Application)),
            ("b", of("Paint", Kind::Application)),
            ("d", of("Paint", Kind::Application)),
            ("a", of("Paint", Kind::Desktop)),
            ("f", of("Prices", document("https://h/1"))),
            ("e", of("Prices", document("https://h/2"))),
            ("x", of("Replaced", Kind::Application)),
            ("x", of("Word", Kind::Application)),
        ]
        .map(named)
        .into_iter()
        .collect();
        for (application, expected) in [
            (of("Paint", Kind::Application), Some("b")),
            (of("Paint", Kind::Desktop), Some("a")),
            (of("Paint", document("https://h/1")), None),
            (of("paint", Kind::Application), None),
            (of("Prices", document("https://h/3")), Some("e")),
            (of("Word", Kind::Application), Some("x")),
            (of("Replaced", Kind::Application), None),
        ] {
            let found = enumeration.in_name_of_same(&application);
            assert_eq!(found, expected, "{application:?}");
        }
    }

    #[test]
    fn location_with_unsafe_scheme_is_rejected() {
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
    fn invalid_extensions_and_icon_formats_are_removed() {
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
        let enumeration = ResourceEnumeration::from_iter([("Paint".to_owned(), application)]);
        let kept = enumeration.application("Paint").unwrap();
        assert_eq!(kept.file_types, [".txt", ".csv", &long]);
        assert_eq!(kept.images, [image(32, 4), image(48, 32)]);
        let many = Application {
            file_types: (0..100).map(|n| format!(".{n}")).collect(),
            ..Application::default()
        };
        let enumeration = ResourceEnumeration::from_iter([("Paint".to_owned(), many)]);
        assert_eq!(
            enumeration.application("Paint").unwrap().file_types.len(),
            MAX_FORMATS
        );
    }

    #[test]
    fn texts_too_long_or_with_line_breaks_are_removed() {
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
            let enumeration = ResourceEnumeration::from_iter([("Paint".to_owned(), application)]);
            let kept = enumeration.application("Paint").unwrap();
            let lengths = [kept.folder.len(), kept.description.len()];
            (lengths, kept.start_menu.is_some(), enumeration.bytes())
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
