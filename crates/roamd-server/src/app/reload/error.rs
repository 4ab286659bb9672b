//! Why a configuration is not reloaded.

use std::fmt;
use std::path::PathBuf;

use roamd_nfuse_client::with_causes;
use tokio::task::JoinError;

use crate::audit::ReloadRefusal;
use crate::config::ConfigError;
use crate::error::ServerError;

/// Maximum number of errors of a file in one line of the log.
const LOGGED_ERRORS: usize = 10;

/// Why a configuration is not reloaded. The server continues with the one that it has.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The file cannot be read, or has errors.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file changes keys that a running server cannot change.
    #[error(
        "the configuration {} changes {}, which a running server cannot; restart the server, or \
         undo this change",
        .file.display(), Keys(.keys)
    )]
    NeedsRestart {
        /// The file.
        file: PathBuf,
        /// The keys; at least one.
        keys: Vec<RestartKey>,
    },
    /// Something that the configuration names cannot be used.
    #[error(transparent)]
    Unusable(#[from] ServerError),
    /// The server is stopping.
    #[error("the server is stopping; start it again to use the configuration")]
    Stopping,
    /// The server failed inside.
    #[error("the reload failed inside the server; report it, and restart the server")]
    Failed(#[from] JoinError),
}

/// A key that changes with a restart only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartKey {
    /// Section, as the file writes it; empty before the first one.
    pub section: &'static str,
    /// Name of the key; empty for the whole section.
    pub key: &'static str,
    /// Line of the key, or of its section. `None` if the file has neither.
    pub line: Option<usize>,
}

/// "`listen` (line 3) and `file` of [audit] (line 9)".
struct Keys<'a>(&'a [RestartKey]);

impl ReloadError {
    /// Returns each error of the file as `FILE:LINE: what is wrong`. Empty if the error is not one
    /// of the lines of the file.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Config(ConfigError::Invalid { path, errors }) => {
                let path = path.display();
                let line = errors
                    .iter()
                    .map(|it| format!("{path}:{}: {}", it.line, it.message));
                line.collect()
            }
            Self::NeedsRestart { file, keys } => {
                let file = file.display();
                let line = keys.iter().map(|it| {
                    let line = it.line.map(|line| format!(":{line}")).unwrap_or_default();
                    format!("{file}{line}: {} needs a restart to change", it.name())
                });
                line.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the error for one line of the log, with its causes, or with the errors of the file.
    pub(super) fn in_one_line(&self) -> String {
        if let Self::Config(ConfigError::Invalid { errors, .. }) = self {
            let logged = errors.iter().take(LOGGED_ERRORS);
            let mut texts: Vec<_> = logged.map(ToString::to_string).collect();
            if let Some(more @ 1..) = errors.len().checked_sub(LOGGED_ERRORS) {
                texts.push(format!("and {more} more"));
            }
            return texts.join("; ");
        }
        with_causes(self)
    }

    /// Returns the reason for the audit log.
    pub(super) fn refusal(&self) -> ReloadRefusal {
        match self {
            Self::Config(ConfigError::Unreadable { .. } | ConfigError::TooLarge { .. }) => {
                ReloadRefusal::Unreadable
            }
            Self::Config(ConfigError::Invalid { .. }) | Self::Unusable(_) => ReloadRefusal::Invalid,
            Self::NeedsRestart { .. } => ReloadRefusal::NeedsRestart,
            Self::Stopping => ReloadRefusal::Stopping,
            Self::Failed(_) => ReloadRefusal::Failed,
        }
    }
}

impl RestartKey {
    fn name(&self) -> String {
        match (self.section, self.key) {
            ("", key) => format!("`{key}`"),
            (section, "") => section.to_owned(),
            (section, key) => format!("`{key}` of {section}"),
        }
    }
}

impl fmt::Display for RestartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        match self.line {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&keys.join(" and "))
    }
}
