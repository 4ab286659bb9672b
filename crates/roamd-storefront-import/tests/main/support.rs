//! The samples, and imports of them.

use roamd_storefront_import::{
    Grade, Import, ImportError, KeyFile, Neighbours, Options, Outcome, Source, import,
};
use secrecy::ExposeSecret as _;

/// `web.config` of a store (SI-31).
pub(crate) const STORE: &str = include_str!("../samples/Store/web.config");

/// `web.config` of an authentication service (SI-32).
pub(crate) const AUTHENTICATION: &str = include_str!("../samples/StoreAuth/web.config");

/// `web.config` of a web site (SI-33).
pub(crate) const SITE: &str = include_str!("../samples/StoreWeb/web.config");

/// The farms of a store in JSON (SI-36).
pub(crate) const FARMS_JSON: &str = include_str!("../samples/farms.json");

/// The farms of a store as text, cut by PowerShell (SI-37).
pub(crate) const CUT_TEXT: &str = include_str!("../samples/cut.txt");

/// The secret of the samples.
pub(crate) const SECRET: &str = "not-a-real-key-1";

/// Folders without further files.
pub(crate) struct NoNeighbours;

impl Neighbours for NoNeighbours {
    fn read(&self, _: &Source, _: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Returns the decisions of an operator who decides nothing.
pub(crate) fn options() -> Options {
    Options {
        store: None,
        base_url: None,
        generations: Vec::new(),
        key_folder: "/etc/roamd".into(),
        writes_key_files: false,
    }
}

/// Returns the options for the output of cmdlets, which has no address.
pub(crate) fn options_with_url() -> Options {
    Options {
        base_url: Some("https://store.example".parse().unwrap()),
        ..options()
    }
}

/// Returns a `web.config` in a folder.
pub(crate) fn web_config(folder: &str, content: impl AsRef<[u8]>) -> Source {
    Source::new(
        format!("{folder}/web.config"),
        Some(folder.into()),
        content.as_ref().to_vec(),
    )
}

/// Returns the three samples of a deployment, with this file of the store.
pub(crate) fn deployment(store: impl AsRef<[u8]>) -> Vec<Source> {
    vec![
        web_config("Store", store),
        web_config("StoreAuth", AUTHENTICATION),
        web_config("StoreWeb", SITE),
    ]
}

/// Imports files without regard to their neighbours.
pub(crate) fn run(files: Vec<Source>) -> Result<Import, ImportError> {
    import(files, &options(), &NoNeighbours)
}

/// Imports a file of a cmdlet's output.
pub(crate) fn run_output(name: &str, content: impl AsRef<[u8]>) -> Import {
    let file = Source::new(name.into(), None, content.as_ref().to_vec());
    import(vec![file], &options_with_url(), &NoNeighbours).unwrap()
}

/// Returns the text of a configuration.
pub(crate) fn toml(import: &Import) -> &str {
    match &import.outcome {
        Outcome::Configuration { toml, .. } => toml,
        other => panic!("{other:?}: {:#?}", findings(import)),
    }
}

/// Returns the findings as lines.
pub(crate) fn findings(import: &Import) -> Vec<String> {
    import.findings.iter().map(ToString::to_string).collect()
}

/// Returns the paths and the contents of the key files.
pub(crate) fn key_files(import: &Import) -> Vec<(String, String)> {
    let Outcome::Configuration { key_files, .. } = &import.outcome else {
        return Vec::new();
    };
    let content = |file: &KeyFile| file.content().expose_secret().to_owned();
    key_files
        .iter()
        .map(|file| (file.path.clone(), content(file)))
        .collect()
}

/// Returns the findings that are errors or warnings, without their lines.
pub(crate) fn losses(import: &Import) -> Vec<String> {
    let losses = import
        .findings
        .iter()
        .filter(|finding| finding.grade != Grade::Note);
    losses
        .map(|finding| {
            format!(
                "{}: {:?}: {}",
                finding.original, finding.value, finding.text
            )
        })
        .collect()
}

/// Returns how many farms, controllers, ticket authorities, domains, and primary farms of mappings
/// an import has.
pub(crate) fn size(import: &Import) -> [usize; 5] {
    let Outcome::Configuration { toml, .. } = &import.outcome else {
        return [0; 5];
    };
    let items = |key: &str| {
        let lines = toml.lines().filter(|line| line.starts_with(key));
        lines.map(|line| line.matches(", ").count() + 1).sum()
    };
    [
        toml.matches("[[store.farm]]").count(),
        items("controllers = "),
        items("sta = "),
        items("domains = "),
        items("primary = "),
    ]
}

/// The farms of a store as text.
pub(crate) const FARMS_TEXT: &str = include_str!("../samples/farms.txt");

/// A Citrix Gateway in JSON (SI-36).
pub(crate) const GATEWAY_JSON: &str = include_str!("../samples/gateway.json");
