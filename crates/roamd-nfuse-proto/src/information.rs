//! The small requests that name no user: protocol, farm name, servers (nfuse.md §6.3).

use roamd_xml::{Element, Fault, Writer};

use crate::read::Node;
use crate::{Body, Effect, Request, write};

/// `RequestProtocolInfo`: a probe of old clients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProtocolInfoRequest {
    /// `ServerAddress/@addresstype`.
    pub address_type: Option<String>,
}

/// `ResponseProtocolInfo`: an empty `ServerAddress` of type `no-change`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProtocolInfoResponse;

/// `RequestServerFarmData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFarmDataRequest;

/// `ResponseServerFarmData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFarmDataResponse {
    /// `ServerFarmName`, one or more.
    pub farm_names: Vec<String>,
}

/// `RequestServerData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerDataRequest {
    /// Filter; at least one.
    pub server_types: Vec<String>,
    /// Filter; at least one.
    pub client_types: Vec<String>,
}

/// `ResponseServerData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerDataResponse {
    /// The member servers.
    pub servers: Vec<Server>,
}

/// A member server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `ServerName`.
    pub name: String,
    /// `ServerType`.
    pub server_type: String,
    /// `ClientType`.
    pub client_type: String,
}

impl Body for ProtocolInfoRequest {
    const ELEMENT: &'static str = "RequestProtocolInfo";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        let address = node.only("ServerAddress")?;
        let address_type = address
            .and_then(|n| n.attribute("addresstype"))
            .map(str::to_owned);
        Ok(Self { address_type })
    }

    fn write(&self, writer: &mut Writer) {
        let kind = self.address_type.as_deref();
        write::with_attribute(writer, "ServerAddress", "addresstype", kind, "");
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

    fn read(_: &Element) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, writer: &mut Writer) {
        writer.pair("ServerAddress", &[("addresstype", "no-change")], "");
    }
}

impl Body for ServerFarmDataRequest {
    const ELEMENT: &'static str = "RequestServerFarmData";

    fn read(_: &Element) -> Result<Self, Fault> {
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

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        let farm_names = node
            .all("ServerFarmData")
            .flat_map(|data| data.texts("ServerFarmName"))
            .collect();
        Ok(Self { farm_names })
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("ServerFarmData", &[]);
        write::texts(writer, "ServerFarmName", &self.farm_names);
        writer.close();
    }
}

impl Body for ServerDataRequest {
    const ELEMENT: &'static str = "RequestServerData";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            server_types: node.need_texts("ServerType")?,
            client_types: node.need_texts("ClientType")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        write::texts(writer, "ServerType", &self.server_types);
        write::texts(writer, "ClientType", &self.client_types);
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

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        let servers = node
            .all("ServerData")
            .filter_map(|n| Server::read(&n))
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

impl Server {
    /// Nothing for one without a name.
    fn read(node: &Node<'_>) -> Option<Self> {
        Some(Self {
            name: node.first_text("ServerName")?,
            server_type: node.first_text("ServerType").unwrap_or_default(),
            client_type: node.first_text("ClientType").unwrap_or_default(),
        })
    }
}
