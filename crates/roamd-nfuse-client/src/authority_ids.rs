//! Ids of ticket authorities, as their probes have found them.

use std::sync::{Mutex, PoisonError};

use roamd_nfuse_proto::transport::ControllerUrl;

/// Ids of the ticket authorities of one Citrix Gateway. Empty for the controllers of a farm.
#[derive(Debug, Default)]
pub(crate) struct AuthorityIds(Mutex<Vec<(ControllerUrl, String)>>);

impl AuthorityIds {
    /// Creates the known ids of these authorities.
    pub(crate) fn new(known: Vec<(ControllerUrl, String)>) -> Self {
        Self(Mutex::new(known))
    }

    /// Returns the last known id of an authority.
    pub(crate) fn get(&self, authority: &ControllerUrl) -> Option<String> {
        let ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = ids.iter().find(|(url, _)| url == authority);
        known.map(|(_, id)| id.clone())
    }

    /// Records the id of an authority. Returns another authority that has the same id, if this id
    /// is new for this one: Citrix Gateway cannot distinguish the two.
    pub(crate) fn record(&self, authority: &ControllerUrl, id: &str) -> Option<ControllerUrl> {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match ids.iter_mut().find(|(url, _)| url == authority) {
            Some((_, known)) if known == id => return None,
            Some((_, known)) => id.clone_into(known),
            None => ids.push((authority.clone(), id.to_owned())),
        }
        let mut same = ids
            .iter()
            .filter(|(url, known)| url != authority && known == id);
        same.next().map(|(url, _)| url.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_authority_with_the_same_id_is_reported_once() {
        let urls = ["http://one", "http://two", "http://three"];
        let [one, two, three] = urls.map(|url| ControllerUrl::parse(url).unwrap());
        let ids = AuthorityIds::default();
        assert_eq!(ids.get(&one), None);
        assert_eq!(ids.record(&one, "STA1"), None);
        assert_eq!(ids.record(&two, "STA2"), None);
        assert_eq!(ids.record(&three, "STA1"), Some(one.clone()));
        assert_eq!(ids.record(&three, "STA1"), None);
        assert_eq!(ids.record(&two, "STA2"), None);
        assert_eq!(ids.record(&three, "STA3"), None);
        assert_eq!(ids.get(&three).as_deref(), Some("STA3"));
    }
}
