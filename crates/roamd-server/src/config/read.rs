//! Reads a configuration from the file system.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use roamd_config::{Config, Essentials, LineError, SectionSettings, SettingValue};

use super::files::SystemFiles;
use crate::file_access::open_file;

/// Largest configuration that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Error of a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// The file is too large for a configuration.
    #[error("{} is larger than {LARGEST} bytes; not a configuration file", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file has errors, in the order of their lines; at least one.
    #[error(
        "the configuration {path} has {}, and run `roamd config check {path}` again",
        Count(.errors.len()),
        path = .path.display()
    )]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All of them.
        errors: Vec<LineError>,
    },
}

/// "1 error; correct it", "2 errors; correct them".
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 error; correct it"),
            count => write!(f, "{count} errors; correct them"),
        }
    }
}

/// Reads and checks a configuration file.
///
/// # Errors
/// If the file cannot be read, or is too large; otherwise all its errors.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    Ok(read_with_text(path)?.0)
}

/// Reads and checks a configuration file. Also returns its text, for [`line_of`].
///
/// # Errors
/// As of [`read`].
pub(crate) fn read_with_text(path: &Path) -> Result<(Config, String), ConfigError> {
    let text = read_text(path)?;
    let config = parse(&text).map_err(|errors| invalid(path, errors))?;
    Ok((config, text))
}

/// Returns the line of a key in the text of a valid configuration, or of its section if the key is
/// not set. A section is written as in the file, and is empty before the first one. Returns `None`
/// if the file has neither.
pub(crate) fn line_of(text: &str, section: &str, key: &str) -> Option<usize> {
    let sections = roamd_config::settings(text, &SystemFiles).ok()?;
    let section = sections.into_iter().find(|it| it.name == section)?;
    let mut settings = section.settings.into_iter();
    let in_file = settings.find_map(|setting| match setting.value {
        SettingValue::InFile { line, .. } if setting.key == key => Some(line),
        _ => None,
    });
    in_file.or(section.line)
}

/// Reads and checks a configuration file, and returns its effective settings with their origins.
///
/// # Errors
/// As of [`read`].
pub fn read_settings(path: &Path) -> Result<Vec<SectionSettings>, ConfigError> {
    let text = read_text(path)?;
    roamd_config::settings(&text, &SystemFiles).map_err(|errors| invalid(path, errors))
}

/// Reads what commands that speak to a running server need of a configuration file, even if other
/// parts of it have errors. Also returns all errors of the file.
///
/// # Errors
/// If the file cannot be read, or is too large.
pub fn read_essentials(path: &Path) -> Result<(Essentials, Vec<LineError>), ConfigError> {
    let text = read_text(path)?;
    let errors = parse(&text).err().unwrap_or_default();
    Ok((Essentials::of(&text, &SystemFiles), errors))
}

fn invalid(path: &Path, errors: Vec<LineError>) -> ConfigError {
    ConfigError::Invalid {
        path: path.into(),
        errors,
    }
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.into(),
        source,
    };
    let mut text = String::new();
    let file = open_file(path).map_err(unreadable)?;
    // One byte more than allowed shows that a file is too large, also one that has no length.
    file.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(ConfigError::TooLarge { path: path.into() });
    }
    Ok(text)
}

/// Checks the text of a configuration, and the files that it names.
///
/// # Errors
/// All errors, in the order of their lines.
pub fn parse(text: &str) -> Result<Config, Vec<LineError>> {
    roamd_config::parse(text, &SystemFiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_cannot_be_a_configuration_is_rejected() {
        let folder = std::env::temp_dir();
        let missing = read(&folder.join("roamd-no-such-file.toml")).unwrap_err();
        assert!(
            matches!(missing, ConfigError::Unreadable { .. }),
            "{missing}"
        );
        let endless = read(Path::new("/dev/zero")).unwrap_err();
        assert!(
            matches!(endless, ConfigError::Unreadable { .. }),
            "{endless}"
        );
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large.toml");
        let file = std::fs::File::create(&large).unwrap();
        file.set_len(LARGEST + 1).unwrap();
        let large = read(&large).unwrap_err();
        assert!(matches!(large, ConfigError::TooLarge { .. }), "{large}");
    }
}
