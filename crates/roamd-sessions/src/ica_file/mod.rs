//! The ICA file, which a client opens to connect (nfuse.md §9).

mod error;
mod file;
mod host_port;
mod keys;
mod route;
mod text;

pub use self::error::IcaError;
pub use self::file::{IcaContent, IcaFile};
pub use self::host_port::HostPort;
pub use self::route::{Route, StaTicket};
