//! Oracle of the import of StoreFront's files.

use roamd_server::config::BaseUrl;
use roamd_storefront_import::{Import, ImportError, Neighbours, Options, Outcome, Source, import};

/// A folder without further files.
struct NoNeighbours;

impl Neighbours for NoNeighbours {
    fn read(&self, _source: &Source, _name: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Imports a file of any kind. The result is a valid configuration, or an error or a warning says
/// why there is none. Each finding has a line of the file.
pub fn storefront_import(bytes: &[u8]) {
    let options = Options {
        store: None,
        base_url: base_url(),
        generations: Vec::new(),
        key_folder: "/etc/roamd".to_owned(),
        writes_key_files: false,
    };
    let source = Source::new(
        "web.config".to_owned(),
        Some("Store".to_owned()),
        bytes.to_vec(),
    );
    let imported = match import(vec![source], &options, &NoNeighbours) {
        Ok(imported) => imported,
        Err(ImportError::NotValid(error)) => panic!("the result is not valid: {error}"),
        Err(_) => return,
    };
    check_lines(&imported, bytes);
    match &imported.outcome {
        Outcome::Configuration { .. } => assert!(imported.summary.farms.taken > 0),
        Outcome::NoFarm => assert!(!imported.is_complete(), "no farm, and no reason"),
        Outcome::NoBaseUrl => panic!("the address is given"),
    }
}

fn base_url() -> Option<BaseUrl> {
    "https://store.example".parse().ok()
}

fn check_lines(imported: &Import, bytes: &[u8]) {
    // The lines of a file in an archive are not those of the archive.
    if bytes.starts_with(b"PK") {
        return;
    }
    let lines = 1 + bytes.iter().filter(|byte| b"\n\r".contains(byte)).count();
    for finding in &imported.findings {
        assert!((1..=lines).contains(&finding.line), "{finding} of {lines}");
    }
}
