//! Clients that continue with the sign-in of a profile.

use std::path::Path;

use jiff::Timestamp;
use roamd_store_client::{ClientError, StoreClient};

use super::list::Profile;
use super::lock::lock;
use super::sign_in_file::{SavedSignIn, SignInFile};
use crate::commands::authorities::trusting;
use crate::exit_code::NotSignedIn;

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
        if !saved.is_due(Timestamp::now()) {
            return self.client_with(saved, ca_file);
        }
        let _lock = lock()?;
        // Another command may have refreshed or ended it in the meantime.
        let saved = file.read()?;
        let is_due = saved.is_due(Timestamp::now());
        let mut client = self.client_with(saved, ca_file)?;
        if is_due {
            match client.refresh().await {
                Ok(sign_in) => file.write(&SavedSignIn::new(sign_in))?,
                // The token is still good. Stores need not refresh any.
                Err(error) => tracing::debug!(%error, "Sign-in not refreshed"),
            }
        }
        Ok(client)
    }

    /// Returns a client that can end the sign-in of this profile, even if other users can read it.
    /// Returns `None` if there is none.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(in crate::commands) fn client_to_end(
        &self,
        file: &SignInFile,
    ) -> anyhow::Result<Option<StoreClient>> {
        let saved = file.read_to_end_it()?;
        saved.map(|saved| self.client_with(saved, None)).transpose()
    }

    fn client_with(
        &self,
        saved: SavedSignIn,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<StoreClient> {
        let client = StoreClient::resume(self.store.clone(), saved.sign_in);
        trusting(client, ca_file.or(self.ca_file.as_deref()))
    }

    /// Adds what to do next to the error of a sign-in that has ended.
    pub(in crate::commands) fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        let Self {
            name, store, user, ..
        } = self;
        match error.downcast_ref() {
            Some(ClientError::SignInEnded) => NotSignedIn(format!(
                "the sign-in of {user} at {store} has ended; run `roamd login --profile {name}`",
                store = store.most_likely()
            ))
            .into(),
            _ => error,
        }
    }
}
