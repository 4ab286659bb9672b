//! The samples of `docs/protocol/storefront-import.md`, byte for byte.

use crate::support::{SECRET, STORE, deployment, findings, key_files, run, toml};

/// SI-30, SI-34, SI-35.
#[test]
fn samples_give_the_documented_configuration_and_findings() {
    let import = run(deployment(STORE)).unwrap();
    let report = format!("{}\n{}\n", findings(&import).join("\n"), import.summary);
    assert_eq!(toml(&import), include_str!("../samples/roamd.toml"));
    assert_eq!(report, include_str!("../samples/findings.txt"));
}

/// SI-7.
#[test]
fn service_key_is_in_its_file_only() {
    let import = run(deployment(STORE)).unwrap();
    let key = ("/etc/roamd/Harbour-Site.key", format!("{SECRET}\n"));
    assert_eq!(key_files(&import), [(key.0.to_owned(), key.1)]);
    assert!(!toml(&import).contains(SECRET));
    assert!(!format!("{import:?}").contains(SECRET));
}
