//! `roamd status`: what a running server is and does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Status of a running server. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// Time of the start.
    pub started: Timestamp,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// Address of the listener.
    pub listen: SocketAddr,
    /// Data folder of the server.
    pub data_dir: PathBuf,
    /// Base URLs of the configuration, the canonical one first.
    pub base_urls: Vec<String>,
    /// Certificate of the listener; `None` without TLS.
    pub certificate: Option<CertificateStatus>,
    /// The stores, in configured order.
    pub stores: Vec<StoreStatus>,
    /// Requests in progress.
    pub requests: RequestStatus,
    /// The login throttle.
    pub throttle: ThrottleStatus,
    /// Longest life of a sign-in, in seconds.
    pub token_lifetime_max_seconds: u64,
    /// The keys of tokens and session ids.
    pub keys: KeyRingStatus,
    /// The shared state.
    pub state: StateStatus,
    /// The audit log; `None` if it is off.
    pub audit: Option<AuditStatus>,
}

/// Status of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStatus {
    /// Time of its expiry.
    pub expires: Timestamp,
    /// Whole days until then; negative afterwards.
    pub days_left: i64,
}

/// Status of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// Its path.
    pub path: String,
    /// Its URL.
    pub url: String,
    /// Its farms, in configured order.
    pub farms: Vec<FarmStatus>,
    /// The ticket authorities of its Citrix Gateway, in configured order.
    pub ticket_authorities: Vec<ControllerStatus>,
}

/// Status of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FarmStatus {
    /// Its id.
    pub id: String,
    /// Operations in progress.
    pub operations: usize,
    /// Operations that wait.
    pub waiting: usize,
    /// Maximum number of operations in progress.
    pub concurrency: usize,
    /// Its controllers, in configured order.
    pub controllers: Vec<ControllerStatus>,
}

/// Status of a controller or ticket authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControllerStatus {
    /// Its URL.
    pub url: String,
    /// Whether requests are sent to it.
    pub state: ControllerUse,
    /// Open connections to it.
    pub connections: usize,
    /// Id of a ticket authority, once it is known.
    pub authority_id: Option<String>,
    /// The certificate that it presented last.
    pub certificate: Option<CertificateStatus>,
    /// Its last failure since the start of the server.
    pub last_failure: Option<FailureStatus>,
}

/// Whether a controller is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControllerUse {
    /// Requests are sent to it.
    InUse,
    /// It has failed: requests go to other controllers until it responds to a probe.
    Bypassed,
    /// It has not responded to its first probe yet.
    Starting,
}

/// A failure of a controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureStatus {
    /// Time of the failure.
    pub time: Timestamp,
    /// Its cause.
    pub reason: String,
}

/// Requests in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestStatus {
    /// Requests with a valid token.
    pub with_token: usize,
    /// Requests without one, such as sign-ins.
    pub without_token: usize,
    /// Maximum of both together.
    pub limit: usize,
    /// Maximum of either.
    pub limit_of_each: usize,
}

/// The login throttle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleStatus {
    /// Whose sign-ins are held back now; `None` if the shared state does not respond.
    pub held_back: Option<HeldBackStatus>,
    /// Checks of passwords in progress.
    pub checks: usize,
    /// Sign-ins that wait for a check.
    pub waiting: usize,
}

/// Numbers of users and networks whose next attempt at a password has to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBackStatus {
    /// Users in networks that are known for them, each network for itself.
    pub in_known_networks: usize,
    /// Users in all other networks.
    pub in_unknown_networks: usize,
    /// Networks of clients.
    pub addresses: usize,
}

/// The keys of tokens and session ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRingStatus {
    /// The keys, the newest first.
    pub keys: Vec<KeyStatus>,
    /// Time from which on the next key is added; `None` if only `roamd keys rotate` adds one.
    pub next_rotation: Option<Timestamp>,
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStatus {
    /// Its id.
    pub id: u32,
    /// Time of its creation.
    pub created: Timestamp,
    /// Seconds since then.
    pub age_seconds: u64,
    /// Whether it seals; the others only open.
    pub seals: bool,
}

/// The shared state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateStatus {
    /// Why it does not respond; `None` if it does.
    pub error: Option<String>,
    /// Writes that were refused since the start because too many waited.
    pub refused_writes: u64,
    /// The group of this server; `None` if it has its state for itself.
    pub group: Option<GroupStatus>,
}

/// The group of a server, as the server sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupStatus {
    /// Running servers, this one included: those that were seen last, if it is degraded.
    pub servers: usize,
    /// Whether this server cannot reach etcd, and works alone.
    pub is_degraded: bool,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditStatus {
    /// Path of the file.
    pub file: PathBuf,
    /// Lines written since the start.
    pub written: u64,
    /// Lines that wait for the disk.
    pub waiting: usize,
    /// Maximum number of lines that wait.
    pub most_waiting: usize,
    /// Lines that are missing since the start, by reason as in the metrics.
    pub lost: BTreeMap<String, u64>,
}
