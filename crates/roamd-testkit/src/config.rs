//! The smallest configuration of a server, as text.

use std::fmt;

/// A configuration: keys of the document and a store.
#[derive(Debug, Clone, Default)]
pub struct ServerConfig {
    /// Address and port of the listener.
    pub listen: String,
    /// URL by which clients know the server. It is not written if `lines` has `base_urls`.
    pub base_url: String,
    /// Data folder.
    pub data_dir: String,
    /// More keys of the document, and after them sections. Without `probe_seconds`, idle
    /// controllers are not probed.
    pub lines: String,
    /// The stores.
    pub stores: Vec<StoreConfig>,
}

/// A `[[store]]`.
#[derive(Debug, Clone, Default)]
pub struct StoreConfig {
    /// Path, for example `/Citrix/Store`.
    pub path: String,
    /// More keys of the store, and after them its sections.
    pub lines: String,
    /// The farms, in order.
    pub farms: Vec<FarmConfig>,
}

/// A `[[store.farm]]`.
#[derive(Debug, Clone)]
pub struct FarmConfig {
    /// Id, which also begins the ids of resources.
    pub id: String,
    /// Name that users see.
    pub name: String,
    /// Generation: `xenapp-6`, `xendesktop-5` or `cvad-7`.
    pub generation: &'static str,
    /// URLs of the controllers.
    pub controllers: Vec<String>,
    /// More keys of the farm.
    pub lines: String,
}

impl StoreConfig {
    /// A store with no more keys than it needs.
    #[must_use]
    pub fn new(path: &str, farms: impl IntoIterator<Item = FarmConfig>) -> Self {
        Self {
            path: path.to_owned(),
            lines: String::new(),
            farms: farms.into_iter().collect(),
        }
    }
}

impl FarmConfig {
    /// A farm of generation 7 with one controller, whose name is its id.
    #[must_use]
    pub fn new(id: &str, controller: impl fmt::Display) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            generation: "cvad-7",
            controllers: vec![controller.to_string()],
            lines: String::new(),
        }
    }
}

/// Returns the number of the last line of a configuration that begins with this text.
#[must_use]
pub fn line_of(text: &str, beginning: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let found = lines.iter().rposition(|line| line.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no line begins with {beginning}:\n{text}")) + 1
}

impl fmt::Display for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            listen,
            base_url,
            data_dir,
            lines,
            stores,
        } = self;
        writeln!(f, "listen = {listen:?}")?;
        if !lines.contains("base_urls") {
            writeln!(f, "base_url = {base_url:?}")?;
        }
        writeln!(f, "data_dir = {data_dir:?}")?;
        if !lines.contains("probe_seconds") {
            // Most tests count the requests of a controller.
            writeln!(f, "probe_seconds = 0")?;
        }
        writeln!(f, "{lines}")?;
        stores.iter().try_for_each(|store| store.fmt(f))
    }
}

impl fmt::Display for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, lines, farms } = self;
        writeln!(f, "[[store]]\npath = {path:?}\n{lines}")?;
        farms.iter().try_for_each(|farm| farm.fmt(f))
    }
}

impl fmt::Display for FarmConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            name,
            generation,
            controllers,
            lines,
        } = self;
        write!(
            f,
            "[[store.farm]]\nid = {id:?}\nname = {name:?}\ngeneration = {generation:?}\n\
             controllers = {controllers:?}\n{lines}"
        )?;
        if lines.is_empty() || lines.ends_with('\n') {
            return Ok(());
        }
        f.write_str("\n")
    }
}
