//! `RequestLaunchRef`: a launch reference, needed on XenApp 6 (nfuse.md §5.6).

use roamd_xml::{Element, Fault, Writer};

use crate::read::Node;
use crate::{Body, Credentials, Effect, Request, ticket, write};

/// Asks for a launch reference.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchRefRequest {
    /// `LaunchRefType`: `ICA` or `RADE`.
    pub launch_ref_type: String,
    /// From the address answer, unchanged.
    pub ticket_tag: String,
    /// The calling device.
    pub device_id: Option<String>,
    /// `SessionSharingKey`.
    pub session_sharing_key: Option<String>,
    /// The user; the password may be left out.
    pub credentials: Credentials,
    /// `TimetoLive` in seconds.
    pub time_to_live: Option<u32>,
}

/// A launch reference, opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchRefResponse {
    /// `LaunchRef`.
    pub launch_ref: String,
}

impl Body for LaunchRefRequest {
    const ELEMENT: &'static str = "RequestLaunchRef";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            launch_ref_type: node.need_text("LaunchRefType")?,
            ticket_tag: node.need_text("TicketTag")?,
            device_id: node.only_text("DeviceId")?,
            session_sharing_key: node.only_text("SessionSharingKey")?,
            credentials: Credentials::need(&node)?,
            time_to_live: ticket::read_time_to_live(&node)?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("LaunchRefType", &[], &self.launch_ref_type);
        writer.leaf("TicketTag", &[], &self.ticket_tag);
        write::some_text(writer, "DeviceId", self.device_id.as_deref());
        write::some_text(
            writer,
            "SessionSharingKey",
            self.session_sharing_key.as_deref(),
        );
        self.credentials.write(writer);
        ticket::write_time_to_live(writer, self.time_to_live);
    }
}

impl Request for LaunchRefRequest {
    type Response = LaunchRefResponse;

    /// The farm keeps what it hands out.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for LaunchRefResponse {
    const ELEMENT: &'static str = "ResponseLaunchRef";

    fn read(element: &Element) -> Result<Self, Fault> {
        Ok(Self {
            launch_ref: Node::top(element).first_needed_text("LaunchRef")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("LaunchRef", &[], &self.launch_ref);
    }
}
