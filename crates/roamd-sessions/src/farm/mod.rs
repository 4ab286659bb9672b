//! The port to a farm, and the values that cross it.

mod connection;
mod deadline_share;
mod description;
mod error;
mod id;
mod port;
mod session;

pub use self::connection::{ConnectRequest, Connection, Logon, Target};
pub use self::deadline_share::DeadlineShare;
pub use self::description::FarmDescription;
pub(crate) use self::error::is_account_refused;
pub use self::error::{Busy, ErrorCodes, FarmError, NoTicket, NotReady, Refusal, Refused};
pub use self::id::FarmId;
pub(crate) use self::port::find_farm;
pub use self::port::{EndAction, Farm, Operation};
pub use self::session::{FarmSession, FarmSessions, SessionKey};
