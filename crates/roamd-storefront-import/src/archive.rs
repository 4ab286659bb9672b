//! Files in a zip archive (SI-4).

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::ImportError;
use crate::source::Source;

/// The largest number of entries. An export of StoreFront has a few hundred.
const MOST_ENTRIES: usize = 10_000;

/// The largest size of all files together, in bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The largest number of bytes that one byte of an entry may become. XML shrinks to a twentieth.
const MOST_RATIO: u64 = 200;

/// Size up to which an entry may have any ratio, in bytes.
const SMALL: u64 = 4096;

/// Returns whether a file is a zip archive.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Reads the XML, JSON and text files of an archive. Nothing is written, so no entry can leave its
/// folder; an entry whose path would is an error all the same, since no export has one.
///
/// # Errors
/// If the archive is damaged, encrypted, larger than an export, or has no such file.
pub(crate) fn expand(archive: &Source) -> Result<Vec<Source>, ImportError> {
    let name = &archive.name;
    let damaged = |_| ImportError::Archive {
        file: name.clone(),
        problem: "it is damaged or cut",
    };
    let failed = |problem| ImportError::Archive {
        file: name.clone(),
        problem,
    };
    let mut zip = ZipArchive::new(Cursor::new(archive.bytes.as_slice())).map_err(damaged)?;
    if zip.len() > MOST_ENTRIES {
        return Err(failed("it has more than 10,000 entries"));
    }
    let mut sources = Vec::new();
    let mut rest = MOST_BYTES;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword => failed(
                "an entry is encrypted; export with -NoEncryption, or open it with \
                 Unprotect-STFConfigurationExport",
            ),
            error => damaged(error),
        })?;
        if entry.is_dir() {
            continue;
        }
        let Some(path) = entry.enclosed_name() else {
            return Err(failed("an entry has a path outside of the archive"));
        };
        if !is_wanted(&path) {
            continue;
        }
        // The size in the head of an entry may lie, so its bytes are counted as they come.
        let ratio = entry.compressed_size().saturating_mul(MOST_RATIO);
        let size = u64::try_from(rest.min(Source::MAX_BYTES)).unwrap_or(u64::MAX);
        let limit = size.min(ratio.max(SMALL));
        let mut bytes = Vec::new();
        let mut content = entry.take(limit.saturating_add(1));
        content
            .read_to_end(&mut bytes)
            .map_err(|_| failed("an entry cannot be read; the archive is damaged or cut"))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(failed(match limit < size {
                true => "an entry is more than 200 times as large as its compressed form",
                false => "its files are larger than 16 MiB each or 64 MiB together",
            }));
        }
        rest -= bytes.len();
        let folder = path
            .parent()
            .and_then(|folder| folder.file_name())
            .map(|folder| folder.to_string_lossy().into_owned());
        sources.push(Source::new(
            format!("{name}/{}", path.display()),
            folder,
            bytes,
        ));
    }
    if sources.is_empty() {
        return Err(failed(
            "it has no file that ends in .config, .xml, .json or .txt",
        ));
    }
    Ok(sources)
}

/// Returns whether an entry may hold configuration, by the end of its name. Exports have icons and
/// scripts, too.
fn is_wanted(path: &std::path::Path) -> bool {
    let wanted = ["config", "xml", "json", "txt"];
    path.extension()
        .is_some_and(|extension| wanted.iter().any(|it| extension.eq_ignore_ascii_case(it)))
}
