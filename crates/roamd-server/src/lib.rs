#![doc = include_str!("../README.md")]

mod account_forms;
mod app;
mod audit;
mod auth;
pub mod backup;
mod changes;
mod clock;
pub mod config;
pub mod control;
mod data_dir;
mod error;
mod fairness;
mod farms;
mod file_access;
pub mod group;
mod http;
pub mod keys;
mod large_work;
mod metrics;
mod printable_json;
pub mod revocations;
mod routes;
#[cfg(test)]
mod test_group;
mod tls;
mod trace;
mod web;

pub use app::environment::Environment;
pub use app::healthcheck::{HealthcheckError, HealthcheckResult, healthcheck};
pub use app::liveness::Liveness;
pub use app::reload::{ReloadError, Reloaded, Reloader, RestartKey};
pub use app::server::Server;
pub use app::start_checks::start_checks;
pub use app::warnings::warnings;
pub use audit::{AUDIT_EVENTS, AuditError, AuditLog, OperatorAction, OperatorCommand, OperatorLog};
pub use data_dir::{DataDirError, check_server};
pub use error::ServerError;
pub use farms::probe::{ControllerProbe, ProbeResponse, probe};
pub use file_access::FileAccessError;
pub use http::request_id::RequestId;
pub use printable_json::PrintableJson;
pub use tls::{CertificateReloader, TlsCertificateFileError};
pub use trace::{RequestIds, TraceId, Tracer, TracerError};
