//! `RequestServerFarmData`: the names of the farm (nfuse.md §6.3).

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Effect, Request, element_writer};

/// `RequestServerFarmData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFarmDataRequest;

/// `ResponseServerFarmData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFarmDataResponse {
    /// `ServerFarmName`, one or more.
    pub farm_names: Vec<String>,
}

impl Body for ServerFarmDataRequest {
    const ELEMENT: &'static str = "RequestServerFarmData";

    fn read(_: Element<'_>) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("Nil", &[], "");
    }
}

impl Request for ServerFarmDataRequest {
    type Response = ServerFarmDataResponse;

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl Body for ServerFarmDataResponse {
    const ELEMENT: &'static str = "ResponseServerFarmData";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        let farm_names = element
            .children_named("ServerFarmData")
            .flat_map(|data| data.child_texts("ServerFarmName"))
            .collect();
        Ok(Self { farm_names })
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("ServerFarmData", &[]);
        element_writer::leaves(writer, "ServerFarmName", &self.farm_names);
        writer.close();
    }
}
