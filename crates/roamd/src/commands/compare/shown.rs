//! What a store shows to a user.

use roamd_store_client::{EnumerationStatus, SessionParams, StoreClient};
use url::Url;

use super::item::Item;

/// What a store shows to the user.
pub(super) struct Shown {
    pub(super) url: Option<Url>,
    pub(super) resources: EnumerationStatus,
    pub(super) sessions: EnumerationStatus,
    pub(super) items: Vec<Item>,
}

impl Shown {
    /// Lists what a store shows. Nothing of this changes a session (SS-30).
    ///
    /// # Errors
    /// If the store cannot be reached, or refuses the user.
    pub(super) async fn by(client: &mut StoreClient, client_name: &str) -> anyhow::Result<Self> {
        let resources = client.resources(client_name).await?;
        let sessions = client.list(&SessionParams::new(client_name)).await?;
        let of_sessions = sessions.sessions.into_iter().map(Item::from);
        let items = resources.resources.into_iter().map(Item::from);
        Ok(Self {
            url: client.found_at().cloned(),
            resources: resources.enumeration,
            sessions: sessions.enumeration,
            items: items.chain(of_sessions).collect(),
        })
    }
}
