//! Parties of writes to the shared state.
//!
//! A signed-in user and a client network have a party each. Ending tokens has parties of its own,
//! so that no other write of a user (or of a thief with a token of this user) can refuse it.

use std::net::IpAddr;

use roamd_citrixauth::ClientNetwork;
use roamd_sessions::UserKey;
use roamd_state::Party;

/// Party of a client whose user is unknown.
pub(crate) fn of_client(address: IpAddr) -> Party {
    of_network(&ClientNetwork::of(address))
}

/// Party of a client network.
pub(crate) fn of_network(network: &ClientNetwork) -> Party {
    Party::of(format!("network {}", network.address()).as_bytes())
}

/// Party of a signed-in user.
pub(crate) fn of_user(user: &UserKey) -> Party {
    Party::of(format!("user {user}").as_bytes())
}

/// Party of a user's tokens that are ended one by one.
pub(crate) fn of_ended_tokens(user: &UserKey) -> Party {
    Party::of(format!("tokens {user}").as_bytes())
}

/// Party of the end of all sign-ins of a user.
pub(crate) fn of_ended_user(user: &UserKey) -> Party {
    Party::of(format!("sign-ins {user}").as_bytes())
}
