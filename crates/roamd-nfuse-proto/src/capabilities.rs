//! `RequestCapabilities`: the capabilities of a farm (nfuse.md §6.3).

use std::borrow::Cow;

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Effect, Request};

/// Request for the capabilities of a farm. It needs no credentials, so it is the health probe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapabilitiesRequest;

/// The capabilities of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapabilitiesResponse {
    /// `CapabilityId`, in the order of the farm.
    pub capabilities: Vec<CapabilityId>,
}

/// Name of a capability. Farms may send names that have no constant here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityId(pub Cow<'static, str>);

impl CapabilityId {
    /// The farm supports `RequestValidateCredentials`.
    pub const SEPARATE_CREDENTIALS_VALIDATION: Self =
        Self(Cow::Borrowed("separate-credentials-validation"));
    /// The farm supports `RequestLaunchRef`.
    pub const LAUNCH_REFERENCE: Self = Self(Cow::Borrowed("launch-reference"));
    /// The farm supports `DesiredIconData` in `RequestAppData`.
    pub const MULTI_IMAGE_ICONS: Self = Self(Cow::Borrowed("multi-image-icons"));
    /// The farm supports `DesiredInfo` in `RequestValidateCredentials`.
    pub const USER_IDENTITY: Self = Self(Cow::Borrowed("user-identity"));
    /// The farm invalidates the logon tickets in the `Ticket` elements of disconnect and log-off
    /// requests. Only roamd's embedded farm is known to have it.
    pub const TICKET_INVALIDATION: Self = Self(Cow::Borrowed("ticket-invalidation"));
    /// The farm supports `RequestChangePassword`. Only roamd's embedded farm is known to have it.
    pub const PASSWORD_CHANGE: Self = Self(Cow::Borrowed("password-change"));
}

impl Body for CapabilitiesRequest {
    const ELEMENT: &'static str = "RequestCapabilities";

    fn read(_: Element<'_>) -> Result<Self, Fault> {
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

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let names = NfuseElement::root(element).child_texts("CapabilityId");
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
