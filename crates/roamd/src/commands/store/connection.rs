//! A client of a store while a command works.

use roamd_store_client::StoreClient;

use crate::commands::saved_sign_ins::SignInKeeper;

/// A client of a store, with the saved sign-in that it continues with.
pub(in crate::commands) struct Connection {
    pub(in crate::commands) client: StoreClient,
    /// `None` if the client signs in with a password, and again when its token expires.
    pub(super) keeper: Option<SignInKeeper>,
}

impl Connection {
    /// Keeps the saved sign-in, if there is one, from expiring. A command that runs for long calls
    /// this before each request.
    ///
    /// # Errors
    /// If the user has signed out, or a file cannot be read or written.
    pub(in crate::commands) async fn keep_signed_in(&mut self) -> anyhow::Result<()> {
        match &mut self.keeper {
            Some(keeper) => keeper.keep(&mut self.client).await,
            None => Ok(()),
        }
    }
}
