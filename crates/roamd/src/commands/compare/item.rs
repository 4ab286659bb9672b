//! What a store shows to a user, as texts that can be compared.

use roamd_store_client::{Resource, Session};

use crate::commands::cells::yes_or_no;
use crate::commands::store::resource_kind;

/// A resource or a session of a store.
///
/// It has nothing that differs between two stores by design: no URL, and no session id, which each
/// store makes for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// `application`, `desktop`, `session`, or the store's own type of a resource.
    pub(super) kind: String,
    /// Title of a resource, or application of a session.
    pub(super) name: String,
    /// Resource id.
    pub(super) resource_id: String,
    /// Farm, by the name that clients show.
    pub(super) farm: String,
    /// All else, by name.
    pub(super) details: Vec<(&'static str, String)>,
}

impl Item {
    /// Returns the names of what differs between two items.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let main = [
            ("name", self.name == other.name),
            ("resource", self.resource_id == other.resource_id),
            ("farm", self.farm == other.farm),
        ];
        let main = main.into_iter().filter(|(_, is_equal)| !is_equal);
        let details = self.details.iter().zip(&other.details);
        let details = details.filter(|(own, other)| own != other);
        let details = details.map(|((name, _), _)| *name);
        main.map(|(name, _)| name).chain(details).collect()
    }
}

impl From<Resource> for Item {
    fn from(resource: Resource) -> Self {
        let mut keywords = resource.keywords.clone();
        keywords.sort();
        Self {
            kind: resource_kind(&resource).to_owned(),
            details: vec![
                ("folder", resource.path),
                ("summary", resource.summary),
                ("enabled", yes_or_no(resource.enabled)),
                ("launchable", yes_or_no(resource.launch_ica.is_some())),
                ("keywords", keywords.join(" ")),
            ],
            name: resource.title,
            resource_id: resource.id,
            farm: resource.publisher_name,
        }
    }
}

impl From<Session> for Item {
    fn from(session: Session) -> Self {
        Self {
            kind: "session".to_owned(),
            name: session.initial_app,
            resource_id: session.resource_id,
            farm: session.publisher_name,
            details: vec![("type", session.server_type)],
        }
    }
}
