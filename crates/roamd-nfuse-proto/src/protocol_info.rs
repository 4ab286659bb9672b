//! `RequestProtocolInfo`: a probe of old clients (nfuse.md §6.3).

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Effect, Request, element_writer};

/// `RequestProtocolInfo`: a probe of old clients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProtocolInfoRequest {
    /// `ServerAddress/@addresstype`.
    pub address_type: Option<String>,
}

/// `ResponseProtocolInfo`: an empty `ServerAddress` of type `no-change`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProtocolInfoResponse;

impl Body for ProtocolInfoRequest {
    const ELEMENT: &'static str = "RequestProtocolInfo";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        let address = element.single_child("ServerAddress")?;
        let address_type = address
            .and_then(|n| n.attribute("addresstype"))
            .map(str::to_owned);
        Ok(Self { address_type })
    }

    fn write(&self, writer: &mut Writer) {
        let kind = self.address_type.as_deref();
        element_writer::leaf_with_attribute(writer, "ServerAddress", "addresstype", kind, "");
    }
}

impl Request for ProtocolInfoRequest {
    type Response = ProtocolInfoResponse;

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl Body for ProtocolInfoResponse {
    const ELEMENT: &'static str = "ResponseProtocolInfo";

    fn read(_: Element<'_>) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, writer: &mut Writer) {
        writer.pair("ServerAddress", &[("addresstype", "no-change")], "");
    }
}
