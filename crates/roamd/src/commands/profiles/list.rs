//! The list of profiles.

use std::path::PathBuf;

use anyhow::Context;
use roamd_store_client::StoreUrl;
use serde::{Deserialize, Serialize};

use super::folders::config_folder;
use super::name::ProfileName;
use super::private_file;
use crate::exit_code::UsageError;
use crate::suggestion::did_you_mean;

/// A store and a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "ProfileJson", into = "ProfileJson")]
pub(in crate::commands) struct Profile {
    pub(in crate::commands) name: ProfileName,
    pub(in crate::commands) store: StoreUrl,
    /// `DOMAIN\name` or name@domain.
    pub(in crate::commands) user: String,
    /// File of the certificate authorities of the store; `None` for those of the system.
    pub(in crate::commands) ca_file: Option<PathBuf>,
}

/// All profiles of a user, the one that was last signed in first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::commands) struct Profiles {
    profiles: Vec<Profile>,
}

/// A profile in the file.
#[derive(Serialize, Deserialize)]
struct ProfileJson {
    name: ProfileName,
    store: String,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
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
    /// If the file cannot be read or is not valid.
    pub(in crate::commands) fn read() -> anyhow::Result<Self> {
        let path = path()?;
        let Some((_, content)) = private_file::read(&path)? else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&content).map_err(|error| {
            let (path, line) = (path.display(), error.line());
            let problem = format!("the profiles in {path} are not valid, see line {line}");
            UsageError(format!(
                "{problem}; mend or remove the file, then sign in again"
            ))
            .into()
        })
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
                "there is no profile {name}{similar}; `roamd login --profile {name}` creates it"
            ))
        })
    }

    /// Returns the profile with a name; `None` if there is none.
    pub(in crate::commands) fn find(&self, name: &ProfileName) -> Option<&Profile> {
        self.profiles.iter().find(|it| it.name == *name)
    }

    /// Returns the profile of this store and user that was last signed in. Without one of them, any
    /// store or user matches.
    pub(in crate::commands) fn latest(
        &self,
        store: Option<&StoreUrl>,
        user: Option<&str>,
    ) -> Option<&Profile> {
        self.profiles.iter().find(|profile| {
            store.is_none_or(|store| profile.is_of(store))
                && user.is_none_or(|user| profile.user.eq_ignore_ascii_case(user))
        })
    }

    /// Returns all profiles.
    pub(in crate::commands) fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.iter()
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

impl TryFrom<ProfileJson> for Profile {
    type Error = String;

    fn try_from(json: ProfileJson) -> Result<Self, String> {
        let ProfileJson {
            name,
            store,
            user,
            ca_file,
        } = json;
        let store = store.parse().map_err(|error| format!("`store` {error}"))?;
        Ok(Self {
            name,
            store,
            user,
            ca_file,
        })
    }
}

impl From<Profile> for ProfileJson {
    fn from(profile: Profile) -> Self {
        let Profile {
            name,
            store,
            user,
            ca_file,
        } = profile;
        Self {
            name,
            store: store.most_likely().to_string(),
            user,
            ca_file,
        }
    }
}
