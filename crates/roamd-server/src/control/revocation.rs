//! `roamd tokens revoke` and `unblock`: what was decided takes effect at once.

use jiff::Timestamp;
use roamd_state::{Reach, StateError};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::context::Context;
use crate::app::operator_revocations;
use crate::revocations::UserRevocation;

/// Request to apply a revocation that is in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationRequest {
    /// The user.
    pub user: Account,
    /// All sign-ins up to this time end.
    pub ended: Option<Timestamp>,
    /// New sign-ins are refused before this time.
    pub blocked_until: Option<Timestamp>,
    /// Time of the decision to block new sign-ins, or to end a block.
    pub block_decided: Option<Timestamp>,
}

/// Where a revocation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationReach {
    /// At all servers.
    AllServers,
    /// At this server: others may not know it yet, because they or etcd do not respond.
    ThisServer,
}

/// Result of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationDone {
    /// Where it holds.
    pub reach: RevocationReach,
}

/// Ends the sign-ins of a user, and blocks or allows new ones.
pub(super) async fn apply(
    context: &Context,
    request: RevocationRequest,
) -> Result<RevocationDone, StateError> {
    let RevocationRequest {
        user: Account { domain, name },
        ended,
        blocked_until,
        block_decided,
    } = request;
    let revocation = UserRevocation {
        domain,
        name,
        ended,
        blocked_until,
        block_decided,
    };
    let state = context.state();
    let reach = match operator_revocations::apply(&state, &revocation).await? {
        // A server that hangs does not know it, and accepts the ended tokens for a moment when it
        // goes on.
        Reach::AllServers if state.shared.is_known_everywhere().await? => {
            RevocationReach::AllServers
        }
        Reach::AllServers | Reach::ThisServer => RevocationReach::ThisServer,
    };
    Ok(RevocationDone { reach })
}
