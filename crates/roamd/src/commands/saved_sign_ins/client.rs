//! Clients that continue with a saved sign-in.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use roamd_store_client::{ClientError, StoreClient};

use super::list::{Profile, Profiles};
use super::lock::lock;
use super::sign_in_file::{Acceptance, SavedSignIn, SignInFile};
use crate::commands::authorities::trusting;
use crate::exit_code::NotSignedIn;

/// Time after a failed refresh in which a client that keeps running tries no other.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Keeps a client signed in while it runs.
#[derive(Debug)]
pub(in crate::commands) struct SignInKeeper {
    profile: Profile,
    /// No refresh before this time.
    pause_until: Timestamp,
}

/// Result of refreshing a sign-in that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refresh {
    /// It has a later expiry now.
    Done,
    Failed,
}

impl Profile {
    /// Returns a client with the sign-in of this profile. In the second half of its time, the
    /// sign-in is refreshed first: by one of the commands that run at the same time.
    ///
    /// `ca_file` replaces that of the profile.
    ///
    /// # Errors
    /// If the user is not signed in, or a file cannot be read or written.
    pub(in crate::commands) async fn client(
        &self,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<StoreClient> {
        let file = SignInFile::of(&self.name)?;
        let saved = file.read()?;
        let is_due = saved.is_due(Timestamp::now());
        let mut client = self.client_with(saved, ca_file)?;
        if is_due {
            refresh(&file, &mut client).await?;
        }
        Ok(client)
    }

    /// Returns a client that can end the sign-in of this profile, even if other users can read it.
    /// Returns `None` if there is none.
    ///
    /// `ca_file` replaces that of the profile.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(in crate::commands) fn client_to_end(
        &self,
        file: &SignInFile,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<Option<StoreClient>> {
        let saved = file.read_to_end_it()?;
        let client = saved.map(|saved| self.client_with(saved, ca_file));
        client.transpose()
    }

    fn client_with(
        &self,
        saved: SavedSignIn,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<StoreClient> {
        let client = StoreClient::resume(self.store.clone(), saved.sign_in);
        trusting(client, ca_file.or(self.ca_file.as_deref()))
    }

    /// Adds what to do next to the error of a sign-in that has ended, and notes this for `roamd
    /// profiles list`. `client` is the one that the store has refused.
    pub(in crate::commands) async fn explain(
        &self,
        error: anyhow::Error,
        client: &StoreClient,
    ) -> anyhow::Error {
        if !matches!(error.downcast_ref(), Some(ClientError::SignInEnded)) {
            return error;
        }
        // Whether the note can be written does not matter to the command.
        if let Err(error) = self.note(client, Acceptance::Refused).await {
            tracing::debug!(%error, "End of a sign-in not noted");
        }
        self.ended().into()
    }

    /// Notes what the store has made of the sign-in of a client, unless another one is saved by
    /// now.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub(in crate::commands) async fn note(
        &self,
        client: &StoreClient,
        acceptance: Acceptance,
    ) -> anyhow::Result<()> {
        let Some(used) = client.current_sign_in() else {
            return Ok(());
        };
        let _lock = lock().await?;
        let file = SignInFile::of(&self.name)?;
        let saved = file.read()?;
        if saved.acceptance != acceptance && saved.is(&used) {
            file.write(&saved.with(acceptance))?;
        }
        Ok(())
    }

    fn ended(&self) -> NotSignedIn {
        let Self {
            name, store, user, ..
        } = self;
        NotSignedIn(format!(
            "the sign-in of {user} at {store} has ended; run `roamd login --profile {name}`",
            store = store.most_likely()
        ))
    }
}

impl SignInKeeper {
    /// Returns a keeper of the sign-in that a client of this profile continues with.
    pub(in crate::commands) fn new(profile: Profile) -> Self {
        Self {
            profile,
            pause_until: Timestamp::MIN,
        }
    }

    /// Returns the profile.
    pub(in crate::commands) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Has the client continue with the sign-in as saved now, which other commands may have
    /// refreshed or replaced. Refreshes it in the second half of its time.
    ///
    /// # Errors
    /// If the user has signed out, or the profile is that of another store or user by now, or a
    /// file cannot be read or written.
    pub(in crate::commands) async fn keep(
        &mut self,
        client: &mut StoreClient,
    ) -> anyhow::Result<()> {
        let profile = &self.profile;
        let profiles = Profiles::read()?;
        let is_same = |it: &Profile| it.store == profile.store && it.user == profile.user;
        if !profiles.find(&profile.name).is_some_and(is_same) {
            return Err(profile.ended().into());
        }
        let file = SignInFile::of(&profile.name)?;
        let saved = file.read()?;
        let now = Timestamp::now();
        let is_due = self.pause_until <= now && saved.is_due(now);
        client.continue_with(saved.sign_in);
        if is_due && refresh(&file, client).await? == Refresh::Failed {
            self.pause_until = now.checked_add(PAUSE).unwrap_or(Timestamp::MAX);
        }
        Ok(())
    }
}

/// Refreshes a sign-in that is due, unless another command has done so.
///
/// # Errors
/// If the user has signed out, or a file cannot be read or written.
async fn refresh(file: &SignInFile, client: &mut StoreClient) -> anyhow::Result<Refresh> {
    let _lock = lock().await?;
    // Another command may have refreshed or ended it in the meantime.
    let saved = file.read()?;
    client.continue_with(saved.sign_in.clone());
    if !saved.is_due(Timestamp::now()) {
        return Ok(Refresh::Done);
    }
    match client.refresh().await {
        Ok(sign_in) => {
            file.write(&saved.refreshed(sign_in))?;
            Ok(Refresh::Done)
        }
        // The token is still good. Stores need not refresh any.
        Err(error) => {
            tracing::debug!(%error, "Sign-in not refreshed");
            Ok(Refresh::Failed)
        }
    }
}
