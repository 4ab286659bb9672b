//! `roamd tokens list`: which sign-ins at web sites have not been idle for too long.

use jiff::Timestamp;
use roamd_state::StateError;
use serde::{Deserialize, Serialize};

use super::context::Context;

/// Maximum number of sessions in a query.
const MAX_SESSIONS: usize = 256;

/// Query about sessions of web sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSignInQuery {
    /// Their ids in the audit log, 256 at most.
    pub sessions: Vec<String>,
}

/// Response to a [`WebSignInQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSignInReport {
    /// For each session of the query, when its sign-in ends if it is not used; `None` if there is
    /// none, or it has ended.
    pub idle_ends: Vec<Option<Timestamp>>,
}

impl WebSignInQuery {
    /// Returns queries for any number of sessions.
    #[must_use]
    pub fn all(sessions: &[String]) -> Vec<Self> {
        let parts = sessions.chunks(MAX_SESSIONS);
        let query = |part: &[String]| Self {
            sessions: part.to_vec(),
        };
        parts.map(query).collect()
    }
}

/// Responds to a query.
pub(super) async fn report(
    context: &Context,
    query: WebSignInQuery,
) -> Result<WebSignInReport, StateError> {
    let state = context.state();
    let mut idle_ends = Vec::new();
    for session in query.sessions.iter().take(MAX_SESSIONS) {
        let end = state.web.sessions.idle_end_of(session, state.now()).await?;
        idle_ends.push(end);
    }
    Ok(WebSignInReport { idle_ends })
}
