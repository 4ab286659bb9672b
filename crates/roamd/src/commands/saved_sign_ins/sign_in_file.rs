//! The file with the sign-in of a profile.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use anyhow::Context;
use jiff::Timestamp;
use roamd_store_client::SignIn;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::folders::state_folder;
use super::name::ProfileName;
use crate::commands::private_file;
use crate::exit_code::NotSignedIn;

/// The file with the sign-in of a profile. Only its owner may read it.
#[derive(Debug)]
pub(in crate::commands) struct SignInFile {
    path: PathBuf,
    name: ProfileName,
}

/// A sign-in as saved.
#[derive(Debug, Clone)]
pub(in crate::commands) struct SavedSignIn {
    pub(in crate::commands) sign_in: SignIn,
    /// Time of the `roamd login`.
    pub(in crate::commands) since: Timestamp,
    /// Time when the client got the token, which a refresh replaces.
    obtained: Timestamp,
    pub(in crate::commands) acceptance: Acceptance,
}

/// Whether the store refused a token at its last use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::commands) enum Acceptance {
    /// The store has not refused it.
    #[default]
    NotRefused,
    /// The store has refused it: the sign-in has ended.
    Refused,
}

/// A sign-in in the file.
#[derive(Serialize, Deserialize)]
struct SignInJson {
    token_service: String,
    token: String,
    /// Missing in files of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    obtained: String,
    expiry: String,
    /// Missing in files of older versions.
    #[serde(default)]
    acceptance: Acceptance,
}

impl SignInFile {
    /// Returns the file of a profile, which may not exist.
    ///
    /// # Errors
    /// If the user has no home folder.
    pub(in crate::commands) fn of(name: &ProfileName) -> anyhow::Result<Self> {
        let folder = state_folder()?.join("sign-ins");
        Ok(Self {
            path: folder.join(format!("{name}.json")),
            name: name.clone(),
        })
    }

    /// Returns whether there is a sign-in.
    pub(in crate::commands) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Reads the sign-in.
    ///
    /// # Errors
    /// If there is none, or the file is damaged, or other users can read it.
    pub(in crate::commands) fn read(&self) -> anyhow::Result<SavedSignIn> {
        let Some((metadata, content)) = private_file::read(&self.path)? else {
            return Err(NotSignedIn(format!(
                "not signed in to the store of the profile {name}; run `roamd login --profile \
                 {name}`",
                name = self.name
            ))
            .into());
        };
        self.check_mode(&metadata)?;
        Ok(self.parse(&content)?)
    }

    /// Reads the sign-in to end it, even if other users can read it. Returns `None` if there is
    /// none that could be ended.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(in crate::commands) fn read_to_end_it(&self) -> anyhow::Result<Option<SavedSignIn>> {
        let content = private_file::read(&self.path)?;
        Ok(content.and_then(|(_, content)| self.parse(&content).ok()))
    }

    /// Replaces the sign-in.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(in crate::commands) fn write(&self, saved: &SavedSignIn) -> anyhow::Result<()> {
        let SavedSignIn {
            sign_in,
            since,
            obtained,
            acceptance,
        } = saved;
        let json = serde_json::to_string_pretty(&SignInJson {
            token_service: sign_in.token_service.to_string(),
            token: sign_in.token.expose_secret().to_owned(),
            since: Some(since.to_string()),
            obtained: obtained.to_string(),
            expiry: sign_in.expiry.to_string(),
            acceptance: *acceptance,
        });
        let json = json.context("cannot write the sign-in")?;
        private_file::replace(&self.path, json.as_bytes())
    }

    /// Removes the sign-in, if there is one.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub(in crate::commands) fn remove(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    fn check_mode(&self, metadata: &Metadata) -> Result<(), NotSignedIn> {
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 == 0 && private_file::is_own(metadata) {
            return Ok(());
        }
        let (path, name) = (self.path.display(), &self.name);
        Err(NotSignedIn(format!(
            "{path} can be read by other users (mode {mode:o}), so that its token may be known; \
             run `roamd logout --profile {name}`, then `roamd login --profile {name}`"
        )))
    }

    fn parse(&self, content: &[u8]) -> Result<SavedSignIn, NotSignedIn> {
        let parsed = || -> Option<SavedSignIn> {
            let json: SignInJson = serde_json::from_slice(content).ok()?;
            let obtained: Timestamp = json.obtained.parse().ok()?;
            Some(SavedSignIn {
                sign_in: SignIn {
                    token_service: json.token_service.parse().ok()?,
                    token: json.token.into(),
                    expiry: json.expiry.parse().ok()?,
                },
                since: match json.since {
                    Some(since) => since.parse().ok()?,
                    None => obtained,
                },
                obtained,
                acceptance: json.acceptance,
            })
        };
        parsed().ok_or_else(|| {
            let (path, name) = (self.path.display(), &self.name);
            NotSignedIn(format!(
                "the sign-in in {path} is damaged; run `roamd login --profile {name}`"
            ))
        })
    }
}

impl SavedSignIn {
    /// Returns a sign-in of now.
    pub(in crate::commands) fn new(sign_in: SignIn) -> Self {
        let now = Timestamp::now();
        Self {
            sign_in,
            since: now,
            obtained: now,
            acceptance: Acceptance::NotRefused,
        }
    }

    /// Returns the sign-in with this acceptance.
    pub(super) fn with(self, acceptance: Acceptance) -> Self {
        Self { acceptance, ..self }
    }

    /// Returns whether this is a sign-in, by its token.
    pub(super) fn is(&self, sign_in: &SignIn) -> bool {
        self.sign_in.token.expose_secret() == sign_in.token.expose_secret()
    }

    /// Returns the sign-in with the token that a refresh has got now.
    pub(in crate::commands) fn refreshed(&self, sign_in: SignIn) -> Self {
        Self {
            since: self.since,
            ..Self::new(sign_in)
        }
    }

    /// Returns whether to ask for a later expiry: half of the time is over, and the token has not
    /// expired.
    pub(in crate::commands) fn is_due(&self, now: Timestamp) -> bool {
        let expiry = self.sign_in.expiry;
        let (used, left) = (
            now.duration_since(self.obtained),
            expiry.duration_since(now),
        );
        left.is_positive() && used > left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_due_in_the_second_half_of_its_time() {
        let saved = SavedSignIn {
            sign_in: SignIn {
                token_service: "https://store.example.net/auth".parse().unwrap(),
                token: "dG9rZW4=".to_owned().into(),
                expiry: "2026-11-29T16:00:00Z".parse().unwrap(),
            },
            since: "2026-11-28T08:00:00Z".parse().unwrap(),
            obtained: "2026-11-29T08:00:00Z".parse().unwrap(),
            acceptance: Acceptance::NotRefused,
        };
        for (now, expected) in [
            ("2026-11-29T07:59:00Z", false),
            ("2026-11-29T11:59:00Z", false),
            ("2026-11-29T12:01:00Z", true),
            ("2026-11-29T15:59:00Z", true),
            ("2026-11-29T16:00:00Z", false),
        ] {
            assert_eq!(saved.is_due(now.parse().unwrap()), expected, "{now}");
        }
    }
}
