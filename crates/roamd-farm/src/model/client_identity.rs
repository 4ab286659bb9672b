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

    /// Whether both identities mean the same client: by device id if both have one, else by name
    /// (nfuse.md §3.1).
    pub(crate) fn matches(&self, other: &Self) -> bool {
        match (&self.device_id, &other.device_id) {
            (Some(device), Some(other)) => device == other,
            _ => self.name.is_some() && self.name == other.name,
        }
    }
}
