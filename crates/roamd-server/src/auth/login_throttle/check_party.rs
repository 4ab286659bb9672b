//! Who shares the password checks.

use std::net::IpAddr;

use roamd_citrixauth::ClientNetwork;
use roamd_fairness::{Party, Share};
use roamd_sessions::UserKey;

/// Party of a password check.
///
/// Attempts from known networks have reserved checks and a queue of their own, fair by user: all
/// attackers in unknown networks together cannot use them up, and a user with many known networks
/// has one turn. The others are fair by network, at each width: a customer or a provider with many
/// networks has one turn. No user and no provider has more checks in progress than it leaves
/// free.
#[derive(Debug, Clone)]
pub(super) enum CheckParty {
    /// A user in a network that is known for this user.
    Known(UserKey),
    /// A network that is not known for the user of the attempt.
    Unknown(ClientNetwork),
}

/// Group of parties.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum CheckGroup {
    User(UserKey),
    Network(IpAddr),
}

impl CheckParty {
    /// Returns the share of the checks that the party uses.
    pub(super) fn share(&self) -> Share {
        match self {
            Self::Known(_) => Share::Reserved,
            Self::Unknown(_) => Share::Common,
        }
    }

    /// Returns the party with its groups.
    pub(super) fn party(&self) -> Party<CheckGroup> {
        match self {
            Self::Known(user) => Party::alone(CheckGroup::User(user.clone())),
            Self::Unknown(network) => {
                let inner = network.within_provider().into_iter();
                let inner = inner.map(CheckGroup::Network).collect();
                Party::within(CheckGroup::Network(network.provider()), inner)
            }
        }
    }
}
