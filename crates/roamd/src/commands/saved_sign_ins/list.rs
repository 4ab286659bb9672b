//! The list of profiles.

use std::path::PathBuf;

use anyhow::Context;
use roamd_store_client::StoreUrl;
use serde::{Deserialize, Serialize};

use super::folders::config_folder;
use super::name::ProfileName;
use crate::commands::private_file;
use crate::exit_code::UsageError;
use crate::suggestion::did_you_mean;

/// A store and a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::commands) struct Profile {
    pub(in crate::commands) name: ProfileName,
    #[serde(with = "store_json")]
    pub(in crate::commands) store: StoreUrl,
    /// `DOMAIN\name` or name@domain.
    pub(in crate::commands) user: String,
    /// File of the certificate authorities of the store; `None` for those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::commands) ca_file: Option<PathBuf>,
}

/// All profiles of a user, the one that was last signed in first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::commands) struct Profiles {
    profiles: Vec<Profile>,
}

impl Profile {
    /// Returns whether an address of a store, as users have it, may be that of this profile.
    pub(in crate::commands) fn is_of(&self, store: &StoreUrl) -> bool {
        store.may_be_at(self.store.most_likely())
    }
}

impl Profiles {
    /// Reads the profiles; none if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read or is not valid, or another user can change it: it could name
    /// another store for the next password.
    pub(in crate::commands) fn read() -> anyhow::Result<Self> {
        let path = path()?;
        let Some((metadata, content)) = private_file::read(&path)? else {
            return Ok(Self::default());
        };
        private_file::check_writers(&path, &metadata)?;
        serde_json::from_slice(&content).map_err(|error| {
            let (path, line) = (path.display(), error.line());
            let problem = format!("the profiles in {path} are not valid, see line {line}");
            UsageError(format!(
                "{problem}; mend or remove the file, then sign in again"
            ))
            .into()
        })
    }

    /// Selects the profile of a command: the named one, or else the one of this store and user that
    /// was last signed in. Without one of them, any store or user matches. Returns `None` if no
    /// profile matches.
    ///
    /// # Errors
    /// If there is no profile with the name.
    pub(in crate::commands) fn select(
        &self,
        name: Option<&ProfileName>,
        store: Option<&StoreUrl>,
        user: Option<&str>,
    ) -> Result<Option<&Profile>, UsageError> {
        match name {
            Some(name) => self.named(name).map(Some).map_err(|UsageError(problem)| {
                UsageError(format!(
                    "{problem}, and `roamd login --profile {name}` creates it"
                ))
            }),
            None => Ok(self.profiles.iter().find(|profile| {
                store.is_none_or(|store| profile.is_of(store))
                    && user.is_none_or(|user| profile.user.eq_ignore_ascii_case(user))
            })),
        }
    }

    /// Returns the profile with a name.
    ///
    /// # Errors
    /// If there is none.
    pub(in crate::commands) fn named(&self, name: &ProfileName) -> Result<&Profile, UsageError> {
        self.find(name).ok_or_else(|| {
            let names = self.profiles.iter().map(|it| it.name.as_str());
            let similar = did_you_mean(name.as_str(), names);
            UsageError(format!(
                "there is no profile {name}{similar}; `roamd profiles list` shows all"
            ))
        })
    }

    /// Returns the profile with a name; `None` if there is none.
    pub(in crate::commands) fn find(&self, name: &ProfileName) -> Option<&Profile> {
        self.profiles.iter().find(|it| it.name == *name)
    }

    /// Returns all profiles.
    pub(in crate::commands) fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.iter()
    }

    /// Removes the profile with a name, and returns it; `None` if there is none.
    pub(in crate::commands) fn remove(&mut self, name: &ProfileName) -> Option<Profile> {
        let index = self.profiles.iter().position(|it| it.name == *name)?;
        Some(self.profiles.remove(index))
    }

    /// Adds the profile that was signed in now. Replaces one of the same name.
    pub(in crate::commands) fn put_first(&mut self, profile: Profile) {
        self.profiles.retain(|it| it.name != profile.name);
        self.profiles.insert(0, profile);
    }

    /// Writes the profiles.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(in crate::commands) fn write(&self) -> anyhow::Result<()> {
        let json = serde_json::to_string_pretty(self).context("cannot write the profiles")?;
        private_file::replace(&path()?, json.as_bytes())
    }
}

fn path() -> anyhow::Result<PathBuf> {
    Ok(config_folder()?.join("profiles.json"))
}

/// A store in the file: its most likely URL.
mod store_json {
    use roamd_store_client::StoreUrl;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(store: &StoreUrl, to: S) -> Result<S::Ok, S::Error> {
        store.most_likely().as_str().serialize(to)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<StoreUrl, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}
