#![doc = include_str!("../README.md")]

mod app;
mod audit;
mod auth;
pub mod config;
mod farms;
mod http;
pub mod keys;
mod metrics;
mod routes;
mod tls;

pub use app::data_dir::DataDirError;
pub use app::environment::Environment;
pub use app::error::ServerError;
pub use app::liveness::Liveness;
pub use app::server::Server;
pub use app::warnings::warnings;
pub use audit::{AuditError, AuditLog};
pub use farms::probe::{ControllerProbe, ProbeResponse, probe};
pub use tls::TlsCertificateFileError;
