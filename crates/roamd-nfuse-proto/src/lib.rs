//! Wire messages of the NFuse protocol, both directions, and of the ticket authority ([`sta`]) that
//! speaks the same way on the same port.
//!
//! A message is a plain struct with public fields; the rules of what to ask and when live
//! elsewhere. Each request names its answer ([`Request::Answer`]), so the client and the embedded
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
mod validate_credentials;
mod write;

pub use address::{
    AddressAnswer, AddressName, AddressRequest, HostAddress, SessionName, SessionSettings,
};
pub use app_data::{
    AccessEntry, AppDataAnswer, AppDataRequest, Application, FileType, IconData, IconForm,
    LaunchSettings, Level, Settings, StartMenu,
};
pub use capabilities::{CapabilitiesAnswer, CapabilitiesRequest, CapabilityId};
pub use change_password::{ChangePasswordAnswer, ChangePasswordRequest};
pub use credentials::{Credentials, Domain, Password, PasswordEncoding};
pub use ctx1::{Ctx1Error, decode as decode_ctx1, encode as encode_ctx1};
pub use dialect::{Dialect, DialectError};
pub use envelope::{
    AnyRequest, Body, DecodeError, Effect, Frame, LARGEST_REQUEST, Request, decode_answer,
    decode_request, encode_answer, encode_request,
};
pub use error_id::{ErrorId, FarmError, NativeError};
pub use information::{
    ProtocolInfoAnswer, ProtocolInfoRequest, Server, ServerDataAnswer, ServerDataRequest,
    ServerFarmDataAnswer, ServerFarmDataRequest,
};
pub use launch_ref::{LaunchRefAnswer, LaunchRefRequest};
/// The encoding of a message is told by whoever reads its bytes.
pub use roamd_xml::Encoding;
pub use service::Service;
pub use session_data::{
    HarmlessListingRequest, HostId, ReconnectSessionDataAnswer, ReconnectSessionDataRequest,
    SessionEntry, SessionType,
};
pub use session_end::{
    DisconnectUserSessionsAnswer, DisconnectUserSessionsRequest, LogoffUserSessionsAnswer,
    LogoffUserSessionsRequest, SessionSelection,
};
pub use ticket::{TicketAnswer, TicketRequest};
pub use validate_credentials::{
    UserIdentity, ValidateCredentialsAnswer, ValidateCredentialsRequest,
};
