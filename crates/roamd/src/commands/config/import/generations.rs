//! Generations of farms, from the responses of their controllers (SI-10).

use std::path::PathBuf;

use anyhow::Context;
use roamd_server::config::{self, Config, Generation};
use roamd_server::{ControllerProbe, ProbeResponse};
use roamd_storefront_import::{KeyFile, Options, Outcome, Source, import};
use secrecy::ExposeSecret as _;

use super::new_files::{self, NewFile};
use super::sources::Folders;
use crate::output;
use crate::runtime::block_on;

/// The first dialect of NFuse that version 7 speaks.
const FIRST_DIALECT_OF_7: (u32, u32) = (5, 5);

/// Asks the controllers of all farms, and returns the generation of each farm that responded. The
/// operator's own choices in the options win.
///
/// # Errors
/// If the files cannot be imported, or the probes cannot be started.
pub(super) fn ask(
    sources: Vec<Source>,
    options: &Options,
) -> anyhow::Result<Vec<(String, Generation)>> {
    // Controllers may require their service key, and the configuration reads it from a file.
    let folder = tempfile::tempdir().context("cannot create a folder for service keys")?;
    let options = Options {
        key_folder: folder.path().display().to_string(),
        ..options.clone()
    };
    let Outcome::Configuration { toml, key_files } = import(sources, &options, &Folders)?.outcome
    else {
        return Ok(Vec::new());
    };
    let files: Vec<_> = key_files.iter().map(private).collect();
    new_files::write(&files)?;
    let path = folder.path().join("roamd.toml");
    std::fs::write(&path, toml).context("cannot write a temporary configuration")?;
    let config = config::read(&path)?;
    let probes = block_on(async { Ok(roamd_server::probe(&config).await?) })?;
    Ok(of_farms(&config, &probes))
}

fn private(file: &KeyFile) -> NewFile {
    NewFile {
        path: PathBuf::from(&file.path),
        content: file.content().expose_secret().as_bytes().to_vec(),
        mode: 0o600,
    }
}

fn of_farms(config: &Config, probes: &[ControllerProbe]) -> Vec<(String, Generation)> {
    let mut generations = Vec::new();
    for farm in config.stores.iter().flat_map(|store| &store.farms) {
        let mut dialects = probes
            .iter()
            .filter(|probe| probe.farm == farm.id)
            .filter_map(|probe| match &probe.result {
                Ok(ProbeResponse::Capable { dialect, .. }) => dialect_number(dialect),
                _ => None,
            });
        if let Some(dialect) = dialects.next() {
            let generation = of_dialect(dialect, farm.generation);
            generations.push((farm.name.clone(), generation));
        } else {
            let name = &farm.name;
            output::print_message(format_args!(
                "no controller of farm \"{name}\" said its version"
            ));
        }
    }
    generations
}

/// Returns the numbers of a dialect, such as `5.4`.
fn dialect_number(dialect: &str) -> Option<(u32, u32)> {
    let (major, minor) = dialect.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Returns the generation that speaks a dialect. Before version 7, the kind of the farm decides.
fn of_dialect(dialect: (u32, u32), of_file: Generation) -> Generation {
    match of_file {
        _ if dialect >= FIRST_DIALECT_OF_7 => Generation::Cvad7,
        Generation::XenApp6 => Generation::XenApp6,
        Generation::XenDesktop5 | Generation::Cvad7 => Generation::XenDesktop5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SI-10.
    #[test]
    fn dialect_decides_the_generation() {
        for (dialect, of_file, expected) in [
            ("5.4", Generation::XenApp6, Generation::XenApp6),
            ("5.5", Generation::XenApp6, Generation::Cvad7),
            ("5.10", Generation::XenApp6, Generation::Cvad7),
            ("5.2", Generation::Cvad7, Generation::XenDesktop5),
            ("6.0", Generation::Cvad7, Generation::Cvad7),
        ] {
            let dialect = dialect_number(dialect).unwrap();
            assert_eq!(of_dialect(dialect, of_file), expected, "{dialect:?}");
        }
        assert_eq!(dialect_number("five"), None);
    }
}
