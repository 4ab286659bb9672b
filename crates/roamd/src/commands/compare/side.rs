//! A store of a comparison.

use std::path::Path;

use anyhow::Context as _;
use roamd_store_client::{Credentials, StoreClient, StoreUrl};

use super::shown::Shown;
use crate::commands::authorities::trusting;

/// A store of a comparison. Its errors name it, because two stores may fail in the same way.
pub(super) struct Side {
    client: StoreClient,
    name: String,
}

impl Side {
    /// Returns a store where the user signs in with these credentials.
    ///
    /// # Errors
    /// If the file of authorities is not valid.
    pub(super) fn new(
        store: &StoreUrl,
        credentials: Credentials,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            name: format!("the store {}", store.most_likely()),
            client: trusting(StoreClient::new(store.clone(), credentials), ca_file)?,
        })
    }

    /// Signs in.
    ///
    /// # Errors
    /// If the store cannot be reached, or refuses the user.
    pub(super) async fn sign_in(&mut self) -> anyhow::Result<()> {
        let signed_in = self.client.sign_in().await;
        signed_in.map(drop).with_context(|| self.name.clone())
    }

    /// Returns what the store shows to the user.
    ///
    /// # Errors
    /// If the store cannot be reached, or refuses the user.
    pub(super) async fn shown(&mut self, client_name: &str) -> anyhow::Result<Shown> {
        let shown = Shown::by(&mut self.client, client_name).await;
        shown.with_context(|| self.name.clone())
    }

    /// Signs out, as far as the store can be reached.
    pub(super) async fn sign_out(&mut self) {
        self.client.sign_out().await;
    }
}
