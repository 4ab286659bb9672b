//! The sessions that are connected from a client, by explanations of lists, which change nothing.
//!
//! A list never has the sessions of the client that asks, and one with active sessions disconnects
//! them on old farms. The explanation for another client has them, and says which farms it did not
//! ask.

use roamd_store_client::{
    ClientError, ExplainedFarm, Session, SessionExplanation, SessionParams, StoreClient,
};
use serde::Serialize;

/// Name and device id of a client that no session is connected from.
const NO_CLIENT: &str = "(roamd: no client)";

/// A session that was disconnected or logged off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct EndedSession {
    /// `None` if the store does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) app: String,
    /// Name of the farm.
    pub(super) farm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<String>,
}

/// Sessions that are connected from a client, or were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connected {
    pub(super) sessions: Vec<EndedSession>,
    /// Names of the farms that do not say which of their sessions are.
    pub(super) silent_farms: Vec<String>,
}

/// Returns the sessions that are connected from a client. Returns `None` if the store cannot
/// explain lists; only roamd can.
///
/// # Errors
/// If the store cannot be reached or refuses the user, so that an operation would fail too.
pub(super) async fn connected_from(
    client: &mut StoreClient,
    end_point: &SessionParams,
) -> Result<Option<Connected>, ClientError> {
    let own = SessionParams {
        include_active_sessions: true,
        tickets: Vec::new(),
        ..end_point.clone()
    };
    let other = SessionParams {
        client_name: NO_CLIENT.to_owned(),
        device_id: Some(NO_CLIENT.to_owned()),
        ..own.clone()
    };
    let Some(all) = if_possible(client.explain(&other).await)? else {
        return Ok(None);
    };
    let Some(of_others) = if_possible(client.explain(&own).await)? else {
        return Ok(None);
    };
    Ok(Some(connected(&all, &of_others)))
}

/// Returns the names of the farms that do not respond; none if the store cannot say so.
pub(super) async fn failing_farms(client: &mut StoreClient, params: &SessionParams) -> Vec<String> {
    let Ok(explained) = client.explain(params).await else {
        return Vec::new();
    };
    let failing = explained.farms.into_iter();
    let failing = failing.filter(|farm| farm.answer.result == "failed");
    failing.map(|farm| farm.name).collect()
}

/// Returns what a store was asked for; `None` if it cannot tell now.
///
/// # Errors
/// If the store cannot be reached or refuses the user, so that other requests would fail too.
pub(super) fn if_possible<T>(asked: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match asked {
        Ok(told) => Ok(Some(told)),
        Err(
            ClientError::NotOffered { .. }
            | ClientError::Status { .. }
            | ClientError::Unreadable { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the sessions that only the list for another client has.
fn connected(all: &SessionExplanation, of_others: &SessionExplanation) -> Connected {
    let is_known = |farm: &ExplainedFarm| farm.active.asked && farm.answer.result == "listed";
    let mut connected = Connected {
        sessions: Vec::new(),
        silent_farms: Vec::new(),
    };
    for farm in &all.farms {
        let of_others = of_others.farms.iter().find(|it| it.id == farm.id);
        let is_asked = farm.disconnected.asked || farm.active.asked;
        match of_others {
            Some(of_others) if is_known(farm) && is_known(of_others) => {
                let mut seen: Vec<_> = of_others.sessions.iter().collect();
                for session in &farm.sessions {
                    // An explanation has no ids of farms, so sessions of one name are counted.
                    match seen.iter().position(|it| it.name == session.name) {
                        Some(position) => drop(seen.swap_remove(position)),
                        None => connected
                            .sessions
                            .push(EndedSession::named(&session.name, &farm.name)),
                    }
                }
            }
            _ if is_asked => connected.silent_farms.push(farm.name.clone()),
            _ => {}
        }
    }
    connected
}

impl EndedSession {
    /// Returns a session of which the names are known.
    pub(super) fn named(app: &str, farm: &str) -> Self {
        Self {
            id: None,
            app: app.to_owned(),
            farm: farm.to_owned(),
            resource_id: None,
        }
    }
}

impl From<Session> for EndedSession {
    fn from(session: Session) -> Self {
        Self {
            id: Some(session.id),
            app: session.initial_app,
            farm: session.publisher_name,
            resource_id: Some(session.resource_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn farm(id: &str, active: bool, result: &str, sessions: &[&str]) -> Value {
        let question =
            |asked| json!({ "listAsks": true, "asked": asked, "reason": "", "text": "" });
        let sessions = sessions
            .iter()
            .map(|name| json!({ "name": name, "offered": false, "reason": "", "text": "" }));
        json!({
            "id": id, "name": format!("Farm {id}"), "generation": "cvad-7",
            "legacyWorkspaceControl": false,
            "disconnected": question(true), "active": question(active),
            "answer": { "result": result, "text": "" },
            "sessions": sessions.collect::<Vec<_>>(),
        })
    }

    fn explanation(farms: &[Value]) -> SessionExplanation {
        let explanation = json!({
            "store": "/Citrix/Store", "user": r"DEMO\alice",
            "endPoint": { "identifiedBy": "clientName", "text": "" },
            "request": { "includeActiveSessions": true, "appSessionsOnly": false },
            "roaming": { "sessions": "always", "rule": "store", "text": "" },
            "enumeration": "full",
            "farms": farms,
        });
        SessionExplanation::from_json(explanation.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn connected_sessions_are_those_that_only_another_client_sees() {
        let all = explanation(&[
            farm("7", true, "listed", &["Word", "Word", "Excel"]),
            farm("6", false, "listed", &["Notepad"]),
            farm("down", true, "failed", &[]),
        ]);
        let own = explanation(&[
            farm("7", true, "listed", &["Word"]),
            farm("6", false, "listed", &["Notepad"]),
            farm("down", true, "failed", &[]),
        ]);
        let found = connected(&all, &own);
        let named = |app| EndedSession::named(app, "Farm 7");
        assert_eq!(found.sessions, [named("Word"), named("Excel")]);
        assert_eq!(found.silent_farms, ["Farm 6", "Farm down"]);
    }
}
