#![doc = include_str!("../README.md")]

mod body;
mod client_limiter;
mod connection;
mod frame_budget;
mod frame_sized_body;
mod handshake_turns;
mod head_budget;
mod held_connections;
mod http1_io;
mod limits;
mod listener;
mod peer;
mod request_body;
mod request_line;
mod reset_limiter;
mod response;
mod response_budget;
mod server;
mod settings;
mod tls;
mod unix_listener;
mod workers;
mod write_timeout;
mod write_turn;

pub use body::{BodyError, BodyRoom, read_body, read_body_in};
pub use client_limiter::{ClientKey, ClientLimiter, LimitReached, Permit, subscriber};
pub use limits::ListenerLimits;
pub use listener::{Accepted, Connection, Listener, listen};
pub use peer::Peer;
pub use request_body::RequestBody;
pub use reset_limiter::RESETS;
pub use response::Response;
pub use server::{HttpServer, Observer};
pub use settings::{ListenerSettings, LiveSettings};
pub use tls::{ServerTls, TlsCertificate, TlsCertificateError};
pub use workers::Workers;
