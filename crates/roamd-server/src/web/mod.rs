//! What the server keeps for the web sites of stores: the sessions of browsers, ICA files that are
//! ready and not yet fetched, and the tickets with which native clients fetch them. It knows no
//! route and no message.

pub(crate) mod client_tickets;
pub(crate) mod kept_launches;
pub(crate) mod web_sessions;

use std::sync::Arc;

use roamd_seal::KeyRing;
use roamd_state::SharedState;

use self::client_tickets::ClientTickets;
use self::kept_launches::KeptLaunches;
use self::web_sessions::WebSessions;

/// State of all web sites.
pub(crate) struct Web {
    pub(crate) sessions: WebSessions,
    pub(crate) launches: KeptLaunches,
    pub(crate) client_tickets: ClientTickets,
}

impl Web {
    pub(crate) fn new(keys: Arc<KeyRing>, state: Arc<dyn SharedState>) -> Self {
        Self {
            client_tickets: ClientTickets::new(Arc::clone(&keys), Arc::clone(&state)),
            sessions: WebSessions::new(keys, state),
            launches: KeptLaunches::default(),
        }
    }
}
