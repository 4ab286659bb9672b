//! The identity that a client machine reports: client name and device id (nfuse.md §3.1).

/// Client name and device id of a client. Either may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClientIdentity {
    /// `ClientName`
    pub(crate) name: Option<String>,
    /// `DeviceId`
    pub(crate) device_id: Option<String>,
}

impl ClientIdentity {
    /// Creates an identity from request values. An empty value counts as missing.
    pub(crate) fn new(name: &Option<String>, device_id: &Option<String>) -> Self {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            name: given(name),
            device_id: given(device_id),
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.name.is_none() && self.device_id.is_none()
    }

    /// Whether this is the calling client: by device id if the caller has one, else by name
    /// (SS-19, nfuse.md §3.1).
    pub(crate) fn matches(&self, caller: &Self) -> bool {
        match (&caller.device_id, &caller.name) {
            (Some(device_id), _) => is_same(self.device_id.as_deref(), device_id),
            (None, Some(name)) => is_same(self.name.as_deref(), name),
            (None, None) => false,
        }
    }
}

/// Compares names of Windows computers: without regard to case.
fn is_same(known: Option<&str>, name: &str) -> bool {
    let folded = |text: &str| text.to_lowercase();
    known.is_some_and(|known| folded(known) == folded(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_with_device_id_is_matched_by_it_alone() {
        // SS-19, SS-31, SS-44, nfuse.md §3.1
        let client = |name: &str, device_id: &str| {
            ClientIdentity::new(&Some(name.to_owned()), &Some(device_id.to_owned()))
        };
        for (session, caller, expected) in [
            (("KIOSK", "dev-7"), ("KIOSK", "dev-7"), true),
            (("KIOSK", "dev-7"), ("RENAMED", "dev-7"), true),
            (("KIOSK", "dev-7"), ("KIOSK", "dev-8"), false),
            (("KIOSK", "dev-7"), ("RENAMED", "DEV-7"), true),
            (("KIOSK", "dev-7"), ("KIOSK", ""), true),
            (("KIOSK", "dev-7"), ("Kiosk", ""), true),
            (("KIOSK", "dev-7"), ("RENAMED", ""), false),
            (("KIOSK", ""), ("KIOSK", "dev-7"), false),
            (("KIOSK", ""), ("kiosk", ""), true),
            (("BÜRO", ""), ("büro", ""), true),
            (("", "dev-7"), ("KIOSK", ""), false),
            (("", ""), ("", ""), false),
        ] {
            let found = client(session.0, session.1).matches(&client(caller.0, caller.1));
            assert_eq!(found, expected, "{session:?} {caller:?}");
        }
    }
}
