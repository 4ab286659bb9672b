//! Generations of farms, from the responses of their controllers (SI-10).

use std::path::PathBuf;

use anyhow::Context;
use roamd_server::config::{self, Config, Generation};
use roamd_server::{ControllerProbe, ProbeResponse};
use roamd_storefront_import::{KeyFile, Options, Outcome, Source, import};
use secrecy::ExposeSecret as _;

use super::new_files::{self, NewFile};
use super::sources::Folders;
use crate::commands::dialect::is_of_version_7;
use crate::output;
use crate::runtime::block_on;

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
        let mut answers = probes
            .iter()
            .filter(|probe| probe.farm == farm.id)
            .filter_map(|probe| match &probe.result {
                Ok(ProbeResponse::Capable { dialect, .. }) => is_of_version_7(dialect),
                _ => None,
            });
        if let Some(is_of_version_7) = answers.next() {
            let generation = corrected(farm.generation, is_of_version_7);
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

/// Returns the generation of a farm. Before version 7, the kind of the farm decides.
fn corrected(of_file: Generation, is_of_version_7: bool) -> Generation {
    match of_file {
        _ if is_of_version_7 => Generation::Cvad7,
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
            ("5.2", Generation::Cvad7, Generation::XenDesktop5),
            ("6.0", Generation::Cvad7, Generation::Cvad7),
        ] {
            let is_of_version_7 = is_of_version_7(dialect).unwrap();
            let generation = corrected(of_file, is_of_version_7);
            assert_eq!(generation, expected, "{dialect}");
        }
    }
}
