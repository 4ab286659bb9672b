//! The elements that requests for a user's sessions share (nfuse.md §3.1, §4.1).

use roamd_xml::{Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Credentials, element_writer};

/// The user, the client and the types of the sessions that a request is for.
///
/// A list leaves out the sessions that are connected from this client (nfuse.md §3.3); a disconnect
/// or a log off is for these alone (nfuse.md §4.2).
#[derive(Debug, Clone, PartialEq)]
pub struct SessionCriteria {
    /// `Credentials` of the user.
    pub credentials: Credentials,
    /// `ClientName`.
    pub client_name: Option<String>,
    /// `DeviceId`, which identifies the end-point instead of `ClientName` if present.
    pub device_id: Option<String>,
    /// `ServerType`: filter, usually `all`; at least one.
    pub server_types: Vec<String>,
    /// `ClientType`: filter, usually `ica30`; at least one.
    pub client_types: Vec<String>,
}

impl SessionCriteria {
    /// Creates the criteria of ICA sessions on all kinds of servers, without a client.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            client_name: None,
            device_id: None,
            server_types: vec!["all".to_owned()],
            client_types: vec!["ica30".to_owned()],
        }
    }

    /// Reads the elements from the element of a request.
    ///
    /// # Errors
    /// If `Credentials`, `ServerType` or `ClientType` is missing or empty, or if an element that
    /// may occur once is repeated.
    pub(crate) fn read(request: &NfuseElement<'_>) -> Result<Self, Fault> {
        Ok(Self {
            credentials: Credentials::read_required(request)?,
            client_name: request.single_child_text("ClientName")?,
            device_id: request.single_child_text("DeviceId")?,
            server_types: request.required_child_texts("ServerType")?,
            client_types: request.required_child_texts("ClientType")?,
        })
    }

    /// Writes the elements. They are the first ones of a request.
    pub(crate) fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        element_writer::optional_leaf(writer, "ClientName", self.client_name.as_deref());
        element_writer::optional_leaf(writer, "DeviceId", self.device_id.as_deref());
        element_writer::leaves(writer, "ServerType", &self.server_types);
        element_writer::leaves(writer, "ClientType", &self.client_types);
    }
}
