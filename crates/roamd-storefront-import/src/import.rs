//! The whole import: from files to the text of a configuration.

use std::path::Path;

use roamd_config::{CertificateError, ControllerTls, Etcd, FileError, Files, ListenerTls};
use secrecy::ExposeSecret as _;

use crate::deployment::{self, FileParts};
use crate::error::ImportError;
use crate::farm_name;
use crate::finding::{Finding, Findings, Grade};
use crate::model::{Deployment, KeyFile};
use crate::options::Options;
use crate::parts::{self, Part};
use crate::record::Record;
use crate::source::Source;
use crate::summary::Summary;
use crate::{archive, charset, json, text, toml_text, xml};

/// Result of an import.
#[derive(Debug)]
pub struct Import {
    /// The findings, in the order of files and lines.
    pub findings: Vec<Finding>,
    /// What was taken.
    pub summary: Summary,
    /// The configuration, or the reason why there is none.
    pub outcome: Outcome,
}

/// Configuration of an import, or the reason why there is none.
#[derive(Debug)]
pub enum Outcome {
    /// A valid configuration.
    Configuration {
        /// Its text.
        toml: String,
        /// The files with secrets that it names. They are not in the text.
        key_files: Vec<KeyFile>,
    },
    /// No file has a farm that can be taken.
    NoFarm,
    /// No file has the address of the server: the operator has to give it.
    NoBaseUrl,
}

/// Access to the files beside a file.
pub trait Neighbours {
    /// Reads the file with this name in the folder of the source, at most
    /// [`Source::MAX_BYTES`] + 1 bytes. Returns `None` if there is none.
    fn read(&self, source: &Source, name: &str) -> Option<Vec<u8>>;
}

impl Import {
    /// Returns whether all that matters was taken (SI-27).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.grade == Grade::Note)
    }
}

/// Imports files of StoreFront. Their kinds are found by their content.
///
/// # Errors
/// If an archive cannot be read, a file is too large, the options name a farm that no file has, or
/// the result is not valid.
pub fn import(
    files: Vec<Source>,
    options: &Options,
    neighbours: &dyn Neighbours,
) -> Result<Import, ImportError> {
    let mut sources = Vec::new();
    for file in files {
        if archive::is_archive(&file.bytes) {
            sources.extend(archive::expand(&file)?);
        } else {
            sources.push(file);
        }
    }
    let all = with_included(sources, neighbours);
    if let Some(large) = all
        .iter()
        .map(|(source, _)| source)
        .find(|source| source.bytes.len() > Source::MAX_BYTES)
    {
        return Err(ImportError::TooLarge(large.name.clone()));
    }
    let mut findings = Findings::default();
    let mut included = xml::Included::new();
    for (source, includer) in &all {
        if let Some((order, name)) = includer {
            included.insert((*order, name.clone()), source);
        }
    }
    let mut parts = Vec::new();
    for (source, includer) in &all {
        if includer.is_none() {
            parts.extend(file_parts(source, &included, &mut findings));
        }
    }
    let (deployment, summary) = deployment::assemble(parts, options, &mut findings);
    if let Some(name) = unknown_farm(&deployment, options) {
        return Err(ImportError::UnknownFarm(name));
    }
    Ok(Import {
        outcome: outcome(&deployment)?,
        findings: findings.into_sorted(),
        summary,
    })
}

/// Returns the name of a farm with a given generation that was not imported.
fn unknown_farm(deployment: &Deployment, options: &Options) -> Option<String> {
    let mut names = options.generations.iter().map(|(name, _)| name);
    let is_unknown = |name: &&String| {
        let mut farms = deployment.stores.iter().flat_map(|store| &store.farms);
        !farms.any(|farm| farm_name::is_same(&farm.name, name))
    };
    names.find(is_unknown).cloned()
}

/// A file, and for a file that another one includes, the place of that one and its own name.
type MaybeIncluded = (Source, Option<(usize, String)>);

/// Numbers the files, and adds those that they include.
fn with_included(sources: Vec<Source>, neighbours: &dyn Neighbours) -> Vec<MaybeIncluded> {
    let mut all: Vec<MaybeIncluded> = sources.into_iter().map(|source| (source, None)).collect();
    for (order, (source, _)) in all.iter_mut().enumerate() {
        source.order = order;
    }
    let mut included = Vec::new();
    for (source, _) in &all {
        for name in xml::config_sources(source) {
            let folder = source.name.rsplit_once(['/', '\\']);
            let path = match folder {
                Some((folder, _)) => format!("{folder}/{name}"),
                None => name.clone(),
            };
            // A file of the same archive has its name in the list already.
            let listed = all.iter().find(|(other, _)| other.name == path);
            let bytes = match listed {
                Some((other, _)) => Some(other.bytes.clone()),
                None => neighbours.read(source, &name),
            };
            if let Some(bytes) = bytes {
                let mut file = Source::new(path, source.folder.clone(), bytes);
                file.order = source.order;
                included.push((file, Some((source.order, name))));
            }
        }
    }
    let is_included = |source: &Source| {
        let mut names = included.iter().map(|(file, _)| &file.name);
        names.any(|name| *name == source.name)
    };
    all.retain(|(source, _)| !is_included(source));
    all.append(&mut included);
    all
}

/// Reads the parts of a file. A file of no known kind is reported.
fn file_parts<'s>(
    source: &'s Source,
    included: &xml::Included<'s>,
    findings: &mut Findings,
) -> Option<FileParts<'s>> {
    let (is_xml, parts) = match kind(&source.bytes) {
        FileKind::Xml => {
            let root = xml::read(source, included, findings)?;
            (true, parts::of_xml(root, findings))
        }
        FileKind::Json => (false, objects(source, json::read, findings)?),
        FileKind::Text => (false, objects(source, text::read, findings)?),
        FileKind::Unknown => {
            let text = "is neither XML, JSON nor the output of a cmdlet; a .ctxzip has to be \
                        opened with Unprotect-STFConfigurationExport first";
            findings.error(source.start(), "file", text);
            return None;
        }
    };
    Some(FileParts {
        source,
        is_xml,
        parts,
    })
}

type Reader<'s> = fn(&'s Source, &str, &mut Findings) -> Option<Vec<Record<'s>>>;

fn objects<'s>(
    source: &'s Source,
    read: Reader<'s>,
    findings: &mut Findings,
) -> Option<Vec<Part<'s>>> {
    let text = charset::decode(&source.bytes)?;
    let objects = read(source, &text, findings)?;
    Some(parts::of_objects(source, objects, findings))
}

/// Kind of a file.
enum FileKind {
    Xml,
    Json,
    Text,
    Unknown,
}

/// Finds the kind of a file by its first character (SI-26).
fn kind(bytes: &[u8]) -> FileKind {
    let Some(text) = charset::decode(bytes) else {
        // UTF-16 without a byte order mark, or damaged: the parser says where.
        let is_xml = matches!(bytes, [b'<', ..] | [0, b'<', ..]);
        return if is_xml {
            FileKind::Xml
        } else {
            FileKind::Unknown
        };
    };
    match text.trim_start().chars().next() {
        Some('<') => FileKind::Xml,
        Some('{' | '[') => FileKind::Json,
        Some(_) if text.contains(':') => FileKind::Text,
        _ => FileKind::Unknown,
    }
}

/// Writes the configuration, and checks it as `roamd config check` does (SI-27).
fn outcome(deployment: &Deployment) -> Result<Outcome, ImportError> {
    if deployment.stores.is_empty() {
        return Ok(Outcome::NoFarm);
    }
    if deployment.base_urls.is_empty() {
        return Ok(Outcome::NoBaseUrl);
    }
    let toml = toml_text::write(deployment);
    let key_files: Vec<_> = deployment.key_files().cloned().collect();
    if let Err(errors) = roamd_config::parse(&toml, &WrittenFiles(&key_files)) {
        let first = errors.into_iter().next();
        return first.map_or(Ok(Outcome::NoFarm), |error| {
            Err(ImportError::NotValid(error))
        });
    }
    Ok(Outcome::Configuration { toml, key_files })
}

/// The files that the configuration names, as if they were written already.
struct WrittenFiles<'k>(&'k [KeyFile]);

impl Files for WrittenFiles<'_> {
    fn read(&self, path: &Path, _largest: u64) -> Result<Vec<u8>, FileError> {
        let file = self.0.iter().find(|file| Path::new(&file.path) == path);
        file.map(|file| file.content().expose_secret().as_bytes().to_vec())
            .ok_or_else(|| FileError::Unreadable(std::io::ErrorKind::NotFound.into()))
    }

    fn check_certificate(&self, _tls: &ListenerTls) -> Result<(), CertificateError> {
        Ok(())
    }

    fn check_controller_tls(&self, _tls: &ControllerTls) -> Result<(), String> {
        Ok(())
    }

    fn check_etcd(&self, _etcd: &Etcd) -> Result<(), CertificateError> {
        Ok(())
    }
}
