//! Sessions: state, database row, and the records that operators see.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::client_identity::ClientIdentity;

/// Connection state of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Connected to a client.
    #[default]
    Active,
    /// Not connected to a client. Its programs keep running.
    Disconnected,
}

impl SessionState {
    /// Returns `active` or `disconnected`.
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

/// A session sharing key: sessions with the same key may be shared. It is not secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharingKey(pub(crate) String);

/// A session of a known user and farm, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) id: i64,
    pub(crate) host_id: i64,
    /// Host id in NFuse messages.
    pub(crate) host: String,
    /// Session id in NFuse messages.
    pub(crate) number: u32,
    pub(crate) application: String,
    pub(crate) state: SessionState,
    pub(crate) client: ClientIdentity,
    pub(crate) sharing_key: Option<SharingKey>,
}

/// The values of a session to insert. Ids are row ids.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) farm: i64,
    pub(crate) host: i64,
    pub(crate) user: i64,
    pub(crate) application: i64,
    pub(crate) sharing_key: Option<SharingKey>,
}

/// A session, as `roamd farm session list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionRecord {
    /// Id of the farm.
    pub farm: String,
    /// NetBIOS name of the user's domain.
    pub domain: String,
    /// Name of the user within the domain.
    pub user: String,
    /// Internal name of the application that started it.
    pub app: String,
    /// Internal names of the running applications, oldest first. A name appears once for each
    /// instance.
    pub apps: Vec<String>,
    /// Host id.
    pub host_id: String,
    /// Number of the session on its host.
    pub session_id: u32,
    /// Connection state.
    pub state: SessionState,
    /// Name of the connected client.
    pub client_name: Option<String>,
    /// Device id of the connected client.
    pub device_id: Option<String>,
}

/// The sessions that an operator disconnects or logs off.
#[derive(Debug, Clone)]
pub enum SessionTarget {
    /// The active sessions of a user, as a request of the user selects them.
    OfUser {
        /// Id of a farm; `None` for all farms.
        farm: Option<String>,
        /// A user: `alice`, `DEMO\alice` or `alice@demo.test`.
        user: String,
        /// Only those that are connected to the client with this name.
        client_name: Option<String>,
    },
    /// One session, whatever its user and its state.
    Session {
        /// Id of the farm.
        farm: String,
        /// Host id.
        host: String,
        /// Number of the session on its host.
        number: u32,
    },
}

/// A filter for sessions. The default matches all.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Id of a farm.
    pub farm: Option<String>,
    /// A user: `alice`, `DEMO\alice` or `alice@demo.test`.
    pub user: Option<String>,
}
