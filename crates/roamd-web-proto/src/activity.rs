//! The sessions of a user on all devices (WA-109).

use serde::Serialize;

use crate::json;

/// The sessions of a user, also those that are connected from this browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// Device id of this browser.
    pub device_id: String,
    /// The sessions, in the order of the store.
    pub sessions: Vec<ActivitySession>,
}

/// A session, as far as farms describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivitySession {
    /// Sealed id: letters, digits, `-` and `_`.
    pub id: String,
    /// Display name of its application.
    pub application: String,
    /// Resource id of its application.
    pub resource_id: String,
    /// Name of the application's image in URLs.
    pub thumbprint: String,
    /// Whether it is a desktop.
    pub is_desktop: bool,
    /// Publisher name of the farm.
    pub publisher_name: String,
    /// The client that it is connected to.
    pub connection: Connection,
}

/// The client that a session is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// None.
    Disconnected,
    /// This browser.
    Here,
    /// Another client, which farms do not name.
    Elsewhere,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    device_id: &'a str,
    sessions: Vec<Entry<'a>>,
}

/// A session in JSON. What farms do not say is an empty text, because a client stops at null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    applications: [ApplicationEntry<'a>; 1],
    client_name: &'a str,
    client_type: &'static str,
    connection_state: &'static str,
    device_id: &'a str,
    device_type: &'static str,
    machine_data: MachineEntry,
    publisher_name: &'a str,
    session_id: &'a str,
    session_start_time: &'static str,
    user_session_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplicationEntry<'a> {
    icon_url: String,
    id: &'a str,
    name: &'a str,
}

/// The machine of a session, of which NFuse says nothing.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct MachineEntry {
    machine_id: &'static str,
    machine_name: &'static str,
    power_state: &'static str,
    registration_state: &'static str,
    session_support: &'static str,
    shut_down_supported: bool,
    turn_off_supported: bool,
}

impl Activity {
    /// Encodes the sessions.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let sessions = self.sessions.iter();
        json::write(&Object {
            device_id: &self.device_id,
            sessions: sessions.map(|it| it.entry(&self.device_id)).collect(),
        })
    }
}

impl ActivitySession {
    fn entry<'a>(&'a self, own_device: &'a str) -> Entry<'a> {
        let (connection_state, client) = match self.connection {
            Connection::Disconnected => ("Disconnected", ""),
            Connection::Here => ("Active", own_device),
            Connection::Elsewhere => ("Active", ""),
        };
        Entry {
            applications: [ApplicationEntry {
                icon_url: format!("Resources/Icon/{}?size=128", self.thumbprint),
                id: &self.resource_id,
                name: &self.application,
            }],
            // A browser's device id is also its client name (WA-33).
            client_name: client,
            client_type: "",
            connection_state,
            device_id: client,
            device_type: "",
            machine_data: MachineEntry::default(),
            publisher_name: &self.publisher_name,
            session_id: &self.id,
            session_start_time: "",
            user_session_type: if self.is_desktop {
                "Desktop"
            } else {
                "Application"
            },
        }
    }
}
