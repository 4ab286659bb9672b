//! `RequestCapabilities`: what a farm can do (nfuse.md §6.3).

use std::borrow::Cow;

use roamd_xml::{Element, Fault, Writer};

use crate::read::Node;
use crate::{Body, Effect, Request};

/// Asks for the farm's capabilities. Needs no credentials: the health probe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapabilitiesRequest;

/// The farm's capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapabilitiesResponse {
    /// `CapabilityId`, in the farm's order.
    pub capabilities: Vec<CapabilityId>,
}

/// The name of a capability. The list is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityId(pub Cow<'static, str>);

impl CapabilityId {
    /// `RequestValidateCredentials` works.
    pub const SEPARATE_CREDENTIALS_VALIDATION: Self =
        Self(Cow::Borrowed("separate-credentials-validation"));
    /// `RequestLaunchRef` works.
    pub const LAUNCH_REFERENCE: Self = Self(Cow::Borrowed("launch-reference"));
    /// `DesiredIconData` of `RequestAppData` works.
    pub const MULTI_IMAGE_ICONS: Self = Self(Cow::Borrowed("multi-image-icons"));
    /// `DesiredInfo` of `RequestValidateCredentials` works.
    pub const USER_IDENTITY: Self = Self(Cow::Borrowed("user-identity"));
    /// `Ticket` elements in a disconnect or logoff invalidate these logon tickets. Only roamd's
    /// embedded farm is known to have it.
    pub const TICKET_INVALIDATION: Self = Self(Cow::Borrowed("ticket-invalidation"));
    /// `RequestChangePassword` works. Only roamd's embedded farm is known to have it.
    pub const PASSWORD_CHANGE: Self = Self(Cow::Borrowed("password-change"));
}

impl Body for CapabilitiesRequest {
    const ELEMENT: &'static str = "RequestCapabilities";

    fn read(_: &Element) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, _: &mut Writer) {}
}

impl Request for CapabilitiesRequest {
    type Response = CapabilitiesResponse;

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl Body for CapabilitiesResponse {
    const ELEMENT: &'static str = "ResponseCapabilities";

    fn read(element: &Element) -> Result<Self, Fault> {
        let names = Node::top(element).texts("CapabilityId");
        Ok(Self {
            capabilities: names.into_iter().map(|n| CapabilityId(n.into())).collect(),
        })
    }

    fn write(&self, writer: &mut Writer) {
        for capability in &self.capabilities {
            writer.leaf("CapabilityId", &[], &capability.0);
        }
    }
}
