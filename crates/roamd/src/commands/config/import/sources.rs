//! Files of StoreFront.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use roamd_storefront_import::{Neighbours, Source};

use crate::exit_code::UsageError;

/// Name of the files that a folder is searched for.
const WEB_CONFIG: &str = "web.config";

/// How deep folders are searched.
const DEPTH: usize = 2;

/// The largest number of entries of folders that are searched.
const MOST_ENTRIES: usize = 10_000;

/// The largest file that is read, in bytes: an archive. Other files are smaller.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The folders of the files.
pub(super) struct Folders;

impl Neighbours for Folders {
    fn read(&self, source: &Source, name: &str) -> Option<Vec<u8>> {
        let path = Path::new(&source.name).parent()?.join(name);
        read(&path).ok()
    }
}

/// Reads all files, and all `web.config` files of folders. `-` is standard input.
///
/// # Errors
/// If a file cannot be read or is too large, or a folder has no `web.config`.
pub(super) fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let bytes = limited(io::stdin()).context("cannot read standard input")?;
            sources.push(Source::new("standard input".into(), None, bytes));
        } else if path.is_dir() {
            let files = web_configs(path)?;
            if files.is_empty() {
                let path = path.display();
                let text = format!("the folder {path} has no web.config, also two folders deep");
                return Err(UsageError(text).into());
            }
            for file in files {
                sources.push(source(&file)?);
            }
        } else {
            sources.push(source(path)?);
        }
    }
    Ok(sources)
}

fn source(path: &Path) -> anyhow::Result<Source> {
    let bytes = read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // The folder of a relative path may be the current one.
    let absolute = std::path::absolute(path)?;
    let folder = absolute.parent().and_then(Path::file_name);
    let is_web_config = path.file_name().is_some_and(is_web_config);
    let folder = folder
        .filter(|_| is_web_config)
        .map(|folder| folder.to_string_lossy().into_owned());
    Ok(Source::new(path.display().to_string(), folder, bytes))
}

fn is_web_config(name: &std::ffi::OsStr) -> bool {
    name.eq_ignore_ascii_case(WEB_CONFIG)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    limited(File::open(path)?)
}

fn limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    match length > LARGEST {
        true => Err(io::Error::other("the file is larger than 64 MiB")),
        false => Ok(bytes),
    }
}

/// Returns the `web.config` files of a folder and of the folders below it, in the order of names.
fn web_configs(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut level = vec![folder.to_owned()];
    let mut entries = 0;
    for _ in 0..=DEPTH {
        let mut next = Vec::new();
        for folder in level {
            let failed = || format!("cannot read the folder {}", folder.display());
            for entry in fs::read_dir(&folder).with_context(failed)? {
                let entry = entry.with_context(failed)?;
                entries += 1;
                if entries > MOST_ENTRIES {
                    bail!(
                        "the folder has more than {MOST_ENTRIES} entries; name the folders of \
                         the store, its authentication service and its web site"
                    );
                }
                let kind = entry.file_type().with_context(failed)?;
                if kind.is_dir() {
                    next.push(entry.path());
                } else if is_web_config(&entry.file_name()) {
                    found.push(entry.path());
                }
            }
        }
        level = next;
    }
    found.sort();
    Ok(found)
}
