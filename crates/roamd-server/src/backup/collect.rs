//! What a backup is made of.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use roamd_backup::{Contents, Origin, StateFiles};
use roamd_config::{Config, SettingValue, State};
use roamd_state::{OpenError, StateCopy};
use zeroize::Zeroizing;

use super::parts::{DamagedPart, check};
use crate::config::{ConfigError, read_settings, read_with_text};
use crate::data_dir::{DataDirError, STATE_FILE, check_server};
use crate::file_access::open_file;
use crate::keys::KeyFile;
use crate::revocations::RevocationFile;

/// Largest key file or file of revocations that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Error of collecting.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state cannot be copied.
    #[error(transparent)]
    State(#[from] OpenError),
    /// A file of the data folder is damaged, and could not be restored.
    #[error("no backup was written, because it could not be restored")]
    Damaged(#[from] DamagedPart),
    /// The data folder is not that of a server, or cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// The data folder has no keys.
    #[error(
        "there are no keys in {}, and no server could continue with a backup without them; correct \
         `data_dir` in the configuration, or start the server first", .0.display()
    )]
    NoKeys(PathBuf),
    /// A file of the data folder cannot be read.
    #[error("cannot read {}; run this command as root, or as the user of the server", .path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

/// Reads what the server of a configuration needs to continue. The server may run.
///
/// With an embedded state these are the configuration, keys, revocations and state. With etcd, keys
/// and state are in etcd and not in the result.
///
/// # Errors
/// If no server has run on the data folder, the keys of an embedded state are missing, or one of
/// the others cannot be read. Missing revocations and a missing state are left out.
pub fn collect(config: &Path, now: Timestamp) -> Result<Contents, CollectError> {
    let (
        Config {
            data_dir, state, ..
        },
        text,
    ) = read_with_text(config)?;
    check_server(&data_dir)?;
    let (keys, state) = match state {
        State::Embedded => {
            let keys = read(KeyFile::of(&data_dir).path())?;
            let Some(keys) = keys else {
                return Err(CollectError::NoKeys(data_dir));
            };
            (Some(keys), StateCopy::of(&data_dir.join(STATE_FILE))?)
        }
        State::Etcd(_) => (None, None),
    };
    let revocations = read(RevocationFile::of(&data_dir).path())?;
    let contents = Contents {
        origin: Origin {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            created: now.as_second(),
            data_dir: data_dir.to_string_lossy().into_owned(),
        },
        configuration: text.into_bytes(),
        keys,
        revocations: revocations.map(|bytes| bytes.to_vec()),
        state: state.map(|StateCopy { database, key }| StateFiles { database, key }),
    };
    check(&contents)?;
    Ok(contents)
}

/// Returns the files that a configuration names, as it spells them. They are not in a backup.
///
/// # Errors
/// If the configuration cannot be used.
pub fn named_files(config: &Path) -> Result<Vec<String>, ConfigError> {
    let sections = read_settings(config)?;
    let settings = sections.into_iter().flat_map(|section| section.settings);
    let files = settings.filter_map(|setting| match setting.value {
        SettingValue::InFile { text, .. } if setting.key.ends_with("_file") => {
            Some(text.trim_matches(['"', '\'']).to_owned())
        }
        _ => None,
    });
    Ok(files.collect())
}

/// Reads a file of the data folder. Returns `None` if there is none.
fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, CollectError> {
    let failed = |source| CollectError::File {
        path: path.to_owned(),
        source,
    };
    let file = match open_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let length = file.metadata().map_err(failed)?.len().min(MAX_BYTES);
    // Allocated at once, since a growing buffer leaves copies of secrets behind.
    let room = usize::try_from(length).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(Some(bytes))
}
