#![doc = include_str!("../README.md")]

mod address;
mod any_request;
mod app_data;
mod capabilities;
mod change_password;
mod credentials;
mod ctx1;
mod dialect;
mod disconnect_user_sessions;
mod element_writer;
mod envelope;
mod error_id;
mod launch_ref;
mod logoff_user_sessions;
mod message;
mod nfuse_element;
mod protocol_info;
mod reconnect_session_data;
mod server_data;
mod server_farm_data;
mod service;
mod session_criteria;
mod session_selection;
pub mod sta;
mod ticket;
mod time_to_live;
pub mod transport;
mod validate_credentials;

pub use address::{
    AddressName, AddressRequest, AddressResponse, HostAddress, SessionName, SessionSettings,
};
pub use any_request::{AnyRequest, decode_request};
pub use app_data::{
    AccessEntry, AppDataRequest, AppDataResponse, Application, FileType, IconData, IconForm,
    LaunchSettings, Level, Settings, StartMenu,
};
pub use capabilities::{CapabilitiesRequest, CapabilitiesResponse, CapabilityId};
pub use change_password::{ChangePasswordRequest, ChangePasswordResponse};
pub use credentials::{Credentials, Domain, Password, PasswordEncoding};
pub use ctx1::{Ctx1Error, decode as decode_ctx1, encode as encode_ctx1};
pub use dialect::{Dialect, DialectError};
pub use disconnect_user_sessions::{DisconnectUserSessionsRequest, DisconnectUserSessionsResponse};
pub use envelope::{
    DecodeError, Frame, LARGEST_REQUEST, UnknownRequest, decode_response, encode_request,
    encode_response,
};
pub use error_id::{ErrorId, FarmError, NativeError};
pub use launch_ref::{LaunchRefRequest, LaunchRefResponse};
pub use logoff_user_sessions::{LogoffUserSessionsRequest, LogoffUserSessionsResponse};
pub use message::{Body, Effect, Request};
pub use protocol_info::{ProtocolInfoRequest, ProtocolInfoResponse};
pub use reconnect_session_data::{
    HarmlessListingRequest, HostId, ReconnectSessionDataRequest, ReconnectSessionDataResponse,
    SessionEntry, SessionType,
};
/// Encoding of a message, a part of its [`Frame`].
pub use roamd_xml::Encoding;
pub use server_data::{MemberServer, ServerDataRequest, ServerDataResponse};
pub use server_farm_data::{ServerFarmDataRequest, ServerFarmDataResponse};
pub use service::Service;
pub use session_criteria::SessionCriteria;
pub use session_selection::SessionSelection;
pub use ticket::{TicketRequest, TicketResponse};
pub use validate_credentials::{
    UserIdentity, ValidateCredentialsRequest, ValidateCredentialsResponse,
};
