//! `RequestLaunchRef`: a launch reference, which XenApp 6 requires (nfuse.md §5.6).

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Credentials, Effect, Request, element_writer, time_to_live};

/// Request for a launch reference.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchRefRequest {
    /// `LaunchRefType`: [`LaunchRefRequest::ICA`] or `RADE`.
    pub launch_ref_type: String,
    /// `TicketTag` of the address response, unchanged.
    pub ticket_tag: String,
    /// `DeviceId` of the client.
    pub device_id: Option<String>,
    /// `SessionSharingKey`.
    pub session_sharing_key: Option<String>,
    /// `Credentials` of the user. The password is optional.
    pub credentials: Credentials,
    /// `TimetoLive`, in seconds.
    pub time_to_live: Option<u32>,
}

/// A launch reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchRefResponse {
    /// `LaunchRef`, opaque.
    pub launch_ref: String,
}

impl LaunchRefRequest {
    /// The type of references for ICA sessions.
    pub const ICA: &str = "ICA";

    /// Creates a request for a reference to an ICA session, without a device and a session sharing
    /// key. The farm chooses the lifetime.
    #[must_use]
    pub fn new(credentials: Credentials, ticket_tag: impl Into<String>) -> Self {
        Self {
            launch_ref_type: Self::ICA.to_owned(),
            ticket_tag: ticket_tag.into(),
            device_id: None,
            session_sharing_key: None,
            credentials,
            time_to_live: None,
        }
    }
}

impl Body for LaunchRefRequest {
    const ELEMENT: &'static str = "RequestLaunchRef";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            launch_ref_type: element.required_child_text("LaunchRefType")?,
            ticket_tag: element.required_child_text("TicketTag")?,
            device_id: element.single_child_text("DeviceId")?,
            session_sharing_key: element.single_child_text("SessionSharingKey")?,
            credentials: Credentials::read_required(&element)?,
            time_to_live: time_to_live::read(&element)?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("LaunchRefType", &[], &self.launch_ref_type);
        writer.leaf("TicketTag", &[], &self.ticket_tag);
        element_writer::optional_leaf(writer, "DeviceId", self.device_id.as_deref());
        element_writer::optional_leaf(
            writer,
            "SessionSharingKey",
            self.session_sharing_key.as_deref(),
        );
        self.credentials.write(writer);
        time_to_live::write(writer, self.time_to_live);
    }
}

impl Request for LaunchRefRequest {
    type Response = LaunchRefResponse;

    /// The farm stores each launch reference that it issues.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for LaunchRefResponse {
    const ELEMENT: &'static str = "ResponseLaunchRef";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        Ok(Self {
            launch_ref: NfuseElement::root(element).required_first_child_text("LaunchRef")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("LaunchRef", &[], &self.launch_ref);
    }
}
