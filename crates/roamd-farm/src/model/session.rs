//! Sessions: state, database row, and the records that operators see.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::client_identity::ClientIdentity;
use crate::model::sharing_key::SharingKey;

/// Whether a session is connected to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Connected to a client.
    #[default]
    Active,
    /// Connected to none; its programs go on.
    Disconnected,
}

impl SessionState {
    /// `active` or `disconnected`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disconnected => "disconnected",
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A session of a known user and farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) id: i64,
    pub(crate) host_id: i64,
    /// Host id on the wire.
    pub(crate) host: String,
    /// Session id on the wire.
    pub(crate) number: u32,
    pub(crate) application: String,
    pub(crate) state: SessionState,
    pub(crate) client: ClientIdentity,
    pub(crate) sharing_key: Option<SharingKey>,
}

/// Where a session is made, whose it is, and what runs in it.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) farm: i64,
    pub(crate) host: i64,
    pub(crate) user: i64,
    pub(crate) application: i64,
    pub(crate) sharing_key: Option<SharingKey>,
}

/// A session, with everything that says which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionRecord {
    /// Id of the farm.
    pub farm: String,
    /// NetBIOS name of the user's domain.
    pub domain: String,
    /// Name of the user within the domain.
    pub user: String,
    /// Internal name of the application that made it.
    pub app: String,
    /// Internal names of all applications that run in it, oldest first, each as often as it runs.
    pub apps: Vec<String>,
    /// Host id.
    pub host_id: String,
    /// Number of the session on its host.
    pub session_id: u32,
    /// Connected or not.
    pub state: SessionState,
    /// Name of the client that it is connected to.
    pub client_name: Option<String>,
    /// Device id of that client.
    pub device_id: Option<String>,
}

/// Which sessions to list; by default all.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Id of a farm.
    pub farm: Option<String>,
    /// `alice`, `DEMO\alice` or `alice@demo.test`.
    pub user: Option<String>,
}
