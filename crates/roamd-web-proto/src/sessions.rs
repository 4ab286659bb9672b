//! The list of sessions that the user may move to this browser (WA-94 to WA-97).

use roamd_store_proto::Session;
use serde::Serialize;

use crate::json;

/// The list: a bare array, also if it is empty.
#[derive(Debug, Clone, Copy)]
pub struct Sessions;

#[derive(Serialize)]
struct Entry<'a> {
    initialapp: &'a str,
    launchstatusurl: String,
    launchurl: String,
    publishername: &'a str,
}

impl Sessions {
    /// Encodes the sessions. Of each, the id, the application and the farm are used.
    #[must_use]
    pub fn to_json(sessions: &[Session]) -> Vec<u8> {
        let entries = sessions.iter().map(|session| Entry {
            initialapp: prefix(&session.initial_app),
            launchstatusurl: format!("Sessions/GetLaunchStatus/{}", session.id),
            // A client names the file by the last segment.
            launchurl: format!("Sessions/LaunchIca/{}.ica", session.id),
            publishername: &session.publisher_name,
        });
        json::write(&entries.collect::<Vec<_>>())
    }
}

/// Returns the beginning of a display name up to a character that has a meaning in a pattern: a
/// client uses the text as the beginning of one (WA-95). A name that begins with such a character
/// is returned whole, because an empty text would fit every name.
fn prefix(name: &str) -> &str {
    let end = name.find(['[', ']', '*', '?']).unwrap_or(name.len());
    match name.get(..end).map(str::trim_end) {
        None | Some("") => name,
        Some(prefix) => prefix,
    }
}
