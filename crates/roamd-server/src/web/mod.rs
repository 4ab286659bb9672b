//! What the server keeps for the web sites of stores: the sessions of browsers, and ICA files that
//! are ready and not yet fetched. It knows no route and no message.

pub(crate) mod kept_launches;
pub(crate) mod web_sessions;

use std::sync::Arc;

use roamd_seal::KeyRing;
use roamd_state::SharedState;

use self::kept_launches::KeptLaunches;
use self::web_sessions::WebSessions;

/// State of all web sites.
pub(crate) struct Web {
    pub(crate) sessions: WebSessions,
    pub(crate) launches: KeptLaunches,
}

impl Web {
    pub(crate) fn new(keys: Arc<KeyRing>, state: Arc<dyn SharedState>) -> Self {
        Self {
            sessions: WebSessions::new(keys, state),
            launches: KeptLaunches::default(),
        }
    }
}
