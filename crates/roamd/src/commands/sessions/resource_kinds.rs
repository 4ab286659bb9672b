//! Kinds of the resources that sessions were started from.

use std::collections::HashMap;

use roamd_store_client::{Session, StoreClient};

use crate::commands::store::resource_kind;

/// Kinds of resources by resource id. A list of sessions does not contain them, so they come from
/// the list of resources.
#[derive(Debug, Default)]
pub(super) struct ResourceKinds {
    /// `None`: the resource was looked up, and its kind is unknown.
    kinds: HashMap<String, Option<String>>,
}

impl ResourceKinds {
    /// Lists the resources of the user if the kind of a session was never looked up.
    ///
    /// Without a list of resources, the kinds stay unknown: they are no reason to fail.
    pub(super) async fn look_up(
        &mut self,
        client: &mut StoreClient,
        client_name: &str,
        sessions: &[Session],
    ) {
        let is_known = |session: &Session| self.kinds.contains_key(&session.resource_id);
        if sessions.iter().all(is_known) {
            return;
        }
        for session in sessions {
            self.kinds.entry(session.resource_id.clone()).or_default();
        }
        if let Ok(list) = client.resources(client_name).await {
            self.kinds.extend(list.resources.iter().map(|resource| {
                let kind = resource_kind(resource).to_owned();
                (resource.id.clone(), Some(kind))
            }));
        }
    }

    /// Returns the kind of a session; `None` if it is unknown.
    pub(super) fn of(&self, session: &Session) -> Option<&str> {
        self.kinds.get(&session.resource_id)?.as_deref()
    }
}
