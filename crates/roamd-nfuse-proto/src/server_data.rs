//! `RequestServerData`: the servers of a farm (nfuse.md §6.3).

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Effect, Request, element_writer};

/// `RequestServerData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerDataRequest {
    /// `ServerType`: filter; at least one.
    pub server_types: Vec<String>,
    /// `ClientType`: filter; at least one.
    pub client_types: Vec<String>,
}

/// `ResponseServerData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerDataResponse {
    /// The member servers.
    pub servers: Vec<MemberServer>,
}

/// A member server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberServer {
    /// `ServerName`.
    pub name: String,
    /// `ServerType`.
    pub server_type: String,
    /// `ClientType`.
    pub client_type: String,
}

impl Body for ServerDataRequest {
    const ELEMENT: &'static str = "RequestServerData";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            server_types: element.required_child_texts("ServerType")?,
            client_types: element.required_child_texts("ClientType")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        element_writer::leaves(writer, "ServerType", &self.server_types);
        element_writer::leaves(writer, "ClientType", &self.client_types);
    }
}

impl Request for ServerDataRequest {
    type Response = ServerDataResponse;

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl Body for ServerDataResponse {
    const ELEMENT: &'static str = "ResponseServerData";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        let servers = element
            .children_named("ServerData")
            .filter_map(|n| MemberServer::read(&n))
            .collect();
        Ok(Self { servers })
    }

    fn write(&self, writer: &mut Writer) {
        for server in &self.servers {
            writer.open("ServerData", &[]);
            writer.leaf("ServerName", &[], &server.name);
            writer.leaf("ServerType", &[], &server.server_type);
            writer.leaf("ClientType", &[], &server.client_type);
            writer.close();
        }
    }
}

impl MemberServer {
    /// Returns `None` if the server has no name.
    fn read(element: &NfuseElement<'_>) -> Option<Self> {
        Some(Self {
            name: element.first_child_text("ServerName")?,
            server_type: element.first_child_text("ServerType").unwrap_or_default(),
            client_type: element.first_child_text("ClientType").unwrap_or_default(),
        })
    }
}
