//! The small requests that name no user: protocol, farm name, servers (nfuse.md §6.3).

/// `RequestProtocolInfo`: a probe of old clients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProtocolInfoRequest {
    /// `ServerAddress/@addresstype`.
    pub address_type: Option<String>,
}

/// `ResponseProtocolInfo`: an empty `ServerAddress` of type `no-change`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProtocolInfoAnswer;

/// `RequestServerFarmData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFarmDataRequest;

/// `ResponseServerFarmData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFarmDataAnswer {
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
pub struct ServerDataAnswer {
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
