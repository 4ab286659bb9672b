//! `roamd config import`.

mod generations;
mod new_files;
mod sources;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use roamd_server::config::{BaseUrl, Generation, UrlPath};
use roamd_storefront_import::{
    GENERATIONS, Grade, Import, KeyFile, Options, Outcome, Source, import,
};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::commands::private_file::{WRITABLE_BY_OTHERS, create_folder};
use crate::exit_code::{Exit, UsageError};
use crate::output;
use new_files::NewFile;
use sources::{Folders, read_all};

/// Folder of the key files that the configuration names.
const KEY_FOLDER: &str = "/etc/roamd";

/// Reads the configuration of StoreFront and prints one for roamd.
///
/// A PATH is a `web.config`, a folder with such files, a zip archive of an export, or the output of
/// Get-STF cmdlets as JSON or text; `-` is standard input. Give the store, its authentication
/// service and its web site together. What roamd does differently is printed to stderr as
/// `file:line: error|warning|note: text`. Exit code 0 if everything was taken, 4 with errors or
/// warnings, 1 if there is no result.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd config import /srv/inetpub/Citrix --output roamd.toml\n  \
                  roamd config import farms.json --base-url https://store.example.net"
)]
pub(super) struct ImportConfig {
    /// Files, or folders that are searched two folders deep.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write the configuration to this new file. An existing file is never replaced.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Path of the store, if no folder or web site tells it.
    #[arg(long, value_name = "PATH")]
    store: Option<UrlPath>,
    /// Address that clients use, if no web site or token service tells it.
    #[arg(long, value_name = "URL")]
    base_url: Option<BaseUrl>,
    /// Generation of a farm by its name in StoreFront: xenapp-6, xendesktop-5 or cvad-7. May occur
    /// several times.
    #[arg(long = "generation", value_name = "FARM=GENERATION", value_parser = parse_generation)]
    generations: Vec<(String, Generation)>,
    /// Ask the controllers for the generations of farms.
    #[arg(long)]
    ask_farms: bool,
    /// Write the service keys of farms to new files in this folder, which only you can read; the
    /// folder is created. Without it, the configuration names files in /etc/roamd, which you have
    /// to write.
    #[arg(long, value_name = "FOLDER")]
    key_folder: Option<PathBuf>,
    /// Print the findings as JSON, one object per line, and the summary as the last one.
    #[arg(long)]
    json: bool,
}

/// The last line of findings in JSON.
#[derive(Serialize)]
struct SummaryLine<'i> {
    summary: &'i roamd_storefront_import::Summary,
}

impl ImportConfig {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let sources = read_all(&self.paths)?;
        let imported = self.import(sources)?;
        self.print_findings(&imported)?;
        let complete = imported.is_complete();
        let (toml, key_files) = match imported.outcome {
            Outcome::Configuration { toml, key_files } => (toml, key_files),
            Outcome::NoFarm => bail!("no farm could be imported; nothing was written"),
            Outcome::NoBaseUrl => {
                return Err(UsageError(
                    "no file has the address of the store; add --base-url URL".into(),
                )
                .into());
            }
        };
        self.write(&toml, &key_files)?;
        Ok(match complete {
            true => Exit::Done,
            false => Exit::Partial,
        })
    }

    fn import(&self, sources: Vec<Source>) -> anyhow::Result<Import> {
        let key_folder = match &self.key_folder {
            Some(folder) => std::path::absolute(folder)?
                .into_os_string()
                .into_string()
                .map_err(|_| UsageError("the path of --key-folder has to be UTF-8".into()))?,
            None => KEY_FOLDER.into(),
        };
        let mut options = Options {
            store: self.store.clone(),
            base_url: self.base_url.clone(),
            generations: self.generations.clone(),
            key_folder,
            writes_key_files: self.key_folder.is_some(),
        };
        if self.ask_farms {
            let asked = generations::ask(sources.clone(), &options)?;
            options.generations.extend(asked);
        }
        Ok(import(sources, &options, &Folders)?)
    }

    fn print_findings(&self, imported: &Import) -> anyhow::Result<()> {
        for finding in &imported.findings {
            let line = match self.json {
                true => serde_json::to_string(finding)?,
                false => finding.to_string(),
            };
            match finding.grade {
                Grade::Error | Grade::Warning => output::print_failure(line),
                Grade::Note => output::print_message(line),
            }
        }
        let summary = &imported.summary;
        let line = match self.json {
            true => serde_json::to_string(&SummaryLine { summary })?,
            false => summary.to_string(),
        };
        output::print_message(line);
        Ok(())
    }

    /// Writes all files, or none of them.
    fn write(&self, toml: &str, key_files: &[KeyFile]) -> anyhow::Result<()> {
        let mut files = Vec::new();
        if let Some(folder) = &self.key_folder {
            create_key_folder(folder)?;
            let keys = key_files.iter().map(|file| NewFile {
                path: PathBuf::from(&file.path),
                content: file.content().expose_secret().as_bytes().to_vec(),
                mode: 0o600,
            });
            files.extend(keys);
        }
        if let Some(path) = &self.output {
            files.push(NewFile {
                path: path.clone(),
                content: toml.as_bytes().to_vec(),
                mode: 0o644,
            });
        }
        new_files::write(&files)?;
        if let (Some(folder), false) = (&self.key_folder, key_files.is_empty() || self.json) {
            output::print_message(format_args!(
                "Wrote the key files to {folder}; give them to the user of the server: `chown \
                 roamd {folder}/*.key`",
                folder = folder.display()
            ));
        }
        if self.output.is_none() {
            output::print_bytes(toml.as_bytes()).context("cannot print the configuration")?;
        }
        Ok(())
    }
}

/// Creates the folder of key files, if there is none.
///
/// # Errors
/// If it cannot be created, or other users can change it: they could replace the keys.
fn create_key_folder(folder: &Path) -> anyhow::Result<()> {
    create_folder(folder)?;
    let metadata = folder.metadata();
    let metadata =
        metadata.with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let mode = metadata.mode() & 0o777;
    if mode & WRITABLE_BY_OTHERS == 0 {
        return Ok(());
    }
    Err(UsageError(format!(
        "other users can change the folder {path} (mode {mode:o}), and so replace keys in it; run \
         `chmod go-w {path}`, or choose another folder",
        path = folder.display()
    ))
    .into())
}

fn parse_generation(text: &str) -> Result<(String, Generation), String> {
    let wrong = || {
        let names = GENERATIONS.map(|(name, _)| name);
        format!("has to be a name and one of {}", names.join(", "))
    };
    let (farm, name) = text.rsplit_once('=').ok_or_else(wrong)?;
    let generation = GENERATIONS.iter().find(|(known, _)| *known == name);
    let (_, generation) = generation.ok_or_else(wrong)?;
    Ok((farm.to_owned(), *generation))
}
