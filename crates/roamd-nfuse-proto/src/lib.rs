//! Wire messages of the NFuse protocol, both directions, and of the ticket authority ([`sta`]) that
//! speaks the same way on the same port.
//!
//! A message is a plain struct with public fields; the rules of what to ask and when live
//! elsewhere. Each request names its answer ([`Request::Response`]), so the client and the embedded
//! farm cannot disagree. Values that a farm may extend are text with named constants, never closed
//! enums. The crate must not know sockets, the store side, or which farm it talks to.
//!
//! Reference: `nfuse.md`, cited by section.

mod address;
mod app_data;
mod capabilities;
mod change_password;
mod credentials;
mod ctx1;
mod dialect;
mod envelope;
mod error_id;
mod information;
mod launch_ref;
mod read;
mod service;
mod session_data;
mod session_end;
pub mod sta;
mod ticket;
pub mod transport;
mod validate_credentials;
mod write;

pub use address::{
    AddressName, AddressRequest, AddressResponse, HostAddress, SessionName, SessionSettings,
};
pub use app_data::{
    AccessEntry, AppDataRequest, AppDataResponse, Application, FileType, IconData, IconForm,
    LaunchSettings, Level, Settings, StartMenu,
};
pub use capabilities::{CapabilitiesRequest, CapabilitiesResponse, CapabilityId};
pub use change_password::{ChangePasswordRequest, ChangePasswordResponse};
pub use credentials::{Credentials, Domain, Password, PasswordEncoding};
pub use ctx1::{Ctx1Error, decode as decode_ctx1, encode as encode_ctx1};
pub use dialect::{Dialect, DialectError};
pub use envelope::{
    AnyRequest, Body, DecodeError, Effect, Frame, LARGEST_REQUEST, Request, decode_request,
    decode_response, encode_request, encode_response,
};
pub use error_id::{ErrorId, FarmError, NativeError};
pub use information::{
    ProtocolInfoRequest, ProtocolInfoResponse, Server, ServerDataRequest, ServerDataResponse,
    ServerFarmDataRequest, ServerFarmDataResponse,
};
pub use launch_ref::{LaunchRefRequest, LaunchRefResponse};
/// The encoding of a message is told by whoever reads its bytes.
pub use roamd_xml::Encoding;
pub use service::Service;
pub use session_data::{
    HarmlessListingRequest, HostId, ReconnectSessionDataRequest, ReconnectSessionDataResponse,
    SessionEntry, SessionType,
};
pub use session_end::{
    DisconnectUserSessionsRequest, DisconnectUserSessionsResponse, LogoffUserSessionsRequest,
    LogoffUserSessionsResponse, SessionSelection,
};
pub use ticket::{TicketRequest, TicketResponse};
pub use validate_credentials::{
    UserIdentity, ValidateCredentialsRequest, ValidateCredentialsResponse,
};
