//! Zip archives (SI-4).

use std::io::{Cursor, Write as _};

use roamd_storefront_import::{ImportError, Source};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::{AUTHENTICATION, SITE, STORE, deployment, run, toml};

fn archive(entries: &[(&str, &[u8])]) -> Source {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    Source::new("export.zip".into(), None, bytes)
}

/// Returns the reason why an archive is refused.
fn refusal(archive: Source) -> &'static str {
    match run(vec![archive]) {
        Err(ImportError::Archive { file, problem }) => {
            assert_eq!(file, "export.zip");
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn archive_is_read_like_its_files() {
    let zip = archive(&[
        ("Citrix/Store/web.config", STORE.as_bytes()),
        ("Citrix/StoreAuth/web.config", AUTHENTICATION.as_bytes()),
        ("Citrix/StoreWeb/web.config", SITE.as_bytes()),
        ("Citrix/StoreWeb/logo.png", b"\x89PNG"),
    ]);
    let import = run(vec![zip]).unwrap();
    let expected = run(deployment(STORE)).unwrap();
    assert_eq!(toml(&import), toml(&expected));
    let first = &import.findings[0];
    assert_eq!(first.file, "export.zip/Citrix/Store/web.config");
}

#[test]
fn included_file_in_archive_is_read() {
    let (before, rest) = STORE.split_once("<farmset ").unwrap();
    let (farms, after) = rest.split_once("</farmset>").unwrap();
    let farms = format!("<farmset {farms}</farmset>");
    let store = format!("{before}<farmset configSource=\"farms.config\"/>{after}");
    let zip = archive(&[
        ("Store/farms.config", farms.as_bytes()),
        ("Store/web.config", store.as_bytes()),
        ("StoreAuth/web.config", AUTHENTICATION.as_bytes()),
        ("StoreWeb/web.config", SITE.as_bytes()),
    ]);
    let import = run(vec![zip]).unwrap();
    let expected = run(deployment(STORE)).unwrap();
    assert_eq!(toml(&import), toml(&expected));
}

#[test]
fn hostile_archive_is_refused() {
    let bomb = archive(&[("a.config", &vec![b' '; 1024 * 1024])]);
    let expected = "an entry is more than 200 times as large as its compressed form";
    assert_eq!(refusal(bomb), expected);
    let outside = archive(&[("../a.config", STORE.as_bytes())]);
    assert_eq!(
        refusal(outside),
        "an entry has a path outside of the archive"
    );
    let names: Vec<_> = (0..10_001)
        .map(|number| format!("{number}.config"))
        .collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(refusal(archive(&many)), "it has more than 10,000 entries");
}

#[test]
fn encrypted_archive_is_refused() {
    let mut zip = archive(&[("Store/web.config", STORE.as_bytes())]);
    // The flag of encryption, in the head of the entry and in the list of entries.
    for (signature, offset) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let windows = zip.bytes.windows(4);
        let start = windows.into_iter().position(|window| window == signature);
        zip.bytes[start.unwrap() + offset] |= 1;
    }
    let expected = "an entry is encrypted; export with -NoEncryption, or open it with \
                    Unprotect-STFConfigurationExport";
    assert_eq!(refusal(zip), expected);
}

#[test]
fn cut_archive_is_refused() {
    let mut zip = archive(&[("Store/web.config", STORE.as_bytes())]);
    zip.bytes.truncate(zip.bytes.len() / 2);
    assert_eq!(refusal(zip), "it is damaged or cut");
}
